/* What every lane_*.h builds on: the vector types, masks, and moving matrices between memory and
 * tiles.
 *
 * Included once by each file that lane_inst.h makes; T, IT and LANE_BYTES are defined there.
 *
 *   vec, ivec   W elements of T, and of the signed integer type IT of the same size. Comparisons
 *               of vec give an ivec of 0 and -1 (a mask)
 *   struct ptr  a pointer into each of W matrices
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_BODY_H
#define RITZ_CPU_LANE_LANE_BODY_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "cpu/lane/lane.h"

#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline, unused))

/* Loops over register tiles have to be unrolled before arrays get into registers. GCC is told;
 * Clang does it by itself. */
#if defined(__clang__)
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum {
    W = LANE_BYTES / sizeof(T),
    PIECE = 16 / sizeof(T), /* elements of 16 bytes */
    MANTISSA = sizeof(T) == 8 ? 52 : 23,
    EXPONENT_MASK = sizeof(T) == 8 ? 0x7ff : 0xff,
    EXPONENT_BIAS = sizeof(T) == 8 ? 1023 : 127
};

typedef T vec __attribute__((vector_size(LANE_BYTES)));
typedef IT ivec __attribute__((vector_size(LANE_BYTES)));
typedef T vec_unaligned __attribute__((vector_size(LANE_BYTES), aligned(sizeof(T)), may_alias));
typedef T vec16 __attribute__((vector_size(16)));
typedef T vec16_unaligned __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));

/* ---- arithmetic ---- */

INLINE vec splat(T x)
{
    return x - (vec){0};
}

INLINE ivec isplat(IT x)
{
    return x - (ivec){0};
}

