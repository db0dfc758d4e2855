/* The randomized SVD of rows that stream by: from sources of every kind, by the oracle's SVD.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/pca.h"
#include "conformance/rows_kit.h"

static double larger_of(omat A)
{
    return (double)(A.rows > A.cols ? A.rows : A.cols);
}

/* scale * decay^i for the first `rank`, then 0. */
static omat data_with(uint64_t seed, int64_t m, int64_t n, double decay, double scale, int64_t rank)
{
    omat s = omat_create(m < n ? m : n, 1);
    for (int64_t i = 0; i < s.rows && i < rank; i++)
        s.a[i] = (long double)scale * powl((long double)decay, (long double)i);
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}

/* ‖A - A V Vᵀ‖_F. */
static long double residual_of(omat A, omat V)
{
    omat AV = oracle_product(A, V), Vt = omat_transposed(V), P = oracle_product(AV, Vt);
    omat R = oracle_add(A, -1, P);
    const long double norm = oracle_norm_fro(R);
    omat *const all[] = {&AV, &Vt, &P, &R};
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    return norm;
}

struct run {
    ritz_dtype dtype; /* of computation */
    int64_t k, rank;  /* rank: what the report must say */
    const ritz_sketch_options *opts;
    int q;
    int sparse, rounded; /* rounded: the data is, before it is used */
};

static void judge_report(const struct run *run, omat A, omat s, long double residual,
                         const ritz_sketch_report *r)
{
    const double norm = (double)oracle_norm_fro(A), eps = eps_of(run->dtype);
    const int64_t most = A.rows < A.cols ? A.rows : A.cols;
    const int64_t l = run->k + 10 < most ? run->k + 10 : most;
    (void)expect(r->rank == run->rank, "rank %lld, not %lld", (long long)r->rank,
                 (long long)run->rank);
    (void)expect_ratio("svd_rows norm", run->dtype,
                       fabs(r->norm / norm - 1) / (run->rounded ? eps : 0x1p-52),
                       30 * larger_of(A));
    if (r->kind == RITZ_ERROR_EXACT)
        (void)expect_ratio("svd_rows error identity", run->dtype,
                           fabs(r->error * r->error - (double)(residual * residual)) /
                               (norm * norm * larger_of(A) * eps),
                           30);
    else
        (void)expect(r->kind == RITZ_ERROR_BOUND && r->error >= (double)residual,
                     "error figure %g of kind %d, and the error is %Lg", r->error, (int)r->kind,
                     residual);
    if (run->sparse) return;
    (void)expect(r->sample_size == l && r->power_iterations == run->q &&
                     r->matvec_blocks == 2 * run->q + 3,
                 "l = %lld, q = %d, %d products", (long long)r->sample_size, r->power_iterations,
                 r->matvec_blocks);
    const double beyond = r->rank < l ? (double)s.a[r->rank] : 0;
    if (beyond > 100 * eps * norm) {
        const double gap = (double)s.a[r->rank - 1] / beyond;
        (void)expect(fabs(r->gap / gap - 1) < 0.05, "gap %g, not %g", r->gap, gap);
    }
}

