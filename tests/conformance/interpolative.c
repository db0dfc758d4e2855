/* Interpolative and CUR decompositions: what they keep exactly, how near they come to the best
 * approximation of their rank, and their own error figures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

enum side { COLUMNS, ROWS };
static const char *const side_names[] = {"cols", "rows"};

struct id_case {
    int64_t m, n, k;
    ritz_dtype dtype;
    enum operator_kind kind;
    enum spectrum spectrum;
    int power; /* as in the options */
    uint64_t seed;
    const struct form *f; /* A, indices, X */
};

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

static int powers_made(int option)
{
    return option == RITZ_POWER_ITERATIONS_NONE ? 0 : option == 0 ? 2 : option;
}

static omat case_matrix(const struct id_case *c)
{
    omat s = spectrum_of(c->spectrum, shorter(c->m, c->n), c->k);
    omat A = matgen_with_singular_values(101, c->m, c->n, s);
    omat_destroy(&s);
    for (int64_t i = 0; c->kind == CENTRED && i < c->m * c->n; i++) A.a[i] += 1;
    return A;
}

static ritz_status decompose(const struct place *p, enum side side, const ritz_linop *op,
                             ritz_dmat indices, ritz_dmat X, const ritz_sketch_options *opts,
                             ritz_sketch_report *report)
{
    return side == COLUMNS ? ritz_interpolative_cols(p->s, op, indices, X, opts, report)
                           : ritz_interpolative_rows(p->s, op, indices, X, opts, report);
}

/* ---- what is compared ------------------------------------------------------------------------ */

/* The norm that rounding errors are relative to: a centred operator has those of the matrix and of
 * its means. */
static double size_of(const struct subject *t)
{
    omat stored = item_before(t->A, 0);
    const double size = (double)oracle_norm_two(stored);
    omat_destroy(&stored);
    return t->mean ? 2 * size : size;
}

/* What a product, an orthogonalisation and a substitution leave of an A of this size, as far as X
 * magnifies it. */
static double noise(double size, omat A, omat X, ritz_dtype dtype)
{
    return 30 * size * (1 + (double)oracle_norm_two(X)) * eps_of(dtype) *
           sqrt((double)(A.rows + A.cols));
}

/* The first `rank` indices are distinct numbers below n, and the others -1. */
static bool sound_indices(omat J, int64_t rank, int64_t n)
{
    bool sound = rank >= 0 && rank <= J.rows;
    for (int64_t i = 0; sound && i < J.rows; i++) {
        if (i >= rank) sound = J.a[i] == -1;
        if (i < rank) sound = J.a[i] >= 0 && J.a[i] < n;
        for (int64_t j = 0; sound && j < i && i < rank; j++) sound = J.a[i] != J.a[j];
    }
    return expect(sound, "the indices are not distinct, out of range, or not -1 beyond rank %lld",
                  (long long)rank);
}

/* A(:, J), zeros for -1. */
static omat columns_of(omat A, omat J)
{
    omat C = omat_create(A.rows, J.rows);
    for (int64_t j = 0; j < J.rows; j++)
        for (int64_t i = 0; i < A.rows && J.a[j] >= 0; i++)
            OMAT_AT(C, i, j) = OMAT_AT(A, i, (int64_t)J.a[j]);
    return C;
}

/* X(:, J) = I exactly, and rows beyond the rank are zero. */
static void check_identity(omat J, omat X, int64_t rank)
{
    bool exact = true;
    for (int64_t i = 0; i < X.rows; i++)
        for (int64_t j = 0; j < (i < rank ? rank : X.cols); j++) {
            const int64_t column = i < rank ? (int64_t)J.a[j] : j;
            exact = exact && OMAT_AT(X, i, column) == (i < rank && i == j ? 1 : 0);
        }
    (void)expect(exact, "X(:, J) is not the identity, or a row beyond the rank not zero");
}

/* sqrt(s_(r+1)² + ...). */
static double tail(omat sigma, int64_t rank)
{
    long double sum = 0;
    for (int64_t i = rank; i < sigma.rows; i++) sum += sigma.a[i] * sigma.a[i];
    return (double)sqrtl(sum);
}

/* The mean of four squares of normal numbers, in a single direction at worst, is below 0.05² once
 * in 80 000, and above 3² once in three million; estimates() looks at many directions. */
static void check_estimate(ritz_dtype dtype, double error, double round, double norm,
                           const ritz_sketch_report *report, bool function, omat A)
{
    const double want = (double)oracle_norm_fro(A);
    (void)expect(report->kind == RITZ_ERROR_ESTIMATE, "the figure is of kind %d",
                 (int)report->kind);
    (void)expect(report->error <= 3 * error + round && report->error >= 0.05 * error - round,
                 "the error %g is estimated as %g", error, report->error);
    if (function)
        (void)expect(norm >= 0.05 * want && norm <= 3 * want, "the norm %g is estimated as %g",
                     want, norm);
    else
        (void)expect_ratio("interpolative norm", dtype,
                           want == 0 && norm == 0 ? 0 : fabs(norm - want) / want / eps_of(dtype),
                           3);
}

