/* PTX: which instructions of the kernels that ran were executed, written at the program's end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

const char *wanted_file()
{
    const char *path = getenv("EMU_PTX_COVERAGE");
    return path && *path ? path : nullptr;
}

/* Never destroyed: it is needed after the destructors of others. */
std::vector<std::shared_ptr<const Program>> &kept()
{
    static auto *const all = new std::vector<std::shared_ptr<const Program>>;
    return *all;
}

bool launched(const Program &p)
{
    return !p.code.empty() && p.counts.executed[0] > 0;
}

void append_lines(std::string &out, const Program &p)
{
    const std::string head = "compute_" + std::to_string(p.target) + "\t" + p.file + "\t" +
                             p.title + "\t" + p.kernel + "\t";
    for (size_t i = 0; i < p.code.size(); i++) {
        const bool guarded = p.code[i].guard != Operand::NO_REGISTER;
        const uint64_t n = p.counts.executed[i], taken = guarded ? p.counts.taken[i] : 0;
        out += head + std::to_string(i) + "\t" + std::to_string(p.line[i]) + "\t" +
               base_name(p.place[i]) + "\t" + p.text[i] + "\t" + std::to_string(n) + "\t" +
               (guarded ? std::to_string(taken) : "-") + "\t" +
               (guarded ? std::to_string(n - taken) : "-") + "\n";
    }
}

/* In one piece, so that programs that end together do not mix. */
void append_to_file(const char *path, const std::string &text)
{
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    const bool written =
        fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written) perror("cudaemu: EMU_PTX_COVERAGE");
    if (fd >= 0) close(fd);
}

void write_coverage()
{
    const char *path = wanted_file();
    std::string out;
    for (const auto &p : kept())
        if (launched(*p)) append_lines(out, *p);
    if (path && !out.empty()) append_to_file(path, out);
}

} // namespace

void keep_for_coverage(const std::shared_ptr<const Program> &program)
{
    if (!wanted_file()) return;
    static const int registered = atexit(write_coverage);
    if (registered != 0) fprintf(stderr, "cudaemu: coverage cannot be written at the end\n");
    kept().push_back(program);
}

} // namespace ptx
} // namespace emu
