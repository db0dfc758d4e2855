/* Work that fails when it runs, in every public operation, on the emulation. A crash loses the
 * device: the operation or the next synchronisation says so and names CUDA's error, every later
 * call on that device is refused without a call of CUDA, everything can be given back, and another
 * device goes on. After an error that CUDA survives, the same stream gives the CPU's answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"

enum { ROWS = 30, COLS = 20, CUDA_ILLEGAL_ADDRESS = 700, CUDA_UNKNOWN = 999, SAMPLES = 4 };
static const double TOLERANCE = 1e-9;

/* Errors appear at the synchronisation, or in the midst of the operation. */
static const struct {
    enum emu_mode_kind kind;
    const char *name;
} modes[] = {{EMU_LATE, "late"}, {EMU_EARLY, "early"}};

static int problems;
static long long failures;

struct place {
    const struct operation *op;
    size_t mode;
    int64_t at; /* the op that fails */
};

static void wrong(const struct place *p, const char *what)
{
    problems++;
    printf("FAIL %s %s, %s, op %lld: %s; the message is \"%s\"\n", p->op->name, p->op->variant,
           modes[p->mode].name, (long long)p->at, what, ritz_last_error());
}

/* The first op, the last, and some between. */
static int choose_places(int64_t ops, size_t seed, int64_t *at)
{
    int count = 0;
    at[count++] = 1;
    for (uint64_t i = 1; i + 1 < SAMPLES && ops > 2; i++)
        at[count++] =
            2 + (int64_t)((UINT64_C(2654435761) * (SAMPLES * seed + i) >> 7) % (uint64_t)(ops - 2));
    if (ops > 1) at[count++] = ops;
    return count;
}

static ritz_status call_and_wait(struct world *w, const struct operation *op)
{
    ritz_status status = op->call(w);
    if (status == RITZ_OK) status = ritz_stream_sync(w->s);
    return status ? status : ritz_stream_sync(w->service); /* which an event may have made wait */
}

static ritz_status run_failing(struct world *w, const struct place *p, int error)
{
    load_world(w, p->op);
    emu_fail_clear();
    emu_fail_async(p->at, error);
    failures++;
    return call_and_wait(w, p->op);
}

/* ---- a crash --------------------------------------------------------------------------------- */

static bool lost(ritz_status status)
{
    return status == RITZ_ERR_DEVICE_LOST;
}

/* What is reserved already needs no device. */
static bool needs_nothing(const struct operation *op)
{
    return strcmp(op->name, "ritz_stream_reserve") == 0;
}

/* In a copy: what the operation made the first time is not to be forgotten. */
static bool refuses_everything(struct world *w, const struct operation *op)
{
    struct world again = *w;
    ritz_stream *s = NULL;
    ritz_event *e = NULL;
    ritz_dmat D;
    ritz_hmat H;
    return (lost(op->call(&again)) || needs_nothing(op)) && lost(ritz_stream_sync(w->s)) &&
           lost(ritz_stream_sync(w->service)) && lost(ritz_fill(w->service, 1, w->mat[MATRIX_X])) &&
           lost(ritz_stream_status(w->s)) && lost(ritz_stream_create(w->dev, &s)) &&
           lost(ritz_event_create(w->dev, &e)) &&
           lost(ritz_dmat_create(w->s, RITZ_F64, RITZ_ROW_MAJOR, 2, 2, &D)) &&
           lost(ritz_hmat_create_pinned(w->dev, RITZ_F64, RITZ_ROW_MAJOR, 2, 2, &H));
}

static void check_other_device(void)
{
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat D = RITZ_NO_MAT;
    double value = 0;
    must(ritz_device_open("cuda:1", &dev));
    must(ritz_stream_create(dev, &s));
    must(ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, 1, 1, &D));
    must(ritz_fill(s, 7, D));
    must(ritz_download(s, D, ritz_hmat_wrap(&value, RITZ_F64, 1, 1, RITZ_ROW_MAJOR)));
    must(ritz_stream_sync(s));
    if (value != 7) {
        printf("FAIL: the other device gives %g for 7\n", value);
        problems++;
    }
    must(ritz_dmat_destroy(s, &D));
    must(ritz_stream_destroy(&s));
    must(ritz_device_close(&dev));
}

