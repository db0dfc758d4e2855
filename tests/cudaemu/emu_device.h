/* What a kernel sees when a host compiler compiles it for the emulation; included by
 * src/cuda/kernel.cuh only.
 *
 * NVIDIA's headers give the types and the host's half of the functions. Here are the rest: the
 * keywords, the built-in variables, launch, shared memory, barriers, shuffles, votes, atomics. A
 * device function that is not here does not compile, and one that has no faithful emulation is not
 * added.
 *
 * Compiled with -fsanitize=thread (whose runtime is not linked), each load and store of a kernel
 * calls access.cpp.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_EMU_DEVICE_H
#define RITZ_TESTS_CUDAEMU_EMU_DEVICE_H

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "emu_int.h"

/* ---- keywords -------------------------------------------------------------------------------- */

#undef __global__
#undef __device__
#undef __host__
#undef __forceinline__
#undef __launch_bounds__
#undef __shared__   /* RITZ_SHARED instead */
#undef __constant__ /* a static constexpr array inside the function instead */
#undef __managed__
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

#if defined(__SANITIZE_THREAD__)
#define EMU_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EMU_CHECKED 1
#endif
#endif
#ifndef EMU_CHECKED
#define EMU_CHECKED 0
#endif

#define EMU_PLAIN __attribute__((no_sanitize("thread"), noinline))
#define EMU_INLINE static inline __attribute__((always_inline))

namespace emu
{

/* ---- built-in variables ---------------------------------------------------------------------- */

struct Now {
    uint3 thread, block;
    dim3 block_size, grid_size;
};
extern Now now; /* of the thread that runs */

/* ---- launch ---------------------------------------------------------------------------------- */

/* Between these the kernel's own code runs, and its accesses are checked. */
void enter_kernel();
void leave_kernel();

/* The text of RITZ_LAUNCH's first argument without its parentheses; lives for ever. */
const char *kernel_name(const char *text);

/* One thread of a kernel, with the launch's arguments. Each thread gets its own copy of them. */
template <typename... P> class Body
{
  public:
    Body(void (*kernel)(P...), const P &...arguments) : kernel_(kernel), arguments_(arguments...)
    {
    }
    EMU_PLAIN void operator()() const
    {
        unpack(std::index_sequence_for<P...>());
    }

  private:
    template <size_t... I> EMU_PLAIN void unpack(std::index_sequence<I...>) const
    {
        run(kernel_, std::get<I>(arguments_)...);
    }
    EMU_PLAIN static void run(void (*kernel)(P...), P... arguments)
    {
        enter_kernel();
        kernel(arguments...);
        leave_kernel();
    }
    void (*kernel_)(P...);
    std::tuple<P...> arguments_;
};

template <typename T> struct Exactly {
    static_assert(std::is_trivially_copyable<T>::value, "kernel parameters are plain data");
    using type = T;
};

template <typename... P>
cudaError_t launch_kernel(const char *text, void (*kernel)(P...), dim3 grid, dim3 block,
                          size_t shared_bytes, cudaStream_t stream,
                          typename Exactly<P>::type... arguments)
{
    const Grid g{kernel_name(text),
                 grid,
                 block,
                 shared_bytes,
                 Body<P...>(kernel, arguments...),
                 reinterpret_cast<const void *>(kernel),
                 EMU_CHECKED != 0};
    return launch(g.key, g, stream);
}

template <typename... P> cudaError_t allow_shared(void (*kernel)(P...), size_t bytes)
{
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(bytes));
}

/* ---- shared memory --------------------------------------------------------------------------- */

/* One RITZ_SHARED in the source; it keeps its place for the length of a launch. */
struct SharedSite {
    const char *file;
    int line;
    const char *name;
    uint64_t launch;
    size_t offset;
};
void *shared(SharedSite &site, size_t bytes, size_t alignment);
void *dynamic_shared();

