/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cuda/cuda.h"

/* The device that this thread works on, for marking it as lost. */
static _Thread_local struct cuda_device *entered;

ritz_status cuda_enter(struct cuda_device *dev, struct cuda_scope *scope)
{
    scope->outer = entered;
    const cudaError_t lost = (cudaError_t)dev->lost;
    RITZ_REQUIRE(lost == cudaSuccess, RITZ_ERR_DEVICE_LOST,
                 "GPU %d failed earlier (%s) and cannot be used again in this process", dev->index,
                 cudaGetErrorName(lost));
    entered = dev;
    int current = -1;
    RITZ_TRY(CUDA(cudaGetDevice(&current)));
    if (current == dev->index) return RITZ_OK;
    /* Noted first: cudaSetDevice switches even where it returns an earlier error. */
    scope->before = current;
    return CUDA(cudaSetDevice(dev->index));
}

/* Without messages: that of a failure which led here is to stay. */
void cuda_enter_to_release(struct cuda_device *dev, struct cuda_scope *scope)
{
    scope->outer = entered;
    entered = dev;
    int current = -1;
    if (cudaGetDevice(&current) != cudaSuccess || current == dev->index) return;
    scope->before = current;
    (void)cudaSetDevice(dev->index);
}

void cuda_leave(struct cuda_scope *scope)
{
    if (scope->before >= 0) (void)cudaSetDevice(scope->before);
    entered = scope->outer;
}

/* The first word of "cublasDgemm_v2_64(blas, ...)". */
static int name_length(const char *call)
{
    return (int)strcspn(call, "(");
}

/* Errors after which every call of the process on this device fails: those of which NVIDIA's
 * driver_types.h says so, and the two that no later call can repair. */
static int is_sticky(cudaError_t code)
{
    switch (code) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorExternalDevice: return 1;
    default: return 0;
    }
}

/* Note a sticky error on the device that this thread works on; the status to report. */
static ritz_status note_loss(cudaError_t code)
{
    if (entered && entered->lost == cudaSuccess) entered->lost = (int)code;
    return RITZ_ERR_DEVICE_LOST;
}

ritz_status cuda_failed(cudaError_t code, const char *call, const char *file, int line)
{
    if (is_sticky(code))
        return ritz_fail(note_loss(code),
                         "%.*s: %s (%s), at %s:%d; it, or work enqueued earlier, crashed, and the "
                         "GPU cannot be used again in this process",
                         name_length(call), call, cudaGetErrorString(code), cudaGetErrorName(code),
                         file, line);
    const ritz_status status =
        code == cudaErrorMemoryAllocation ? RITZ_ERR_DEVICE_MEMORY : RITZ_ERR_INTERNAL;
    return ritz_fail(status, "%.*s: %s (%s), at %s:%d", name_length(call), call,
                     cudaGetErrorString(code), cudaGetErrorName(code), file, line);
}

/* A library says no more than that something failed. If the device is lost, any call that needs it
 * tells so. */
static ritz_status library_failed(int out_of_memory, const char *call, const char *status,
                                  const char *file, int line)
{
    size_t free_bytes = 0, total = 0;
    const cudaError_t code = cudaMemGetInfo(&free_bytes, &total);
    if (is_sticky(code)) return cuda_failed(code, call, file, line);
    return ritz_fail(out_of_memory ? RITZ_ERR_DEVICE_MEMORY : RITZ_ERR_INTERNAL,
                     "%.*s: %s, at %s:%d", name_length(call), call, status, file, line);
}

ritz_status cuda_blas_failed(cublasStatus_t code, const char *call, const char *file, int line)
{
    char status[128];
    snprintf(status, sizeof status, "%s (%s)", cublasGetStatusString(code),
             cublasGetStatusName(code));
    return library_failed(code == CUBLAS_STATUS_ALLOC_FAILED, call, status, file, line);
}

/* cuSOLVER has no function for this. */
static const char *solver_status_name(cusolverStatus_t code)
{
    switch ((int)code) {
    case CUSOLVER_STATUS_NOT_INITIALIZED: return "CUSOLVER_STATUS_NOT_INITIALIZED";
    case CUSOLVER_STATUS_ALLOC_FAILED: return "CUSOLVER_STATUS_ALLOC_FAILED";
    case CUSOLVER_STATUS_INVALID_VALUE: return "CUSOLVER_STATUS_INVALID_VALUE";
    case CUSOLVER_STATUS_ARCH_MISMATCH: return "CUSOLVER_STATUS_ARCH_MISMATCH";
    case CUSOLVER_STATUS_MAPPING_ERROR: return "CUSOLVER_STATUS_MAPPING_ERROR";
    case CUSOLVER_STATUS_EXECUTION_FAILED: return "CUSOLVER_STATUS_EXECUTION_FAILED";
    case CUSOLVER_STATUS_INTERNAL_ERROR: return "CUSOLVER_STATUS_INTERNAL_ERROR";
    case CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED:
        return "CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED";
    case CUSOLVER_STATUS_NOT_SUPPORTED: return "CUSOLVER_STATUS_NOT_SUPPORTED";
    case CUSOLVER_STATUS_ZERO_PIVOT: return "CUSOLVER_STATUS_ZERO_PIVOT";
    case CUSOLVER_STATUS_INVALID_LICENSE: return "CUSOLVER_STATUS_INVALID_LICENSE";
    default: return "an unknown cusolverStatus_t";
    }
}

ritz_status cuda_solver_failed(cusolverStatus_t code, const char *call, const char *file, int line)
{
    char status[128];
    snprintf(status, sizeof status, "%s (%d)", solver_status_name(code), (int)code);
    return library_failed(code == CUSOLVER_STATUS_ALLOC_FAILED, call, status, file, line);
}
