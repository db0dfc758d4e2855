/* Least squares with linear operators: matrices, centred matrices and functions.
 *
 * An answer is judged by its backward error in long double, for the operator with the rows of the
 * penalty; where it is unique in another sense (minimum norm), against the oracle's solution. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"
#include "oracle/lstsq.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

enum operator_kind { DENSE, CENTRED, FUNCTION, KINDS };
static const char *const kind_names[KINDS] = {"dense", "centred", "function"};

/* ---- one problem ----------------------------------------------------------------------------- */

struct problem {
    enum operator_kind kind;
    ritz_dtype dtype;
    ritz_lstsq_method method;
    int64_t m, n, s;
    long double kappa, residual; /* of A; of B, which is otherwise of norm about 1 */
    double lambda;
    struct form forms[3];
    omat A, B; /* owned */
};

struct outcome {
    struct scene sc;
    struct operand *A, *B, *mean, *X, *rank, *norms;
    ritz_lstsq_report report;
    ritz_status status;
    bool usable;
};

static const char *method_tag(ritz_lstsq_method method)
{
    switch (method) {
    case RITZ_LSTSQ_SKETCH_CG: return "cg";
    case RITZ_LSTSQ_SKETCH_CG_FIXED: return "fixed";
    case RITZ_LSTSQ_SKETCH_SOLVE: return "sketch";
    case RITZ_LSTSQ_LSMR: return "lsmr";
    default: return "auto";
    }
}

static bool begin(const struct place *p, const struct problem *q, const char *what)
{
    return begin_case(p,
                      "lstsq_operator %s %s %s %s %lldx%lld, %lld targets, kappa %.0Le, residual "
                      "%.0Le, lambda %g, A %s B %s X %s",
                      what, method_tag(q->method), ritz_dtype_name(q->dtype), kind_names[q->kind],
                      (long long)q->m, (long long)q->n, (long long)q->s, q->kappa, q->residual,
                      q->lambda, form_name(q->forms[0]), form_name(q->forms[1]),
                      form_name(q->forms[2]));
}

