/* Principal component analysis by the SVD of the explicitly centred matrix. */
#include "internal.h"

omat oracle_column_means(omat X)
{
    ORACLE_REQUIRE(X.rows >= 1, "the mean of no rows");
    omat mean = omat_create(1, X.cols);
    for (int64_t j = 0; j < X.cols; j++) {
        const long double *x = oracle_col(X, j);
        /* The second pass removes the rounding error of the first. */
        for (int pass = 0; pass < 2; pass++) {
            long double sum = 0;
            for (int64_t i = 0; i < X.rows; i++) sum += x[i] - mean.a[j];
            mean.a[j] += sum / (long double)X.rows;
        }
    }
    return mean;
}

omat oracle_centred(omat X, omat mean)
{
    ORACLE_REQUIRE(mean.rows == 1 && mean.cols == X.cols, "mean is not 1 x n");
    omat C = omat_create(X.rows, X.cols);
    for (int64_t j = 0; j < X.cols; j++)
        for (int64_t i = 0; i < X.rows; i++) OMAT_AT(C, i, j) = OMAT_AT(X, i, j) - mean.a[j];
    return C;
}

omat oracle_covariance(omat X, omat mean, long double divisor)
{
    omat C = oracle_centred(X, mean), Ct = omat_transposed(C);
    omat S = oracle_gemm(1 / divisor, Ct, C, 0, (omat){0});
    omat_destroy(&C);
    omat_destroy(&Ct);
    return S;
}

oracle_pca oracle_pca_fit(omat X, int64_t k, long double divisor)
{
    const int64_t rank = oracle_min(X.rows - 1, X.cols);
    ORACLE_REQUIRE(k >= 0 && k <= oracle_min(X.rows, X.cols), "k is out of range");
    ORACLE_REQUIRE(divisor > 0, "the divisor is not positive");

    oracle_pca p = {.mean = oracle_column_means(X)};
    omat C = oracle_centred(X, p.mean), U, s, V;
    oracle_svd(C, &U, &s, &V);
    omat leading = omat_block(V, 0, 0, V.rows, k);
    p.components = omat_transposed(leading);
    p.singular_values = omat_block(s, 0, 0, k, 1);
    p.variance = omat_create(k, 1);
    p.ratio = omat_create(k, 1);
    p.total = oracle_dot(C.rows * C.cols, C.a, C.a) / divisor;
    for (int64_t i = 0; i < k; i++) {
        p.variance.a[i] = s.a[i] * s.a[i] / divisor;
        p.ratio.a[i] = p.total > 0 ? p.variance.a[i] / p.total : 0;
    }
    /* From the discarded values themselves: the difference total - kept would cancel. */
    for (int64_t i = k; i < rank; i++)
        p.noise += s.a[i] * s.a[i] / divisor / (long double)(rank - k);
    omat_destroy(&C);
    omat_destroy(&U);
    omat_destroy(&s);
    omat_destroy(&V);
    omat_destroy(&leading);
    return p;
}

void oracle_pca_destroy(oracle_pca *p)
{
    omat_destroy(&p->mean);
    omat_destroy(&p->components);
    omat_destroy(&p->singular_values);
    omat_destroy(&p->variance);
    omat_destroy(&p->ratio);
    *p = (oracle_pca){0};
}
