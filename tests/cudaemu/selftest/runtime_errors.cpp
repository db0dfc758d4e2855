/* Errors: machines without a usable GPU, the last error, asynchronous and sticky errors, injected
 * failures; counters.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstring>
#include <string>
#include <vector>

#include "cases.h"

using cases::LATE;

static constexpr size_t N = 2000, BYTES = N * sizeof(float);

/* ---- machines -------------------------------------------------------------------------------- */

static void nothing_works(cudaError_t code, int driver_version, int count_expected)
{
    int version = -1, count = 77, device = 77;
    OK(cudaDriverGetVersion(&version));
    CHECK(version == driver_version);
    CHECK_CODE(cudaGetDeviceCount(&count), code);
    CHECK(count == count_expected);
    CHECK_CODE(cudaGetDevice(&device), code);
    CHECK(device == 77);
    void *p = &p;
    CHECK_CODE(cudaMalloc(&p, 4), code);
    CHECK(p == &p);
    CHECK_CODE(cudaFree(nullptr), code);
    float a = 1, b = 2;
    CHECK_CODE(cudaMemcpy(&a, &b, sizeof a, cudaMemcpyHostToHost), code);
    CHECK(a == 1);
    CHECK_CODE(cudaGetLastError(), code);
    CHECK_CODE(cudaGetLastError(), code);
}

PASSES(no_driver)
{
    emu_set_devices(1, EMU_NO_DRIVER);
    nothing_works(cudaErrorInsufficientDriver, 0, 77);
}

PASSES(stub_driver)
{
    emu_set_devices(1, EMU_STUB_DRIVER);
    nothing_works(cudaErrorStubLibrary, 0, 77);
}

PASSES(old_driver)
{
    emu_set_devices(1, EMU_OLD_DRIVER);
    nothing_works(cudaErrorInsufficientDriver, 12040, 77);
}

PASSES(no_devices)
{
    emu_set_devices(0, EMU_NORMAL);
    nothing_works(cudaErrorNoDevice, CUDART_VERSION, 0);
}

PASSES(unusable_devices)
{
    emu_set_devices(2, EMU_UNUSABLE);
    int count = 0;
    cudaDeviceProp p;
    OK(cudaGetDeviceCount(&count));
    CHECK(count == 2);
    OK(cudaGetDeviceProperties(&p, 1));
    CHECK_CODE(cudaSetDevice(0), cudaErrorDevicesUnavailable);
}

PASSES(devices)
{
    int count = 0, device = -1, value = 0;
    OK(cudaGetDeviceCount(&count));
    CHECK(count == 2);
    OK(cudaGetDevice(&device));
    CHECK(device == 0);
    CHECK_CODE(cudaSetDevice(2), cudaErrorInvalidDevice);
    OK(cudaSetDevice(1));
    OK(cudaGetDevice(&device));
    CHECK(device == 1);
    cudaDeviceProp a, b;
    OK(cudaGetDeviceProperties(&a, 0));
    OK(cudaGetDeviceProperties(&b, 1));
    CHECK(memcmp(&a.uuid, &b.uuid, sizeof a.uuid) != 0);
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    CHECK(size_t(value) == a.sharedMemPerBlockOptin);
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMemoryPoolsSupported, 0));
    CHECK(value == 1);
    CHECK(strcmp(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation") == 0);
    CHECK(strcmp(cudaGetErrorString(cudaError_t(12345)), "unrecognized error code") == 0);
}

/* ---- launches -------------------------------------------------------------------------------- */

static int threads_run;
static const char kernel_key = 0;

static cudaError_t launch(dim3 grid, dim3 block, size_t shared,
                          cudaStream_t s = cudaStreamPerThread)
{
    emu::Grid g = {"count", grid, block, shared, [] { threads_run++; }};
    return emu::launch(&kernel_key, g, s);
}

PASSES(launch_limits)
{
    threads_run = 0;
    OK(launch(dim3(3, 2), dim3(32), 0));
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    CHECK(threads_run == 3 * 2 * 32);
    CHECK_CODE(launch(dim3(0), dim3(32), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1), dim3(0), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1, 65536), dim3(32), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1, 1, 65536), dim3(32), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1), dim3(1025), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1), dim3(1, 1, 65), 0), cudaErrorInvalidConfiguration);
    CHECK_CODE(launch(dim3(1), dim3(32), 48 * 1024 + 1), cudaErrorInvalidValue);
    cudaFuncAttribute most = cudaFuncAttributeMaxDynamicSharedMemorySize;
    CHECK_CODE(cudaFuncSetAttribute(&kernel_key, most, 200 * 1024), cudaErrorInvalidValue);
    OK(cudaFuncSetAttribute(&kernel_key, most, 90 * 1024));
    OK(launch(dim3(1), dim3(32), 90 * 1024));
    OK(cudaSetDevice(1)); /* the attribute is per device */
    CHECK_CODE(launch(dim3(1), dim3(32), 90 * 1024), cudaErrorInvalidValue);
}

