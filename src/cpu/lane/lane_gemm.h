/* Products of small square matrices: a vector holds rows of one matrix here, because packing would
 * cost more than the product.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_GEMM_H
#define RITZ_CPU_LANE_LANE_GEMM_H

#include "cpu/lane/lane_body.h"

/* Sums that are under way together, at most: rows in vectors, and columns. */
#if LANE_BYTES == 64 || defined(__aarch64__)
enum { GEMM_ROWS = 4 };
#else
enum { GEMM_ROWS = 2 };
#endif
enum { GEMM_COLS = 4 };

#define GEMM_NAME(name) gemm4_##name
#define ORDER 4
#include "cpu/lane/lane_gemm_order.h"
#undef GEMM_NAME
#undef ORDER
#define GEMM_NAME(name) gemm8_##name
#define ORDER 8
#include "cpu/lane/lane_gemm_order.h"
#undef GEMM_NAME
#undef ORDER
#define GEMM_NAME(name) gemm16_##name
#define ORDER 16
#include "cpu/lane/lane_gemm_order.h"
#undef GEMM_NAME
#undef ORDER
#define GEMM_NAME(name) gemm32_##name
#define ORDER 32
#include "cpu/lane/lane_gemm_order.h"
#undef GEMM_NAME
#undef ORDER
#define GEMM_NAME(name) gemm64_##name
#define ORDER 64
#include "cpu/lane/lane_gemm_order.h"
#undef GEMM_NAME
#undef ORDER

static void gemm_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    (void)scratch;
    const struct lane_gemm *p = arguments;
    switch (p->C.rows) {
    case 4: gemm4_range(p, begin, end); break;
    case 8: gemm8_range(p, begin, end); break;
    case 16: gemm16_range(p, begin, end); break;
    case 32: gemm32_range(p, begin, end); break;
    case 64: gemm64_range(p, begin, end); break;
    default: break;
    }
}

#endif
