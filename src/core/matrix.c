/* Descriptions of matrices: wrapping and views. Nothing here touches an element.
 *
 * The two types have the same fields in the same places (asserted below), so each view is written
 * once, on the device
 * type, and the host versions convert.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/matrix.h"

#include <assert.h>
#include <string.h>

#include "core/backend.h"

static_assert(sizeof(ritz_dmat) == 72 && sizeof(ritz_hmat) == 72, "the descriptions are ABI");
static_assert(offsetof(ritz_dmat, rows) == offsetof(ritz_hmat, rows) &&
                  offsetof(ritz_dmat, dtype) == offsetof(ritz_hmat, dtype) &&
                  offsetof(ritz_dmat, flags) == offsetof(ritz_hmat, flags),
              "the two descriptions differ in the device only");

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [RITZ_F32] = {"float32", 4},   [RITZ_F64] = {"float64", 8}, [RITZ_F16] = {"float16", 2},
    [RITZ_BF16] = {"bfloat16", 2}, [RITZ_I8] = {"int8", 1},     [RITZ_U8] = {"uint8", 1},
    [RITZ_I32] = {"int32", 4},     [RITZ_I64] = {"int64", 8},
};

int ritz_dtype_valid(ritz_dtype dtype)
{
    return (int)dtype >= RITZ_F32 && (int)dtype <= RITZ_I64;
}

size_t ritz_dtype_size(ritz_dtype dtype)
{
    return ritz_dtype_valid(dtype) ? dtypes[dtype].size : 0;
}

const char *ritz_dtype_name(ritz_dtype dtype)
{
    return ritz_dtype_valid(dtype) ? dtypes[dtype].name : "unknown";
}

int ritz_product_overflows(int64_t a, int64_t b, int64_t c)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product);
}

/* ---- views, on the device type ---- */

static ritz_dmat invalid(ritz_dmat A)
{
    A.flags = (A.flags & ~(uint32_t)RITZ_MAT_OWNED) | RITZ_MAT_INVALID;
    return A;
}

static ritz_dmat view(ritz_dmat A)
{
    A.flags &= ~(uint32_t)(RITZ_MAT_OWNED | RITZ_MAT_MAPPED);
    return A;
}

static void *element(ritz_dmat A, int64_t offset)
{
    return A.data ? (char *)A.data + offset * (int64_t)ritz_dtype_size(A.dtype) : NULL;
}

static ritz_dmat wrap(ritz_device *dev, void *data, ritz_dtype dtype, int64_t rows, int64_t cols,
                      ritz_layout layout)
{
    ritz_dmat A = {.data = data,
                   .device = dev,
                   .rows = rows,
                   .cols = cols,
                   .batch = 1,
                   .dtype = dtype,
                   .layout = layout};
    const int layout_ok = layout == RITZ_COL_MAJOR || layout == RITZ_ROW_MAJOR;
    if (rows < 0 || cols < 0 || !ritz_dtype_valid(dtype) || !layout_ok) return invalid(A);
    if (ritz_product_overflows(rows, cols, (int64_t)ritz_dtype_size(dtype))) return invalid(A);
    if (!data && rows > 0 && cols > 0) return invalid(A);
    A.ld = layout == RITZ_COL_MAJOR ? rows : cols;
    if (A.ld < 1) A.ld = 1;
    A.batch_stride = rows * cols;
    return A;
}

ritz_dmat ritz_t(ritz_dmat A)
{
    ritz_dmat T = view(A);
    T.rows = A.cols;
    T.cols = A.rows;
    T.layout = A.layout == RITZ_COL_MAJOR ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR;
    return T;
}

ritz_dmat ritz_block(ritz_dmat A, int64_t i, int64_t j, int64_t m, int64_t n)
{
    /* Written so that no sum can overflow. */
    if (i < 0 || j < 0 || m < 0 || n < 0 || i > A.rows || j > A.cols || m > A.rows - i ||
        n > A.cols - j)
        return invalid(A);
    ritz_dmat B = view(A);
    B.rows = m;
    B.cols = n;
    B.data = element(A, A.layout == RITZ_COL_MAJOR ? i + j * A.ld : i * A.ld + j);
    return B;
}

ritz_dmat ritz_cols(ritz_dmat A, int64_t j, int64_t n)
{
    return ritz_block(A, 0, j, A.rows, n);
}

