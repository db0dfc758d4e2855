/* Eigenvalues of largest modulus by a randomized method: against the eigenvalues of the matrix, the
 * least possible error, and the method's own figure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "conformance/lowrank.h"

struct eigh_case {
    int64_t n, k;
    ritz_dtype dtype;
    enum spectrum spectrum;
    enum operator_kind kind; /* dense, a function or sparse */
    bool indefinite;         /* every third eigenvalue is negative */
    ritz_range_method method;
    ritz_normalisation normalisation;
    uint64_t seed;
    const struct form *f;
};

/* V diag(w) Vᵀ against A: the errors, and the values in order. */
static void check_pairs(const struct eigh_case *c, omat A, omat sorted, omat w, omat v,
                        const ritz_sketch_report *r)
{
    const double round = lowrank_noise(A, c->dtype), eps = eps_of(c->dtype);
    const double norm = (double)oracle_norm_fro(A);
    omat Vw = lowrank_scaled(v, w), Vt = omat_transposed(v);
    const double two = lowrank_error_two(A, Vw, Vt), fro = lowrank_error(A, Vw, Vt);
    const double next = c->k < c->n ? (double)fabsl(sorted.a[c->k]) : 0;
    (void)expect_ratio("eigh_randomized |I - V'V|", c->dtype, oracle_orth_ratio(v, eps), 30);
    (void)expect(oracle_sign_violation(v) < 0, "V breaks the sign rule");
    for (int64_t i = 1; i < c->k; i++)
        (void)expect(fabsl(w.a[i]) <= fabsl(w.a[i - 1]), "value %lld is %Lg after %Lg",
                     (long long)i, w.a[i], w.a[i - 1]);
    if (c->spectrum != HARMONIC && c->spectrum != FLAT_AND_SPIKES) {
        (void)expect_bound("eigh_randomized error/(1.05 w_k+1)", c->dtype, two,
                           1.05 * next + round);
        if (c->spectrum != EXPONENTIAL) /* the values lie apart from the rest */
            for (int64_t i = 0; i < c->k && next < 0.5 * (double)fabsl(sorted.a[i]); i++)
                (void)expect(fabsl(fabsl(w.a[i]) - fabsl(sorted.a[i])) <= (long double)round,
                             "value %lld is %Lg, not %Lg", (long long)i, w.a[i], sorted.a[i]);
    }
    if (fro > round)
        (void)expect_bound("eigh_randomized estimate", c->dtype,
                           fmax(r->error / fro / 3, 0.3 * fro / r->error), 1);
    else
        (void)expect(r->error <= round, "the error %g is estimated as %g", fro, r->error);
    if (c->kind != FUNCTION)
        (void)expect(fabs(r->norm - norm) <= 4 * eps * norm, "norm %g, not %g", r->norm, norm);
    if (c->k < r->sample_size && next > round && c->spectrum == RANK_AND_NOISE)
        (void)expect(r->gap > 0.5 * fabs((double)w.a[c->k - 1]) / next, "gap %g", r->gap);
    omat_destroy(&Vw);
    omat_destroy(&Vt);
}

static void eigh_one(const struct place *p, const struct eigh_case *c)
{
    if (!begin_case(p,
                    "eigh_randomized %s n %lld k %lld %s%s %s method %d normalisation %d seed "
                    "%llu A %s, %s, %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->k,
                    spectrum_names[c->spectrum], c->indefinite ? ", indefinite" : "",
                    operator_names[c->kind], (int)c->method, (int)c->normalisation,
                    (unsigned long long)c->seed, form_name(c->f[0]), form_name(c->f[1]),
                    form_name(c->f[2])))
        return;
    omat sorted = spectrum_of(c->spectrum, c->n, c->k);
    for (int64_t i = 0; c->indefinite && i < c->n; i += 3) sorted.a[i] = -sorted.a[i];
    omat a = matgen_with_eigenvalues(201, sorted);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = c->seed;
    opts.method = c->method;
    opts.normalisation = c->normalisation;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, c->kind, c->dtype, c->f[0], &a);
    struct operand *W = add_output(&sc, "W", c->dtype, c->f[1], c->k, 1, 1);
    struct operand *V = add_output(&sc, "V", c->dtype, c->f[2], c->n, c->k, 1);
    struct operand *alone = add_output(&sc, "W alone", c->dtype, c->f[1], c->k, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_eigh_randomized(p->s, &t.op, alone->mat, RITZ_NO_MAT, &opts, NULL));
    if (scene_finish(&sc, ritz_eigh_randomized(p->s, &t.op, W->mat, V->mat, &opts, &report))) {
        omat w = item_after(W, 0), v = item_after(V, 0);
        const int64_t wanted = (c->k + 10) * (c->method == RITZ_RANGE_KRYLOV ? 3 : 1);
        if (c->k > 0) check_pairs(c, t.effective, sorted, w, v, &report);
        (void)expect(same_bits(W, alone), "the same seed gave other values without V");
        (void)expect(report.rank == c->k && report.kind == RITZ_ERROR_ESTIMATE &&
                         report.sample_size == (c->k == 0       ? 0
                                                : wanted < c->n ? wanted
                                                                : c->n),
                     "rank %lld, sample size %lld, kind %d", (long long)report.rank,
                     (long long)report.sample_size, (int)report.kind);
        omat_destroy(&w);
        omat_destroy(&v);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&sorted);
    omat_destroy(&a);
}

