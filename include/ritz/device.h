/** @file
 * Devices: the CPU, or one GPU.
 *
 * A `ritz_device` is one physical device; opening it again gives the same object with one more
 * reference. There is no current device, no initialisation and no finalisation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_DEVICE_H
#define RITZ_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "ritz/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One physical device. */
typedef struct ritz_device ritz_device;

/** An ordered queue of work on one device; see ritz/stream.h. */
typedef struct ritz_stream ritz_stream;

/** The kind of a device. */
typedef enum ritz_device_kind {
    RITZ_DEVICE_CPU = 1, /**< OpenBLAS, LAPACKE and Ritz's own kernels */
    RITZ_DEVICE_CUDA = 2 /**< an NVIDIA GPU */
} ritz_device_kind;

/** What is known about an open device. Set `size` before the call; later versions may add
 * fields. */
typedef struct ritz_device_info {
    size_t size;           /**< sizeof(ritz_device_info) */
    ritz_device_kind kind; /**< CPU or CUDA */
    int index;             /**< number of the GPU; 0 for the CPU */
    char name[128];        /**< processor or GPU */
    char library[192];     /**< numerical library with version, flavour and core type */
    int threads;           /**< CPU: threads that one primitive may use; GPU: multiprocessors */
    int64_t memory_bytes;  /**< memory of the device */
} ritz_device_info;

/** Start value of a ritz_device_info. */
#define RITZ_DEVICE_INFO_INIT                                                                      \
    {                                                                                              \
        sizeof(ritz_device_info), RITZ_DEVICE_CPU, 0, {0}, {0}, 0, 0                               \
    }

/** Device memory held through Ritz at this moment. Set `size` before the call. */
typedef struct ritz_memory_info {
    size_t size;             /**< sizeof(ritz_memory_info) */
    int64_t matrices;        /**< owned matrices not yet destroyed */
    int64_t matrix_bytes;    /**< their bytes */
    int64_t workspace_bytes; /**< bytes in the arenas of all streams */
    int64_t peak_bytes;      /**< largest sum of both so far */
} ritz_memory_info;

/** Start value of a ritz_memory_info. */
#define RITZ_MEMORY_INFO_INIT                                                                      \
    {                                                                                              \
        sizeof(ritz_memory_info), 0, 0, 0, 0                                                       \
    }

/** An allocator for device memory, for embedding Ritz in a program with a memory pool.
 *
 * Both functions are called on the thread that calls Ritz. What `allocate` returns must be usable
 * in the order of the stream, aligned to 256 bytes; what `release` receives is free in the order of
 * the stream. Neither may call Ritz. */
typedef struct ritz_allocator {
    void *context;                                                  /**< passed back */
    void *(*allocate)(void *context, size_t bytes, ritz_stream *s); /**< NULL: out of memory */
    void (*release)(void *context, void *p, size_t bytes, ritz_stream *s); /**< never fails */
} ritz_allocator;

/** Open a device.
 *
 * @param name "cpu"; "cuda" (the first usable GPU) or "cuda:N"; "auto" or NULL takes a GPU if one
 *   works and else the CPU. The environment variable RITZ_DEVICE overrides "auto".
 * @param[out] dev receives the device, with one reference to be given back by ritz_device_close;
 *   NULL on failure.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT for an unknown name; RITZ_ERR_UNAVAILABLE with the reason;
 *   RITZ_ERR_MEMORY.
 *
 * Thread-safe. */
RITZ_API RITZ_NODISCARD ritz_status ritz_device_open(const char *name, ritz_device **dev);

/** Give back one reference; the last one closes the device.
 *
 * @param[in,out] dev the device, set to NULL on success; NULL and *dev == NULL are accepted.
 * @return RITZ_OK; RITZ_ERR_STATE if this is the last reference and streams, events or owned
 *   matrices are alive (the message counts them; the reference is kept).
 *
 * Thread-safe. */
RITZ_API ritz_status ritz_device_close(ritz_device **dev);

/** The kind of a device.
 * @param dev an open device.
 * @return its kind. */
RITZ_API ritz_device_kind ritz_device_get_kind(const ritz_device *dev);

/** Describe a device.
 * @param dev an open device.
 * @param[in,out] info its `size` is set by the caller.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT. */
RITZ_API ritz_status ritz_device_describe(const ritz_device *dev, ritz_device_info *info);

/** Memory held on a device through Ritz.
 * @param dev an open device.
 * @param[in,out] info its `size` is set by the caller.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT. */
RITZ_API ritz_status ritz_device_memory(const ritz_device *dev, ritz_memory_info *info);

/** Why each device was or was not available, one line each, as of the last ritz_device_open.
 * @return a string owned by Ritz, valid on this thread until its next call. */
RITZ_API const char *ritz_device_explain(void);

/** Set how many threads one primitive of the CPU device may use.
 *
 * Affects work enqueued from now on; the results do not depend on it beyond what OpenBLAS makes of
 * it. The default is what OpenMP would use (OMP_NUM_THREADS, else the processors of the process).
 *
 * @param dev     the CPU device.
 * @param threads at least 1; 0 restores the default.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT; RITZ_ERR_UNSUPPORTED on a GPU. */
RITZ_API ritz_status ritz_device_set_threads(ritz_device *dev, int threads);

/** Take device memory from the caller's allocator from now on.
 *
 * @param dev       an open device that holds no memory yet.
 * @param allocator copied; NULL restores Ritz's own.
 * @return RITZ_OK; RITZ_ERR_STATE if the device holds memory. */
RITZ_API ritz_status ritz_device_set_allocator(ritz_device *dev, const ritz_allocator *allocator);

/** Describe how a device carries out each operation.
 *
 * @param dev an open device.
 * @param index number of the operation, from 0.
 * @param[out] name  the operation's name, a constant string.
 * @param[out] route "native", "composite" or "refused", a constant string.
 * @return RITZ_OK, or RITZ_ERR_ARGUMENT when `index` is past the last operation. */
RITZ_API ritz_status ritz_device_operation(const ritz_device *dev, int index, const char **name,
                                           const char **route);

#ifdef __cplusplus
}
#endif
#endif
