/* Memory: who may touch what, redzones, leaks, unwritten bytes, page-locked buffers under queued
 * copies.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cases.h"

using cases::ALL_MODES;
using cases::LATE;

static constexpr size_t PAGE_FLOATS = 1024, N = 3 * PAGE_FLOATS;

/* ---- address spaces -------------------------------------------------------------------------- */

FAULTS(host_reads_device_memory, "host code touched device memory (read device 0)")
{
    float *x = device_floats(N);
    printf("%g\n", double(*static_cast<volatile float *>(x + 5)));
}

FAULTS(host_writes_device_memory, "allocated by cudaMalloc")
{
    float *x = device_floats(N);
    *static_cast<volatile float *>(x) = 1;
}

FAULTS(host_function_touches_device_memory, "host code touched device memory")
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, N * sizeof *x, s));
    OK(cudaLaunchHostFunc(
        s, [](void *p) { *static_cast<volatile float *>(p) = 1; }, x));
    OK(cudaStreamSynchronize(s));
}

PASSES(round_trip)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N), *up = pinned_floats(N), *down = pinned_floats(N);
    for (size_t i = 0; i < N; i++) up[i] = float(i);
    OK(cudaMemcpyAsync(x, up, N * sizeof *x, cudaMemcpyHostToDevice, s));
    device_map(s, x, N, [](float v) { return v + 1; });
    OK(cudaMemcpyAsync(down, x, N * sizeof *x, cudaMemcpyDeviceToHost, s));
    OK(cudaStreamSynchronize(s));
    for (size_t i = 0; i < N; i++) CHECK(down[i] == float(i) + 1);
    OK(cudaFree(x));
    OK(cudaFreeHost(up));
    OK(cudaFreeHost(down));
    OK(cudaStreamDestroy(s));
}

PASSES(round_trip_with_pitch)
{
    constexpr size_t ROWS = 3, COLS = 5, LD = 7;
    cudaStream_t s = new_stream();
    float *x = device_floats(LD * COLS);
    float up[ROWS * COLS], down[COLS * LD];
    for (size_t i = 0; i < ROWS * COLS; i++) up[i] = float(i);
    for (float &v : down) v = -1;
    size_t width = ROWS * sizeof(float), pitch = LD * sizeof(float);
    OK(cudaMemcpy2DAsync(x, pitch, up, width, width, COLS, cudaMemcpyHostToDevice, s));
    OK(cudaMemcpy2DAsync(down, pitch, x, pitch, width, COLS, cudaMemcpyDeviceToHost, s));
    for (size_t j = 0; j < COLS; j++)
        for (size_t i = 0; i < LD; i++)
            CHECK(down[j * LD + i] == (i < ROWS ? float(j * ROWS + i) : -1));
    CHECK_CODE(cudaMemcpy2DAsync(x, width - 1, up, width, width, COLS, cudaMemcpyHostToDevice, s),
               cudaErrorInvalidPitchValue);
    CHECK_CODE(cudaGetLastError(), cudaErrorInvalidPitchValue);
    OK(cudaMemcpy2DAsync(x, pitch, up, width, 0, COLS, cudaMemcpyHostToDevice, s));
    OK(cudaFree(x));
    OK(cudaStreamDestroy(s));
}

ABORTS(device_pointer_as_host, "device-pointer")
{
    float *x = device_floats(2 * N);
    cudaMemcpy(x, x + N, N * sizeof *x, cudaMemcpyHostToDevice);
}

ABORTS(host_pointer_as_device, "host-pointer")
{
    std::vector<float> up(N), down(N);
    cudaMemcpy(down.data(), up.data(), N * sizeof(float), cudaMemcpyHostToDevice);
}

ABORTS(copy_past_the_end, "range")
{
    std::vector<float> up(N + 1);
    float *x = device_floats(N);
    cudaMemcpy(x, up.data(), (N + 1) * sizeof *x, cudaMemcpyHostToDevice);
}

