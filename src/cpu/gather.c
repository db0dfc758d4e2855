/* Columns picked by their numbers, and put where they belong by their numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/parallel.h"

#include <string.h>

enum { STRIP_ROWS = 4096, STRIP_LINES = 64 };

struct gather {
    struct cpu_view index, A, B;
    int back;      /* the numbers are those of B's columns */
    int64_t strip; /* rows moved at a time */
};

#define TEMPLATE "cpu/gather.inc"
#include "cpu/real_types.inc"

static ritz_status move_cols(ritz_stream *s, int back, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    struct gather job = {.index = cpu_view_broadcast(index, B.batch),
                         .A = cpu_view_broadcast(A, B.batch),
                         .B = cpu_view_of(B),
                         .back = back};
    if (back) job.B.cols = A.cols; /* as many of them as are written */
    if (cpu_view_empty(&job.B)) return RITZ_OK;
    job.strip = job.B.row_stride == 1 ? STRIP_ROWS : STRIP_LINES;
    return cpu_enqueue(s, B.dtype == RITZ_F64 ? gather_run_f64 : gather_run_f32, &job, sizeof job);
}

ritz_status cpu_gather_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    return move_cols(s, 0, index, A, B);
}

ritz_status cpu_scatter_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B)
{
    return move_cols(s, 1, index, A, B);
}
