/* The Hadamard sketch: its elements, and its product with a matrix by the fast Walsh-Hadamard
 * transform of panels of columns.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "core/hadamard_maps.h"
#include "cuda/cuda.h"
#include "cuda/kernels.h"
#include "cuda/thresholds.h"

ritz_status cuda_hadamard_fill(ritz_stream *s, uint64_t seed, uint32_t word, int bits, int64_t d,
                               int64_t row0, int64_t col0, ritz_dmat A)
{
    struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *work;
    RITZ_TRY_OUT(ritz_work_bytes(s, (size_t)(A.rows + A.cols) * sizeof(uint64_t), &work));
    uint64_t *rows = work, *cols = rows + A.rows;
    const struct cuda_shuffle shuffle = {seed, word, bits};
    RITZ_TRY_OUT(CUDA(launch_hadamard_codes(1, shuffle, row0, A.rows, rows, cuda_native(s))));
    RITZ_TRY_OUT(CUDA(launch_hadamard_codes(0, shuffle, col0, A.cols, cols, cuda_native(s))));
    const int turned = cuda_orient(&a, 1);
    RITZ_TRY_OUT(CUDA(launch_hadamard_fill(1 / sqrt((double)d), turned ? cols : rows,
                                           turned ? rows : cols, a, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* What the panels of a product share. */
struct transform {
    ritz_stream *s;
    const uint64_t *rows, *cols; /* codes */
    int bits;
    double scale;
    void *panel;
};

/* A panel as a matrix whose columns lie side by side in memory. */
static struct cuda_operand panel_operand(const struct transform *t, int64_t rows, int panel_bits,
                                         ritz_dtype dtype)
{
    return (struct cuda_operand){.p = t->panel,
                                 .dtype = dtype,
                                 .rows = rows,
                                 .cols = INT64_C(1) << panel_bits,
                                 .row_step = INT64_C(1) << panel_bits,
                                 .col_step = 1,
                                 .batch = 1};
}

static ritz_status transform_passes(const struct transform *t, int panel_bits, ritz_dtype dtype)
{
    const int total = t->bits + panel_bits;
    struct ritz_hadamard_pass pass = ritz_hadamard_first_pass(
        total, panel_bits, CUDA_HADAMARD_TILE_BITS, CUDA_HADAMARD_LANE_BITS);
    do {
        const int64_t tiles = INT64_C(1) << (total - pass.bits - pass.lanes);
        RITZ_TRY(CUDA(launch_hadamard_pass(pass.low, pass.bits, pass.lanes, pass.first, tiles,
                                           dtype, t->panel, cuda_native(t->s))));
        pass = ritz_hadamard_next_pass(pass, total, CUDA_HADAMARD_TILE_BITS);
    } while (pass.bits > 0);
    return RITZ_OK;
}

/* SA = S A for the columns of a panel. */
static ritz_status transform_panel(const struct transform *t, int panel_bits, struct cuda_operand A,
                                   struct cuda_operand SA)
{
    const int64_t order = INT64_C(1) << t->bits;
    /* Along the contiguous direction of the panel: everything is turned. */
    const struct cuda_operand whole =
        cuda_operand_transposed(panel_operand(t, order, panel_bits, A.dtype));
    RITZ_TRY(CUDA(
        launch_hadamard_scatter(t->cols, cuda_operand_transposed(A), whole, cuda_native(t->s))));
    RITZ_TRY(transform_passes(t, panel_bits, A.dtype));
    struct cuda_operand out[] = {SA, panel_operand(t, SA.rows, panel_bits, A.dtype)};
    out[1].cols = SA.cols;
    const int turned = cuda_orient(out, 2);
    return CUDA(
        launch_hadamard_gather(t->scale, t->rows, turned, out[1], out[0], cuda_native(t->s)));
}

ritz_status cuda_hadamard_rows(ritz_stream *s, uint64_t seed, uint32_t word, ritz_dmat A,
                               ritz_dmat SA)
{
    if (SA.rows == 0 || SA.cols == 0) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    struct transform t = {
        .s = s, .bits = ritz_hadamard_bits(A.rows), .scale = 1 / sqrt((double)SA.rows)};
    const struct cuda_shuffle shuffle = {seed, word, t.bits};
    const int64_t order = INT64_C(1) << t.bits;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *codes;
    RITZ_TRY_OUT(ritz_work_bytes(s, (size_t)(SA.rows + order) * sizeof(uint64_t), &codes));
    /* A panel is never wider than the first one. */
    RITZ_TRY_OUT(ritz_work_bytes(
        s, ((size_t)order << ritz_hadamard_panel_bits(A.cols)) * cuda_size(A.dtype), &t.panel));
    uint64_t *rows = codes, *cols = rows + SA.rows;
    t.rows = rows;
    t.cols = cols;
    RITZ_TRY_OUT(CUDA(launch_hadamard_codes(1, shuffle, 0, SA.rows, rows, cuda_native(s))));
    RITZ_TRY_OUT(CUDA(launch_hadamard_codes(0, shuffle, 0, order, cols, cuda_native(s))));
    for (int64_t first = 0; first < A.cols;) {
        const int panel_bits = ritz_hadamard_panel_bits(A.cols - first);
        const int64_t width = INT64_C(1) << panel_bits, left = A.cols - first;
        const int64_t count = left < width ? left : width;
        const ritz_dmat from = cuda_block(A, 0, first, A.rows, count);
        const ritz_dmat to = cuda_block(SA, 0, first, SA.rows, count);
        RITZ_TRY_OUT(transform_panel(&t, panel_bits, cuda_operand_of(from), cuda_operand_of(to)));
        first += count;
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
