/* Principal components from the covariance matrix, in one pass over blocks of rows.
 *
 *     G = Σ (x - μ)(x - μ)ᵀ, merged block by block;   G V = V diag(σ²)
 *
 * Source: Chan, Golub, LeVeque 1983 (merging moments); Golub and Van Loan 2013, section 8.
 * Traffic: the data once. Squaring halves the digits: components with σ_i² below 10³ u σ_1² are not
 * resolved, and the caller of this route looks at that.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca.h"

enum { BLOCK_BYTES = 8 << 20 };

static ritz_status accumulate(struct pca_fit *f, ritz_dmat G)
{
    RITZ_TRY(ritz_feed_start(f->feed, pca_block_rows(f, BLOCK_BYTES)));
    f->passes++;
    for (int64_t count = 0; count < f->N;) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(f->feed, &block));
        RITZ_TRY(ritz_op_moments_merge(f->s, f->dtype, count, block, f->mean, G));
        count += block.rows;
        RITZ_TRY(pca_progress(f, "covariance", count));
    }
    return RITZ_OK;
}

ritz_status pca_by_covariance(struct pca_fit *f)
{
    /* One more than wanted, to know the gap behind the last. */
    const int64_t count = f->want < f->n ? f->want + 1 : f->n;
    double trace = 0, info = 0;
    ritz_dmat G, W, V, trace_d, info_d;
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->n, count, 1, &V));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, count, 1, 1, &W));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &trace_d));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &info_d));
    f->V = V;

    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc = RITZ_OK;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->n, f->n, 1, &G));
    RITZ_TRY_OUT(accumulate(f, G));
    RITZ_TRY_OUT(ritz_op_col_sums(f->s, pca_diagonal(G), trace_d)); /* trace(G) = ‖Xc‖_F² */
    RITZ_TRY_OUT(ritz_algo_eigh(f->s, RITZ_LOWER, RITZ_DESCENDING, G, 0, W, V, info_d));
    RITZ_TRY_OUT(pca_fetch(f, info_d, &info));
    RITZ_TRY_OUT(pca_fetch(f, trace_d, &trace));
    RITZ_TRY_OUT(pca_fetch(f, W, f->sigma));
    f->sumsq = trace;
    if (info < 0) {
        RITZ_TRY_OUT(pca_find_bad_row(f));
        f->overflow = 1; /* finite data, but its squares are not */
        goto out;
    }
    if (info > 0) {
        rc = ritz_fail(RITZ_ERR_NOT_CONVERGED,
                       "the eigensolver of the covariance matrix did not converge");
        goto out;
    }
    pca_roots(f, count);
out:
    ritz_work_release(f->s, mark);
    return rc;
}
