/* One run of `ritz lstsq`: from files to files.
 *
 * Data that fits is loaded and solved in memory; larger data streams by, in blocks of rows. Where
 * statistics are written or merged, and for the path of penalties of data that streams by, the rows
 * go into statistics first, and all else is computed from these.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lstsq_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lstsq_report.h"
#include "matrix.h"

/* Blocks that are held at once where the data streams by. */
enum { BLOCKS_IN_MEMORY = 4 };

/* The parts of a run that have to be given back. */
struct lstsq_run {
    const struct lstsq_command *command;
    struct run base;
    struct plot plot;
    struct lstsq_input input;
    ritz_rows_info new_rows; /* to be predicted */
    ritz_lstsq_stats *stats; /* NULL: not needed */
    int64_t block_rows;      /* 0: chosen by the library */
    ritz_dmat X;
    ritz_dmat intercept;
    ritz_dmat norms;
    struct lstsq_result result;
};

static bool has_data(const struct lstsq_run *run)
{
    return run->command->a_path != NULL;
}

static bool output_wanted(const struct lstsq_command *command)
{
    return command->common.out != NULL || command->plot.file != NULL;
}

/* The picture shows them, too. */
static bool residuals_wanted(const struct lstsq_run *run)
{
    return has_data(run) && (run->command->residuals || run->command->plot.file != NULL);
}

/* ---- before any work ------------------------------------------------------------------------- */

