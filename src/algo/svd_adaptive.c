/* The singular triplets of A that a tolerance needs, A ≈ U diag(S) Vᵀ.
 *
 *     A ≈ Q B to the tolerance (qb_adaptive.c), B = Û diag(s) Vᵀ, U = Q Û
 *     ‖A - U_k diag(s_1 .. s_k) V_kᵀ‖_F² = ‖A - QB‖_F² + sum_(i>k) s_i²
 *
 * and the smallest k whose error is within the tolerance is kept, if there is room for it. The host
 * waits for each block of B, and once more for s.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/algo.h"

struct cut {
    int64_t rank;
    double square; /* of the error */
    double gap;
};

/* The smallest rank, up to `room`, whose error is within the tolerance; s holds found->rank values.
 */
static struct cut cut_values(const struct ritz_algo_sketch *sketch,
                             const struct ritz_algo_found *found, const double *s, int64_t room)
{
    const double allowed = sketch->tolerance * found->norm;
    struct cut cut = {.rank = found->rank, .square = found->square};
    while (cut.rank > 0) {
        const double last = s[cut.rank - 1], square = cut.square + last * last;
        if (cut.rank <= room && !(square <= allowed * allowed)) break;
        cut.square = square;
        cut.rank--;
    }
    const struct ritz_algo_sample sample = {.values = s, .count = found->rank, .k = cut.rank};
    cut.gap = ritz_algo_sample_gap(&sample);
    return cut;
}

/* SVD of the B that was found, its leading triplets into U, S and V, zeros into the rest. */
static ritz_status decompose(ritz_stream *s, const struct ritz_algo_sketch *sketch,
                             const struct ritz_algo_found *found, ritz_dmat Q, ritz_dmat Bt,
                             ritz_dmat U, ritz_dmat S, ritz_dmat V, struct ritz_verdict v,
                             struct cut *cut)
{
    const int64_t r = found->rank, k = min_i64(S.rows, r);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    double *host = malloc((size_t)(r > 0 ? r : 1) * sizeof *host);
    ritz_status rc = RITZ_OK;
    ritz_dmat values, U_B = RITZ_NO_MAT;
    if (host == NULL)
        rc = ritz_fail(RITZ_ERR_MEMORY, "no host memory for %" PRId64 " singular values", r);
    RITZ_TRY_OUT(rc);
    if (r > 0) {
        const ritz_dmat B = ritz_t(ritz_cols(Bt, 0, r));
        RITZ_TRY_OUT(ritz_work_dmat(s, S.dtype, RITZ_COL_MAJOR, r, 1, 1, &values));
        if (ritz_present(U))
            RITZ_TRY_OUT(ritz_work_dmat(s, S.dtype, RITZ_COL_MAJOR, r, k, 1, &U_B));
        RITZ_TRY_OUT(ritz_algo_svd(s, B, U_B, values, ritz_present(V) ? ritz_cols(V, 0, k) : V,
                                   v.flags, v.info));
        RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(values, 0, k), ritz_row_range(S, 0, k)));
        if (ritz_present(U))
            RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_cols(Q, 0, r), U_B, 0.0, ritz_cols(U, 0, k)));
        RITZ_TRY_OUT(ritz_algo_fetch(s, values, host));
    }
    *cut = cut_values(sketch, found, host, S.rows);
    const int64_t rest = S.rows - cut->rank;
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_row_range(S, cut->rank, rest)));
    if (ritz_present(U)) RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_cols(U, cut->rank, rest)));
    if (ritz_present(V)) RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_cols(V, cut->rank, rest)));
out:
    free(host);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_svd_adaptive(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, ritz_dmat U, ritz_dmat S,
                                   ritz_dmat V, ritz_sketch_report *report)
{
    const int64_t l = S.rows > 0 ? sketch->sample_size : 0;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    struct ritz_algo_found found;
    struct cut cut = {0, 0.0, 0.0};
    ritz_dmat Q, Bt;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, l, 1, &Q));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, l, 1, &Bt));
    RITZ_TRY_OUT(ritz_algo_qb_adaptive(s, op, sketch, 0, Q, Bt, v.flags, &found));
    RITZ_TRY_OUT(decompose(s, sketch, &found, Q, Bt, U, S, V, v, &cut));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, S));
    if (ritz_present(U)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, U));
    if (ritz_present(V)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, V));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, RITZ_NO_MAT));
    if (report != NULL) {
        ritz_sketch_report known;
        ritz_algo_found_report(op, sketch, &found, cut.rank, S.rows, cut.square, &known);
        known.gap = found.finite ? cut.gap : 0;
        RITZ_TRY_OUT(ritz_algo_sketch_report(s, op, &known, RITZ_NO_MAT, report));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
