/* What every kernel file includes, and the only place that knows two compilers.
 *
 * nvcc compiles a kernel for a GPU. A host compiler, under RITZ_CUDA_EMU, compiles the same file
 * for the emulation in tests/cudaemu, which executes it thread by thread and checks its memory
 * accesses and its synchronisation.
 *
 *     RITZ_LAUNCH((kernel<T, N>), grid, block, shared_bytes, stream, arguments...)
 *         Enqueue a launch: an expression of type cudaError_t. The arguments are converted to the
 *         kernel's parameters, with the compiler's warnings; their number is checked. Neither grid
 *         nor block may be zero.
 *     RITZ_ALLOW_SHARED((kernel<T, N>), bytes)
 *         Before launches with more than 48 KiB of dynamic shared memory: also a cudaError_t.
 *     RITZ_SHARED(T, name, [32][33]);   RITZ_SHARED(T, name, );
 *         An array, or one T, in shared memory. At function scope, reached by every thread of the
 *         block.
 *     RITZ_DYN_SHARED(T, name);
 *         T *name: the dynamic shared memory, 16-byte aligned. At most once in a kernel.
 *     RITZ_UNROLL
 *         Before a loop whose bounds are constants.
 *     RITZ_BLOCK(threads)
 *         A kernel's launch bounds: blocks of so many threads, and at most 128 registers a thread.
 *         Left to itself, ptxas may spill a few registers so that one more block fits.
 *
 * The rules for kernels:
 * - Kernels are in an anonymous namespace, or static, beside their `extern "C" cudaError_t
 *   launch_xxx(...)`.
 * - Parameters are scalars, pointers (const where only read) and plain structs of these.
 * - No return before the last barrier: guard the work, not the thread. Barriers, shuffles and votes
 *   stand in uniform control flow, with all lanes in the mask, or with a mask computed before the
 *   branch.
 * - An exchange through memory inside a warp has its __syncwarp().
 * - No waiting for another block, no floating-point atomics: a result never depends on the order of
 *   blocks or threads.
 * - Constant tables are static constexpr arrays inside the function.
 * - Index arithmetic in int64_t; grid-stride loops; gridDim.y and gridDim.z stop at 65535; the
 *   block size is a named constant, shared with RITZ_BLOCK.
 * - Of the device functions: __syncthreads and its _and, _or, _count; __syncwarp; __shfl,
 *   __shfl_up, __shfl_down, __shfl_xor, __ballot, __any, __all (_sync); integer atomics; __ldg;
 *   __popc, __clz, __ffs, __brev (and ..ll); fma, sqrt, rsqrt, hypot, sincospi and the functions of
 *   <math.h>; min, max; the conversions of __half and __nv_bfloat16. Another one is first given to
 *   the emulation (tests/cudaemu/emu_device.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_KERNEL_CUH
#define RITZ_CUDA_KERNEL_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>

#ifdef RITZ_CUDA_EMU

#include "emu_device.h"

#else

#define RITZ_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                \
    ritz_launch(kernel, grid, block, shared_bytes, stream __VA_OPT__(, ) __VA_ARGS__)
#define RITZ_ALLOW_SHARED(kernel, bytes) ritz_allow_shared(kernel, bytes)
#define RITZ_SHARED(T, name, dimensions) __shared__ T name dimensions
#define RITZ_DYN_SHARED(T, name)                                                                   \
    extern __shared__ __align__(16) unsigned char ritz_dynamic_shared[];                           \
    T *const name = reinterpret_cast<T *>(ritz_dynamic_shared)
#define RITZ_UNROLL _Pragma("unroll")

#endif

/* core/random_maps.h and its kin serve host and device code. */
#define RITZ_HD __host__ __device__

#define RITZ_WARP 32
#define RITZ_ALL_LANES 0xFFFFFFFFu

/* The second bound is the blocks that a multiprocessor, which has 65536 registers, must hold. */
#define RITZ_BLOCK(threads) __launch_bounds__(threads, 512 / (threads))

#ifndef RITZ_CUDA_EMU

/* Keeps the arguments out of template deduction, so that each is converted where the launch is
 * written. */
template <typename T> struct ritz_exactly {
    typedef T type;
};

template <typename... P>
static inline cudaError_t ritz_launch(void (*kernel)(P...), dim3 grid, dim3 block,
                                      size_t shared_bytes, cudaStream_t stream,
                                      typename ritz_exactly<P>::type... arguments)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

template <typename... P>
static inline cudaError_t ritz_allow_shared(void (*kernel)(P...), size_t bytes)
{
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(bytes));
}

#endif
#endif
