/* Batches of small QR factorizations, singular value decompositions and symmetric eigenproblems, at
 * every width of the lanes that this machine has.
 *
 * The matrices of a batch are of many kinds, so that lanes side by side have little in common.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "cpu/lane/lane.h"
#include "oracle/oracle.h"
#include "unit/support.h"

/* ---- kinds of matrices ----------------------------------------------------------------------- */

enum kind {
    GAUSSIAN,
    ZERO,
    IDENTITY,
    RANK_ONE,
    DUPLICATES,
    HILBERT,
    GRADED_COLUMNS,
    GRADED_BOTH,
    LAPLACIAN,
    ILL_CONDITIONED,
    CLUSTERED,
    DIAGONAL,
    HUGE_SCALE,
    TINY_SCALE,
    DENORMAL,
    WITH_NAN,
    WITH_INFINITY,
    KINDS
};

static int is_bad(int kind)
{
    return kind == WITH_NAN || kind == WITH_INFINITY;
}

static void scale(omat *A, long double f)
{
    for (int64_t i = 0; i < A->rows * A->cols; i++) A->a[i] *= f;
}

static omat with_values(uint64_t seed, int64_t m, int64_t n, matgen_shape shape)
{
    const int64_t k = m < n ? m : n;
    omat s = matgen_spectrum(shape, k, 1e12L), A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}

static omat laplacian(int64_t m, int64_t n)
{
    omat L = matgen_laplacian(m > n ? m : n), A = omat_block(L, 0, 0, m, n);
    omat_destroy(&L);
    return A;
}

static omat diagonal(int64_t m, int64_t n)
{
    omat A = omat_create(m, n);
    for (int64_t i = 0; i < (m < n ? m : n); i++)
        OMAT_AT(A, i, i) = (i % 3 - 1) * powl(10, -(long double)i);
    return A;
}

/* Squares of the elements of scaled matrices are beyond the range of the type. */
static omat generate(int kind, uint64_t seed, int64_t m, int64_t n, int f64)
{
    const long double large = f64 ? 1e300L : 1e36L, small = f64 ? 1e-300L : 1e-35L;
    omat A;
    switch (kind) {
    case ZERO: return omat_create(m, n);
    case IDENTITY: return omat_identity(m, n);
    case RANK_ONE: return matgen_rank(seed, m, n, 1);
    case DUPLICATES: return matgen_duplicates(seed, m, n, (n + 1) / 2, 0);
    case HILBERT: return matgen_hilbert(m, n);
    case LAPLACIAN: return laplacian(m, n);
    case ILL_CONDITIONED: return with_values(seed, m, n, MATGEN_GEOMETRIC);
    case CLUSTERED: return with_values(seed, m, n, MATGEN_CLUSTERED);
    case DIAGONAL: return diagonal(m, n);
    default: break;
    }
    A = matgen_gaussian(seed, m, n);
    if (kind == GRADED_COLUMNS) matgen_grade_cols(&A, f64 ? -200 : -30);
    if (kind == GRADED_BOTH) matgen_grade_cols(&A, -8);
    if (kind == GRADED_BOTH) matgen_grade_rows(&A, 8);
    if (kind == HUGE_SCALE) scale(&A, large);
    if (kind == TINY_SCALE) scale(&A, small);
    if (kind == DENORMAL) scale(&A, f64 ? 1e-320L : 1e-43L);
    if (kind == WITH_NAN) OMAT_AT(A, m - 1, 0) = NAN;
    if (kind == WITH_INFINITY) OMAT_AT(A, m / 2, 0) = INFINITY;
    return A;
}

/* ---- batches in memory ----------------------------------------------------------------------- */

/* A batch with gaps between rows or columns, and between items. */
struct batch {
    void *data;
    ritz_dmat mat;
    int64_t elements;
    int f64;
};

static size_t element_size(int f64)
{
    return f64 ? sizeof(double) : sizeof(float);
}

