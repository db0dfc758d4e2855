/* SPDX-License-Identifier: Apache-2.0 */
#include "core/composite.h"

#include "core/check.h"
#include "core/hadamard_maps.h"

/* The full product, of which one triangle is taken. */
ritz_status ritz_composite_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A,
                                double beta, ritz_dmat C)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_dmat P;
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, C.layout, C.rows, C.rows, C.batch, &P));
    if (beta != 0) RITZ_TRY_OUT(ritz_op_tri_copy(s, uplo, C, P));
    RITZ_TRY_OUT(ritz_op_gemm(s, alpha, A, ritz_t(A), beta, P));
    RITZ_TRY_OUT(ritz_op_tri_put(s, uplo, P, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* A full product with the triangle T cut out of A. With a unit diagonal, T is the strict triangle
 * (a triangle with its diagonal in the block that is one smaller) and B itself is the rest of it:
 * alpha (T + I) B = alpha T B + alpha B. */
ritz_status ritz_composite_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag,
                                double alpha, ritz_dmat A, ritz_dmat B)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = A.rows;
    const int left = side == RITZ_LEFT, lower = uplo == RITZ_LOWER, unit = diag == RITZ_UNIT;
    ritz_dmat T, P;
    if (alpha == 0.0) return ritz_op_fill(s, 0.0, B);
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, A.layout, n, n, A.batch, &T));
    RITZ_TRY_OUT(ritz_work_dmat(s, B.dtype, B.layout, B.rows, B.cols, B.batch, &P));
    if (unit) {
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, T));
        RITZ_TRY_OUT(ritz_op_tri_copy(s, uplo, ritz_block(A, lower, !lower, n - 1, n - 1),
                                      ritz_block(T, lower, !lower, n - 1, n - 1)));
    } else {
        RITZ_TRY_OUT(ritz_op_tri_copy(s, uplo, A, T));
    }
    RITZ_TRY_OUT(ritz_op_copy(s, B, P));
    RITZ_TRY_OUT(ritz_op_gemm(s, alpha, left ? T : P, left ? P : T, unit ? alpha : 0.0, B));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_composite_gemm_grouped(ritz_stream *s, int64_t count, double alpha,
                                        const ritz_dmat *A, const ritz_dmat *B, double beta,
                                        const ritz_dmat *C)
{
    for (int64_t i = 0; i < count; i++) {
        if (!ritz_empty(C[i])) RITZ_TRY(ritz_op_gemm(s, alpha, A[i], B[i], beta, C[i]));
    }
    return RITZ_OK;
}

/* Rows whose products are summed in the type of the matrix; the sums of such chunks are added in
 * float64. Long sums would show in the orthogonality of a tall QR. Never fewer rows than columns:
 * the Gram matrices of the chunks need no more room than the matrix. */
static int64_t gram_chunk(int64_t n)
{
    return n > 512 ? n : 512;
}

/* G = WᵀW: the Gram matrices P_b of all chunks of `rows` rows in two products, then their sum. */
static ritz_status gram_by_chunks(ritz_stream *s, ritz_dmat W, int64_t rows, ritz_dmat G)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = W.cols, full = W.rows / rows;
    const int64_t chunks = full + (W.rows % rows != 0);
    const int64_t step = W.layout == RITZ_ROW_MAJOR ? rows * W.ld : rows;
    const ritz_dmat body = ritz_batched(ritz_row_range(W, 0, rows), full, step);
    const ritz_dmat tail = ritz_row_range(W, full * rows, W.rows - full * rows);
    ritz_dmat P, sum;
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, n, chunks, &P));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n * n, 1, 1, &sum));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(body), body, 0.0, ritz_batch_range(P, 0, full)));
    if (tail.rows > 0)
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(tail), tail, 0.0, ritz_item(P, full)));

    ritz_dmat flat = P; /* a chunk a row */
    flat.rows = chunks;
    flat.cols = flat.ld = flat.batch_stride = n * n;
    flat.layout = RITZ_ROW_MAJOR;
    flat.batch = 1;
    RITZ_TRY_OUT(ritz_op_col_sums(s, flat, sum));
    sum.rows = sum.cols = sum.ld = n;
    RITZ_TRY_OUT(ritz_op_copy(s, sum, G));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The lower triangle of G = WᵀW. Whoever copies or adds such matrices takes both triangles: the
 * other one must hold numbers. */
static ritz_status gram(ritz_stream *s, ritz_dmat W, ritz_dmat G)
{
    RITZ_TRY(ritz_op_fill(s, 0.0, G));
    return ritz_op_syrk(s, RITZ_LOWER, 1.0, ritz_t(W), 0.0, G);
}

/* X = A R⁻¹ in X, or in a copy of A if only G is wanted. */
ritz_status ritz_composite_solve_gram(ritz_stream *s, ritz_dmat R, ritz_dmat A, ritz_dmat X,
                                      ritz_dmat G)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_dmat W = X;
    if (!ritz_present(X)) RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, 1, &W));
    if (W.data != A.data) RITZ_TRY_OUT(ritz_op_copy(s, A, W));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_RIGHT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, R, W));
    if (ritz_present(G) && W.rows > gram_chunk(W.cols))
        RITZ_TRY_OUT(gram_by_chunks(s, W, gram_chunk(W.cols), G));
    else if (ritz_present(G))
        RITZ_TRY_OUT(gram(s, W, G));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_composite_residual(ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat B,
                                    ritz_dmat R, ritz_dmat G, ritz_dmat norms)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_dmat W = R, squares;
    if (!ritz_present(R)) RITZ_TRY_OUT(ritz_work_dmat(s, B.dtype, B.layout, B.rows, B.cols, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, B.cols, 1, 1, &squares));
    if (W.data != B.data) RITZ_TRY_OUT(ritz_op_copy(s, B, W));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, A, X, 1.0, W));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(A), W, 1.0, G));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, W, squares));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, squares, 1.0, norms));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* C = op(Q) C with Q formed as a square matrix. */
