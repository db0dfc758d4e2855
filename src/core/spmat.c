/* Sparse matrices on a device: creating, replacing values, bringing them back, destroying.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/spmat.h"

#include <math.h>
#include <stdlib.h>

#include "core/check.h"
#include "core/convert.h"

/* ---- checks ---------------------------------------------------------------------------------- */

ritz_status ritz_spmat_check_sizes(int64_t rows, int64_t cols)
{
    RITZ_REQUIRE(rows >= 0 && cols >= 0, RITZ_ERR_ARGUMENT,
                 "A is %" PRId64 " x %" PRId64 "; its sizes must not be negative", rows, cols);
    RITZ_REQUIRE(rows <= INT32_MAX && cols <= INT32_MAX, RITZ_ERR_TOO_LARGE,
                 "A is %" PRId64 " x %" PRId64
                 "; a sparse matrix has at most 2147483647 rows and as many columns",
                 rows, cols);
    return RITZ_OK;
}

ritz_status ritz_spmat_check_options(const ritz_spmat_options *opts)
{
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_spmat_options), "opts"));
    RITZ_REQUIRE(!opts || opts->dtype == (ritz_dtype)0 || opts->dtype == RITZ_F32 ||
                     opts->dtype == RITZ_F64,
                 RITZ_ERR_DTYPE, "opts->dtype is %s; it must be float32, float64, or 0",
                 ritz_dtype_name(opts->dtype));
    return RITZ_OK;
}

/* An array of `length` elements. */
static ritz_status check_array(ritz_hmat H, const char *name, int64_t length, const char *what)
{
    RITZ_TRY(ritz_check_host(H, name));
    RITZ_REQUIRE(H.batch == 1, RITZ_ERR_SHAPE, "%s is a batch of %" PRId64 "; it must be one array",
                 name, H.batch);
    RITZ_REQUIRE(H.rows == length && H.cols == 1, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 " and must be %" PRId64 " x 1: %s", name, H.rows,
                 H.cols, length, what);
    return RITZ_OK;
}

static ritz_status check_integers(ritz_hmat H, const char *name)
{
    RITZ_REQUIRE(H.dtype == RITZ_I32 || H.dtype == RITZ_I64, RITZ_ERR_DTYPE,
                 "%s is %s; it must be int32 or int64", name, ritz_dtype_name(H.dtype));
    return RITZ_OK;
}

static ritz_status check_elements(ritz_hmat index, const char *name, ritz_hmat values)
{
    RITZ_TRY(check_array(index, name, index.rows, "an entry for each element"));
    RITZ_TRY(check_integers(index, name));
    return check_array(values, "values", index.rows, "an entry for each element");
}

static ritz_status check_target(ritz_spmat **A)
{
    RITZ_REQUIRE(A != NULL, RITZ_ERR_ARGUMENT, "A is NULL; it receives the matrix");
    *A = NULL;
    return RITZ_OK;
}

/* ---- from the caller's arrays ---------------------------------------------------------------- */

static int64_t integer_at(const ritz_hmat *H, int64_t k)
{
    const int64_t at = H->layout == RITZ_COL_MAJOR ? k : k * H->ld;
    return H->dtype == RITZ_I32 ? ((const int32_t *)H->data)[at] : ((const int64_t *)H->data)[at];
}

/* dst = H, whose entries must be indices below `limit`. */
static ritz_status read_indices(ritz_hmat H, const char *name, int64_t limit, const char *what,
                                int32_t *dst)
{
    for (int64_t k = 0; k < H.rows; k++) {
        const int64_t index = integer_at(&H, k);
        RITZ_REQUIRE(index >= 0 && index < limit, RITZ_ERR_ARGUMENT,
                     "%s(%" PRId64 ") is %" PRId64 ", and A has %" PRId64
                     " %s, which are counted from 0",
                     name, k, index, limit, what);
        dst[k] = (int32_t)index;
    }
    return RITZ_OK;
}

