/* ritz svd: singular values and vectors of the matrix in a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "session.h"

/* The randomized method is chosen for at most this share of the singular values: with more, its
 * products cost about as much as the whole decomposition. */
#define RANDOMIZED_SHARE 0.2

static const char help[] =
    "usage: ritz svd FILE [OPTION]...\n"
    "\n"
    "Singular values (and with --out vectors) of the matrix in the file, A = U diag(s) V':\n"
    ".npy, IDX or CSV, each also compressed with gzip. Nothing is centred.\n"
    "\n"
    "options:\n"
    "  -k, --components N        only the N largest (default: all)\n"
    "  -m, --method NAME         auto, exact or randomized (default: auto, which is randomized\n"
    "                            if N is at most a fifth of the smaller side, else exact)\n";

static const char examples[] = "\n"
                               "examples:\n"
                               "  ritz svd data.npy\n"
                               "  ritz svd data.npy -k 20 --power-iterations 4 --out results\n"
                               "  ritz svd table.csv --dtype float64 --json\n";

enum svd_method { SVD_AUTO, SVD_EXACT, SVD_RANDOMIZED };

struct svd_options {
    struct common_options common;
    int64_t components; /* 0: all */
    enum svd_method method;
    const char *path;
};

/* The parts of a run that have to be given back, and what is said about it. */
struct svd_run {
    const struct svd_options *options;
    struct session session;
    struct progress progress;
    struct output output;
    ritz_file_info file;
    ritz_hmat input; /* the file, in the type of computation */
    ritz_dmat A;     /* m x n on the device; borrows `input` on the CPU */
    ritz_dmat U;     /* m x l, l = min(m, n) if exact, k if randomized; empty if not wanted */
    ritz_dmat S;     /* l x 1 */
    ritz_dmat V;     /* n x l; empty if not wanted */
    ritz_hmat values;
    ritz_hmat left;
    ritz_hmat right;
    bool randomized;
    char reason[160];
    int64_t components;
    ritz_sketch_report report;
    double started;
    double seconds_read;
    double seconds_compute;
    double seconds_write;
    double seconds_total;
};

/* ---- the command line ------------------------------------------------------------------------ */

static const struct option long_options[] = {
    COMMON_LONG_OPTIONS,
    SKETCH_LONG_OPTIONS,
    {"components", required_argument, NULL, 'k'},
    {"method", required_argument, NULL, 'm'},
    {NULL, 0, NULL, 0},
};

static bool parse_method(const char *text, enum svd_method *method)
{
    static const struct choice methods[] = {
        {"auto", SVD_AUTO}, {"exact", SVD_EXACT}, {"randomized", SVD_RANDOMIZED}, {NULL, 0}};
    int value;
    if (!parse_choice("--method", text, methods, &value)) return false;
    *method = (enum svd_method)value;
    return true;
}

static bool take_option(int code, char **argv, struct svd_options *options)
{
    switch (code) {
    case 'k': return parse_int64("--components", optarg, 1, INT64_MAX, &options->components);
    case 'm': return parse_method(optarg, &options->method);
    default: return common_option("svd", code, argv, &options->common);
    }
}

static bool parse_options(int argc, char **argv, struct svd_options *options)
{
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":k:m:" COMMON_SHORT_OPTIONS, long_options, NULL)) !=
           -1) {
        if (!take_option(code, argv, options)) return false;
        if (options->common.help) return true;
    }
    if (argc - optind != 1) {
        complain("ritz svd needs one file, not %d; see ritz svd --help", argc - optind);
        return false;
    }
    options->path = argv[optind];
    if (options->method == SVD_RANDOMIZED && options->components == 0) {
        complain("--method randomized needs --components: how many singular values");
        return false;
    }
    return true;
}

/* ---- the work -------------------------------------------------------------------------------- */

static int64_t smaller_side(const struct svd_run *run)
{
    return run->file.rows < run->file.cols ? run->file.rows : run->file.cols;
}

