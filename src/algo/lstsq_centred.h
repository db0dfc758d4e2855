/* Weighted rows x = [a b], about their mean:
 *
 *     W = Σ w,    μ = Σ w x / W,    FᵀF = Σ w (x - μ)(x - μ)ᵀ
 *
 * all that any least squares problem of the rows needs, with and without an intercept:
 * F = [R C; 0 E] gives ‖A X - B‖² = ‖R X - C‖² + ‖E‖² of the rows less their means, and the rows
 * themselves have the triangular factor of [√W μᵀ; F].
 *
 * The mean is the sum of two float64 numbers, the first of them close to every row, so that the
 * differences of means, of which F is made, are as exact as where the rows lie about zero.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_LSTSQ_CENTRED_H
#define RITZ_ALGO_LSTSQ_CENTRED_H

#include "algo/lstsq.h"

/* Of no rows, W, F and the means are 0. */
struct lstsq_centred {
    int64_t rows;     /* of positive weight */
    double weight;    /* W */
    ritz_dmat factor; /* F: q x q, q = n + s, upper triangular with zeros below, column-major */
    ritz_dmat means;  /* q x 2 F64 column-major: μ is the sum of the columns */
};

/* Take the rows of `data` (of which weights, block_rows and progress are used) in, all of them or
 * on an error none. One pass. Host waits. */
ritz_status lstsq_centred_absorb(ritz_stream *s, const struct lstsq_data *data,
                                 struct lstsq_centred *c);

/* Take in the rows of another, which is kept. */
ritz_status lstsq_centred_merge(ritz_stream *s, struct lstsq_centred *c,
                                const struct lstsq_centred *other);

/* The factor of the rows less their means, or of the rows: q x q, from the workspace. */
ritz_status lstsq_centred_factor(ritz_stream *s, const struct lstsq_centred *c, int less_means,
                                 ritz_dmat *F);

/* means (q x 2 F64 column-major) = μ rounded, and what that left. */
ritz_status lstsq_centred_means(ritz_stream *s, const struct lstsq_centred *c, ritz_dmat means);

#endif
