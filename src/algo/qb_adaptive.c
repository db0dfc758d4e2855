/* An orthonormal basis that grows block by block until it captures A to a tolerance.
 *
 *     Q has r columns so far; D = (I - QQᵀ) A
 *     Y   = D (DᵀD)^q Ω_i                        b columns, normalised on the way
 *     Y   = orth(Y),  Q_i = orth((I - QQᵀ) Y)     orthogonal to Q up to rounding
 *     B_i = Q_iᵀA
 *     E²  = E² - ‖B_i‖_F²,  at first ‖A‖_F²       the identity ‖A - QQᵀA‖² = ‖A‖² - ‖QᵀA‖²
 *
 * until E <= tolerance ‖A‖_F. The difference of squares resolves errors down to about sqrt(u)
 * ‖A‖_F. For a smaller tolerance, and for a function, whose norm is not known, E is estimated from
 * the residuals of Gaussian vectors,
 *
 *     E² ≈ (1/r) sum_j ‖(I - QQᵀ) A w_j‖²,  a product with A once, a projection a block.
 *
 * Rounding ends the rank: once A Z was freed of Q, a column of Y that has no more than a few u
 * ‖A‖_F beyond the columns before it (the diagonal of R of its QR factorization) is noise, which
 * orthonormalisation would blow up to a vector of any direction. Such columns are dropped; a block
 * of nothing else ends the search.
 *
 * Whatever the host decides on comes to it in one vector a block.
 *
 * Source: Martinsson and Voronin, A randomized blocked algorithm for efficiently computing
 * rank-revealing factorizations of matrices, SIAM J. Sci. Comput. 38(5), 2016; Yu, Gu and Li,
 * Efficient randomized algorithms for the fixed-precision low-rank matrix approximation, SIAM J.
 * Matrix Anal. Appl. 39(3), 2018, algorithm 2; Halko, Martinsson and Tropp 2011, section 4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/qr.h"

/* Tolerances below this many sqrt(u) are judged by probes. */
#define IDENTITY_RESOLVES 10.0

struct search {
    ritz_stream *s;
    const ritz_linop *op;
    const struct ritz_algo_sketch *sketch;
    ritz_dmat Q, Bt; /* m x L, n x L or RITZ_NO_MAT */
    ritz_dmat flags;
    ritz_dmat watch; /* F64: what comes to the host, see enum watched */
    double *host;    /* the same */
    ritz_dmat R;     /* m x r: the probes' products, freed of Q */
    ritz_dmat taken; /* b x r: Q_iᵀR */
    int trim;
    double captured; /* ‖QᵀA‖_F² */
    struct ritz_algo_found *found;
};

/* Entries of `watch`. */
enum watched {
    WATCH_NORM,                                           /* ‖A‖_F² */
    WATCH_FLAG,                                           /* not finite */
    WATCH_PROBES,                                         /* ‖A w_j‖² */
    WATCH_RESIDUALS = WATCH_PROBES + RITZ_SKETCH_PROBES,  /* ‖(I - QQᵀ) A w_j‖² */
    WATCH_DIAGONAL = WATCH_RESIDUALS + RITZ_SKETCH_PROBES /* see enum watched_column */
};

/* Then, for each column of a block: the diagonal of R, the square of its row of B_i, and the sum of
 * squares of what it takes from the probes. */
enum watched_column { WATCH_R, WATCH_ROW, WATCH_TAKEN, WATCH_COLUMNS };

static int64_t block_of(const struct search *f)
{
    return min_i64(f->sketch->block, f->Q.cols);
}

/* One of them for the b columns of a block, on the device and on the host. */
static ritz_dmat watched(const struct search *f, enum watched_column which, int64_t b)
{
    return ritz_row_range(f->watch, WATCH_DIAGONAL + which * block_of(f), b);
}

static const double *watched_values(const struct search *f, enum watched_column which)
{
    return f->host + WATCH_DIAGONAL + which * block_of(f);
}

/* ‖A‖_F² or what stands for it. */
static ritz_status begin(struct search *f)
{
    ritz_stream *s = f->s;
    const ritz_linop *op = f->op;
    const int64_t r = RITZ_SKETCH_PROBES, entries = WATCH_DIAGONAL + WATCH_COLUMNS * block_of(f);
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, entries, 1, 1, &f->watch));
    RITZ_TRY(ritz_op_fill(s, 0.0, f->watch));
    f->host = calloc((size_t)entries, sizeof *f->host);
    RITZ_REQUIRE(f->host != NULL, RITZ_ERR_MEMORY, "no host memory for the figures of a block");
    if (op->kind != RITZ_LINOP_ENQUEUE)
        RITZ_TRY(ritz_algo_linop_sumsq(s, op, ritz_row_range(f->watch, WATCH_NORM, 1)));
    if (!f->found->probed) return RITZ_OK;

    ritz_dmat W;
    RITZ_TRY(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, r, 1, &f->R));
    RITZ_TRY(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, block_of(f), r, 1, &f->taken));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, r, 1, &W));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_PROBE, f->sketch->seed, W));
    RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, W, f->R, f->flags));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, f->R, ritz_row_range(f->watch, WATCH_PROBES, r)));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, f->R, ritz_row_range(f->watch, WATCH_RESIDUALS, r)));
    f->found->products++;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y = Q of its QR factorization, diagonal = that of R. */
