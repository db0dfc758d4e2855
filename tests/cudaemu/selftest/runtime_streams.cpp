/* Streams and events: what is ordered after what, when queued work runs, stream-ordered memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <thread>
#include <vector>

#include "cases.h"

using cases::EARLY;
using cases::LATE;

static constexpr size_t N = 3000, BYTES = N * sizeof(float);

static float *ordered_floats(cudaStream_t s)
{
    void *p = nullptr;
    OK(cudaMallocAsync(&p, BYTES, s));
    return static_cast<float *>(p);
}

static void destroy(cudaStream_t s)
{
    OK(cudaStreamDestroy(s));
}

/* ---- races ----------------------------------------------------------------------------------- */

/* The result is right in mode `early`, and a race all the same. */
ABORTS(no_event_between_streams, "race")
{
    cudaStream_t a = new_stream(), b = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaDeviceSynchronize());
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    device_map(b, x, N, [](float v) { return v + 1; });
    cudaDeviceSynchronize();
}

ABORTS(read_then_write_unordered, "race")
{
    cudaStream_t a = new_stream(), b = new_stream();
    float *x = device_floats(N), *down = pinned_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaStreamSynchronize(a));
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, a));
    OK(cudaMemsetAsync(x, 0, BYTES, b));
    cudaDeviceSynchronize();
}

PASSES(two_readers)
{
    cudaStream_t a = new_stream(), b = new_stream();
    float *x = device_floats(N), *down = pinned_floats(N), *other = pinned_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaStreamSynchronize(a));
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, a));
    OK(cudaMemcpyAsync(other, x, BYTES, cudaMemcpyDeviceToHost, b));
    OK(cudaDeviceSynchronize());
    OK(cudaMemsetAsync(x, 0, BYTES, b));
    OK(cudaFree(x));
    OK(cudaFreeHost(down));
    OK(cudaFreeHost(other));
    destroy(a);
    destroy(b);
}

PASSES(event_between_streams)
{
    cudaStream_t a = new_stream(), b = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N), *down = pinned_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaEventRecord(e, a));
    OK(cudaStreamWaitEvent(b, e, 0));
    device_map(b, x, N, [](float v) { return v + 1; });
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, b));
    OK(cudaStreamSynchronize(b));
    CHECK(down[0] == 1 && down[N - 1] == 1);
    OK(cudaFree(x));
    OK(cudaFreeHost(down));
    OK(cudaEventDestroy(e));
    destroy(a);
    destroy(b);
}

/* The host waited for the first stream, so all that it enqueues later is ordered after it. */
PASSES(host_between_streams)
{
    cudaStream_t a = new_stream(), b = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaStreamSynchronize(a));
    device_map(b, x, N, [](float v) { return v + 1; });
    OK(cudaFree(x));
    destroy(a);
    destroy(b);
}

/* Three streams in a chain: order is transitive. */
PASSES(chain_of_events)
{
    cudaStream_t s[3] = {new_stream(), new_stream(), new_stream()};
    cudaEvent_t e[2] = {new_event(), new_event()};
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s[0]));
    for (int i = 0; i < 2; i++) {
        OK(cudaEventRecord(e[i], s[i]));
        OK(cudaStreamWaitEvent(s[i + 1], e[i], 0));
    }
    device_map(s[2], x, N, [](float v) { return v + 1; });
    OK(cudaFree(x));
    for (cudaEvent_t each : e) OK(cudaEventDestroy(each));
    for (cudaStream_t each : s) destroy(each);
}

PASSES(neighbouring_bytes_do_not_race)
{
    cudaStream_t a = new_stream(), b = new_stream();
    char *x = reinterpret_cast<char *>(device_floats(N));
    OK(cudaMemsetAsync(x, 0, 5001, a));
    OK(cudaMemsetAsync(x + 5001, 0, 4000, b));
    OK(cudaFree(x));
    destroy(a);
    destroy(b);
}

ABORTS(one_byte_races, "race")
{
    cudaStream_t a = new_stream(), b = new_stream();
    char *x = reinterpret_cast<char *>(device_floats(N));
    OK(cudaMemsetAsync(x, 0, 5002, a));
    OK(cudaMemsetAsync(x + 5001, 0, 4000, b));
    cudaDeviceSynchronize();
}

/* ---- events ---------------------------------------------------------------------------------- */

