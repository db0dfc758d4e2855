/* The labels of the observations, for colours.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "labels.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "command.h"

/* A row or a column of numbers is a vector. */
static bool check_vector(const char *path, ritz_hmat part)
{
    if (part.cols == 1 || part.rows == 1) return true;
    complain("%s is %" PRId64 " x %" PRId64 "; --labels needs one whole number for each row", path,
             part.rows, part.cols);
    return false;
}

static bool check_whole(const char *path, const double *numbers, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(numbers[i]) && numbers[i] == nearbyint(numbers[i])) continue;
        complain("%s: label %" PRId64 " (from 0) is %g; --labels needs whole numbers", path, i,
                 numbers[i]);
        return false;
    }
    return true;
}

/* Append one file at `*filled`; numbers beyond `rows` are counted, not kept. */
static bool append_file(const char *path, int64_t rows, double *numbers, int64_t *filled)
{
    ritz_hmat part = {.data = NULL};
    ritz_status status = ritz_load_as(path, RITZ_F64, &part);
    if (status != RITZ_OK) {
        complain_last();
        return false;
    }
    int64_t count = part.rows * part.cols;
    bool good = check_vector(path, part) && check_whole(path, part.data, count);
    if (good && count > 0 && *filled + count <= rows) {
        memcpy(numbers + *filled, part.data, (size_t)count * sizeof *numbers);
    }
    *filled += count;
    (void)ritz_hmat_destroy(&part);
    return good;
}

bool labels_load(const char *const *paths, size_t count, int64_t rows, ritz_hmat *labels)
{
    if (ritz_hmat_create(RITZ_F64, RITZ_COL_MAJOR, rows, 1, labels) != RITZ_OK) {
        complain_last();
        return false;
    }
    int64_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        if (!append_file(paths[i], rows, labels->data, &filled)) return false;
    }
    if (filled != rows) {
        complain("there are %" PRId64 " labels for %" PRId64
                 " rows; --labels needs one for each row, in the same order",
                 filled, rows);
        return false;
    }
    return true;
}
