/* The lane functions for float32 with what every processor of the architecture has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define LANE_F64 0
#define LANE_TABLE cpu_lane_f32_baseline
#include "cpu/lane/lane_inst.h"
