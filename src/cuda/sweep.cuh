/* Elementwise kernels: one value is made for each element of a matrix, from its place and from
 * elements of other matrices at the same place.
 *
 * What is made is said by a plain struct Op:
 *
 *     typedef ... input, output;           what is read; what is written
 *     bool wants(place) const              whether anything happens here
 *     input load(place) const              read the source, if there is one
 *     output value(place, input) const     what to write; may read the target and small vectors
 *     output *target(place) const          where
 *
 * The three steps are taken for several elements together, so that a thread has several reads under
 * way. wants() is true for every place whose input value() uses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_SWEEP_CUH
#define RITZ_CUDA_SWEEP_CUH

#include "cuda/kernel.cuh"
#include "cuda/operand.h"

namespace
{

struct place {
    int64_t item, i, j;
};

/* An operand whose type is known. */
template <typename T> struct elements {
    T *p;
    int64_t row_step, col_step, batch_step;

    __device__ T *at(const place &x) const
    {
        return p + (x.item * batch_step + x.i * row_step + x.j * col_step);
    }
};

template <typename T> inline elements<T> elements_of(const cuda_operand &a)
{
    return {static_cast<T *>(a.p), a.row_step, a.col_step, a.batch_step};
}

/* What an operation without a source reads. */
struct nothing {
};

/* What operations derive from, as far as they do not say otherwise: every element of `to` is made,
 * from nothing. */
template <typename T> struct made {
    typedef nothing input;
    typedef T output;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ nothing load(const place &) const
    {
        return {};
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

/* Whether an element belongs to a triangle, or to RITZ_BOTH; `strict`: without the diagonal. */
__device__ inline bool in_part(ritz_uplo part, const place &x, int strict)
{
    if (part == RITZ_LOWER) return x.i - x.j >= strict;
    if (part == RITZ_UPPER) return x.j - x.i >= strict;
    return true;
}

constexpr int SWEEP_THREADS = 256;
constexpr int SWEEP_EACH = 4; /* elements of a thread in a tile */
constexpr int64_t SWEEP_BLOCKS = 4096;

inline int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

/* The exponent of the smallest power of two that is not less than n, at most `most`. */
inline int log2_ceil(int64_t n, int most)
{
    int exponent = 0;
    while (exponent < most && INT64_C(1) << exponent < n) exponent++;
    return exponent;
}

inline dim3 sweep_blocks(int64_t tiles)
{
    return dim3(static_cast<unsigned>(tiles < SWEEP_BLOCKS ? tiles : SWEEP_BLOCKS));
}

/* ---- source and target contiguous in the same direction -------------------------------------- */

/* A block of threads covers a tile. Side by side in it lie 2^along threads, as many as a column has
 * elements and no more than there are, the rest in further columns, of the next items too. The
 * elements of a thread are in one column, or in several if columns are short, or `spread`: for a
 * source that lies in the other direction, whose elements are then near each other. */
struct sweep_tiles {
    int64_t rows, cols, batch;
    int64_t lines; /* cols * batch */
    int64_t row_tiles, tiles;
    int64_t tile_rows, tile_lines;
    int64_t next_row, next_line; /* from one element of a thread to its next */
    int along;
};

inline sweep_tiles sweep_tiles_of(const cuda_operand &to, bool spread)
{
    sweep_tiles t;
    t.rows = to.rows;
    t.cols = to.cols;
    t.batch = to.batch;
    t.lines = to.cols * to.batch;
    t.along = log2_ceil(to.rows, 8);
    t.tile_rows = INT64_C(1) << t.along;
    t.tile_lines = SWEEP_THREADS >> t.along;
    const bool down = t.lines == 1 || (t.tile_rows < to.rows && !spread);
    t.next_row = down ? t.tile_rows : 0;
    t.next_line = down ? 0 : t.tile_lines;
    (down ? t.tile_rows : t.tile_lines) *= SWEEP_EACH;
    t.row_tiles = pieces(t.rows, t.tile_rows);
    t.tiles = t.row_tiles * pieces(t.lines, t.tile_lines);
    return t;
}

template <typename Op>
__global__ RITZ_BLOCK(SWEEP_THREADS) void sweep(const sweep_tiles t, const Op op)
{
    const int64_t x = threadIdx.x & ((1u << t.along) - 1), y = threadIdx.x >> t.along;
    for (int64_t tile = blockIdx.x; tile < t.tiles; tile += gridDim.x) {
        const int64_t line_tile = tile / t.row_tiles;
        int64_t line = line_tile * t.tile_lines + y;
        place at[SWEEP_EACH];
        bool wanted[SWEEP_EACH];
        typename Op::input input[SWEEP_EACH] = {};
        typename Op::output output[SWEEP_EACH] = {};
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++) {
            if (k == 0 || t.next_line != 0) {
                at[k].item = t.batch == 1 ? 0 : line / t.cols;
                at[k].j = line - at[k].item * t.cols;
                line += t.next_line;
            } else {
                at[k] = at[k - 1];
            }
            at[k].i = (tile - line_tile * t.row_tiles) * t.tile_rows + x + k * t.next_row;
            wanted[k] = at[k].i < t.rows && at[k].item < t.batch && at[k].j < t.cols;
            wanted[k] = wanted[k] && op.wants(at[k]);
            if (wanted[k]) input[k] = op.load(at[k]);
        }
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++)
            if (wanted[k]) output[k] = op.value(at[k], input[k]);
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++)
            if (wanted[k]) *op.target(at[k]) = output[k];
    }
}

