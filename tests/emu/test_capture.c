/* Every public operation is captured in a graph, as its entry and its documentation say: after
 * one direct call it is captured, without a synchronisation or an allocation, and replayed with
 * other data at the same addresses; the results are those of direct calls, bit for bit. What cannot
 * be captured is refused with the reason, and leaves a capture that can be ended and a stream that
 * works. On the emulation and on a GPU: what only an emulation can watch is in watch.h.
 * Arguments: [--from=I] [NAME], as of compare_devices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/operations.h"
#include "emu/watch.h"

enum { DATA = 2 };
static int problems, captured, refused;

static void wrong(const struct operation *op, int64_t n, const char *what)
{
    problems++;
    printf("FAIL %s %s, n = %lld: %s; the message is \"%s\"\n", op->name, op->variant, (long long)n,
           what, ritz_last_error());
}

static void expect_cuda(cudaError_t code, const char *call)
{
    if (code == cudaSuccess) return;
    printf("%s: %s\n", call, cudaGetErrorName(code));
    exit(1);
}
#define cuda(call) expect_cuda(call, #call)

/* ---- a world whose stream is the caller's ---------------------------------------------------- */

struct trial {
    struct world w;
    const struct operation *op;
    cudaStream_t native;
    double *inputs[DATA][MATRICES]; /* as the operation finds them */
    struct outcome direct[DATA];
};

static double *matrix_now(struct world *w, int which)
{
    double *values = calloc(size_of(w, which), sizeof *values);
    if (!values) abort();
    must(ritz_download(w->service, w->mat[which], on_host(w, which, values)));
    must(ritz_stream_sync(w->service));
    return values;
}

/* What the operation makes or is given besides matrices is that of the last data. */
static void open_trial(struct trial *t, const struct operation *op, int64_t m, int64_t n)
{
    memset(t, 0, sizeof *t);
    t->op = op;
    open_world(&t->w, "cuda", m, n);
    must(ritz_stream_destroy(&t->w.s));
    cuda(cudaStreamCreateWithFlags(&t->native, cudaStreamNonBlocking));
    must(ritz_stream_wrap_native(t->w.dev, t->native, &t->w.s));
    for (int d = 0; d < DATA; d++) {
        if (d > 0) drop_made(&t->w);
        change_data(&t->w, (uint64_t)d + 1);
        load_world(&t->w, op);
        for (int i = 0; i < MATRICES; i++) t->inputs[d][i] = matrix_now(&t->w, i);
    }
}

static void set_inputs(struct trial *t, int d)
{
    struct world *w = &t->w;
    reset_host(w);
    memcpy(w->pinned.data, t->inputs[d][MATRIX_A], size_of(w, MATRIX_A) * sizeof(double));
    for (int i = 0; i < MATRICES; i++)
        must(ritz_upload(w->service, on_host(w, i, t->inputs[d][i]), w->mat[i]));
    must(ritz_stream_sync(w->service));
}

static void close_trial(struct trial *t)
{
    for (int d = 0; d < DATA; d++) {
        for (int i = 0; i < MATRICES; i++) free(t->inputs[d][i]);
        free(t->direct[d].values);
    }
    close_world(&t->w);
    cuda(cudaStreamDestroy(t->native));
    if (!watch_found_nothing_left()) wrong(t->op, t->w.n, "something leaked (above)");
}

/* ---- one operation --------------------------------------------------------------------------- */

static struct outcome call_directly(struct trial *t, int d)
{
    set_inputs(t, d);
    must(t->op->call(&t->w));
    must(ritz_stream_sync(t->w.s));
    return outcome_of(&t->w, t->op);
}

static void compare(struct trial *t, int d, const char *what)
{
    struct outcome o = outcome_of(&t->w, t->op);
    if (o.count != t->direct[d].count ||
        memcmp(o.values, t->direct[d].values, o.count * sizeof *o.values) != 0)
        wrong(t->op, t->w.n, what);
    free(o.values);
}