static struct batch make_batch(ritz_device *dev, int f64, int by_rows, int64_t rows, int64_t cols,
                               int64_t count)
{
    struct batch x = {.f64 = f64};
    const int64_t ld = (by_rows ? cols : rows) + 3, lines = by_rows ? rows : cols;
    const int64_t stride = ld * lines + 5;
    x.elements = stride * count;
    x.data = malloc((size_t)x.elements * element_size(f64));
    assert_non_null(x.data);
    for (int64_t i = 0; i < x.elements; i++) {
        if (f64)
            ((double *)x.data)[i] = 777;
        else
            ((float *)x.data)[i] = 777;
    }
    const ritz_dmat all = ritz_dmat_wrap(dev, x.data, f64 ? RITZ_F64 : RITZ_F32, rows, cols,
                                         by_rows ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR);
    x.mat = ritz_batched(ritz_with_ld(all, ld), count, stride);
    return x;
}

static void free_batch(struct batch *x)
{
    free(x->data);
}

static int64_t stride_down(const struct batch *x)
{
    return x->mat.layout == RITZ_ROW_MAJOR ? x->mat.ld : 1;
}

static int64_t stride_right(const struct batch *x)
{
    return x->mat.layout == RITZ_ROW_MAJOR ? 1 : x->mat.ld;
}

static void put(struct batch *x, int64_t b, omat A)
{
    if (x->f64)
        omat_to_f64(A, (double *)x->data + b * x->mat.batch_stride, stride_down(x),
                    stride_right(x));
    else
        omat_to_f32(A, (float *)x->data + b * x->mat.batch_stride, stride_down(x), stride_right(x));
}

static omat get(const struct batch *x, int64_t b)
{
    const int64_t at = b * x->mat.batch_stride;
    return x->f64 ? omat_from_f64((double *)x->data + at, x->mat.rows, x->mat.cols, stride_down(x),
                                  stride_right(x))
                  : omat_from_f32((float *)x->data + at, x->mat.rows, x->mat.cols, stride_down(x),
                                  stride_right(x));
}

/* What lies between the elements of the items has been left alone. */
static void expect_gaps_kept(const struct batch *x)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < x->elements; i++)
        kept += x->f64 ? ((double *)x->data)[i] == 777 : ((float *)x->data)[i] == 777;
    assert_int_equal(kept, x->elements - x->mat.rows * x->mat.cols * x->mat.batch);
}

static void expect_nan(const struct batch *x, int64_t b)
{
    if (!x->data) return;
    omat A = get(x, b);
    for (int64_t i = 0; i < A.rows * A.cols; i++) assert_true(isnan(A.a[i]));
    omat_destroy(&A);
}

/* ---- the problems ---------------------------------------------------------------------------- */

struct problem {
    ritz_device *dev;
    ritz_stream *s;
    int f64, by_rows;
    int64_t m, n, count;
    int shift; /* item b is of kind (b + shift) % KINDS */
    struct batch A;
    int32_t *info;
    ritz_dmat infos;
};

static int kind_of(const struct problem *p, int64_t b)
{
    return (int)((b + p->shift) % KINDS);
}

static void begin(struct problem *p)
{
    p->A = make_batch(p->dev, p->f64, p->by_rows, p->m, p->n, p->count);
    for (int64_t b = 0; b < p->count; b++) {
        omat A = generate(kind_of(p, b), (uint64_t)(b + p->shift), p->m, p->n, p->f64);
        put(&p->A, b, A);
        omat_destroy(&A);
    }
    p->info = malloc((size_t)p->count * sizeof *p->info);
    assert_non_null(p->info);
    memset(p->info, 0x55, (size_t)p->count * sizeof *p->info);
    p->infos = ritz_dmat_wrap(p->dev, p->info, RITZ_I32, p->count, 1, RITZ_COL_MAJOR);
}

static void end(struct problem *p)
{
    free_batch(&p->A);
    free(p->info);
}

static struct batch output(const struct problem *p, int64_t rows, int64_t cols)
{
    return make_batch(p->dev, p->f64, p->by_rows, rows, cols, p->count);
}

/* The machine epsilon, or what takes its place where the numbers are so small that they are
 * multiples of the smallest one. */
static double epsilon_for(const struct problem *p, omat A)
{
    const long double least = p->f64 ? 0x1p-1074L : 0x1p-149L, largest = oracle_norm_max(A);
    const double eps = p->f64 ? DBL_EPSILON : FLT_EPSILON;
    return largest > 0 ? eps + (double)fminl(4 * least / largest, 1) : eps;
}

static const double limit = 10;

