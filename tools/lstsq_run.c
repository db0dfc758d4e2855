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
#include "report.h"

/* The working memory of the methods beside the data: a copy, or four blocks. */
enum { DEFAULT_SHARE = 2, BLOCKS_IN_MEMORY = 4 };

/* The parts of a run that have to be given back. */
struct lstsq_run {
    const struct lstsq_command *command;
    struct session session;
    struct progress progress;
    struct output output;
    struct plot plot;
    struct lstsq_input input;
    ritz_rows_info new_rows; /* to be predicted */
    ritz_lstsq_stats *stats; /* NULL: not needed */
    int64_t block_rows;      /* 0: chosen by the library */
    ritz_dmat X;
    ritz_dmat intercept;
    ritz_dmat norms;
    struct lstsq_result result;
    double started;
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
    if (!output_prepare(&run->output, command->common.out)) return STATUS_FAILED;
    if (command->statistics != NULL &&
        !output_file_possible("the statistics", command->statistics)) {
        return STATUS_FAILED;
    }
    if (!plot_prepare(&run->plot)) return STATUS_FAILED;
    ritz_status opened = session_open(&run->session, &command->common);
    return opened == RITZ_OK ? STATUS_OK : complain_library(opened);
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
    double rows = (double)run->command->memory / BLOCKS_IN_MEMORY / row;
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
    double limit = command->memory > 0 ? (double)command->memory
                                       : (double)run->session.info.memory_bytes / DEFAULT_SHARE;
    bool fits = input_bytes(input) <= limit;
    if (command->memory > 0) run->block_rows = choose_block(run);
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
    progress_phase(&run->progress, "reading");
    int status = input_load_weights(input, &run->session);
    if (status == STATUS_OK && fits) status = input_load(input, &run->session);
    progress_clear(&run->progress);
    run->result.seconds_read = seconds_now() - started;
    return status;
}

/* ---- statistics ------------------------------------------------------------------------------ */

static ritz_status merge_file(struct lstsq_run *run, const char *path)
{
    ritz_stream *stream = run->session.stream;
    ritz_lstsq_stats *other = NULL;
    ritz_status status = ritz_lstsq_stats_load(stream, path, &other);
    if (status == RITZ_OK) status = ritz_lstsq_stats_merge(stream, run->stats, other);
    (void)ritz_lstsq_stats_destroy(stream, &other);
    return status;
}

/* The shape of a file of statistics, if there is no data that gives it. */
static int inspect_merged(struct lstsq_run *run, int64_t *cols, int64_t *targets)
{
    ritz_stream *stream = run->session.stream;
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
    ritz_stream *stream = run->session.stream;
    if (input->loaded) {
        progress_phase(&run->progress, "adding the rows");
        return ritz_lstsq_stats_add(stream, run->stats, input->A, input->B, input->weights);
    }
    ritz_lstsq_options options = RITZ_LSTSQ_DEFAULTS;
    options.block_rows = run->block_rows;
    options.progress = progress_update;
    options.progress_context = &run->progress;
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
        ritz_lstsq_stats_create(run->session.stream, dtype, cols, targets, &run->stats);
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
    (void)ritz_lstsq_stats_destroy(run->session.stream, &run->stats);
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
    if (done == RITZ_OK) done = ritz_stream_sync(run->session.stream);
    progress_clear(&run->progress);
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
    int status =
        path_choose(&result->path, &problem, &command->path, &run->session, &run->progress);
    interrupt_release();
    if (status == STATUS_OK) result->lambda = result->path.lambda[result->path.best];
    result->seconds_path = seconds_now() - started;
    return status;
}

static ritz_status create_results(struct lstsq_run *run)
{
    ritz_stream *stream = run->session.stream;
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
    ritz_stream *stream = run->session.stream;
    ritz_lstsq_report *report = &run->result.report;

    if (run->stats != NULL) {
        progress_phase(&run->progress, "solving");
        return ritz_lstsq_stats_solve(stream, run->stats, run->X, options, report);
    }
    if (input->loaded) {
        progress_phase(&run->progress, "solving");
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
    options.progress_context = &run->progress;
    return options;
}

static ritz_status download_results(struct lstsq_run *run)
{
    struct session *session = &run->session;
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
    if (status == RITZ_OK) status = ritz_stream_sync(run->session.stream);
    if (status == RITZ_OK) status = download_results(run);
    progress_clear(&run->progress);
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
    return ritz_linear_predict_rows(run->session.stream, rows, run->X, run->intercept, *Y);
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

    progress_phase(&run->progress, "predicting");
    if (residuals_wanted(run)) status = compute_residuals(run);
    if (status == RITZ_OK && command->predict != NULL) {
        status = predict(run, ritz_rows_file(command->predict), run->new_rows.rows,
                         &run->result.predictions);
    }
    progress_clear(&run->progress);
    run->result.seconds_predict = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_matrices(struct lstsq_run *run)
{
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
        good = output_matrix(&run->output, files[i].name, files[i].H);
    }
    return good;
}

static void take_measures(struct lstsq_run *run)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    if (ritz_device_memory(run->session.device, &memory) == RITZ_OK) {
        run->result.device_peak = memory.peak_bytes;
    }
    run->result.seconds_total = seconds_now() - run->started;
}

