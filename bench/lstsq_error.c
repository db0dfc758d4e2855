/* How good an answer to a least squares problem is, by means of the bench's own.
 *
 * The normwise backward error of x, the least ‖E‖_F such that x solves min ‖(A + E) x - b‖, by the
 * estimate of Karlson and Waldén (BIT 37, 1997), which is within a small factor of it:
 *
 *     ‖(‖x‖² AᵀA + ‖r‖² I)^(-1/2) Aᵀr‖,   r = b - A x
 *
 * r and Aᵀr are summed in long double from A and b as they are. With a penalty A is [A; √λ I].
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lstsq.h"

enum { BLOCK = 1024 }; /* rows, so that the residual stays in the cache */

static double element(const void *data, ritz_dtype dtype, int64_t at)
{
    return dtype == RITZ_F32 ? (double)((const float *)data)[at] : ((const double *)data)[at];
}

/* What an answer leaves: ‖r‖², and g = Aᵀr. */
struct rest {
    long double squares;
    long double *g;
};

static void add_block(const struct lstsq_problem *p, int64_t first, int64_t rows, const double *x,
                      struct rest *rest)
{
    const struct bench_problem *b = &p->base;
    long double r[BLOCK];
    for (int64_t i = 0; i < rows; i++) r[i] = (long double)element(b->in[1], b->dtype, first + i);
    for (int64_t j = 0; j < p->c.n; j++)
        for (int64_t i = 0; i < rows; i++)
            r[i] -= (long double)element(b->in[0], b->dtype, first + i + j * p->c.m) *
                    (long double)x[j];
    for (int64_t j = 0; j < p->c.n; j++) {
        long double sum = 0;
        for (int64_t i = 0; i < rows; i++)
            sum += (long double)element(b->in[0], b->dtype, first + i + j * p->c.m) * r[i];
        rest->g[j] += sum;
    }
    for (int64_t i = 0; i < rows; i++) rest->squares += r[i] * r[i];
}

/* y = (‖x‖² (RᵀR + λI) + ρ² I)^(-1/2) g up to rotation, by QR of its square root: the norm of y.
 * Destroys g. */
static double weighted_norm(const struct lstsq_problem *p, double norm_x, double shift, double *g)
{
    const int n = (int)p->c.n;
    double *stack = calloc(2 * (size_t)n * (size_t)n, sizeof *stack);
    double *tau = calloc((size_t)n, sizeof *tau);
    double norm = INFINITY;
    for (int64_t j = 0; stack && j < n; j++) {
        double *column = stack + 2 * j * n;
        for (int64_t i = 0; i <= j; i++) column[i] = norm_x * p->R[i + j * n];
        column[n + j] = shift;
    }
    if (stack && tau && !LAPACKE_dgeqrf(LAPACK_COL_MAJOR, 2 * n, n, stack, 2 * n, tau)) {
        cblas_dtrsv(CblasColMajor, CblasUpper, CblasTrans, CblasNonUnit, n, stack, 2 * n, g, 1);
        norm = cblas_dnrm2(n, g, 1);
    }
    free(stack);
    free(tau);
    return norm;
}

static double frobenius(const struct lstsq_problem *p, double lambda)
{
    const int n = (int)p->c.n;
    const double norm = cblas_dnrm2(n * n, p->R, 1);
    return sqrt(norm * norm + n * lambda);
}

static double backward_error(const struct lstsq_problem *p, const double *x, double lambda)
{
    const int n = (int)p->c.n;
    const double norm_x = cblas_dnrm2(n, x, 1);
    struct rest rest = {0, calloc((size_t)n, sizeof(long double))};
    double *g = calloc((size_t)n, sizeof *g);
    double error = INFINITY;
    if (rest.g && g && isfinite(norm_x)) {
        for (int64_t first = 0; first < p->c.m; first += BLOCK)
            add_block(p, first, p->c.m - first < BLOCK ? p->c.m - first : BLOCK, x, &rest);
        for (int j = 0; j < n; j++)
            g[j] = (double)(rest.g[j] - (long double)lambda * (long double)x[j]);
        const double squares = (double)rest.squares + lambda * norm_x * norm_x;
        const double shift = sqrt(norm_x * norm_x * lambda + squares);
        error = weighted_norm(p, norm_x, shift, g) / frobenius(p, lambda);
    }
    free(rest.g);
    free(g);
    return error;
}

static double forward_error(const struct lstsq_problem *p, const double *x)
{
    const int n = (int)p->c.n;
    double sum = 0;
    for (int j = 0; j < n; j++) sum += (x[j] - p->x[j]) * (x[j] - p->x[j]);
    return sqrt(sum) / cblas_dnrm2(n, p->x, 1);
}

struct lstsq_errors lstsq_error(const struct lstsq_problem *p, enum bench_side side)
{
    const int64_t n = p->c.n, count = p->base.shape.k;
    struct lstsq_errors errors = {0, NAN};
    double *x = calloc((size_t)n, sizeof *x);
    for (int64_t k = 0; x && k < count; k++) {
        for (int64_t j = 0; j < n; j++) x[j] = element(p->base.out[side][0], p->c.dtype, j + k * n);
        errors.backward =
            check_worse(errors.backward, backward_error(p, x, p->lambda ? p->lambda[k] : 0));
    }
    /* Of full rank the forward error is the problem's condition, not the method's merit. */
    if (x && !p->lambda && p->c.rank < n) errors.forward = forward_error(p, x);
    if (!x) errors.backward = INFINITY;
    free(x);
    return errors;
}