static void choose_method(struct svd_run *run)
{
    const struct svd_options *options = run->options;
    int64_t side = smaller_side(run);
    bool few =
        options->components > 0 && (double)options->components <= RANDOMIZED_SHARE * (double)side;

    run->components = options->components > 0 ? options->components : side;
    run->randomized = options->method == SVD_RANDOMIZED || (options->method == SVD_AUTO && few);
    if (options->method != SVD_AUTO) {
        snprintf(run->reason, sizeof run->reason, "as asked for");
    } else if (run->components == side) {
        snprintf(run->reason, sizeof run->reason, "all singular values are wanted");
    } else {
        snprintf(run->reason, sizeof run->reason,
                 "%" PRId64 " of %" PRId64 " singular values are %s a fifth", run->components, side,
                 few ? "at most" : "more than");
    }
}

static int prepare(struct svd_run *run)
{
    const struct svd_options *options = run->options;

    run->file.size = sizeof run->file;
    ritz_status status = ritz_file_inspect(options->path, &run->file);
    if (status != RITZ_OK) return complain_library(status);
    if (run->file.rows == 0 || run->file.cols == 0) {
        complain("%s is %" PRId64 " x %" PRId64
                 "; a matrix without elements has no singular values",
                 options->path, run->file.rows, run->file.cols);
        return STATUS_FAILED;
    }
    if (options->components > smaller_side(run)) {
        complain("--components %" PRId64 " is too many: %s is %" PRId64 " x %" PRId64
                 " and has %" PRId64 " singular values",
                 options->components, options->path, run->file.rows, run->file.cols,
                 smaller_side(run));
        return STATUS_FAILED;
    }
    choose_method(run);
    if (!output_prepare(&run->output, options->common.out)) return STATUS_FAILED;
    status = session_open(&run->session, &options->common);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static ritz_dtype compute_dtype(const struct svd_run *run)
{
    if (run->options->common.dtype != 0) return run->options->common.dtype;
    ritz_dtype stored = run->file.dtype;
    bool wide = stored == RITZ_F64 || stored == RITZ_I32 || stored == RITZ_I64;
    return wide ? RITZ_F64 : RITZ_F32;
}

static int read_matrix(struct svd_run *run)
{
    struct session *session = &run->session;
    double started = seconds_now();

    progress_phase(&run->progress, "reading");
    ritz_status status = ritz_load_as(run->options->path, compute_dtype(run), &run->input);
    if (status == RITZ_OK && session->info.kind == RITZ_DEVICE_CPU) {
        run->A = ritz_dmat_borrow(session->device, run->input);
    } else if (status == RITZ_OK) {
        status = ritz_dmat_create(session->stream, run->input.dtype, run->input.layout,
                                  run->input.rows, run->input.cols, &run->A);
        if (status == RITZ_OK) status = ritz_upload(session->stream, run->input, run->A);
        if (status == RITZ_OK) status = ritz_stream_sync(session->stream);
    }
    progress_clear(&run->progress);
    run->seconds_read = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static ritz_status create_results(struct svd_run *run, int64_t count)
{
    ritz_stream *stream = run->session.stream;
    ritz_dtype dtype = run->A.dtype;

    ritz_status status = ritz_dmat_create(stream, dtype, RITZ_COL_MAJOR, count, 1, &run->S);
    if (run->options->common.out == NULL) return status;
    if (status == RITZ_OK) {
        status = ritz_dmat_create(stream, dtype, RITZ_COL_MAJOR, run->A.rows, count, &run->U);
    }
    if (status == RITZ_OK) {
        status = ritz_dmat_create(stream, dtype, RITZ_COL_MAJOR, run->A.cols, count, &run->V);
    }
    return status;
}

static ritz_status decompose_randomized(struct svd_run *run)
{
    ritz_linop A = ritz_linop_dense(run->A);
    ritz_sketch_options sketch = RITZ_SKETCH_DEFAULTS;
    sketch.oversampling = run->options->common.oversampling;
    sketch.power_iterations = run->options->common.power_iterations;
    sketch.seed = (uint64_t)run->options->common.seed;

    run->report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    ritz_status status = create_results(run, run->components);
    if (status == RITZ_OK) {
        status = ritz_svd_randomized(run->session.stream, &A, run->U, run->S, run->V, &sketch,
                                     &run->report);
    }
    if (status == RITZ_OK) status = ritz_stream_sync(run->session.stream);
    if (status == RITZ_OK && run->report.sample_size >= smaller_side(run)) {
        run->randomized = false;
        snprintf(run->reason, sizeof run->reason,
                 "a sketch of so many columns would cost more than the whole decomposition");
    }
    return status;
}

/* The exact method computes all values: their tail is the error of leaving it out. */
static void measure_truncation(struct svd_run *run)
{
    const double *values = run->values.data;
    double kept = 0.0;
    double left_out = 0.0;
    /* Smallest first, so that small squares are not lost. */
    for (int64_t i = run->values.rows - 1; i >= 0; i--) {
        *(i < run->components ? &kept : &left_out) += values[i] * values[i];
    }
    run->report.kind = RITZ_ERROR_EXACT;
    run->report.error = sqrt(left_out);
    run->report.norm = sqrt(kept + left_out);
}

static ritz_status decompose_exact(struct svd_run *run)
{
    ritz_status status = create_results(run, smaller_side(run));
    if (status == RITZ_OK) {
        status = ritz_svd(run->session.stream, run->A, run->U, run->S, run->V, RITZ_NO_MAT);
    }
    return status == RITZ_OK ? ritz_stream_sync(run->session.stream) : status;
}

/* The columns that were asked for, of U or V. */
static ritz_status download_vectors(struct svd_run *run, ritz_dmat vectors, ritz_hmat *H)
{
    if (vectors.data == NULL) return RITZ_OK;
    return session_download(&run->session, ritz_cols(vectors, 0, run->components), vectors.dtype,
                            H);
}

static int decompose(struct svd_run *run)
{
    double started = seconds_now();
    bool exact = !run->randomized;

    progress_phase(&run->progress, exact ? "decomposing" : "sketching");
    ritz_status status = exact ? decompose_exact(run) : decompose_randomized(run);
    if (status == RITZ_OK) status = session_download(&run->session, run->S, RITZ_F64, &run->values);
    if (status == RITZ_OK && exact) measure_truncation(run);
    if (status == RITZ_OK) status = download_vectors(run, run->U, &run->left);
    if (status == RITZ_OK) status = download_vectors(run, run->V, &run->right);
    progress_clear(&run->progress);
    run->seconds_compute = seconds_now() - started;
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *method_name(const struct svd_run *run)
{
    return run->randomized ? "randomized" : "exact";
}

static json_t *report_json(const struct svd_run *run, const struct output *output)
{
    const ritz_sketch_report *report = &run->report;
    return json_pack(
        "{s:s, s:s, s:{s:[o], s:I, s:I, s:s}, s:o, s:{s:s, s:o, s:s, s:I, s:i, s:I}, s:I, s:o, "
        "s:o, s:o, s:{s:f, s:f, s:f, s:f}, s:{s:I}, s:{s:o, s:o}}",
        "ritz", RITZ_VERSION_STRING, "command", "svd", "data", "files",
        json_text(run->options->path), "rows", (json_int_t)run->file.rows, "columns",
        (json_int_t)run->file.cols, "dtype", ritz_dtype_name(run->file.dtype), "device",
        json_device(&run->session.info), "method", "name", method_name(run), "reason",
        json_text(run->reason), "dtype", ritz_dtype_name(run->A.dtype), "seed",
        (json_int_t)run->options->common.seed, "power_iterations",
        run->randomized ? report->power_iterations : 0, "sample_size",
        (json_int_t)(run->randomized ? report->sample_size : smaller_side(run)), "components",
        (json_int_t)run->components, "singular_values",
        json_numbers(run->values.data, run->components), "norm", json_number(report->norm), "error",
        json_error(report->kind, report->error, 0.0), "seconds", "read", run->seconds_read,
        "compute", run->seconds_compute, "write", run->seconds_write, "total", run->seconds_total,
        "memory", "peak_bytes", (json_int_t)peak_memory(), "output", "directory",
        json_text(output->directory), "files", output_files_json(output));
}

static void print_values(const struct svd_run *run)
{
    const double *values = run->values.data;
    int64_t k = run->components;

    puts("\n      index   singular value   of the largest");
    for (int64_t i = 0; i < k; i++) {
        if (!table_shows(i, k)) {
            if (table_shows(i - 1, k)) puts("        ...");
            continue;
        }
        printf("  %9" PRId64 "  %15.8g  %15.4g\n", i + 1, values[i],
               values[0] > 0.0 ? values[i] / values[0] : 0.0);
    }
    putchar('\n');
}

static void print_report(const struct svd_run *run)
{
    const ritz_sketch_report *report = &run->report;
    char memory[32];

    printf("%-12s%s\n", "Data", run->options->path);
    print_line("", "%" PRId64 " rows, %" PRId64 " columns, %s", run->file.rows, run->file.cols,
               ritz_dtype_name(run->file.dtype));
    print_device(&run->session.info);
    print_line("Method", "%s, in %s: %s", method_name(run), ritz_dtype_name(run->A.dtype),
               run->reason);
    print_values(run);
    print_line("Norm", "%.6g (Frobenius)", report->norm);
    if (report->kind != RITZ_ERROR_NONE) {
        print_line("Error", "%.4g: Frobenius norm of what the %" PRId64 " triplets leave out (%s)",
                   report->error, run->components, error_kind_name(report->kind));
    }
    format_bytes(peak_memory(), memory, sizeof memory);
    print_line("Time", "read %.3f s, compute %.3f s, write %.3f s; in all %.3f s",
               run->seconds_read, run->seconds_compute, run->seconds_write, run->seconds_total);
    print_line("Memory", "%s at the peak, of the whole process", memory);
    print_output(&run->output);
}

static int write_results(struct svd_run *run, char **json)
{
    struct output *output = &run->output;
    bool wanted = run->options->common.out != NULL;
    double started = seconds_now();

    interrupt_catch();
    bool good =
        !wanted ||
        (output_begin(output) &&
         output_vector(output, "singular_values.npy", run->values.data, run->components) &&
         output_matrix(output, "U.npy", run->left) && output_matrix(output, "V.npy", run->right));
    run->seconds_write = seconds_now() - started;
    run->seconds_total = seconds_now() - run->started;
    if (good) {
        struct output listed = *output;
        if (wanted) listed.files[listed.count++] = "report.json";
        *json = json_print(report_json(run, &listed));
        good = *json != NULL && (!wanted || output_text(output, "report.json", *json));
    }
    if (interrupt_seen()) return complain_library(RITZ_ERR_CANCELLED);
    if (good && wanted) good = output_publish(output);
    return good ? STATUS_OK : STATUS_FAILED;
}

static void release(struct svd_run *run)
{
    ritz_stream *stream = run->session.stream;

    output_end(&run->output);
    (void)ritz_dmat_destroy(stream, &run->U);
    (void)ritz_dmat_destroy(stream, &run->S);
    (void)ritz_dmat_destroy(stream, &run->V);
    if (run->A.flags & RITZ_MAT_OWNED) (void)ritz_dmat_destroy(stream, &run->A);
    (void)ritz_hmat_destroy(&run->input);
    (void)ritz_hmat_destroy(&run->values);
    (void)ritz_hmat_destroy(&run->left);
    (void)ritz_hmat_destroy(&run->right);
    session_close(&run->session);
}

static int run_svd(const struct svd_options *options)
{
    struct svd_run run = {.options = options, .started = seconds_now()};
    char *json = NULL;

    progress_begin(&run.progress, options->common.quiet);
    int status = prepare(&run);
    if (status == STATUS_OK) status = read_matrix(&run);
    if (status == STATUS_OK) status = decompose(&run);
    if (status == STATUS_OK) status = write_results(&run, &json);
    if (status == STATUS_OK && options->common.json) puts(json);
    if (status == STATUS_OK && !options->common.json && !options->common.quiet) print_report(&run);
    free(json);
    release(&run);
    return status;
}

int command_svd(int argc, char **argv)
{
    struct svd_options options = {.common = COMMON_OPTIONS_DEFAULTS};

    if (!parse_options(argc, argv, &options)) return STATUS_USAGE;
    if (options.common.help) {
        printf("%s%s%s%s", help, sketch_options_help, common_options_help, examples);
        return STATUS_OK;
    }
    return run_svd(&options);
}
