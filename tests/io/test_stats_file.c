/* Files of least squares statistics: what a process that is killed leaves behind. What is damaged
 * is in tests/conformance/lstsq_stats.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/stats_file.h"

enum { ORDER = 2, NUMBERS = ORDER * (ORDER + 2), KILLED = 9 };

/* In place of the C library's: a process that is armed ends here, between writing and renaming. */
static int armed;

int rename(const char *from, const char *to)
{
    if (armed) _exit(KILLED);
    return link(from, to) == 0 || (unlink(to) == 0 && link(from, to) == 0) ? unlink(from) : -1;
}

/* The means, then the factor. */
static struct ritz_stats_file some(double *numbers, double value)
{
    memset(numbers, 0, NUMBERS * sizeof *numbers);
    for (int i = 0; i < 2 * ORDER; i++) numbers[i] = value + i;
    double *factor = numbers + 2 * ORDER;
    for (int i = 0; i < ORDER; i++) factor[i * ORDER + i] = value;
    return (struct ritz_stats_file){
        .rows = 7,
        .cols = 1,
        .targets = 1,
        .weight = 3.5,
        .means = ritz_hmat_wrap(numbers, RITZ_F64, ORDER, 2, RITZ_COL_MAJOR),
        .factor = ritz_hmat_wrap(factor, RITZ_F64, ORDER, ORDER, RITZ_COL_MAJOR)};
}

static void expect_file(const char *path, double value)
{
    double numbers[NUMBERS];
    struct ritz_stats_file file;
    (void)some(numbers, value);
    expect_ok(ritz_stats_file_read(path, &file));
    assert_int_equal(file.rows, 7);
    assert_int_equal(file.cols, 1);
    assert_int_equal(file.targets, 1);
    assert_true(file.weight == 3.5);
    assert_int_equal(file.means.rows, ORDER);
    assert_int_equal(file.factor.rows, ORDER);
    assert_memory_equal(file.means.data, numbers, 2 * ORDER * sizeof *numbers);
    assert_memory_equal(file.factor.data, numbers + 2 * ORDER, ORDER * ORDER * sizeof *numbers);
    expect_ok(ritz_hmat_destroy(&file.means));
    expect_ok(ritz_hmat_destroy(&file.factor));
}

static void test_round_trip(void **state)
{
    (void)state;
    double numbers[NUMBERS];
    const char *path = path_to("a.stats");
    struct ritz_stats_file file = some(numbers, 2.5);
    expect_ok(ritz_stats_file_write(path, &file));
    expect_file(path, 2.5);
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink(path), 0);
}

static void test_killed_before_the_rename(void **state)
{
    (void)state;
    double numbers[NUMBERS];
    const char *path = path_to("b.stats");
    struct ritz_stats_file file = some(numbers, 1);
    expect_ok(ritz_stats_file_write(path, &file));
    file = some(numbers, 2);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        armed = 1;
        _exit(ritz_stats_file_write(path, &file) == RITZ_OK ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == KILLED);
    assert_int_equal(count_files(), 2); /* the temporary file is there, */
    expect_file(path, 1);               /* and the old one as it was */
}

static void expect_refused(const char *path, const struct ritz_stats_file *written,
                           const char *words)
{
    struct ritz_stats_file file;
    expect_ok(ritz_stats_file_write(path, written));
    assert_int_equal(ritz_stats_file_read(path, &file), RITZ_ERR_FORMAT);
    assert_non_null(strstr(ritz_last_error(), words));
}

/* What the library never writes, under checksums that are right: numbers that are no statistics,
 * and a header that announces more than the file has, which is refused before memory is taken. */
static void test_impossible(void **state)
{
    (void)state;
    double numbers[NUMBERS];
    const char *path = path_to("c.stats");
    struct ritz_stats_file file = some(numbers, 1);
    numbers[2 * ORDER + 1] = 3; /* below the diagonal */
    expect_refused(path, &file, "no means and triangular factor");
    file = some(numbers, 1);
    numbers[ORDER] = (double)INFINITY;
    expect_refused(path, &file, "no means and triangular factor");
    file = some(numbers, 1);
    file.weight = -1;
    expect_refused(path, &file, "contradicts itself");
    file.weight = (double)NAN;
    expect_refused(path, &file, "contradicts itself");
    file.weight = 1;
    file.cols = 20000;
    expect_refused(path, &file, "cut short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_killed_before_the_rename),
        cmocka_unit_test(test_impossible),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
