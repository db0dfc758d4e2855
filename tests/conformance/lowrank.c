/* Linear operators, the range finder and the randomized SVD: factors, published bounds, and their
 * own error figures.
 *
 * Seeds are fixed, so that a statement that holds with some probability holds always or never.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

static double unit(ritz_dtype dtype)
{
    return eps_of(dtype) / 2;
}

/* error / scale; 0 / 0 is perfect. */
static double quotient(double error, double scale)
{
    return error == 0 ? 0 : error / scale;
}

/* ---- application ----------------------------------------------------------------------------- */

static void apply_one(const struct place *p, ritz_dtype dtype, enum operator_kind kind, int64_t m,
                      int64_t n, int64_t l, bool transposed, const struct form *f)
{
    if (!begin_case(p, "linop_apply %s %s %lldx%lld to %lld vectors%s A %s X %s Y %s",
                    ritz_dtype_name(dtype), operator_names[kind], (long long)m, (long long)n,
                    (long long)l, transposed ? ", transposed" : "", form_name(f[0]),
                    form_name(f[1]), form_name(f[2])))
        return;
    const int64_t from = transposed ? m : n, to = transposed ? n : m;
    omat *a = make_items(general_kinds, 81, 1, m, n, dtype);
    omat *x = make_items(general_kinds, 82, 1, from, l, dtype);
    for (int64_t i = 0; kind == CENTRED && i < m * n; i++) a->a[i] += 3;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, f[0], a);
    struct operand *X = add_input(&sc, "X", dtype, f[1], 1, SHARE_NONE, x);
    struct operand *Y = add_output(&sc, "Y", dtype, f[2], to, l, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_linop_apply(p->s, &t.op, transposed, X->mat, Y->mat))) {
        omat At = omat_transposed(t.effective), vectors = item_before(X, 0), got = item_after(Y, 0);
        const double ratio = oracle_gemm_ratio(1, transposed ? At : t.effective, vectors, 0,
                                               (omat){0, 0, NULL}, got, eps_of(dtype));
        /* One more rounding where the mean is subtracted. */
        (void)expect_ratio("linop_apply error/(k+3)", dtype, ratio / (double)(from + 3), 1);
        omat_destroy(&At);
        omat_destroy(&vectors);
        omat_destroy(&got);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
    free_items(x, 1);
}

static void applications(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][3] = {{7, 5, 3}, {5, 7, 3}, {1, 1, 1},  {0, 3, 2},
                                        {3, 0, 2}, {3, 4, 0}, {61, 31, 2}};
    for (int kind = 0; kind < OPERATORS; kind++)
        for (int transposed = 0; transposed <= 1; transposed++) {
            for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
                for (struct forms walk = forms_of(3, 12); next_forms(&walk);)
                    apply_one(p, dtype, (enum operator_kind)kind, shapes[i][0], shapes[i][1],
                              shapes[i][2], transposed, walk.f);
            /* Rows so long that a centred matrix is staged in several blocks. */
            for (struct forms walk = forms_of(3, kind == CENTRED ? 2 : 1); next_forms(&walk);)
                apply_one(p, dtype, (enum operator_kind)kind, 131, 6199, 1, transposed, walk.f);
        }
}

/* ---- range finder ---------------------------------------------------------------------------- */

/* The expected error of q power steps with l columns: the smallest, over the splits l = k + p, of
 * Halko, Martinsson and Tropp 2011, theorem 10.6 for (A Aᵀ)^q A, brought back by corollary
 * 10.10. */
static double published_bound(omat sigma, int64_t l, int q)
{
    const double power = 2 * q + 1;
    double best = (double)INFINITY;
    for (int64_t k = 1; k + 2 <= l; k++) {
        const double p = (double)(l - k);
        long double tail = 0;
        for (int64_t j = k; j < sigma.rows; j++) tail += powl(sigma.a[j], 2 * power);
        const double next = k < sigma.rows ? (double)powl(sigma.a[k], power) : 0;
        const double value = (1 + sqrt((double)k / (p - 1))) * next +
                             exp(1) * sqrt((double)l) / p * (double)sqrtl(tail);
        if (pow(value, 1 / power) < best) best = pow(value, 1 / power);
    }
    return best;
}

