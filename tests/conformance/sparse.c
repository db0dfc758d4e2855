/* Sparse matrices: how they come into being and go back, products with blocks of vectors, sums of
 * columns; against the same matrix made dense, in long double.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* ---- elements -------------------------------------------------------------------------------- */

/* Coordinates on the host; places may repeat. */
struct elements {
    int64_t m, n, count, capacity;
    int64_t *row, *col;
    double *value;
};

static void add_element(struct elements *e, int64_t i, int64_t j, double value)
{
    if (e->count == e->capacity) {
        e->capacity = 2 * e->capacity + 16;
        e->row = realloc(e->row, (size_t)e->capacity * sizeof *e->row);
        e->col = realloc(e->col, (size_t)e->capacity * sizeof *e->col);
        e->value = realloc(e->value, (size_t)e->capacity * sizeof *e->value);
        if (!e->row || !e->col || !e->value) abort();
    }
    e->row[e->count] = i;
    e->col[e->count] = j;
    e->value[e->count++] = value;
}

static void free_elements(struct elements *e)
{
    free(e->row);
    free(e->col);
    free(e->value);
}

/* Numbers that float32 holds, so that both data types have the same matrix: k / 1024. */
static double short_number(int64_t i, int64_t j)
{
    const uint64_t x = (uint64_t)(i * 7919 + j * 104729 + 12345) * UINT64_C(6364136223846793005);
    return ((double)(x >> 53) - 1023.5) / 1024;
}

enum pattern { SCATTERED, BAND, NOTHING, DENSE_ROWS, LONG_ROWS, PATTERNS };
static const char *const pattern_names[] = {"scattered", "band", "without elements", "dense rows",
                                            "long rows"};

static int is_stored(enum pattern pattern, int64_t i, int64_t j)
{
    const uint64_t mix = (uint64_t)(i * 1000003 + j * 998244353) * UINT64_C(0x9E3779B97F4A7C15);
    switch (pattern) {
    case SCATTERED: return i % 5 != 3 && mix >> 61 == 0; /* some rows are empty */
    case BAND: return j - i >= -1 && j - i <= 2;
    case DENSE_ROWS: return i % 7 == 2 || mix >> 60 == 0;
    case LONG_ROWS:
        return i % 3 == 1 || j % 1024 == i; /* and long columns, if there are many rows */
    case NOTHING:
    case PATTERNS: break;
    }
    return 0;
}

static struct elements make_elements(enum pattern pattern, int64_t m, int64_t n)
{
    struct elements e = {.m = m, .n = n};
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            if (is_stored(pattern, i, j)) add_element(&e, i, j, short_number(i, j));
    return e;
}

static omat dense_of(const struct elements *e)
{
    omat A = omat_create(e->m, e->n);
    for (int64_t k = 0; k < e->count; k++)
        OMAT_AT(A, e->row[k], e->col[k]) += (long double)e->value[k];
    return A;
}

static ritz_hmat column(void *data, ritz_dtype dtype, int64_t count)
{
    return ritz_hmat_wrap(data, dtype, count, 1, RITZ_COL_MAJOR);
}

static ritz_status create(const struct place *p, const struct elements *e, ritz_dtype dtype,
                          ritz_spmat **A)
{
    ritz_spmat_options opts = RITZ_SPMAT_DEFAULTS;
    opts.dtype = dtype;
    return ritz_spmat_create_coo(p->s, e->m, e->n, column(e->row, RITZ_I64, e->count),
                                 column(e->col, RITZ_I64, e->count),
                                 column(e->value, RITZ_F64, e->count), &opts, A);
}

/* ---- products -------------------------------------------------------------------------------- */

static int64_t longest_row(omat A)
{
    int64_t most = 0;
    for (int64_t i = 0; i < A.rows; i++) {
        int64_t count = 0;
        for (int64_t j = 0; j < A.cols; j++) count += OMAT_AT(A, i, j) != 0;
        most = count > most ? count : most;
    }
    return most;
}

struct product {
    ritz_dtype dtype;
    enum pattern pattern;
    int64_t m, n, l;
    bool transposed;
    double alpha, beta;
    struct form x, y;
};

