/* Matrix Market files: what is accepted, and what the messages say about the rest.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/matrix_market.h"

#define BANNER "%%MatrixMarket matrix coordinate real general\n"
#define SYMMETRIC "%%MatrixMarket matrix coordinate real symmetric\n"

enum { MOST = 8 };

struct entry {
    int row, col; /* from 0 */
    double value;
};

struct good_case {
    const char *text;
    int64_t rows, cols, count;
    struct entry entries[MOST];
};

static const struct good_case good_cases[] = {
    {BANNER "2 3 2\n1 1 1.5\n2 3 -2e3\n", 2, 3, 2, {{0, 0, 1.5}, {1, 2, -2000}}},
    {BANNER "2 3 2\n1 1 1.5\n2 3 -2e3", 2, 3, 2, {{0, 0, 1.5}, {1, 2, -2000}}},
    {BANNER "% said\n%\n\n  \n2 3 1\r\n% here too\n\n\t2  3\t4 \r\n\n% end", 2, 3, 1, {{1, 2, 4}}},
    {BANNER "2 2 3\n1 1 1\n1 1 2\n1 1 nan\n", 2, 2, 3, {{0, 0, 1}, {0, 0, 2}, {0, 0, (double)NAN}}},
    {BANNER "0 5 0\n", 0, 5, 0, {{0, 0, 0}}},
    {BANNER "1 1 1\n1 1 -inf\n", 1, 1, 1, {{0, 0, -(double)INFINITY}}},
    {"%%matrixmarket MATRIX Coordinate INTEGER General\n1 2 1\n1 2 -7\n", 1, 2, 1, {{0, 1, -7}}},
    {"%%MatrixMarket matrix coordinate double general\n1 2 1\n1 2 .5\n", 1, 2, 1, {{0, 1, 0.5}}},
    {"%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n",
     2,
     2,
     2,
     {{0, 1, 1}, {1, 0, 1}}},
    {SYMMETRIC "3 3 2\n2 2 4\n3 1 5\n", 3, 3, 3, {{1, 1, 4}, {2, 0, 5}, {0, 2, 5}}},
    {SYMMETRIC "3 3 2\n1 3 5\n2 2 4\n", 3, 3, 3, {{0, 2, 5}, {2, 0, 5}, {1, 1, 4}}},
    {"%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n",
     2,
     2,
     2,
     {{1, 0, 1}, {0, 1, 1}}},
    {"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 3\n",
     2,
     2,
     2,
     {{1, 0, 3}, {0, 1, -3}}},
};

static void check_good(const struct good_case *c, const char *path)
{
    struct ritz_triplets t;
    expect_ok(ritz_matrix_market_read(path, &t));
    assert_int_equal(t.rows, c->rows);
    assert_int_equal(t.cols, c->cols);
    assert_int_equal(t.count, c->count);
    for (int64_t k = 0; k < t.count; k++) {
        assert_int_equal(t.row[k], c->entries[k].row);
        assert_int_equal(t.col[k], c->entries[k].col);
        if (isnan(c->entries[k].value))
            assert_true(isnan(t.value[k]));
        else
            assert_true(t.value[k] == c->entries[k].value);
    }
    ritz_triplets_free(&t);
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof good_cases / sizeof *good_cases; k++) {
        const struct good_case *c = &good_cases[k];
        check_good(c, write_file("good.mtx", c->text, strlen(c->text)));
        check_good(c, write_gzip("good.mtx.gz", c->text, strlen(c->text)));
    }
}