static int inspect_new_rows(struct lstsq_run *run)
{
    const char *path = run->command->predict;
    if (path == NULL) return STATUS_OK;
    ritz_rows rows = ritz_rows_file(path);
    run->new_rows.size = sizeof run->new_rows;
    ritz_status status = ritz_rows_inspect(&rows, &run->new_rows);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

/* Whatever can be found wrong without computing is found here. */
static int prepare(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    struct lstsq_input *input = &run->input;
    int status = has_data(run) ? input_inspect(input, command->common.dtype) : STATUS_OK;
    if (status == STATUS_OK) status = inspect_new_rows(run);
    if (status != STATUS_OK) return status;
    if (command->statistics != NULL &&
        !output_file_possible("the statistics", command->statistics)) {
        return STATUS_FAILED;
    }
    return plot_prepare(&run->plot) ? run_open(&run->base) : STATUS_FAILED;
}

/* Whether statistics are made whatever the size of the data. */
static bool statistics_wanted(const struct lstsq_command *command)
{
    return command->statistics != NULL || command->merge_count > 0;
}

/* Rows of a block, so that a few of them fit; each is at least as high as it is wide. */
static int64_t choose_block(const struct lstsq_run *run)
{
    const struct lstsq_input *input = &run->input;
    int64_t width = input->a.cols + input->b.cols + 1;
    double row = (double)width * (double)ritz_dtype_size(input->dtype);
    double rows = (double)run->base.memory_limit / BLOCKS_IN_MEMORY / row;
    return rows < (double)width           ? width
           : rows < (double)input->a.rows ? (int64_t)rows
                                          : input->a.rows;
}

/* Load the data if it fits, and is not just going to be added to statistics. */
static int read_data(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    struct lstsq_input *input = &run->input;
    if (!has_data(run)) return STATUS_OK;

    double started = seconds_now();
    bool fits = input_bytes(input) <= run_memory(&run->base);
    if (run->base.memory_limit > 0) run->block_rows = choose_block(run);
    if (!fits && command->path.criterion == CRITERION_LOO) {
        complain("--criterion loo holds all of the data in memory, and this is larger than the "
                 "limit; use --criterion gcv, or raise --memory");
        return STATUS_FAILED;
    }
    if (!fits && input->weights_path != NULL &&
        (statistics_wanted(command) || command->wants_path)) {
        complain("weighted statistics and paths hold all of the data in memory, and this is larger "
                 "than the limit; raise --memory");
        return STATUS_FAILED;
    }
    progress_phase(&run->base.progress, "reading");
    int status = input_load_weights(input, &run->base.session);
    if (status == STATUS_OK && fits) status = input_load(input, &run->base.session);
    progress_clear(&run->base.progress);
    run->result.seconds_read = seconds_now() - started;
    return status;
}

/* ---- statistics ------------------------------------------------------------------------------ */

static ritz_status merge_file(struct lstsq_run *run, const char *path)
{
    ritz_stream *stream = run->base.session.stream;
    ritz_lstsq_stats *other = NULL;
    ritz_status status = ritz_lstsq_stats_load(stream, path, &other);
    if (status == RITZ_OK) status = ritz_lstsq_stats_merge(stream, run->stats, other);
    (void)ritz_lstsq_stats_destroy(stream, &other);
    return status;
}

/* The shape of a file of statistics, if there is no data that gives it. */
static int inspect_merged(struct lstsq_run *run, int64_t *cols, int64_t *targets)
{
    ritz_stream *stream = run->base.session.stream;
    ritz_lstsq_stats *first = NULL;
    *cols = run->input.a.cols;
    *targets = run->input.b.cols;
    if (has_data(run)) return STATUS_OK;
    ritz_status status = ritz_lstsq_stats_load(stream, run->command->merge[0], &first);
    if (status == RITZ_OK) status = ritz_lstsq_stats_shape(first, NULL, cols, targets);
    (void)ritz_lstsq_stats_destroy(stream, &first);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static ritz_status add_data(struct lstsq_run *run)
{
    const struct lstsq_input *input = &run->input;
    ritz_stream *stream = run->base.session.stream;
    if (input->loaded) {
        progress_phase(&run->base.progress, "adding the rows");
        return ritz_lstsq_stats_add(stream, run->stats, input->A, input->B, input->weights);
    }
    ritz_lstsq_options options = RITZ_LSTSQ_DEFAULTS;
    options.block_rows = run->block_rows;
    options.progress = progress_update;
    options.progress_context = &run->base.progress;
    interrupt_catch();
    ritz_status status = ritz_lstsq_stats_add_rows(
        stream, run->stats, ritz_rows_file(input->a_path), ritz_rows_file(input->b_path), &options);
    interrupt_release();
    return status;
}

/* New statistics of this type, with the merged files added. */
static ritz_status start_statistics(struct lstsq_run *run, ritz_dtype dtype, int64_t cols,
                                    int64_t targets)
{
    const struct lstsq_command *command = run->command;
    run->input.dtype = dtype;
    ritz_status status =
        ritz_lstsq_stats_create(run->base.session.stream, dtype, cols, targets, &run->stats);
    for (size_t i = 0; status == RITZ_OK && i < command->merge_count; i++) {
        status = merge_file(run, command->merge[i]);
    }
    return status;
}

/* Merged files decide on the type, which only they know, if the user does not. */
static ritz_status start_fitting_statistics(struct lstsq_run *run, int64_t cols, int64_t targets)
{
    ritz_dtype asked = run->command->common.dtype;
    ritz_dtype first = asked != 0 ? asked : has_data(run) ? run->input.dtype : RITZ_F64;
    ritz_status status = start_statistics(run, first, cols, targets);
    if (status != RITZ_ERR_DTYPE || asked != 0) return status;
    (void)ritz_lstsq_stats_destroy(run->base.session.stream, &run->stats);
    return start_statistics(run, first == RITZ_F64 ? RITZ_F32 : RITZ_F64, cols, targets);
}

static int gather(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    bool path_of_blocks = command->wants_path && has_data(run) && !run->input.loaded;
    int64_t cols;
    int64_t targets;
    if (!statistics_wanted(command) && !path_of_blocks) return STATUS_OK;

    int status = inspect_merged(run, &cols, &targets);
    if (status != STATUS_OK) return status;
    ritz_status done = start_fitting_statistics(run, cols, targets);
    if (done != RITZ_OK) return complain_library(done);
    if (has_data(run)) done = add_data(run);
    if (done == RITZ_OK) done = ritz_stream_sync(run->base.session.stream);
    progress_clear(&run->base.progress);
    return done == RITZ_OK ? STATUS_OK : input_complain(&run->input, done);
}

/* ---- solving --------------------------------------------------------------------------------- */

static int choose_penalty(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    struct lstsq_result *result = &run->result;
    result->lambda = command->lambda;
    if (!command->wants_path) return STATUS_OK;

    const struct lstsq_path_problem problem = {
        .input = &run->input,
        .stats = run->stats,
        .intercept = command->intercept,
        .rtol = command->rtol,
        .coefficients = output_wanted(command),
    };
    double started = seconds_now();
    interrupt_catch();
    int status = path_choose(&result->path, &problem, &command->path, &run->base.session,
                             &run->base.progress);
    interrupt_release();
    if (status == STATUS_OK) result->lambda = result->path.lambda[result->path.best];
    result->seconds_path = seconds_now() - started;
    return status;
}

static ritz_status create_results(struct lstsq_run *run)
{
    ritz_stream *stream = run->base.session.stream;
    ritz_dtype dtype = run->input.dtype;
    int64_t cols = run->result.data.cols;
    int64_t targets = run->result.targets;

    ritz_status status = ritz_dmat_create(stream, dtype, RITZ_ROW_MAJOR, cols, targets, &run->X);
    if (status == RITZ_OK) {
        status = ritz_dmat_create(stream, dtype, RITZ_ROW_MAJOR, 1, targets, &run->intercept);
    }
    if (status == RITZ_OK) status = ritz_fill(stream, 0.0, run->intercept);
    if (status == RITZ_OK) {
        status = ritz_dmat_create(stream, RITZ_F64, RITZ_COL_MAJOR, targets, 1, &run->norms);
    }
    return status;
}

static ritz_status solve_with(struct lstsq_run *run, const ritz_lstsq_options *options)
{
    const struct lstsq_input *input = &run->input;
    ritz_stream *stream = run->base.session.stream;
    ritz_lstsq_report *report = &run->result.report;

    if (run->stats != NULL) {
        progress_phase(&run->base.progress, "solving");
        return ritz_lstsq_stats_solve(stream, run->stats, run->X, options, report);
    }
    if (input->loaded) {
        progress_phase(&run->base.progress, "solving");
        return ritz_lstsq(stream, input->A, input->B, run->X, options, report);
    }
    interrupt_catch();
    ritz_status status = ritz_lstsq_rows(stream, ritz_rows_file(input->a_path),
                                         ritz_rows_file(input->b_path), run->X, options, report);
    interrupt_release();
    return status;
}

static ritz_lstsq_options solve_options(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    ritz_lstsq_options options = RITZ_LSTSQ_DEFAULTS;

    options.method = command->method;
    options.lambda = run->result.lambda;
    options.weights = run->input.weights;
    if (command->intercept) options.intercept = run->intercept;
    options.residual_norms = run->norms;
    options.rtol = command->rtol;
    options.digits = command->digits;
    options.seed = (uint64_t)command->common.seed;
    options.block_rows = run->block_rows;
    options.progress = progress_update;
    options.progress_context = &run->base.progress;
    return options;
}

static ritz_status download_results(struct lstsq_run *run)
{
    struct session *session = &run->base.session;
    struct lstsq_result *result = &run->result;
    ritz_status status = session_download(session, run->X, run->X.dtype, &result->coefficients);
    if (status == RITZ_OK) {
        status = session_download(session, run->intercept, run->X.dtype, &result->intercept);
    }
    if (status == RITZ_OK) status = session_download(session, run->norms, RITZ_F64, &result->norms);
    return status;
}

/* The part of the squares of the right-hand side that the model explains. */
static double determination(const struct lstsq_result *result)
{
    double total = result->report.rhs_norm * result->report.rhs_norm;
    double rest = 0.0;
    for (int64_t j = 0; j < result->targets; j++) {
        double norm = host_entry(result->norms, j, 0);
        rest += norm * norm;
    }
    return total > 0.0 ? 1.0 - rest / total : NAN;
}

static int describe_problem(struct lstsq_run *run)
{
    struct lstsq_result *result = &run->result;
    result->data = run->input.a;
    result->targets = run->input.b.cols;
    result->dtype = run->input.dtype;
    if (run->stats == NULL) return STATUS_OK;
    ritz_status status = ritz_lstsq_stats_shape(run->stats, &result->data.rows, &result->data.cols,
                                                &result->targets);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static bool check_new_rows(const struct lstsq_run *run)
{
    if (run->command->predict == NULL || run->new_rows.cols == run->result.data.cols) return true;
    complain("%s has %" PRId64 " columns, and the model %" PRId64, run->command->predict,
             run->new_rows.cols, run->result.data.cols);
    return false;
}

static int solve(struct lstsq_run *run)
{
    struct lstsq_result *result = &run->result;
    double started = seconds_now();

    result->report = (ritz_lstsq_report)RITZ_LSTSQ_REPORT_INIT;
    ritz_status status = create_results(run);
    if (status == RITZ_OK) {
        ritz_lstsq_options options = solve_options(run);
        status = solve_with(run, &options);
    }
    if (status == RITZ_OK) status = ritz_stream_sync(run->base.session.stream);
    if (status == RITZ_OK) status = download_results(run);
    progress_clear(&run->base.progress);
    if (status == RITZ_OK && interrupt_seen()) status = RITZ_ERR_CANCELLED;
    if (status != RITZ_OK) return input_complain(&run->input, status);
    result->r_squared = determination(result);
    result->seconds_solve = seconds_now() - started;
    return STATUS_OK;
}

/* ---- predictions ----------------------------------------------------------------------------- */

static ritz_status predict(struct lstsq_run *run, ritz_rows rows, int64_t count, ritz_hmat *Y)
{
    ritz_status status =
        ritz_hmat_create(run->input.dtype, RITZ_ROW_MAJOR, count, run->result.targets, Y);
    if (status != RITZ_OK) return status;
    return ritz_linear_predict_rows(run->base.session.stream, rows, run->X, run->intercept, *Y);
}

static ritz_status compute_residuals(struct lstsq_run *run)
{
    struct lstsq_input *input = &run->input;
    struct lstsq_result *result = &run->result;

    ritz_rows rows = input->loaded ? ritz_rows_dmat(input->A) : ritz_rows_file(input->a_path);
    ritz_status status = predict(run, rows, input->a.rows, &result->fitted);
    if (status == RITZ_OK && !input->loaded) {
        status = ritz_load_as(input->b_path, input->dtype, &input->host_b);
    }
    ritz_hmat fitted = result->fitted;
    if (status == RITZ_OK) {
        status = ritz_hmat_create(fitted.dtype, RITZ_ROW_MAJOR, fitted.rows, fitted.cols,
                                  &result->residuals);
    }
    for (int64_t i = 0; status == RITZ_OK && i < fitted.rows; i++) {
        for (int64_t j = 0; j < fitted.cols; j++) {
            host_set(result->residuals, i, j,
                     host_entry(input->host_b, i, j) - host_entry(fitted, i, j));
        }
    }
    return status;
}

static int predict_all(struct lstsq_run *run)
{
    const struct lstsq_command *command = run->command;
    double started = seconds_now();
    ritz_status status = RITZ_OK;

    progress_phase(&run->base.progress, "predicting");
    if (residuals_wanted(run)) status = compute_residuals(run);
    if (status == RITZ_OK && command->predict != NULL) {
        status = predict(run, ritz_rows_file(command->predict), run->new_rows.rows,
                         &run->result.predictions);
    }
    progress_clear(&run->base.progress);
    run->result.seconds_predict = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_matrices(void *context)
{
    struct lstsq_run *run = context;
    const struct lstsq_result *result = &run->result;
    const struct {
        const char *name;
        ritz_hmat H;
    } files[] = {
        {"coefficients.npy", result->coefficients},
        {"intercept.npy", result->intercept},
        {"path_coefficients.npy", result->path.coefficients},
        {"fitted.npy", result->fitted},
        {"residuals.npy", result->residuals},
        {"predictions.npy", result->predictions},
    };
    bool good = true;
    for (size_t i = 0; good && i < sizeof files / sizeof *files; i++) {
        if (files[i].H.data == NULL) continue;
        good = output_matrix(&run->base.output, files[i].name, files[i].H);
    }
    return good;
}

static bool save_statistics(void *context)
{
    struct lstsq_run *run = context;
    const char *path = run->command->statistics;
    if (path == NULL) return true;
    if (ritz_lstsq_stats_save(run->base.session.stream, run->stats, path) == RITZ_OK) return true;
    complain_last();
    return false;
}

static json_t *report_json(void *context, const struct output *listed)
{
    struct lstsq_run *run = context;
    return lstsq_report_json(&run->result, &run->base, listed);
}

static void print_report(void *context)
{
    struct lstsq_run *run = context;
    lstsq_report_print(&run->result, &run->base);
}

static const char *warning(void *context)
{
    const struct lstsq_run *run = context;
    return run->result.report.warning;
}

static int draw(struct lstsq_run *run)
{
    if (run->plot.file == NULL) return STATUS_OK;
    progress_phase(&run->base.progress, "drawing");
    bool good = plot_draw(&run->plot, output_location(&run->base.output), NULL);
    progress_clear(&run->base.progress);
    return good ? STATUS_OK : STATUS_FAILED;
}

static void release(struct lstsq_run *run)
{
    struct lstsq_result *result = &run->result;
    ritz_stream *stream = run->base.session.stream;

    plot_release(&run->plot);
    (void)ritz_hmat_destroy(&result->coefficients);
    (void)ritz_hmat_destroy(&result->intercept);
    (void)ritz_hmat_destroy(&result->norms);
    (void)ritz_hmat_destroy(&result->fitted);
    (void)ritz_hmat_destroy(&result->residuals);
    (void)ritz_hmat_destroy(&result->predictions);
    path_release(&result->path);
    (void)ritz_dmat_destroy(stream, &run->X);
    (void)ritz_dmat_destroy(stream, &run->intercept);
    (void)ritz_dmat_destroy(stream, &run->norms);
    if (run->stats != NULL) (void)ritz_lstsq_stats_destroy(stream, &run->stats);
    input_release(&run->input, &run->base.session);
    run_end(&run->base);
}

int lstsq_run(const struct lstsq_command *command)
{
    struct lstsq_run run = {
        .command = command,
        .plot = command->plot,
        .input = {.a_path = command->a_path,
                  .b_path = command->b_path,
                  .weights_path = command->weights},
        .result = {.command = command},
    };
    const struct run_parts parts = {.context = &run,
                                    .write = write_matrices,
                                    .finish = save_statistics,
                                    .json = report_json,
                                    .print = print_report,
                                    .warning = warning};
    char *json = NULL;

    run_begin(&run.base, &command->common);
    run.base.writes = output_wanted(command);
    int status = prepare(&run);
    if (status == STATUS_OK) status = read_data(&run);
    if (status == STATUS_OK) status = gather(&run);
    if (status == STATUS_OK) status = describe_problem(&run);
    if (status == STATUS_OK && !check_new_rows(&run)) status = STATUS_FAILED;
    if (status == STATUS_OK) status = choose_penalty(&run);
    if (status == STATUS_OK) status = solve(&run);
    if (status == STATUS_OK) status = predict_all(&run);
    if (status == STATUS_OK) {
        status = run_write(&run.base, &parts, &json);
        /* A failed picture leaves the results standing: they are reported all the same. */
        if (status == STATUS_OK) {
            status = draw(&run);
            run_print(&run.base, &parts, json);
        }
    }
    free(json);
    release(&run);
    return status;
}
