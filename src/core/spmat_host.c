/* Sparse matrices in the memory of the host: from triplets to sorted rows, and to the transpose.
 *
 * Both sort by counting, which is linear and stable: by columns and then by rows gives rows whose
 * columns ascend, and among elements of the same place keeps the order in which they came.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/spmat.h"

void ritz_triplets_free(struct ritz_triplets *t)
{
    free(t->row);
    free(t->col);
    free(t->value);
    *t = (struct ritz_triplets){.count = 0};
}

void ritz_csr_host_free(struct ritz_csr_host *A)
{
    free(A->offsets);
    free(A->indices);
    free(A->values);
    free(A->parts);
    *A = (struct ritz_csr_host){.count = 0};
}

static ritz_status out_of_memory(int64_t count)
{
    return ritz_fail(RITZ_ERR_MEMORY,
                     "out of memory on the host for a sparse matrix of %" PRId64 " elements",
                     count);
}

/* Arrays of no elements are not NULL, so that NULL means failure. */
static void *array(int64_t count, size_t size)
{
    return count < 0 || (uint64_t)count >= SIZE_MAX / size ? NULL : calloc((size_t)count + 1, size);
}

static ritz_status csr_allocate(struct ritz_csr_host *A, ritz_dtype dtype)
{
    A->offsets = array(A->rows + 1, sizeof *A->offsets);
    A->indices = array(A->count, sizeof *A->indices);
    A->values = array(A->count, ritz_dtype_size(dtype));
    return A->offsets && A->indices && A->values ? RITZ_OK : out_of_memory(A->count);
}

static void store_value(struct ritz_csr_host *A, ritz_dtype dtype, int64_t k, double value)
{
    if (dtype == RITZ_F32)
        ((float *)A->values)[k] = (float)value;
    else
        ((double *)A->values)[k] = value;
}

/* Cut the long rows. */
static ritz_status find_parts(struct ritz_csr_host *A)
{
    for (int pass = 0; pass < 2; pass++) {
        int64_t count = 0;
        for (int64_t i = 0; i < A->rows; i++) {
            if (A->offsets[i + 1] - A->offsets[i] <= RITZ_CSR_PART) continue;
            for (int64_t k = A->offsets[i]; k < A->offsets[i + 1]; k += RITZ_CSR_PART, count++) {
                if (pass == 0) continue;
                A->parts[2 * count] = i;
                A->parts[2 * count + 1] = k;
            }
        }
        if (pass == 0) A->parts = array(2 * count, sizeof *A->parts);
        if (!A->parts) return out_of_memory(A->count);
        A->part_count = count;
    }
    return RITZ_OK;
}

/* ---- from triplets --------------------------------------------------------------------------- */

static int is_sorted(const struct ritz_triplets *t)
{
    for (int64_t k = 1; k < t->count; k++) {
        const int same_row = t->row[k] == t->row[k - 1];
        if (t->row[k] < t->row[k - 1] || (same_row && t->col[k] <= t->col[k - 1])) return 0;
    }
    return 1;
}

/* to = the elements `from` (NULL: all, as they come) sorted by key, of which there are `keys`;
 * `next` is scratch for keys + 1. */
static void sort_by(const int32_t *key, int64_t keys, int64_t count, const int64_t *from,
                    int64_t *to, int64_t *next)
{
    memset(next, 0, (size_t)(keys + 1) * sizeof *next);
    for (int64_t k = 0; k < count; k++) next[key[k] + 1]++;
    for (int64_t i = 0; i < keys; i++) next[i + 1] += next[i];
    for (int64_t k = 0; k < count; k++) {
        const int64_t element = from ? from[k] : k;
        to[next[key[element]]++] = element;
    }
}