static const struct {
    const char *text;
    ritz_status code;
    const char *message;
} bad_cases[] = {
    {"", RITZ_ERR_FORMAT, "does not begin with %%MatrixMarket"},
    {"1,2,3\n", RITZ_ERR_FORMAT, "does not begin with %%MatrixMarket"},
    {"%%MatrixMarket matrix coordinate real\n1 1 0\n", RITZ_ERR_FORMAT, "first line must read"},
    {"%%MatrixMarket vector coordinate real general\n1 1 0\n", RITZ_ERR_FORMAT,
     "first line must read"},
    {"%%MatrixMarket matrix array real general\n1 1\n5\n", RITZ_ERR_FORMAT, "dense matrix"},
    {"%%MatrixMarket matrix list real general\n1 1 0\n", RITZ_ERR_FORMAT, "must be coordinate"},
    {"%%MatrixMarket matrix coordinate complex general\n1 1 0\n", RITZ_ERR_DTYPE, "complex"},
    {"%%MatrixMarket matrix coordinate quaternion general\n1 1 0\n", RITZ_ERR_FORMAT,
     "'quaternion'"},
    {"%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n", RITZ_ERR_FORMAT, "'hermitian'"},
    {"%%MatrixMarket matrix coordinate pattern skew-symmetric\n1 1 0\n", RITZ_ERR_FORMAT,
     "no signs"},
    {BANNER, RITZ_ERR_FORMAT, "no line of sizes"},
    {BANNER "% only\n\n", RITZ_ERR_FORMAT, "no line of sizes"},
    {BANNER "2 2\n", RITZ_ERR_FORMAT, ":2: the line of sizes"},
    {BANNER "2 2 1 1\n", RITZ_ERR_FORMAT, ":2: the line of sizes"},
    {BANNER "2 -2 1\n1 1 1\n", RITZ_ERR_FORMAT, ":2: '-2' is no number of columns"},
    {BANNER "2 2.0 1\n1 1 1\n", RITZ_ERR_FORMAT, ":2: '2.0' is no number of columns"},
    {BANNER "99999999999999999999 2 1\n1 1 1\n", RITZ_ERR_FORMAT, "no number of rows"},
    {BANNER "2147483648 2 1\n1 1 1\n", RITZ_ERR_TOO_LARGE, "2147483648"},
    {BANNER "2 2 9223372036854775807\n1 1 1\n", RITZ_ERR_FORMAT, "more than fit into the file"},
    {BANNER "2 2 3\n1 1 1\n2 2 1\n", RITZ_ERR_FORMAT, "cut short: it has 2 of the 3"},
    {BANNER "2 2 1\n1 1 1\n% c\n2 2 1\n", RITZ_ERR_FORMAT, ":5: more follows"},
    {BANNER "2 2 1\n3 1 1\n", RITZ_ERR_FORMAT, ":3: the row is 3; it must be from 1 to 2"},
    {BANNER "2 2 1\n0 1 1\n", RITZ_ERR_FORMAT, ":3: the row is 0"},
    {BANNER "2 2 1\n1 3 1\n", RITZ_ERR_FORMAT, ":3: the column is 3"},
    {BANNER "0 0 1\n1 1 1\n", RITZ_ERR_FORMAT, ":3: the row is 1"},
    {BANNER "2 2 1\n1 1\n", RITZ_ERR_FORMAT, ":3: the line has 2 fields; an entry has 3"},
    {BANNER "2 2 1\n1 1 1 1 1 1\n", RITZ_ERR_FORMAT, ":3: the line has 5 fields or more"},
    {BANNER "2 2 1\n1 1 x\x01y\n", RITZ_ERR_FORMAT, ":3: 'x?y' is not a number"},
    {BANNER "2 2 1\n1 1 1e999\n", RITZ_ERR_FORMAT, "too large for float64"},
    {BANNER "2 2 1\n1 1 1,5\n", RITZ_ERR_FORMAT, "'1,5' is not a number"},
    {"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1.5\n", RITZ_ERR_FORMAT,
     "'1.5' is not an integer"},
    {"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 nan\n", RITZ_ERR_FORMAT,
     "'nan' is not an integer"},
    {"%%MatrixMarket matrix coordinate pattern general\n1 1 1\n1 1 1\n", RITZ_ERR_FORMAT,
     "an entry has 2"},
    {SYMMETRIC "2 3 1\n1 1 1\n", RITZ_ERR_FORMAT, "must be square"},
    {SYMMETRIC "2 2 2\n2 1 1\n1 2 1\n", RITZ_ERR_FORMAT, ":4: entries stand on both sides"},
    {"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 2 3\n", RITZ_ERR_FORMAT,
     ":3: an entry stands on the diagonal"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof bad_cases / sizeof *bad_cases; k++) {
        struct ritz_triplets t;
        const char *path = write_file("bad.mtx", bad_cases[k].text, strlen(bad_cases[k].text));
        expect_error(ritz_matrix_market_read(path, &t), bad_cases[k].code, bad_cases[k].message);
        assert_true(t.row == NULL && t.col == NULL && t.value == NULL);
    }
    struct ritz_triplets t;
    expect_error(ritz_matrix_market_read(path_to("nowhere.mtx"), &t), RITZ_ERR_IO, "nowhere.mtx");
    expect_error(ritz_matrix_market_read(test_directory(), &t), RITZ_ERR_IO, "");
}