/* Rows from offsets, which must ascend from 0 to the number of elements. */
static ritz_status read_offsets(ritz_hmat offsets, int64_t count, int32_t *row)
{
    int64_t last = integer_at(&offsets, 0);
    RITZ_REQUIRE(last == 0, RITZ_ERR_ARGUMENT, "offsets(0) is %" PRId64 "; it must be 0", last);
    for (int64_t i = 0; i + 1 < offsets.rows; i++) {
        const int64_t next = integer_at(&offsets, i + 1);
        RITZ_REQUIRE(next >= last, RITZ_ERR_ARGUMENT,
                     "offsets(%" PRId64 ") is %" PRId64 ", less than the one before it, %" PRId64,
                     i + 1, next, last);
        RITZ_REQUIRE(next <= count, RITZ_ERR_ARGUMENT,
                     "offsets(%" PRId64 ") is %" PRId64 ", and there are %" PRId64 " elements",
                     i + 1, next, count);
        for (int64_t k = last; k < next; k++) row[k] = (int32_t)i;
        last = next;
    }
    RITZ_REQUIRE(last == count, RITZ_ERR_ARGUMENT,
                 "the last of offsets is %" PRId64 ", and there are %" PRId64 " elements", last,
                 count);
    return RITZ_OK;
}

static ritz_status triplets_open(int64_t rows, int64_t cols, ritz_hmat values,
                                 struct ritz_triplets *t)
{
    const size_t count = (size_t)values.rows + 1;
    *t = (struct ritz_triplets){.rows = rows,
                                .cols = cols,
                                .count = values.rows,
                                .row = calloc(count, sizeof *t->row),
                                .col = calloc(count, sizeof *t->col),
                                .value = calloc(count, sizeof *t->value)};
    if (!t->row || !t->col || !t->value) {
        ritz_triplets_free(t);
        return ritz_fail(RITZ_ERR_MEMORY,
                         "out of memory on the host for a sparse matrix of %" PRId64 " elements",
                         values.rows);
    }
    ritz_convert_strided(values.rows, values.data, (ritz_elem)values.dtype,
                         values.layout == RITZ_COL_MAJOR ? 1 : values.ld, t->value, RITZ_F64, 1);
    return RITZ_OK;
}

static ritz_dtype natural_type(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? RITZ_F32 : RITZ_F64;
}

ritz_status ritz_spmat_create_csr(ritz_stream *s, int64_t rows, int64_t cols, ritz_hmat offsets,
                                  ritz_hmat indices, ritz_hmat values,
                                  const ritz_spmat_options *opts, ritz_spmat **A)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_target(A));
    RITZ_TRY(ritz_spmat_check_sizes(rows, cols));
    RITZ_TRY(ritz_spmat_check_options(opts));
    RITZ_TRY(check_array(offsets, "offsets", rows + 1, "one entry more than rows"));
    RITZ_TRY(check_integers(offsets, "offsets"));
    RITZ_TRY(check_elements(indices, "indices", values));
    struct ritz_triplets t;
    RITZ_TRY(triplets_open(rows, cols, values, &t));
    ritz_status rc = read_offsets(offsets, t.count, t.row);
    if (rc == RITZ_OK) rc = read_indices(indices, "indices", cols, "columns", t.col);
    if (rc == RITZ_OK) return ritz_spmat_from_triplets(s, &t, natural_type(values.dtype), opts, A);
    ritz_triplets_free(&t);
    return rc;
}

ritz_status ritz_spmat_create_coo(ritz_stream *s, int64_t rows, int64_t cols, ritz_hmat row,
                                  ritz_hmat col, ritz_hmat values, const ritz_spmat_options *opts,
                                  ritz_spmat **A)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_target(A));
    RITZ_TRY(ritz_spmat_check_sizes(rows, cols));
    RITZ_TRY(ritz_spmat_check_options(opts));
    RITZ_TRY(check_elements(row, "row", values));
    RITZ_TRY(check_elements(col, "col", values));
    struct ritz_triplets t;
    RITZ_TRY(triplets_open(rows, cols, values, &t));
    ritz_status rc = read_indices(row, "row", rows, "rows", t.row);
    if (rc == RITZ_OK) rc = read_indices(col, "col", cols, "columns", t.col);
    if (rc == RITZ_OK) return ritz_spmat_from_triplets(s, &t, natural_type(values.dtype), opts, A);
    ritz_triplets_free(&t);
    return rc;
}

/* ---- to the device --------------------------------------------------------------------------- */

/* An owned rows x cols matrix with the elements of an array, which must live until the stream is
 * waited for. */
