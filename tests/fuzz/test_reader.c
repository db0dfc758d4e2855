/* Fuzz target: any bytes, read in every way that Ritz reads a file.
 *
 * The first byte chooses: odd means that the rest is compressed with gzip first, so that the
 * formats under it are reached past the checksum. Crashes, leaks and undefined behaviour are for
 * the sanitizers to find; what this file checks is that a success is consistent with itself.
 *
 * With driver.c it is an ordinary test. For libFuzzer, leave driver.c out, and give
 * -fsanitize=fuzzer,address,undefined to clang.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "io/matrix_market.h"
#include "io/reader.h"
#include "ritz/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ELEMENTS = 1 << 20, LARGEST_INPUT = 1 << 20 };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s is false (%s)\n", #condition, ritz_last_error());                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void write_plain(int fd, const uint8_t *data, size_t size)
{
    if (size > 0) REQUIRE(write(fd, data, size) == (ssize_t)size);
}

static void write_packed(int fd, const uint8_t *data, size_t size)
{
    static uint8_t packed[LARGEST_INPUT + 4096];
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)data,
                  .avail_in = (uInt)size,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    size_t packed_size = sizeof packed - z.avail_out;
    REQUIRE(deflateEnd(&z) == Z_OK);
    write_plain(fd, packed, packed_size);
}

static void require_message(ritz_status status)
{
    REQUIRE(status == RITZ_ERR_IO || status == RITZ_ERR_FORMAT || status == RITZ_ERR_DTYPE ||
            status == RITZ_ERR_MEMORY || status == RITZ_ERR_TOO_LARGE);
    REQUIRE(ritz_last_error()[0] != '\0');
}

/* All rows, a few at a time, must be what the whole file was read as. NaN differs from itself, so
 * that bytes are compared. */
static void compare_rows(const char *path, ritz_hmat H)
{
    ritz_reader *reader = NULL;
    ritz_status status = ritz_reader_open(path, &reader);
    REQUIRE(status == RITZ_OK);
    const ritz_file_info *info = ritz_reader_info(reader);
    REQUIRE(info->rows == H.rows && info->cols == H.cols && info->layout == H.layout);
    int64_t block = H.rows < 7 ? H.rows : 7;
    double *rows = malloc((size_t)(block * H.cols + 1) * sizeof *rows);
    REQUIRE(rows != NULL);
    const double *whole = H.data;
    for (int64_t first = 0; first < H.rows && H.cols > 0; first += block) {
        int64_t n = block < H.rows - first ? block : H.rows - first;
        status = ritz_reader_read(reader, n, rows, RITZ_F64, H.cols);
        if (status == RITZ_ERR_UNSUPPORTED) break; /* Fortran order under gzip */
        REQUIRE(status == RITZ_OK);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < H.cols; j++) {
                int64_t k =
                    H.layout == RITZ_ROW_MAJOR ? (first + i) * H.ld + j : first + i + j * H.ld;
                REQUIRE(memcmp(&rows[i * H.cols + j], &whole[k], sizeof *rows) == 0);
            }
        }
    }
    free(rows);
    ritz_reader_close(&reader);
}

static void read_in_every_way(const char *path)
{
    ritz_file_info info = {.size = sizeof info};
    ritz_status status = ritz_file_inspect(path, &info);
    if (status != RITZ_OK) {
        require_message(status);
        return;
    }
    REQUIRE(info.rows >= 0 && info.cols >= 0 && ritz_dtype_size(info.dtype) > 0);
    int64_t elements = info.rows * info.cols;
    if (elements > MAX_ELEMENTS) return;
    ritz_hmat H;
    status = ritz_load(path, &H);
    if (status == RITZ_OK) {
        const volatile uint8_t *bytes = H.data;
        for (int64_t k = 0; k < elements * (int64_t)ritz_dtype_size(H.dtype); k++) (void)bytes[k];
        REQUIRE(ritz_hmat_destroy(&H) == RITZ_OK);
    } else {
        require_message(status);
    }
    ritz_status as_f64 = ritz_load_as(path, RITZ_F64, &H);
    REQUIRE((as_f64 == RITZ_OK) == (status == RITZ_OK));
    if (as_f64 != RITZ_OK) return;
    compare_rows(path, H);
    REQUIRE(ritz_hmat_destroy(&H) == RITZ_OK);
}

/* As a sparse matrix: indices are in range, and sorting keeps to the arrays. */
static void read_as_sparse(const char *path)
{
    struct ritz_triplets t;
    const ritz_status status = ritz_matrix_market_read(path, &t);
    if (status != RITZ_OK) {
        require_message(status);
        return;
    }
    for (int64_t k = 0; k < t.count; k++)
        REQUIRE(t.row[k] >= 0 && t.row[k] < t.rows && t.col[k] >= 0 && t.col[k] < t.cols);
    if (t.rows <= MAX_ELEMENTS && t.cols <= MAX_ELEMENTS) {
        struct ritz_csr_host A, At;
        REQUIRE(ritz_csr_host_of(&t, RITZ_F64, &A) == RITZ_OK);
        REQUIRE(ritz_csr_host_transpose(&A, RITZ_F64, &At, NULL) == RITZ_OK);
        REQUIRE(A.count <= t.count && At.count == A.count);
        ritz_csr_host_free(&A);
        ritz_csr_host_free(&At);
    }
    ritz_triplets_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    if (size == 0 || size > LARGEST_INPUT) return 0;
    int fd = memfd_create("ritz-fuzz", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    if ((data[0] & 1) != 0) {
        write_packed(fd, data + 1, size - 1);
    } else {
        write_plain(fd, data + 1, size - 1);
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_in_every_way(path);
    read_as_sparse(path);
    REQUIRE(close(fd) == 0);
    return 0;
}