/* Every beginning of a valid file is refused, except where nothing but the last line end is
 * missing. */
static void test_cut_short(void **state)
{
    (void)state;
    static const char text[] = BANNER "2 3 2\n1 1 5\n2 3 x\n";
    char whole[sizeof text];
    memcpy(whole, text, sizeof text);
    *strchr(whole, 'x') = '7';
    for (size_t size = 0; size + 2 < sizeof text; size++) {
        struct ritz_triplets t;
        const ritz_status status = ritz_matrix_market_read(write_file("cut.mtx", whole, size), &t);
        assert_int_equal(status, RITZ_ERR_FORMAT);
    }
}

/* More entries than the first memory for them, and than the line buffer holds; the order is
 * kept. */
static void test_many_entries(void **state)
{
    (void)state;
    enum { ENTRIES = 40000, LINE = 32 };
    char *text = malloc(ENTRIES * LINE + 100);
    assert_non_null(text);
    int at = sprintf(text, "%s300 70 %d\n", BANNER, ENTRIES);
    for (int k = 0; k < ENTRIES; k++)
        at += sprintf(text + at, "%d %d %d.25\n", k * 7 % 300 + 1, k * 11 % 70 + 1, k);
    struct ritz_triplets t;
    expect_ok(ritz_matrix_market_read(write_gzip("many.mtx.gz", text, (size_t)at), &t));
    assert_int_equal(t.count, ENTRIES);
    for (int k = 0; k < ENTRIES; k++)
        assert_true(t.row[k] == k * 7 % 300 && t.col[k] == k * 11 % 70 && t.value[k] == k + 0.25);
    ritz_triplets_free(&t);
    /* A line without end. */
    memset(text, ' ', ENTRIES * LINE);
    memcpy(text, BANNER, strlen(BANNER));
    expect_error(ritz_matrix_market_read(write_file("line.mtx", text, ENTRIES * LINE), &t),
                 RITZ_ERR_FORMAT, ":2: the line is longer");
    free(text);
}

/* By the contents, plain or compressed, never by the name. */
static void test_recognised(void **state)
{
    (void)state;
    static const char text[] = BANNER "1 1 1\n1 1 1\n";
    static const char lower[] = "%%matrixmarket matrix";
    assert_int_equal(ritz_is_matrix_market(write_file("a.npy", text, sizeof text - 1)), 1);
    assert_int_equal(ritz_is_matrix_market(write_gzip("a.gz", text, sizeof text - 1)), 1);
    assert_int_equal(ritz_is_matrix_market(write_file("lower", lower, sizeof lower - 1)), 1);
    assert_int_equal(ritz_is_matrix_market(write_file("cut.mtx", text, 13)), 0);
    assert_int_equal(ritz_is_matrix_market(write_file("text.mtx", text + 1, sizeof text - 2)), 0);
    assert_int_equal(ritz_is_matrix_market(write_gzip("cut.gz", text, 13)), 0);
    assert_int_equal(ritz_is_matrix_market(write_file("none.mtx", "", 0)), 0);
    assert_int_equal(ritz_is_matrix_market(path_to("missing.mtx")), 0);
    assert_int_equal(ritz_is_matrix_market(test_directory()), 0);
    assert_int_equal(ritz_is_matrix_market(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut_short),    cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_many_entries),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
