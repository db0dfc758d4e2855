/* The choices of the randomized methods: block Krylov beside subspace iteration, normalisations,
 * structs of programs that were compiled before the choices existed, what is refused; and the gap
 * and the warnings of a report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/lowrank.h"

/* ---- a randomized SVD of a matrix with these singular values --------------------------------- */

struct outcome {
    ritz_sketch_report report;
    double two, fro; /* the error */
};

static struct outcome svd_of(const struct place *p, ritz_dtype dtype, omat a, int64_t k,
                             const ritz_sketch_options *opts)
{
    struct outcome o = {.report = RITZ_SKETCH_REPORT_INIT, .two = NAN, .fro = NAN};
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, FUNCTION, dtype, COL_PLAIN, &a);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, a.rows, k, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, k, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, COL_PLAIN, a.cols, k, 1);
    scene_upload(&sc);
    if (scene_finish(&sc,
                     ritz_svd_randomized(p->s, &t.op, U->mat, S->mat, V->mat, opts, &o.report))) {
        omat u = item_after(U, 0), s = item_after(S, 0), v = item_after(V, 0);
        omat Us = lowrank_scaled(u, s), Vt = omat_transposed(v);
        o.two = lowrank_error_two(t.effective, Us, Vt);
        o.fro = lowrank_error(t.effective, Us, Vt);
        omat *const all[] = {&u, &s, &v, &Us, &Vt};
        for (int i = 0; i < 5; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    return o;
}

/* The Krylov space of the same sketch contains the last block, so its best approximation is no
 * worse; on a slow decay it must be much nearer to the least error. */
static void krylov_wins(const struct place *p, ritz_dtype dtype, int q, uint64_t seed)
{
    const int64_t m = 50, n = 44, k = 3;
    if (!begin_case(p, "krylov and subspace %s %lldx%lld k %lld power %d seed %llu",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)k, q,
                    (unsigned long long)seed))
        return;
    omat s = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++) s.a[i] = 1 / sqrtl((long double)i + 1);
    omat a = matgen_with_singular_values(195, m, n, s);
    double best = 0;
    for (int64_t i = k; i < n; i++) best += (double)(s.a[i] * s.a[i]);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = q;
    opts.oversampling = 3;
    opts.seed = seed;
    const struct outcome subspace = svd_of(p, dtype, a, k, &opts);
    opts.method = RITZ_RANGE_KRYLOV;
    const struct outcome krylov = svd_of(p, dtype, a, k, &opts);
    const double round = lowrank_noise(a, dtype);
    (void)expect_bound("krylov/subspace", dtype, krylov.fro, subspace.fro + round);
    (void)expect_bound("krylov excess/subspace excess", dtype, krylov.fro * krylov.fro - best,
                       0.6 * (subspace.fro * subspace.fro - best) + round);
    (void)expect(krylov.report.matvec_blocks == subspace.report.matvec_blocks &&
                     krylov.report.sample_size == (q + 1) * subspace.report.sample_size,
                 "%d and %d products, samples %lld and %lld", krylov.report.matvec_blocks,
                 subspace.report.matvec_blocks, (long long)krylov.report.sample_size,
                 (long long)subspace.report.sample_size);
    omat_destroy(&s);
    omat_destroy(&a);
}

/* A decay by 1e-6 within the sample at q = 4: QR keeps all of it, Cholesky what its condition
 * number allows, a common factor no more than u^(1/(2q+1)). */
