/* Products of a sparse matrix, stored by rows, with a block of vectors.
 *
 * A line is a row of A, or a part of a row that is long; parts go to the workspace and are joined
 * in their order afterwards. A line is summed by one group of threads: for one vector they share
 * its elements (Bell and Garland, "Implementing sparse matrix-vector multiplication on
 * throughput-oriented processors", SC 2009, section 4.2), and add up by a fixed tree; for several
 * vectors each thread has a column of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"
#include "cuda/tile.cuh"

namespace
{

constexpr int CSR_THREADS = 256;
constexpr int CSR_LINES = 32; /* of a tile */

/* The lines of one launch and where their sums go: y(line, j), scaled, on top of beta y. */
template <typename T> struct csr_lines {
    const int64_t *offsets;
    const int64_t *parts; /* NULL: the lines are rows, and long ones are left out */
    const int32_t *indices;
    const T *values;
    int64_t lines, part;
    int64_t cols, col_tiles;
    elements<const T> X;
    elements<T> Y;
    T alpha, beta;
    bool keep; /* beta is not 0 */
};

/* The elements begin .. end-1 of a line; false: it is left out. */
template <typename T>
__device__ inline bool find_line(const csr_lines<T> &q, int64_t line, int64_t &begin, int64_t &end)
{
    begin = end = 0;
    if (line >= q.lines) return false;
    if (q.parts != nullptr) {
        begin = q.parts[2 * line + 1];
        end = min(begin + q.part, q.offsets[q.parts[2 * line] + 1]);
        return true;
    }
    const int64_t first = q.offsets[line], last = q.offsets[line + 1];
    if (last - first > q.part) return false;
    begin = first;
    end = last;
    return true;
}

template <typename T>
__device__ inline void store(const csr_lines<T> &q, int64_t line, int64_t j, T sum)
{
    T *const y = q.Y.at({0, line, j});
    *y = q.keep ? q.alpha * sum + q.beta * *y : q.alpha * sum;
}

/* One vector; GROUP threads a line. */
template <typename T, int GROUP>
__global__ void RITZ_BLOCK(CSR_THREADS) csr_vector(const csr_lines<T> q)
{
    constexpr int together = CSR_THREADS / GROUP;
    const int within = static_cast<int>(threadIdx.x) % GROUP;
    const int group = static_cast<int>(threadIdx.x) / GROUP;
    const int64_t step = static_cast<int64_t>(gridDim.x) * together;
    for (int64_t base = static_cast<int64_t>(blockIdx.x) * together; base < q.lines; base += step) {
        int64_t begin, end;
        const bool here = find_line(q, base + group, begin, end);
        T sum = 0;
        for (int64_t k = begin + within; k < end; k += GROUP)
            sum += q.values[k] * __ldg(q.X.at({0, q.indices[k], 0}));
        RITZ_UNROLL
        for (int apart = GROUP / 2; apart > 0; apart /= 2)
            sum += __shfl_xor_sync(RITZ_ALL_LANES, sum, apart);
        if (here && within == 0) store(q, base + group, 0, sum);
    }
}

/* Several vectors: tiles of CSR_LINES lines and WIDTH columns. What a tile gave goes through shared
 * memory, so that it is written along the rows of Y or its columns, as Y lies. */
template <typename T, int WIDTH>
__global__ void RITZ_BLOCK(CSR_THREADS) csr_tile(const csr_lines<T> q)
{
    constexpr int groups = CSR_THREADS / WIDTH;
    RITZ_SHARED(T, sums, [CSR_LINES][WIDTH + 1]);
    RITZ_SHARED(bool, present, [CSR_LINES]);
    const int tid = static_cast<int>(threadIdx.x);
    const int column = tid % WIDTH, group = tid / WIDTH;
    const int64_t tiles = (q.lines + CSR_LINES - 1) / CSR_LINES * q.col_tiles;
    const bool down = q.Y.row_step == 1;
    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const int64_t i0 = tile / q.col_tiles * CSR_LINES, j0 = tile % q.col_tiles * WIDTH;
        for (int i = group; i < CSR_LINES; i += groups) {
            int64_t begin, end;
            const bool here = find_line(q, i0 + i, begin, end);
            T sum = 0;
            if (j0 + column < q.cols)
                for (int64_t k = begin; k < end; k++)
                    sum += q.values[k] * __ldg(q.X.at({0, q.indices[k], j0 + column}));
            sums[i][column] = sum;
            if (column == 0) present[i] = here;
        }
        __syncthreads();
        for (int e = tid; e < CSR_LINES * WIDTH; e += CSR_THREADS) {
            const int i = down ? e % CSR_LINES : e / WIDTH, j = down ? e / CSR_LINES : e % WIDTH;
            if (present[i] && j0 + j < q.cols) store(q, i0 + i, j0 + j, sums[i][j]);
        }
        __syncthreads();
    }
}

