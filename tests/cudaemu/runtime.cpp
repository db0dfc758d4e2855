/* Devices, the last error, and launches (NVIDIA, CUDA Runtime API 13.0, "Device Management", "Error
 * Handling" and "Execution Control"; limits of a launch: CUDA C++ Programming Guide, "Compute
 * Capabilities"). What calls return without a driver is what this runtime returned on a machine
 * that has none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <climits>
#include <cstdio>
#include <cstring>
#include <map>

#include "plant.h"
#include "state.h"

namespace emu
{

namespace
{

/* The emulated card: deliberately small, so that grids wrap and limits are met. */
constexpr int MAJOR = 8, MINOR = 6, WARP = 32, PROCESSORS = 4, BLOCKS_PER_PROCESSOR = 16;
constexpr int THREADS_PER_BLOCK = 1024, THREADS_PER_PROCESSOR = 1536, BLOCK_Z = 64;
constexpr int GRID_X = INT_MAX, GRID_YZ = 65535;
constexpr int REGISTERS = 65536, L2_BYTES = 4 << 20, SHARED_PER_PROCESSOR = 100 << 10;
constexpr int RESERVED_SHARED = 1 << 10, CONSTANT_BYTES = 64 << 10, FIRST_BUS = 1;
constexpr int OLD_DRIVER = 12040;

/* Per host thread, forgotten by emu_reset. */
struct ThreadState {
    uint64_t generation = 0;
    int device = 0;
    cudaError_t last = cudaSuccess;
};
uint64_t generation = 1;

ThreadState &thread_state()
{
    static thread_local ThreadState state;
    if (state.generation != generation) state = {generation, 0, cudaSuccess};
    return state;
}

std::map<std::pair<const void *, int>, size_t> &dynamic_shared()
{
    static auto *limits = new std::map<std::pair<const void *, int>, size_t>();
    return *limits;
}

bool valid_device(int device)
{
    return device >= 0 && device < settings().devices;
}

cudaError_t check_dimensions(const Grid &g, size_t dynamic_limit)
{
    uint64_t threads = uint64_t(g.block.x) * g.block.y * g.block.z;
    bool grid = g.grid.x >= 1 && g.grid.y >= 1 && g.grid.z >= 1 && g.grid.x <= unsigned(GRID_X) &&
                g.grid.y <= GRID_YZ && g.grid.z <= GRID_YZ;
    bool block = threads >= 1 && threads <= THREADS_PER_BLOCK && g.block.z <= BLOCK_Z;
    if (!grid || !block) return cudaErrorInvalidConfiguration;
    return g.dynamic_shared > dynamic_limit ? cudaErrorInvalidValue : cudaSuccess;
}

void fill_properties(struct cudaDeviceProp *p, int device)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "Emulated GPU %d", device);
    for (size_t i = 0; i < sizeof p->uuid.bytes; i++) p->uuid.bytes[i] = char(16 * device + int(i));
    p->totalGlobalMem = settings().capacity;
    p->sharedMemPerBlock = SHARED_PER_BLOCK;
    p->sharedMemPerBlockOptin = SHARED_PER_BLOCK_OPTIN;
    p->sharedMemPerMultiprocessor = SHARED_PER_PROCESSOR;
    p->reservedSharedMemPerBlock = RESERVED_SHARED;
    p->regsPerBlock = p->regsPerMultiprocessor = REGISTERS;
    p->warpSize = WARP;
    p->memPitch = INT_MAX;
    p->maxThreadsPerBlock = THREADS_PER_BLOCK;
    p->maxThreadsDim[0] = p->maxThreadsDim[1] = THREADS_PER_BLOCK;
    p->maxThreadsDim[2] = BLOCK_Z;
    p->maxGridSize[0] = GRID_X;
    p->maxGridSize[1] = p->maxGridSize[2] = GRID_YZ;
    p->totalConstMem = CONSTANT_BYTES;
    p->major = MAJOR;
    p->minor = MINOR;
    p->textureAlignment = 512;
    p->multiProcessorCount = PROCESSORS;
    p->maxThreadsPerMultiProcessor = THREADS_PER_PROCESSOR;
    p->maxBlocksPerMultiProcessor = BLOCKS_PER_PROCESSOR;
    p->l2CacheSize = L2_BYTES;
    p->memoryBusWidth = 256;
    p->asyncEngineCount = 2;
    p->pciBusID = FIRST_BUS + device;
    p->canMapHostMemory = p->concurrentKernels = p->unifiedAddressing = 1;
    p->streamPrioritiesSupported = p->globalL1CacheSupported = p->localL1CacheSupported = 1;
    p->managedMemory = p->concurrentManagedAccess = p->computePreemptionSupported = 1;
    p->canUseHostPointerForRegisteredMem = p->cooperativeLaunch = 1;
    p->hostRegisterSupported = p->memoryPoolsSupported = 1;
}

