/* CUDA streams, their library handles and their status word.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda.h"

/* As NVIDIA recommends for cuBLAS: 32 MiB from compute capability 9.0 on, else 4 MiB. */
static size_t workspace_bytes(const struct cuda_device *g)
{
    return (size_t)(g->compute >= 90 ? 32 : 4) << 20;
}

/* ---- capture ---- */

ritz_status cuda_ask_capturing(const ritz_stream *s, int *capturing)
{
    enum cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    *capturing = 0;
    RITZ_TRY(CUDA(cudaStreamIsCapturing(cuda_native(s), &capture)));
    *capturing = capture != cudaStreamCaptureStatusNone;
    return RITZ_OK;
}

ritz_status cuda_stream_capturing(const ritz_stream *s, int *capturing)
{
    *capturing = 0;
    CUDA_ENTER(cuda_device_of(s));
    return cuda_ask_capturing(s, capturing);
}

int cuda_seems_capturing(const ritz_stream *s)
{
    enum cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    const cudaError_t code = cudaStreamIsCapturing(cuda_native(s), &capture);
    /* The legacy stream while another one captures: nothing may be asked of it. */
    if (code == cudaErrorStreamCaptureImplicit) return 1;
    return code == cudaSuccess && capture != cudaStreamCaptureStatusNone;
}

ritz_status cuda_not_in_capture(const ritz_stream *s, const char *what)
{
    int capturing;
    RITZ_TRY(cuda_ask_capturing(s, &capturing));
    RITZ_REQUIRE(!capturing, RITZ_ERR_STATE, "%s; the stream is capturing a graph", what);
    return RITZ_OK;
}

/* ---- handles ---- */

static ritz_status create_handles(struct cuda_device *g, struct cuda_handles **out)
{
    ritz_status rc;
    struct cuda_handles *h = calloc(1, sizeof *h);
    RITZ_REQUIRE(h, RITZ_ERR_MEMORY, "no host memory for library handles");
    h->workspace_bytes = workspace_bytes(g);
    RITZ_TRY_OUT(BLAS(cublasCreate(&h->blas)));
    rc = SOLVER(cusolverDnCreate(&h->solver));
    if (rc != RITZ_OK) {
        h->solver = NULL; /* the failed call may have written garbage */
        goto out;
    }
    RITZ_TRY_OUT(SOLVER(cusolverDnCreateParams(&h->params)));
    RITZ_TRY_OUT(SOLVER(cusolverDnSetDeterministicMode(h->solver, CUSOLVER_DETERMINISTIC_RESULTS)));
    RITZ_TRY_OUT(CUDA(cudaMalloc(&h->workspace, h->workspace_bytes)));
    *out = h;
    return RITZ_OK;
out:
    if (h->params) (void)cusolverDnDestroyParams(h->params);
    if (h->solver) (void)cusolverDnDestroy(h->solver);
    if (h->blas) (void)cublasDestroy(h->blas);
    free(h);
    return rc;
}

static void give_handles_back(ritz_stream *s)
{
    struct cuda_device *g = cuda_device_of(s);
    struct cuda_stream *c = cuda_stream_of(s);
    if (!c->handles) return;
    pthread_mutex_lock(&g->lock);
    c->handles->next = g->idle;
    g->idle = c->handles;
    pthread_mutex_unlock(&g->lock);
    c->handles = NULL;
}

/* Once: the set is this stream's until it is given back, and nothing else changes its settings. */
static ritz_status bind_handles(ritz_stream *s, const struct cuda_handles *h)
{
    RITZ_TRY(BLAS(cublasSetStream(h->blas, cuda_native(s))));
    /* cublasSetStream has just dropped the workspace. */
    RITZ_TRY(BLAS(cublasSetWorkspace(h->blas, h->workspace, h->workspace_bytes)));
    RITZ_TRY(BLAS(cublasSetPointerMode(h->blas, CUBLAS_POINTER_MODE_HOST)));
    RITZ_TRY(BLAS(cublasSetAtomicsMode(h->blas, CUBLAS_ATOMICS_NOT_ALLOWED)));
    RITZ_TRY(BLAS(cublasSetMathMode(h->blas, CUBLAS_DEFAULT_MATH)));
    return SOLVER(cusolverDnSetStream(h->solver, cuda_native(s)));
}

/* A set of handles for this stream, from the device's idle ones or new. Making new ones allocates
 * and may
 * synchronise: it happens once a stream, at its first library call. */
