/* Every method of ritz_qr on every kind of matrix, and ritz_qr_rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/qr.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static const char *const method_names[] = {"auto",      "householder", "sketch",
                                           "cholesky2", "cholesky3",   "tsqr"};

enum wanted { WANT_BOTH, WANT_Q, WANT_R, WANT_IN_PLACE, WANTED };
static const char *const wanted_names[] = {"Q and R", "Q only", "R only", "Q in place of A"};

struct
try {
    const struct place *p;
    int64_t m, n, batch;
    ritz_dtype dtype;
    ritz_qr_method method;
    const struct kind *kind;
    struct form fa, fq, fr;
    enum wanted wanted;
};

static bool begin(const struct try *t)
{
    return begin_case(t->p, "qr %s %s %lldx%lld batch %lld %s %s A %s Q %s R %s",
                      method_names[t->method], ritz_dtype_name(t->dtype), (long long)t->m,
                      (long long)t->n, (long long)t->batch, t->kind->name, wanted_names[t->wanted],
                      form_name(t->fa), form_name(t->fq), form_name(t->fr));
}

static bool named(const struct try *t, const char *name)
{
    return strcmp(t->kind->name, name) == 0;
}

/* What the report must say where mathematics decides it. */
static void check_report(const struct try *t, const ritz_qr_report *r)
{
    (void)expect(r->method_name != NULL && r->reason != NULL, "the report is not filled");
    if (t->method == RITZ_QR_TSQR || t->method == RITZ_QR_HOUSEHOLDER) {
        (void)expect(r->method == t->method && r->fallbacks == 0, "another method was taken");
        return;
    }
    const bool by_reflections = r->method == RITZ_QR_HOUSEHOLDER;
    (void)expect(by_reflections ? r->smallest_pivot == 0
                                : r->smallest_pivot >= 0.1 && r->smallest_pivot <= 1,
                 "the smallest pivot is %g after %s", r->smallest_pivot, r->method_name);
    if (named(t, "zero column"))
        (void)expect(by_reflections && r->fallbacks > 0, "a zero column passed %s", r->method_name);
    if (named(t, "kappa 1") || named(t, "kappa limit^(1/4)"))
        (void)expect(r->method == t->method && r->fallbacks == 0, "%s was taken", r->method_name);
    if (t->method == RITZ_QR_SKETCH && (named(t, "kappa limit") || named(t, "falling columns")))
        (void)expect(r->fallbacks == 0, "the sketch failed its check");
    if (t->method == RITZ_QR_CHOLESKY2 && named(t, "kappa limit"))
        (void)expect(r->fallbacks > 0, "CholeskyQR2 cannot have passed");
}

/* R is unique; to first order its error is that of A times the condition number. */
static void check_unique_r(const struct try *t, omat A, omat r)
{
    const long double limit = t->dtype == RITZ_F64 ? 1e16L : 1e8L;
    const long double kappa = named(t, "kappa 1")             ? 1
                              : named(t, "kappa limit^(1/4)") ? powl(limit, 0.25L)
                                                              : 0;
    if (kappa == 0) return;
    omat Q, R;
    oracle_qr(A, &Q, &R);
    omat E = oracle_add(R, -1, r);
    const long double unit =
        (long double)eps_of(t->dtype) * kappa * (long double)t->n * oracle_norm_fro(R);
    (void)expect_ratio("qr R is Householder's", t->dtype, (double)(oracle_norm_fro(E) / unit), 30);
    omat_destroy(&Q);
    omat_destroy(&R);
    omat_destroy(&E);
}

