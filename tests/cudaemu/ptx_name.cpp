/* Names of kernels and variables as their source spells them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstdlib>
#include <memory>

#include <cxxabi.h>

#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

std::string demangled(const std::string &name)
{
    int status = 0;
    const std::unique_ptr<char, void (*)(void *)> text(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), free);
    return status == 0 && text ? std::string(text.get()) : name;
}

void remove_all(std::string &s, const std::string &part)
{
    for (size_t at; (at = s.find(part)) != std::string::npos;) s.erase(at, part.size());
}

/* What stands before the last list of parameters. */
std::string without_parameters(const std::string &s)
{
    if (s.empty() || s.back() != ')') return s;
    int depth = 0;
    for (size_t i = s.size(); i-- > 0;) {
        if (s[i] == ')') depth++;
        if (s[i] == '(' && --depth == 0) return s.substr(0, i);
    }
    return s;
}

/* What follows the last of `ends` (two colons, or a space after a type) outside of brackets. */
std::string last_part(const std::string &s)
{
    int depth = 0;
    for (size_t i = s.size(); i-- > 0;) {
        if (s[i] == '>' || s[i] == ')') depth++;
        if (s[i] == '<' || s[i] == '(') depth--;
        if (depth == 0 && (s[i] == ' ' || s[i] == ':')) return s.substr(i + 1);
    }
    return s;
}

} // namespace

std::string kernel_title(const std::string &mangled)
{
    std::string s = demangled(mangled);
    remove_all(s, "(anonymous namespace)::");
    for (size_t at; (at = s.find("> >")) != std::string::npos;) s.erase(at + 1, 1);
    return last_part(without_parameters(s));
}

std::string variable_title(const std::string &mangled)
{
    std::string s = demangled(mangled);
    remove_all(s, "(anonymous namespace)::");
    return last_part(s);
}

std::string base_name(const std::string &path)
{
    return path.substr(path.find_last_of('/') + 1);
}

} // namespace ptx
} // namespace emu
