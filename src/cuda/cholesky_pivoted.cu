/* Pivoted Cholesky factorization, column by column from the matrix as it was given: column k of F
 * is what the first k columns leave of the pivot's column of A. A block of threads has the rows of
 * one part of an item; the launches are as many as the steps, or one, where a block has a whole
 * item.
 *
 * Each block finds the pivot anew from what all blocks noted of their rows in the step before: so
 * no block waits for another.
 *
 * Source: Harbrecht, Peters and Schneider 2012, algorithm 1; Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd ed. 2002, section 10.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/factor_kernels.h"
#include "cuda/tile.cuh"

namespace
{

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / RITZ_WARP;
constexpr int EACH = PIVOTED_ROWS / THREADS; /* rows of a thread */
constexpr int PIECE = 256;                   /* of the pivot's row, in shared memory at a time */
static_assert(PIVOTED_ROWS % THREADS == 0, "each thread has as many rows");

typedef leading<double, int64_t> candidate;

/* What a block notes of the rows of its part that no step has taken. */
struct note {
    candidate largest;
    double least;
};

/* Of an item. */
struct verdict {
    double limit;
    int32_t rank, info;
};

/* Workspace: for each item the diagonal that is left, the step that took a row (or -1), two rounds
 * of notes, a verdict. */
struct pivoted_state {
    double *diagonal;
    int32_t *taken;
    note *notes;
    verdict *verdicts;
};

