/* Principal components of few rows with many columns, from the Gram matrix of the rows.
 *
 *     K = Xc Xcᵀ,  K U = U diag(σ²),  V = Xcᵀ U diag(1/σ)
 *
 * K is N x N however many columns there are. V is orthonormalised once more, because the division
 * by small σ enlarges rounding. The same limit holds as for the covariance matrix.
 *
 * Data that does not fit the memory allowed is read once for the mean, once for each band of rows,
 * which is held and multiplied with all rows from its first on, and once for V.
 *
 * Source: Jolliffe, Principal Component Analysis, 2nd ed. 2002, section 3.5 (duality).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca.h"

/* The longest sum of products that float32 carries before it is added up in float64. */
enum { COLUMNS = 512 };
/* A band of fewer rows would mean too many passes. */
enum { LEAST_BAND = 32 };

struct dual {
    struct pca_fit *f;
    ritz_dmat K;     /* N x N F64, its lower triangle */
    ritz_dmat U;     /* N x count F64 */
    ritz_dmat W;     /* count x 1 F64: σ² */
    ritz_dmat trace; /* 1 x 1 F64 */
    /* of data in blocks: */
    int64_t block_rows;
    int64_t first;         /* row of the band */
    ritz_dmat band;        /* centred rows, T */
    ritz_dmat stage;       /* a block of centred rows, T */
    ritz_dmat product;     /* of a block with the band, T */
    ritz_dmat product64;   /* its copy in F64 */
    ritz_dmat left;        /* rows of U, T */
    ritz_dmat block_means; /* n x 1 F64 */
};

static int64_t size_of(const struct pca_fit *f)
{
    return (int64_t)ritz_dtype_size(f->dtype);
}

/* ---- eigenvectors of K ------------------------------------------------------------------- */

static ritz_status open_dual(struct dual *d)
{
    struct pca_fit *f = d->f;
    const int64_t count = f->want < f->N ? f->want + 1 : f->N;
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->N, f->N, 1, &d->K));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->N, count, 1, &d->U));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, count, 1, 1, &d->W));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &d->trace));
    const ritz_dmat all[] = {d->K, d->U, d->W, d->trace};
    for (int i = 0; i < 4; i++) RITZ_TRY(ritz_op_fill(f->s, 0.0, all[i]));
    return RITZ_OK;
}

/* U, W and the trace; or f->overflow. */
static ritz_status decompose(struct dual *d)
{
    struct pca_fit *f = d->f;
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    double info = 0;
    ritz_dmat info_d;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &info_d));
    RITZ_TRY_OUT(ritz_op_col_sums(f->s, pca_diagonal(d->K), d->trace));
    RITZ_TRY_OUT(ritz_algo_eigh(f->s, RITZ_LOWER, RITZ_DESCENDING, d->K, 0, d->W, d->U, info_d));
    RITZ_TRY_OUT(pca_fetch(f, info_d, &info));
    if (info < 0) RITZ_TRY_OUT(pca_find_bad_row(f));
    f->overflow = info < 0;
    if (info > 0)
        rc = ritz_fail(RITZ_ERR_NOT_CONVERGED,
                       "the eigensolver of the Gram matrix did not converge");
out:
    ritz_work_release(f->s, mark);
    return rc;
}

static ritz_status take_values(struct dual *d)
{
    struct pca_fit *f = d->f;
    RITZ_TRY(pca_fetch(f, d->trace, &f->sumsq));
    RITZ_TRY(pca_fetch(f, d->W, f->sigma));
    pca_roots(f, d->W.rows);
    return RITZ_OK;
}

/* V = orth(V diag(1/σ)). */
static ritz_status finish_vectors(struct pca_fit *f)
{
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    const int64_t k = f->V.cols;
    ritz_status rc;
    ritz_dmat sigma;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, k, 1, 1, &sigma));
    RITZ_TRY_OUT(
        ritz_upload(f->s, ritz_hmat_wrap(f->sigma, RITZ_F64, k, 1, RITZ_COL_MAJOR), sigma));
    RITZ_TRY_OUT(ritz_op_scale_cols(f->s, 1, sigma, f->V, f->V));
    RITZ_TRY_OUT(ritz_algo_orth(f->s, f->V));
    RITZ_TRY_OUT(ritz_op_sign_cols(f->s, f->V, RITZ_NO_MAT));
out:
    ritz_work_release(f->s, mark);
    return rc;
}

/* ---- data in memory ---------------------------------------------------------------------- */

