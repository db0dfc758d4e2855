/* Text as a matrix: what is accepted, and what the messages say about the rest.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/number.h"
#include "io/reader.h"

typedef struct good_case {
    const char *text;
    int64_t rows;
    int64_t cols;
    int header_lines;
    char delimiter;
    double values[6];
} good_case;

static const good_case good_cases[] = {
    {"1,2,3\n4,5,6\n", 2, 3, 0, ',', {1, 2, 3, 4, 5, 6}},
    {"1,2,3\n4,5,6", 2, 3, 0, ',', {1, 2, 3, 4, 5, 6}},
    {"1;2;3\r\n4;5;6\r\n", 2, 3, 0, ';', {1, 2, 3, 4, 5, 6}},
    {"1\t2\t3\n4\t5\t6", 2, 3, 0, '\t', {1, 2, 3, 4, 5, 6}},
    {"1 2 3\n4 5 6\n", 2, 3, 0, ' ', {1, 2, 3, 4, 5, 6}},
    {"  1   2\t 3  \r\n4 5 6 \n\n", 2, 3, 0, ' ', {1, 2, 3, 4, 5, 6}},
    {" 1 , 2,3 \n4 ,\t5, 6", 2, 3, 0, ',', {1, 2, 3, 4, 5, 6}},
    {"a,b,c\n1,2,3\n", 1, 3, 1, ',', {1, 2, 3}},
    {"\xEF\xBB\xBFx;y\n1;2\n", 1, 2, 1, ';', {1, 2}},
    {"\"width, cm\",\"height\"\n1,\"2\"\n", 1, 2, 1, ',', {1, 2}},
    {"# 7,8\n\n   \n1,2\n  # between\n3,4\n#end", 2, 2, 0, ',', {1, 2, 3, 4}},
    {"# a b\nx y\n# c\n1 2", 1, 2, 1, ' ', {1, 2}},
    {"42", 1, 1, 0, ',', {42}},
    {"1\n2\n3", 3, 1, 0, ',', {1, 2, 3}},
    {"height\n1\n2", 2, 1, 1, ',', {1, 2}},
    {"1e3,-2.5E-1,+.5\n1.,00012,-0\n", 2, 3, 0, ',', {1000, -0.25, 0.5, 1, 12, -0.0}},
    {"nan,inf\n-inf,Infinity\n",
     2,
     2,
     0,
     ',',
     {(double)NAN, (double)INFINITY, -(double)INFINITY, (double)INFINITY}},
    {"NaN;NAN\n-nan;+INF\n",
     2,
     2,
     0,
     ';',
     {(double)NAN, (double)NAN, (double)NAN, (double)INFINITY}},
    {"1e-400,1e-320\n", 1, 2, 0, ',', {0, 1e-320}},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof good_cases / sizeof *good_cases; k++) {
        const good_case *c = &good_cases[k];
        const char *path = write_file("good.csv", c->text, strlen(c->text));
        ritz_file_info info = {.size = sizeof info};
        expect_ok(ritz_file_inspect(path, &info));
        assert_int_equal(info.format, RITZ_FILE_CSV);
        assert_int_equal(info.rows, c->rows);
        assert_int_equal(info.cols, c->cols);
        assert_int_equal(info.header_lines, c->header_lines);
        assert_int_equal(info.delimiter, c->delimiter);
        assert_int_equal(info.dtype, RITZ_F64);
        assert_string_equal(info.type_name, "float64");
        ritz_hmat H;
        expect_ok(ritz_load(path, &H));
        for (int64_t i = 0; i < c->rows; i++) {
            for (int64_t j = 0; j < c->cols; j++) {
                double value = c->values[i * c->cols + j];
                double got = element(H, i, j);
                assert_true(isnan(value) ? isnan(got) : got == value);
                assert_int_equal(signbit(value) != 0 && value == 0, signbit(got) != 0 && got == 0);
            }
        }
        expect_ok(ritz_hmat_destroy(&H));
    }
}

typedef struct bad_case {
    const char *text;
    const char *message;
} bad_case;

static const bad_case bad_cases[] = {
    {"1,2\n3\n", "bad.csv:2: this line has 1 fields, the first has 2"},
    {"1,2\n\n# c\n3,4,5\n", "bad.csv:4: this line has 3 fields, the first has 2"},
    {"a,b\n1,2,3\n", "bad.csv:2: this line has 3 fields, the first has 2"},
    {"1,2\n3,x\n", "bad.csv:2: column 2: 'x' is not a number"},
    {"1 2 3\n4 x 6\n", "bad.csv:2: column 2: 'x' is not a number"},
    {"1,2\n3,\n", "bad.csv:2: column 2 is empty; write nan"},
    {"1,,2\n3,4,5\n", "bad.csv:1: 2 of the 3 fields are numbers"},
    {"1,a,2\n3,4,5\n", "bad.csv:1: 2 of the 3 fields are numbers"},
    {"1,5;2,5\n3,5;4,5\n", "bad.csv:2: column 1: '3,5' is not a number; decimals"},
    {"x;y\n1,5;2,5\n",
     "bad.csv:2: column 1: '1,5' is not a number; decimals are written with a point"},
    {"1,2\n3,1e999\n", "bad.csv:2: column 2: 1e999 is too large for float64"},
    {"1,2\n3,\"4\n", "bad.csv:2: column 2: a quotation mark has no partner"},
    {"1,2\n\"3\"3,4\n", "bad.csv:2: column 1: a quotation mark"},
    {"1,2\n3,0x10\n", "'0x10' is not a number"},
    {"1,2\n3,1e\n", "'1e' is not a number"},
    {"1,2\n3,1e+\n", "'1e+' is not a number"},
    {"1,2\n3,.\n", "'.' is not a number"},
    {"1,2\n3,--4\n", "'--4' is not a number"},
    {"1,2\n3,1.2.3\n", "'1.2.3' is not a number"},
    {"1,2\n3,1 2\n", "'1 2' is not a number"},
    {"1,2\n3,nano\n", "'nano' is not a number"},
    {"1,2\n3,4\xC3\xA9\n", "'4?"
                           "?' is not a number"},
    {"# only\n# comments\n\n", "holds no row of numbers"},
    {"a,b\n", "holds no row of numbers"},
    {"hello", "holds no row of numbers"},
    {"\n\n \n", "holds no row of numbers"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof bad_cases / sizeof *bad_cases; k++) {
        const bad_case *c = &bad_cases[k];
        const char *path = write_file("bad.csv", c->text, strlen(c->text));
        ritz_hmat H;
        expect_error(ritz_load(path, &H), RITZ_ERR_FORMAT, c->message);
        assert_null(H.data);
    }
}

/* Fields, comments and lines that straddle the scanner's buffer of 2^18 bytes, at every offset. */
static void test_buffer_boundary(void **state)
{
    (void)state;
    enum { BUFFER = 1 << 18 };
    static const char tail[] = "\n12.25, 34.5 ,\"56\"\n# c\n7,8,9\n";
    static const char head[] = "1,2,3\n#";
    char *text = malloc(BUFFER + sizeof tail + sizeof head);
    assert_non_null(text);
    for (int back = 0; back <= (int)sizeof tail; back++) {
        size_t before = (size_t)(BUFFER - back);
        memset(text, 'x', before);
        memcpy(text, head, sizeof head - 1);
        memcpy(text + before, tail, sizeof tail - 1);
        const char *path = write_file("boundary.csv", text, before + sizeof tail - 1);
        ritz_hmat H;
        expect_ok(ritz_load(path, &H));
        assert_int_equal(H.rows, 3);
        assert_int_equal(H.cols, 3);
        static const double values[] = {1, 2, 3, 12.25, 34.5, 56, 7, 8, 9};
        assert_memory_equal(H.data, values, sizeof values);
        expect_ok(ritz_hmat_destroy(&H));
    }
    free(text);
}

