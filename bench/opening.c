/* What the first ritz_device_open of a process costs, with loading the CUDA plugin if it is asked
 * for; and that it is not loaded if not. A process opens once: each sample is a process of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <link.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

enum { MOST_PROCESSES = 200 };

/* ---- in the process that opens --------------------------------------------------------------- */

static int is_plugin(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    return info->dlpi_name && strstr(info->dlpi_name, "libritz_cuda") != NULL;
}

int bench_open_once(const char *device)
{
    ritz_device *dev = NULL;
    const double start = bench_now();
    const ritz_status status = ritz_device_open(device, &dev);
    const double seconds = bench_now() - start;
    const int plugin = dl_iterate_phdr(is_plugin, NULL);
    (void)printf("%.9f %d %d\n", seconds, status == RITZ_OK, plugin);
    return ritz_device_close(&dev) ? 1 : 0;
}

/* ---- in the benchmark ------------------------------------------------------------------------ */

struct opening {
    double seconds;
    int opened, plugin;
};

static int read_line(int from, struct opening *o)
{
    char line[128];
    size_t used = 0;
    ssize_t got = 0;
    while (used + 1 < sizeof line && (got = read(from, line + used, sizeof line - 1 - used)) > 0)
        used += (size_t)got;
    line[used] = '\0';
    return sscanf(line, "%lf %d %d", &o->seconds, &o->opened, &o->plugin) == 3 ? 0 : -1;
}

static int spawn(const char *device, int output, pid_t *child)
{
    char program[] = "ritz-bench", option[] = BENCH_OPEN_ONCE, name[32];
    char *const arguments[] = {program, option, name, NULL};
    posix_spawn_file_actions_t actions;
    (void)snprintf(name, sizeof name, "%s", device);
    if (posix_spawn_file_actions_init(&actions)) return -1;
    const int failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) ||
                       posix_spawn(child, "/proc/self/exe", &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed ? -1 : 0;
}

static int open_in_a_process(const char *device, struct opening *o)
{
    int ends[2], status = 0;
    pid_t child = 0;
    if (pipe(ends)) return -1;
    const int spawned = spawn(device, ends[1], &child) == 0;
    (void)close(ends[1]);
    int failed = !spawned || read_line(ends[0], o);
    (void)close(ends[0]);
    if (spawned && (waitpid(child, &status, 0) != child || status != 0)) failed = -1;
    return failed ? -1 : 0;
}

static int sample(const char *device, struct bench_budget budget, struct bench_stats *stats,
                  struct opening *last)
{
    double seconds[MOST_PROCESSES];
    int count = 0;
    const double start = bench_now();
    while (count < MOST_PROCESSES &&
           (count < budget.min_samples || bench_now() - start < budget.seconds)) {
        if (open_in_a_process(device, last)) return -1;
        seconds[count++] = last->seconds;
    }
    *stats = bench_summarise(seconds, count);
    return 0;
}

int bench_open_cpu(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                   char *why)
{
    struct opening last = {0, 0, 0};
    (void)device;
    (void)snprintf(why, 256, "a process that opens the device \"cpu\" fails");
    if (sample("cpu", budget, stats, &last) || !last.opened) return -1;
    (void)snprintf(why, 256, "the CUDA plugin is loaded, and nobody asked for it");
    return last.plugin ? -1 : 0;
}

/* 1 if the outcome is the other one: opened, or refused. */
static int open_cuda(int opened, struct bench_budget budget, struct bench_stats *stats, char *why)
{
    struct opening last = {0, 0, 0};
    (void)snprintf(why, 256, "a process that opens the device \"cuda\" fails");
    if (open_in_a_process("cuda", &last)) return -1;
    if (last.opened != opened) return 1;
    return sample("cuda", budget, stats, &last);
}

int bench_open_cuda(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                    char *why)
{
    (void)device;
    return open_cuda(1, budget, stats, why);
}

int bench_refuse_cuda(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                      char *why)
{
    (void)device;
    return open_cuda(0, budget, stats, why);
}
