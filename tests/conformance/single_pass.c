/* Low-rank approximation of a matrix that is seen once: exact recovery of low rank, the published
 * bound on the error, the error estimate.
 *
 * Seeds are fixed, so that a statement that holds with some probability holds always or never.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/single_pass.h"

#include <math.h>
#include <string.h>

/* ---- matrices -------------------------------------------------------------------------------- */

/* r singular values from 2 down to above 1, the others zero. */
omat sp_matrix_of_rank(uint64_t seed, int64_t m, int64_t n, int64_t r)
{
    omat s = omat_create(sp_shorter(m, n), 1);
    for (int64_t i = 0; i < r; i++) s.a[i] = 2 - (long double)i / (long double)r;
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}

/* A - U diag(s) Vᵀ with the leading k triplets. */
static omat remainder_of(omat A, omat U, omat s, omat V, int64_t k)
{
    omat Us = omat_block(U, 0, 0, U.rows, k), Vk = omat_block(V, 0, 0, V.rows, k);
    omat Vt = omat_transposed(Vk);
    for (int64_t j = 0; j < k; j++)
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(Us, i, j) *= s.a[j];
    omat R = oracle_gemm(-1, Us, Vt, 1, A);
    omat_destroy(&Us);
    omat_destroy(&Vk);
    omat_destroy(&Vt);
    return R;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

struct outcome sp_add_outcome(struct scene *sc, ritz_dtype dtype, const struct form *f, int64_t m,
                              int64_t n, int64_t k)
{
    const ritz_sketch_report start = RITZ_SKETCH_REPORT_INIT;
    return (struct outcome){.U = add_output(sc, "U", dtype, f[0], m, k, 1),
                            .S = add_output(sc, "S", dtype, f[1], k, 1, 1),
                            .V = add_output(sc, "V", dtype, f[2], n, k, 1),
                            .report = start};
}

ritz_single_pass *sp_create(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                            int64_t k, const ritz_single_pass_options *opts)
{
    ritz_single_pass *sp = NULL;
    (void)expect_ok(ritz_single_pass_create(p->s, dtype, m, n, k, opts, &sp));
    return sp;
}

ritz_status sp_svd(const struct place *p, const ritz_single_pass *sp, struct outcome *o)
{
    return ritz_single_pass_svd(p->s, sp, o->U->mat, o->S->mat, o->V->mat, &o->report);
}

const struct form sp_plain[3] = {
    {RITZ_COL_MAJOR, VIEW_PLAIN}, {RITZ_COL_MAJOR, VIEW_PLAIN}, {RITZ_COL_MAJOR, VIEW_PLAIN}};

/* The triplets are those of `want`, a matrix of rank at most k, to rounding. */
void sp_expect_recovered(const char *metric, ritz_dtype dtype, omat want, const struct outcome *o)
{
    const double eps = eps_of(dtype);
    omat u = item_after(o->U, 0), s = item_after(o->S, 0), v = item_after(o->V, 0);
    omat R = remainder_of(want, u, s, v, s.rows);
    const double norm = (double)oracle_norm_fro(want), error = (double)oracle_norm_fro(R);
    const double dim = (double)(want.rows + want.cols), floor = eps * norm * dim;
    (void)expect_ratio("single_pass |I - U'U|", dtype, oracle_orth_ratio(u, eps), 30);
    (void)expect_ratio("single_pass |I - V'V|", dtype, oracle_orth_ratio(v, eps), 30);
    (void)expect(oracle_sign_violation(v) < 0, "V breaks the sign rule");
    (void)expect_ratio(metric, dtype, error == 0 ? 0 : error / floor, 30);
    for (int64_t i = 0; i < s.rows; i++)
        (void)expect(s.a[i] >= 0 && (i == 0 || s.a[i] <= s.a[i - 1]), "value %lld is out of order",
                     (long long)i);
    (void)expect(o->report.kind == RITZ_ERROR_ESTIMATE && o->report.error <= 30 * floor &&
                     o->report.rank == s.rows,
                 "the error figure is %g of kind %d, rank %lld", o->report.error,
                 (int)o->report.kind, (long long)o->report.rank);
    (void)expect(o->report.norm >= norm / 3 && o->report.norm <= norm * 3,
                 "the norm figure is %g, the norm %g", o->report.norm, norm);
    omat *const all[] = {&u, &s, &v, &R};
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
}

/* ---- exact rank ------------------------------------------------------------------------------ */

static void exact_rank(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, int64_t r,
                       int64_t k, const struct form *f)
{
    if (!begin_case(p, "single_pass_svd %s %lld x %lld of rank %lld, k %lld, A %s, U %s, V %s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)r, (long long)k,
                    form_name(f[0]), form_name(f[1]), form_name(f[3])))
        return;
    omat a = sp_matrix_of_rank(101, m, n, r);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], 1, SHARE_NONE, &a);
    struct outcome o = sp_add_outcome(&sc, dtype, f + 1, m, n, k);
    struct operand *alone[3] = {add_output(&sc, "U alone", dtype, f[1], m, k, 1),
                                add_output(&sc, "S alone", dtype, f[2], k, 1, 1),
                                add_output(&sc, "V alone", dtype, f[3], n, k, 1)};
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    (void)expect_ok(
        ritz_single_pass_svd(p->s, sp, alone[0]->mat, alone[1]->mat, RITZ_NO_MAT, NULL));
    (void)expect_ok(
        ritz_single_pass_svd(p->s, sp, RITZ_NO_MAT, alone[1]->mat, alone[2]->mat, NULL));
    const ritz_status rc = sp_svd(p, sp, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        omat stored = item_before(A, 0), s = item_after(o.S, 0);
        sp_expect_recovered("single_pass exact rank", dtype, stored, &o);
        (void)expect(same_bits(o.U, alone[0]) && same_bits(o.S, alone[1]) &&
                         same_bits(o.V, alone[2]),
                     "U, S or V depends on what else is wanted");
        for (int64_t i = r; i < k; i++)
            (void)expect_ratio("single_pass value beyond the rank", dtype,
                               (double)s.a[i] / (eps_of(dtype) * (double)(m + n)), 30);
        (void)expect(o.report.sample_size == sp_shorter(4 * k + 1, sp_shorter(m, n)) &&
                         strstr(o.report.warning, "condition") == NULL,
                     "sample size %lld, warning '%s'", (long long)o.report.sample_size,
                     o.report.warning);
        omat_destroy(&stored);
        omat_destroy(&s);
    }
    scene_end(&sc);
    omat_destroy(&a);
}

