/* How many threads the BLAS uses for calls from this thread.
 *
 * OpenBLAS in its OpenMP flavour asks omp_get_max_threads() of the calling thread at each call, so
 * the number can be set for
 * one thread without touching the process. Other flavours keep one number for the process, which
 * Ritz leaves alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_BLAS_THREADS_H
#define RITZ_CPU_BLAS_THREADS_H

/* 1 if the number can be set for one thread. */
int cpu_blas_threads_settable(void);

/* Set the number for the calling thread, and return the one before; 0 (and no effect) where it
 * cannot be set. */
int cpu_blas_set_threads(int threads);

/* The number that a new thread starts with. */
int cpu_blas_default_threads(void);

#endif
