/* What a route has found, as a model and a report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/pca.h"

double pca_gram_limit(ritz_dtype dtype)
{
    return 1e3 * ritz_algo_roundoff(dtype);
}

static double divisor(const struct pca_fit *f)
{
    return (double)(f->opts.population ? f->N : f->N - 1);
}

/* Σ σ_i² of i = from .. to-1, the small ones first. */
static double sum_of_squares(const struct pca_fit *f, int64_t from, int64_t to)
{
    double sum = 0;
    for (int64_t i = to - 1; i >= from; i--) sum += f->sigma[i] * f->sigma[i];
    return sum;
}

/* ---- how many components ----------------------------------------------------------------- */

int pca_demands(const struct pca_fit *f)
{
    return f->opts.variance > 0 || f->opts.tolerance > 0;
}

/* The part of ‖Xc‖_F² that may be lost. */
static double allowed_loss(const struct pca_fit *f)
{
    return f->opts.tolerance > 0 ? f->opts.tolerance * f->opts.tolerance : 1 - f->opts.variance;
}

/* ‖Xc‖_F² less the squares of all known singular values. */
static double unknown_rest(const struct pca_fit *f)
{
    if (f->cut > 0 || f->known == f->most) return f->cut;
    const double rest = f->sumsq - sum_of_squares(f, 0, f->known);
    return rest > 0 ? rest : 0;
}

/* ‖Xc‖_F² less the squares of the first k: the lost part itself is added up, as far as it is known,
 * so that a small one has its digits. */
static double loss(const struct pca_fit *f, int64_t k)
{
    return unknown_rest(f) + sum_of_squares(f, k, f->known);
}

int pca_explains(const struct pca_fit *f, int64_t k)
{
    return k <= f->known && loss(f, k) <= allowed_loss(f) * f->sumsq;
}

int64_t pca_components(const struct pca_fit *f)
{
    if (!pca_demands(f)) return f->want;
    /* From behind, as long as what is lost is little enough. */
    const double allowed = allowed_loss(f) * f->sumsq;
    int64_t k = min_i64(f->known, f->V.cols);
    double lost = loss(f, k);
    while (k > 1) {
        lost += f->sigma[k - 1] * f->sigma[k - 1];
        if (lost > allowed) break;
        k--;
    }
    return k;
}

/* ---- the report -------------------------------------------------------------------------- */

/* What is cut off is a bound for what it adds to the error; rounding adds to that. */
static void describe_error(const struct pca_fit *f, double lost, ritz_pca_report *r)
{
    const double u = ritz_algo_roundoff(f->dtype);
    const double relative = f->sumsq > 0 ? lost / f->sumsq : 0;
    r->error_kind = RITZ_ERROR_EXACT;
    r->error = sqrt(relative);
    r->resolution = sqrt(2 * u);
    if (f->cut == 0) return;
    const double rounding = 20 * u * sqrt(1 + f->updates);
    r->error_kind = RITZ_ERROR_BOUND;
    r->error = sqrt(relative + rounding);
    r->resolution = sqrt(rounding);
}

static void describe(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    const double u = ritz_algo_roundoff(f->dtype), larger = (double)(f->N > f->n ? f->N : f->n);
    const double first = f->sigma[0], kept = sum_of_squares(f, 0, k), lost = loss(f, k);

    r->method_name = pca_method_name(r->method);
    r->rows = f->N;
    r->cols = f->n;
    r->components = k;
    r->passes = f->passes;
    for (r->rank = 0; r->rank < k; r->rank++)
        if (f->sigma[r->rank] <= larger * 2 * u * first) break;
    describe_error(f, lost, r);
    r->value_accuracy = f->accuracy > 0                 ? f->accuracy
                        : pca_method_squares(r->method) ? pca_gram_limit(f->dtype)
                                                        : pow((double)f->n * u, 2);
    r->total_variance = f->sumsq / divisor(f);
    r->explained = f->sumsq > 0 ? kept / f->sumsq : 0;
    if (r->explained > 1) r->explained = 1;
    const int64_t possible = f->N - 1 < f->n ? f->N - 1 : f->n;
    r->noise_variance = possible > k ? lost / divisor(f) / (double)(possible - k) : 0;

    r->gap = 0;
    if (k < f->known && f->sigma[k] > 0) r->gap = f->sigma[k - 1] / f->sigma[k];
    pca_guidance(f, k, r);
}

/* ---- the model --------------------------------------------------------------------------- */

static ritz_status upload_vector(ritz_stream *s, double *values, int64_t k, ritz_dmat *v)
{
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, k, 1, v));
    return ritz_upload(s, ritz_hmat_wrap(values, RITZ_F64, k, 1, RITZ_COL_MAJOR), *v);
}

/* Components, singular values, variances and deviations; `scratch` has room for 2k numbers and
 * lives until the stream has passed. */
static ritz_status build(struct pca_fit *f, int64_t k, double *scratch, struct ritz_pca *p)
{
    double *variance = scratch, *deviation = scratch + k;
    const double larger = (double)(f->N > f->n ? f->N : f->n);
    const double least = larger * 2 * ritz_algo_roundoff(f->dtype);
    for (int64_t i = 0; i < k; i++) {
        variance[i] = f->sigma[i] * f->sigma[i] / divisor(f);
        deviation[i] = variance[i] > least * variance[0] ? sqrt(variance[i]) : 0;
    }
    RITZ_TRY(upload_vector(f->s, f->sigma, k, &p->singular));
    RITZ_TRY(upload_vector(f->s, variance, k, &p->variance));
    RITZ_TRY(upload_vector(f->s, deviation, k, &p->deviation));
    RITZ_TRY(ritz_dmat_create(f->s, f->dtype, RITZ_ROW_MAJOR, k, f->n, &p->components));
    RITZ_TRY(ritz_op_copy(f->s, ritz_t(ritz_cols(f->V, 0, k)), p->components));
    /* Rounding to T may have made two entries equally large: the rule holds for what is
     * delivered. */
    return ritz_op_sign_cols(f->s, ritz_t(p->components), RITZ_NO_MAT);
}

ritz_status pca_open_model(struct pca_fit *f, struct ritz_pca *p)
{
    RITZ_TRY(ritz_dmat_create(f->s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, &p->mean));
    f->mean = p->mean;
    f->sigma = malloc(((size_t)f->most + 1) * sizeof *f->sigma);
    RITZ_REQUIRE(f->sigma, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " singular values",
                 f->most);
    return RITZ_OK;
}

ritz_status pca_close_model(struct pca_fit *f, struct ritz_pca *p, ritz_pca_report *r)
{
    ritz_status rc;
    const int64_t k = pca_components(f);
    double *scratch = malloc(2 * (size_t)k * sizeof *scratch);
    RITZ_REQUIRE(scratch, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " variances", k);
    describe(f, k, r);
    RITZ_TRY_OUT(build(f, k, scratch, p));
    RITZ_TRY_OUT(ritz_stream_sync(f->s));
out:
    if (rc != RITZ_OK) (void)f->s->device->backend->stream_sync(f->s);
    free(scratch);
    return rc;
}
