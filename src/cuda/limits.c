/* Which shapes the libraries cannot take. Ritz's own kernels count in 64 bits and loop over what a
 * grid cannot cover: they have no limit, but for those that hold a whole matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

/* orgqr and ormqr of cuSOLVER have no 64-bit form. They are called for one matrix. */
static const char *fits_32_bits(const ritz_dmat *key, int count)
{
    for (int i = 0; i < count && key[count - 1].batch == 1; i++)
        if (key[i].rows > INT32_MAX || key[i].cols > INT32_MAX || key[i].ld > INT32_MAX)
            return "a size beyond 2^31 - 1 is more than cuSOLVER's orgqr and ormqr take";
    return NULL;
}

const char *cuda_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
    switch (op) {
    case RITZ_OP_syrk:
        /* The composite is one product of the whole batch, at twice the flops. */
        return key[count - 1].batch > 1 ? "cuBLAS has no batched syrk" : NULL;
    case RITZ_OP_small_cholesky:
        return key[0].rows > CHOLESKY_BLOCK ? "a block of threads cannot hold the matrix" : NULL;
    case RITZ_OP_orgqr:
    case RITZ_OP_ormqr: return fits_32_bits(key, count);
    default: return NULL;
    }
}
