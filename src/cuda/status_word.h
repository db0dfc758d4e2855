/* The status word of a stream: the first failure that its work met, written on the device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_STATUS_WORD_H
#define RITZ_CUDA_STATUS_WORD_H

#include <stdint.h>

struct cuda_status {
    uint32_t claimed; /* 0: nothing failed. The first writer takes it by compare-and-swap */
    int32_t code;     /* a ritz_status */
    uint32_t ticket;
    uint32_t unused;
    int64_t item;
    int64_t index;
};

#endif
