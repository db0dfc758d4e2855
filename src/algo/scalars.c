/* Results of a few numbers an item: one row an item.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "algo/algo.h"

double ritz_algo_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ritz_status ritz_algo_check_scalars(const ritz_stream *s, ritz_dmat X, const char *name,
                                    ritz_dtype dtype, int64_t batch, int64_t cols, ritz_dmat A)
{
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_REQUIRE(X.dtype == dtype, RITZ_ERR_DTYPE, "%s is %s; it must be %s", name,
                 ritz_dtype_name(X.dtype), ritz_dtype_name(dtype));
    RITZ_TRY(ritz_check_single(X, name));
    RITZ_TRY(ritz_check_shape(X, name, batch, cols, "one row an item"));
    return ritz_check_no_overlap(X, name, A, "A");
}

ritz_dmat ritz_algo_scalar_items(ritz_dmat column)
{
    ritz_dmat items = column;
    items.rows = 1;
    items.batch = column.rows;
    items.batch_stride = column.layout == RITZ_COL_MAJOR ? 1 : column.ld;
    items.layout = RITZ_COL_MAJOR;
    items.ld = 1;
    items.flags &= ~(uint32_t)RITZ_MAT_OWNED;
    return items;
}

ritz_status ritz_algo_fetch(ritz_stream *s, ritz_dmat A, double *host)
{
    const struct ritz_backend *backend = s->device->backend;
    const ritz_status rc =
        backend->download(s, A, ritz_hmat_wrap(host, RITZ_F64, A.rows, A.cols, RITZ_COL_MAJOR));
    /* Errors of earlier calls surface where the caller waits; and after a failure nothing may be on
     * its way to `host`. */
    const ritz_status waited = backend->stream_sync(s);
    return rc != RITZ_OK ? rc : waited;
}