static void check_product(const struct product *c, const struct elements *e,
                          const struct operand *X, const struct operand *Y)
{
    omat A = dense_of(e), At = omat_transposed(A);
    omat M = c->transposed ? At : A;
    omat x = item_before(X, 0), y = item_before(Y, 0), got = item_after(Y, 0);
    if (c->beta == 0) { /* Y is not read: it was never written */
        omat_destroy(&y);
        y = omat_create(got.rows, got.cols);
    }
    const double ratio = oracle_gemm_ratio(c->alpha, M, x, c->beta, y, got, eps_of(c->dtype));
    (void)expect_ratio("spmm error/(p+2)", c->dtype, ratio / (double)(longest_row(M) + 2), 1);
    omat *const all[] = {&A, &At, &x, &y, &got};
    for (int i = 0; i < 5; i++) omat_destroy(all[i]);
}

static void product_one(const struct place *p, const struct product *c)
{
    if (!begin_case(p, "spmm %s %s %lldx%lld%s to %lld vectors, alpha %g beta %g, X %s Y %s",
                    ritz_dtype_name(c->dtype), pattern_names[c->pattern], (long long)c->m,
                    (long long)c->n, c->transposed ? " transposed" : "", (long long)c->l, c->alpha,
                    c->beta, form_name(c->x), form_name(c->y)))
        return;
    const int64_t from = c->transposed ? c->m : c->n, to = c->transposed ? c->n : c->m;
    struct elements e = make_elements(c->pattern, c->m, c->n);
    omat x = matgen_uniform(21, from, c->l), y = matgen_uniform(22, to, c->l);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", c->dtype, c->x, 1, SHARE_NONE, &x);
    struct operand *Y = c->beta == 0 ? add_output(&sc, "Y", c->dtype, c->y, to, c->l, 1)
                                     : add_inout(&sc, "Y", c->dtype, c->y, 1, &y);
    scene_upload(&sc);
    ritz_spmat *A = NULL;
    if (expect_ok(create(p, &e, c->dtype, &A)) &&
        scene_finish(&sc, ritz_spmm(p->s, c->transposed, c->alpha, A, X->mat, c->beta, Y->mat)))
        check_product(c, &e, X, Y);
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    scene_end(&sc);
    omat_destroy(&x);
    omat_destroy(&y);
    free_elements(&e);
}

static void products(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][3] = {{1, 1, 1},    {0, 3, 2},    {3, 0, 2},    {4, 3, 0},
                                        {7, 9, 1},    {9, 7, 2},    {40, 33, 1},  {33, 40, 5},
                                        {70, 50, 8},  {50, 70, 9},  {35, 66, 33}, {66, 35, 71},
                                        {131, 90, 1}, {20, 30, 127}};
    static const double factors[][2] = {{1, 0}, {-1.5, 1}, {2, -0.5}, {0, 2}, {0, 0}};
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int pattern = 0; pattern < LONG_ROWS; pattern++)
            for (struct forms walk = forms_of(2, 3); next_forms(&walk); turn++) {
                const struct product c = {dtype,
                                          (enum pattern)pattern,
                                          shapes[i][0],
                                          shapes[i][1],
                                          shapes[i][2],
                                          turn % 2 == 1,
                                          factors[turn % 5][0],
                                          factors[turn % 5][1],
                                          walk.f[0],
                                          walk.f[1]};
                product_one(p, &c);
            }
}

/* Rows of 2048 elements and of more, which are summed in parts; transposed, short rows. */
static void long_rows(const struct place *p, ritz_dtype dtype)
{
    static const int64_t widths[] = {2048, 2049, 4096, 5000};
    static const int64_t vectors[] = {1, 3, 40};
    int turn = 0;
    for (int w = 0; w < 4; w++)
        for (int v = 0; v < 3; v++)
            for (struct forms walk = forms_of(2, 1); next_forms(&walk); turn++) {
                const bool tall = turn % 3 == 2; /* the long rows are those of Aᵀ */
                const struct product c = {dtype,
                                          tall ? DENSE_ROWS : LONG_ROWS,
                                          tall ? 14 * widths[w] / 2 : 8,
                                          tall ? 3 : widths[w],
                                          vectors[v],
                                          tall || turn % 3 == 1,
                                          turn % 2 ? 1 : -2,
                                          turn % 2 ? 0 : 1,
                                          walk.f[0],
                                          walk.f[1]};
                product_one(p, &c);
            }
}

/* ---- creation -------------------------------------------------------------------------------- */

