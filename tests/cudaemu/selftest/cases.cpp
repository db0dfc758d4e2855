/* The runner of cases.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace cases
{

namespace
{

const Case *first;
const Case **last = &first;
constexpr unsigned SECONDS = 60;
constexpr int FAULT = 99;

/* Nothing may be left over. */
void run_body(const Case &c, emu_mode_kind mode)
{
    alarm(SECONDS);
    emu_mode(mode);
    c.body();
    int left = emu_check_idle();
    fflush(stdout);
    _exit(left == 0 ? 0 : 1);
}

std::string read_all(int fd)
{
    std::string text;
    char buffer[4096];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n > 0) text.append(buffer, size_t(n));
        if (n == 0 || (n < 0 && errno != EINTR)) return text;
    }
}

bool as_expected(const Case &c, int status, const std::string &output)
{
    switch (c.outcome) {
    case Outcome::Passes: return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    case Outcome::Aborts:
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
               output.find("violation [" + std::string(c.expected) + "]") != std::string::npos;
    default:
        return WIFEXITED(status) && WEXITSTATUS(status) == FAULT &&
               output.find(c.expected) != std::string::npos;
    }
}

bool run(const Case &c, emu_mode_kind mode, const char *mode_name)
{
    int ends[2];
    if (pipe(ends) != 0) return false;
    fflush(nullptr);
    pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        run_body(c, mode);
    }
    close(ends[1]);
    std::string output = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    bool good = waitpid(child, &status, 0) == child && as_expected(c, status, output);
    printf("%s %s (%s)\n", good ? "ok  " : "FAIL", c.name, mode_name);
    if (!good)
        printf("  wait status 0x%x, expected '%s'; output:\n%s\n", status, c.expected,
               output.c_str());
    return good;
}

} // namespace

Case::Case(const char *name_, void (*body_)(), Outcome outcome_, const char *expected_,
           unsigned modes_)
    : name(name_), body(body_), outcome(outcome_), expected(expected_), modes(modes_), next(nullptr)
{
    *last = this;
    last = &next;
}

int main(int argc, char **argv)
{
    static const char *const mode_names[] = {"late", "early", "random"};
    int made = 0, failed = 0;
    for (const Case *c = first; c; c = c->next) {
        if (argc > 1 && !strstr(c->name, argv[1])) continue;
        for (int mode = EMU_LATE; mode <= EMU_RANDOM_MODE; mode++) {
            if (!(c->modes & 1u << mode)) continue;
            made++;
            if (!run(*c, emu_mode_kind(mode), mode_names[mode])) failed++;
        }
    }
    printf("%d runs, %d failed\n", made, failed);
    return made == 0 || failed > 0;
}

} // namespace cases

int main(int argc, char **argv)
{
    return cases::main(argc, argv);
}
