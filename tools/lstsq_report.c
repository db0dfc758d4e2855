/* What `ritz lstsq` says about a solution.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lstsq_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "matrix.h"
#include "report.h"

enum {
    JSON_COEFFICIENTS_MOST = 10000, /* more of them are in coefficients.npy only */
    TABLE_TARGETS_MOST = 4
};

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        if (texts[i] != NULL) json_array_append_new(array, json_text(texts[i]));
    }
    return array;
}

static json_t *data_json(const struct lstsq_result *result)
{
    const struct lstsq_command *command = result->command;
    const char *const files[] = {command->a_path, command->b_path};
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "files", texts_json(files, 2), "merged",
                     texts_json(command->merge, command->merge_count), "weights",
                     json_text(command->weights), "rows", (json_int_t)result->data.rows, "columns",
                     (json_int_t)result->data.cols, "targets", (json_int_t)result->targets, "dtype",
                     command->a_path != NULL ? json_text(ritz_dtype_name(result->data.dtype))
                                             : json_null());
}

static json_t *method_json(const struct lstsq_result *result)
{
    const ritz_lstsq_report *report = &result->report;
    return json_pack(
        "{s:o, s:o, s:s, s:I, s:i, s:i, s:i, s:i}", "name", json_text(report->method_name),
        "reason", json_text(report->reason), "dtype", ritz_dtype_name(result->dtype), "seed",
        (json_int_t)result->command->common.seed, "passes", report->passes, "refinements",
        report->refinements, "iterations", report->iterations, "fallbacks", report->fallbacks);
}

static bool at_end(const struct lstsq_path *path)
{
    return path->count > 1 && (path->best == 0 || path->best == path->count - 1);
}

static json_t *penalty_json(const struct lstsq_result *result)
{
    const struct lstsq_path *path = &result->path;
    enum lstsq_criterion criterion = result->command->path.criterion;
    bool chosen = path->count > 0;
    return json_pack("{s:o, s:o, s:o, s:b}", "lambda", json_number(result->lambda), "criterion",
                     json_text(chosen ? criterion_name(criterion) : NULL), "score",
                     chosen ? json_number(path_scores(path, criterion)[path->best]) : json_null(),
                     "at_end", at_end(path));
}

static json_t *figures_json(const double *figures, int64_t count)
{
    return figures != NULL ? json_numbers(figures, count) : json_null();
}

static json_t *path_json(const struct lstsq_path *path)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "lambda", figures_json(path->lambda, path->count), "dof",
        figures_json(path->dof, path->count), "rss", figures_json(path->rss, path->count), "gcv",
        figures_json(path->gcv, path->count), "loo", figures_json(path->loo, path->count));
}

/* An array for each target. */
static json_t *coefficients_json(ritz_hmat X)
{
    if (X.rows > JSON_COEFFICIENTS_MOST / X.cols) return json_null();
    json_t *targets = json_array();
    for (int64_t j = 0; j < X.cols; j++) {
        json_t *target = json_array();
        for (int64_t i = 0; i < X.rows; i++) {
            json_array_append_new(target, json_number(host_entry(X, i, j)));
        }
        json_array_append_new(targets, target);
    }
    return targets;
}

static json_t *intercept_json(const struct lstsq_result *result)
{
    if (!result->command->intercept) return json_null();
    json_t *array = json_array();
    for (int64_t j = 0; j < result->targets; j++) {
        json_array_append_new(array, json_number(host_entry(result->intercept, 0, j)));
    }
    return array;
}

static json_t *seconds_json(const struct lstsq_result *result, const struct run *run)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "read", result->seconds_read, "path",
                     result->seconds_path, "solve", result->seconds_solve, "predict",
                     result->seconds_predict, "write", run->seconds_write, "total",
                     run->seconds_total);
}

static json_t *output_json(const struct lstsq_result *result, const struct output *output)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "directory", json_text(output->directory), "files",
                     output->directory != NULL ? output_files_json(output) : json_array(),
                     "statistics", json_text(result->command->statistics), "plot",
                     json_text(result->command->plot.file));
}

json_t *lstsq_report_json(const struct lstsq_result *result, const struct run *run,
                          const struct output *listed)
{
    const ritz_lstsq_report *report = &result->report;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:o}",
        "ritz", RITZ_VERSION_STRING, "command", "lstsq", "data", data_json(result), "device",
        json_device(&run->session.info), "method", method_json(result), "penalty",
        penalty_json(result), "path", path_json(&result->path), "coefficients",
        coefficients_json(result->coefficients), "intercept", intercept_json(result), "rank",
        (json_int_t)report->rank, "condition", json_number(report->condition), "residual_norm",
        json_number(report->residual_norm), "residual_norms",
        json_numbers(result->norms.data, result->targets), "rhs_norm",
        json_number(report->rhs_norm), "solution_norm", json_number(report->solution_norm),
        "r_squared", json_number(result->r_squared), "dof", json_number(report->dof), "optimality",
        json_number(report->optimality), "backward_error", json_number(report->backward_error),
        "warning", json_text(report->warning), "seconds", seconds_json(result, run), "memory",
        json_memory(run), "output", output_json(result, listed));
}

