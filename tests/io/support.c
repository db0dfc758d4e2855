/* What the tests of the file formats share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static char directory[PATH_BYTES / 2];

const char *test_directory(void)
{
    return directory;
}

int make_directory(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(directory, sizeof directory, "%s/ritz-io-XXXXXX", base != NULL ? base : "/tmp");
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int remove_directory(void **state)
{
    (void)state;
    return nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int count_files(void)
{
    DIR *d = opendir(directory);
    assert_non_null(d);
    int count = -2; /* . and .. */
    while (readdir(d) != NULL) count++;
    (void)closedir(d);
    return count;
}

const char *path_to(const char *name)
{
    static char paths[4][PATH_BYTES];
    static int turn;
    turn = (turn + 1) % 4;
    int n = snprintf(paths[turn], PATH_BYTES, "%s/%s", directory, name);
    assert_in_range(n, 1, PATH_BYTES - 1);
    return paths[turn];
}

const char *write_file(const char *name, const void *data, size_t size)
{
    (void)unlink(path_to(name)); /* mostly, there is none */
    return overwrite_file(name, data, size);
}

const char *overwrite_file(const char *name, const void *data, size_t size)
{
    const char *path = path_to(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *write_gzip(const char *name, const void *data, size_t size)
{
    const char *path = path_to(name);
    (void)unlink(path);
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(gzwrite(file, data, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, file), *size);
    (void)fclose(file);
    return data;
}

void give_up_root(void)
{
    enum { NOBODY = 65534 };
    if (getuid() == 0) assert_int_equal(seteuid(NOBODY), 0);
}

void take_back_root(void)
{
    if (getuid() == 0) assert_int_equal(seteuid(0), 0);
}

unsigned char *make_npy(const char *dictionary, const void *data, size_t data_size, size_t *size)
{
    size_t length = strlen(dictionary);
    *size = 10 + length + data_size;
    unsigned char *bytes = malloc(*size);
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = (unsigned char)(length & 0xFF);
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + 10, dictionary, length);
    if (data_size > 0) memcpy(bytes + 10 + length, data, data_size);
    return bytes;
}

void check_error(ritz_status status, ritz_status code, const char *text, const char *file, int line)
{
    if (status != code) {
        print_error("%s:%d: %s instead of %s: %s\n", file, line, ritz_status_name(status),
                    ritz_status_name(code), status != RITZ_OK ? ritz_last_error() : "");
        fail();
    }
    if (text != NULL && strstr(ritz_last_error(), text) == NULL) {
        print_error("%s:%d: '%s' is not in the message '%s'\n", file, line, text,
                    ritz_last_error());
        fail();
    }
}

double element(ritz_hmat H, int64_t i, int64_t j)
{
    int64_t k = H.layout == RITZ_ROW_MAJOR ? i * H.ld + j : i + j * H.ld;
    switch (H.dtype) {
    case RITZ_F32: return (double)((const float *)H.data)[k];
    case RITZ_F64: return ((const double *)H.data)[k];
    case RITZ_I8: return (double)((const int8_t *)H.data)[k];
    case RITZ_U8: return (double)((const uint8_t *)H.data)[k];
    case RITZ_I32: return (double)((const int32_t *)H.data)[k];
    default: fail_msg("element() does not know this type"); return 0;
    }
}

bool run_numpy(const char *mode)
{
    char script[PATH_BYTES];
    char command[3 * PATH_BYTES];
    const char *slash = strrchr(__FILE__, '/');
    assert_non_null(slash);
    (void)snprintf(script, sizeof script, "%.*s/numpy_files.py", (int)(slash - __FILE__), __FILE__);
    assert_int_equal(access(script, R_OK), 0);
    (void)snprintf(command, sizeof command, "/usr/bin/python3 '%s' %s '%s'", script, mode,
                   directory);
    (void)fflush(NULL);
    int result = system(command); /* NOLINT: fixed paths of a test */
    if (result == -1) fail_msg("'%s' could not be started: %s", command, strerror(errno));
    assert_true(WIFEXITED(result));
    int code = WEXITSTATUS(result);
    if (code == 77 || code == 127) return false; /* no NumPy, no Python */
    assert_int_equal(code, 0);
    return true;
}