static void judge(const struct run *run, omat A, const struct operand *S, const struct operand *V,
                  const ritz_sketch_report *report)
{
    const double eps = eps_of(run->dtype);
    omat s = {0}, U = {0}, W = {0};
    omat got = item_after(S, 0), vectors = item_after(V, 0);
    oracle_svd(A, &U, &s, &W);
    omat want = omat_block(s, 0, 0, run->k, 1);
    for (int64_t i = run->rank; i < run->k; i++) want.a[i] = 0;
    omat kept = omat_block(vectors, 0, 0, A.cols, run->rank);
    (void)expect_ratio("svd_rows values", run->dtype,
                       oracle_values_ratio(ORACLE_SINGULAR, want, got, (int64_t)larger_of(A), eps),
                       30);
    (void)expect_ratio("svd_rows |I - V'V|", run->dtype, oracle_orth_ratio(kept, eps), 30);
    (void)expect(oracle_sign_violation(kept) < 0, "vector %lld breaks the sign rule",
                 (long long)oracle_sign_violation(kept));
    for (int64_t j = run->rank; j < run->k; j++)
        for (int64_t i = 0; i < A.cols; i++)
            if (!expect(OMAT_AT(vectors, i, j) <= 0 && OMAT_AT(vectors, i, j) >= 0,
                        "column %lld beyond the rank is not zero", (long long)j))
                break;
    /* The best error of this rank, which the method reaches where the values fall fast. */
    long double best = 0;
    for (int64_t i = run->rank; i < s.rows; i++) best += s.a[i] * s.a[i];
    const long double residual = residual_of(A, kept);
    (void)expect_ratio(
        "svd_rows error beyond the best", run->dtype,
        (double)((residual * residual - best) / (oracle_norm_fro(A) * oracle_norm_fro(A))) /
            (larger_of(A) * eps),
        30);
    judge_report(run, A, s, residual, report);
    omat *const all[] = {&s, &U, &W, &got, &vectors, &want, &kept};
    for (int i = 0; i < 7; i++) omat_destroy(all[i]);
}

/* ---- sources and shapes ---------------------------------------------------------------------- */

static void run_one(const struct place *p, enum kit_kind kind, ritz_dtype stored, omat A,
                    struct run run, const struct form *form)
{
    struct kit kit;
    struct scene sc;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    run.sparse = kind == KIT_SPARSE;
    run.rounded = stored != run.dtype;
    kit_open(&kit, p, kind, stored, A);
    scene_begin(&sc, p);
    struct operand *S = add_output(&sc, "S", run.dtype, form[0], run.k, 1, 1);
    struct operand *V = add_output(&sc, "V", run.dtype, form[1], A.cols, run.k, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd_rows(p->s, kit.rows, S->mat, V->mat, run.opts, &report))) {
        judge(&run, kit.data, S, V, &report);
        (void)expect(kind != KIT_FUNCTION || kit.starts == run.q + 1, "%d passes, not %d",
                     kit.starts + 1, run.q + 2);
    }
    scene_end(&sc);
    kit_close(&kit, p);
}

static void source(const struct place *p, enum kit_kind kind, ritz_dtype stored, ritz_dtype dtype,
                   const struct form *form)
{
    if (!begin_case(p, "svd_rows of %s, %s in %s, S %s V %s", kit_names[kind],
                    ritz_dtype_name(stored), ritz_dtype_name(dtype), form_name(form[0]),
                    form_name(form[1])))
        return;
    omat A = data_with(401, 90, 30, 0.4, 7, 30);
    run_one(p, kind, stored, A, (struct run){.dtype = dtype, .k = 4, .rank = 4, .q = 2}, form);
    omat_destroy(&A);
}

static void shape(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, int64_t k,
                  int64_t rank, int q)
{
    if (!begin_case(p, "svd_rows %s %lldx%lld of rank %lld, k %lld, q %d", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, (long long)rank, (long long)k, q))
        return;
    const struct form forms[] = {COL_PLAIN, COL_PLAIN};
    omat A = data_with(402, m, n, 0.35, 3, rank);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = q == 0 ? RITZ_POWER_ITERATIONS_NONE : q;
    run_one(p, KIT_FUNCTION, dtype, A,
            (struct run){.dtype = dtype, .k = k, .rank = k, .opts = &opts, .q = q}, forms);
    omat_destroy(&A);
}

