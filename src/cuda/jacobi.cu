/* Singular values and symmetric eigenvalues of small matrices by Jacobi's method, many matrices at
 * a time: one a block of
 * threads, in shared memory.
 *
 * In a sweep every pair of columns is met once, in rounds of disjoint pairs (round-robin
 * tournament), so that all
 * pairs of a round are rotated at once. The order is fixed: results do not depend on the schedule.
 *
 * Sources: Golub and Van Loan, Matrix Computations, 4th ed. 2013, sections 8.5 (two-sided) and
 * 8.6.3 (one-sided);
 * Demmel and Veselic 1992 (the relative stopping rule).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "cuda/factor_kernels.h"
#include "cuda/thresholds.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / RITZ_WARP;
constexpr int MOST = CUDA_JACOBI_MOST;
constexpr int MOST_SWEEPS = 30;

__device__ inline float epsilon(float)
{
    return FLT_EPSILON;
}
__device__ inline double epsilon(double)
{
    return DBL_EPSILON;
}

/* Players of pair number `pair` in round `round` of a tournament of `even` players: p < q. The
 * last player stays, the others move on. */
__device__ inline void opponents(int even, int round, int pair, int &p, int &q)
{
    const int ring = even - 1;
    const int a = pair == 0 ? ring : (round + pair) % ring;
    const int b = pair == 0 ? round : (round + ring - pair) % ring;
    p = a < b ? a : b;
    q = a < b ? b : a;
}

/* The rotation that makes the off-diagonal of [a g; g b] vanish: t = tan of the smaller angle. */
template <typename T> __device__ inline void rotation(T a, T b, T g, T &c, T &s)
{
    const T zeta = (b - a) / (2 * g);
    const T t = (zeta >= 0 ? T(1) : T(-1)) / (fabs(zeta) + hypot(T(1), zeta));
    c = 1 / sqrt(1 + t * t);
    s = c * t;
}

/* A column shorter than the root of the smallest normal number has no direction: its square
 * underflows. The largest
 * entry of the matrix is near 1. */
__device__ inline float shortest(float)
{
    return 1.1e-19f;
}
__device__ inline double shortest(double)
{
    return 1.5e-154;
}

__device__ inline int most_exponent(float)
{
    return FLT_MAX_EXP - 2;
}
__device__ inline int most_exponent(double)
{
    return DBL_MAX_EXP - 2;
}

/* A power of two that brings `largest` near 1, as far as one exists; 1 for 0. */
template <typename T> __device__ inline T balance(T largest)
{
    if (!(largest > 0)) return 1;
    const int exponent = -ilogb(largest), most = most_exponent(T(0));
    return scalbn(T(1), exponent < most ? exponent : most);
}

/* ---- one-sided: A V = U diag(S) ---- */

/* In shared or in global memory; I: what addresses are counted in. */
template <typename T, typename I> struct svd_tile {
    T *A;      /* m x n, ld lda: becomes U diag(S) */
    T *V;      /* n x n, ld ldv */
    T *sigma;  /* n */
    int *rank; /* n: place of each column in descending order */
    int m, n;
    I lda, ldv;
};

template <typename T> __device__ T column_sumsq(const T *x, int m)
{
    T sum = 0;
    for (int i = lane(); i < m; i += RITZ_WARP) sum += x[i] * x[i];
    return ritz_warp_sum(sum);
}

/* Make columns p and q orthogonal; by one whole warp. True if they were not. */
template <typename T, typename I>
__device__ bool rotate_columns(const svd_tile<T, I> &t, int p, int q, T tolerance)
{
    T *x = t.A + p * t.lda, *y = t.A + q * t.lda;
    T dot = 0;
    for (int i = lane(); i < t.m; i += RITZ_WARP) dot += x[i] * y[i];
    dot = ritz_warp_sum(dot);
    const T a = column_sumsq(x, t.m), b = column_sumsq(y, t.m);
    const T long_x = sqrt(a), long_y = sqrt(b);
    if (!(fabs(dot) > tolerance * long_x * long_y)) return false;
    if (long_x < shortest(T(0)) || long_y < shortest(T(0))) return false;
    T c, s;
    rotation(a, b, dot, c, s);
    __syncwarp();
    for (int i = lane(); i < t.m; i += RITZ_WARP) {
        const T u = x[i], v = y[i];
        x[i] = c * u - s * v;
        y[i] = s * u + c * v;
    }
    T *vx = t.V + p * t.ldv, *vy = t.V + q * t.ldv;
    for (int i = lane(); i < t.n; i += RITZ_WARP) {
        const T u = vx[i], v = vy[i];
        vx[i] = c * u - s * v;
        vy[i] = s * u + c * v;
    }
    return true;
}

