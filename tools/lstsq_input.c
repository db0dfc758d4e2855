/* The data of `ritz lstsq`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lstsq_input.h"

#include <inttypes.h>
#include <math.h>

#include "matrix.h"

/* ---- looking at the files -------------------------------------------------------------------- */

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
    bool wide =
        computing_dtype(input->a.dtype) == RITZ_F64 || computing_dtype(input->b.dtype) == RITZ_F64;
    input->dtype = dtype != 0 ? dtype : wide ? RITZ_F64 : RITZ_F32;
    return STATUS_OK;
}

double input_bytes(const struct lstsq_input *input)
{
    return (double)input->a.rows * (double)(input->a.cols + input->b.cols) *
           (double)ritz_dtype_size(input->dtype);
}

/* ---- reading --------------------------------------------------------------------------------- */

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
    ritz_status status = matrix_load(session, input->weights_path, input->dtype,
                                     &input->host_weights, &input->weights);
    if (status != RITZ_OK) return complain_library(status);
    return check_weights(input) ? STATUS_OK : STATUS_FAILED;
}

int input_load(struct lstsq_input *input, struct session *session)
{
    ritz_status status =
        matrix_load(session, input->a_path, input->dtype, &input->host_a, &input->A);
    if (status == RITZ_OK) {
        status = matrix_load(session, input->b_path, input->dtype, &input->host_b, &input->B);
    }
    if (status != RITZ_OK) return complain_library(status);
    input->loaded = true;
    return STATUS_OK;
}

/* ---- failures -------------------------------------------------------------------------------- */

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
    matrix_release(session, &input->host_a, &input->A);
    matrix_release(session, &input->host_b, &input->B);
    matrix_release(session, &input->host_weights, &input->weights);
}