ritz_dmat ritz_row_range(ritz_dmat A, int64_t i, int64_t m)
{
    return ritz_block(A, i, 0, m, A.cols);
}

ritz_dmat ritz_batch_range(ritz_dmat A, int64_t b, int64_t count)
{
    if (b < 0 || count < 0 || b > A.batch || count > A.batch - b) return invalid(A);
    ritz_dmat B = view(A);
    B.batch = count;
    B.data = element(A, b * A.batch_stride);
    return B;
}

ritz_dmat ritz_batch_item(ritz_dmat A, int64_t b)
{
    if (b < 0 || b >= A.batch) return invalid(A);
    return ritz_batch_range(A, b, 1);
}

ritz_dmat ritz_batched(ritz_dmat A, int64_t count, int64_t stride)
{
    if (A.batch != 1 || count < 0 || stride < 0) return invalid(A);
    if (ritz_product_overflows(count, stride, (int64_t)ritz_dtype_size(A.dtype))) return invalid(A);
    ritz_dmat B = view(A);
    B.batch = count;
    B.batch_stride = stride;
    return B;
}

ritz_dmat ritz_with_ld(ritz_dmat A, int64_t ld)
{
    const int64_t inner = A.layout == RITZ_COL_MAJOR ? A.rows : A.cols;
    const int64_t outer = A.layout == RITZ_COL_MAJOR ? A.cols : A.rows;
    if (ld < inner || ld < 1) return invalid(A);
    if (ritz_product_overflows(ld, outer, (int64_t)ritz_dtype_size(A.dtype))) return invalid(A);
    ritz_dmat B = view(A);
    B.ld = ld;
    return B;
}

ritz_dmat ritz_read_only(ritz_dmat A)
{
    ritz_dmat B = view(A);
    B.flags |= RITZ_MAT_READ_ONLY;
    return B;
}

ritz_dmat ritz_dmat_wrap(ritz_device *dev, void *data, ritz_dtype dtype, int64_t rows, int64_t cols,
                         ritz_layout layout)
{
    ritz_dmat A = wrap(dev, data, dtype, rows, cols, layout);
    return dev ? A : invalid(A);
}

/* The read-only flag takes the place of const from here on: every output is checked for it. */
static void *drop_const(const void *p)
{
    void *q;
    memcpy(&q, &p, sizeof q);
    return q;
}

ritz_dmat ritz_dmat_wrap_const(ritz_device *dev, const void *data, ritz_dtype dtype, int64_t rows,
                               int64_t cols, ritz_layout layout)
{
    return ritz_read_only(ritz_dmat_wrap(dev, drop_const(data), dtype, rows, cols, layout));
}

/* ---- host matrices, through the same code ---- */

static ritz_dmat as_device(ritz_hmat H)
{
    ritz_dmat A;
    memcpy(&A, &H, sizeof A);
    A.device = NULL;
    return A;
}

static ritz_hmat as_host(ritz_dmat A)
{
    ritz_hmat H;
    A.device = NULL;
    memcpy(&H, &A, sizeof H);
    return H;
}

ritz_dmat ritz_dmat_borrow(ritz_device *dev, ritz_hmat H)
{
    ritz_dmat A = view(as_device(H));
    A.device = dev;
    return dev && dev->info.kind == RITZ_DEVICE_CPU ? A : invalid(A);
}

ritz_hmat ritz_hmat_wrap(void *data, ritz_dtype dtype, int64_t rows, int64_t cols,
                         ritz_layout layout)
{
    return as_host(wrap(NULL, data, dtype, rows, cols, layout));
}

ritz_hmat ritz_hmat_wrap_const(const void *data, ritz_dtype dtype, int64_t rows, int64_t cols,
                               ritz_layout layout)
{
    return as_host(ritz_read_only(wrap(NULL, drop_const(data), dtype, rows, cols, layout)));
}

ritz_hmat ritz_hmat_t(ritz_hmat H)
{
    return as_host(ritz_t(as_device(H)));
}

ritz_hmat ritz_hmat_block(ritz_hmat H, int64_t i, int64_t j, int64_t m, int64_t n)
{
    return as_host(ritz_block(as_device(H), i, j, m, n));
}

ritz_hmat ritz_hmat_batched(ritz_hmat H, int64_t count, int64_t stride)
{
    return as_host(ritz_batched(as_device(H), count, stride));
}