static void not_finite(const struct place *p, ritz_dtype dtype, enum operator_kind kind,
                       int64_t position, long double value)
{
    const int64_t n = 25, k = 3;
    if (!begin_case(p, "eigh_randomized %s %s, %Lg at position %lld", ritz_dtype_name(dtype),
                    operator_names[kind], value, (long long)position))
        return;
    omat *a = make_items(symmetric_kinds, 202, 1, n, n, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, kind, dtype, COL_PLAIN, a);
    store_element(dtype, t.A->before + element_offset(t.A, 0, position % n, position / n), value);
    struct operand *W = add_output(&sc, "W", dtype, COL_PLAIN, k, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, COL_PLAIN, n, k, 1);
    scene_upload(&sc);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    if (scene_collect(&sc, ritz_eigh_randomized(p->s, &t.op, W->mat, V->mat, NULL, &report),
                      RITZ_ERR_NOT_FINITE, "ritz_eigh_randomized"))
        (void)expect(item_is_nan(W, 0, RITZ_BOTH) && item_is_nan(V, 0, RITZ_BOTH) &&
                         isnan(report.error) && report.warning[0] == '\0',
                     "an output is not NaN, or the report is about something");
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
}

static void refused(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "eigh_randomized %s of what is not square", ritz_dtype_name(dtype))) return;
    omat *a = make_items(general_kinds, 203, 1, 6, 5, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *X = add_inout(&sc, "X", dtype, COL_PLAIN, 1, a);
    scene_upload(&sc);
    const ritz_dmat V = ritz_row_range(X->mat, 0, 5), W = ritz_block(X->mat, 0, 0, 5, 1);
    const ritz_linop wide = ritz_linop_dense(A->mat);
    const ritz_linop square = ritz_linop_dense(ritz_row_range(A->mat, 0, 5));
    (void)expect_error(ritz_eigh_randomized(p->s, &wide, W, V, NULL, NULL), RITZ_ERR_SHAPE,
                       "A is 6 x 5|square");
    (void)expect_error(
        ritz_eigh_randomized(p->s, &square, ritz_cols(X->mat, 0, 1), RITZ_NO_MAT, NULL, NULL),
        RITZ_ERR_SHAPE, "W is 6 x 1|k <= n");
    (void)expect_error(ritz_eigh_randomized(p->s, &square, W, V, NULL, NULL), RITZ_ERR_OVERLAP,
                       "V overlaps W");
    if (scene_finish(&sc, RITZ_OK)) expect_kept(X);
    scene_end(&sc);
    free_items(a, 1);
}

void test_lowrank_eigh(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    static const enum operator_kind kinds[] = {DENSE, FUNCTION, SPARSE};
    static const int64_t sizes[][2] = {{37, 5}, {50, 3}, {6, 6}, {1, 1}, {4, 0}};
    int turn = 0;
    for (int t = 0; t < 2; t++) {
        for (int which = 0; which < SPECTRA; which++)
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                for (int indefinite = 0; indefinite <= 1; indefinite++, turn++) {
                    if (!full_level() && turn % 3 != 0) continue;
                    struct forms walk = forms_of(3, 1);
                    (void)next_forms(&walk);
                    const struct eigh_case c = {
                        .n = sizes[i][0],
                        .k = sizes[i][1],
                        .dtype = reals[t],
                        .spectrum = (enum spectrum)which,
                        .kind = kinds[turn % 3],
                        .indefinite = indefinite != 0,
                        .method = turn % 4 == 3 ? RITZ_RANGE_KRYLOV : RITZ_RANGE_AUTO,
                        .normalisation =
                            turn % 5 == 4 ? RITZ_NORMALISE_CHOLESKY : RITZ_NORMALISE_QR,
                        .seed = (uint64_t)turn,
                        .f = walk.f,
                    };
                    eigh_one(p, &c);
                }
        for (int kind = 0; kind < 2; kind++)
            for (int64_t position = 0; position < 25 * 25; position += 207) {
                not_finite(p, reals[t], kinds[kind], position, (long double)NAN);
                not_finite(p, reals[t], kinds[kind], position, (long double)INFINITY);
            }
        refused(p, reals[t]);
    }
}
