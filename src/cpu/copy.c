/* Copies, with conversion of the data type and change of the layout.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/sweep.h"

/* Side of the tiles in which a matrix is transposed: both sides of a tile of doubles fit into the
 * first-level cache, and lines of the source are read whole. */
#define TILE 64
#define TILE_BYTES (TILE * TILE * sizeof(double))

/* ---- the same direction ---------------------------------------------------------------------- */

static void copy_run(const struct cpu_run *run, const struct cpu_sweep *sweep)
{
    ritz_convert_strided(run->count, run->p[1], (ritz_elem)sweep->v[1].dtype, run->stride[1],
                         run->p[0], sweep->v[0].dtype, run->stride[0]);
}

/* ---- the other direction --------------------------------------------------------------------- */

struct transpose {
    struct cpu_view src, dst; /* dst has contiguous columns, src contiguous rows */
    int64_t row_tiles, col_tiles;
};

/* dst(i,j) = tile(i,j); the tile is row-major, its rows TILE apart, dst column-major. */
#define E uint8_t
#define FN(x) x##_1
#include "cpu/transpose.inc"
#undef E
#undef FN

#define E uint16_t
#define FN(x) x##_2
#include "cpu/transpose.inc"
#undef E
#undef FN

#define E uint32_t
#define FN(x) x##_4
#include "cpu/transpose.inc"
#undef E
#undef FN

#define E uint64_t
#define FN(x) x##_8
#include "cpu/transpose.inc"
#undef E
#undef FN

static void transpose_tile(void *context, int64_t index, int thread)
{
    const struct transpose *job = context;
    const struct cpu_view *src = &job->src, *dst = &job->dst;
    const int64_t size = (int64_t)ritz_elem_size((ritz_elem)dst->dtype);
    const int64_t within = index % (job->row_tiles * job->col_tiles);
    const int64_t item = index / (job->row_tiles * job->col_tiles);
    const int64_t i0 = within % job->row_tiles * TILE, j0 = within / job->row_tiles * TILE;
    const int64_t rows = dst->rows - i0 < TILE ? dst->rows - i0 : (int64_t)TILE;
    const int64_t cols = dst->cols - j0 < TILE ? dst->cols - j0 : (int64_t)TILE;
    _Alignas(64) unsigned char tile[TILE_BYTES];
    void *out = cpu_view_at(dst, item, i0, j0);

    (void)thread;
    for (int64_t i = 0; i < rows; i++)
        ritz_convert_strided(cols, cpu_view_at(src, item, i0 + i, j0), (ritz_elem)src->dtype, 1,
                             tile + i * TILE * size, dst->dtype, 1);
    switch (size) {
    case 1: scatter_1(rows, cols, (const void *)tile, out, dst->col_stride); break;
    case 2: scatter_2(rows, cols, (const void *)tile, out, dst->col_stride); break;
    case 4: scatter_4(rows, cols, (const void *)tile, out, dst->col_stride); break;
    default: scatter_8(rows, cols, (const void *)tile, out, dst->col_stride); break;
    }
}

static void transpose_job(const struct cpu_context *ctx, const void *arguments)
{
    struct transpose job = *(const struct transpose *)arguments;
    job.row_tiles = (job.dst.rows + TILE - 1) / TILE;
    job.col_tiles = (job.dst.cols + TILE - 1) / TILE;
    struct cpu_compute compute =
        cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.src) + cpu_view_bytes(&job.dst));
    ritz_parallel_for(&compute, job.row_tiles * job.col_tiles * job.dst.batch, transpose_tile,
                      &job);
    cpu_compute_end(&compute);
}

/* ---- entries --------------------------------------------------------------------------------- */

ritz_status cpu_copy_strided(ritz_stream *s, const struct cpu_view *src, const struct cpu_view *dst)
{
    struct cpu_sweep sweep = {.run = copy_run, .views = 2, .v = {*dst, *src}};
    if (cpu_view_empty(dst)) return RITZ_OK;
    cpu_sweep_orient(&sweep);
    const struct cpu_view *to = &sweep.v[0], *from = &sweep.v[1];
    if (to->row_stride == 1 && from->row_stride != 1 && from->col_stride == 1 && to->cols > 1) {
        const struct transpose job = {.src = *from, .dst = *to};
        return cpu_enqueue(s, transpose_job, &job, sizeof job);
    }
    cpu_sweep_join(&sweep, 1);
    return cpu_sweep_enqueue(s, &sweep);
}

ritz_status cpu_copy(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    const struct cpu_view src = cpu_view_broadcast(A, B.batch), dst = cpu_view_of(B);
    return cpu_copy_strided(s, &src, &dst);
}

ritz_status cpu_flip_cols(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    const struct cpu_view dst = cpu_view_of(B);
    struct cpu_view src = cpu_view_broadcast(A, B.batch);
    if (cpu_view_empty(&dst)) return RITZ_OK;
    src.data = cpu_view_at(&src, 0, 0, src.cols - 1);
    src.col_stride = -src.col_stride;
    return cpu_copy_strided(s, &src, &dst);
}
