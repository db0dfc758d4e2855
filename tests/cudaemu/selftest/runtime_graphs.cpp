/* Graphs: what is captured and replayed, and what a capture forbids.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstring>
#include <thread>

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "cases.h"

static constexpr size_t N = 2000, BYTES = N * sizeof(float);

static void begin(cudaStream_t s, cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal)
{
    OK(cudaStreamBeginCapture(s, mode));
}

static cudaGraph_t end(cudaStream_t s)
{
    cudaGraph_t g = nullptr;
    OK(cudaStreamEndCapture(s, &g));
    return g;
}

/* The graph goes as soon as it is instantiated. */
static cudaGraphExec_t instantiate(cudaGraph_t g)
{
    cudaGraphExec_t e = nullptr;
    OK(cudaGraphInstantiate(&e, g, 0));
    OK(cudaGraphDestroy(g));
    return e;
}

static size_t nodes_of(cudaGraph_t g)
{
    size_t count = 0;
    OK(cudaGraphGetNodes(g, nullptr, &count));
    return count;
}

static void fork(cudaEvent_t e, cudaStream_t from, cudaStream_t to)
{
    OK(cudaEventRecord(e, from));
    OK(cudaStreamWaitEvent(to, e, 0));
}

static float first_of(cudaStream_t s, const float *x)
{
    float value = 0;
    OK(cudaStreamSynchronize(s));
    OK(cudaMemcpy(&value, x, sizeof value, cudaMemcpyDeviceToHost));
    return value;
}

static void drop(std::initializer_list<float *> arrays, std::initializer_list<cudaStream_t> streams,
                 std::initializer_list<cudaEvent_t> events = {})
{
    for (float *x : arrays) OK(cudaFree(x));
    for (cudaStream_t s : streams) OK(cudaStreamDestroy(s));
    for (cudaEvent_t e : events) OK(cudaEventDestroy(e));
}

/* ---- replay ---------------------------------------------------------------------------------- */

PASSES(nothing_runs_before_the_launch)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    begin(s);
    device_map(s, x, N, [](float v) { return v + 1; });
    cudaGraph_t g = end(s);
    CHECK(nodes_of(g) == 1);
    CHECK(first_of(s, x) == 0);
    cudaGraphExec_t e = instantiate(g);
    for (int round = 1; round <= 3; round++) {
        OK(cudaGraphLaunch(e, s));
        CHECK(first_of(s, x) == float(round));
    }
    OK(cudaGraphExecDestroy(e));
    drop({x}, {s});
}

/* Page-locked memory is read at each launch; what the host has put there since the last one
 * counts. */
PASSES(new_data_at_the_same_addresses)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N), *up = pinned_floats(N), *down = pinned_floats(N);
    std::fill_n(up, N, 1.0f);
    begin(s);
    OK(cudaMemcpyAsync(x, up, BYTES, cudaMemcpyHostToDevice, s));
    device_map(s, x, N, [](float v) { return 2 * v; });
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, s));
    std::fill_n(up, N, 2.0f); /* nothing is queued: the host may */
    cudaGraphExec_t e = instantiate(end(s));
    for (int round = 0; round < 3; round++) {
        std::fill_n(up, N, float(round));
        OK(cudaGraphLaunch(e, s));
        OK(cudaStreamSynchronize(s));
        CHECK(down[0] == float(2 * round) && down[N - 1] == float(2 * round));
    }
    OK(cudaGraphExecDestroy(e));
    OK(cudaFreeHost(up));
    OK(cudaFreeHost(down));
    drop({x}, {s});
}

FAULTS_IN(cases::LATE, source_changed_after_a_launch, "page-locked memory")
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N), *up = pinned_floats(N);
    std::fill_n(up, N, 1.0f);
    begin(s);
    OK(cudaMemcpyAsync(x, up, BYTES, cudaMemcpyHostToDevice, s));
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphLaunch(e, s));
    up[0] = 2;
    cudaStreamSynchronize(s);
}

/* Arguments are those of the call; a scalar that the caller changes afterwards is not seen. */
PASSES(arguments_are_captured)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    char value = 1;
    begin(s);
    OK(cudaMemsetAsync(x, value, BYTES, s));
    value = 2;
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphLaunch(e, s));
    float got = first_of(s, x);
    char bytes[sizeof got];
    memcpy(bytes, &got, sizeof got);
    CHECK(bytes[0] == 1);
    OK(cudaGraphExecDestroy(e));
    drop({x}, {s});
}

