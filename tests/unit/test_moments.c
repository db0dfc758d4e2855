/* Mean and scatter matrix on the CPU: every instruction set that this processor has, against loops
 * in extended precision.
 *
 * With u the unit roundoff of the computation and p the rows of a sum in its type, an entry of G
 * may be off by (p + 2) u sqrt(G_ii G_jj): the bound of an inner product of length p (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.1) whose terms carry two
 * roundings more, from centring, and the Cauchy-Schwarz inequality. Means are in float64: their
 * error is that of a sum, relative to the largest element, and enters G times the deviations.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/convert.h"
#include "cpu/moments_kernel.h"
#include "oracle/oracle.h"
#include "unit/support.h"

static const double untouched = 12345.0;

static const ritz_dtype types[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_U8};

/* One data set, and what is right for it. */
struct data {
    ritz_dtype dtype;
    ritz_layout layout;
    int64_t rows, cols, ld;
    void *elements;
    long double *mean, *G; /* cols; cols x cols, lower triangle, column-major */
    double largest;
};

static void *allocate(int64_t count, size_t size)
{
    void *p = calloc((size_t)count + 1, size);
    assert_non_null(p);
    return p;
}

static int64_t place_of(const struct data *d, int64_t i, int64_t j)
{
    return d->layout == RITZ_ROW_MAJOR ? i * d->ld + j : i + j * d->ld;
}

/* Elements around `offset`, rounded to the type; x: rows x cols, column-major, gets them. */
static void fill(struct data *d, double offset, double *x)
{
    const size_t size = ritz_dtype_size(d->dtype);
    const int64_t lines = d->layout == RITZ_ROW_MAJOR ? d->rows : d->cols;
    d->elements = allocate(lines * d->ld, size);
    for (int64_t j = 0; j < d->cols; j++) {
        for (int64_t i = 0; i < d->rows; i++) {
            const uint64_t index = (uint64_t)(j * d->rows + i);
            const double spread = d->dtype == RITZ_U8 ? 100 : 1;
            const double value = offset + spread * (double)matgen_uniform_at(5, index);
            void *p = (char *)d->elements + (size_t)place_of(d, i, j) * size;
            ritz_convert_strided(1, &value, (ritz_elem)RITZ_F64, 1, p, d->dtype, 1);
            ritz_convert_strided(1, p, (ritz_elem)d->dtype, 1, &x[j * d->rows + i], RITZ_F64, 1);
            d->largest = fmax(d->largest, fabs(x[j * d->rows + i]));
        }
    }
}

static void add_oracle(struct data *d, const double *x)
{
    const int64_t m = d->rows, n = d->cols;
    long double *centred = allocate(m * n, sizeof *centred);
    d->mean = allocate(n, sizeof *d->mean);
    d->G = allocate(n * n, sizeof *d->G);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) d->mean[j] += x[j * m + i];
        d->mean[j] /= (long double)m;
        for (int64_t i = 0; i < m; i++) centred[j * m + i] = x[j * m + i] - d->mean[j];
    }
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = j; k < n; k++)
            for (int64_t i = 0; i < m; i++)
                d->G[j * n + k] += centred[j * m + i] * centred[k * m + i];
    free(centred);
}

static struct data make_data(ritz_dtype dtype, ritz_layout layout, int64_t rows, int64_t cols,
                             double offset)
{
    const int64_t padding = 3;
    struct data d = {.dtype = dtype, .layout = layout, .rows = rows, .cols = cols};
    d.ld = (layout == RITZ_ROW_MAJOR ? cols : rows) + padding;
    double *x = allocate(rows * cols, sizeof *x);
    fill(&d, offset, x);
    add_oracle(&d, x);
    free(x);
    return d;
}

static void free_data(struct data *d)
{
    free(d->elements);
    free(d->mean);
    free(d->G);
}

/* ---- the computation ------------------------------------------------------------------------- */

struct moments_result {
    int64_t n, ld;
    double *mean, *G;
};

static void free_result(struct moments_result *r)
{
    free(r->mean);
    free(r->G);
}

