/* Before a tile is factored: lanes that are not finite, and those whose squares could overflow or
 * underflow.
 *
 * Both show in the sum of squares of a lane, for a single pass over the tile in the ordinary case.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_SCALE_H
#define RITZ_CPU_LANE_LANE_SCALE_H

#include <assert.h>
#include <float.h>

#include "cpu/lane/lane_body.h"
#include "cpu/lane/lane_spectral.h"

#define LANE_EPS ((T)(LANE_F64 ? DBL_EPSILON : FLT_EPSILON))

/* What was done to the lanes of a tile. */
struct prepared {
    ivec failed; /* not finite: replaced by ones on the diagonal and zeros */
    vec factor;  /* powers of two that the other elements were multiplied by */
    int altered; /* whether any of this is so */
};

/* What part of a tile counts. */
enum part { PART_ALL, PART_LOWER };

/* Sum of squares of each lane. */
INLINE vec sum_of_squares(const vec *P, int rows, int cols, int64_t ld, const enum part part)
{
    vec sum[4] = {{0}, {0}, {0}, {0}};
    for (int j = 0; j < cols; j++) {
        const vec *p = P + j * ld;
        int i = part == PART_LOWER ? j : 0;
        for (; i + 4 <= rows; i += 4) UNROLL
        for (int c = 0; c < 4; c++) sum[c] += p[i + c] * p[i + c];
        for (; i < rows; i++) sum[0] += p[i] * p[i];
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Mend the lanes where `odd` is set. */
NOINLINE void mend(vec *P, int rows, int cols, int64_t ld, const enum part part, ivec odd,
                   struct prepared *what)
{
    vec largest = splat(0), spoilt = splat(0);
    for (int j = 0; j < cols; j++) {
        for (int i = part == PART_LOWER ? j : 0; i < rows; i++) {
            largest = vmax(vabs(P[i + j * ld]), largest);
            spoilt += not_finite(P[i + j * ld]);
        }
    }
    what->altered = 1;
    what->failed = spoilt != spoilt;
    what->factor =
        vselect(odd & (largest > splat(0)) & ~what->failed, scale_to_one(largest), splat(1));
    for (int j = 0; j < cols; j++) {
        for (int i = part == PART_LOWER ? j : 0; i < rows; i++) {
            const vec scaled = P[i + j * ld] * what->factor;
            P[i + j * ld] = vselect(what->failed, splat(i == j ? 1 : 0), scaled);
        }
    }
}

/* Find failed lanes, and bring those whose sum of squares is not between `least` and `most` to
 * a largest element near 1. */
INLINE struct prepared prepare(vec *P, int rows, int cols, int64_t ld, const enum part part,
                               T least, T most)
{
    struct prepared what = {isplat(0), splat(1), 0};
    const vec sum = sum_of_squares(P, rows, cols, ld, part);
    const ivec odd = ~((sum >= splat(least)) & (sum <= splat(most)));
    if (any(odd)) mend(P, rows, cols, ld, part, odd, &what);
    return what;
}

/* Undo the scaling in a result that is proportional to the matrix. */
NOINLINE void restore_scale(vec *P, int rows, int cols, int64_t ld, const struct prepared *what)
{
    const vec inverse = inverse_scale(what->factor);
    for (int j = 0; j < cols; j++)
        for (int i = 0; i < rows; i++) P[i + j * ld] *= inverse;
}

#endif
