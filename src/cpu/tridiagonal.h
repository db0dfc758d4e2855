/* Some eigenpairs of a symmetric tridiagonal matrix, in float64.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_TRIDIAGONAL_H
#define RITZ_CPU_TRIDIAGONAL_H

#include <stddef.h>

#include "cpu/parallel.h"

/* Bytes of scratch that cpu_tridiagonal_range needs. */
size_t cpu_tridiagonal_bytes(int64_t n, int64_t count);

/* The eigenvalues number first .. first+count-1 of the ascending order into w, their orthonormal
 * vectors into the columns of Z (n x count), or NULL. d: the n diagonal elements, e: the n - 1
 * below them. Returns 0, or how many vectors did not converge. */
int cpu_tridiagonal_range(const struct cpu_compute *c, int n, const double *d, const double *e,
                          int first, int count, double *w, double *Z, int ldz, void *scratch);

#endif
