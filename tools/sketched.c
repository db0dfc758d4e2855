/* What the subcommands that sketch a matrix have in common.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sketched.h"

/* The work on a sketch holds, for each of its columns, so many columns of m and of n elements: the
 * factors, their copies on the host, and scratch memory, which grows in steps. */
enum { COPIES = 5 };

/* As the library has it. */
enum { OVERSAMPLING_LEAST = 10, OVERSAMPLING_PART = 10 };

ritz_sketch_options sketched_options(const struct common_options *options, double tolerance)
{
    ritz_sketch_options sketch = RITZ_SKETCH_DEFAULTS;
    sketch.oversampling = options->oversampling;
    sketch.power_iterations = options->power_iterations;
    sketch.seed = (uint64_t)options->seed;
    sketch.tolerance = tolerance;
    return sketch;
}

double sketched_more(const struct common_options *options, double wanted)
{
    double more = wanted / OVERSAMPLING_PART;
    if (options->oversampling > 0) return (double)options->oversampling;
    return more > OVERSAMPLING_LEAST ? more : OVERSAMPLING_LEAST;
}

double sketched_bytes(const struct data *data, double width)
{
    double length = (double)data->info.rows + (double)data->info.cols;
    return COPIES * length * width * (double)ritz_dtype_size(data->dtype);
}

double sketched_room(const struct common_options *options, const struct data *data, double memory)
{
    double width = (memory - data_held_bytes(data)) / sketched_bytes(data, 1.0);
    double few = width - sketched_more(options, 0.0);
    if (options->oversampling > 0 || few < OVERSAMPLING_LEAST * OVERSAMPLING_PART) return few;
    return width / (1.0 + 1.0 / OVERSAMPLING_PART);
}
