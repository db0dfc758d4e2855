/* compare_devices [--from=I] [--quick] [NAME...]: every public operation on the GPU and on the CPU,
 * from the same numbers, or those with one of these in their names, from number I on; --quick
 * without the largest sizes.
 *
 * Knows no emulation: scripts/gpu-validate runs it on a real device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/operations.h"

static const double TOLERANCE = 1e-9;

static struct outcome run_on(struct world *w, const struct operation *op, const char *device,
                             int64_t m, int64_t n)
{
    open_world(w, device, m, n);
    load_world(w, op);
    must(op->call(w));
    must(ritz_stream_sync(w->s));
    struct outcome o = outcome_of(w, op);
    return o;
}

/* The relative difference of the two results. */
static double compare(const struct operation *op, int64_t m, int64_t n)
{
    struct world cpu, gpu;
    struct outcome expected = run_on(&cpu, op, "cpu", m, n);
    struct outcome found = run_on(&gpu, op, "cuda", m, n);
    const double apart = difference(&gpu, &found, &expected);
    free(expected.values);
    free(found.values);
    close_world(&cpu);
    close_world(&gpu);
    return apart;
}

/* Number and name come first, in case this is the end. */
static bool agrees(size_t i, int64_t m, int64_t n, double *worst)
{
    const struct operation *op = &operations[i];
    const double limit = op->tolerance > 0 ? op->tolerance : TOLERANCE;
    printf("%3zu %-28s %-14s %4lld x %-4lld ", i, op->name, op->variant, (long long)m,
           (long long)n);
    fflush(stdout);
    const double apart = compare(op, m, n);
    if (apart / limit > *worst) *worst = apart / limit;
    printf("%8.1e%s\n", apart, apart <= limit ? "" : " FAIL");
    return apart <= limit;
}

static bool wanted(const struct operation *op, char **parts)
{
    if (!*parts) return true;
    while (*parts)
        if (strstr(op->name, *parts++)) return true;
    return false;
}

int main(int argc, char **argv)
{
    /* Own kernels; the libraries; more than one tile of everything. */
    static const int64_t sizes[][2] = {{30, 20}, {140, 110}, {400, 300}};
    const size_t from = starting_point(&argc, &argv);
    const bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    const size_t count = sizeof sizes / sizeof sizes[0] - (quick ? 1 : 0);
    double worst = 0;
    int compared = 0, problems = 0;
    ritz_device *open_all_the_time = NULL; /* opening one anew for each case takes long */
    must(ritz_device_open("cuda", &open_all_the_time));
    for (size_t i = from; i < operation_count; i++) {
        if (!wanted(&operations[i], argv + 1 + quick)) continue;
        compared++;
        for (size_t k = 0; k < count; k++) problems += !agrees(i, sizes[k][0], sizes[k][1], &worst);
    }
    must(ritz_device_close(&open_all_the_time));
    printf("%d operations, %d results differ; the largest difference is %.1e of its limit\n",
           compared, problems, worst);
    return problems > 0 || (compared == 0 && from == 0);
}
