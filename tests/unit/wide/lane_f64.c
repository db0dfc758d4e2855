/* The lane functions for float64 with the width of AVX-512, whatever the instruction set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define LANE_F64 1
#define LANE_BYTES 64
#define LANE_TABLE wide_f64
#include "cpu/lane/lane_inst.h"
