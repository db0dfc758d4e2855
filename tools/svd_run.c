/* One run of `ritz svd`: from files to files.
 *
 * In memory the library gives both sets of vectors. Of rows that stream by it gives the values and
 * V; the left vectors are A V diag(1/s), computed and written in blocks of rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "svd_run.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "sketched.h"
#include "svd_report.h"

/* Below this ratio of neighbouring singular values the last vectors are weakly determined. */
#define GAP_WEAK 1.1

/* The parts of a run that have to be given back. */
struct svd_run {
    struct run base;
    ritz_dmat U; /* m x l, in memory and if wanted */
    ritz_dmat S; /* l x 1: l is the smaller side if exact, else the number asked for */
    ritz_dmat V; /* n x l, if wanted */
    ritz_dmat X; /* V diag(1/s), for the left vectors of rows that stream by */
    ritz_hmat left;
    bool sketched; /* the report is the library's */
    struct svd_result result;
};

static int prepare(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    const struct svd_options *options = result->options;
    struct data *data = &result->data;

    int status = run_open(&run->base);
    if (status == STATUS_OK) {
        status = data_open(data, &run->base.session, &run->base.progress, options->paths,
                           options->path_count, options->common.dtype);
    }
    if (status == STATUS_OK) status = data_not_empty(data);
    if (status != STATUS_OK) return status;
    if (options->tolerance == 0.0 && options->components > data_smaller_side(data)) {
        complain("--components %" PRId64 " is too many: %s is %" PRId64 " x %" PRId64
                 " and has %" PRId64 " singular values",
                 options->components, options->paths[0], data->info.rows, data->info.cols,
                 data_smaller_side(data));
        return STATUS_FAILED;
    }
    return svd_choose(&result->choice, options, data, run_memory(&run->base));
}

static int read_matrix(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    if (!result->choice.in_memory || result->data.sparse != NULL) return STATUS_OK;
    return data_load(&result->data, &run->base.session, &run->base.progress);
}

/* ---- decomposing ----------------------------------------------------------------------------- */

/* Of matrices that are not wanted, nothing. */
static ritz_status create(struct svd_run *run, bool wanted, int64_t rows, int64_t cols,
                          ritz_dmat *A)
{
    if (!wanted) return RITZ_OK;
    return ritz_dmat_create(run->base.session.stream, run->result.data.dtype, RITZ_COL_MAJOR, rows,
                            cols, A);
}

static ritz_status create_results(struct svd_run *run, int64_t count)
{
    const ritz_rows_info *info = &run->result.data.info;
    bool vectors = run->base.writes;
    ritz_status status = create(run, true, count, 1, &run->S);
    if (status == RITZ_OK) {
        status = create(run, vectors && run->result.choice.in_memory, info->rows, count, &run->U);
    }
    if (status == RITZ_OK) status = create(run, vectors, info->cols, count, &run->V);
    return status;
}

static ritz_sketch_options sketch_options(const struct svd_result *result)
{
    const struct svd_options *options = result->options;
    ritz_sketch_options sketch = sketched_options(&options->common, options->tolerance);
    if (result->choice.method == SVD_KRYLOV) sketch.method = RITZ_RANGE_KRYLOV;
    return sketch;
}

static ritz_status decompose_randomized(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    struct svd_choice *choice = &result->choice;
    ritz_stream *stream = run->base.session.stream;
    ritz_linop A = data_linop(&result->data);
    ritz_sketch_options sketch = sketch_options(result);

    ritz_status status = create_results(run, choice->most);
    if (status == RITZ_OK) {
        status = ritz_svd_randomized(stream, &A, run->U, run->S, run->V, &sketch, &result->report);
    }
    if (status == RITZ_OK) status = ritz_stream_sync(stream);
    bool whole = result->report.matvec_blocks == 0 &&
                 result->report.sample_size == data_smaller_side(&result->data);
    if (status == RITZ_OK && whole) {
        choice->method = SVD_EXACT;
        snprintf(choice->reason, sizeof choice->reason,
                 "a sketch of so many columns would cost more than the whole decomposition");
    }
    run->sketched = true;
    result->passes = 1;
    return status;
}

static ritz_status decompose_streamed(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    ritz_sketch_options sketch = sketch_options(result);

    ritz_status status = create_results(run, result->choice.most);
    if (status == RITZ_OK) {
        status = ritz_svd_rows(run->base.session.stream, data_rows(&result->data), run->S, run->V,
                               &sketch, &result->report);
    }
    run->sketched = true;
    result->passes = result->report.power_iterations + 2;
    return status;
}

