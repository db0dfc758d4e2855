/* Damaged, lying and unfit files: always an error that says why, never a crash or a wrong matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/reader.h"

static const char good_dictionary[] =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }                              \n";
static const char good_idx[] = "\0\0\x0B\2\0\0\0\3\0\0\0\2abcdefghijkl";

static unsigned char *good_npy(size_t *size)
{
    float x[15];
    for (int i = 0; i < 15; i++) x[i] = (float)i - 7.25f;
    return make_npy(good_dictionary, x, sizeof x, size);
}

/* Read every element, so that a sanitizer sees memory that is not there. */
static double sum(ritz_hmat H)
{
    double total = 0;
    for (int64_t k = 0; k < H.rows * H.cols * (int64_t)ritz_dtype_size(H.dtype); k++) {
        total += ((const unsigned char *)H.data)[k];
    }
    return total;
}

static ritz_status load_and_free(const char *path)
{
    ritz_hmat H;
    ritz_status status = ritz_load(path, &H);
    if (status == RITZ_OK) {
        (void)sum(H);
        expect_ok(ritz_hmat_destroy(&H));
    } else {
        assert_null(H.data);
        assert_true(strstr(ritz_last_error(), path) != NULL);
    }
    return status;
}

/* ---- truncation and bit flips --------------------------------------------------------------- */

static void test_truncated(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *npy = good_npy(&size);
    assert_int_equal(load_and_free(write_file("cut", npy, size)), RITZ_OK);
    for (size_t n = 0; n < size; n++) {
        expect_error(load_and_free(write_file("cut", npy, n)), RITZ_ERR_FORMAT, "cut");
        expect_error(load_and_free(write_gzip("cut", npy, n)), RITZ_ERR_FORMAT, "cut");
    }
    for (size_t n = 0; n < sizeof good_idx - 1; n++) {
        expect_error(load_and_free(write_file("cut", good_idx, n)), RITZ_ERR_FORMAT, "cut");
        expect_error(load_and_free(write_gzip("cut", good_idx, n)), RITZ_ERR_FORMAT, "cut");
    }
    size_t packed_size = 0;
    unsigned char *packed = read_file(write_gzip("whole", npy, size), &packed_size);
    assert_int_equal(load_and_free(path_to("whole")), RITZ_OK);
    for (size_t n = 0; n < packed_size; n++) {
        expect_error(load_and_free(write_file("cut", packed, n)), RITZ_ERR_FORMAT, "cut");
    }
    free(packed);
    free(npy);
}

static void test_flipped_bits_in_headers(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *npy = good_npy(&size);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * (10 + sizeof good_dictionary - 1); bit++) {
        npy[bit / 8] = (unsigned char)(npy[bit / 8] ^ 1 << bit % 8);
        if (load_and_free(write_file("flipped", npy, size)) != RITZ_OK) refused++;
        npy[bit / 8] = (unsigned char)(npy[bit / 8] ^ 1 << bit % 8);
    }
    free(npy);
    assert_true(refused > 600); /* what is left changes the sign, the size or the type sensibly */
    unsigned char idx[sizeof good_idx - 1];
    for (size_t bit = 0; bit < 8 * 12; bit++) {
        memcpy(idx, good_idx, sizeof idx);
        idx[bit / 8] = (unsigned char)(idx[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(load_and_free(write_file("flipped", idx, sizeof idx)), RITZ_OK);
    }
}

/* gzip has a checksum: a flipped bit is found, or lies where it does not matter. */
static void test_flipped_bits_under_gzip(void **state)
{
    (void)state;
    size_t size = 0;
    size_t packed_size = 0;
    unsigned char *npy = good_npy(&size);
    unsigned char *packed = read_file(write_gzip("whole", npy, size), &packed_size);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * packed_size; bit++) {
        packed[bit / 8] = (unsigned char)(packed[bit / 8] ^ 1 << bit % 8);
        ritz_hmat H;
        ritz_status status = ritz_load(write_file("flipped", packed, packed_size), &H);
        packed[bit / 8] = (unsigned char)(packed[bit / 8] ^ 1 << bit % 8);
        if (status != RITZ_OK) {
            refused++;
            continue;
        }
        assert_int_equal(H.rows * H.cols, 15);
        assert_memory_equal(H.data, npy + size - 60, 60);
        expect_ok(ritz_hmat_destroy(&H));
    }
    assert_true(refused > 8 * (int)(packed_size - 10));
    free(packed);
    free(npy);
}