PASSES(event_never_recorded)
{
    cudaStream_t s = new_stream();
    cudaEvent_t e = new_event();
    OK(cudaEventQuery(e));
    OK(cudaEventSynchronize(e));
    OK(cudaStreamWaitEvent(s, e, 0));
    OK(cudaStreamSynchronize(s));
    OK(cudaEventDestroy(e));
    destroy(s);
}

/* The wait is for the record made before it, not for the later one. */
PASSES(wait_is_a_snapshot)
{
    cudaStream_t a = new_stream(), b = new_stream(), c = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaEventRecord(e, a));
    OK(cudaStreamWaitEvent(b, e, 0));
    OK(cudaEventRecord(e, c));
    device_map(b, x, N, [](float v) { return v; });
    OK(cudaFree(x));
    OK(cudaEventDestroy(e));
    destroy(a);
    destroy(b);
    destroy(c);
}

ABORTS(wait_before_record, "race")
{
    cudaStream_t a = new_stream(), b = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaStreamWaitEvent(b, e, 0));
    OK(cudaEventRecord(e, a));
    device_map(b, x, N, [](float v) { return v; });
    cudaDeviceSynchronize();
}

ABORTS(recorded_again_elsewhere, "race")
{
    cudaStream_t a = new_stream(), b = new_stream(), c = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaEventRecord(e, a));
    OK(cudaEventRecord(e, c));
    OK(cudaStreamWaitEvent(b, e, 0));
    device_map(b, x, N, [](float v) { return v; });
    cudaDeviceSynchronize();
}

PASSES_IN(LATE, polling_ends)
{
    cudaStream_t s = new_stream();
    cudaEvent_t e = new_event();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaEventRecord(e, s));
    CHECK_CODE(cudaEventQuery(e), cudaErrorNotReady);
    CHECK_CODE(cudaStreamQuery(s), cudaErrorNotReady);
    int polls = 0;
    while (cudaEventQuery(e) == cudaErrorNotReady) CHECK(++polls < 10);
    OK(cudaStreamQuery(s));
    OK(cudaFree(x));
    OK(cudaEventDestroy(e));
    destroy(s);
}

ABORTS(event_of_other_device, "other-device")
{
    cudaEvent_t e = new_event();
    OK(cudaSetDevice(1));
    cudaStream_t s = new_stream();
    cudaEventRecord(e, s);
}

PASSES(wait_for_other_device)
{
    cudaEvent_t e = new_event();
    cudaStream_t a = new_stream();
    OK(cudaEventRecord(e, a));
    OK(cudaSetDevice(1));
    cudaStream_t b = new_stream();
    int device = -1;
    OK(cudaStreamGetDevice(a, &device));
    CHECK(device == 0);
    OK(cudaStreamWaitEvent(b, e, 0));
    OK(cudaStreamSynchronize(b));
    OK(cudaEventDestroy(e));
    destroy(a);
    destroy(b);
}

/* ---- default streams ------------------------------------------------------------------------- */

PASSES(legacy_waits_for_blocking_streams)
{
    cudaStream_t a = new_stream(cudaStreamDefault);
    float *x = device_floats(N);
    std::vector<float> down(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaMemsetAsync(x, 0, BYTES, nullptr));
    device_map(cudaStreamPerThread, x, N, [](float v) { return v + 1; });
    OK(cudaMemcpy(down.data(), x, BYTES, cudaMemcpyDeviceToHost));
    CHECK(down[N - 1] == 1);
    OK(cudaFree(x));
    destroy(a);
}

ABORTS(legacy_does_not_wait_for_nonblocking, "race")
{
    cudaStream_t a = new_stream();
    float *x = device_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaMemsetAsync(x, 0, BYTES, nullptr));
    cudaDeviceSynchronize();
}

ABORTS(copy_of_small_pageable_source_is_no_barrier, "race")
{
    cudaStream_t a = new_stream();
    float *x = device_floats(N), up[4] = {};
    OK(cudaMemcpy(x, up, sizeof up, cudaMemcpyHostToDevice));
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    cudaDeviceSynchronize();
}

/* ---- handles --------------------------------------------------------------------------------- */

ABORTS(stream_after_destroy, "handle")
{
    cudaStream_t s = new_stream();
    destroy(s);
    cudaStreamSynchronize(s);
}

ABORTS(stream_destroyed_twice, "handle")
{
    cudaStream_t s = new_stream();
    destroy(s);
    cudaStreamDestroy(s);
}