/* S without V, and nothing but the call. */
static void without_vectors(const struct place *p)
{
    if (!begin_case(p, "svd_rows without V, without a report, of no values")) return;
    omat A = data_with(403, 40, 12, 0.5, 1, 12), U, s, W;
    oracle_svd(A, &U, &s, &W);
    struct kit kit;
    struct scene sc;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    kit_open(&kit, p, KIT_HOST, RITZ_F64, A);
    scene_begin(&sc, p);
    struct operand *S = add_output(&sc, "S", RITZ_F64, COL_PLAIN, 3, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(
        ritz_svd_rows(p->s, kit.rows, ritz_row_range(S->mat, 0, 0), RITZ_NO_MAT, NULL, &report));
    (void)expect(report.rank == 0 && report.sample_size == 0 && report.error <= 0,
                 "a report of no values says rank %lld", (long long)report.rank);
    if (scene_finish(&sc, ritz_svd_rows(p->s, kit.rows, S->mat, RITZ_NO_MAT, NULL, NULL))) {
        omat got = item_after(S, 0), want = omat_block(s, 0, 0, 3, 1);
        (void)expect_ratio("svd_rows values", RITZ_F64,
                           oracle_values_ratio(ORACLE_SINGULAR, want, got, 40, eps_of(RITZ_F64)),
                           30);
        omat_destroy(&got);
        omat_destroy(&want);
    }
    scene_end(&sc);
    kit_close(&kit, p);
    omat *const all[] = {&A, &U, &s, &W};
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
}

/* ---- a tolerance ----------------------------------------------------------------------------- */

static void tolerance(const struct place *p, ritz_dtype dtype, double wanted, int64_t room)
{
    if (!begin_case(p, "svd_rows %s to a tolerance of %g with room for %lld",
                    ritz_dtype_name(dtype), wanted, (long long)room))
        return;
    omat A = data_with(404, 60, 25, 0.5, 2, 25);
    const struct form forms[] = {COL_PLAIN, {RITZ_ROW_MAJOR, VIEW_PADDED}};
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = wanted;
    /* decay^i: of all squares, those from r on are the fraction decay^(2r). */
    int64_t rank = 0;
    while (pow(0.5, (double)rank) > wanted) rank++;
    const bool resolved = wanted > 6 * sqrt(eps_of(dtype) / 2);
    if (rank > room || !resolved) rank = room;
    struct kit kit;
    struct scene sc;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    kit_open(&kit, p, KIT_FILES, dtype, A);
    scene_begin(&sc, p);
    struct operand *S = add_output(&sc, "S", dtype, forms[0], room, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, forms[1], 25, room, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd_rows(p->s, kit.rows, S->mat, V->mat, &opts, &report))) {
        const struct run run = {.dtype = dtype, .k = room, .rank = rank, .q = 2};
        const bool met = resolved && pow(0.5, (double)room) <= wanted;
        judge(&run, kit.data, S, V, &report);
        (void)expect(report.tolerance_met == met, "tolerance_met is %d", report.tolerance_met);
        (void)expect(met || strstr(report.warning, "tolerance"), "the warning is \"%s\"",
                     report.warning);
        (void)expect(!met || report.error <= wanted * report.norm, "the error is %g of %g",
                     report.error, report.norm);
    }
    scene_end(&sc);
    kit_close(&kit, p);
    omat_destroy(&A);
}

/* ---- guidance -------------------------------------------------------------------------------- */

static void guidance(const struct place *p, const char *what, ritz_dtype dtype, double decay,
                     int64_t k, int q, const char *word)
{
    if (!begin_case(p, "svd_rows %s warns of %s", ritz_dtype_name(dtype), what)) return;
    omat A = data_with(405, 80, 60, decay, 1, 60);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = q;
    struct kit kit;
    struct scene sc;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    kit_open(&kit, p, KIT_HOST, dtype, A);
    scene_begin(&sc, p);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, k, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd_rows(p->s, kit.rows, S->mat, RITZ_NO_MAT, &opts, &report)))
        (void)expect(word[0] ? strstr(report.warning, word) != NULL : !report.warning[0],
                     "the warning is \"%s\"", report.warning);
    scene_end(&sc);
    kit_close(&kit, p);
    omat_destroy(&A);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Data with one value replaced, or all scaled, is refused. */
