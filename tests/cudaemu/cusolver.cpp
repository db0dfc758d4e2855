/* cuSOLVER: handles, parameters, and what its computing calls share ("cuSolverDN Helper Function
 * Reference").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <climits>
#include <cstring>
#include <map>

#include "solver_call.h"

namespace emu
{

namespace
{

constexpr char KIND[] = "cuSOLVER handle", PARAMETERS[] = "cuSOLVER parameters";
constexpr size_t POOL_BYTES = size_t(4) << 20, WORKSPACE_ALIGNMENT = 256;
constexpr char HOST_PATTERN = '\xa5';
/* What fails to be a handle: cusolverDnCreate leaves something like it in the variable. */
constexpr uintptr_t GARBAGE = 0x00bad00000000051u;

cusolverStatus_t status_of(Refusal r)
{
    switch (r) {
    case Refusal::None: break;
    case Refusal::Invalid: return CUSOLVER_STATUS_INVALID_VALUE;
    case Refusal::Unsupported: return CUSOLVER_STATUS_NOT_SUPPORTED;
    case Refusal::Memory: return CUSOLVER_STATUS_ALLOC_FAILED;
    case Refusal::Dead: return CUSOLVER_STATUS_EXECUTION_FAILED;
    }
    return CUSOLVER_STATUS_SUCCESS;
}

using Queried = std::map<std::pair<std::string, std::vector<int64_t>>, bool>;

Queried &queried()
{
    static Queried *q = [] {
        at_reset([] { queried().clear(); });
        return new Queried();
    }();
    return *q;
}

} // namespace

/* ---- calls ----------------------------------------------------------------------------------- */

SolverCall::SolverCall(const char *name, cusolverDnHandle_t handle, Purpose purpose)
    : call_(name, PLAIN), name_(name)
{
    int wished;
    if (call_.injected(&wished, purpose == Computing ? CUSOLVER_STATUS_EXECUTION_FAILED
                                                     : CUSOLVER_STATUS_INTERNAL_ERROR)) {
        status_ = cusolverStatus_t(wished);
        return;
    }
    handle_ = static_cast<SolverHandle *>(handle_object(handle, KIND));
    if (!handle_) {
        status_ = CUSOLVER_STATUS_NOT_INITIALIZED;
        return;
    }
    arguments_.on_device(handle_->device);
    begun_ = true;
    arguments_.require(current_device() == handle_->device, "handle",
                       "this cuSOLVER handle belongs to device %d, the current one is %d",
                       handle_->device, current_device());
    if (purpose == Setting || !arguments_.fine()) return;
    cudaError_t error;
    stream_ = stream_for_work(handle_->stream, &error);
    if (!stream_) {
        arguments_.refuse(error == cudaErrorInvalidResourceHandle ? Refusal::Invalid
                                                                  : Refusal::Dead);
        return;
    }
    if (not_captured(stream_, "cuSOLVER promises nothing about it"))
        arguments_.refuse(Refusal::Unsupported);
    if (dead(handle_->device)) arguments_.refuse(Refusal::Dead);
    poisoned_ = forced_poison(name);
    forced_ = forced_info(name, &forced_value_);
}

cusolverStatus_t SolverCall::status() const
{
    return begun_ ? status_of(arguments_.refusal()) : status_;
}

void SolverCall::parameters(cusolverDnParams_t params)
{
    if (fine() && !handle_object(params, PARAMETERS)) arguments_.refuse(Refusal::Invalid);
}

void SolverCall::triangle(cublasFillMode_t uplo)
{
    arguments_.require(uplo == CUBLAS_FILL_MODE_LOWER || uplo == CUBLAS_FILL_MODE_UPPER, "enum",
                       "uplo is %d", int(uplo));
}

void SolverCall::vectors(cusolverEigMode_t jobz)
{
    arguments_.require(jobz == CUSOLVER_EIG_MODE_NOVECTOR || jobz == CUSOLVER_EIG_MODE_VECTOR,
                       "enum", "jobz is %d", int(jobz));
}

void SolverCall::positive(const char *what, int64_t size)
{
    arguments_.require(size > 0, "size", "%s is %lld: what cuSOLVER does then varies", what,
                       static_cast<long long>(size));
}

void SolverCall::types(std::initializer_list<cudaDataType> all)
{
    cudaDataType first = *all.begin();
    for (cudaDataType t : all)
        arguments_.support(t == first, "types %d and %d are mixed", int(first), int(t));
    arguments_.support(first == CUDA_R_32F || first == CUDA_R_64F,
                       "type %d is not supported or not emulated", int(first));
}

Freedom SolverCall::freedom(std::initializer_list<int64_t> arguments) const
{
    Freedom f(name_, arguments);
    constexpr uint32_t MANY = 1u << 30;
    if (!handle_->deterministic) f.stir(choose(Choice::Sign, MANY));
    return f;
}

