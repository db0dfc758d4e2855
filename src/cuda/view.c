/* Views of matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/thresholds.h"

size_t cuda_size(ritz_dtype dtype)
{
    switch (dtype) {
    case RITZ_F64:
    case RITZ_I64: return 8;
    case RITZ_F32:
    case RITZ_I32: return 4;
    case RITZ_F16:
    case RITZ_BF16: return 2;
    default: return 1;
    }
}

cudaDataType cuda_data_type(ritz_dtype dtype)
{
    switch (dtype) {
    case RITZ_F64: return CUDA_R_64F;
    case RITZ_F16: return CUDA_R_16F;
    case RITZ_BF16: return CUDA_R_16BF;
    default: return CUDA_R_32F;
    }
}

ritz_dmat cuda_t(ritz_dmat A)
{
    ritz_dmat T = A;
    T.rows = A.cols;
    T.cols = A.rows;
    T.layout = A.layout == RITZ_COL_MAJOR ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR;
    return T;
}

static void *element(ritz_dmat A, int64_t offset)
{
    return (char *)A.data + offset * (int64_t)cuda_size(A.dtype);
}

ritz_dmat cuda_block(ritz_dmat A, int64_t i, int64_t j, int64_t m, int64_t n)
{
    ritz_dmat B = A;
    B.rows = m;
    B.cols = n;
    B.data = element(A, i * cuda_row_step(A) + j * cuda_col_step(A));
    return B;
}

ritz_dmat cuda_items(ritz_dmat A, int64_t first, int64_t count)
{
    ritz_dmat B = A;
    B.batch = count;
    B.data = element(A, first * A.batch_stride);
    return B;
}

int cuda_fits_shared(ritz_dtype dtype, int64_t rows, int64_t cols)
{
    if (rows > CUDA_SMALL_BYTES || cols > CUDA_SMALL_BYTES) return 0;
    return (size_t)((rows | 1) * cols) * cuda_size(dtype) <= CUDA_SMALL_BYTES;
}