static void expect_ratio(const struct problem *p, const char *what, int64_t b, double ratio)
{
    if (ratio <= limit) return;
    print_error("%s: %g (float%d, %lld x %lld, item %lld of kind %d, %s)\n", what, ratio,
                p->f64 ? 64 : 32, (long long)p->m, (long long)p->n, (long long)b, kind_of(p, b),
                p->by_rows ? "row-major" : "column-major");
    fail();
}

/* info is 0, or it is -1 and the outputs are NaN. Whether there is anything to look at. */
static int judged(const struct problem *p, int64_t b, const struct batch *x, const struct batch *y,
                  const struct batch *z)
{
    if (!is_bad(kind_of(p, b))) {
        assert_int_equal(p->info[b], 0);
        return 1;
    }
    assert_int_equal(p->info[b], -1);
    expect_nan(x, b);
    expect_nan(y, b);
    expect_nan(z, b);
    return 0;
}

static const struct batch absent;

/* ---- QR -------------------------------------------------------------------------------------- */

static void check_triangle(omat R)
{
    for (int64_t j = 0; j < R.cols; j++) {
        assert_true(OMAT_AT(R, j, j) >= 0);
        for (int64_t i = j + 1; i < R.rows; i++) assert_true(OMAT_AT(R, i, j) == 0);
    }
}

static void qr_case(struct problem *p)
{
    begin(p);
    struct batch Q = output(p, p->m, p->n), R = output(p, p->n, p->n), only = output(p, p->n, p->n);
    assert_true(ritz_op_offered(p->s, RITZ_OP_small_qr, &p->A.mat, 1));
    expect_ok(ritz_op_small_qr(p->s, p->A.mat, RITZ_NO_MAT, only.mat, p->infos));
    expect_ok(ritz_op_small_qr(p->s, p->A.mat, Q.mat, R.mat, p->infos));
    assert_memory_equal(only.data, R.data, (size_t)R.elements * element_size(p->f64));
    for (int64_t b = 0; b < p->count; b++) {
        if (!judged(p, b, &Q, &R, &only)) continue;
        omat a = get(&p->A, b), q = get(&Q, b), r = get(&R, b);
        const double eps = epsilon_for(p, a), own = p->f64 ? DBL_EPSILON : FLT_EPSILON;
        check_triangle(r);
        expect_ratio(p, "QR residual", b, oracle_qr_ratio(a, q, r, eps));
        expect_ratio(p, "QR orthogonality", b, oracle_orth_ratio(q, own));
        omat_destroy(&a);
        omat_destroy(&q);
        omat_destroy(&r);
    }
    expect_gaps_kept(&Q);
    expect_gaps_kept(&R);
    /* Q in place of A. */
    expect_ok(ritz_op_small_qr(p->s, p->A.mat, p->A.mat, RITZ_NO_MAT, p->infos));
    for (int64_t b = 0; b < p->count; b++) {
        omat x = get(&p->A, b), q = get(&Q, b);
        if (judged(p, b, &p->A, &absent, &absent))
            assert_memory_equal(x.a, q.a, (size_t)(x.rows * x.cols) * sizeof *x.a);
        omat_destroy(&x);
        omat_destroy(&q);
    }
    free_batch(&Q);
    free_batch(&R);
    free_batch(&only);
    end(p);
}

/* ---- the symmetric eigenproblem -------------------------------------------------------------- */

/* Of a Gaussian kind one triangle is read: the symmetric matrix that it means. */
static omat meant(omat A, ritz_uplo uplo)
{
    return oracle_symmetric(uplo == RITZ_LOWER ? ORACLE_LOWER : ORACLE_UPPER, A);
}

/* In a bad matrix the element is where both triangles have it; and the triangle that is not read
 * holds a NaN in every other item. */
static void spoil_other_triangle(struct problem *p, ritz_uplo uplo)
{
    for (int64_t b = 0; b < p->count; b++) {
        omat A = get(&p->A, b);
        if (is_bad(kind_of(p, b)))
            OMAT_AT(A, 0, 0) = kind_of(p, b) == WITH_NAN ? (long double)NAN : -INFINITY;
        else if (b % 2 == 1 && p->n >= 2)
            OMAT_AT(A, uplo == RITZ_LOWER ? 0 : p->n - 1, uplo == RITZ_LOWER ? p->n - 1 : 0) = NAN;
        put(&p->A, b, A);
        omat_destroy(&A);
    }
}

