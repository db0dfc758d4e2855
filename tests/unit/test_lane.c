/* Batches of small matrices in lanes: Cholesky, LU, solves and products with every instruction set
 * that this processor has, against plain loops in extended precision.
 *
 * With u the unit roundoff, the bounds are those of Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed. 2002, theorems 10.3, 10.4 (Cholesky), 9.3, 9.4 (LU) and section 3.5
 * (products): |A - L Lᵀ| <= (n + 1) u |L||Lᵀ|, |P A - L U| <= n u |L||U|, |b - A x| <= 3 n u
 * |L||U||x|. Lanes multiply by reciprocals, which is one rounding more, and diagonals are in the
 * range of n + 4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/lane/lane.h"
#include "cpu/ops.h"
#include "cpu/small_gemm.h"
#include "oracle/oracle.h"
#include "unit/support.h"

static const int orders[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64};
enum { LARGEST = 64, BATCH = 19 };

static const char *const path_names[LANE_PATHS] = {"baseline", "avx2", "avx512"};

/* ---- batches in memory ----------------------------------------------------------------------- */

struct form {
    ritz_dtype dtype;
    ritz_layout layout;
    int pad; /* elements between lines, and twice as many between items */
};

/* A batch with gaps; what is in them, and in `before`, shows what an operation left alone. */
struct batch {
    struct form form;
    int64_t rows, cols, ld, stride, items;
    size_t bytes;
    void *data, *before;
};

static void *allocate(size_t bytes)
{
    void *p = malloc(bytes + 1);
    assert_non_null(p);
    return p;
}

static int64_t place(const struct batch *x, int64_t b, int64_t i, int64_t j)
{
    return b * x->stride + (x->form.layout == RITZ_COL_MAJOR ? i + j * x->ld : j + i * x->ld);
}

static double get(const struct batch *x, int64_t b, int64_t i, int64_t j)
{
    const int64_t at = place(x, b, i, j);
    return x->form.dtype == RITZ_F64 ? ((double *)x->data)[at] : (double)((float *)x->data)[at];
}

static double get_before(const struct batch *x, int64_t b, int64_t i, int64_t j)
{
    const int64_t at = place(x, b, i, j);
    return x->form.dtype == RITZ_F64 ? ((double *)x->before)[at] : (double)((float *)x->before)[at];
}

static void set(struct batch *x, int64_t b, int64_t i, int64_t j, double value)
{
    const int64_t at = place(x, b, i, j);
    if (x->form.dtype == RITZ_F64)
        ((double *)x->data)[at] = value;
    else
        ((float *)x->data)[at] = (float)value;
}

/* Elements in (-1, 1), times `scale`. */
static struct batch make(struct form form, int64_t rows, int64_t cols, int64_t items, uint64_t seed,
                         double scale)
{
    struct batch x = {.form = form, .rows = rows, .cols = cols, .items = items};
    const int64_t length = form.layout == RITZ_COL_MAJOR ? rows : cols;
    const int64_t lines = form.layout == RITZ_COL_MAJOR ? cols : rows;
    x.ld = length + form.pad > 0 ? length + form.pad : 1;
    x.stride = x.ld * lines + 2 * form.pad;
    x.bytes = (size_t)(x.stride * items) * ritz_dtype_size(form.dtype);
    x.data = allocate(x.bytes);
    x.before = allocate(x.bytes);
    memset(x.data, 0x5a, x.bytes);
    for (int64_t b = 0; b < items; b++)
        for (int64_t j = 0; j < cols; j++)
            for (int64_t i = 0; i < rows; i++) {
                const uint64_t index = (uint64_t)((b * cols + j) * rows + i);
                const double v = (double)matgen_uniform_at(seed, index);
                set(&x, b, i, j, scale * v);
            }
    memcpy(x.before, x.data, x.bytes);
    return x;
}