/* In two calls if 0 < first < rows. What is not to be read is NaN before, or has its mark. */
static struct moments_result compute_on(ritz_stream *s, enum cpu_moments_path path,
                                        ritz_dtype compute, const struct data *d, int64_t first)
{
    struct moments_result r = {.n = d->cols, .ld = d->cols + 2};
    r.mean = allocate(r.n, sizeof *r.mean);
    r.G = allocate(r.ld * r.n, sizeof *r.G);
    for (int64_t j = 0; j < r.n; j++) {
        r.mean[j] = NAN;
        for (int64_t i = 0; i < r.ld; i++) r.G[j * r.ld + i] = i < j || i >= r.n ? untouched : NAN;
    }
    ritz_device *dev = s->device;
    const ritz_dmat A = ritz_with_ld(
        ritz_dmat_wrap(dev, d->elements, d->dtype, d->rows, d->cols, d->layout), d->ld);
    const ritz_dmat mean = ritz_dmat_wrap(dev, r.mean, RITZ_F64, r.n, 1, RITZ_COL_MAJOR);
    const ritz_dmat G =
        ritz_with_ld(ritz_dmat_wrap(dev, r.G, RITZ_F64, r.n, r.n, RITZ_COL_MAJOR), r.ld);
    int64_t count = 0;
    if (first > 0 && first < d->rows) {
        expect_ok(
            cpu_moments_merge_on(path, s, compute, 0, ritz_block(A, 0, 0, first, r.n), mean, G));
        count = first;
    }
    expect_ok(cpu_moments_merge_on(path, s, compute, count,
                                   ritz_block(A, count, 0, d->rows - count, r.n), mean, G));
    expect_ok(ritz_stream_sync(s));
    return r;
}

static void check(const struct data *d, ritz_dtype compute, const struct moments_result *r)
{
    const double u = compute == RITZ_F32 ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
    const double rows = (double)d->rows;
    const double mean_error = 1.01 * rows * (DBL_EPSILON / 2) * d->largest;
    for (int64_t j = 0; j < r->n; j++) {
        const double dj = sqrt((double)d->G[j * r->n + j]);
        assert_true(fabs((double)(r->mean[j] - d->mean[j])) <= mean_error);
        for (int64_t i = 0; i < r->ld; i++) {
            const double g = r->G[j * r->ld + i];
            if (i < j || i >= r->n) {
                assert_true(g == untouched);
                continue;
            }
            const double di = sqrt((double)d->G[i * r->n + i]);
            const double products = 1.01 * (CPU_MOMENTS_ROWS + 2) * u * di * dj;
            const double means =
                sqrt(rows) * mean_error * (di + dj) + rows * mean_error * mean_error;
            if (fabs((double)(g - d->G[j * r->n + i])) > products + means) {
                print_error("%d x %d, %s, %s: G(%d, %d) is %.17g, not %.17Lg\n", (int)d->rows,
                            (int)d->cols, ritz_dtype_name(d->dtype), ritz_dtype_name(compute),
                            (int)i, (int)j, g, d->G[j * r->n + i]);
                fail();
            }
        }
    }
}

