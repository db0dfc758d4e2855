/* Products of triangular with general matrices, a batch at a time: C = alpha A B.
 *
 * A block of threads makes a tile of C from tiles of A and B in shared memory; tiles of A outside
 * its triangle are passed over.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int TRMM_THREADS = 256;
constexpr int SIDE = 32;
constexpr int EACH = SIDE * SIDE / TRMM_THREADS; /* elements of C for a thread */
constexpr int LINES = SIDE / EACH;

struct trmm_shape {
    int64_t n, cols, batch; /* A: n x n, B, C: n x cols */
    int64_t row_tiles, col_tiles;
    int lower, unit;
    int down_a, down_b; /* columns are contiguous */
};

/* Element (i, j) of the triangle. */
template <typename T>
__device__ inline T triangle_at(const trmm_shape &q, const elements<const T> &A, const place &x)
{
    if (x.i >= q.n || x.j >= q.n || (q.lower ? x.i < x.j : x.i > x.j)) return T(0);
    if (q.unit && x.i == x.j) return T(1);
    return *A.at(x);
}

template <typename T>
__global__ void RITZ_BLOCK(TRMM_THREADS)
    trmm(const trmm_shape q, T alpha, const elements<const T> A, const elements<const T> B,
         const elements<T> C)
{
    RITZ_SHARED(T, a, [SIDE][SIDE + 1]);
    RITZ_SHARED(T, b, [SIDE][SIDE + 1]);
    const int tid = static_cast<int>(threadIdx.x), x = tid % SIDE, y = tid / SIDE;
    const int64_t of_item = q.row_tiles * q.col_tiles;
    for (int64_t unit = blockIdx.x; unit < q.batch * of_item; unit += gridDim.x) {
        const int64_t item = unit / of_item, within = unit - item * of_item;
        const int64_t j0 = within / q.row_tiles * SIDE, i0 = within % q.row_tiles * SIDE;
        const int64_t first = q.lower ? 0 : i0, end = q.lower ? i0 + SIDE : q.n;
        T sum[EACH] = {};
        for (int64_t k0 = first; k0 < end; k0 += SIDE) {
            RITZ_UNROLL
            for (int e = 0; e < EACH; e++) {
                const int line = y + e * LINES;
                const int ai = q.down_a ? x : line, aj = q.down_a ? line : x;
                const int bi = q.down_b ? x : line, bj = q.down_b ? line : x;
                a[ai][aj] = triangle_at(q, A, {item, i0 + ai, k0 + aj});
                const place at = {item, k0 + bi, j0 + bj};
                b[bi][bj] = at.i < q.n && at.j < q.cols ? *B.at(at) : T(0);
            }
            __syncthreads();
            for (int k = 0; k < SIDE; k++) {
                RITZ_UNROLL
                for (int e = 0; e < EACH; e++) sum[e] += a[x][k] * b[k][y + e * LINES];
            }
            __syncthreads();
        }
        RITZ_UNROLL
        for (int e = 0; e < EACH; e++) {
            const place at = {item, i0 + x, j0 + y + e * LINES};
            if (at.i < q.n && at.j < q.cols) *C.at(at) = alpha * sum[e];
        }
    }
}

} // namespace

cudaError_t launch_trmm(int lower, int unit, double alpha, struct cuda_operand A,
                        struct cuda_operand B, struct cuda_operand C, cudaStream_t stream)
{
    trmm_shape q;
    q.n = C.rows;
    q.cols = C.cols;
    q.batch = C.batch;
    q.row_tiles = pieces(C.rows, SIDE);
    q.col_tiles = pieces(C.cols, SIDE);
    q.lower = lower;
    q.unit = unit;
    q.down_a = A.row_step == 1;
    q.down_b = B.row_step == 1;
    return with_real(C.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return RITZ_LAUNCH((trmm<T>), blocks_for(q.row_tiles * q.col_tiles * q.batch), TRMM_THREADS,
                           0, stream, q, static_cast<T>(alpha), elements_of<const T>(A),
                           elements_of<const T>(B), elements_of<T>(C));
    });
}