/* Sweeps until nothing is rotated; false if the last sweep still did. */
template <int WARPS, typename T, typename I> __device__ bool orthogonalise(const svd_tile<T, I> &t)
{
    const int even = t.n + t.n % 2;
    /* A dot product is not known better than this. */
    const T tolerance = epsilon(T(0)) * max(T(4), sqrt(static_cast<T>(t.m)));
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        int rotated = 0;
        for (int round = 0; round < even - 1; round++) {
            for (int pair = warp(); pair < even / 2; pair += WARPS) {
                int p, q;
                opponents(even, round, pair, p, q);
                if (q < t.n && rotate_columns(t, p, q, tolerance)) rotated = 1;
                __syncwarp();
            }
            __syncthreads();
        }
        if (!__syncthreads_or(rotated)) return true;
    }
    return false;
}

/* sigma and the places of the columns, equal values in their order. */
template <int WARPS, typename T, typename I> __device__ void measure(const svd_tile<T, I> &t)
{
    for (int j = warp(); j < t.n; j += WARPS) {
        const T norm = sqrt(column_sumsq(t.A + j * t.lda, t.m));
        if (lane() == 0) t.sigma[j] = norm > shortest(T(0)) ? norm : T(0);
    }
    __syncthreads();
    for (int j = static_cast<int>(threadIdx.x); j < t.n; j += WARPS * RITZ_WARP) {
        int place = 0;
        for (int k = 0; k < t.n; k++)
            place += t.sigma[k] > t.sigma[j] || (t.sigma[k] == t.sigma[j] && k < j);
        t.rank[j] = place;
    }
    __syncthreads();
}

/* Columns of A without length become orthonormal to all others: a unit vector, orthogonalised
 * twice; the one
 * is taken that the basis covers least. By one whole warp. */
template <typename T, typename I> __device__ void complete_column(const svd_tile<T, I> &t, int j)
{
    T best = 2;
    int row = 0;
    for (int i = 0; i < t.m; i++) {
        T covered = 0;
        for (int k = lane(); k < t.n; k += RITZ_WARP)
            if (t.sigma[k] > 0) covered += t.A[k * t.lda + i] * t.A[k * t.lda + i];
        covered = ritz_warp_sum(covered);
        if (covered < best) {
            best = covered;
            row = i;
        }
    }
    T *x = t.A + j * t.lda;
    for (int i = lane(); i < t.m; i += RITZ_WARP) x[i] = i == row ? T(1) : T(0);
    __syncwarp();
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < t.n; k++) {
            if (!(t.sigma[k] > 0)) continue;
            const T *y = t.A + k * t.lda;
            T dot = 0;
            for (int i = lane(); i < t.m; i += RITZ_WARP) dot += x[i] * y[i];
            dot = ritz_warp_sum(dot);
            for (int i = lane(); i < t.m; i += RITZ_WARP) x[i] -= dot * y[i];
            __syncwarp();
        }
        const T inverse = 1 / sqrt(column_sumsq(x, t.m));
        for (int i = lane(); i < t.m; i += RITZ_WARP) x[i] *= inverse;
        __syncwarp();
    }
}

/* Columns of A that have a length become unit vectors. */
template <int WARPS, typename T, typename I> __device__ void normalise(const svd_tile<T, I> &t)
{
    for (int j = warp(); j < t.n; j += WARPS) {
        if (!(t.sigma[j] > 0)) continue;
        const T inverse = 1 / t.sigma[j];
        for (int i = lane(); i < t.m; i += RITZ_WARP) t.A[j * t.lda + i] *= inverse;
    }
    __syncthreads();
}