static ritz_status orthonormalise(ritz_stream *s, ritz_dmat Y, ritz_dmat diagonal)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, RITZ_COL_MAJOR, Y.cols, 1, 1, &tau));
    RITZ_TRY_OUT(ritz_op_geqrf(s, Y, tau));
    RITZ_TRY_OUT(ritz_op_copy(s, qr_diagonal(Y), diagonal));
    RITZ_TRY_OUT(ritz_op_orgqr(s, Y, tau));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* What the columns Q_i take from the probes, and what they leave. R is not changed before it is
 * known which of them stay. */
static ritz_status probe_block(struct search *f, ritz_dmat Qi)
{
    ritz_stream *s = f->s;
    const ritz_dmat taken = ritz_row_range(f->taken, 0, Qi.cols);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat left;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->R.dtype, RITZ_COL_MAJOR, f->R.rows, f->R.cols, 1, &left));
    RITZ_TRY_OUT(ritz_op_copy(s, f->R, left));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(Qi), f->R, 0.0, taken));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, Qi, taken, 1.0, left));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, ritz_t(taken), watched(f, WATCH_TAKEN, Qi.cols)));
    RITZ_TRY_OUT(
        ritz_op_col_sumsq(s, left, ritz_row_range(f->watch, WATCH_RESIDUALS, RITZ_SKETCH_PROBES)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Columns rank .. rank+b-1 of Q and Bt, and what tells of them. */
static ritz_status sample_block(struct search *f, int64_t b)
{
    ritz_stream *s = f->s;
    struct ritz_algo_found *found = f->found;
    const ritz_dmat before = ritz_cols(f->Q, 0, found->rank);
    const ritz_dmat next = ritz_cols(f->Q, found->rank, b);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Bt;
    RITZ_TRY_OUT(
        ritz_algo_subspace_sample(s, f->op, f->sketch, before, found->sampled, next, f->flags));
    RITZ_TRY_OUT(orthonormalise(s, next, watched(f, WATCH_R, b)));
    RITZ_TRY_OUT(ritz_algo_project_out(s, before, next));
    RITZ_TRY_OUT(ritz_algo_orth(s, next));
    if (ritz_present(f->Bt))
        Bt = ritz_cols(f->Bt, found->rank, b);
    else
        RITZ_TRY_OUT(ritz_work_dmat(s, next.dtype, RITZ_COL_MAJOR, f->op->cols, b, 1, &Bt));
    RITZ_TRY_OUT(ritz_algo_guarded_product(s, f->op, 1, next, Bt, f->flags));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Bt, watched(f, WATCH_ROW, b)));
    if (found->probed) RITZ_TRY_OUT(probe_block(f, next));
    found->sampled += b;
    found->products += 2 + 2 * f->sketch->power_iterations;
out:
    ritz_work_release(s, mark);
    return rc;
}

static double mean(const double *x)
{
    double sum = 0;
    for (int i = 0; i < RITZ_SKETCH_PROBES; i++) sum += x[i];
    return sum / RITZ_SKETCH_PROBES;
}

static int within(const struct search *f, double square)
{
    const double allowed = f->sketch->tolerance * f->found->norm;
    return square <= allowed * allowed;
}

/* The square of the error with `kept` of b new columns. */
static double square_left(const struct search *f, int64_t kept, int64_t b)
{
    const double *taken = watched_values(f, WATCH_TAKEN);
    if (!f->found->probed) return f->found->norm * f->found->norm - f->captured;
    double square = mean(f->host + WATCH_RESIDUALS);
    for (int64_t j = kept; j < b; j++) square += taken[j] / RITZ_SKETCH_PROBES;
    return square;
}