/* close_world, where a stream that is destroyed says that its work was lost. */
static bool close_lost_world(struct world *w)
{
    bool right = true;
    destroy_made(w);
    for (int i = 0; i < MATRICES; i++) must(ritz_dmat_destroy(w->service, &w->mat[i]));
    must(ritz_hmat_destroy(&w->pinned));
    right = lost(ritz_stream_destroy(&w->s)) && right;
    right = lost(ritz_stream_destroy(&w->service)) && right;
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    must(ritz_device_memory(w->dev, &memory));
    right =
        memory.matrices == 0 && memory.matrix_bytes == 0 && memory.workspace_bytes == 0 && right;
    must(ritz_device_close(&w->dev));
    for (int i = 0; i < MATRICES; i++) free(w->initial[i]);
    free(w->pageable);
    return right;
}

static void crash(const struct place *p)
{
    struct world w;
    ritz_device *dev = NULL;
    open_world(&w, "cuda:0", ROWS, COLS);
    if (!lost(run_failing(&w, p, CUDA_ILLEGAL_ADDRESS)))
        wrong(p, "the device is lost, and nobody says so");
    else if (!strstr(ritz_last_error(), "cudaErrorIllegalAddress"))
        wrong(p, "the message does not name the error");
    emu_fail_clear();
    if (!refuses_everything(&w, p->op)) wrong(p, "a lost device takes a call");
    if (emu_calls() != 0) wrong(p, "calls of CUDA are made on a lost device");
    if (!strstr(ritz_last_error(), "cudaErrorIllegalAddress"))
        wrong(p, "a refusal does not name the first error");
    check_other_device();
    if (!close_lost_world(&w)) wrong(p, "closing does not say that work was lost, or leaks");
    if (emu_check_idle() != 0) {
        wrong(p, "something leaked (above)");
        exit(1);
    }
    if (!lost(ritz_device_open("cuda:0", &dev))) wrong(p, "a lost device can be opened again");
    if (emu_check_idle() != 0) wrong(p, "the refused opening leaked (above)");
    emu_reset((uint64_t)p->at);
}

/* ---- an error that CUDA survives ------------------------------------------------------------- */

static bool is_right(struct world *w, const struct operation *op, const struct outcome *right)
{
    struct outcome o = outcome_of(w, op);
    const double apart = difference(w, &o, right);
    free(o.values);
    return apart <= (op->tolerance > 0 ? op->tolerance : TOLERANCE);
}

static void stumble(const struct place *p, const struct outcome *right)
{
    struct world w;
    open_world(&w, "cuda:0", ROWS, COLS);
    if (run_failing(&w, p, CUDA_UNKNOWN) == RITZ_OK)
        wrong(p, "nobody noticed");
    else if (!strstr(ritz_last_error(), "cudaErrorUnknown"))
        wrong(p, "the message does not name the error");
    emu_fail_clear();
    (void)ritz_stream_sync(w.s); /* what was left of it */
    for (int i = 0; i < MATRICES; i++)
        if (!(p->op->writes & (1u << i)) && !kept(&w, (enum matrix_name)i))
            wrong(p, "an input was changed");
    drop_made(&w);
    load_world(&w, p->op);
    if (call_and_wait(&w, p->op) != RITZ_OK)
        wrong(p, "the operation fails again, undisturbed");
    else if (!is_right(&w, p->op, right))
        wrong(p, "the result is not the CPU's");
    close_world(&w);
    if (emu_check_idle() != 0) {
        wrong(p, "something leaked (above)");
        exit(1);
    }
    emu_reset((uint64_t)p->at);
}

