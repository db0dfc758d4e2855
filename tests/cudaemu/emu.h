/* The control interface of the CUDA emulation, for tests.
 *
 * A test links libritz_cudaemu.so and so controls the very instance that the emulated plugin uses.
 * Environment for runs
 * without code: EMU_SEED, EMU_ORDER (ascending | descending | random), EMU_MODE (late | early |
 * random), EMU_FAIL (n),
 * EMU_GUARD=1, EMU_TRACE=1, EMU_DEVICES (count), EMU_PROFILE (none | no-driver | stub | old-driver
 * | unusable).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_EMU_H
#define RITZ_TESTS_CUDAEMU_EMU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Forget everything: streams, memory, errors, counters, wishes of failure, what is forbidden. The
 * machine, capacity, order and
 * mode stay. Only when nothing is alive (see emu_check_idle): aborts otherwise. */
void emu_reset(uint64_t seed);

/* Order in which blocks and threads of a launch run, and in which waiting threads go on. */
enum emu_order_kind { EMU_ASCENDING, EMU_DESCENDING, EMU_RANDOM_ORDER };
void emu_order(enum emu_order_kind kind);

/* When queued work runs: at a synchronisation; at once; some of any stream at each call. */
enum emu_mode_kind { EMU_LATE, EMU_EARLY, EMU_RANDOM_MODE };
void emu_mode(enum emu_mode_kind kind);

/* The machine: number of devices (0: no GPU), and how the driver presents itself. */
enum emu_profile { EMU_NORMAL, EMU_NO_DRIVER, EMU_STUB_DRIVER, EMU_OLD_DRIVER, EMU_UNUSABLE };
void emu_set_devices(int count, enum emu_profile profile);
void emu_set_capacity(size_t bytes); /* of each device's memory */
void emu_guard(int on); /* a page that nobody may touch after each allocation made from now on */

/* Leaks: allocations, streams, events, handles still alive, listed on stderr. Returns their
 * number. */
int emu_check_idle(void);

/* Forbid what documentation promises not to happen; each is then a violation. */
enum emu_forbidden {
    EMU_FORBID_SYNC = 1,           /* any synchronisation, hidden or not */
    EMU_FORBID_ALLOC = 2,          /* device or pinned allocation and free */
    EMU_FORBID_PAGEABLE_ASYNC = 4, /* asynchronous copies from or to pageable memory */
    EMU_FORBID_LEGACY_STREAM = 8
};
void emu_forbid(unsigned mask);

/* Violations: aborted by default. Between emu_collect(1) and emu_collect(0) they are recorded
 * instead. */
void emu_collect(int on);
int emu_violations(void); /* recorded since emu_collect(1) */
const char *emu_violation_kind(int index);
const char *emu_violation_text(int index);

/* Failure injection. Fallible calls are numbered from 1 after emu_fail_clear. */
void emu_fail_clear(void);
int64_t emu_calls(void);       /* fallible calls made since */
int64_t emu_ops(void);         /* ops enqueued since: what emu_fail_async counts */
void emu_fail_at(int64_t n);   /* the n-th fallible call fails with a plausible status */
void emu_fail_from(int64_t n); /* and all after it */
void emu_fail_call(const char *name, int64_t k, int status); /* the k-th call of that name */
void emu_fail_async(int64_t k, int cuda_error);              /* the k-th op fails when it runs */
const char *emu_failed_call(void);        /* name of the last call that was made to fail, or "" */
const char *emu_call_after_failure(void); /* and of the call after it: what answered the failure */
void emu_set_info(const char *name, int64_t k, int value); /* info of the k-th call of that name */
void emu_poison_output(const char *name, int64_t k);       /* NaN in its outputs, status success */

/* Counters since emu_reset or emu_counters_clear. */
struct emu_counts {
    int64_t launches, library_calls, api_calls; /* those of a graph count when it is captured */
    int64_t library_ops;                        /* library calls that queued work */
    int64_t copies;                             /* and copies and fills of the runtime */
    int64_t graph_launches, graph_nodes;        /* nodes: of all launched graphs together */
    int64_t syncs;                              /* explicit */
    int64_t hidden_syncs;
    int64_t allocations, frees;
    int64_t bytes_h2d, bytes_d2h, bytes_d2d, bytes_memset;
    int64_t kernel_bytes_read, kernel_bytes_written; /* 0 in builds without the access checker */
    /* Bytes of device memory that each op must fetch and store, added over all ops: what it reads
     * first, and what it writes, each byte once for an op. The least that goes to and from memory
     * if an op finds in a cache what it has touched. Without kernels in builds without the access
     * checker; without workspace of the libraries. */
    int64_t bytes_fetched, bytes_stored;
    int64_t peak_device_bytes;
};
void emu_counters(struct emu_counts *c);
void emu_counters_clear(void);
const char *
emu_counters_json(void); /* with launches by kernel and calls by name; valid until the next call */

/* How well the accesses of warps fit together, in builds with the access checker, from
 * emu_measure(1) on. Kernels are
 * named as in RITZ_LAUNCH. Returns 0 if no such kernel ran. */
struct emu_kernel_figures {
    int64_t sectors, ideal_sectors; /* of 32 bytes, in device memory */
    int64_t waves, ideal_waves;     /* of accesses to 32 banks of shared memory */
};
void emu_measure(int on); /* forgets earlier figures */
int emu_kernel_figures_of(const char *kernel, struct emu_kernel_figures *f);
const char *emu_measured_kernel(int index); /* in the order of names; NULL behind the last */

#ifdef __cplusplus
}
#endif
#endif