/* A (of columns) against A(:, J) X. */
static void check_columns(const struct id_case *c, double size, omat A, omat J, omat X,
                          const ritz_sketch_report *report)
{
    const int64_t rank = report->rank, n = A.cols;
    if (!sound_indices(J, rank, n)) return;
    check_identity(J, X, rank);
    omat C = columns_of(A, J), R = oracle_gemm(-1, C, X, 1, A), U, sigma, V;
    oracle_svd(A, &U, &sigma, &V);
    const double error = (double)oracle_norm_two(R), frobenius = (double)oracle_norm_fro(R);
    const double next = rank < sigma.rows ? (double)sigma.a[rank] : 0, best = tail(sigma, rank);
    const double round = noise(size, A, X, c->dtype);
    (void)expect_bound("interpolative |A - A(:,J)X|/(sqrt(1+k(n-k)) s_k+1)", c->dtype, error,
                       sqrt(1 + (double)(rank * (n - rank))) * next + round);
    /* There are columns with 1/1.5 of it (Deshpande et al. 2006, theorem 1.3). */
    (void)expect_bound("interpolative |A - A(:,J)X|_F/(1.5 sqrt(1+k) best)", c->dtype, frobenius,
                       1.5 * sqrt(1 + (double)rank) * best + round);
    check_estimate(c->dtype, frobenius, round, report->norm, report, c->kind == FUNCTION, A);
    (void)expect(c->spectrum == EXACT_RANK || c->kind == CENTRED || c->kind == SPARSE_CENTRED ||
                     rank == J.rows || sigma.a[rank] < 1e3L * eps_of(c->dtype) * sigma.a[0],
                 "the rank is %lld", (long long)rank);
    omat *const all[] = {&C, &R, &U, &sigma, &V};
    for (int i = 0; i < 5; i++) omat_destroy(all[i]);
}

static void check_counts(const struct id_case *c, const ritz_sketch_report *report, int others)
{
    const int64_t most = shorter(c->m, c->n), full = c->k + 10 < most ? c->k + 10 : most;
    const int q = powers_made(c->power);
    (void)expect(report->sample_size == full && report->power_iterations == q &&
                     report->matvec_blocks == 2 * q + 2 + others && report->tolerance_met == 0,
                 "sample size %lld, %d power iterations, %d products, tolerance met: %d",
                 (long long)report->sample_size, report->power_iterations, report->matvec_blocks,
                 report->tolerance_met);
}

/* ---- interpolative decompositions ------------------------------------------------------------ */