/* What should come back: rows in order, columns ascending, repeated places added up in order. */
static void expect_csr(const struct elements *e, ritz_dtype dtype, int64_t count,
                       const int64_t *offsets, const int32_t *indices, const double *values)
{
    int64_t at = 0;
    for (int64_t i = 0; i < e->m; i++) {
        if (!expect(offsets[i] == at, "offset %lld is %lld, not %lld", (long long)i,
                    (long long)offsets[i], (long long)at))
            return;
        for (int64_t j = 0; j < e->n; j++) {
            double sum = 0;
            int seen = 0;
            for (int64_t k = 0; k < e->count; k++) {
                if (e->row[k] != i || e->col[k] != j) continue;
                sum = seen++ ? sum + e->value[k] : e->value[k];
            }
            if (!seen) continue;
            if (!expect(at < count, "there are too few elements")) return;
            const double want = dtype == RITZ_F32 ? (double)(float)sum : sum;
            (void)expect(indices[at] == j && memcmp(&values[at], &want, sizeof want) == 0,
                         "element %lld is %g in column %d, not %g in column %lld", (long long)at,
                         values[at], indices[at], want, (long long)j);
            at++;
        }
    }
    (void)expect(offsets[e->m] == at && count == at, "%lld elements, not %lld", (long long)count,
                 (long long)at);
}

static void check_download(const struct place *p, const struct elements *e, ritz_dtype dtype,
                           const ritz_spmat *A)
{
    const int64_t count = ritz_spmat_nonzeros(A);
    int64_t *offsets = calloc((size_t)e->m + 1, sizeof *offsets);
    int32_t *indices = calloc((size_t)count + 1, sizeof *indices);
    double *values = calloc((size_t)count + 1, sizeof *values);
    if (!offsets || !indices || !values) abort();
    (void)expect(ritz_spmat_rows(A) == e->m && ritz_spmat_cols(A) == e->n &&
                     ritz_spmat_dtype(A) == dtype,
                 "the matrix is %lld x %lld of %s", (long long)ritz_spmat_rows(A),
                 (long long)ritz_spmat_cols(A), ritz_dtype_name(ritz_spmat_dtype(A)));
    (void)expect_ok(ritz_spmat_download(p->s, A, column(offsets, RITZ_I64, e->m + 1),
                                        column(indices, RITZ_I32, count),
                                        column(values, RITZ_F64, count)));
    if (expect_ok(ritz_stream_sync(p->s))) expect_csr(e, dtype, count, offsets, indices, values);
    free(offsets);
    free(indices);
    free(values);
}

/* Elements in disorder, with places that repeat two and three times, and stored zeros. */
static struct elements disordered(int64_t m, int64_t n)
{
    struct elements e = {.m = m, .n = n};
    for (int64_t k = 0; k < 3 * m; k++) {
        const int64_t i = (k * 7 + 3) % m, j = (k * k + 5 * k) % n;
        if (i == 2) continue; /* a row without elements */
        add_element(&e, i, j, k % 11 == 0 ? 0 : short_number(k, i) / 3);
        if (k % 4 == 0) add_element(&e, i, j, short_number(i, k) * 1e-7);
    }
    return e;
}

static void from_coordinates(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][2] = {{5, 4}, {37, 11}, {4, 60}};
    for (int i = 0; i < 3; i++) {
        if (!begin_case(p, "spmat_create_coo %s %lldx%lld in disorder", ritz_dtype_name(dtype),
                        (long long)shapes[i][0], (long long)shapes[i][1]))
            continue;
        struct elements e = disordered(shapes[i][0], shapes[i][1]);
        ritz_spmat *A = NULL;
        if (expect_ok(create(p, &e, dtype, &A))) check_download(p, &e, dtype, A);
        (void)expect_ok(ritz_spmat_destroy(p->s, &A));
        (void)expect(A == NULL, "the handle is not cleared");
        free_elements(&e);
    }
}

