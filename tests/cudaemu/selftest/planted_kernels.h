/* Launches of planted_kernels.cu: each kernel with its bug (planted = 1), or corrected (0).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PLANTED_KERNELS_H
#define RITZ_TESTS_CUDAEMU_PLANTED_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

enum { PLANTED_BLOCK = 128, PLANTED_BLOCKS = 4, PLANTED_N = PLANTED_BLOCK * PLANTED_BLOCKS };

/* x: PLANTED_N elements that have been written; y: as many for the result; z: as many that nobody
 * wrote. */
typedef cudaError_t planted_launch(int planted, const int *x, int *y, int *z, cudaStream_t s);

#define PLANTED_LIST(PLANT)                                                                        \
    PLANT(tile_store, "race uninitialised")  /* no barrier after a tile store */                   \
    PLANT(tile_reuse, "race")                /* none before the tile is stored again */            \
    PLANT(reduction, "race")                 /* none in a tree reduction */                        \
    PLANT(scan, "race")                      /* the second one in a scan is missing */             \
    PLANT(syncwarp, "race uninitialised")    /* no __syncwarp between store and load */            \
    PLANT(half_warp, "race uninitialised")   /* a mask that leaves out the lane read from */       \
    PLANT(half_blind, "result")              /* a shuffle from a lane outside the mask */          \
    PLANT(divergent, "barrier")              /* barriers in both branches */                       \
    PLANT(early_exit, "barrier")             /* return before a barrier */                         \
    PLANT(absent_lane, "collective")         /* a full mask in half a warp */                      \
    PLANT(gone_lane, "collective")           /* a mask that names a lane that has returned */      \
    PLANT(outside_mask, "collective")        /* a mask without the caller */                       \
    PLANT(two_masks, "collective")           /* lanes that disagree about the mask */              \
    PLANT(short_array, "shared")             /* a shared array one short */                        \
    PLANT(short_dynamic, "shared")           /* dynamic shared memory one short */                 \
    PLANT(much_shared, "shared")             /* more shared memory than the default */             \
    PLANT(shared_unwritten, "uninitialised") /* reads shared memory that nobody wrote */           \
    PLANT(device_unwritten, "uninitialised") /* reads device memory that nobody wrote */           \
    PLANT(two_writers, "race")               /* two blocks write one element */                    \
    PLANT(writer_reader, "race")             /* a block reads what another writes */               \
    PLANT(plain_counter, "race")             /* an atomic counter read and written plainly */      \
    PLANT(misaligned, "alignment")           /* a double at an address of four times one */        \
    PLANT(local_memory, "host-pointer")      /* another thread's local array */                    \
    PLANT(one_past, "range")                 /* writes one element past the end */                 \
    PLANT(block_order, "order")              /* places drawn from an atomic counter */             \
    PLANT(float_bytes, "race")               /* two threads write one byte; twin: neighbours */

extern "C" {
#define PLANT(name, kinds) planted_launch planted_##name;
PLANTED_LIST(PLANT)
#undef PLANT
/* y[i] = x[i] for i < n, for pointers that are wrong. */
cudaError_t planted_copy(int64_t n, const int *x, int *y, cudaStream_t s);
}

#endif
