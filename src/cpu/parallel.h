/* Threads inside one job: a parallel loop, and the token that lets one job at a time use all of
 * them.
 *
 * Two multithreaded products at once take longer than one after the other, so a job whose work is
 * above a threshold holds the process's compute token while it uses several threads; smaller jobs
 * run single-threaded on their stream's thread, BLAS calls
 * included.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_PARALLEL_H
#define RITZ_CPU_PARALLEL_H

#include "cpu/stream.h"

/* Flops from which a job uses several threads. */
#define CPU_PARALLEL_FLOPS 1.0e6
/* Bytes moved from which a memory-bound job uses several threads. */
#define CPU_PARALLEL_BYTES (1 << 20)

/* Begin a job of so many flops (or bytes): takes the token and lets BLAS and ritz_parallel_for use
 * `threads`
 * threads if it is large, else restricts both to one. Every begin has its end, on the same
 * thread; no nesting. */
struct cpu_compute {
    int threads; /* for ritz_parallel_for */
    int saved;   /* BLAS threads of this thread before */
    int has_token;
};
struct cpu_compute cpu_compute_begin(const struct cpu_context *ctx, double flops);
struct cpu_compute cpu_compute_begin_bytes(const struct cpu_context *ctx, double bytes);
void cpu_compute_end(struct cpu_compute *c);

/* body(context, i) for 0 <= i < count, on c->threads threads. The assignment of i to threads is not
 * fixed: results must not depend on it. BLAS and LAPACK calls inside the body run
 * single-threaded. */
typedef void (*cpu_loop_body)(void *context, int64_t i, int thread);
void ritz_parallel_for(const struct cpu_compute *c, int64_t count, cpu_loop_body body,
                       void *context);

#endif
