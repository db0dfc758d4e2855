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

/* One more than wanted, to know the gap behind the last. */
static int64_t values_of(const struct pca_fit *f)
{
    return f->want < f->n ? f->want + 1 : f->n;
}

ritz_status pca_covariance_open(struct pca_fit *f)
{
    return ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->n, values_of(f), 1, &f->V);
}

static ritz_status judge(struct pca_fit *f, double info)
{
    if (info < 0) {
        RITZ_TRY(pca_find_bad_row(f));
        f->overflow = 1; /* finite data, but its squares are not */
    }
    RITZ_REQUIRE(info <= 0, RITZ_ERR_NOT_CONVERGED,
                 "the eigensolver of the covariance matrix did not converge");
    return RITZ_OK;
}

ritz_status pca_covariance_components(struct pca_fit *f, const struct pca_moments *m)
{
    const ritz_dmat G = m->state;
    double info = 0;
    ritz_dmat W, trace, info_d;
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->V.cols, 1, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &trace));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &info_d));
    RITZ_TRY_OUT(ritz_op_col_sums(f->s, pca_diagonal(G), trace)); /* ‖Xc‖_F² */
    RITZ_TRY_OUT(ritz_algo_eigh(f->s, RITZ_LOWER, RITZ_DESCENDING, G, 0, W, f->V, info_d));
    RITZ_TRY_OUT(pca_fetch(f, info_d, &info));
    RITZ_TRY_OUT(pca_fetch(f, trace, &f->sumsq));
    /* Of fewer rows than columns the other values are rounding. */
    const int64_t known = min_i64(W.rows, f->most);
    RITZ_TRY_OUT(pca_fetch(f, ritz_row_range(W, 0, known), f->sigma));
    RITZ_TRY_OUT(judge(f, info));
    if (!f->overflow) pca_roots(f, known);
out:
    ritz_work_release(f->s, mark);
    return rc;
}

ritz_status pca_by_covariance(struct pca_fit *f)
{
    const struct pca_moments kind = pca_moments_kind(f, RITZ_PCA_COVARIANCE);
    struct pca_absorb a;
    RITZ_TRY(pca_covariance_open(f));
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    RITZ_TRY_OUT(pca_take_rows(f, &kind, "covariance", &a));
    RITZ_TRY_OUT(pca_covariance_components(f, &a.m));
out:
    ritz_work_release(f->s, mark);
    return rc;
}
