/* Column sums of a block of rows, for the files that need them within a job.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_REDUCE_H
#define RITZ_CPU_REDUCE_H

#include "cpu/view.h"

/* sums_j = sum_i A(i, j), or of the squares, over the whole view (one item), in float64, on this
 * thread. */
void cpu_block_sums(const struct cpu_view *A, int squares, double *sums);

#endif
