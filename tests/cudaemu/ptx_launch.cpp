/* Launches from objects that nvcc made (NVIDIA, CUDA Runtime API 13.0, "Execution Control"): what
 * cudaLaunchKernelEx, and so RITZ_LAUNCH, becomes there, and <<<>>> in the end (ptx_chevrons.cpp).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstring>

#include "ptx.h"
#include "state.h"

namespace emu
{
namespace ptx
{

namespace
{

size_t static_shared(const Kernel &kernel)
{
    size_t bytes = 0;
    for (const Variable &v : kernel.shared)
        bytes = (bytes + v.alignment - 1) / v.alignment * v.alignment + v.bytes;
    return bytes;
}

/* More dynamic shared memory than was allowed by itself is refused by launch(). */
bool shared_fits(const void *key, const Registered &r, size_t dynamic)
{
    const size_t limit = dynamic_shared_limit(key, current_device());
    if (dynamic > limit) return true;
    const size_t fixed = static_shared(*r.kernel);
    const size_t most = limit > SHARED_PER_BLOCK ? SHARED_PER_BLOCK_OPTIN : SHARED_PER_BLOCK;
    if (fixed <= SHARED_PER_BLOCK && fixed + dynamic <= most) return true;
    violation("shared",
              "kernel %s needs %zu bytes of shared memory (%zu of them dynamic); the limit is %zu",
              r.title.c_str(), fixed + dynamic, dynamic,
              fixed > SHARED_PER_BLOCK ? SHARED_PER_BLOCK : most);
    return false;
}

bool launch_is_sound(const void *key, const Registered &r, const cudaLaunchConfig_t &c)
{
    if (c.numAttrs > 0) {
        violation("launch", "kernel %s is launched with attributes, of which none is emulated",
                  r.title.c_str());
        return false;
    }
    const uint64_t threads = uint64_t(c.blockDim.x) * c.blockDim.y * c.blockDim.z;
    if (r.kernel->max_threads != 0 && threads > r.kernel->max_threads) {
        violation("launch", "kernel %s has launch bounds of %u threads a block, and gets %llu",
                  r.title.c_str(), r.kernel->max_threads, static_cast<unsigned long long>(threads));
        return false;
    }
    return shared_fits(key, r, c.dynamicSmemBytes);
}

using Parameters = std::shared_ptr<std::vector<uint8_t>>;

Parameters copy_arguments(const Kernel &kernel, void **arguments)
{
    auto copy = std::make_shared<std::vector<uint8_t>>(kernel.parameter_bytes);
    for (size_t i = 0; i < kernel.parameters.size(); i++) {
        const Variable &v = kernel.parameters[i];
        memcpy(copy->data() + v.offset, arguments[i], v.bytes);
    }
    return copy;
}

/* A module that does not load is a fault of this emulation, or of a build with other options. */
const Registered *known_kernel(const void *key)
{
    try {
        return find_kernel(key);
    } catch (const Error &error) {
        violation("ptx", "%s", error.what());
        return nullptr;
    }
}

cudaError_t launch_registered(const cudaLaunchConfig_t &c, const void *key, void **arguments)
{
    const Locked locked(global_lock());
    const Registered *r = known_kernel(key);
    if (!r) return remember(cudaErrorInvalidDeviceFunction);
    if (!launch_is_sound(key, *r, c)) return remember(cudaErrorInvalidValue);
    const Parameters parameters = copy_arguments(*r->kernel, arguments);
    const Grid g{r->title.c_str(),
                 c.gridDim,
                 c.blockDim,
                 c.dynamicSmemBytes,
                 [r, parameters] { run_thread(*r->program, parameters->data()); },
                 key,
                 true};
    return launch(key, g, c.stream);
}

} // namespace

} // namespace ptx
} // namespace emu

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *function,
                                void **arguments)
{
    return emu::ptx::launch_registered(*config, function, arguments);
}
