/* Out of memory at every place where memory is taken: an error, nothing lost, nothing left open.
 *
 * The sources are compiled into this file once more, with allocation functions that can be told to
 * fail and that count what is held.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "support.h"

static int calls;   /* since the test began to count */
static int fail_at; /* the call that fails; 0 if none */
static int held;

static bool fails(void)
{
    calls++;
    return calls == fail_at;
}

static void *counted(void *memory)
{
    if (memory != NULL) held++;
    return memory;
}

static void *counting_malloc(size_t size)
{
    return fails() ? NULL : counted(malloc(size));
}

static void *counting_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(calloc(count, size));
}

static void *counting_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(aligned_alloc(alignment, size));
}

static char *counting_strdup(const char *text)
{
    return fails() ? NULL : counted(strdup(text));
}

static char *counting_realpath(const char *path, char *resolved)
{
    if (!fails()) return counted(realpath(path, resolved));
    errno = ENOMEM;
    return NULL;
}

static int counting_asprintf(char **text, const char *format, ...)
{
    if (fails()) return -1;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(text, format, arguments);
    va_end(arguments);
    if (n >= 0) held++;
    return n;
}

static void counting_free(void *memory)
{
    if (memory != NULL) held--;
    free(memory);
}

static locale_t counting_newlocale(int mask, const char *name, locale_t base)
{
    if (fails()) return (locale_t)0;
    held++;
    return newlocale(mask, name, base);
}

static void counting_freelocale(locale_t locale)
{
    held--;
    freelocale(locale);
}

static int counting_inflate_init(z_stream *stream, int bits)
{
    if (fails()) return Z_MEM_ERROR;
    int result = inflateInit2(stream, bits);
    if (result == Z_OK) held++;
    return result;
}

static int counting_inflate_end(z_stream *stream)
{
    held--;
    return inflateEnd(stream);
}

#undef inflateInit2
#define inflateInit2 counting_inflate_init
#define inflateEnd counting_inflate_end
#define malloc counting_malloc
#define calloc counting_calloc
#define aligned_alloc counting_aligned_alloc
#define strdup counting_strdup
#define realpath counting_realpath
#define asprintf counting_asprintf
#define free counting_free
#define newlocale counting_newlocale
#define freelocale counting_freelocale

#include "io/csv.c"
#include "io/csv_scanner.c"
#include "io/idx.c"
#include "io/load.c"
#include "io/npy.c"
#include "io/number.c"
#include "io/reader.c"
#include "io/save.c"
#include "io/source.c"
#include "io/stats_file.c"
#include "io/whole_file.c"

/* ---- what is tried -------------------------------------------------------------------------- */

static ritz_status load(const char *name)
{
    ritz_hmat H;
    ritz_status status = ritz_load_as(path_to(name), RITZ_F64, &H);
    if (status != RITZ_OK) assert_null(H.data);
    free(H.data);
    return status;
}

static ritz_status load_bytes(void)
{
    return load("bytes.npy");
}

static ritz_status load_packed(void)
{
    return load("bytes.npy.gz");
}

static ritz_status load_text(void)
{
    return load("text.csv");
}

static ritz_status load_packed_text(void)
{
    return load("text.csv.gz");
}

static ritz_status inspect(void)
{
    ritz_file_info info = {.size = sizeof info};
    return ritz_file_inspect(path_to("bytes.npy"), &info);
}

static ritz_status save(void)
{
    static float x[40];
    ritz_hmat H = ritz_hmat_with_ld(ritz_hmat_wrap(x, RITZ_F32, 4, 8, RITZ_ROW_MAJOR), 10);
    return ritz_save_npy(path_to("saved.npy"), H);
}

static ritz_status save_new(void)
{
    (void)unlink(path_to("saved.npy"));
    return save();
}

static double statistics[8] = {1, 2, 3, 4, 5, 0, 6, 7};

static ritz_status save_stats(void)
{
    const struct ritz_stats_file file = {
        .rows = 9,
        .cols = 1,
        .targets = 1,
        .weight = 9,
        .means = ritz_hmat_wrap(statistics, RITZ_F64, 2, 2, RITZ_COL_MAJOR),
        .factor = ritz_hmat_wrap(statistics + 4, RITZ_F64, 2, 2, RITZ_COL_MAJOR)};
    return ritz_stats_file_write(path_to("a.stats"), &file);
}

static ritz_status load_stats(void)
{
    struct ritz_stats_file file;
    ritz_status status = ritz_stats_file_read(path_to("a.stats"), &file);
    if (status != RITZ_OK) {
        assert_null(file.means.data);
        assert_null(file.factor.data);
    }
    expect_ok(ritz_hmat_destroy(&file.means)); /* by the library, which is not counted */
    expect_ok(ritz_hmat_destroy(&file.factor));
    return status;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) count++;
    }
    return count;
}

static void fail_everywhere(ritz_status (*action)(void))
{
    int descriptors = open_descriptors();
    calls = 0;
    fail_at = 0;
    held = 0;
    expect_ok(action());
    assert_int_equal(held, 0);
    int total = calls;
    assert_true(total >= 2);
    for (int k = 1; k <= total; k++) {
        calls = 0;
        fail_at = k;
        ritz_status status = action();
        fail_at = 0;
        expect_error(status, RITZ_ERR_MEMORY, "memory");
        assert_int_equal(calls, k); /* nothing goes on after the failure */
        assert_int_equal(held, 0);
        assert_int_equal(open_descriptors(), descriptors);
    }
}

static void test_every_allocation(void **state)
{
    (void)state;
    static ritz_status (*const actions[])(void) = {load_bytes, load_packed, load_text,
                                                   inspect,    save_new,    load_packed_text,
                                                   save,       save_stats,  load_stats};
    static const char text[] = "a,b\n1,2\n3,4\n";
    static const char dictionary[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}\n";
    size_t size = 0;
    unsigned char *npy = make_npy(dictionary, "abcdef", 6, &size);
    (void)write_file("bytes.npy", npy, size);
    (void)write_gzip("bytes.npy.gz", npy, size);
    (void)write_file("text.csv", text, sizeof text - 1);
    (void)write_gzip("text.csv.gz", text, sizeof text - 1);
    (free)(npy);
    for (size_t k = 0; k < sizeof actions / sizeof *actions; k++) {
        fail_everywhere(actions[k]);
        assert_in_range(count_files(), 4, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };
    return cmocka_run_group_tests_name("io: out of memory", tests, make_directory,
                                       remove_directory);
}