static void check_pairs(const struct problem *p, int64_t b, omat A, omat w, omat V,
                        ritz_order order)
{
    const double eps = epsilon_for(p, A), own = p->f64 ? DBL_EPSILON : FLT_EPSILON;
    expect_ratio(p, "eigen residual", b, oracle_eig_ratio(A, w, V, eps));
    expect_ratio(p, "eigen orthogonality", b, oracle_orth_ratio(V, own));
    assert_int_equal(oracle_sign_violation(V), -1);
    for (int64_t i = 1; i < w.rows; i++) {
        const long double step = w.a[i] - w.a[i - 1];
        assert_true(order == RITZ_ASCENDING ? step >= 0 : step <= 0);
    }
    if (p->n > 17) return;
    omat want, vectors;
    oracle_eig(A, &want, &vectors); /* ascending */
    if (order == RITZ_DESCENDING)
        for (int64_t i = 0; i < p->n / 2; i++) {
            const long double x = want.a[i];
            want.a[i] = want.a[p->n - 1 - i];
            want.a[p->n - 1 - i] = x;
        }
    expect_ratio(p, "eigenvalues", b,
                 oracle_values_ratio(order == RITZ_ASCENDING ? ORACLE_ASCENDING : ORACLE_DESCENDING,
                                     want, w, p->n, eps));
    omat_destroy(&want);
    omat_destroy(&vectors);
}

/* Pairs first .. first+k-1 of those in W and V. */
static void check_range(struct problem *p, ritz_uplo uplo, ritz_order order, const struct batch *W,
                        const struct batch *V)
{
    const int64_t first = p->n / 3, k = (p->n - first + 1) / 2;
    struct batch w = output(p, k, 1), v = output(p, p->n, k);
    expect_ok(ritz_op_small_eigh(p->s, uplo, order, p->A.mat, first, w.mat, v.mat, p->infos));
    for (int64_t b = 0; b < p->count; b++) {
        if (!judged(p, b, &w, &v, &absent)) continue;
        omat all = get(W, b), part = get(&w, b), Z = get(V, b), z = get(&v, b);
        assert_memory_equal(all.a + first, part.a, (size_t)k * sizeof *all.a);
        assert_memory_equal(Z.a + first * p->n, z.a, (size_t)(k * p->n) * sizeof *Z.a);
        omat_destroy(&all);
        omat_destroy(&part);
        omat_destroy(&Z);
        omat_destroy(&z);
    }
    expect_gaps_kept(&w);
    expect_gaps_kept(&v);
    free_batch(&w);
    free_batch(&v);
}

static void eigh_case(struct problem *p)
{
    const ritz_uplo uplo = p->n % 2 == 0 ? RITZ_LOWER : RITZ_UPPER;
    const ritz_order order = p->n % 3 == 0 ? RITZ_ASCENDING : RITZ_DESCENDING;
    begin(p);
    spoil_other_triangle(p, uplo);
    struct batch W = output(p, p->n, 1), V = output(p, p->n, p->n), only = output(p, p->n, 1);
    assert_true(ritz_op_offered(p->s, RITZ_OP_small_eigh, &p->A.mat, 1));
    expect_ok(ritz_op_small_eigh(p->s, uplo, order, p->A.mat, 0, only.mat, RITZ_NO_MAT, p->infos));
    expect_ok(ritz_op_small_eigh(p->s, uplo, order, p->A.mat, 0, W.mat, V.mat, p->infos));
    assert_memory_equal(only.data, W.data, (size_t)W.elements * element_size(p->f64));
    for (int64_t b = 0; b < p->count; b++) {
        if (!judged(p, b, &W, &V, &only)) continue;
        omat stored = get(&p->A, b), A = meant(stored, uplo), w = get(&W, b), v = get(&V, b);
        check_pairs(p, b, A, w, v, order);
        omat_destroy(&stored);
        omat_destroy(&A);
        omat_destroy(&w);
        omat_destroy(&v);
    }
    expect_gaps_kept(&W);
    expect_gaps_kept(&V);
    check_range(p, uplo, order, &W, &V);
    free_batch(&W);
    free_batch(&V);
    free_batch(&only);
    end(p);
}

/* ---- the singular value decomposition -------------------------------------------------------- */