ABORTS(event_taken_for_stream, "handle")
{
    cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(new_event()));
}

ABORTS(default_stream_destroyed, "handle")
{
    cudaStreamDestroy(cudaStreamPerThread);
}

/* Destroying a stream does not wait, and its work is done nevertheless. */
PASSES(work_of_destroyed_stream)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(N), *down = pinned_floats(N);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, s));
    destroy(s);
    OK(cudaDeviceSynchronize());
    CHECK(down[N - 1] == 0);
    OK(cudaFree(x));
    OK(cudaFreeHost(down));
}

/* ---- stream-ordered memory ------------------------------------------------------------------- */

PASSES(ordered_allocation)
{
    cudaStream_t s = new_stream();
    float *down = pinned_floats(N);
    for (int round = 0; round < 3; round++) {
        float *x = ordered_floats(s);
        OK(cudaMemsetAsync(x, 0, BYTES, s));
        OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, s));
        OK(cudaFreeAsync(x, s));
    }
    OK(cudaStreamSynchronize(s));
    CHECK(down[N - 1] == 0);
    OK(cudaFreeHost(down));
    destroy(s);
}

ABORTS(use_after_ordered_free, "freed")
{
    cudaStream_t s = new_stream();
    float *x = ordered_floats(s);
    OK(cudaFreeAsync(x, s));
    cudaMemsetAsync(x, 0, BYTES, s);
}

ABORTS(ordered_double_free, "double-free")
{
    cudaStream_t s = new_stream();
    float *x = ordered_floats(s);
    OK(cudaFreeAsync(x, s));
    cudaFreeAsync(x, s);
}

ABORTS(use_before_ordered_allocation, "race")
{
    cudaStream_t a = new_stream(), b = new_stream();
    float *x = ordered_floats(a);
    OK(cudaMemsetAsync(x, 0, BYTES, b));
    cudaStreamSynchronize(b);
    cudaStreamSynchronize(a);
}

/* The free may overtake the use: whichever runs first, it is reported. */
static void free_elsewhere(bool ordered)
{
    cudaStream_t a = new_stream(), b = new_stream();
    cudaEvent_t e = new_event();
    float *x = ordered_floats(a);
    OK(cudaStreamSynchronize(a));
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaEventRecord(e, a));
    if (ordered) OK(cudaStreamWaitEvent(b, e, 0));
    OK(cudaFreeAsync(x, b));
    OK(cudaStreamSynchronize(a));
    OK(cudaStreamSynchronize(b));
    OK(cudaEventDestroy(e));
    destroy(a);
    destroy(b);
}

ABORTS_IN(EARLY | LATE, freed_on_unordered_stream, "race")
{
    free_elsewhere(false);
}

PASSES(freed_on_ordered_stream)
{
    free_elsewhere(true);
}

ABORTS(free_overtakes_use, "freed")
{
    cudaStream_t a = new_stream(), b = new_stream();
    emu_mode(EMU_LATE);
    float *x = ordered_floats(a);
    OK(cudaStreamSynchronize(a));
    OK(cudaMemsetAsync(x, 0, BYTES, a));
    OK(cudaFreeAsync(x, b));
    cudaStreamSynchronize(b);
    cudaStreamSynchronize(a);
}

PASSES(plain_free_of_pool_memory_after_waiting)
{
    cudaStream_t s = new_stream();
    float *x = ordered_floats(s);
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    OK(cudaStreamSynchronize(s));
    OK(cudaFree(x));
    destroy(s);
}

static void free_without_waiting()
{
    cudaStream_t s = new_stream();
    float *x = ordered_floats(s);
    OK(cudaStreamSynchronize(s));
    OK(cudaMemsetAsync(x, 0, BYTES, s));
    cudaFree(x);
    cudaStreamSynchronize(s);
}

ABORTS_IN(EARLY, plain_free_of_used_pool_memory, "race")
{
    free_without_waiting();
}

ABORTS_IN(LATE, plain_free_of_pool_memory_in_use, "freed")
{
    free_without_waiting();
}

PASSES(pools)
{
    cudaMemPoolProps props = {};
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = 1;
    cudaMemPool_t pool;
    OK(cudaMemPoolCreate(&pool, &props));
    uint64_t value = UINT64_MAX;
    OK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &value));
    OK(cudaSetDevice(1));
    cudaStream_t s = new_stream();
    void *p;
    OK(cudaMallocFromPoolAsync(&p, 1000, pool, s));
    OK(cudaMemPoolDestroy(pool)); /* deferred */
    OK(cudaMemsetAsync(p, 0, 1000, s));
    OK(cudaFreeAsync(p, s));
    OK(cudaStreamSynchronize(s));
    destroy(s);
}

