/* Host matrices: their memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/device.h"
#include "core/matrix.h"

enum { ALIGNMENT = 64 }; /* a cache line, and the widest vector register */

static ritz_status allocate(ritz_device *dev, size_t bytes, void **p)
{
    if (dev && dev->backend->host_allocate) return dev->backend->host_allocate(dev, bytes, p);
    RITZ_REQUIRE(posix_memalign(p, ALIGNMENT, bytes) == 0, RITZ_ERR_MEMORY,
                 "no host memory for %zu bytes", bytes);
    return RITZ_OK;
}

/* dev: the device that page-locks the memory, or NULL. */
static ritz_status create(ritz_device *dev, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                          int64_t cols, ritz_hmat *H)
{
    RITZ_REQUIRE(H, RITZ_ERR_ARGUMENT, "H is NULL");
    *H = (ritz_hmat){.data = NULL};
    RITZ_REQUIRE(ritz_dtype_valid(dtype), RITZ_ERR_DTYPE, "%d is not a data type", (int)dtype);
    RITZ_REQUIRE(layout == RITZ_COL_MAJOR || layout == RITZ_ROW_MAJOR, RITZ_ERR_LAYOUT,
                 "%d is not a layout", (int)layout);
    RITZ_REQUIRE(rows >= 0 && cols >= 0, RITZ_ERR_ARGUMENT,
                 "%" PRId64 " x %" PRId64 ": sizes cannot be negative", rows, cols);
    const int64_t size = (int64_t)ritz_dtype_size(dtype);
    RITZ_REQUIRE(!ritz_product_overflows(rows, cols, size), RITZ_ERR_TOO_LARGE,
                 "%" PRId64 " x %" PRId64 " of %s: more than 2^63 bytes", rows, cols,
                 ritz_dtype_name(dtype));
    void *p = NULL;
    if (rows > 0 && cols > 0) RITZ_TRY(allocate(dev, (size_t)(rows * cols * size), &p));
    *H = ritz_hmat_wrap(p, dtype, rows, cols, layout);
    H->flags = RITZ_MAT_OWNED;
    if (p && dev && dev->backend->host_allocate) H->pinned_by = dev;
    return RITZ_OK;
}

ritz_status ritz_hmat_create(ritz_dtype dtype, ritz_layout layout, int64_t rows, int64_t cols,
                             ritz_hmat *H)
{
    RITZ_SCOPE();
    return create(NULL, dtype, layout, rows, cols, H);
}

ritz_status ritz_hmat_create_pinned(ritz_device *dev, ritz_dtype dtype, ritz_layout layout,
                                    int64_t rows, int64_t cols, ritz_hmat *H)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    return create(dev, dtype, layout, rows, cols, H);
}

/* Give back the pages that a mapped matrix touches: whole pages from the one of its first
 * element. */
static ritz_status unmap(const ritz_hmat *H)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t inside = (uintptr_t)H->data & (page - 1);
    const size_t bytes = (size_t)(H->rows * H->cols) * ritz_dtype_size(H->dtype);
    RITZ_REQUIRE(munmap((char *)H->data - inside, bytes + inside) == 0, RITZ_ERR_ARGUMENT,
                 "H is not a mapped file");
    return RITZ_OK;
}

ritz_status ritz_hmat_destroy(ritz_hmat *H)
{
    RITZ_SCOPE();
    if (!H || (!H->data && !(H->flags & RITZ_MAT_OWNED))) return RITZ_OK;
    RITZ_REQUIRE(H->flags & RITZ_MAT_OWNED, RITZ_ERR_ARGUMENT,
                 "H is a view or wraps memory of the caller; destroy the value that Ritz filled");
    if (H->flags & RITZ_MAT_MAPPED)
        RITZ_TRY(unmap(H));
    else if (H->pinned_by)
        H->pinned_by->backend->host_release(H->pinned_by, H->data);
    else
        free(H->data);
    *H = (ritz_hmat){.data = NULL};
    return RITZ_OK;
}
