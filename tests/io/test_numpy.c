/* Files made by NumPy: every format, type, order, byte order and version, plain and compressed, is
 * described, loaded, converted and streamed as NumPy says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/reader.h"

/* A line of the manifest: what NumPy put into a file. */
typedef struct expectation {
    char name[64];
    char format[8];
    char held[16];
    char stored[16];
    int64_t rows;
    int64_t cols;
    int col_major;
    int compressed;
    int swapped;
    int ndim;
} expectation;

static unsigned char *expected_bytes(const expectation *e, const char *kind, size_t *size)
{
    char name[PATH_BYTES];
    (void)snprintf(name, sizeof name, "%s.%s", e->name, kind);
    return read_file(path_to(name), size);
}

static bool same_double(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static void check_info(const expectation *e, const char *path)
{
    static const char *const formats[] = {"", "npy", "idx", "csv"};
    ritz_file_info info = {.size = sizeof info};
    expect_ok(ritz_file_inspect(path, &info));
    assert_string_equal(formats[info.format], e->format);
    assert_string_equal(ritz_dtype_name(info.dtype), e->held);
    assert_string_equal(info.type_name, e->stored);
    assert_int_equal(info.rows, e->rows);
    assert_int_equal(info.cols, e->cols);
    assert_int_equal(info.layout, e->col_major ? RITZ_COL_MAJOR : RITZ_ROW_MAJOR);
    assert_int_equal(info.compressed, e->compressed);
    assert_int_equal(info.byte_swapped, e->swapped);
    assert_int_equal(info.ndim, info.format == RITZ_FILE_CSV ? 2 : e->ndim);
    assert_int_equal(info.header_lines, strcmp(e->name, "named.csv") == 0);
}

static void check_load(const expectation *e, const char *path)
{
    size_t size = 0;
    unsigned char *expected = expected_bytes(e, "held", &size);
    ritz_hmat H;
    expect_ok(ritz_load(path, &H));
    assert_string_equal(ritz_dtype_name(H.dtype), e->held);
    assert_int_equal(H.rows, e->rows);
    assert_int_equal(H.cols, e->cols);
    assert_int_equal(H.batch, 1);
    size_t elem = ritz_dtype_size(H.dtype);
    assert_int_equal((size_t)(H.rows * H.cols) * elem, size);
    bool mapped = strcmp(e->format, "npy") == 0 && !e->compressed && !e->swapped &&
                  strcmp(e->held, e->stored) == 0 && size > 0;
    assert_int_equal((H.flags & RITZ_MAT_MAPPED) != 0, mapped);
    assert_int_equal((H.flags & RITZ_MAT_READ_ONLY) != 0, mapped);
    assert_true((H.flags & RITZ_MAT_OWNED) != 0);
    const unsigned char *bytes = H.data;
    for (int64_t i = 0; i < H.rows; i++) {
        for (int64_t j = 0; j < H.cols; j++) {
            int64_t k = H.layout == RITZ_ROW_MAJOR ? i * H.ld + j : i + j * H.ld;
            if (memcmp(bytes + (size_t)k * elem, expected + (size_t)(i * H.cols + j) * elem,
                       elem)) {
                fail_msg("%s: element (%" PRId64 ", %" PRId64 ") differs", e->name, i, j);
            }
        }
    }
    free(expected);
    expect_ok(ritz_hmat_destroy(&H));
}

static void check_load_as(const expectation *e, const char *path)
{
    size_t size = 0;
    unsigned char *expected = expected_bytes(e, "float64", &size);
    const double *reference = (const double *)(void *)expected;
    ritz_hmat H;
    expect_ok(ritz_load_as(path, RITZ_F64, &H));
    assert_int_equal(H.dtype, RITZ_F64);
    assert_int_equal(H.layout, e->col_major ? RITZ_COL_MAJOR : RITZ_ROW_MAJOR);
    for (int64_t i = 0; i < H.rows; i++) {
        for (int64_t j = 0; j < H.cols; j++) {
            assert_true(same_double(element(H, i, j), reference[i * H.cols + j]));
        }
    }
    free(expected);
    expect_ok(ritz_hmat_destroy(&H));
}

/* All rows in blocks, with padding that must not be written. */
static void check_stream(const expectation *e, ritz_reader *reader, int64_t block, int64_t pad,
                         const double *expected)
{
    static const double guard = -123.5;
    int64_t ld = e->cols + pad;
    block = block < e->rows ? block : e->rows;
    double *rows = malloc((size_t)(block * ld + 1) * sizeof *rows);
    assert_non_null(rows);
    expect_ok(ritz_reader_rewind(reader));
    for (int64_t first = 0; first < e->rows; first += block) {
        int64_t n = block < e->rows - first ? block : e->rows - first;
        for (int64_t k = 0; k <= block * ld; k++) rows[k] = guard;
        expect_ok(ritz_reader_read(reader, n, rows, RITZ_F64, ld));
        for (int64_t k = 0; k <= block * ld; k++) {
            int64_t i = ld > 0 ? k / ld : e->rows;
            int64_t j = ld > 0 ? k % ld : 0;
            bool inside = i < n && j < e->cols;
            double value = inside ? expected[(first + i) * e->cols + j] : guard;
            if (!same_double(rows[k], value)) {
                fail_msg("%s, block %" PRId64 ": row %" PRId64 ", column %" PRId64
                         " is %.17g instead of %.17g",
                         e->name, block, first + i, j, rows[k], value);
            }
        }
    }
    expect_error(ritz_reader_read(reader, 1, rows, RITZ_F64, ld), RITZ_ERR_ARGUMENT, "0 are left");
    free(rows);
}

static void check_reader(const expectation *e, const char *path)
{
    size_t size = 0;
    unsigned char *expected = expected_bytes(e, "float64", &size);
    ritz_reader *reader = NULL;
    expect_ok(ritz_reader_open(path, &reader));
    if (e->compressed && e->col_major) {
        double row[300];
        assert_in_range(e->cols, 0, 300);
        expect_error(ritz_reader_read(reader, 0, row, RITZ_F64, e->cols), RITZ_ERR_UNSUPPORTED,
                     "gunzip");
    } else {
        const double *reference = (const double *)(void *)expected;
        bool large = size > 100000;
        check_stream(e, reader, large ? 977 : 1, 3, reference);
        check_stream(e, reader, large ? 50000 : 4, 0, reference);
    }
    ritz_reader_close(&reader);
    assert_null(reader);
    free(expected);
}

static void test_files_made_by_numpy(void **state)
{
    (void)state;
    if (!run_numpy("make")) {
        print_message("skipped: /usr/bin/python3 has no NumPy to make the files with\n");
        skip();
    }
    FILE *manifest = fopen(path_to("manifest.txt"), "r");
    assert_non_null(manifest);
    expectation e;
    int files = 0;
    while (fscanf(manifest, "%63s %7s %15s %15s %" SCNd64 " %" SCNd64 " %d %d %d %d", e.name,
                  e.format, e.held, e.stored, &e.rows, &e.cols, &e.col_major, &e.compressed,
                  &e.swapped, &e.ndim) == 10) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof path, "%s", path_to(e.name));
        check_info(&e, path);
        check_load(&e, path);
        check_load_as(&e, path);
        check_reader(&e, path);
        files++;
    }
    assert_true(feof(manifest));
    (void)fclose(manifest);
    assert_true(files > 100);
}