static double range_error(omat A, omat Q)
{
    omat Qt = omat_transposed(Q), B = oracle_product(Qt, A), R = oracle_gemm(-1, Q, B, 1, A);
    const double error = (double)oracle_norm_two(R);
    omat_destroy(&Qt);
    omat_destroy(&B);
    omat_destroy(&R);
    return error;
}

/* Rounding errors of products and orthogonalisations, which no bound in exact arithmetic counts. */
static double noise(omat A, ritz_dtype dtype)
{
    return 30 * (double)oracle_norm_two(A) * eps_of(dtype) * sqrt((double)(A.rows + A.cols));
}

struct low_rank_case {
    int64_t m, n, k;
    ritz_dtype dtype;
    enum spectrum spectrum;
    enum operator_kind kind;
    int power; /* as in the options */
    uint64_t seed;
    const struct form *f;
};

static int powers_made(int option)
{
    return option == RITZ_POWER_ITERATIONS_NONE ? 0 : option == 0 ? 2 : option;
}

static omat low_rank_matrix(const struct low_rank_case *c)
{
    omat s = spectrum_of(c->spectrum, shorter(c->m, c->n), c->k);
    omat A = matgen_with_singular_values(91, c->m, c->n, s);
    omat_destroy(&s);
    for (int64_t i = 0; c->kind == CENTRED && i < c->m * c->n; i++) A.a[i] += 1;
    return A;
}

static void check_norm(const struct low_rank_case *c, omat A, double norm)
{
    const double want = (double)oracle_norm_fro(A);
    if (c->kind == FUNCTION)
        /* From four probes, in a single direction at worst: the mean of four squares of normal
         * numbers is below 0.02² once in three million. */
        (void)expect(norm >= 0.02 * want && norm <= 3 * want, "the norm %g is estimated as %g",
                     want, norm);
    else /* the elements of a centred matrix are rounded once, sums are in float64 */
        (void)expect_ratio("report: norm", c->dtype,
                           quotient(fabs(norm - want), want * eps_of(c->dtype)), 3);
}

static bool begin_low_rank(const struct place *p, const char *operation,
                           const struct low_rank_case *c)
{
    return begin_case(p, "%s %s %lldx%lld k %lld %s %s power %d seed %llu A %s, %s, %s, %s",
                      operation, ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n,
                      (long long)c->k, spectrum_names[c->spectrum], operator_names[c->kind],
                      c->power, (unsigned long long)c->seed, form_name(c->f[0]), form_name(c->f[1]),
                      form_name(c->f[2]), form_name(c->f[3]));
}

