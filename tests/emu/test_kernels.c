/* Every case of kernels.def on the emulated GPU and on the CPU, from the same numbers, in both
 * types, layouts and several shapes, and every conversion of data types. RITZ_TEST_LEVEL=sample: a
 * few small shapes, and no conversions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/kernels.h"
#include "emu/operations.h"

static ritz_device *cpu, *gpu;
static int cases, problems;

static void report(const char *what, const char *name, const struct kit *k, double apart)
{
    problems++;
    printf("FAIL %s of %s %s %s, %lld x %lld, batch %lld%s: %.3g apart\n", what, name,
           ritz_dtype_name(k->type), k->layout == RITZ_COL_MAJOR ? "columns" : "rows",
           (long long)k->m, (long long)k->n, (long long)k->batch, k->spoiled ? ", spoiled" : "",
           apart);
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* The largest difference, relative to the largest value of the matrix. What is not finite must be
 * the same, and so must a matrix of zeros. */
static double apart(const double *a, const double *b, size_t count)
{
    double largest = 0, worst = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(b[i])) largest = fmax(largest, fabs(b[i]));
    for (size_t i = 0; i < count; i++) {
        if (same(a[i], b[i])) continue;
        if (!isfinite(a[i]) || !isfinite(b[i]) || largest == 0) return HUGE_VAL;
        worst = fmax(worst, fabs(a[i] / largest - b[i] / largest));
    }
    return worst;
}

/* ---- the cases of kernels.def ---------------------------------------------------------------- */

static double *values_on(ritz_device *dev, const struct kernel_case *c, struct kit k, size_t *count)
{
    k.dev = dev;
    open_kit(&k);
    must(c->call(&k));
    must(ritz_stream_sync(k.s));
    double *values = kit_values(&k, count);
    close_kit(&k);
    return values;
}

static void run_case(const struct kernel_case *c, const struct kit *k)
{
    if (!c->applies(k)) return;
    const double eps = k->type == RITZ_F64 ? DBL_EPSILON : FLT_EPSILON;
    const double side = (double)(k->m > k->n ? k->m : k->n), limit = c->tolerance * eps * side;
    size_t count, elements;
    double *expected = values_on(cpu, c, *k, &count), *found = values_on(gpu, c, *k, &count);
    cases++;
    for (int i = 0; i < KIT_MATRICES; i++) {
        const size_t at = kit_place(k, i, &elements);
        const double d = apart(found + at, expected + at, elements);
        if (!(d <= (kit_is_integer(i) ? 0 : limit))) report(kit_matrix_name(i), c->name, k, d);
    }
    free(expected);
    free(found);
}

static void run_cases(size_t shapes)
{
    for (size_t i = 0; i < shapes; i++)
        for (size_t c = 0; c < kernel_case_count; c++)
            for (int form = 0; form < 6; form++) {
                const struct kit k = {.type = form & 1 ? RITZ_F32 : RITZ_F64,
                                      .layout = form & 2 ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR,
                                      .m = kit_shapes[i].m,
                                      .n = kit_shapes[i].n,
                                      .batch = kit_shapes[i].batch,
                                      .spoiled = form >= 4};
                run_case(&kernel_cases[c], &k);
            }
}

/* ---- conversions ----------------------------------------------------------------------------- */

static const ritz_dtype types[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_BF16,
                                   RITZ_I8,  RITZ_U8,  RITZ_I32, RITZ_I64};
enum { TYPES = sizeof types / sizeof *types, MOST = 1400 /* elements of an item, and columns */ };

/* Shapes for which kernels have different ways. Padded: columns do not touch each other. */
struct form {
    int64_t m, n, batch;
    ritz_layout layout; /* of the source; the target lies by columns */
    bool padded;
};
static const struct form forms[] = {{35, 34, 1, RITZ_COL_MAJOR, false},
                                    {35, 34, 2, RITZ_COL_MAJOR, true},
                                    {300, 3, 1, RITZ_COL_MAJOR, true},
                                    {34, 35, 2, RITZ_ROW_MAJOR, true},
                                    {9, 10, 2, RITZ_ROW_MAJOR, true}};
enum { FORMS = sizeof forms / sizeof *forms };

enum how { COPY, ADD_ROW, COL_SUMS };

/* Fractions, what lies beyond small types, and what is not finite: in sums, these would leave
 * nothing else to see. */
static void fill_source(enum how how, double *values, int64_t count)
{
    static const double special[] = {NAN,   INFINITY, -INFINITY, 65519, 65520, 1e10, -1e10,
                                     1e300, -1e-300,  0x1p-25,   254.5, 255.5, 0.5,  1.5};
    enum { SPECIAL = sizeof special / sizeof *special };
    for (int64_t i = 0; i < count; i++) {
        values[i] = 0.37 * (double)i - 200;
        if (how != COL_SUMS && i % 5 == 4 && i / 5 < SPECIAL) values[i] = special[i / 5];
    }
}