ABORTS(launch_in_stream_of_other_device, "other-device")
{
    cudaStream_t s = new_stream();
    OK(cudaSetDevice(1));
    launch(dim3(1), dim3(32), 0, s);
}

/* ---- errors of execution --------------------------------------------------------------------- */

PASSES(asynchronous_error_appears_later)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    emu_mode(EMU_LATE);
    emu_fail_async(2, cudaErrorUnknown);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    CHECK_CODE(cudaStreamSynchronize(s), cudaErrorUnknown);
    OK(cudaStreamSynchronize(s));
    CHECK_CODE(cudaGetLastError(), cudaErrorUnknown);
    OK(cudaGetLastError());
    OK(cudaFree(x));
    OK(cudaStreamDestroy(s));
}

PASSES(asynchronous_error_appears_at_any_call)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    emu_mode(EMU_EARLY);
    emu_fail_async(1, cudaErrorUnknown);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    cudaEvent_t e = nullptr;
    CHECK_CODE(cudaEventCreateWithFlags(&e, cudaEventDisableTiming), cudaErrorUnknown);
    CHECK(e == nullptr);
    OK(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
    OK(cudaEventDestroy(e));
    OK(cudaFree(x));
    OK(cudaStreamDestroy(s));
}

static int host_function_calls;

PASSES(sticky_error)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    emu_fail_async(1, cudaErrorIllegalAddress);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    cudaLaunchHostFunc(
        s, [](void *) { host_function_calls++; }, nullptr);
    for (int i = 0; i < 3; i++) CHECK_CODE(cudaStreamSynchronize(s), cudaErrorIllegalAddress);
    CHECK(host_function_calls == 0);
    CHECK_CODE(cudaGetLastError(), cudaErrorIllegalAddress);
    CHECK_CODE(cudaGetLastError(), cudaErrorIllegalAddress);
    CHECK_CODE(cudaMemsetAsync(x, 0, BYTES, s), cudaErrorIllegalAddress);
    /* The other device goes on. */
    OK(cudaSetDevice(1));
    OK(cudaDeviceSynchronize());
    CHECK_CODE(cudaSetDevice(0), cudaErrorIllegalAddress);
    /* Releasing works, and says what happened. */
    CHECK_CODE(cudaFree(x), cudaErrorIllegalAddress);
    CHECK_CODE(cudaStreamDestroy(s), cudaErrorIllegalAddress);
    CHECK(emu_check_idle() == 0);
    emu_reset(1);
    OK(cudaDeviceSynchronize());
}

/* ---- injected failures ----------------------------------------------------------------------- */

static cudaError_t first_error(cudaError_t a, cudaError_t b)
{
    return a != cudaSuccess ? a : b;
}

/* A program that checks every call and releases what it has; *sum is set on success. */
static cudaError_t small_program(float *sum)
{
    cudaStream_t s = nullptr;
    cudaEvent_t e = nullptr;
    void *x = nullptr, *h = nullptr;
    cudaError_t error = cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    if (error == cudaSuccess) error = cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
    if (error == cudaSuccess) error = cudaMallocHost(&h, BYTES);
    if (error == cudaSuccess) error = cudaMallocAsync(&x, BYTES, s);
    if (error == cudaSuccess) {
        for (size_t i = 0; i < N; i++) static_cast<float *>(h)[i] = 1;
        error = cudaMemcpyAsync(x, h, BYTES, cudaMemcpyHostToDevice, s);
    }
    if (error == cudaSuccess) error = cudaMemcpyAsync(h, x, BYTES, cudaMemcpyDeviceToHost, s);
    if (error == cudaSuccess) error = cudaEventRecord(e, s);
    if (error == cudaSuccess) error = cudaEventSynchronize(e);
    if (error == cudaSuccess) {
        *sum = 0;
        for (size_t i = 0; i < N; i++) *sum += static_cast<float *>(h)[i];
    }
    if (x) error = first_error(error, cudaFreeAsync(x, s));
    if (h) error = first_error(error, cudaFreeHost(h));
    if (e) error = first_error(error, cudaEventDestroy(e));
    if (s) error = first_error(error, cudaStreamDestroy(s));
    return error;
}

