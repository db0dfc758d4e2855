/* Low-rank factorizations to a tolerance, and ritz_qb of a given rank: the tolerance is kept, the
 * figures are true, nothing is left beyond the rank.
 *
 * Seeds are fixed, so that a statement that holds with some probability holds always or never.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "conformance/lowrank.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, RANK = 5 };

double lowrank_noise(omat A, ritz_dtype dtype)
{
    return 30 * (double)oracle_norm_two(A) * eps_of(dtype) * sqrt((double)(A.rows + A.cols));
}

double lowrank_error(omat A, omat Q, omat B)
{
    omat R = oracle_gemm(-1, Q, B, 1, A);
    const double error = (double)oracle_norm_fro(R);
    omat_destroy(&R);
    return error;
}

double lowrank_error_two(omat A, omat Q, omat B)
{
    omat R = oracle_gemm(-1, Q, B, 1, A);
    const double error = (double)oracle_norm_two(R);
    omat_destroy(&R);
    return error;
}

omat lowrank_scaled(omat U, omat s)
{
    omat Us = omat_copy(U);
    for (int64_t j = 0; j < U.cols; j++)
        for (int64_t i = 0; i < U.rows; i++) OMAT_AT(Us, i, j) *= s.a[j];
    return Us;
}

/* ---- cases ----------------------------------------------------------------------------------- */

struct adaptive_case {
    int64_t m, n, room, block;
    ritz_dtype dtype;
    enum spectrum spectrum;
    enum operator_kind kind;
    ritz_normalisation normalisation;
    double tolerance;
    int power;
    uint64_t seed;
    const struct form *f;
};

static bool begin_adaptive(const struct place *p, const char *operation,
                           const struct adaptive_case *c)
{
    return begin_case(p,
                      "%s %s %lldx%lld room %lld block %lld %s %s tolerance %g power %d "
                      "normalisation %d seed %llu A %s, %s, %s, %s",
                      operation, ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n,
                      (long long)c->room, (long long)c->block, spectrum_names[c->spectrum],
                      operator_names[c->kind], c->tolerance, c->power, (int)c->normalisation,
                      (unsigned long long)c->seed, form_name(c->f[0]), form_name(c->f[1]),
                      form_name(c->f[2]), form_name(c->f[3]));
}

static ritz_sketch_options options_of(const struct adaptive_case *c)
{
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = c->tolerance;
    opts.block = c->block;
    opts.power_iterations = c->power;
    opts.normalisation = c->normalisation;
    opts.seed = c->seed;
    return opts;
}

static omat matrix_of(const struct adaptive_case *c)
{
    const int64_t most = c->m < c->n ? c->m : c->n;
    omat s = spectrum_of(c->spectrum, most, RANK);
    omat A = matgen_with_singular_values(191, c->m, c->n, s);
    omat_destroy(&s);
    for (int64_t i = 0; c->kind == CENTRED && i < c->m * c->n; i++) A.a[i] += 1;
    return A;
}

/* ‖(σ_(r+1), ..)‖. */
static double tail_of(omat sigma, int64_t r)
{
    long double sum = 0;
    for (int64_t i = r; i < sigma.rows; i++) sum += sigma.a[i] * sigma.a[i];
    return (double)sqrtl(sum);
}

/* The least rank within an error. */
static int64_t best_rank(omat sigma, double error)
{
    int64_t r = 0;
    while (r < sigma.rows && tail_of(sigma, r) > error) r++;
    return r;
}

static bool all_zero(omat A)
{
    for (int64_t i = 0; i < A.rows * A.cols; i++)
        if (A.a[i] != 0) return false;
    return true;
}

