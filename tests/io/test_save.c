/* Saving: whole or not at all. What NumPy makes of the files is tested in test_numpy.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static double numbers[512 * 1024];

static ritz_hmat some(int64_t rows, int64_t cols)
{
    return ritz_hmat_wrap(numbers, RITZ_F64, rows, cols, RITZ_ROW_MAJOR);
}

static void expect_shape(const char *path, int64_t rows, int64_t cols)
{
    ritz_file_info info = {.size = sizeof info};
    expect_ok(ritz_file_inspect(path, &info));
    assert_int_equal(info.rows, rows);
    assert_int_equal(info.cols, cols);
}

static void test_replaces_and_leaves_nothing_behind(void **state)
{
    (void)state;
    const char *path = path_to("a.npy");
    expect_ok(ritz_save_npy(path, some(3, 2)));
    assert_int_equal(count_files(), 1);
    assert_int_equal(chmod(path, 0640), 0);
    expect_ok(ritz_save_npy(path, some(5, 4)));
    assert_int_equal(count_files(), 1);
    expect_shape(path, 5, 4);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(unlink(path), 0);
}

static void test_permissions_of_a_new_file(void **state)
{
    (void)state;
    mode_t old = umask(027);
    ritz_status saved = ritz_save_npy(path_to("new.npy"), some(1, 1));
    (void)umask(old);
    expect_ok(saved);
    struct stat status;
    assert_int_equal(stat(path_to("new.npy"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(unlink(path_to("new.npy")), 0);
}

static void test_follows_symbolic_links(void **state)
{
    (void)state;
    expect_ok(ritz_save_npy(path_to("real.npy"), some(2, 2)));
    assert_int_equal(symlink("real.npy", path_to("link.npy")), 0);
    expect_ok(ritz_save_npy(path_to("link.npy"), some(6, 1)));
    struct stat status;
    assert_int_equal(lstat(path_to("link.npy"), &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    expect_shape(path_to("real.npy"), 6, 1);
    assert_int_equal(unlink(path_to("link.npy")), 0);
    assert_int_equal(unlink(path_to("real.npy")), 0);
}

static void test_relative_path(void **state)
{
    (void)state;
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(test_directory()), 0);
    ritz_status status = ritz_save_npy("relative.npy", some(2, 3));
    assert_int_equal(chdir(before), 0);
    free(before);
    expect_ok(status);
    expect_shape(path_to("relative.npy"), 2, 3);
    assert_int_equal(unlink(path_to("relative.npy")), 0);
}

/* A full disk, played by a limit on the size of files. */
static void test_no_space_left(void **state)
{
    (void)state;
    const char *path = path_to("full.npy");
    expect_ok(ritz_save_npy(path, some(3, 3)));
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {.rlim_cur = 70000, .rlim_max = limit.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    static const int64_t pads[] = {0, 3, 8 * 1024};
    for (size_t k = 0; k < sizeof pads / sizeof *pads; k++) {
        int64_t cols = 4 * 1024;
        ritz_hmat H = ritz_hmat_with_ld(some(4, cols), cols + pads[k]);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        ritz_status status = ritz_save_npy(path, H);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        expect_error(status, RITZ_ERR_IO, "full.npy could not be written: File too large");
        assert_int_equal(count_files(), 1);
        expect_shape(path, 3, 3);
    }
    assert_int_equal(unlink(path), 0);
}

static void test_unfit_paths(void **state)
{
    (void)state;
    expect_error(ritz_save_npy(path_to("missing/a.npy"), some(1, 1)), RITZ_ERR_IO,
                 "missing/a.npy cannot be created: No such file");
    expect_error(ritz_save_npy(test_directory(), some(1, 1)), RITZ_ERR_IO, "is a directory");
    expect_error(ritz_save_npy("/dev/null", some(1, 1)), RITZ_ERR_IO, "a device");
    struct stat status;
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    expect_error(ritz_save_npy("", some(1, 1)), RITZ_ERR_ARGUMENT, "path is empty");
    (void)write_file("file", "x", 1);
    expect_error(ritz_save_npy(path_to("file/a.npy"), some(1, 1)), RITZ_ERR_IO, "Not a directory");
    assert_int_equal(unlink(path_to("file")), 0);
    assert_int_equal(count_files(), 0);
}

static void test_no_permission(void **state)
{
    (void)state;
    const char *path = write_file("protected.npy", "x", 1);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(test_directory(), 0555), 0);
    give_up_root();
    ritz_status replaced = ritz_save_npy(path, some(1, 1));
    take_back_root();
    expect_error(replaced, RITZ_ERR_IO, "protected.npy is protected from being replaced");
    give_up_root();
    ritz_status created = ritz_save_npy(path_to("a.npy"), some(1, 1));
    take_back_root();
    expect_error(created, RITZ_ERR_IO, "a.npy cannot be created: Permission denied");
    assert_int_equal(chmod(test_directory(), 0700), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(count_files(), 0);
}

static void test_unfit_matrices(void **state)
{
    (void)state;
    const char *path = path_to("never.npy");
    ritz_hmat H = some(4, 4);
    expect_error(ritz_save_npy(NULL, H), RITZ_ERR_ARGUMENT, "path is NULL");
    expect_error(ritz_save_npy(path, ritz_hmat_batched(H, 3, 16)), RITZ_ERR_SHAPE,
                 "H is a batch of 3 matrices");
    expect_error(ritz_save_npy(path, ritz_hmat_wrap(numbers, RITZ_BF16, 2, 2, RITZ_ROW_MAJOR)),
                 RITZ_ERR_DTYPE, "convert it to float32");
    expect_error(ritz_save_npy(path, ritz_hmat_block(H, 3, 3, 2, 2)), RITZ_ERR_ARGUMENT, "H is");
    H.data = NULL;
    expect_error(ritz_save_npy(path, H), RITZ_ERR_ARGUMENT, "H is");
    assert_int_equal(count_files(), 0);
}

/* Padded rows longer and shorter than the buffer, and views. */
static void test_padded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) numbers[i] = (double)i;
    static const int64_t shapes[][2] = {{3000, 20}, {3, 150000}, {300, 200}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        int64_t rows = shapes[k][0];
        int64_t cols = shapes[k][1];
        ritz_hmat H = ritz_hmat_block(some(rows, cols), 1, 2, rows - 1, cols - 5);
        for (int turned = 0; turned < 2; turned++) {
            ritz_hmat view = turned ? ritz_hmat_t(H) : H;
            ritz_hmat back;
            expect_ok(ritz_save_npy(path_to("padded.npy"), view));
            expect_ok(ritz_load(path_to("padded.npy"), &back));
            assert_int_equal(back.layout, view.layout);
            for (int64_t i = 0; i < view.rows; i++) {
                for (int64_t j = 0; j < view.cols; j++) {
                    if (element(back, i, j) != element(view, i, j)) fail();
                }
            }
            expect_ok(ritz_hmat_destroy(&back));
        }
    }
    assert_int_equal(unlink(path_to("padded.npy")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces_and_leaves_nothing_behind),
        cmocka_unit_test(test_permissions_of_a_new_file),
        cmocka_unit_test(test_follows_symbolic_links),
        cmocka_unit_test(test_relative_path),
        cmocka_unit_test(test_no_space_left),
        cmocka_unit_test(test_unfit_paths),
        cmocka_unit_test(test_no_permission),
        cmocka_unit_test(test_unfit_matrices),
        cmocka_unit_test(test_padded),
    };
    return cmocka_run_group_tests_name("io: saving", tests, make_directory, remove_directory);
}
