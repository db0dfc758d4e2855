/* What the files of the CUDA backend share: device and stream state, library handles, checked
 * calls.
 *
 * Host code of the backend is C; kernels are in .cu files behind the launch functions of kernels.h.
 * No function here
 * synchronises, allocates or reads device data, but those that say so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_CUDA_H
#define RITZ_CUDA_CUDA_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>
#include <pthread.h>

#include "core/backend.h"
#include "cuda/status_word.h"

/* ---- checked calls (check.c) ----------------------------------------------------------------- */

/* Make the thread's message of a failed call: the call, what the library says, where. An error that
 * the
 * device does not recover from marks it as lost. */
ritz_status cuda_failed(cudaError_t code, const char *call, const char *file, int line);
ritz_status cuda_blas_failed(cublasStatus_t code, const char *call, const char *file, int line);
ritz_status cuda_solver_failed(cusolverStatus_t code, const char *call, const char *file, int line);

#define CUDA_CHECK_WITH(type, success, failed, call)                                               \
    ({                                                                                             \
        const type cuda_code = (call);                                                             \
        cuda_code == (success) ? RITZ_OK : failed(cuda_code, #call, __FILE__, __LINE__);           \
    })
/* The ritz_status of a library call; for RITZ_TRY and RITZ_TRY_OUT. */
#define CUDA(call) CUDA_CHECK_WITH(cudaError_t, cudaSuccess, cuda_failed, call)
/* The same for a code that was looked at first; `name` is that of the call. */
#define CUDA_CODE(name, code)                                                                      \
    ((code) == cudaSuccess ? RITZ_OK : cuda_failed(code, name, __FILE__, __LINE__))
#define BLAS(call) CUDA_CHECK_WITH(cublasStatus_t, CUBLAS_STATUS_SUCCESS, cuda_blas_failed, call)
#define SOLVER(call)                                                                               \
    CUDA_CHECK_WITH(cusolverStatus_t, CUSOLVER_STATUS_SUCCESS, cuda_solver_failed, call)

/* ---- devices (device.c) ---------------------------------------------------------------------- */

/* cuBLAS and cuSOLVER handles with the workspace of the former: one set a stream, kept by the
 * device for
 * the next stream. */
struct cuda_handles {
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    void *workspace;
    size_t workspace_bytes;
    struct cuda_handles *next;
};

struct cuda_device {
    int index;
    int multiprocessors;
    int compute;         /* capability, 10 * major + minor */
    size_t shared_bytes; /* most that a block may have */
    cudaMemPool_t pool;
    pthread_mutex_t lock; /* guards `idle` */
    struct cuda_handles *idle;
    _Atomic int lost; /* the cudaError_t that only the end of the process clears, or cudaSuccess */
};

static inline struct cuda_device *cuda_device_of(const ritz_stream *s)
{
    return (struct cuda_device *)s->device->impl;
}

/* Make the device current for this thread until the end of the block, where the caller's is
 * restored; refuses a lost device. */
struct cuda_scope {
    int before; /* -1: nothing to restore */
    struct cuda_device *outer;
};
ritz_status cuda_enter(struct cuda_device *dev, struct cuda_scope *scope);
void cuda_leave(struct cuda_scope *scope);
/* The same for giving back, which is tried in any case: on a lost device CUDA refuses by itself. */
void cuda_enter_to_release(struct cuda_device *dev, struct cuda_scope *scope);
#define CUDA_ENTER(dev)                                                                            \
    __attribute__((cleanup(cuda_leave))) struct cuda_scope cuda_scope_here = {-1, NULL};           \
    RITZ_TRY(cuda_enter(dev, &cuda_scope_here))
#define CUDA_ENTER_TO_RELEASE(dev)                                                                 \
    __attribute__((cleanup(cuda_leave))) struct cuda_scope cuda_scope_here = {-1, NULL};           \
    cuda_enter_to_release(dev, &cuda_scope_here)

/* ---- streams (stream.c) ---------------------------------------------------------------------- */

struct cuda_ring; /* pinned memory through which pageable transfers go: transfer.c */
struct cuda_host_call;
struct cuda_release; /* memory to be given back once no graph is being captured: memory.c */

struct cuda_stream {
    cudaStream_t stream;
    int owned;                        /* created here, not wrapped */
    struct cuda_handles *handles;     /* from the first library call on */
    struct cuda_status *word;         /* device memory: the first failure */
    struct cuda_status *word_on_host; /* pinned: as of the last synchronisation */
    struct cuda_ring *ring;           /* from the first pageable transfer on */
    pthread_mutex_t lock;             /* guards `calls` */
    struct cuda_host_call *calls;     /* host functions not yet run, or captured in a graph */
    struct cuda_release *releases;
};

static inline struct cuda_stream *cuda_stream_of(const ritz_stream *s)
{
    return (struct cuda_stream *)s->impl;
}
static inline cudaStream_t cuda_native(const ritz_stream *s)
{
    return cuda_stream_of(s)->stream;
}

/* Whether calls on the stream go into a graph. The second form has no message: no, where that
 * cannot be told. */
ritz_status cuda_ask_capturing(const ritz_stream *s, int *capturing);
int cuda_seems_capturing(const ritz_stream *s);
/* Refuse what a stream that is capturing a graph cannot do, before CUDA does and invalidates the
 * capture. `what` begins the message: "a synchronisation". */
ritz_status cuda_not_in_capture(const ritz_stream *s, const char *what);

/* The handles, bound to this stream with its workspace, host pointer mode and default math. */
ritz_status cuda_blas(ritz_stream *s, cublasHandle_t *blas);
ritz_status cuda_solver(ritz_stream *s, cusolverDnHandle_t *solver, cusolverDnParams_t *params);

/* ---- sizes ----------------------------------------------------------------------------------- */

/* The step between rows and between columns, in elements. */
static inline int64_t cuda_row_step(ritz_dmat A)
{
    return A.layout == RITZ_COL_MAJOR ? 1 : A.ld;
}
static inline int64_t cuda_col_step(ritz_dmat A)
{
    return A.layout == RITZ_COL_MAJOR ? A.ld : 1;
}
/* The step between items: 0 for one item that stands for all. */
static inline int64_t cuda_batch_step(ritz_dmat A)
{
    return A.batch == 1 ? 0 : A.batch_stride;
}

/* A floating-point type as the libraries name it. */
cudaDataType cuda_data_type(ritz_dtype dtype);
/* Bytes of an element, and views: core's own are not linked into a plugin. Callers stay inside
 * A. */
size_t cuda_size(ritz_dtype dtype);
ritz_dmat cuda_t(ritz_dmat A);
ritz_dmat cuda_block(ritz_dmat A, int64_t i, int64_t j, int64_t m, int64_t n);
ritz_dmat cuda_items(ritz_dmat A, int64_t first, int64_t count);
/* Whether such a matrix, with an odd leading dimension, fits CUDA_SMALL_BYTES. */
int cuda_fits_shared(ritz_dtype dtype, int64_t rows, int64_t cols);

/* Ordinary host memory for a library call, and its release once the stream has passed the work
 * enqueued so far (solver.c). */
ritz_status cuda_host_workspace(size_t bytes, void **p);
void cuda_host_workspace_done(ritz_stream *s, void *p);

/* The int32 verdicts of a batch where kernels and cuSOLVER write them: `info` itself if it is
 * contiguous, else from the workspace;
 * `deliver` brings them to `info` (solver.c). */
ritz_status cuda_verdicts(ritz_stream *s, ritz_dmat info, ritz_dmat *verdicts);
ritz_status cuda_deliver_verdicts(ritz_stream *s, ritz_dmat verdicts, ritz_dmat info);

/* Bring each item of A whose squares would overflow or underflow near 1 by a power of two, kept in
 * `factors` (batch x 1 F64, from the
 * workspace); and divide a result by them again (solver.c). */
ritz_status cuda_balance(ritz_stream *s, ritz_dmat A, ritz_dmat *factors);
ritz_status cuda_unbalance(ritz_stream *s, ritz_dmat factors, ritz_dmat X);

/* B(:,index_j) = A(:,j) for a permutation (elementwise.c). */
ritz_status cuda_scatter_cols(ritz_stream *s, ritz_dmat index, ritz_dmat A, ritz_dmat B);

/* geqrf, orgqr and ormqr for a batch, of any size (qr_batch.c). */
ritz_status cuda_geqrf_batch(ritz_stream *s, ritz_dmat A, ritz_dmat tau);
ritz_status cuda_orgqr_batch(ritz_stream *s, ritz_dmat A, ritz_dmat tau);
ritz_status cuda_ormqr_batch(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                             ritz_dmat C);

/* A device array, from the workspace, of pointers to the items of A (blas.c). */
ritz_status cuda_pointers(ritz_stream *s, ritz_dmat A, int64_t batch, void **pointers);

/* ---- the backend's table, by file ------------------------------------------------------------ */

ritz_status cuda_device_count(int *count);
ritz_status cuda_device_open(ritz_device *dev, int index);
void cuda_device_close(ritz_device *dev);
ritz_status cuda_device_set_threads(ritz_device *dev, int threads);

ritz_status cuda_stream_create(ritz_stream *s, enum ritz_stream_kind kind);
ritz_status cuda_stream_wrap(ritz_stream *s, void *native);
void cuda_stream_destroy(ritz_stream *s);
ritz_status cuda_stream_sync(ritz_stream *s);
ritz_status cuda_stream_query(ritz_stream *s, int *idle);
ritz_status cuda_stream_capturing(const ritz_stream *s, int *capturing);
ritz_status cuda_stream_status(ritz_stream *s, int clear, struct ritz_device_status *status);
ritz_status cuda_host_function(ritz_stream *s, ritz_host_function fn, void *context);
/* The same inside the device's scope, with a context that `drop` frees afterwards, also if the
 * stream fails before it gets there. On failure of this call the context stays the caller's. */
ritz_status cuda_host_job(ritz_stream *s, ritz_host_function fn, void *context,
                          void (*drop)(void *context));

ritz_status cuda_event_create(ritz_device *dev, struct ritz_event_state **e);
void cuda_event_destroy(struct ritz_event_state *e);
ritz_status cuda_event_record(struct ritz_event_state *e, ritz_stream *s);
ritz_status cuda_event_wait(struct ritz_event_state *e, ritz_stream *s);
ritz_status cuda_event_sync(struct ritz_event_state *e);
ritz_status cuda_event_query(struct ritz_event_state *e, int *done);

ritz_status cuda_allocate(ritz_stream *s, size_t bytes, void **p);
void cuda_release(ritz_stream *s, void *p, size_t bytes);
/* Give back what was released during a capture that has ended. */
void cuda_release_deferred(ritz_stream *s);
ritz_status cuda_host_allocate(ritz_device *dev, size_t bytes, void **p);
void cuda_host_release(ritz_device *dev, void *p);

ritz_status cuda_upload(ritz_stream *s, ritz_hmat H, ritz_dmat D);
ritz_status cuda_download(ritz_stream *s, ritz_dmat D, ritz_hmat H);
void cuda_ring_destroy(struct cuda_ring *ring);

const char *cuda_limits(enum ritz_op op, const ritz_dmat *key, int count);

/* cuda_gemm, cuda_syrk, ...: all of core/ops.def but what composites do. */
#define OP(slot, parameters, arguments, key, composite) ritz_status cuda_##slot parameters;
#include "core/ops.def"
#undef OP

#endif
