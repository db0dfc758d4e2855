/* Statistics of rows for principal components: taking in blocks of rows, and those of others.
 *
 *     covariance     G += Σ (x - m)(x - m)ᵀ + cb/(c+b) (m - μ)(m - μ)ᵀ
 *     exact          [R; block] = Q R_new
 *     incremental    [S Vᵀ; block] = U S_new V_newᵀ, of which the leading l triplets are kept
 *
 * with the block centred about its own mean m and one more row, as in centred_rows.h. The squares
 * of the singular values that are not kept are added up: their sum is the trace of what is lost,
 * and the largest of each update adds to a bound for its norm.
 *
 * Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance, The American
 * Statistician 37(3), 1983; Ross, Lim, Lin, Yang, Incremental learning for robust visual tracking,
 * Int. J. Computer Vision 77, 2008, section 3.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca_moments.h"

#include <math.h>

#include "algo/centred_rows.h"
#include "core/matrix.h"

/* Bytes of a block of the covariance method; rows of one of the incremental method, at least. */
enum { COVARIANCE_BYTES = 8 << 20, INCREMENTAL_ROWS = 64 };

/* ---- matrices ---------------------------------------------------------------------------- */

static ritz_dtype state_dtype(const struct pca_moments *m)
{
    return m->method == RITZ_PCA_COVARIANCE ? RITZ_F64 : m->dtype;
}

static int64_t state_cols(const struct pca_moments *m)
{
    return m->method == RITZ_PCA_INCREMENTAL ? m->keep : m->n;
}

static ritz_status clear(ritz_stream *s, struct pca_moments *m)
{
    m->rows = 0;
    RITZ_TRY(ritz_op_fill(s, 0.0, m->mean));
    RITZ_TRY(ritz_op_fill(s, 0.0, m->state));
    return ritz_op_fill(s, 0.0, m->cut);
}

ritz_status pca_moments_create(ritz_stream *s, struct pca_moments *m)
{
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, m->n, 1, &m->mean));
    RITZ_TRY(ritz_dmat_create(s, state_dtype(m), RITZ_COL_MAJOR, m->n, state_cols(m), &m->state));
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, PCA_CUT_COUNT, 1, &m->cut));
    return clear(s, m);
}

ritz_status pca_moments_destroy(ritz_stream *s, struct pca_moments *m)
{
    ritz_dmat *const owned[] = {&m->mean, &m->state, &m->cut};
    return ritz_dmat_destroy_all(s, owned, sizeof owned / sizeof *owned);
}

ritz_status pca_moments_copy(ritz_stream *s, const struct pca_moments *from, struct pca_moments *to)
{
    to->rows = from->rows;
    RITZ_TRY(ritz_op_copy(s, from->mean, to->mean));
    RITZ_TRY(ritz_op_copy(s, from->state, to->state));
    return ritz_op_copy(s, from->cut, to->cut);
}

/* ---- room -------------------------------------------------------------------------------- */

int64_t pca_absorb_rows(const struct pca_moments *kind, int64_t all)
{
    int64_t rows = stacked_qr_block(kind->dtype, kind->n, all);
    if (kind->method == RITZ_PCA_COVARIANCE) {
        rows = COVARIANCE_BYTES / (kind->n * (int64_t)ritz_dtype_size(kind->dtype)) / 512 * 512;
        if (rows < 512) rows = 512;
    } else if (kind->method == RITZ_PCA_INCREMENTAL) {
        /* (l + b)²/b, to which the cost of a row is proportional, is least at b = l. */
        rows = kind->keep > INCREMENTAL_ROWS ? kind->keep : INCREMENTAL_ROWS;
    }
    return min_i64(rows, all);
}

double pca_absorb_fixed_bytes(const struct pca_moments *kind)
{
    const double n = (double)kind->n, size = (double)ritz_dtype_size(kind->dtype);
    switch (kind->method) {
    case RITZ_PCA_COVARIANCE: return 3 * n * n * sizeof(double); /* G, and its eigenvectors */
    case RITZ_PCA_INCREMENTAL: return 4 * n * (double)kind->keep * size;
    default: return 3 * n * n * size; /* R, its triangle, the vectors of its SVD */
    }
}

double pca_absorb_row_bytes(const struct pca_moments *kind)
{
    const double row = (double)kind->n * (double)ritz_dtype_size(kind->dtype);
    if (kind->method == RITZ_PCA_COVARIANCE) return 0;
    return kind->method == RITZ_PCA_INCREMENTAL ? 3 * row : row; /* the stack, a copy, its Q */
}

static ritz_status open_state(struct pca_absorb *a, int64_t block_rows)
{
    struct pca_moments *m = &a->m;
    ritz_stream *s = a->s;
    switch (m->method) {
    case RITZ_PCA_COVARIANCE:
        return ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, m->n, m->n, 1, &m->state);
    case RITZ_PCA_INCREMENTAL:
        RITZ_TRY(ritz_work_dmat(s, m->dtype, RITZ_COL_MAJOR, m->n, m->keep + block_rows + 1, 1,
                                &a->stack));
        m->state = ritz_cols(a->stack, 0, m->keep);
        return RITZ_OK;
    default:
        RITZ_TRY(stacked_qr_open(s, m->dtype, m->n, block_rows + 1, &a->q));
        m->state = stacked_qr_factor(&a->q);
        return RITZ_OK;
    }
}

ritz_status pca_absorb_open(ritz_stream *s, const struct pca_moments *from, int64_t block_rows,
                            struct pca_absorb *a)
{
    *a = (struct pca_absorb){.s = s, .m = *from};
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, a->m.n, 1, 1, &a->m.mean));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, PCA_CUT_COUNT, 1, 1, &a->m.cut));
    RITZ_TRY(open_state(a, block_rows));
    return from->rows > 0 ? pca_moments_copy(s, from, &a->m) : clear(s, &a->m);
}

