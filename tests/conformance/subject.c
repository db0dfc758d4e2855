/* Operators and spectra for the tests of low-rank methods.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/subject.h"

#include <math.h>
#include <stdlib.h>

/* ---- spectra --------------------------------------------------------------------------------- */

const char *const spectrum_names[] = {"exponential", "harmonic", "flat with spikes", "exact rank",
                                      "rank and noise"};

omat spectrum_of(enum spectrum which, int64_t count, int64_t k)
{
    omat s = omat_create(count, 1);
    for (int64_t i = 0; i < count; i++) {
        const long double x = (long double)i;
        switch (which) {
        case EXPONENTIAL: s.a[i] = expl(-x / 2); break;
        case HARMONIC: s.a[i] = 1 / (x + 1); break;
        case FLAT_AND_SPIKES: s.a[i] = i < k ? 10 - x / (long double)k : 1; break;
        case EXACT_RANK: s.a[i] = i < k ? 1 + (long double)(k - i) : 0; break;
        case RANK_AND_NOISE:
        case SPECTRA: s.a[i] = i < k ? 1 + (long double)(k - i) : 1e-3L; break;
        }
    }
    return s;
}

/* ---- operators ------------------------------------------------------------------------------- */

const char *const operator_names[] = {"dense", "centred", "function", "sparse", "sparse, centred"};

static ritz_status apply_matrix(void *context, ritz_stream *s, int transposed, ritz_dmat X,
                                ritz_dmat Y)
{
    const ritz_dmat *A = context;
    return ritz_gemm(s, 1.0, transposed ? ritz_t(*A) : *A, X, 0.0, Y);
}

/* The elements of A that are not zero. */
static ritz_spmat *make_sparse(const struct place *p, ritz_dtype dtype, omat A)
{
    const size_t most = (size_t)(A.rows * A.cols) + 1;
    int64_t *row = calloc(most, sizeof *row), *col = calloc(most, sizeof *col), count = 0;
    double *value = calloc(most, sizeof *value);
    if (!row || !col || !value) abort();
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++) {
            if (OMAT_AT(A, i, j) == 0) continue;
            row[count] = i;
            col[count] = j;
            value[count++] = (double)OMAT_AT(A, i, j);
        }
    ritz_spmat *sparse = NULL;
    ritz_spmat_options opts = RITZ_SPMAT_DEFAULTS;
    opts.dtype = dtype;
    (void)expect_ok(ritz_spmat_create_coo(
        p->s, A.rows, A.cols, ritz_hmat_wrap(row, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(col, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(value, RITZ_F64, count, 1, RITZ_COL_MAJOR), &opts, &sparse));
    free(row);
    free(col);
    free(value);
    return sparse;
}

struct subject make_subject(struct scene *sc, enum operator_kind kind, ritz_dtype dtype,
                            struct form form, const omat *a)
{
    struct subject t = {.A = add_input(sc, "A", dtype, form, 1, SHARE_NONE, a)};
    omat A = item_before(t.A, 0);
    t.effective = A;
    if (kind == SPARSE || kind == SPARSE_CENTRED) t.sparse = make_sparse(sc->place, dtype, A);
    switch (kind) {
    case CENTRED:
    case SPARSE_CENTRED: {
        omat row = A.rows > 0 ? oracle_column_means(A) : omat_create(1, A.cols);
        omat column = omat_transposed(row);
        t.mean = add_input(sc, "mean", RITZ_F64, form, 1, SHARE_NONE, &column);
        omat stored = item_before(t.mean, 0), stored_row = omat_transposed(stored);
        t.effective = oracle_centred(A, stored_row);
        t.op = kind == CENTRED ? ritz_linop_centred(t.A->mat, t.mean->mat)
                               : ritz_linop_sparse_centred(t.sparse, t.mean->mat);
        omat *const all[] = {&A, &row, &column, &stored, &stored_row};
        for (int i = 0; i < 5; i++) omat_destroy(all[i]);
        break;
    }
    case FUNCTION: t.op = ritz_linop_enqueue(dtype, A.rows, A.cols, apply_matrix, &t.A->mat); break;
    case SPARSE: t.op = ritz_linop_sparse(t.sparse); break;
    case DENSE:
    case OPERATORS: t.op = ritz_linop_dense(t.A->mat); break;
    }
    return t;
}

void drop_subject(const struct place *p, struct subject *t)
{
    (void)expect_ok(ritz_spmat_destroy(p->s, &t->sparse));
    omat_destroy(&t->effective);
}