/* ---- every operation ------------------------------------------------------------------------- */

static struct outcome answer_of_cpu(const struct operation *op)
{
    struct world w;
    open_world(&w, "cpu", ROWS, COLS);
    load_world(&w, op);
    must(call_and_wait(&w, op));
    const struct outcome o = outcome_of(&w, op);
    close_world(&w);
    return o;
}

static int64_t ops_of(const struct operation *op)
{
    struct world w;
    open_world(&w, "cuda:0", ROWS, COLS);
    load_world(&w, op);
    emu_fail_clear();
    must(call_and_wait(&w, op));
    const int64_t ops = emu_ops();
    close_world(&w);
    return ops;
}

static void disturb(size_t index)
{
    const struct operation *op = &operations[index];
    const int before = problems;
    int64_t at[SAMPLES];
    struct outcome right = answer_of_cpu(op);
    const int64_t ops = ops_of(op);
    const int places = choose_places(ops, index, at);
    for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
        emu_mode(modes[mode].kind);
        for (int i = 0; i < places; i++) {
            const struct place p = {op, mode, at[i]};
            crash(&p);
            if (!(op->may & FOLLOWS_ADDRESSES)) stumble(&p, &right);
        }
    }
    printf("%-28s %-14s %5lld ops%s\n", op->name, op->variant, (long long)ops,
           problems > before ? "  FAILED" : "");
    free(right.values);
}

/* ---- who is told ----------------------------------------------------------------------------- */

static ritz_status poll_stream(struct world *w)
{
    int idle = 0;
    ritz_status status = RITZ_OK;
    while (status == RITZ_OK && !idle) status = ritz_stream_query(w->s, &idle);
    return status;
}
static ritz_status poll_event(struct world *w)
{
    int done = 0;
    ritz_status status = RITZ_OK;
    while (status == RITZ_OK && !done) status = ritz_event_query(w->event, &done);
    return status;
}
static ritz_status sync_event(struct world *w)
{
    return ritz_event_sync(w->event);
}
static ritz_status ask_status(struct world *w)
{
    const ritz_status status = poll_stream(w);
    return status ? status : ritz_stream_status(w->s);
}
static ritz_status fetch(struct world *w)
{
    const ritz_status status = ritz_download(w->s, w->mat[MATRIX_X], w->pinned);
    return status ? status : ritz_stream_sync(w->s);
}

/* Whoever asks after a crash is told. */
static void ask_everybody(void)
{
    static const struct operation asked[] = {
        {.name = "ritz_stream_query", .variant = "", .call = poll_stream},
        {.name = "ritz_event_query", .variant = "", .call = poll_event},
        {.name = "ritz_event_sync", .variant = "", .call = sync_event},
        {.name = "ritz_stream_status", .variant = "", .call = ask_status},
        {.name = "ritz_download", .variant = "and sync", .call = fetch},
    };
    emu_mode(EMU_LATE);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct place p = {&asked[i], 0, 1};
        struct world w;
        open_world(&w, "cuda:0", ROWS, COLS);
        load_world(&w, &asked[i]);
        must(ritz_event_create(w.dev, &w.event));
        emu_fail_clear();
        emu_fail_async(1, CUDA_ILLEGAL_ADDRESS);
        failures++;
        must(ritz_fill(w.s, 1, w.mat[MATRIX_X]));
        must(ritz_event_record(w.event, w.s));
        if (!lost(asked[i].call(&w))) wrong(&p, "the device is lost, and the call does not tell");
        if (!close_lost_world(&w)) wrong(&p, "closing does not say that work was lost, or leaks");
        if (emu_check_idle() != 0) wrong(&p, "something leaked (above)");
        emu_reset(1);
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    ask_everybody();
    for (size_t i = 0; i < operation_count; i++) disturb(i);
    printf("%lld failures, %d problems\n", failures, problems);
    return problems > 0;
}
