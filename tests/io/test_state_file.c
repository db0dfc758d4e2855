/* Files that hold a state: what is written comes back, and nothing else does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/state_file.h"

enum { KILLED = 9, ROOM = 1024 };

/* In place of the C library's: a process that is armed ends here, between writing and renaming. */
static int armed;

int rename(const char *from, const char *to)
{
    if (armed) _exit(KILLED);
    return link(from, to) == 0 || (unlink(to) == 0 && link(from, to) == 0) ? unlink(from) : -1;
}

static double numbers[6];
static float singles[2] = {1.5F, -2.5F};

static struct ritz_state_file some(double value)
{
    struct ritz_state_file file;
    memset(&file, 0, sizeof file);
    for (int i = 0; i < 6; i++) numbers[i] = value + i;
    memcpy(file.kind, "a test", 7);
    file.numbers[0] = INT64_MIN;
    file.numbers[1] = 42;
    file.number_count = 2;
    file.matrices[0] = ritz_hmat_wrap(numbers, RITZ_F64, 3, 2, RITZ_COL_MAJOR);
    file.matrices[1] = ritz_hmat_wrap(singles, RITZ_F32, 1, 2, RITZ_COL_MAJOR);
    file.matrix_count = 2;
    return file;
}

static void expect_file(const char *path, double value)
{
    struct ritz_state_file file;
    (void)some(value);
    expect_ok(ritz_state_file_read(path, "test", &file));
    assert_string_equal(file.kind, "a test");
    assert_int_equal(file.number_count, 2);
    assert_true(file.numbers[0] == INT64_MIN && file.numbers[1] == 42);
    assert_int_equal(file.matrix_count, 2);
    assert_true(file.matrices[0].rows == 3 && file.matrices[0].cols == 2);
    assert_memory_equal(file.matrices[0].data, numbers, sizeof numbers);
    assert_int_equal(file.matrices[1].dtype, RITZ_F32);
    assert_memory_equal(file.matrices[1].data, singles, sizeof singles);
    ritz_state_file_drop(&file);
}

static void test_round_trip(void **state)
{
    (void)state;
    const char *path = path_to("a.state");
    const struct ritz_state_file file = some(2.5);
    int there = 1;
    expect_ok(ritz_state_file_exists(path, &there));
    assert_false(there);
    expect_ok(ritz_state_file_probe(path));
    assert_int_equal(count_files(), 0); /* a probe leaves nothing */
    expect_ok(ritz_state_file_write(path, &file));
    expect_ok(ritz_state_file_exists(path, &there));
    assert_true(there);
    expect_file(path, 2.5);
    expect_ok(ritz_state_file_probe(path));
    expect_file(path, 2.5);
    expect_ok(ritz_state_file_remove(path));
    expect_ok(ritz_state_file_remove(path));
    assert_int_equal(count_files(), 0);
}

static void test_killed_before_the_rename(void **state)
{
    (void)state;
    const char *path = path_to("b.state");
    struct ritz_state_file file = some(1);
    expect_ok(ritz_state_file_write(path, &file));
    file = some(2);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        armed = 1;
        _exit(ritz_state_file_write(path, &file) == RITZ_OK ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == KILLED);
    assert_int_equal(count_files(), 2); /* the temporary file is there, */
    expect_file(path, 1);               /* and the old one as it was */
}

static void expect_refused(const char *path, const char *words)
{
    struct ritz_state_file file;
    assert_int_equal(ritz_state_file_read(path, "test", &file), RITZ_ERR_FORMAT);
    assert_non_null(strstr(ritz_last_error(), words));
    assert_null(file.matrices[0].data);
}

static void spill(const char *path, const unsigned char *bytes, size_t count)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, count, f), count);
    assert_int_equal(fclose(f), 0);
}

static void test_damaged(void **state)
{
    (void)state;
    const char *path = path_to("c.state");
    const struct ritz_state_file written = some(1);
    unsigned char good[ROOM], bytes[ROOM];
    expect_ok(ritz_state_file_write(path, &written));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t size = fread(good, 1, ROOM, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(size, 528 + sizeof numbers + sizeof singles);
    for (size_t i = 0; i < size; i++) {
        memcpy(bytes, good, size);
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        spill(path, bytes, size);
        expect_refused(path, "c.state");
    }
    for (size_t count = 0; count < size; count += 5) {
        spill(path, good, count);
        expect_refused(path, "c.state");
    }
    memcpy(bytes, good, size);
    bytes[size] = 0;
    spill(path, bytes, size + 1);
    expect_refused(path, "longer");
    memcpy(bytes + 8, "\1\2\3\4", 4);
    spill(path, bytes, size);
    expect_refused(path, "byte order");
    spill(path, (const unsigned char *)"hello", 5);
    expect_refused(path, "no test");
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_killed_before_the_rename),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