/* Symmetric with eigenvalues around 1 in the triangle; the other one is left as it is. */
static struct batch make_spd(struct form form, ritz_uplo uplo, int64_t n, int64_t items,
                             double scale)
{
    struct batch x = make(form, n, n, items, 11, scale);
    for (int64_t b = 0; b < items; b++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = j; i < n; i++) {
                const double v = get(&x, b, i, j) / (2 * (double)n) + (i == j ? scale : 0);
                set(&x, b, uplo == RITZ_LOWER ? i : j, uplo == RITZ_LOWER ? j : i, v);
            }
    memcpy(x.before, x.data, x.bytes);
    return x;
}

static void drop(struct batch *x)
{
    free(x->data);
    free(x->before);
}

static ritz_dmat matrix(ritz_device *dev, const struct batch *x)
{
    ritz_dmat A = ritz_dmat_wrap(dev, x->data, x->form.dtype, x->rows, x->cols, x->form.layout);
    A = ritz_with_ld(A, x->ld);
    return ritz_batched(A, x->items, x->stride);
}

static ritz_dmat item_of(ritz_device *dev, const struct batch *x, int64_t b)
{
    return ritz_batch_item(matrix(dev, x), b);
}

static ritz_dmat integers(ritz_device *dev, int32_t *data, int64_t rows, int64_t items)
{
    ritz_dmat v = ritz_dmat_wrap(dev, data, RITZ_I32, rows, 1, RITZ_COL_MAJOR);
    return ritz_batched(v, items, rows);
}

/* Nothing has changed outside of the elements, or of one triangle of them. */
static void expect_rest_kept(struct batch *x, int whole, ritz_uplo uplo)
{
    void *now = allocate(x->bytes);
    memcpy(now, x->data, x->bytes);
    for (int64_t b = 0; b < x->items; b++)
        for (int64_t j = 0; j < x->cols; j++)
            for (int64_t i = 0; i < x->rows; i++)
                if (whole || (uplo == RITZ_LOWER ? i >= j : i <= j))
                    set(x, b, i, j, get_before(x, b, i, j));
    assert_memory_equal(x->data, x->before, x->bytes);
    memcpy(x->data, now, x->bytes);
    free(now);
}

static void expect_same_item(const struct batch *x, const struct batch *y, int64_t b)
{
    const size_t item = (size_t)x->stride * ritz_dtype_size(x->form.dtype);
    assert_memory_equal((char *)x->data + (size_t)b * item, (char *)y->data + (size_t)b * item,
                        item);
}

/* ---- what is right --------------------------------------------------------------------------- */

static double unit(ritz_dtype dtype)
{
    return dtype == RITZ_F64 ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
}

static double smallest(ritz_dtype dtype)
{
    return dtype == RITZ_F64 ? DBL_TRUE_MIN : (double)FLT_TRUE_MIN;
}

enum operation { CHOLESKY, SPD_SOLVE, LU, SOLVE, GEMM, OPERATIONS };
static const char *const operation_names[OPERATIONS] = {"cholesky", "spd_solve", "lu", "solve",
                                                        "gemm"};
static long double worst[LANE_PATHS][2][OPERATIONS];

/* |error| against factor * u * size, and roundings of numbers too small for u. */
static void judge(enum operation op, const struct batch *x, long double error, double factor,
                  long double size)
{
    const long double bound =
        factor * unit(x->form.dtype) * size + factor * 2 * smallest(x->form.dtype);
    if (!(fabsl(error) <= bound)) {
        print_error("%s, %s, %s: %d x %d, error %Lg, bound %Lg\n", operation_names[op],
                    path_names[cpu_lane_path()], ritz_dtype_name(x->form.dtype), (int)x->rows,
                    (int)x->cols, error, bound);
        fail();
    }
    long double *w = &worst[cpu_lane_path()][x->form.dtype == RITZ_F64][op];
    if (bound > 0 && fabsl(error) / bound > *w) *w = fabsl(error) / bound;
}

static long double lower_before(const struct batch *x, ritz_uplo uplo, int64_t b, int64_t i,
                                int64_t j)
{
    const int swap = (i < j) != (uplo == RITZ_UPPER);
    return swap ? get_before(x, b, j, i) : get_before(x, b, i, j);
}