/* The report as text in new memory, which says that it is itself among the files. */
static char *make_report(struct lstsq_run *run, bool writes_itself)
{
    struct output listed = run->output;
    if (writes_itself) listed.files[listed.count++] = "report.json";
    take_measures(run);
    return json_print(lstsq_report_json(&run->result, &run->session.info, &listed));
}

static bool save_statistics(struct lstsq_run *run)
{
    const char *path = run->command->statistics;
    if (path == NULL) return true;
    if (ritz_lstsq_stats_save(run->session.stream, run->stats, path) == RITZ_OK) return true;
    complain_last();
    return false;
}

/* Write the files and move them to their place; *text receives the report. */
static int write_results(struct lstsq_run *run, char **text)
{
    struct output *output = &run->output;
    bool wanted = output_wanted(run->command);
    double started = seconds_now();

    interrupt_catch();
    bool good = !wanted || (output_begin(output) && write_matrices(run));
    run->result.seconds_write = seconds_now() - started;
    if (good) {
        *text = make_report(run, wanted);
        good = *text != NULL && (!wanted || output_text(output, "report.json", *text));
    }
    if (interrupt_seen()) return complain_library(RITZ_ERR_CANCELLED);
    if (good) good = save_statistics(run);
    if (good && output->directory != NULL) good = output_publish(output);
    return good ? STATUS_OK : STATUS_FAILED;
}

static int draw(struct lstsq_run *run)
{
    if (run->plot.file == NULL) return STATUS_OK;
    progress_phase(&run->progress, "drawing");
    bool good = plot_draw(&run->plot, output_location(&run->output), NULL);
    progress_clear(&run->progress);
    return good ? STATUS_OK : STATUS_FAILED;
}

static void print_report(const struct lstsq_run *run, const char *json)
{
    const struct common_options *options = &run->command->common;
    const struct lstsq_result *result = &run->result;

    if (options->json) {
        puts(json);
        if (!options->quiet && result->report.warning[0] != '\0') {
            complain("warning: %s", result->report.warning);
        }
    } else if (!options->quiet) {
        lstsq_report_print(result, &run->session.info, &run->output);
    }
}

static void release(struct lstsq_run *run)
{
    struct lstsq_result *result = &run->result;
    ritz_stream *stream = run->session.stream;
    ritz_hmat *const matrices[] = {&result->coefficients, &result->intercept, &result->norms,
                                   &result->fitted,       &result->residuals, &result->predictions};

    output_end(&run->output);
    plot_release(&run->plot);
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        (void)ritz_hmat_destroy(matrices[i]);
    }
    path_release(&result->path);
    (void)ritz_dmat_destroy(stream, &run->X);
    (void)ritz_dmat_destroy(stream, &run->intercept);
    (void)ritz_dmat_destroy(stream, &run->norms);
    if (run->stats != NULL) (void)ritz_lstsq_stats_destroy(stream, &run->stats);
    input_release(&run->input, &run->session);
    session_close(&run->session);
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
        .started = seconds_now(),
    };
    char *json = NULL;

    progress_begin(&run.progress, command->common.quiet);
    int status = prepare(&run);
    if (status == STATUS_OK) status = read_data(&run);
    if (status == STATUS_OK) status = gather(&run);
    if (status == STATUS_OK) status = describe_problem(&run);
    if (status == STATUS_OK && !check_new_rows(&run)) status = STATUS_FAILED;
    if (status == STATUS_OK) status = choose_penalty(&run);
    if (status == STATUS_OK) status = solve(&run);
    if (status == STATUS_OK) status = predict_all(&run);
    if (status == STATUS_OK) {
        status = write_results(&run, &json);
        /* A failed picture leaves the results standing: they are reported all the same. */
        if (status == STATUS_OK) {
            status = draw(&run);
            print_report(&run, json);
        }
    }
    free(json);
    release(&run);
    return status;
}
