/* Matrices of the host.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <inttypes.h>
#include <math.h>

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

ritz_dtype computing_dtype(ritz_dtype stored)
{
    bool wide = stored == RITZ_F64 || stored == RITZ_I32 || stored == RITZ_I64;
    return wide ? RITZ_F64 : RITZ_F32;
}

ritz_status matrix_load(struct session *session, const char *path, ritz_dtype dtype, ritz_hmat *H,
                        ritz_dmat *A)
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

void matrix_release(struct session *session, ritz_hmat *H, ritz_dmat *A)
{
    if (A->flags & RITZ_MAT_OWNED) (void)ritz_dmat_destroy(session->stream, A);
    (void)ritz_hmat_destroy(H);
}

bool complain_not_finite(const char *path, ritz_hmat H)
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