static void check_cholesky(const struct batch *x, ritz_uplo uplo, int64_t b)
{
    const int64_t n = x->rows;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++) {
            long double sum = 0, size = 0;
            for (int64_t k = 0; k <= j; k++) {
                const int low = uplo == RITZ_LOWER;
                const long double p = (long double)(low ? get(x, b, i, k) : get(x, b, k, i)) *
                                      (low ? get(x, b, j, k) : get(x, b, k, j));
                sum += p;
                size += fabsl(p);
            }
            judge(CHOLESKY, x, sum - lower_before(x, uplo, b, i, j), (double)n + 4, size);
        }
}

static void check_lu(const struct batch *x, const int32_t *pivots, int64_t b)
{
    const int64_t n = x->rows;
    int64_t row[LARGEST];
    for (int64_t i = 0; i < n; i++) row[i] = i;
    for (int64_t k = 0; k < n; k++) {
        const int64_t p = pivots[b * n + k] - 1;
        assert_true(p >= k && p < n);
        const int64_t swapped = row[k];
        row[k] = row[p];
        row[p] = swapped;
    }
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
            long double sum = 0, size = 0;
            for (int64_t k = 0; k <= i && k <= j; k++) {
                const long double p = (k == i ? 1 : (long double)get(x, b, i, k)) * get(x, b, k, j);
                sum += p;
                size += fabsl(p);
            }
            judge(LU, x, sum - get_before(x, b, row[i], j), (double)n + 3, size);
            if (i > j) assert_true(fabs(get(x, b, i, j)) <= 1 + 4 * unit(x->form.dtype));
        }
}

/* M = |L||U| of Gaussian elimination with partial pivoting, in the order of A's rows. */
static void elimination_size(int64_t n, long double *A, long double *M)
{
    static long double L[LARGEST * LARGEST];
    int64_t row[LARGEST];
    for (int64_t i = 0; i < n; i++) row[i] = i;
    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabsl(A[row[i] * n + k]) > fabsl(A[row[p] * n + k])) p = i;
        const int64_t swapped = row[k];
        row[k] = row[p];
        row[p] = swapped;
        L[row[k] * n + k] = 1;
        for (int64_t i = k + 1; i < n; i++) {
            const long double l = A[row[i] * n + k] / A[row[k] * n + k];
            L[row[i] * n + k] = l;
            for (int64_t j = k; j < n; j++) A[row[i] * n + j] -= l * A[row[k] * n + j];
        }
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            M[row[i] * n + j] = 0;
            for (int64_t k = 0; k <= i && k <= j; k++)
                M[row[i] * n + j] += fabsl(L[row[i] * n + k] * A[row[k] * n + j]);
        }
}

static void check_solution(enum operation op, const struct batch *A, ritz_uplo uplo, int64_t a,
                           const struct batch *X, int64_t b)
{
    static long double full[LARGEST * LARGEST], work[LARGEST * LARGEST], M[LARGEST * LARGEST];
    const int64_t n = A->rows;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            full[i * n + j] =
                op == SOLVE ? (long double)get_before(A, a, i, j) : lower_before(A, uplo, a, i, j);
    memcpy(work, full, sizeof work);
    elimination_size(n, work, M);
    for (int64_t c = 0; c < X->cols; c++)
        for (int64_t i = 0; i < n; i++) {
            long double r = -(long double)get_before(X, b, i, c), size = 0;
            for (int64_t j = 0; j < n; j++) {
                r += full[i * n + j] * get(X, b, j, c);
                size += M[i * n + j] * fabs(get(X, b, j, c));
            }
            judge(op, X, r, 3 * (double)n + 8, size + fabs(get_before(X, b, i, c)));
        }
}

/* ---- running on every path ------------------------------------------------------------------- */

typedef void (*check_form)(ritz_stream *s, struct form form, int n);