/* Other writers than NumPy call a vector Fortran order; its rows can be streamed all the same. */
static void test_vectors_in_fortran_order(void **state)
{
    (void)state;
    static const char *const shapes[] = {"(4,)", "(4, 1)", "(1, 4)"};
    static const float x[4] = {1, 2, 3, 4};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        char dictionary[128];
        (void)snprintf(dictionary, sizeof dictionary,
                       "{'descr': '<f4', 'fortran_order': True, 'shape': %s}", shapes[k]);
        size_t size = 0;
        unsigned char *npy = make_npy(dictionary, x, sizeof x, &size);
        ritz_reader *reader = NULL;
        float back[4] = {0};
        expect_ok(ritz_reader_open(write_gzip("vector.npy.gz", npy, size), &reader));
        const ritz_file_info *info = ritz_reader_info(reader);
        assert_int_equal(info->layout, RITZ_ROW_MAJOR);
        assert_int_equal(info->rows, k < 2 ? 4 : 1);
        expect_ok(ritz_reader_read(reader, info->rows, back, RITZ_F32, info->cols));
        assert_memory_equal(back, x, sizeof x);
        ritz_reader_close(&reader);
        free(npy);
    }
}

/* ---- the other way: what Ritz saves, NumPy loads -------------------------------------------- */