/* The same elements by rows, in the order given within each; 32-bit arrays with a stride. */
static void from_rows(const struct place *p, ritz_dtype dtype)
{
    enum { M = 23, N = 9, STRIDE = 3 };
    if (!begin_case(p, "spmat_create_csr %s %dx%d, 32-bit and strided", ritz_dtype_name(dtype), M,
                    N))
        return;
    struct elements e = disordered(M, N);
    int32_t offsets[M + 1] = {0};
    int32_t *indices = calloc((size_t)(e.count * STRIDE) + 1, sizeof *indices);
    float *values = calloc((size_t)e.count + 1, sizeof *values);
    if (!indices || !values) abort();
    struct elements want = {.m = M, .n = N};
    for (int32_t i = 0; i < M; i++) {
        for (int64_t k = 0; k < e.count; k++)
            if (e.row[k] == i) add_element(&want, i, e.col[k], (double)(float)e.value[k]);
        offsets[i + 1] = (int32_t)want.count;
    }
    for (int64_t k = 0; k < want.count; k++) {
        indices[k * STRIDE] = (int32_t)want.col[k];
        values[k] = (float)want.value[k];
    }
    ritz_spmat_options opts = RITZ_SPMAT_DEFAULTS;
    opts.dtype = dtype;
    ritz_spmat *A = NULL;
    const ritz_hmat strided =
        ritz_hmat_with_ld(ritz_hmat_wrap(indices, RITZ_I32, want.count, 1, RITZ_ROW_MAJOR), STRIDE);
    if (expect_ok(ritz_spmat_create_csr(p->s, M, N, column(offsets, RITZ_I32, M + 1), strided,
                                        column(values, RITZ_F32, want.count),
                                        dtype == RITZ_F32 ? NULL : &opts, &A)))
        check_download(p, &want, dtype, A);
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    free(indices);
    free(values);
    free_elements(&e);
    free_elements(&want);
}

/* Values are replaced in A and in Aᵀ: each product, and what comes back, is that of the new
 * ones. */
static void new_values(const struct place *p, ritz_dtype dtype, ritz_dtype from)
{
    enum { M = 40, N = 30, L = 3 };
    if (!begin_case(p, "spmat_set_values %s from %s", ritz_dtype_name(dtype),
                    ritz_dtype_name(from)))
        return;
    struct elements e = make_elements(SCATTERED, M, N);
    omat replaced = omat_create(e.count, 1), x = matgen_uniform(31, N, L);
    omat y = matgen_uniform(32, M, L);
    ritz_spmat *A = NULL;
    (void)expect_ok(create(p, &e, dtype, &A));
    for (int64_t k = 0; k < e.count; k++)
        replaced.a[k] = (long double)(e.value[k] = short_number(k, 17));
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *V = add_input(&sc, "values", from, (struct form){RITZ_ROW_MAJOR, VIEW_PADDED},
                                  1, SHARE_NONE, &replaced);
    struct operand *X = add_input(&sc, "X", dtype, COL_PLAIN, 1, SHARE_NONE, &x);
    struct operand *Y = add_output(&sc, "Y", dtype, COL_PLAIN, M, L, 1);
    struct operand *Z = add_input(&sc, "Z", dtype, COL_PLAIN, 1, SHARE_NONE, &y);
    struct operand *W = add_output(&sc, "W", dtype, COL_PLAIN, N, L, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_spmat_set_values(p->s, A, V->mat));
    (void)expect_ok(ritz_spmm(p->s, 0, 1, A, X->mat, 0, Y->mat));
    if (scene_finish(&sc, ritz_spmm(p->s, 1, 1, A, Z->mat, 0, W->mat))) {
        struct product c = {.dtype = dtype, .alpha = 1};
        check_product(&c, &e, X, Y);
        c.transposed = true;
        check_product(&c, &e, Z, W);
        check_download(p, &e, dtype, A);
    }
    scene_end(&sc);
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    omat_destroy(&replaced);
    omat_destroy(&x);
    omat_destroy(&y);
    free_elements(&e);
}

/* ---- sums of columns ------------------------------------------------------------------------- */

enum sum { SUMS, MEANS, SQUARES, KINDS_OF_SUM };

static ritz_status call_sum(const struct place *p, enum sum sum, const ritz_spmat *A, ritz_dmat out)
{
    switch (sum) {
    case SUMS: return ritz_spmat_col_sums(p->s, A, out);
    case MEANS: return ritz_spmat_col_means(p->s, A, out);
    default: return ritz_spmat_col_sumsq(p->s, A, out);
    }
}