ritz_status ritz_composite_ormqr(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                                 ritz_dmat C)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t m = C.rows, r = tau.rows;
    ritz_dmat Q, B;
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, m, m, C.batch, &Q));
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, m, C.cols, C.batch, &B));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, Q));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(ritz_cols(A, 0, r), C.batch), ritz_cols(Q, 0, r)));
    RITZ_TRY_OUT(ritz_op_orgqr(s, Q, ritz_broadcast(tau, C.batch)));
    RITZ_TRY_OUT(ritz_op_copy(s, C, B));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, which == RITZ_APPLY_Q ? Q : ritz_t(Q), B, 0.0, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The longest sum that float32 may carry (the contract of moments_merge), and the room for a block
 * of rows. */
enum { FLOAT_ROWS = 512, MERGE_BYTES = 32 << 20 };

/* Merge one block: with d the difference of the means of the block (b rows) and of what came before
 * (c rows),
 *   G += (B - 1 m_Bᵀ)ᵀ (B - 1 m_Bᵀ) + c b / (c + b) d dᵀ,   mean += b / (c + b) d
 * (Chan, Golub, LeVeque 1983, formula 2.1). */
static ritz_status merge_block(ritz_stream *s, ritz_dtype compute, int64_t count, ritz_dmat A,
                               ritz_dmat mean, ritz_dmat G)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = A.cols;
    const double c = (double)count, b = (double)A.rows;
    ritz_dmat B, P = G, d;
    RITZ_TRY_OUT(ritz_work_dmat(s, compute, RITZ_ROW_MAJOR, A.rows, n, 1, &B));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, 1, 1, &d));
    if (count > 0) RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, n, 1, &P));

    RITZ_TRY_OUT(ritz_op_col_sums(s, A, d));
    RITZ_TRY_OUT(ritz_op_scale(s, 1.0 / b, d)); /* the block's mean */
    RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, d, A, B));
    if (compute == RITZ_F32)
        RITZ_TRY_OUT(gram_by_chunks(s, B, B.rows < FLOAT_ROWS ? B.rows : FLOAT_ROWS, P));
    else
        RITZ_TRY_OUT(gram(s, B, P));
    if (count == 0) {
        RITZ_TRY_OUT(ritz_op_copy(s, d, mean));
        goto out;
    }
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, P, 1.0, G));
    RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, mean, 1.0, d));
    RITZ_TRY_OUT(ritz_op_syrk(s, RITZ_LOWER, c * b / (c + b), d, 1.0, G));
    RITZ_TRY_OUT(ritz_op_axpby(s, b / (c + b), d, 1.0, mean));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Rows whose centred copy, and whose Gram matrices by chunks, take up to MERGE_BYTES each: so many
 * that a GPU does not wait for launches. */
static int64_t merge_rows(ritz_dtype compute, int64_t n)
{
    const int64_t size = (int64_t)ritz_dtype_size(compute);
    const int64_t wide = n > FLOAT_ROWS ? n : FLOAT_ROWS; /* n x n for each FLOAT_ROWS rows */
    const int64_t chunks = n > 0 ? MERGE_BYTES / size / n / wide : 1;
    return chunks < 1 ? FLOAT_ROWS : chunks * FLOAT_ROWS;
}

ritz_status ritz_composite_moments_merge(ritz_stream *s, ritz_dtype compute, int64_t count,
                                         ritz_dmat A, ritz_dmat mean, ritz_dmat G)
{
    const int64_t step = merge_rows(compute, A.cols);
    for (int64_t i = 0; i < A.rows; i += step) {
        const int64_t rows = A.rows - i < step ? A.rows - i : step;
        RITZ_TRY(merge_block(s, compute, count + i, ritz_row_range(A, i, rows), mean, G));
    }
    return RITZ_OK;
}

/* The sketch in tiles of its columns, each multiplied as a dense matrix. */
ritz_status ritz_composite_hadamard_rows(ritz_stream *s, uint64_t seed, uint32_t word, ritz_dmat A,
                                         ritz_dmat SA)
{
    ritz_status rc = RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t most = 512, step = A.rows < most ? A.rows : most;
    const int bits = ritz_hadamard_bits(A.rows);
    ritz_dmat tile;
    if (A.rows == 0) return ritz_op_fill(s, 0.0, SA);
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, SA.rows, step, 1, &tile));
    for (int64_t j = 0; j < A.rows; j += step) {
        const int64_t rows = A.rows - j < step ? A.rows - j : step;
        const ritz_dmat S = ritz_cols(tile, 0, rows);
        RITZ_TRY_OUT(ritz_op_hadamard_fill(s, seed, word, bits, SA.rows, 0, j, S));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, S, ritz_row_range(A, j, rows), j == 0 ? 0.0 : 1.0, SA));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
