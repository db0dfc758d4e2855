/* Every CUDA call of every public operation fails in turn, on the emulation: the operation says so
 * and names the call, its inputs are as before, nothing leaks, no contract is broken, and the same
 * operation on the same stream then gives the CPU's answer.
 *
 * Of the larger matrices, whose calls take long and are mostly those of the smaller ones, beyond
 * the first FIRST_CALLS every STRIDE-th call fails. With RITZ_TEST_LEVEL=quick there are none of
 * them; with RITZ_TEST_LEVEL=sample only the operations of few calls have them, of which the
 * others are made, and of the smaller ones hardly a call fails beyond the first FIRST_CALLS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"

/* Small matrices go to Ritz's own kernels, larger ones to the libraries. */
enum { FIRST_CALLS = 30, STRIDE = 5, SAMPLE_STRIDE = 50 };
static const struct {
    int64_t m, n, stride;
} sizes[] = {{30, 20, 1}, {140, 110, STRIDE}};

static const double TOLERANCE = 1e-9;
enum { MOST_CALLS = 100000 };

static int problems;
static long long faults, got_over;

static void wrong(const struct operation *op, int64_t n, int64_t at, const char *what)
{
    problems++;
    printf("FAIL %s %s, n = %lld, call %lld (%s): %s; the message is \"%s\"\n", op->name,
           op->variant, (long long)n, (long long)at, emu_failed_call(), what, ritz_last_error());
}

static int objects_left(void)
{
    return emu_check_idle();
}

/* A kernel is launched by a function of its own name. */
static bool names_the_call(const char *message)
{
    const char *call = emu_failed_call();
    if (strstr(message, call)) return true;
    return strncmp(call, "cudaLaunchKernel", 16) == 0 && strstr(message, "launch_");
}

/* The failures that an operation may get over, each by the call that answers it: the caller's
 * device, or whether a graph is captured, cannot be told, and memory is given back all the same; a
 * host workspace is not handed over
 * to the stream, and the stream is waited for before it is freed. */
static bool may_be_got_over(void)
{
    static const struct {
        const char *failed, *answer;
    } sound[] = {
        {"cudaGetDevice", "cudaStreamIsCapturing"},
        {"cudaGetDevice", "cudaFreeHost"},
        {"cudaGetDevice", "cudaEventDestroy"},
        {"cudaLaunchHostFunc", "cudaStreamSynchronize"},
        {"cudaStreamIsCapturing", "cudaFreeAsync"},
        {"cudaStreamIsCapturing", "cudaStreamSynchronize"},
    };
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++)
        if (strcmp(sound[i].failed, emu_failed_call()) == 0 &&
            strcmp(sound[i].answer, emu_call_after_failure()) == 0)
            return true;
    return false;
}

static struct outcome run_undisturbed(struct world *w, const struct operation *op)
{
    load_world(w, op);
    must(op->call(w));
    must(ritz_stream_sync(w->s));
    struct outcome o = outcome_of(w, op);
    drop_made(w);
    return o;
}

static struct outcome answer_of_cpu(const struct operation *op, int64_t m, int64_t n)
{
    struct world w;
    open_world(&w, "cpu", m, n);
    struct outcome o = run_undisturbed(&w, op);
    close_world(&w);
    return o;
}

static void check_inputs(struct world *w, const struct operation *op, int64_t at)
{
    for (int i = 0; i < MATRICES; i++)
        if (!(op->writes & (1u << i)) && !kept(w, (enum matrix_name)i))
            wrong(op, w->n, at, "an input was changed");
}

static void check_outcome(struct world *w, const struct operation *op, const struct outcome *right,
                          int64_t at)
{
    struct outcome o = outcome_of(w, op);
    const double apart = difference(w, &o, right);
    if (!(apart <= (op->tolerance > 0 ? op->tolerance : TOLERANCE))) {
        printf("  difference %g\n", apart);
        wrong(op, w->n, at, "the result is not the CPU's");
    }
    free(o.values);
}

/* After a failure: the same again, right. */
static void check_recovery(struct world *w, const struct operation *op, const struct outcome *right,
                           int64_t at)
{
    drop_made(w);
    load_world(w, op);
    if (op->call(w) != RITZ_OK || ritz_stream_sync(w->s) != RITZ_OK) {
        wrong(op, w->n, at, "the operation fails again, undisturbed");
        return;
    }
    check_outcome(w, op, right, at);
}

/* The call number `at` fails; false once the operation makes fewer. */
static bool fail_at(const struct operation *op, int64_t m, int64_t n, const struct outcome *right,
                    int64_t at)
{
    struct world w;
    open_world(&w, "cuda", m, n);
    load_world(&w, op);
    emu_fail_clear();
    emu_fail_at(at);
    ritz_status status = op->call(&w);
    if (status == RITZ_OK) status = ritz_stream_sync(w.s);
    const bool fired = emu_failed_call()[0] != '\0';
    if (fired) {
        faults++;
        if (status == RITZ_OK && may_be_got_over()) {
            got_over++;
            check_outcome(&w, op, right, at);
        } else if (status == RITZ_OK)
            wrong(op, n, at, "nobody noticed");
        else if (!names_the_call(ritz_last_error()))
            wrong(op, n, at, "the message does not name the call");
        emu_fail_clear();
        /* What was enqueued before the failure may still run; no error may be left of it. */
        if (status != RITZ_OK && ritz_stream_sync(w.s) != RITZ_OK)
            wrong(op, n, at, "the error stays on the stream");
        check_inputs(&w, op, at);
        check_recovery(&w, op, right, at);
    } else if (status != RITZ_OK) {
        wrong(op, n, at, "the operation fails by itself");
    }
    emu_fail_clear();
    close_world(&w);
    if (objects_left() != 0) {
        wrong(op, n, at, "something leaked (above)");
        exit(1);
    }
    emu_reset((uint64_t)at);
    return fired;
}