PASSES(host_functions_run_at_each_launch)
{
    cudaStream_t s = new_stream();
    static int calls;
    begin(s);
    OK(cudaLaunchHostFunc(
        s, [](void *) { calls++; }, nullptr));
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaStreamSynchronize(s));
    CHECK(calls == 0);
    for (int round = 0; round < 3; round++) OK(cudaGraphLaunch(e, s));
    OK(cudaStreamSynchronize(s));
    CHECK(calls == 3);
    OK(cudaGraphExecDestroy(e));
    drop({}, {s});
}

PASSES(launched_in_another_stream)
{
    cudaStream_t s = new_stream(), t = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, t));
    begin(s);
    device_map(s, x, N, [](float v) { return v + 1; });
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphLaunch(e, t));
    CHECK(first_of(t, x) == 1);
    OK(cudaGraphExecDestroy(e));
    drop({x}, {s, t});
}

/* Launches of one executable graph come one after the other, whatever their streams. */
PASSES(launches_are_serial)
{
    cudaStream_t s = new_stream(), t = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaStreamSynchronize(s));
    begin(s);
    device_map(s, x, N, [](float v) { return v + 1; });
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphLaunch(e, s));
    OK(cudaGraphLaunch(e, t));
    CHECK(first_of(t, x) == 2);
    OK(cudaGraphExecDestroy(e));
    drop({x}, {s, t});
}

PASSES(destroyed_while_it_runs)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    begin(s);
    device_map(s, x, N, [](float v) { return v + 1; });
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphLaunch(e, s));
    OK(cudaGraphExecDestroy(e));
    CHECK(first_of(s, x) == 1);
    drop({x}, {s});
}

ABORTS(memory_freed_after_the_capture, "freed")
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    begin(s);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaFree(x));
    OK(cudaGraphLaunch(e, s));
    cudaStreamSynchronize(s);
}

ABORTS(page_locked_memory_freed_after_the_capture, "freed")
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N), *up = pinned_floats(N);
    begin(s);
    OK(cudaMemcpyAsync(x, up, BYTES, cudaMemcpyHostToDevice, s));
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaFreeHost(up));
    cudaGraphLaunch(e, s);
}

ABORTS(launched_after_it_was_destroyed, "handle")
{
    cudaStream_t s = new_stream();
    begin(s);
    cudaGraphExec_t e = instantiate(end(s));
    OK(cudaGraphExecDestroy(e));
    cudaGraphLaunch(e, s);
}

/* ---- branches -------------------------------------------------------------------------------- */

/* x = (x + 1) in the first stream, y = 2 y in the other, then x += y. */
static cudaGraphExec_t two_branches(cudaStream_t s, cudaStream_t t, float *x, float *y, bool back,
                                    bool same)
{
    cudaEvent_t e = new_event();
    begin(s);
    device_map(s, x, N, [](float v) { return 3 * v; });
    fork(e, s, t);
    device_map(t, same ? x : y, N, [](float v) { return 2 * v; });
    device_map(s, x, N, [](float v) { return v + 1; });
    if (back) fork(e, t, s);
    device_map(s, x, N, [](float v) { return v; });
    if (!back) fork(e, t, s);
    OK(cudaEventDestroy(e));
    return instantiate(end(s));
}

PASSES(branches_in_every_order)
{
    for (emu_order_kind order : {EMU_ASCENDING, EMU_DESCENDING, EMU_RANDOM_ORDER}) {
        emu_order(order);
        cudaStream_t s = new_stream(), t = new_stream();
        float *x = device_floats(N), *y = device_floats(N);
        OK(cudaMemsetAsync(x, 0, BYTES, s));
        OK(cudaMemsetAsync(y, 0, BYTES, s));
        cudaGraphExec_t e = two_branches(s, t, x, y, true, false);
        for (int round = 0; round < 3; round++) OK(cudaGraphLaunch(e, s));
        CHECK(first_of(s, x) == 13); /* 3 (3 (3 0 + 1) + 1) + 1 */
        OK(cudaGraphExecDestroy(e));
        drop({x, y}, {s, t});
    }
}

