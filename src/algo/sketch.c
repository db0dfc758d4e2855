/* What the randomized methods have in common: their choices, their error figures, their reports.
 *
 * For an orthonormal Q, the rank-l approximation Q QᵀA and Gaussian vectors w_1 .. w_r:
 *
 *     bound     ‖(I - QQᵀ)A‖ <= 10 sqrt(2/π) max_j ‖(I - QQᵀ)A w_j‖, with probability 1 - 10⁻ʳ
 *               (Halko, Martinsson and Tropp 2011, lemma 4.1)
 *     estimate  ‖(I - QQᵀ)A‖_F² ≈ (1/r) sum_j ‖(I - QQᵀ)A w_j‖²  (its expectation), likewise ‖A‖_F²
 *     identity  ‖A - U S Vᵀ‖_F² = ‖A‖_F² - ‖S‖² when U S Vᵀ = U UᵀA: the difference of two nearly
 *               equal numbers, so that errors below about sqrt(u) ‖A‖_F are not resolved
 *
 * The device computes squares (enum ritz_sketch_figure), the host makes the report of them once the
 * stream has reached that point.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * section 4.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "algo/algo.h"

#define DEFAULT_POWER_ITERATIONS 2
#define DEFAULT_BLOCK INT64_C(32)
#define LEAST_OVERSAMPLING INT64_C(10)

/* What the first structs of programs had. */
#define OPTIONS_FIRST_VERSION offsetof(ritz_sketch_options, tolerance)
#define REPORT_FIRST_VERSION offsetof(ritz_sketch_report, gap)

/* ---- choices ---------------------------------------------------------------------------- */

int64_t ritz_algo_sample_size(int64_t k, int64_t oversampling, int64_t most)
{
    const int64_t tenth = k / 10;
    const int64_t usual = tenth > LEAST_OVERSAMPLING ? tenth : LEAST_OVERSAMPLING;
    const int64_t p = oversampling > 0 ? oversampling : usual;
    return p < most - k ? k + p : most;
}

/* The options that a program of any age means. */
static ritz_sketch_options read_options(const ritz_sketch_options *opts)
{
    ritz_sketch_options o = RITZ_SKETCH_DEFAULTS;
    if (opts != NULL) memcpy(&o, opts, opts->size < sizeof o ? opts->size : sizeof o);
    return o;
}

static ritz_status check_options(const ritz_sketch_options *o)
{
    RITZ_REQUIRE(o->oversampling >= 0, RITZ_ERR_OPTION,
                 "oversampling is %" PRId64 "; it must be positive, or 0 for the default",
                 o->oversampling);
    RITZ_REQUIRE(o->power_iterations >= RITZ_POWER_ITERATIONS_NONE, RITZ_ERR_OPTION,
                 "power_iterations is %d; it must be positive, 0 for the default, or "
                 "RITZ_POWER_ITERATIONS_NONE",
                 o->power_iterations);
    RITZ_REQUIRE(o->tolerance >= 0 && o->tolerance < 1, RITZ_ERR_OPTION,
                 "tolerance is %g; it must be between 0 (the rank is given) and 1, of the "
                 "Frobenius norm",
                 o->tolerance);
    RITZ_REQUIRE(o->block >= 0, RITZ_ERR_OPTION,
                 "block is %" PRId64 "; it must be positive, or 0 for the default", o->block);
    RITZ_REQUIRE(o->method == RITZ_RANGE_AUTO || o->method == RITZ_RANGE_SUBSPACE ||
                     o->method == RITZ_RANGE_KRYLOV,
                 RITZ_ERR_OPTION,
                 "method is %d; it must be RITZ_RANGE_AUTO, RITZ_RANGE_SUBSPACE or "
                 "RITZ_RANGE_KRYLOV",
                 (int)o->method);
    RITZ_REQUIRE(o->normalisation == RITZ_NORMALISE_QR ||
                     o->normalisation == RITZ_NORMALISE_CHOLESKY ||
                     o->normalisation == RITZ_NORMALISE_NONE,
                 RITZ_ERR_OPTION,
                 "normalisation is %d; it must be RITZ_NORMALISE_QR, RITZ_NORMALISE_CHOLESKY or "
                 "RITZ_NORMALISE_NONE",
                 (int)o->normalisation);
    RITZ_REQUIRE(o->tolerance == 0 || o->method != RITZ_RANGE_KRYLOV, RITZ_ERR_OPTION,
                 "RITZ_RANGE_KRYLOV does not go with a tolerance; give the rank, or use "
                 "RITZ_RANGE_SUBSPACE");
    return RITZ_OK;
}

