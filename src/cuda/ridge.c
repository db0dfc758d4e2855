/* The elementwise operations of ridge regression.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"

ritz_status cuda_ridge_filter(ritz_stream *s, enum ritz_ridge_function phi, ritz_dmat sigma,
                              ritz_dmat lambda, ritz_dmat C, ritz_dmat W)
{
    struct cuda_operand a[] = {cuda_operand_of(W), cuda_operand_broadcast(C, W.batch),
                               cuda_operand_of(W), cuda_operand_of(W)};
    const struct cuda_operand values = cuda_operand_of(sigma), penalties = cuda_operand_of(lambda);
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    /* Without C, ones: an operand of W's shape without an address. */
    if (C.device == NULL) a[1] = a[0], a[1].p = NULL;
    a[2].p = values.p;
    a[2].row_step = values.row_step;
    a[2].col_step = 0;
    a[2].batch_step = 0;
    a[3].p = penalties.p;
    a[3].row_step = 0;
    a[3].col_step = penalties.cols == 1 ? 0 : penalties.col_step;
    a[3].batch_step = penalties.row_step;
    cuda_orient(a, 4);
    return CUDA(launch_ridge_filter((int)phi, a[2], a[3], a[1], a[0], cuda_native(s)));
}

ritz_status cuda_divide_rest(ritz_stream *s, int power, double beyond, ritz_dmat h, ritz_dmat tol,
                             ritz_dmat A, ritz_dmat B)
{
    struct cuda_operand a[] = {cuda_operand_of(B), cuda_operand_of(A), cuda_operand_of(h)};
    if (cuda_operand_empty(&a[0])) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    a[2] = cuda_operand_of_row(h, &a[0]);
    cuda_orient(a, 3);
    return CUDA(launch_divide_rest(power, beyond, a[2], tol.data, a[1], a[0], cuda_native(s)));
}
