/* Principal components of few rows with many columns, from the Gram matrix of the rows.
 *
 *     K = Xc Xcᵀ,  K U = U diag(σ²),  V = Xcᵀ U diag(1/σ)
 *
 * K is N x N however many columns there are. V is orthonormalised once more, because the division
 * by small σ enlarges
 * rounding. The same limit holds as for the covariance matrix.
 *
 * Source: Jolliffe, Principal Component Analysis, 2nd ed. 2002, section 3.5 (duality).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca.h"

/* The longest sum of products that float32 carries before it is added up in float64. */
enum { COLUMNS = 512 };

/* K += C Cᵀ over blocks C of columns of Xc, products in T, sums of blocks in float64. */
static ritz_status accumulate(struct pca_fit *f, ritz_dmat A, ritz_dmat K)
{
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat C, P, P64;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->N, COLUMNS, 1, &C));
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->N, f->N, 1, &P));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, f->N, f->N, 1, &P64));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, K));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, P));
    for (int64_t j = 0; j < f->n; j += COLUMNS) {
        const int64_t width = f->n - j < COLUMNS ? f->n - j : COLUMNS;
        const ritz_dmat block = ritz_cols(C, 0, width);
        RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, ritz_row_range(f->mean, j, width),
                                     ritz_cols(A, j, width), block));
        RITZ_TRY_OUT(ritz_op_syrk(s, RITZ_LOWER, 1.0, block, 0.0, P));
        RITZ_TRY_OUT(ritz_op_copy(s, P, P64));
        RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, P64, 1.0, K));
        RITZ_TRY_OUT(pca_progress(f, "gram", f->N * (j + width) / f->n));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* V = orth(Xcᵀ U diag(1/σ)). */
static ritz_status right_vectors(struct pca_fit *f, ritz_dmat A, ritz_dmat U64, ritz_dmat sigma,
                                 ritz_dmat V)
{
    ritz_stream *s = f->s;
    const ritz_linop Xc = {.kind = RITZ_LINOP_CENTRED,
                           .dtype = f->dtype,
                           .rows = f->N,
                           .cols = f->n,
                           .A = A,
                           .mean = f->mean};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat U;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->N, V.cols, 1, &U));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(U64, 0, V.cols), U));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, &Xc, 1, U, V));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, ritz_row_range(sigma, 0, V.cols), V, V));
    RITZ_TRY_OUT(ritz_algo_orth(s, V));
    RITZ_TRY_OUT(ritz_op_sign_cols(s, V, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status pca_by_dual(struct pca_fit *f)
{
    const int64_t count = f->want < f->N ? f->want + 1 : f->N;
    double info = 0;
    ritz_dmat A, K, W, U, sigma, info_d;
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->n, f->want, 1, &f->V));

    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc = RITZ_OK;
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->N, f->N, 1, &K));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->N, count, 1, &U));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, f->N, 1, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, count, 1, 1, &sigma));
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &info_d));
    RITZ_TRY_OUT(pca_all_rows(f, &A));
    RITZ_TRY_OUT(pca_mean(f, A));
    RITZ_TRY_OUT(accumulate(f, A, K));
    RITZ_TRY_OUT(ritz_op_col_sums(f->s, pca_diagonal(K), ritz_row_range(W, 0, 1)));
    RITZ_TRY_OUT(pca_fetch(f, ritz_row_range(W, 0, 1), &f->sumsq));
    RITZ_TRY_OUT(ritz_algo_eigh(f->s, RITZ_LOWER, RITZ_DESCENDING, K, 0,
                                ritz_row_range(W, 0, count), U, info_d));
    RITZ_TRY_OUT(pca_fetch(f, info_d, &info));
    RITZ_TRY_OUT(pca_fetch(f, ritz_row_range(W, 0, count), f->sigma));
    if (info < 0) {
        RITZ_TRY_OUT(pca_find_bad_row(f));
        f->overflow = 1;
        goto out;
    }
    if (info > 0) {
        rc = ritz_fail(RITZ_ERR_NOT_CONVERGED,
                       "the eigensolver of the Gram matrix did not converge");
        goto out;
    }
    pca_roots(f, count);
    RITZ_TRY_OUT(
        ritz_upload(f->s, ritz_hmat_wrap(f->sigma, RITZ_F64, count, 1, RITZ_COL_MAJOR), sigma));
    RITZ_TRY_OUT(right_vectors(f, A, U, sigma, f->V));
out:
    ritz_work_release(f->s, mark);
    return rc;
}
