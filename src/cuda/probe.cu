/* A step of the estimator of the 1-norm: a block of threads a column.
 *
 * Source: Higham and Tisseur 2000, section 2; Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed. 2002, algorithm 15.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / RITZ_WARP;

struct probe_shape {
    int64_t rows, cols, batch;
};

/* best = max(best, sum |x|), then x = +-scale. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    probe_signs(const probe_shape q, const elements<const double> scale, const elements<T> X,
                const elements<double> best)
{
    RITZ_SHARED(double, of_warp, [WARPS]);
    for (int64_t unit = blockIdx.x; unit < q.cols * q.batch; unit += gridDim.x) {
        place at = {unit / q.cols, 0, 0};
        at.j = unit - at.item * q.cols;
        const T size = static_cast<T>(*scale.at({at.item, 0, 0}));
        double sum = 0;
        for (at.i = threadIdx.x; at.i < q.rows; at.i += THREADS) {
            const T x = *X.at(at);
            sum += fabs(static_cast<double>(x));
            *X.at(at) = x < 0 ? -size : size;
        }
        sum = block_sum<WARPS>(sum, of_warp);
        if (threadIdx.x == 0) {
            double *to = best.at({at.item, at.j, 0});
            const double seen = sum == sum ? sum : INFINITY;
            *to = seen > *to ? seen : *to;
        }
        __syncthreads();
    }
}

/* x = scale e_i for the first i of largest modulus. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    probe_unit(const probe_shape q, const elements<const double> scale, const elements<T> X)
{
    typedef leading<T, int64_t> candidate;
    RITZ_SHARED(candidate, lead, [WARPS]);
    for (int64_t unit = blockIdx.x; unit < q.cols * q.batch; unit += gridDim.x) {
        place at = {unit / q.cols, 0, 0};
        at.j = unit - at.item * q.cols;
        const T size = static_cast<T>(*scale.at({at.item, 0, 0}));
        candidate largest = {T(-1), 0};
        for (at.i = threadIdx.x; at.i < q.rows; at.i += THREADS)
            largest = ahead(largest, candidate{static_cast<T>(fabs(*X.at(at))), at.i});
        largest = block_leading<WARPS>(largest, lead);
        for (at.i = threadIdx.x; at.i < q.rows; at.i += THREADS)
            *X.at(at) = at.i == largest.place ? size : T(0);
        __syncthreads();
    }
}

} // namespace

cudaError_t launch_probe(int unit, struct cuda_operand scale, struct cuda_operand X,
                         struct cuda_operand best, cudaStream_t stream)
{
    const probe_shape q = {X.rows, X.cols, X.batch};
    const elements<const double> by = elements_of<const double>(scale);
    const unsigned blocks = blocks_for(X.cols * X.batch);
    return with_real(X.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        if (unit)
            return RITZ_LAUNCH((probe_unit<T>), blocks, THREADS, 0, stream, q, by,
                               elements_of<T>(X));
        return RITZ_LAUNCH((probe_signs<T>), blocks, THREADS, 0, stream, q, by, elements_of<T>(X),
                           elements_of<double>(best));
    });
}