static void test_endless_field(void **state)
{
    (void)state;
    size_t size = 1 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '7', size);
    text[1] = ',';
    ritz_hmat H;
    expect_error(ritz_load(write_file("endless.csv", text, size), &H), RITZ_ERR_FORMAT,
                 "longer than 262144 bytes");
    memset(text, ' ', size);
    expect_error(ritz_load(write_file("endless.csv", text, size), &H), RITZ_ERR_FORMAT,
                 "longer than 262144 bytes");
    free(text);
}

static void test_file_that_changes(void **state)
{
    (void)state;
    const char *path = write_file("changing.csv", "1,2\n3,4\n5,6\n", 12);
    ritz_reader *reader = NULL;
    double rows[6];
    expect_ok(ritz_reader_open(path, &reader));
    (void)overwrite_file("changing.csv", "1,2\n3,4\n", 8);
    expect_ok(ritz_reader_rewind(reader));
    expect_error(ritz_reader_read(reader, 3, rows, RITZ_F64, 2), RITZ_ERR_IO, "changed while");
    (void)overwrite_file("changing.csv", "1,2\n3\n5,6\n", 10);
    expect_ok(ritz_reader_rewind(reader));
    expect_error(ritz_reader_read(reader, 3, rows, RITZ_F64, 2), RITZ_ERR_IO, "changed while");
    (void)overwrite_file("changing.csv", "1,2\n3,4,5\n6,7\n", 14);
    expect_ok(ritz_reader_rewind(reader));
    expect_error(ritz_reader_read(reader, 3, rows, RITZ_F64, 2), RITZ_ERR_IO, "changed while");
    ritz_reader_close(&reader);
}

