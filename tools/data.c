/* The matrix in the files that a subcommand is given.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data.h"

#include <inttypes.h>

#include "matrix.h"

/* ---- looking at the files -------------------------------------------------------------------- */

static bool is_sparse(const struct data *data, bool *refused)
{
    *refused = false;
    for (size_t i = 0; i < data->path_count; i++) {
        if (!ritz_is_matrix_market(data->paths[i])) continue;
        *refused = data->path_count > 1;
        if (*refused) {
            complain("%s is a sparse matrix, which cannot be stacked with other files; give it "
                     "alone",
                     data->paths[i]);
        }
        return true;
    }
    return false;
}

static ritz_status open_sparse(struct data *data, struct session *session, ritz_dtype dtype)
{
    ritz_spmat_options options = RITZ_SPMAT_DEFAULTS;
    options.dtype = dtype;
    ritz_status status = ritz_spmat_load(session->stream, data->paths[0], &options, &data->sparse);
    if (status != RITZ_OK) return status;
    data->info.rows = ritz_spmat_rows(data->sparse);
    data->info.cols = ritz_spmat_cols(data->sparse);
    data->info.dtype = ritz_spmat_dtype(data->sparse);
    data->dtype = data->info.dtype;
    return RITZ_OK;
}

/* Of several files one at a time is in memory beside the matrix. */
static ritz_status find_largest_part(struct data *data)
{
    ritz_status status = RITZ_OK;
    for (size_t i = 0; status == RITZ_OK && data->path_count > 1 && i < data->path_count; i++) {
        ritz_rows rows = ritz_rows_files(&data->paths[i], 1);
        ritz_rows_info part = {.size = sizeof part};
        status = ritz_rows_inspect(&rows, &part);
        if (status == RITZ_OK && part.rows > data->part_rows) data->part_rows = part.rows;
    }
    return status;
}

static ritz_status open_dense(struct data *data, ritz_dtype dtype)
{
    ritz_rows rows = ritz_rows_files(data->paths, (int64_t)data->path_count);
    ritz_status status = ritz_rows_inspect(&rows, &data->info);
    data->dtype = dtype != 0 ? dtype : computing_dtype(data->info.dtype);
    return status == RITZ_OK ? find_largest_part(data) : status;
}

int data_open(struct data *data, struct session *session, struct progress *progress,
              const char *const *paths, size_t path_count, ritz_dtype dtype)
{
    bool refused;
    double started = seconds_now();
    *data = (struct data){
        .paths = paths, .path_count = path_count, .info = {.size = sizeof data->info}};

    progress_phase(progress, "reading");
    bool sparse = is_sparse(data, &refused);
    ritz_status status = RITZ_OK;
    if (!refused) {
        status = sparse ? open_sparse(data, session, dtype) : open_dense(data, dtype);
    }
    progress_clear(progress);
    data->seconds_read = seconds_now() - started;
    if (refused) return STATUS_FAILED;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

int data_not_empty(const struct data *data)
{
    if (data->info.rows > 0 && data->info.cols > 0) return STATUS_OK;
    complain("%s is %" PRId64 " x %" PRId64 "; a matrix without elements has no singular values",
             data->paths[0], data->info.rows, data->info.cols);
    return STATUS_FAILED;
}

double data_bytes(const struct data *data)
{
    return (double)data->info.rows * (double)data->info.cols * (double)ritz_dtype_size(data->dtype);
}

double data_held_bytes(const struct data *data)
{
    double cols = (double)data->info.cols;
    if (data->sparse != NULL) return 0.0;
    double part = (double)data->part_rows * cols * (double)ritz_dtype_size(data->dtype);
    double stored = (double)(data->path_count > 1 ? data->part_rows : data->info.rows) * cols *
                    (double)ritz_dtype_size(data->info.dtype);
    return data_bytes(data) + part + (data->dtype != data->info.dtype ? stored : 0.0);
}

int64_t data_smaller_side(const struct data *data)
{
    return data->info.rows < data->info.cols ? data->info.rows : data->info.cols;
}

/* ---- reading --------------------------------------------------------------------------------- */

static ritz_status upload_file(struct session *session, const char *path, ritz_dtype dtype,
                               ritz_dmat A, int64_t *first)
{
    ritz_hmat part = {.data = NULL};
    ritz_status status = ritz_load_as(path, dtype, &part);
    if (status == RITZ_OK && part.rows > 0) {
        status = ritz_upload(session->stream, part, ritz_row_range(A, *first, part.rows));
    }
    if (status == RITZ_OK) status = ritz_stream_sync(session->stream);
    *first += part.rows;
    (void)ritz_hmat_destroy(&part);
    return status;
}

/* Several files, one under the other. */
static ritz_status stack(struct data *data, struct session *session)
{
    int64_t first = 0;
    ritz_status status = ritz_dmat_create(session->stream, data->dtype, RITZ_ROW_MAJOR,
                                          data->info.rows, data->info.cols, &data->A);
    for (size_t i = 0; status == RITZ_OK && i < data->path_count; i++) {
        status = upload_file(session, data->paths[i], data->dtype, data->A, &first);
    }
    return status;
}

int data_load(struct data *data, struct session *session, struct progress *progress)
{
    double started = seconds_now();
    progress_phase(progress, "reading");
    ritz_status status = data->path_count > 1 ? stack(data, session)
                                              : matrix_load(session, data->paths[0], data->dtype,
                                                            &data->host, &data->A);
    progress_clear(progress);
    data->seconds_read += seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

ritz_rows data_rows(const struct data *data)
{
    return data->sparse != NULL ? ritz_rows_sparse(data->sparse)
                                : ritz_rows_files(data->paths, (int64_t)data->path_count);
}

ritz_linop data_linop(const struct data *data)
{
    return data->sparse != NULL ? ritz_linop_sparse(data->sparse) : ritz_linop_dense(data->A);
}

/* ---- the end --------------------------------------------------------------------------------- */

int data_complain(const struct data *data, ritz_status status)
{
    bool said = false;
    if (status != RITZ_ERR_NOT_FINITE || data->A.data == NULL) return complain_library(status);
    for (size_t i = 0; !said && i < data->path_count; i++) {
        ritz_hmat part;
        if (ritz_load_as(data->paths[i], data->dtype, &part) != RITZ_OK) continue;
        said = complain_not_finite(data->paths[i], part);
        (void)ritz_hmat_destroy(&part);
    }
    return said ? STATUS_FAILED : complain_library(status);
}

void data_release(struct data *data, struct session *session)
{
    matrix_release(session, &data->host, &data->A);
    if (data->sparse != NULL) (void)ritz_spmat_destroy(session->stream, &data->sparse);
}
