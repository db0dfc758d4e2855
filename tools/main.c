/* The command `ritz`: finds the subcommand and runs it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static const char help[] =
    "usage: ritz COMMAND [OPTION]...\n"
    "\n"
    "Numerical linear algebra for machine learning, on a GPU or the CPU.\n"
    "\n"
    "commands:\n"
    "  pca    principal components of the rows of one or more files\n"
    "  svd    singular values and vectors of the matrix in the files\n"
    "  cur    some of its own columns and rows that stand for the whole\n"
    "  lstsq  least squares and ridge regression of one file on another\n"
    "  info   version, devices, libraries\n"
    "\n"
    "options:\n"
    "  -h, --help     print this and exit; `ritz COMMAND --help` tells about a command\n"
    "  -V, --version  print the version and exit\n"
    "\n"
    "examples:\n"
    "  ritz pca data.npy -k 50 --out results\n"
    "  ritz svd data.npy -k 10 --json\n"
    "  ritz cur counts.mtx.gz -k 20 --out results\n"
    "  ritz lstsq X.npy y.npy --out results\n"
    "  ritz info --ops\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done, but a tolerance was not met,\n"
    "130 interrupted. Manual: man ritz\n";

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"pca", command_pca},     {"svd", command_svd},   {"cur", command_cur},
    {"lstsq", command_lstsq}, {"info", command_info},
};

void complain(const char *format, ...)
{
    va_list arguments;

    fputs("ritz: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* The library names the function that failed; whoever typed a command did not call it. */
const char *last_message(void)
{
    const char *message = ritz_last_error();
    if (strncmp(message, "ritz_", 5) != 0) return message;
    size_t length = strspn(message, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return strncmp(message + length, ": ", 2) == 0 ? message + length + 2 : message;
}

void complain_last(void)
{
    complain("%s", last_message());
}

int complain_library(ritz_status status)
{
    if (status == RITZ_ERR_CANCELLED) {
        complain("interrupted; nothing was written");
        return STATUS_INTERRUPTED;
    }
    complain_last();
    return STATUS_FAILED;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        complain("a command is missing: pca, svd, cur, lstsq or info; see ritz --help");
        return STATUS_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
        fputs(help, stdout);
        return STATUS_OK;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("ritz " RITZ_VERSION_STRING);
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!strcmp(name, commands[i].name)) return commands[i].run(argc - 1, argv + 1);
    }
    complain("unknown %s %s; the commands are pca, svd, cur, lstsq and info, see ritz --help",
             name[0] == '-' ? "option" : "command", name);
    return STATUS_USAGE;
}

/* A file in the memory of the process that somebody cuts short has pages that are gone. */
static void on_lost_page(int number)
{
    static const char message[] =
        "ritz: a file became shorter while it was read; nothing was written\n";
    (void)number;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(STATUS_FAILED);
}

int main(int argc, char **argv)
{
    signal(SIGBUS, on_lost_page);
    /* A write beyond the limit on file sizes is then an error with a message, not a death. */
    signal(SIGXFSZ, SIG_IGN);

    int status = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("cannot write to standard output: %s", strerror(errno));
        if (status == STATUS_OK || status == STATUS_NOT_MET) status = STATUS_FAILED;
    }
    return status;
}