static void zero_matrix(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, int64_t k)
{
    if (!begin_case(p, "single_pass_svd %s of zeros, %lld x %lld, k %lld", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, (long long)k))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, m, n, k);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    const ritz_status rc = sp_svd(p, sp, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        omat zero = omat_create(m, n), s = item_after(o.S, 0);
        sp_expect_recovered("single_pass zeros", dtype, zero, &o);
        (void)expect(oracle_norm_max(s) == 0 && o.report.error == 0 && o.report.norm == 0,
                     "a value is %Lg, the error %g", oracle_norm_max(s), o.report.error);
        omat_destroy(&zero);
        omat_destroy(&s);
    }
    scene_end(&sc);
}

/* No triplets: the error is the norm. */
static void no_triplets(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "single_pass_svd %s with k = 0", ritz_dtype_name(dtype))) return;
    omat a = sp_matrix_of_rank(102, 9, 7, 2);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, 9, 7, 0);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, 9, 7, 2, NULL);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    const ritz_status rc = sp_svd(p, sp, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc))
        (void)expect(o.report.norm > 0 &&
                         fabs(o.report.error - o.report.norm) <= 1e-6 * o.report.norm,
                     "error %g, norm %g", o.report.error, o.report.norm);
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- the error ------------------------------------------------------------------------------- */

enum spectrum { EXPONENTIAL, HARMONIC, RANK_AND_NOISE, SPECTRA };
static const char *const spectrum_names[] = {"exponential", "harmonic", "rank and noise"};

static omat spectrum_of(enum spectrum which, int64_t count, int64_t k)
{
    omat s = omat_create(count, 1);
    for (int64_t i = 0; i < count; i++) {
        const long double x = (long double)i;
        s.a[i] = which == EXPONENTIAL ? expl(-x / 4)
                 : which == HARMONIC  ? 1 / (x + 1)
                 : i < k              ? 2 - x / (long double)k
                                      : 1e-2L;
    }
    return s;
}

/* The sum of the squares of all values but the r largest. */
static double tail_square(omat s, int64_t r)
{
    long double sum = 0;
    for (int64_t i = s.rows - 1; i >= r; i--) sum += s.a[i] * s.a[i];
    return (double)sum;
}

/* The bound of theorem 5.1 on the expectation of ‖A - Q C Pᵀ‖_F². */
static double published_bound(omat s, int64_t l, int64_t core)
{
    double least = INFINITY;
    for (int64_t r = 0; r < l - 1 && r < s.rows; r++)
        least = fmin(least, (double)(l + r - 1) / (double)(l - r - 1) * tail_square(s, r));
    return (double)(core - 1) / (double)(core - l - 1) * least;
}

/* One draw: the square of the error of all l triplets and, with k of them, the error and its
 * estimate. */
struct draw {
    double square, error, estimate, norm;
};