static void check_item(const struct try *t, omat A, const struct operand *Q,
                       const struct operand *R, int64_t b)
{
    const double eps = eps_of(t->dtype);
    omat q = {0, 0, NULL}, r = {0, 0, NULL};
    if (Q) {
        q = item_after(Q, b);
        (void)expect_ratio("qr |I - Q'Q|", t->dtype, oracle_orth_ratio(q, eps), 10);
    }
    if (R) {
        r = item_after(R, b);
        check_form_of_r(r);
        check_unique_r(t, A, r);
    }
    if (Q && R)
        (void)expect_ratio("qr |A - QR|", t->dtype, oracle_qr_ratio(A, q, r, eps), 30);
    else if (Q)
        (void)expect_ratio("qr |A - QQ'A|", t->dtype, qr_range_ratio(A, q, eps), 30);
    else
        (void)expect_ratio("qr |A'A - R'R|", t->dtype, qr_gram_ratio(A, r, eps), 30);
    omat_destroy(&q);
    omat_destroy(&r);
}

static void try_one(const struct try *t)
{
    if (!begin(t)) return;
    const bool in_place = t->wanted == WANT_IN_PLACE;
    omat *a = make_items(t->kind, 71, t->batch, t->m, t->n, t->dtype);
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    ritz_qr_report report = RITZ_QR_REPORT_INIT;
    opts.method = t->method;
    opts.seed = 5;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = in_place ? add_inout(&sc, "A", t->dtype, t->fa, t->batch, a)
                                 : add_input(&sc, "A", t->dtype, t->fa, t->batch, SHARE_NONE, a);
    struct operand *Q = NULL, *R = NULL;
    if (in_place)
        Q = A;
    else if (t->wanted != WANT_R)
        Q = add_output(&sc, "Q", t->dtype, t->fq, t->m, t->n, t->batch);
    if (t->wanted != WANT_Q) R = add_output(&sc, "R", t->dtype, t->fr, t->n, t->n, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr(t->p->s, A->mat, Q ? Q->mat : RITZ_NO_MAT,
                                  R ? R->mat : RITZ_NO_MAT, &opts, &report))) {
        check_report(t, &report);
        for (int64_t b = 0; b < t->batch; b++) {
            omat before = item_before(A, b);
            check_item(t, before, Q, R, b);
            omat_destroy(&before);
        }
    }
    scene_end(&sc);
    free_items(a, t->batch);
}

/* Shapes: m, n, batch; from the first with several blocks of rows, an odd number of them, and a
 * batch that methods for one matrix take item by item. */
static const int64_t shapes[][3] = {{31, 1, 1},  {13, 13, 1},  {97, 40, 1}, {613, 17, 1},
                                    {150, 3, 3}, {3307, 6, 1}, {5200, 3, 1}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void all_methods(const struct place *p, ritz_dtype dtype)
{
    static int turn;
    for (int s = 0; s < SHAPES; s++)
        for (int method = RITZ_QR_HOUSEHOLDER; method <= RITZ_QR_TSQR; method++) {
            const int64_t kinds = 15;
            struct forms walk = forms_of(3, kinds);
            for (const struct kind *kind = hard_qr_kinds; kind->name && next_forms(&walk); kind++) {
                /* On one column all columns are; the condition number needs two. */
                if (shapes[s][1] == 1 && strncmp(kind->name, "kappa", 5) == 0) continue;
                if (shapes[s][1] < 4 && strncmp(kind->name, "duplicates", 10) == 0) continue;
                const struct try t = {p,
                                      shapes[s][0],
                                      shapes[s][1],
                                      shapes[s][2],
                                      dtype,
                                      (ritz_qr_method)method,
                                      kind,
                                      walk.f[0],
                                      walk.f[1],
                                      walk.f[2],
                                      (enum wanted)(turn++ % WANTED)};
                try_one(&t);
            }
        }
}

/* The default: which method is taken. */
static void choice(const struct place *p, int64_t m, int64_t n, int64_t batch,
                   ritz_qr_method expected)
{
    if (!begin_case(p, "qr auto of %lldx%lld batch %lld", (long long)m, (long long)n,
                    (long long)batch))
        return;
    omat *a = make_items(general_kinds, 72, batch, m, n, RITZ_F32);
    ritz_qr_report report = RITZ_QR_REPORT_INIT;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F32, COL_PLAIN, batch, SHARE_NONE, a);
    struct operand *R = add_output(&sc, "R", RITZ_F32, COL_PLAIN, m < n ? m : n, n, batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr(p->s, A->mat, RITZ_NO_MAT, R->mat, NULL, &report)))
        (void)expect(report.method == expected && report.fallbacks == 0, "%s was taken: %s",
                     report.method_name, report.reason);
    scene_end(&sc);
    free_items(a, batch);
}