/* A figure of an approximation whose error is `error`. */
static void check_figure(const struct adaptive_case *c, omat A, double error,
                         const ritz_sketch_report *r)
{
    const double norm = (double)oracle_norm_fro(A), round = lowrank_noise(A, c->dtype);
    const double dim = (double)(c->m > c->n ? c->m : c->n);
    if (c->kind == FUNCTION)
        (void)expect(r->norm >= 0.02 * norm && r->norm <= 3 * norm, "norm %g is estimated as %g",
                     norm, r->norm);
    else
        (void)expect(fabs(r->norm - norm) <= 4 * eps_of(c->dtype) * norm, "norm %g, not %g",
                     r->norm, norm);
    switch (r->kind) {
    case RITZ_ERROR_EXACT:
        (void)expect_bound("identity", c->dtype, fabs(r->error * r->error - error * error),
                           30 * norm * norm * dim * eps_of(c->dtype));
        break;
    case RITZ_ERROR_BOUND:
        (void)expect(error <= r->error && r->probability == 1.0, "the error %g has the bound %g",
                     error, r->error);
        break;
    case RITZ_ERROR_ESTIMATE:
        if (error > round)
            (void)expect_bound("estimate", c->dtype,
                               fmax(r->error / error / 3, 0.3 * error / r->error), 1);
        else
            (void)expect(r->error <= round, "the error %g is estimated as %g", error, r->error);
        break;
    case RITZ_ERROR_NONE: (void)expect(false, "there is no error figure"); break;
    }
}

/* Whether and how the tolerance was met with `rank` columns, the error being `error`. `spare`:
 * columns that randomness may cost. */
static void check_tolerance(const struct adaptive_case *c, omat A, double error, int64_t spare,
                            const ritz_sketch_report *r)
{
    omat U, sigma, V;
    oracle_svd(A, &U, &sigma, &V);
    const double norm = (double)oracle_norm_fro(A), round = lowrank_noise(A, c->dtype);
    const double allowed = c->tolerance * norm;
    const double slack = r->kind == RITZ_ERROR_ESTIMATE ? 3 : 1;
    const int64_t reachable = c->room > spare ? c->room - spare : 0;
    if (r->tolerance_met) {
        (void)expect_bound("error/tolerance", c->dtype, error, slack * allowed + round);
        (void)expect(r->warning[0] == '\0', "warned although the tolerance was met: %s",
                     r->warning);
    } else {
        (void)expect(strstr(r->warning, "was not met") != NULL, "no warning but \"%s\"",
                     r->warning);
        (void)expect(r->rank == c->room || error <= round,
                     "rank %lld is neither the room nor all there is: error %g", (long long)r->rank,
                     error);
        (void)expect(tail_of(sigma, reachable) > allowed / 3 || allowed < round,
                     "the tolerance was not met although rank %lld has the error %g",
                     (long long)reachable, tail_of(sigma, reachable));
    }
    const int64_t enough = best_rank(sigma, fmax(allowed / 3 / slack, round / 30));
    (void)expect(r->rank <= enough + spare, "rank %lld where %lld suffice", (long long)r->rank,
                 (long long)enough);
    (void)expect(r->sample_size >= r->rank && r->power_iterations >= 0, "sample size %lld",
                 (long long)r->sample_size);
    omat_destroy(&U);
    omat_destroy(&sigma);
    omat_destroy(&V);
}

/* ---- QB and the range ------------------------------------------------------------------------ */