ritz_status ritz_algo_sketch_options(const ritz_sketch_options *opts, int64_t k, int64_t m,
                                     int64_t n, struct ritz_algo_sketch *sketch)
{
    RITZ_TRY(ritz_check_options(opts, OPTIONS_FIRST_VERSION, "opts"));
    const ritz_sketch_options o = read_options(opts);
    RITZ_TRY(check_options(&o));

    const int64_t most = min_i64(m, n);
    const int q = o.power_iterations == RITZ_POWER_ITERATIONS_NONE ? 0
                  : o.power_iterations == 0                        ? DEFAULT_POWER_ITERATIONS
                                                                   : o.power_iterations;
    *sketch = (struct ritz_algo_sketch){
        .sample_size = ritz_algo_sample_size(k, o.oversampling, most),
        .power_iterations = q,
        .seed = o.seed,
        .tolerance = o.tolerance,
        .block = o.block > 0 ? o.block : DEFAULT_BLOCK,
        .krylov = o.method == RITZ_RANGE_KRYLOV,
        .normalisation = o.normalisation,
    };
    if (sketch->krylov) {
        const int64_t blocks = q + INT64_C(1);
        sketch->sample_size =
            sketch->sample_size < most / blocks ? sketch->sample_size * blocks : most;
    }
    return RITZ_OK;
}

/* ---- checks ------------------------------------------------------------------------------ */

ritz_status ritz_algo_check_factor(const ritz_stream *s, const ritz_linop *op, ritz_dmat X,
                                   const char *name)
{
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_TRY(ritz_check_single(X, name));
    RITZ_REQUIRE(X.dtype == op->dtype, RITZ_ERR_DTYPE,
                 "the operator A is %s and %s is %s; they must agree", ritz_dtype_name(op->dtype),
                 name, ritz_dtype_name(X.dtype));
    return ritz_algo_linop_check_apart(op, X, name);
}

ritz_status ritz_algo_check_basis(const ritz_stream *s, const ritz_linop *op, ritz_dmat Q)
{
    RITZ_TRY(ritz_algo_check_factor(s, op, Q, "Q"));
    RITZ_REQUIRE(Q.rows == op->rows && Q.cols <= op->rows && Q.cols <= op->cols, RITZ_ERR_SHAPE,
                 "the operator A is %" PRId64 " x %" PRId64 " and Q is %" PRId64 " x %" PRId64
                 "; Q must be m x l with l <= min(m, n)",
                 op->rows, op->cols, Q.rows, Q.cols);
    return RITZ_OK;
}

/* ---- error figures ---------------------------------------------------------------------- */

ritz_status ritz_algo_figures_open(ritz_stream *s, ritz_dmat *figures)
{
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, RITZ_FIGURE_COUNT, 1, 1, figures));
    return ritz_op_fill(s, 0.0, *figures);
}

ritz_status ritz_algo_figures_probe(ritz_stream *s, const ritz_linop *op, uint64_t seed,
                                    ritz_dmat Q, ritz_dmat figures)
{
    const int64_t r = RITZ_SKETCH_PROBES;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, Y, C; /* W: n x r; Y: m x r; C: l x r */
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, r, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, r, 1, &Y));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, Q.cols, r, 1, &C));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_PROBE, seed, W));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, op, 0, W, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_PROBES, r)));

    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(Q), Y, 0.0, C));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, Q, C, 1.0, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_RESIDUALS, r)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- reports ---------------------------------------------------------------------------- */

/* What travels from the call to the moment when the stream has passed it. */
struct pending_report {
    ritz_sketch_report *target;
    ritz_sketch_report report;
    int with_figures;
    int norm_is_probed;
    double roundoff; /* u of the operator's data type */
    double squares[RITZ_FIGURE_COUNT];
    struct ritz_algo_sample sample; /* count = 0: none */
    double values[];                /* the sample's */
};

/* A NaN counts as the largest, so that it cannot hide. */
static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++) {
        if (isnan(x[i])) return x[i];
        if (x[i] > most) most = x[i];
    }
    return most;
}

static double mean(const double *x, int count)
{
    double sum = 0.0;
    for (int i = 0; i < count; i++) sum += x[i];
    return sum / count;
}

void ritz_algo_report_identity(double square, double roundoff, ritz_sketch_report *report)
{
    const double floor = RITZ_SKETCH_RESOLUTION * sqrt(roundoff) * report->norm;
    report->kind = RITZ_ERROR_EXACT;
    report->error = sqrt(square > 0.0 ? square : 0.0);
    if (isnan(square)) report->error = square;
    if (!(report->error < floor)) return;
    report->error = hypot(report->error, floor);
    report->kind = RITZ_ERROR_BOUND;
    report->probability = 1.0;
}