template <typename Op>
inline cudaError_t launch_sweep(const Op &op, const cuda_operand &to, cudaStream_t stream,
                                bool spread = false)
{
    const sweep_tiles t = sweep_tiles_of(to, spread);
    return RITZ_LAUNCH((sweep<Op>), sweep_blocks(t.tiles), dim3(SWEEP_THREADS), 0, stream, t, op);
}

/* ---- source contiguous in the other direction ------------------------------------------------ */

constexpr int TURN_SIDE = 32;
/* Below this, what lies together in the source is so little that turning it in shared memory gains
 * nothing. */
constexpr int64_t TURN_LEAST = 16;

struct turn_tiles {
    int64_t rows, cols;
    int64_t row_tiles, item_tiles, tiles;
};

/* Threads go along the rows to read a tile of the source and along the columns to write it. Columns
 * of the tile are one element longer than needed, so that they start in different banks. */
template <typename Op>
__global__ RITZ_BLOCK(SWEEP_THREADS) void turn(const turn_tiles t, const Op op)
{
    constexpr int lines = TURN_SIDE / SWEEP_EACH;
    RITZ_SHARED(typename Op::input, kept, [TURN_SIDE][TURN_SIDE + 1]);
    const int x = static_cast<int>(threadIdx.x) % TURN_SIDE;
    const int y = static_cast<int>(threadIdx.x) / TURN_SIDE;
    for (int64_t tile = blockIdx.x; tile < t.tiles; tile += gridDim.x) {
        const int64_t item = tile / t.item_tiles, within = tile - item * t.item_tiles;
        const int64_t col_tile = within / t.row_tiles;
        const int64_t i0 = (within - col_tile * t.row_tiles) * TURN_SIDE, j0 = col_tile * TURN_SIDE;
        typename Op::input input[SWEEP_EACH] = {};
        typename Op::output output[SWEEP_EACH] = {};
        bool wanted[SWEEP_EACH];
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++) {
            const place at = {item, i0 + y + k * lines, j0 + x};
            if (at.i < t.rows && at.j < t.cols && op.wants(at)) input[k] = op.load(at);
        }
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++) kept[y + k * lines][x] = input[k];
        __syncthreads();
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++) {
            const place at = {item, i0 + x, j0 + y + k * lines};
            wanted[k] = at.i < t.rows && at.j < t.cols && op.wants(at);
            if (wanted[k]) output[k] = op.value(at, kept[x][y + k * lines]);
        }
        RITZ_UNROLL
        for (int k = 0; k < SWEEP_EACH; k++) {
            const place at = {item, i0 + x, j0 + y + k * lines};
            if (wanted[k]) *op.target(at) = output[k];
        }
        __syncthreads();
    }
}

/* The same for a source that lies as the target does, or in the other direction. */
template <typename Op>
inline cudaError_t launch_sweep_from(const Op &op, const cuda_operand &from, const cuda_operand &to,
                                     cudaStream_t stream)
{
    const bool other_way = from.row_step != 1 && (from.col_step == 1 || from.col_step == -1);
    if (!other_way || to.rows < TURN_LEAST || to.cols < TURN_LEAST)
        return launch_sweep(op, to, stream, other_way);
    turn_tiles t;
    t.rows = to.rows;
    t.cols = to.cols;
    t.row_tiles = pieces(to.rows, TURN_SIDE);
    t.item_tiles = t.row_tiles * pieces(to.cols, TURN_SIDE);
    t.tiles = t.item_tiles * to.batch;
    return RITZ_LAUNCH((turn<Op>), sweep_blocks(t.tiles), dim3(SWEEP_THREADS), 0, stream, t, op);
}

} // namespace

#endif
