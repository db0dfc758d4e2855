/* An orthonormal basis Q of an approximate range of A, by block Krylov: of all products, not of the
 * last one only.
 *
 *     K = [A Ω, (A Aᵀ) A Ω, .., (A Aᵀ)^q A Ω],  Q = orth(K)
 *
 * l columns in q + 1 blocks of as equal a width as possible, the wider ones first. Where singular
 * values decay slowly, Chebyshev polynomials in A Aᵀ are far better filters than the power of the
 * subspace iteration, for the same number of passes over A.
 *
 * Each block is freed of those before it and orthonormalised before the next product: it spans the
 * same space with them, and no column is lost to rounding. What orthogonality that leaves to be
 * desired (between blocks that depend on each other, where A has a low rank) the last QR
 * factorization gives.
 *
 * Source: Musco and Musco, Randomized block Krylov methods for stronger and faster approximate
 * singular value decomposition, NeurIPS 2015, algorithm 2; Golub, Luk and Overton, A block Lanczos
 * method for computing the singular values, ACM TOMS 7, 1981.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* The width of block j of `blocks` of l columns in all. */
static int64_t block_width(int64_t l, int64_t blocks, int64_t j)
{
    return l / blocks + (j < l % blocks ? 1 : 0);
}

ritz_status ritz_algo_krylov(ritz_stream *s, const ritz_linop *op,
                             const struct ritz_algo_sketch *sketch, ritz_dmat Q, ritz_dmat flags)
{
    const int64_t blocks = ritz_algo_powers_made(sketch, Q.cols) + INT64_C(1);
    int64_t width = block_width(Q.cols, blocks, 0);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Z; /* n x (the first width): Ω at first */
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, width, 1, &Z));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_SKETCH, sketch->seed, Z));
    RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, Z, ritz_cols(Q, 0, width), flags));
    RITZ_TRY_OUT(ritz_algo_orth(s, ritz_cols(Q, 0, width)));
    for (int64_t j = 1, before = 0; j < blocks; j++) {
        const int64_t first = before + width;
        width = block_width(Q.cols, blocks, j);
        const ritz_dmat last = ritz_cols(Q, before, width), next = ritz_cols(Q, first, width);
        const ritz_dmat Zj = ritz_cols(Z, 0, width);
        RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 1, last, Zj, flags));
        RITZ_TRY_OUT(ritz_algo_normalise(s, sketch->normalisation, Zj));
        RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, Zj, next, flags));
        RITZ_TRY_OUT(ritz_algo_project_out(s, ritz_cols(Q, 0, first), next));
        RITZ_TRY_OUT(ritz_algo_orth(s, next));
        before = first;
    }
    if (blocks > 1) RITZ_TRY_OUT(ritz_algo_orth(s, Q));
out:
    ritz_work_release(s, mark);
    return rc;
}
