/* Writing .npy files block by block. What NumPy makes of such files is tested in test_numpy.c,
 * since ritz_save_npy writes through the same writer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ROWS = 700, COLS = 500 };

static double numbers[ROWS * COLS];

static ritz_hmat all_rows(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) numbers[i] = 0.25 * (double)i;
    return ritz_hmat_wrap(numbers, RITZ_F64, ROWS, COLS, RITZ_ROW_MAJOR);
}

static ritz_npy_writer *begin(const char *path, ritz_dtype dtype, int64_t rows, int64_t cols)
{
    ritz_npy_writer *writer = NULL;
    expect_ok(ritz_npy_writer_create(path, dtype, rows, cols, &writer));
    assert_non_null(writer);
    return writer;
}

static void expect_rows(const char *path, ritz_dtype dtype, ritz_hmat expected)
{
    ritz_hmat back;
    expect_ok(ritz_load(path, &back));
    assert_int_equal(back.dtype, dtype);
    assert_int_equal(back.layout, RITZ_ROW_MAJOR);
    assert_int_equal(back.rows, expected.rows);
    assert_int_equal(back.cols, expected.cols);
    for (int64_t i = 0; i < back.rows; i++) {
        for (int64_t j = 0; j < back.cols; j++) {
            double number = element(expected, i, j);
            if (dtype == RITZ_F32) number = (double)(float)number;
            if (element(back, i, j) != number) fail_msg("element %d, %d", (int)i, (int)j);
        }
    }
    expect_ok(ritz_hmat_destroy(&back));
}

/* Blocks of any height make the same file as the whole matrix at once. */
static void test_blocks_make_the_whole(void **state)
{
    (void)state;
    static const int64_t heights[] = {1, 7, 300, ROWS};
    ritz_hmat H = all_rows();
    size_t size = 0;
    size_t whole_size = 0;
    expect_ok(ritz_save_npy(path_to("whole.npy"), H));
    unsigned char *whole = read_file(path_to("whole.npy"), &whole_size);
    for (size_t k = 0; k < sizeof heights / sizeof *heights; k++) {
        ritz_npy_writer *writer = begin(path_to("blocks.npy"), RITZ_F64, ROWS, COLS);
        for (int64_t i = 0; i < ROWS; i += heights[k]) {
            int64_t count = heights[k] < ROWS - i ? heights[k] : ROWS - i;
            expect_ok(ritz_npy_writer_append(writer, ritz_hmat_block(H, i, 0, count, COLS)));
        }
        expect_ok(ritz_npy_writer_finish(&writer));
        assert_null(writer);
        unsigned char *blocks = read_file(path_to("blocks.npy"), &size);
        assert_int_equal(size, whole_size);
        assert_memory_equal(blocks, whole, size);
        free(blocks);
    }
    free(whole);
    assert_int_equal(unlink(path_to("blocks.npy")), 0);
    assert_int_equal(unlink(path_to("whole.npy")), 0);
}

/* Other types, paddings and layouts than the file's; runs longer and shorter than the buffer. */
static void test_conversion(void **state)
{
    (void)state;
    static const ritz_dtype dtypes[] = {RITZ_F32, RITZ_F64};
    ritz_hmat H = all_rows();
    for (size_t d = 0; d < 2; d++) {
        ritz_hmat padded = ritz_hmat_block(H, 3, 5, ROWS - 4, COLS - 9);
        ritz_hmat long_rows = ritz_hmat_wrap(numbers, RITZ_F64, 2, ROWS * COLS / 2, RITZ_ROW_MAJOR);
        const ritz_hmat cases[] = {padded, ritz_hmat_t(padded), H, long_rows, ritz_hmat_t(H)};
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            ritz_npy_writer *writer =
                begin(path_to("converted.npy"), dtypes[d], cases[k].rows, cases[k].cols);
            expect_ok(ritz_npy_writer_append(writer, cases[k]));
            expect_ok(ritz_npy_writer_finish(&writer));
            expect_rows(path_to("converted.npy"), dtypes[d], cases[k]);
        }
    }
    assert_int_equal(unlink(path_to("converted.npy")), 0);
}

static void test_without_elements(void **state)
{
    (void)state;
    ritz_npy_writer *writer = begin(path_to("none.npy"), RITZ_F32, 0, 4);
    expect_ok(ritz_npy_writer_finish(&writer));
    writer = begin(path_to("narrow.npy"), RITZ_F32, 3, 0);
    expect_ok(
        ritz_npy_writer_append(writer, ritz_hmat_wrap(numbers, RITZ_F64, 3, 0, RITZ_ROW_MAJOR)));
    expect_ok(ritz_npy_writer_finish(&writer));
    static const char *const names[] = {"none.npy", "narrow.npy"};
    static const int64_t shapes[][2] = {{0, 4}, {3, 0}};
    for (size_t k = 0; k < 2; k++) {
        ritz_file_info info = {.size = sizeof info};
        expect_ok(ritz_file_inspect(path_to(names[k]), &info));
        assert_int_equal(info.rows, shapes[k][0]);
        assert_int_equal(info.cols, shapes[k][1]);
        assert_int_equal(unlink(path_to(names[k])), 0);
    }
}

