/* compare_devices: every public operation on the GPU and on the CPU, from the same numbers.
 *
 * Knows no emulation: scripts/gpu-validate runs it on a real device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
    /* Own kernels; the libraries; more than one tile of everything. */
    static const int64_t sizes[][2] = {{30, 20}, {140, 110}, {400, 300}};
    double worst = 0;
    int problems = 0;
    for (size_t i = 0; i < operation_count; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            const struct operation *op = &operations[i];
            const double limit = op->tolerance > 0 ? op->tolerance : TOLERANCE;
            const double apart = compare(op, sizes[k][0], sizes[k][1]);
            const int good = apart <= limit;
            if (!good) problems++;
            if (apart / limit > worst) worst = apart / limit;
            printf("%s%-28s %-14s %4lld x %-4lld %8.1e\n", good ? "" : "FAIL ", op->name,
                   op->variant, (long long)sizes[k][0], (long long)sizes[k][1], apart);
        }
    printf("%zu operations, %d differ; the largest difference is %.1e of its limit\n",
           operation_count, problems, worst);
    return problems > 0;
}
