/* One run of `ritz pca`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "pca_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "labels.h"
#include "output.h"
#include "pca_report.h"
#include "progress.h"
#include "report.h"
#include "session.h"

enum { COMPONENTS_DEFAULT = 10 };

/* The parts of a run that have to be given back. */
struct pca_run {
    const struct pca_options *options;
    struct session session;
    struct progress progress;
    struct output output;
    struct plot plot;
    ritz_hmat labels;
    ritz_rows rows;
    ritz_pca *model;
    struct pca_result result;
    double started;
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

/* Whatever can be found wrong without computing is found here. */
static int prepare(struct pca_run *run)
{
    const struct pca_options *options = run->options;
    struct pca_result *result = &run->result;

    run->rows = ritz_rows_files(options->paths, (int64_t)options->path_count);
    result->data.size = sizeof result->data;
    ritz_status status = ritz_rows_inspect(&run->rows, &result->data);
    if (status != RITZ_OK) return complain_library(status);
    if (!check_image(options, result->data.cols)) return STATUS_FAILED;
    if (options->label_count > 0 &&
        !labels_load(options->labels, options->label_count, result->data.rows, &run->labels)) {
        return STATUS_FAILED;
    }
    if (!output_prepare(&run->output, options->common.out)) return STATUS_FAILED;
    if (!plot_prepare(&run->plot)) return STATUS_FAILED;
    status = session_open(&run->session, &options->common);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
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
    if (fit.components == 0 && fit.variance == 0.0) {
        fit.components = default_components(&run->result.data);
    }
    fit.method = options->method;
    fit.dtype = options->common.dtype;
    fit.population = options->population;
    fit.oversampling = options->common.oversampling;
    fit.power_iterations = options->common.power_iterations;
    fit.seed = (uint64_t)options->common.seed;
    fit.progress = progress_update;
    fit.progress_context = &run->progress;
    return fit;
}

static ritz_status download_model(struct pca_run *run)
{
    struct session *session = &run->session;
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

static int fit(struct pca_run *run)
{
    struct pca_result *result = &run->result;
    ritz_pca_options options = fit_options(run);

    interrupt_catch();
    result->report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    ritz_status status =
        ritz_pca_fit(run->session.stream, run->rows, &options, &run->model, &result->report);
    if (status == RITZ_OK) status = ritz_stream_sync(run->session.stream);
    if (status == RITZ_OK) status = download_model(run);
    progress_clear(&run->progress);
    interrupt_release();
    if (status == RITZ_OK && interrupt_seen()) status = RITZ_ERR_CANCELLED;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static bool output_wanted(const struct pca_options *options)
{
    return options->common.out != NULL || options->plot.file != NULL;
}

static int transform(struct pca_run *run)
{
    const struct pca_options *options = run->options;
    struct pca_result *result = &run->result;
    if (options->no_scores || !output_wanted(options)) return STATUS_OK;

    ritz_pca_transform_options how = RITZ_PCA_TRANSFORM_DEFAULTS;
    how.whiten = options->whiten;
    double started = seconds_now();
    progress_phase(&run->progress, "computing the scores");
    ritz_status status = ritz_hmat_create(result->dtype, RITZ_ROW_MAJOR, result->data.rows,
                                          result->report.components, &result->scores);
    if (status == RITZ_OK) {
        status = ritz_pca_transform_rows(run->session.stream, run->model, run->rows, result->scores,
                                         &how);
    }
    progress_clear(&run->progress);
    result->seconds_transform = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static bool write_matrices(struct pca_run *run)
{
    const struct pca_result *result = &run->result;
    struct output *output = &run->output;

    return output_matrix(output, "components.npy", result->components) &&
           output_vector(output, "mean.npy", result->mean.data, result->mean.rows) &&
           output_vector(output, "explained_variance.npy", result->variances.data,
                         result->variances.rows) &&
           (result->scores.data == NULL || output_matrix(output, "scores.npy", result->scores));
}

static void take_measures(struct pca_run *run)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    if (ritz_device_memory(run->session.device, &memory) == RITZ_OK) {
        run->result.device_peak = memory.peak_bytes;
    }
    run->result.seconds_total = seconds_now() - run->started;
}

/* The report as text in new memory, which says that it is itself among the files. */
static char *make_report(struct pca_run *run, bool writes_itself)
{
    struct output listed = run->output;
    if (writes_itself) listed.files[listed.count++] = "report.json";
    take_measures(run);
    return json_print(pca_report_json(&run->result, &run->session.info, &listed));
}

/* Write the files and move them to their place; *text receives the report. */
static int write_results(struct pca_run *run, char **text)
{
    struct output *output = &run->output;
    bool wanted = output_wanted(run->options);
    double started = seconds_now();

    interrupt_catch();
    bool good = !wanted || (output_begin(output) && write_matrices(run));
    run->result.seconds_write = seconds_now() - started;
    if (good) {
        *text = make_report(run, wanted);
        good = *text != NULL && (!wanted || output_text(output, "report.json", *text));
    }
    if (interrupt_seen()) return complain_library(RITZ_ERR_CANCELLED);
    if (good && output->directory != NULL) good = output_publish(output);
    return good ? STATUS_OK : STATUS_FAILED;
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
    progress_phase(&run->progress, "drawing");
    if (run->labels.data != NULL) {
        labels = path_join(run->output.staging, "labels.npy");
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
    if (good) good = plot_draw(&run->plot, output_location(&run->output), more);
    progress_clear(&run->progress);
    free(labels);
    return good ? STATUS_OK : STATUS_FAILED;
}

static void print_report(const struct pca_run *run, const char *json)
{
    const struct common_options *options = &run->options->common;
    const struct pca_result *result = &run->result;

    if (options->json) {
        puts(json);
        if (!options->quiet && result->report.warning[0] != '\0') {
            complain("warning: %s", result->report.warning);
        }
    } else if (!options->quiet) {
        pca_report_print(result, &run->session.info, &run->output);
    }
}

static void release(struct pca_run *run)
{
    struct pca_result *result = &run->result;

    output_end(&run->output);
    plot_release(&run->plot);
    (void)ritz_hmat_destroy(&run->labels);
    (void)ritz_hmat_destroy(&result->components);
    (void)ritz_hmat_destroy(&result->mean);
    (void)ritz_hmat_destroy(&result->variances);
    (void)ritz_hmat_destroy(&result->singular);
    (void)ritz_hmat_destroy(&result->scores);
    if (run->model != NULL) (void)ritz_pca_destroy(run->session.stream, &run->model);
    session_close(&run->session);
}

int pca_run(const struct pca_options *options)
{
    struct pca_run run = {
        .options = options,
        .plot = options->plot,
        .result = {.paths = options->paths,
                   .path_count = options->path_count,
                   .seed = options->common.seed,
                   .population = options->population,
                   .whiten = options->whiten,
                   .plot = options->plot.file},
        .started = seconds_now(),
    };
    char *json = NULL;

    progress_begin(&run.progress, options->common.quiet);
    int status = prepare(&run);
    if (status == STATUS_OK) status = fit(&run);
    if (status == STATUS_OK) status = transform(&run);
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
