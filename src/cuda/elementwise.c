/* Elementwise operations and copies.
 *
 * Each lays out its operands as views of one shape, turned so that the columns of the target are
 * contiguous and joined where nothing depends on the indices; then it launches one kernel.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"

/* ---- copies ---------------------------------------------------------------------------------- */

static ritz_status enqueue_copy(ritz_stream *s, struct cuda_operand from, struct cuda_operand to)
{
    struct cuda_operand a[] = {to, from};
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(a, 2);
    cuda_join(a, 2, 1);
    return CUDA(launch_copy(a[1], a[0], cuda_native(s)));
}

ritz_status cuda_copy(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    const struct cuda_operand to = cuda_operand_of(B);
    if (cuda_operand_empty(&to)) return RITZ_OK;
    return enqueue_copy(s, cuda_operand_broadcast(A, B.batch), to);
}

ritz_status cuda_flip_cols(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    const struct cuda_operand to = cuda_operand_of(B);
    struct cuda_operand from = cuda_operand_broadcast(A, B.batch);
    if (cuda_operand_empty(&to)) return RITZ_OK;
    from.p = (char *)from.p + (from.cols - 1) * from.col_step * (int64_t)cuda_size(from.dtype);
    from.col_step = -from.col_step;
    return enqueue_copy(s, from, to);
}

/* ---- filling --------------------------------------------------------------------------------- */

ritz_status cuda_fill(ritz_stream *s, double value, ritz_dmat A)
{
    struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(&a, 1);
    cuda_join(&a, 1, 1);
    return CUDA(launch_fill(value, a, cuda_native(s)));
}

ritz_status cuda_set_identity(ritz_stream *s, ritz_dmat A)
{
    struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(&a, 1);
    return CUDA(launch_identity(a, cuda_native(s)));
}

/* ---- sums and multiples ---------------------------------------------------------------------- */

ritz_status cuda_scale(ritz_stream *s, double alpha, ritz_dmat A)
{
    if (alpha == 0) return cuda_fill(s, 0.0, A);
    if (alpha == 1) return RITZ_OK;
    return cuda_axpby(s, alpha, A, 0.0, A);
}

ritz_status cuda_axpby(ritz_stream *s, double alpha, ritz_dmat A, double beta, ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_broadcast(A, B.batch)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(a, 2);
    cuda_join(a, 2, 1);
    return CUDA(launch_axpby(alpha, a[1], beta, a[0], cuda_native(s)));
}

ritz_status cuda_scale_cols(ritz_stream *s, int divide, ritz_dmat d, ritz_dmat A, ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_broadcast(A, B.batch),
                               cuda_operand_of(d)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    a[2] = cuda_operand_of_row(d, &a[0]);
    cuda_orient(a, 3);
    return CUDA(launch_scale_cols(divide, a[2], a[1], a[0], cuda_native(s)));
}

ritz_status cuda_add_row(ritz_stream *s, double alpha, ritz_dmat row, ritz_dmat A, ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_broadcast(A, B.batch),
                               cuda_operand_of(row)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    a[2] = cuda_operand_of_row(row, &a[0]);
    cuda_orient(a, 3);
    return CUDA(launch_add_row(alpha, a[2], a[1], a[0], cuda_native(s)));
}

/* ---- triangles and diagonals ----------------------------------------------------------------- */

ritz_status cuda_mirror(ritz_stream *s, ritz_uplo uplo, ritz_dmat A)
{
    const struct cuda_operand to = cuda_operand_of(A);
    struct cuda_operand a[] = {to, cuda_operand_transposed(to)};
    ritz_uplo part = cuda_part_of_transpose(uplo);
    if (cuda_operand_empty(&to)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    if (cuda_orient(a, 2)) part = cuda_part_of_transpose(part);
    return CUDA(launch_put(part, 1, a[1], a[0], cuda_native(s)));
}

/* With `alone` nothing but the triangle is written. */
static ritz_status copy_triangle(ritz_stream *s, int alone, ritz_uplo uplo, ritz_dmat A,
                                 ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_broadcast(A, B.batch)};
    ritz_uplo part = uplo;
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    if (cuda_orient(a, 2)) part = cuda_part_of_transpose(part);
    if (alone) return CUDA(launch_put(part, 0, a[1], a[0], cuda_native(s)));
    return CUDA(launch_triangle(part, a[1], a[0], cuda_native(s)));
}