/* ---- barriers and collectives ---------------------------------------------------------------- */

/* Where in the source a call stands. Threads meet only at one and the same site. */
struct Site {
    const char *file;
    int line;
    const char *call;
};
#define EMU_SITE(text)                                                                             \
    ([]() -> const emu::Site & {                                                                   \
        static constexpr emu::Site emu_site_ = {__FILE__, __LINE__, text};                         \
        return emu_site_;                                                                          \
    }())

enum class Gather { None, Count, And, Or };
int barrier(const Site &site, Gather gather, int predicate);

enum class Shuffle { Index, Up, Down, Xor };
void warp_barrier(const Site &site, unsigned mask);
uint64_t warp_shuffle(const Site &site, unsigned mask, Shuffle kind, uint64_t value, int argument,
                      int width);
unsigned warp_ballot(const Site &site, unsigned mask, bool predicate);
bool warp_all(const Site &site, unsigned mask, bool predicate);

template <typename T>
EMU_INLINE T shuffle(const Site &site, Shuffle kind, unsigned mask, T value, int argument,
                     int width = 32)
{
    static_assert((std::is_arithmetic<T>::value && sizeof(T) >= 4 && sizeof(T) <= 8) ||
                      std::is_same<T, __half>::value || std::is_same<T, __nv_bfloat16>::value,
                  "CUDA has no shuffle of this type");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = warp_shuffle(site, mask, kind, bits, argument, width);
    memcpy(&value, &bits, sizeof value);
    return value;
}

EMU_INLINE void sync_warp(const Site &site, unsigned mask = 0xFFFFFFFFu)
{
    warp_barrier(site, mask);
}

/* ---- atomics --------------------------------------------------------------------------------- */

/* access.cpp: an atomic access, made by the instruction before `pc`. */
void note_atomic(void *p, size_t bytes, const void *pc);

/* Threads change only at barriers and collectives: a read and a write are atomic together. */
template <typename T, typename F> EMU_PLAIN T atomic(T *p, F change)
{
    static_assert(std::is_integral<T>::value && sizeof(T) >= 4,
                  "atomics on 32- and 64-bit integers only");
    if (EMU_CHECKED) note_atomic(p, sizeof *p, __builtin_return_address(0));
    const T old = *p;
    *p = change(old);
    return old;
}

} // namespace emu

#define threadIdx (static_cast<const emu::Now &>(emu::now).thread)
#define blockIdx (static_cast<const emu::Now &>(emu::now).block)
#define blockDim (static_cast<const emu::Now &>(emu::now).block_size)
#define gridDim (static_cast<const emu::Now &>(emu::now).grid_size)

#define RITZ_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                \
    emu::launch_kernel(#kernel, kernel, grid, block, shared_bytes,                                 \
                       stream __VA_OPT__(, ) __VA_ARGS__)
