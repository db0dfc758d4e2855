/* What the tests of the file formats share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_IO_SUPPORT_H
#define RITZ_TESTS_IO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ritz/io.h"
#include "ritz/matrix.h"

enum { PATH_BYTES = 512 };

/* A directory of its own for a group of tests: cmocka's group setup and teardown. */
int make_directory(void **state);
int remove_directory(void **state);
const char *test_directory(void);

/* "<directory>/<name>", in one of a few buffers that take turns. */
const char *path_to(const char *name);

/* Write a new file into the directory, plain or compressed, and return its path. A file of that
 * name is removed first: file systems flush one that is cut short and written again, which is
 * slow. */
const char *write_file(const char *name, const void *data, size_t size);
const char *write_gzip(const char *name, const void *data, size_t size);

/* The same in place, seen by who has the file open. */
const char *overwrite_file(const char *name, const void *data, size_t size);

/* The bytes of a file, to be freed. */
unsigned char *read_file(const char *path, size_t *size);

/* Number of entries in the directory. */
int count_files(void);

/* Root may read and write everything: be somebody else for a while, so that permissions count. */
void give_up_root(void);
void take_back_root(void);

/* A .npy file of version 1.0 with the given dictionary, to be freed. */
unsigned char *make_npy(const char *dictionary, const void *data, size_t data_size, size_t *size);

/* The call failed as it should, and the message says so. */
#define expect_error(status, code, text) check_error((status), (code), (text), __FILE__, __LINE__)
void check_error(ritz_status status, ritz_status code, const char *text, const char *file,
                 int line);

/* The call succeeded; else its message is shown. */
#define expect_ok(status) check_error((status), RITZ_OK, NULL, __FILE__, __LINE__)

/* Element (i, j) of a host matrix of a floating-point or integer type of at most 32 bits, or of
 * float64. */
double element(ritz_hmat H, int64_t i, int64_t j);

/* Run the script tests/io/numpy_files.py in the directory; false if there is no NumPy. */
bool run_numpy(const char *mode);

#endif