/* Sums of doubles, of at most so many of them: (count + 2) u of the sum of the moduli. */
static void check_sum(enum sum sum, omat A, omat got)
{
    for (int64_t j = 0; j < A.cols; j++) {
        long double want = 0, size = 0;
        for (int64_t i = 0; i < A.rows; i++) {
            const long double a = OMAT_AT(A, i, j);
            want += sum == SQUARES ? a * a : a;
            size += sum == SQUARES ? a * a : fabsl(a);
        }
        const long double divisor = sum == MEANS ? (long double)A.rows : 1;
        const double off = (double)fabsl(OMAT_AT(got, j, 0) - want / divisor);
        const double unit = 0x1p-53 * (double)(size / divisor) * (double)(A.rows + 3);
        (void)expect_ratio("sums of columns", RITZ_F64, off == 0 ? 0 : off / unit, 1);
    }
}

static void sums_one(const struct place *p, ritz_dtype dtype, enum sum sum, enum pattern pattern,
                     int64_t m, int64_t n, struct form form)
{
    static const char *const names[] = {"sums", "means", "sumsq"};
    if (!begin_case(p, "spmat_col_%s %s %s %lldx%lld, out %s", names[sum], ritz_dtype_name(dtype),
                    pattern_names[pattern], (long long)m, (long long)n, form_name(form)))
        return;
    struct elements e = make_elements(pattern, m, n);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *out = add_output(&sc, "out", RITZ_F64, form, n, 1, 1);
    scene_upload(&sc);
    ritz_spmat *A = NULL;
    if (expect_ok(create(p, &e, dtype, &A)) && scene_finish(&sc, call_sum(p, sum, A, out->mat))) {
        omat dense = dense_of(&e), got = item_after(out, 0);
        if (sum == MEANS && m == 0)
            (void)expect(item_is_nan(out, 0, RITZ_BOTH), "the mean of no rows is a number");
        else
            check_sum(sum, dense, got);
        omat_destroy(&dense);
        omat_destroy(&got);
    }
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    scene_end(&sc);
    free_elements(&e);
}

static void sums(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][2] = {{0, 3}, {3, 0}, {1, 1}, {60, 41}};
    for (int sum = 0; sum < KINDS_OF_SUM; sum++) {
        for (int i = 0; i < 4; i++)
            for (int pattern = 0; pattern < LONG_ROWS; pattern++)
                for (struct forms walk = forms_of(1, 1); next_forms(&walk);)
                    sums_one(p, dtype, (enum sum)sum, (enum pattern)pattern, shapes[i][0],
                             shapes[i][1], walk.f[0]);
        sums_one(p, dtype, (enum sum)sum, BAND, 4100, 4099, COL_PLAIN);
    }
}

/* ---- centred --------------------------------------------------------------------------------- */

/* (A - 1 μᵀ) X and its transpose where μ is not the mean, so that nothing cancels by chance: the
 * errors are those of A X and of μ, with a rounding each for μ in the data type, the product, and
 * the difference. */
static void centred_one(const struct place *p, ritz_dtype dtype, int transposed, int64_t l,
                        struct form fx, struct form fy)
{
    enum { M = 50, N = 37 };
    if (!begin_case(p, "linop_apply sparse, centred %s%s to %lld vectors X %s Y %s",
                    ritz_dtype_name(dtype), transposed ? " transposed" : "", (long long)l,
                    form_name(fx), form_name(fy)))
        return;
    struct elements e = make_elements(DENSE_ROWS, M, N);
    const int64_t from = transposed ? M : N, to = transposed ? N : M;
    omat x = matgen_uniform(41, from, l), mu = matgen_uniform(42, N, 1);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *mean = add_input(&sc, "mean", RITZ_F64, fx, 1, SHARE_NONE, &mu);
    struct operand *X = add_input(&sc, "X", dtype, fx, 1, SHARE_NONE, &x);
    struct operand *Y = add_output(&sc, "Y", dtype, fy, to, l, 1);
    scene_upload(&sc);
    ritz_spmat *A = NULL;
    (void)expect_ok(create(p, &e, dtype, &A));
    const ritz_linop op = ritz_linop_sparse_centred(A, mean->mat);
    if (scene_finish(&sc, ritz_linop_apply(p->s, &op, transposed, X->mat, Y->mat))) {
        omat a = dense_of(&e), size = dense_of(&e), m = item_before(mean, 0);
        for (int64_t i = 0; i < M; i++)
            for (int64_t j = 0; j < N; j++) {
                OMAT_AT(a, i, j) -= OMAT_AT(m, j, 0);
                OMAT_AT(size, i, j) = fabsl(OMAT_AT(size, i, j)) + fabsl(OMAT_AT(m, j, 0));
            }
        omat at = omat_transposed(a), turned = omat_transposed(size);
        omat vectors = item_before(X, 0), got = item_after(Y, 0), none = omat_create(to, l);
        omat want = oracle_gemm(1, transposed ? at : a, vectors, 0, none);
        omat scale = oracle_gemm_scale(1, transposed ? turned : size, vectors, 0, none);
        double worst = 0;
        for (int64_t i = 0; i < to * l; i++)
            worst = oracle_worst(worst, (double)(fabsl(got.a[i] - want.a[i]) / scale.a[i]));
        (void)expect_ratio("sparse centred error/(k+5)", dtype,
                           worst / ((double)(from + 5) * eps_of(dtype) / 2), 1);
        omat *const all[] = {&a, &size, &m, &at, &turned, &vectors, &got, &none, &want, &scale};
        for (int i = 0; i < 10; i++) omat_destroy(all[i]);
    }
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    scene_end(&sc);
    omat_destroy(&x);
    omat_destroy(&mu);
    free_elements(&e);
}

