/* How well the error figures of low-rank approximations hold: a table, not a time.
 *
 *     estimates.c         the trials and the table
 *     estimates_data.c    matrices with hard spectra, and what an approximation leaves of them
 *     estimates_method.c  Ritz's approximations, each with its own error figure
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_BENCH_ESTIMATES_H
#define RITZ_BENCH_ESTIMATES_H

#include <stdint.h>
#include <stdio.h>

#include "ritz/ritz.h"

/* ---- matrices (estimates_data.c) ------------------------------------------------------------- */

enum { ESTIMATES_ROWS = 90, ESTIMATES_COLS = 60, ESTIMATES_RANK = 8, ESTIMATES_SPECTRA = 5 };

/* A = U diag(σ) Vᵀ, or V diag(+-σ) Vᵀ if symmetric, rounded to the data type. */
struct estimates_matrix {
    int m, n;
    double *A; /* m x n, column-major: the rounded elements */
    double sigma[ESTIMATES_COLS];
};

const char *estimates_spectrum_name(int spectrum);
/* 0, or -1: out of memory. */
int estimates_matrix_open(struct estimates_matrix *M, int spectrum, int symmetric,
                          ritz_dtype dtype);
void estimates_matrix_close(struct estimates_matrix *M);

/* The least error of rank k, in the Frobenius norm or the 2-norm. */
double estimates_best(const struct estimates_matrix *M, int k, int spectral);

/* ‖A - L R‖, L m x k, R k x n, column-major; NaN if out of memory. */
double estimates_error(const struct estimates_matrix *M, const double *L, const double *R, int k,
                       int spectral);

/* ---- approximations (estimates_method.c) ----------------------------------------------------- */

/* What one trial gave. */
struct estimates_trial {
    double truth, figure; /* the error, and what the report says of it */
    ritz_error_kind kind;
    double probability;
};

struct estimates_method {
    const char *name;
    int symmetric; /* of a symmetric matrix */
    int spectral;  /* its figure is of the 2-norm */
    /* A is M's on the device. 0, or -1 with ritz_last_error set. */
    int (*run)(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
               struct estimates_trial *trial);
};

int estimates_method_count(void);
const struct estimates_method *estimates_method_at(int index);

/* ---- the table (estimates.c) ----------------------------------------------------------------- */

/* Write the table of so many trials of each method, spectrum and data type. Returns the number of
 * claims that did not hold, or -1 for a failure that was described. */
int estimates_run(FILE *f, ritz_stream *s, int trials);

#endif
