/* Sums and maxima: a launch that reduces chunks, then one that reduces what they gave.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"

/* One result a column of A (or one an item, for A a single column) in `out`, whose rows lie as
 * those columns. */
static struct cuda_operand as_one_chunk(ritz_dmat out)
{
    struct cuda_operand o = cuda_operand_of(out);
    o.rows = 1;
    o.cols = out.rows;
    o.col_step = o.row_step;
    o.row_step = 0;
    return o;
}

/* Workspace for the results of all chunks: chunks x cols in each item. */
static ritz_status take_partial(ritz_stream *s, int64_t chunks, int64_t cols, int64_t batch,
                                struct cuda_operand *partial)
{
    ritz_dmat P;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, chunks, cols, batch, &P));
    *partial = cuda_operand_of(P);
    return RITZ_OK;
}

/* The whole of each column as one chunk. */
static struct cuda_chunks whole(int64_t rows)
{
    return (struct cuda_chunks){rows, 1, 0};
}

/* ---- columns --------------------------------------------------------------------------------- */

static ritz_status enqueue_sums(ritz_stream *s, enum cuda_summand what, struct cuda_operand a,
                                ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct cuda_operand to = as_one_chunk(out);
    const struct cuda_chunks chunks = cuda_chunks_of(&a);
    struct cuda_operand partial;
    ritz_status rc = RITZ_OK;
    if (cuda_operand_empty(&to)) return RITZ_OK;
    if (a.rows == 0) return cuda_fill(s, 0.0, out);
    CUDA_ENTER(cuda_device_of(s));
    if (chunks.count == 1) return CUDA(launch_col_sums(what, a, chunks, to, cuda_native(s)));
    RITZ_TRY_OUT(take_partial(s, chunks.count, a.cols, a.batch, &partial));
    RITZ_TRY_OUT(CUDA(launch_col_sums(what, a, chunks, partial, cuda_native(s))));
    RITZ_TRY_OUT(
        CUDA(launch_col_sums(CUDA_VALUES, partial, whole(chunks.count), to, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_col_sums(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    return enqueue_sums(s, CUDA_VALUES, cuda_operand_broadcast(A, out.batch), out);
}

ritz_status cuda_col_sumsq(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    return enqueue_sums(s, CUDA_SQUARES, cuda_operand_broadcast(A, out.batch), out);
}

ritz_status cuda_abs_sums(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    return enqueue_sums(s, CUDA_MODULI, cuda_operand_broadcast(A, out.batch), out);
}

/* ---- items ----------------------------------------------------------------------------------- */

typedef ritz_status (*reduction)(struct cuda_operand A, struct cuda_chunks chunks,
                                 struct cuda_operand out, cudaStream_t stream);

static ritz_status sum(struct cuda_operand A, struct cuda_chunks chunks, struct cuda_operand out,
                       cudaStream_t stream)
{
    return CUDA(launch_col_sums(CUDA_VALUES, A, chunks, out, stream));
}

static ritz_status sum_of_squares(struct cuda_operand A, struct cuda_chunks chunks,
                                  struct cuda_operand out, cudaStream_t stream)
{
    return CUDA(launch_sumsq(A, chunks, out, stream));
}

static ritz_status largest(struct cuda_operand A, struct cuda_chunks chunks,
                           struct cuda_operand out, cudaStream_t stream)
{
    return CUDA(launch_max_abs(A, chunks, out, stream));
}

/* `first` makes one number of each chunk of an item, `second` one of those. */
static ritz_status enqueue_items(ritz_stream *s, reduction first, reduction second, ritz_dmat A,
                                 ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct cuda_operand to = as_one_chunk(out);
    struct cuda_operand a = cuda_operand_broadcast(A, out.batch), partial;
    ritz_status rc = RITZ_OK;
    if (cuda_operand_empty(&to)) return RITZ_OK;
    if (cuda_operand_empty(&a)) return cuda_fill(s, 0.0, out);
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(&a, 1);
    cuda_join(&a, 1, 0);
    const struct cuda_chunks chunks = cuda_item_chunks_of(&a);
    if (chunks.count == 1) return first(a, chunks, to, cuda_native(s));
    RITZ_TRY_OUT(take_partial(s, chunks.count, 1, a.batch, &partial));
    RITZ_TRY_OUT(first(a, chunks, partial, cuda_native(s)));
    RITZ_TRY_OUT(second(partial, whole(chunks.count), to, cuda_native(s)));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_sumsq(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    return enqueue_items(s, sum_of_squares, sum, A, out);
}

ritz_status cuda_max_abs(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    return enqueue_items(s, largest, largest, A, out);
}

/* ---- norms ----------------------------------------------------------------------------------- */

ritz_status cuda_frobenius(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct cuda_operand to = as_one_chunk(out);
    struct cuda_operand a = cuda_operand_broadcast(A, out.batch);
    ritz_status rc;
    void *sums;
    if (cuda_operand_empty(&to)) return RITZ_OK;
    if (cuda_operand_empty(&a)) return cuda_fill(s, 0.0, out);
    CUDA_ENTER(cuda_device_of(s));
    cuda_orient(&a, 1);
    cuda_join(&a, 1, 0);
    const struct cuda_chunks chunks = cuda_item_chunks_of(&a);
    RITZ_TRY_OUT(ritz_work_bytes(s, (size_t)(chunks.count * a.batch) * CUDA_NORM_BYTES, &sums));
    RITZ_TRY_OUT(CUDA(launch_norm_sums(a, chunks, sums, cuda_native(s))));
    RITZ_TRY_OUT(CUDA(launch_norms(chunks.count, sums, to, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- norms of inverses ----------------------------------------------------------------------- */

ritz_status cuda_probe_cols(ritz_stream *s, int unit, ritz_dmat scale, ritz_dmat X, ritz_dmat best)
{
    const struct cuda_operand x = cuda_operand_of(X);
    if (cuda_operand_empty(&x)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_probe(unit, cuda_operand_broadcast(scale, X.batch), x, cuda_operand_of(best),
                             cuda_native(s)));
}