static ritz_status take_handles(ritz_stream *s)
{
    struct cuda_device *g = cuda_device_of(s);
    struct cuda_stream *c = cuda_stream_of(s);
    if (c->handles) return RITZ_OK;
    RITZ_TRY(cuda_not_in_capture(s, "a stream's first call of cuBLAS cannot be captured (make the "
                                    "same call once before)"));
    pthread_mutex_lock(&g->lock);
    c->handles = g->idle;
    if (g->idle) g->idle = g->idle->next;
    pthread_mutex_unlock(&g->lock);
    if (!c->handles) RITZ_TRY(create_handles(g, &c->handles));
    const ritz_status rc = bind_handles(s, c->handles);
    if (rc != RITZ_OK) give_handles_back(s);
    return rc;
}

ritz_status cuda_blas(ritz_stream *s, cublasHandle_t *blas)
{
    RITZ_TRY(take_handles(s));
    *blas = cuda_stream_of(s)->handles->blas;
    return RITZ_OK;
}

ritz_status cuda_solver(ritz_stream *s, cusolverDnHandle_t *solver, cusolverDnParams_t *params)
{
    RITZ_TRY(cuda_not_in_capture(s, "this operation, at this size, needs cuSOLVER, which cannot be "
                                    "captured"));
    RITZ_TRY(take_handles(s));
    const struct cuda_handles *h = cuda_stream_of(s)->handles;
    *solver = h->solver;
    *params = h->params;
    return RITZ_OK;
}

/* ---- creating and destroying ---- */

static ritz_status create_status_word(ritz_stream *s)
{
    struct cuda_stream *c = cuda_stream_of(s);
    void *p = NULL;
    RITZ_TRY(CUDA(cudaMallocHost(&p, sizeof *c->word_on_host)));
    c->word_on_host = p;
    memset(p, 0, sizeof *c->word_on_host);
    p = NULL;
    RITZ_TRY(cuda_allocate(s, sizeof *c->word, &p));
    c->word = p;
    return CUDA(cudaMemsetAsync(c->word, 0, sizeof *c->word, c->stream));
}

struct cuda_host_call {
    ritz_stream *stream;
    ritz_host_function fn;
    void *context;
    void (*drop)(void *context); /* frees the context, whether fn ran or not; or NULL */
    int captured; /* runs at each launch of a graph, and lives as long as the stream */
    struct cuda_host_call *next, *previous;
};

static void free_call(struct cuda_host_call *call)
{
    if (call->drop) call->drop(call->context);
    free(call);
}

static void destroy(ritz_stream *s)
{
    struct cuda_stream *c = cuda_stream_of(s);
    cuda_release_deferred(s);
    cuda_ring_destroy(c->ring);
    give_handles_back(s);
    if (c->word) cuda_release(s, c->word, sizeof *c->word);
    if (c->word_on_host) (void)cudaFreeHost(c->word_on_host);
    if (c->owned && c->stream) (void)cudaStreamDestroy(c->stream);
    while (c->calls) { /* captured, or never made by a failed stream */
        struct cuda_host_call *call = c->calls;
        c->calls = call->next;
        free_call(call);
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
    s->impl = NULL;
}

static ritz_status create(ritz_stream *s, int wrap, cudaStream_t native)
{
    ritz_status rc;
    struct cuda_stream *c = calloc(1, sizeof *c);
    RITZ_REQUIRE(c, RITZ_ERR_MEMORY, "no host memory for a stream");
    if (pthread_mutex_init(&c->lock, NULL)) {
        free(c);
        return ritz_fail(RITZ_ERR_MEMORY, "no host memory for a stream");
    }
    s->impl = c;
    c->stream = native;
    if (!wrap) {
        RITZ_TRY_OUT(CUDA(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking)));
        c->owned = 1;
    }
    RITZ_TRY_OUT(create_status_word(s));
    return RITZ_OK;
out:
    destroy(s);
    return rc;
}

ritz_status cuda_stream_create(ritz_stream *s, enum ritz_stream_kind kind)
{
    RITZ_REQUIRE(kind == RITZ_STREAM_QUEUED, RITZ_ERR_UNSUPPORTED,
                 "a GPU has no inline streams; use ritz_stream_create");
    CUDA_ENTER(cuda_device_of(s));
    return create(s, 0, NULL);
}

ritz_status cuda_stream_wrap(ritz_stream *s, void *native)
{
    struct cuda_device *g = cuda_device_of(s);
    CUDA_ENTER(g);
    int index = -1;
    enum cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    RITZ_TRY(CUDA(cudaStreamGetDevice((cudaStream_t)native, &index)));
    RITZ_REQUIRE(index == g->index, RITZ_ERR_DEVICE,
                 "the native stream is of GPU %d, the device is GPU %d", index, g->index);
    RITZ_TRY(CUDA(cudaStreamIsCapturing((cudaStream_t)native, &capture)));
    RITZ_REQUIRE(capture == cudaStreamCaptureStatusNone, RITZ_ERR_STATE,
                 "the native stream is capturing; wrap it before the capture begins");
    return create(s, 1, (cudaStream_t)native);
}

