/* What instructions and atomic operations alike make of two integers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_PAIRS_H
#define RITZ_TESTS_CUDAEMU_PTX_PAIRS_H

#include <cstdint>

namespace emu
{
namespace ptx
{
namespace pairs
{

/* Signed overflow wraps. */
struct Add {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    }
};
struct Least {
    template <typename T> static T of(T a, T b)
    {
        return a < b ? a : b;
    }
};
struct Greatest {
    template <typename T> static T of(T a, T b)
    {
        return a > b ? a : b;
    }
};
struct And {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(a & b);
    }
};
struct Or {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(a | b);
    }
};
struct Xor {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(a ^ b);
    }
};

} // namespace pairs
} // namespace ptx
} // namespace emu

#endif
