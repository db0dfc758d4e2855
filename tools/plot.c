/* Pictures of results, drawn by scripts that use matplotlib.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "output.h"

/* Where the script is, seen from the directory of the executable: in a build tree, installed, and
 * in an installed tree that was moved. */
#ifndef RITZ_DATA_DIR_FROM_BIN
#define RITZ_DATA_DIR_FROM_BIN "../share/ritz"
#endif

bool parse_plot(const char *file, struct plot *plot)
{
    const char *dot = strrchr(file, '.');
    if (dot == NULL || dot == file ||
        (strcasecmp(dot, ".png") && strcasecmp(dot, ".pdf") && strcasecmp(dot, ".svg"))) {
        complain("--plot needs a file name that ends in .png, .pdf or .svg, not '%s'", file);
        return false;
    }
    plot->file = file;
    return true;
}

static char *find_script(const char *name)
{
    char executable[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (length < 0) {
        complain("cannot find the plotting script: /proc/self/exe: %s", strerror(errno));
        return NULL;
    }
    executable[length] = '\0';
    char *directory = path_join(dirname(executable), RITZ_DATA_DIR_FROM_BIN);
    char *script = directory != NULL ? path_join(directory, name) : NULL;
    free(directory);
    if (script != NULL && access(script, R_OK) != 0) {
        complain("cannot read the plotting script %s: %s; install Ritz as a whole", script,
                 strerror(errno));
        free(script);
        script = NULL;
    }
    return script;
}

/* Run a program with its standard output sent to `output`, and its errors too if `silent`.
 * Returns its exit status, or -1 if it could not be run or was killed. */
static int run_program(const char *const *arguments, bool silent)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;

    /* Standard output belongs to the report: what the script prints goes to standard error. */
    int error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (error == 0 && silent) {
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (error == 0) {
            error = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
        }
    }
    pid_t child = -1;
    /* posix_spawn takes arguments that it does not change as char *. */
    if (error == 0) {
        error =
            posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return -1;

    int outcome;
    while (waitpid(child, &outcome, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -1;
}

/* The first interpreter that has what the script needs. */
static const char *find_python(const char *script)
{
    const char *chosen = getenv("RITZ_PYTHON");
    const char *const usual[] = {"/usr/bin/python3", "python3"};
    const char *const *candidates = chosen != NULL && chosen[0] != '\0' ? &chosen : usual;
    size_t count = candidates == usual ? 2 : 1;

    for (size_t i = 0; i < count; i++) {
        const char *const arguments[] = {candidates[i], script, "--check", NULL};
        if (run_program(arguments, true) == 0) return candidates[i];
    }
    complain("--plot needs matplotlib, which %s does not have; install the Debian package "
             "python3-matplotlib, or leave out --plot",
             count == 1 ? chosen : "no python3 here");
    return NULL;
}

bool plot_prepare(struct plot *plot)
{
    if (plot->file == NULL) return true;
    if (!output_file_possible("the picture", plot->file)) return false;
    plot->script = find_script(plot->name);
    if (plot->script == NULL) return false;
    plot->python = find_python(plot->script);
    return plot->python != NULL;
}

bool plot_draw(const struct plot *plot, const char *results, const char *const *more)
{
    const char *arguments[6 + PLOT_ARGUMENTS_MAX + 1] = {plot->python, plot->script, "--results",
                                                         results,      "--output",   plot->file};
    size_t count = 6;
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) arguments[count++] = more[i];
    if (run_program(arguments, false) == 0) return true;
    complain("the picture %s could not be drawn", plot->file);
    return false;
}

void plot_release(struct plot *plot)
{
    free(plot->script);
    plot->script = NULL;
}