/* Returns the call before which the operation ended. */
static int64_t sweep(const struct operation *op, int64_t m, int64_t n, int64_t stride)
{
    const int before = problems;
    struct outcome right = answer_of_cpu(op, m, n);
    int64_t at = 1;
    while (fail_at(op, m, n, &right, at)) {
        at += at < FIRST_CALLS ? 1 : stride;
        if (at > MOST_CALLS || problems > before + 5) break;
    }
    printf("%-28s %-14s %4lld x %-4lld before call %6lld%s\n", op->name, op->variant, (long long)m,
           (long long)n, (long long)at, problems > before ? "  FAILED" : "");
    if (at == 1 && op->writes) wrong(op, n, 0, "the operation makes no call that can fail");
    free(right.values);
    return at;
}

static void sweep_sizes(const struct operation *op, const char *level)
{
    const bool quick = strcmp(level, "quick") == 0, sample = strcmp(level, "sample") == 0;
    const int64_t calls =
        sweep(op, sizes[0].m, sizes[0].n, sample ? SAMPLE_STRIDE : sizes[0].stride);
    if (!quick && !(sample && calls > FIRST_CALLS + SAMPLE_STRIDE))
        sweep(op, sizes[1].m, sizes[1].n, sizes[1].stride);
}

/* ---- opening a device, creating a stream ----------------------------------------------------- */

static ritz_status open_and_create(ritz_device **dev, ritz_stream **s)
{
    ritz_status status = ritz_device_open("cuda:0", dev);
    return status ? status : ritz_stream_create(*dev, s);
}

static void sweep_opening(void)
{
    static const struct operation opening = {.name = "ritz_device_open", .variant = "and stream"};
    int64_t at = 0;
    for (bool fired = true; fired && ++at < MOST_CALLS;) {
        ritz_device *dev = NULL;
        ritz_stream *s = NULL;
        emu_fail_clear();
        emu_fail_at(at);
        const ritz_status status = open_and_create(&dev, &s);
        fired = emu_failed_call()[0] != '\0';
        faults += fired;
        if (fired && status == RITZ_OK) wrong(&opening, 0, at, "nobody noticed");
        if (fired && status != RITZ_OK && !names_the_call(ritz_last_error()))
            wrong(&opening, 0, at, "the message does not name the call");
        emu_fail_clear();
        must(ritz_stream_destroy(&s));
        must(ritz_device_close(&dev));
        if (objects_left() != 0) wrong(&opening, 0, at, "something leaked (above)");
        must(open_and_create(&dev, &s));
        must(ritz_stream_destroy(&s));
        must(ritz_device_close(&dev));
    }
    printf("%-28s %-14s %11s %6lld calls\n", opening.name, opening.variant, "", (long long)at - 1);
}

/* ---- closing --------------------------------------------------------------------------------- */

/* A stream that is destroyed is waited for twice: the first wait says if it fails, and the second
 * finds nothing to wait for unless it did. And what is closed is given back although the caller's
 * device, or whether a graph is captured, cannot be told. */
static bool closes_all_the_same(void)
{
    return strcmp(emu_failed_call(), "cudaStreamSynchronize") == 0 ||
           strcmp(emu_failed_call(), "cudaStreamIsCapturing") == 0 ||
           strcmp(emu_failed_call(), "cudaGetDevice") == 0;
}

static ritz_status close_both(ritz_stream **s, ritz_device **dev)
{
    const ritz_status status = ritz_stream_destroy(s);
    const ritz_status closed = ritz_device_close(dev);
    return status ? status : closed;
}

static void sweep_closing(void)
{
    static const struct operation closing = {.name = "ritz_device_close", .variant = "and stream"};
    int64_t at = 0;
    for (bool fired = true; fired && ++at < MOST_CALLS;) {
        ritz_device *dev = NULL;
        ritz_stream *s = NULL;
        must(open_and_create(&dev, &s));
        must(ritz_stream_reserve(s, 1));
        emu_fail_clear();
        emu_fail_at(at);
        const ritz_status status = close_both(&s, &dev);
        fired = emu_failed_call()[0] != '\0';
        faults += fired;
        if (fired && status == RITZ_OK && !closes_all_the_same())
            wrong(&closing, 0, at, "nobody noticed");
        if (status != RITZ_OK && !names_the_call(ritz_last_error()))
            wrong(&closing, 0, at, "the message does not name the call");
        emu_fail_clear();
        if (s || dev || objects_left() != 0) wrong(&closing, 0, at, "something leaked (above)");
        emu_reset((uint64_t)at);
    }
    printf("%-28s %-14s %11s %6lld calls\n", closing.name, closing.variant, "", (long long)at - 1);
}

int main(int argc, char **argv)
{
    const char *level = getenv("RITZ_TEST_LEVEL");
    const char *only = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!only[0]) sweep_opening();
    if (!only[0]) sweep_closing();
    for (size_t i = 0; i < operation_count; i++)
        if (strstr(operations[i].name, only)) sweep_sizes(&operations[i], level ? level : "full");
    printf("%lld calls failed, %lld of them got over, %d problems\n", faults, got_over, problems);
    return problems > 0 || faults == 0;
}