/* ---- for people ------------------------------------------------------------------------------ */

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_problem(const struct lstsq_result *result)
{
    const struct lstsq_command *command = result->command;

    if (command->a_path != NULL) {
        printf("%-12s%s, %s\n", "Data", command->a_path, command->b_path);
    }
    for (size_t i = 0; i < command->merge_count; i++) {
        bool first = i == 0 && command->a_path == NULL;
        printf("%-12s%s (statistics)\n", first ? "Data" : "", command->merge[i]);
    }
    print_line("", "%" PRId64 " row%s, %" PRId64 " column%s, %" PRId64 " target%s%s",
               result->data.rows, plural(result->data.rows), result->data.cols,
               plural(result->data.cols), result->targets, plural(result->targets),
               command->weights != NULL ? ", weighted" : "");
}

static void print_penalty(const struct lstsq_result *result)
{
    const struct lstsq_path *path = &result->path;
    if (path->count > 0) {
        bool gcv = result->command->path.criterion == CRITERION_GCV;
        print_line(
            "Penalty",
            "%.6g, which has the least %s of %" PRId64 " penalties from %.3g to %.3g; the "
            "model has %.4g degrees of freedom%s",
            result->lambda, gcv ? "generalized cross-validation" : "leave-one-out error",
            path->count, path->lambda[0], path->lambda[path->count - 1], path->dof[path->best],
            at_end(path) ? "; it is at an end of the path, so that one beyond may be better" : "");
    } else if (result->lambda > 0.0) {
        print_line("Penalty", "%.6g", result->lambda);
    }
}

static void print_coefficients(const struct lstsq_result *result)
{
    ritz_hmat X = result->coefficients;
    int64_t shown = X.cols < TABLE_TARGETS_MOST ? X.cols : TABLE_TARGETS_MOST;

    printf("\n     column");
    for (int64_t j = 0; j < shown; j++) {
        char heading[32] = "coefficient";
        if (X.cols > 1) snprintf(heading, sizeof heading, "target %" PRId64, j);
        printf("  %15s", heading);
    }
    puts(shown < X.cols ? "  ..." : "");
    for (int64_t i = 0; i < X.rows; i++) {
        if (!table_shows(i, X.rows)) {
            if (table_shows(i - 1, X.rows)) puts("        ...");
            continue;
        }
        printf("  %9" PRId64, i);
        for (int64_t j = 0; j < shown; j++) printf("  %15.8g", host_entry(X, i, j));
        putchar('\n');
    }
    if (result->command->intercept) {
        printf("  intercept");
        for (int64_t j = 0; j < shown; j++) {
            printf("  %15.8g", host_entry(result->intercept, 0, j));
        }
        putchar('\n');
    }
    putchar('\n');
}

static void print_fit(const struct lstsq_result *result)
{
    const ritz_lstsq_report *report = &result->report;
    char determined[48] = "R² not computed";

    if (isfinite(result->r_squared)) {
        snprintf(determined, sizeof determined, "R² %.6g", result->r_squared);
    }
    print_line("Fit", "%s; residual %.6g, right-hand side %.6g%s (Frobenius norms)", determined,
               report->residual_norm, report->rhs_norm,
               result->command->intercept ? " less its mean" : "");
    print_line("", "%.6g degrees of freedom are left", report->dof);
}

static void print_quality(const struct lstsq_result *result)
{
    const ritz_lstsq_report *report = &result->report;
    char condition[64] = "";
    char refinements[64] = "";

    if (isfinite(report->condition)) {
        snprintf(condition, sizeof condition, "; condition about %.3g, with columns of unit length",
                 report->condition);
    }
    if (report->rank >= 0) {
        print_line("Rank", "%" PRId64 " of %" PRId64 "%s", report->rank, result->data.cols,
                   condition);
    }
    if (report->refinements > 0) {
        snprintf(refinements, sizeof refinements, "; %d step%s of refinement", report->refinements,
                 plural(report->refinements));
    }
    if (isfinite(report->backward_error)) {
        print_line("Error", "%.3g backward, relative to the norm of the matrix%s",
                   report->backward_error, refinements);
    } else {
        print_line("Error", "not computed by this method%s", refinements);
    }
}

static void print_time_and_memory(const struct lstsq_result *result, const struct run *run)
{
    int passes = result->report.passes;

    print_line("Time",
               "read %.3f s, solve %.3f s (%d pass%s over the data), predict %.3f s, write %.3f s; "
               "in all %.3f s",
               result->seconds_read, result->seconds_path + result->seconds_solve, passes,
               passes == 1 ? "" : "es", result->seconds_predict, run->seconds_write,
               run->seconds_total);
    print_memory(run);
}

void lstsq_report_print(const struct lstsq_result *result, const struct run *run)
{
    const struct lstsq_command *command = result->command;
    const ritz_lstsq_report *report = &result->report;

    print_problem(result);
    print_device(&run->session.info);
    print_line("Method", "%s, in %s: %s", report->method_name, ritz_dtype_name(result->dtype),
               report->reason);
    print_penalty(result);
    print_coefficients(result);
    print_fit(result);
    print_quality(result);
    if (report->warning[0] != '\0') print_line("Warning", "%s", report->warning);
    print_time_and_memory(result, run);
    print_output(&run->output);
    if (command->statistics != NULL) printf("%-12s%s\n", "Statistics", command->statistics);
    if (command->plot.file != NULL) printf("%-12s%s\n", "Picture", command->plot.file);
}