static ritz_status put(ritz_stream *s, ritz_dtype dtype, int64_t rows, int64_t cols,
                       const void *data, ritz_dmat *D)
{
    RITZ_TRY(ritz_dmat_create(s, dtype, RITZ_COL_MAJOR, rows, cols, D));
    return ritz_upload(s, ritz_hmat_wrap_const(data, dtype, rows, cols, RITZ_COL_MAJOR), *D);
}

static ritz_status put_csr(ritz_stream *s, const struct ritz_csr_host *A, ritz_dtype dtype,
                           struct ritz_csr *D)
{
    RITZ_TRY(put(s, RITZ_I64, A->rows + 1, 1, A->offsets, &D->offsets));
    RITZ_TRY(put(s, RITZ_I32, A->count, 1, A->indices, &D->indices));
    RITZ_TRY(put(s, dtype, A->count, 1, A->values, &D->values));
    return put(s, RITZ_I64, 2, A->part_count, A->parts, &D->parts);
}

/* What goes to the device, for as long as it is under way. */
struct host_arrays {
    struct ritz_csr_host forward, backward;
    int32_t *order;
    double *gaps;
};

static void host_arrays_free(struct host_arrays *h)
{
    ritz_csr_host_free(&h->forward);
    ritz_csr_host_free(&h->backward);
    free(h->order);
    free(h->gaps);
}

static ritz_status make_backward(ritz_dtype dtype, struct host_arrays *h)
{
    const struct ritz_csr_host *A = &h->forward;
    h->gaps = calloc((size_t)A->cols + 1, sizeof *h->gaps);
    if (A->count <= INT32_MAX) h->order = calloc((size_t)A->count + 1, sizeof *h->order);
    if (!h->gaps || (A->count <= INT32_MAX && !h->order))
        return ritz_fail(RITZ_ERR_MEMORY,
                         "out of memory on the host for a sparse matrix of %" PRId64 " elements",
                         A->count);
    RITZ_TRY(ritz_csr_host_transpose(A, dtype, &h->backward, h->order));
    const int64_t *offsets = h->backward.offsets;
    for (int64_t j = 0; j < A->cols; j++)
        h->gaps[j] = sqrt((double)(A->rows - (offsets[j + 1] - offsets[j])));
    return RITZ_OK;
}

static ritz_status put_backward(ritz_stream *s, const struct host_arrays *h, ritz_spmat *A)
{
    RITZ_TRY(put_csr(s, &h->backward, A->dtype, &A->backward));
    if (h->order) RITZ_TRY(put(s, RITZ_I32, A->nonzeros, 1, h->order, &A->order));
    return put(s, RITZ_F64, A->cols, 1, h->gaps, &A->gaps);
}

/* Fill an empty matrix. */
static ritz_status deliver(ritz_stream *s, struct host_arrays *h, ritz_spmat *A)
{
    A->rows = h->forward.rows;
    A->cols = h->forward.cols;
    A->nonzeros = h->forward.count;
    RITZ_TRY(put_csr(s, &h->forward, A->dtype, &A->forward));
    if (A->one_way) return RITZ_OK;
    RITZ_TRY(make_backward(A->dtype, h));
    return put_backward(s, h, A);
}

ritz_status ritz_spmat_from_triplets(ritz_stream *s, struct ritz_triplets *t, ritz_dtype dtype,
                                     const ritz_spmat_options *opts, ritz_spmat **A)
{
    struct host_arrays h = {.order = NULL};
    *A = calloc(1, sizeof **A);
    ritz_status rc = RITZ_OK;
    if (*A) {
        (*A)->device = s->device;
        (*A)->dtype = opts && opts->dtype ? opts->dtype : dtype;
        (*A)->one_way = opts && opts->one_way;
        rc = ritz_csr_host_of(t, (*A)->dtype, &h.forward);
    } else {
        rc = ritz_fail(RITZ_ERR_MEMORY, "out of memory on the host for a sparse matrix");
    }
    ritz_triplets_free(t);
    if (rc == RITZ_OK) rc = deliver(s, &h, *A);
    /* The arrays go; errors of earlier calls surface where the caller waits. */
    const ritz_status waited = s->device->backend->stream_sync(s);
    if (rc == RITZ_OK) rc = waited;
    host_arrays_free(&h);
    if (rc != RITZ_OK) (void)ritz_spmat_destroy(s, A);
    return rc;
}