static void range_one(const struct place *p, const struct low_rank_case *c)
{
    if (!begin_low_rank(p, "range_finder", c)) return;
    const int64_t most = shorter(c->m, c->n), l = c->k + 5 < most ? c->k + 5 : most;
    const int q = powers_made(c->power);
    omat a = low_rank_matrix(c);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = c->power;
    opts.seed = c->seed;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *Q = add_output(&sc, "Q", c->dtype, c->f[1], c->m, l, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_range_finder(p->s, &t.op, Q->mat, &opts, &report))) {
        omat basis = item_after(Q, 0), U, sigma, V;
        oracle_svd(t.effective, &U, &sigma, &V);
        const double error = range_error(t.effective, basis), round = noise(t.effective, c->dtype);
        (void)expect_ratio("range_finder |I - Q'Q|", c->dtype,
                           oracle_orth_ratio(basis, eps_of(c->dtype)), 30);
        if (l < most && l > 2)
            (void)expect_bound("range_finder error/bound", c->dtype, error,
                               published_bound(sigma, l, q) + round);
        (void)expect_bound("range_finder error/reported bound", c->dtype, error,
                           report.error + round);
        (void)expect(report.kind == RITZ_ERROR_BOUND && fabs(report.probability - 0.9999) < 1e-12,
                     "the error figure is of kind %d, probability %g", (int)report.kind,
                     report.probability);
        (void)expect(report.rank == l && report.sample_size == l && report.power_iterations == q &&
                         report.matvec_blocks == 2 * q + 2,
                     "rank %lld, sample size %lld, %d power iterations, %d products",
                     (long long)report.rank, (long long)report.sample_size, report.power_iterations,
                     report.matvec_blocks);
        check_norm(c, t.effective, report.norm);
        omat *const all[] = {&basis, &U, &sigma, &V};
        for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- randomized SVD -------------------------------------------------------------------------- */

/* A - U diag(s) Vᵀ. */
static omat remainder_of(omat A, omat U, omat s, omat V)
{
    omat Us = omat_copy(U), Vt = omat_transposed(V);
    for (int64_t j = 0; j < U.cols; j++)
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(Us, i, j) *= s.a[j];
    omat R = oracle_gemm(-1, Us, Vt, 1, A);
    omat_destroy(&Us);
    omat_destroy(&Vt);
    return R;
}

static void check_figure(const struct low_rank_case *c, omat A, omat R,
                         const ritz_sketch_report *report)
{
    const double error = (double)oracle_norm_fro(R), norm = (double)oracle_norm_fro(A);
    const double dim = (double)(c->m > c->n ? c->m : c->n);
    switch (report->kind) {
    case RITZ_ERROR_EXACT: /* an identity between squares */
        (void)expect_ratio("svd_randomized identity", c->dtype,
                           quotient(fabs(report->error * report->error - error * error),
                                    norm * norm * dim * eps_of(c->dtype)),
                           30);
        break;
    case RITZ_ERROR_BOUND: /* both the figure and its resolution, 6 sqrt(u) |A|, count */
        (void)expect(c->kind != FUNCTION && error <= report->error &&
                         report->error <= 6 * sqrt(2) * sqrt(unit(c->dtype)) * norm,
                     "the error %g has the bound %g", error, report->error);
        break;
    case RITZ_ERROR_ESTIMATE:
        (void)expect(c->kind == FUNCTION, "an estimate for a matrix");
        if (error > noise(A, c->dtype))
            (void)expect_bound("svd_randomized estimate", c->dtype,
                               fmax(report->error / error / 3, 0.3 * error / report->error), 1);
        break;
    case RITZ_ERROR_NONE: (void)expect(false, "there is no error figure"); break;
    }
}

static void check_triplets(const struct low_rank_case *c, omat A, omat u, omat s, omat v,
                           const ritz_sketch_report *report)
{
    const double eps = eps_of(c->dtype);
    const int64_t k = s.rows;
    omat U, sigma, V, R = remainder_of(A, u, s, v);
    oracle_svd(A, &U, &sigma, &V);
    const double error = (double)oracle_norm_two(R), round = noise(A, c->dtype);
    const double next = k < sigma.rows ? (double)sigma.a[k] : 0;
    (void)expect_ratio("svd_randomized |I - U'U|", c->dtype, oracle_orth_ratio(u, eps), 30);
    (void)expect_ratio("svd_randomized |I - V'V|", c->dtype, oracle_orth_ratio(v, eps), 30);
    (void)expect(oracle_sign_violation(v) < 0, "V breaks the sign rule");
    for (int64_t i = 0; i < k; i++)
        (void)expect((double)s.a[i] <= (double)sigma.a[i] + round && s.a[i] >= 0 &&
                         (i == 0 || s.a[i] <= s.a[i - 1]),
                     "value %lld is %Lg, above the singular value %Lg or out of order",
                     (long long)i, s.a[i], sigma.a[i]);
    if (c->spectrum != HARMONIC && c->spectrum != FLAT_AND_SPIKES && powers_made(c->power) >= 2)
        (void)expect_bound("svd_randomized error/(1.05 s_k+1)", c->dtype, error,
                           1.05 * next + round);
    check_figure(c, A, R, report);
    omat *const all[] = {&U, &sigma, &V, &R};
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
}

static void svd_one(const struct place *p, const struct low_rank_case *c)
{
    if (!begin_low_rank(p, "svd_randomized", c)) return;
    const int64_t most = shorter(c->m, c->n), k = c->k, full = k + 10 < most ? k + 10 : most;
    const bool exact = c->kind == DENSE && 3 * full > 2 * most;
    omat a = low_rank_matrix(c);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = c->power;
    opts.seed = c->seed;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *U = add_output(&sc, "U", c->dtype, c->f[1], c->m, k, 1);
    struct operand *S = add_output(&sc, "S", c->dtype, c->f[2], k, 1, 1);
    struct operand *V = add_output(&sc, "V", c->dtype, c->f[3], c->n, k, 1);
    struct operand *again = add_output(&sc, "S again", c->dtype, COL_PLAIN, k, 1, 1);
    struct operand *alone = add_output(&sc, "V alone", c->dtype, c->f[3], c->n, k, 1);
    scene_upload(&sc);
    (void)expect_ok(
        ritz_svd_randomized(p->s, &t.op, RITZ_NO_MAT, again->mat, alone->mat, &opts, NULL));
    if (scene_finish(&sc,
                     ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, V->mat, &opts, &report))) {
        omat u = item_after(U, 0), s = item_after(S, 0), v = item_after(V, 0);
        check_triplets(c, t.effective, u, s, v, &report);
        (void)expect(same_bits(S, again) && same_bits(V, alone),
                     "the same seed gave other values or vectors without U");
        (void)expect(report.rank == k && report.sample_size == (exact ? most : full) &&
                         report.power_iterations == (exact ? 0 : powers_made(c->power)),
                     "rank %lld, sample size %lld, %d power iterations", (long long)report.rank,
                     (long long)report.sample_size, report.power_iterations);
        check_norm(c, t.effective, report.norm);
        omat_destroy(&u);
        omat_destroy(&s);
        omat_destroy(&v);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- particular cases ------------------------------------------------------------------------ */

/* Another seed gives another sketch, the same seed the same bits. */
static void seeds(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "range_finder %s, equal and different seeds", ritz_dtype_name(dtype)))
        return;
    omat *a = make_items(general_kinds, 92, 1, 40, 30, dtype);
    ritz_sketch_options one = RITZ_SKETCH_DEFAULTS, two = RITZ_SKETCH_DEFAULTS;
    one.power_iterations = two.power_iterations = RITZ_POWER_ITERATIONS_NONE;
    two.seed = 1;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, 40, 4, 1);
    struct operand *same = add_output(&sc, "same", dtype, COL_PLAIN, 40, 4, 1);
    struct operand *other = add_output(&sc, "other", dtype, COL_PLAIN, 40, 4, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    (void)expect_ok(ritz_range_finder(p->s, &op, Q->mat, &one, NULL));
    (void)expect_ok(ritz_range_finder(p->s, &op, same->mat, &one, NULL));
    if (scene_finish(&sc, ritz_range_finder(p->s, &op, other->mat, &two, NULL))) {
        (void)expect(same_bits(Q, same), "the same seed gave other bits");
        (void)expect(!same_bits(Q, other), "another seed gave the same bits");
    }
    scene_end(&sc);
    free_items(a, 1);
}