/* Both branches write the same bytes: a race, whichever comes first. */
ABORTS(branches_that_race, "race")
{
    cudaStream_t s = new_stream(), t = new_stream();
    float *x = device_floats(N), *y = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaGraphLaunch(two_branches(s, t, x, y, true, true), s));
    cudaStreamSynchronize(s);
}

/* Descending: the branch that was captured last runs first. */
PASSES_IN(cases::LATE, order_of_branches)
{
    static std::string order;
    cudaStream_t s = new_stream(), t = new_stream();
    cudaEvent_t e = new_event();
    auto write = [](void *letter) { order += static_cast<const char *>(letter); };
    char a[] = "a", b[] = "b";
    begin(s);
    fork(e, s, t);
    OK(cudaLaunchHostFunc(s, write, a));
    OK(cudaLaunchHostFunc(t, write, b));
    fork(e, t, s);
    cudaGraphExec_t g = instantiate(end(s));
    for (emu_order_kind kind : {EMU_ASCENDING, EMU_DESCENDING}) {
        emu_order(kind);
        OK(cudaGraphLaunch(g, s));
        OK(cudaStreamSynchronize(s));
    }
    CHECK(order == "abba");
    OK(cudaGraphExecDestroy(g));
    drop({}, {s, t}, {e});
}

/* What follows a launch comes after all branches, also those that were joined back. */
PASSES(work_after_a_launch)
{
    cudaStream_t s = new_stream(), t = new_stream();
    float *x = device_floats(N), *y = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaMemsetAsync(y, 0, BYTES, s));
    cudaGraphExec_t e = two_branches(s, t, x, y, false, false);
    OK(cudaGraphLaunch(e, s));
    device_map(s, y, N, [](float v) { return v + 5; });
    CHECK(first_of(s, y) == 5);
    OK(cudaGraphExecDestroy(e));
    drop({x, y}, {s, t});
}

ABORTS(not_joined_back, "capture")
{
    cudaStream_t s = new_stream(), t = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N);
    begin(s);
    fork(e, s, t);
    OK(cudaMemsetAsync(x, 0, BYTES, t));
    cudaGraph_t g;
    cudaStreamEndCapture(s, &g);
}

ABORTS(event_from_outside, "capture")
{
    cudaStream_t s = new_stream(), t = new_stream();
    cudaEvent_t e = new_event();
    OK(cudaEventRecord(e, t));
    begin(s);
    cudaStreamWaitEvent(s, e, 0);
}

ABORTS(two_captures_merge, "capture")
{
    cudaStream_t s = new_stream(), t = new_stream();
    cudaEvent_t e = new_event();
    begin(s);
    begin(t);
    fork(e, s, t);
}

/* ---- what is forbidden ----------------------------------------------------------------------- */

static void nothing(void *)
{
}

struct Forbidden {
    const char *name;
    std::function<cudaError_t(cudaStream_t s, float *x)> call;
    cudaError_t code;
    bool relaxed; /* forbidden even in mode relaxed */
};
static const Forbidden forbidden[] = {
    {"cudaStreamSynchronize", [](cudaStream_t s, float *) { return cudaStreamSynchronize(s); },
     cudaErrorStreamCaptureUnsupported, true},
    {"cudaStreamQuery", [](cudaStream_t s, float *) { return cudaStreamQuery(s); },
     cudaErrorStreamCaptureUnsupported, true},
    {"cudaDeviceSynchronize", [](cudaStream_t, float *) { return cudaDeviceSynchronize(); },
     cudaErrorStreamCaptureUnsupported, true},
    {"cudaMalloc",
     [](cudaStream_t, float *) {
         void *p = nullptr;
         cudaError_t error = cudaMalloc(&p, BYTES);
         return p ? cudaFree(p) : error;
     },
     cudaErrorStreamCaptureUnsupported, false},
    {"cudaMallocHost",
     [](cudaStream_t, float *) {
         void *p = nullptr;
         cudaError_t error = cudaMallocHost(&p, BYTES);
         return p ? cudaFreeHost(p) : error;
     },
     cudaErrorStreamCaptureUnsupported, false},
    {"cudaMallocAsync",
     [](cudaStream_t s, float *) {
         void *p = nullptr;
         return cudaMallocAsync(&p, BYTES, s);
     },
     cudaErrorStreamCaptureUnsupported, true},
    {"cudaMemcpyAsync, pageable",
     [](cudaStream_t s, float *x) {
         static float host[N];
         return cudaMemcpyAsync(x, host, BYTES, cudaMemcpyHostToDevice, s);
     },
     cudaErrorStreamCaptureUnsupported, true},
    {"cudaMemcpy",
     [](cudaStream_t, float *x) {
         float host = 0;
         return cudaMemcpy(x, &host, sizeof host, cudaMemcpyHostToDevice);
     },
     cudaErrorStreamCaptureUnsupported, false},
};