static void bad_data(const struct place *p, const char *what, enum kit_kind kind, ritz_dtype dtype,
                     long double scale, long double bad, const char *words)
{
    if (!begin_case(p, "svd_rows %s of %s with %s", ritz_dtype_name(dtype), kit_names[kind], what))
        return;
    omat A = data_with(406, 50, 9, 0.5, 1, 9);
    for (int64_t i = 0; i < 50 * 9; i++) A.a[i] *= scale;
    if (!(bad <= 0 && bad >= 0)) OMAT_AT(A, 31, 4) = bad;
    struct kit kit;
    struct scene sc;
    kit_open(&kit, p, kind, dtype, A);
    scene_begin(&sc, p);
    const ritz_dmat S = add(&sc, "S", ROLE_INOUT, dtype, COL_PLAIN, 2, 1, 1, SHARE_NONE, NULL)->mat;
    scene_upload(&sc);
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S, RITZ_NO_MAT, NULL, NULL),
                       RITZ_ERR_NOT_FINITE, words);
    (void)ritz_stream_sync(p->s);
    scene_end(&sc);
    kit_close(&kit, p);
    omat_destroy(&A);
}

static void refusals(const struct place *p)
{
    if (!begin_case(p, "svd_rows: wrong arguments")) return;
    omat A = data_with(407, 20, 8, 0.5, 1, 8);
    struct kit kit, once, sparse;
    struct scene sc;
    kit_open(&kit, p, KIT_DEVICE, RITZ_F64, A);
    kit_open(&once, p, KIT_ONCE, RITZ_F64, A);
    kit_open(&sparse, p, KIT_SPARSE, RITZ_F32, A);
    scene_begin(&sc, p);
    const ritz_dmat S =
        add(&sc, "S", ROLE_INPUT, RITZ_F64, COL_PLAIN, 9, 1, 1, SHARE_NONE, NULL)->mat;
    const ritz_dmat V =
        add(&sc, "V", ROLE_INPUT, RITZ_F64, COL_PLAIN, 8, 4, 1, SHARE_NONE, NULL)->mat;
    scene_upload(&sc);
    const ritz_dmat S3 = ritz_row_range(S, 0, 3), V3 = ritz_cols(V, 0, 3);
    ritz_sketch_options o = RITZ_SKETCH_DEFAULTS;
    (void)expect_error(ritz_svd_rows(NULL, kit.rows, S3, V3, NULL, NULL), RITZ_ERR_ARGUMENT,
                       "ritz_svd_rows|stream");
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S, RITZ_NO_MAT, NULL, NULL), RITZ_ERR_SHAPE,
                       "9|20 x 8|at most 8");
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S3, V, NULL, NULL), RITZ_ERR_SHAPE,
                       "V is 8 x 4|8 x 3");
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, ritz_read_only(S3), V3, NULL, NULL),
                       RITZ_ERR_READ_ONLY, "S");
    ritz_dmat half = V3;
    half.dtype = RITZ_F32;
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S3, half, NULL, NULL), RITZ_ERR_DTYPE,
                       "V|float32");
    (void)expect_error(
        ritz_svd_rows(p->s, kit.rows, ritz_row_range(kit.device, 0, 3), V3, NULL, NULL),
        RITZ_ERR_SHAPE, "S must be k x 1");
    (void)expect_error(
        ritz_svd_rows(p->s, kit.rows, ritz_block(kit.device, 0, 0, 3, 1), V3, NULL, NULL),
        RITZ_ERR_OVERLAP, "S|source");
    o.method = RITZ_RANGE_KRYLOV;
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S3, V3, &o, NULL), RITZ_ERR_OPTION,
                       "RITZ_RANGE_KRYLOV");
    o = (ritz_sketch_options)RITZ_SKETCH_DEFAULTS;
    o.normalisation = RITZ_NORMALISE_CHOLESKY;
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S3, V3, &o, NULL), RITZ_ERR_OPTION,
                       "normalisation");
    o = (ritz_sketch_options)RITZ_SKETCH_DEFAULTS;
    o.tolerance = -1;
    (void)expect_error(ritz_svd_rows(p->s, kit.rows, S3, V3, &o, NULL), RITZ_ERR_OPTION,
                       "tolerance");
    (void)expect_error(ritz_svd_rows(p->s, once.rows, S3, V3, NULL, NULL), RITZ_ERR_STATE,
                       "4 times|once");
    (void)expect_error(ritz_svd_rows(p->s, sparse.rows, S3, V3, NULL, NULL), RITZ_ERR_DTYPE,
                       "float32|float64");
    (void)expect_error(ritz_svd_rows(p->s, ritz_rows_sparse(NULL), S3, V3, NULL, NULL),
                       RITZ_ERR_ARGUMENT, "NULL");
    (void)expect_error(
        ritz_svd_rows(p->s, ritz_rows_file("does-not-exist.npy"), S3, V3, NULL, NULL), RITZ_ERR_IO,
        "does-not-exist.npy");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    kit_close(&kit, p);
    kit_close(&once, p);
    kit_close(&sparse, p);
    omat_destroy(&A);
}