/* In reverse, so that the first replay does not find the results that it should give. */
static void replay(struct trial *t, cudaGraph_t graph)
{
    cudaGraphExec_t executable = NULL;
    size_t nodes = 0;
    cuda(cudaGraphGetNodes(graph, NULL, &nodes));
    if (nodes == 0) wrong(t->op, t->w.n, "the graph is empty");
    cuda(cudaGraphInstantiate(&executable, graph, 0));
    for (int d = DATA - 1; d >= 0; d--) {
        set_inputs(t, d);
        watch_forbid_waiting(true);
        cuda(cudaGraphLaunch(executable, t->native));
        watch_forbid_waiting(false);
        if (ritz_stream_sync(t->w.s) != RITZ_OK) wrong(t->op, t->w.n, "the replay fails");
        compare(t, d, "a replay does not give what a direct call gives");
    }
    cuda(cudaGraphExecDestroy(executable));
}

/* What makes something may wait before it takes memory. */
static bool gives_the_reason(enum capture capture, const char *message)
{
    const bool result = strstr(message, "a result on the host") != NULL;
    switch (capture) {
    case NEEDS_SOLVER_IF_LARGE: return strstr(message, "cuSOLVER");
    case NEEDS_RESULT: return result;
    case NEEDS_MEMORY: return result || strstr(message, "memory, or more workspace");
    case READS_ROWS: return strstr(message, "rows cannot be read");
    case COUNTS_ON_HOST: return strstr(message, "kept on the host");
    case NEEDS_PINNED: return strstr(message, "not page-locked");
    default: return false;
    }
}

static bool expected(const struct operation *op, int64_t n)
{
    enum { LARGEST_OF_OWN_KERNELS = 32 };
    return op->capture == CAPTURED ||
           (op->capture == NEEDS_SOLVER_IF_LARGE && n <= LARGEST_OF_OWN_KERNELS);
}

static void check_refusal(struct trial *t, ritz_status status)
{
    refused++;
    if (status == RITZ_OK) {
        wrong(t->op, t->w.n, "is captured, but should be refused");
        return;
    }
    if (status != RITZ_ERR_STATE || !strstr(ritz_last_error(), "capturing a graph") ||
        !gives_the_reason(t->op->capture, ritz_last_error()))
        wrong(t->op, t->w.n, "the refusal does not give its reason");
    free(t->direct[0].values);
    t->direct[0] = call_directly(t, 0); /* works again */
}

static void check(const struct operation *op, int64_t m, int64_t n)
{
    struct trial t;
    cudaGraph_t graph = NULL;
    open_trial(&t, op, m, n);
    for (int d = 0; d < DATA; d++) {
        t.direct[d] = call_directly(&t, d);
        if (!(op->may & MAY_ALLOCATE)) continue;
        drop_made(&t.w); /* what makes something makes it once */
        load_world(&t.w, op);
    }
    set_inputs(&t, 0);
    cuda(cudaStreamBeginCapture(t.native, cudaStreamCaptureModeGlobal));
    watch_forbid_waiting(true);
    if (ritz_stream_sync(t.w.s) != RITZ_ERR_STATE) wrong(op, n, "a capturing stream is waited for");
    const ritz_status status = op->call(&t.w);
    watch_forbid_waiting(false);
    cuda(cudaStreamEndCapture(t.native, &graph));
    if (expected(op, n) && status != RITZ_OK) {
        wrong(op, n, "cannot be captured");
    } else if (expected(op, n)) {
        captured++;
        replay(&t, graph);
    } else {
        check_refusal(&t, status);
    }
    cuda(cudaGraphDestroy(graph));
    close_trial(&t);
}

int main(int argc, char **argv)
{
    const size_t from = starting_point(&argc, &argv);
    const char *only = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_begin();
    for (size_t i = from; i < operation_count; i++) {
        if (operations[i].capture == NOT_QUEUED || !strstr(operations[i].name, only)) continue;
        printf("%3zu %s %s\n", i, operations[i].name, operations[i].variant);
        check(&operations[i], 30, 20);
        check(&operations[i], 140, 110);
    }
    watch_end();
    printf("%d captured and replayed, %d refused, %d problems\n", captured, refused, problems);
    return problems > 0 || (captured == 0 && from == 0);
}
