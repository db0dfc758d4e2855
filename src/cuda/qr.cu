/* Householder QR of many matrices: one matrix a block of threads, in shared memory if it fits. And
 * the parts of the blocked algorithm for batches of larger ones: panels, and the triangles of
 * compact WY products.
 *
 * Reflectors are LAPACK's: H = I - tau v vᵀ, v(k) = 1 implied, the rest of v below the diagonal of
 * column k.
 * A warp has a column; lanes share its rows.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, algorithms 5.1.1 and 5.2.1;
 * forming Q backwards: section 5.1.6.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/factor_kernels.h"
#include "cuda/reflector.cuh"
#include "cuda/thresholds.h"

namespace
{

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / RITZ_WARP;

template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    geqrf_small(T *A, int m, int n, int64_t ld, int64_t stride, int64_t batch, T *tau,
                int64_t tau_step, int64_t tau_stride)
{
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(T, factor, );
    const tile<T, int> t = {memory, m, n, odd(m)};
    const int r = m < n ? m : n;
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load<WARPS>(t, A + b * stride, ld);
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
        store<WARPS>(t, A + b * stride, ld);
        __syncthreads();
    }
}

/* Q in place of the reflectors, last column first. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    orgqr_small(T *A, int m, int k, int r, int64_t ld, int64_t stride, int64_t batch, const T *tau,
                int64_t tau_step, int64_t tau_stride)
{
    RITZ_DYN_SHARED(T, memory);
    const tile<T, int> t = {memory, m, k, odd(m)}, given = {memory, m, r, odd(m)};
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load<WARPS>(given, A + b * stride, ld);
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
        store<WARPS>(t, A + b * stride, ld);
        __syncthreads();
    }
}

/* C = Q C (backwards) or Qᵀ C (forwards). */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    ormqr_small(int transposed, const T *A, int m, int r, int64_t ld, int64_t stride, const T *tau,
                int64_t tau_step, int64_t tau_stride, T *C, int c, int64_t ldc, int64_t stride_c,
                int64_t batch)
{
    RITZ_DYN_SHARED(T, memory);
    const tile<T, int> v = {memory, m, r, odd(m)};
    const tile<T, int> t = {memory + odd(m) * r, m, c, odd(m)};
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        load<WARPS>(v, A + b * stride, ld);
        load<WARPS>(t, C + b * stride_c, ldc);
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
        store<WARPS>(t, C + b * stride_c, ldc);
        __syncthreads();
    }
}

/* ---- panels and blocks of reflectors --------------------------------------------------------- */

constexpr int PANEL_THREADS = 256;
constexpr int PANEL_WARPS = PANEL_THREADS / RITZ_WARP;
constexpr int NB = CUDA_PANEL;
static_assert(NB == RITZ_WARP, "a lane for each reflector of a block");

/* geqrf where the matrix lies. */
template <typename T>
__global__ void RITZ_BLOCK(PANEL_THREADS) geqrf_panel(const struct qr_small q, T *A, T *tau)
{
    RITZ_SHARED(T, of_warp, [PANEL_WARPS]);
    const int64_t r = q.m < q.n ? q.m : q.n;
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const tile<T, int64_t> t = {A + b * q.stride, q.m, q.n, q.ld};
        for (int64_t k = 0; k < r; k++) {
            const T made = make_reflector_together<PANEL_WARPS>(t, k, of_warp);
            if (threadIdx.x == 0) tau[b * q.tau_stride + k * q.tau_step] = made;
            __syncthreads();
            for (int64_t j = k + 1 + warp(); j < q.n; j += PANEL_WARPS) reflect(t, k, made, t, j);
            __syncthreads();
        }
    }
}

/* T of H_1 ... H_r = I - V T Vᵀ, upper triangular, from G = Vᵀ V, in place; a warp has an item and
 * each lane a row. T(0:j, j) = -tau_j T(0:j, 0:j) G(0:j, j) (Schreiber and Van Loan 1989). */
template <typename T>
__global__ void RITZ_BLOCK(RITZ_WARP)
    block_triangle(T *G, int r, int64_t ld, int64_t stride, const T *tau, int64_t tau_step,
                   int64_t tau_stride, int64_t batch)
{
    RITZ_SHARED(T, of_gram, [NB][NB + 1]);
    RITZ_SHARED(T, triangle, [NB][NB + 1]);
    const int i = lane();
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        T *item = G + b * stride;
        for (int j = 0; j < r; j++) {
            of_gram[j][i] = i < r ? item[j * ld + i] : T(0);
            triangle[j][i] = T(0);
        }
        __syncthreads();
        for (int j = 0; j < r; j++) {
            const T factor = tau[b * tau_stride + j * tau_step];
            T sum = 0;
            for (int l = i; l < j; l++) sum += triangle[l][i] * of_gram[j][l];
            __syncthreads();
            triangle[j][i] = i < j ? -factor * sum : i == j ? factor : T(0);
            __syncthreads();
        }
        for (int j = 0; j < r; j++)
            if (i < r) item[j * ld + i] = triangle[j][i];
        __syncthreads();
    }
}

/* ---- launches -------------------------------------------------------------------------------- */

template <typename T> cudaError_t panel(const struct qr_small *q, T *A, T *tau, cudaStream_t stream)
{
    return RITZ_LAUNCH((geqrf_panel<T>), blocks_for(q->batch), PANEL_THREADS, 0, stream, *q, A,
                       tau);
}

template <typename T>
cudaError_t triangle(const struct qr_small *q, T *G, const T *tau, cudaStream_t stream)
{
    return RITZ_LAUNCH((block_triangle<T>), blocks_for(q->batch), RITZ_WARP, 0, stream, G,
                       static_cast<int>(q->r), q->ld, q->stride, tau, q->tau_step, q->tau_stride,
                       q->batch);
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

extern "C" cudaError_t launch_geqrf_panel_f32(const struct qr_small *q, float *A, float *tau,
                                              cudaStream_t stream)
{
    return panel(q, A, tau, stream);
}

extern "C" cudaError_t launch_geqrf_panel_f64(const struct qr_small *q, double *A, double *tau,
                                              cudaStream_t stream)
{
    return panel(q, A, tau, stream);
}

extern "C" cudaError_t launch_block_triangle_f32(const struct qr_small *q, float *G,
                                                 const float *tau, cudaStream_t stream)
{
    return triangle(q, G, tau, stream);
}

extern "C" cudaError_t launch_block_triangle_f64(const struct qr_small *q, double *G,
                                                 const double *tau, cudaStream_t stream)
{
    return triangle(q, G, tau, stream);
}