static void on_every_path(void **state, check_form check)
{
    ritz_stream *s = inline_stream(*state);
    for (int path = 0; path < LANE_PATHS; path++) {
        if (!cpu_lane_available((enum lane_path)path)) continue;
        cpu_lane_select((enum lane_path)path);
        for (size_t k = 0; k < COUNT(orders); k++)
            for (int which = 0; which < 8; which++) {
                const struct form form = {which & 1 ? RITZ_F64 : RITZ_F32,
                                          which & 2 ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR,
                                          which & 4 ? 3 : 0};
                /* Of the large orders, padded rows and columns without gaps. */
                if (orders[k] > 17 && !(which & 2) != !(which & 4)) continue;
                check(s, form, orders[k]);
            }
    }
    expect_ok(ritz_stream_destroy(&s));
}

static void cholesky_of(ritz_stream *s, struct form form, int n)
{
    for (int upper = 0; upper < 2; upper++) {
        const ritz_uplo uplo = upper ? RITZ_UPPER : RITZ_LOWER;
        int32_t info[BATCH];
        struct batch x = make_spd(form, uplo, n, BATCH, 1);
        memset(info, 0x11, sizeof info);
        expect_ok(cpu_small_cholesky(
            s, uplo, matrix(s->device, &x),
            ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR)));
        expect_rest_kept(&x, 0, uplo);
        for (int64_t b = 0; b < BATCH; b++) {
            assert_int_equal(info[b], 0);
            check_cholesky(&x, uplo, b);
        }
        drop(&x);
    }
}

static void test_cholesky(void **state)
{
    on_every_path(state, cholesky_of);
}

static void lu_of(ritz_stream *s, struct form form, int n)
{
    int32_t info[BATCH], pivots[BATCH * LARGEST];
    struct batch x = make(form, n, n, BATCH, 21, 1);
    memset(info, 0x11, sizeof info);
    expect_ok(cpu_small_lu(s, matrix(s->device, &x), integers(s->device, pivots, n, BATCH),
                           ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR)));
    expect_rest_kept(&x, 1, RITZ_LOWER);
    for (int64_t b = 0; b < BATCH; b++) {
        assert_int_equal(info[b], 0);
        check_lu(&x, pivots, b);
    }
    drop(&x);
}

static void test_lu(void **state)
{
    on_every_path(state, lu_of);
}

/* A is one matrix for all in every other case, and B in the other layout. */
static void solves_of(ritz_stream *s, struct form form, int n)
{
    static const int64_t sides[] = {0, 1, 3, 9};
    for (int spd = 0; spd < 2; spd++)
        for (size_t k = 0; k < COUNT(sides); k++) {
            const int one = (int)(k & 1);
            if (n > 17 && k == 2) continue;
            const ritz_uplo uplo = form.pad ? RITZ_UPPER : RITZ_LOWER;
            struct form other = form;
            if (k > 1)
                other.layout = form.layout == RITZ_COL_MAJOR ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR;
            struct batch A = spd ? make_spd(form, uplo, n, one ? 1 : BATCH, 1)
                                 : make(form, n, n, one ? 1 : BATCH, 31, 1);
            struct batch B = make(other, n, sides[k], BATCH, 41, 1);
            int32_t info[BATCH];
            memset(info, 0x11, sizeof info);
            const ritz_dmat verdict =
                ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR);
            const ritz_dmat X = matrix(s->device, &B), M = matrix(s->device, &A);
            if (spd)
                expect_ok(cpu_small_spd_solve(s, uplo, M, X, verdict));
            else
                expect_ok(cpu_small_solve(s, M, X, verdict));
            assert_memory_equal(A.data, A.before, A.bytes);
            expect_rest_kept(&B, 1, RITZ_LOWER);
            for (int64_t b = 0; b < BATCH; b++) {
                assert_int_equal(info[b], 0);
                if (n <= 17 || b % 6 == 0)
                    check_solution(spd ? SPD_SOLVE : SOLVE, &A, uplo, one ? 0 : b, &B, b);
            }
            drop(&A);
            drop(&B);
        }
}