pivoted_state state_of(const struct pivoted_shape *q, void *work)
{
    /* In the order of their alignment. */
    pivoted_state s;
    const int64_t parts = (q->n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    s.notes = static_cast<note *>(work);
    s.verdicts = reinterpret_cast<verdict *>(s.notes + 2 * parts * q->batch);
    s.diagonal = reinterpret_cast<double *>(s.verdicts + q->batch);
    s.taken = reinterpret_cast<int32_t *>(s.diagonal + q->n * q->batch);
    return s;
}

/* The notes of all parts, in every thread. */
__device__ note join(const note *notes, int64_t parts, candidate *lead, double *of_warp)
{
    candidate largest = {-INFINITY, 0};
    double below = -INFINITY;
    for (int64_t i = threadIdx.x; i < parts; i += THREADS) {
        largest = ahead(largest, notes[i].largest);
        below = max(below, -notes[i].least);
    }
    largest = block_leading<WARPS>(largest, lead);
    return {largest, -block_max<WARPS>(below, of_warp)};
}

/* The notes of the threads of a block, left by one of them. */
__device__ void leave(note mine, note *to, candidate *lead, double *of_warp)
{
    const candidate largest = block_leading<WARPS>(mine.largest, lead);
    const double below = block_max<WARPS>(-mine.least, of_warp);
    if (threadIdx.x == 0) *to = {largest, -below};
}

/* A NaN counts as negative. */
__device__ inline void add_row(note &mine, double d, int64_t i)
{
    mine.largest = ahead(mine.largest, candidate{d, i});
    mine.least = d < mine.least ? d : d == d ? mine.least : -INFINITY;
}

__device__ inline double limit_of(const struct pivoted_shape &q, const note &at_first)
{
    return max(q.rtol * at_first.largest.value, q.atol);
}

template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    pstrf_begin(const struct pivoted_shape q, const T *A, pivoted_state s)
{
    RITZ_SHARED(candidate, lead, [WARPS]);
    RITZ_SHARED(double, of_warp, [WARPS]);
    const int64_t parts = (q.n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    for (int64_t unit = blockIdx.x; unit < parts * q.batch; unit += gridDim.x) {
        const int64_t item = unit / parts, part = unit - item * parts;
        note mine = {{-INFINITY, 0}, INFINITY};
        RITZ_UNROLL
        for (int e = 0; e < EACH; e++) {
            const int64_t i = part * PIVOTED_ROWS + e * THREADS + threadIdx.x;
            if (i >= q.n) continue;
            const double d = static_cast<double>(A[item * q.stride + i * (q.ld + 1)]);
            s.diagonal[item * q.n + i] = d;
            s.taken[item * q.n + i] = -1;
            add_row(mine, d, i);
        }
        leave(mine, s.notes + item * 2 * parts + part, lead, of_warp);
        if (part == 0 && threadIdx.x == 0) s.verdicts[item] = {0, 0, 0};
        __syncthreads();
    }
}

/* F(i, 0:k) F(p, 0:k)ᵀ for the rows of this thread. By all threads of the block. */
template <typename T>
__device__ void products(const struct pivoted_shape &q, const T *F, int64_t first, int64_t p,
                         int64_t k, T *piece, T (&sum)[EACH])
{
    for (int64_t l0 = 0; l0 < k; l0 += PIECE) {
        const int count = static_cast<int>(min(k - l0, static_cast<int64_t>(PIECE)));
        __syncthreads();
        for (int l = static_cast<int>(threadIdx.x); l < count; l += THREADS)
            piece[l] = F[p + (l0 + l) * q.ldf];
        __syncthreads();
        RITZ_UNROLL
        for (int e = 0; e < EACH; e++) {
            const int64_t i = first + e * THREADS;
            if (i >= q.n) continue;
            for (int l = 0; l < count; l++) sum[e] += F[i + (l0 + l) * q.ldf] * piece[l];
        }
    }
}

/* Steps begin .. end-1. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    pstrf_steps(const struct pivoted_shape q, int64_t begin, int64_t end, const T *A, T *F,
                int32_t *pivots, pivoted_state s)
{
    RITZ_SHARED(candidate, lead, [WARPS]);
    RITZ_SHARED(double, of_warp, [WARPS]);
    RITZ_SHARED(T, piece, [PIECE]);
    const int64_t parts = (q.n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    for (int64_t unit = blockIdx.x; unit < parts * q.batch; unit += gridDim.x) {
        const int64_t item = unit / parts, part = unit - item * parts;
        const int64_t first = part * PIVOTED_ROWS + threadIdx.x;
        const bool speaks = part == 0 && threadIdx.x == 0; /* for the item */
        const T *Ab = A + item * q.stride;
        T *Fb = F + item * q.stride_f;
        for (int64_t k = begin; k < end; k++) {
            const note *from = s.notes + (item * 2 + k % 2) * parts;
            note *to = s.notes + (item * 2 + (k + 1) % 2) * parts + part;
            const note left = join(from, parts, lead, of_warp);
            const double limit = k == 0 ? limit_of(q, left) : s.verdicts[item].limit;
            const double largest = left.largest.value;
            const int64_t p = left.largest.place;
            /* Once an item stops it stays so: the notes are handed on as they are. */
            const bool goes = largest > limit && left.least >= -limit;
            const T pivot = goes ? static_cast<T>(sqrt(largest)) : T(0);
            T sum[EACH] = {};
            __syncthreads();
            if (speaks) {
                verdict *v = &s.verdicts[item];
                if (k == 0) v->limit = limit;
                if (goes) {
                    v->rank = static_cast<int32_t>(k + 1);
                    pivots[item * q.pivot_stride + k * q.pivot_step] = static_cast<int32_t>(p);
                } else if (left.least < -limit && v->info == 0) {
                    v->info = static_cast<int32_t>(k + 1);
                }
            }
            if (goes) products(q, Fb, first, p, k, piece, sum);
            note mine = {{-INFINITY, 0}, INFINITY};
            RITZ_UNROLL
            for (int e = 0; e < EACH; e++) {
                const int64_t i = first + e * THREADS;
                if (i >= q.n) continue;
                int32_t *taken = &s.taken[item * q.n + i];
                double *d = &s.diagonal[item * q.n + i];
                T f = T(0);
                if (goes && i == p) {
                    f = pivot;
                    *taken = static_cast<int32_t>(k);
                } else if (goes && *taken < 0) {
                    const T a = i > p ? Ab[p * q.ld + i] : Ab[i * q.ld + p];
                    f = (a - sum[e]) / pivot;
                    *d -= static_cast<double>(f) * static_cast<double>(f);
                }
                Fb[i + k * q.ldf] = f;
                if (*taken < 0) add_row(mine, *d, i);
            }
            leave(mine, to, lead, of_warp);
            __syncthreads();
        }
    }
}

