/* Reductions of the columns of matrices, chunk by chunk.
 *
 * What is reduced, and how, is said by a plain struct Op:
 *
 *     typedef ... result;                            plain; what the elements of a chunk come to
 *     result none() const                            of no elements
 *     result load(place) const                       of one element
 *     result merge(result, result) const             of both; commutative to the bit
 *     result swap(result, int bit) const             with the lane whose number differs by that bit
 *     void store(place, result) const                of chunk i of column j
 *
 * The order in which results are merged follows from the shape and layout alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_COLUMNS_CUH
#define RITZ_CUDA_COLUMNS_CUH

#include "cuda/sweep.cuh"

namespace
{

constexpr int REDUCE_THREADS = 256;
constexpr int REDUCE_EACH = 4; /* elements that a thread reads at a time */
constexpr int64_t REDUCE_BLOCKS = 4096;

struct column_chunks {
    int64_t rows, cols, batch;
    int64_t chunk_rows, chunks;
    int64_t strips; /* of columns that are reduced side by side, in an item */
    int64_t units;  /* what the groups of threads are given: batch * strips * chunks */
    int width;      /* log2 of the threads side by side */
};

/* Rows first, first + step, ... below end. */
template <typename Op>
__device__ inline typename Op::result reduce_rows(const Op &op, int64_t item, int64_t j,
                                                  int64_t first, int64_t end, int64_t step)
{
    typename Op::result sum = op.none();
    for (int64_t i = first; i < end; i += REDUCE_EACH * step) {
        typename Op::result part[REDUCE_EACH];
        RITZ_UNROLL
        for (int k = 0; k < REDUCE_EACH; k++) {
            const place at = {item, i + k * step, j};
            part[k] = at.i < end ? op.load(at) : op.none();
        }
        RITZ_UNROLL
        for (int k = 0; k < REDUCE_EACH; k++) sum = op.merge(sum, part[k]);
    }
    return sum;
}

__device__ inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- columns that are contiguous, or tiny ---------------------------------------------------- */

/* A group of 2^width threads, from one to the whole block, reduces a chunk. */
template <typename Op>
__global__ RITZ_BLOCK(REDUCE_THREADS) void reduce_down(const column_chunks c, const Op op)
{
    RITZ_SHARED(typename Op::result, of_warp, [REDUCE_THREADS / RITZ_WARP]);
    const int width = 1 << c.width, groups = REDUCE_THREADS >> c.width;
    const int thread = static_cast<int>(threadIdx.x);
    const int lane = thread & (width - 1);
    for (int64_t first = static_cast<int64_t>(blockIdx.x) * groups; first < c.units;
         first += static_cast<int64_t>(gridDim.x) * groups) {
        const int64_t unit = first + (thread >> c.width);
        const int64_t line = unit / c.chunks;
        place at;
        at.i = unit - line * c.chunks;
        at.item = line / c.cols;
        at.j = line - at.item * c.cols;
        const int64_t begin = at.i * c.chunk_rows;
        const int64_t end = unit < c.units ? smaller(begin + c.chunk_rows, c.rows) : begin;
        typename Op::result sum = reduce_rows(op, at.item, at.j, begin + lane, end, width);
        for (int bit = (width < RITZ_WARP ? width : RITZ_WARP) / 2; bit > 0; bit /= 2)
            sum = op.merge(sum, op.swap(sum, bit));
        if (width > RITZ_WARP) {
            __syncthreads();
            if (thread % RITZ_WARP == 0) of_warp[thread / RITZ_WARP] = sum;
            __syncthreads();
            for (int k = 1; lane == 0 && k < width / RITZ_WARP; k++)
                sum = op.merge(sum, of_warp[thread / RITZ_WARP + k]);
        }
        if (lane == 0 && unit < c.units) op.store(at, sum);
    }
}

/* ---- rows that are contiguous ---------------------------------------------------------------- */

/* A block reduces a chunk of 2^width columns, at most a warp's width: neighbouring threads are in
 * neighbouring columns. */