static void check_triplets(const struct problem *p, int64_t b, omat A, omat U, omat S, omat V)
{
    const double eps = epsilon_for(p, A), own = p->f64 ? DBL_EPSILON : FLT_EPSILON;
    expect_ratio(p, "SVD residual", b, oracle_svd_ratio(A, U, S, V, eps));
    expect_ratio(p, "orthogonality of U", b, oracle_orth_ratio(U, own));
    expect_ratio(p, "orthogonality of V", b, oracle_orth_ratio(V, own));
    assert_int_equal(oracle_sign_violation(V), -1);
    for (int64_t i = 0; i < S.rows; i++)
        assert_true(S.a[i] >= 0 && (i == 0 || S.a[i] <= S.a[i - 1]));
    if (p->n > 17 || p->m > 17) return;
    omat u, want, v;
    oracle_svd(A, &u, &want, &v);
    expect_ratio(p, "singular values", b,
                 oracle_values_ratio(ORACLE_SINGULAR, want, S, p->m > p->n ? p->m : p->n, eps));
    omat_destroy(&u);
    omat_destroy(&want);
    omat_destroy(&v);
}

static void svd_case(struct problem *p)
{
    const int64_t k = p->m < p->n ? p->m : p->n;
    begin(p);
    struct batch U = output(p, p->m, k), S = output(p, k, 1), V = output(p, p->n, k);
    struct batch only = output(p, k, 1);
    assert_true(ritz_op_offered(p->s, RITZ_OP_small_svd, &p->A.mat, 1));
    expect_ok(ritz_op_small_svd(p->s, p->A.mat, RITZ_NO_MAT, only.mat, RITZ_NO_MAT, p->infos));
    expect_ok(ritz_op_small_svd(p->s, p->A.mat, U.mat, S.mat, V.mat, p->infos));
    assert_memory_equal(only.data, S.data, (size_t)S.elements * element_size(p->f64));
    for (int64_t b = 0; b < p->count; b++) {
        if (!judged(p, b, &U, &S, &V)) continue;
        omat A = get(&p->A, b), u = get(&U, b), s = get(&S, b), v = get(&V, b);
        check_triplets(p, b, A, u, s, v);
        omat_destroy(&A);
        omat_destroy(&u);
        omat_destroy(&s);
        omat_destroy(&v);
    }
    expect_gaps_kept(&U);
    expect_gaps_kept(&S);
    expect_gaps_kept(&V);
    free_batch(&U);
    free_batch(&S);
    free_batch(&V);
    free_batch(&only);
    end(p);
}

/* ---- sizes, dtypes, layouts, widths ---------------------------------------------------------- */

typedef void (*problem_case)(struct problem *p);

static void at_size(struct problem *p, problem_case run, int64_t m, int64_t n)
{
    const int lanes = cpu_lane_table(p->f64 ? RITZ_F64 : RITZ_F32)->lanes;
    p->m = m;
    p->n = n;
    /* Every kind where that is quick; and a last group that is not full. */
    p->count = m * n <= 17 * 17 ? 2 * KINDS + 3 : lanes + 3 > 9 ? lanes + 3 : 9;
    p->shift = (int)((m + 3 * n) % KINDS);
    run(p);
}

static void at_every_width(void **state, void (*run)(struct problem *p))
{
    const enum lane_path usual = cpu_lane_path();
    struct problem p = {.dev = *state, .s = inline_stream(*state)};
    for (int path = 0; path < LANE_PATHS; path++) {
        if (!cpu_lane_available((enum lane_path)path)) continue;
        cpu_lane_select((enum lane_path)path);
        for (int form = 0; form < 4; form++) {
            p.f64 = form / 2;
            p.by_rows = form % 2;
            run(&p);
        }
    }
    cpu_lane_select(usual);
    ritz_stream_destroy(&p.s);
}

static const int64_t orders[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64};

static void qr_sizes(struct problem *p)
{
    for (size_t i = 0; i < COUNT(orders); i++) at_size(p, qr_case, orders[i], orders[i]);
    at_size(p, qr_case, 5, 2);
    at_size(p, qr_case, 17, 4);
    at_size(p, qr_case, 40, 7);
    at_size(p, qr_case, 128, 64);
    at_size(p, qr_case, 500, 3);
}

static void test_qr(void **state)
{
    at_every_width(state, qr_sizes);
}

static void eigh_sizes(struct problem *p)
{
    for (size_t i = 0; i < COUNT(orders); i++) at_size(p, eigh_case, orders[i], orders[i]);
}

