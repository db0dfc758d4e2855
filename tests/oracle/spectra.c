/* Test matrices with a given spectrum: random orthonormal factors around a diagonal. */
#include "internal.h"

#include <math.h>

/* Streams for the two factors of one matrix. */
enum { LEFT = 1, RIGHT = 2 };

omat matgen_orthonormal(uint64_t seed, int64_t m, int64_t n)
{
    ORACLE_REQUIRE(n <= m, "more columns than rows");
    omat G = matgen_gaussian(seed, m, n), Q, R;
    oracle_qr(G, &Q, &R);
    omat_destroy(&G);
    omat_destroy(&R);
    return Q;
}

omat matgen_rank(uint64_t seed, int64_t m, int64_t n, int64_t r)
{
    omat L = matgen_gaussian(matgen_word(seed, LEFT), m, r);
    omat R = matgen_gaussian(matgen_word(seed, RIGHT), r, n);
    omat A = oracle_product(L, R);
    omat_destroy(&L);
    omat_destroy(&R);
    return A;
}

static long double spectrum_value(matgen_shape shape, int64_t i, int64_t n, long double kappa)
{
    long double part = (long double)i / (long double)(n - 1);
    switch (shape) {
    case MATGEN_GEOMETRIC: return powl(kappa, -part);
    case MATGEN_ARITHMETIC: return 1 - (1 - 1 / kappa) * part;
    case MATGEN_CLUSTERED: return i == 0 ? 1 : 1 / kappa;
    case MATGEN_ONE_SMALL: return i < n - 1 ? 1 : 1 / kappa;
    case MATGEN_REPEATED: return 2 * i < n ? 1 : 1 / kappa;
    }
    oracle_misused(__func__, "no such spectrum");
}

omat matgen_spectrum(matgen_shape shape, int64_t n, long double kappa)
{
    ORACLE_REQUIRE(kappa >= 1, "kappa is below 1");
    omat s = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++) s.a[i] = n > 1 ? spectrum_value(shape, i, n, kappa) : 1;
    return s;
}

omat matgen_spectrum_rank(int64_t n, int64_t r, long double tail)
{
    ORACLE_REQUIRE(r >= 0 && r <= n, "the rank is out of range");
    omat s = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++)
        s.a[i] = i < r ? 1 - (long double)i / (long double)(2 * r) : tail;
    return s;
}

/* U diag(d) V', m x n. */
static omat assemble(omat U, omat d, omat V)
{
    omat Ud = omat_copy(U), Vt = omat_transposed(V);
    for (int64_t j = 0; j < U.cols; j++)
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(Ud, i, j) *= d.a[j];
    omat A = oracle_product(Ud, Vt);
    omat_destroy(&Ud);
    omat_destroy(&Vt);
    return A;
}

omat matgen_with_singular_values(uint64_t seed, int64_t m, int64_t n, omat s)
{
    const int64_t k = oracle_min(m, n);
    ORACLE_REQUIRE(s.rows == k && s.cols == 1, "s is not min(m, n) x 1");
    omat U = matgen_orthonormal(matgen_word(seed, LEFT), m, k);
    omat V = matgen_orthonormal(matgen_word(seed, RIGHT), n, k);
    omat A = assemble(U, s, V);
    omat_destroy(&U);
    omat_destroy(&V);
    return A;
}

omat matgen_with_eigenvalues(uint64_t seed, omat w)
{
    ORACLE_REQUIRE(w.cols == 1 || w.rows == 0, "w is not n x 1");
    omat V = matgen_orthonormal(seed, w.rows, w.rows);
    omat B = assemble(V, w, V);
    omat A = oracle_symmetric(ORACLE_LOWER, B);
    omat_destroy(&V);
    omat_destroy(&B);
    return A;
}

omat matgen_spd(uint64_t seed, int64_t n, matgen_shape shape, long double kappa)
{
    omat w = matgen_spectrum(shape, n, kappa);
    omat A = matgen_with_eigenvalues(seed, w);
    omat_destroy(&w);
    return A;
}