/* ---- host functions -------------------------------------------------------------------------- */

PASSES(host_functions_in_order)
{
    cudaStream_t s = new_stream();
    static std::vector<int> order;
    static float *down;
    float *x = device_floats(N);
    down = pinned_floats(N);
    for (int round = 0; round < 3; round++) {
        OK(cudaMemsetAsync(x, round, BYTES, s));
        OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, s));
        OK(cudaLaunchHostFunc(
            s, [](void *) { order.push_back(*reinterpret_cast<char *>(down)); }, nullptr));
    }
    OK(cudaStreamSynchronize(s));
    CHECK((order == std::vector<int>{0, 1, 2}));
    OK(cudaFree(x));
    OK(cudaFreeHost(down));
    destroy(s);
}

/* A host function fills the source of a later copy. */
PASSES(host_function_fills_source)
{
    cudaStream_t s = new_stream();
    float *x = device_floats(4), *stage = pinned_floats(4), *down = pinned_floats(4);
    OK(cudaLaunchHostFunc(
        s, [](void *p) { std::fill_n(static_cast<float *>(p), 4, 5.0f); }, stage));
    OK(cudaMemcpyAsync(x, stage, 4 * sizeof *x, cudaMemcpyHostToDevice, s));
    OK(cudaMemcpyAsync(down, x, 4 * sizeof *x, cudaMemcpyDeviceToHost, s));
    OK(cudaStreamSynchronize(s));
    CHECK(down[0] == 5 && down[3] == 5);
    OK(cudaFree(x));
    OK(cudaFreeHost(stage));
    OK(cudaFreeHost(down));
    destroy(s);
}

ABORTS(call_from_host_function, "callback")
{
    cudaStream_t s = new_stream();
    OK(cudaLaunchHostFunc(
        s, [](void *p) { cudaStreamQuery(static_cast<cudaStream_t>(p)); }, s));
    cudaStreamSynchronize(s);
}

/* ---- one program, all modes and seeds -------------------------------------------------------- */

static std::vector<float> pipeline()
{
    cudaStream_t s[3] = {new_stream(), new_stream(), new_stream()};
    cudaEvent_t e[3] = {new_event(), new_event(), new_event()};
    float *up = pinned_floats(N), *down = pinned_floats(N);
    for (size_t i = 0; i < N; i++) up[i] = float(i % 17);
    float *x = ordered_floats(s[0]);
    OK(cudaMemcpyAsync(x, up, BYTES, cudaMemcpyHostToDevice, s[0]));
    for (int i = 0; i < 12; i++) {
        cudaStream_t from = s[i % 3], to = s[(i + 1) % 3];
        device_map(from, x, N, [i](float v) { return 1.5f * v + float(i); });
        OK(cudaEventRecord(e[i % 3], from));
        OK(cudaStreamWaitEvent(to, e[i % 3], 0));
    }
    OK(cudaMemcpyAsync(down, x, BYTES, cudaMemcpyDeviceToHost, s[0]));
    OK(cudaFreeAsync(x, s[0]));
    OK(cudaStreamSynchronize(s[0]));
    std::vector<float> result(down, down + N);
    OK(cudaFreeHost(up));
    OK(cudaFreeHost(down));
    for (cudaEvent_t each : e) OK(cudaEventDestroy(each));
    for (cudaStream_t each : s) destroy(each);
    return result;
}

PASSES(two_host_threads)
{
    std::vector<float> a, b;
    std::thread first([&a] { a = pipeline(); }), second([&b] { b = pipeline(); });
    first.join();
    second.join();
    CHECK(a == b);
}

PASSES_IN(LATE, same_result_in_all_modes)
{
    std::vector<float> expected(N);
    for (size_t i = 0; i < N; i++) {
        expected[i] = float(i % 17);
        for (int k = 0; k < 12; k++) expected[i] = 1.5f * expected[i] + float(k);
    }
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (emu_mode_kind mode : {EMU_LATE, EMU_EARLY, EMU_RANDOM_MODE}) {
            emu_reset(seed);
            emu_mode(mode);
            CHECK(pipeline() == expected);
        }
    }
}
