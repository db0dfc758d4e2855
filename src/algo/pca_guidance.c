/* What the user should know about the components that were found.
 *
 * Source: Davis and Kahan 1970 (subspaces and gaps); Anderson, Asymptotic theory for principal
 * component analysis, Ann. Math. Statist. 34, 1963 (sampling).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/pca.h"

static double square(double x)
{
    return x * x;
}

static const char *type_of(const struct pca_fit *f)
{
    return ritz_dtype_name(f->dtype);
}

/* Is there a gap behind component k, beyond rounding and beyond chance? */
static void judge_gap(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    const double u = ritz_algo_roundoff(f->dtype);
    const double last = square(f->sigma[k - 1]), gap = last - square(f->sigma[k]);
    /* The standard error of a variance that N normal observations give, relative to it. */
    const double chance = sqrt(2 / (double)f->N);
    if (gap <= 1e3 * u * square(f->sigma[0]))
        ritz_algo_append(
            r->warning, sizeof r->warning,
            "the last component and the next have nearly equal variance: which of their "
            "directions is returned is arbitrary.");
    else if (gap < chance * last)
        ritz_algo_append(
            r->warning, sizeof r->warning,
            "the variances of the last component and the next differ by %.1f%%, and their "
            "standard error with %" PRId64 " rows is %.1f%%: in other data of this kind the last "
            "component may be another.",
            100 * gap / last, f->N, 100 * chance);
}

/* Was the sample large enough, and the power iterations enough? */
static void judge_sketch(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    if (f->sample_size == 0) return;
    double tail = f->sumsq;
    for (int64_t i = 0; i < f->known; i++) tail -= square(f->sigma[i]);
    const struct ritz_algo_sample sample = {.values = f->sigma,
                                            .count = f->known,
                                            .k = k,
                                            .most = f->most,
                                            .norm = sqrt(f->sumsq),
                                            .tail = tail > 0 ? tail : 0,
                                            .powers = f->power_iterations,
                                            .dtype = f->dtype};
    ritz_algo_sample_warn_of_powers(&sample, r->warning, sizeof r->warning);
}

static void judge_rounding(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    /* The caller has spoken of methods that square. */
    if (pca_method_squares(r->method)) return;
    if (square(f->sigma[k - 1]) < r->value_accuracy * square(f->sigma[0]))
        ritz_algo_append(
            r->warning, sizeof r->warning,
            "components with a variance below %.1e of the first are lost in rounding: %s.",
            r->value_accuracy,
            f->dtype == RITZ_F64          ? "use method exact"
            : r->method == RITZ_PCA_EXACT ? "use dtype float64"
                                          : "use dtype float64 or method exact");
}

void pca_guidance(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    if (f->sumsq == 0) {
        ritz_algo_append(r->warning, sizeof r->warning,
                         "the data is constant: there is no variance to explain.");
    } else if (r->rank < k) {
        ritz_algo_append(
            r->warning, sizeof r->warning,
            "the data has fewer independent directions in %s than components were asked for.",
            type_of(f));
    } else {
        judge_rounding(f, k, r);
        if (k < f->known) judge_gap(f, k, r);
        judge_sketch(f, k, r);
    }
}