static ritz_dmat matrix(ritz_stream *s, ritz_dtype type, ritz_layout layout, const struct form *f,
                        ritz_dmat *owner)
{
    const int64_t more = f->padded ? 1 : 0;
    must(ritz_dmat_create_batch(s, type, layout, f->m + more, f->n + more, f->batch, owner));
    return ritz_block(*owner, 0, 0, f->m, f->n);
}

static ritz_status convert(enum how how, ritz_stream *s, ritz_dmat row, ritz_dmat A, ritz_dmat B)
{
    if (how == COPY) return ritz_op_copy(s, A, B);
    if (how == ADD_ROW) return ritz_op_add_row(s, -1.5, row, A, B);
    return ritz_op_col_sums(s, A, row);
}

/* The last item of the result, and the row. */
static void converted(ritz_device *dev, enum how how, const struct form *f, ritz_dtype from,
                      ritz_dtype to, double *values)
{
    double source[MOST];
    ritz_stream *s;
    ritz_dmat owner[4];
    fill_source(how, source, f->m * f->n);
    must(ritz_stream_create(dev, &s));
    const ritz_dmat start = matrix(s, RITZ_F64, f->layout, f, &owner[0]);
    const ritz_dmat A = matrix(s, from, f->layout, f, &owner[1]);
    const ritz_dmat B = matrix(s, to, RITZ_COL_MAJOR, f, &owner[2]);
    must(ritz_dmat_create_batch(s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, f->batch, &owner[3]));
    const ritz_dmat row = owner[3];
    for (int64_t b = 0; b < f->batch; b++)
        must(ritz_upload(s, ritz_hmat_wrap(source, RITZ_F64, f->m, f->n, f->layout),
                         ritz_batch_item(start, b)));
    must(ritz_op_copy(s, start, A));
    must(ritz_op_fill(s, how == COPY ? 0.0 : 1.0, B));
    must(ritz_op_fill(s, 0.75, row));
    must(convert(how, s, row, A, B));
    must(ritz_download(s, ritz_batch_item(B, f->batch - 1),
                       ritz_hmat_wrap(values, RITZ_F64, f->m, f->n, RITZ_COL_MAJOR)));
    must(ritz_download(s, ritz_batch_item(row, f->batch - 1),
                       ritz_hmat_wrap(values + f->m * f->n, RITZ_F64, f->n, 1, RITZ_COL_MAJOR)));
    must(ritz_stream_sync(s));
    for (int i = 0; i < 4; i++) must(ritz_dmat_destroy(s, &owner[i]));
    must(ritz_stream_destroy(&s));
}

static void run_conversion(enum how how, const struct form *f, ritz_dtype from, ritz_dtype to)
{
    static const char *const names[] = {"copy", "add_row", "col_sums"};
    static double expected[MOST], found[MOST];
    converted(cpu, how, f, from, to, expected);
    converted(gpu, how, f, from, to, found);
    cases++;
    double d = 0;
    for (int64_t i = 0; i < (f->m + 1) * f->n; i++) {
        if (same(found[i], expected[i])) continue;
        const bool both = isfinite(found[i]) && isfinite(expected[i]);
        const double by = fabs(found[i] - expected[i]) / fmax(fabs(expected[i]), 1);
        d = both ? fmax(d, by) : HUGE_VAL;
    }
    if (d == 0 || (how == COL_SUMS && d < 1e-14)) return;
    problems++;
    printf("FAIL %s from %s to %s, %lld x %lld, batch %lld, %s: %.3g apart\n", names[how],
           ritz_dtype_name(from), ritz_dtype_name(to), (long long)f->m, (long long)f->n,
           (long long)f->batch, f->layout == RITZ_COL_MAJOR ? "columns" : "rows", d);
}

static void run_conversions(void)
{
    for (const struct form *f = forms; f < forms + FORMS; f++)
        for (int i = 0; i < TYPES; i++) {
            for (int j = 0; j < TYPES; j++) run_conversion(COPY, f, types[i], types[j]);
            for (int j = 0; j < 2; j++) run_conversion(ADD_ROW, f, types[i], types[j]);
            run_conversion(COL_SUMS, f, types[i], RITZ_F64);
        }
}

int main(void)
{
    enum { SAMPLED_SHAPES = 5 }; /* the first ones: empty, and small */
    const char *level = getenv("RITZ_TEST_LEVEL");
    const bool sample = level && strcmp(level, "sample") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(ritz_device_open("cpu", &cpu));
    must(ritz_device_open("cuda", &gpu));
    run_cases(sample ? SAMPLED_SHAPES : kit_shape_count);
    if (!sample) run_conversions();
    must(ritz_device_close(&gpu));
    must(ritz_device_close(&cpu));
    printf("%d cases, %d problems\n", cases, problems);
    return problems > 0 || emu_check_idle() != 0;
}
