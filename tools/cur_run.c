/* One run of `ritz cur`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cur_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cur_report.h"
#include "sketched.h"

/* The parts of a run that have to be given back. */
struct cur_run {
    struct run base;
    int64_t most;      /* columns and rows, at most */
    ritz_dmat columns; /* most x 1, int32 */
    ritz_dmat rows;
    ritz_dmat C;
    ritz_dmat U;
    ritz_dmat R;
    ritz_hmat host_c;
    ritz_hmat host_u;
    ritz_hmat host_r;
    struct cur_result result;
};

/* ---- before any work ------------------------------------------------------------------------- */

/* Columns and rows that are asked for: all of them, if a tolerance says how many. */
static int64_t wanted(const struct cur_result *result)
{
    int64_t side = data_smaller_side(&result->data);
    int64_t components = result->options->components;
    return components > 0 && components < side ? components : side;
}

static int refuse_large(const struct cur_result *result, double least)
{
    const double mebibyte = 1048576.0;
    double bytes =
        data_held_bytes(&result->data) +
        sketched_bytes(&result->data, least + sketched_more(&result->options->common, least));
    complain("the matrix and its decomposition need more than the memory allowed; raise --memory "
             "to %.0fM%s",
             ceil(bytes / mebibyte), least > 1.0 ? ", or lower --components" : "");
    return STATUS_FAILED;
}

/* With a tolerance, as many as there is room for. */
static int choose_most(struct cur_run *run)
{
    const struct cur_options *options = run->result.options;
    const struct data *data = &run->result.data;
    int64_t side = data_smaller_side(data);
    double room = sketched_room(&options->common, data, run_memory(&run->base));

    if (options->tolerance == 0.0 && options->components > side) {
        complain("--components %" PRId64 " is too many: %s is %" PRId64 " x %" PRId64
                 ", and the smaller side is %" PRId64,
                 options->components, options->paths[0], data->info.rows, data->info.cols, side);
        return STATUS_FAILED;
    }
    run->most = wanted(&run->result);
    double least = (double)run->most;
    if (options->tolerance > 0.0 && least > SKETCH_FEW) least = SKETCH_FEW;
    if (room < least) return refuse_large(&run->result, least);
    if (room < (double)run->most) run->most = (int64_t)room;
    return STATUS_OK;
}

static int prepare(struct cur_run *run)
{
    struct cur_result *result = &run->result;
    const struct cur_options *options = result->options;
    struct data *data = &result->data;

    int status = run_open(&run->base);
    if (status == STATUS_OK) {
        status = data_open(data, &run->base.session, &run->base.progress, options->paths,
                           options->path_count, options->common.dtype);
    }
    if (status == STATUS_OK) status = data_not_empty(data);
    if (status == STATUS_OK) status = choose_most(run);
    if (status != STATUS_OK || data->sparse != NULL) return status;
    return data_load(data, &run->base.session, &run->base.progress);
}

/* ---- the work -------------------------------------------------------------------------------- */

static ritz_status create(struct cur_run *run, ritz_dtype dtype, int64_t rows, int64_t cols,
                          ritz_dmat *A)
{
    return ritz_dmat_create(run->base.session.stream, dtype, RITZ_COL_MAJOR, rows, cols, A);
}

static ritz_status create_results(struct cur_run *run)
{
    const struct data *data = &run->result.data;
    int64_t most = run->most;

    ritz_status status = create(run, RITZ_I32, most, 1, &run->columns);
    if (status == RITZ_OK) status = create(run, RITZ_I32, most, 1, &run->rows);
    if (status == RITZ_OK) status = create(run, data->dtype, most, most, &run->U);
    if (status != RITZ_OK || !run->base.writes) return status;
    status = create(run, data->dtype, data->info.rows, most, &run->C);
    if (status == RITZ_OK) status = create(run, data->dtype, most, data->info.cols, &run->R);
    return status;
}

static ritz_status factorize(struct cur_run *run)
{
    struct cur_result *result = &run->result;
    const struct cur_options *options = result->options;
    ritz_stream *stream = run->base.session.stream;
    ritz_linop A = data_linop(&result->data);
    ritz_sketch_options sketch = sketched_options(&options->common, options->tolerance);

    ritz_status status = ritz_cur(stream, &A, run->columns, run->rows, run->C, run->U, run->R,
                                  &sketch, &result->report);
    return status == RITZ_OK ? ritz_stream_sync(stream) : status;
}

/* The first indices; those beyond the rank are -1. */
static int64_t count_indices(ritz_hmat indices)
{
    const int64_t *numbers = indices.data;
    int64_t count = 0;
    while (count < indices.rows && numbers[count] >= 0) count++;
    return count;
}