/* ---- workspace ------------------------------------------------------------------------------- */

std::vector<int64_t> SolverCall::identity(const Key &key) const
{
    std::vector<int64_t> id = key.arguments;
    id.push_back(int64_t(key.size));
    id.push_back(handle_->device);
    return id;
}

/* Odd, not monotone, sometimes nothing; a host part sometimes. The same for the same arguments. */
SolverCall::Need SolverCall::need(const Key &key) const
{
    constexpr uint64_t ONE_IN = 8, HOST_MOST = 4096;
    Freedom f(key.routine, {});
    for (int64_t a : identity(key)) f.stir(uint64_t(a));
    Need n = {key.elements + int64_t(f.draw(uint64_t(key.elements) + 64)), 0};
    if (key.in_bytes) n.device *= int64_t(key.size);
    n.device |= 1;
    if (n.device <= INT_MAX && f.draw(ONE_IN) == 0) n.device = 0;
    if (key.in_bytes && f.coin()) n.host = int64_t(f.draw(HOST_MOST)) | 1;
    return n;
}

cusolverStatus_t SolverCall::answer(const Key &key, int *lwork)
{
    arguments_.host_argument("lwork", lwork, sizeof *lwork);
    if (!fine()) return status();
    Need n = need(key);
    if (n.device > INT_MAX) return CUSOLVER_STATUS_INVALID_VALUE; /* documented, no violation */
    queried()[{key.routine, identity(key)}] = true;
    *lwork = int(n.device);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t SolverCall::answer(const Key &key, size_t *device_bytes, size_t *host_bytes)
{
    arguments_.host_argument("workspaceInBytesOnDevice", device_bytes, sizeof *device_bytes);
    arguments_.host_argument("workspaceInBytesOnHost", host_bytes, sizeof *host_bytes);
    if (!fine()) return status();
    Need n = need(key);
    queried()[{key.routine, identity(key)}] = true;
    *device_bytes = size_t(n.device);
    *host_bytes = size_t(n.host);
    return CUSOLVER_STATUS_SUCCESS;
}

/* Garbage now, and the same garbage must be there when the work runs. */
void SolverCall::host_workspace(const Key &key, const Need &n, const Workspace &w)
{
    arguments_.require(int64_t(w.host_bytes) >= n.host, "workspace",
                       "%s has a host workspace of %zu bytes, bufferSize said %lld", name_,
                       w.host_bytes, static_cast<long long>(n.host));
    arguments_.host_argument("the host workspace", w.host, size_t(n.host));
    if (!fine() || n.host == 0) return;
    host_workspace_ = static_cast<char *>(w.host);
    host_bytes_ = size_t(n.host);
    memset(host_workspace_, HOST_PATTERN, host_bytes_);
    if (key.hybrid) note_sync(name_, true);
}

void SolverCall::workspace(const Key &key, const Workspace &w)
{
    if (!fine()) return;
    arguments_.require(queried().count({key.routine, identity(key)}) != 0, "workspace",
                       "%s: bufferSize was not asked with these arguments", name_);
    Need n = need(key);
    arguments_.require(w.device_size >= n.device, "workspace",
                       "%s has a workspace of %lld %s, bufferSize said %lld", name_,
                       static_cast<long long>(w.device_size), key.in_bytes ? "bytes" : "elements",
                       static_cast<long long>(n.device));
    if (!fine()) return;
    size_t unit = key.in_bytes ? 1 : key.size;
    if (w.device_size > 0) {
        int64_t bytes = w.device_size * int64_t(unit);
        arguments_.device_operand(
            not_a_result(array("the workspace", w.device, 1, bytes, Access::Write)));
        arguments_.require(reinterpret_cast<uintptr_t>(w.device) % WORKSPACE_ALIGNMENT == 0,
                           "alignment", "the workspace is not aligned to %zu bytes: %p",
                           WORKSPACE_ALIGNMENT, w.device);
        device_workspace_ = static_cast<char *>(w.device);
        device_bytes_ = size_t(n.device) * unit;
    }
    if (key.in_bytes) host_workspace(key, n, w);
}

cusolverStatus_t SolverCall::enqueue(int *info, int64_t batch, std::function<void(Verdicts *)> work)
{
    Operand out = not_a_result(array("info", info, sizeof(int), batch, Access::Write));
    arguments_.device_operand(out);
    arguments_.disjoint();
    if (!fine()) return status();
    Verdicts verdicts(batch, forced_, forced_value_);
    char *device = device_workspace_, *host = host_workspace_;
    size_t device_bytes = device_bytes_, host_bytes = host_bytes_;
    const char *name = name_;
    count_library_op();
    emu::enqueue(stream_, name_, [=]() mutable {
        if (device_bytes > 0) {
            touch_workspace(range("the workspace", device, device_bytes, Access::Write));
            poison(device, device_bytes);
        }
        if (std::any_of(host, host + host_bytes, [](char c) { return c != HOST_PATTERN; }))
            violation("workspace", "the host workspace of %s was changed before the work ran",
                      name);
        OneThread one;
        work(&verdicts);
        declare(out);
        memcpy(info, verdicts.info().data(), size_t(batch) * sizeof(int));
    });
    return CUSOLVER_STATUS_SUCCESS;
}

} // namespace emu

