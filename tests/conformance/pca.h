/* What the tests of principal component analysis share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_PCA_H
#define RITZ_TESTS_CONFORMANCE_PCA_H

#include "conformance/harness.h"

/* "auto", "covariance", ... */
extern const char *const pca_method_names[];

/* A fitted model, and what it holds on the host. */
struct fit {
    ritz_pca *pca;
    ritz_pca_report report;
    omat components, mean, variance, singular; /* k x n; columns of n, k, k */
};

/* Fit; false if that failed (the case has then failed). */
bool fit_rows(const struct place *p, ritz_rows rows, const ritz_pca_options *opts, struct fit *f);
/* Destroy the model and what was fetched of it. */
void forget_fit(const struct place *p, struct fit *f);

/* N x n with a spectrum that falls by `decay` from one value to the next, around a mean: `offset`
 * times the first deviation. */
omat make_data(uint64_t seed, int64_t N, int64_t n, double decay, double offset);

/* All components of X by the oracle; kept for the next time. */
const oracle_pca *reference_pca(omat X, double divisor);

/* Judge mean, components, variances and report; `dtype`: of computation. */
void check_fit(ritz_dtype dtype, omat X, int64_t k, double divisor, const struct fit *f);

/* (X - 1 meanᵀ) Vᵀ of the model as it is. */
omat scores_of(const struct fit *f, omat X);
/* Divide scores by the deviations; components with a variance below `least` of the first give
 * 0. */
void whiten_scores(const struct fit *f, omat Y, double least);

/* The largest difference of two matrices; +Inf if their shapes differ. */
double largest_difference(omat a, omat b);
/* error / scale; 0 / 0 is perfect. */
double error_quotient(double error, double scale);

/* The two halves of the group: pca.c and pca_sources.c. */
void test_pca_sources(const struct place *p);

#endif
