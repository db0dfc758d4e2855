/* Makes a test of the lanes run the source of AVX-512 on a processor with AVX2: linked with
 * --wrap, all that the library computes in lanes takes these tables, whatever path is in use.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cpu/lane/lane.h"

extern const struct lane_table wide_f32, wide_f64;

int __real_cpu_lane_available(enum lane_path path);
int __wrap_cpu_lane_available(enum lane_path path);
const struct lane_table *__wrap_cpu_lane_table(ritz_dtype dtype);

/* All paths would be the same: one is enough. */
int __wrap_cpu_lane_available(enum lane_path path)
{
    return path == LANE_AVX2 && __real_cpu_lane_available(path);
}

const struct lane_table *__wrap_cpu_lane_table(ritz_dtype dtype)
{
    return dtype == RITZ_F64 ? &wide_f64 : &wide_f32;
}

/* Before main: the tests choose their paths there. */
__attribute__((constructor)) static void skip_without_avx2(void)
{
    if (__wrap_cpu_lane_available(LANE_AVX2)) return;
    puts("skipped: the processor has no AVX2");
    exit(77);
}
