/* Householder QR of small matrices, many at a time: one matrix a block of threads, in shared
 * memory.
 *
 * Reflectors are LAPACK's: H = I - tau v vᵀ, v(k) = 1 implied, the rest of v below the diagonal of
 * column k.
 * A warp has a column; lanes share its rows.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, algorithms 5.1.1 and 5.2.1;
 * forming Q backwards: section 5.1.6.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/warp.cuh"

#include "cuda/factor_kernels.h"

namespace
{

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / RITZ_WARP;
constexpr int64_t MOST_BLOCKS = 65535;

/* A column-major matrix in shared memory; an odd leading dimension spreads rows over the banks. */
template <typename T> struct tile {
    T *p;
    int rows, cols, ld;
    __device__ T &at(int i, int j) const
    {
        return p[j * ld + i];
    }
};

__host__ __device__ inline int odd(int n)
{
    return n | 1;
}

__device__ inline int lane()
{
    return static_cast<int>(threadIdx.x) % RITZ_WARP;
}
__device__ inline int warp()
{
    return static_cast<int>(threadIdx.x) / RITZ_WARP;
}

template <typename T> __device__ void load(const tile<T> &t, const T *A, int64_t ld)
{
    for (int j = warp(); j < t.cols; j += WARPS)
        for (int i = lane(); i < t.rows; i += RITZ_WARP) t.at(i, j) = A[j * ld + i];
}

template <typename T> __device__ void store(const tile<T> &t, T *A, int64_t ld)
{
    for (int j = warp(); j < t.cols; j += WARPS)
        for (int i = lane(); i < t.rows; i += RITZ_WARP) A[j * ld + i] = t.at(i, j);
}

/* The norm of A(k+1:, k), without overflow or underflow of squares; by one whole warp. */
template <typename T> __device__ T norm_below(const tile<T> &A, int k)
{
    T largest = 0;
    for (int i = k + 1 + lane(); i < A.rows; i += RITZ_WARP) {
        const T x = fabs(A.at(i, k));
        largest = x > largest ? x : largest;
    }
    largest = ritz_warp_max(largest);
    if (!(largest > 0)) return largest;
    T sum = 0;
    for (int i = k + 1 + lane(); i < A.rows; i += RITZ_WARP) {
        const T x = A.at(i, k) / largest;
        sum += x * x;
    }
    return largest * sqrt(ritz_warp_sum(sum));
}

/* Reflector k from column k; by one whole warp. */
template <typename T> __device__ T make_reflector(const tile<T> &A, int k)
{
    const T below = norm_below(A, k), alpha = A.at(k, k);
    if (below == 0) return 0;
    const T length = hypot(alpha, below), beta = alpha > 0 ? -length : length;
    __syncwarp();
    for (int i = k + 1 + lane(); i < A.rows; i += RITZ_WARP) A.at(i, k) /= alpha - beta;
    if (lane() == 0) A.at(k, k) = beta;
    return (beta - alpha) / beta;
}

/* C(k:, j) = (I - tau v vᵀ) C(k:, j), v from column k of V; by one whole warp. */
template <typename T>
__device__ void reflect(const tile<T> &V, int k, T tau, const tile<T> &C, int j)
{
    T sum = lane() == 0 ? C.at(k, j) : 0;
    for (int i = k + 1 + lane(); i < V.rows; i += RITZ_WARP) sum += V.at(i, k) * C.at(i, j);
    const T w = tau * ritz_warp_sum(sum);
    if (lane() == 0) C.at(k, j) -= w;
    for (int i = k + 1 + lane(); i < V.rows; i += RITZ_WARP) C.at(i, j) -= w * V.at(i, k);
}

template <typename T>
__global__ void __launch_bounds__(THREADS)
    geqrf_small(T *A, int m, int n, int64_t ld, int64_t stride, int64_t batch, T *tau,
                int64_t tau_step, int64_t tau_stride)
{
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(T, factor, );
    const tile<T> t = {memory, m, n, odd(m)};
    const int r = m < n ? m : n;
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load(t, A + b * stride, ld);
        __syncthreads();
        for (int k = 0; k < r; k++) {
            if (warp() == 0) {
                const T made = make_reflector(t, k);
                if (lane() == 0) {
                    factor = made;
                    tau[b * tau_stride + k * tau_step] = made;
                }
            }
            __syncthreads();
            for (int j = k + 1 + warp(); j < n; j += WARPS) reflect(t, k, factor, t, j);
            __syncthreads();
        }
        store(t, A + b * stride, ld);
        __syncthreads();
    }
}

