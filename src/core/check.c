/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"

#include <stdio.h>

#include "core/device.h"

/* "100 x 20 float32, row-major, ld 20, batch 7" */
enum { DESCRIPTION = 128 };
static const char *describe(ritz_dmat A, char *text)
{
    snprintf(text, DESCRIPTION, "%" PRId64 " x %" PRId64 " %s, %s, ld %" PRId64 ", batch %" PRId64,
             A.rows, A.cols, ritz_dtype_name(A.dtype),
             A.layout == RITZ_ROW_MAJOR ? "row-major" : "column-major", A.ld, A.batch);
    return text;
}

_Thread_local const ritz_stream *ritz_stream_in_host_function;

ritz_status ritz_check_stream(const ritz_stream *s)
{
    RITZ_REQUIRE(s, RITZ_ERR_ARGUMENT, "the stream is NULL");
    RITZ_REQUIRE(s->alive == RITZ_STREAM_ALIVE, RITZ_ERR_ARGUMENT,
                 "the stream was destroyed, or is not a stream");
    RITZ_REQUIRE(s != ritz_stream_in_host_function, RITZ_ERR_STATE,
                 "a host function must not call Ritz on the stream that runs it");
    return ritz_check_device(s->device);
}

ritz_status ritz_check_not_capturing(const ritz_stream *s, const char *why)
{
    int capturing = 0;
    if (s->device->backend->stream_capturing)
        RITZ_TRY(s->device->backend->stream_capturing(s, &capturing));
    RITZ_REQUIRE(!capturing, RITZ_ERR_STATE, "%s; the stream is capturing a graph", why);
    return RITZ_OK;
}

ritz_status ritz_check_input(const ritz_stream *s, ritz_dmat A, const char *name)
{
    char text[DESCRIPTION];
    RITZ_REQUIRE(A.device, RITZ_ERR_ARGUMENT, "%s is missing (RITZ_NO_MAT)", name);
    RITZ_REQUIRE(!(A.flags & RITZ_MAT_INVALID), RITZ_ERR_ARGUMENT,
                 "%s is not valid (%s): it was wrapped with impossible sizes, or is a view that "
                 "reaches outside its parent",
                 name, describe(A, text));
    RITZ_REQUIRE(ritz_mat_consistent(A), RITZ_ERR_LAYOUT,
                 "%s is inconsistent (%s): ld must be at least the length of a line, sizes not "
                 "negative, and data not NULL",
                 name, describe(A, text));
    RITZ_REQUIRE(A.device == s->device, RITZ_ERR_DEVICE,
                 "%s is on another device than the stream; upload or copy it first", name);
    return RITZ_OK;
}

ritz_status ritz_check_output(const ritz_stream *s, ritz_dmat A, const char *name)
{
    RITZ_TRY(ritz_check_input(s, A, name));
    RITZ_REQUIRE(!(A.flags & RITZ_MAT_READ_ONLY), RITZ_ERR_READ_ONLY,
                 "%s is read-only and cannot be an output", name);
    RITZ_REQUIRE(!ritz_mat_self_overlaps(A), RITZ_ERR_OVERLAP,
                 "%s is an output, but its items share memory (batch stride %" PRId64 ")", name,
                 A.batch_stride);
    return RITZ_OK;
}

ritz_status ritz_check_host(ritz_hmat H, const char *name)
{
    RITZ_REQUIRE(ritz_hmat_consistent(H), RITZ_ERR_ARGUMENT,
                 "%s is not a valid host matrix (%" PRId64 " x %" PRId64 ", ld %" PRId64
                 ", batch %" PRId64 "): wrap memory with its true sizes and stay inside it",
                 name, H.rows, H.cols, H.ld, H.batch);
    return RITZ_OK;
}

ritz_status ritz_check_host_output(ritz_hmat H, const char *name)
{
    RITZ_TRY(ritz_check_host(H, name));
    RITZ_REQUIRE(!(H.flags & RITZ_MAT_READ_ONLY), RITZ_ERR_READ_ONLY,
                 "%s is read-only and cannot be an output", name);
    RITZ_REQUIRE(!ritz_hmat_self_overlaps(H), RITZ_ERR_OVERLAP,
                 "%s is an output, but its items share memory", name);
    return RITZ_OK;
}