/* A report of an older, smaller version: nothing behind it is written. */
static void small_report(const struct place *p)
{
    if (!begin_case(p, "qr with a report that is not cleared")) return;
    omat a = matgen_uniform(73, 200, 3);
    ritz_qr_report report;
    memset(&report, 0x5a, sizeof report);
    report.size = sizeof report;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *R = add_output(&sc, "R", RITZ_F64, COL_PLAIN, 3, 3, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr(p->s, A->mat, RITZ_NO_MAT, R->mat, NULL, &report)))
        (void)expect(report.size == sizeof report && report.method == RITZ_QR_HOUSEHOLDER &&
                         report.fallbacks == 0 && report.smallest_pivot == 0 &&
                         strcmp(report.method_name, "Householder") == 0,
                     "the report is wrong");
    scene_end(&sc);
    omat_destroy(&a);
}

static void flawed(const struct place *p, ritz_dtype dtype, ritz_qr_method method,
                   long double value, int64_t position)
{
    enum { M = 2500, N = 6 };
    if (!begin_case(p, "qr %s %s, %s in entry %lld", method_names[method], ritz_dtype_name(dtype),
                    isnan(value) ? "NaN" : "Inf", (long long)position))
        return;
    omat a = matgen_uniform(74, M, N);
    a.a[position] = value;
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = method;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, M, N, 1);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, N, N, 1);
    scene_upload(&sc);
    if (scene_collect(&sc, ritz_qr(p->s, A->mat, Q->mat, R->mat, &opts, NULL), RITZ_ERR_NOT_FINITE,
                      "ritz_qr|item 0"))
        (void)expect(item_is_nan(Q, 0, RITZ_BOTH) && item_is_nan(R, 0, RITZ_BOTH),
                     "Q and R are not NaN");
    scene_end(&sc);
    omat_destroy(&a);
}

void test_qr_methods(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        all_methods(p, reals[t]);
        for (int method = RITZ_QR_AUTO; method <= RITZ_QR_TSQR; method++) {
            flawed(p, reals[t], (ritz_qr_method)method, (long double)NAN, 0);
            flawed(p, reals[t], (ritz_qr_method)method, (long double)INFINITY, 2500 * 6 - 1);
        }
    }
    choice(p, 4000, 17, 1, RITZ_QR_SKETCH);
    choice(p, 2000, 17, 1, RITZ_QR_HOUSEHOLDER);
    choice(p, 600, 200, 1, RITZ_QR_HOUSEHOLDER);
    choice(p, 17, 4000, 1, RITZ_QR_HOUSEHOLDER);
    small_report(p);
}

/* ---- ritz_qr_rows ---------------------------------------------------------------------------- */

enum source { FROM_DEVICE, FROM_HOST, FROM_FUNCTION, SOURCES };
static const char *const source_names[] = {"device", "host", "function"};

struct stream_of_rows {
    const double *data; /* row-major */
    int64_t rows, cols, next;
};

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct stream_of_rows *r = context;
    *delivered = 0;
    if (rewind) r->next = 0;
    if (rewind) return RITZ_OK;
    for (; *delivered < count && r->next < r->rows; (*delivered)++, r->next++)
        memcpy((double *)dst + *delivered * ld, r->data + r->next * r->cols,
               (size_t)r->cols * sizeof(double));
    return RITZ_OK;
}