/* The long rows: a thread for each column, at the first part of a row. */
template <typename T>
__global__ void RITZ_BLOCK(CSR_THREADS)
    csr_join(const csr_lines<T> q, const T *partial, int64_t count)
{
    const int64_t step = static_cast<int64_t>(gridDim.x) * CSR_THREADS;
    for (int64_t e = static_cast<int64_t>(blockIdx.x) * CSR_THREADS + threadIdx.x;
         e < count * q.cols; e += step) {
        const int64_t first = e / q.cols, j = e % q.cols, row = q.parts[2 * first];
        if (q.parts[2 * first + 1] != q.offsets[row]) continue;
        T sum = 0;
        for (int64_t p = first; p < count && q.parts[2 * p] == row; p++)
            sum += partial[p * q.cols + j];
        store(q, row, j, sum);
    }
}

template <typename T, int GROUP>
cudaError_t launch_vector(const csr_lines<T> &q, cudaStream_t stream)
{
    return RITZ_LAUNCH((csr_vector<T, GROUP>), blocks_for(pieces(q.lines, CSR_THREADS / GROUP)),
                       CSR_THREADS, 0, stream, q);
}

template <typename T, int WIDTH> cudaError_t launch_tiles(csr_lines<T> q, cudaStream_t stream)
{
    q.col_tiles = pieces(q.cols, WIDTH);
    return RITZ_LAUNCH((csr_tile<T, WIDTH>), blocks_for(pieces(q.lines, CSR_LINES) * q.col_tiles),
                       CSR_THREADS, 0, stream, q);
}

/* mean: elements of a line. */
template <typename T>
cudaError_t launch_lines(const csr_lines<T> &q, int64_t mean, cudaStream_t stream)
{
    if (q.cols > 8) return launch_tiles<T, 32>(q, stream);
    if (q.cols > 1) return launch_tiles<T, 8>(q, stream);
    if (mean > 32) return launch_vector<T, 32>(q, stream);
    return mean > 8 ? launch_vector<T, 16>(q, stream) : launch_vector<T, 4>(q, stream);
}

template <typename T>
cudaError_t multiply(const cuda_csr *a, const cuda_operand &X, T *partial, const cuda_operand &Y,
                     cudaStream_t stream)
{
    csr_lines<T> rows = {a->offsets,
                         nullptr,
                         a->indices,
                         static_cast<const T *>(a->values),
                         a->rows,
                         a->part,
                         Y.cols,
                         1,
                         elements_of<const T>(X),
                         elements_of<T>(Y),
                         static_cast<T>(a->alpha),
                         static_cast<T>(a->beta),
                         a->beta != 0};
    cudaError_t code = launch_lines(rows, a->elements / a->rows, stream);
    if (code != cudaSuccess || a->count == 0) return code;
    csr_lines<T> parts = rows;
    parts.parts = rows.parts = a->parts;
    parts.lines = a->count;
    parts.Y = {partial, Y.cols, 1, 0};
    parts.alpha = 1;
    parts.keep = false;
    code = launch_lines(parts, a->part, stream);
    if (code != cudaSuccess) return code;
    return RITZ_LAUNCH((csr_join<T>), blocks_for(pieces(a->count * Y.cols, CSR_THREADS)),
                       CSR_THREADS, 0, stream, rows, static_cast<const T *>(partial), a->count);
}

} // namespace

cudaError_t launch_csr(const struct cuda_csr *a, struct cuda_operand X, void *partial,
                       struct cuda_operand Y, cudaStream_t stream)
{
    return with_real(Y.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return multiply<T>(a, X, static_cast<T *>(partial), Y, stream);
    });
}
