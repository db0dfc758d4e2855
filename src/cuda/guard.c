/* Keeping non-finite items away from routines that could hang, and reporting failures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cuda/cuda.h"
#include "cuda/kernels.h"

/* A vector with one entry an item as a 1 x 1 matrix in each item. */
static struct cuda_operand by_item(ritz_dmat vector)
{
    struct cuda_operand o = cuda_operand_of(vector);
    o.batch = o.rows;
    o.batch_step = o.row_step;
    o.rows = 1;
    return o;
}

/* The region of A, turned so that columns are contiguous. */
static struct cuda_operand oriented(ritz_dmat A, ritz_uplo *part)
{
    struct cuda_operand a = cuda_operand_of(A);
    if (cuda_orient(&a, 1)) *part = cuda_part_of_transpose(*part);
    if (*part == RITZ_BOTH) cuda_join(&a, 1, 0);
    return a;
}

/* bad_b = 1 and flags_b = 1 where item b is bad, else bad_b = 0. An item of several chunks takes a
 * second launch. */
static ritz_status enqueue_search(ritz_stream *s, ritz_uplo part, struct cuda_operand a,
                                  ritz_dmat bad, ritz_dmat flags)
{
    const struct cuda_chunks chunks = cuda_item_chunks_of(&a);
    const struct cuda_operand no_flags = {.p = NULL};
    ritz_dmat some;
    if (chunks.count == 1)
        return CUDA(launch_find_bad(part, a, chunks, by_item(bad), by_item(flags), cuda_native(s)));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, chunks.count, 1, a.batch, &some));
    RITZ_TRY(
        CUDA(launch_find_bad(part, a, chunks, cuda_operand_of(some), no_flags, cuda_native(s))));
    return CUDA(
        launch_any_bad(cuda_operand_of(some), by_item(bad), by_item(flags), cuda_native(s)));
}

ritz_status cuda_finite_guard(ritz_stream *s, ritz_uplo part, ritz_dmat A, ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct cuda_operand a = oriented(A, &part);
    ritz_dmat bad;
    ritz_status rc = RITZ_OK;
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.batch, 1, 1, &bad));
    RITZ_TRY_OUT(enqueue_search(s, part, a, bad, flags));
    RITZ_TRY_OUT(CUDA(launch_fill_flagged(part, 0.0, bad.data, 1, a, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_poison(ritz_stream *s, ritz_uplo part, ritz_dmat flags, ritz_dmat A)
{
    const struct cuda_operand a = oriented(A, &part);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_fill_flagged(part, (double)NAN, flags.data, cuda_row_step(flags), a,
                                    cuda_native(s)));
}

ritz_status cuda_info_merge(ritz_stream *s, ritz_dmat flags, ritz_dmat info)
{
    struct cuda_operand a[] = {cuda_operand_of(info), cuda_operand_of(flags)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_info_merge(a[1], a[0], cuda_native(s)));
}

ritz_status cuda_info_report(ritz_stream *s, ritz_status code, ritz_dmat info)
{
    const struct cuda_operand a = cuda_operand_of(info);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_info_report(a, code, RITZ_ERR_NOT_FINITE, s->ticket, cuda_stream_of(s)->word,
                                   cuda_native(s)));
}
