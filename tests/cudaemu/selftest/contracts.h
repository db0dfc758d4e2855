/* The contract table: each emulated call against each kind of mistake.
 *
 * A row says which device arguments a call has, how many leading dimensions, whether a workspace,
 * which handles, and how it is called rightly. From this the runner makes every mistake of every
 * kind, one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_CONTRACTS_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_CONTRACTS_H

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "../emu_int.h"

namespace contracts
{

enum Mistake { LD, HOST_POINTER, FREED, OTHER_DEVICE, WORKSPACE, RANGE, HANDLE, MISTAKES };

/* A device argument: `count` elements. An array of pointers names the arguments that its entries
 * point to. */
struct Buffer {
    const char *name;
    size_t element, count;
    std::vector<size_t> entries;
};

enum class Handle { Blas, Solver, Params, Stream, Event };

/* What one call is made with. */
struct Trial {
    int64_t n;             /* order of all matrices */
    std::vector<void *> p; /* by buffer */
    int bad_ld;            /* which leading dimension is one too small, or -1 */
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    cudaStream_t stream;
    cudaEvent_t event;
    /* The workspace: what the query said, and what the call gets. The device part is the last
     * buffer. */
    size_t device_need, host_need, device_size, host_size;
    std::vector<char> host;

    int64_t ld(int index) const
    {
        return index == bad_ld ? n - 1 : n;
    }
    template <class T> T *at(size_t buffer) const
    {
        return static_cast<T *>(p[buffer]);
    }
    template <class T> T *workspace() const
    {
        return static_cast<T *>(p.back());
    }
};

struct Row {
    std::string name;
    std::function<std::vector<Buffer>(int64_t n)> buffers;
    int lds;
    std::vector<Handle> handles;
    std::function<int(Trial &)> call;
    /* Sets the needs; the unit of the device part is `workspace_unit` bytes. */
    std::function<int(Trial &)> query;
    size_t workspace_unit;
    bool host_workspace;
    /* Mistakes that only the row itself can make: calls that end something. */
    std::map<Mistake, std::vector<std::function<int(Trial &)>>> own;
    /* Where it differs from what the row's shape implies. */
    std::map<Mistake, std::string> inapplicable; /* mistake -> reason */
    std::map<Mistake, std::string> kinds;        /* mistake -> kind of violation, or "status" */
};

std::vector<Row> blas_rows();
std::vector<Row> solver_rows();
std::vector<Row> runtime_rows();

/* A call that takes no device memory. */
inline Row plain(std::string name, std::vector<Handle> handles, std::function<int(Trial &)> call)
{
    Row r = {};
    r.name = std::move(name);
    r.buffers = [](int64_t) { return std::vector<Buffer>(); };
    r.handles = std::move(handles);
    r.call = std::move(call);
    return r;
}

inline Row with_buffers(std::string name, std::vector<Handle> handles, int lds,
                        std::function<std::vector<Buffer>(int64_t n)> buffers,
                        std::function<int(Trial &)> call)
{
    Row r = plain(std::move(name), std::move(handles), std::move(call));
    r.lds = lds;
    r.buffers = std::move(buffers);
    return r;
}

template <class H> constexpr bool is_stream()
{
    return std::is_same<H, cudaStream_t>::value;
}

/* A call that ends what `create` makes. */
template <class H>
Row ending(std::string name, std::function<int(H *)> create, std::function<int(H)> destroy)
{
    Row r = plain(std::move(name), {}, [=](Trial &) {
        H h = nullptr;
        int status = create(&h);
        return status ? status : destroy(h);
    });
    r.own[HANDLE] = {[=](Trial &) { return destroy(nullptr); },
                     [=](Trial &) {
                         H h = nullptr;
                         int status = create(&h);
                         if (status == 0) status = destroy(h);
                         return status ? 0 : destroy(h);
                     },
                     [=](Trial &) { /* of another kind */
                                    cudaStream_t s = nullptr;
                                    cudaEvent_t e = nullptr;
                                    (void)cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
                                    (void)cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
                                    bool stream = is_stream<H>();
                                    int status = destroy(stream ? reinterpret_cast<H>(e)
                                                                : reinterpret_cast<H>(s));
                                    (void)cudaStreamDestroy(s);
                                    (void)cudaEventDestroy(e);
                                    return status;
                     }};
    return r;
}

template <class T> Buffer square(const char *name, int64_t n, int64_t batch = 1)
{
    return {name, sizeof(T), size_t(n * n * batch), {}};
}

} // namespace contracts

#endif