ABORTS(copy_from_other_device, "other-device")
{
    float down[4];
    OK(cudaSetDevice(1));
    float *x = device_floats(N);
    OK(cudaSetDevice(0));
    cudaMemcpyAsync(down, x, sizeof down, cudaMemcpyDeviceToHost, cudaStreamPerThread);
}

PASSES(copy_between_devices)
{
    float up[4] = {1, 2, 3, 4}, down[4];
    float *x = device_floats(4);
    OK(cudaSetDevice(1));
    float *y = device_floats(4);
    OK(cudaSetDevice(0));
    OK(cudaMemcpyAsync(x, up, sizeof up, cudaMemcpyHostToDevice, cudaStreamPerThread));
    OK(cudaMemcpyAsync(y, x, sizeof up, cudaMemcpyDefault, cudaStreamPerThread));
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    OK(cudaSetDevice(1));
    OK(cudaMemcpy(down, y, sizeof down, cudaMemcpyDeviceToHost));
    CHECK(memcmp(up, down, sizeof up) == 0);
    OK(cudaFree(y));
    OK(cudaFree(x));
}

ABORTS(overlapping_copy, "overlap")
{
    float *x = device_floats(N);
    cudaMemcpyAsync(x, x + N / 4, N / 2 * sizeof *x, cudaMemcpyDeviceToDevice, cudaStreamPerThread);
}

PASSES(interleaved_columns_do_not_overlap)
{
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, N * sizeof *x, cudaStreamPerThread));
    OK(cudaMemcpy2DAsync(x, 64, x + 8, 64, 32, 10, cudaMemcpyDeviceToDevice, cudaStreamPerThread));
    OK(cudaFree(x));
}

/* ---- life ------------------------------------------------------------------------------------ */

ABORTS(use_after_free, "freed")
{
    float *x = device_floats(N);
    OK(cudaFree(x));
    cudaMemsetAsync(x, 0, sizeof *x, cudaStreamPerThread);
}

ABORTS(double_free, "double-free")
{
    float *x = device_floats(N);
    OK(cudaFree(x));
    cudaFree(x);
}

ABORTS(free_inside, "free")
{
    cudaFree(device_floats(N) + 64);
}

ABORTS(free_pinned_as_device, "free")
{
    cudaFree(pinned_floats(N));
}

ABORTS(free_async_of_plain_memory, "free")
{
    cudaFreeAsync(device_floats(N), cudaStreamPerThread);
}

PASSES(free_of_null)
{
    OK(cudaFree(nullptr));
    OK(cudaFreeHost(nullptr));
    void *p = &p;
    OK(cudaMalloc(&p, 0));
    CHECK(p == nullptr);
}

PASSES(leaks_are_counted)
{
    CHECK(emu_check_idle() == 0);
    float *x = device_floats(N), *y = pinned_floats(1);
    cudaStream_t s = new_stream();
    cudaEvent_t e = new_event();
    CHECK(emu_check_idle() == 4);
    OK(cudaFree(x));
    OK(cudaFreeHost(y));
    CHECK(emu_check_idle() == 2);
    OK(cudaStreamDestroy(s));
    OK(cudaEventDestroy(e));
    CHECK(emu_check_idle() == 0);
    emu_reset(1);
}

PASSES(addresses)
{
    constexpr int COUNT = 20;
    float *x[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = device_floats(size_t(1 + 100 * i));
        CHECK(reinterpret_cast<uintptr_t>(x[i]) % 256 == 0);
        CHECK(reinterpret_cast<uintptr_t>(x[i]) % 512 != 0);
    }
    for (float *p : x) OK(cudaFree(p));
}

