/* The contract table: rows of the runtime.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "contracts.h"

namespace contracts
{

namespace
{

constexpr size_t BYTES = 1024;

Buffer bytes(const char *name)
{
    return {name, 1, BYTES, {}};
}

Row copy_row(const char *name, std::vector<const char *> buffers, std::function<int(Trial &)> call)
{
    return with_buffers(
        name, {Handle::Stream}, 0,
        [=](int64_t) {
            std::vector<Buffer> all;
            for (const char *b : buffers) all.push_back(bytes(b));
            return all;
        },
        call);
}

void add_copies(std::vector<Row> *rows)
{
    const std::string peers = "copies between devices are allowed";
    rows->push_back(copy_row("cudaMemcpy (to host)", {"source"}, [](Trial &t) {
        char host[BYTES];
        return int(cudaMemcpy(host, t.p[0], BYTES, cudaMemcpyDeviceToHost));
    }));
    rows->back().handles.clear();
    rows->back().inapplicable[HANDLE] = "uses the default stream";
    rows->push_back(copy_row("cudaMemcpyAsync (to device)", {"destination"}, [](Trial &t) {
        static const char host[BYTES] = {};
        return int(cudaMemcpyAsync(t.p[0], host, BYTES, cudaMemcpyHostToDevice, t.stream));
    }));
    rows->push_back(copy_row("cudaMemcpyAsync (to host)", {"source"}, [](Trial &t) {
        char host[BYTES];
        return int(cudaMemcpyAsync(host, t.p[0], BYTES, cudaMemcpyDeviceToHost, t.stream));
    }));
    rows->push_back(
        copy_row("cudaMemcpyAsync (on device)", {"destination", "source"}, [](Trial &t) {
            return int(cudaMemcpyAsync(t.p[0], t.p[1], BYTES, cudaMemcpyDeviceToDevice, t.stream));
        }));
    rows->back().inapplicable[OTHER_DEVICE] = peers;
    rows->push_back(copy_row("cudaMemcpy2DAsync", {"destination", "source"}, [](Trial &t) {
        size_t width = size_t(t.n), height = BYTES / width;
        return int(cudaMemcpy2DAsync(t.p[0], size_t(t.ld(0)), t.p[1], size_t(t.ld(1)), width,
                                     height, cudaMemcpyDeviceToDevice, t.stream));
    }));
    rows->back().lds = 2;
    rows->back().kinds[LD] = "status";
    rows->back().inapplicable[OTHER_DEVICE] = peers;
    rows->push_back(copy_row("cudaMemsetAsync", {"destination"}, [](Trial &t) {
        return int(cudaMemsetAsync(t.p[0], 0, BYTES, t.stream));
    }));
}

/* Both ways to free, as one function of an address. */
using Free = std::function<int(Trial &, void *)>;

Row free_row(const char *name, std::vector<Handle> handles,
             std::function<int(Trial &, void **)> allocate, Free release)
{
    Row r = plain(name, std::move(handles), [=](Trial &t) {
        void *p = nullptr;
        int status = allocate(t, &p);
        return status ? status : release(t, p);
    });
    r.own[HOST_POINTER] = {[=](Trial &t) {
        static char host[BYTES];
        return release(t, host);
    }};
    r.own[FREED] = {[=](Trial &t) {
        void *p = nullptr;
        int status = allocate(t, &p);
        if (status == 0) status = release(t, p);
        return status ? 0 : release(t, p);
    }};
    r.own[RANGE] = {[=](Trial &t) { /* an address inside */
                                    void *p = nullptr;
                                    if (allocate(t, &p)) return 0;
                                    int status = release(t, static_cast<char *>(p) + 1);
                                    return release(t, p) ? 0 : status;
    }};
    r.kinds = {{HOST_POINTER, "free"}, {FREED, "double-free"}, {RANGE, "free"}};
    r.inapplicable[OTHER_DEVICE] = "frees memory of any device";
    return r;
}

void add_frees(std::vector<Row> *rows)
{
    rows->push_back(free_row(
        "cudaFree", {}, [](Trial &, void **p) { return int(cudaMalloc(p, BYTES)); },
        [](Trial &, void *p) { return int(cudaFree(p)); }));
    rows->push_back(free_row(
        "cudaFreeAsync", {Handle::Stream},
        [](Trial &t, void **p) { return int(cudaMallocAsync(p, BYTES, t.stream)); },
        [](Trial &t, void *p) { return int(cudaFreeAsync(p, t.stream)); }));
    rows->back().handles.clear(); /* the allocation would meet the wrong stream first */
    rows->back().own[HANDLE] = {[](Trial &t) {
        void *p = nullptr;
        if (cudaMallocAsync(&p, BYTES, t.stream)) return 0;
        int status = int(cudaFreeAsync(p, reinterpret_cast<cudaStream_t>(t.event)));
        return cudaFreeAsync(p, t.stream) ? 0 : status;
    }};
    rows->push_back(plain("cudaMallocAsync", {Handle::Stream}, [](Trial &t) {
        void *p = nullptr;
        int status = int(cudaMallocAsync(&p, BYTES, t.stream));
        return status ? status : int(cudaFreeAsync(p, t.stream));
    }));
}

void add_streams(std::vector<Row> *rows)
{
    rows->push_back(ending<cudaStream_t>(
        "cudaStreamDestroy",
        [](cudaStream_t *s) { return int(cudaStreamCreateWithFlags(s, cudaStreamNonBlocking)); },
        [](cudaStream_t s) { return int(cudaStreamDestroy(s)); }));
    rows->push_back(ending<cudaEvent_t>(
        "cudaEventDestroy",
        [](cudaEvent_t *e) { return int(cudaEventCreateWithFlags(e, cudaEventDisableTiming)); },
        [](cudaEvent_t e) { return int(cudaEventDestroy(e)); }));
    rows->push_back(plain("cudaStreamSynchronize", {Handle::Stream},
                          [](Trial &t) { return int(cudaStreamSynchronize(t.stream)); }));
    rows->push_back(plain("cudaStreamQuery", {Handle::Stream},
                          [](Trial &t) { return int(cudaStreamQuery(t.stream)); }));
    rows->push_back(plain("cudaStreamWaitEvent", {Handle::Stream, Handle::Event},
                          [](Trial &t) { return int(cudaStreamWaitEvent(t.stream, t.event, 0)); }));
    rows->push_back(plain("cudaEventRecord", {Handle::Stream, Handle::Event},
                          [](Trial &t) { return int(cudaEventRecord(t.event, t.stream)); }));
    rows->push_back(plain("cudaEventSynchronize", {Handle::Event},
                          [](Trial &t) { return int(cudaEventSynchronize(t.event)); }));
    rows->push_back(plain("cudaEventQuery", {Handle::Event},
                          [](Trial &t) { return int(cudaEventQuery(t.event)); }));
    rows->push_back(plain("cudaLaunchHostFunc", {Handle::Stream}, [](Trial &t) {
        return int(cudaLaunchHostFunc(
            t.stream, [](void *) {}, nullptr));
    }));
    /* What a kernel touches is checked access by access: planted_kernels.cu. */
    rows->push_back(plain("cudaLaunchKernelExC", {Handle::Stream}, [](Trial &t) {
        static const char key = 0;
        emu::Grid g = {"nothing", dim3(1), dim3(1), 0, [] {}};
        return int(emu::launch(&key, g, t.stream));
    }));
}

} // namespace

std::vector<Row> runtime_rows()
{
    std::vector<Row> rows;
    add_copies(&rows);
    add_frees(&rows);
    add_streams(&rows);
    return rows;
}

} // namespace contracts
