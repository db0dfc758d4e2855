/* cuBLAS: handles, modes, texts, and what its computing calls share (2.1 "General Description", 2.4
 * "cuBLAS Helper Function Reference").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "blas_call.h"

namespace emu
{

namespace
{

constexpr char KIND[] = "cuBLAS handle";
/* Of the default workspace; also the least that a workspace must have to prevent ALLOC_FAILED
 * (2.4.8, cublasSetWorkspace). */
constexpr size_t POOL_BYTES = size_t(4) << 20, LEAST_WORKSPACE = size_t(16) << 10;
constexpr size_t WORKSPACE_ALIGNMENT = 256;

cublasStatus_t status_of(Refusal r)
{
    switch (r) {
    case Refusal::None: break;
    case Refusal::Invalid: return CUBLAS_STATUS_INVALID_VALUE;
    case Refusal::Unsupported: return CUBLAS_STATUS_NOT_SUPPORTED;
    case Refusal::Memory: return CUBLAS_STATUS_ALLOC_FAILED;
    case Refusal::Dead: return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    return CUBLAS_STATUS_SUCCESS;
}

struct Name {
    cublasStatus_t status;
    const char *name, *text;
};
const Name names[] = {
    {CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "success"},
    {CUBLAS_STATUS_NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED",
     "the library was not initialized"},
    {CUBLAS_STATUS_ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {CUBLAS_STATUS_INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE",
     "an unsupported value or parameter was passed to the function"},
    {CUBLAS_STATUS_ARCH_MISMATCH, "CUBLAS_STATUS_ARCH_MISMATCH",
     "the function requires an architectural feature absent from the device"},
    {CUBLAS_STATUS_MAPPING_ERROR, "CUBLAS_STATUS_MAPPING_ERROR",
     "an access to GPU memory space failed"},
    {CUBLAS_STATUS_EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED",
     "the GPU program failed to execute"},
    {CUBLAS_STATUS_INTERNAL_ERROR, "CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"},
    {CUBLAS_STATUS_NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED",
     "the functionality is not supported"},
    {CUBLAS_STATUS_LICENSE_ERROR, "CUBLAS_STATUS_LICENSE_ERROR", "license error"},
};

const Name *name_of(cublasStatus_t status)
{
    const Name *end = names + sizeof names / sizeof *names;
    const Name *found = std::find_if(names, end, [=](const Name &n) { return n.status == status; });
    return found == end ? nullptr : found;
}

} // namespace

/* ---- calls ----------------------------------------------------------------------------------- */

BlasCall::BlasCall(const char *name, cublasHandle_t handle, Purpose purpose)
    : call_(name, PLAIN), name_(name)
{
    int wished;
    if (call_.injected(&wished, purpose == Computing ? CUBLAS_STATUS_EXECUTION_FAILED
                                                     : CUBLAS_STATUS_INTERNAL_ERROR)) {
        status_ = cublasStatus_t(wished);
        return;
    }
    handle_ = static_cast<BlasHandle *>(handle_object(handle, KIND));
    if (!handle_) {
        status_ = CUBLAS_STATUS_NOT_INITIALIZED;
        return;
    }
    arguments_.on_device(handle_->device);
    begun_ = true;
    arguments_.require(current_device() == handle_->device, "handle",
                       "this cuBLAS handle belongs to device %d, the current one is %d",
                       handle_->device, current_device());
    if (purpose == Setting || !arguments_.fine()) return;
    cudaError_t error;
    stream_ = stream_for_work(handle_->stream, &error);
    if (!stream_) {
        arguments_.refuse(error == cudaErrorInvalidResourceHandle ? Refusal::Invalid
                                                                  : Refusal::Dead);
        return;
    }
    if (dead(handle_->device)) arguments_.refuse(Refusal::Dead);
    poisoned_ = forced_poison(name);
}

cublasStatus_t BlasCall::status() const
{
    return begun_ ? status_of(arguments_.refusal()) : status_;
}

void BlasCall::operation(const char *what, cublasOperation_t op)
{
    arguments_.require(op == CUBLAS_OP_N || op == CUBLAS_OP_T || op == CUBLAS_OP_C, "enum",
                       "%s is %d", what, int(op));
}

void BlasCall::triangle(cublasFillMode_t uplo)
{
    arguments_.require(uplo == CUBLAS_FILL_MODE_LOWER || uplo == CUBLAS_FILL_MODE_UPPER, "enum",
                       "uplo is %d", int(uplo));
}

/* The routine may use any of its workspace; here it uses the beginning. */
void BlasCall::check_workspace()
{
    if (!arguments_.fine()) return;
    if (!handle_->user_workspace) {
        note_default_workspace(name_);
        if (not_captured(stream_, "without a workspace of its own it would add nodes of memory"))
            arguments_.refuse(Refusal::Memory);
        return;
    }
    if (handle_->workspace_bytes < LEAST_WORKSPACE) {
        violation("workspace", "%s has a workspace of %zu bytes only", name_,
                  handle_->workspace_bytes);
        arguments_.refuse(Refusal::Memory);
        return;
    }
    Operand all = array("the workspace of the handle", handle_->workspace, 1,
                        int64_t(handle_->workspace_bytes), Access::Write);
    arguments_.device_operand(not_a_result(all));
}

cublasStatus_t BlasCall::enqueue(std::function<void()> work)
{
    check_workspace();
    arguments_.disjoint();
    if (!fine()) return status();
    void *workspace = handle_->user_workspace ? handle_->workspace : nullptr;
    count_library_op();
    emu::enqueue(stream_, name_, [=] {
        if (workspace) {
            touch_workspace(
                range("the workspace of the handle", workspace, LEAST_WORKSPACE, Access::Write));
            poison(workspace, LEAST_WORKSPACE);
        }
        OneThread one;
        work();
    });
    return CUBLAS_STATUS_SUCCESS;
}

/* ---- batches --------------------------------------------------------------------------------- */

const void *Items::item(int64_t b, size_t size) const
{
    if (by_pointer) return static_cast<const void *const *>(p)[b];
    return static_cast<const char *>(p) + b * stride * int64_t(size);
}

Operand pointer_array(const Items &items, int64_t batch)
{
    return array(items.what, items.p, sizeof(void *), batch, Access::Read);
}

bool reach_items(const Items &items, const Operand &item, int64_t batch)
{
    std::vector<Operand> outputs;
    for (int64_t b = 0; b < batch; b++) {
        Operand o = item;
        o.p = items.item(b, o.size);
        if (!reach(o)) return false;
        if (o.access != Access::Read) outputs.push_back(o);
    }
    std::sort(outputs.begin(), outputs.end(),
              [](const Operand &a, const Operand &b) { return a.p < b.p; });
    auto bounds = [](const Operand &o) {
        return matrix(o.what, o.p, o.size, o.rows, o.cols, o.ld, 0, 1, o.access);
    };
    for (size_t i = 1; i < outputs.size(); i++) {
        if (!overlap(bounds(outputs[i - 1]), bounds(outputs[i]))) continue;
        violation("overlap", "two items of %s overlap", items.what);
        return false;
    }
    return true;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

void multiply(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, int64_t k,
              float alpha, const float *A, int64_t lda, const float *B, int64_t ldb, float beta,
              float *C)
{
    cblas_sgemm(CblasColMajor, transposition(ta), transposition(tb), blas_int(m), blas_int(n),
                blas_int(k), alpha, A, blas_int(lda), B, blas_int(ldb), beta, C, blas_int(m));
}

void multiply(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, int64_t k,
              double alpha, const double *A, int64_t lda, const double *B, int64_t ldb, double beta,
              double *C)
{
    cblas_dgemm(CblasColMajor, transposition(ta), transposition(tb), blas_int(m), blas_int(n),
                blas_int(k), alpha, A, blas_int(lda), B, blas_int(ldb), beta, C, blas_int(m));
}

} // namespace emu

using namespace emu;

/* ---- handles, 3.1 ---------------------------------------------------------------------------- */

extern "C" cublasStatus_t cublasCreate_v2(cublasHandle_t *handle)
{
    Call call(__func__, ALLOCATES | HIDDEN_SYNC | NOT_IN_CAPTURE);
    int wished;
    if (call.injected(&wished, CUBLAS_STATUS_ALLOC_FAILED)) return cublasStatus_t(wished);
    if (!machine_works() || dead(current_device())) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (forbidden_in_capture(call)) return CUBLAS_STATUS_ALLOC_FAILED;
    if (!check_host("handle", handle, sizeof *handle)) return CUBLAS_STATUS_INVALID_VALUE;
    BlasHandle *h = new BlasHandle();
    h->device = current_device();
    if (allocate_device(&h->pool, POOL_BYTES, h->device, __func__) != cudaSuccess) {
        delete h;
        return CUBLAS_STATUS_ALLOC_FAILED;
    }
    *handle = static_cast<cublasHandle_t>(make_handle(KIND, h));
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" cublasStatus_t cublasDestroy_v2(cublasHandle_t handle)
{
    Call call(__func__, FREES | HIDDEN_SYNC | NOT_IN_CAPTURE | INFALLIBLE);
    if (forbidden_in_capture(call)) return CUBLAS_STATUS_INTERNAL_ERROR;
    BlasHandle *h = static_cast<BlasHandle *>(retire_handle(handle, KIND));
    if (!h) return CUBLAS_STATUS_NOT_INITIALIZED;
    /* An error that this finds is the program's to see, not ours. */
    cudaError_t earlier = synchronise_device(h->device);
    if (earlier != cudaSuccess && !dead(h->device)) raise_async(h->device, earlier);
    release(h->pool, Space::Device);
    delete h;
    return CUBLAS_STATUS_SUCCESS;
}

/* Needs neither a handle nor a GPU. */
extern "C" cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int *version)
{
    Call call(__func__, PLAIN);
    int wished;
    if (call.injected(&wished, CUBLAS_STATUS_INTERNAL_ERROR)) return cublasStatus_t(wished);
    if (handle && !handle_object(handle, KIND)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!check_host("version", version, sizeof *version)) return CUBLAS_STATUS_INVALID_VALUE;
    *version = CUBLAS_VERSION;
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream)
{
    BlasCall c(__func__, handle, BlasCall::Setting);
    if (!c.fine()) return c.status();
    const Stream *s = stream_of(stream);
    if (!s) return CUBLAS_STATUS_INVALID_VALUE;
    c.arguments().require(device_of(s) == c.handle()->device, "handle",
                          "the stream belongs to device %d, the cuBLAS handle to device %d",
                          device_of(s), c.handle()->device);
    if (!c.fine()) return c.status();
    c.handle()->stream = stream;
    c.handle()->user_workspace = false; /* always, even for the same stream */
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace,
                                                size_t bytes)
{
    BlasCall c(__func__, handle, BlasCall::Setting);
    if (!c.fine()) return c.status();
    c.arguments().device_operand(array("workspace", workspace, 1, int64_t(bytes), Access::Write));
    c.arguments().require(reinterpret_cast<uintptr_t>(workspace) % WORKSPACE_ALIGNMENT == 0,
                          "alignment", "a workspace must be aligned to %zu bytes: %p",
                          WORKSPACE_ALIGNMENT, workspace);
    if (!c.fine()) return c.status();
    c.handle()->user_workspace = true;
    c.handle()->workspace = workspace;
    c.handle()->workspace_bytes = bytes;
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode)
{
    BlasCall c(__func__, handle, BlasCall::Setting);
    if (!c.fine()) return c.status();
    c.arguments().require(mode == CUBLAS_POINTER_MODE_HOST || mode == CUBLAS_POINTER_MODE_DEVICE,
                          "enum", "the pointer mode is %d", int(mode));
    if (c.fine()) c.handle()->pointers = mode;
    return c.status();
}

/* Atomics concern symv only, which is not emulated. */
extern "C" cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode)
{
    BlasCall c(__func__, handle, BlasCall::Setting);
    if (!c.fine()) return c.status();
    c.arguments().require(mode == CUBLAS_ATOMICS_NOT_ALLOWED || mode == CUBLAS_ATOMICS_ALLOWED,
                          "enum", "the atomics mode is %d", int(mode));
    return c.status();
}

extern "C" cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    BlasCall c(__func__, handle, BlasCall::Setting);
    if (!c.fine()) return c.status();
    int base = int(mode) & ~int(CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
    c.arguments().require(base == CUBLAS_DEFAULT_MATH || base == CUBLAS_PEDANTIC_MATH ||
                              base == CUBLAS_TF32_TENSOR_OP_MATH,
                          "enum", "math mode %d is not known, deprecated or not emulated",
                          int(mode));
    if (c.fine()) c.handle()->math = mode;
    return c.status();
}

/* ---- texts, 1.5 ------------------------------------------------------------------------------ */

extern "C" const char *cublasGetStatusName(cublasStatus_t status)
{
    const Name *n = name_of(status);
    return n ? n->name : "CUBLAS_STATUS_UNKNOWN";
}

extern "C" const char *cublasGetStatusString(cublasStatus_t status)
{
    const Name *n = name_of(status);
    return n ? n->text : "unknown cuBLAS status";
}