/* ---- headers that lie ----------------------------------------------------------------------- */

typedef struct header_case {
    const char *dictionary;
    ritz_status status;
    const char *message;
} header_case;

#define F4 "{'descr': '<f4', 'fortran_order': False, 'shape': "

static const header_case header_cases[] = {
    {F4 "(5, 3), }\n", RITZ_OK, NULL},
    {F4 "(5, 3)}", RITZ_OK, NULL},
    {"{\"shape\":(5,3),\"descr\":\"<f4\",\"fortran_order\":True}", RITZ_OK, NULL},
    {F4 "(5L, 3L), }\n", RITZ_OK, NULL},
    {F4 "(15,), }\n", RITZ_OK, NULL},
    {F4 "(0, 4611686018427387904), }\n", RITZ_OK, NULL},
    {F4 "(4611686018427387904, 0), }\n", RITZ_OK, NULL},
    {F4 "(5, 4), }\n", RITZ_ERR_FORMAT, "5 x 4 matrix of float32 takes"},
    {F4 "(4611686018427387904, 4611686018427387904), }\n", RITZ_ERR_FORMAT, "can be counted"},
    {F4 "(2, 4611686018427387904, 2), }\n", RITZ_ERR_FORMAT, "more than 2^63 columns"},
    {F4 "(2, 4611686018427387904, 2, 0), }\n", RITZ_OK, NULL},
    {F4 "(9223372036854775807,), }\n", RITZ_ERR_FORMAT, "can be counted"},
    {F4 "(2305843009213693951,), }\n", RITZ_ERR_FORMAT, "can be counted"},
    {F4 "(2305843009213693900,), }\n", RITZ_ERR_FORMAT, "cut short or its header is wrong"},
    {F4 "(9223372036854775808,), }\n", RITZ_ERR_FORMAT, "longer than 2^63 - 1"},
    {F4 "(99999999999999999999999999,), }\n", RITZ_ERR_FORMAT, "longer than 2^63 - 1"},
    {F4 "(-5, 3), }\n", RITZ_ERR_FORMAT, "length of an axis is missing"},
    {F4 "(5 3), }\n", RITZ_ERR_FORMAT, "',' or ')' is missing"},
    {F4 "(5, 3, }\n", RITZ_ERR_FORMAT, "length of an axis is missing"},
    {F4 "(,), }\n", RITZ_ERR_FORMAT, "length of an axis is missing"},
    {F4 "5, }\n", RITZ_ERR_FORMAT, "'(' is missing"},
    {F4 "(), }\n", RITZ_ERR_FORMAT, "single number without axes"},
    {F4 "(5, 3), 'more': 1}\n", RITZ_ERR_FORMAT, "unknown key"},
    {F4 "(5, 3), 'shape': (5, 3)}\n", RITZ_ERR_FORMAT, "a key comes twice"},
    {F4 "(5, 3)\n", RITZ_ERR_FORMAT, "',' or '}' is missing"},
    {F4 "(5, 3), } x\n", RITZ_ERR_FORMAT, "something follows"},
    {"{'descr': '<f4', 'shape': (5, 3)}\n", RITZ_ERR_FORMAT, "shape is missing"},
    {"{}\n", RITZ_ERR_FORMAT, "shape is missing"},
    {"[]\n", RITZ_ERR_FORMAT, "'{' is missing"},
    {"", RITZ_ERR_FORMAT, "'{' is missing"},
    {"{'descr", RITZ_ERR_FORMAT, "a string does not end"},
    {"{'descr' '<f4'}", RITZ_ERR_FORMAT, "':' is missing"},
    {"{descr: '<f4'}", RITZ_ERR_FORMAT, "a quoted string is missing"},
    {"{'fortran_order': 0}", RITZ_ERR_FORMAT, "True or False is missing"},
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (5, 1, 3)}", RITZ_ERR_FORMAT,
     "ascontiguousarray"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE,
     "type '<c8' are not supported: Ritz has no complex numbers"},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "pickled"},
    {"{'descr': '<V2', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "bfloat16"},
    {"{'descr': '<f16', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "'<f16'"},
    {"{'descr': '<U3', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "'<U3'"},
    {"{'descr': '<f3', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "'<f3'"},
    {"{'descr': '', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "type ''"},
    {"{'descr': '\x1B[2', 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "type '?[2'"},
    {"{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (5,)}",
     RITZ_ERR_DTYPE, "records (structured type [('a', '<f4'), ('b', '<i4')]"},
    {"{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (5,)}", RITZ_ERR_DTYPE, "records"},
};

static void test_headers(void **state)
{
    (void)state;
    float x[15] = {0};
    for (size_t k = 0; k < sizeof header_cases / sizeof *header_cases; k++) {
        const header_case *c = &header_cases[k];
        size_t size = 0;
        unsigned char *npy = make_npy(c->dictionary, x, sizeof x, &size);
        expect_error(load_and_free(write_file("header.npy", npy, size)), c->status, c->message);
        free(npy);
    }
}

static void test_too_many_axes(void **state)
{
    (void)state;
    char dictionary[512] = F4 "(";
    for (int axes = 1; axes <= 65; axes++) {
        strcat(dictionary, "1,");
        char whole[600];
        (void)snprintf(whole, sizeof whole, "%s)}", dictionary);
        size_t size = 0;
        float x = 1;
        unsigned char *npy = make_npy(whole, &x, sizeof x, &size);
        ritz_status status = load_and_free(write_file("axes.npy", npy, size));
        free(npy);
        if (axes <= 64) {
            expect_ok(status);
        } else {
            expect_error(status, RITZ_ERR_FORMAT, "more than 64 axes");
        }
    }
}

static void test_versions(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *npy = good_npy(&size);
    for (int version = 0; version < 256; version++) {
        npy[6] = (unsigned char)version;
        if (version == 1) continue; /* 2 and 3 have another length field */
        expect_error(load_and_free(write_file("version.npy", npy, size)), RITZ_ERR_FORMAT,
                     version == 2 || version == 3 ? "bytes" : "of the .npy format is unknown");
    }
    npy[6] = 1;
    npy[7] = 1;
    expect_error(load_and_free(write_file("version.npy", npy, size)), RITZ_ERR_FORMAT,
                 "version 1.1 of the .npy format is unknown");
    free(npy);
    expect_error(load_and_free(write_file("long.npy", "\x93NUMPY\2\0\0\0\0\x80{}", 14)),
                 RITZ_ERR_FORMAT, "header of 2147483648 bytes is announced");
}

/* A compressed file may not promise more than its bytes can hold, and what it promises beyond what
 * it holds is found. */
static void test_lies_under_gzip(void **state)
{
    (void)state;
    float x[15] = {0};
    size_t size = 0;
    unsigned char *npy = make_npy(F4 "(1000000, 1000000)}", x, sizeof x, &size);
    expect_error(load_and_free(write_gzip("bomb.npy.gz", npy, size)), RITZ_ERR_FORMAT,
                 "compressed, which cannot be that many");
    free(npy);
    npy = make_npy(F4 "(100, 100)}", x, sizeof x, &size);
    expect_error(load_and_free(write_gzip("bomb.npy.gz", npy, size)), RITZ_ERR_FORMAT,
                 "is cut short");
    free(npy);
}

static void test_what_follows(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *npy = good_npy(&size);
    npy = realloc(npy, size + 1);
    assert_non_null(npy);
    npy[size] = 0;
    /* NumPy writes several arrays into one .npy file; the first is read. */
    expect_ok(load_and_free(write_file("more.npy", npy, size + 1)));
    expect_ok(load_and_free(write_gzip("more.npy.gz", npy, size + 1)));
    expect_ok(load_and_free(write_file("idx", good_idx, sizeof good_idx - 1)));
    expect_error(load_and_free(write_file("idx", good_idx, sizeof good_idx)), RITZ_ERR_FORMAT,
                 "1 bytes follow the 3 x 2 matrix");
    expect_error(load_and_free(write_gzip("idx", good_idx, sizeof good_idx)), RITZ_ERR_FORMAT,
                 "more data follows the 3 x 2 matrix");
    free(npy);

    /* Members of gzip files may follow one another; other bytes may not. */
    size_t one = 0;
    size_t two = 0;
    unsigned char *first = read_file(write_gzip("one.gz", "1,2\n", 4), &one);
    unsigned char *second = read_file(write_gzip("two.gz", "3,4\n", 4), &two);
    unsigned char *both = malloc(one + two + 1);
    assert_non_null(both);
    memcpy(both, first, one);
    memcpy(both + one, second, two);
    ritz_hmat H;
    expect_ok(ritz_load(write_file("both.gz", both, one + two), &H));
    assert_int_equal(H.rows, 2);
    assert_true(element(H, 1, 1) == 4);
    expect_ok(ritz_hmat_destroy(&H));
    both[one + two] = 'x';
    expect_error(ritz_load(write_file("both.gz", both, one + two + 1), &H), RITZ_ERR_FORMAT,
                 "gzip");
    free(both);
    free(second);
    free(first);
}

/* ---- what is no file of ours ---------------------------------------------------------------- */

static void test_other_formats(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } others[] = {
        {"PK\3\4 archive", 12, "ZIP archive"},
        {"\x89HDF\r\n\x1A\n", 8, "HDF5"},
        {"\x28\xB5\x2F\xFD....", 8, "zstd -d"},
        {"\xFD"
         "7zXZ\0....",
         10, "xz -d"},
        {"BZh91AY", 7, "bzip2 -d"},
        {"%%MatrixMarket matrix", 21, "Matrix Market"},
        {"PAR1....", 8, "Parquet"},
        {"\xFF\xFE"
         "1\0,\0",
         6, "UTF-16"},
        {"\x89PNG\r\n\x1A\n", 8, "no format that Ritz knows"},
        {"\0\0\x0A\1\0\0\0\0", 8, "no format that Ritz knows"},
        {"\0\0\x08\0", 4, "no format that Ritz knows"},
        {"1,2\n3,4\0", 8, "no format that Ritz knows"},
        {"\x1F\x8B", 2, "gzip data is damaged"},
    };
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        expect_error(load_and_free(write_file("other", others[k].bytes, others[k].size)),
                     RITZ_ERR_FORMAT, others[k].message);
    }
    expect_error(load_and_free(write_file("other", "", 0)), RITZ_ERR_FORMAT, "is empty");
    expect_error(load_and_free(write_gzip("other", "", 0)), RITZ_ERR_FORMAT, "is empty");
}

static void test_unfit_paths(void **state)
{
    (void)state;
    ritz_hmat H;
    expect_error(ritz_load(path_to("missing"), &H), RITZ_ERR_IO, "No such file");
    expect_error(ritz_load(test_directory(), &H), RITZ_ERR_IO, "is a directory");
    expect_error(ritz_load("", &H), RITZ_ERR_IO, "No such file");
    expect_error(ritz_load("/dev/zero", &H), RITZ_ERR_IO, "not a regular file");
    assert_int_equal(mkfifo(path_to("pipe"), 0600), 0);
    expect_error(ritz_load(path_to("pipe"), &H), RITZ_ERR_IO, "not a regular file");
    const char *path = write_file("secret", "1,2\n", 4);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(test_directory(), 0755), 0);
    give_up_root();
    ritz_status status = ritz_load(path, &H);
    take_back_root();
    expect_error(status, RITZ_ERR_IO, "Permission denied");
}

static void test_arguments(void **state)
{
    (void)state;
    ritz_hmat H;
    const char *path = write_file("arguments.csv", "1,2\n3,4\n", 8);
    ritz_file_info info = {.size = 0};
    expect_error(ritz_load(NULL, &H), RITZ_ERR_ARGUMENT, "path is NULL");
    expect_error(ritz_load(path, NULL), RITZ_ERR_ARGUMENT, "H is NULL");
    expect_error(ritz_load_as(path, (ritz_dtype)77, &H), RITZ_ERR_DTYPE, "77 is not a data type");
    expect_error(ritz_load_as(path, RITZ_F32, NULL), RITZ_ERR_ARGUMENT, "H is NULL");
    expect_error(ritz_file_inspect(path, NULL), RITZ_ERR_ARGUMENT, "info is NULL");
    expect_error(ritz_file_inspect(path, &info), RITZ_ERR_ARGUMENT, "sizeof(ritz_file_info)");
    ritz_reader *reader = NULL;
    double x[4];
    expect_ok(ritz_reader_open(path, &reader));
    expect_error(ritz_reader_read(reader, 1, x, RITZ_F64, 1), RITZ_ERR_ARGUMENT, "ld is 1");
    expect_error(ritz_reader_read(reader, 3, x, RITZ_F64, 2), RITZ_ERR_ARGUMENT, "3 rows");
    expect_error(ritz_reader_read(reader, -1, x, RITZ_F64, 2), RITZ_ERR_ARGUMENT, "-1 rows");
    expect_error(ritz_reader_read(reader, 1, NULL, RITZ_F64, 2), RITZ_ERR_ARGUMENT, "dst is NULL");
    expect_error(ritz_reader_read(reader, 1, x, (ritz_dtype)0, 2), RITZ_ERR_DTYPE, "0 is not");
    expect_ok(ritz_reader_read(reader, 2, x, RITZ_F64, 2));
    ritz_reader_close(&reader);
    ritz_reader_close(&reader);
}

static void test_file_that_shrinks(void **state)
{
    (void)state;
    enum { ROWS = 1000, COLS = 10 };
    static double x[ROWS * COLS];
    ritz_hmat H = ritz_hmat_wrap(x, RITZ_F64, ROWS, COLS, RITZ_ROW_MAJOR);
    const char *path = path_to("shrinking.npy");
    for (int order = 0; order < 2; order++) {
        if (order == 1) H = ritz_hmat_wrap(x, RITZ_F64, ROWS, COLS, RITZ_COL_MAJOR);
        expect_ok(ritz_save_npy(path, H));
        ritz_reader *reader = NULL;
        expect_ok(ritz_reader_open(path, &reader));
        expect_ok(ritz_reader_read(reader, 10, x, RITZ_F64, COLS));
        assert_int_equal(truncate(path, 4000), 0);
        expect_error(ritz_reader_read(reader, 990, x, RITZ_F64, COLS), RITZ_ERR_IO,
                     "became shorter while it was read");
        ritz_reader_close(&reader);
    }
}

static void test_larger_than_memory(void **state)
{
    (void)state;
    /* A sparse file: 2^43 bytes that take no room. Mapped, they take no memory either; converted,
     * they would. */
    static const char dictionary[] = F4 "(2199023255552,)}";
    size_t size = 0;
    unsigned char *npy = make_npy(dictionary, "", 0, &size);
    const char *path = write_file("sparse.npy", npy, size);
    free(npy);
    if (truncate(path, (off_t)size + ((off_t)1 << 43)) != 0) {
        print_message("skipped: the file system has no sparse files of 8 TiB\n");
        skip();
    }
    ritz_hmat H;
    expect_error(ritz_load_as(path, RITZ_F64, &H), RITZ_ERR_MEMORY, "17592186044416 bytes");
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped_bits_in_headers),
        cmocka_unit_test(test_flipped_bits_under_gzip),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_too_many_axes),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_lies_under_gzip),
        cmocka_unit_test(test_what_follows),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_unfit_paths),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_file_that_shrinks),
        cmocka_unit_test(test_larger_than_memory),
    };
    return cmocka_run_group_tests_name("io: damaged and hostile files", tests, make_directory,
                                       remove_directory);
}