/* What the block of b columns came to. */
static ritz_status judge(struct search *f, int64_t b)
{
    struct ritz_algo_found *found = f->found;
    const double u = ritz_algo_roundoff(f->op->dtype);
    const double *diagonal = watched_values(f, WATCH_R), *rows = watched_values(f, WATCH_ROW);
    int64_t kept = 0;
    RITZ_TRY(ritz_op_copy(f->s, f->flags, ritz_row_range(f->watch, WATCH_FLAG, 1)));
    RITZ_TRY(ritz_algo_fetch(f->s, f->watch, f->host));
    found->norm = sqrt(f->op->kind == RITZ_LINOP_ENQUEUE ? mean(f->host + WATCH_PROBES)
                                                         : f->host[WATCH_NORM]);
    found->finite = f->host[WATCH_FLAG] == 0 && isfinite(found->norm);
    if (!found->finite) return ritz_op_fill(f->s, 1.0, f->flags); /* also if squares overflow */
    /* Of a zero matrix products may still be rounding, if its zeros are differences. */
    const int64_t most = found->norm > 0 ? b : 0;
    while (kept < most && fabs(diagonal[kept]) > RITZ_SKETCH_NOISE * u * found->norm)
        f->captured += rows[kept++];
    found->exhausted = b > 0 && kept == 0;
    found->square = found->norm > 0 ? square_left(f, kept, b) : 0;
    while (f->trim && kept > 0 && within(f, found->square + rows[kept - 1]))
        found->square += rows[--kept];
    const ritz_dmat Qi = ritz_cols(f->Q, found->rank, kept);
    found->rank += kept;
    if (!found->probed || kept == 0) return RITZ_OK;
    return ritz_op_gemm(f->s, -1.0, Qi, ritz_row_range(f->taken, 0, kept), 1.0, f->R);
}

static int finished(const struct search *f)
{
    const struct ritz_algo_found *found = f->found;
    return !found->finite || found->exhausted || found->rank == f->Q.cols ||
           within(f, found->square);
}

ritz_status ritz_algo_qb_adaptive(ritz_stream *s, const ritz_linop *op,
                                  const struct ritz_algo_sketch *sketch, int trim, ritz_dmat Q,
                                  ritz_dmat Bt, ritz_dmat flags, struct ritz_algo_found *found)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct search f = {.s = s,
                       .op = op,
                       .sketch = sketch,
                       .Q = Q,
                       .Bt = Bt,
                       .flags = flags,
                       .trim = trim,
                       .found = found};
    *found = (struct ritz_algo_found){
        .probed = op->kind == RITZ_LINOP_ENQUEUE ||
                  sketch->tolerance < IDENTITY_RESOLVES * sqrt(ritz_algo_roundoff(op->dtype))};
    RITZ_TRY_OUT(begin(&f));
    do {
        const int64_t b = min_i64(sketch->block, Q.cols - found->rank);
        if (b > 0) RITZ_TRY_OUT(sample_block(&f, b));
        RITZ_TRY_OUT(judge(&f, b));
    } while (!finished(&f));
out:
    free(f.host);
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the report --------------------------------------------------------------------------- */

static void warn(const ritz_linop *op, const struct ritz_algo_sketch *sketch, int exhausted,
                 int64_t room, ritz_sketch_report *r)
{
    const double reached = r->norm > 0 ? r->error / r->norm : 0;
    if (!exhausted)
        ritz_algo_append(r->warning, sizeof r->warning,
                         "the tolerance %.1e was not met: with the %" PRId64 " columns that there "
                         "is room for, the error is %.1e of the norm.",
                         sketch->tolerance, room, reached);
    else
        ritz_algo_append(r->warning, sizeof r->warning,
                         "the tolerance %.1e was not met: the error is %.1e of the norm, and what "
                         "is left is rounding%s.",
                         sketch->tolerance, reached,
                         op->dtype == RITZ_F32 ? "; compute in float64" : "");
}

void ritz_algo_found_report(const ritz_linop *op, const struct ritz_algo_sketch *sketch,
                            const struct ritz_algo_found *found, int64_t rank, int64_t room,
                            double square, ritz_sketch_report *report)
{
    const double allowed = sketch->tolerance * found->norm;
    *report = (ritz_sketch_report){
        .rank = rank,
        .sample_size = found->sampled,
        .power_iterations = found->sampled > 0 ? sketch->power_iterations : 0,
        .matvec_blocks = found->products,
        .kind = found->probed ? RITZ_ERROR_ESTIMATE : RITZ_ERROR_EXACT,
        .norm = found->norm,
        .tolerance_met = found->finite && square <= allowed * allowed,
    };
    if (!found->finite)
        report->error = report->norm = (double)NAN;
    else if (found->probed)
        report->error = sqrt(square);
    else
        ritz_algo_report_identity(square, ritz_algo_roundoff(op->dtype), report);
    if (found->finite && !report->tolerance_met)
        warn(op, sketch, found->exhausted && rank == found->rank, room, report);
}
