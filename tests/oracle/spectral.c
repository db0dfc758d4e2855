/* Symmetric eigenproblem by the cyclic Jacobi method (Golub and Van Loan 2013, section 8.5), SVD by
 * its one-sided form (Hestenes 1958; ibid. section 8.6.3). Slow, short, and very accurate. */
#include "internal.h"

#include <math.h>

enum { MAX_SWEEPS = 100 }; /* quadratic convergence needs about ten */

/* The rotation by the smaller angle that makes [app apq; apq aqq] diagonal; returns its tangent. */
static long double jacobi_rotation(long double app, long double apq, long double aqq,
                                   long double *c, long double *s)
{
    long double theta = (aqq - app) / (2 * apq);
    long double t = (theta < 0 ? -1 : 1) / (fabsl(theta) + hypotl(1, theta));
    *c = 1 / hypotl(1, t);
    *s = t * *c;
    return t;
}

/* Reorders vectors so that keys ascend (by = 1) or descend (by = -1). Selection sort: each vector
 * moves at most once or twice, whatever its length. Second may be empty. */
static void sort_columns(omat keys, int by, omat first, omat second)
{
    for (int64_t i = 0; i < keys.rows; i++) {
        int64_t best = i;
        for (int64_t j = i + 1; j < keys.rows; j++)
            if (by * keys.a[j] < by * keys.a[best]) best = j;
        if (best == i) continue;
        long double key = keys.a[i];
        keys.a[i] = keys.a[best];
        keys.a[best] = key;
        /* A quarter turn exchanges two columns, up to a sign, which is chosen last of all. */
        oracle_rotate(first.rows, 0, 1, oracle_col(first, i), oracle_col(first, best));
        if (second.a)
            oracle_rotate(second.rows, 0, 1, oracle_col(second, i), oracle_col(second, best));
    }
}

void oracle_fix_signs(omat U, omat V)
{
    for (int64_t j = 0; j < V.cols; j++) {
        const long double *v = oracle_col(V, j);
        int64_t top = 0;
        for (int64_t i = 1; i < V.rows; i++)
            if (fabsl(v[i]) > fabsl(v[top])) top = i;
        if (V.rows == 0 || v[top] >= 0) continue;
        for (int64_t i = 0; i < V.rows; i++) OMAT_AT(V, i, j) *= -1;
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(U, i, j) *= -1;
    }
}

int64_t oracle_sign_violation(omat V)
{
    for (int64_t j = 0; j < V.cols; j++) {
        const long double *v = oracle_col(V, j);
        int64_t top = 0;
        for (int64_t i = 0; i < V.rows; i++) {
            if (isnan(v[i])) return j;
            if (fabsl(v[i]) > fabsl(v[top])) top = i;
        }
        if (V.rows > 0 && v[top] < 0) return j;
    }
    return -1;
}

void oracle_eig(omat A, omat *w, omat *V)
{
    omat S = oracle_symmetric(ORACLE_LOWER, A);
    ORACLE_REQUIRE(omat_is_finite(S), "an entry is not finite");
    const int64_t n = S.rows;
    /* Far below any tested precision; keeps the rounding noise of a singular matrix from being
     * diagonalised to no end. */
    const long double negligible = 0x1p-30L * LDBL_EPSILON * oracle_norm_fro(S);
    bool rotated = n > 1;
    *V = omat_identity(n, n);
    for (int sweep = 0; rotated; sweep++) {
        ORACLE_REQUIRE(sweep < MAX_SWEEPS, "Jacobi did not converge");
        rotated = false;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                long double app = OMAT_AT(S, p, p), aqq = OMAT_AT(S, q, q);
                long double apq = OMAT_AT(S, p, q), c, s;
                if (fabsl(apq) <= negligible ||
                    fabsl(apq) <= LDBL_EPSILON * sqrtl(fabsl(app)) * sqrtl(fabsl(aqq)))
                    continue;
                rotated = true;
                long double t = jacobi_rotation(app, apq, aqq, &c, &s);
                oracle_rotate(n, c, s, oracle_col(S, p), oracle_col(S, q));
                for (int64_t i = 0; i < n; i++) {
                    OMAT_AT(S, p, i) = OMAT_AT(S, i, p);
                    OMAT_AT(S, q, i) = OMAT_AT(S, i, q);
                }
                OMAT_AT(S, p, p) = app - t * apq;
                OMAT_AT(S, q, q) = aqq + t * apq;
                OMAT_AT(S, p, q) = OMAT_AT(S, q, p) = 0;
                oracle_rotate(n, c, s, oracle_col(*V, p), oracle_col(*V, q));
            }
    }
    *w = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++) w->a[i] = OMAT_AT(S, i, i);
    sort_columns(*w, 1, *V, (omat){0});
    oracle_fix_signs((omat){0}, *V);
    omat_destroy(&S);
}

