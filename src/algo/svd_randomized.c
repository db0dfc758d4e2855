/* The k largest singular triplets of A by a randomized method, A ≈ U diag(S) Vᵀ; to a tolerance:
 * svd_adaptive.c.
 *
 *     A m x n, l = k + oversampling
 *     Q  = range finder(A)             m x l
 *     B  = QᵀA, formed as Bᵀ = AᵀQ     n x l
 *     B  = Û diag(S) Vᵀ                through the QR factorization of Bᵀ when n >> l (svd.c)
 *     U  = Q Û(:, 1:k)
 *
 * The values are Rayleigh-Ritz values: lower bounds of the singular values of A. Cost: 2q + 2
 * products of A with l columns.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * algorithm 5.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

ritz_status ritz_algo_svd_randomized(ritz_stream *s, const ritz_linop *op,
                                     const struct ritz_algo_sketch *sketch, ritz_dmat U,
                                     ritz_dmat S, ritz_dmat V, ritz_dmat flags, ritz_dmat info)
{
    const int64_t m = op->rows, n = op->cols, l = sketch->sample_size;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Q, Bt, U_B = RITZ_NO_MAT;
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, m, l, 1, &Q));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, n, l, 1, &Bt));
    if (ritz_present(U))
        RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, l, U.cols, 1, &U_B));

    RITZ_TRY_OUT(ritz_algo_range_finder(s, op, sketch, Q, flags));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, op, 1, Q, Bt));
    RITZ_TRY_OUT(ritz_algo_svd(s, ritz_t(Bt), U_B, S, V, flags, info));
    if (ritz_present(U)) {
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, Q, U_B, 0.0, U));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, U));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* A sketch of more than min(m, n)/1.5 columns saves nothing over the exact decomposition. */
static int prefer_exact(const ritz_linop *op, int64_t sample_size)
{
    const int64_t most = op->rows < op->cols ? op->rows : op->cols;
    return op->kind == RITZ_LINOP_DENSE && 3 * sample_size > 2 * most;
}

/* What a report needs beyond the triplets: the norms for a matrix, probes (against U) for a
 * function. */