/* Columns whose elements are all the same: the centred matrix is zero where nothing is missing, and
 * its norm, a sum of squares, must not be what is left of large numbers. */
static void centred_norm(const struct place *p, ritz_dtype dtype)
{
    enum { M = 64, N = 6 };
    if (!begin_case(p, "the norm of a sparse, centred matrix %s whose mean is large",
                    ritz_dtype_name(dtype)))
        return;
    struct elements e = {.m = M, .n = N};
    for (int64_t i = 0; i < M; i++) add_element(&e, i, 0, 1000);
    add_element(&e, 5, 3, 1); /* and one single element */
    omat mu = omat_create(N, 1);
    mu.a[0] = 1000;
    mu.a[3] = 1.0L / M;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *mean = add_input(&sc, "mean", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &mu);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, M, 2, 1);
    scene_upload(&sc);
    ritz_spmat *A = NULL;
    (void)expect_ok(create(p, &e, dtype, &A));
    const ritz_linop op = ritz_linop_sparse_centred(A, mean->mat);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    if (scene_finish(&sc, ritz_range_finder(p->s, &op, Q->mat, NULL, &report))) {
        const double want = sqrt(1 - 1.0 / M);
        (void)expect_ratio("norm of a sparse, centred matrix", RITZ_F64,
                           fabs(report.norm - want) / (want * 0x1p-52), 4);
    }
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    scene_end(&sc);
    omat_destroy(&mu);
    free_elements(&e);
}

/* ---- values that are not finite -------------------------------------------------------------- */

static void not_finite(const struct place *p, ritz_dtype dtype, double value)
{
    enum { M = 40, N = 30, K = 3 };
    if (!begin_case(p, "svd_randomized of a sparse matrix %s with %s", ritz_dtype_name(dtype),
                    isnan(value) ? "NaN" : "Inf"))
        return;
    struct elements e = make_elements(BAND, M, N);
    e.value[17] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, K, 1, 1);
    scene_upload(&sc);
    ritz_spmat *A = NULL;
    (void)expect_ok(create(p, &e, dtype, &A));
    const ritz_linop op = ritz_linop_sparse(A);
    if (scene_collect(&sc,
                      ritz_svd_randomized(p->s, &op, RITZ_NO_MAT, S->mat, RITZ_NO_MAT, NULL, NULL),
                      RITZ_ERR_NOT_FINITE, "ritz_svd_randomized"))
        (void)expect(item_is_nan(S, 0, RITZ_BOTH), "a value is a number");
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    scene_end(&sc);
    free_elements(&e);
}

/* ---- mistakes -------------------------------------------------------------------------------- */

/* A valid 3 x 4 matrix of 4 elements, of which one thing is changed at a time. */
struct mistake {
    const char *name;
    int64_t rows, cols, offsets[4], indices[4], count;
    ritz_dtype offsets_type, indices_type;
    ritz_status code;
    const char *words;
};