/* The order of the elements by rows and columns: NULL if it is that in which they stand. */
static ritz_status find_order(const struct ritz_triplets *t, int64_t **order)
{
    *order = NULL;
    if (is_sorted(t)) return RITZ_OK;
    int64_t *by_col = array(t->count, sizeof *by_col);
    int64_t *next = array((t->rows > t->cols ? t->rows : t->cols) + 1, sizeof *next);
    *order = array(t->count, sizeof **order);
    ritz_status rc = RITZ_OK;
    if (by_col && next && *order) {
        sort_by(t->col, t->cols, t->count, NULL, by_col, next);
        sort_by(t->row, t->rows, t->count, by_col, *order, next);
    } else {
        free(*order);
        *order = NULL;
        rc = out_of_memory(t->count);
    }
    free(by_col);
    free(next);
    return rc;
}

/* Fill A's arrays; elements of one place follow each other in `order`. */
static void gather(const struct ritz_triplets *t, const int64_t *order, ritz_dtype dtype,
                   struct ritz_csr_host *A)
{
    int64_t stored = 0;
    for (int64_t k = 0; k < t->count;) {
        const int64_t first = order ? order[k] : k;
        double value = t->value[first];
        for (k++; order && k < t->count; k++) {
            const int64_t other = order[k];
            if (t->row[other] != t->row[first] || t->col[other] != t->col[first]) break;
            value += t->value[other];
        }
        A->indices[stored] = t->col[first];
        store_value(A, dtype, stored, value);
        A->offsets[t->row[first] + 1] = ++stored;
    }
    for (int64_t i = 0; i < A->rows; i++) /* rows without elements */
        if (A->offsets[i + 1] < A->offsets[i]) A->offsets[i + 1] = A->offsets[i];
    A->count = stored;
}

ritz_status ritz_csr_host_of(const struct ritz_triplets *t, ritz_dtype dtype,
                             struct ritz_csr_host *A)
{
    int64_t *order = NULL;
    *A = (struct ritz_csr_host){.rows = t->rows, .cols = t->cols, .count = t->count};
    ritz_status rc = find_order(t, &order);
    if (rc == RITZ_OK) rc = csr_allocate(A, dtype);
    if (rc == RITZ_OK) {
        gather(t, order, dtype, A);
        rc = find_parts(A);
    }
    free(order);
    if (rc != RITZ_OK) ritz_csr_host_free(A);
    return rc;
}

/* ---- the transpose --------------------------------------------------------------------------- */

static void scatter(const struct ritz_csr_host *A, ritz_dtype dtype, struct ritz_csr_host *At,
                    int32_t *order, int64_t *next)
{
    for (int64_t k = 0; k < A->count; k++) At->offsets[A->indices[k] + 1]++;
    for (int64_t j = 0; j < A->cols; j++) {
        At->offsets[j + 1] += At->offsets[j];
        next[j] = At->offsets[j];
    }
    for (int64_t i = 0; i < A->rows; i++)
        for (int64_t k = A->offsets[i]; k < A->offsets[i + 1]; k++) {
            const int64_t place = next[A->indices[k]]++;
            const double value = dtype == RITZ_F32 ? (double)((const float *)A->values)[k]
                                                   : ((const double *)A->values)[k];
            At->indices[place] = (int32_t)i;
            store_value(At, dtype, place, value);
            if (order) order[place] = (int32_t)k;
        }
}

ritz_status ritz_csr_host_transpose(const struct ritz_csr_host *A, ritz_dtype dtype,
                                    struct ritz_csr_host *At, int32_t *order)
{
    *At = (struct ritz_csr_host){.rows = A->cols, .cols = A->rows, .count = A->count};
    int64_t *next = array(A->cols, sizeof *next);
    ritz_status rc = next ? csr_allocate(At, dtype) : out_of_memory(A->count);
    if (rc == RITZ_OK) {
        scatter(A, dtype, At, order, next);
        rc = find_parts(At);
    }
    free(next);
    if (rc != RITZ_OK) ritz_csr_host_free(At);
    return rc;
}
