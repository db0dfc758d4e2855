/* Householder reflectors: H = I - tau v vᵀ as LAPACK keeps them, v(k) = 1 implied, the rest of v
 * below the diagonal of column k.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, algorithm 5.1.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_REFLECTOR_CUH
#define RITZ_CUDA_REFLECTOR_CUH

#include "cuda/tile.cuh"

namespace
{

/* The norm of A(first:, j), without overflow or underflow of squares; by one whole warp. */
template <typename T, typename I> __device__ T norm_from(const tile<T, I> &A, I first, I j)
{
    T largest = 0;
    for (I i = first + lane(); i < A.rows; i += RITZ_WARP) {
        const T x = fabs(A.at(i, j));
        largest = x > largest ? x : largest;
    }
    largest = ritz_warp_max(largest);
    if (!(largest > 0)) return largest;
    T sum = 0;
    for (I i = first + lane(); i < A.rows; i += RITZ_WARP) {
        const T x = A.at(i, j) / largest;
        sum += x * x;
    }
    return largest * sqrt(ritz_warp_sum(sum));
}

/* Reflector k from column k; by one whole warp. */
template <typename T, typename I> __device__ T make_reflector(const tile<T, I> &A, I k)
{
    const T below = norm_from(A, k + 1, k), alpha = A.at(k, k);
    if (below == 0) return 0;
    const T length = hypot(alpha, below), beta = alpha > 0 ? -length : length;
    __syncwarp();
    for (I i = k + 1 + lane(); i < A.rows; i += RITZ_WARP) A.at(i, k) /= alpha - beta;
    if (lane() == 0) A.at(k, k) = beta;
    return (beta - alpha) / beta;
}

/* The same by all threads of the block, for long columns; `of_warp` has an element for each
 * warp. */
template <int WARPS, typename T, typename I>
__device__ T make_reflector_together(const tile<T, I> &A, I k, T *of_warp)
{
    constexpr int THREADS = WARPS * RITZ_WARP;
    const I first = k + 1 + static_cast<I>(threadIdx.x);
    const T alpha = A.at(k, k);
    T largest = 0, sum = 0;
    for (I i = first; i < A.rows; i += THREADS) {
        const T x = fabs(A.at(i, k));
        largest = x > largest ? x : largest;
    }
    largest = block_max<WARPS>(largest, of_warp);
    if (!(largest > 0)) return 0;
    for (I i = first; i < A.rows; i += THREADS) {
        const T x = A.at(i, k) / largest;
        sum += x * x;
    }
    const T below = largest * sqrt(block_sum<WARPS>(sum, of_warp));
    const T length = hypot(alpha, below), beta = alpha > 0 ? -length : length;
    for (I i = first; i < A.rows; i += THREADS) A.at(i, k) /= alpha - beta;
    if (threadIdx.x == 0) A.at(k, k) = beta;
    return (beta - alpha) / beta;
}

/* C(k:, j) = (I - tau v vᵀ) C(k:, j), v from column k of V; by one whole warp. */
template <typename T, typename I>
__device__ void reflect(const tile<T, I> &V, I k, T tau, const tile<T, I> &C, I j)
{
    T sum = lane() == 0 ? C.at(k, j) : 0;
    for (I i = k + 1 + lane(); i < V.rows; i += RITZ_WARP) sum += V.at(i, k) * C.at(i, j);
    const T w = tau * ritz_warp_sum(sum);
    if (lane() == 0) C.at(k, j) -= w;
    for (I i = k + 1 + lane(); i < V.rows; i += RITZ_WARP) C.at(i, j) -= w * V.at(i, k);
}

} // namespace

#endif