#define RITZ_ALLOW_SHARED(kernel, bytes) emu::allow_shared(kernel, bytes)
#define RITZ_SHARED(T, name, dimensions)                                                           \
    static emu::SharedSite emu_shared_##name = {__FILE__, __LINE__, #name, 0, 0};                  \
    typedef T emu_type_##name dimensions;                                                          \
    emu_type_##name &name = *static_cast<emu_type_##name *>(                                       \
        emu::shared(emu_shared_##name, sizeof(emu_type_##name), alignof(T)))
#define RITZ_DYN_SHARED(T, name) T *const name = static_cast<T *>(emu::dynamic_shared())
#define RITZ_UNROLL

#define __syncthreads()                                                                            \
    static_cast<void>(emu::barrier(EMU_SITE("__syncthreads"), emu::Gather::None, 0))
#define __syncthreads_count(p) emu::barrier(EMU_SITE("__syncthreads_count"), emu::Gather::Count, p)
#define __syncthreads_and(p) emu::barrier(EMU_SITE("__syncthreads_and"), emu::Gather::And, p)
#define __syncthreads_or(p) emu::barrier(EMU_SITE("__syncthreads_or"), emu::Gather::Or, p)

#define __syncwarp(...) emu::sync_warp(EMU_SITE("__syncwarp") __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) emu::shuffle(EMU_SITE("__shfl_sync"), emu::Shuffle::Index, __VA_ARGS__)
#define __shfl_up_sync(...) emu::shuffle(EMU_SITE("__shfl_up_sync"), emu::Shuffle::Up, __VA_ARGS__)
#define __shfl_down_sync(...)                                                                      \
    emu::shuffle(EMU_SITE("__shfl_down_sync"), emu::Shuffle::Down, __VA_ARGS__)
#define __shfl_xor_sync(...)                                                                       \
    emu::shuffle(EMU_SITE("__shfl_xor_sync"), emu::Shuffle::Xor, __VA_ARGS__)
#define __ballot_sync(mask, p) emu::warp_ballot(EMU_SITE("__ballot_sync"), mask, (p) != 0)
#define __any_sync(mask, p)                                                                        \
    static_cast<int>(emu::warp_ballot(EMU_SITE("__any_sync"), mask, (p) != 0) != 0)
#define __all_sync(mask, p) static_cast<int>(emu::warp_all(EMU_SITE("__all_sync"), mask, (p) != 0))

/* ---- functions ------------------------------------------------------------------------------- */

#define EMU_ATOMIC(name, T, expression)                                                            \
    EMU_INLINE T name(T *p, T x)                                                                   \
    {                                                                                              \
        return emu::atomic(p, [x](T old) -> T { return expression; });                             \
    }
#define EMU_ATOMICS(name, expression)                                                              \
    EMU_ATOMIC(name, int, expression)                                                              \
    EMU_ATOMIC(name, unsigned, expression)                                                         \
    EMU_ATOMIC(name, unsigned long long, expression)
/* Signed overflow wraps. */
EMU_ATOMIC(atomicAdd, int, static_cast<int>(static_cast<unsigned>(old) + static_cast<unsigned>(x)))
EMU_ATOMIC(atomicAdd, unsigned, old + x)
EMU_ATOMIC(atomicAdd, unsigned long long, old + x)
EMU_ATOMIC(atomicSub, int, static_cast<int>(static_cast<unsigned>(old) - static_cast<unsigned>(x)))
EMU_ATOMIC(atomicSub, unsigned, old - x)
EMU_ATOMICS(atomicExch, (static_cast<void>(old), x))
EMU_ATOMICS(atomicMin, old < x ? old : x)
EMU_ATOMICS(atomicMax, old > x ? old : x)
EMU_ATOMIC(atomicMin, long long, old < x ? old : x)
EMU_ATOMIC(atomicMax, long long, old > x ? old : x)
EMU_ATOMICS(atomicAnd, old &x)
EMU_ATOMICS(atomicOr, old | x)
EMU_ATOMICS(atomicXor, old ^ x)
EMU_ATOMIC(atomicInc, unsigned, old >= x ? 0 : old + 1)
EMU_ATOMIC(atomicDec, unsigned, old == 0 || old > x ? x : old - 1)
#undef EMU_ATOMIC
#undef EMU_ATOMICS

#define EMU_CAS(T)                                                                                 \
    EMU_INLINE T atomicCAS(T *p, T expected, T x)                                                  \
    {                                                                                              \
        return emu::atomic(p, [expected, x](T old) -> T { return old == expected ? x : old; });    \
    }
EMU_CAS(int)
EMU_CAS(unsigned)
EMU_CAS(unsigned long long)
#undef EMU_CAS

/* Their result would depend on the order of threads. */
float atomicAdd(float *, float) = delete;
double atomicAdd(double *, double) = delete;

template <typename T> EMU_INLINE T __ldg(const T *p)
{
    return *p;
}

EMU_INLINE int __popc(unsigned x)
{
    return __builtin_popcount(x);
}
EMU_INLINE int __popcll(unsigned long long x)
{
    return __builtin_popcountll(x);
}
EMU_INLINE int __clz(int x)
{
    return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x));
}
EMU_INLINE int __clzll(long long x)
{
    return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}