static void normalisations(const struct place *p, ritz_dtype dtype, ritz_normalisation scheme,
                           uint64_t seed)
{
    enum { ROWS = 60, COLS = 50, WANTED = 12, Q = 4 };
    if (!begin_case(p, "normalisation %d %s seed %llu", (int)scheme, ritz_dtype_name(dtype),
                    (unsigned long long)seed))
        return;
    const int weak = dtype == RITZ_F32 && scheme == RITZ_NORMALISE_CHOLESKY;
    omat s = omat_create(COLS, 1);
    for (int64_t i = 0; i < COLS; i++)
        s.a[i] = powl(10, -(weak ? 2.5L : 6.0L) * (long double)i / WANTED);
    omat a = matgen_with_singular_values(196, ROWS, COLS, s);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = Q;
    opts.oversampling = 8;
    opts.normalisation = scheme;
    opts.seed = seed;
    const struct outcome o = svd_of(p, dtype, a, WANTED, &opts);
    const double u = eps_of(dtype) / 2;
    const double drowned = scheme == RITZ_NORMALISE_NONE ? 10 * pow(u, 1.0 / (2 * Q + 1)) : 0;
    (void)expect_bound("normalised error", dtype, o.two,
                       fmax(1.5 * (double)s.a[WANTED], drowned) + lowrank_noise(a, dtype));
    omat_destroy(&s);
    omat_destroy(&a);
}

/* ---- the structs of older programs ----------------------------------------------------------- */

static void old_structs(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "structs of the first version %s", ritz_dtype_name(dtype))) return;
    omat *a = make_items(general_kinds, 197, 1, 40, 30, dtype);
    ritz_sketch_options now = RITZ_SKETCH_DEFAULTS, then;
    ritz_sketch_report now_report = RITZ_SKETCH_REPORT_INIT, then_report;
    memset(&then, 0xff, sizeof then);
    memset(&then_report, 0xff, sizeof then_report);
    memcpy(&then, &now, offsetof(ritz_sketch_options, tolerance));
    memcpy(&then_report, &now_report, offsetof(ritz_sketch_report, gap));
    then.size = offsetof(ritz_sketch_options, tolerance);
    then_report.size = offsetof(ritz_sketch_report, gap);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *one = add_output(&sc, "one", dtype, COL_PLAIN, 4, 1, 1);
    struct operand *two = add_output(&sc, "two", dtype, COL_PLAIN, 4, 1, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    (void)expect_ok(
        ritz_svd_randomized(p->s, &op, RITZ_NO_MAT, one->mat, RITZ_NO_MAT, &now, &now_report));
    if (scene_finish(&sc, ritz_svd_randomized(p->s, &op, RITZ_NO_MAT, two->mat, RITZ_NO_MAT, &then,
                                              &then_report))) {
        const unsigned char *bytes = (const unsigned char *)&then_report;
        bool kept = true;
        for (size_t i = then_report.size; i < sizeof then_report; i++) kept &= bytes[i] == 0xff;
        (void)expect(kept && then_report.size == offsetof(ritz_sketch_report, gap),
                     "something was written behind a short report");
        (void)expect(same_bits(one, two) && then_report.error == now_report.error &&
                         now_report.gap > 1 && now_report.size == sizeof now_report,
                     "short structs gave another answer; gap %g", now_report.gap);
    }
    scene_end(&sc);
    free_items(a, 1);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "refused options %s", ritz_dtype_name(dtype))) return;
    static const struct {
        ritz_sketch_options opts;
        const char *words;
    } bad[] = {
        {{.tolerance = -1e-3}, "tolerance is -0.001"},
        {{.tolerance = 1}, "tolerance is 1"},
        {{.tolerance = NAN}, "tolerance is "},
        {{.block = -1}, "block is -1"},
        {{.method = (ritz_range_method)7}, "method is 7|RITZ_RANGE_KRYLOV"},
        {{.normalisation = (ritz_normalisation)-1}, "normalisation is -1"},
        {{.tolerance = 0.1, .method = RITZ_RANGE_KRYLOV}, "RITZ_RANGE_KRYLOV|tolerance"},
    };
    omat *a = make_items(general_kinds, 198, 1, 6, 6, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *Q = add_inout(&sc, "Q", dtype, COL_PLAIN, 1, a);
    struct operand *B = add_inout(&sc, "B", dtype, COL_PLAIN, 1, a);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ritz_sketch_options opts = bad[i].opts;
        opts.size = sizeof opts;
        (void)expect_error(ritz_qb(p->s, &op, Q->mat, B->mat, &opts, NULL), RITZ_ERR_OPTION,
                           bad[i].words);
    }
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = 0.1;
    (void)expect_error(
        ritz_eigh_randomized(p->s, &op, ritz_cols(Q->mat, 0, 1), B->mat, &opts, NULL),
        RITZ_ERR_OPTION, "tolerance is 0.1|ritz_qb");
    (void)expect_error(ritz_qb(p->s, &op, Q->mat, Q->mat, NULL, NULL), RITZ_ERR_OVERLAP, "B|Q");
    (void)expect_error(ritz_qb(p->s, &op, Q->mat, ritz_row_range(B->mat, 0, 5), NULL, NULL),
                       RITZ_ERR_SHAPE, "B is 5 x 6|columns of Q x n");
    (void)expect_error(ritz_qb(p->s, &op, ritz_row_range(Q->mat, 0, 5), B->mat, NULL, NULL),
                       RITZ_ERR_SHAPE, "Q is 5 x 6|l <= min(m, n)");
    if (scene_finish(&sc, RITZ_OK)) {
        expect_kept(Q);
        expect_kept(B);
    }
    scene_end(&sc);
    free_items(a, 1);
}