static ritz_status take_figures(ritz_stream *s, const ritz_linop *op, uint64_t seed, ritz_dmat U,
                                ritz_dmat S, ritz_dmat figures)
{
    if (op->kind == RITZ_LINOP_ENQUEUE) return ritz_algo_figures_probe(s, op, seed, U, figures);
    RITZ_TRY(ritz_algo_linop_sumsq(s, op, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
    return ritz_op_sumsq(s, S, ritz_row_range(figures, RITZ_FIGURE_CAPTURED, 1));
}

static ritz_status report_triplets(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, int with_error,
                                   ritz_dmat U, ritz_dmat S, ritz_dmat values,
                                   ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat figures = RITZ_NO_MAT;
    const int function = op->kind == RITZ_LINOP_ENQUEUE;
    const int exact = prefer_exact(op, sketch->sample_size);
    const int sketched = S.rows > 0 && !exact;
    const int q = sketched ? ritz_algo_powers_made(sketch, sketch->sample_size) : 0;
    ritz_sketch_report known = {
        .rank = S.rows,
        .sample_size = sketched     ? sketch->sample_size
                       : S.rows > 0 ? min_i64(op->rows, op->cols)
                                    : 0,
        .power_iterations = q,
        .matvec_blocks = sketched ? 2 + 2 * q : 0,
        .kind = !with_error ? RITZ_ERROR_NONE
                : function  ? RITZ_ERROR_ESTIMATE
                            : RITZ_ERROR_EXACT,
    };
    if (known.kind == RITZ_ERROR_ESTIMATE) known.matvec_blocks++;
    if (with_error) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(take_figures(s, op, sketch->seed, U, S, figures));
    }
    RITZ_TRY_OUT(ritz_algo_sketch_report_values(s, op, &known, figures, exact ? NULL : sketch,
                                                values, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* An output of vectors, if wanted: rows x k, and apart from the operator and S. */
static ritz_status check_vectors(const ritz_stream *s, const ritz_linop *op, ritz_dmat X,
                                 const char *name, ritz_dmat S, int64_t rows, const char *shape)
{
    if (!ritz_present(X)) return RITZ_OK;
    RITZ_TRY(ritz_algo_check_factor(s, op, X, name));
    RITZ_TRY(ritz_check_shape(X, name, rows, S.rows, shape));
    return ritz_check_no_overlap(X, name, S, "S");
}

static ritz_status check_triplets(const ritz_stream *s, const ritz_linop *op, ritz_dmat U,
                                  ritz_dmat S, ritz_dmat V)
{
    RITZ_TRY(ritz_algo_linop_check(s, op, "A"));
    RITZ_TRY(ritz_algo_check_factor(s, op, S, "S"));
    RITZ_REQUIRE(S.rows <= op->rows && S.rows <= op->cols, RITZ_ERR_SHAPE,
                 "S asks for %" PRId64 " singular values of a %" PRId64 " x %" PRId64
                 " operator; S must be k x 1 with k <= min(m, n)",
                 S.rows, op->rows, op->cols);
    RITZ_TRY(ritz_check_shape(S, "S", S.rows, 1, "S must be k x 1"));
    RITZ_TRY(check_vectors(s, op, U, "U", S, op->rows, "U must be m x rows of S"));
    RITZ_TRY(check_vectors(s, op, V, "V", S, op->cols, "V must be n x rows of S"));
    return ritz_check_no_overlap(U, "U", V, "V");
}

/* values: as many as wanted, of which S becomes the first ones; it may be S. */
static ritz_status triplets(ritz_stream *s, const ritz_linop *op,
                            const struct ritz_algo_sketch *sketch, ritz_dmat U, ritz_dmat S,
                            ritz_dmat V, ritz_dmat values)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    if (prefer_exact(op, sketch->sample_size))
        RITZ_TRY_OUT(ritz_algo_svd(s, op->A, U, values, V, v.flags, v.info));
    else
        RITZ_TRY_OUT(ritz_algo_svd_randomized(s, op, sketch, U, values, V, v.flags, v.info));
    if (values.data != S.data) RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(values, 0, S.rows), S));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The rank is given. */
static ritz_status given_rank(ritz_stream *s, const ritz_linop *op,
                              const struct ritz_algo_sketch *sketch, int with_error, ritz_dmat U,
                              ritz_dmat S, ritz_dmat V, ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int exact = prefer_exact(op, sketch->sample_size);
    ritz_status rc = RITZ_OK;
    ritz_dmat values = S;
    if (report != NULL && S.rows > 0)
        RITZ_TRY_OUT(ritz_work_dmat(s, S.dtype, RITZ_COL_MAJOR,
                                    exact ? min_i64(op->rows, op->cols) : sketch->sample_size, 1, 1,
                                    &values));
    /* The probes of a function measure against U. */
    if (with_error && op->kind == RITZ_LINOP_ENQUEUE && !ritz_present(U))
        RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, S.rows, 1, &U));
    if (S.rows > 0) RITZ_TRY_OUT(triplets(s, op, sketch, U, S, V, values));
    if (report != NULL)
        RITZ_TRY_OUT(report_triplets(s, op, sketch, with_error, U, S, values, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_svd_randomized(ritz_stream *s, const ritz_linop *A, ritz_dmat U, ritz_dmat S,
                                ritz_dmat V, const ritz_sketch_options *opts,
                                ritz_sketch_report *report)
{
    RITZ_ENTER(s, &S);
    struct ritz_algo_sketch sketch;
    RITZ_TRY(check_triplets(s, A, U, S, V));
    RITZ_TRY(ritz_algo_sketch_options(opts, S.rows, A->rows, A->cols, &sketch));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    const int with_error = report != NULL && !(opts != NULL && opts->no_error_figure != 0);
    return sketch.tolerance > 0 ? ritz_algo_svd_adaptive(s, A, &sketch, U, S, V, report)
                                : given_rank(s, A, &sketch, with_error, U, S, V, report);
}
