/* dump_outcomes FILE: what every operation and every kernel case comes to on the GPU, for a
 * comparison of two plugins (compare_outcomes.py), each with its own process. For each case a line
 *
 *     name <tab> bound <tab> sizes of the pieces, separated by spaces
 *
 * and then the pieces as doubles. The bound is of the difference relative to the largest number of
 * the piece; 0: every number is the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/kernels.h"
#include "emu/operations.h"

static void write_case(FILE *file, const char *name, double bound, const size_t *sizes, int pieces,
                       const double *values)
{
    size_t count = 0;
    bool written = fprintf(file, "%s\t%g\t", name, bound) > 0;
    for (int i = 0; i < pieces; i++) {
        written = written && fprintf(file, "%s%zu", i ? " " : "", sizes[i]) > 0;
        count += sizes[i];
    }
    written = written && fputc('\n', file) != EOF;
    if (!written || fwrite(values, sizeof *values, count, file) != count) {
        printf("cannot write\n");
        exit(1);
    }
}

/* The numbers of float64 that the libraries and some hundred steps of one's own leave apart. */
static const double OPERATION_BOUND = 1e-11;

static void dump_operations(FILE *file)
{
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *op = &operations[i];
        struct world w;
        size_t sizes[PIECES];
        char name[200];
        open_world(&w, "cuda", 30, 20);
        load_world(&w, op);
        must(op->call(&w));
        must(ritz_stream_sync(w.s));
        struct outcome o = outcome_of(&w, op);
        piece_sizes(&w, sizes);
        snprintf(name, sizeof name, "%s %s", op->name, op->variant);
        write_case(file, name, op->tolerance > 0 ? op->tolerance : OPERATION_BOUND, sizes, PIECES,
                   o.values);
        free(o.values);
        close_world(&w);
    }
}

static void dump_kernel_case(FILE *file, const struct kernel_case *c, struct kit *k)
{
    const double eps = k->type == RITZ_F64 ? DBL_EPSILON : FLT_EPSILON;
    size_t sizes[KIT_MATRICES], count;
    char name[200];
    if (!c->applies(k)) return;
    open_kit(k);
    must(c->call(k));
    must(ritz_stream_sync(k->s));
    double *values = kit_values(k, &count);
    for (int i = 0; i < KIT_MATRICES; i++) (void)kit_place(k, i, &sizes[i]);
    snprintf(name, sizeof name, "%s %s %lldx%lld", c->name, ritz_dtype_name(k->type),
             (long long)k->m, (long long)k->n);
    write_case(file, name, c->tolerance * eps, sizes, KIT_MATRICES, values);
    free(values);
    close_kit(k);
}

static void dump_kernels(FILE *file)
{
    ritz_device *gpu;
    must(ritz_device_open("cuda", &gpu));
    for (size_t c = 0; c < kernel_case_count; c++)
        for (int form = 0; form < 4; form++) {
            struct kit k = {.dev = gpu,
                            .type = form & 1 ? RITZ_F32 : RITZ_F64,
                            .layout = form & 1 ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR,
                            .m = form & 2 ? 90 : 40,
                            .n = form & 2 ? 90 : 37,
                            .batch = 2};
            dump_kernel_case(file, &kernel_cases[c], &k);
        }
    must(ritz_device_close(&gpu));
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
    if (!file) {
        printf("dump_outcomes FILE\n");
        return 2;
    }
    dump_operations(file);
    dump_kernels(file);
    return fclose(file) != 0;
}
