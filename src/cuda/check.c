/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cuda/cuda.h"

/* The device that this thread works on, for marking it as lost. */
static _Thread_local struct cuda_device *entered;

ritz_status cuda_enter(struct cuda_device *dev, struct cuda_scope *scope)
{
    scope->outer = entered;
    RITZ_REQUIRE(!dev->lost, RITZ_ERR_DEVICE_LOST,
                 "GPU %d failed earlier and cannot be used again in this process", dev->index);
    entered = dev;
    int current = -1;
    RITZ_TRY(CUDA(cudaGetDevice(&current)));
    if (current == dev->index) return RITZ_OK;
    RITZ_TRY(CUDA(cudaSetDevice(dev->index)));
    scope->before = current;
    return RITZ_OK;
}

void cuda_enter_to_release(struct cuda_device *dev, struct cuda_scope *scope)
{
    (void)cuda_enter(dev, scope);
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

/* Errors after which every call of the process on this device fails. */
static int is_sticky(cudaError_t code)
{
    switch (code) {
    case cudaErrorECCUncorrectable:
    case cudaErrorInvalidGraphicsContext:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorExternalDevice: return 1;
    default: return 0;
    }
}

ritz_status cuda_failed(cudaError_t code, const char *call, const char *file, int line)
{
    ritz_status status = RITZ_ERR_INTERNAL;
    if (code == cudaErrorMemoryAllocation) status = RITZ_ERR_DEVICE_MEMORY;
    if (is_sticky(code)) {
        status = RITZ_ERR_DEVICE_LOST;
        if (entered) entered->lost = 1;
    }
    return ritz_fail(status, "%.*s: %s (%s), at %s:%d", name_length(call), call,
                     cudaGetErrorString(code), cudaGetErrorName(code), file, line);
}

ritz_status cuda_blas_failed(cublasStatus_t code, const char *call, const char *file, int line)
{
    const ritz_status status =
        code == CUBLAS_STATUS_ALLOC_FAILED ? RITZ_ERR_DEVICE_MEMORY : RITZ_ERR_INTERNAL;
    return ritz_fail(status, "%.*s: %s (%s), at %s:%d", name_length(call), call,
                     cublasGetStatusString(code), cublasGetStatusName(code), file, line);
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
    const ritz_status status =
        code == CUSOLVER_STATUS_ALLOC_FAILED ? RITZ_ERR_DEVICE_MEMORY : RITZ_ERR_INTERNAL;
    return ritz_fail(status, "%.*s: %s (%d), at %s:%d", name_length(call), call,
                     solver_status_name(code), (int)code, file, line);
}