ritz_hmat ritz_hmat_with_ld(ritz_hmat H, int64_t ld)
{
    return as_host(ritz_with_ld(as_device(H), ld));
}

/* ---- what the rest of core asks of a description ---- */

int ritz_mat_extent(ritz_dmat A, int64_t *elements)
{
    *elements = 0;
    if (A.rows == 0 || A.cols == 0 || A.batch == 0) return 1;
    const int64_t inner = A.layout == RITZ_COL_MAJOR ? A.rows : A.cols;
    const int64_t outer = A.layout == RITZ_COL_MAJOR ? A.cols : A.rows;
    int64_t lines, items, sum;
    if (__builtin_mul_overflow(outer - 1, A.ld, &lines) ||
        __builtin_mul_overflow(A.batch - 1, A.batch_stride, &items) ||
        __builtin_add_overflow(lines, items, &sum) || __builtin_add_overflow(sum, inner, &sum))
        return 0;
    int64_t bytes;
    if (__builtin_mul_overflow(sum, (int64_t)ritz_dtype_size(A.dtype), &bytes)) return 0;
    *elements = sum;
    return 1;
}

int ritz_mat_consistent(ritz_dmat A)
{
    if ((A.flags & RITZ_MAT_INVALID) || !ritz_dtype_valid(A.dtype)) return 0;
    if (A.layout != RITZ_COL_MAJOR && A.layout != RITZ_ROW_MAJOR) return 0;
    if (A.rows < 0 || A.cols < 0 || A.batch < 0 || A.batch_stride < 0) return 0;
    const int64_t inner = A.layout == RITZ_COL_MAJOR ? A.rows : A.cols;
    if (A.ld < inner || A.ld < 1) return 0;
    int64_t elements;
    if (!ritz_mat_extent(A, &elements)) return 0;
    return A.data != NULL || elements == 0;
}

int ritz_hmat_consistent(ritz_hmat H)
{
    return ritz_mat_consistent(as_device(H));
}

int ritz_mat_self_overlaps(ritz_dmat A)
{
    int64_t item;
    ritz_dmat one = A;
    one.batch = 1;
    if (A.batch <= 1 || !ritz_mat_extent(one, &item)) return 0;
    if (A.batch_stride >= item) return 0;
    /* Items may also interleave: all of them side by side inside one padded line. */
    const int64_t inner = A.layout == RITZ_COL_MAJOR ? A.rows : A.cols;
    int64_t across;
    if (__builtin_mul_overflow(A.batch - 1, A.batch_stride, &across)) return 1;
    return A.batch_stride < inner || across > A.ld - inner;
}

int ritz_hmat_self_overlaps(ritz_hmat H)
{
    return ritz_mat_self_overlaps(as_device(H));
}

int ritz_mat_overlap(ritz_dmat A, ritz_dmat B)
{
    int64_t a, b;
    if (!ritz_mat_extent(A, &a) || !ritz_mat_extent(B, &b) || a == 0 || b == 0) return 0;
    const char *a0 = A.data, *b0 = B.data;
    const char *a1 = a0 + a * (int64_t)ritz_dtype_size(A.dtype);
    const char *b1 = b0 + b * (int64_t)ritz_dtype_size(B.dtype);
    if (a1 <= b0 || b1 <= a0) return 0;
    return !ritz_mat_interleaved(A, B);
}

/* Two blocks of one parent matrix can share a range of addresses and yet no element: the same
 * stride
 * between lines, and positions within a line that do not meet. */
int ritz_mat_interleaved(ritz_dmat A, ritz_dmat B)
{
    const int64_t size = (int64_t)ritz_dtype_size(A.dtype);
    if (A.dtype != B.dtype || A.ld != B.ld || A.batch != 1 || B.batch != 1) return 0;
    if (size == 0 || A.ld < 1) return 0;
    const int64_t inner_a = A.layout == RITZ_COL_MAJOR ? A.rows : A.cols;
    const int64_t inner_b = B.layout == RITZ_COL_MAJOR ? B.rows : B.cols;
    const int64_t distance = (const char *)B.data - (const char *)A.data;
    if (distance % size) return 0;
    int64_t shift = (distance / size) % A.ld; /* of B's first element within A's lines */
    if (shift < 0) shift += A.ld;
    return shift >= inner_a && shift + inner_b <= A.ld;
}