/* ---- the truncated factorization of the incremental method -------------------------------- */

/* Add what the singular values S cut off. */
static ritz_status count_cut(ritz_stream *s, ritz_dmat S, ritz_dmat cut)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat add;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, PCA_CUT_COUNT, 1, 1, &add));
    RITZ_TRY_OUT(ritz_op_sumsq(s, S, ritz_row_range(add, PCA_CUT_TRACE, 1)));
    RITZ_TRY_OUT(ritz_op_sumsq(s, ritz_row_range(S, 0, 1), ritz_row_range(add, PCA_CUT_NORM, 1)));
    RITZ_TRY_OUT(ritz_op_fill(s, 1.0, ritz_row_range(add, PCA_CUT_UPDATES, 1)));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, add, 1.0, cut));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The state = the leading part of the state and the next `count` columns of the stack. */
static ritz_status truncate(struct pca_absorb *a, int64_t count)
{
    ritz_stream *s = a->s;
    const struct pca_moments *m = &a->m;
    const ritz_dmat W = ritz_cols(a->stack, 0, m->keep + count);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat S, V, verdict;
    RITZ_TRY_OUT(ritz_work_dmat(s, m->dtype, RITZ_COL_MAJOR, min_i64(m->n, W.cols), 1, 1, &S));
    RITZ_TRY_OUT(ritz_work_dmat(s, m->dtype, RITZ_COL_MAJOR, m->n, m->keep, 1, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, verdict));
    /* A failure leaves NaN. */
    RITZ_TRY_OUT(ritz_algo_svd(s, ritz_t(W), RITZ_NO_MAT, S, V, ritz_row_range(verdict, 0, 1),
                               ritz_row_range(verdict, 1, 1)));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, ritz_row_range(S, 0, m->keep), V, m->state));
    if (S.rows > m->keep)
        RITZ_TRY_OUT(count_cut(s, ritz_row_range(S, m->keep, S.rows - m->keep), m->cut));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- rows -------------------------------------------------------------------------------- */

ritz_status pca_absorb_block(struct pca_absorb *a, ritz_dmat block)
{
    struct pca_moments *m = &a->m;
    const int64_t count = m->rows, more = block.rows + 1;
    m->rows += block.rows;
    switch (m->method) {
    case RITZ_PCA_COVARIANCE:
        return ritz_op_moments_merge(a->s, m->dtype, count, block, m->mean, m->state);
    case RITZ_PCA_INCREMENTAL:
        RITZ_TRY(
            centred_rows(a->s, count, block, m->mean, ritz_t(ritz_cols(a->stack, m->keep, more))));
        return truncate(a, more);
    default:
        RITZ_TRY(centred_rows(a->s, count, block, m->mean, stacked_qr_room(&a->q, more)));
        return stacked_qr_absorb(&a->q, more);
    }
}

/* ---- the statistics of others ------------------------------------------------------------ */

/* change (n x 1 F64) = √(cb/(c+b)) (m - μ), and μ is moved. */
static ritz_status move_mean(struct pca_absorb *a, const struct pca_moments *other,
                             ritz_dmat change)
{
    const double c = (double)a->m.rows, b = (double)other->rows;
    RITZ_TRY(ritz_op_copy(a->s, other->mean, change));
    RITZ_TRY(ritz_op_axpby(a->s, -1.0, a->m.mean, 1.0, change));
    RITZ_TRY(ritz_op_axpby(a->s, b / (c + b), change, 1.0, a->m.mean));
    return ritz_op_scale(a->s, sqrt(c) * sqrt(b / (c + b)), change);
}

static ritz_status take_state(struct pca_absorb *a, const struct pca_moments *other,
                              ritz_dmat change)
{
    struct pca_moments *m = &a->m;
    ritz_stream *s = a->s;
    const int64_t order = state_cols(m);
    ritz_dmat room;
    switch (m->method) {
    case RITZ_PCA_COVARIANCE:
        RITZ_TRY(ritz_op_axpby(s, 1.0, other->state, 1.0, m->state));
        return ritz_op_syrk(s, RITZ_LOWER, 1.0, change, 1.0, m->state);
    case RITZ_PCA_INCREMENTAL:
        room = ritz_cols(a->stack, order, order + 1);
        RITZ_TRY(ritz_op_copy(s, other->state, ritz_cols(room, 0, order)));
        RITZ_TRY(ritz_op_copy(s, change, ritz_cols(room, order, 1)));
        RITZ_TRY(ritz_op_axpby(s, 1.0, other->cut, 1.0, m->cut));
        return truncate(a, order + 1);
    default:
        room = stacked_qr_room(&a->q, order + 1);
        RITZ_TRY(ritz_op_copy(s, other->state, ritz_row_range(room, 0, order)));
        RITZ_TRY(ritz_op_copy(s, ritz_t(change), ritz_row_range(room, order, 1)));
        return stacked_qr_absorb(&a->q, order + 1);
    }
}

ritz_status pca_absorb_moments(struct pca_absorb *a, const struct pca_moments *other)
{
    const struct ritz_work_mark mark = ritz_work_mark(a->s);
    ritz_status rc;
    ritz_dmat change;
    RITZ_TRY_OUT(ritz_work_dmat(a->s, RITZ_F64, RITZ_COL_MAJOR, a->m.n, 1, 1, &change));
    RITZ_TRY_OUT(move_mean(a, other, change));
    RITZ_TRY_OUT(take_state(a, other, change));
    a->m.rows += other->rows;
out:
    ritz_work_release(a->s, mark);
    return rc;
}
