/* Validation of arguments: every public function checks through these before it enqueues anything.
 *
 * The names that are passed ("A") stand in the messages.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_CHECK_H
#define RITZ_CORE_CHECK_H

#include "core/backend.h"
#include "core/matrix.h"
#include "core/ticket.h"

/* Begin a public function that works on a stream: names it for messages, checks the stream, takes a
 * ticket that remembers `key` (a const ritz_dmat *, or NULL) for messages at synchronisation. */
#define RITZ_ENTER(s, key)                                                                         \
    RITZ_SCOPE();                                                                                  \
    RITZ_TRY(ritz_check_stream(s));                                                                \
    ritz_ticket_take(s, key)

/* s is a live stream of a usable device, and this is not one of its host functions. */
ritz_status ritz_check_stream(const ritz_stream *s);

/* The stream is not capturing a graph. For what no replay would repeat, and nothing below refuses:
 * what is kept on the host. `why` begins the message. */
ritz_status ritz_check_not_capturing(const ritz_stream *s, const char *why);

/* A is a valid matrix on the stream's device. */
ritz_status ritz_check_input(const ritz_stream *s, ritz_dmat A, const char *name);

/* The same, and it may be written: not read-only, and its elements do not share memory (no
 * broadcast). */
ritz_status ritz_check_output(const ritz_stream *s, ritz_dmat A, const char *name);

/* A valid host matrix. */
ritz_status ritz_check_host(ritz_hmat H, const char *name);
ritz_status ritz_check_host_output(ritz_hmat H, const char *name);

/* float32 or float64. */
ritz_status ritz_check_real(ritz_dmat A, const char *name);

/* Both have the same data type. */
ritz_status ritz_check_same_dtype(ritz_dmat A, const char *a, ritz_dmat B, const char *b);

/* A is rows x cols. `what` says where the numbers come from: "Q must be m x min(m, n)". */
ritz_status ritz_check_shape(ritz_dmat A, const char *name, int64_t rows, int64_t cols,
                             const char *what);

ritz_status ritz_check_square(ritz_dmat A, const char *name);

/* One item only. */
ritz_status ritz_check_single(ritz_dmat A, const char *name);

/* A has `batch` items; an input may have one, which is broadcast. */
ritz_status ritz_check_batch(ritz_dmat A, const char *name, int64_t batch, int may_broadcast);

/* The memory of an output does not overlap that of another argument. */
ritz_status ritz_check_no_overlap(ritz_dmat out, const char *out_name, ritz_dmat other,
                                  const char *other_name);

/* info is RITZ_NO_MAT, or batch x 1 of RITZ_I32 and writable. */
ritz_status ritz_check_info(const ritz_stream *s, ritz_dmat info, int64_t batch);

/* A size field of an options struct: at least the size of the first version. NULL options are
 * fine. */
ritz_status ritz_check_options(const void *opts, size_t min_size, const char *name);

/* Is there a matrix at all, and has it elements? */
static inline int ritz_present(ritz_dmat A)
{
    return A.device != NULL;
}
static inline int ritz_empty(ritz_dmat A)
{
    return A.rows == 0 || A.cols == 0 || A.batch == 0;
}

/* Item b; an input with one item, or stride 0, gives that one for every b. */
ritz_dmat ritz_item(ritz_dmat A, int64_t b);

/* The description of an input as a batch of `batch` items (stride 0 if it is broadcast). */
ritz_dmat ritz_broadcast(ritz_dmat A, int64_t batch);

#endif