/* A with a geometric spectrum and B = A Y + residual Z, for random Y and Z. */
static void make(struct problem *q, uint64_t seed)
{
    const int64_t k = q->m < q->n ? q->m : q->n;
    omat s = matgen_spectrum(MATGEN_GEOMETRIC, k, q->kappa);
    q->A = matgen_with_singular_values(seed, q->m, q->n, s);
    omat Y = matgen_gaussian(seed + 1, q->n, q->s), Z = matgen_gaussian(seed + 2, q->m, q->s);
    q->B = oracle_gemm(1, q->A, Y, q->residual / sqrtl((long double)q->m), Z);
    omat all[] = {s, Y, Z};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void problem_free(struct problem *q)
{
    omat_destroy(&q->A);
    omat_destroy(&q->B);
}

/* A caller's function: the products with a matrix, which it is given. */
static ritz_status multiply(void *context, ritz_stream *s, int transposed, ritz_dmat X, ritz_dmat Y)
{
    const ritz_linop op = ritz_linop_dense(*(const ritz_dmat *)context);
    return ritz_linop_apply(s, &op, transposed, X, Y);
}

static void solve(const struct place *p, const struct problem *q, ritz_lstsq_options o,
                  struct outcome *out)
{
    omat mean = omat_create(q->n, 1);
    for (int64_t j = 0; j < q->n; j++) mean.a[j] = 0.25L + (long double)j / 8;
    scene_begin(&out->sc, p);
    out->A = add_input(&out->sc, "A", q->dtype, q->forms[0], 1, SHARE_NONE, &q->A);
    out->B = add_input(&out->sc, "B", q->dtype, q->forms[1], 1, SHARE_NONE, &q->B);
    out->mean = add_input(&out->sc, "mean", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &mean);
    out->X = add_output(&out->sc, "X", q->dtype, q->forms[2], q->n, q->s, 1);
    out->rank = add_info(&out->sc, COL_PLAIN, 1);
    out->norms = add_output(&out->sc, "residual_norms", RITZ_F64, q->forms[1], q->s, 1, 1);
    omat_destroy(&mean);
    scene_upload(&out->sc);

    const ritz_dmat A = out->A->mat;
    const ritz_linop op = q->kind == DENSE ? ritz_linop_dense(A)
                          : q->kind == CENTRED
                              ? ritz_linop_centred(A, out->mean->mat)
                              : ritz_linop_enqueue(q->dtype, q->m, q->n, multiply, &out->A->mat);
    o.method = q->method;
    o.lambda = q->lambda;
    o.rank = out->rank->mat;
    o.residual_norms = out->norms->mat;
    out->report = (ritz_lstsq_report)RITZ_LSTSQ_REPORT_INIT;
    out->status = ritz_lstsq_operator(p->s, &op, out->B->mat, out->X->mat, &o, &out->report);
}

/* The same, of a call that must end with `code`. */
static void solve_expecting(const struct place *p, const struct problem *q, ritz_lstsq_options o,
                            ritz_status code, const char *words, struct outcome *out)
{
    solve(p, q, o, out);
    if (code != RITZ_OK) (void)expect_error(out->status, code, words);
    out->usable = scene_finish(&out->sc, code == RITZ_OK ? out->status : RITZ_OK);
}

/* The operator as it was given, less the means, with the rows of the penalty; and B likewise. */
static void stacked(const struct problem *q, const struct outcome *out, omat *A, omat *B)
{
    omat a = item_before(out->A, 0), b = item_before(out->B, 0), mean = item_before(out->mean, 0);
    const int64_t extra = q->lambda > 0 ? q->n : 0;
    *A = omat_create(q->m + extra, q->n);
    *B = omat_create(q->m + extra, q->s);
    for (int64_t j = 0; j < q->n; j++) {
        for (int64_t i = 0; i < q->m; i++)
            OMAT_AT(*A, i, j) = OMAT_AT(a, i, j) - (q->kind == CENTRED ? mean.a[j] : 0);
        if (extra > 0) OMAT_AT(*A, q->m + j, j) = sqrtl((long double)q->lambda);
    }
    for (int64_t j = 0; j < q->s; j++)
        for (int64_t i = 0; i < q->m; i++) OMAT_AT(*B, i, j) = OMAT_AT(b, i, j);
    omat_destroy(&a);
    omat_destroy(&b);
    omat_destroy(&mean);
}

/* |got - want| in units of `unit`; both may be 0. */
static void expect_close(const char *metric, ritz_dtype dtype, double got, long double want,
                         double unit)
{
    const long double error = fabsl((long double)got - want);
    (void)expect_ratio(metric, dtype, error == 0 ? 0 : (double)(error / unit), 30);
}

/* The norms of the report and of the columns, against those of X as it came back. */
static void check_norms(const struct problem *q, const struct outcome *out, omat A, omat X, omat B)
{
    const double eps = eps_of(q->dtype);
    omat R = oracle_gemm(-1, A, X, 1, B), norms = item_after(out->norms, 0);
    const long double size = oracle_norm_fro(A) * oracle_norm_fro(X) + oracle_norm_fro(B);
    const double unit = (double)(eps * sqrtl((long double)q->n) * size);
    for (int64_t j = 0; j < q->s; j++) {
        omat r = omat_block(R, 0, j, R.rows, 1);
        expect_close("lstsq column norm", q->dtype, (double)norms.a[j], oracle_norm_fro(r), unit);
        omat_destroy(&r);
    }
    expect_close("lstsq norm", q->dtype, out->report.residual_norm, oracle_norm_fro(R), unit);
    expect_close("lstsq norm", q->dtype, out->report.solution_norm, oracle_norm_fro(X),
                 (double)(eps * oracle_norm_fro(X)));
    expect_close("lstsq norm", q->dtype, out->report.rhs_norm, oracle_norm_fro(B),
                 (double)(eps * oracle_norm_fro(B)));
    omat_destroy(&R);
    omat_destroy(&norms);
}

static void check_shape(const struct problem *q, const ritz_lstsq_report *r)
{
    (void)expect(r->rows == q->m && r->cols == q->n && r->targets == q->s, "shape of the report");
    (void)expect(r->method_name != NULL && r->reason[0] != '\0', "the report gives no reason");
    (void)expect(r->passes > 0 && r->seconds >= 0, "passes %d seconds %g", r->passes, r->seconds);
}

/* A solution with the backward error of Householder QR. */
static void check_solution(const struct problem *q, const struct outcome *out)
{
    omat A, B, X = item_after(out->X, 0);
    stacked(q, out, &A, &B);
    const double unit = eps_of(q->dtype) * sqrt((double)q->n);
    const double eta = oracle_lstsq_backward_error(A, X, B);
    (void)expect_ratio("lstsq backward", q->dtype, eta / unit, 8);
    check_norms(q, out, A, X, B);
    check_shape(q, &out->report);
    if (out->report.method != RITZ_LSTSQ_LSMR) {
        (void)expect(info_after(out->rank, 0) == q->n, "rank %lld",
                     (long long)info_after(out->rank, 0));
        (void)expect_bound("lstsq reported", q->dtype, out->report.backward_error, 8 * unit);
    }
    omat_destroy(&A);
    omat_destroy(&B);
    omat_destroy(&X);
}

/* ---- conditions and residuals ---------------------------------------------------------------- */

static void regular(const struct place *p, struct problem q)
{
    if (!begin(p, &q, "regular")) return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    make(&q, 901);
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        check_solution(&q, &out);
        if (q.method != RITZ_LSTSQ_AUTO)
            (void)expect(out.report.method == q.method, "method %s", out.report.method_name);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* Every method for which the condition is not too much, on every kind of operator. */
static void conditions(const struct place *p, ritz_dtype dtype)
{
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_SKETCH_CG, RITZ_LSTSQ_SKETCH_CG_FIXED,
                                                RITZ_LSTSQ_LSMR, RITZ_LSTSQ_AUTO};
    static const long double residuals[] = {1, 1e-4L, 0};
    const double most = dtype == RITZ_F32 ? 1e4 : 1e10, step = dtype == RITZ_F32 ? 10 : 1e5;
    struct forms walk = forms_of(3, 0);
    int turn = 0;
    for (double kappa = 1; kappa <= most; kappa *= step)
        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
            for (int kind = 0; kind < KINDS; kind++, turn++) {
                if (methods[i] == RITZ_LSTSQ_LSMR && kappa > 100) continue;
                if (!next_forms(&walk)) walk = forms_of(3, 0), (void)next_forms(&walk);
                struct problem q = {.kind = (enum operator_kind)kind,
                                    .dtype = dtype,
                                    .method = methods[i],
                                    .m = 150,
                                    .n = 12,
                                    .s = turn % 2 ? 5 : 1,
                                    .kappa = kappa,
                                    .residual = residuals[turn % 3],
                                    .lambda = turn % 4 == 3 ? 0.01 : 0};
                memcpy(q.forms, walk.f, sizeof q.forms);
                regular(p, q);
            }
}

/* Columns of very different size: no lack of rank, and no more iterations. */
static void graded(const struct place *p, ritz_dtype dtype, ritz_lstsq_method method)
{
    struct problem q = {.kind = DENSE,
                        .dtype = dtype,
                        .method = method,
                        .m = 120,
                        .n = 10,
                        .s = 2,
                        .kappa = 5,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "graded columns")) return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    make(&q, 911);
    matgen_grade_cols(&q.A, dtype == RITZ_F32 ? 6 : 12);
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        check_solution(&q, &out);
        (void)expect(out.report.method == method && out.report.iterations < 200,
                     "%s, %d iterations", out.report.method_name, out.report.iterations);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* ---- the sketched problem alone -------------------------------------------------------------- */

static void sketched(const struct place *p, ritz_dtype dtype, enum operator_kind kind, int digits)
{
    struct problem q = {.kind = kind,
                        .dtype = dtype,
                        .method = digits > 0 ? RITZ_LSTSQ_AUTO : RITZ_LSTSQ_SKETCH_SOLVE,
                        .m = 400,
                        .n = 6,
                        .s = 3,
                        .kappa = 100,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "sketched")) return;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.digits = digits;
    struct outcome out;
    make(&q, 921);
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        omat A, B, X = item_after(out.X, 0), best = omat_create(q.n, q.s);
        int64_t rank;
        stacked(&q, &out, &A, &B);
        oracle_lstsq(q.m, q.n, q.s, A.a, B.a, 0, best.a, &rank);
        omat R = oracle_gemm(-1, A, X, 1, B), least = oracle_gemm(-1, A, best, 1, B);
        const long double ratio = oracle_norm_fro(R) / oracle_norm_fro(least);
        (void)expect_bound("lstsq sketched residual", dtype, (double)ratio, 1.2);
        (void)expect(out.report.method == RITZ_LSTSQ_SKETCH_SOLVE, "%s", out.report.method_name);
        check_norms(&q, &out, A, X, B);
        omat all[] = {A, B, X, best, R, least};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* ---- minimum norm ---------------------------------------------------------------------------- */

/* Wide, or of dependent columns: X against the oracle's, whose condition is known. */
static void minimum_norm(const struct place *p, struct problem q, int64_t rank)
{
    if (!begin(p, &q, rank < q.n && q.m >= q.n ? "dependent columns" : "wide")) return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    make(&q, 931);
    /* the last columns repeat the first */
    for (int64_t j = rank; q.m >= q.n && j < q.n; j++)
        for (int64_t i = 0; i < q.m; i++) OMAT_AT(q.A, i, j) = OMAT_AT(q.A, i, j - rank);
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        omat A, B, X = item_after(out.X, 0), best = omat_create(q.n, q.s);
        int64_t found;
        stacked(&q, &out, &A, &B);
        oracle_lstsq(A.rows, q.n, q.s, A.a, B.a, 1e-12L, best.a, &found);
        (void)expect(found == rank, "the oracle finds rank %lld", (long long)found);
        omat error = oracle_add(X, -1, best);
        const double unit = eps_of(q.dtype) * (double)(q.kappa * q.kappa * oracle_norm_fro(best));
        expect_close("lstsq minimum norm", q.dtype, (double)oracle_norm_fro(error), 0,
                     unit * sqrt((double)q.n));
        (void)expect(out.report.method == RITZ_LSTSQ_LSMR && info_after(out.rank, 0) == -1,
                     "%s, rank %lld", out.report.method_name, (long long)info_after(out.rank, 0));
        (void)expect(out.report.fallbacks == (q.method == RITZ_LSTSQ_SKETCH_CG ? 1 : 0),
                     "%d fallbacks", out.report.fallbacks);
        if (out.report.fallbacks > 0)
            (void)expect(out.report.reason_code == RITZ_LSTSQ_RANK_DEFICIENT, "reason %s",
                         out.report.reason);
        omat all[] = {A, B, X, best, error};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

static void minimum_norms(const struct place *p, ritz_dtype dtype)
{
    struct problem q = {.dtype = dtype,
                        .s = 3,
                        .kappa = 10,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    for (int kind = 0; kind < KINDS; kind++) {
        q.kind = (enum operator_kind)kind;
        q.m = 9;
        q.n = 40;
        q.method = kind == FUNCTION ? RITZ_LSTSQ_LSMR : RITZ_LSTSQ_AUTO;
        minimum_norm(p, q, 9);
        if (kind == CENTRED) continue; /* its columns do not repeat */
        q.m = 90;
        q.n = 12;
        q.method = RITZ_LSTSQ_SKETCH_CG;
        minimum_norm(p, q, 8);
    }
}

/* ---- what cannot be solved ------------------------------------------------------------------- */

static void flawed(const struct place *p, ritz_dtype dtype, enum operator_kind kind, bool in_b,
                   ritz_lstsq_method method, long double value)
{
    struct problem q = {.kind = kind,
                        .dtype = dtype,
                        .method = method,
                        .m = 100,
                        .n = 7,
                        .s = 2,
                        .kappa = 3,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q,
               isnan(value) ? in_b ? "NaN in B" : "NaN in A"
               : in_b       ? "Inf in B"
                            : "Inf in A"))
        return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    make(&q, 941);
    *(in_b ? &q.B.a[q.m + 5] : &q.A.a[3 * q.m + 5]) = value;
    solve_expecting(p, &q, o, RITZ_ERR_NOT_FINITE, "lstsq_operator", &out);
    if (out.usable) {
        (void)expect(item_is_nan(out.X, 0, RITZ_BOTH), "X is not NaN");
        (void)expect(item_is_nan(out.norms, 0, RITZ_BOTH), "the norms are not NaN");
        (void)expect(info_after(out.rank, 0) == -1, "rank %lld",
                     (long long)info_after(out.rank, 0));
        (void)expect(isnan(out.report.residual_norm), "residual_norm %g", out.report.residual_norm);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

static void not_converged(const struct place *p, ritz_dtype dtype)
{
    struct problem q = {.kind = FUNCTION,
                        .dtype = dtype,
                        .method = RITZ_LSTSQ_LSMR,
                        .m = 150,
                        .n = 40,
                        .s = 2,
                        .kappa = 1e3L,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "not converged")) return;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.max_iterations = 5;
    struct outcome out;
    make(&q, 951);
    solve_expecting(p, &q, o, RITZ_ERR_NOT_CONVERGED, "5 iterations", &out);
    if (out.usable) {
        omat A, B, X = item_after(out.X, 0);
        stacked(&q, &out, &A, &B);
        omat R = oracle_gemm(-1, A, X, 1, B);
        (void)expect(out.report.iterations == 5 && out.report.warning[0] != '\0', "%d iterations",
                     out.report.iterations);
        (void)expect(oracle_norm_fro(R) < oracle_norm_fro(B), "X is no better than 0");
        check_norms(&q, &out, A, X, B);
        omat all[] = {A, B, X, R};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* An operator of zeros: X is 0 exactly, whatever the method. */
static void zeros(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                  ritz_lstsq_method method)
{
    struct problem q = {.kind = kind,
                        .dtype = dtype,
                        .method = method,
                        .m = 80,
                        .n = 5,
                        .s = 2,
                        .kappa = 1,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "zeros")) return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    make(&q, 961);
    for (int64_t i = 0; i < q.m * q.n; i++) q.A.a[i] = 0;
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        omat A, B, X = item_after(out.X, 0);
        stacked(&q, &out, &A, &B);
        (void)expect(oracle_norm_max(X) == 0, "X is not 0");
        (void)expect(out.report.backward_error == 0, "%g", out.report.backward_error);
        check_norms(&q, &out, A, X, B);
        omat_destroy(&A);
        omat_destroy(&B);
        omat_destroy(&X);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* Nothing to solve, or nothing to solve for. */
static void empty(const struct place *p, int64_t m, int64_t n, int64_t s)
{
    struct problem q = {.kind = DENSE,
                        .dtype = RITZ_F64,
                        .method = RITZ_LSTSQ_AUTO,
                        .m = m,
                        .n = n,
                        .s = s,
                        .kappa = 1,
                        .residual = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "empty")) return;
    const ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct outcome out;
    q.A = matgen_gaussian(971, m, n);
    q.B = matgen_gaussian(972, m, s);
    solve_expecting(p, &q, o, RITZ_OK, NULL, &out);
    if (out.usable) {
        omat B = item_before(out.B, 0), X = item_after(out.X, 0), norms = item_after(out.norms, 0);
        (void)expect(n * s == 0 || oracle_norm_max(X) == 0, "X is not 0");
        expect_close("lstsq norm", RITZ_F64, out.report.residual_norm, oracle_norm_fro(B),
                     DBL_EPSILON * (double)oracle_norm_fro(B));
        for (int64_t j = 0; j < s; j++) {
            omat b = omat_block(B, 0, j, m, 1);
            expect_close("lstsq column norm", RITZ_F64, (double)norms.a[j], oracle_norm_fro(b),
                         DBL_EPSILON * (double)oracle_norm_fro(b));
            omat_destroy(&b);
        }
        omat_destroy(&B);
        omat_destroy(&X);
        omat_destroy(&norms);
    }
    scene_end(&out.sc);
    problem_free(&q);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refused(const struct place *p)
{
    struct problem q = {.kind = DENSE,
                        .dtype = RITZ_F64,
                        .m = 20,
                        .n = 3,
                        .s = 2,
                        .kappa = 1,
                        .forms = {COL_PLAIN, COL_PLAIN, COL_PLAIN}};
    if (!begin(p, &q, "refusals")) return;
    struct scene sc;
    make(&q, 981);
    scene_begin(&sc, p);
    const ritz_dmat A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &q.A)->mat;
    const ritz_dmat B = add_input(&sc, "B", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &q.B)->mat;
    struct operand *X = add_output(&sc, "X", RITZ_F64, COL_PLAIN, q.n, q.s, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A);
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    const ritz_dmat x = X->mat;
    (void)expect_error(ritz_lstsq_operator(p->s, NULL, B, x, NULL, NULL), RITZ_ERR_ARGUMENT,
                       "NULL");
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, ritz_read_only(x), NULL, NULL),
                       RITZ_ERR_READ_ONLY, "X");
    (void)expect_error(ritz_lstsq_operator(p->s, &op, ritz_row_range(B, 1, q.m - 1), x, NULL, NULL),
                       RITZ_ERR_SHAPE, "B");
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, ritz_cols(x, 0, 1), NULL, NULL),
                       RITZ_ERR_SHAPE, "X");
    o.method = RITZ_LSTSQ_QR;
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, x, &o, NULL), RITZ_ERR_OPTION, "method");
    o.method = RITZ_LSTSQ_AUTO;
    o.lambda = -1;
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, x, &o, NULL), RITZ_ERR_OPTION, "lambda");
    o.lambda = 0;
    o.weights = ritz_cols(B, 0, 1);
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, x, &o, NULL), RITZ_ERR_OPTION, "weights");
    o.weights = RITZ_NO_MAT;
    o.max_iterations = -1;
    (void)expect_error(ritz_lstsq_operator(p->s, &op, B, x, &o, NULL), RITZ_ERR_OPTION,
                       "max_iterations");
    (void)scene_finish(&sc, RITZ_OK);
    expect_kept(X);
    scene_end(&sc);
    problem_free(&q);
}

void test_lstsq_operator(const struct place *p)
{
    restart_forms();
    for (int t = 0; t < REALS; t++) {
        conditions(p, reals[t]);
        graded(p, reals[t], RITZ_LSTSQ_SKETCH_CG);
        graded(p, reals[t], RITZ_LSTSQ_LSMR);
        sketched(p, reals[t], DENSE, 0);
        sketched(p, reals[t], FUNCTION, 2);
        minimum_norms(p, reals[t]);
        not_converged(p, reals[t]);
        for (int kind = 0; kind < KINDS; kind++) {
            flawed(p, reals[t], (enum operator_kind)kind, kind == FUNCTION, RITZ_LSTSQ_AUTO,
                   (long double)NAN);
            flawed(p, reals[t], (enum operator_kind)kind, kind == DENSE, RITZ_LSTSQ_LSMR,
                   (long double)INFINITY);
        }
        zeros(p, reals[t], DENSE, RITZ_LSTSQ_AUTO);
        zeros(p, reals[t], FUNCTION, RITZ_LSTSQ_LSMR);
    }
    empty(p, 5, 0, 2);
    empty(p, 0, 3, 2);
    empty(p, 5, 3, 0);
    refused(p);
}