static void test_solves(void **state)
{
    on_every_path(state, solves_of);
}

static void gemm_of(ritz_stream *s, struct form form, int n)
{
    static const double factors[][2] = {{1, 0}, {1, 1}, {-2.5, 0}, {0.75, -1.5}};
    for (size_t k = 0; k < COUNT(factors); k++) {
        struct batch A = make(form, n, n, k == 2 ? 1 : BATCH, 51, 1);
        struct batch B = make(form, n, n, BATCH, 61, 1), C = make(form, n, n, BATCH, 71, 1);
        const double alpha = factors[k][0], beta = factors[k][1];
        const ritz_dmat a = matrix(s->device, &A), b = matrix(s->device, &B);
        const ritz_dmat c = matrix(s->device, &C);
        const int taken = cpu_small_gemm_takes(a, b, c);
        assert_int_equal(taken, n == 4 || n == 8 || n == 16 || n == 32 || n == 64);
        if (taken) {
            if (beta == 0) set(&C, 1, 0, 0, NAN); /* is not read */
            expect_ok(cpu_small_gemm(s, alpha, a, b, beta, c));
            expect_rest_kept(&C, 1, RITZ_LOWER);
        }
        for (int64_t item = 0; taken && item<BATCH; item += n> 16 ? 6 : 1)
            for (int64_t j = 0; j < n; j++)
                for (int64_t i = 0; i < n; i++) {
                    const long double old = (long double)beta * get_before(&C, item, i, j);
                    long double sum = old, size = fabsl(old);
                    for (int64_t l = 0; l < n; l++) {
                        const long double p = (long double)alpha *
                                              get(&A, k == 2 ? 0 : item, i, l) *
                                              get(&B, item, l, j);
                        sum += p;
                        size += fabsl(p);
                    }
                    judge(GEMM, &C, get(&C, item, i, j) - sum, (double)n + 3, size);
                }
        drop(&A);
        drop(&B);
        drop(&C);
    }
}

static void test_gemm(void **state)
{
    on_every_path(state, gemm_of);
}

/* ---- lanes and batches do not matter --------------------------------------------------------- */

/* Of all operations: the factor of spd, A⁻¹ B, the factors of full, A⁻¹ B. */
struct answers {
    struct batch x[4];
    int32_t info[4][BATCH], pivots[BATCH * LARGEST];
};

static struct answers solve_all(ritz_stream *s, const struct batch *spd, const struct batch *full,
                                const struct batch *rhs)
{
    struct answers r;
    const struct batch *const sources[4] = {spd, rhs, full, rhs};
    ritz_dmat info[4];
    for (int k = 0; k < 4; k++) {
        r.x[k] = *sources[k];
        r.x[k].data = allocate(r.x[k].bytes);
        r.x[k].before = allocate(1);
        memcpy(r.x[k].data, sources[k]->data, r.x[k].bytes);
        info[k] = ritz_dmat_wrap(s->device, r.info[k], RITZ_I32, BATCH, 1, RITZ_COL_MAJOR);
    }
    ritz_device *dev = s->device;
    expect_ok(cpu_small_cholesky(s, RITZ_LOWER, matrix(dev, &r.x[0]), info[0]));
    expect_ok(cpu_small_spd_solve(s, RITZ_LOWER, matrix(dev, spd), matrix(dev, &r.x[1]), info[1]));
    expect_ok(
        cpu_small_lu(s, matrix(dev, &r.x[2]), integers(dev, r.pivots, full->rows, BATCH), info[2]));
    expect_ok(cpu_small_solve(s, matrix(dev, full), matrix(dev, &r.x[3]), info[3]));
    return r;
}

static void drop_answers(struct answers *r)
{
    for (int k = 0; k < 4; k++) drop(&r->x[k]);
}

enum spoiling { NAN_LOW, INFINITE, INFINITE_CORNER, ZERO, SMALL, NEGATIVE, NAN_RIGHT, SPOILINGS };