/* Rows are missing, or too many, or of another width: there is no file. */
static void test_wrong_rows(void **state)
{
    (void)state;
    ritz_hmat H = all_rows();
    const char *path = path_to("wrong.npy");
    ritz_npy_writer *writer = begin(path, RITZ_F64, 10, COLS);
    expect_error(ritz_npy_writer_append(writer, ritz_hmat_block(H, 0, 0, 11, COLS)), RITZ_ERR_SHAPE,
                 "lacks only 10 of 10");
    expect_error(ritz_npy_writer_append(writer, ritz_hmat_block(H, 0, 0, 2, COLS - 1)),
                 RITZ_ERR_SHAPE, "H has 499 columns");
    expect_ok(ritz_npy_writer_append(writer, ritz_hmat_block(H, 0, 0, 9, COLS)));
    expect_error(ritz_npy_writer_append(writer, ritz_hmat_block(H, 0, 0, 2, COLS)), RITZ_ERR_SHAPE,
                 "lacks only 1 of 10");
    expect_error(ritz_npy_writer_append(writer, ritz_hmat_batched(H, 2, 0)), RITZ_ERR_SHAPE,
                 "H is a batch of 2");
    expect_error(ritz_npy_writer_finish(&writer), RITZ_ERR_SHAPE, "has 9 of its 10 rows only");
    assert_null(writer);
    assert_int_equal(count_files(), 0);
}

static void test_discarded(void **state)
{
    (void)state;
    ritz_hmat H = all_rows();
    expect_ok(ritz_save_npy(path_to("kept.npy"), ritz_hmat_block(H, 0, 0, 2, 2)));
    ritz_npy_writer *writer = begin(path_to("kept.npy"), RITZ_F64, ROWS, COLS);
    expect_ok(ritz_npy_writer_append(writer, H));
    ritz_npy_writer_discard(&writer);
    assert_null(writer);
    ritz_npy_writer_discard(&writer);
    ritz_npy_writer_discard(NULL);
    assert_int_equal(count_files(), 1);
    expect_rows(path_to("kept.npy"), RITZ_F64, ritz_hmat_block(H, 0, 0, 2, 2));
    assert_int_equal(unlink(path_to("kept.npy")), 0);
}

/* A full disk, played by a limit on the size of files, in each way to write. */
static void test_no_space_left(void **state)
{
    (void)state;
    ritz_hmat H = all_rows();
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {.rlim_cur = 70000, .rlim_max = limit.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (int converts = 0; converts < 2; converts++) {
        ritz_npy_writer *writer =
            begin(path_to("full.npy"), converts ? RITZ_F32 : RITZ_F64, 2 * ROWS, COLS);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        ritz_status status = ritz_npy_writer_append(writer, H);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        expect_error(status, RITZ_ERR_IO, "full.npy could not be written: File too large");
        expect_error(ritz_npy_writer_append(writer, H), RITZ_ERR_IO, "an earlier write failed");
        expect_error(ritz_npy_writer_finish(&writer), RITZ_ERR_IO, "an earlier write failed");
        assert_int_equal(count_files(), 0);
    }
}

static void test_unfit_arguments(void **state)
{
    (void)state;
    ritz_npy_writer *writer = NULL;
    const char *path = path_to("never.npy");
    expect_error(ritz_npy_writer_create(path, RITZ_F32, 1, 1, NULL), RITZ_ERR_ARGUMENT,
                 "writer is NULL");
    expect_error(ritz_npy_writer_create(NULL, RITZ_F32, 1, 1, &writer), RITZ_ERR_ARGUMENT,
                 "path is NULL");
    expect_error(ritz_npy_writer_create("", RITZ_F32, 1, 1, &writer), RITZ_ERR_ARGUMENT,
                 "path is empty");
    expect_error(ritz_npy_writer_create(path, (ritz_dtype)99, 1, 1, &writer), RITZ_ERR_DTYPE,
                 "99 is not a data type");
    expect_error(ritz_npy_writer_create(path, RITZ_BF16, 1, 1, &writer), RITZ_ERR_DTYPE,
                 "convert it to float32");
    expect_error(ritz_npy_writer_create(path, RITZ_F32, -1, 1, &writer), RITZ_ERR_SHAPE, "-1 x 1");
    expect_error(
        ritz_npy_writer_create(path, RITZ_F64, INT64_C(1) << 31, INT64_C(1) << 31, &writer),
        RITZ_ERR_TOO_LARGE, "cannot be counted");
    expect_error(ritz_npy_writer_create(path_to("missing/a.npy"), RITZ_F32, 1, 1, &writer),
                 RITZ_ERR_IO, "No such file");
    assert_null(writer);
    expect_error(ritz_npy_writer_append(NULL, all_rows()), RITZ_ERR_ARGUMENT, "writer is NULL");
    expect_error(ritz_npy_writer_finish(&writer), RITZ_ERR_ARGUMENT, "there is no writer");
    assert_int_equal(count_files(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_make_the_whole),
        cmocka_unit_test(test_conversion),
        cmocka_unit_test(test_without_elements),
        cmocka_unit_test(test_wrong_rows),
        cmocka_unit_test(test_discarded),
        cmocka_unit_test(test_no_space_left),
        cmocka_unit_test(test_unfit_arguments),
    };
    return cmocka_run_group_tests_name("io: writing blocks", tests, make_directory,
                                       remove_directory);
}
