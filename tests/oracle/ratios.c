/* The comparators: a result of Ritz in, one number out. Every maximum runs through oracle_worst,
 * because a comparison with NaN is false and would let NaN pass. */
#include "internal.h"

#include <math.h>
#include <stddef.h>

double oracle_worst(double seen, double next)
{
    if (isnan(seen) || isnan(next)) return (double)INFINITY;
    return next > seen ? next : seen;
}

/* error / scale, where 0/0 is a perfect result and error/0 an infinitely bad one. */
static double quotient(long double error, long double scale)
{
    if (isnan(error) || isnan(scale) || isinf(error) || isinf(scale)) return (double)INFINITY;
    if (error == 0) return 0;
    return scale > 0 ? (double)(error / scale) : (double)INFINITY;
}

static bool has_shape(omat A, int64_t rows, int64_t cols)
{
    return A.rows == rows && A.cols == cols;
}

/* ---- gemm, syrk ------------------------------------------------------------------------------ */

struct rounding {
    double eps, out_unit, out_tiny;
};

/* The largest ratio over the entries for which both triangles are wanted, or the one of uplo. */
static double product_ratio(const oracle_uplo *uplo, omat exact, omat scale, omat got,
                            struct rounding r)
{
    double worst = 0;
    for (int64_t j = 0; j < exact.cols; j++)
        for (int64_t i = 0; i < exact.rows; i++) {
            if (uplo && (*uplo == ORACLE_LOWER ? i < j : i > j)) continue;
            long double want = OMAT_AT(exact, i, j);
            long double error = fabsl(OMAT_AT(got, i, j) - want);
            long double granted = r.out_unit * fabsl(want) + r.out_tiny;
            if (granted > 0 && isfinite(error)) error = fmaxl(0, error - granted);
            worst = oracle_worst(worst, quotient(error, OMAT_AT(scale, i, j) * r.eps));
        }
    return worst;
}

double oracle_gemm_ratio_rounded(long double alpha, omat A, omat B, long double beta, omat C,
                                 omat got, double eps, double out_unit, double out_tiny)
{
    if (!has_shape(got, A.rows, B.cols)) return (double)INFINITY;
    omat exact = oracle_gemm(alpha, A, B, beta, C);
    omat scale = oracle_gemm_scale(alpha, A, B, beta, C);
    double worst =
        product_ratio(NULL, exact, scale, got, (struct rounding){eps, out_unit, out_tiny});
    omat_destroy(&exact);
    omat_destroy(&scale);
    return worst;
}

double oracle_gemm_ratio(long double alpha, omat A, omat B, long double beta, omat C, omat got,
                         double eps)
{
    return oracle_gemm_ratio_rounded(alpha, A, B, beta, C, got, eps, 0, 0);
}

double oracle_syrk_ratio(oracle_uplo uplo, long double alpha, omat A, long double beta, omat C,
                         omat got, double eps)
{
    if (!has_shape(got, A.rows, A.rows)) return (double)INFINITY;
    omat At = omat_transposed(A);
    omat exact = oracle_gemm(alpha, A, At, beta, C);
    omat scale = oracle_gemm_scale(alpha, A, At, beta, C);
    double worst = product_ratio(&uplo, exact, scale, got, (struct rounding){.eps = eps});
    omat_destroy(&At);
    omat_destroy(&exact);
    omat_destroy(&scale);
    return worst;
}

/* ---- Factorizations -------------------------------------------------------------------------- */

double oracle_factor_ratio(omat A, omat P, double eps)
{
    if (!has_shape(P, A.rows, A.cols)) return (double)INFINITY;
    omat difference = oracle_add(A, -1, P);
    long double dim = (long double)oracle_max(A.rows, A.cols);
    double ratio = quotient(oracle_norm_one(difference), dim * oracle_norm_one(A) * eps);
    omat_destroy(&difference);
    return ratio;
}