/* A in memory, or the R of its QR factorization: both have the same values and V. */
static ritz_status decompose_exact(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    ritz_stream *stream = run->base.session.stream;
    ritz_dmat R = RITZ_NO_MAT;
    ritz_dmat A = result->data.A;
    int64_t cols = result->data.info.cols;

    ritz_status status = create_results(run, data_smaller_side(&result->data));
    if (status == RITZ_OK && !result->choice.in_memory) {
        status = create(run, true, cols, cols, &R);
        if (status == RITZ_OK) status = ritz_qr_rows(stream, data_rows(&result->data), R);
        A = R;
    }
    if (status == RITZ_OK) status = ritz_svd(stream, A, run->U, run->S, run->V, RITZ_NO_MAT);
    if (status == RITZ_OK) status = ritz_stream_sync(stream);
    if (R.data != NULL) (void)ritz_dmat_destroy(stream, &R);
    result->report.sample_size = data_smaller_side(&result->data);
    result->passes = 1;
    return status;
}

static ritz_status decompose_as_chosen(struct svd_run *run)
{
    switch (run->result.choice.method) {
    case SVD_EXACT: return decompose_exact(run);
    case SVD_STREAMED: return decompose_streamed(run);
    default: return decompose_randomized(run);
    }
}

/* ---- what was found -------------------------------------------------------------------------- */

/* The exact method computes all values: the tail of their squares is the error of leaving it out.
 * Smallest first, so that small squares are not lost. */
static void measure_truncation(struct svd_result *result)
{
    const struct svd_options *options = result->options;
    ritz_sketch_report *report = &result->report;
    const double *values = result->values.data;
    int64_t count = result->values.rows;
    double total = 0.0;
    double left_out = 0.0;
    int64_t k = count;

    for (int64_t i = count - 1; i >= 0; i--) total += values[i] * values[i];
    report->norm = sqrt(total);
    double allowed = options->tolerance * report->norm;
    for (; k > 0; k--) {
        double more = left_out + values[k - 1] * values[k - 1];
        bool within = options->tolerance > 0.0 && sqrt(more) <= allowed;
        if (k <= result->choice.most && !within) break;
        left_out = more;
    }
    result->components = k;
    report->kind = RITZ_ERROR_EXACT;
    report->error = sqrt(left_out);
    report->tolerance_met = options->tolerance > 0.0 && report->error <= allowed;
    report->gap = k > 0 && k < count && values[k] > 0.0 ? values[k - 1] / values[k] : 0.0;
}

/* Values below this are what rounding errors leave of zero. */
static double rounding_level(const struct svd_result *result)
{
    const ritz_rows_info *info = &result->data.info;
    double eps = result->data.dtype == RITZ_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    const double *values = result->values.data;
    double longer = (double)(info->rows > info->cols ? info->rows : info->cols);
    return result->components > 0 ? longer * eps * values[0] : 0.0;
}

__attribute__((format(printf, 2, 3))) static void warn(struct svd_result *result,
                                                       const char *format, ...)
{
    size_t used = strlen(result->warning);
    if (used > 0) {
        snprintf(result->warning + used, sizeof result->warning - used, " ");
        used = strlen(result->warning);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->warning + used, sizeof result->warning - used, format, arguments);
    va_end(arguments);
}

static void count_rank(struct svd_result *result)
{
    const double *values = result->values.data;
    double level = rounding_level(result);

    result->rank = 0;
    while (result->rank < result->components && values[result->rank] > level) result->rank++;
}

/* What the library says of its sketches, the exact method leaves to its caller. */
static void judge(struct svd_result *result)
{
    const struct svd_options *options = result->options;
    const ritz_sketch_report *report = &result->report;
    int64_t k = result->components;

    if (result->rank < k) {
        warn(result,
             "the numerical rank is %" PRId64 ": the other %" PRId64
             " values are rounding errors, and their vectors mean nothing.",
             result->rank, k - result->rank);
    } else if (report->gap > 0.0 && report->gap < GAP_WEAK) {
        warn(result,
             "s_k/s_(k+1) is %.3g: so close together, the last vectors can turn within the space "
             "that they share with the next.",
             report->gap);
    }
    if (options->tolerance > 0.0 && !report->tolerance_met) {
        warn(result,
             "the tolerance %.1e was not met: with the %" PRId64
             " singular values that --components allows, the error is %.1e of the norm.",
             options->tolerance, k, report->error / report->norm);
    }
}

/* The columns that are reported, of U or V. */
static ritz_status download_vectors(struct svd_run *run, ritz_dmat vectors, ritz_hmat *H)
{
    if (vectors.data == NULL) return RITZ_OK;
    return session_download(&run->base.session, ritz_cols(vectors, 0, run->result.components),
                            vectors.dtype, H);
}

static ritz_status download_results(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    ritz_status status = session_download(&run->base.session, run->S, RITZ_F64, &result->values);
    if (status != RITZ_OK) return status;
    if (run->sketched) {
        result->components =
            result->options->tolerance > 0.0 ? result->report.rank : result->choice.most;
    } else {
        measure_truncation(result);
    }
    count_rank(result);
    if (run->sketched) {
        warn(result, "%s", result->report.warning);
    } else {
        judge(result);
    }
    status = download_vectors(run, run->U, &run->left);
    if (status == RITZ_OK) status = download_vectors(run, run->V, &result->right);
    if (status == RITZ_OK && result->components == 0 && !result->choice.in_memory) {
        status = ritz_hmat_create(result->data.dtype, RITZ_ROW_MAJOR, result->data.info.rows, 0,
                                  &run->left);
    }
    return status;
}