static void clear_if_negligible(omat W, int64_t j, long double negligible)
{
    long double *x = oracle_col(W, j);
    if (sqrtl(oracle_dot(W.rows, x, x)) > negligible) return;
    for (int64_t i = 0; i < W.rows; i++) x[i] = 0;
}

/* Rotates the columns of W (m x n), and those of V with them, until they are orthogonal. */
static void orthogonalise_columns(omat W, omat V)
{
    const int64_t m = W.rows, n = W.cols;
    /* The rounding error of a dot product of length m; a smaller demand could never be met. */
    const long double tolerance = 8 * sqrtl((long double)m) * LDBL_EPSILON;
    /* Of two equal columns one becomes the rounding error of the other, and then the rounding error
     * of that, without
     * end: what is smaller than any accuracy that is claimed here counts as zero. */
    const long double negligible = powl(LDBL_EPSILON, 4) * oracle_norm_fro(W);
    bool rotated = n > 1;
    for (int sweep = 0; rotated; sweep++) {
        ORACLE_REQUIRE(sweep < MAX_SWEEPS, "Jacobi did not converge");
        rotated = false;
        for (int64_t p = 0; p < n; p++) clear_if_negligible(W, p, negligible);
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                long double *x = oracle_col(W, p), *y = oracle_col(W, q), c, s;
                long double xx = 0, xy = 0, yy = 0;
                for (int64_t i = 0; i < m; i++) { /* one loop: three sums in parallel */
                    xx += x[i] * x[i];
                    xy += x[i] * y[i];
                    yy += y[i] * y[i];
                }
                if (fabsl(xy) <= tolerance * sqrtl(xx) * sqrtl(yy)) continue;
                rotated = true;
                (void)jacobi_rotation(xx, xy, yy, &c, &s);
                oracle_rotate(m, c, s, x, y);
                oracle_rotate(n, c, s, oracle_col(V, p), oracle_col(V, q));
            }
    }
}

/* Fills column j of U with a unit vector orthogonal to columns 0 .. j-1. */
static void complete_basis(omat U, int64_t j)
{
    const int64_t m = U.rows;
    int64_t best = 0;
    long double least = (long double)INFINITY;
    for (int64_t i = 0; i < m; i++) { /* the coordinate vector that the basis covers least */
        long double covered = 0;
        for (int64_t l = 0; l < j; l++) covered += OMAT_AT(U, i, l) * OMAT_AT(U, i, l);
        if (covered < least) {
            least = covered;
            best = i;
        }
    }
    long double *u = oracle_col(U, j);
    for (int64_t i = 0; i < m; i++) u[i] = i == best;
    for (int pass = 0; pass < 2; pass++) /* twice is enough (Parlett 1980, section 6.9) */
        for (int64_t l = 0; l < j; l++)
            oracle_axpy(m, -oracle_dot(m, oracle_col(U, l), u), oracle_col(U, l), u);
    long double norm = sqrtl(oracle_dot(m, u, u));
    for (int64_t i = 0; i < m; i++) u[i] /= norm;
}

/* The SVD of A (m x n) with m >= n. */
static void svd_tall(omat A, omat *U, omat *s, omat *V)
{
    const int64_t m = A.rows, n = A.cols;
    *U = omat_copy(A);
    *V = omat_identity(n, n);
    *s = omat_create(n, 1);
    orthogonalise_columns(*U, *V);
    for (int64_t j = 0; j < n; j++)
        s->a[j] = sqrtl(oracle_dot(m, oracle_col(*U, j), oracle_col(*U, j)));
    sort_columns(*s, -1, *U, *V);
    for (int64_t j = 0; j < n; j++) {
        if (s->a[j] == 0)
            complete_basis(*U, j);
        else
            for (int64_t i = 0; i < m; i++) OMAT_AT(*U, i, j) /= s->a[j];
    }
}

void oracle_svd(omat A, omat *U, omat *s, omat *V)
{
    ORACLE_REQUIRE(omat_is_finite(A), "an entry is not finite");
    if (A.rows >= A.cols) {
        svd_tall(A, U, s, V);
    } else {
        omat At = omat_transposed(A);
        svd_tall(At, V, s, U);
        omat_destroy(&At);
    }
    oracle_fix_signs(*U, *V);
}

long double oracle_subspace_sine(omat U, omat V)
{
    if (U.rows != V.rows || V.cols > U.cols || !omat_is_finite(U) || !omat_is_finite(V))
        return (long double)INFINITY;
    omat Ut = omat_transposed(U);
    omat UtV = oracle_product(Ut, V);
    omat rest = oracle_gemm(-1, U, UtV, 1, V);
    long double sine = oracle_norm_two(rest);
    omat_destroy(&Ut);
    omat_destroy(&UtV);
    omat_destroy(&rest);
    return sine;
}