/* U = A diag(1 / sigma), columns without length completed, and Vᵀ, in descending order. */
template <int WARPS, typename T, typename I>
__device__ void deliver_vectors(const svd_tile<T, I> &t, const struct jacobi_small &q, int64_t b,
                                T *U, T *Vt)
{
    normalise<WARPS>(t);
    if (warp() == 0) {
        for (int j = 0; j < t.n; j++) {
            if (t.sigma[j] > 0) continue;
            complete_column(t, j);
            if (lane() == 0) t.sigma[j] = 1; /* part of the basis from now on */
            __syncwarp();
        }
    }
    __syncthreads();
    U += b * q.u_stride;
    Vt += b * q.v_stride;
    for (int j = warp(); j < t.n; j += WARPS) {
        for (int i = lane(); i < t.m; i += RITZ_WARP)
            U[t.rank[j] * q.u_ld + i] = t.A[j * t.lda + i];
        for (int i = lane(); i < t.n; i += RITZ_WARP)
            Vt[i * q.v_ld + t.rank[j]] = t.V[j * t.ldv + i];
    }
}

/* The SVD of item b: t.A is the matrix times `factor`; false if the sweeps did not suffice. */
template <int WARPS, typename T, typename I>
__device__ bool decompose(const svd_tile<T, I> &t, const struct jacobi_small &q, int64_t b,
                          T factor, T *S, T *U, T *Vt)
{
    const bool done = orthogonalise<WARPS>(t);
    measure<WARPS>(t);
    for (int j = static_cast<int>(threadIdx.x); j < t.n; j += WARPS * RITZ_WARP)
        S[b * q.s_stride + t.rank[j] * q.s_step] = t.sigma[j] / factor;
    __syncthreads();
    if (U != nullptr) deliver_vectors<WARPS>(t, q, b, U, Vt);
    __syncthreads();
    return done;
}

/* The least number of blocks on a multiprocessor leaves 64 registers a thread: without it ptxas
 * takes fewer on some architectures, and spills. */
template <typename T>
__global__ void __launch_bounds__(THREADS, 8)
    svd_small(const struct jacobi_small q, T *A, T *S, T *U, T *Vt, int32_t *info)
{
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(T, sigma, [MOST]);
    RITZ_SHARED(int, rank, [MOST]);
    RITZ_SHARED(T, factor, );
    const int m = static_cast<int>(q.m), n = static_cast<int>(q.n),
              tid = static_cast<int>(threadIdx.x);
    const svd_tile<T, int> t = {memory, memory + odd(m) * n, sigma, rank, m, n, odd(m), odd(n)};
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const T *from = A + b * q.stride;
        if (warp() == 0) {
            T largest = 0;
            for (int e = lane(); e < m * n; e += RITZ_WARP) {
                const T x = fabs(from[e / m * q.ld + e % m]);
                largest = x > largest ? x : largest;
            }
            largest = ritz_warp_max(largest);
            if (lane() == 0) factor = balance(largest);
        }
        __syncthreads();
        for (int e = tid; e < m * n; e += THREADS)
            t.A[e / m * t.lda + e % m] = from[e / m * q.ld + e % m] * factor;
        for (int e = tid; e < n * n; e += THREADS)
            t.V[e / n * t.ldv + e % n] = e / n == e % n ? T(1) : T(0);
        __syncthreads();
        const bool done = decompose<WARPS>(t, q, b, factor, S, U, Vt);
        if (tid == 0) info[b] = done ? 0 : n + 1;
        __syncthreads();
    }
}

/* The same where the matrix lies, for what does not fit into shared memory. numbers: for each item
 * V (n x n) and sigma; ranks: n. */
constexpr int LARGE_THREADS = 256;
constexpr int LARGE_WARPS = LARGE_THREADS / RITZ_WARP;

