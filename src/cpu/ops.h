/* The entries of the CPU backend's table, and what its files share.
 *
 * Every entry packs its arguments into a struct and enqueues a job. Scratch memory is taken from
 * the stream's arena before that, so that a job never allocates and never fails for memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_OPS_H
#define RITZ_CPU_OPS_H

#include "cpu/stream.h"
#include "cpu/view.h"

/* cpu_gemm, cpu_syrk, ...: all of core/ops.def. */
#define OP(slot, parameters, arguments, key, composite) ritz_status cpu_##slot parameters;
#include "core/ops.def"
#undef OP

/* ---- copies: copy.c -------------------------------------------------------------------------- */

/* Enqueue dst = src with conversion. Same rows, cols and batch. */
ritz_status cpu_copy_strided(ritz_stream *s, const struct cpu_view *src,
                             const struct cpu_view *dst);

#endif