double oracle_cholesky_ratio(oracle_uplo uplo, omat A, omat F, double eps)
{
    if (A.rows != A.cols || !has_shape(F, A.rows, A.cols)) return (double)INFINITY;
    omat S = oracle_symmetric(uplo, A);
    omat T = oracle_triangle(uplo, ORACLE_NON_UNIT, F), Tt = omat_transposed(T);
    omat P = uplo == ORACLE_LOWER ? oracle_product(T, Tt) : oracle_product(Tt, T);
    double ratio = oracle_factor_ratio(S, P, eps);
    omat_destroy(&S);
    omat_destroy(&T);
    omat_destroy(&Tt);
    omat_destroy(&P);
    return ratio;
}

double oracle_qr_ratio(omat A, omat Q, omat R, double eps)
{
    if (Q.rows != A.rows || R.cols != A.cols || Q.cols != R.rows) return (double)INFINITY;
    omat T = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, R);
    omat P = oracle_product(Q, T);
    double ratio = oracle_factor_ratio(A, P, eps);
    omat_destroy(&T);
    omat_destroy(&P);
    return ratio;
}

double oracle_svd_ratio(omat A, omat U, omat s, omat V, double eps)
{
    if (U.rows != A.rows || V.rows != A.cols || U.cols != s.rows || V.cols != s.rows ||
        (s.rows > 0 && s.cols != 1))
        return (double)INFINITY;
    omat Us = omat_copy(U), Vt = omat_transposed(V);
    for (int64_t j = 0; j < U.cols; j++)
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(Us, i, j) *= s.a[j];
    omat P = oracle_product(Us, Vt);
    double ratio = oracle_factor_ratio(A, P, eps);
    omat_destroy(&Us);
    omat_destroy(&Vt);
    omat_destroy(&P);
    return ratio;
}

double oracle_eig_ratio(omat A, omat w, omat V, double eps)
{
    if (A.rows != A.cols) return (double)INFINITY;
    omat S = oracle_symmetric(ORACLE_LOWER, A);
    double ratio = oracle_svd_ratio(S, V, w, V, eps);
    omat_destroy(&S);
    return ratio;
}

double oracle_orth_ratio(omat Q, double eps)
{
    if (Q.cols == 0) return 0;
    omat Qt = omat_transposed(Q), gram = oracle_product(Qt, Q);
    for (int64_t i = 0; i < gram.rows; i++) OMAT_AT(gram, i, i) -= 1;
    double ratio = quotient(oracle_norm_fro(gram), (long double)Q.cols * eps);
    omat_destroy(&Qt);
    omat_destroy(&gram);
    return ratio;
}

/* ---- Values, solutions ----------------------------------------------------------------------- */

double oracle_values_ratio(oracle_order order, omat want, omat got, int64_t dim, double eps)
{
    if (!has_shape(got, want.rows, want.cols)) return (double)INFINITY;
    const int64_t count = want.rows * want.cols;
    const long double scale = oracle_norm_max(want) * (long double)dim * eps;
    double worst = 0;
    for (int64_t i = 0; i < count; i++) {
        if (order == ORACLE_SINGULAR && got.a[i] < 0) return (double)INFINITY;
        if (i > 0 &&
            (order == ORACLE_ASCENDING ? got.a[i - 1] > got.a[i] : got.a[i - 1] < got.a[i]))
            return (double)INFINITY;
        worst = oracle_worst(worst, quotient(fabsl(got.a[i] - want.a[i]), scale));
    }
    return worst;
}

double oracle_backward_error(omat A, omat X, omat B)
{
    if (X.rows != A.cols || B.rows != A.rows || X.cols != B.cols) return (double)INFINITY;
    omat residual = oracle_gemm(-1, A, X, 1, B);
    const long double norm_a = oracle_norm_one(A);
    double worst = 0;
    for (int64_t j = 0; j < X.cols; j++) {
        omat r = {A.rows, 1, oracle_col(residual, j)};
        omat x = {A.cols, 1, oracle_col(X, j)};
        omat b = {A.rows, 1, oracle_col(B, j)};
        worst = oracle_worst(
            worst, quotient(oracle_norm_one(r), norm_a * oracle_norm_one(x) + oracle_norm_one(b)));
    }
    omat_destroy(&residual);
    return worst;
}

double oracle_solve_ratio(omat A, omat X, omat B, double eps)
{
    double error = oracle_backward_error(A, X, B);
    return error == 0 ? 0 : error / ((double)A.cols * eps);
}