INLINE vec vselect(ivec mask, vec a, vec b)
{
    return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

INLINE ivec ivselect(ivec mask, ivec a, ivec b)
{
    return (a & mask) | (b & ~mask);
}

INLINE ivec sign_bit(void)
{
    return (ivec)(-(vec){0});
}

INLINE vec vabs(vec x)
{
    return (vec)((ivec)x & ~sign_bit());
}

/* |x| with the sign of y. */
INLINE vec vcopysign(vec x, vec y)
{
    return (vec)(((ivec)x & ~sign_bit()) | ((ivec)y & sign_bit()));
}

/* a > b ? a : b: with a NaN, b. */
INLINE vec vmax(vec a, vec b)
{
#if LANE_BYTES == 64 && defined(__AVX512F__)
    return sizeof(T) == 8 ? (vec)_mm512_max_pd((__m512d)a, (__m512d)b)
                          : (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif LANE_BYTES == 32 && defined(__AVX2__)
    return sizeof(T) == 8 ? (vec)_mm256_max_pd((__m256d)a, (__m256d)b)
                          : (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif LANE_BYTES == 16 && defined(__x86_64__)
    return sizeof(T) == 8 ? (vec)_mm_max_pd((__m128d)a, (__m128d)b)
                          : (vec)_mm_max_ps((__m128)a, (__m128)b);
#else
    return vselect(a > b, a, b);
#endif
}

INLINE vec vsqrt(vec x)
{
#if LANE_BYTES == 64 && defined(__AVX512F__)
    return sizeof(T) == 8 ? (vec)_mm512_sqrt_pd((__m512d)x) : (vec)_mm512_sqrt_ps((__m512)x);
#elif LANE_BYTES == 32 && defined(__AVX2__)
    return sizeof(T) == 8 ? (vec)_mm256_sqrt_pd((__m256d)x) : (vec)_mm256_sqrt_ps((__m256)x);
#elif LANE_BYTES == 16 && defined(__x86_64__)
    return sizeof(T) == 8 ? (vec)_mm_sqrt_pd((__m128d)x) : (vec)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
    return sizeof(T) == 8 ? (vec)vsqrtq_f64((float64x2_t)x) : (vec)vsqrtq_f32((float32x4_t)x);
#else
    vec y;
    for (int l = 0; l < W; l++)
        y[l] = sizeof(T) == 8 ? (T)__builtin_sqrt((double)x[l]) : (T)__builtin_sqrtf((float)x[l]);
    return y;
#endif
}

/* Whether a lane of the mask is set. */
INLINE int any(ivec mask)
{
#if LANE_BYTES == 64 && defined(__AVX512F__)
    return sizeof(T) == 8 ? _mm512_movepi64_mask((__m512i)mask) != 0
                          : _mm512_movepi32_mask((__m512i)mask) != 0;
#elif LANE_BYTES == 32 && defined(__AVX2__)
    return _mm256_movemask_epi8((__m256i)mask) != 0;
#elif LANE_BYTES == 16 && defined(__x86_64__)
    return _mm_movemask_epi8((__m128i)mask) != 0;
#else
    IT set = 0;
    for (int l = 0; l < W; l++) set |= mask[l];
    return set != 0;
#endif
}

/* 0 where x is finite, else NaN: what a sum over elements of these shows. */
INLINE vec not_finite(vec x)
{
    return x * splat(0);
}

/* The power of two s with s * x in [1, 2), x > 0; a little less at the ends of the range, where s
 * or 1 / s would not be a normal number. Any x gives a usable s. */
INLINE vec scale_to_one(vec x)
{
    const ivec e = ((ivec)x >> MANTISSA) & EXPONENT_MASK;
    ivec s = 2 * EXPONENT_BIAS - e;
    s = ivselect(s < 1, isplat(1), s);
    s = ivselect(s > 2 * EXPONENT_BIAS - 1, isplat(2 * EXPONENT_BIAS - 1), s);
    return (vec)(s << MANTISSA);
}

/* 1 / s for such an s, exactly. */
INLINE vec inverse_scale(vec s)
{
    return (vec)((isplat(2 * EXPONENT_BIAS) - ((ivec)s >> MANTISSA)) << MANTISSA);
}

/* ---- transposing W vectors ---- */

#if LANE_BYTES == 64

typedef double pieces __attribute__((vector_size(64)));

INLINE vec pairs_even(vec a, vec b) /* 16-byte pieces a0 a2 b0 b2 */
{
    return (vec)__builtin_shufflevector((pieces)a, (pieces)b, 0, 1, 4, 5, 8, 9, 12, 13);
}

INLINE vec pairs_odd(vec a, vec b)
{
    return (vec)__builtin_shufflevector((pieces)a, (pieces)b, 2, 3, 6, 7, 10, 11, 14, 15);
}

/* x[k], k = 0 .. 4 * h - 1 in four groups of h: the 4 x 4 transpose of 16-byte pieces. */
INLINE void transpose_pieces(vec *x, const int h)
{
    UNROLL
    for (int k = 0; k < h; k++) {
        const vec a = x[k], b = x[k + h], c = x[k + 2 * h], d = x[k + 3 * h];
        const vec ab_even = pairs_even(a, b), cd_even = pairs_even(c, d);
        const vec ab_odd = pairs_odd(a, b), cd_odd = pairs_odd(c, d);
        x[k] = pairs_even(ab_even, cd_even);
        x[k + h] = pairs_even(ab_odd, cd_odd);
        x[k + 2 * h] = pairs_odd(ab_even, cd_even);
        x[k + 3 * h] = pairs_odd(ab_odd, cd_odd);
    }
}

#elif LANE_BYTES == 32 && defined(__x86_64__)

INLINE void transpose_pieces(vec *x, const int h)
{
    UNROLL
    for (int k = 0; k < h; k++) {
        const __m256d a = (__m256d)x[k], b = (__m256d)x[k + h];
        x[k] = (vec)_mm256_permute2f128_pd(a, b, 0x20);
        x[k + h] = (vec)_mm256_permute2f128_pd(a, b, 0x31);
    }
}

#else

INLINE void transpose_pieces(vec *x, const int h)
{
    (void)x;
    (void)h;
}

#endif

/* Interleave the lower, or upper, halves of each 16-byte piece. */
#if LANE_F64
#if LANE_BYTES == 64
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#elif LANE_BYTES == 32
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#else
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif
#else
#if LANE_BYTES == 64
#define UNPACK_LOW(a, b)                                                                           \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define UNPACK_HIGH(a, b)                                                                          \
    __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define MOVE_LOW(a, b)                                                                             \
    __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define MOVE_HIGH(a, b)                                                                            \
    __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#elif LANE_BYTES == 32
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define MOVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define MOVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define MOVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define MOVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#endif
#endif

/* The transpose within the 16-byte pieces of PIECE vectors. */
INLINE void transpose_in_pieces(vec *x)
{
#if LANE_F64
    const vec a = x[0], b = x[1];
    x[0] = UNPACK_LOW(a, b);
    x[1] = UNPACK_HIGH(a, b);
#else
    const vec a = UNPACK_LOW(x[0], x[1]), b = UNPACK_HIGH(x[0], x[1]);
    const vec c = UNPACK_LOW(x[2], x[3]), d = UNPACK_HIGH(x[2], x[3]);
    x[0] = MOVE_LOW(a, c);
    x[1] = MOVE_HIGH(a, c);
    x[2] = MOVE_LOW(b, d);
    x[3] = MOVE_HIGH(b, d);
#endif
}

/* x[k][l] <-> x[l][k]. */
INLINE void transpose(vec *x)
{
    UNROLL
    for (int k = 0; k < W; k += PIECE) transpose_in_pieces(x + k);
    transpose_pieces(x, PIECE);
}

/* ---- pointers into W matrices ---- */

struct ptr {
    T *p[W];
};

/* Item `first` and those after it; beyond the last item, the last item again: what is computed for
 * it twice is the same twice. */
INLINE struct ptr tile_items(const struct lane_matrix *A, int64_t first, int64_t end)
{
    struct ptr q;
    for (int l = 0; l < W; l++) {
        const int64_t b = first + l < end ? first + l : end - 1;
        q.p[l] = (T *)A->data + b * A->item;
    }
    return q;
}

/* ---- between W runs of contiguous elements and vectors ----
 *
 * Element k of lane l is at p[l][k], its vector at P[k * step]. */

INLINE vec load_vector(const T *p)
{
    return (vec) * (const vec_unaligned *)p;
}

/* W elements of every lane. */
INLINE void load_chunk(const struct ptr *q, int64_t k, vec *x)
{
    UNROLL
    for (int l = 0; l < W; l++) x[l] = load_vector(q->p[l] + k);
    transpose(x);
}

INLINE void store_chunk(const struct ptr *q, int64_t k, vec *x)
{
    transpose(x);
    UNROLL
    for (int l = 0; l < W; l++) *(vec_unaligned *)(q->p[l] + k) = x[l];
}

/* PIECE elements of every lane: vector r of them first holds those of lanes r, r + PIECE, .... */
INLINE void load_piece(const struct ptr *q, int64_t k, vec *x)
{
    UNROLL
    for (int r = 0; r < PIECE; r++) {
        union {
            vec all;
            vec16 piece[W / PIECE];
        } u;
        UNROLL
        for (int g = 0; g < W / PIECE; g++)
            u.piece[g] = (vec16) * (const vec16_unaligned *)(q->p[g * PIECE + r] + k);
        x[r] = u.all;
    }
    transpose_in_pieces(x);
}

INLINE void store_piece(const struct ptr *q, int64_t k, vec *x)
{
    transpose_in_pieces(x);
    UNROLL
    for (int r = 0; r < PIECE; r++) {
        union {
            vec all;
            vec16 piece[W / PIECE];
        } u;
        u.all = x[r];
        UNROLL
        for (int g = 0; g < W / PIECE; g++)
            *(vec16_unaligned *)(q->p[g * PIECE + r] + k) = u.piece[g];
    }
}

INLINE vec load_element(const struct ptr *q, int64_t k)
{
    vec x;
    UNROLL
    for (int l = 0; l < W; l++) x[l] = q->p[l][k];
    return x;
}

INLINE void store_element(const struct ptr *q, int64_t k, vec x)
{
    UNROLL
    for (int l = 0; l < W; l++) q->p[l][k] = x[l];
}

/* A run of `count` elements. The last chunk overlaps the one before it. */
INLINE void pack_run(const struct ptr *q, int64_t offset, int count, vec *P, int64_t step)
{
    int k = 0;
    if (count >= W) {
        for (;;) {
            vec x[W];
            load_chunk(q, offset + k, x);
            UNROLL
            for (int c = 0; c < W; c++) P[(k + c) * step] = x[c];
            if (k + W >= count) return;
            k = k + 2 * W <= count ? k + W : count - W;
        }
    }
    if (W > PIECE && count >= PIECE) {
        for (;;) {
            vec x[PIECE];
            load_piece(q, offset + k, x);
            UNROLL
            for (int c = 0; c < PIECE; c++) P[(k + c) * step] = x[c];
            if (k + PIECE >= count) return;
            k = k + 2 * PIECE <= count ? k + PIECE : count - PIECE;
        }
    }
    for (; k < count; k++) P[k * step] = load_element(q, offset + k);
}

INLINE void unpack_run(const struct ptr *q, int64_t offset, int count, const vec *P, int64_t step)
{
    int k = 0;
    if (count >= W) {
        for (;;) {
            vec x[W];
            UNROLL
            for (int c = 0; c < W; c++) x[c] = P[(k + c) * step];
            store_chunk(q, offset + k, x);
            if (k + W >= count) return;
            k = k + 2 * W <= count ? k + W : count - W;
        }
    }
    if (W > PIECE && count >= PIECE) {
        for (;;) {
            vec x[PIECE];
            UNROLL
            for (int c = 0; c < PIECE; c++) x[c] = P[(k + c) * step];
            store_piece(q, offset + k, x);
            if (k + PIECE >= count) return;
            k = k + 2 * PIECE <= count ? k + PIECE : count - PIECE;
        }
    }
    for (; k < count; k++) store_element(q, offset + k, P[k * step]);
}

/* ---- between matrices and tiles ----
 *
 * Element (i, j) of the matrix is P[i * row + j * col]. */

struct run_shape {
    int64_t stride;       /* in memory, from a run to the next */
    int64_t step, across; /* in the tile: from an element of a run to the next, and between runs */
    int length, runs;
};

/* A matrix as runs of contiguous elements; as one run where it has no gaps and the tile has the
 * same order. */
INLINE struct run_shape runs_of(const struct lane_matrix *A, int64_t row, int64_t col)
{
    const int down = A->row == 1 && (A->col != 1 || A->cols == 1 || A->rows != 1);
    struct run_shape s = down ? (struct run_shape){A->col, row, col, A->rows, A->cols}
                              : (struct run_shape){A->row, col, row, A->cols, A->rows};
    if (s.stride == s.length && s.across == s.length * s.step) {
        s.length *= s.runs;
        s.runs = 1;
    }
    return s;
}

/* All of the matrix. */
NOINLINE void pack(const struct lane_matrix *A, const struct ptr *q, vec *P, int64_t row,
                   int64_t col)
{
    const struct run_shape s = runs_of(A, row, col);
    for (int j = 0; j < s.runs; j++) pack_run(q, j * s.stride, s.length, P + j * s.across, s.step);
}

NOINLINE void unpack(const struct lane_matrix *A, const struct ptr *q, const vec *P, int64_t row,
                     int64_t col)
{
    const struct run_shape s = runs_of(A, row, col);
    for (int j = 0; j < s.runs; j++)
        unpack_run(q, j * s.stride, s.length, P + j * s.across, s.step);
}

/* ---- finiteness, failed items ---- */

/* The lanes with a NaN or an infinity among rows x cols vectors of a tile. */
NOINLINE ivec not_finite_lanes(const vec *P, int rows, int cols, int64_t ld)
{
    vec sum[4] = {{0}, {0}, {0}, {0}};
    for (int j = 0; j < cols; j++) {
        const vec *p = P + j * ld;
        int i = 0;
        for (; i + 4 <= rows; i += 4) UNROLL
        for (int c = 0; c < 4; c++) sum[c] += not_finite(p[i + c]);
        for (; i < rows; i++) sum[0] += not_finite(p[i]);
    }
    const vec all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    return all != all;
}

/* Every element of one item becomes NaN. */
NOINLINE void poison_item(const struct lane_matrix *A, int64_t b)
{
    T *p = (T *)A->data + b * A->item;
    for (int j = 0; j < A->cols; j++)
        for (int i = 0; i < A->rows; i++) p[i * A->row + j * A->col] = (T)__builtin_nan("");
}

/* ---- prefetching ---- */

/* What of a square matrix is wanted: all, or of each run the part from, or up to, the chunk of W
 * elements that holds the diagonal. */
enum ahead_part { AHEAD_ALL, AHEAD_FROM_DIAGONAL, AHEAD_TO_DIAGONAL };

/* The memory of the next tile, asked for little by little while a tile is worked on. */
struct ahead {
    const char *run, *end; /* what is left of the run under way */
    int64_t item, last;
    const struct lane_matrix *A;
    enum ahead_part part;
    struct run_shape shape;
    int j; /* the run */
};

INLINE void ahead_run(struct ahead *a)
{
    const T *p = (const T *)a->A->data + a->item * a->A->item + a->j * a->shape.stride;
    const int chunk = a->j / W * W;
    a->run = (const char *)(a->part == AHEAD_FROM_DIAGONAL ? p + chunk : p);
    a->end = (const char *)(a->part == AHEAD_TO_DIAGONAL && chunk + W < a->shape.length
                                ? p + chunk + W
                                : p + a->shape.length);
}

/* Items first .. first+W-1, as far as there are. */
INLINE struct ahead ahead_of_part(const struct lane_matrix *A, int64_t first, int64_t end,
                                  enum ahead_part part)
{
    /* Seen as a tile of its own order, a matrix without gaps is one run. */
    struct ahead a = {.item = first, .A = A, .part = part, .shape = runs_of(A, A->row, A->col)};
    if (part != AHEAD_ALL) a.shape = (struct run_shape){A->row * A->col, 1, 1, A->rows, A->rows};
    a.last = first + W < end ? first + W : end;
    if (a.item < a.last) ahead_run(&a);
    return a;
}

INLINE struct ahead ahead_of(const struct lane_matrix *A, int64_t first, int64_t end)
{
    return ahead_of_part(A, first, end, AHEAD_ALL);
}

/* Ask for so many cache lines more. */
INLINE void ahead_step(struct ahead *a, int lines)
{
    for (; lines > 0 && a->item < a->last; lines--) {
        __builtin_prefetch(a->run);
        a->run += 64;
        if (a->run < a->end) continue;
        if (++a->j == a->shape.runs) {
            a->j = 0;
            a->item++;
        }
        if (a->item < a->last) ahead_run(a);
    }
}

#endif
