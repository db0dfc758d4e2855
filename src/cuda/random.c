/* Random matrices, and products with them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"
#include "cuda/thresholds.h"

ritz_status cuda_random_fill(ritz_stream *s, ritz_distribution dist, uint64_t seed, uint32_t word,
                             int64_t row0, int64_t col0, ritz_dmat A)
{
    const struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_random(dist, seed, word, row0, col0, a, cuda_native(s)));
}

ritz_status cuda_sketch_fill(ritz_stream *s, uint64_t seed, uint32_t word, int nonzeros, int64_t d,
                             int64_t row0, int64_t col0, ritz_dmat A)
{
    struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    const int turned = cuda_orient(&a, 1);
    return CUDA(launch_sketch_fill(seed, word, nonzeros, d / nonzeros, row0, col0, turned, a,
                                   cuda_native(s)));
}

/* How the rows of A are cut: from the shapes alone, as sums depend on it. A chunk has several times
 * the rows of the sketch, so that what the chunks give is little beside A. */
static void cut_rows(int64_t rows, int64_t sketch_rows, struct cuda_sketch *k)
{
    enum { ROWS = 1024, TIMES = 4, CHUNKS = 64, UNIT = 32 };
    int64_t size = TIMES * sketch_rows > ROWS ? TIMES * sketch_rows : ROWS;
    if (size < rows / CHUNKS + 1) size = rows / CHUNKS + 1;
    k->chunk_rows = (size + UNIT - 1) / UNIT * UNIT;
    k->chunks = (rows + k->chunk_rows - 1) / k->chunk_rows;
}

ritz_status cuda_sketch_rows(ritz_stream *s, uint64_t seed, uint32_t word, int nonzeros,
                             int64_t row0, ritz_dmat A, ritz_dmat SA)
{
    const struct cuda_operand a = cuda_operand_of(A), to = cuda_operand_of(SA);
    if (cuda_operand_empty(&a) || cuda_operand_empty(&to)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    struct cuda_sketch k = {.seed = seed,
                            .word = word,
                            .nonzeros = nonzeros,
                            .row0 = row0,
                            .shared_bytes = CUDA_SKETCH_BYTES};
    cut_rows(a.rows, to.rows, &k);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *partial;
    RITZ_TRY_OUT(
        ritz_work_bytes(s, (size_t)(k.chunks * to.rows * to.cols) * cuda_size(A.dtype), &partial));
    RITZ_TRY_OUT(CUDA(launch_sketch(&k, a, partial, to, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}