PASSES(memory_is_used_again)
{
    constexpr size_t BYTES = size_t(24) << 20;
    uintptr_t lowest = UINTPTR_MAX, highest = 0;
    for (int i = 0; i < 50; i++) {
        void *p;
        OK(cudaMalloc(&p, BYTES));
        lowest = std::min(lowest, reinterpret_cast<uintptr_t>(p));
        highest = std::max(highest, reinterpret_cast<uintptr_t>(p));
        OK(cudaFree(p));
    }
    CHECK(highest - lowest < 6 * BYTES);
}

PASSES(capacity)
{
    void *p = nullptr, *q = nullptr;
    size_t free_bytes, total;
    emu_set_capacity(1 << 20);
    OK(cudaMalloc(&p, 700000));
    OK(cudaMemGetInfo(&free_bytes, &total));
    CHECK(total == 1 << 20 && free_bytes <= total - 700000);
    CHECK_CODE(cudaMalloc(&q, 700000), cudaErrorMemoryAllocation);
    CHECK(q == nullptr);
    OK(cudaFree(p)); /* success does not clear the last error */
    CHECK_CODE(cudaGetLastError(), cudaErrorMemoryAllocation);
    OK(cudaGetLastError());
    OK(cudaMalloc(&q, 700000));
    OK(cudaFree(q));
}

PASSES(pointer_attributes)
{
    cudaPointerAttributes a;
    float *x = device_floats(N), *y = pinned_floats(N), z[4];
    OK(cudaPointerGetAttributes(&a, x + 7));
    CHECK(a.type == cudaMemoryTypeDevice && a.device == 0 && a.devicePointer == x + 7);
    OK(cudaPointerGetAttributes(&a, y + 7));
    CHECK(a.type == cudaMemoryTypeHost && a.hostPointer == y + 7);
    OK(cudaPointerGetAttributes(&a, z));
    CHECK(a.type == cudaMemoryTypeUnregistered);
    OK(cudaFree(x));
    OK(cudaFreeHost(y));
}

/* ---- redzones -------------------------------------------------------------------------------- */

static void overrun(float *x, ptrdiff_t index)
{
    emu::Call call("overrun", emu::PLAIN);
    emu::enqueue(emu::stream_of(cudaStreamPerThread), "overrun", [=] { x[index] = 1; });
}

ABORTS(redzone_after, "redzone")
{
    overrun(device_floats(N), N);
    cudaStreamSynchronize(cudaStreamPerThread);
}

ABORTS(redzone_before, "redzone")
{
    float *x = device_floats(N);
    overrun(x, -1);
    cudaFree(x);
}

PASSES(no_redzone)
{
    float *x = device_floats(N);
    overrun(x, N - 1);
    OK(cudaFree(x));
}

ABORTS(redzone_of_pinned, "redzone")
{
    float *x = pinned_floats(3);
    x[3] = 1;
    cudaFreeHost(x);
}

FAULTS(guard_page, "beyond an allocation")
{
    emu_guard(1);
    overrun(device_floats(N), N + 1024);
    cudaStreamSynchronize(cudaStreamPerThread);
}

PASSES(guarded_round_trip)
{
    emu_guard(1);
    for (size_t n : {1, 63, 64, 65, 1023, 1024, 1025, 5000}) {
        float *x = device_floats(n);
        CHECK(reinterpret_cast<uintptr_t>(x) % 512 == 256);
        std::vector<float> up(n, 2), down(n);
        OK(cudaMemcpy(x, up.data(), n * sizeof(float), cudaMemcpyHostToDevice));
        OK(cudaMemcpy(down.data(), x, n * sizeof(float), cudaMemcpyDeviceToHost));
        CHECK(down == up);
        OK(cudaFree(x));
    }
}

/* ---- unwritten bytes ------------------------------------------------------------------------- */

ABORTS(download_of_unwritten, "uninitialised")
{
    float down[4];
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, 3 * sizeof *x, cudaStreamPerThread));
    cudaMemcpyAsync(down, x, sizeof down, cudaMemcpyDeviceToHost, cudaStreamPerThread);
}