/* K += C Cᵀ over blocks C of columns of Xc, products in T, sums of blocks in float64. */
static ritz_status accumulate(struct dual *d, ritz_dmat A)
{
    struct pca_fit *f = d->f;
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat C, P, P64;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->N, COLUMNS, 1, &C));
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->N, f->N, 1, &P));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, f->N, f->N, 1, &P64));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, P));
    for (int64_t j = 0; j < f->n; j += COLUMNS) {
        const int64_t width = min_i64(f->n - j, COLUMNS);
        const ritz_dmat block = ritz_cols(C, 0, width);
        RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, ritz_row_range(f->mean, j, width),
                                     ritz_cols(A, j, width), block));
        RITZ_TRY_OUT(ritz_op_syrk(s, RITZ_LOWER, 1.0, block, 0.0, P));
        RITZ_TRY_OUT(ritz_op_copy(s, P, P64));
        RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, P64, 1.0, d->K));
        RITZ_TRY_OUT(row_pass_progress(&f->pass, "gram", f->N * (j + width) / f->n));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* V = XcᵀU. */
static ritz_status right_vectors(struct dual *d, ritz_dmat A)
{
    struct pca_fit *f = d->f;
    const ritz_linop Xc = {.kind = RITZ_LINOP_CENTRED,
                           .dtype = f->dtype,
                           .rows = f->N,
                           .cols = f->n,
                           .A = A,
                           .mean = f->mean};
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    ritz_dmat U;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->N, f->V.cols, 1, &U));
    RITZ_TRY_OUT(ritz_op_copy(f->s, ritz_cols(d->U, 0, f->V.cols), U));
    RITZ_TRY_OUT(ritz_algo_linop_apply(f->s, &Xc, 1, U, f->V));
out:
    ritz_work_release(f->s, mark);
    return rc;
}

static ritz_status fit_whole(struct dual *d)
{
    struct pca_fit *f = d->f;
    ritz_dmat A;
    RITZ_TRY(pca_all_rows(f, &A));
    RITZ_TRY(pca_mean(f, A));
    RITZ_TRY(accumulate(d, A));
    RITZ_TRY(decompose(d));
    return f->overflow ? RITZ_OK : right_vectors(d, A);
}

/* ---- data in blocks ---------------------------------------------------------------------- */

/* Sums, copies and products of N x N, and the vectors. */
static int64_t fixed_bytes(const struct pca_fit *f)
{
    return f->N * f->N * (size_of(f) + 3 * 8) + f->n * f->want * size_of(f);
}

/* A block's row, centred, its part of U, and its products with a band. */
static int64_t row_bytes(const struct pca_fit *f, int64_t band)
{
    return (f->n + f->want + band) * size_of(f) + band * 8;
}

/* Half of what is left is for the band, half for the blocks; a band gives way to the smallest
 * blocks. */
static int64_t band_rows(const struct pca_fit *f)
{
    const double left = (double)(pca_memory(f) - fixed_bytes(f));
    const double beside = left - pca_least_blocks(f, row_bytes(f, f->N));
    const double bytes = beside < left / 2 ? beside : left / 2;
    const double rows = bytes > 0 ? bytes / (double)(f->n * size_of(f)) : 0;
    return rows < (double)f->N ? (int64_t)rows : f->N;
}

/* mean += b/(c+b) (m - mean). */
static ritz_status visit_mean(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    const struct dual *d = context;
    const double b = (double)block.rows, part = b / ((double)first + b);
    RITZ_TRY(ritz_op_col_sums(s, block, d->block_means));
    return ritz_op_axpby(s, part / b, d->block_means, 1 - part, d->f->mean);
}

/* K(A, B) = A Bᵀ, products in T and sums of many columns in float64. */
static ritz_status multiply(ritz_stream *s, const struct dual *d, ritz_dmat A, ritz_dmat B,
                            ritz_dmat K)
{
    if (A.dtype == RITZ_F64) return ritz_op_gemm(s, 1.0, A, ritz_t(B), 0.0, K);
    const ritz_dmat P = ritz_block(d->product, 0, 0, K.rows, K.cols);
    const ritz_dmat P64 = ritz_block(d->product64, 0, 0, K.rows, K.cols);
    for (int64_t j = 0; j < A.cols; j += COLUMNS) {
        const int64_t width = min_i64(A.cols - j, COLUMNS);
        RITZ_TRY(
            ritz_op_gemm(s, 1.0, ritz_cols(A, j, width), ritz_t(ritz_cols(B, j, width)), 0.0, P));
        RITZ_TRY(ritz_op_copy(s, P, P64));
        RITZ_TRY(ritz_op_axpby(s, 1.0, P64, j > 0 ? 1.0 : 0.0, K));
    }
    return RITZ_OK;
}

/* The part of the block from the band's first row on: kept where it belongs to the band, and
 * multiplied with what there is of the band. */
