/* Mistakes in calls of everything but factorizations, one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "conformance/errors.h"

ODD(gemm_inner)
{
    return ritz_gemm(s, 1, ritz_cols(o->A, 0, 2), o->X, 0, o->S);
}
ODD(gemm_mixed)
{
    ritz_dmat half = o->A;
    half.dtype = RITZ_F16;
    return ritz_gemm(s, 1, half, o->X, 0, ritz_cols(o->S, 0, 1));
}
ODD(syrk_uplo)
{
    return ritz_syrk(s, (ritz_uplo)3, 1, o->A, 0, o->X);
}
ODD(trsm_uplo)
{
    return ritz_trsm(s, RITZ_LEFT, RITZ_BOTH, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trsm_side)
{
    return ritz_trsm(s, (ritz_side)2, RITZ_LOWER, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trsm_diag)
{
    return ritz_trsm(s, RITZ_LEFT, RITZ_LOWER, (ritz_diag)2, 1, o->A, o->X);
}
ODD(trmm_uplo)
{
    return ritz_trmm(s, RITZ_LEFT, RITZ_BOTH, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trmm_side)
{
    return ritz_trmm(s, (ritz_side)2, RITZ_LOWER, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trmm_diag)
{
    return ritz_trmm(s, RITZ_LEFT, RITZ_LOWER, (ritz_diag)2, 1, o->A, o->X);
}
ODD(grouped_count)
{
    return ritz_gemm_grouped(s, -1, 1, &o->A, &o->A, 0, &o->X);
}
ODD(grouped_null)
{
    return ritz_gemm_grouped(s, 1, 1, &o->A, NULL, 0, &o->X);
}
/* Two products onto rows of X, the second of which is changed first. */
static ritz_status two_products(ritz_stream *s, const struct odd *o, ritz_dmat A, ritz_dmat B,
                                ritz_dmat C)
{
    const ritz_dmat left[2] = {ritz_row_range(o->A, 0, 2), A}, right[2] = {o->A, B};
    const ritz_dmat out[2] = {ritz_row_range(o->X, 0, 2), C};
    return ritz_gemm_grouped(s, 2, 1, left, right, 0, out);
}
ODD(grouped_entry)
{
    return two_products(s, o, ritz_block(o->A, 0, 0, 2, 3), o->A, ritz_row_range(o->X, 2, 2));
}
ODD(grouped_outputs)
{
    return two_products(s, o, ritz_row_range(o->A, 2, 2), o->A, ritz_row_range(o->X, 1, 2));
}
ODD(grouped_input)
{
    return two_products(s, o, ritz_row_range(o->A, 2, 2), o->X, ritz_row_range(o->X, 2, 2));
}
ODD(grouped_other_input)
{
    return two_products(s, o, ritz_row_range(o->X, 0, 1), o->A, ritz_row_range(o->X, 2, 1));
}
ODD(grouped_dtype)
{
    ritz_dmat A = ritz_row_range(o->A, 2, 2), B = o->A, C = ritz_row_range(o->X, 2, 2);
    A.dtype = B.dtype = C.dtype = RITZ_F32;
    return two_products(s, o, A, B, C);
}
ODD(bias_half)
{
    ritz_dmat A = o->A, B = o->A, C = o->X;
    A.dtype = B.dtype = RITZ_F16;
    C.dtype = RITZ_F32;
    return ritz_gemm_bias(s, 1, A, B, RITZ_NO_MAT, RITZ_NO_MAT, C);
}
ODD(norm_kind)
{
    return ritz_norm(s, (ritz_norm_kind)6, o->A, ritz_row_range(o->S, 0, 1));
}
ODD(rank_rtol)
{
    const ritz_rank_options opts = {sizeof opts, -0.5, 0};
    return ritz_rank(s, o->A, &opts, o->info);
}
ODD(rank_nan)
{
    const ritz_rank_options opts = {sizeof opts, (double)NAN, 0};
    return ritz_rank(s, o->A, &opts, o->info);
}
ODD(pinv_atol)
{
    const ritz_rank_options opts = {sizeof opts, 0, -1};
    return ritz_pinv(s, o->A, o->X, &opts, o->info);
}
ODD(pinv_size)
{
    const ritz_rank_options opts = {8, 0, 0};
    return ritz_pinv(s, o->A, o->X, &opts, o->info);
}
ODD(truncate_many)
{
    return ritz_truncate(s, o->A, 5, o->X, RITZ_NO_MAT);
}
ODD(truncate_negative)
{
    return ritz_truncate(s, o->A, -1, o->X, RITZ_NO_MAT);
}
ODD(random_dist)
{
    return ritz_random_fill(s, (ritz_distribution)3, 0, 0, o->A);
}
ODD(random_substream)
{
    return ritz_random_fill(s, RITZ_NORMAL, 0, 1u << 24, o->A);
}
ODD(random_columns)
{
    ritz_dmat A = o->A;
    A.rows = 1;
    A.ld = 1;
    A.cols = INT64_C(1) << 32;
    return ritz_random_fill(s, RITZ_NORMAL, 0, 0, A);
}
ODD(linop_null)
{
    return ritz_linop_apply(s, NULL, 0, o->X, o->A);
}
ODD(linop_function)
{
    const ritz_linop op = ritz_linop_enqueue(RITZ_F64, 4, 4, NULL, NULL);
    return ritz_linop_apply(s, &op, 0, o->X, o->A);
}
ODD(linop_kind)
{
    ritz_linop op = ritz_linop_dense(o->A);
    op.kind = (ritz_linop_kind)9;
    return ritz_linop_apply(s, &op, 0, o->X, o->X);
}
ODD(linop_batch)
{
    const ritz_linop op = ritz_linop_dense(ritz_batched(ritz_block(o->A, 0, 0, 1, 4), 2, 1));
    return ritz_range_finder(s, &op, o->S, NULL, NULL);
}
ODD(sketch_oversampling)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.oversampling = -1;
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, &opts, NULL);
}
ODD(sketch_powers)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = -2;
    return ritz_range_finder(s, &op, o->S, &opts, NULL);
}
ODD(sketch_size)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.size = 3;
    return ritz_range_finder(s, &op, o->S, &opts, NULL);
}
ODD(report_size)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    report.size = 0;
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, NULL, &report);
}
ODD(sketch_many)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(o->A, 0, 3));
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, NULL, NULL);
}
ODD(range_wide)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(o->A, 0, 2));
    return ritz_range_finder(s, &op, ritz_cols(o->X, 0, 3), NULL, NULL);
}
ODD(upload_shape)
{
    return ritz_upload(s, ritz_hmat_block(o->H, 0, 0, 3, 4), o->A);
}
ODD(upload_host)
{
    return ritz_upload(s, ritz_hmat_block(o->H, 0, 0, 5, 4), o->A);
}
ODD(upload_target)
{
    return ritz_upload(s, o->H, ritz_read_only(o->A));
}
ODD(upload_batch)
{
    return ritz_upload(s, ritz_hmat_batched(o->H, 2, 16), o->A);
}
ODD(download_shape)
{
    return ritz_download(s, ritz_cols(o->A, 0, 3), o->H);
}
ODD(download_target)
{
    return ritz_download(s, o->A, ritz_hmat_wrap_const(o->host, RITZ_F64, 4, 4, RITZ_COL_MAJOR));
}
ODD(download_shared)
{
    ritz_dmat pair = ritz_batched(o->A, 2, 0);
    return ritz_download(s, pair, ritz_hmat_batched(o->H, 2, 0));
}
ODD(download_source)
{
    return ritz_download(s, ritz_cols(o->A, 0, 5), o->H);
}
ODD(copy_overlap)
{
    return ritz_copy(s, ritz_t(o->A), o->A);
}