/* ---- guidance -------------------------------------------------------------------------------- */

static void guidance(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "guidance %s", ritz_dtype_name(dtype))) return;
    const int64_t n = 50, k = 6;
    omat s = omat_create(n, 1);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;

    /* A clear gap, the tail small: nothing to say. */
    for (int64_t i = 0; i < n; i++) s.a[i] = i < k ? 10 - (long double)i : 1e-2L * (i < 25);
    omat a = matgen_with_singular_values(199, 55, n, s);
    struct outcome o = svd_of(p, dtype, a, k, &opts);
    (void)expect(o.report.warning[0] == '\0' && fabs(o.report.gap - 500) < 50, "gap %g: %s",
                 o.report.gap, o.report.warning);

    /* Wanted beyond the rank. */
    for (int64_t i = 0; i < n; i++) s.a[i] *= i < k;
    omat_destroy(&a);
    a = matgen_with_singular_values(199, 55, n, s);
    o = svd_of(p, dtype, a, k + 2, &opts);
    (void)expect(strstr(o.report.warning, "only 6 of the 8 values stand above") != NULL &&
                     (strstr(o.report.warning, "float64") != NULL) == (dtype == RITZ_F32),
                 "k beyond the rank: \"%s\"", o.report.warning);

    /* A flat spectrum without power iterations; what is advised is enough. */
    for (int64_t i = 0; i < n; i++) s.a[i] = i < k - 1 ? 3 : 1;
    omat_destroy(&a);
    a = matgen_with_singular_values(199, 55, n, s);
    opts.power_iterations = RITZ_POWER_ITERATIONS_NONE;
    o = svd_of(p, dtype, a, k, &opts);
    const char *advice = strstr(o.report.warning, "power_iterations = ");
    (void)expect(advice != NULL, "a flat tail without power iterations: \"%s\"", o.report.warning);
    if (advice != NULL) {
        opts.power_iterations = atoi(advice + strlen("power_iterations = "));
        o = svd_of(p, dtype, a, k, &opts);
        (void)expect(opts.power_iterations >= 1 && o.two <= 1.5,
                     "with %d power iterations the error is %g", opts.power_iterations, o.two);
        (void)expect(strstr(o.report.warning, "power_iterations") == NULL &&
                         strstr(o.report.warning, "s_k/s_(k+1) is 1") != NULL &&
                         strstr(o.report.warning, "k = 5 has a gap of 3") != NULL,
                     "where the spectrum is flat: \"%s\"", o.report.warning);
    }
    omat_destroy(&a);
    omat_destroy(&s);
}

void lowrank_choices(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    for (int t = 0; t < 2; t++) {
        for (int q = 1; q <= 3; q++)
            for (uint64_t seed = 0; seed < 2; seed++) krylov_wins(p, reals[t], q, seed);
        for (int scheme = RITZ_NORMALISE_QR; scheme <= RITZ_NORMALISE_NONE; scheme++)
            for (uint64_t seed = 0; seed < 2; seed++)
                normalisations(p, reals[t], (ritz_normalisation)scheme, seed);
        old_structs(p, reals[t]);
        refused(p, reals[t]);
        guidance(p, reals[t]);
    }
}
