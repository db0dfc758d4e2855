/* Column sums of a block of rows, for the files that need them within a job.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_REDUCE_H
#define RITZ_CPU_REDUCE_H

#include "cpu/view.h"

/* What is summed, made of elements that are widened to float64 first. Squares of large and small
 * elements are those of the elements divided by 2^600 and multiplied by it, for all that lies
 * between them and one to neither overflow nor underflow. */
enum cpu_term { CPU_VALUES, CPU_MODULI, CPU_SQUARES, CPU_LARGE_SQUARES, CPU_SMALL_SQUARES };

/* sums_j = sum_i term(A(i, j)) over the whole view (one item), in float64, on this thread. */
void cpu_block_sums(const struct cpu_view *A, enum cpu_term term, double *sums);

#endif