static ritz_status visit_band(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    const struct dual *d = context;
    const int64_t skipped = first < d->first ? d->first - first : 0;
    if (skipped >= block.rows) return RITZ_OK;
    const int64_t start = first + skipped, rows = block.rows - skipped;
    const int64_t filled = min_i64(start + rows - d->first, d->band.rows);
    const ritz_dmat C = ritz_row_range(d->stage, 0, rows);
    RITZ_TRY(ritz_op_add_row(s, -1.0, d->f->mean, ritz_row_range(block, skipped, rows), C));
    if (start - d->first < filled) {
        const int64_t own = filled - (start - d->first);
        RITZ_TRY(ritz_op_copy(s, ritz_row_range(C, 0, own),
                              ritz_row_range(d->band, start - d->first, own)));
    }
    return multiply(s, d, C, ritz_row_range(d->band, 0, filled),
                    ritz_block(d->K, start, d->first, rows, filled));
}

/* V += CᵀU of the block's rows. */
static ritz_status visit_vectors(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    const struct dual *d = context;
    const ritz_dmat C = ritz_row_range(d->stage, 0, block.rows);
    const ritz_dmat U = ritz_row_range(d->left, 0, block.rows);
    RITZ_TRY(ritz_op_add_row(s, -1.0, d->f->mean, block, C));
    RITZ_TRY(ritz_op_copy(s, ritz_block(d->U, first, 0, block.rows, U.cols), U));
    return ritz_op_gemm(s, 1.0, ritz_t(C), U, 1.0, d->f->V);
}

/* The room for a band and for blocks beside it. */
static ritz_status open_blocks(struct dual *d)
{
    struct pca_fit *f = d->f;
    ritz_stream *s = f->s;
    const int64_t band = band_rows(f), least = min_i64(LEAST_BAND, f->N);
    const int64_t height = band < least ? least : band;
    RITZ_TRY(pca_blocks_within(f, fixed_bytes(f) + height * f->n * size_of(f), row_bytes(f, height),
                               f->N, &d->block_rows));
    const int64_t rows = d->block_rows;
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_ROW_MAJOR, height, f->n, 1, &d->band));
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_ROW_MAJOR, rows, f->n, 1, &d->stage));
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, rows, f->V.cols, 1, &d->left));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, 1, &d->block_means));
    if (f->dtype != RITZ_F64) {
        RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, rows, height, 1, &d->product));
        RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, rows, height, 1, &d->product64));
    }
    RITZ_TRY(ritz_op_fill(s, 0.0, d->band));
    RITZ_TRY(ritz_op_fill(s, 0.0, f->mean));
    return ritz_op_fill(s, 0.0, f->V);
}

static ritz_status pass_over(struct dual *d, const char *phase, row_pass_visit visit)
{
    return row_pass(&d->f->pass, phase, d->block_rows, visit, d);
}

static ritz_status fit_blocks(struct dual *d)
{
    struct pca_fit *f = d->f;
    struct row_pass *p = &f->pass;
    RITZ_REQUIRE(ritz_feed_can_rewind(f->feed), RITZ_ERR_STATE,
                 "the data does not fit the memory allowed, and the source can be read once only; "
                 "use method covariance, exact or incremental");
    RITZ_TRY(open_blocks(d));
    const ritz_dmat state[] = {f->mean, d->K, d->U, d->W, d->trace, d->band, f->V};
    row_pass_keep(p, state, sizeof state / sizeof state[0]);
    f->passes += 2; /* for the mean and for V */
    if (!row_pass_behind(p)) RITZ_TRY(pass_over(d, "mean", visit_mean));
    for (d->first = 0; d->first < f->N; d->first += d->band.rows) {
        f->passes++;
        if (row_pass_behind(p)) continue;
        const int64_t height = min_i64(d->band.rows, f->N - d->first);
        struct dual part = *d;
        part.band = ritz_row_range(d->band, 0, height);
        RITZ_TRY(pass_over(&part, "gram", visit_band));
        if (d->first + height == f->N) RITZ_TRY(decompose(d));
    }
    if (f->overflow) return RITZ_OK;
    return pass_over(d, "vectors", visit_vectors);
}

/* ---- the route --------------------------------------------------------------------------- */

int pca_dual_in_memory(const struct pca_fit *f)
{
    return pca_fits(f, (double)fixed_bytes(f));
}

int64_t pca_dual_passes(const struct pca_fit *f)
{
    const int64_t band = band_rows(f);
    if (band < min_i64(LEAST_BAND, f->N)) return 0;
    return (f->N + band - 1) / band + 2;
}

ritz_status pca_by_dual(struct pca_fit *f)
{
    struct dual d = {.f = f};
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->n, f->want, 1, &f->V));

    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    RITZ_TRY_OUT(open_dual(&d));
    RITZ_TRY_OUT(pca_dual_in_memory(f) ? fit_whole(&d) : fit_blocks(&d));
    if (f->overflow) goto out;
    RITZ_TRY_OUT(take_values(&d));
    RITZ_TRY_OUT(finish_vectors(f));
out:
    ritz_work_release(f->s, mark);
    return rc;
}
