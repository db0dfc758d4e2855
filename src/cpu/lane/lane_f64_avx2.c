/* The lane functions for float64 with AVX2 and FMA.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#if defined(__AVX2__)

#define LANE_F64 1
#define LANE_TABLE cpu_lane_f64_avx2
#include "cpu/lane/lane_inst.h"

#endif
