/* The allocations of host memory that the CUDA backend makes fail in turn, on the emulation: the
 * operation says that memory is short, or gets over it with the right result; nothing leaks on the
 * device, and the same operation then succeeds.
 *
 * What an operation allocates late, another one allocates early as a rule: beyond the first few
 * allocations every `stride`-th fails.
 *
 * This program's malloc, calloc and pthread_mutex_init stand before those of the C library; they
 * fail only where the plugin calls them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"

static const double TOLERANCE = 1e-9;
enum { MOST_ALLOCATIONS = 1000 };
/* Small matrices go to Ritz's own kernels, larger ones to the libraries. */
static const struct {
    int64_t m, n, first, stride;
} sizes[] = {{30, 20, 4, 3}, {95, 80, 2, 4}};

/* ---- allocations that fail ------------------------------------------------------------------- */

static bool armed, fired;
static int64_t until_failure;

static bool from_plugin(const void *caller)
{
    Dl_info where;
    return dladdr(caller, &where) && strstr(where.dli_fname, "libritz_cuda.so");
}

static bool fails(const void *caller)
{
    if (!armed || !from_plugin(caller) || --until_failure != 0) return false;
    fired = true;
    return true;
}

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);

void *malloc(size_t bytes)
{
    if (!fails(__builtin_return_address(0))) return __libc_malloc(bytes);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t count, size_t bytes)
{
    if (!fails(__builtin_return_address(0))) return __libc_calloc(count, bytes);
    errno = ENOMEM;
    return NULL;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    if (fails(__builtin_return_address(0))) return ENOMEM;
    *mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (attributes) abort(); /* nobody here asks for another kind */
    return 0;
}

static void arm(int64_t at)
{
    armed = true;
    fired = false;
    until_failure = at;
}

static void disarm(void)
{
    armed = false;
}

/* ---- operations ------------------------------------------------------------------------------ */

static int problems;
static int64_t failures, got_over;

static void wrong(const struct operation *op, int64_t n, int64_t at, const char *what)
{
    problems++;
    printf("FAIL %s %s, n = %lld, allocation %lld: %s; the message is \"%s\"\n", op->name,
           op->variant, (long long)n, (long long)at, what, ritz_last_error());
}

static ritz_status call_and_wait(struct world *w, const struct operation *op)
{
    const ritz_status status = op->call(w);
    return status ? status : ritz_stream_sync(w->s);
}

static struct outcome answer_of_cpu(const struct operation *op, int64_t m, int64_t n)
{
    struct world w;
    open_world(&w, "cpu", m, n);
    load_world(&w, op);
    must(call_and_wait(&w, op));
    const struct outcome o = outcome_of(&w, op);
    close_world(&w);
    return o;
}

static void check_outcome(struct world *w, const struct operation *op, int64_t at)
{
    static const struct operation *answered;
    static int64_t rows;
    static struct outcome right;
    if (answered != op || rows != w->m) {
        free(right.values);
        right = answer_of_cpu(op, w->m, w->n);
        answered = op;
        rows = w->m;
    }
    struct outcome is = outcome_of(w, op);
    const double apart = difference(w, &is, &right);
    if (!(apart <= (op->tolerance > 0 ? op->tolerance : TOLERANCE)))
        wrong(op, w->n, at, "the result is not the CPU's");
    free(is.values);
}

/* False once the operation makes fewer allocations. */
static bool fail_at(const struct operation *op, int64_t m, int64_t n, int64_t at)
{
    struct world w;
    open_world(&w, "cuda:0", m, n);
    load_world(&w, op);
    arm(at);
    const ritz_status status = call_and_wait(&w, op);
    disarm();
    const bool failed = fired;
    failures += failed;
    if (failed && status == RITZ_OK) {
        got_over++;
        check_outcome(&w, op, at);
    } else if (failed) {
        if (status != RITZ_ERR_MEMORY || !strstr(ritz_last_error(), "no host memory"))
            wrong(op, n, at, "it is not said that host memory is short");
        must(ritz_stream_sync(w.s));
        drop_made(&w);
        load_world(&w, op);
        if (call_and_wait(&w, op) != RITZ_OK) wrong(op, n, at, "it fails again, undisturbed");
        check_outcome(&w, op, at);
    } else {
        must(status);
    }
    close_world(&w);
    if (emu_check_idle() != 0) {
        wrong(op, n, at, "something leaked (above)");
        exit(1);
    }
    emu_reset((uint64_t)at);
    return failed;
}

/* ---- opening --------------------------------------------------------------------------------- */

static ritz_status open_and_create(ritz_device **dev, ritz_stream **s, ritz_event **e)
{
    ritz_status status = ritz_device_open("cuda:0", dev);
    if (status == RITZ_OK) status = ritz_stream_create(*dev, s);
    if (status == RITZ_OK) status = ritz_event_create(*dev, e);
    return status;
}

static bool opening_fails_at(int64_t at)
{
    static const struct operation opening = {.name = "ritz_device_open", .variant = "and more"};
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_event *e = NULL;
    arm(at);
    const ritz_status status = open_and_create(&dev, &s, &e);
    disarm();
    const bool failed = fired;
    failures += failed;
    if (status != (failed ? RITZ_ERR_MEMORY : RITZ_OK))
        wrong(&opening, 0, at, "it is not said that host memory is short");
    must(ritz_event_destroy(&e));
    must(ritz_stream_destroy(&s));
    must(ritz_device_close(&dev));
    if (emu_check_idle() != 0) wrong(&opening, 0, at, "something leaked (above)");
    return failed;
}

static void sweep(const struct operation *op, size_t size)
{
    int64_t at = 1;
    while (fail_at(op, sizes[size].m, sizes[size].n, at)) {
        at += at < sizes[size].first ? 1 : sizes[size].stride;
        if (at > MOST_ALLOCATIONS) exit(1);
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    int64_t at = 1;
    while (opening_fails_at(at) && at < MOST_ALLOCATIONS) at++;
    if (at == 1) problems++, printf("FAIL: no allocation of the plugin is seen\n");
    for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++)
        for (size_t i = 0; i < operation_count; i++) sweep(&operations[i], size);
    printf("%lld allocations failed, %lld of them got over, %d problems\n", (long long)failures,
           (long long)got_over, problems);
    return problems > 0;
}