static int decompose(struct svd_run *run)
{
    struct svd_result *result = &run->result;
    double started = seconds_now();

    result->report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    progress_phase(&run->base.progress,
                   result->choice.in_memory ? "decomposing" : "reading and decomposing");
    ritz_status status = decompose_as_chosen(run);
    if (status == RITZ_OK) status = download_results(run);
    progress_clear(&run->base.progress);
    result->seconds_compute = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : data_complain(&result->data, status);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* X = V diag(1/s); columns beyond the rank, where A V is rounding errors, are zero. */
static ritz_status create_multiplier(struct svd_run *run)
{
    const struct svd_result *result = &run->result;
    const double *values = result->values.data;
    ritz_stream *stream = run->base.session.stream;
    ritz_hmat V = result->right;
    ritz_hmat scaled = {.data = NULL};

    ritz_status status = ritz_hmat_create(V.dtype, RITZ_ROW_MAJOR, V.rows, V.cols, &scaled);
    for (int64_t i = 0; status == RITZ_OK && i < V.rows; i++) {
        for (int64_t j = 0; j < V.cols; j++) {
            host_set(scaled, i, j, j < result->rank ? host_entry(V, i, j) / values[j] : 0.0);
        }
    }
    if (status == RITZ_OK) {
        status = ritz_dmat_create(stream, V.dtype, RITZ_ROW_MAJOR, V.rows, V.cols, &run->X);
    }
    if (status == RITZ_OK) status = ritz_upload(stream, scaled, run->X);
    if (status == RITZ_OK) status = ritz_stream_sync(stream);
    (void)ritz_hmat_destroy(&scaled);
    return status;
}

static ritz_status compute_left(void *context, ritz_block_function deliver, void *receiver)
{
    struct svd_run *run = context;
    ritz_status status = create_multiplier(run);
    if (status != RITZ_OK) return status;
    return ritz_rows_multiply(run->base.session.stream, data_rows(&run->result.data), run->X,
                              deliver, receiver);
}

static bool write_left(struct svd_run *run)
{
    const struct svd_result *result = &run->result;
    const struct output_stream left = {
        .name = "U.npy",
        .phase = "computing the left vectors",
        .dtype = result->data.dtype,
        .rows = result->data.info.rows,
        .cols = result->components,
        .produce = compute_left,
        .context = run,
    };
    if (result->choice.in_memory || result->components == 0) {
        return output_matrix(&run->base.output, "U.npy", run->left);
    }
    return output_streamed(&run->base.output, &left, &run->base.progress);
}

static bool write_matrices(void *context)
{
    struct svd_run *run = context;
    const struct svd_result *result = &run->result;
    struct output *output = &run->base.output;

    return output_vector(output, "singular_values.npy", result->values.data, result->components) &&
           output_matrix(output, "V.npy", result->right) && write_left(run);
}

static json_t *report_json(void *context, const struct output *listed)
{
    struct svd_run *run = context;
    return svd_report_json(&run->result, &run->base, listed);
}

static void print_report(void *context)
{
    struct svd_run *run = context;
    svd_report_print(&run->result, &run->base);
}

static const char *warning(void *context)
{
    const struct svd_run *run = context;
    return run->result.warning;
}

static void release(struct svd_run *run)
{
    struct session *session = &run->base.session;
    ritz_stream *stream = session->stream;

    (void)ritz_dmat_destroy(stream, &run->U);
    (void)ritz_dmat_destroy(stream, &run->S);
    (void)ritz_dmat_destroy(stream, &run->V);
    (void)ritz_dmat_destroy(stream, &run->X);
    (void)ritz_hmat_destroy(&run->left);
    (void)ritz_hmat_destroy(&run->result.values);
    (void)ritz_hmat_destroy(&run->result.right);
    data_release(&run->result.data, session);
    run_end(&run->base);
}

int svd_run(const struct svd_options *options)
{
    struct svd_run run = {.result = {.options = options}};
    const struct run_parts parts = {.context = &run,
                                    .write = write_matrices,
                                    .json = report_json,
                                    .print = print_report,
                                    .warning = warning};
    char *json = NULL;

    run_begin(&run.base, &options->common);
    int status = prepare(&run);
    if (status == STATUS_OK) status = read_matrix(&run);
    if (status == STATUS_OK) status = decompose(&run);
    if (status == STATUS_OK) status = run_write(&run.base, &parts, &json);
    if (status == STATUS_OK) run_print(&run.base, &parts, json);
    if (status == STATUS_OK && svd_tolerance_missed(&run.result)) status = STATUS_NOT_MET;
    free(json);
    release(&run);
    return status;
}
