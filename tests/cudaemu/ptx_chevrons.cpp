/* Launches written kernel<<<grid, block, bytes, stream>>>(...) (crt/host_runtime.h of CUDA 13.0):
 * nvcc makes them a push of the configuration and a call of the kernel's stub, which takes it
 * back, collects its arguments and launches. A configuration is evaluated before the arguments, in
 * which there may be other launches: hence a stack.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime.h>

#include <vector>

namespace
{

cudaLaunchConfig_t configuration(dim3 grid, dim3 block, size_t bytes, cudaStream_t stream)
{
    cudaLaunchConfig_t c = {};
    c.gridDim = grid;
    c.blockDim = block;
    c.dynamicSmemBytes = bytes;
    c.stream = stream;
    return c;
}

std::vector<cudaLaunchConfig_t> &pushed()
{
    static thread_local std::vector<cudaLaunchConfig_t> stack;
    return stack;
}

} // namespace

/* The stub is called if this returns 0. */
extern "C" unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t bytes,
                                                cudaStream_t stream)
{
    pushed().push_back(configuration(grid, block, bytes, stream));
    return 0;
}

extern "C" cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *bytes,
                                                  void *stream)
{
    if (pushed().empty()) return cudaErrorMissingConfiguration;
    const cudaLaunchConfig_t c = pushed().back();
    pushed().pop_back();
    *grid = c.gridDim;
    *block = c.blockDim;
    *bytes = c.dynamicSmemBytes;
    *static_cast<cudaStream_t *>(stream) = c.stream;
    return cudaSuccess;
}

/* A stub keeps what it gets here; its own address serves. */
extern "C" cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *stub)
{
    *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void *>(stub));
    return cudaSuccess;
}

extern "C" cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block,
                                          void **arguments, size_t bytes, cudaStream_t stream)
{
    const cudaLaunchConfig_t c = configuration(grid, block, bytes, stream);
    return cudaLaunchKernelExC(&c, kernel, arguments);
}
