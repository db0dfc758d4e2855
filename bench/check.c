/* Whether an answer is right, at a cost that does not outgrow the operation's.
 *
 * A product is compared through its action on a vector of random signs (Freivalds, Probabilistic
 * machines can use less running time, IFIP Congress 1977): O(n²) work, in float64, with plain
 * loops that share no code with Ritz or a BLAS. The allowed distance is a small multiple of what
 * rounding errors of random sign leave, so that one wrong element of ordinary size is seen.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"

struct check_matrix check_in(const struct bench_problem *p, int which, int64_t item)
{
    const struct bench_extent e = p->in_extent[which];
    return (struct check_matrix){bench_in(p, which, item), p->dtype, e.rows, e.cols, CHECK_GENERAL};
}

struct check_matrix check_out(const struct bench_problem *p, enum bench_side side, int which,
                              int64_t item)
{
    const struct bench_extent e = p->out_extent[which];
    return (struct check_matrix){bench_out(p, side, which, item), p->dtype, e.rows, e.cols,
                                 CHECK_GENERAL};
}

double check_rare(int64_t n)
{
    return 1 + 16 / (double)(n > 0 ? n : 1);
}

double check_eps(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

double check_worse(double a, double b)
{
    if (isnan(a) || isnan(b)) return INFINITY;
    return a > b ? a : b;
}

static double element(struct check_matrix A, int64_t i, int64_t j)
{
    const int64_t at = i + j * A.rows;
    if (A.kind == CHECK_UNIT_LOWER && i == j) return 1;
    return A.dtype == RITZ_F32 ? (double)((const float *)A.data)[at] : ((const double *)A.data)[at];
}

/* First row of column j that is looked at. */
static int64_t first_row(struct check_matrix A, int64_t j)
{
    return A.kind == CHECK_GENERAL || A.kind == CHECK_UPPER ? 0 : j;
}

/* The row after the last. */
static int64_t end_row(struct check_matrix A, int64_t j)
{
    return A.kind == CHECK_UPPER && j < A.rows ? j + 1 : A.rows;
}

double *check_apply(struct check_matrix A, int transposed, const double *x)
{
    const int64_t length = transposed ? A.cols : A.rows;
    double *y = x ? calloc((size_t)length, sizeof *y) : NULL;
    if (!y) return NULL;
    for (int64_t j = 0; j < A.cols; j++) {
        double sum = 0;
        for (int64_t i = first_row(A, j); i < end_row(A, j); i++) {
            const double a = element(A, i, j);
            if (transposed)
                sum += a * x[i];
            else
                y[i] += a * x[j];
            if (A.kind == CHECK_SYMMETRIC_LOWER && i > j) y[j] += a * x[i];
        }
        if (transposed) y[j] += sum;
    }
    return y;
}

double *check_signs(int64_t n)
{
    double *x = calloc((size_t)n, sizeof *x);
    uint64_t state = 20241;
    for (int64_t i = 0; x && i < n; i++) x[i] = bench_uniform(&state) < 0 ? -1 : 1;
    return x;
}

double check_norm(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

double check_frobenius(struct check_matrix A)
{
    double sum = 0;
    for (int64_t j = 0; j < A.cols; j++) {
        for (int64_t i = first_row(A, j); i < end_row(A, j); i++) {
            const double a = element(A, i, j);
            sum += (A.kind == CHECK_SYMMETRIC_LOWER && i > j ? 2 : 1) * a * a;
        }
    }
    return sqrt(sum);
}

double check_distance(const double *x, const double *y, int64_t n, double allowed)
{
    if (!x || !y) return INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return isfinite(sum) ? sqrt(sum) / allowed : INFINITY;
}

void check_scale(struct check_matrix values, double *x)
{
    for (int64_t i = 0; x && i < values.rows; i++) x[i] *= element(values, i, 0);
}

double check_orthonormal(struct check_matrix Q)
{
    double *x = check_signs(Q.cols);
    double *Qx = check_apply(Q, 0, x);
    double *QtQx = check_apply(Q, 1, Qx);
    const double n = (double)Q.cols;
    /* ‖QᵀQ - I‖_F <= 30 n u, as the conformance suite has it; ‖x‖ = sqrt(n). */
    const double error = check_distance(QtQx, x, Q.cols, 15 * n * check_eps(Q.dtype) * sqrt(n));
    free(x);
    free(Qx);
    free(QtQx);
    return error;
}

double check_order(struct check_matrix values, int descending)
{
    for (int64_t i = 0; i < values.rows; i++) {
        const double here = element(values, i, 0);
        if (!isfinite(here)) return INFINITY;
        if (i == 0) continue;
        const double before = element(values, i - 1, 0);
        if (descending ? here > before : here < before) return INFINITY;
    }
    return 0;
}