static void rows_one(const struct place *p, ritz_dtype dtype, enum source source,
                     const struct kind *kind, int64_t m, int64_t n, struct form form,
                     bool flawed_row)
{
    if (!begin_case(p, "qr_rows %s from %s %lldx%lld %s R %s%s", ritz_dtype_name(dtype),
                    source_names[source], (long long)m, (long long)n, kind->name, form_name(form),
                    flawed_row ? ", a NaN" : ""))
        return;
    omat *a = make_items(kind, 75, 1, m, n, dtype);
    if (flawed_row) a[0].a[m - 1] = (long double)NAN;
    double *host = malloc((size_t)(m * n) * sizeof *host);
    if (!host) abort();
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *R = add_output(&sc, "R", dtype, form, n, n, 1);
    scene_upload(&sc);
    omat before = item_before(A, 0);
    omat_to_f64(before, host, n, 1);
    struct stream_of_rows context = {host, m, n, 0};
    const ritz_rows rows =
        source == FROM_DEVICE ? ritz_rows_dmat(A->mat)
        : source == FROM_HOST ? ritz_rows_hmat(ritz_hmat_wrap(host, RITZ_F64, m, n, RITZ_ROW_MAJOR))
                              : ritz_rows_callback(RITZ_F64, m, n, 1, deliver, &context);
    const ritz_status call = ritz_qr_rows(p->s, rows, R->mat);
    if (flawed_row) {
        if (scene_collect(&sc, call, RITZ_ERR_NOT_FINITE, "ritz_qr_rows"))
            (void)expect(item_is_nan(R, 0, RITZ_BOTH), "R is not NaN");
    } else if (scene_finish(&sc, call)) {
        omat r = item_after(R, 0);
        check_form_of_r(r);
        (void)expect_ratio("qr_rows |A'A - R'R|", dtype, qr_gram_ratio(before, r, eps_of(dtype)),
                           30);
        omat_destroy(&r);
    }
    scene_end(&sc);
    omat_destroy(&before);
    free(host);
    free_items(a, 1);
}

/* A shape that the data does not have. */
static void rows_of_another_shape(const struct place *p, int64_t m, int64_t n, int64_t order,
                                  const char *words)
{
    if (!begin_case(p, "qr_rows of %lldx%lld with R of order %lld", (long long)m, (long long)n,
                    (long long)order))
        return;
    omat a = matgen_uniform(76, m, n);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *R = add_output(&sc, "R", RITZ_F64, COL_PLAIN, order, order, 1);
    scene_upload(&sc);
    (void)expect_error(ritz_qr_rows(p->s, ritz_rows_dmat(A->mat), R->mat), RITZ_ERR_SHAPE, words);
    (void)scene_finish(&sc, RITZ_OK);
    expect_kept(R);
    scene_end(&sc);
    omat_destroy(&a);
}

void test_qr_rows(const struct place *p)
{
    for (int t = 0; t < REALS; t++)
        for (int source = 0; source < SOURCES; source++) {
            struct forms walk = forms_of(1, 0);
            for (const struct kind *kind = hard_qr_kinds; kind->name; kind++) {
                if (!next_forms(&walk)) {
                    walk = forms_of(1, 0);
                    (void)next_forms(&walk);
                }
                rows_one(p, reals[t], (enum source)source, kind, 2501, 7, walk.f[0], false);
            }
            rows_one(p, reals[t], (enum source)source, hard_qr_kinds, 5, 5, COL_PLAIN, false);
            rows_one(p, reals[t], (enum source)source, hard_qr_kinds, 2501, 7, COL_PLAIN, true);
        }
    rows_of_another_shape(p, 5, 3, 4, "ritz_qr_rows|5 x 3|order 4");
    rows_of_another_shape(p, 3, 5, 5, "ritz_qr_rows|3 x 5|order 5");
}
