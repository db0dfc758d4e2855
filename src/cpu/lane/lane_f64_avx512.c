/* The lane functions for float64 with AVX-512.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#if defined(__AVX512F__)

#define LANE_F64 1
#define LANE_TABLE cpu_lane_f64_avx512
#include "cpu/lane/lane_inst.h"

#endif