const struct odd_error error_calls[] = {
    {"inner dimensions", odd_gemm_inner, RITZ_ERR_SHAPE, "ritz_gemm", "A|B|4 x 2|4 x 4"},
    {"mixed with float16", odd_gemm_mixed, RITZ_ERR_DTYPE, "ritz_gemm",
     "A is float16|B is float64"},
    {"uplo", odd_syrk_uplo, RITZ_ERR_ARGUMENT, "ritz_syrk", "uplo is 3"},
    {"uplo both", odd_trsm_uplo, RITZ_ERR_ARGUMENT, "ritz_trsm", "uplo is 2"},
    {"side", odd_trsm_side, RITZ_ERR_ARGUMENT, "ritz_trsm", "side is 2"},
    {"diag", odd_trsm_diag, RITZ_ERR_ARGUMENT, "ritz_trsm", "diag is 2"},
    {"uplo both", odd_trmm_uplo, RITZ_ERR_ARGUMENT, "ritz_trmm", "uplo is 2"},
    {"side", odd_trmm_side, RITZ_ERR_ARGUMENT, "ritz_trmm", "side is 2"},
    {"diag", odd_trmm_diag, RITZ_ERR_ARGUMENT, "ritz_trmm", "diag is 2"},
    {"count", odd_grouped_count, RITZ_ERR_ARGUMENT, "ritz_gemm_grouped", "count is -1"},
    {"no array", odd_grouped_null, RITZ_ERR_ARGUMENT, "ritz_gemm_grouped", "B is NULL"},
    {"an entry", odd_grouped_entry, RITZ_ERR_SHAPE, "ritz_gemm_grouped",
     "A[1] is 2 x 3|B[1] is 4 x 4"},
    {"outputs overlap", odd_grouped_outputs, RITZ_ERR_OVERLAP, "ritz_gemm_grouped", "C[0]|C[1]"},
    {"an input is an output", odd_grouped_input, RITZ_ERR_OVERLAP, "ritz_gemm_grouped",
     "C[1]|B[1]"},
    {"an input is another output", odd_grouped_other_input, RITZ_ERR_OVERLAP, "ritz_gemm_grouped",
     "C[0] overlaps A[1]"},
    {"types differ", odd_grouped_dtype, RITZ_ERR_DTYPE, "ritz_gemm_grouped",
     "A[1] is float32|float64"},
    {"float16", odd_bias_half, RITZ_ERR_DTYPE, "ritz_gemm_bias", "A is float16"},
    {"kind", odd_norm_kind, RITZ_ERR_ARGUMENT, "ritz_norm", "kind is 6"},
    {"rtol", odd_rank_rtol, RITZ_ERR_OPTION, "ritz_rank", "rtol is -0.5"},
    {"rtol NaN", odd_rank_nan, RITZ_ERR_OPTION, "ritz_rank", "rtol is"},
    {"atol", odd_pinv_atol, RITZ_ERR_OPTION, "ritz_pinv", "atol is -1"},
    {"options size", odd_pinv_size, RITZ_ERR_OPTION, "ritz_pinv", "opts has size 8"},
    {"k > min(m, n)", odd_truncate_many, RITZ_ERR_ARGUMENT, "ritz_truncate", "k is 5"},
    {"k < 0", odd_truncate_negative, RITZ_ERR_ARGUMENT, "ritz_truncate", "k is -1"},
    {"distribution", odd_random_dist, RITZ_ERR_ARGUMENT, "ritz_random_fill", "dist is 3"},
    {"substream", odd_random_substream, RITZ_ERR_ARGUMENT, "ritz_random_fill",
     "substream is 16777216"},
    {"2^32 columns", odd_random_columns, RITZ_ERR_TOO_LARGE, "ritz_random_fill", "columns"},
    {"NULL operator", odd_linop_null, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "op"},
    {"NULL function", odd_linop_function, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "function"},
    {"operator kind", odd_linop_kind, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "kind"},
    {"batch operator", odd_linop_batch, RITZ_ERR_SHAPE, "ritz_range_finder", "A is a batch of 2"},
    {"oversampling", odd_sketch_oversampling, RITZ_ERR_OPTION, "ritz_svd_randomized",
     "oversampling is -1"},
    {"powers", odd_sketch_powers, RITZ_ERR_OPTION, "ritz_range_finder", "power_iterations is -2"},
    {"options size", odd_sketch_size, RITZ_ERR_OPTION, "ritz_range_finder", "opts has size 3"},
    {"report size", odd_report_size, RITZ_ERR_OPTION, "ritz_svd_randomized", "report has size 0"},
    {"k > min(m, n)", odd_sketch_many, RITZ_ERR_SHAPE, "ritz_svd_randomized", "S asks for 4|4 x 3"},
    {"l > min(m, n)", odd_range_wide, RITZ_ERR_SHAPE, "ritz_range_finder", "Q is 4 x 3|4 x 2"},
    {"shapes", odd_upload_shape, RITZ_ERR_SHAPE, "ritz_upload", "H is 3 x 4|D is 4 x 4"},
    {"H outside", odd_upload_host, RITZ_ERR_ARGUMENT, "ritz_upload",
     "H is not a valid host matrix"},
    {"D read-only", odd_upload_target, RITZ_ERR_READ_ONLY, "ritz_upload", "D is read-only"},
    {"batches", odd_upload_batch, RITZ_ERR_SHAPE, "ritz_upload", "batch 2|batch 1"},
    {"shapes", odd_download_shape, RITZ_ERR_SHAPE, "ritz_download", "H is 4 x 4|D is 4 x 3"},
    {"H read-only", odd_download_target, RITZ_ERR_READ_ONLY, "ritz_download", "H is read-only"},
    {"H shared", odd_download_shared, RITZ_ERR_OVERLAP, "ritz_download", "H is an output"},
    {"D outside", odd_download_source, RITZ_ERR_ARGUMENT, "ritz_download", "D is not valid"},
    {"onto its transpose", odd_copy_overlap, RITZ_ERR_OVERLAP, "ritz_copy", "B overlaps A"},
    {.name = NULL},
};