static bool draw_one(const struct place *p, ritz_dtype dtype, omat a, int64_t k, int64_t l,
                     uint64_t seed, struct draw *d)
{
    ritz_single_pass_options opts = RITZ_SINGLE_PASS_DEFAULTS;
    opts.range_size = l;
    opts.seed = seed;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct outcome all = sp_add_outcome(&sc, dtype, sp_plain, a.rows, a.cols, l);
    struct outcome few = sp_add_outcome(&sc, dtype, sp_plain, a.rows, a.cols, k);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, a.rows, a.cols, l, &opts);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    (void)expect_ok(sp_svd(p, sp, &all));
    const ritz_status rc = sp_svd(p, sp, &few);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    const bool done = scene_finish(&sc, rc);
    if (done) {
        omat stored = item_before(A, 0);
        omat u = item_after(all.U, 0), s = item_after(all.S, 0), v = item_after(all.V, 0);
        omat uk = item_after(few.U, 0), sk = item_after(few.S, 0), vk = item_after(few.V, 0);
        omat R = remainder_of(stored, u, s, v, l), Rk = remainder_of(stored, uk, sk, vk, k);
        *d = (struct draw){.square = (double)(oracle_norm_fro(R) * oracle_norm_fro(R)),
                           .error = (double)oracle_norm_fro(Rk),
                           .estimate = few.report.error,
                           .norm = few.report.norm};
        for (int64_t i = 0; i < k; i++)
            (void)expect_ratio("single_pass leading values", dtype,
                               (double)(fabsl(s.a[i] - sk.a[i]) / s.a[0]) / eps_of(dtype), 30);
        (void)expect(fabs(few.report.gap - (double)(s.a[k - 1] / s.a[k])) <= 1e-5 * few.report.gap,
                     "the gap is %g, that of the values %Lg", few.report.gap, s.a[k - 1] / s.a[k]);
        omat *const used[] = {&stored, &u, &s, &v, &uk, &sk, &vk, &R, &Rk};
        for (int i = 0; i < 9; i++) omat_destroy(used[i]);
    }
    scene_end(&sc);
    return done;
}

/* The mean over seeds keeps the bound on the expectation. A truncated approximation is at most
 * twice as far from A as the whole one, beyond the best error: ‖A - [B]_k‖ is at most ‖A - B‖ +
 * ‖B - [A]_k‖.
 *
 * The square of the estimate is that of the error times a weighted mean of chi-squares of ten
 * degrees of freedom over ten: of a residual of rank one it would leave [1/4, 4] once in 110 draws,
 * of the residuals here, which are spread over many directions, practically never. */
static void errors_of(const struct place *p, ritz_dtype dtype, enum spectrum which, int64_t m,
                      int64_t n, int seeds)
{
    const int64_t k = 4, l = 4 * k + 1, core = 2 * l + 1;
    if (!begin_case(p, "single_pass_svd %s %s, %lld x %lld, %d seeds", ritz_dtype_name(dtype),
                    spectrum_names[which], (long long)m, (long long)n, seeds))
        return;
    omat s = spectrum_of(which, sp_shorter(m, n), k), a = matgen_with_singular_values(103, m, n, s);
    const double norm = sqrt(tail_square(s, 0)), best = sqrt(tail_square(s, k));
    const double round = 30 * eps_of(dtype) * (double)(m + n) * norm;
    double sum = 0;
    for (int seed = 0; seed < seeds; seed++) {
        struct draw d;
        if (!draw_one(p, dtype, a, k, l, (uint64_t)seed, &d)) break;
        sum += d.square;
        (void)expect_bound("single_pass truncated error", dtype, d.error,
                           best + 2 * sqrt(d.square) + round);
        (void)expect(d.error >= best - round, "the error %g is below the best one, %g", d.error,
                     best);
        (void)expect_bound("single_pass estimate", dtype,
                           fmax(d.estimate / d.error, d.error / d.estimate), 2);
        /* of A itself: few directions matter, so rare exceptions are wider */
        (void)expect_bound("single_pass norm", dtype, fmax(d.norm / norm, norm / d.norm), 2.5);
    }
    (void)expect_bound("single_pass mean square/bound", dtype, sum / seeds,
                       published_bound(s, l, core) + round * round);
    omat_destroy(&s);
    omat_destroy(&a);
}

/* ---- what is not finite ---------------------------------------------------------------------- */

