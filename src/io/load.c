/* Whole files as host matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core/convert.h"
#include "core/error.h"
#include "io/reader.h"

enum { ALIGNMENT = 64 };

ritz_status ritz_file_inspect(const char *path, ritz_file_info *info)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(info != NULL, RITZ_ERR_ARGUMENT, "info is NULL");
    RITZ_REQUIRE(info->size >= sizeof *info, RITZ_ERR_ARGUMENT,
                 "info->size is %zu; set it to sizeof(ritz_file_info), %zu", info->size,
                 sizeof *info);
    ritz_reader *reader = NULL;
    RITZ_TRY(ritz_reader_open(path, &reader));
    size_t size = info->size;
    *info = *ritz_reader_info(reader);
    info->size = size;
    ritz_reader_close(&reader);
    return RITZ_OK;
}

static ritz_hmat describe(const ritz_file_info *info, ritz_dtype dtype, void *data, uint32_t flags)
{
    int64_t run = info->layout == RITZ_ROW_MAJOR ? info->cols : info->rows;
    return (ritz_hmat){
        .data = data,
        .rows = info->rows,
        .cols = info->cols,
        .ld = run > 0 ? run : 1,
        .batch = 1,
        .batch_stride = info->rows * info->cols,
        .dtype = dtype,
        .layout = info->layout,
        .flags = flags,
    };
}

/* Map the pages that hold the elements. A file system that cannot map is no error: NULL. */
static void *map_elements(int descriptor, int64_t offset, int64_t bytes)
{
    int64_t into_page = offset % sysconf(_SC_PAGESIZE);
    unsigned char *pages = mmap(NULL, (size_t)(into_page + bytes), PROT_READ, MAP_PRIVATE,
                                descriptor, (off_t)(offset - into_page));
    return pages == MAP_FAILED ? NULL : pages + into_page;
}

/* Memory for the whole matrix. What the machine cannot hold is refused here, because Linux grants
 * it and later kills the process. */
static ritz_status allocate(const char *path, const ritz_file_info *info, ritz_dtype dtype,
                            void **data)
{
    int64_t bytes = 0;
    struct sysinfo machine;
    if (__builtin_mul_overflow(info->rows * info->cols, (int64_t)ritz_dtype_size(dtype), &bytes) ||
        bytes > INT64_MAX - ALIGNMENT) {
        return ritz_fail(RITZ_ERR_TOO_LARGE,
                         "%s: as %s its %" PRId64 " x %" PRId64
                         " elements take more bytes than can be counted",
                         path, ritz_dtype_name(dtype), info->rows, info->cols);
    }
    if (sysinfo(&machine) != 0) {
        return ritz_fail(RITZ_ERR_INTERNAL, "sysinfo failed: %s", strerror(errno));
    }
    double available = ((double)machine.totalram + (double)machine.totalswap) * machine.mem_unit;
    *data = NULL;
    if ((double)bytes <= available) {
        size_t rounded = ((size_t)bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        *data = aligned_alloc(ALIGNMENT, rounded);
    }
    if (*data != NULL) return RITZ_OK;
    return ritz_fail(RITZ_ERR_MEMORY,
                     "%s: its %" PRId64 " x %" PRId64 " matrix takes %" PRId64
                     " bytes as %s, more than there is memory; read it in blocks with "
                     "ritz_rows_file",
                     path, info->rows, info->cols, bytes, ritz_dtype_name(dtype));
}

/* The matrix in memory of its own. */
static ritz_status read_whole(const char *path, ritz_reader *reader, ritz_dtype dtype, ritz_hmat *H)
{
    const ritz_file_info *info = ritz_reader_info(reader);
    void *data = NULL;
    RITZ_TRY(allocate(path, info, dtype, &data));
    ritz_status status = ritz_reader_read_all(reader, data, dtype);
    if (status != RITZ_OK) {
        free(data);
        return status;
    }
    *H = describe(info, dtype, data, RITZ_MAT_OWNED);
    return RITZ_OK;
}

static ritz_status load_from(const char *path, ritz_reader *reader, ritz_dtype dtype, ritz_hmat *H)
{
    const ritz_file_info *info = ritz_reader_info(reader);
    int64_t elements = info->rows * info->cols;
    if (elements == 0) {
        *H = describe(info, dtype, NULL, RITZ_MAT_OWNED);
        return RITZ_OK;
    }
    int descriptor = ritz_reader_mappable(reader);
    if (descriptor >= 0 && dtype == info->dtype) {
        int64_t bytes = elements * (int64_t)ritz_dtype_size(dtype);
        void *data = map_elements(descriptor, info->data_offset, bytes);
        if (data != NULL) {
            *H = describe(info, dtype, data, RITZ_MAT_OWNED | RITZ_MAT_MAPPED | RITZ_MAT_READ_ONLY);
            return RITZ_OK;
        }
    }
    return read_whole(path, reader, dtype, H);
}

ritz_status ritz_load(const char *path, ritz_hmat *H)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(H != NULL, RITZ_ERR_ARGUMENT, "H is NULL");
    *H = (ritz_hmat){.data = NULL};
    ritz_reader *reader = NULL;
    RITZ_TRY(ritz_reader_open(path, &reader));
    ritz_status status = load_from(path, reader, ritz_reader_info(reader)->dtype, H);
    ritz_reader_close(&reader);
    return status;
}

ritz_status ritz_load_as(const char *path, ritz_dtype dtype, ritz_hmat *H)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(H != NULL, RITZ_ERR_ARGUMENT, "H is NULL");
    *H = (ritz_hmat){.data = NULL};
    RITZ_REQUIRE(ritz_dtype_size(dtype) != 0, RITZ_ERR_DTYPE, "%d is not a data type", (int)dtype);
    ritz_reader *reader = NULL;
    RITZ_TRY(ritz_reader_open(path, &reader));
    ritz_status status = load_from(path, reader, dtype, H);
    ritz_reader_close(&reader);
    return status;
}
