/* Random matrices, by cuRAND's Philox and the maps of core/random_maps.h: a thread makes the four
 * entries that one counter gives, which lie below each other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel_random.cuh"

#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"

namespace
{

constexpr int RANDOM_THREADS = 256;
constexpr int QUAD = 4; /* entries of a counter */

/* Tiles of threads over a matrix of quads. Along x lies what is contiguous in memory, along y the
 * other direction and the items. */
struct random_tiles {
    int64_t rows, cols, batch;
    int64_t quads;       /* rows of quads */
    uint64_t first_quad; /* number of the first one */
    int64_t lead;        /* rows of it that lie above the matrix */
    int64_t xs, ys;      /* of an item; y goes on in the next item */
    int64_t x_tiles, tiles;
    int along; /* log2 of the threads along x */
    uint32_t first_col;
    uint32_t word;
    uint64_t seed;
    ritz_distribution dist;
};

template <typename T> struct quad {
    T entry[QUAD];
};

__device__ inline quad<float> uniforms(const random_tiles &, const ritz_philox_block &high,
                                       uint64_t, uint32_t, float)
{
    quad<float> q;
    RITZ_UNROLL
    for (int k = 0; k < QUAD; k++) q.entry[k] = ritz_uniform_f32(high.w[k]);
    return q;
}

__device__ inline quad<double> uniforms(const random_tiles &t, const ritz_philox_block &high,
                                        uint64_t row, uint32_t col, double)
{
    const ritz_philox_block low =
        ritz_device_random_block(t.seed, t.word | RITZ_STREAM_LOW_HALF, row, col);
    quad<double> q;
    RITZ_UNROLL
    for (int k = 0; k < QUAD; k++) q.entry[k] = ritz_uniform_f64(high.w[k], low.w[k]);
    return q;
}

/* The entries in row `row` of the quads. */
template <typename T>
__device__ inline quad<T> entries(const random_tiles &t, int64_t row, int64_t col)
{
    const uint64_t at = t.first_quad + static_cast<uint64_t>(row);
    const uint32_t column = t.first_col + static_cast<uint32_t>(col);
    const ritz_philox_block b = ritz_device_random_block(t.seed, t.word, at, column);
    if (t.dist == RITZ_UNIFORM) return uniforms(t, b, at, column, T(0));
    quad<T> q;
    if (t.dist == RITZ_NORMAL) {
        RITZ_UNROLL
        for (int k = 0; k < QUAD; k += 2) {
            const ritz_normal_pair z = ritz_normals(b.w[k], b.w[k + 1]);
            q.entry[k] = z.first;
            q.entry[k + 1] = z.second;
        }
    } else {
        RITZ_UNROLL
        for (int k = 0; k < QUAD; k++) q.entry[k] = ritz_sign_f32(b.w[k]);
    }
    return q;
}

/* Columns are contiguous: the quads of a block of threads go through shared memory, so that
 * neighbouring threads write neighbouring rows. The distance between the entries of a quad is such
 * that reading them meets every bank once. */
template <typename T>
__global__ RITZ_BLOCK(RANDOM_THREADS) void random_down(const random_tiles t, const elements<T> to)
{
    constexpr int distance = RANDOM_THREADS + 32 / static_cast<int>(sizeof(T));
    RITZ_SHARED(T, kept, [QUAD][distance]);
    const int thread = static_cast<int>(threadIdx.x), side = 1 << t.along;
    for (int64_t tile = blockIdx.x; tile < t.tiles; tile += gridDim.x) {
        const int64_t y_tile = tile / t.x_tiles;
        const int64_t x0 = (tile - y_tile * t.x_tiles) * side;
        const int64_t y0 = y_tile * (RANDOM_THREADS / side);
        quad<T> q = {};
        if (x0 + (thread & (side - 1)) < t.quads && y0 + (thread >> t.along) < t.ys * t.batch)
            q = entries<T>(t, x0 + (thread & (side - 1)), y0 + (thread >> t.along));
        RITZ_UNROLL
        for (int k = 0; k < QUAD; k++) kept[k][thread] = q.entry[k];
        __syncthreads();
        RITZ_UNROLL
        for (int k = 0; k < QUAD; k++) {
            const int from = (thread + k * RANDOM_THREADS) / QUAD, entry = thread % QUAD;
            const int64_t line = y0 + (from >> t.along);
            place at;
            at.item = t.batch == 1 ? 0 : line / t.cols;
            at.i = (x0 + (from & (side - 1))) * QUAD + entry - t.lead;
            at.j = line - at.item * t.cols;
            if (at.i >= 0 && at.i < t.rows && at.j < t.cols && at.item < t.batch)
                *to.at(at) = kept[entry][from];
        }
        __syncthreads();
    }
}

/* Rows are contiguous: neighbouring threads make quads of neighbouring columns. */
template <typename T>
__global__ RITZ_BLOCK(RANDOM_THREADS) void random_across(const random_tiles t, const elements<T> to)
{
    const int thread = static_cast<int>(threadIdx.x), side = 1 << t.along;
    for (int64_t tile = blockIdx.x; tile < t.tiles; tile += gridDim.x) {
        const int64_t y_tile = tile / t.x_tiles;
        const int64_t y = y_tile * (RANDOM_THREADS / side) + (thread >> t.along);
        place at;
        at.item = t.batch == 1 ? 0 : y / t.quads;
        at.j = (tile - y_tile * t.x_tiles) * side + (thread & (side - 1));
        const int64_t row = y - at.item * t.quads;
        if (at.j < t.cols && row < t.quads && at.item < t.batch) {
            const quad<T> q = entries<T>(t, row, at.item * t.cols + at.j);
            RITZ_UNROLL
            for (int k = 0; k < QUAD; k++) {
                at.i = row * QUAD + k - t.lead;
                if (at.i >= 0 && at.i < t.rows) *to.at(at) = q.entry[k];
            }
        }
    }
}

} // namespace

cudaError_t launch_random(ritz_distribution dist, uint64_t seed, uint32_t word, int64_t row0,
                          int64_t col0, struct cuda_operand A, cudaStream_t stream)
{
    const bool down = A.row_step == 1;
    random_tiles t;
    t.rows = A.rows;
    t.cols = A.cols;
    t.batch = A.batch;
    t.lead = row0 % QUAD;
    t.first_quad = static_cast<uint64_t>(row0 / QUAD);
    t.quads = pieces(t.lead + A.rows, QUAD);
    t.xs = down ? t.quads : t.cols;
    t.ys = down ? t.cols : t.quads;
    t.along = log2_ceil(t.xs, 8);
    t.x_tiles = pieces(t.xs, INT64_C(1) << t.along);
    t.tiles = t.x_tiles * pieces(t.ys * t.batch, RANDOM_THREADS >> t.along);
    t.first_col = static_cast<uint32_t>(col0);
    t.word = word;
    t.seed = seed;
    t.dist = dist;
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const elements<T> to = elements_of<T>(A);
        const dim3 grid = sweep_blocks(t.tiles), block(RANDOM_THREADS);
        if (down) return RITZ_LAUNCH((random_down<T>), grid, block, 0, stream, t, to);
        return RITZ_LAUNCH((random_across<T>), grid, block, 0, stream, t, to);
    });
}