/* Attributes that have no field of their own in the properties are 0: not supported. */
int attribute(enum cudaDeviceAttr attr, const cudaDeviceProp &p)
{
    switch (attr) {
    case cudaDevAttrMaxThreadsPerBlock: return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX: return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY: return p.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ: return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX: return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY: return p.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ: return p.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock: return int(p.sharedMemPerBlock);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: return int(p.sharedMemPerBlockOptin);
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return int(p.sharedMemPerMultiprocessor);
    case cudaDevAttrReservedSharedMemoryPerBlock: return int(p.reservedSharedMemPerBlock);
    case cudaDevAttrTotalConstantMemory: return int(p.totalConstMem);
    case cudaDevAttrWarpSize: return p.warpSize;
    case cudaDevAttrMaxPitch: return int(p.memPitch);
    case cudaDevAttrMaxRegistersPerBlock: return p.regsPerBlock;
    case cudaDevAttrMaxRegistersPerMultiprocessor: return p.regsPerMultiprocessor;
    case cudaDevAttrMultiProcessorCount: return p.multiProcessorCount;
    case cudaDevAttrMaxThreadsPerMultiProcessor: return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrMaxBlocksPerMultiprocessor: return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrComputeCapabilityMajor: return p.major;
    case cudaDevAttrComputeCapabilityMinor: return p.minor;
    case cudaDevAttrL2CacheSize: return p.l2CacheSize;
    case cudaDevAttrGlobalMemoryBusWidth: return p.memoryBusWidth;
    case cudaDevAttrAsyncEngineCount: return p.asyncEngineCount;
    case cudaDevAttrPciBusId: return p.pciBusID;
    case cudaDevAttrCanMapHostMemory: return p.canMapHostMemory;
    case cudaDevAttrConcurrentKernels: return p.concurrentKernels;
    case cudaDevAttrUnifiedAddressing: return p.unifiedAddressing;
    case cudaDevAttrManagedMemory: return p.managedMemory;
    case cudaDevAttrConcurrentManagedAccess: return p.concurrentManagedAccess;
    case cudaDevAttrCooperativeLaunch: return p.cooperativeLaunch;
    case cudaDevAttrHostRegisterSupported: return p.hostRegisterSupported;
    case cudaDevAttrMemoryPoolsSupported: return p.memoryPoolsSupported;
    case cudaDevAttrStreamPrioritiesSupported: return p.streamPrioritiesSupported;
    case cudaDevAttrSingleToDoublePrecisionPerfRatio: return 32;
    default: return 0;
    }
}

} // namespace

/* ---- how calls begin and end ----------------------------------------------------------------- */

int current_device()
{
    return thread_state().device;
}

cudaError_t remember(cudaError_t code)
{
    if (code != cudaSuccess) thread_state().last = code;
    return code;
}

cudaError_t driver_state()
{
    switch (settings().profile) {
    case EMU_NO_DRIVER:
    case EMU_OLD_DRIVER: return cudaErrorInsufficientDriver;
    case EMU_STUB_DRIVER: return cudaErrorStubLibrary;
    default: return settings().devices == 0 ? cudaErrorNoDevice : cudaSuccess;
    }
}

cudaError_t begin(Call &call, cudaError_t injected, Needs needs)
{
    if (in_host_function()) return remember(cudaErrorNotPermitted);
    cudaError_t driver = driver_state();
    if (driver != cudaSuccess) return remember(driver);
    int status;
    if (call.injected(&status, injected)) return remember(cudaError_t(status));
    if (needs == NEEDS_DRIVER) return cudaSuccess;
    if (settings().profile == EMU_UNUSABLE) return remember(cudaErrorDevicesUnavailable);
    cudaError_t error = pending_error(current_device());
    return remember(error == cudaSuccess ? forbidden_in_capture(call) : error);
}

cudaError_t begin_release(const Call &call)
{
    if (in_host_function()) return remember(cudaErrorNotPermitted);
    cudaError_t driver = driver_state();
    return remember(driver == cudaSuccess ? forbidden_in_capture(call) : driver);
}

cudaError_t end_release(int device)
{
    return remember(pending_error(device));
}