PASSES(every_call_fails_once)
{
    float sum = 0;
    emu_fail_clear();
    OK(small_program(&sum));
    CHECK(sum == float(N));
    int64_t calls = emu_calls();
    CHECK(calls == 8);
    for (int64_t n = 1; n <= calls; n++) {
        emu_reset(uint64_t(n));
        emu_fail_at(n);
        CHECK(small_program(&sum) != cudaSuccess);
        CHECK(emu_failed_call()[0] != '\0');
        CHECK(emu_check_idle() == 0);
        CHECK(cudaGetLastError() != cudaSuccess);
        OK(small_program(&sum));
        CHECK(sum == float(N));
    }
    emu_reset(1);
    emu_fail_at(calls + 1);
    OK(small_program(&sum));
}

PASSES(every_op_fails_once)
{
    float sum = 0;
    for (cudaError_t code : {cudaErrorUnknown, cudaErrorLaunchFailure}) {
        for (int64_t k = 1; k <= 2; k++) {
            emu_reset(1);
            emu_fail_async(k, code);
            CHECK_CODE(small_program(&sum), code);
            CHECK(emu_check_idle() == 0);
            bool sticky = code == cudaErrorLaunchFailure;
            CHECK_CODE(small_program(&sum), sticky ? code : cudaSuccess);
        }
    }
}

PASSES(named_call_fails)
{
    float sum = 0;
    emu_fail_call("cudaMemcpyAsync", 2, cudaErrorInvalidValue);
    CHECK_CODE(small_program(&sum), cudaErrorInvalidValue);
    CHECK(std::string(emu_failed_call()) == "cudaMemcpyAsync");
    emu_fail_clear();
    emu_fail_from(5);
    CHECK(small_program(&sum) != cudaSuccess);
    CHECK(small_program(&sum) != cudaSuccess);
    emu_fail_clear();
    int info = 0;
    emu_set_info("some_call", 2, 7);
    for (int k = 1; k <= 3; k++) {
        emu::Call call("some_call", emu::PLAIN);
        CHECK(emu::forced_info("some_call", &info) == (k == 2));
    }
    CHECK(info == 7);
}

/* ---- counters, collected violations, reset --------------------------------------------------- */

PASSES(counters)
{
    float sum = 0;
    struct emu_counts c;
    emu_counters_clear();
    OK(small_program(&sum));
    emu_counters(&c);
    CHECK(c.api_calls == 12 && c.allocations == 2 && c.frees == 2 && c.syncs == 1 &&
          c.hidden_syncs == 1);
    CHECK(c.bytes_h2d == int64_t(BYTES) && c.bytes_d2h == int64_t(BYTES) && c.bytes_d2d == 0);
    CHECK(c.peak_device_bytes >= int64_t(BYTES) && c.peak_device_bytes < int64_t(BYTES) + 512);
    OK(launch(dim3(1), dim3(32), 0));
    std::string json = emu_counters_json();
    CHECK(json.find("\"launches\": 1,") != std::string::npos);
    CHECK(json.find("\"kernels\": {\"count\": 1}") != std::string::npos);
    CHECK(json.find("\"cudaMemcpyAsync\": 2") != std::string::npos);
}

PASSES(violations_are_collected)
{
    float *x = device_floats(N);
    emu_collect(1);
    CHECK_CODE(cudaMemsetAsync(x, 0, BYTES + 1, cudaStreamPerThread), cudaErrorInvalidValue);
    CHECK_CODE(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(x)),
               cudaErrorInvalidResourceHandle);
    CHECK(emu_violations() == 2);
    CHECK(std::string(emu_violation_kind(0)) == "range" &&
          std::string(emu_violation_kind(1)) == "handle");
    CHECK(std::string(emu_violation_text(0)).find("cudaMemsetAsync") != std::string::npos);
    emu_collect(0);
    OK(cudaFree(x));
}

PASSES_IN(LATE, choices_follow_the_seed)
{
    std::vector<uint32_t> first, again, other;
    for (std::vector<uint32_t> *v : {&first, &again, &other}) {
        emu_reset(v == &other ? 2 : 1);
        for (int i = 0; i < 50; i++) v->push_back(emu::choose(emu::Choice::Other, 1000));
    }
    CHECK(first == again && first != other);
}