static void id_one(const struct place *p, enum side side, const struct id_case *c)
{
    if (!begin_case(p, "interpolative_%s %s %lldx%lld k %lld %s %s power %d seed %llu A %s, %s, %s",
                    side_names[side], ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n,
                    (long long)c->k, spectrum_names[c->spectrum], operator_names[c->kind], c->power,
                    (unsigned long long)c->seed, form_name(c->f[0]), form_name(c->f[1]),
                    form_name(c->f[2])))
        return;
    omat a = case_matrix(c);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = c->power;
    opts.seed = c->seed;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *J = add_output(&sc, "indices", RITZ_I32, c->f[1], c->k, 1, 1);
    struct operand *X = side == COLUMNS ? add_output(&sc, "X", c->dtype, c->f[2], c->k, c->n, 1)
                                        : add_output(&sc, "X", c->dtype, c->f[2], c->m, c->k, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, decompose(p, side, &t.op, J->mat, X->mat, &opts, &report))) {
        omat j = item_after(J, 0), x = item_after(X, 0), xt = omat_transposed(x);
        omat at = omat_transposed(t.effective);
        check_columns(c, size_of(&t), side == COLUMNS ? t.effective : at, j,
                      side == COLUMNS ? x : xt, &report);
        check_counts(c, &report, 0);
        omat *const all[] = {&j, &x, &xt, &at};
        for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- CUR ------------------------------------------------------------------------------------- */

/* A⁺ by the SVD, without singular values that are zero. */
static omat pseudo_inverse(omat A, long double *condition, long double *least)
{
    omat U, s, V;
    oracle_svd(A, &U, &s, &V);
    *least = *condition = 0;
    for (int64_t j = 0; j < s.rows; j++) {
        const bool some = s.a[j] > 1e-17L * s.a[0];
        if (some) *least = s.a[j];
        if (some) *condition = s.a[0] / s.a[j];
        for (int64_t i = 0; i < V.rows; i++)
            OMAT_AT(V, i, j) = some ? OMAT_AT(V, i, j) / s.a[j] : 0;
    }
    omat Ut = omat_transposed(U), P = oracle_product(V, Ut);
    omat *const all[] = {&U, &s, &V, &Ut};
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    return P;
}

/* ‖A - C C⁺ A‖_F. */
static double missed_by(omat A, omat C, omat Cp)
{
    omat X = oracle_product(Cp, A), R = oracle_gemm(-1, C, X, 1, A);
    const double missed = (double)oracle_norm_fro(R);
    omat_destroy(&X);
    omat_destroy(&R);
    return missed;
}

/* U against C⁺ A R⁺ of the very columns and rows, and C U R against A. */
static void check_middle(const struct id_case *c, double size, omat A, omat C, omat U, omat R,
                         const ritz_sketch_report *report)
{
    const double eps = eps_of(c->dtype), norm = (double)oracle_norm_fro(A);
    long double condition[2], least[2];
    omat Cp = pseudo_inverse(C, &condition[0], &least[0]);
    omat Rp = pseudo_inverse(R, &condition[1], &least[1]);
    omat X = oracle_product(Cp, A), want = oracle_product(X, Rp), left = oracle_add(U, -1, want);
    const double worst = (double)(condition[0] > condition[1] ? condition[0] : condition[1]);
    if (report->rank > 0)
        (void)expect_ratio("cur U error/(kappa |A|/(s_C s_R))", c->dtype,
                           (double)(oracle_norm_fro(left) * least[0] * least[1]) /
                               (norm * worst * eps * sqrt((double)(A.rows + A.cols))),
                           30);
    omat CU = oracle_product(C, U), E = oracle_gemm(-1, CU, R, 1, A);
    omat At = omat_transposed(A), Rt = omat_transposed(R), Rpt = omat_transposed(Rp);
    const double error = (double)oracle_norm_fro(E);
    const double round =
        30 * fmax(norm, size) * fmax(worst, 1) * eps * sqrt((double)(A.rows + A.cols));
    const double columns = missed_by(A, C, Cp), rows = missed_by(At, Rt, Rpt);
    (void)expect_bound("cur |A - CUR|_F/(columns + rows)", c->dtype, error, columns + rows + round);
    omat W, sigma, V;
    oracle_svd(A, &W, &sigma, &V);
    const double best = tail(sigma, report->rank), k = (double)report->rank;
    (void)expect_bound("cur |A - CUR|_F/(2 sqrt(1+k) best)", c->dtype, error,
                       2 * sqrt(1 + k) * best + round);
    check_estimate(c->dtype, error, round, report->norm, report, c->kind == FUNCTION, A);
    omat *const all[] = {&Cp, &Rp, &X, &want, &left, &CU, &E, &At, &Rt, &Rpt, &W, &sigma, &V};
    for (int i = 0; i < 13; i++) omat_destroy(all[i]);
}

/* C is A(:, J) to the last bit, and rounded as sums and differences are of a centred matrix. */
static void check_taken(const struct id_case *c, const char *name, omat A, omat J, omat C)
{
    const bool centred = c->kind == CENTRED || c->kind == SPARSE_CENTRED;
    omat want = columns_of(A, J), left = oracle_add(C, -1, want);
    const double most = (double)oracle_norm_max(left), scale = 2 + (double)oracle_norm_max(A);
    (void)expect(most <= (centred ? 4 * eps_of(c->dtype) * scale : 0),
                 "%s is not what it is taken from, by %g", name, most);
    omat_destroy(&want);
    omat_destroy(&left);
}

static void cur_one(const struct place *p, const struct id_case *c)
{
    if (!begin_case(p, "cur %s %lldx%lld k %lld %s %s power %d seed %llu A %s, %s, %s",
                    ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n, (long long)c->k,
                    spectrum_names[c->spectrum], operator_names[c->kind], c->power,
                    (unsigned long long)c->seed, form_name(c->f[0]), form_name(c->f[1]),
                    form_name(c->f[2])))
        return;
    omat a = case_matrix(c);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = c->power;
    opts.seed = c->seed;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *J = add_output(&sc, "columns", RITZ_I32, c->f[1], c->k, 1, 1);
    struct operand *I = add_output(&sc, "rows", RITZ_I32, c->f[2], c->k, 1, 1);
    struct operand *C = add_output(&sc, "C", c->dtype, c->f[1], c->m, c->k, 1);
    struct operand *U = add_output(&sc, "U", c->dtype, c->f[2], c->k, c->k, 1);
    struct operand *R = add_output(&sc, "R", c->dtype, c->f[1], c->k, c->n, 1);
    struct operand *other = add_output(&sc, "indices", RITZ_I32, COL_PLAIN, c->k, 1, 1);
    struct operand *alone = add_output(&sc, "U alone", c->dtype, c->f[2], c->k, c->k, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_cur(p->s, &t.op, other->mat, I->mat, RITZ_NO_MAT, alone->mat, RITZ_NO_MAT,
                             &opts, NULL));
    if (scene_finish(
            &sc, ritz_cur(p->s, &t.op, J->mat, I->mat, C->mat, U->mat, R->mat, &opts, &report))) {
        omat j = item_after(J, 0), i = item_after(I, 0), l = item_after(C, 0), u = item_after(U, 0);
        omat r = item_after(R, 0), rt = omat_transposed(r), at = omat_transposed(t.effective);
        if (sound_indices(j, report.rank, c->n) && sound_indices(i, report.rank, c->m)) {
            check_taken(c, "C", t.effective, j, l);
            check_taken(c, "R", at, i, rt);
            check_middle(c, size_of(&t), t.effective, l, u, r, &report);
        }
        check_counts(c, &report, c->kind == DENSE ? 1 : 3);
        (void)expect(same_bits(J, other) && same_bits(U, alone),
                     "without C and R there are other columns, or another U");
        omat *const all[] = {&j, &i, &l, &u, &r, &rt, &at};
        for (int index = 0; index < 7; index++) omat_destroy(all[index]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* ---- particular matrices --------------------------------------------------------------------- */

/* Small integers, of rank r exactly in every data type. */
static omat integers_of_rank(int64_t m, int64_t n, int64_t r)
{
    omat L = omat_create(m, r), Rt = omat_create(r, n);
    for (int64_t i = 0; i < m * r; i++)
        L.a[i] = (long double)(matgen_word(102, (uint64_t)i) % 9) - 4;
    for (int64_t i = 0; i < r * n; i++)
        Rt.a[i] = (long double)(matgen_word(103, (uint64_t)i) % 9) - 4;
    omat A = oracle_product(L, Rt);
    omat_destroy(&L);
    omat_destroy(&Rt);
    return A;
}

/* More columns asked for than A has: r are found, and they give A to rounding; 0 is the zero
 * matrix. */
static void deficient(const struct place *p, ritz_dtype dtype, enum operator_kind kind, int64_t r,
                      int power, double tolerance)
{
    const int64_t m = 43, n = 37, k = 9;
    if (!begin_case(p, "interpolative and cur %s %s k %lld of rank %lld, power %d, tolerance %g",
                    ritz_dtype_name(dtype), operator_names[kind], (long long)k, (long long)r, power,
                    tolerance))
        return;
    omat a = integers_of_rank(m, n, r);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report reports[3] = {RITZ_SKETCH_REPORT_INIT, RITZ_SKETCH_REPORT_INIT,
                                     RITZ_SKETCH_REPORT_INIT};
    opts.power_iterations = power;
    opts.tolerance = tolerance;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, &a);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    struct operand *I = add_output(&sc, "I", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *Z = add_output(&sc, "Z", dtype, COL_PLAIN, m, k, 1);
    struct operand *J2 = add_output(&sc, "columns", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *I2 = add_output(&sc, "rows", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *C = add_output(&sc, "C", dtype, COL_PLAIN, m, k, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, k, k, 1);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, k, n, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_interpolative_cols(p->s, &t.op, J->mat, X->mat, &opts, &reports[0]));
    (void)expect_ok(ritz_interpolative_rows(p->s, &t.op, I->mat, Z->mat, &opts, &reports[1]));
    if (scene_finish(&sc, ritz_cur(p->s, &t.op, J2->mat, I2->mat, C->mat, U->mat, R->mat, &opts,
                                   &reports[2]))) {
        omat j = item_after(J, 0), x = item_after(X, 0), i = item_after(I, 0), z = item_after(Z, 0);
        omat j2 = item_after(J2, 0), i2 = item_after(I2, 0), l = item_after(C, 0);
        omat u = item_after(U, 0), right = item_after(R, 0), zt = omat_transposed(z);
        omat at = omat_transposed(a);
        for (int which = 0; which < 3; which++)
            (void)expect(reports[which].rank == r &&
                             reports[which].tolerance_met == (tolerance > 0),
                         "decomposition %d is of rank %lld, tolerance met: %d", which,
                         (long long)reports[which].rank, reports[which].tolerance_met);
        if (sound_indices(j, r, n) && sound_indices(i, r, m) && sound_indices(j2, r, n) &&
            sound_indices(i2, r, m)) {
            check_identity(j, x, r);
            check_identity(i, zt, r);
            omat columns = columns_of(a, j), rows = columns_of(at, i);
            omat E = oracle_gemm(-1, columns, x, 1, a), F = oracle_gemm(-1, rows, zt, 1, at);
            omat lu = oracle_product(l, u), G = oracle_gemm(-1, lu, right, 1, a);
            (void)expect_bound("interpolative exact rank", dtype, (double)oracle_norm_two(E),
                               noise(size_of(&t), a, x, dtype));
            (void)expect_bound("interpolative exact rank", dtype, (double)oracle_norm_two(F),
                               noise(size_of(&t), a, zt, dtype));
            (void)expect_bound("cur exact rank", dtype, (double)oracle_norm_two(G),
                               100 * noise(size_of(&t), a, x, dtype));
            omat *const all[] = {&columns, &rows, &E, &F, &lu, &G};
            for (int index = 0; index < 6; index++) omat_destroy(all[index]);
        }
        omat *const all[] = {&j, &x, &i, &z, &j2, &i2, &l, &u, &right, &zt, &at};
        for (int index = 0; index < 11; index++) omat_destroy(all[index]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
}

/* The rank that a tolerance asks for: by columns that are there, the error is within twice the
 * tolerance, and with much fewer the best approximation would not be within it. */
static void tolerances(const struct place *p, ritz_dtype dtype, enum operator_kind kind, int power,
                       double tolerance, int64_t k)
{
    const int64_t m = 51, n = 44;
    if (!begin_case(p, "interpolative_cols and cur %s %s power %d, tolerance %g, at most %lld",
                    ritz_dtype_name(dtype), operator_names[kind], power, tolerance, (long long)k))
        return;
    omat s = spectrum_of(EXPONENTIAL, n, k), a = matgen_with_singular_values(104, m, n, s);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT, second = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = power;
    opts.tolerance = tolerance;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, &a);
    struct operand *J = add_output(&sc, "columns", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    struct operand *I = add_output(&sc, "rows", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *other = add_output(&sc, "columns of CUR", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *C = add_output(&sc, "C", dtype, COL_PLAIN, m, k, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, k, k, 1);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, k, n, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_interpolative_cols(p->s, &t.op, J->mat, X->mat, &opts, &report));
    if (scene_finish(&sc, ritz_cur(p->s, &t.op, other->mat, I->mat, C->mat, U->mat, R->mat, &opts,
                                   &second))) {
        omat j = item_after(J, 0), x = item_after(X, 0), l = item_after(C, 0), u = item_after(U, 0);
        omat r = item_after(R, 0), columns = columns_of(t.effective, j);
        omat E = oracle_gemm(-1, columns, x, 1, t.effective), lu = oracle_product(l, u);
        omat F = oracle_gemm(-1, lu, r, 1, t.effective), W, sigma, V;
        oracle_svd(t.effective, &W, &sigma, &V);
        const double norm = (double)oracle_norm_fro(t.effective);
        int64_t least = 0; /* that any approximation needs */
        while (least < n && tail(sigma, least) > tolerance * norm) least++;
        const bool enough = k > least + 4;
        if (sound_indices(j, report.rank, n)) check_identity(j, x, report.rank);
        (void)expect(report.tolerance_met == enough && second.tolerance_met == enough,
                     "tolerance met: %d and %d, where %lld columns are needed at least",
                     report.tolerance_met, second.tolerance_met, (long long)least);
        (void)expect(enough ? report.rank >= least && report.rank <= least + 4 : report.rank == k,
                     "the rank is %lld, where %lld is the least", (long long)report.rank,
                     (long long)least);
        if (enough) {
            (void)expect_bound("interpolative error/(2 tolerance)", dtype,
                               (double)oracle_norm_fro(E), 2 * tolerance * norm);
            (void)expect_bound("cur error/(2 tolerance)", dtype, (double)oracle_norm_fro(F),
                               2 * tolerance * norm);
        }
        omat *const all[] = {&j, &x, &l, &u, &r, &columns, &E, &lu, &F, &W, &sigma, &V};
        for (int index = 0; index < 12; index++) omat_destroy(all[index]);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&s);
    omat_destroy(&a);
}

/* What is left has 30 directions of about the same size at least, so that the mean of the 4 squares
 * is that of 120: a factor of 0.6 or 1.6 is more than five times the deviation of its root. */
static void estimates(const struct place *p, ritz_dtype dtype)
{
    const int64_t m = 60, n = 50, k = 10;
    if (!begin_case(p, "interpolative_cols and rows %s, estimates over seeds",
                    ritz_dtype_name(dtype)))
        return;
    omat s = spectrum_of(RANK_AND_NOISE, n, k), a = matgen_with_singular_values(105, m, n, s);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *J = add_inout(&sc, "J", RITZ_I32, COL_PLAIN, 1, &(omat){k, 1, s.a});
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    ritz_sketch_report reports[12];
    ritz_status status = RITZ_OK;
    for (int i = 0; i < 12 && status == RITZ_OK; i++) {
        ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
        opts.seed = (uint64_t)(i + 1);
        reports[i] = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
        status = ritz_interpolative_cols(p->s, &op, J->mat, X->mat, &opts, &reports[i]);
    }
    if (scene_finish(&sc, status)) {
        /* The best error is known, and all the others are within sqrt(1 + k) of it; that of the
         * last seed is measured. */
        omat j = item_after(J, 0), x = item_after(X, 0), stored = item_before(A, 0);
        omat C = columns_of(stored, j), E = oracle_gemm(-1, C, x, 1, stored);
        const double error = (double)oracle_norm_fro(E), best = tail(s, k);
        (void)expect(reports[11].error >= 0.6 * error && reports[11].error <= 1.6 * error,
                     "the error %g is estimated as %g", error, reports[11].error);
        for (int i = 0; i < 12; i++)
            (void)expect(reports[i].error >= 0.6 * best &&
                             reports[i].error <= 1.6 * sqrt(1 + (double)k) * best,
                         "seed %d: the error is estimated as %g, where %g is the best", i + 1,
                         reports[i].error, best);
        omat *const all[] = {&j, &x, &stored, &C, &E};
        for (int index = 0; index < 5; index++) omat_destroy(all[index]);
    }
    scene_end(&sc);
    omat_destroy(&s);
    omat_destroy(&a);
}

static bool indices_are_none(const struct operand *J)
{
    omat j = item_after(J, 0);
    bool none = true;
    for (int64_t i = 0; i < j.rows; i++) none = none && j.a[i] == -1;
    omat_destroy(&j);
    return none;
}

static void not_finite(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                       int position, long double value, int power, double tolerance)
{
    const int64_t m = 40, n = 30, k = 3;
    if (!begin_case(p, "interpolative and cur %s %s, %s at position %d, power %d, tolerance %g",
                    ritz_dtype_name(dtype), operator_names[kind], isnan(value) ? "NaN" : "Inf",
                    position, power, tolerance))
        return;
    omat *a = make_items(general_kinds, 94, 1, m, n, dtype);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.power_iterations = power;
    opts.tolerance = tolerance;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, a);
    store_element(dtype, t.A->before + element_offset(t.A, 0, position % m, position / m), value);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    struct operand *I = add_output(&sc, "I", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *Z = add_output(&sc, "Z", dtype, COL_PLAIN, m, k, 1);
    struct operand *J2 = add_output(&sc, "columns", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *I2 = add_output(&sc, "rows", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *C = add_output(&sc, "C", dtype, COL_PLAIN, m, k, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, k, k, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_interpolative_cols(p->s, &t.op, J->mat, X->mat, &opts, &report));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_interpolative_cols");
    (void)expect(isnan(report.error) && isnan(report.norm) == isnan(value),
                 "the error is %g and the norm %g", report.error, report.norm);
    (void)expect_ok(ritz_interpolative_rows(p->s, &t.op, I->mat, Z->mat, &opts, NULL));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_interpolative_rows");
    if (scene_collect(
            &sc, ritz_cur(p->s, &t.op, J2->mat, I2->mat, C->mat, U->mat, RITZ_NO_MAT, &opts, NULL),
            RITZ_ERR_NOT_FINITE, "ritz_cur")) {
        (void)expect(indices_are_none(J) && indices_are_none(I) && indices_are_none(J2) &&
                         indices_are_none(I2),
                     "an index is not -1");
        (void)expect(item_is_nan(X, 0, RITZ_BOTH) && item_is_nan(Z, 0, RITZ_BOTH) &&
                         item_is_nan(C, 0, RITZ_BOTH) && item_is_nan(U, 0, RITZ_BOTH),
                     "an output is not NaN");
    }
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
}

/* Entries near the ends of the type's range, and a singular value for each digit it has. */
static void steep(const struct place *p, ritz_dtype dtype, long double scale)
{
    const int64_t m = 33, n = 28, k = n;
    if (!begin_case(p, "interpolative_cols and cur %s, singular values from %Lg to rounding",
                    ritz_dtype_name(dtype), scale))
        return;
    omat s = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++) s.a[i] = scale * expl(-1.5L * (long double)i);
    omat a = matgen_with_singular_values(106, m, n, s);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    struct operand *J2 = add_output(&sc, "columns", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *I = add_output(&sc, "rows", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *C = add_output(&sc, "C", dtype, COL_PLAIN, m, k, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, k, k, 1);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, k, n, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    (void)expect_ok(ritz_interpolative_cols(p->s, &op, J->mat, X->mat, NULL, NULL));
    if (scene_finish(&sc,
                     ritz_cur(p->s, &op, J2->mat, I->mat, C->mat, U->mat, R->mat, NULL, NULL))) {
        omat stored = item_before(A, 0), j = item_after(J, 0), x = item_after(X, 0);
        omat l = item_after(C, 0), u = item_after(U, 0), r = item_after(R, 0);
        omat columns = columns_of(stored, j), E = oracle_gemm(-1, columns, x, 1, stored);
        omat lu = oracle_product(l, u), F = oracle_gemm(-1, lu, r, 1, stored);
        (void)expect_ratio("interpolative error/(eps |A| |X|)", dtype,
                           (double)(oracle_norm_two(E) / scale / oracle_norm_two(x)) /
                               eps_of(dtype) / (double)n,
                           30);
        (void)expect_ratio("cur error/(sqrt(eps) |A|)", dtype,
                           (double)(oracle_norm_two(F) / scale) / sqrt(eps_of(dtype)), 30);
        omat *const all[] = {&stored, &j, &x, &l, &u, &r, &columns, &E, &lu, &F};
        for (int index = 0; index < 10; index++) omat_destroy(all[index]);
    }
    scene_end(&sc);
    omat_destroy(&s);
    omat_destroy(&a);
}

static void refusals(const struct place *p)
{
    if (!begin_case(p, "interpolative and cur: what is refused")) return;
    const int64_t m = 8, n = 6, k = 3;
    omat *a = make_items(general_kinds, 94, 1, m, n, RITZ_F64);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *I = add_output(&sc, "I", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *many = add_output(&sc, "many", RITZ_I32, COL_PLAIN, n + 1, 1, 1);
    struct operand *wide = add_output(&sc, "wide", RITZ_I64, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", RITZ_F64, COL_PLAIN, k, n, 1);
    struct operand *X32 = add_output(&sc, "X32", RITZ_F32, COL_PLAIN, k, n, 1);
    struct operand *U = add_output(&sc, "U", RITZ_F64, COL_PLAIN, k, k, 1);
    scene_upload(&sc);
    const ritz_dmat none = RITZ_NO_MAT, j = J->mat, i = I->mat, x = X->mat, u = U->mat;
    const ritz_linop op = ritz_linop_dense(A->mat);
    ritz_sketch_options krylov = RITZ_SKETCH_DEFAULTS, small = {.size = 1};
    ritz_sketch_report report = {.size = 1};
    krylov.method = RITZ_RANGE_KRYLOV;
    ritz_stream *s = p->s;
    (void)expect_error(ritz_interpolative_cols(s, NULL, j, x, NULL, NULL), RITZ_ERR_ARGUMENT, "A");
    (void)expect_error(ritz_interpolative_cols(s, &op, many->mat, x, NULL, NULL), RITZ_ERR_SHAPE,
                       "columns|k <= min(m, n)");
    (void)expect_error(ritz_interpolative_cols(s, &op, wide->mat, x, NULL, NULL), RITZ_ERR_DTYPE,
                       "columns|int32");
    (void)expect_error(ritz_interpolative_cols(s, &op, j, X32->mat, NULL, NULL), RITZ_ERR_DTYPE,
                       "X");
    (void)expect_error(ritz_interpolative_cols(s, &op, j, ritz_t(x), NULL, NULL), RITZ_ERR_SHAPE,
                       "X");
    (void)expect_error(ritz_interpolative_rows(s, &op, j, x, NULL, NULL), RITZ_ERR_SHAPE, "X");
    (void)expect_error(ritz_interpolative_rows(s, &op, many->mat, x, NULL, NULL), RITZ_ERR_SHAPE,
                       "rows");
    (void)expect_error(
        ritz_interpolative_cols(s, &op, j, ritz_block(A->mat, 0, 0, k, n), NULL, NULL),
        RITZ_ERR_OVERLAP, "X|A");
    (void)expect_error(ritz_interpolative_cols(s, &op, j, x, &krylov, NULL), RITZ_ERR_OPTION,
                       "RITZ_RANGE_KRYLOV");
    (void)expect_error(ritz_interpolative_cols(s, &op, j, x, &small, NULL), RITZ_ERR_OPTION,
                       "opts|size");
    (void)expect_error(ritz_interpolative_cols(s, &op, j, x, NULL, &report), RITZ_ERR_OPTION,
                       "report|size");
    (void)expect_error(ritz_cur(s, &op, j, ritz_row_range(i, 0, 2), none, u, none, NULL, NULL),
                       RITZ_ERR_SHAPE, "columns|rows");
    (void)expect_error(ritz_cur(s, &op, j, i, none, x, none, NULL, NULL), RITZ_ERR_SHAPE, "U");
    (void)expect_error(ritz_cur(s, &op, j, i, x, u, none, NULL, NULL), RITZ_ERR_SHAPE, "C");
    (void)expect_error(ritz_cur(s, &op, j, i, none, u, u, NULL, NULL), RITZ_ERR_SHAPE, "R");
    (void)expect_error(ritz_cur(s, &op, j, j, none, u, none, NULL, NULL), RITZ_ERR_OVERLAP,
                       "rows|columns");
    (void)expect_error(ritz_cur(s, &op, j, i, none, u, x, &krylov, NULL), RITZ_ERR_OPTION,
                       "RITZ_RANGE_KRYLOV");
    scene_end(&sc);
    free_items(a, 1);
}

/* A program of the first version has shorter structs: its options end before `tolerance`, which is
 * then none, and its report is not written behind what it has. */
static void older_structs(const struct place *p, ritz_dtype dtype)
{
    const int64_t m = 30, n = 20, k = 4;
    if (!begin_case(p, "interpolative_cols and cur %s, shorter structs", ritz_dtype_name(dtype)))
        return;
    omat *a = make_items(general_kinds, 94, 1, m, n, dtype);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report reports[2] = {RITZ_SKETCH_REPORT_INIT, RITZ_SKETCH_REPORT_INIT};
    opts.size = offsetof(ritz_sketch_options, tolerance);
    opts.tolerance = 0.9;
    opts.method = RITZ_RANGE_KRYLOV;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, k, n, 1);
    struct operand *J2 = add_output(&sc, "columns", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *I = add_output(&sc, "rows", RITZ_I32, COL_PLAIN, k, 1, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, k, k, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    for (int i = 0; i < 2; i++) {
        reports[i].size = offsetof(ritz_sketch_report, gap);
        reports[i].gap = 17;
        reports[i].tolerance_met = 17;
        memset(reports[i].warning, 'x', sizeof reports[i].warning);
    }
    (void)expect_ok(ritz_interpolative_cols(p->s, &op, J->mat, X->mat, &opts, &reports[0]));
    if (scene_finish(&sc, ritz_cur(p->s, &op, J2->mat, I->mat, RITZ_NO_MAT, U->mat, RITZ_NO_MAT,
                                   &opts, &reports[1])))
        for (int i = 0; i < 2; i++) {
            const ritz_sketch_report *r = &reports[i];
            bool kept = r->gap == 17 && r->tolerance_met == 17;
            for (size_t b = 0; b < sizeof r->warning; b++) kept = kept && r->warning[b] == 'x';
            (void)expect(kept, "more than the report was written");
            (void)expect(r->rank == k && r->sample_size == k + 10, "rank %lld, sample size %lld",
                         (long long)r->rank, (long long)r->sample_size);
        }
    scene_end(&sc);
    free_items(a, 1);
}

/* No columns are asked for: all of A is the error. A larger struct of a later version is taken as
 * one of this version, and nothing is written beyond. */
static void nothing_wanted(const struct place *p, ritz_dtype dtype)
{
    const int64_t m = 30, n = 20;
    if (!begin_case(p, "interpolative and cur %s, k 0, larger structs", ritz_dtype_name(dtype)))
        return;
    omat *a = make_items(general_kinds, 94, 1, m, n, dtype);
    struct {
        ritz_sketch_options opts;
        unsigned char more[64];
    } opts = {.opts = RITZ_SKETCH_DEFAULTS};
    struct {
        ritz_sketch_report report;
        unsigned char more[64];
    } reports[2] = {{.report = RITZ_SKETCH_REPORT_INIT}, {.report = RITZ_SKETCH_REPORT_INIT}};
    opts.opts.size = sizeof opts;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *J = add_output(&sc, "J", RITZ_I32, COL_PLAIN, 0, 1, 1);
    struct operand *I = add_output(&sc, "I", RITZ_I32, COL_PLAIN, 0, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, 0, n, 1);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, 0, 0, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    for (int i = 0; i < 2; i++) {
        memset(reports[i].more, 0x5A, sizeof reports[i].more);
        reports[i].report.size = sizeof reports[i];
    }
    (void)expect_ok(
        ritz_interpolative_cols(p->s, &op, J->mat, X->mat, &opts.opts, &reports[0].report));
    if (scene_finish(&sc, ritz_cur(p->s, &op, J->mat, I->mat, RITZ_NO_MAT, U->mat, RITZ_NO_MAT,
                                   &opts.opts, &reports[1].report))) {
        omat stored = item_before(A, 0);
        const double norm = (double)oracle_norm_fro(stored);
        for (int i = 0; i < 2; i++) {
            const ritz_sketch_report *r = &reports[i].report;
            bool kept = r->size == sizeof reports[i];
            for (size_t b = 0; b < sizeof reports[i].more; b++)
                kept = kept && reports[i].more[b] == 0x5A;
            (void)expect(kept, "more than the report was written");
            (void)expect(r->rank == 0 && r->sample_size == 0 && r->matvec_blocks == 1 &&
                             r->error >= 0.5 * norm && r->error <= 2 * norm,
                         "rank %lld, error %g of %g", (long long)r->rank, r->error, norm);
        }
        omat_destroy(&stored);
    }
    scene_end(&sc);
    free_items(a, 1);
}

/* ---- the group ------------------------------------------------------------------------------- */

static void spectra(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][3] = {{48, 35, 7}, {27, 41, 5}, {20, 16, 16}, {9, 14, 9},
                                        {30, 23, 1}, {1, 5, 1},   {6, 1, 1}};
    static const int powers[] = {0, RITZ_POWER_ITERATIONS_NONE, 1};
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int which = 0; which < SPECTRA; which++)
            for (int kind = 0; kind < OPERATORS; kind++) {
                if (kind != (which + (int)i) % OPERATORS) continue;
                struct forms walk = forms_of(3, 1);
                for (; next_forms(&walk); turn++) {
                    const struct id_case c = {.m = shapes[i][0],
                                              .n = shapes[i][1],
                                              .k = shapes[i][2],
                                              .dtype = dtype,
                                              .kind = (enum operator_kind)kind,
                                              .spectrum = (enum spectrum)which,
                                              .power = powers[turn % 3],
                                              .seed = (uint64_t)turn,
                                              .f = walk.f};
                    id_one(p, turn % 2 ? ROWS : COLUMNS, &c);
                    cur_one(p, &c);
                }
            }
}

void test_interpolative(const struct place *p)
{
    refusals(p);
    for (int t = 0; t < REALS; t++) {
        const ritz_dtype dtype = reals[t];
        const double loose = dtype == RITZ_F32 ? 1e-2 : 1e-5;
        spectra(p, dtype);
        for (int kind = 0; kind < OPERATORS; kind++) {
            const enum operator_kind o = (enum operator_kind)kind;
            const int power = kind % 2 ? RITZ_POWER_ITERATIONS_NONE : 1;
            if (o == DENSE || o == SPARSE || o == FUNCTION)
                for (int64_t r = 0; r <= 4; r += 4) {
                    deficient(p, dtype, o, r, power, 0);
                    deficient(p, dtype, o, r, -power, loose);
                }
            tolerances(p, dtype, o, power, loose, 32);
            tolerances(p, dtype, o, -power, loose, 4);
            if (o == SPARSE || o == SPARSE_CENTRED) continue;
            for (int position = 7; position < 40 * 30; position += 599) {
                not_finite(p, dtype, o, position, (long double)NAN, power, 0);
                not_finite(p, dtype, o, position, (long double)INFINITY, -power, loose);
            }
        }
        estimates(p, dtype);
        nothing_wanted(p, dtype);
        older_structs(p, dtype);
        steep(p, dtype, 1);
        steep(p, dtype, dtype == RITZ_F32 ? 1e30L : 1e150L);
        steep(p, dtype, dtype == RITZ_F32 ? 1e-25L : 1e-130L);
    }
}