static void without_figure(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "svd_randomized and range_finder %s without an error figure",
                    ritz_dtype_name(dtype)))
        return;
    omat *a = make_items(general_kinds, 93, 1, 40, 30, dtype);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report first = RITZ_SKETCH_REPORT_INIT, second = RITZ_SKETCH_REPORT_INIT;
    opts.no_error_figure = 1;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, 40, 4, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, 4, 1, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    (void)expect_ok(ritz_range_finder(p->s, &op, Q->mat, &opts, &first));
    if (scene_finish(
            &sc, ritz_svd_randomized(p->s, &op, RITZ_NO_MAT, S->mat, RITZ_NO_MAT, &opts, &second)))
        (void)expect(first.kind == RITZ_ERROR_NONE && second.kind == RITZ_ERROR_NONE &&
                         first.matvec_blocks == 5 && first.rank == 4 && second.rank == 4,
                     "kinds %d and %d, %d products", (int)first.kind, (int)second.kind,
                     first.matvec_blocks);
    scene_end(&sc);
    free_items(a, 1);
}

static void not_finite(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                       int position, long double value, bool exact)
{
    const int64_t m = 40, n = 30, k = exact ? 25 : 3;
    if (!begin_case(p, "svd_randomized and range_finder %s %s k %lld, %s at position %d",
                    ritz_dtype_name(dtype), operator_names[kind], (long long)k,
                    isnan(value) ? "NaN" : "Inf", position))
        return;
    omat *a = make_items(general_kinds, 94, 1, m, n, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    /* The mean is that of the sound matrix. */
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, a);
    store_element(dtype, t.A->before + element_offset(t.A, 0, position % m, position / m), value);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, m, k, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, m, k, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, k, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, COL_PLAIN, n, k, 1);
    scene_upload(&sc);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    (void)expect_ok(ritz_range_finder(p->s, &t.op, Q->mat, NULL, &report));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_range_finder");
    if (scene_collect(&sc, ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, V->mat, NULL, &report),
                      RITZ_ERR_NOT_FINITE, "ritz_svd_randomized"))
        (void)expect(item_is_nan(Q, 0, RITZ_BOTH) && item_is_nan(U, 0, RITZ_BOTH) &&
                         item_is_nan(S, 0, RITZ_BOTH) && item_is_nan(V, 0, RITZ_BOTH),
                     "an output is not NaN");
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
}