template <typename T>
__global__ void __launch_bounds__(LARGE_THREADS, 3)
    svd_large(const struct jacobi_small q, T *A, T *S, T *U, T *Vt, int32_t *info, T *numbers,
              int32_t *ranks)
{
    RITZ_SHARED(T, of_warp, [LARGE_WARPS]);
    const int m = static_cast<int>(q.m), n = static_cast<int>(q.n);
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        T *V = numbers + b * (q.n * q.n + q.n), *sigma = V + q.n * q.n;
        const svd_tile<T, int64_t> t = {
            A + b * q.stride, V, sigma, ranks + b * q.n, m, n, q.ld, q.n};
        T largest = 0;
        for (int j = warp(); j < n; j += LARGE_WARPS) {
            for (int i = lane(); i < m; i += RITZ_WARP) {
                const T x = fabs(t.A[j * t.lda + i]);
                largest = x > largest ? x : largest;
            }
            for (int i = lane(); i < n; i += RITZ_WARP) V[j * t.ldv + i] = i == j ? T(1) : T(0);
        }
        const T factor = balance(block_max<LARGE_WARPS>(largest, of_warp));
        for (int j = warp(); j < n; j += LARGE_WARPS)
            for (int i = lane(); i < m; i += RITZ_WARP) t.A[j * t.lda + i] *= factor;
        __syncthreads();
        const bool done = decompose<LARGE_WARPS>(t, q, b, factor, S, U, Vt);
        if (threadIdx.x == 0) info[b] = done ? 0 : n + 1;
        __syncthreads();
    }
}

/* ---- two-sided: A V = V diag(W) for symmetric A ---- */

/* Rows or columns p and q of a matrix, rotated; `across` walks along the other index. */
template <typename T> __device__ inline void rotate_entries(T *x, T *y, T c, T s)
{
    const T u = *x, v = *y;
    *x = c * u - s * v;
    *y = s * u + c * v;
}

template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    eigen_small(const struct jacobi_small q, T *A, T *W, T *Z, int32_t *info)
{
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(T, cosine, [MOST]);
    RITZ_SHARED(T, sine, [MOST]);
    RITZ_SHARED(T, values, [MOST]);
    RITZ_SHARED(int, rank, [MOST]);
    RITZ_SHARED(T, factor, );
    const int n = static_cast<int>(q.n), tid = static_cast<int>(threadIdx.x);
    const int ld = odd(n), even = n + n % 2, pairs = even / 2;
    T *M = memory, *V = memory + ld * n;
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const T *from = A + b * q.stride;
        if (warp() == 0) {
            T largest = 0;
            for (int e = lane(); e < n * n; e += RITZ_WARP) {
                const int i = e % n, j = e / n;
                const T x = i >= j ? fabs(from[j * q.ld + i]) : T(0);
                largest = x > largest ? x : largest;
            }
            largest = ritz_warp_max(largest);
            if (lane() == 0) factor = balance(largest);
        }
        __syncthreads();
        for (int e = tid; e < n * n; e += THREADS) {
            const int i = e % n, j = e / n;
            M[j * ld + i] = factor * (i >= j ? from[j * q.ld + i] : from[i * q.ld + j]);
            V[j * ld + i] = i == j ? T(1) : T(0);
        }
        __syncthreads();
        bool done = false;
        for (int sweep = 0; sweep < MOST_SWEEPS && !done; sweep++) {
            int rotated = 0;
            for (int round = 0; round < even - 1; round++) {
                if (tid < pairs) {
                    int p, r;
                    opponents(even, round, tid, p, r);
                    cosine[tid] = 1;
                    sine[tid] = 0;
                    if (r < n) {
                        const T g = M[p * ld + r];
                        /* The largest entry is near 1: an absolute limit is a backward error. */
                        if (fabs(g) > epsilon(T(0)) / 4) {
                            rotation(M[p * ld + p], M[r * ld + r], g, cosine[tid], sine[tid]);
                            rotated = 1;
                        }
                    }
                }
                __syncthreads();
                for (int e = tid; e < pairs * n; e += THREADS) { /* M = M J, V = V J */
                    const int pair = e / n, i = e % n;
                    int p, r;
                    opponents(even, round, pair, p, r);
                    if (r < n && sine[pair] != 0) {
                        rotate_entries(&M[p * ld + i], &M[r * ld + i], cosine[pair], sine[pair]);
                        rotate_entries(&V[p * ld + i], &V[r * ld + i], cosine[pair], sine[pair]);
                    }
                }
                __syncthreads();
                for (int e = tid; e < pairs * n; e += THREADS) { /* M = Jᵀ M */
                    const int pair = e / n, j = e % n;
                    int p, r;
                    opponents(even, round, pair, p, r);
                    if (r < n && sine[pair] != 0)
                        rotate_entries(&M[j * ld + p], &M[j * ld + r], cosine[pair], sine[pair]);
                }
                __syncthreads();
                /* zero by construction; what stands there is rounding */
                if (tid < pairs && sine[tid] != 0) {
                    int p, r;
                    opponents(even, round, tid, p, r);
                    M[p * ld + r] = M[r * ld + p] = 0;
                }
                __syncthreads();
            }
            done = !__syncthreads_or(rotated);
        }
        if (tid < n) values[tid] = M[tid * ld + tid] / factor;
        __syncthreads();
        if (tid < n) {
            int place = 0;
            for (int k = 0; k < n; k++)
                place += values[k] < values[tid] || (values[k] == values[tid] && k < tid);
            rank[tid] = place - static_cast<int>(q.first);
            if (rank[tid] >= 0 && rank[tid] < q.wanted)
                W[b * q.s_stride + rank[tid] * q.s_step] = values[tid];
        }
        if (tid == 0) info[b] = done ? 0 : n + 1;
        __syncthreads();
        if (Z != nullptr)
            for (int e = tid; e < n * n; e += THREADS) {
                const int to = rank[e / n];
                if (to >= 0 && to < q.wanted)
                    Z[b * q.u_stride + to * q.u_ld + e % n] = V[e / n * ld + e % n];
            }
        __syncthreads();
    }
}

