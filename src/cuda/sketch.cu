/* The product of a stack of sparse sign matrices with a matrix.
 *
 * A block of threads owns a tile of the result and a chunk of rows of A. It adds rows in their
 * order, so that each sum has the order that the shapes say; the chunks are added up afterwards.
 * Within the block a warp owns some of the tile's rows: a column for each lane, and no two warps
 * add to the same sum.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel_random.cuh"

#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int SKETCH_THREADS = 256;
constexpr int SKETCH_WARPS = SKETCH_THREADS / RITZ_WARP;
constexpr int SIDE = RITZ_WARP; /* rows of A, and columns, that are in shared memory at a time */
constexpr int QUADS = SIDE / 4; /* a Philox block has the words of four rows */
constexpr int NOWHERE = -1;

struct sketch_shape {
    uint64_t seed;
    uint32_t word;
    int64_t height;        /* rows of each matrix of the stack */
    int64_t row0;          /* number of A's first row */
    int64_t lead;          /* row0 % 4 */
    int64_t rows, cols, d; /* A: rows x cols, result: d x cols */
    int64_t chunk_rows, chunks;
    int64_t tile_rows, row_tiles, col_tiles;
    bool down; /* columns of A are contiguous */
};

/* Where rows i0 .. i0+31 go under matrix t: the row of the tile that begins at d0, times two, plus
 * one for a negative sign. By one warp; lanes below QUADS make four words each. */
__device__ inline void find_targets(const sketch_shape &q, int64_t i0, int64_t end, int64_t t,
                                    int64_t d0, int64_t tile_rows, int *target)
{
    if (lane() > QUADS) return; /* no barrier follows in here */
    /* Row i of A is row `lead` + i of the words;
     * nine blocks cover 32 rows that begin within one. */
    const int64_t first = (q.lead + i0) / 4 + lane();
    const ritz_philox_block words = ritz_device_random_block(
        q.seed, q.word, static_cast<uint64_t>(q.row0 / 4 + first), static_cast<uint32_t>(t));
    for (int k = 0; k < 4; k++) {
        const int64_t i = first * 4 + k - q.lead;
        if (i < i0 || i >= i0 + SIDE) continue;
        const int64_t row =
            static_cast<int64_t>(ritz_below(words.w[k], static_cast<uint32_t>(q.height))) +
            t * q.height - d0;
        const bool here = i < end && row >= 0 && row < tile_rows;
        target[i - i0] = here ? static_cast<int>(2 * row + (words.w[k] & 1)) : NOWHERE;
    }
}

/* Add the staged rows to the sums of this warp's rows of the tile. */
template <typename T>
__device__ void add_rows(const int *target, const T (&staged)[SIDE][SIDE + 1], T *sums)
{
    const int mine = target[lane()];
    unsigned wanted =
        __ballot_sync(RITZ_ALL_LANES, mine != NOWHERE && mine / 2 % SKETCH_WARPS == warp());
    while (wanted != 0) {
        const int row = __ffs(static_cast<int>(wanted)) - 1;
        const int to = __shfl_sync(RITZ_ALL_LANES, mine, row);
        const T x = staged[row][lane()];
        sums[to / 2 * SIDE + lane()] += to % 2 ? -x : x;
        wanted &= wanted - 1;
    }
}

template <typename T>
__global__ void RITZ_BLOCK(SKETCH_THREADS)
    sketch_chunk(const sketch_shape q, const elements<const T> A, T *out)
{
    RITZ_DYN_SHARED(T, sums); /* tile_rows x SIDE, a row after the other */
    RITZ_SHARED(T, staged, [SIDE][SIDE + 1]);
    RITZ_SHARED(int, target, [SKETCH_WARPS][SIDE]);
    const int tid = static_cast<int>(threadIdx.x);
    const int64_t units = q.chunks * q.row_tiles * q.col_tiles;
    for (int64_t unit = blockIdx.x; unit < units; unit += gridDim.x) {
        const int64_t chunk = unit / (q.row_tiles * q.col_tiles);
        const int64_t within = unit - chunk * (q.row_tiles * q.col_tiles);
        const int64_t d0 = within / q.col_tiles * q.tile_rows, j0 = within % q.col_tiles * SIDE;
        const int64_t height = smaller(q.tile_rows, q.d - d0);
        const int64_t begin = chunk * q.chunk_rows;
        const int64_t end = smaller(begin + q.chunk_rows, q.rows);
        for (int64_t e = tid; e < height * SIDE; e += SKETCH_THREADS) sums[e] = 0;
        for (int64_t i0 = begin; i0 < end; i0 += SIDE) {
            for (int e = tid; e < SIDE * SIDE; e += SKETCH_THREADS) {
                const int i = q.down ? e % SIDE : e / SIDE, j = q.down ? e / SIDE : e % SIDE;
                const place at = {0, i0 + i, j0 + j};
                staged[i][j] = at.i < end && at.j < q.cols ? *A.at(at) : T(0);
            }
            /* As many matrices at a time as there are warps; only those that meet the tile. */
            const int64_t last = (d0 + height - 1) / q.height;
            for (int64_t t0 = d0 / q.height; t0 <= last; t0 += SKETCH_WARPS) {
                if (t0 + warp() <= last)
                    find_targets(q, i0, end, t0 + warp(), d0, height, target[warp()]);
                __syncthreads();
                for (int t = 0; t < SKETCH_WARPS && t0 + t <= last; t++)
                    add_rows(target[t], staged, sums);
                __syncthreads();
            }
        }
        for (int64_t e = tid; e < height * SIDE; e += SKETCH_THREADS) {
            const int64_t i = e / SIDE, j = e % SIDE;
            if (j0 + j < q.cols) out[(chunk * q.d + d0 + i) * q.cols + j0 + j] = sums[e];
        }
        __syncthreads();
    }
}

