/* Principal components without squaring: QR of the centred data, one block of rows after the other,
 * then the SVD of R.
 *
 * After c rows with mean μ, RᵀR = Σ (x - μ)(x - μ)ᵀ. A block of b rows with mean m is merged by
 *
 *     [ R                      ]
 *     [ B - 1 mᵀ               ]  = Q R_new,    μ += b/(c+b) (m - μ)
 *     [ √(cb/(c+b)) (m - μ)ᵀ   ]
 *
 * which is Chan, Golub and LeVeque's merge in square-root form (algorithm of Ross, Lim, Lin, Yang
 * 2008 without truncation).
 * Cost: 2(b + n)n² flops a block. Traffic: the data once. No digit is lost to squaring.
 *
 * Data with no more rows than columns is centred into a copy and decomposed at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/pca.h"
#include "algo/stacked_qr.h"

/* One merge. */
static ritz_status merge(struct pca_fit *f, int64_t count, ritz_dmat block, struct stacked_qr *q)
{
    ritz_stream *s = f->s;
    const double c = (double)count, b = (double)block.rows;
    const ritz_dmat room = stacked_qr_room(q, block.rows + 1);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat m, change;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, 1, &m));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, 1, &change));
    /* m, and B - 1 mᵀ below R */
    RITZ_TRY_OUT(ritz_op_col_sums(s, block, m));
    RITZ_TRY_OUT(ritz_op_scale(s, 1 / b, m));
    RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, m, block, ritz_row_range(room, 0, block.rows)));
    /* the last row, and μ */
    if (count == 0) RITZ_TRY_OUT(ritz_op_copy(s, m, f->mean));
    RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, f->mean, 1.0, m));
    RITZ_TRY_OUT(ritz_op_copy(s, m, change));
    RITZ_TRY_OUT(ritz_op_scale(s, sqrt(c * b / (c + b)), change));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(change), ritz_row_range(room, block.rows, 1)));
    RITZ_TRY_OUT(ritz_op_axpby(s, b / (c + b), m, 1.0, f->mean));
    RITZ_TRY_OUT(stacked_qr_absorb(q, room.rows));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* R of the centred data. */
static ritz_status factor_rows(struct pca_fit *f, ritz_dmat *R)
{
    const int64_t most = stacked_qr_block(f->dtype, f->n, f->N);
    struct stacked_qr q;
    RITZ_TRY(stacked_qr_open(f->s, f->dtype, f->n, most + 1, &q));
    RITZ_TRY(ritz_feed_start(f->feed, most));
    f->passes++;
    for (int64_t count = 0; count < f->N;) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(f->feed, &block));
        RITZ_TRY(merge(f, count, block, &q));
        count += block.rows;
        RITZ_TRY(pca_progress(f, "qr", count));
    }
    *R = stacked_qr_factor(&q);
    return RITZ_OK;
}

/* The centred data itself, N x n, when it has no more rows than columns. */
static ritz_status centre_copy(struct pca_fit *f, ritz_dmat *Xc)
{
    ritz_dmat A;
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_ROW_MAJOR, f->N, f->n, 1, Xc));
    RITZ_TRY(pca_all_rows(f, &A));
    RITZ_TRY(pca_mean(f, A));
    return ritz_op_add_row(f->s, -1.0, f->mean, A, *Xc);
}

/* σ and V of M, all values and the wanted vectors. */
static ritz_status decompose(struct pca_fit *f, ritz_dmat M, ritz_dmat S, ritz_dmat verdict)
{
    const ritz_dmat flags = ritz_row_range(verdict, 0, 1), info = ritz_row_range(verdict, 1, 1);
    double outcome = 0;
    RITZ_TRY(ritz_op_fill(f->s, 0.0, verdict));
    RITZ_TRY(ritz_algo_svd(f->s, M, RITZ_NO_MAT, S, f->V, flags, info));
    RITZ_TRY(pca_fetch(f, info, &outcome));
    RITZ_TRY(pca_fetch(f, S, f->sigma));
    if (outcome < 0) RITZ_TRY(pca_find_bad_row(f));
    RITZ_REQUIRE(outcome == 0, RITZ_ERR_NOT_CONVERGED,
                 outcome < 0
                     ? "the centred data overflows %s; scale the features, or compute in float64"
                     : "the singular value decomposition of R did not converge in %s",
                 ritz_dtype_name(f->dtype));
    f->known = f->most;
    f->sumsq = 0;
    for (int64_t i = f->most - 1; i >= 0; i--) f->sumsq += f->sigma[i] * f->sigma[i];
    return RITZ_OK;
}

ritz_status pca_by_qr(struct pca_fit *f)
{
    const int tall = f->N > f->n;
    ritz_dmat S, verdict, M;
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->n, f->want, 1, &f->V));
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->most, 1, 1, &S));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));

    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc = RITZ_OK;
    if (tall)
        RITZ_TRY_OUT(factor_rows(f, &M));
    else
        RITZ_TRY_OUT(centre_copy(f, &M));
    RITZ_TRY_OUT(decompose(f, M, S, verdict));
out:
    ritz_work_release(f->s, mark);
    return rc;
}
