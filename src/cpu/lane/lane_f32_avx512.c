/* The lane functions for float32 with AVX-512.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#if defined(__AVX512F__)

#define LANE_F64 0
#define LANE_TABLE cpu_lane_f32_avx512
#include "cpu/lane/lane_inst.h"

#endif
