/* Mistakes of the caller: each is refused with the right status and a message that names operation
 * and argument, and nothing is changed.
 *
 * One table describes valid calls; the same mutations are then tried on each argument of each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/errors.h"
/* ---- the mutations --------------------------------------------------------------------------- */

static ritz_dmat outside(ritz_dmat A)
{
    return ritz_block(A, 0, 0, A.rows + 1, A.cols);
}
static ritz_dmat missing(ritz_dmat A)
{
    (void)A;
    return RITZ_NO_MAT;
}
static ritz_dmat read_only(ritz_dmat A)
{
    return ritz_read_only(A);
}
static ritz_dmat short_ld(ritz_dmat A)
{
    A.ld = 0;
    return A;
}
static ritz_dmat no_data(ritz_dmat A)
{
    A.data = NULL;
    return A;
}
static ritz_dmat negative(ritz_dmat A)
{
    A.rows = -1;
    return A;
}
static ritz_dmat integers(ritz_dmat A)
{
    A.dtype = RITZ_I32;
    return A;
}
static ritz_dmat halves(ritz_dmat A)
{
    A.dtype = RITZ_F16;
    return A;
}
static ritz_dmat singles(ritz_dmat A)
{
    A.dtype = RITZ_F32;
    return A;
}
static ritz_dmat no_dtype(ritz_dmat A)
{
    A.dtype = (ritz_dtype)99;
    return A;
}
static ritz_dmat no_layout(ritz_dmat A)
{
    A.layout = (ritz_layout)7;
    return A;
}
static ritz_dmat fewer_rows(ritz_dmat A)
{
    A.rows--;
    return A;
}
static ritz_dmat fewer_cols(ritz_dmat A)
{
    A.cols--;
    return A;
}
static ritz_dmat one_item(ritz_dmat A)
{
    A.batch = 1;
    return A;
}
static ritz_dmat more_items(ritz_dmat A)
{
    A.batch = 3;
    A.batch_stride = 100;
    return A;
}
static ritz_dmat shared_items(ritz_dmat A)
{
    A.batch = 2;
    A.batch_stride = 0;
    return A;
}
static ritz_dmat elsewhere(ritz_dmat A)
{
    /* Only its address is looked at. */
    static max_align_t another_device;
    A.device = (ritz_device *)(void *)&another_device;
    return A;
}

/* When a mutation makes a call wrong. */
static bool always(int flags)
{
    (void)flags;
    return true;
}
static bool if_required(int flags)
{
    return !(flags & OPTIONAL);
}
static bool if_output(int flags)
{
    return flags & OUT;
}
static bool if_dtype_fixed(int flags)
{
    return !(flags & ANY_DTYPE);
}
static bool if_rows_fixed(int flags)
{
    return !(flags & ROWS_FREE);
}
static bool if_cols_fixed(int flags)
{
    return !(flags & COLS_FREE);
}
static bool if_batch_fixed(int flags)
{
    return !(flags & BATCH_FREE);
}
static bool if_batched_output(int flags)
{
    return flags & OUT && !(flags & (BATCH_FREE | INFO | SCALARS));
}

static const struct mutation {
    const char *name;
    ritz_dmat (*mutate)(ritz_dmat A);
    bool (*applies)(int flags);
    ritz_status code;
    bool names_argument; /* else the message may speak of what it does not fit to */
} mutations[] = {
    {"missing", missing, if_required, RITZ_ERR_ARGUMENT, true},
    {"a view outside its parent", outside, always, RITZ_ERR_ARGUMENT, true},
    {"ld too small", short_ld, always, RITZ_ERR_LAYOUT, true},
    {"data NULL", no_data, always, RITZ_ERR_LAYOUT, true},
    {"a negative size", negative, always, RITZ_ERR_LAYOUT, true},
    {"no such data type", no_dtype, always, RITZ_ERR_LAYOUT, true},
    {"no such layout", no_layout, always, RITZ_ERR_LAYOUT, true},
    {"another device", elsewhere, always, RITZ_ERR_DEVICE, true},
    {"read-only", read_only, if_output, RITZ_ERR_READ_ONLY, true},
    {"items that share memory", shared_items, if_output, RITZ_ERR_OVERLAP, true},
    {"float16", halves, if_dtype_fixed, RITZ_ERR_DTYPE, true},
    {"int32", integers, if_dtype_fixed, RITZ_ERR_DTYPE, true},
    {"float32 among float64", singles, if_dtype_fixed, RITZ_ERR_DTYPE, true},
    {"a row too few", fewer_rows, if_rows_fixed, RITZ_ERR_SHAPE, false},
    {"a column too few", fewer_cols, if_cols_fixed, RITZ_ERR_SHAPE, false},
    {"one item of two", one_item, if_batched_output, RITZ_ERR_SHAPE, false},
    {"three items", more_items, if_batch_fixed, RITZ_ERR_SHAPE, false},
};
enum { MUTATIONS = sizeof mutations / sizeof mutations[0] };