static void spoil(enum spoiling how, struct batch *spd, struct batch *full, struct batch *rhs,
                  int64_t b)
{
    const int64_t n = spd->rows;
    const double tiny = spd->form.dtype == RITZ_F64 ? 0x1p-1021 : 0x1p-125;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) {
            const double factor = how == ZERO ? 0 : how == SMALL ? tiny : 1;
            set(spd, b, i, j, get(spd, b, i, j) * (how == NEGATIVE ? -1 : factor));
            set(full, b, i, j, get(full, b, i, j) * factor);
        }
    for (int64_t j = 0; how == SMALL && j < rhs->cols; j++)
        for (int64_t i = 0; i < n; i++) set(rhs, b, i, j, get(rhs, b, i, j) * tiny);
    if (how == NAN_LOW) set(spd, b, n - 1, 0, NAN), set(full, b, n - 1, 0, NAN);
    if (how == INFINITE) set(spd, b, 0, 0, INFINITY), set(full, b, 0, n - 1, -INFINITY);
    if (how == INFINITE_CORNER)
        set(spd, b, n - 1, n - 1, INFINITY), set(full, b, n - 1, n - 1, INFINITY);
    if (how == NAN_RIGHT) set(rhs, b, n - 1, rhs->cols - 1, NAN);
}

static void expect_spoiled(enum spoiling how, const struct answers *r, int64_t b)
{
    const int64_t n = r->x[0].rows;
    const int bad = how == NAN_LOW || how == INFINITE || how == INFINITE_CORNER;
    const int failed[4] = {
        bad ? -1 : (how == ZERO || how == NEGATIVE),
        bad || how == NAN_RIGHT ? -1 : (how == ZERO || how == NEGATIVE),
        bad ? -1 : how == ZERO,
        bad || how == NAN_RIGHT ? -1 : how == ZERO,
    };
    for (int k = 0; k < 4; k++) {
        assert_int_equal(r->info[k][b], failed[k]);
        const int delivered = k == 2 && failed[k] == 1;
        for (int64_t j = 0; j < r->x[k].cols; j++)
            for (int64_t i = k == 0 ? j : 0; i < n; i++)
                assert_int_equal(isnan(get(&r->x[k], b, i, j)) != 0, failed[k] && !delivered);
    }
    if (bad)
        for (int64_t i = 0; i < n; i++) assert_int_equal(r->pivots[b * n + i], i + 1);
}

static void neighbours_of(ritz_stream *s, struct form form, int n)
{
    if (n > 33) return;
    struct batch spd = make_spd(form, RITZ_LOWER, n, BATCH, 1);
    struct batch full = make(form, n, n, BATCH, 81, 1), rhs = make(form, n, 2, BATCH, 91, 1);
    struct answers good = solve_all(s, &spd, &full, &rhs);
    for (int how = 0; how < SPOILINGS; how++) {
        const int64_t b = (how * 5 + 1) % BATCH, last = BATCH - 1;
        spoil((enum spoiling)how, &spd, &full, &rhs, b);
        if (b != last) spoil((enum spoiling)how, &spd, &full, &rhs, last);
        struct answers r = solve_all(s, &spd, &full, &rhs);
        for (int64_t c = 0; c < BATCH; c++) {
            if (c == b || c == last) {
                expect_spoiled((enum spoiling)how, &r, c);
                continue;
            }
            for (int k = 0; k < 4; k++) {
                assert_int_equal(r.info[k][c], 0);
                expect_same_item(&r.x[k], &good.x[k], c);
            }
            assert_memory_equal(r.pivots + c * n, good.pivots + c * n, (size_t)n * sizeof(int32_t));
        }
        drop_answers(&r);
        memcpy(spd.data, spd.before, spd.bytes);
        memcpy(full.data, full.before, full.bytes);
        memcpy(rhs.data, rhs.before, rhs.bytes);
    }
    drop_answers(&good);
    drop(&spd);
    drop(&full);
    drop(&rhs);
}