template <typename T>
cudaError_t svd(const struct jacobi_small *q, T *A, T *S, T *U, T *Vt, int32_t *info,
                cudaStream_t stream)
{
    const size_t m = static_cast<size_t>(q->m), n = static_cast<size_t>(q->n);
    return RITZ_LAUNCH((svd_small<T>), blocks_for(q->batch), THREADS,
                       sizeof(T) * ((m | 1) * n + (n | 1) * n), stream, *q, A, S, U, Vt, info);
}

template <typename T>
cudaError_t svd_in_place(const struct jacobi_small *q, T *A, T *S, T *U, T *Vt, int32_t *info,
                         T *numbers, int32_t *ranks, cudaStream_t stream)
{
    return RITZ_LAUNCH((svd_large<T>), blocks_for(q->batch), LARGE_THREADS, 0, stream, *q, A, S, U,
                       Vt, info, numbers, ranks);
}

template <typename T>
cudaError_t eigen(const struct jacobi_small *q, T *A, T *W, T *Z, int32_t *info,
                  cudaStream_t stream)
{
    const size_t n = static_cast<size_t>(q->n);
    return RITZ_LAUNCH((eigen_small<T>), blocks_for(q->batch), THREADS, sizeof(T) * 2 * (n | 1) * n,
                       stream, *q, A, W, Z, info);
}

} // namespace

extern "C" cudaError_t launch_svd_f32(const struct jacobi_small *q, float *A, float *S, float *U,
                                      float *Vt, int32_t *info, cudaStream_t stream)
{
    return svd(q, A, S, U, Vt, info, stream);
}

extern "C" cudaError_t launch_svd_f64(const struct jacobi_small *q, double *A, double *S, double *U,
                                      double *Vt, int32_t *info, cudaStream_t stream)
{
    return svd(q, A, S, U, Vt, info, stream);
}

extern "C" cudaError_t launch_eigen_f32(const struct jacobi_small *q, float *A, float *W, float *Z,
                                        int32_t *info, cudaStream_t stream)
{
    return eigen(q, A, W, Z, info, stream);
}

extern "C" cudaError_t launch_eigen_f64(const struct jacobi_small *q, double *A, double *W,
                                        double *Z, int32_t *info, cudaStream_t stream)
{
    return eigen(q, A, W, Z, info, stream);
}

extern "C" cudaError_t launch_svd_large_f32(const struct jacobi_small *q, float *A, float *S,
                                            float *U, float *Vt, int32_t *info, float *numbers,
                                            int32_t *ranks, cudaStream_t stream)
{
    return svd_in_place(q, A, S, U, Vt, info, numbers, ranks, stream);
}

extern "C" cudaError_t launch_svd_large_f64(const struct jacobi_small *q, double *A, double *S,
                                            double *U, double *Vt, int32_t *info, double *numbers,
                                            int32_t *ranks, cudaStream_t stream)
{
    return svd_in_place(q, A, S, U, Vt, info, numbers, ranks, stream);
}