EMU_INLINE int __ffs(int x)
{
    return __builtin_ffs(x);
}
EMU_INLINE int __ffsll(long long x)
{
    return __builtin_ffsll(x);
}
EMU_INLINE unsigned long long __brevll(unsigned long long x)
{
    unsigned long long r = 0;
    for (int i = 0; i < 64; i++) r |= (x >> i & 1) << (63 - i);
    return r;
}
EMU_INLINE unsigned __brev(unsigned x)
{
    return static_cast<unsigned>(__brevll(x) >> 32);
}

#define EMU_MIN_MAX(R, A, B)                                                                       \
    EMU_INLINE R min(A a, B b)                                                                     \
    {                                                                                              \
        return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b);      \
    }                                                                                              \
    EMU_INLINE R max(A a, B b)                                                                     \
    {                                                                                              \
        return static_cast<R>(a) > static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b);      \
    }
EMU_MIN_MAX(int, int, int)
EMU_MIN_MAX(unsigned, unsigned, unsigned)
EMU_MIN_MAX(unsigned, int, unsigned)
EMU_MIN_MAX(unsigned, unsigned, int)
EMU_MIN_MAX(long, long, long)
EMU_MIN_MAX(unsigned long, unsigned long, unsigned long)
EMU_MIN_MAX(unsigned long, long, unsigned long)
EMU_MIN_MAX(unsigned long, unsigned long, long)
EMU_MIN_MAX(long long, long long, long long)
EMU_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
EMU_MIN_MAX(unsigned long long, long long, unsigned long long)
EMU_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef EMU_MIN_MAX
/* A NaN loses, as on the device. */
#define EMU_MIN_MAX(R, A, B, suffix)                                                               \
    EMU_INLINE R min(A a, B b)                                                                     \
    {                                                                                              \
        return fmin##suffix(a, b);                                                                 \
    }                                                                                              \
    EMU_INLINE R max(A a, B b)                                                                     \
    {                                                                                              \
        return fmax##suffix(a, b);                                                                 \
    }
EMU_MIN_MAX(float, float, float, f)
EMU_MIN_MAX(double, double, double, )
EMU_MIN_MAX(double, float, double, )
EMU_MIN_MAX(double, double, float, )
#undef EMU_MIN_MAX

EMU_INLINE float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}
EMU_INLINE float rsqrt(float x)
{
    return rsqrtf(x);
}
EMU_INLINE double rsqrt(double x)
{
    return 1.0 / ::sqrt(x);
}

/* sin(pi x) and cos(pi x): the argument is reduced exactly, to at most a quarter. */
EMU_INLINE void sincospi(double x, double *s, double *c)
{
    const double turns = x - 2.0 * ::rint(x / 2.0); /* in [-1, 1] */
    const double quarter = ::rint(2.0 * turns);
    const double rest = M_PI * (turns - quarter / 2.0);
    const double sine = ::sin(rest), cosine = ::cos(rest);
    switch (static_cast<int>(quarter) & 3) {
    case 0: *s = sine, *c = cosine; break;
    case 1: *s = cosine, *c = -sine; break;
    case 2: *s = -sine, *c = -cosine; break;
    default: *s = -cosine, *c = sine; break;
    }
}
EMU_INLINE void sincospif(float x, float *s, float *c)
{
    double sine, cosine;
    sincospi(static_cast<double>(x), &sine, &cosine);
    *s = static_cast<float>(sine), *c = static_cast<float>(cosine);
}
EMU_INLINE void sincospi(float x, float *s, float *c)
{
    sincospif(x, s, c);
}

#endif
