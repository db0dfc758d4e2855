/* The lane functions for float64 with what every processor of the architecture has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define LANE_F64 1
#define LANE_TABLE cpu_lane_f64_baseline
#include "cpu/lane/lane_inst.h"