static void test_eigh(void **state)
{
    at_every_width(state, eigh_sizes);
}

static void svd_sizes(struct problem *p)
{
    for (size_t i = 0; i < COUNT(orders); i++) at_size(p, svd_case, orders[i], orders[i]);
    at_size(p, svd_case, 5, 2);
    at_size(p, svd_case, 3, 8);
    at_size(p, svd_case, 17, 4);
    at_size(p, svd_case, 40, 7);
    at_size(p, svd_case, 7, 40);
    at_size(p, svd_case, 90, 33);
}

static void test_svd(void **state)
{
    at_every_width(state, svd_sizes);
}

/* ---- independence ---------------------------------------------------------------------------- */

/* Item b of x is, bit by bit, item b + by of y. */
static void expect_moved(const struct batch *x, const struct batch *y, int64_t b, int64_t by)
{
    omat one = get(x, b), other = get(y, b + by);
    for (int64_t i = 0; i < one.rows * one.cols; i++) {
        assert_true(one.a[i] == other.a[i]);
        assert_int_equal(signbit(one.a[i]), signbit(other.a[i]));
    }
    omat_destroy(&one);
    omat_destroy(&other);
}

struct results {
    struct batch Q, R, W, Z, U, S, V;
};

static struct results compute(struct problem *p)
{
    struct results x = {output(p, p->m, p->n), output(p, p->n, p->n), output(p, p->n, 1),
                        output(p, p->n, p->n), output(p, p->m, p->n), output(p, p->n, 1),
                        output(p, p->n, p->n)};
    begin(p);
    expect_ok(ritz_op_small_qr(p->s, p->A.mat, x.Q.mat, x.R.mat, p->infos));
    expect_ok(ritz_op_small_eigh(p->s, RITZ_LOWER, RITZ_ASCENDING, p->A.mat, 0, x.W.mat, x.Z.mat,
                                 p->infos));
    expect_ok(ritz_op_small_svd(p->s, p->A.mat, x.U.mat, x.S.mat, x.V.mat, p->infos));
    return x;
}

static void release(struct results *x)
{
    struct batch *all[] = {&x->Q, &x->R, &x->W, &x->Z, &x->U, &x->S, &x->V};
    for (size_t i = 0; i < COUNT(all); i++) free_batch(all[i]);
}

/* The same matrices, one item later in a longer batch, have other neighbours in their vectors. */
static void moved_by(struct problem *p, int by)
{
    struct problem later = *p;
    later.shift = p->shift - by;
    later.count = p->count + by;
    struct results x = compute(p), y = compute(&later);
    for (int64_t b = 0; b < p->count; b++) {
        if (is_bad(kind_of(p, b))) continue;
        expect_moved(&x.Q, &y.Q, b, by);
        expect_moved(&x.R, &y.R, b, by);
        expect_moved(&x.W, &y.W, b, by);
        expect_moved(&x.Z, &y.Z, b, by);
        expect_moved(&x.U, &y.U, b, by);
        expect_moved(&x.S, &y.S, b, by);
        expect_moved(&x.V, &y.V, b, by);
    }
    release(&x);
    release(&y);
    end(p);
    end(&later);
}

static void positions(struct problem *p)
{
    static const int64_t some[] = {2, 4, 7, 16, 33};
    for (size_t i = 0; i < COUNT(some); i++) {
        p->m = p->n = some[i];
        p->count = 2 * KINDS + 2;
        p->shift = KINDS;
        moved_by(p, 1);
        moved_by(p, 7);
    }
}

static void test_position_does_not_matter(void **state)
{
    at_every_width(state, positions);
}

/* ---- public functions ------------------------------------------------------------------------ */

