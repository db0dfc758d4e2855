/* Self-tests of the emulation: planted bugs that must be caught, beside corrected twins that must
 * pass.
 *
 * Each case runs in a child process, in each mode it names, so that it may abort. A program of
 * cases:
 *
 *     PASSES(upload) { ... CHECK(x == y); ... }              nothing reported, nothing leaked
 *     ABORTS(upload_freed, "freed") { ... }                  a violation of that kind
 * FAULTS(upload_changed, "page-locked memory") { ... } stopped by the fault handler, with that text
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_CASES_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_CASES_H

#include <cstdio>
#include <cstdlib>
#include <functional>

#include <cuda_runtime_api.h>

#include "../emu_int.h"

namespace cases
{

enum class Outcome { Passes, Aborts, Faults };
enum Modes : unsigned {
    LATE = 1u << EMU_LATE,
    EARLY = 1u << EMU_EARLY,
    RANDOM = 1u << EMU_RANDOM_MODE,
    ALL_MODES = LATE | EARLY | RANDOM
};

struct Case {
    const char *name;
    void (*body)();
    Outcome outcome;
    const char *expected;
    unsigned modes;
    const Case *next;

    Case(const char *name_, void (*body_)(), Outcome outcome_, const char *expected_,
         unsigned modes_ = ALL_MODES);
};

/* Runs all cases whose name contains argv[1]; the exit status of the program. */
int main(int argc, char **argv);

} // namespace cases

#define CASE_(name, outcome, ...)                                                                  \
    static void name();                                                                            \
    static const cases::Case case_##name(#name, name, outcome, __VA_ARGS__);                       \
    static void name()
#define PASSES(name) CASE_(name, cases::Outcome::Passes, "")
#define PASSES_IN(modes, name) CASE_(name, cases::Outcome::Passes, "", modes)
#define ABORTS(name, kind) CASE_(name, cases::Outcome::Aborts, kind)
#define ABORTS_IN(modes, name, kind) CASE_(name, cases::Outcome::Aborts, kind, modes)
#define FAULTS(name, text) CASE_(name, cases::Outcome::Faults, text)
#define FAULTS_IN(modes, name, text) CASE_(name, cases::Outcome::Faults, text, modes)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_CODE(call, code)                                                                     \
    do {                                                                                           \
        cudaError_t code_ = (call);                                                                \
        if (code_ != (code)) {                                                                     \
            fprintf(stderr, "%s:%d: %s gives %d, expected %d\n", __FILE__, __LINE__, #call,        \
                    int(code_), int(code));                                                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define OK(call) CHECK_CODE(call, cudaSuccess)

/* ---- what many cases need -------------------------------------------------------------------- */

inline cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking)
{
    cudaStream_t s;
    OK(cudaStreamCreateWithFlags(&s, flags));
    return s;
}

inline cudaEvent_t new_event(unsigned flags = cudaEventDisableTiming)
{
    cudaEvent_t e;
    OK(cudaEventCreateWithFlags(&e, flags));
    return e;
}

inline float *device_floats(size_t n)
{
    void *p = nullptr;
    OK(cudaMalloc(&p, n * sizeof(float)));
    return static_cast<float *>(p);
}

inline float *pinned_floats(size_t n)
{
    void *p = nullptr;
    OK(cudaMallocHost(&p, n * sizeof(float)));
    return static_cast<float *>(p);
}

/* Device work that declares its range, as a library call does: x[i] = f(x[i]). */
inline void device_map(cudaStream_t stream, float *x, size_t n, std::function<float(float)> f)
{
    emu::Call call("device_map", emu::PLAIN);
    emu::enqueue(emu::stream_of(stream), "device_map", [=] {
        emu::touch(emu::range("x", x, n * sizeof(float), emu::Access::ReadWrite));
        for (size_t i = 0; i < n; i++) x[i] = f(x[i]);
    });
}

#endif
