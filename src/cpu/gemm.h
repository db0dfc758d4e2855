/* Matrix products, item by item, for the files that enqueue them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_GEMM_H
#define RITZ_CPU_GEMM_H

#include "cpu/lapack.h"

struct cpu_gemm {
    double alpha, beta;
    int64_t m, n, k; /* of the column-major C */
    struct cpu_operand A, B, C;
    CBLAS_TRANSPOSE trans_a, trans_b;
    ritz_dtype dtype; /* of A and B */
    struct cpu_items items;
    float *widened; /* a block of A and one of B for each slot; only for 16-bit factors */
    size_t slot_bytes, widened_b;
};

/* C = alpha A B + beta C, with nothing empty and alpha not 0; `items` is left to the caller. */
struct cpu_gemm cpu_gemm_of(double alpha, ritz_dmat A, ritz_dmat B, double beta, ritz_dmat C);

double cpu_gemm_flops(const struct cpu_gemm *g);

/* The function that computes an item; its arguments are a struct cpu_gemm. */
cpu_item cpu_gemm_item(ritz_dtype dtype);

/* For 16-bit factors: lays out the scratch of a slot, whose size is then in slot_bytes. */
void cpu_gemm_lay_out(struct cpu_gemm *g);

#endif