ritz_status cuda_tri_copy(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B)
{
    return copy_triangle(s, 0, uplo, A, B);
}

ritz_status cuda_tri_put(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B)
{
    return copy_triangle(s, 1, uplo, A, B);
}

ritz_status cuda_diag_signs(ritz_stream *s, ritz_dmat R, ritz_dmat d)
{
    const struct cuda_operand to = cuda_operand_of(d);
    struct cuda_operand diagonal = cuda_operand_diagonal(R);
    if (cuda_operand_empty(&to)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    diagonal.batch = d.batch;
    return CUDA(launch_signs(diagonal, to, cuda_native(s)));
}

ritz_status cuda_shift_diag(ritz_stream *s, ritz_dmat shift, ritz_dmat A)
{
    struct cuda_operand diagonal = cuda_operand_diagonal(A), by = cuda_operand_of(shift);
    if (cuda_operand_empty(&diagonal)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    by.batch_step = by.row_step;
    by.row_step = 0;
    return CUDA(launch_shift(by, diagonal, cuda_native(s)));
}

/* ---- gathering ------------------------------------------------------------------------------- */

static ritz_status permute(ritz_stream *s, int back, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_broadcast(A, B.batch),
                               cuda_operand_of(index)};
    if (back) a[0].cols = A.cols; /* as many of B's as are written */
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    a[2] = cuda_operand_of_row(index, &a[0]);
    const int turned = cuda_orient(a, 3);
    if (back) return CUDA(launch_scatter(turned, a[2], a[1], a[0], cuda_native(s)));
    return CUDA(launch_gather(turned, a[2], a[1], a[0], cuda_native(s)));
}

ritz_status cuda_gather_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    return permute(s, 0, index, A, B);
}

ritz_status cuda_scatter_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    return permute(s, 1, index, A, B);
}

/* ---- signs ----------------------------------------------------------------------------------- */

/* `chosen` for every column of every item, in place of the columns of A. */
static ritz_status enqueue_flip(ritz_stream *s, void *chosen, ritz_dmat A)
{
    struct cuda_operand a[] = {cuda_operand_of(A), cuda_operand_of(A)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    a[1].p = chosen;
    a[1].row_step = 0;
    a[1].col_step = 1;
    a[1].batch_step = A.cols;
    cuda_orient(a, 2);
    return CUDA(launch_flip_signs(a[1], a[0], cuda_native(s)));
}

ritz_status cuda_sign_cols(ritz_stream *s, ritz_dmat V, ritz_dmat U)
{
    const struct cuda_operand v = cuda_operand_of(V);
    const struct cuda_chunks chunks = cuda_chunks_of(&v);
    const size_t columns = (size_t)V.cols * (size_t)V.batch;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    void *signs, *chosen;
    if (cuda_operand_empty(&v)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    RITZ_TRY_OUT(ritz_work_bytes(s, columns * (size_t)chunks.count * SIGN_BYTES, &signs));
    chosen = signs;
    RITZ_TRY_OUT(CUDA(launch_find_signs(v, chunks, signs, cuda_native(s))));
    if (chunks.count > 1) {
        RITZ_TRY_OUT(ritz_work_bytes(s, columns * SIGN_BYTES, &chosen));
        RITZ_TRY_OUT(CUDA(
            launch_choose_signs(chunks.count, V.cols, V.batch, signs, chosen, cuda_native(s))));
    }
    RITZ_TRY_OUT(enqueue_flip(s, chosen, V));
    if (U.device != NULL) RITZ_TRY_OUT(enqueue_flip(s, chosen, U));
out:
    ritz_work_release(s, mark);
    return rc;
}