static void check_everywhere(ritz_stream *s, const struct data *d)
{
    const int64_t firsts[] = {0, 1, 513};
    for (int path = 0; path < CPU_MOMENTS_PATHS; path++) {
        if (!cpu_moments_path_available((enum cpu_moments_path)path)) continue;
        for (int compute = 0; compute < 2; compute++) {
            const ritz_dtype type = compute ? RITZ_F64 : RITZ_F32;
            for (size_t k = 0; k < COUNT(firsts); k++) {
                if (firsts[k] >= d->rows) continue;
                struct moments_result r =
                    compute_on(s, (enum cpu_moments_path)path, type, d, firsts[k]);
                check(d, type, &r);
                free_result(&r);
            }
        }
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void check_shape(ritz_device *dev, int64_t rows, int64_t cols, size_t type)
{
    ritz_stream *s = inline_stream(dev);
    for (int layout = 0; layout < 2; layout++) {
        struct data d =
            make_data(types[type % COUNT(types)], layout ? RITZ_COL_MAJOR : RITZ_ROW_MAJOR, rows,
                      cols, types[type % COUNT(types)] == RITZ_U8 ? 128 : 3);
        check_everywhere(s, &d);
        free_data(&d);
    }
    expect_ok(ritz_stream_destroy(&s));
}

/* Around the sizes of vectors, panels and tiles of all sets, and of pieces and blocks. */
static void test_shapes(void **state)
{
    static const int64_t cols[] = {1, 2, 7, 8, 16, 17, 24, 31, 33, 48, 49, 100};
    static const int64_t rows[] = {1, 2, 127, 129, 256, 257, 511, 512, 513};
    size_t type = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(cols); j++) check_shape(*state, rows[i], cols[j], type++);
}

static void test_several_blocks(void **state)
{
    for (size_t type = 0; type < COUNT(types); type++) check_shape(*state, 3000, 33, type);
    check_shape(*state, 17000, 31, 0); /* more than the most pieces of a block */
    check_shape(*state, 600, 250, 1);  /* several tiles */
    check_shape(*state, 300, 784, 0);
}

/* Offsets that leave the elements few digits: the mean has to be taken off before anything else. */
static void test_offsets(void **state)
{
    ritz_stream *s = inline_stream(*state);
    static const struct {
        ritz_dtype dtype;
        double offset;
    } cases[] = {{RITZ_F16, 500}, {RITZ_F32, 1e5}, {RITZ_F32, -3e6}, {RITZ_F64, 1e9}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct data d = make_data(cases[i].dtype, RITZ_ROW_MAJOR, 700, 50, cases[i].offset);
        check_everywhere(s, &d);
        free_data(&d);
    }
    expect_ok(ritz_stream_destroy(&s));
}

/* The bits do not depend on the number of threads. */
static void test_threads(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    struct data d = make_data(RITZ_F32, RITZ_ROW_MAJOR, 1500, 250, 3);
    for (int path = 0; path < CPU_MOMENTS_PATHS; path++) {
        if (!cpu_moments_path_available((enum cpu_moments_path)path)) continue;
        for (int compute = 0; compute < 2; compute++) {
            const ritz_dtype type = compute ? RITZ_F64 : RITZ_F32;
            expect_ok(ritz_device_set_threads(dev, 1));
            struct moments_result one = compute_on(s, (enum cpu_moments_path)path, type, &d, 700);
            for (int threads = 2; threads <= 5; threads++) {
                expect_ok(ritz_device_set_threads(dev, threads));
                struct moments_result r = compute_on(s, (enum cpu_moments_path)path, type, &d, 700);
                assert_memory_equal(one.mean, r.mean, (size_t)r.n * sizeof(double));
                assert_memory_equal(one.G, r.G, (size_t)(r.ld * r.n) * sizeof(double));
                free_result(&r);
            }
            free_result(&one);
        }
    }
    expect_ok(ritz_device_set_threads(dev, 0));
    free_data(&d);
    expect_ok(ritz_stream_destroy(&s));
}

/* A NaN in the data is in its row and column of G, and nowhere else. */
static void test_nan(void **state)
{
    ritz_stream *s = inline_stream(*state);
    struct data d = make_data(RITZ_F32, RITZ_ROW_MAJOR, 300, 50, 3);
    const int64_t bad = 20;
    ((float *)d.elements)[place_of(&d, 7, bad)] = NAN;
    for (int path = 0; path < CPU_MOMENTS_PATHS; path++) {
        if (!cpu_moments_path_available((enum cpu_moments_path)path)) continue;
        struct moments_result r = compute_on(s, (enum cpu_moments_path)path, RITZ_F32, &d, 0);
        for (int64_t j = 0; j < r.n; j++)
            for (int64_t i = j; i < r.n; i++)
                assert_int_equal(isnan(r.G[j * r.ld + i]) != 0, i == bad || j == bad);
        free_result(&r);
    }
    free_data(&d);
    expect_ok(ritz_stream_destroy(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_several_blocks, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_offsets, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_threads, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_nan, open_cpu, close_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
