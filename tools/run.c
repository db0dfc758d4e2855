/* The course of a run that computes something.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <stdio.h>

#include "report.h"

/* Without a limit, the data and the work on it may take this part of the memory. */
enum { DEFAULT_SHARE = 2 };

void run_begin(struct run *run, const struct common_options *options)
{
    *run = (struct run){.options = options,
                        .writes = options->out != NULL,
                        .memory_limit = options->memory,
                        .started = seconds_now()};
    progress_begin(&run->progress, options->quiet);
}

int run_open(struct run *run)
{
    if (!output_prepare(&run->output, run->options->out)) return STATUS_FAILED;
    ritz_status status = session_open(&run->session, run->options);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

double run_memory(const struct run *run)
{
    return run->memory_limit > 0 ? (double)run->memory_limit
                                 : (double)run->session.info.memory_bytes / DEFAULT_SHARE;
}

static void take_measures(struct run *run)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    if (ritz_device_memory(run->session.device, &memory) == RITZ_OK) {
        run->device_peak = memory.peak_bytes;
    }
    run->seconds_total = seconds_now() - run->started;
}

/* The report as text in new memory, which says that it is itself among the files. */
static char *make_report(struct run *run, const struct run_parts *parts)
{
    struct output listed = run->output;
    if (run->writes) listed.files[listed.count++] = "report.json";
    take_measures(run);
    return json_print(parts->json(parts->context, &listed));
}

int run_write(struct run *run, const struct run_parts *parts, char **text)
{
    struct output *output = &run->output;
    double started = seconds_now();

    interrupt_catch();
    bool good = !run->writes || (output_begin(output) && parts->write(parts->context));
    run->seconds_write = seconds_now() - started;
    if (good) {
        *text = make_report(run, parts);
        good = *text != NULL && (!run->writes || output_text(output, "report.json", *text));
    }
    if (interrupt_seen()) return complain_library(RITZ_ERR_CANCELLED);
    if (good && parts->finish != NULL) good = parts->finish(parts->context);
    if (good && output->directory != NULL) good = output_publish(output);
    return good ? STATUS_OK : STATUS_FAILED;
}

void run_print(const struct run *run, const struct run_parts *parts, const char *text)
{
    const char *warning = parts->warning(parts->context);
    if (run->options->json) {
        puts(text);
        if (!run->options->quiet && warning[0] != '\0') complain("warning: %s", warning);
    } else if (!run->options->quiet) {
        parts->print(parts->context);
    }
}

void run_end(struct run *run)
{
    output_end(&run->output);
    session_close(&run->session);
}
