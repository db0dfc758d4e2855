/* Columns picked by their numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/parallel.h"

#include <string.h>

enum { STRIP_ROWS = 4096, STRIP_LINES = 64 };

struct gather {
    struct cpu_view index, A, B;
    int64_t strip; /* rows of B moved at a time */
};

#define TEMPLATE "cpu/gather.inc"
#include "cpu/real_types.inc"

ritz_status cpu_gather_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    struct gather job = {.index = cpu_view_broadcast(index, B.batch),
                         .A = cpu_view_broadcast(A, B.batch),
                         .B = cpu_view_of(B)};
    if (cpu_view_empty(&job.B)) return RITZ_OK;
    job.strip = job.B.row_stride == 1 ? STRIP_ROWS : STRIP_LINES;
    return cpu_enqueue(s, B.dtype == RITZ_F64 ? gather_run_f64 : gather_run_f32, &job, sizeof job);
}