ritz_status ritz_check_real(ritz_dmat A, const char *name)
{
    RITZ_REQUIRE(A.dtype == RITZ_F32 || A.dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "%s is %s; float32 or float64 is needed (ritz_copy converts)", name,
                 ritz_dtype_name(A.dtype));
    return RITZ_OK;
}

ritz_status ritz_check_same_dtype(ritz_dmat A, const char *a, ritz_dmat B, const char *b)
{
    RITZ_REQUIRE(A.dtype == B.dtype, RITZ_ERR_DTYPE,
                 "%s is %s and %s is %s; they must agree (ritz_copy converts)", a,
                 ritz_dtype_name(A.dtype), b, ritz_dtype_name(B.dtype));
    return RITZ_OK;
}

ritz_status ritz_check_shape(ritz_dmat A, const char *name, int64_t rows, int64_t cols,
                             const char *what)
{
    RITZ_REQUIRE(A.rows == rows && A.cols == cols, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 "; it must be %" PRId64 " x %" PRId64 " (%s)", name,
                 A.rows, A.cols, rows, cols, what);
    return RITZ_OK;
}

ritz_status ritz_check_square(ritz_dmat A, const char *name)
{
    RITZ_REQUIRE(A.rows == A.cols, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 "; it must be square", name, A.rows, A.cols);
    return RITZ_OK;
}

ritz_status ritz_check_single(ritz_dmat A, const char *name)
{
    RITZ_REQUIRE(A.batch == 1, RITZ_ERR_SHAPE,
                 "%s is a batch of %" PRId64 "; this operation takes one matrix (ritz_batch_item)",
                 name, A.batch);
    return RITZ_OK;
}

ritz_status ritz_check_batch(ritz_dmat A, const char *name, int64_t batch, int may_broadcast)
{
    if (may_broadcast && A.batch == 1) return RITZ_OK;
    RITZ_REQUIRE(A.batch == batch, RITZ_ERR_SHAPE,
                 "%s has %" PRId64 " items; %s%" PRId64 " are needed", name, A.batch,
                 may_broadcast ? "1 or " : "", batch);
    return RITZ_OK;
}

ritz_status ritz_check_no_overlap(ritz_dmat out, const char *out_name, ritz_dmat other,
                                  const char *other_name)
{
    if (!ritz_present(out) || !ritz_present(other)) return RITZ_OK;
    RITZ_REQUIRE(!ritz_mat_overlap(out, other), RITZ_ERR_OVERLAP,
                 "%s overlaps %s in memory; give the output memory of its own", out_name,
                 other_name);
    return RITZ_OK;
}

ritz_status ritz_check_info(const ritz_stream *s, ritz_dmat info, int64_t batch)
{
    if (!ritz_present(info)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, info, "info"));
    RITZ_REQUIRE(info.dtype == RITZ_I32, RITZ_ERR_DTYPE, "info is %s; it must be int32",
                 ritz_dtype_name(info.dtype));
    RITZ_TRY(ritz_check_single(info, "info"));
    return ritz_check_shape(info, "info", batch, 1, "one entry an item");
}

ritz_status ritz_check_options(const void *opts, size_t min_size, const char *name)
{
    if (!opts) return RITZ_OK;
    /* Every options and report struct begins with its size. */
    const size_t size = *(const size_t *)opts;
    RITZ_REQUIRE(
        size >= min_size && size < 65536, RITZ_ERR_OPTION,
        "%s has size %zu and at least %zu is needed; start from its ..._DEFAULTS or ..._INIT", name,
        size, min_size);
    return RITZ_OK;
}

ritz_dmat ritz_item(ritz_dmat A, int64_t b)
{
    return ritz_batch_item(A, A.batch == 1 ? 0 : b);
}

ritz_dmat ritz_broadcast(ritz_dmat A, int64_t batch)
{
    if (A.batch == batch) return A;
    A.batch = batch;
    A.batch_stride = 0;
    A.flags &= ~(uint32_t)RITZ_MAT_OWNED;
    return A;
}