void test_svd_rows(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    for (int t = 0; t < 2; t++) {
        for (int kind = 0; kind < KITS; kind++)
            if (kind != KIT_ONCE)
                for (struct forms walk = forms_of(2, full_level() ? 4 : 1); next_forms(&walk);)
                    source(p, (enum kit_kind)kind, reals[t], reals[t], walk.f);
        static const int64_t shapes[][4] = {{1, 1, 1, 1},   {1, 6, 1, 1},  {6, 1, 1, 1},
                                            {8, 40, 8, 8},  {40, 8, 8, 8}, {20, 50, 2, 20},
                                            {40, 20, 6, 3}, {9, 9, 3, 0}};
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            if (shapes[i][3] > 0)
                shape(p, reals[t], shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3],
                      i % 2 ? 1 : 3);
        shape(p, reals[t], 30, 12, 2, 12, 0);
        tolerance(p, reals[t], 0.2, 8);
        tolerance(p, reals[t], 0.01, 8);
        tolerance(p, reals[t], 0.01, 5);
        tolerance(p, reals[t], 1e-10, 12);
    }
    const struct form forms[] = {COL_PLAIN, COL_PLAIN};
    source(p, KIT_FILES, RITZ_F64, RITZ_F32, forms);
    source(p, KIT_HOST, RITZ_F32, RITZ_F64, forms);
    without_vectors(p);
    guidance(p, "rounding", RITZ_F32, 0.3, 9, RITZ_POWER_ITERATIONS_NONE, "float64");
    guidance(p, "nothing", RITZ_F32, 0.3, 9, 2, "");
    guidance(p, "nothing", RITZ_F64, 0.3, 9, 2, "");
    guidance(p, "slow decay", RITZ_F64, 0.99, 20, RITZ_POWER_ITERATIONS_NONE, "power_iterations");
    guidance(p, "a small gap", RITZ_F64, 0.99, 20, 20, "s_k/s_(k+1)");
    for (int kind = 0; kind < KITS; kind++)
        if (kind != KIT_ONCE) {
            bad_data(p, "a NaN", (enum kit_kind)kind, RITZ_F64, 1, (long double)NAN,
                     "ritz_svd_rows|row 31 ");
            bad_data(p, "an infinity", (enum kit_kind)kind, RITZ_F32, 1, (long double)INFINITY,
                     "ritz_svd_rows|row 31 ");
        }
    bad_data(p, "squares that overflow", KIT_FUNCTION, RITZ_F32, 1e25L, 0, "overflow|float64");
    bad_data(p, "squares that underflow", KIT_FUNCTION, RITZ_F32, 1e-25L, 0, "underflow|float64");
    refusals(p);
}
