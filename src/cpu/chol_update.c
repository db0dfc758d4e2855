/* Update and downdate of a Cholesky factor by a matrix of rank one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/check.h"
#include "cpu/items.h"
#include "cpu/ops.h"

/* Rows that are rotated together where the elements of a row are contiguous: their cache lines stay
 * while the columns pass. */
#define ROW_PANEL 32

struct chol_update {
    struct cpu_view L, x; /* L: seen as a lower triangle */
    int downdate;
    struct cpu_view info;
    struct cpu_items items;
    int64_t panel;
    char *scratch;
    size_t slot_bytes, cosines, sines; /* x, contiguous; and the rotations */
};

#define TEMPLATE "cpu/chol_update.inc"
#include "cpu/real_types.inc"

ritz_status cpu_chol_update(ritz_stream *s, ritz_uplo uplo, int sigma, ritz_dmat x, ritz_dmat L,
                            ritz_dmat info)
{
    if (ritz_empty(L)) return cpu_fill(s, 0.0, info);
    const double n = (double)L.rows;
    const size_t element = ritz_dtype_size(L.dtype);
    struct chol_update p = {
        .L = cpu_view_of(L),
        .x = cpu_view_of(x),
        .downdate = sigma < 0,
        .info = cpu_view_of(info),
        .items = cpu_items_plan(s, L.batch, 3.0 * n * n),
    };
    if (uplo == RITZ_UPPER) p.L = cpu_view_transposed(p.L);
    p.panel = p.L.row_stride == 1 ? L.rows : ROW_PANEL;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&p.slot_bytes, L.rows, element);
    p.cosines = cpu_piece(&p.slot_bytes, L.rows, element);
    p.sines = cpu_piece(&p.slot_bytes, L.rows, element);
    RITZ_TRY(ritz_work_bytes(s, (size_t)p.items.slots * p.slot_bytes, &scratch));
    p.scratch = scratch;
    const ritz_status status = cpu_enqueue(
        s, L.dtype == RITZ_F64 ? chol_update_run_f64 : chol_update_run_f32, &p, sizeof p);
    ritz_work_release(s, mark);
    return status;
}
