/* Names and sentences of runtime errors (NVIDIA, CUDA Runtime API 13.0, "Error Handling").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime_api.h>

namespace
{

struct Text {
    cudaError_t code;
    const char *name, *sentence;
};

#define TEXT(code) code, #code
/* clang-format off */
const Text texts[] = {
    {TEXT(cudaSuccess), "no error"},
    {TEXT(cudaErrorInvalidValue), "invalid argument"},
    {TEXT(cudaErrorMemoryAllocation), "out of memory"},
    {TEXT(cudaErrorInitializationError), "initialization error"},
    {TEXT(cudaErrorCudartUnloading), "driver shutting down"},
    {TEXT(cudaErrorInvalidConfiguration), "invalid configuration argument"},
    {TEXT(cudaErrorInvalidPitchValue), "invalid pitch argument"},
    {TEXT(cudaErrorInvalidDevicePointer), "invalid device pointer"},
    {TEXT(cudaErrorInvalidMemcpyDirection), "invalid copy direction for memcpy"},
    {TEXT(cudaErrorStubLibrary), "CUDA driver is a stub library"},
    {TEXT(cudaErrorInsufficientDriver), "CUDA driver version is insufficient for CUDA runtime version"},
    {TEXT(cudaErrorDevicesUnavailable), "CUDA-capable device(s) is/are busy or unavailable"},
    {TEXT(cudaErrorInvalidDeviceFunction), "invalid device function"},
    {TEXT(cudaErrorNoDevice), "no CUDA-capable device is detected"},
    {TEXT(cudaErrorInvalidDevice), "invalid device ordinal"},
    {TEXT(cudaErrorNoKernelImageForDevice), "no kernel image is available for execution on the device"},
    {TEXT(cudaErrorECCUncorrectable), "uncorrectable ECC error encountered"},
    {TEXT(cudaErrorNvlinkUncorrectable), "uncorrectable NVLink error detected during the execution"},
    {TEXT(cudaErrorInvalidGraphicsContext), "invalid OpenGL or DirectX context"},
    {TEXT(cudaErrorUnsupportedPtxVersion), "the provided PTX was compiled with an unsupported toolchain"},
    {TEXT(cudaErrorContained), "contained error"},
    {TEXT(cudaErrorInvalidResourceHandle), "invalid resource handle"},
    {TEXT(cudaErrorNotReady), "device not ready"},
    {TEXT(cudaErrorIllegalAddress), "an illegal memory access was encountered"},
    {TEXT(cudaErrorLaunchOutOfResources), "too many resources requested for launch"},
    {TEXT(cudaErrorLaunchTimeout), "the launch timed out and was terminated"},
    {TEXT(cudaErrorPeerAccessAlreadyEnabled), "peer access is already enabled"},
    {TEXT(cudaErrorAssert), "device-side assert triggered"},
    {TEXT(cudaErrorHostMemoryAlreadyRegistered), "part or all of the requested memory range is already mapped"},
    {TEXT(cudaErrorHostMemoryNotRegistered), "pointer does not correspond to a registered memory region"},
    {TEXT(cudaErrorHardwareStackError), "hardware stack error"},
    {TEXT(cudaErrorIllegalInstruction), "an illegal instruction was encountered"},
    {TEXT(cudaErrorMisalignedAddress), "misaligned address"},
    {TEXT(cudaErrorInvalidAddressSpace), "operation not supported on global/shared address space"},
    {TEXT(cudaErrorInvalidPc), "invalid program counter"},
    {TEXT(cudaErrorLaunchFailure), "unspecified launch failure"},
    {TEXT(cudaErrorCooperativeLaunchTooLarge), "too many blocks in cooperative launch"},
    {TEXT(cudaErrorTensorMemoryLeak), "tensor memory not completely freed"},
    {TEXT(cudaErrorExternalDevice), "an error of a device outside of CUDA"},
    {TEXT(cudaErrorNotPermitted), "operation not permitted"},
    {TEXT(cudaErrorNotSupported), "operation not supported"},
    {TEXT(cudaErrorSystemNotReady), "system not yet initialized"},
    {TEXT(cudaErrorSystemDriverMismatch), "system has unsupported display driver / cuda driver combination"},
    {TEXT(cudaErrorCompatNotSupportedOnDevice), "forward compatibility was attempted on non supported HW"},
    {TEXT(cudaErrorStreamCaptureUnsupported), "operation not permitted when stream is capturing"},
    {TEXT(cudaErrorStreamCaptureInvalidated), "operation failed due to a previous error during capture"},
    {TEXT(cudaErrorStreamCaptureMerge), "operation would result in a merge of separate capture sequences"},
    {TEXT(cudaErrorStreamCaptureUnmatched), "capture was not ended in the same stream as it began"},
    {TEXT(cudaErrorStreamCaptureUnjoined), "capturing stream has unjoined work"},
    {TEXT(cudaErrorStreamCaptureIsolation), "dependency created on uncaptured work in another stream"},
    {TEXT(cudaErrorStreamCaptureImplicit), "operation would make the legacy stream depend on a capturing blocking stream"},
    {TEXT(cudaErrorCapturedEvent), "operation not permitted on an event last recorded in a capturing stream"},
    {TEXT(cudaErrorStreamCaptureWrongThread), "attempt to terminate a thread-local capture sequence from another thread"},
    {TEXT(cudaErrorIllegalState), "the operation cannot be performed in the present state"},
    {TEXT(cudaErrorUnknown), "unknown error"},
};
/* clang-format on */
#undef TEXT

const Text *text_of(cudaError_t code)
{
    for (const Text &t : texts)
        if (t.code == code) return &t;
    return nullptr;
}

constexpr const char *UNRECOGNIZED = "unrecognized error code";

} // namespace

const char *cudaGetErrorName(cudaError_t code)
{
    const Text *t = text_of(code);
    return t ? t->name : UNRECOGNIZED;
}

const char *cudaGetErrorString(cudaError_t code)
{
    const Text *t = text_of(code);
    return t ? t->sentence : UNRECOGNIZED;
}