static void test_public_functions_take_this_way(void **state)
{
    ritz_device *dev = *state;
    struct problem p = {.dev = dev, .s = inline_stream(dev), .f64 = 1, .m = 6, .n = 6, .count = 19};
    struct results x = compute(&p);
    struct results y = {output(&p, 6, 6), output(&p, 6, 6), output(&p, 6, 1), output(&p, 6, 6),
                        output(&p, 6, 6), output(&p, 6, 1), output(&p, 6, 6)};
    ritz_eigh_options ascending = RITZ_EIGH_DEFAULTS;
    ascending.order = RITZ_ASCENDING;
    expect_ok(ritz_eigh(p.s, p.A.mat, y.W.mat, y.Z.mat, &ascending, p.infos));
    for (int64_t b = 0; b < p.count; b++)
        assert_int_equal(p.info[b], is_bad(kind_of(&p, b)) ? -1 : 0);
    expect_ok(ritz_svd(p.s, p.A.mat, y.U.mat, y.S.mat, y.V.mat, p.infos));
    expect_ok(ritz_qr(p.s, p.A.mat, y.Q.mat, y.R.mat, NULL, NULL));
    expect_error(ritz_stream_sync(p.s), RITZ_ERR_NOT_FINITE, "item 15");
    for (int64_t b = 0; b < p.count; b++) {
        if (is_bad(kind_of(&p, b))) continue;
        expect_moved(&x.Q, &y.Q, b, 0);
        expect_moved(&x.R, &y.R, b, 0);
        expect_moved(&x.W, &y.W, b, 0);
        expect_moved(&x.Z, &y.Z, b, 0);
        expect_moved(&x.U, &y.U, b, 0);
        expect_moved(&x.S, &y.S, b, 0);
        expect_moved(&x.V, &y.V, b, 0);
    }
    release(&x);
    release(&y);
    end(&p);
    ritz_stream_destroy(&p.s);
}

/* ---- one matrix for all items; sizes beyond the lanes ---------------------------------------- */

static void test_broadcast_input(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    double a[9], r[40 * 9];
    int32_t info[40];
    omat A = matgen_gaussian(5, 3, 3);
    omat_to_f64(A, a, 1, 3);
    const ritz_dmat one = ritz_dmat_wrap_const(dev, a, RITZ_F64, 3, 3, RITZ_COL_MAJOR);
    const ritz_dmat R = ritz_batched(ritz_dmat_wrap(dev, r, RITZ_F64, 3, 3, RITZ_COL_MAJOR), 40, 9);
    const ritz_dmat infos = ritz_dmat_wrap(dev, info, RITZ_I32, 40, 1, RITZ_COL_MAJOR);
    expect_ok(ritz_op_small_qr(s, ritz_batched(one, 40, 0), RITZ_NO_MAT, R, infos));
    for (int b = 1; b < 40; b++) assert_memory_equal(r, r + 9 * b, sizeof a);
    omat Q, want, got = omat_from_f64(r, 3, 3, 1, 3);
    oracle_qr(A, &Q, &want);
    omat difference = oracle_add(got, -1, want);
    assert_true(oracle_norm_fro(difference) <= 100 * DBL_EPSILON * oracle_norm_fro(want));
    omat_destroy(&A);
    omat_destroy(&Q);
    omat_destroy(&want);
    omat_destroy(&got);
    omat_destroy(&difference);
    ritz_stream_destroy(&s);
}

static void test_what_is_offered(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    double x;
    const ritz_dmat A = ritz_dmat_wrap_const(dev, &x, RITZ_F64, 200, 200, RITZ_COL_MAJOR);
    static const struct {
        int64_t m, n;
        int qr, eigh, svd;
    } sizes[] = {{64, 64, 1, 1, 1},  {65, 65, 0, 0, 0},  {128, 64, 1, 0, 1},
                 {129, 64, 0, 0, 0}, {64, 128, 0, 0, 1}, {8, 9, 0, 1, 1}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const ritz_dmat many =
            ritz_batched(ritz_block(A, 0, 0, sizes[i].m, sizes[i].n), 100, 40000);
        assert_int_equal(ritz_op_offered(s, RITZ_OP_small_qr, &many, 1), sizes[i].qr);
        if (sizes[i].m == sizes[i].n)
            assert_int_equal(ritz_op_offered(s, RITZ_OP_small_eigh, &many, 1), sizes[i].eigh);
        assert_int_equal(ritz_op_offered(s, RITZ_OP_small_svd, &many, 1), sizes[i].svd);
        const ritz_dmat one = ritz_batch_item(many, 0);
        assert_false(ritz_op_offered(s, RITZ_OP_small_svd, &one, 1));
    }
    ritz_stream_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qr),
        cmocka_unit_test(test_eigh),
        cmocka_unit_test(test_svd),
        cmocka_unit_test(test_position_does_not_matter),
        cmocka_unit_test(test_public_functions_take_this_way),
        cmocka_unit_test(test_broadcast_input),
        cmocka_unit_test(test_what_is_offered),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