void cuda_stream_destroy(ritz_stream *s)
{
    CUDA_ENTER_TO_RELEASE(cuda_device_of(s));
    (void)cudaStreamSynchronize(cuda_native(s));
    destroy(s);
}

/* ---- waiting and looking ---- */

static ritz_status fetch_status_word(ritz_stream *s)
{
    struct cuda_stream *c = cuda_stream_of(s);
    RITZ_TRY(CUDA(cudaMemcpyAsync(c->word_on_host, c->word, sizeof *c->word, cudaMemcpyDeviceToHost,
                                  c->stream)));
    return CUDA(cudaStreamSynchronize(c->stream));
}

static const char waiting[] = "neither a wait for the stream nor a result on the host is possible";

static ritz_status wait_and_fetch(ritz_stream *s)
{
    CUDA_ENTER(cuda_device_of(s));
    RITZ_TRY(cuda_not_in_capture(s, waiting));
    RITZ_TRY(fetch_status_word(s));
    cuda_release_deferred(s);
    return RITZ_OK;
}

ritz_status cuda_stream_sync(ritz_stream *s)
{
    const ritz_status rc = wait_and_fetch(s);
    /* Whoever asks to wait may free memory afterwards: wait in any case, unless nothing runs, any
     * more or while a graph is captured. */
    if (rc != RITZ_OK && rc != RITZ_ERR_DEVICE_LOST && rc != RITZ_ERR_STATE)
        (void)cudaStreamSynchronize(cuda_native(s));
    return rc;
}

ritz_status cuda_stream_query(ritz_stream *s, int *idle)
{
    CUDA_ENTER(cuda_device_of(s));
    RITZ_TRY(cuda_not_in_capture(s, waiting));
    const cudaError_t code = cudaStreamQuery(cuda_native(s));
    *idle = code == cudaSuccess;
    return code == cudaErrorNotReady ? RITZ_OK : CUDA_CODE("cudaStreamQuery", code);
}

ritz_status cuda_stream_status(ritz_stream *s, int clear, struct ritz_device_status *status)
{
    struct cuda_stream *c = cuda_stream_of(s);
    CUDA_ENTER(cuda_device_of(s));
    if (!clear) { /* asked without a synchronisation: look only if it costs no wait */
        int idle = 0;
        RITZ_TRY(cuda_stream_query(s, &idle));
        if (idle) RITZ_TRY(fetch_status_word(s));
    }
    const struct cuda_status *word = c->word_on_host;
    *status = (struct ritz_device_status){word->code, word->ticket, word->item, word->index};
    if (!clear || word->code == RITZ_OK) return RITZ_OK;
    memset(c->word_on_host, 0, sizeof *c->word_on_host);
    return CUDA(cudaMemsetAsync(c->word, 0, sizeof *c->word, c->stream));
}

/* ---- host functions ---- */

static void unlink_call(struct cuda_stream *c, struct cuda_host_call *call)
{
    pthread_mutex_lock(&c->lock);
    if (call->previous)
        call->previous->next = call->next;
    else
        c->calls = call->next;
    if (call->next) call->next->previous = call->previous;
    pthread_mutex_unlock(&c->lock);
}

static void CUDART_CB call_host(void *argument)
{
    struct cuda_host_call *call = argument;
    ritz_enter_host_function(call->stream);
    call->fn(call->context);
    ritz_enter_host_function(NULL);
    if (call->captured) return;
    unlink_call(cuda_stream_of(call->stream), call);
    free_call(call);
}

ritz_status cuda_host_function(ritz_stream *s, ritz_host_function fn, void *context)
{
    CUDA_ENTER(cuda_device_of(s));
    return cuda_host_job(s, fn, context, NULL);
}

ritz_status cuda_host_job(ritz_stream *s, ritz_host_function fn, void *context,
                          void (*drop)(void *context))
{
    struct cuda_stream *c = cuda_stream_of(s);
    struct cuda_host_call *call = calloc(1, sizeof *call);
    RITZ_REQUIRE(call, RITZ_ERR_MEMORY, "no host memory for a host function");
    *call = (struct cuda_host_call){.stream = s, .fn = fn, .context = context, .drop = drop};
    ritz_status status = cuda_ask_capturing(s, &call->captured);
    if (status != RITZ_OK) {
        free(call);
        return status;
    }
    pthread_mutex_lock(&c->lock);
    call->next = c->calls;
    if (c->calls) c->calls->previous = call;
    c->calls = call;
    pthread_mutex_unlock(&c->lock);
    status = CUDA(cudaLaunchHostFunc(c->stream, call_host, call));
    if (status != RITZ_OK) {
        unlink_call(c, call);
        free(call);
    }
    return status;
}
