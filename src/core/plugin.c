/* Where the CUDA backend comes from.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/device.h"

const struct ritz_backend *ritz_cuda_backend(const char **reason)
{
    *reason = "this build of Ritz has no CUDA backend (it was configured with RITZ_CUDA=off)";
    return NULL;
}