static void save_case(ritz_dtype dtype, int64_t rows, int64_t cols, ritz_layout layout, int64_t pad)
{
    unsigned char raw[4096];
    unsigned char padded[4096];
    char name[PATH_BYTES];
    size_t elem = ritz_dtype_size(dtype);
    int64_t ld = (layout == RITZ_ROW_MAJOR ? cols : rows) + pad;
    assert_in_range((size_t)(ld * (layout == RITZ_ROW_MAJOR ? rows : cols)) * elem, 0, 4096);
    memset(padded, 0xA5, sizeof padded);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            int64_t k = layout == RITZ_ROW_MAJOR ? i * ld + j : i + j * ld;
            unsigned char *r = raw + (size_t)(i * cols + j) * elem;
            for (size_t b = 0; b < elem; b++)
                r[b] = (unsigned char)(17 * i + 5 * j + 3 * (int)b + 1);
            memcpy(padded + (size_t)k * elem, r, elem);
        }
    }
    const char *what = ritz_dtype_name(dtype);
    char order = layout == RITZ_ROW_MAJOR ? 'C' : 'F';
    (void)snprintf(name, sizeof name, "saved_%s_%d_%d_%c_%d.raw", what, (int)rows, (int)cols, order,
                   (int)pad);
    (void)write_file(name, raw, (size_t)(rows * cols) * elem);
    (void)snprintf(name, sizeof name, "saved_%s_%d_%d_%c_%d.npy", what, (int)rows, (int)cols, order,
                   (int)pad);
    ritz_hmat H =
        ritz_hmat_with_ld(ritz_hmat_wrap(padded, dtype, rows, cols, layout), ld > 0 ? ld : 1);
    expect_ok(ritz_save_npy(path_to(name), H));

    /* And Ritz reads it back in the same order. */
    ritz_hmat back;
    expect_ok(ritz_load(path_to(name), &back));
    assert_int_equal(back.dtype, dtype);
    assert_int_equal(back.rows, rows);
    assert_int_equal(back.cols, cols);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            int64_t k = back.layout == RITZ_ROW_MAJOR ? i * back.ld + j : i + j * back.ld;
            assert_memory_equal((unsigned char *)back.data + (size_t)k * elem,
                                raw + (size_t)(i * cols + j) * elem, elem);
        }
    }
    expect_ok(ritz_hmat_destroy(&back));
}

static void test_saved_files_are_read_by_numpy(void **state)
{
    (void)state;
    static const ritz_dtype dtypes[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_I8,
                                        RITZ_U8,  RITZ_I32, RITZ_I64};
    static const int64_t shapes[][2] = {{7, 5}, {1, 6}, {6, 1}, {0, 3}, {3, 0}, {0, 0}, {12, 2}};
    for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t++) {
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            for (int64_t pad = 0; pad <= 3; pad += 3) {
                save_case(dtypes[t], shapes[k][0], shapes[k][1], RITZ_ROW_MAJOR, pad);
                save_case(dtypes[t], shapes[k][0], shapes[k][1], RITZ_COL_MAJOR, pad);
            }
        }
    }
    if (!run_numpy("check")) {
        print_message("skipped: /usr/bin/python3 has no NumPy to read the files with\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_made_by_numpy, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_vectors_in_fortran_order, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_saved_files_are_read_by_numpy, make_directory,
                                        remove_directory),
    };
    return cmocka_run_group_tests_name("io: NumPy's files", tests, NULL, NULL);
}