static void qb_one(const struct place *p, const struct adaptive_case *c)
{
    if (!begin_adaptive(p, "qb", c)) return;
    omat a = matrix_of(c);
    const ritz_sketch_options opts = options_of(c);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT, range = RITZ_SKETCH_REPORT_INIT;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *Q = add_output(&sc, "Q", c->dtype, c->f[1], c->m, c->room, 1);
    struct operand *B = add_output(&sc, "B", c->dtype, c->f[2], c->room, c->n, 1);
    struct operand *alone = add_output(&sc, "Q alone", c->dtype, c->f[3], c->m, c->room, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_range_finder(p->s, &t.op, alone->mat, &opts, &range));
    if (scene_finish(&sc, ritz_qb(p->s, &t.op, Q->mat, B->mat, &opts, &report))) {
        omat q = item_after(Q, 0), b = item_after(B, 0), A = t.effective;
        const int64_t r = report.rank;
        omat lead = omat_block(q, 0, 0, c->m, r), rest = omat_block(q, 0, r, c->m, c->room - r);
        omat below = omat_block(b, r, 0, c->room - r, c->n), Qt = omat_transposed(q);
        omat want = oracle_product(Qt, A);
        const double error = lowrank_error(A, q, b);
        (void)expect_ratio("qb |I - Q'Q|", c->dtype, oracle_orth_ratio(lead, eps_of(c->dtype)), 30);
        (void)expect(all_zero(rest) && all_zero(below), "something is beyond the rank");
        (void)expect_ratio("qb |B - Q'A|", c->dtype, oracle_factor_ratio(want, b, eps_of(c->dtype)),
                           30);
        check_figure(c, A, error, &report);
        check_tolerance(c, A, error, 8, &report);
        if (c->spectrum == EXACT_RANK && report.tolerance_met &&
            (c->kind == DENSE || c->kind == SPARSE || c->kind == FUNCTION)) {
            const int64_t most = c->m < c->n ? c->m : c->n;
            (void)expect(r == (most < RANK ? most : RANK), "the rank found is %lld", (long long)r);
        }
        (void)expect(range.rank == r && range.kind == RITZ_ERROR_BOUND &&
                         range.tolerance_met == report.tolerance_met,
                     "the range finder found rank %lld", (long long)range.rank);
        /* Products may round otherwise where Q lies otherwise, but the basis captures as much. */
        omat q2 = item_after(alone, 0), q2t = omat_transposed(q2), b2 = oracle_product(q2t, A);
        omat lead2 = omat_block(q2, 0, 0, c->m, r);
        const double noise = lowrank_noise(A, c->dtype);
        (void)expect_ratio("range |I - Q'Q|", c->dtype, oracle_orth_ratio(lead2, eps_of(c->dtype)),
                           30);
        (void)expect_bound("range error", c->dtype, fabs(lowrank_error(A, q2, b2) - error), noise);
        (void)expect_bound("range bound", c->dtype, lowrank_error_two(A, q2, b2),
                           range.error + noise);
        omat *const all[] = {&q, &b, &lead, &rest, &below, &Qt, &want, &q2, &q2t, &b2, &lead2};
        for (int i = 0; i < 11; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* The rank is given. */
static void qb_given(const struct place *p, const struct adaptive_case *c, ritz_range_method method)
{
    if (!begin_adaptive(p, method == RITZ_RANGE_KRYLOV ? "qb krylov" : "qb subspace", c)) return;
    omat a = matrix_of(c);
    ritz_sketch_options opts = options_of(c);
    opts.tolerance = 0;
    opts.method = method;
    const int64_t l = c->room;
    const int q = c->power == RITZ_POWER_ITERATIONS_NONE ? 0 : c->power == 0 ? 2 : c->power;
    const int made = method == RITZ_RANGE_KRYLOV && l <= q ? (int)l - 1 : q;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *Q = add_output(&sc, "Q", c->dtype, c->f[1], c->m, l, 1);
    struct operand *B = add_output(&sc, "B", c->dtype, c->f[2], l, c->n, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qb(p->s, &t.op, Q->mat, B->mat, &opts, &report))) {
        omat basis = item_after(Q, 0), b = item_after(B, 0);
        omat Qt = omat_transposed(basis), want = oracle_product(Qt, t.effective);
        (void)expect_ratio("qb given |I - Q'Q|", c->dtype,
                           oracle_orth_ratio(basis, eps_of(c->dtype)), 30);
        (void)expect_ratio("qb given |B - Q'A|", c->dtype,
                           oracle_factor_ratio(want, b, eps_of(c->dtype)), 30);
        check_figure(c, t.effective, lowrank_error(t.effective, basis, b), &report);
        (void)expect(report.rank == l && report.sample_size == l && !report.tolerance_met &&
                         report.power_iterations == (l > 0 ? made : 0) &&
                         report.matvec_blocks ==
                             (l > 0 ? 2 * made + 2 : 0) + (c->kind == FUNCTION ? 1 : 0),
                     "rank %lld, %d power iterations, %d products", (long long)report.rank,
                     report.power_iterations, report.matvec_blocks);
        omat *const all[] = {&basis, &b, &Qt, &want};
        for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- SVD ------------------------------------------------------------------------------------- */

static void svd_one(const struct place *p, const struct adaptive_case *c)
{
    if (!begin_adaptive(p, "svd_randomized", c)) return;
    omat a = matrix_of(c);
    const ritz_sketch_options opts = options_of(c);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *U = add_output(&sc, "U", c->dtype, c->f[1], c->m, c->room, 1);
    struct operand *S = add_output(&sc, "S", c->dtype, c->f[2], c->room, 1, 1);
    struct operand *V = add_output(&sc, "V", c->dtype, c->f[3], c->n, c->room, 1);
    struct operand *again = add_output(&sc, "S again", c->dtype, COL_PLAIN, c->room, 1, 1);
    struct operand *alone = add_output(&sc, "V alone", c->dtype, c->f[3], c->n, c->room, 1);
    scene_upload(&sc);
    (void)expect_ok(
        ritz_svd_randomized(p->s, &t.op, RITZ_NO_MAT, again->mat, alone->mat, &opts, NULL));
    if (scene_finish(&sc,
                     ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, V->mat, &opts, &report))) {
        omat u = item_after(U, 0), s = item_after(S, 0), v = item_after(V, 0);
        const int64_t r = report.rank, more = c->room - r;
        omat lead_u = omat_block(u, 0, 0, c->m, r), lead_v = omat_block(v, 0, 0, c->n, r);
        omat rest_u = omat_block(u, 0, r, c->m, more), rest_v = omat_block(v, 0, r, c->n, more);
        omat rest_s = omat_block(s, r, 0, more, 1);
        omat Us = lowrank_scaled(u, s), Vt = omat_transposed(v);
        const double error = lowrank_error(t.effective, Us, Vt);
        const double allowed = c->tolerance * report.norm, last = r > 0 ? (double)s.a[r - 1] : 0;
        (void)expect_ratio("svd |I - U'U|", c->dtype, oracle_orth_ratio(lead_u, eps_of(c->dtype)),
                           30);
        (void)expect_ratio("svd |I - V'V|", c->dtype, oracle_orth_ratio(lead_v, eps_of(c->dtype)),
                           30);
        (void)expect(all_zero(rest_u) && all_zero(rest_v) && all_zero(rest_s),
                     "something is beyond the rank");
        (void)expect(oracle_sign_violation(lead_v) < 0, "V breaks the sign rule");
        (void)expect(same_bits(S, again) && same_bits(V, alone),
                     "the same seed gave other values or vectors without U");
        check_figure(c, t.effective, error, &report);
        check_tolerance(c, t.effective, error, 2, &report);
        /* By the identity nothing else decides: one triplet less would not have done. */
        if (report.tolerance_met && report.kind == RITZ_ERROR_EXACT && r > 0)
            (void)expect(hypot(report.error, last) > allowed * (1 - 1e-6),
                         "rank %lld - 1 is within the tolerance too", (long long)r);
        omat *const all[] = {&u, &s, &v, &lead_u, &lead_v, &rest_u, &rest_v, &rest_s, &Us, &Vt};
        for (int i = 0; i < 10; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- particular cases ------------------------------------------------------------------------ */

static void zero_matrix(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                        double tolerance)
{
    const int64_t m = 12, n = 9, l = 4;
    if (!begin_case(p, "zero matrix %s %s tolerance %g", ritz_dtype_name(dtype),
                    operator_names[kind], tolerance))
        return;
    omat a = omat_create(m, n);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report qb = RITZ_SKETCH_REPORT_INIT, svd = RITZ_SKETCH_REPORT_INIT;
    opts.tolerance = tolerance;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, &a);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, m, l, 1);
    struct operand *B = add_output(&sc, "B", dtype, COL_PLAIN, l, n, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, m, l, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, l, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_qb(p->s, &t.op, Q->mat, B->mat, &opts, &qb));
    if (scene_finish(&sc,
                     ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, RITZ_NO_MAT, &opts, &svd))) {
        omat q = item_after(Q, 0), b = item_after(B, 0), s = item_after(S, 0), u = item_after(U, 0);
        (void)expect(all_zero(b) && all_zero(s) && omat_is_finite(q) && omat_is_finite(u),
                     "B or S is not zero, or Q or U not finite");
        (void)expect(qb.error == 0 && svd.error == 0 && qb.norm == 0, "errors %g and %g", qb.error,
                     svd.error);
        if (tolerance > 0)
            (void)expect(qb.rank == 0 && svd.rank == 0 && qb.tolerance_met && svd.tolerance_met &&
                             all_zero(q) && all_zero(u),
                         "ranks %lld and %lld", (long long)qb.rank, (long long)svd.rank);
        omat *const all[] = {&q, &b, &s, &u};
        for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

static void not_finite(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                       int64_t position, long double value, double tolerance)
{
    const int64_t m = 30, n = 20, l = 6;
    if (!begin_case(p, "qb, svd and range %s %s tolerance %g, %Lg at position %lld",
                    ritz_dtype_name(dtype), operator_names[kind], tolerance, value,
                    (long long)position))
        return;
    omat *a = make_items(general_kinds, 194, 1, m, n, dtype);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report qb = RITZ_SKETCH_REPORT_INIT, svd = RITZ_SKETCH_REPORT_INIT;
    opts.tolerance = tolerance;
    opts.block = 2;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, a);
    store_element(dtype, t.A->before + element_offset(t.A, 0, position % m, position / m), value);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, m, l, 1);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, m, l, 1);
    struct operand *B = add_output(&sc, "B", dtype, COL_PLAIN, l, n, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, m, l, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, l, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, COL_PLAIN, n, l, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_range_finder(p->s, &t.op, R->mat, &opts, NULL));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_range_finder");
    (void)expect_ok(ritz_qb(p->s, &t.op, Q->mat, B->mat, &opts, &qb));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_qb");
    if (scene_collect(&sc, ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, V->mat, &opts, &svd),
                      RITZ_ERR_NOT_FINITE, "ritz_svd_randomized")) {
        const struct operand *const all[] = {R, Q, B, U, S, V};
        for (int i = 0; i < 6; i++)
            (void)expect(item_is_nan(all[i], 0, RITZ_BOTH), "%s is not NaN", all[i]->name);
        (void)expect(isnan(qb.error) && isnan(svd.error) && !qb.tolerance_met && !svd.tolerance_met,
                     "errors %g and %g", qb.error, svd.error);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
}

/* ---- the group ------------------------------------------------------------------------------- */

static const struct {
    int64_t m, n, room;
} sizes[] = {{33, 24, 20}, {21, 30, 21}, {1, 7, 1}, {7, 1, 1}, {13, 6, 6}, {23, 17, 4}, {5, 4, 0}};

static void tolerances(const struct place *p, ritz_dtype dtype)
{
    static const double all[] = {1e-1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12};
    static const int64_t blocks[] = {0, 4, 7, 1};
    enum { TOLERANCES = sizeof all / sizeof all[0], SIZES = sizeof sizes / sizeof sizes[0] };
    int turn = 0;
    for (int which = 0; which < SPECTRA; which++)
        for (int i = 0; i < SIZES; i++)
            for (int j = 0; j < TOLERANCES; j++, turn++) {
                if (turn % (full_level() ? 2 : 6) != 0) continue;
                struct forms walk = forms_of(4, 1);
                (void)next_forms(&walk);
                const struct adaptive_case c = {
                    .m = sizes[i].m,
                    .n = sizes[i].n,
                    .room = sizes[i].room,
                    .block = blocks[turn / 2 % 4],
                    .dtype = dtype,
                    .spectrum = (enum spectrum)which,
                    .kind = (enum operator_kind)((turn / 2 + which) % OPERATORS),
                    .normalisation = turn % 5 == 4 ? RITZ_NORMALISE_CHOLESKY : RITZ_NORMALISE_QR,
                    .tolerance = all[j],
                    .power = turn % 7 == 3 ? 1 : 0,
                    .seed = (uint64_t)turn,
                    .f = walk.f,
                };
                qb_one(p, &c);
                svd_one(p, &c);
                if (j < 4) qb_given(p, &c, j < 2 ? RITZ_RANGE_KRYLOV : RITZ_RANGE_SUBSPACE);
            }
}

void test_lowrank_adaptive(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        const ritz_dtype dtype = reals[t];
        tolerances(p, dtype);
        for (int kind = 0; kind < OPERATORS; kind++)
            for (int i = 0; i < 3; i++)
                zero_matrix(p, dtype, (enum operator_kind)kind, i == 0 ? 0 : i == 1 ? 1e-1 : 1e-9);
        for (int kind = 0; kind < SPARSE; kind++)
            for (int64_t position = 0; position < 30 * 20; position += 197) {
                not_finite(p, dtype, (enum operator_kind)kind, position, (long double)NAN, 1e-2);
                not_finite(p, dtype, (enum operator_kind)kind, position, (long double)INFINITY,
                           1e-9);
            }
    }
    lowrank_choices(p);
}
