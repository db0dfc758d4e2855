/* One run of `ritz pca`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "pca_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "labels.h"
#include "pca_report.h"

enum { COMPONENTS_DEFAULT = 10 };

/* The parts of a run that have to be given back. */
struct pca_run {
    const struct pca_options *options;
    struct run base;
    struct plot plot;
    ritz_hmat labels;
    ritz_pca *model;
    struct pca_result result;
};

static bool check_image(const struct pca_options *options, int64_t cols)
{
    if (options->image_rows == 0 || options->image_rows * options->image_cols == cols) return true;
    complain("--image %" PRId64 "x%" PRId64 " has %" PRId64 " pixels, but the data has %" PRId64
             " columns",
             options->image_rows, options->image_cols, options->image_rows * options->image_cols,
             cols);
    return false;
}

static int open_data(struct pca_run *run)
{
    const struct pca_options *options = run->options;
    return data_open(&run->result.data, &run->base.session, &run->base.progress, options->paths,
                     options->path_count, options->common.dtype);
}

/* Whatever can be found wrong without computing is found here. */
static int prepare(struct pca_run *run)
{
    const struct pca_options *options = run->options;
    const ritz_rows_info *info = &run->result.data.info;

    if (!plot_prepare(&run->plot)) return STATUS_FAILED;
    if (options->checkpoint != NULL &&
        !output_file_possible("the checkpoint", options->checkpoint)) {
        return STATUS_FAILED;
    }
    int status = run_open(&run->base);
    if (status == STATUS_OK) status = open_data(run);
    if (status != STATUS_OK) return status;
    if (!check_image(options, info->cols)) return STATUS_FAILED;
    if (options->label_count > 0 &&
        !labels_load(options->labels, options->label_count, info->rows, &run->labels)) {
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

/* N rows less their mean have at most N - 1 independent directions. */
static int64_t default_components(const ritz_rows_info *data)
{
    int64_t most = data->rows - 1 < data->cols ? data->rows - 1 : data->cols;
    if (most < 1) return 1; /* the fit says what is wrong with such data */
    return most < COMPONENTS_DEFAULT ? most : COMPONENTS_DEFAULT;
}

static ritz_pca_options fit_options(struct pca_run *run)
{
    const struct pca_options *options = run->options;
    ritz_pca_options fit = RITZ_PCA_DEFAULTS;

    fit.components = options->components;
    fit.variance = options->variance;
    fit.tolerance = options->tolerance;
    if (fit.components == 0 && fit.variance == 0.0 && fit.tolerance == 0.0) {
        fit.components = default_components(&run->result.data.info);
    }
    fit.method = options->method;
    fit.dtype = options->common.dtype;
    fit.population = options->population;
    fit.oversampling = options->common.oversampling;
    fit.power_iterations = options->common.power_iterations;
    fit.seed = (uint64_t)options->common.seed;
    fit.memory = options->common.memory;
    fit.checkpoint = options->checkpoint;
    fit.checkpoint_seconds = options->checkpoint_seconds;
    fit.progress = progress_update;
    fit.progress_context = &run->base.progress;
    return fit;
}

static ritz_status download_model(struct pca_run *run)
{
    struct session *session = &run->base.session;
    struct pca_result *result = &run->result;
    ritz_dmat components = ritz_pca_components(run->model);

    result->dtype = components.dtype;
    ritz_status status =
        session_download(session, components, components.dtype, &result->components);
    if (status == RITZ_OK) {
        status = session_download(session, ritz_pca_mean(run->model), RITZ_F64, &result->mean);
    }
    if (status == RITZ_OK) {
        status = session_download(session, ritz_pca_explained_variance(run->model), RITZ_F64,
                                  &result->variances);
    }
    if (status == RITZ_OK) {
        status = session_download(session, ritz_pca_singular_values(run->model), RITZ_F64,
                                  &result->singular);
    }
    return status;
}

static int complain_fit(const struct pca_run *run, ritz_status status)
{
    const char *checkpoint = run->options->checkpoint;
    if (status != RITZ_ERR_CANCELLED || checkpoint == NULL || access(checkpoint, F_OK) != 0) {
        return complain_library(status);
    }
    complain("interrupted; %s has the state of the fit, and the same command goes on from it",
             checkpoint);
    return STATUS_INTERRUPTED;
}

static int fit(struct pca_run *run)
{
    struct pca_result *result = &run->result;
    struct session *session = &run->base.session;
    ritz_pca_options options = fit_options(run);

    interrupt_catch();
    result->report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    ritz_status status = ritz_pca_fit(session->stream, data_rows(&result->data), &options,
                                      &run->model, &result->report);
    if (status == RITZ_OK) status = ritz_stream_sync(session->stream);
    if (status == RITZ_OK) status = download_model(run);
    progress_clear(&run->base.progress);
    interrupt_release();
    if (status == RITZ_OK && interrupt_seen()) status = RITZ_ERR_CANCELLED;
    return status == RITZ_OK ? STATUS_OK : complain_fit(run, status);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static ritz_status compute_scores(void *context, ritz_block_function deliver, void *receiver)
{
    struct pca_run *run = context;
    ritz_pca_transform_options how = RITZ_PCA_TRANSFORM_DEFAULTS;
    how.whiten = run->options->whiten;
    return ritz_pca_transform_blocks(run->base.session.stream, run->model,
                                     data_rows(&run->result.data), deliver, receiver, &how);
}

static bool write_scores(struct pca_run *run)
{
    struct pca_result *result = &run->result;
    const struct output_stream scores = {
        .name = "scores.npy",
        .phase = "computing the scores",
        .dtype = result->dtype,
        .rows = result->data.info.rows,
        .cols = result->report.components,
        .produce = compute_scores,
        .context = run,
    };
    if (run->options->no_scores) return true;
    double started = seconds_now();
    result->scores = output_streamed(&run->base.output, &scores, &run->base.progress);
    result->seconds_transform = seconds_now() - started;
    return result->scores;
}

static bool write_matrices(void *context)
{
    struct pca_run *run = context;
    const struct pca_result *result = &run->result;
    struct output *output = &run->base.output;

    return output_matrix(output, "components.npy", result->components) &&
           output_vector(output, "mean.npy", result->mean.data, result->mean.rows) &&
           output_vector(output, "explained_variance.npy", result->variances.data,
                         result->variances.rows) &&
           write_scores(run);
}

static json_t *report_json(void *context, const struct output *listed)
{
    struct pca_run *run = context;
    return pca_report_json(&run->result, &run->base, listed);
}

static void print_report(void *context)
{
    struct pca_run *run = context;
    pca_report_print(&run->result, &run->base);
}

static const char *warning(void *context)
{
    const struct pca_run *run = context;
    return run->result.report.warning;
}

static int draw(struct pca_run *run)
{
    if (run->plot.file == NULL) return STATUS_OK;
    const struct pca_options *options = run->options;
    const char *more[PLOT_ARGUMENTS_MAX + 1] = {NULL};
    size_t count = 0;
    char shape[64];
    char *labels = NULL;
    bool good = true;
    progress_phase(&run->base.progress, "drawing");
    if (run->labels.data != NULL) {
        labels = path_join(run->base.output.staging, "labels.npy");
        good = labels != NULL;
        if (good && ritz_save_npy(labels, run->labels) != RITZ_OK) {
            complain_last();
            good = false;
        }
        more[count++] = "--labels";
        more[count++] = labels;
    }
    if (options->image_rows > 0) {
        snprintf(shape, sizeof shape, "%" PRId64 "x%" PRId64, options->image_rows,
                 options->image_cols);
        more[count++] = "--image";
        more[count++] = shape;
    }
    if (good) good = plot_draw(&run->plot, output_location(&run->base.output), more);
    progress_clear(&run->base.progress);
    free(labels);
    return good ? STATUS_OK : STATUS_FAILED;
}

static void release(struct pca_run *run)
{
    struct pca_result *result = &run->result;
    struct session *session = &run->base.session;

    plot_release(&run->plot);
    (void)ritz_hmat_destroy(&run->labels);
    (void)ritz_hmat_destroy(&result->components);
    (void)ritz_hmat_destroy(&result->mean);
    (void)ritz_hmat_destroy(&result->variances);
    (void)ritz_hmat_destroy(&result->singular);
    if (run->model != NULL) (void)ritz_pca_destroy(session->stream, &run->model);
    data_release(&result->data, session);
    run_end(&run->base);
}

int pca_run(const struct pca_options *options)
{
    struct pca_run run = {
        .options = options,
        .plot = options->plot,
        .result = {.seed = options->common.seed,
                   .tolerance = options->tolerance,
                   .population = options->population,
                   .whiten = options->whiten,
                   .plot = options->plot.file},
    };
    const struct run_parts parts = {.context = &run,
                                    .write = write_matrices,
                                    .json = report_json,
                                    .print = print_report,
                                    .warning = warning};
    char *json = NULL;

    run_begin(&run.base, &options->common);
    run.base.writes = run.base.writes || options->plot.file != NULL;
    int status = prepare(&run);
    if (status == STATUS_OK) status = fit(&run);
    if (status == STATUS_OK) {
        status = run_write(&run.base, &parts, &json);
        /* A failed picture leaves the results standing: they are reported all the same. */
        if (status == STATUS_OK) {
            status = draw(&run);
            run_print(&run.base, &parts, json);
        }
    }
    if (status == STATUS_OK && pca_tolerance_missed(&run.result)) status = STATUS_NOT_MET;
    free(json);
    release(&run);
    return status;
}
