/* The data of `ritz lstsq`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lstsq_input.h"

#include <inttypes.h>
#include <math.h>

/* ---- host matrices --------------------------------------------------------------------------- */

static int64_t position(ritz_hmat H, int64_t i, int64_t j)
{
    return H.layout == RITZ_ROW_MAJOR ? i * H.ld + j : j * H.ld + i;
}

double host_entry(ritz_hmat H, int64_t i, int64_t j)
{
    int64_t at = position(H, i, j);
    return H.dtype == RITZ_F32 ? (double)((const float *)H.data)[at] : ((const double *)H.data)[at];
}

void host_set(ritz_hmat H, int64_t i, int64_t j, double value)
{
    int64_t at = position(H, i, j);
    if (H.dtype == RITZ_F32) {
        ((float *)H.data)[at] = (float)value;
    } else {
        ((double *)H.data)[at] = value;
    }
}

/* ---- looking at the files -------------------------------------------------------------------- */

static bool is_wide(ritz_dtype dtype)
{
    return dtype == RITZ_F64 || dtype == RITZ_I32 || dtype == RITZ_I64;
}

static int inspect_file(const char *path, ritz_rows_info *info)
{
    ritz_rows rows = ritz_rows_file(path);
    info->size = sizeof *info;
    ritz_status status = ritz_rows_inspect(&rows, info);
    if (status != RITZ_OK) return complain_library(status);
    if (info->rows > 0 && info->cols > 0) return STATUS_OK;
    complain("%s is %" PRId64 " x %" PRId64 "; least squares needs rows and columns", path,
             info->rows, info->cols);
    return STATUS_FAILED;
}

int input_inspect(struct lstsq_input *input, ritz_dtype dtype)
{
    int status = inspect_file(input->a_path, &input->a);
    if (status == STATUS_OK) status = inspect_file(input->b_path, &input->b);
    if (status != STATUS_OK) return status;
    if (input->a.rows != input->b.rows) {
        complain("%s has %" PRId64 " rows and %s has %" PRId64 "; they must be as many",
                 input->a_path, input->a.rows, input->b_path, input->b.rows);
        return STATUS_FAILED;
    }
    bool wide = is_wide(input->a.dtype) || is_wide(input->b.dtype);
    input->dtype = dtype != 0 ? dtype : wide ? RITZ_F64 : RITZ_F32;
    return STATUS_OK;
}

double input_bytes(const struct lstsq_input *input)
{
    return (double)input->a.rows * (double)(input->a.cols + input->b.cols) *
           (double)ritz_dtype_size(input->dtype);
}

/* ---- reading --------------------------------------------------------------------------------- */

static ritz_status load_matrix(struct session *session, const char *path, ritz_dtype dtype,
                               ritz_hmat *H, ritz_dmat *A)
{
    ritz_status status = ritz_load_as(path, dtype, H);
    if (status != RITZ_OK) return status;
    if (session->info.kind == RITZ_DEVICE_CPU) {
        *A = ritz_dmat_borrow(session->device, *H);
        return RITZ_OK;
    }
    status = ritz_dmat_create(session->stream, dtype, H->layout, H->rows, H->cols, A);
    if (status == RITZ_OK) status = ritz_upload(session->stream, *H, *A);
    if (status == RITZ_OK) status = ritz_stream_sync(session->stream);
    return status;
}

/* The library refuses such weights as well, but knows neither the file nor the row. */
static bool check_weights(const struct lstsq_input *input)
{
    ritz_hmat weights = input->host_weights;
    bool any = false;

    if (weights.rows != input->a.rows || weights.cols != 1) {
        complain("%s is %" PRId64 " x %" PRId64
                 "; --weights needs one number for each of the %" PRId64 " rows",
                 input->weights_path, weights.rows, weights.cols, input->a.rows);
        return false;
    }
    for (int64_t i = 0; i < weights.rows; i++) {
        double weight = host_entry(weights, i, 0);
        if (!isfinite(weight) || weight < 0.0) {
            complain("%s: the weight of row %" PRId64 " (from 0) is %g; weights must be finite and "
                     "not negative",
                     input->weights_path, i, weight);
            return false;
        }
        any = any || weight > 0.0;
    }
    if (!any) complain("%s: all weights are 0; no row counts", input->weights_path);
    return any;
}

int input_load_weights(struct lstsq_input *input, struct session *session)
{
    if (input->weights_path == NULL) return STATUS_OK;
    ritz_status status = load_matrix(session, input->weights_path, input->dtype,
                                     &input->host_weights, &input->weights);
    if (status != RITZ_OK) return complain_library(status);
    return check_weights(input) ? STATUS_OK : STATUS_FAILED;
}

int input_load(struct lstsq_input *input, struct session *session)
{
    ritz_status status =
        load_matrix(session, input->a_path, input->dtype, &input->host_a, &input->A);
    if (status == RITZ_OK) {
        status = load_matrix(session, input->b_path, input->dtype, &input->host_b, &input->B);
    }
    if (status != RITZ_OK) return complain_library(status);
    input->loaded = true;
    return STATUS_OK;
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool complain_not_finite(const char *path, ritz_hmat H)
{
    for (int64_t i = 0; i < H.rows; i++) {
        for (int64_t j = 0; j < H.cols; j++) {
            if (isfinite(host_entry(H, i, j))) continue;
            complain("%s: row %" PRId64 ", column %" PRId64 " (from 0) is %g; remove or replace "
                     "what is not finite",
                     path, i, j, host_entry(H, i, j));
            return true;
        }
    }
    return false;
}

int input_complain(const struct lstsq_input *input, ritz_status status)
{
    if (status == RITZ_ERR_NOT_FINITE && input->loaded &&
        (complain_not_finite(input->a_path, input->host_a) ||
         complain_not_finite(input->b_path, input->host_b))) {
        return STATUS_FAILED;
    }
    if (status == RITZ_ERR_NOT_FINITE && input->a_path != NULL) {
        complain("%s or %s has numbers that are not finite; remove or replace them", input->a_path,
                 input->b_path);
        return STATUS_FAILED;
    }
    return complain_library(status);
}

void input_release(struct lstsq_input *input, struct session *session)
{
    ritz_dmat *const matrices[] = {&input->A, &input->B, &input->weights};
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        if (matrices[i]->flags & RITZ_MAT_OWNED) {
            (void)ritz_dmat_destroy(session->stream, matrices[i]);
        }
    }
    (void)ritz_hmat_destroy(&input->host_a);
    (void)ritz_hmat_destroy(&input->host_b);
    (void)ritz_hmat_destroy(&input->host_weights);
}