/* Q in place of the reflectors, last column first. */
template <typename T>
__global__ void __launch_bounds__(THREADS)
    orgqr_small(T *A, int m, int k, int r, int64_t ld, int64_t stride, int64_t batch, const T *tau,
                int64_t tau_step, int64_t tau_stride)
{
    RITZ_DYN_SHARED(T, memory);
    const tile<T> t = {memory, m, k, odd(m)}, given = {memory, m, r, odd(m)};
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load(given, A + b * stride, ld);
        for (int j = r + warp(); j < k; j += WARPS)
            for (int i = lane(); i < m; i += RITZ_WARP) t.at(i, j) = i == j ? T(1) : T(0);
        __syncthreads();
        for (int h = r - 1; h >= 0; h--) {
            const T factor = tau[b * tau_stride + h * tau_step];
            for (int j = h + 1 + warp(); j < k; j += WARPS) reflect(t, h, factor, t, j);
            __syncthreads();
            for (int i = static_cast<int>(threadIdx.x); i < m; i += THREADS) {
                const T v = t.at(i, h);
                t.at(i, h) = i < h ? T(0) : i == h ? T(1) - factor : -factor * v;
            }
            __syncthreads();
        }
        store(t, A + b * stride, ld);
        __syncthreads();
    }
}

/* C = Q C (backwards) or Qᵀ C (forwards). */
template <typename T>
__global__ void __launch_bounds__(THREADS)
    ormqr_small(int transposed, const T *A, int m, int r, int64_t ld, int64_t stride, const T *tau,
                int64_t tau_step, int64_t tau_stride, T *C, int c, int64_t ldc, int64_t stride_c,
                int64_t batch)
{
    RITZ_DYN_SHARED(T, memory);
    const tile<T> v = {memory, m, r, odd(m)};
    const tile<T> t = {memory + odd(m) * r, m, c, odd(m)};
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load(v, A + b * stride, ld);
        load(t, C + b * stride_c, ldc);
        __syncthreads();
        /* Columns are independent: a warp takes its own through all reflectors. */
        for (int j = warp(); j < c; j += WARPS) {
            for (int step = 0; step < r; step++) {
                const int h = transposed ? step : r - 1 - step;
                reflect(v, h, tau[b * tau_stride + h * tau_step], t, j);
                __syncwarp();
            }
        }
        __syncthreads();
        store(t, C + b * stride_c, ldc);
        __syncthreads();
    }
}

unsigned blocks_for(int64_t batch)
{
    return static_cast<unsigned>(min(batch, MOST_BLOCKS));
}

template <typename T> cudaError_t geqrf(const struct qr_small *q, T *A, T *tau, cudaStream_t stream)
{
    const int m = static_cast<int>(q->m), n = static_cast<int>(q->n);
    return RITZ_LAUNCH((geqrf_small<T>), blocks_for(q->batch), THREADS,
                       sizeof(T) * static_cast<size_t>(odd(m) * n), stream, A, m, n, q->ld,
                       q->stride, q->batch, tau, q->tau_step, q->tau_stride);
}

template <typename T>
cudaError_t orgqr(const struct qr_small *q, T *A, const T *tau, cudaStream_t stream)
{
    const int m = static_cast<int>(q->m), k = static_cast<int>(q->n), r = static_cast<int>(q->r);
    return RITZ_LAUNCH((orgqr_small<T>), blocks_for(q->batch), THREADS,
                       sizeof(T) * static_cast<size_t>(odd(m) * k), stream, A, m, k, r, q->ld,
                       q->stride, q->batch, tau, q->tau_step, q->tau_stride);
}

template <typename T>
cudaError_t ormqr(const struct qr_small *q, int transposed, const T *A, const T *tau, T *C,
                  cudaStream_t stream)
{
    const int m = static_cast<int>(q->m), r = static_cast<int>(q->r), c = static_cast<int>(q->n);
    return RITZ_LAUNCH((ormqr_small<T>), blocks_for(q->batch), THREADS,
                       sizeof(T) * static_cast<size_t>(odd(m) * (r + c)), stream, transposed, A, m,
                       r, q->ld, q->stride, tau, q->tau_step, q->tau_stride, C, c, q->ldc,
                       q->stride_c, q->batch);
}

} // namespace

extern "C" cudaError_t launch_geqrf_f32(const struct qr_small *q, float *A, float *tau,
                                        cudaStream_t stream)
{
    return geqrf(q, A, tau, stream);
}

extern "C" cudaError_t launch_geqrf_f64(const struct qr_small *q, double *A, double *tau,
                                        cudaStream_t stream)
{
    return geqrf(q, A, tau, stream);
}

extern "C" cudaError_t launch_orgqr_f32(const struct qr_small *q, float *A, const float *tau,
                                        cudaStream_t stream)
{
    return orgqr(q, A, tau, stream);
}

extern "C" cudaError_t launch_orgqr_f64(const struct qr_small *q, double *A, const double *tau,
                                        cudaStream_t stream)
{
    return orgqr(q, A, tau, stream);
}

extern "C" cudaError_t launch_ormqr_f32(const struct qr_small *q, int transposed, const float *A,
                                        const float *tau, float *C, cudaStream_t stream)
{
    return ormqr(q, transposed, A, tau, C, stream);
}

extern "C" cudaError_t launch_ormqr_f64(const struct qr_small *q, int transposed, const double *A,
                                        const double *tau, double *C, cudaStream_t stream)
{
    return ormqr(q, transposed, A, tau, C, stream);
}