static void complete(struct pending_report *p)
{
    const double *probes = &p->squares[RITZ_FIGURE_PROBES];
    const double *residuals = &p->squares[RITZ_FIGURE_RESIDUALS];
    p->report.norm =
        sqrt(p->norm_is_probed ? mean(probes, RITZ_SKETCH_PROBES) : p->squares[RITZ_FIGURE_NORM]);
    switch (p->report.kind) {
    case RITZ_ERROR_BOUND:
        p->report.error = 10.0 * sqrt(2.0 / M_PI) * sqrt(largest(residuals, RITZ_SKETCH_PROBES));
        p->report.probability = 1.0 - pow(10.0, -RITZ_SKETCH_PROBES);
        break;
    case RITZ_ERROR_ESTIMATE: p->report.error = sqrt(mean(residuals, RITZ_SKETCH_PROBES)); break;
    case RITZ_ERROR_EXACT:
        ritz_algo_report_identity(p->squares[RITZ_FIGURE_NORM] - p->squares[RITZ_FIGURE_CAPTURED],
                                  p->roundoff, &p->report);
        break;
    case RITZ_ERROR_NONE: break;
    }
}

/* What the values of the sample say. */
static void guide(struct pending_report *p)
{
    struct ritz_algo_sample *sample = &p->sample;
    const ritz_sketch_report *r = &p->report;
    double beyond = 0.0; /* the squares of values k .. count-1 */
    sample->values = p->values;
    for (int64_t i = 0; i < sample->count; i++) p->values[i] = fabs(p->values[i]);
    for (int64_t i = sample->k; i < sample->count; i++) beyond += p->values[i] * p->values[i];
    sample->norm = r->norm;
    sample->tail = r->kind == RITZ_ERROR_NONE    ? -1.0
                   : r->kind == RITZ_ERROR_BOUND ? 0.0 /* it is rounding, or hidden by it */
                                                 : fmax(r->error * r->error - beyond, 0.0);
    p->report.gap = ritz_algo_sample_gap(sample);
    ritz_algo_sample_warn(sample, p->report.warning, sizeof p->report.warning);
}

/* Runs on the host in stream order. A caller compiled against an older, smaller report gets what
 * fits. */
static void write_report(void *context)
{
    struct pending_report *p = context;
    const size_t caller_size = p->target->size;
    const size_t size = caller_size < sizeof p->report ? caller_size : sizeof p->report;
    if (p->with_figures) complete(p);
    if (p->sample.count > 0) guide(p);
    p->report.size = caller_size;
    memcpy(p->target, &p->report, size);
    free(p);
}

static ritz_status enqueue_report(ritz_stream *s, ritz_dmat figures, ritz_dmat values,
                                  struct pending_report *p)
{
    const struct ritz_backend *backend = s->device->backend;
    if (p->with_figures) {
        const ritz_hmat squares =
            ritz_hmat_wrap(p->squares, RITZ_F64, RITZ_FIGURE_COUNT, 1, RITZ_COL_MAJOR);
        RITZ_TRY(backend->download(s, figures, squares));
    }
    if (p->sample.count > 0) {
        const ritz_hmat room =
            ritz_hmat_wrap(p->values, RITZ_F64, p->sample.count, 1, RITZ_COL_MAJOR);
        RITZ_TRY(backend->download(s, values, room));
    }
    return backend->host_function(s, write_report, p);
}

ritz_status ritz_algo_sketch_report_values(ritz_stream *s, const ritz_linop *op,
                                           const ritz_sketch_report *known, ritz_dmat figures,
                                           const struct ritz_algo_sketch *sketch, ritz_dmat values,
                                           ritz_sketch_report *report)
{
    const int64_t count = ritz_present(values) ? values.rows : 0;
    RITZ_TRY(ritz_check_not_capturing(s, "a report is a result on the host"));
    struct pending_report *p = calloc(1, sizeof *p + (size_t)count * sizeof *p->values);
    RITZ_REQUIRE(p != NULL, RITZ_ERR_MEMORY, "no memory for the report");
    p->target = report;
    p->report = *known;
    p->with_figures = ritz_present(figures);
    p->norm_is_probed = op->kind == RITZ_LINOP_ENQUEUE;
    p->roundoff = ritz_algo_roundoff(op->dtype);
    p->sample = (struct ritz_algo_sample){
        .count = count,
        .k = known->rank,
        .most = min_i64(op->rows, op->cols),
        .powers = sketch == NULL || sketch->krylov ? -1 : known->power_iterations,
        .dtype = op->dtype,
    };
    const ritz_status rc = enqueue_report(s, figures, values, p);
    if (rc != RITZ_OK) {
        /* The download may be on its way into the block. */
        (void)s->device->backend->stream_sync(s);
        free(p);
    }
    return rc;
}

ritz_status ritz_algo_sketch_report(ritz_stream *s, const ritz_linop *op,
                                    const ritz_sketch_report *known, ritz_dmat figures,
                                    ritz_sketch_report *report)
{
    return ritz_algo_sketch_report_values(s, op, known, figures, NULL, RITZ_NO_MAT, report);
}

ritz_status ritz_algo_sketch_report_check(const ritz_sketch_report *report)
{
    return ritz_check_options(report, REPORT_FIRST_VERSION, "report");
}