using namespace emu;

/* ---- handles --------------------------------------------------------------------------------- */

extern "C" cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *handle)
{
    Call call(__func__, ALLOCATES | HIDDEN_SYNC | NOT_IN_CAPTURE);
    int wished;
    bool injected = call.injected(&wished, CUSOLVER_STATUS_ALLOC_FAILED);
    if (!check_host("handle", handle, sizeof *handle)) return CUSOLVER_STATUS_INVALID_VALUE;
    *handle = reinterpret_cast<cusolverDnHandle_t>(GARBAGE);
    if (injected) return cusolverStatus_t(wished);
    if (!machine_works() || dead(current_device())) return CUSOLVER_STATUS_NOT_INITIALIZED;
    if (forbidden_in_capture(call)) return CUSOLVER_STATUS_ALLOC_FAILED;
    SolverHandle *h = new SolverHandle();
    h->device = current_device();
    h->deterministic = true;
    if (allocate_device(&h->pool, POOL_BYTES, h->device, __func__) != cudaSuccess) {
        delete h;
        return CUSOLVER_STATUS_ALLOC_FAILED;
    }
    *handle = static_cast<cusolverDnHandle_t>(make_handle(KIND, h));
    return CUSOLVER_STATUS_SUCCESS;
}

extern "C" cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle)
{
    Call call(__func__, FREES | HIDDEN_SYNC | NOT_IN_CAPTURE | INFALLIBLE);
    if (forbidden_in_capture(call)) return CUSOLVER_STATUS_INTERNAL_ERROR;
    SolverHandle *h = static_cast<SolverHandle *>(retire_handle(handle, KIND));
    if (!h) return CUSOLVER_STATUS_NOT_INITIALIZED;
    /* An error that this finds is the program's to see, not ours. */
    cudaError_t earlier = synchronise_device(h->device);
    if (earlier != cudaSuccess && !dead(h->device)) raise_async(h->device, earlier);
    release(h->pool, Space::Device);
    delete h;
    return CUSOLVER_STATUS_SUCCESS;
}

extern "C" cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    if (!c.fine()) return c.status();
    const Stream *s = stream_of(stream);
    if (!s) return CUSOLVER_STATUS_INVALID_VALUE;
    c.arguments().require(device_of(s) == c.handle()->device, "handle",
                          "the stream belongs to device %d, the cuSOLVER handle to device %d",
                          device_of(s), c.handle()->device);
    if (c.fine()) c.handle()->stream = stream;
    return c.status();
}

extern "C" cusolverStatus_t cusolverDnSetDeterministicMode(cusolverDnHandle_t handle,
                                                           cusolverDeterministicMode_t mode)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    if (!c.fine()) return c.status();
    c.arguments().require(mode == CUSOLVER_DETERMINISTIC_RESULTS ||
                              mode == CUSOLVER_ALLOW_NON_DETERMINISTIC_RESULTS,
                          "enum", "the deterministic mode is %d", int(mode));
    if (c.fine()) c.handle()->deterministic = mode == CUSOLVER_DETERMINISTIC_RESULTS;
    return c.status();
}

/* Needs no GPU. */
extern "C" cusolverStatus_t cusolverGetVersion(int *version)
{
    Call call(__func__, PLAIN);
    int wished;
    if (call.injected(&wished, CUSOLVER_STATUS_INTERNAL_ERROR)) return cusolverStatus_t(wished);
    if (!check_host("version", version, sizeof *version)) return CUSOLVER_STATUS_INVALID_VALUE;
    *version = CUSOLVER_VERSION;
    return CUSOLVER_STATUS_SUCCESS;
}

/* ---- parameters: host objects, which need no GPU --------------------------------------------- */

extern "C" cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t *params)
{
    Call call(__func__, PLAIN);
    int wished;
    if (call.injected(&wished, CUSOLVER_STATUS_ALLOC_FAILED)) return cusolverStatus_t(wished);
    if (!check_host("params", params, sizeof *params)) return CUSOLVER_STATUS_INVALID_VALUE;
    *params = static_cast<cusolverDnParams_t>(make_handle(PARAMETERS, new SolverParameters()));
    return CUSOLVER_STATUS_SUCCESS;
}

extern "C" cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t params)
{
    Call call(__func__, INFALLIBLE);
    void *object = retire_handle(params, PARAMETERS);
    delete static_cast<SolverParameters *>(object);
    return object ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_INVALID_VALUE;
}