/* A failed item is reported and NaN; the bits of the others are what they are beside good ones. */
static void test_neighbours(void **state)
{
    on_every_path(state, neighbours_of);
}

static void alone_of(ritz_stream *s, struct form form, int n)
{
    if (form.pad) return;
    struct batch x = make(form, n, n, BATCH, 101, 1), y = make(form, n, n, BATCH, 101, 1);
    int32_t info[BATCH], pivots[2 * BATCH * LARGEST], *of_one = pivots + BATCH * LARGEST;
    ritz_device *dev = s->device;
    expect_ok(cpu_small_lu(s, matrix(dev, &x), integers(dev, pivots, n, BATCH),
                           ritz_dmat_wrap(dev, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR)));
    for (int64_t b = 0; b < BATCH; b++)
        expect_ok(cpu_small_lu(s, item_of(dev, &y, b), integers(dev, of_one + b * n, n, 1),
                               ritz_dmat_wrap(dev, info, RITZ_I32, 1, 1, RITZ_COL_MAJOR)));
    assert_memory_equal(x.data, y.data, x.bytes);
    assert_memory_equal(pivots, of_one, (size_t)(BATCH * n) * sizeof(int32_t));
    drop(&x);
    drop(&y);
}

/* An item has the same bits alone as in a batch. */
static void test_alone(void **state)
{
    on_every_path(state, alone_of);
}

/* Sizes around 2^16, and the bits with one thread and with three. */
static void test_large_batches(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    static const int64_t batches[] = {0, 1, 65535, 65537};
    const struct form form = {RITZ_F64, RITZ_COL_MAJOR, 0};
    for (size_t k = 0; k < COUNT(batches); k++) {
        const int64_t items = batches[k];
        struct batch one = make_spd(form, RITZ_LOWER, 3, items, 1);
        struct batch three = make_spd(form, RITZ_LOWER, 3, items, 1);
        int32_t *info = allocate((size_t)items * sizeof *info);
        const ritz_dmat verdict = ritz_dmat_wrap(dev, info, RITZ_I32, items, 1, RITZ_COL_MAJOR);
        expect_ok(ritz_device_set_threads(dev, 1));
        expect_ok(cpu_small_cholesky(s, RITZ_LOWER, matrix(dev, &one), verdict));
        expect_ok(ritz_device_set_threads(dev, 3));
        expect_ok(cpu_small_cholesky(s, RITZ_LOWER, matrix(dev, &three), verdict));
        assert_memory_equal(one.data, three.data, one.bytes);
        for (int64_t b = 0; b < items; b += b < 20 || b > items - 20 ? 1 : 997)
            check_cholesky(&one, RITZ_LOWER, b);
        for (int64_t b = 0; b < items; b++) assert_int_equal(info[b], 0);
        free(info);
        drop(&one);
        drop(&three);
    }
    expect_ok(ritz_device_set_threads(dev, 0));
    expect_ok(ritz_stream_destroy(&s));
}

/* ---- extremes -------------------------------------------------------------------------------- */

static void extremes_of(ritz_stream *s, struct form form, int n)
{
    if (n > 17) return;
    const int f64 = form.dtype == RITZ_F64;
    const double scales[] = {f64 ? 0x1p-1021 : 0x1p-125, f64 ? 0x1p1018 : 0x1p122};
    for (size_t k = 0; k < COUNT(scales); k++) {
        int32_t info[BATCH], pivots[BATCH * LARGEST];
        const ritz_dmat verdict =
            ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR);
        struct batch x = make_spd(form, RITZ_LOWER, n, BATCH, scales[k]);
        struct batch y = make(form, n, n, BATCH, 21, scales[k]);
        expect_ok(cpu_small_cholesky(s, RITZ_LOWER, matrix(s->device, &x), verdict));
        for (int64_t b = 0; b < BATCH; b++) {
            assert_int_equal(info[b], 0);
            check_cholesky(&x, RITZ_LOWER, b);
        }
        expect_ok(
            cpu_small_lu(s, matrix(s->device, &y), integers(s->device, pivots, n, BATCH), verdict));
        for (int64_t b = 0; b < BATCH; b++) {
            assert_int_equal(info[b], 0);
            check_lu(&y, pivots, b);
        }
        drop(&x);
        drop(&y);
    }
}

