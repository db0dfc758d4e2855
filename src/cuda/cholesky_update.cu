/* The Cholesky factor of L Lᵀ +- x xᵀ from L: one matrix a block of threads.
 *
 * Columns are taken in blocks: one warp rotates the rows of the diagonal block, a row for each
 * lane, and leaves the rotations for the rows below, each of which a thread takes through all of
 * them.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 6.5.4; the hyperbolic
 * rotations in the mixed form of Bojanczyk, Brent, Van Dooren and de Hoog 1987.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/factor_kernels.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int THREADS = 256;
constexpr int NB = RITZ_WARP;

template <typename T> struct rotation {
    T c, s;
};

/* The rotation that moves x into the diagonal element d, and what becomes of d; c = 0:
 * there is none. */
template <typename T> __device__ rotation<T> rotation_for(int sigma, T &d, T x)
{
    if (sigma > 0) {
        const T length = hypot(d, x);
        if (!(length > 0)) return {T(0), T(0)};
        const rotation<T> r = {d / length, x / length};
        d = length;
        return r;
    }
    const T s = x / d, rest = (1 - s) * (1 + s);
    if (!(d > 0) || !(rest > 0)) return {T(0), T(0)};
    const T c = sqrt(rest);
    d *= c;
    return {c, s};
}

template <typename T> __device__ inline void rotate(int sigma, const rotation<T> &r, T &l, T &x)
{
    const T before = l;
    if (sigma > 0) {
        l = r.c * l + r.s * x;
        x = r.c * x - r.s * before;
    } else {
        l = (l - r.s * x) / r.c;
        x = r.c * x - r.s * l;
    }
}

/* The diagonal block, by one whole warp; what failed, from 1, or 0. */
template <typename T>
__device__ int rotate_block(int sigma, int nb, T (&D)[NB][NB + 1], T &x, rotation<T> *turns)
{
    const int i = lane();
    for (int k = 0; k < nb; k++) {
        T d = D[k][k];
        const T xk = __shfl_sync(RITZ_ALL_LANES, x, k);
        const rotation<T> r = rotation_for(sigma, d, xk);
        /* A rotation by a right angle has c = 0 too, but then d is not positive. */
        if (!(r.c > 0)) return k + 1;
        __syncwarp();
        if (i == k) D[k][k] = d;
        if (i > k && i < nb) rotate(sigma, r, D[k][i], x);
        if (i == 0) turns[k] = r;
        __syncwarp();
    }
    return 0;
}

/* D[k][i] holds element (i, k) of the diagonal block. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    chol_update(const struct update_shape q, T *X, T *L, int32_t *info)
{
    RITZ_SHARED(T, D, [NB][NB + 1]);
    RITZ_SHARED(rotation<T>, turns, [NB]);
    RITZ_SHARED(int, bad, );
    const int tid = static_cast<int>(threadIdx.x);
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        T *x = X + b * q.stride_x, *A = L + b * q.stride;
        if (tid == 0) bad = 0;
        __syncthreads();
        for (int64_t k0 = 0; k0 < q.n && bad == 0; k0 += NB) {
            const int nb = static_cast<int>(min(q.n - k0, static_cast<int64_t>(NB)));
            T *corner = A + k0 * (q.row_step + q.col_step);
            for (int e = tid; e < nb * nb; e += THREADS) {
                const int i = e % nb, k = e / nb;
                D[k][i] = i >= k ? corner[i * q.row_step + k * q.col_step] : T(0);
            }
            __syncthreads();
            if (warp() == 0) {
                T mine = lane() < nb ? x[(k0 + lane()) * q.step_x] : T(0);
                const int failed = rotate_block(q.sigma, nb, D, mine, turns);
                if (lane() == 0 && failed) bad = static_cast<int>(k0) + failed;
            }
            __syncthreads();
            for (int e = tid; e < nb * nb; e += THREADS) {
                const int i = e % nb, k = e / nb;
                if (i >= k) corner[i * q.row_step + k * q.col_step] = D[k][i];
            }
            for (int64_t i = k0 + nb + tid; i < q.n && bad == 0; i += THREADS) {
                T xi = x[i * q.step_x];
                for (int k = 0; k < nb; k++)
                    rotate(q.sigma, turns[k], A[i * q.row_step + (k0 + k) * q.col_step], xi);
                x[i * q.step_x] = xi;
            }
            __syncthreads();
        }
        if (tid == 0) info[b] = bad;
        __syncthreads();
    }
}

template <typename T>
cudaError_t update(const struct update_shape *q, T *x, T *L, int32_t *info, cudaStream_t stream)
{
    return RITZ_LAUNCH((chol_update<T>), blocks_for(q->batch), THREADS, 0, stream, *q, x, L, info);
}

} // namespace

extern "C" cudaError_t launch_chol_update_f32(const struct update_shape *q, float *x, float *L,
                                              int32_t *info, cudaStream_t stream)
{
    return update(q, x, L, info, stream);
}

extern "C" cudaError_t launch_chol_update_f64(const struct update_shape *q, double *x, double *L,
                                              int32_t *info, cudaStream_t stream)
{
    return update(q, x, L, info, stream);
}