/* Each has its code, is a violation, and leaves a capture that can only be ended, and then a stream
 * like any other. */
PASSES_IN(cases::LATE, forbidden_calls)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    for (cudaStreamCaptureMode mode :
         {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal,
          cudaStreamCaptureModeRelaxed}) {
        for (const Forbidden &f : forbidden) {
            bool caught = f.relaxed || mode != cudaStreamCaptureModeRelaxed;
            cudaGraph_t g = nullptr;
            begin(s, mode);
            OK(cudaMemsetAsync(x, 0, BYTES, s));
            emu_collect(1);
            CHECK_CODE(f.call(s, x), caught ? f.code : cudaSuccess);
            CHECK((emu_violations() > 0) == caught);
            if (caught) CHECK(std::string(emu_violation_kind(0)) == "capture");
            cudaStreamCaptureStatus status;
            OK(cudaStreamIsCapturing(s, &status));
            CHECK(status ==
                  (caught ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive));
            CHECK_CODE(cudaLaunchHostFunc(s, nothing, nullptr),
                       caught ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
            CHECK_CODE(cudaStreamEndCapture(s, &g),
                       caught ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
            CHECK((g == nullptr) == caught);
            emu_collect(0);
            if (g) OK(cudaGraphDestroy(g));
            (void)cudaGetLastError();
            OK(cudaDeviceSynchronize());
            OK(cudaMemsetAsync(x, 0, BYTES, s));
            OK(cudaStreamSynchronize(s));
        }
    }
    drop({x}, {s});
}

/* A thread that has nothing to do with a thread-local capture may do as it likes. */
PASSES(another_thread_allocates)
{
    cudaStream_t s = new_stream();
    begin(s, cudaStreamCaptureModeThreadLocal);
    std::thread other([] { OK(cudaFree(device_floats(N))); });
    other.join();
    OK(cudaGraphDestroy(end(s)));
    drop({}, {s});
}

ABORTS(another_thread_allocates_beside_a_global_capture, "capture")
{
    cudaStream_t s = new_stream();
    begin(s);
    std::thread other([] { (void)device_floats(N); });
    other.join();
}

ABORTS(ended_by_another_thread, "capture")
{
    cudaStream_t s = new_stream();
    begin(s, cudaStreamCaptureModeThreadLocal);
    std::thread other([s] {
        cudaGraph_t g;
        cudaStreamEndCapture(s, &g);
    });
    other.join();
}

ABORTS(legacy_stream_beside_a_blocking_capture, "capture")
{
    cudaStream_t s = new_stream(cudaStreamDefault);
    float *x = device_floats(N);
    begin(s);
    cudaMemsetAsync(x, 0, BYTES, cudaStreamLegacy);
}

PASSES(legacy_stream_beside_another_capture)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    begin(s);
    OK(cudaMemsetAsync(x, 0, BYTES, cudaStreamLegacy));
    OK(cudaGraphDestroy(end(s)));
    OK(cudaDeviceSynchronize());
    drop({x}, {s});
}

ABORTS(captured_event_is_asked, "capture")
{
    cudaStream_t s = new_stream();
    cudaEvent_t e = new_event();
    begin(s, cudaStreamCaptureModeRelaxed);
    OK(cudaEventRecord(e, s));
    cudaEventQuery(e);
}

PASSES(captured_event_is_recorded_again)
{
    cudaStream_t s = new_stream();
    cudaEvent_t e = new_event();
    begin(s);
    OK(cudaEventRecord(e, s));
    OK(cudaGraphDestroy(end(s)));
    OK(cudaEventRecord(e, s));
    OK(cudaEventSynchronize(e));
    drop({}, {s}, {e});
}

ABORTS(legacy_stream_is_captured, "capture")
{
    cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeRelaxed);
}