template <typename Op>
__global__ RITZ_BLOCK(REDUCE_THREADS) void reduce_across(const column_chunks c, const Op op)
{
    RITZ_SHARED(typename Op::result, of_thread, [REDUCE_THREADS]);
    const int width = 1 << c.width;
    const int thread = static_cast<int>(threadIdx.x);
    const int x = thread & (width - 1), y = thread >> c.width;
    for (int64_t unit = blockIdx.x; unit < c.units; unit += gridDim.x) {
        const int64_t strip = unit / c.chunks;
        place at;
        at.i = unit - strip * c.chunks;
        at.item = strip / c.strips;
        at.j = (strip - at.item * c.strips) * width + x;
        const int64_t begin = at.i * c.chunk_rows;
        const int64_t end = at.j < c.cols ? smaller(begin + c.chunk_rows, c.rows) : begin;
        typename Op::result sum =
            reduce_rows(op, at.item, at.j, begin + y, end, REDUCE_THREADS >> c.width);
        __syncthreads();
        of_thread[thread] = sum;
        for (int half = REDUCE_THREADS / 2; half >= width; half /= 2) {
            __syncthreads();
            if (thread < half) of_thread[thread] = sum = op.merge(sum, of_thread[thread + half]);
        }
        if (y == 0 && at.j < c.cols) op.store(at, sum);
    }
}

/* ---- launches -------------------------------------------------------------------------------- */

/* log2 of the threads that share a chunk of so many rows: a warp at most, unless each would have
 * much to do. */
inline int log2_threads(int64_t rows)
{
    int width = log2_ceil(rows, 5);
    while (width < 8 && rows > INT64_C(16) << width) width++;
    return width;
}

inline dim3 reduce_blocks(int64_t blocks)
{
    return dim3(static_cast<unsigned>(blocks < REDUCE_BLOCKS ? blocks : REDUCE_BLOCKS));
}

inline column_chunks column_chunks_of(const cuda_operand &a, const cuda_chunks &chunks)
{
    column_chunks c;
    c.rows = a.rows;
    c.cols = a.cols;
    c.batch = a.batch;
    c.chunk_rows = chunks.rows;
    c.chunks = chunks.count;
    return c;
}

template <typename Op>
inline cudaError_t launch_reduce_down(const Op &op, const cuda_operand &a,
                                      const cuda_chunks &chunks, cudaStream_t stream)
{
    column_chunks c = column_chunks_of(a, chunks);
    c.width = log2_threads(c.rows < c.chunk_rows ? c.rows : c.chunk_rows);
    c.strips = c.cols;
    c.units = c.batch * c.strips * c.chunks;
    const dim3 grid = reduce_blocks(pieces(c.units, REDUCE_THREADS >> c.width));
    return RITZ_LAUNCH((reduce_down<Op>), grid, dim3(REDUCE_THREADS), 0, stream, c, op);
}

template <typename Op>
inline cudaError_t launch_reduce(const Op &op, const cuda_operand &a, const cuda_chunks &chunks,
                                 cudaStream_t stream)
{
    if (!chunks.across) return launch_reduce_down(op, a, chunks, stream);
    column_chunks c = column_chunks_of(a, chunks);
    c.width = log2_ceil(c.cols, 5);
    c.strips = pieces(c.cols, INT64_C(1) << c.width);
    c.units = c.batch * c.strips * c.chunks;
    return RITZ_LAUNCH((reduce_across<Op>), reduce_blocks(c.units), dim3(REDUCE_THREADS), 0, stream,
                       c, op);
}

/* ---- all columns of an item, one below the other --------------------------------------------- */

/* Op sees the elements of a matrix of `rows` rows as a single column. */
template <typename Op> struct folded {
    typedef typename Op::result result;
    int64_t rows;
    Op op;

    __device__ result none() const
    {
        return op.none();
    }
    __device__ result load(const place &x) const
    {
        const int64_t j = x.i / rows;
        return op.load({x.item, x.i - j * rows, j});
    }
    __device__ result merge(result a, result b) const
    {
        return op.merge(a, b);
    }
    __device__ result swap(result a, int bit) const
    {
        return op.swap(a, bit);
    }
    __device__ void store(const place &x, result a) const
    {
        op.store(x, a);
    }
};

template <typename Op>
inline cudaError_t launch_reduce_items(const Op &op, const cuda_operand &a,
                                       const cuda_chunks &chunks, cudaStream_t stream)
{
    if (a.cols == 1) return launch_reduce_down(op, a, chunks, stream);
    cuda_operand column = a;
    column.rows = a.rows * a.cols;
    column.cols = 1;
    return launch_reduce_down(folded<Op>{a.rows, op}, column, chunks, stream);
}

} // namespace

#endif