PASSES(download_of_written)
{
    float down[4];
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, 4 * sizeof *x, cudaStreamPerThread));
    OK(cudaMemcpyAsync(down, x, sizeof down, cudaMemcpyDeviceToHost, cudaStreamPerThread));
    OK(cudaFree(x));
}

ABORTS(device_copy_hands_unwritten_on, "uninitialised")
{
    float down[4];
    float *x = device_floats(2 * N);
    OK(cudaMemsetAsync(x, 0, 3 * sizeof *x, cudaStreamPerThread));
    OK(cudaMemsetAsync(x + N, 0, 4 * sizeof *x, cudaStreamPerThread));
    OK(cudaMemcpyAsync(x + N, x, sizeof down, cudaMemcpyDeviceToDevice, cudaStreamPerThread));
    cudaMemcpyAsync(down, x + N, sizeof down, cudaMemcpyDeviceToHost, cudaStreamPerThread);
}

PASSES(unwritten_memory_is_nan)
{
    float *x = device_floats(N);
    bool all = true;
    {
        emu::Call call("look", emu::PLAIN);
        emu::enqueue(emu::stream_of(cudaStreamPerThread), "look", [&] {
            for (size_t i = 0; i < N; i++) all = all && std::isnan(x[i]);
        });
    }
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    CHECK(all);
    OK(cudaFree(x));
}

/* ---- page-locked memory under queued copies -------------------------------------------------- */

FAULTS_IN(LATE, upload_source_changed, "has still to read")
{
    float *x = device_floats(N), *up = pinned_floats(N);
    memset(up, 0, N * sizeof *up);
    OK(cudaMemcpyAsync(x, up, N * sizeof *x, cudaMemcpyHostToDevice, cudaStreamPerThread));
    *static_cast<volatile float *>(up) = 1;
}

ABORTS_IN(LATE, upload_source_changed_small, "host-race")
{
    float *x = device_floats(N), *up = pinned_floats(N);
    memset(up, 0, N * sizeof *up);
    OK(cudaMemcpyAsync(x, up + 5, 3 * sizeof *x, cudaMemcpyHostToDevice, cudaStreamPerThread));
    up[6] = 1;
    cudaStreamSynchronize(cudaStreamPerThread);
}

PASSES(upload_source_read_and_later_changed)
{
    float *x = device_floats(N), *up = pinned_floats(N);
    memset(up, 0, N * sizeof *up);
    OK(cudaMemcpyAsync(x, up, (N - 10) * sizeof *x, cudaMemcpyHostToDevice, cudaStreamPerThread));
    CHECK(up[3] == 0);
    up[N - 1] = 1; /* not part of the copy, but of its last page */
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    up[0] = 1;
    OK(cudaFree(x));
    OK(cudaFreeHost(up));
}

FAULTS_IN(LATE, result_read_early, "has still to write")
{
    float *x = device_floats(N), *down = pinned_floats(N);
    OK(cudaMemsetAsync(x, 0, N * sizeof *x, cudaStreamPerThread));
    OK(cudaMemcpyAsync(down, x, N * sizeof *x, cudaMemcpyDeviceToHost, cudaStreamPerThread));
    printf("%g\n", double(*static_cast<volatile float *>(down)));
}

PASSES_IN(LATE, small_result_read_early_is_nan)
{
    float *x = device_floats(N), *down = pinned_floats(N);
    memset(down, 0, N * sizeof *down);
    OK(cudaMemsetAsync(x, 0, N * sizeof *x, cudaStreamPerThread));
    OK(cudaMemcpyAsync(down + 2, x, sizeof *x, cudaMemcpyDeviceToHost, cudaStreamPerThread));
    CHECK(std::isnan(down[2]) && down[1] == 0 && down[3] == 0);
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    CHECK(down[2] == 0);
    OK(cudaFree(x));
    OK(cudaFreeHost(down));
}