static ritz_status download_results(struct cur_run *run)
{
    struct cur_result *result = &run->result;
    struct session *session = &run->base.session;
    ritz_status status = session_download(session, run->columns, RITZ_I64, &result->columns);
    if (status == RITZ_OK) status = session_download(session, run->rows, RITZ_I64, &result->rows);
    if (status != RITZ_OK) return status;

    int64_t k = count_indices(result->columns);
    result->components = k;
    if (!run->base.writes) return RITZ_OK;
    status = session_download(session, ritz_block(run->U, 0, 0, k, k), run->U.dtype, &run->host_u);
    if (status == RITZ_OK) {
        status = session_download(session, ritz_cols(run->C, 0, k), run->C.dtype, &run->host_c);
    }
    if (status == RITZ_OK) {
        status =
            session_download(session, ritz_row_range(run->R, 0, k), run->R.dtype, &run->host_r);
    }
    return status;
}

/* The library chose the rank by the columns; the figure is that of the whole decomposition. */
static void judge(struct cur_run *run)
{
    struct cur_result *result = &run->result;
    const struct cur_options *options = result->options;
    ritz_sketch_report *report = &result->report;
    char short_of[160] = "";

    if (report->kind != RITZ_ERROR_NONE) {
        report->tolerance_met = report->error <= options->tolerance * report->norm;
    }
    if (cur_tolerance_missed(result)) {
        bool limited = result->components == run->most && run->most == options->components;
        bool no_room = result->components == run->most && !limited &&
                       run->most < data_smaller_side(&result->data);
        snprintf(short_of, sizeof short_of,
                 "the tolerance was not met with %" PRId64 " columns and rows%s.",
                 result->components,
                 limited   ? ", the most that --components allows"
                 : no_room ? ", the most that there is memory for"
                           : "");
    }
    snprintf(result->warning, sizeof result->warning, "%s%s%s", report->warning,
             report->warning[0] != '\0' && short_of[0] != '\0' ? " " : "", short_of);
}

static int decompose(struct cur_run *run)
{
    struct cur_result *result = &run->result;
    double started = seconds_now();

    result->report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    progress_phase(&run->base.progress, "decomposing");
    ritz_status status = create_results(run);
    if (status == RITZ_OK) status = factorize(run);
    if (status == RITZ_OK) status = download_results(run);
    progress_clear(&run->base.progress);
    result->seconds_compute = seconds_now() - started;
    if (status != RITZ_OK) return data_complain(&result->data, status);
    judge(run);
    return STATUS_OK;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_matrices(void *context)
{
    struct cur_run *run = context;
    const struct cur_result *result = &run->result;
    struct output *output = &run->base.output;
    int64_t k = result->components;

    return output_indices(output, "columns.npy", result->columns.data, k) &&
           output_indices(output, "rows.npy", result->rows.data, k) &&
           output_matrix(output, "U.npy", run->host_u) &&
           output_matrix(output, "C.npy", run->host_c) &&
           output_matrix(output, "R.npy", run->host_r);
}

static json_t *report_json(void *context, const struct output *listed)
{
    struct cur_run *run = context;
    return cur_report_json(&run->result, &run->base, listed);
}

static void print_report(void *context)
{
    struct cur_run *run = context;
    cur_report_print(&run->result, &run->base);
}

static const char *warning(void *context)
{
    const struct cur_run *run = context;
    return run->result.warning;
}

static void release(struct cur_run *run)
{
    struct session *session = &run->base.session;
    ritz_stream *stream = session->stream;

    (void)ritz_dmat_destroy(stream, &run->columns);
    (void)ritz_dmat_destroy(stream, &run->rows);
    (void)ritz_dmat_destroy(stream, &run->C);
    (void)ritz_dmat_destroy(stream, &run->U);
    (void)ritz_dmat_destroy(stream, &run->R);
    (void)ritz_hmat_destroy(&run->host_c);
    (void)ritz_hmat_destroy(&run->host_u);
    (void)ritz_hmat_destroy(&run->host_r);
    (void)ritz_hmat_destroy(&run->result.columns);
    (void)ritz_hmat_destroy(&run->result.rows);
    data_release(&run->result.data, session);
    run_end(&run->base);
}

int cur_run(const struct cur_options *options)
{
    struct cur_run run = {.result = {.options = options}};
    const struct run_parts parts = {.context = &run,
                                    .write = write_matrices,
                                    .json = report_json,
                                    .print = print_report,
                                    .warning = warning};
    char *json = NULL;

    run_begin(&run.base, &options->common);
    int status = prepare(&run);
    if (status == STATUS_OK) status = decompose(&run);
    if (status == STATUS_OK) status = run_write(&run.base, &parts, &json);
    if (status == STATUS_OK) run_print(&run.base, &parts, json);
    if (status == STATUS_OK && cur_tolerance_missed(&run.result)) status = STATUS_NOT_MET;
    free(json);
    release(&run);
    return status;
}