/* The entries of A near the ends of the type's range. */
static void extreme_scale(const struct place *p, ritz_dtype dtype, long double scale)
{
    const int64_t m = 53, n = 41, k = 3;
    if (!begin_case(p, "svd_randomized %s of entries near %Lg", ritz_dtype_name(dtype), scale))
        return;
    omat s = spectrum_of(EXPONENTIAL, n, k), a = matgen_with_singular_values(95, m, n, s);
    for (int64_t i = 0; i < m * n; i++) a.a[i] *= scale;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, k, 1, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    if (scene_finish(
            &sc, ritz_svd_randomized(p->s, &op, RITZ_NO_MAT, S->mat, RITZ_NO_MAT, NULL, NULL))) {
        omat got = item_after(S, 0), want = omat_block(s, 0, 0, k, 1);
        for (int64_t i = 0; i < k; i++) want.a[i] *= scale;
        (void)expect_ratio("svd_randomized extreme scale", dtype,
                           oracle_values_ratio(ORACLE_SINGULAR, want, got, m, eps_of(dtype)), 30);
        omat_destroy(&got);
        omat_destroy(&want);
    }
    scene_end(&sc);
    omat_destroy(&s);
    omat_destroy(&a);
}

void test_lowrank(const struct place *p)
{
    static const int powers[] = {0, RITZ_POWER_ITERATIONS_NONE, 1};
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        const ritz_dtype dtype = reals[t];
        applications(p, dtype);
        seeds(p, dtype);
        without_figure(p, dtype);
        extreme_scale(p, dtype, dtype == RITZ_F32 ? 1e30L : 1e150L);
        extreme_scale(p, dtype, dtype == RITZ_F32 ? 1e-30L : 1e-150L);
        for (int kind = 0; kind < SPARSE; kind++)
            for (int position = 0; position < 40 * 30; position += 599) {
                not_finite(p, dtype, (enum operator_kind)kind, position, (long double)NAN, false);
                not_finite(p, dtype, (enum operator_kind)kind, position, (long double)INFINITY,
                           true);
            }
        for (const struct shape *s = NULL; (s = next_shape("svd_randomized", s));)
            for (int which = 0; which < SPECTRA; which++)
                for (int kind = 0; kind < OPERATORS; kind++) {
                    const bool large = s->m * s->n > 2000; /* one operator for each spectrum */
                    if (large && kind != which % OPERATORS) continue;
                    struct forms walk = forms_of(4, large ? 1 : 2);
                    for (; next_forms(&walk); turn++) {
                        const struct low_rank_case c = {s->m,
                                                        s->n,
                                                        s->k,
                                                        dtype,
                                                        (enum spectrum)which,
                                                        (enum operator_kind)kind,
                                                        powers[turn % 3],
                                                        (uint64_t)turn,
                                                        walk.f};
                        range_one(p, &c);
                        svd_one(p, &c);
                    }
                }
    }
}