/* One buffer, used again and again in stream order: no host access, no complaint. */
PASSES(staging_buffer_used_again_in_order)
{
    cudaStream_t s = cudaStreamPerThread;
    float *x = device_floats(4), *y = device_floats(4), *stage = pinned_floats(4);
    for (int i = 0; i < 4; i++) stage[i] = float(i);
    OK(cudaMemcpyAsync(x, stage, 4 * sizeof *x, cudaMemcpyHostToDevice, s));
    device_map(s, x, 4, [](float v) { return 2 * v; });
    OK(cudaMemcpyAsync(stage, x, 4 * sizeof *x, cudaMemcpyDeviceToHost, s));
    OK(cudaMemcpyAsync(y, stage, 4 * sizeof *x, cudaMemcpyHostToDevice, s));
    OK(cudaMemcpyAsync(stage, y, 4 * sizeof *x, cudaMemcpyDeviceToHost, s));
    OK(cudaStreamSynchronize(s));
    for (int i = 0; i < 4; i++) CHECK(stage[i] == float(2 * i));
    OK(cudaFree(x));
    OK(cudaFree(y));
    OK(cudaFreeHost(stage));
}

PASSES(registered_memory)
{
    std::vector<float> host(N, 1);
    float *x = device_floats(N);
    OK(cudaHostRegister(host.data(), N * sizeof(float), cudaHostRegisterDefault));
    CHECK_CODE(cudaHostRegister(host.data() + 8, 4, 0), cudaErrorHostMemoryAlreadyRegistered);
    CHECK_CODE(cudaHostUnregister(&x), cudaErrorHostMemoryNotRegistered);
    OK(cudaMemcpyAsync(x, host.data(), N * sizeof(float), cudaMemcpyHostToDevice,
                       cudaStreamPerThread));
    OK(cudaStreamSynchronize(cudaStreamPerThread));
    OK(cudaHostUnregister(host.data()));
    OK(cudaFree(x));
}

/* A pageable source is staged when the call returns: the program may change it. */
PASSES(pageable_source_changed)
{
    std::vector<float> up(N, 1), down(N);
    float *x = device_floats(N);
    emu_counters_clear();
    OK(cudaMemcpyAsync(x, up.data(), N * sizeof *x, cudaMemcpyHostToDevice, cudaStreamPerThread));
    up.assign(N, 7);
    struct emu_counts c;
    emu_counters(&c);
    CHECK(c.hidden_syncs == 1 && c.bytes_h2d == int64_t(N * sizeof *x));
    OK(cudaMemcpyAsync(down.data(), x, N * sizeof *x, cudaMemcpyDeviceToHost, cudaStreamPerThread));
    CHECK(down[N - 1] == 1); /* hidden synchronisation */
    emu_counters(&c);
    CHECK(c.hidden_syncs == 2 && c.syncs == 0 && c.bytes_d2h == int64_t(N * sizeof *x));
    OK(cudaFree(x));
}

ABORTS(pageable_copy_forbidden, "pageable")
{
    float up[4] = {};
    float *x = device_floats(N);
    emu_forbid(EMU_FORBID_PAGEABLE_ASYNC);
    cudaMemcpyAsync(x, up, sizeof up, cudaMemcpyHostToDevice, cudaStreamPerThread);
}

ABORTS(allocation_forbidden, "alloc")
{
    emu_forbid(EMU_FORBID_ALLOC);
    device_floats(N);
}

ABORTS(synchronisation_forbidden, "sync")
{
    emu_forbid(EMU_FORBID_SYNC);
    cudaDeviceSynchronize();
}

ABORTS(legacy_stream_forbidden, "legacy-stream")
{
    float *x = device_floats(N);
    emu_forbid(EMU_FORBID_LEGACY_STREAM);
    cudaMemsetAsync(x, 0, 4, nullptr);
}