void reset_runtime()
{
    generation++;
    dynamic_shared().clear();
}

/* ---- launches -------------------------------------------------------------------------------- */

size_t dynamic_shared_limit(const void *key, int device)
{
    auto found = dynamic_shared().find({key, device});
    return found == dynamic_shared().end() ? SHARED_PER_BLOCK : found->second;
}

cudaError_t launch(const void *key, const Grid &g, cudaStream_t stream)
{
    Call call("cudaLaunchKernelExC", PLAIN);
    cudaError_t error = begin(call, cudaErrorLaunchOutOfResources);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    if (device_of(s) != current_device()) {
        violation("other-device",
                  "kernel %s is launched in a stream of device %d while device %d is current",
                  g.name, device_of(s), current_device());
        return remember(cudaErrorInvalidResourceHandle);
    }
    error = check_dimensions(g, dynamic_shared_limit(key, device_of(s)));
    if (error != cudaSuccess) return remember(error);
    count_launch(g.name);
    enqueue(s, g.name, [grid = planted(g)] { run_grid(grid); });
    return cudaSuccess;
}

} // namespace emu

using namespace emu;

/* ---- devices --------------------------------------------------------------------------------- */

cudaError_t cudaDriverGetVersion(int *version)
{
    Call call("cudaDriverGetVersion", PLAIN);
    switch (settings().profile) {
    case EMU_NO_DRIVER:
    case EMU_STUB_DRIVER: *version = 0; break;
    case EMU_OLD_DRIVER: *version = OLD_DRIVER; break;
    default: *version = CUDART_VERSION; break;
    }
    return cudaSuccess;
}

/* Where there is no driver, *count is not written. */
cudaError_t cudaGetDeviceCount(int *count)
{
    Call call("cudaGetDeviceCount", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown, NEEDS_DRIVER);
    if (error == cudaErrorNoDevice) *count = 0;
    if (error != cudaSuccess) return error;
    *count = settings().devices;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    Call call("cudaGetDevice", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown, NEEDS_DRIVER);
    if (error != cudaSuccess) return error;
    *device = current_device();
    return cudaSuccess;
}

/* Does its work even on a device whose context is lost, and says so; other asynchronous errors
 * wait for other calls. */
cudaError_t cudaSetDevice(int device)
{
    Call call("cudaSetDevice", PLAIN);
    cudaError_t error = begin(call, cudaErrorDevicesUnavailable, NEEDS_DRIVER);
    if (error != cudaSuccess) return error;
    if (!valid_device(device)) return remember(cudaErrorInvalidDevice);
    if (settings().profile == EMU_UNUSABLE) return remember(cudaErrorDevicesUnavailable);
    thread_state().device = device;
    return remember(sticky_error(device));
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    Call call("cudaGetDeviceProperties", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown, NEEDS_DRIVER);
    if (error != cudaSuccess) return error;
    if (!valid_device(device)) return remember(cudaErrorInvalidDevice);
    fill_properties(properties, device);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attr, int device)
{
    Call call("cudaDeviceGetAttribute", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown, NEEDS_DRIVER);
    if (error != cudaSuccess) return error;
    if (!valid_device(device)) return remember(cudaErrorInvalidDevice);
    if (!value || int(attr) < 1 || attr >= cudaDevAttrMax) return remember(cudaErrorInvalidValue);
    cudaDeviceProp properties;
    fill_properties(&properties, device);
    *value = attribute(attr, properties);
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void)
{
    Call call("cudaDeviceSynchronize", SYNCHRONISES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    error = refuse_capturing_device(current_device());
    return remember(error == cudaSuccess ? synchronise_device(current_device()) : error);
}

/* ---- the last error -------------------------------------------------------------------------- */

cudaError_t cudaGetLastError(void)
{
    Call call("cudaGetLastError", INFALLIBLE);
    cudaError_t state = driver_state();
    if (state != cudaSuccess) return state; /* for ever */
    remember(pending_error(current_device()));
    cudaError_t last = thread_state().last;
    thread_state().last = cudaSuccess;
    return last;
}

/* ---- functions ------------------------------------------------------------------------------- */

cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attr, int value)
{
    Call call("cudaFuncSetAttribute", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    if (!function) return remember(cudaErrorInvalidDeviceFunction);
    if (attr == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess; /* a hint */
    if (attr != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
        size_t(value) > SHARED_PER_BLOCK_OPTIN)
        return remember(cudaErrorInvalidValue);
    dynamic_shared()[{function, current_device()}] = size_t(value);
    return cudaSuccess;
}
