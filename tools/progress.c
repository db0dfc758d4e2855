/* Progress of long work on a terminal, and stopping it with Ctrl-C.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"
#define SECONDS_PER_LINE 0.1

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_release(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

bool interrupt_seen(void)
{
    return interrupted != 0;
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_begin(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.active = !quiet && isatty(STDERR_FILENO)};
}

/* A number with the letter for thousands, millions or milliards: "1.24 M". */
static void format_rate(double rate, char *text, size_t size)
{
    static const char *const units[] = {"", " k", " M", " G"};
    size_t unit = 0;
    while (rate >= 1000.0 && unit + 1 < sizeof units / sizeof *units) {
        rate /= 1000.0;
        unit++;
    }
    snprintf(text, size, "%.3g%s", rate, units[unit]);
}

static void format_time_left(double seconds, char *text, size_t size)
{
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600) {
        snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
    }
}

static void show(struct progress *progress, double now, int64_t done, int64_t total)
{
    double elapsed = now - progress->started;
    /* What was done before the first call, perhaps by an earlier run, took an unknown time. */
    double counted = (double)(done - progress->first);
    fprintf(stderr, CLEAR_LINE "%s", progress->phase);
    if (progress->pass > 1) fprintf(stderr, ", pass %d", progress->pass);
    /* Work of one step, and the first call of any other, have nothing to divide by. */
    if (counted > 0.0 && total > 0 && elapsed > 0.0) {
        char rate[32];
        char left[32];
        format_rate(counted / elapsed, rate, sizeof rate);
        format_time_left(elapsed * (double)(total - done) / counted, left, sizeof left);
        fprintf(stderr, "  %3d %%  %s rows/s  %s left", (int)(100.0 * (double)done / (double)total),
                rate, left);
    } else {
        fputs(" ...", stderr);
    }
    fflush(stderr);
    progress->visible = true;
    progress->displayed = now;
}

static void enter_pass(struct progress *progress, int pass, int64_t done, double now)
{
    progress->pass = pass;
    progress->first = done;
    progress->done = done;
    progress->started = now;
    progress->displayed = 0.0;
}

static void enter_phase(struct progress *progress, const char *phase, int64_t done, double now)
{
    snprintf(progress->phase, sizeof progress->phase, "%s", phase);
    enter_pass(progress, 1, done, now);
}

int progress_update(void *context, const char *phase, int64_t done, int64_t total)
{
    struct progress *progress = context;
    if (progress->active) {
        double now = seconds_now();
        if (strcmp(phase, progress->phase) != 0) enter_phase(progress, phase, done, now);
        if (done < progress->done) enter_pass(progress, progress->pass + 1, done, now);
        progress->done = done;
        if (now - progress->displayed >= SECONDS_PER_LINE) show(progress, now, done, total);
    }
    return interrupt_seen();
}

void progress_phase(struct progress *progress, const char *phase)
{
    if (!progress->active) return;
    double now = seconds_now();
    enter_phase(progress, phase, 0, now);
    show(progress, now, 0, 0);
}

void progress_clear(struct progress *progress)
{
    if (!progress->visible) return;
    fputs(CLEAR_LINE, stderr);
    fflush(stderr);
    progress->visible = false;
}
