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
#include <stdlib.h>
#include <string.h>

#include "algo/algo.h"

#define DEFAULT_POWER_ITERATIONS 2
#define LEAST_OVERSAMPLING INT64_C(10)

/* ---- choices ---------------------------------------------------------------------------- */

static int64_t default_oversampling(int64_t k)
{
    const int64_t tenth = k / 10;
    return tenth > LEAST_OVERSAMPLING ? tenth : LEAST_OVERSAMPLING;
}

ritz_status ritz_algo_sketch_options(const ritz_sketch_options *opts, int64_t k, int64_t m,
                                     int64_t n, struct ritz_algo_sketch *sketch)
{
    const ritz_sketch_options defaults = RITZ_SKETCH_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_sketch_options), "opts"));
    const ritz_sketch_options *o = opts != NULL ? opts : &defaults;
    RITZ_REQUIRE(o->oversampling >= 0, RITZ_ERR_OPTION,
                 "oversampling is %" PRId64 "; it must be positive, or 0 for the default",
                 o->oversampling);
    RITZ_REQUIRE(o->power_iterations >= RITZ_POWER_ITERATIONS_NONE, RITZ_ERR_OPTION,
                 "power_iterations is %d; it must be positive, 0 for the default, or "
                 "RITZ_POWER_ITERATIONS_NONE",
                 o->power_iterations);

    const int64_t most = m < n ? m : n;
    const int64_t p = o->oversampling > 0 ? o->oversampling : default_oversampling(k);
    sketch->sample_size = p < most - k ? k + p : most;
    sketch->power_iterations = o->power_iterations == RITZ_POWER_ITERATIONS_NONE ? 0
                               : o->power_iterations == 0 ? DEFAULT_POWER_ITERATIONS
                                                          : o->power_iterations;
    sketch->seed = o->seed;
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
    int norm_is_probed;
    double roundoff; /* u of the operator's data type */
    double squares[RITZ_FIGURE_COUNT];
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

/* The identity, or, where rounding hides the error, a bound. */
static void complete_identity(struct pending_report *p)
{
    const double square = p->squares[RITZ_FIGURE_NORM] - p->squares[RITZ_FIGURE_CAPTURED];
    const double floor = RITZ_SKETCH_RESOLUTION * sqrt(p->roundoff) * p->report.norm;
    p->report.error = sqrt(square > 0.0 ? square : 0.0);
    if (isnan(square)) p->report.error = square;
    if (!(p->report.error < floor)) return;
    p->report.error = hypot(p->report.error, floor);
    p->report.kind = RITZ_ERROR_BOUND;
    p->report.probability = 1.0;
}

static void complete(struct pending_report *p)
{
    const double *probes = &p->squares[RITZ_FIGURE_PROBES];
    const double *residuals = &p->squares[RITZ_FIGURE_RESIDUALS];
    if (p->report.kind == RITZ_ERROR_NONE) return;
    p->report.norm =
        sqrt(p->norm_is_probed ? mean(probes, RITZ_SKETCH_PROBES) : p->squares[RITZ_FIGURE_NORM]);
    switch (p->report.kind) {
    case RITZ_ERROR_BOUND:
        p->report.error = 10.0 * sqrt(2.0 / M_PI) * sqrt(largest(residuals, RITZ_SKETCH_PROBES));
        p->report.probability = 1.0 - pow(10.0, -RITZ_SKETCH_PROBES);
        break;
    case RITZ_ERROR_ESTIMATE: p->report.error = sqrt(mean(residuals, RITZ_SKETCH_PROBES)); break;
    case RITZ_ERROR_EXACT: complete_identity(p); break;
    case RITZ_ERROR_NONE: break;
    }
}

/* Runs on the host in stream order. A caller compiled against an older, smaller report gets what
 * fits. */
static void write_report(void *context)
{
    struct pending_report *p = context;
    const size_t caller_size = p->target->size;
    const size_t size = caller_size < sizeof p->report ? caller_size : sizeof p->report;
    complete(p);
    p->report.size = caller_size;
    memcpy(p->target, &p->report, size);
    free(p);
}

static ritz_status enqueue_report(ritz_stream *s, ritz_dmat figures, struct pending_report *p)
{
    const struct ritz_backend *backend = s->device->backend;
    if (p->report.kind != RITZ_ERROR_NONE) {
        const ritz_hmat squares =
            ritz_hmat_wrap(p->squares, RITZ_F64, RITZ_FIGURE_COUNT, 1, RITZ_COL_MAJOR);
        RITZ_TRY(backend->download(s, figures, squares));
    }
    return backend->host_function(s, write_report, p);
}

ritz_status ritz_algo_sketch_report(ritz_stream *s, const ritz_linop *op,
                                    const ritz_sketch_report *known, ritz_dmat figures,
                                    ritz_sketch_report *report)
{
    struct pending_report *p = calloc(1, sizeof *p);
    RITZ_REQUIRE(p != NULL, RITZ_ERR_MEMORY, "no memory for the report");
    p->target = report;
    p->report = *known;
    p->norm_is_probed = op->kind == RITZ_LINOP_ENQUEUE;
    p->roundoff = op->dtype == RITZ_F32 ? FLT_EPSILON / 2.0 : DBL_EPSILON / 2.0;
    const ritz_status rc = enqueue_report(s, figures, p);
    if (rc != RITZ_OK) {
        /* The download may be on its way into the block. */
        (void)s->device->backend->stream_sync(s);
        free(p);
    }
    return rc;
}

ritz_status ritz_algo_sketch_report_check(const ritz_sketch_report *report)
{
    return ritz_check_options(report, sizeof(ritz_sketch_report), "report");
}
