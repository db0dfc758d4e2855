/** @file
 * Status codes and error messages.
 *
 * Every Ritz function that can fail returns a `ritz_status`: 0 or a negative code. The code is for
 * programs; the message of `ritz_last_error()` is for people and names the operation, the argument,
 * what came, what was expected and what to change. Ritz never prints, aborts or exits.
 *
 * - An *argument error* (-1xx) means that nothing was enqueued and nothing was changed.
 * - After any later failure the outputs (in/out ones too) are undefined, every other argument is
 *   intact and the stream stays usable.
 * - What is only known after the work ran (a pivot, a non-finite input) surfaces at
 *   `ritz_stream_sync`, unless the caller took charge of it by passing `info`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_STATUS_H
#define RITZ_STATUS_H

#if defined(__GNUC__)
/** Marks what the shared library exports. */
#define RITZ_API __attribute__((visibility("default")))
/** Marks a function whose result must be looked at. */
#define RITZ_NODISCARD __attribute__((warn_unused_result))
#else
#define RITZ_API
#define RITZ_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Every status: X(name, number, sentence). The numbers never change. */
#define RITZ_STATUS_LIST(X)                                                                        \
    X(RITZ_OK, 0, "no error")                                                                      \
    X(RITZ_ERR_ARGUMENT, -101, "an argument has a value that is not allowed")                      \
    X(RITZ_ERR_SHAPE, -102, "the shapes do not fit together")                                      \
    X(RITZ_ERR_DTYPE, -103, "the data types are not supported in this combination")                \
    X(RITZ_ERR_LAYOUT, -104, "the memory layout is not valid for this operation")                  \
    X(RITZ_ERR_DEVICE, -105, "an argument lives on another device")                                \
    X(RITZ_ERR_READ_ONLY, -106, "an output is read-only")                                          \
    X(RITZ_ERR_OVERLAP, -107, "an output overlaps another argument")                               \
    X(RITZ_ERR_OPTION, -108, "an option is not valid")                                             \
    X(RITZ_ERR_STATE, -109, "the object is not in a state that allows the call")                   \
    X(RITZ_ERR_NOT_SPD, -201, "a matrix is not positive definite")                                 \
    X(RITZ_ERR_NOT_FINITE, -202, "the input has a NaN or an infinity")                             \
    X(RITZ_ERR_NOT_CONVERGED, -203, "an iteration did not converge")                               \
    X(RITZ_ERR_SINGULAR, -204, "a matrix is singular")                                             \
    X(RITZ_ERR_MEMORY, -301, "out of host memory")                                                 \
    X(RITZ_ERR_DEVICE_MEMORY, -302, "out of device memory")                                        \
    X(RITZ_ERR_DEVICE_LOST, -303, "the device failed and cannot be used any more")                 \
    X(RITZ_ERR_TOO_LARGE, -304, "a size is beyond what the operation can address")                 \
    X(RITZ_ERR_UNAVAILABLE, -401, "the device is not available")                                   \
    X(RITZ_ERR_UNSUPPORTED, -402, "the operation is not supported here")                           \
    X(RITZ_ERR_IO, -403, "a file could not be read or written")                                    \
    X(RITZ_ERR_FORMAT, -404, "a file is damaged or in an unknown format")                          \
    X(RITZ_ERR_FORKED, -405,                                                                       \
      "the device was opened before fork() and cannot be used in the child")                       \
    X(RITZ_ERR_CANCELLED, -406, "the caller's progress function asked to stop")                    \
    X(RITZ_ERR_INTERNAL, -901, "an internal error; please report it")

/** The result of a call: RITZ_OK or an error. */
typedef enum ritz_status {
#define RITZ_STATUS_ENTRY(name, number, sentence) name = number,
    RITZ_STATUS_LIST(RITZ_STATUS_ENTRY)
#undef RITZ_STATUS_ENTRY
} ritz_status;

/** The message of the last failed call on this thread.
 *
 * @return a string owned by Ritz, valid until the next failing Ritz call on this thread; "" if no
 *   call has failed yet. A call that succeeds does not clear it. */
RITZ_API const char *ritz_last_error(void);

/** The name of a status, such as "RITZ_ERR_SHAPE".
 * @param status any value; an unknown one gives "RITZ_ERR_UNKNOWN".
 * @return a constant string. */
RITZ_API const char *ritz_status_name(ritz_status status);

/** A sentence that describes a status in general, such as "the shapes do not fit together".
 * @param status any value.
 * @return a constant string. */
RITZ_API const char *ritz_status_text(ritz_status status);

#ifdef __cplusplus
}
#endif
#endif