static void not_finite(const struct place *p, ritz_dtype dtype, int position, long double value)
{
    const int64_t m = 15, n = 12, k = 2;
    if (!begin_case(p, "single_pass_svd %s, %s at position %d", ritz_dtype_name(dtype),
                    isnan(value) ? "NaN" : "Inf", position))
        return;
    omat a = sp_matrix_of_rank(108, m, n, k);
    a.a[position] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, m, n, k);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    (void)expect_ok(ritz_stream_sync(p->s));
    const ritz_status rc = sp_svd(p, sp, &o);
    if (scene_collect(&sc, rc, RITZ_ERR_NOT_FINITE, "ritz_single_pass_svd"))
        (void)expect(
            item_is_nan(o.U, 0, RITZ_BOTH) && item_is_nan(o.S, 0, RITZ_BOTH) &&
                item_is_nan(o.V, 0, RITZ_BOTH) && isnan(o.report.error) && isnan(o.report.norm),
            "an output is not NaN, or the error %g, the norm %g", o.report.error, o.report.norm);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- an ill-conditioned core ----------------------------------------------------------------- */

/* With m = n = l = s = 40 Phi Q and Psi P are square Gaussian matrices times orthogonal ones. Under
 * the seeds that are passed the condition number of `which` is above 5e6: the core is solved for
 * through singular values, and float64 loses no more than those digits. */
static void ill_conditioned(const struct place *p, ritz_dtype dtype, uint64_t seed,
                            const char *which)
{
    const int64_t n = 40, k = 2;
    if (!begin_case(p, "single_pass_svd %s, %s ill-conditioned", ritz_dtype_name(dtype), which))
        return;
    ritz_single_pass_options opts = RITZ_SINGLE_PASS_DEFAULTS;
    opts.range_size = opts.core_size = n;
    opts.seed = seed;
    omat a = sp_matrix_of_rank(109, n, n, k);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, n, n, k);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, n, n, k, &opts);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    const ritz_status rc = sp_svd(p, sp, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        omat stored = item_before(A, 0), u = item_after(o.U, 0), s = item_after(o.S, 0);
        omat v = item_after(o.V, 0), R = remainder_of(stored, u, s, v, k);
        const double error = (double)oracle_norm_fro(R), norm = (double)oracle_norm_fro(stored);
        (void)expect(strstr(o.report.warning, which) != NULL &&
                         strstr(o.report.warning, "core_size") != NULL,
                     "the warning is '%s'", o.report.warning);
        (void)expect_ratio("single_pass |I - U'U|", dtype, oracle_orth_ratio(u, eps_of(dtype)), 30);
        (void)expect_ratio("single_pass |I - V'V|", dtype, oracle_orth_ratio(v, eps_of(dtype)), 30);
        if (dtype == RITZ_F64)
            (void)expect_bound("single_pass ill-conditioned error", dtype, error,
                               1e7 * eps_of(dtype) * norm * (double)n);
        /* The figure tells the truth about what is left. */
        (void)expect_bound("single_pass ill-conditioned estimate", dtype,
                           fmax(o.report.error / error, error / o.report.error), 2);
        omat *const all[] = {&stored, &u, &s, &v, &R};
        for (int i = 0; i < 5; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- the group ------------------------------------------------------------------------------- */

static void exact_ranks(const struct place *p, ritz_dtype dtype)
{
    static const struct {
        int64_t m, n, r, k;
    } sizes[] = {{40, 30, 3, 3},   {30, 40, 3, 3}, {1, 7, 1, 1},   {7, 1, 1, 1},   {1, 1, 1, 1},
                 {12, 12, 12, 12}, {60, 9, 9, 9},  {20, 20, 2, 5}, {22, 50, 5, 5}, {50, 22, 1, 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct forms walk = forms_of(4, full_level() ? 4 : 1);
        while (next_forms(&walk))
            exact_rank(p, dtype, sizes[i].m, sizes[i].n, sizes[i].r, sizes[i].k, walk.f);
    }
}

void test_single_pass(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    for (int t = 0; t < 2; t++) {
        const ritz_dtype dtype = reals[t];
        exact_ranks(p, dtype);
        zero_matrix(p, dtype, 9, 6, 2);
        zero_matrix(p, dtype, 5, 30, 5);
        no_triplets(p, dtype);
        for (int which = 0; which < SPECTRA; which++) {
            errors_of(p, dtype, (enum spectrum)which, 48, 40, full_level() ? 20 : 4);
            if (full_level()) errors_of(p, dtype, (enum spectrum)which, 36, 60, 20);
        }
        for (int position = 0; position < 15 * 12; position += 89) {
            not_finite(p, dtype, position, (long double)NAN);
            not_finite(p, dtype, position, (long double)INFINITY);
        }
        ill_conditioned(p, dtype, 113, "Phi Q");
        ill_conditioned(p, dtype, 7027, "Psi P");
        sp_test_updates(p, dtype);
    }
    sp_test_arguments(p);
}
