/* Matrices whose singular values are hard for randomized methods, and their approximations' errors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "estimates.h"

/* ---- spectra --------------------------------------------------------------------------------- */

static double slow(int j)
{
    return pow(j + 1, -0.25);
}

static double harmonic(int j)
{
    return 1.0 / (j + 1);
}

static double spikes(int j)
{
    return j < ESTIMATES_RANK ? 10 - j : 1;
}

static double staircase(int j)
{
    return pow(10, -(j / 6));
}

static double exponential(int j)
{
    return pow(0.7, j);
}

static const struct {
    const char *name;
    double (*value)(int j);
} spectra[ESTIMATES_SPECTRA] = {{"j^(-1/4)", slow},
                                {"1/j", harmonic},
                                {"flat with spikes", spikes},
                                {"staircase", staircase},
                                {"0.7^j", exponential}};

const char *estimates_spectrum_name(int spectrum)
{
    return spectra[spectrum].name;
}

/* ---- matrices -------------------------------------------------------------------------------- */

static int orthogonal(double *Q, int m, int n, uint64_t seed)
{
    double tau[ESTIMATES_COLS];
    uint64_t state = seed;
    for (int at = 0; at < m * n; at++) Q[at] = bench_uniform(&state);
    return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, Q, m, tau) ||
           LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, n, n, Q, m, tau);
}

int estimates_matrix_open(struct estimates_matrix *M, int spectrum, int symmetric, ritz_dtype dtype)
{
    const int n = ESTIMATES_COLS, m = symmetric ? n : ESTIMATES_ROWS;
    double *U = calloc((size_t)(m * n), sizeof *U), *V = calloc((size_t)(n * n), sizeof *V);
    *M = (struct estimates_matrix){.m = m, .n = n, .A = calloc((size_t)(m * n), sizeof(double))};
    const int failed =
        !M->A || !U || !V || orthogonal(U, m, n, 21) || orthogonal(V, n, n, symmetric ? 21 : 22);
    for (int j = 0; !failed && j < n; j++) {
        M->sigma[j] = spectra[spectrum].value(j);
        cblas_dscal(m, symmetric && j % 3 == 1 ? -M->sigma[j] : M->sigma[j], U + j * m, 1);
    }
    if (!failed)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, m, n, n, 1, U, m, V, n, 0, M->A, m);
    for (int at = 0; !failed && dtype == RITZ_F32 && at < m * n; at++)
        M->A[at] = (double)(float)M->A[at];
    free(U);
    free(V);
    if (failed) estimates_matrix_close(M);
    return failed ? -1 : 0;
}

void estimates_matrix_close(struct estimates_matrix *M)
{
    free(M->A);
    M->A = NULL;
}

/* ---- errors ---------------------------------------------------------------------------------- */

double estimates_best(const struct estimates_matrix *M, int k, int spectral)
{
    double sum = 0;
    if (spectral) return M->sigma[k];
    for (int j = M->n - 1; j >= k; j--) sum += M->sigma[j] * M->sigma[j];
    return sqrt(sum);
}

double estimates_error(const struct estimates_matrix *M, const double *L, const double *R, int k,
                       int spectral)
{
    const int m = M->m, n = M->n;
    double values[ESTIMATES_COLS], superb[ESTIMATES_COLS], norm = NAN;
    double *D = malloc((size_t)(m * n) * sizeof *D);
    if (!D) return norm;
    memcpy(D, M->A, (size_t)(m * n) * sizeof *D);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, m, n, k, -1, L, m, R, k, 1, D, m);
    if (!spectral)
        norm = cblas_dnrm2(m * n, D, 1);
    else if (!LAPACKE_dgesvd(LAPACK_COL_MAJOR, 'N', 'N', m, n, D, m, values, NULL, 1, NULL, 1,
                             superb))
        norm = values[0];
    free(D);
    return norm;
}
