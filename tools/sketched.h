/* What the subcommands that sketch a matrix have in common: their options, and how much memory a
 * sketch and what is made of it take.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_SKETCHED_H
#define RITZ_TOOLS_SKETCHED_H

#include "data.h"

/* Below so many values, columns or rows a tolerance is hardly ever met. */
enum { SKETCH_FEW = 10 };

ritz_sketch_options sketched_options(const struct common_options *options, double tolerance);

/* Columns of the sketch beyond those that are wanted. */
double sketched_more(const struct common_options *options, double wanted);

/* Bytes of the work on a sketch of so many columns, beside the matrix. */
double sketched_bytes(const struct data *data, double width);

/* How many may be wanted in so many bytes, with the matrix; may be negative. */
double sketched_room(const struct common_options *options, const struct data *data, double memory);

#endif
