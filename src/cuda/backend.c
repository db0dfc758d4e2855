/* The table of the CUDA backend.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/core.h"
#include "cuda/cuda.h"

static const struct ritz_backend backend = {
    .abi = RITZ_BACKEND_ABI,
    .size = sizeof(struct ritz_backend),
    .name = "cuda",
    .kind = RITZ_DEVICE_CUDA,
    .device_count = cuda_device_count,
    .device_open = cuda_device_open,
    .device_close = cuda_device_close,
    .device_set_threads = cuda_device_set_threads,
    .stream_create = cuda_stream_create,
    .stream_wrap = cuda_stream_wrap,
    .stream_destroy = cuda_stream_destroy,
    .stream_sync = cuda_stream_sync,
    .stream_query = cuda_stream_query,
    .stream_capturing = cuda_stream_capturing,
    .stream_status = cuda_stream_status,
    .host_function = cuda_host_function,
    .event_create = cuda_event_create,
    .event_destroy = cuda_event_destroy,
    .event_record = cuda_event_record,
    .event_wait = cuda_event_wait,
    .event_sync = cuda_event_sync,
    .event_query = cuda_event_query,
    .allocate = cuda_allocate,
    .release = cuda_release,
    .host_allocate = cuda_host_allocate,
    .host_release = cuda_host_release,
    .upload = cuda_upload,
    .download = cuda_download,
    .limits = cuda_limits,
    .ops =
        {
            .gemm = cuda_gemm,
            .syrk = cuda_syrk,
            .trsm = cuda_trsm,
            .trmm = cuda_trmm,
            .gemm_grouped = cuda_gemm_grouped,
            .csr_gemm = cuda_csr_gemm,
            .small_cholesky = cuda_small_cholesky,
            .potrf = cuda_potrf,
            .chol_update = cuda_chol_update,
            .pstrf = cuda_pstrf,
            .getrf = cuda_getrf,
            .swap_rows = cuda_swap_rows,
            .geqp3 = cuda_geqp3,
            .geqrf = cuda_geqrf,
            .orgqr = cuda_orgqr,
            .ormqr = cuda_ormqr,
            .gesvd = cuda_gesvd,
            .syev = cuda_syev,
            .random_fill = cuda_random_fill,
            .sketch_rows = cuda_sketch_rows,
            .sketch_fill = cuda_sketch_fill,
            .hadamard_fill = cuda_hadamard_fill,
            .hadamard_rows = cuda_hadamard_rows,
            .copy = cuda_copy,
            .fill = cuda_fill,
            .set_identity = cuda_set_identity,
            .scale = cuda_scale,
            .axpby = cuda_axpby,
            .scale_cols = cuda_scale_cols,
            .add_row = cuda_add_row,
            .ridge_filter = cuda_ridge_filter,
            .divide_rest = cuda_divide_rest,
            .mirror = cuda_mirror,
            .tri_copy = cuda_tri_copy,
            .tri_put = cuda_tri_put,
            .diag_signs = cuda_diag_signs,
            .sign_cols = cuda_sign_cols,
            .flip_cols = cuda_flip_cols,
            .gather_cols = cuda_gather_cols,
            .scatter_cols = cuda_scatter_cols,
            .shift_diag = cuda_shift_diag,
            .col_sums = cuda_col_sums,
            .col_sumsq = cuda_col_sumsq,
            .sumsq = cuda_sumsq,
            .abs_sums = cuda_abs_sums,
            .frobenius = cuda_frobenius,
            .probe_cols = cuda_probe_cols,
            .cut_values = cuda_cut_values,
            .diag_product = cuda_diag_product,
            .log_diag = cuda_log_diag,
            .max_abs = cuda_max_abs,
            .finite_guard = cuda_finite_guard,
            .poison = cuda_poison,
            .info_merge = cuda_info_merge,
            .info_report = cuda_info_report,
            /* moments_merge: core's composite is products, sums and one transfer of G less than it
             * takes to move the data; nothing is gained by a kernel. */
        },
};

#if RITZ_CUDA_STATIC

/* Core's functions are linked; core finds this one by its name. */
const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core);

const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core)
{
    (void)core;
    return &backend;
}

#else

__attribute__((visibility("default"))) const struct ritz_backend *
ritz_backend_open(const struct ritz_core_services *core);

const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core)
{
    cuda_set_core(core);
    return &backend;
}

#endif