static void wrong_arrays(const struct place *p)
{
    static const struct mistake mistakes[] = {
        {"first offset",
         3,
         4,
         {1, 2, 3, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "offsets(0) is 1"},
        {"descending offsets",
         3,
         4,
         {0, 3, 2, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "offsets(2) is 2|3"},
        {"negative offset",
         3,
         4,
         {0, -5, 2, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "offsets(1) is -5"},
        {"offset beyond",
         3,
         4,
         {0, 2, INT64_MAX, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "offsets(2)|4 elements"},
        {"too few elements",
         3,
         4,
         {0, 1, 2, 3},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "last of offsets is 3|4 elements"},
        {"negative column",
         3,
         4,
         {0, 2, 3, 4},
         {0, 1, -1, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "indices(2) is -1|4 columns"},
        {"column beyond",
         3,
         4,
         {0, 2, 3, 4},
         {0, 1, 4, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "indices(2) is 4|4 columns"},
        {"negative rows",
         -3,
         4,
         {0},
         {0},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_ARGUMENT,
         "-3 x 4|negative"},
        {"many columns",
         3,
         INT64_C(1) << 31,
         {0, 2, 3, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_TOO_LARGE,
         "2147483648|2147483647"},
        {"offsets of another size",
         2,
         4,
         {0, 2, 3, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_SHAPE,
         "offsets|must be 3 x 1"},
        {"indices of another size",
         3,
         4,
         {0, 2, 3, 3},
         {0, 1, 2, 3},
         3,
         RITZ_I64,
         RITZ_I64,
         RITZ_ERR_SHAPE,
         "values|must be 3 x 1"},
        {"offsets of another type",
         3,
         4,
         {0, 2, 3, 4},
         {0, 1, 2, 3},
         4,
         RITZ_F64,
         RITZ_I64,
         RITZ_ERR_DTYPE,
         "offsets is float64|int64"},
        {"indices of another type",
         3,
         4,
         {0, 2, 3, 4},
         {0, 1, 2, 3},
         4,
         RITZ_I64,
         RITZ_F64,
         RITZ_ERR_DTYPE,
         "indices is float64|int64"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct mistake x = mistakes[i];
        double values[4] = {1, 2, 3, 4};
        if (!begin_case(p, "spmat_create_csr: %s", x.name)) continue;
        ritz_spmat *A = (ritz_spmat *)(void *)values;
        (void)expect_error(ritz_spmat_create_csr(p->s, x.rows, x.cols,
                                                 column(x.offsets, x.offsets_type, 4),
                                                 column(x.indices, x.indices_type, x.count),
                                                 column(values, RITZ_F64, 4), NULL, &A),
                           x.code, x.words);
        (void)expect(A == NULL, "there is a matrix");
    }
}

static void wrong_calls(const struct place *p)
{
    if (!begin_case(p, "mistakes with a sparse matrix")) return;
    struct elements e = make_elements(BAND, 6, 5);
    struct scene sc;
    scene_begin(&sc, p);
    omat none = omat_create(6, 6);
    struct operand *X = add_inout(&sc, "X", RITZ_F64, COL_PLAIN, 1, &none);
    struct operand *Y = add_inout(&sc, "Y", RITZ_F64, COL_PLAIN, 1, &none);
    struct operand *F = add_inout(&sc, "F", RITZ_F32, COL_PLAIN, 1, &none);
    scene_upload(&sc);
    ritz_spmat *A = NULL, *B = NULL;
    ritz_spmat_options opts = RITZ_SPMAT_DEFAULTS;
    opts.one_way = 1;
    (void)expect_ok(create(p, &e, RITZ_F64, &A));
    (void)expect_ok(ritz_spmat_create_coo(p->s, 6, 5, column(e.row, RITZ_I64, e.count),
                                          column(e.col, RITZ_I64, e.count),
                                          column(e.value, RITZ_F64, e.count), &opts, &B));
    const ritz_dmat x = ritz_block(X->mat, 0, 0, 5, 2), y = ritz_block(Y->mat, 0, 0, 6, 2);
    (void)expect_error(ritz_spmm(p->s, 0, 1, NULL, x, 0, y), RITZ_ERR_ARGUMENT, "ritz_spmm|NULL");
    (void)expect_error(ritz_spmm(p->s, 0, 1, A, ritz_block(X->mat, 0, 0, 6, 2), 0, y),
                       RITZ_ERR_SHAPE, "X must have a row for each column of A");
    (void)expect_error(ritz_spmm(p->s, 1, 1, A, x, 0, y), RITZ_ERR_SHAPE,
                       "X must have a row for each row of A");
    (void)expect_error(ritz_spmm(p->s, 0, 1, A, x, 0, ritz_block(Y->mat, 0, 0, 6, 3)),
                       RITZ_ERR_SHAPE, "Y must be rows of A x columns of X");
    (void)expect_error(ritz_spmm(p->s, 0, 1, A, x, 0, ritz_block(F->mat, 0, 0, 6, 2)),
                       RITZ_ERR_DTYPE, "A is float64|Y is float32");
    (void)expect_error(ritz_spmm(p->s, 0, 1, A, x, 0, ritz_read_only(y)), RITZ_ERR_READ_ONLY, "Y");
    (void)expect_error(ritz_spmm(p->s, 0, 1, A, x, 0, ritz_block(X->mat, 0, 1, 6, 2)),
                       RITZ_ERR_OVERLAP, "Y|X");
    (void)expect_error(ritz_spmm(p->s, 1, 1, B, y, 0, x), RITZ_ERR_UNSUPPORTED, "one_way");
    (void)expect_error(ritz_spmat_col_sums(p->s, B, ritz_block(X->mat, 0, 0, 5, 1)),
                       RITZ_ERR_UNSUPPORTED, "one_way");
    (void)expect_error(ritz_spmat_col_sumsq(p->s, A, ritz_block(F->mat, 0, 0, 5, 1)),
                       RITZ_ERR_DTYPE, "out is float32");
    (void)expect_error(ritz_spmat_col_means(p->s, A, ritz_block(X->mat, 0, 0, 6, 1)),
                       RITZ_ERR_SHAPE, "columns of A x 1");
    (void)expect_error(ritz_spmat_set_values(p->s, A, ritz_block(X->mat, 0, 0, 5, 1)),
                       RITZ_ERR_SHAPE, "stored elements of A x 1");
    ritz_linop op = ritz_linop_sparse(B);
    (void)expect_error(ritz_linop_apply(p->s, &op, 0, x, y), RITZ_ERR_UNSUPPORTED, "one_way");
    op = ritz_linop_sparse(NULL);
    (void)expect_error(ritz_linop_apply(p->s, &op, 0, x, y), RITZ_ERR_ARGUMENT, "NULL");
    op = ritz_linop_sparse(A);
    op.rows = 7;
    (void)expect_error(ritz_linop_apply(p->s, &op, 0, x, y), RITZ_ERR_ARGUMENT, "does not agree");
    op = ritz_linop_sparse_centred(A, ritz_block(F->mat, 0, 0, 5, 1));
    (void)expect_error(ritz_linop_apply(p->s, &op, 0, x, y), RITZ_ERR_DTYPE, "mean is float32");
    opts.dtype = RITZ_I32;
    ritz_spmat *C = A;
    (void)expect_error(ritz_spmat_load(p->s, "/nowhere", &opts, &C), RITZ_ERR_DTYPE, "opts->dtype");
    (void)expect_error(ritz_spmat_load(p->s, "/nowhere/at.all", NULL, &C), RITZ_ERR_IO,
                       "/nowhere/at.all");
    /* A product that keeps one way, and the matrices themselves, are none the worse. */
    (void)expect_ok(ritz_spmm(p->s, 0, 1, B, x, 0, y));
    (void)scene_finish(&sc, ritz_spmm(p->s, 0, 1, A, x, 1, y));
    (void)expect_ok(ritz_spmat_destroy(p->s, &A));
    (void)expect_ok(ritz_spmat_destroy(p->s, &B));
    (void)expect_ok(ritz_spmat_destroy(NULL, &B));
    scene_end(&sc);
    omat_destroy(&none);
    free_elements(&e);
}

void test_sparse(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        const ritz_dtype dtype = reals[t];
        products(p, dtype);
        long_rows(p, dtype);
        from_coordinates(p, dtype);
        from_rows(p, dtype);
        new_values(p, dtype, dtype);
        new_values(p, dtype, RITZ_F64);
        sums(p, dtype);
        for (int transposed = 0; transposed <= 1; transposed++)
            for (int64_t l = 1; l <= 5; l += 4)
                for (struct forms walk = forms_of(2, 4); next_forms(&walk);)
                    centred_one(p, dtype, transposed, l, walk.f[0], walk.f[1]);
        centred_norm(p, dtype);
        not_finite(p, dtype, (double)NAN);
        not_finite(p, dtype, (double)INFINITY);
    }
    wrong_arrays(p);
    wrong_calls(p);
}