/* The sums of all chunks, scaled, on top of what is there. */
template <typename T> struct chunk_sum_op {
    typedef T input, output;
    elements<const T> from; /* row-major; items are chunks */
    int64_t chunks;
    T scale;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        T sum = 0;
        for (int64_t c = 0; c < chunks; c++) sum += *from.at({c, x.i, x.j});
        return sum;
    }
    __device__ T value(const place &x, T sum) const
    {
        return *to.at(x) + scale * sum;
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

/* An element; `turned`: the place is that in the transpose. */
template <typename T> struct sketch_fill_op : made<T> {
    uint64_t seed;
    uint32_t word;
    int64_t height, row0, col0;
    bool turned;
    T number;

    __device__ T value(const place &x, nothing) const
    {
        const int64_t i = row0 + (turned ? x.j : x.i), t = i / height;
        const int64_t j = col0 + (turned ? x.i : x.j);
        const ritz_philox_block words = ritz_device_random_block(
            seed, word, static_cast<uint64_t>(j / 4), static_cast<uint32_t>(t));
        const uint32_t w = ritz_philox_word(words, static_cast<uint32_t>(j % 4));
        const int64_t at =
            static_cast<int64_t>(ritz_below(w, static_cast<uint32_t>(height))) + t * height;
        return at != i ? T(0) : w & 1 ? -number : number;
    }
};

template <typename T>
cudaError_t sketch(const struct cuda_sketch *k, const cuda_operand &A, T *partial,
                   const cuda_operand &SA, cudaStream_t stream)
{
    sketch_shape q;
    q.seed = k->seed;
    q.word = k->word;
    q.height = SA.rows / k->nonzeros;
    q.row0 = k->row0;
    q.lead = k->row0 % 4;
    q.rows = A.rows;
    q.cols = A.cols;
    q.d = SA.rows;
    q.chunk_rows = k->chunk_rows;
    q.chunks = k->chunks;
    q.tile_rows = min(q.d, static_cast<int64_t>(k->shared_bytes / (SIDE * sizeof(T))));
    q.row_tiles = pieces(q.d, q.tile_rows);
    q.col_tiles = pieces(q.cols, SIDE);
    q.down = A.row_step == 1;
    const size_t bytes = static_cast<size_t>(q.tile_rows) * SIDE * sizeof(T);
    const cudaError_t code =
        RITZ_LAUNCH((sketch_chunk<T>), blocks_for(q.chunks * q.row_tiles * q.col_tiles),
                    SKETCH_THREADS, bytes, stream, q, elements_of<const T>(A), partial);
    if (code != cudaSuccess) return code;
    cuda_operand from = SA;
    from.p = partial;
    from.row_step = q.cols;
    from.col_step = 1;
    const chunk_sum_op<T> op = {{partial, q.cols, 1, q.d * q.cols},
                                q.chunks,
                                static_cast<T>(1 / sqrt(static_cast<double>(k->nonzeros))),
                                elements_of<T>(SA)};
    return launch_sweep_from(op, from, SA, stream);
}

} // namespace

cudaError_t launch_sketch(const struct cuda_sketch *k, struct cuda_operand A, void *partial,
                          struct cuda_operand SA, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return sketch<T>(k, A, static_cast<T *>(partial), SA, stream);
    });
}

cudaError_t launch_sketch_fill(uint64_t seed, uint32_t word, int nonzeros, int64_t height,
                               int64_t row0, int64_t col0, int turned, struct cuda_operand A,
                               cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        sketch_fill_op<T> op;
        op.to = elements_of<T>(A);
        op.seed = seed;
        op.word = word;
        op.height = height;
        op.row0 = row0;
        op.col0 = col0;
        op.turned = turned != 0;
        op.number = static_cast<T>(1 / sqrt(static_cast<double>(nonzeros)));
        return launch_sweep(op, A, stream);
    });
}
