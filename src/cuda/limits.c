/* Which shapes the libraries cannot take. Ritz's own kernels count in 64 bits and loop over what a grid cannot cover: they have no limit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"

const char *cuda_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
    (void)key;
    (void)count;
    switch (op) {
    default: return NULL;
    }
}