/* Rows that no step has taken follow in their order; what is left of the diagonal is summed. */
__global__ void RITZ_BLOCK(THREADS)
    pstrf_end(const struct pivoted_shape q, int32_t *pivots, pivoted_state s, int32_t *rank,
              double *error, int32_t *info)
{
    RITZ_SHARED(candidate, lead, [WARPS]);
    RITZ_SHARED(double, of_warp, [WARPS]);
    RITZ_SHARED(int, untaken, [WARPS]);
    const int64_t parts = (q.n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    for (int64_t item = blockIdx.x; item < q.batch; item += gridDim.x) {
        const verdict v = s.verdicts[item];
        const note left = join(s.notes + (item * 2 + q.steps % 2) * parts, parts, lead, of_warp);
        const double limit = q.steps == 0 ? limit_of(q, left) : v.limit;
        double sum = 0;
        int64_t place = v.rank;
        for (int64_t i0 = 0; i0 < q.n; i0 += THREADS) {
            const int64_t i = i0 + threadIdx.x;
            const bool mine = i < q.n && s.taken[item * q.n + i] < 0;
            const unsigned lanes = __ballot_sync(RITZ_ALL_LANES, mine);
            if (mine) sum += s.diagonal[item * q.n + i];
            __syncthreads();
            if (lane() == 0) untaken[warp()] = __popc(lanes);
            __syncthreads();
            int before = __popc(lanes & ((1u << lane()) - 1)), all = 0;
            for (int w = 0; w < WARPS; w++) {
                before += w < warp() ? untaken[w] : 0;
                all += untaken[w];
            }
            if (mine)
                pivots[item * q.pivot_stride + (place + before) * q.pivot_step] =
                    static_cast<int32_t>(i);
            place += all;
        }
        sum = block_sum<WARPS>(sum, of_warp);
        if (threadIdx.x == 0) {
            rank[item * q.rank_step] = v.rank;
            error[item * q.error_step] = sum;
            info[item] = v.info != 0           ? v.info
                         : left.least < -limit ? static_cast<int32_t>(q.steps + 1)
                                               : 0;
        }
        __syncthreads();
    }
}

template <typename T>
cudaError_t factor(const struct pivoted_shape *q, const T *A, T *F, int32_t *pivots, int32_t *rank,
                   double *error, int32_t *info, void *work, cudaStream_t stream)
{
    const pivoted_state s = state_of(q, work);
    const int64_t parts = (q->n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    const unsigned blocks = blocks_for(parts * q->batch);
    cudaError_t code = RITZ_LAUNCH((pstrf_begin<T>), blocks, THREADS, 0, stream, *q, A, s);
    const int64_t together = parts == 1 ? q->steps : 1;
    for (int64_t k = 0; k < q->steps && code == cudaSuccess; k += together)
        code = RITZ_LAUNCH((pstrf_steps<T>), blocks, THREADS, 0, stream, *q, k, k + together, A, F,
                           pivots, s);
    if (code != cudaSuccess) return code;
    return RITZ_LAUNCH(pstrf_end, blocks_for(q->batch), THREADS, 0, stream, *q, pivots, s, rank,
                       error, info);
}

} // namespace

extern "C" size_t pstrf_workspace(const struct pivoted_shape *q)
{
    const int64_t parts = (q->n + PIVOTED_ROWS - 1) / PIVOTED_ROWS;
    const size_t item = 2 * static_cast<size_t>(parts) * sizeof(note) + sizeof(verdict) +
                        static_cast<size_t>(q->n) * (sizeof(double) + sizeof(int32_t));
    return item * static_cast<size_t>(q->batch);
}

extern "C" cudaError_t launch_pstrf_f32(const struct pivoted_shape *q, const float *A, float *F,
                                        int32_t *pivots, int32_t *rank, double *error,
                                        int32_t *info, void *work, cudaStream_t stream)
{
    return factor(q, A, F, pivots, rank, error, info, work, stream);
}

extern "C" cudaError_t launch_pstrf_f64(const struct pivoted_shape *q, const double *A, double *F,
                                        int32_t *pivots, int32_t *rank, double *error,
                                        int32_t *info, void *work, cudaStream_t stream)
{
    return factor(q, A, F, pivots, rank, error, info, work, stream);
}
