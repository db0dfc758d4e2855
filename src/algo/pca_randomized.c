/* Principal components by the randomized SVD of the centred data, an operator that is never formed.
 *
 * Source: Halko, Martinsson, Tropp 2011, section 5.
 * Traffic: the data 2q + 2 times, once for the mean and once for ‖Xc‖_F².
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/pca.h"

enum { POWER_ITERATIONS = 4, FIRST_TRY = 32 };

/* The leading k triplets into sigma (and k + 1 values where the sketch has them). */
static ritz_status sketch_once(struct pca_fit *f, const ritz_linop *Xc, int64_t k)
{
    ritz_stream *s = f->s;
    struct ritz_algo_sketch sketch;
    const ritz_sketch_options opts = {
        .size = sizeof opts,
        .oversampling = f->opts.oversampling,
        .power_iterations = f->opts.power_iterations ? f->opts.power_iterations : POWER_ITERATIONS,
        .seed = f->opts.seed,
    };
    RITZ_TRY(ritz_algo_sketch_options(&opts, k, f->N, f->n, &sketch));
    f->passes += 2 * sketch.power_iterations + 2;
    const int64_t values = k < sketch.sample_size ? k + 1 : k;
    double info = 0;
    ritz_dmat S, verdict;
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, f->n, k, 1, &f->V));

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, values, 1, 1, &S));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, verdict));
    RITZ_TRY_OUT(ritz_algo_svd_randomized(s, Xc, &sketch, RITZ_NO_MAT, S, f->V,
                                          ritz_row_range(verdict, 0, 1),
                                          ritz_row_range(verdict, 1, 1)));
    RITZ_TRY_OUT(pca_fetch(f, ritz_row_range(verdict, 1, 1), &info));
    RITZ_TRY_OUT(pca_fetch(f, S, f->sigma));
    f->known = values;
out:
    ritz_work_release(s, mark);
    RITZ_TRY(rc);
    if (info < 0) RITZ_TRY(pca_find_bad_row(f));
    RITZ_REQUIRE(info == 0, RITZ_ERR_NOT_CONVERGED,
                 info < 0 ? "the products with the sketch overflow %s; scale the features"
                          : "the singular value decomposition in %s did not converge",
                 ritz_dtype_name(f->dtype));
    return RITZ_OK;
}

static int explains(const struct pca_fit *f, int64_t k)
{
    double sum = 0;
    for (int64_t i = 0; i < k; i++) sum += f->sigma[i] * f->sigma[i];
    return sum >= f->opts.variance * f->sumsq;
}

ritz_status pca_by_sketch(struct pca_fit *f)
{
    ritz_dmat A, sumsq;
    RITZ_TRY(pca_all_rows(f, &A));
    RITZ_TRY(pca_mean(f, A));
    const ritz_linop Xc = {.kind = RITZ_LINOP_CENTRED,
                           .dtype = f->dtype,
                           .rows = f->N,
                           .cols = f->n,
                           .A = A,
                           .mean = f->mean};
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &sumsq));
    RITZ_TRY(ritz_algo_linop_sumsq(f->s, &Xc, sumsq));
    RITZ_TRY(pca_fetch(f, sumsq, &f->sumsq));
    f->passes++;
    RITZ_TRY(pca_progress(f, "randomized", 0));
    if (f->opts.variance == 0) return sketch_once(f, &Xc, f->want);

    /* A fraction of variance: double k until the exact total proves that it is reached. */
    for (int64_t k = FIRST_TRY;; k *= 2) {
        if (k > f->most) k = f->most;
        RITZ_TRY(sketch_once(f, &Xc, k));
        if (k == f->most || explains(f, k)) break;
        RITZ_TRY(pca_progress(f, "randomized", 0));
    }
    return RITZ_OK;
}