ritz_status ritz_spmat_destroy(ritz_stream *s, ritz_spmat **A)
{
    RITZ_SCOPE();
    if (!A || !*A) return RITZ_OK;
    ritz_spmat *a = *A;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_REQUIRE(s->device == a->device, RITZ_ERR_DEVICE, "the matrix is on another device");
    ritz_dmat *const owned[] = {&a->forward.offsets,
                                &a->forward.indices,
                                &a->forward.values,
                                &a->forward.parts,
                                &a->backward.offsets,
                                &a->backward.indices,
                                &a->backward.values,
                                &a->backward.parts,
                                &a->order,
                                &a->gaps};
    const ritz_status status = ritz_dmat_destroy_all(s, owned, sizeof owned / sizeof owned[0]);
    free(a);
    *A = NULL;
    return status;
}

/* ---- what it is, and its values -------------------------------------------------------------- */

int64_t ritz_spmat_rows(const ritz_spmat *A)
{
    return A ? A->rows : 0;
}

int64_t ritz_spmat_cols(const ritz_spmat *A)
{
    return A ? A->cols : 0;
}

int64_t ritz_spmat_nonzeros(const ritz_spmat *A)
{
    return A ? A->nonzeros : 0;
}

ritz_dtype ritz_spmat_dtype(const ritz_spmat *A)
{
    return A ? A->dtype : (ritz_dtype)0;
}

static ritz_status check_matrix(const ritz_stream *s, const ritz_spmat *A)
{
    RITZ_REQUIRE(A != NULL, RITZ_ERR_ARGUMENT, "A is NULL");
    RITZ_REQUIRE(A->device == s->device, RITZ_ERR_DEVICE, "A is on another device than the stream");
    return RITZ_OK;
}

ritz_status ritz_spmat_set_values(ritz_stream *s, ritz_spmat *A, ritz_dmat values)
{
    RITZ_ENTER(s, &values);
    RITZ_TRY(check_matrix(s, A));
    RITZ_TRY(ritz_check_input(s, values, "values"));
    RITZ_TRY(ritz_check_single(values, "values"));
    RITZ_TRY(ritz_check_shape(values, "values", A->nonzeros, 1,
                              "values must be stored elements of A x 1"));
    RITZ_REQUIRE(A->one_way || ritz_present(A->order), RITZ_ERR_TOO_LARGE,
                 "A has %" PRId64 " elements and keeps its transpose; values of more than "
                 "2147483647 can be replaced only in a matrix made with one_way",
                 A->nonzeros);
    RITZ_TRY(ritz_check_no_overlap(A->forward.values, "A", values, "values"));
    RITZ_TRY(ritz_check_no_overlap(A->backward.values, "A", values, "values"));
    if (A->nonzeros == 0) return RITZ_OK;
    RITZ_TRY(ritz_op_copy(s, values, A->forward.values));
    if (A->one_way) return RITZ_OK;
    return ritz_op_gather_cols(s, A->order, ritz_t(A->forward.values), ritz_t(A->backward.values));
}

static ritz_status check_download(ritz_hmat H, const char *name, int64_t length, const char *what)
{
    RITZ_TRY(check_array(H, name, length, what));
    return ritz_check_host_output(H, name);
}

ritz_status ritz_spmat_download(ritz_stream *s, const ritz_spmat *A, ritz_hmat offsets,
                                ritz_hmat indices, ritz_hmat values)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_matrix(s, A));
    RITZ_TRY(check_download(offsets, "offsets", A->rows + 1, "one entry more than rows"));
    RITZ_TRY(check_integers(offsets, "offsets"));
    RITZ_TRY(check_download(indices, "indices", A->nonzeros, "an entry for each element"));
    RITZ_TRY(check_integers(indices, "indices"));
    RITZ_TRY(check_download(values, "values", A->nonzeros, "an entry for each element"));
    RITZ_REQUIRE(offsets.dtype == RITZ_I64 || A->nonzeros <= INT32_MAX, RITZ_ERR_TOO_LARGE,
                 "A has %" PRId64 " elements; offsets must be int64", A->nonzeros);
    RITZ_TRY(ritz_download(s, A->forward.offsets, offsets));
    RITZ_TRY(ritz_download(s, A->forward.indices, indices));
    return ritz_download(s, A->forward.values, values);
}