/* Against strtod, which glibc rounds correctly. */
static void test_numbers_are_rounded_correctly(void **state)
{
    (void)state;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    assert_true(c_locale != (locale_t)0);
    uint64_t random = 1;
    for (int k = 0; k < 200000; k++) {
        random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
        char text[64];
        double x = 0;
        int n = 0;
        if (k % 2 == 0) {
            memcpy(&x, &random, sizeof x);
            n = snprintf(text, sizeof text, "%.*g", 1 + (int)(random >> 60) + k % 6, x);
        } else {
            n = snprintf(text, sizeof text, "%llu.%llue%d",
                         (unsigned long long)(random >> (k % 60)),
                         (unsigned long long)(random >> 40), k % 50 - 25);
        }
        char shown[64];
        memcpy(shown, text, sizeof shown);
        double reference = strtod(text, NULL);
        if (isnan(reference) || isinf(reference)) continue;
        text[n] = '5'; /* what follows must not matter, and must be kept */
        double got = 0;
        assert_int_equal(ritz_number_parse(text, n, c_locale, &got), RITZ_NUMBER);
        assert_int_equal(text[n], '5');
        if (memcmp(&got, &reference, sizeof got) != 0) {
            fail_msg("'%s' was read as %.17g", shown, got);
        }
    }
    freelocale(c_locale);
}

/* In a locale with a decimal comma, 1.5 is still 1.5, also where strtod is asked. */
static void test_locale(void **state)
{
    (void)state;
    char command[3 * PATH_BYTES];
    (void)snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s' 2> '%s'",
                   path_to("de_DE.UTF-8"), path_to("localedef.log"));
    int made = system(command); /* NOLINT: fixed paths of a test */
    assert_int_equal(setenv("LOCPATH", test_directory(), 1), 0);
    if (made != 0 || setlocale(LC_ALL, "de_DE.UTF-8") == NULL) {
        print_message("skipped: localedef cannot make a locale with a decimal comma\n");
        skip();
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    ritz_hmat H;
    const char *text = "1.5,1.2345678901234567890123e-5\n";
    ritz_status status = ritz_load(write_file("locale.csv", text, strlen(text)), &H);
    assert_non_null(setlocale(LC_ALL, "C"));
    expect_ok(status);
    assert_true(element(H, 0, 0) == 1.5);
    assert_true(element(H, 0, 1) == 1.2345678901234567890123e-5);
    expect_ok(ritz_hmat_destroy(&H));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_buffer_boundary),
        cmocka_unit_test(test_endless_field),
        cmocka_unit_test(test_file_that_changes),
        cmocka_unit_test(test_numbers_are_rounded_correctly),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests_name("io: CSV", tests, make_directory, remove_directory);
}
