/* Principal components without squaring: QR of the centred data, one block of rows after the other,
 * then the SVD of R.
 *
 *     [ R               ]
 *     [ rows of a block ]  = Q R_new,    the rows centred as in centred_rows.h
 *
 * the merge of Chan, Golub and LeVeque in square-root form (algorithm of Ross, Lim, Lin, Yang 2008
 * without truncation).
 * Cost: 2(b + n)n² flops a block. Traffic: the data once. No digit is lost to squaring.
 *
 * Data with no more rows than columns is centred into a copy and decomposed at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca.h"

/* The centred data itself, N x n, when it has no more rows than columns. */
static ritz_status centre_copy(struct pca_fit *f, ritz_dmat *Xc)
{
    /* The copy, another one in the SVD, and its vectors. */
    const double copies = 3 * (double)f->N * (double)f->n * (double)ritz_dtype_size(f->dtype);
    ritz_dmat A;
    RITZ_REQUIRE(f->opts.memory == 0 || pca_fits(f, copies), RITZ_ERR_OPTION,
                 "method exact holds data of %" PRId64 " x %" PRId64
                 " whole, which takes more than the %" PRId64
                 " bytes of memory allowed; use method randomized or incremental",
                 f->N, f->n, f->opts.memory);
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_ROW_MAJOR, f->N, f->n, 1, Xc));
    RITZ_TRY(pca_all_rows(f, &A));
    RITZ_TRY(pca_mean(f, A));
    return ritz_op_add_row(f->s, -1.0, f->mean, A, *Xc);
}

ritz_status pca_exact_open(struct pca_fit *f)
{
    return ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->n, f->want, 1, &f->V);
}

/* The verdict on an SVD. */
static ritz_status judge(struct pca_fit *f, double outcome)
{
    if (outcome < 0) RITZ_TRY(pca_find_bad_row(f));
    RITZ_REQUIRE(outcome == 0, RITZ_ERR_NOT_CONVERGED,
                 outcome < 0
                     ? "the centred data overflows %s; scale the features, or compute in float64"
                     : "the singular value decomposition of R did not converge in %s",
                 ritz_dtype_name(f->dtype));
    return RITZ_OK;
}

ritz_status pca_svd_components(struct pca_fit *f, ritz_dmat M)
{
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    double outcome = 0;
    ritz_status rc;
    ritz_dmat S, verdict;
    f->known = min_i64(f->most, min_i64(M.rows, M.cols));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->known, 1, 1, &S));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));
    RITZ_TRY_OUT(ritz_op_fill(f->s, 0.0, verdict));
    RITZ_TRY_OUT(ritz_algo_svd(f->s, M, RITZ_NO_MAT, S, f->V, ritz_row_range(verdict, 0, 1),
                               ritz_row_range(verdict, 1, 1)));
    RITZ_TRY_OUT(pca_fetch(f, ritz_row_range(verdict, 1, 1), &outcome));
    RITZ_TRY_OUT(pca_fetch(f, S, f->sigma));
    RITZ_TRY_OUT(judge(f, outcome));
    f->sumsq = 0;
    for (int64_t i = f->known - 1; i >= 0; i--) f->sumsq += f->sigma[i] * f->sigma[i];
out:
    ritz_work_release(f->s, mark);
    return rc;
}

static ritz_status tall(struct pca_fit *f)
{
    const struct pca_moments kind = pca_moments_kind(f, RITZ_PCA_EXACT);
    struct pca_absorb a;
    RITZ_TRY(pca_take_rows(f, &kind, "qr", &a));
    return pca_svd_components(f, a.m.state);
}

static ritz_status wide(struct pca_fit *f)
{
    ritz_dmat Xc;
    RITZ_TRY(centre_copy(f, &Xc));
    return pca_svd_components(f, Xc);
}

ritz_status pca_by_qr(struct pca_fit *f)
{
    RITZ_TRY(pca_exact_open(f));
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    const ritz_status rc = f->N > f->n ? tall(f) : wide(f);
    ritz_work_release(f->s, mark);
    return rc;
}