ABORTS(ended_without_a_beginning, "capture")
{
    cudaGraph_t g;
    cudaStreamEndCapture(new_stream(), &g);
}

/* ---- libraries ------------------------------------------------------------------------------- */

static constexpr int ORDER = 16;
static constexpr size_t WORKSPACE = size_t(64) << 10;

struct Product {
    cudaStream_t s;
    cublasHandle_t blas;
    void *workspace;
    float *A, *C;
};

static Product make_product(bool with_workspace)
{
    Product p = {new_stream(), nullptr, nullptr, device_floats(ORDER * ORDER),
                 device_floats(ORDER * ORDER)};
    OK(cudaMalloc(&p.workspace, WORKSPACE));
    CHECK(cublasCreate(&p.blas) == CUBLAS_STATUS_SUCCESS);
    CHECK(cublasSetStream(p.blas, p.s) == CUBLAS_STATUS_SUCCESS);
    if (with_workspace)
        CHECK(cublasSetWorkspace(p.blas, p.workspace, WORKSPACE) == CUBLAS_STATUS_SUCCESS);
    return p;
}

static cublasStatus_t multiply(const Product &p, float alpha)
{
    float beta = 0;
    return cublasGemmEx_64(p.blas, CUBLAS_OP_N, CUBLAS_OP_N, ORDER, ORDER, ORDER, &alpha, p.A,
                           CUDA_R_32F, ORDER, p.A, CUDA_R_32F, ORDER, &beta, p.C, CUDA_R_32F, ORDER,
                           CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

PASSES(library_call_with_a_workspace)
{
    Product p = make_product(true);
    begin(p.s);
    CHECK(multiply(p, 0.5f) == CUBLAS_STATUS_SUCCESS);
    cudaGraphExec_t e = instantiate(end(p.s));
    for (int round = 1; round <= 2; round++) {
        std::vector<float> ones(ORDER * ORDER, float(round));
        OK(cudaMemcpy(p.A, ones.data(), ones.size() * sizeof(float), cudaMemcpyHostToDevice));
        OK(cudaDeviceSynchronize());
        OK(cudaGraphLaunch(e, p.s));
        CHECK(first_of(p.s, p.C) == 0.5f * ORDER * float(round * round));
    }
    OK(cudaGraphExecDestroy(e));
    CHECK(cublasDestroy(p.blas) == CUBLAS_STATUS_SUCCESS);
    OK(cudaFree(p.workspace));
    drop({p.A, p.C}, {p.s});
}

ABORTS(library_call_without_a_workspace, "capture")
{
    Product p = make_product(false);
    begin(p.s);
    (void)multiply(p, 1);
}

ABORTS(workspace_freed_after_the_capture, "freed")
{
    Product p = make_product(true);
    OK(cudaMemsetAsync(p.A, 0, ORDER * ORDER * sizeof(float), p.s));
    begin(p.s);
    CHECK(multiply(p, 1) == CUBLAS_STATUS_SUCCESS);
    cudaGraphExec_t e = instantiate(end(p.s));
    OK(cudaFree(p.workspace));
    OK(cudaGraphLaunch(e, p.s));
    cudaStreamSynchronize(p.s);
}

ABORTS(library_is_opened_in_a_capture, "capture")
{
    cudaStream_t s = new_stream();
    cublasHandle_t blas;
    begin(s);
    (void)cublasCreate(&blas);
}

ABORTS(solver_in_a_capture, "capture")
{
    cudaStream_t s = new_stream();
    float *A = device_floats(ORDER * ORDER), *tau = device_floats(ORDER), *work;
    int lwork = 0, *info = reinterpret_cast<int *>(device_floats(1));
    cusolverDnHandle_t solver;
    CHECK(cusolverDnCreate(&solver) == CUSOLVER_STATUS_SUCCESS);
    CHECK(cusolverDnSetStream(solver, s) == CUSOLVER_STATUS_SUCCESS);
    CHECK(cusolverDnSorgqr_bufferSize(solver, ORDER, ORDER, ORDER, A, ORDER, tau, &lwork) ==
          CUSOLVER_STATUS_SUCCESS);
    work = device_floats(size_t(lwork) + 1);
    begin(s);
    (void)cusolverDnSorgqr(solver, ORDER, ORDER, ORDER, A, ORDER, tau, work, lwork, info);
}