static bool applies(const struct operation *op, int i, const struct mutation *m)
{
    const int flags = op->argument[i].flags;
    if (!m->applies(flags)) return false;
    /* What these are for other arguments, they are not for these. */
    if (m->mutate == integers && flags & (INFO | PIVOTS)) return false;
    if (m->mutate == one_item && op->batch == 1) return false;
    if (m->mutate == singles && strcmp(op->argument[1].name ? op->argument[1].name : "", "") == 0)
        return false; /* nothing to agree with */
    const int beside = op->argument[1].name ? op->argument[1].flags : 0;
    if (m->mutate == singles && beside & (INFO | SCALARS | PIVOTS)) return flags & SCALARS;
    return true;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Valid operands, each to remain as it is. */
static void lay_out(struct scene *sc, const struct place *p, const struct operation *op,
                    ritz_dmat *m)
{
    scene_begin(sc, p);
    for (int i = 0; op->argument[i].name; i++) {
        const struct argument *a = &op->argument[i];
        omat items[2] = {matgen_uniform(1, a->rows, a->cols), matgen_uniform(2, a->rows, a->cols)};
        const int64_t batch = a->flags & SCALARS ? 1 : op->batch;
        m[i] = a->flags & (INFO | PIVOTS)
                   ? add(sc, a->name, ROLE_INPUT, RITZ_I32, COL_PLAIN, a->rows, 1,
                         a->flags & INFO ? 1 : op->batch, SHARE_NONE, NULL)
                         ->mat
                   : add_input(sc, a->name, RITZ_F64, COL_PLAIN, batch, SHARE_NONE, items)->mat;
        omat_destroy(&items[0]);
        omat_destroy(&items[1]);
    }
    scene_upload(sc);
}

/* The call was refused for this reason, and nothing happened. */
static void refused(struct scene *sc, ritz_status got, ritz_status code, const char *operation,
                    const char *argument)
{
    char words[128];
    snprintf(words, sizeof words, "%s: |%s", operation, argument);
    (void)expect_error(got, code, words);
    (void)scene_finish(sc, RITZ_OK);
    scene_end(sc);
}

static void try_mutation(const struct place *p, const struct operation *op, int i,
                         const struct mutation *mutation)
{
    if (!begin_case(p, "%s (%s ...), %s: %s", op->name,
                    op->argument[1].name ? op->argument[1].name : "", op->argument[i].name,
                    mutation->name))
        return;
    struct scene sc;
    ritz_dmat m[ARGUMENTS];
    memset(m, 0, sizeof m);
    lay_out(&sc, p, op, m);
    m[i] = mutation->mutate(m[i]);
    refused(&sc, op->call(p->s, m), mutation->code, op->name,
            mutation->names_argument ? op->argument[i].name : "");
}

/* Output i lies on argument j: one element further, since ritz_qr may work in place. */
static void try_overlap(const struct place *p, const struct operation *op, int i, int j)
{
    if (!begin_case(p, "%s: %s on the memory of %s", op->name, op->argument[i].name,
                    op->argument[j].name))
        return;
    struct scene sc;
    ritz_dmat m[ARGUMENTS];
    lay_out(&sc, p, op, m);
    m[i].data = (char *)m[j].data + (m[i].dtype == m[j].dtype ? ritz_dtype_size(m[i].dtype) : 0);
    const char *other = op->argument[j].name;
    char words[64];
    /* What lies inside an operator has a name of its own. */
    snprintf(words, sizeof words, "%s|%s", op->argument[i].name, strcmp(other, "op") ? other : "");
    refused(&sc, op->call(p->s, m), RITZ_ERR_OVERLAP, op->name, words);
}

static void try_null_stream(const struct place *p, const struct operation *op)
{
    if (!begin_case(p, "%s: no stream", op->name)) return;
    struct scene sc;
    ritz_dmat m[ARGUMENTS];
    lay_out(&sc, p, op, m);
    refused(&sc, op->call(NULL, m), RITZ_ERR_ARGUMENT, op->name, "stream");
}

/* The table's calls are valid as they stand, or the mutations would prove nothing. */
static void try_valid(const struct place *p, const struct operation *op)
{
    if (!begin_case(p, "%s: valid", op->name)) return;
    struct scene sc;
    ritz_dmat m[ARGUMENTS];
    lay_out(&sc, p, op, m);
    for (int i = 0; i < sc.count; i++) sc.operand[i].role = ROLE_INOUT;
    (void)expect_ok(op->call(p->s, m));
    (void)ritz_stream_sync(p->s); /* random matrices are not positive definite */
    scene_end(&sc);
}

static void try_odd(const struct place *p, const struct odd_error *error)
{
    if (!begin_case(p, "%s: %s", error->operation, error->name)) return;
    struct odd o = {.host = {1, 2, 3}};
    omat a = matgen_uniform(5, 4, 4), v = matgen_uniform(6, 4, 1);
    scene_begin(&o.sc, p);
    o.A = add_input(&o.sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    o.S = add_input(&o.sc, "S", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &v)->mat;
    o.X = add_input(&o.sc, "X", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    o.info = add(&o.sc, "info", ROLE_INPUT, RITZ_I32, COL_PLAIN, 1, 1, 1, SHARE_NONE, NULL)->mat;
    o.H = ritz_hmat_wrap(o.host, RITZ_F64, 4, 4, RITZ_COL_MAJOR);
    scene_upload(&o.sc);
    const ritz_status status = error->call(p->s, &o);
    refused(&o.sc, status, error->code, error->operation, error->words);
    (void)expect(o.host[0] == 1 && o.host[1] == 2 && o.host[2] == 3, "the host matrix was changed");
    omat_destroy(&a);
    omat_destroy(&v);
}

/* An error of one call does not keep the next from working, and it is reported once. */
static void first_error_wins(const struct place *p)
{
    if (!begin_case(p, "two failures on a stream: the first is reported, and once")) return;
    omat a[2] = {omat_identity(3, 3), omat_identity(3, 3)};
    OMAT_AT(a[0], 1, 1) = -1;
    OMAT_AT(a[1], 0, 0) = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", RITZ_F64, COL_PLAIN, 1, &a[0]);
    struct operand *B = add_inout(&sc, "B", RITZ_F64, COL_PLAIN, 1, &a[1]);
    scene_upload(&sc);
    (void)expect_ok(ritz_cholesky(p->s, RITZ_LOWER, A->mat, RITZ_NO_MAT));
    (void)expect_ok(ritz_cholesky(p->s, RITZ_LOWER, B->mat, RITZ_NO_MAT));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_SPD,
                       "ritz_stream_sync|ritz_cholesky (3 x 3 float64, batch 1)|item 0|order 2");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    omat_destroy(&a[0]);
    omat_destroy(&a[1]);
}

void test_errors(const struct place *p)
{
    for (const struct operation *op = error_operations; op->name; op++) {
        try_valid(p, op);
        try_null_stream(p, op);
        for (int i = 0; op->argument[i].name; i++) {
            for (int m = 0; m < MUTATIONS; m++)
                if (applies(op, i, &mutations[m])) try_mutation(p, op, i, &mutations[m]);
            for (int j = 0; op->argument[j].name; j++)
                if (i != j && op->argument[i].flags & OUT) try_overlap(p, op, i, j);
        }
    }
    for (const struct odd_error *e = error_factorizations; e->name; e++) try_odd(p, e);
    for (const struct odd_error *e = error_lstsq; e->name; e++) try_odd(p, e);
    for (const struct odd_error *e = error_calls; e->name; e++) try_odd(p, e);
    first_error_wins(p);
}
