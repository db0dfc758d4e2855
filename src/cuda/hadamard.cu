/* The Hadamard sketch (core/hadamard_maps.h): codes of its rows and columns, its elements, and the
 * passes of the fast Walsh-Hadamard transform.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel_random.cuh"

#include "core/hadamard_maps.h"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"
#include "cuda/thresholds.h"

namespace
{

/* ---- codes and elements ---------------------------------------------------------------------- */

struct hadamard_code_op : made<uint64_t> {
    int of_rows;
    cuda_shuffle shuffle;
    int64_t first;

    __device__ uint64_t value(const place &x, nothing) const
    {
        return ritz_hadamard_code(of_rows, shuffle.seed, shuffle.word, shuffle.bits,
                                  static_cast<uint64_t>(first + x.i));
    }
};

template <typename T> struct hadamard_fill_op : made<T> {
    T number;
    const uint64_t *down, *along;

    __device__ T value(const place &x, nothing) const
    {
        return ritz_hadamard_negative(down[x.i], along[x.j]) ? -number : number;
    }
};

/* ---- the transform --------------------------------------------------------------------------- */

/* Row j of A, which is column j here, to its place in the panel; zeros where A has nothing. */
template <typename T> struct hadamard_scatter_op {
    typedef T input, output;
    elements<const T> from;
    int64_t rows, cols; /* of `from` */
    const uint64_t *code;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        return x.i < rows && x.j < cols ? *from.at(x) : T(0);
    }
    __device__ T value(const place &x, T a) const
    {
        return code[x.j] & 1 ? -a : a;
    }
    __device__ T *target(const place &x) const
    {
        return to.at({0, x.i, static_cast<int64_t>(code[x.j] >> 1)});
    }
};

/* Row i of the product from its place in the panel; `turned`: it is column i. */
template <typename T> struct hadamard_gather_op {
    typedef T input, output;
    elements<const T> from;
    const uint64_t *code;
    bool turned;
    T scale;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        const int64_t row = static_cast<int64_t>(code[turned ? x.j : x.i] >> 1);
        return turned ? *from.at({0, x.i, row}) : *from.at({0, row, x.j});
    }
    __device__ T value(const place &, T a) const
    {
        return scale * a;
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

constexpr int HADAMARD_THREADS = 256;
constexpr int HADAMARD_TILE = 1 << CUDA_HADAMARD_TILE_BITS;
constexpr int64_t HADAMARD_BLOCKS = 4096;

/* A block of threads makes the butterflies of a tile in shared memory, two bits at a time. */
template <typename T>
__global__ void RITZ_BLOCK(HADAMARD_THREADS)
    hadamard_tiles(const ritz_hadamard_pass pass, int64_t tiles, T *panel)
{
    RITZ_SHARED(T, kept, [HADAMARD_TILE]);
    const int tid = static_cast<int>(threadIdx.x);
    const int last = pass.bits + pass.lanes, count = 1 << last;
    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        for (int e = tid; e < count; e += HADAMARD_THREADS)
            kept[e] = panel[ritz_hadamard_index(pass, tile, e)];
        __syncthreads();
        int bit = pass.first;
        for (; bit + 2 <= last; bit += 2) {
            const int64_t h = INT64_C(1) << bit;
            for (int e = tid; e < count / 4; e += HADAMARD_THREADS) {
                T *const x = kept + ritz_hadamard_quarter(e, bit);
                const T p = x[0] + x[h], q = x[0] - x[h];
                const T r = x[2 * h] + x[3 * h], t = x[2 * h] - x[3 * h];
                x[0] = p + r;
                x[h] = q + t;
                x[2 * h] = p - r;
                x[3 * h] = q - t;
            }
            __syncthreads();
        }
        if (bit < last) {
            const int64_t h = INT64_C(1) << bit;
            for (int e = tid; e < count / 2; e += HADAMARD_THREADS) {
                T *const x = kept + ritz_hadamard_half(e, bit);
                const T p = x[0] + x[h], q = x[0] - x[h];
                x[0] = p;
                x[h] = q;
            }
            __syncthreads();
        }
        for (int e = tid; e < count; e += HADAMARD_THREADS)
            panel[ritz_hadamard_index(pass, tile, e)] = kept[e];
        __syncthreads();
    }
}

} // namespace

cudaError_t launch_hadamard_codes(int of_rows, struct cuda_shuffle shuffle, int64_t first,
                                  int64_t count, uint64_t *code, cudaStream_t stream)
{
    cuda_operand to = {};
    to.rows = count;
    to.cols = to.row_step = to.batch = 1;
    hadamard_code_op op;
    op.to = {code, 1, count, count};
    op.of_rows = of_rows;
    op.shuffle = shuffle;
    op.first = first;
    return launch_sweep(op, to, stream);
}

cudaError_t launch_hadamard_fill(double value, const uint64_t *down, const uint64_t *along,
                                 struct cuda_operand A, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        hadamard_fill_op<T> op;
        op.to = elements_of<T>(A);
        op.number = static_cast<T>(value);
        op.down = down;
        op.along = along;
        return launch_sweep(op, A, stream);
    });
}

cudaError_t launch_hadamard_scatter(const uint64_t *code, struct cuda_operand A,
                                    struct cuda_operand panel, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const hadamard_scatter_op<T> op = {elements_of<const T>(A), A.rows, A.cols, code,
                                           elements_of<T>(panel)};
        return launch_sweep_from(op, A, panel, stream);
    });
}

cudaError_t launch_hadamard_gather(double scale, const uint64_t *code, int turned,
                                   struct cuda_operand panel, struct cuda_operand SA,
                                   cudaStream_t stream)
{
    return with_real(SA.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const hadamard_gather_op<T> op = {elements_of<const T>(panel), code, turned != 0,
                                          static_cast<T>(scale), elements_of<T>(SA)};
        return launch_sweep_from(op, panel, SA, stream);
    });
}

cudaError_t launch_hadamard_pass(int low, int bits, int lanes, int first, int64_t tiles,
                                 ritz_dtype dtype, void *panel, cudaStream_t stream)
{
    const ritz_hadamard_pass pass = {low, bits, lanes, first};
    const dim3 grid(static_cast<unsigned>(tiles < HADAMARD_BLOCKS ? tiles : HADAMARD_BLOCKS));
    return with_real(dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return RITZ_LAUNCH((hadamard_tiles<T>), grid, HADAMARD_THREADS, 0, stream, pass, tiles,
                           static_cast<T *>(panel));
    });
}