static void test_extremes(void **state)
{
    on_every_path(state, extremes_of);
}

/* Pivots whose reciprocals are not normal numbers: x = (1, 2), exactly, with the rows exchanged. */
static void test_extreme_pivots(void **state)
{
    ritz_stream *s = inline_stream(*state);
    for (int path = 0; path < LANE_PATHS; path++) {
        if (!cpu_lane_available((enum lane_path)path)) continue;
        cpu_lane_select((enum lane_path)path);
        for (int f64 = 0; f64 < 2; f64++) {
            const struct form form = {f64 ? RITZ_F64 : RITZ_F32, RITZ_COL_MAJOR, 0};
            const double scales[] = {f64 ? 0x1p-1070 : 0x1p-146, f64 ? 0x1p1021 : 0x1p125};
            struct batch A = make(form, 2, 2, BATCH, 1, 1), B = make(form, 2, 1, BATCH, 1, 1);
            int32_t info[BATCH];
            for (int64_t b = 0; b < BATCH; b++) {
                const double scale = b % 3 == 2 ? 1 : scales[b % 3];
                set(&A, b, 0, 0, scale);
                set(&A, b, 0, 1, scale);
                set(&A, b, 1, 0, 2 * scale);
                set(&A, b, 1, 1, 0);
                set(&B, b, 0, 0, 3 * scale);
                set(&B, b, 1, 0, 2 * scale);
            }
            expect_ok(cpu_small_solve(
                s, matrix(s->device, &A), matrix(s->device, &B),
                ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR)));
            for (int64_t b = 0; b < BATCH; b++) {
                assert_int_equal(info[b], 0);
                assert_true(get(&B, b, 0, 0) == 1 && get(&B, b, 1, 0) == 2);
            }
            drop(&A);
            drop(&B);
        }
    }
    expect_ok(ritz_stream_destroy(&s));
}

/* U(k, k) = 0 in the middle: reported, and the factorization is that of the matrix. */
static void singular_of(ritz_stream *s, struct form form, int n)
{
    int32_t info[BATCH], pivots[BATCH * LARGEST];
    struct batch x = make(form, n, n, BATCH, 111, 1);
    const int64_t k = n / 2;
    for (int64_t b = 0; b < BATCH; b += 2)
        for (int64_t i = 0; i < n; i++) set(&x, b, i, k, 0);
    memcpy(x.before, x.data, x.bytes);
    expect_ok(cpu_small_lu(s, matrix(s->device, &x), integers(s->device, pivots, n, BATCH),
                           ritz_dmat_wrap(s->device, info, RITZ_I32, BATCH, 1, RITZ_COL_MAJOR)));
    for (int64_t b = 0; b < BATCH; b++) {
        assert_int_equal(info[b], b % 2 ? 0 : k + 1);
        check_lu(&x, pivots, b);
    }
    drop(&x);
}

static void test_singular(void **state)
{
    on_every_path(state, singular_of);
}

static int print_worst(void **state)
{
    (void)state;
    for (int path = 0; path < LANE_PATHS; path++)
        for (int f64 = 0; f64 < 2; f64++) {
            if (!cpu_lane_available((enum lane_path)path)) continue;
            printf("largest error / bound, %s %s:", path_names[path], f64 ? "f64" : "f32");
            for (int op = 0; op < OPERATIONS; op++)
                printf(" %s %.2Lf", operation_names[op], worst[path][f64][op]);
            printf("\n");
        }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cholesky, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_lu, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_solves, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_gemm, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_neighbours, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_alone, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_large_batches, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_extremes, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_extreme_pivots, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_singular, open_cpu, close_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, print_worst);
}
