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

#include "conformance/harness.h"

/* ---- the valid calls ------------------------------------------------------------------------- */

enum {
    OUT = 1,       /* written */
    OPTIONAL = 2,  /* may be RITZ_NO_MAT */
    INFO = 4,      /* int32, batch x 1 */
    ROWS_FREE = 8, /* one row less is another valid call */
    COLS_FREE = 16,
    BATCH_FREE = 32,
    ANY_DTYPE = 64,
    SCALARS = 128, /* float64, one row an item */
    PIVOTS = 256   /* int32, one vector an item */
};
enum { ARGUMENTS = 6 };

struct argument {
    const char *name;
    int64_t rows, cols;
    int flags;
};

struct operation {
    const char *name;
    int64_t batch;
    ritz_status (*call)(ritz_stream *s, const ritz_dmat *m);
    struct argument argument[ARGUMENTS + 1]; /* ends with a NULL name */
};

#define CALL(name, ...)                                                                            \
    static ritz_status call_##name(ritz_stream *s, const ritz_dmat *m)                             \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }
CALL(gemm, ritz_gemm(s, 1.0, m[0], m[1], 0.0, m[2]))
CALL(syrk, ritz_syrk(s, RITZ_LOWER, 1.0, m[0], 0.0, m[1]))
CALL(trsm, ritz_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, m[0], m[1]))
CALL(trmm, ritz_trmm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, m[0], m[1]))
CALL(gemm_grouped, ritz_gemm_grouped(s, 1, 1.0, &m[0], &m[1], 0.0, &m[2]))
CALL(gemm_bias, ritz_gemm_bias(s, 1.0, m[0], m[1], m[2], m[3], m[4]))
CALL(cholesky, ritz_cholesky(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_solve, ritz_cholesky_solve(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_inverse, ritz_cholesky_inverse(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_logdet, ritz_cholesky_logdet(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_condition, ritz_cholesky_condition(s, RITZ_LOWER, m[0], m[1], m[2]))
CALL(cholesky_jittered, ritz_cholesky_jittered(s, RITZ_LOWER, m[0], NULL, m[1], m[2]))
CALL(cholesky_update, ritz_cholesky_update(s, RITZ_LOWER, 1, m[0], m[1], m[2]))
CALL(cholesky_pivoted, ritz_cholesky_pivoted(s, m[0], m[1], m[2], m[3], m[4], NULL, m[5]))
CALL(lu, ritz_lu(s, m[0], m[1], m[2]))
CALL(lu_solve, ritz_lu_solve(s, RITZ_LEFT, m[0], m[2], m[1]))
CALL(lu_inverse, ritz_lu_inverse(s, m[0], m[2], m[1]))
CALL(lu_slogdet, ritz_lu_slogdet(s, m[0], m[1], m[2], m[3]))
CALL(lu_condition, ritz_lu_condition(s, m[0], m[1], m[2], m[3]))
CALL(solve, ritz_solve(s, m[0], m[1], m[2]))
CALL(spd_solve, ritz_spd_solve(s, m[0], m[1], NULL, m[2]))
CALL(qr, ritz_qr(s, m[0], m[1], m[2], NULL, NULL))
CALL(qr_pivoted, ritz_qr_pivoted(s, m[0], m[1], m[2], m[3], m[4], NULL))
CALL(random_orthogonal, ritz_random_orthogonal(s, 1, 1, m[0]))
CALL(qr_factor, ritz_qr_factor(s, m[0], m[1]))
CALL(qr_form, ritz_qr_form(s, m[0], m[1], m[2]))
CALL(qr_apply, ritz_qr_apply(s, RITZ_APPLY_Q, m[0], m[1], m[2]))
CALL(svd, ritz_svd(s, m[0], m[1], m[2], m[3], m[4]))
CALL(eigh, ritz_eigh(s, m[0], m[1], m[2], NULL, m[3]))
CALL(norm, ritz_norm(s, RITZ_NORM_TWO, m[0], m[1]))
CALL(rank, ritz_rank(s, m[0], NULL, m[1]))
CALL(cond, ritz_cond(s, m[0], m[1]))
CALL(pinv, ritz_pinv(s, m[0], m[1], NULL, m[2]))
CALL(truncate, ritz_truncate(s, m[0], 2, m[1], m[2]))
CALL(det, ritz_det(s, m[0], m[1], m[2], m[3]))
CALL(random_fill, ritz_random_fill(s, RITZ_NORMAL, 1, 0, m[0]))
CALL(copy, ritz_copy(s, m[0], m[1]))
CALL(fill, ritz_fill(s, 1.0, m[0]))

static ritz_status deliver_zeros(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                                 int64_t *delivered)
{
    (void)context;
    *delivered = rewind ? 0 : count;
    for (int64_t i = 0; !rewind && i < count; i++)
        memset((double *)dst + i * ld, 0, 3 * sizeof(double));
    return RITZ_OK;
}
static ritz_status call_qr_rows(ritz_stream *s, const ritz_dmat *m)
{
    return ritz_qr_rows(s, ritz_rows_callback(RITZ_F64, 5, 3, 0, deliver_zeros, NULL), m[0]);
}
static ritz_status call_linop_apply(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_linop_apply(s, &op, 0, m[1], m[2]);
}
static ritz_status call_linop_centred(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_centred(m[0], m[1]);
    return ritz_linop_apply(s, &op, 0, m[2], m[3]);
}
static ritz_status call_range_finder(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_range_finder(s, &op, m[1], NULL, NULL);
}
static ritz_status call_svd_randomized(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_svd_randomized(s, &op, m[1], m[2], m[3], NULL, NULL);
}

static const struct operation operations[] = {
    {"ritz_gemm", 2, call_gemm, {{"A", 4, 3, 0}, {"B", 3, 5, 0}, {"C", 4, 5, OUT}}},
    {"ritz_syrk", 2, call_syrk, {{"A", 4, 3, COLS_FREE}, {"C", 4, 4, OUT}}},
    {"ritz_trsm", 2, call_trsm, {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_trmm", 2, call_trmm, {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_gemm_grouped", 2, call_gemm_grouped, {{"A", 4, 3, 0}, {"B", 3, 5, 0}, {"C", 4, 5, OUT}}},
    {"ritz_gemm_bias",
     2,
     call_gemm_bias,
     {{"A", 4, 3, 0},
      {"B", 3, 5, 0},
      {"scale", 5, 1, OPTIONAL},
      {"bias", 5, 1, OPTIONAL},
      {"C", 4, 5, OUT}}},
    {"ritz_cholesky", 2, call_cholesky, {{"A", 4, 4, OUT}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_solve", 2, call_cholesky_solve, {{"L", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_cholesky_inverse", 2, call_cholesky_inverse, {{"L", 4, 4, 0}, {"X", 4, 4, OUT}}},
    {"ritz_cholesky_logdet",
     2,
     call_cholesky_logdet,
     {{"L", 4, 4, 0}, {"logdet", 2, 1, OUT | SCALARS}}},
    {"ritz_cholesky_condition",
     2,
     call_cholesky_condition,
     {{"A", 4, 4, 0}, {"L", 4, 4, 0}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_cholesky_jittered",
     2,
     call_cholesky_jittered,
     {{"A", 4, 4, OUT}, {"shift", 2, 1, OUT | SCALARS}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_update",
     2,
     call_cholesky_update,
     {{"x", 4, 1, 0}, {"L", 4, 4, OUT}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_pivoted",
     2,
     call_cholesky_pivoted,
     {{"A", 4, 4, 0},
      {"F", 4, 3, OUT | COLS_FREE},
      {"pivots", 4, 1, OUT | PIVOTS},
      {"rank", 2, 1, OUT | OPTIONAL | INFO},
      {"error", 2, 1, OUT | OPTIONAL | SCALARS},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_lu",
     2,
     call_lu,
     {{"A", 4, 4, OUT}, {"pivots", 4, 1, OUT | PIVOTS}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_lu_solve",
     2,
     call_lu_solve,
     {{"LU", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"pivots", 4, 1, PIVOTS}}},
    {"ritz_lu_inverse",
     2,
     call_lu_inverse,
     {{"LU", 4, 4, 0}, {"X", 4, 4, OUT}, {"pivots", 4, 1, PIVOTS}}},
    {"ritz_lu_slogdet",
     2,
     call_lu_slogdet,
     {{"LU", 4, 4, 0},
      {"pivots", 4, 1, PIVOTS},
      {"sign", 2, 1, OUT | SCALARS},
      {"logdet", 2, 1, OUT | SCALARS}}},
    {"ritz_lu_condition",
     2,
     call_lu_condition,
     {{"A", 4, 4, 0}, {"LU", 4, 4, 0}, {"pivots", 4, 1, PIVOTS}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_solve",
     2,
     call_solve,
     {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_spd_solve",
     2,
     call_spd_solve,
     {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_qr",
     2,
     call_qr,
     {{"A", 5, 3, 0}, {"Q", 5, 3, OUT | OPTIONAL}, {"R", 3, 3, OUT | OPTIONAL}}},
    {"ritz_qr_pivoted",
     2,
     call_qr_pivoted,
     {{"A", 5, 3, 0},
      {"Q", 5, 3, OUT | OPTIONAL},
      {"R", 3, 3, OUT | OPTIONAL},
      {"pivots", 3, 1, OUT | PIVOTS},
      {"rank", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_qr_rows", 1, call_qr_rows, {{"R", 3, 3, OUT}}},
    {"ritz_random_orthogonal",
     2,
     call_random_orthogonal,
     {{"Q", 5, 3, OUT | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_qr_factor", 2, call_qr_factor, {{"A", 5, 3, OUT | ROWS_FREE}, {"tau", 3, 1, OUT}}},
    {"ritz_qr_form",
     2,
     call_qr_form,
     {{"A", 5, 3, 0}, {"tau", 3, 1, 0}, {"Q", 5, 4, OUT | COLS_FREE}}},
    {"ritz_qr_apply",
     2,
     call_qr_apply,
     {{"A", 5, 3, 0}, {"tau", 3, 1, 0}, {"C", 5, 2, OUT | COLS_FREE}}},
    {"ritz_svd",
     2,
     call_svd,
     {{"A", 5, 3, 0},
      {"U", 5, 3, OUT | OPTIONAL},
      {"S", 3, 1, OUT},
      {"V", 3, 3, OUT | OPTIONAL},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_eigh",
     2,
     call_eigh,
     {{"A", 4, 4, 0},
      {"W", 3, 1, OUT},
      {"V", 4, 3, OUT | OPTIONAL},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_norm",
     2,
     call_norm,
     {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"norm", 2, 1, OUT | SCALARS}}},
    {"ritz_rank", 2, call_rank, {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"rank", 2, 1, OUT | INFO}}},
    {"ritz_cond",
     2,
     call_cond,
     {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_pinv",
     2,
     call_pinv,
     {{"A", 5, 3, 0}, {"X", 3, 5, OUT}, {"rank", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_truncate",
     2,
     call_truncate,
     {{"A", 5, 3, 0}, {"B", 5, 3, OUT}, {"error", 2, 2, OUT | OPTIONAL | SCALARS}}},
    {"ritz_det",
     2,
     call_det,
     {{"A", 4, 4, 0},
      {"sign", 2, 1, OUT | OPTIONAL | SCALARS},
      {"logdet", 2, 1, OUT | OPTIONAL | SCALARS},
      {"det", 2, 1, OUT | OPTIONAL | SCALARS}}},
    {"ritz_random_fill",
     2,
     call_random_fill,
     {{"A", 4, 3, OUT | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_copy", 2, call_copy, {{"A", 4, 3, ANY_DTYPE}, {"B", 4, 3, OUT | ANY_DTYPE}}},
    {"ritz_fill",
     2,
     call_fill,
     {{"A", 4, 3, OUT | ANY_DTYPE | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_linop_apply", 1, call_linop_apply, {{"op", 5, 3, 0}, {"X", 3, 2, 0}, {"Y", 5, 2, OUT}}},
    {"ritz_linop_apply",
     1,
     call_linop_centred,
     {{"op", 5, 3, 0}, {"mean", 3, 1, 0}, {"X", 3, 2, 0}, {"Y", 5, 2, OUT}}},
    {"ritz_range_finder",
     1,
     call_range_finder,
     {{"A", 5, 3, COLS_FREE}, {"Q", 5, 2, OUT | COLS_FREE}}},
    {"ritz_svd_randomized",
     1,
     call_svd_randomized,
     {{"A", 5, 3, 0}, {"U", 5, 2, OUT | OPTIONAL}, {"S", 2, 1, OUT}, {"V", 3, 2, OUT | OPTIONAL}}},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

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

/* ---- what the table does not cover ----------------------------------------------------------- */

struct odd {
    struct scene sc;
    ritz_dmat A, S, X, info; /* 4 x 4, 4 x 1, 4 x 4 of float64 and 1 x 1 of int32 */
    ritz_hmat H;             /* 4 x 4 of float64 */
    double host[16];
};

typedef ritz_status (*odd_call)(ritz_stream *s, struct odd *o);
#define ODD(name) static ritz_status odd_##name(ritz_stream *s, struct odd *o)
ODD(gemm_inner)
{
    return ritz_gemm(s, 1, ritz_cols(o->A, 0, 2), o->X, 0, o->S);
}
ODD(gemm_mixed)
{
    ritz_dmat half = o->A;
    half.dtype = RITZ_F16;
    return ritz_gemm(s, 1, half, o->X, 0, ritz_cols(o->S, 0, 1));
}
ODD(syrk_uplo)
{
    return ritz_syrk(s, (ritz_uplo)3, 1, o->A, 0, o->X);
}
ODD(trsm_uplo)
{
    return ritz_trsm(s, RITZ_LEFT, RITZ_BOTH, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trsm_side)
{
    return ritz_trsm(s, (ritz_side)2, RITZ_LOWER, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trsm_diag)
{
    return ritz_trsm(s, RITZ_LEFT, RITZ_LOWER, (ritz_diag)2, 1, o->A, o->X);
}
ODD(trmm_uplo)
{
    return ritz_trmm(s, RITZ_LEFT, RITZ_BOTH, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trmm_side)
{
    return ritz_trmm(s, (ritz_side)2, RITZ_LOWER, RITZ_UNIT, 1, o->A, o->X);
}
ODD(trmm_diag)
{
    return ritz_trmm(s, RITZ_LEFT, RITZ_LOWER, (ritz_diag)2, 1, o->A, o->X);
}
ODD(grouped_count)
{
    return ritz_gemm_grouped(s, -1, 1, &o->A, &o->A, 0, &o->X);
}
ODD(grouped_null)
{
    return ritz_gemm_grouped(s, 1, 1, &o->A, NULL, 0, &o->X);
}
/* Two products onto rows of X, the second of which is changed first. */
static ritz_status two_products(ritz_stream *s, const struct odd *o, ritz_dmat A, ritz_dmat B,
                                ritz_dmat C)
{
    const ritz_dmat left[2] = {ritz_row_range(o->A, 0, 2), A}, right[2] = {o->A, B};
    const ritz_dmat out[2] = {ritz_row_range(o->X, 0, 2), C};
    return ritz_gemm_grouped(s, 2, 1, left, right, 0, out);
}
ODD(grouped_entry)
{
    return two_products(s, o, ritz_block(o->A, 0, 0, 2, 3), o->A, ritz_row_range(o->X, 2, 2));
}
ODD(grouped_outputs)
{
    return two_products(s, o, ritz_row_range(o->A, 2, 2), o->A, ritz_row_range(o->X, 1, 2));
}
ODD(grouped_input)
{
    return two_products(s, o, ritz_row_range(o->A, 2, 2), o->X, ritz_row_range(o->X, 2, 2));
}
ODD(grouped_other_input)
{
    return two_products(s, o, ritz_row_range(o->X, 0, 1), o->A, ritz_row_range(o->X, 2, 1));
}
ODD(grouped_dtype)
{
    ritz_dmat A = ritz_row_range(o->A, 2, 2), B = o->A, C = ritz_row_range(o->X, 2, 2);
    A.dtype = B.dtype = C.dtype = RITZ_F32;
    return two_products(s, o, A, B, C);
}
ODD(bias_half)
{
    ritz_dmat A = o->A, B = o->A, C = o->X;
    A.dtype = B.dtype = RITZ_F16;
    C.dtype = RITZ_F32;
    return ritz_gemm_bias(s, 1, A, B, RITZ_NO_MAT, RITZ_NO_MAT, C);
}
ODD(cholesky_uplo)
{
    return ritz_cholesky(s, RITZ_BOTH, o->A, o->info);
}
ODD(solve_uplo)
{
    return ritz_cholesky_solve(s, RITZ_BOTH, o->A, o->X);
}
ODD(spd_uplo)
{
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.uplo = RITZ_BOTH;
    return ritz_spd_solve(s, o->A, o->X, &opts, o->info);
}
ODD(spd_size)
{
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.size = 4;
    return ritz_spd_solve(s, o->A, o->X, &opts, o->info);
}
ODD(info_dtype)
{
    o->info.dtype = RITZ_F32;
    return ritz_cholesky(s, RITZ_LOWER, o->A, o->info);
}
ODD(info_shape)
{
    return ritz_cholesky(s, RITZ_LOWER, o->A, ritz_block(o->info, 0, 0, 0, 1));
}
ODD(inverse_uplo)
{
    return ritz_cholesky_inverse(s, RITZ_BOTH, o->A, o->X);
}
ODD(jitter_size)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.size = 2;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_policy)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.policy = (ritz_jitter)2;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_shift)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.shift = -1;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_tries)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.tries = -1;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(update_sigma)
{
    return ritz_cholesky_update(s, RITZ_LOWER, 0, o->S, o->A, o->info);
}
ODD(update_uplo)
{
    return ritz_cholesky_update(s, RITZ_BOTH, 1, o->S, o->A, o->info);
}
static ritz_status pivoted(ritz_stream *s, struct odd *o, size_t size, ritz_uplo uplo, double rtol,
                           double atol)
{
    const ritz_pivoted_cholesky_options opts = {size, uplo, rtol, atol};
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_cholesky_pivoted(s, o->A, o->X, pivots, RITZ_NO_MAT, RITZ_NO_MAT, &opts, o->info);
}
ODD(pivoted_size)
{
    return pivoted(s, o, 4, RITZ_LOWER, 0, 0);
}
ODD(pivoted_uplo)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_BOTH, 0, 0);
}
ODD(pivoted_rtol)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_LOWER, -0.5, 0);
}
ODD(pivoted_atol)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_LOWER, 0, (double)NAN);
}
ODD(pivoted_wide)
{
    ritz_dmat pivots = ritz_row_range(o->S, 0, 2);
    pivots.dtype = RITZ_I32;
    return ritz_cholesky_pivoted(s, ritz_block(o->A, 0, 0, 2, 2), ritz_block(o->X, 0, 0, 2, 3),
                                 pivots, RITZ_NO_MAT, RITZ_NO_MAT, NULL, o->info);
}
ODD(lu_solve_side)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_lu_solve(s, (ritz_side)2, o->A, pivots, o->X);
}
ODD(lu_solve_right)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_lu_solve(s, RITZ_RIGHT, o->A, pivots, ritz_cols(o->X, 0, 3));
}
ODD(qr_nothing)
{
    return ritz_qr(s, o->A, RITZ_NO_MAT, RITZ_NO_MAT, NULL, NULL);
}
ODD(qr_in_place_wide)
{
    const ritz_dmat wide = ritz_row_range(o->A, 0, 2);
    return ritz_qr(s, wide, ritz_block(wide, 0, 0, 2, 2), RITZ_NO_MAT, NULL, NULL);
}
ODD(qr_size)
{
    const ritz_qr_options opts = {2, RITZ_QR_AUTO, 0};
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, &opts, NULL);
}
ODD(qr_method)
{
    const ritz_qr_options opts = {sizeof opts, (ritz_qr_method)6, 0};
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, &opts, NULL);
}
ODD(qr_wide)
{
    const ritz_qr_options opts = {sizeof opts, RITZ_QR_TSQR, 0};
    return ritz_qr(s, ritz_row_range(o->A, 0, 3), RITZ_NO_MAT, ritz_row_range(o->X, 0, 3), &opts,
                   NULL);
}
ODD(qr_report)
{
    ritz_qr_report report = RITZ_QR_REPORT_INIT;
    report.size = 8;
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, NULL, &report);
}
static ritz_status pivoted_qr(ritz_stream *s, struct odd *o, ritz_qr_pivoted_options opts)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_qr_pivoted(s, ritz_row_range(o->A, 0, 3), RITZ_NO_MAT, ritz_row_range(o->X, 0, 3),
                           pivots, RITZ_NO_MAT, &opts);
}
ODD(pivoting_size)
{
    return pivoted_qr(s, o, (ritz_qr_pivoted_options){4, RITZ_PIVOTING_AUTO, 0, 0, 0});
}
ODD(pivoting_unknown)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), (ritz_pivoting)3, 0, 0, 0});
}
ODD(pivoting_wide)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_SKETCH, 0, 0, 0});
}
ODD(pivoting_rtol)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_NORM, -1, 0, 0});
}
ODD(pivoting_atol)
{
    return pivoted_qr(s, o,
                      (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_NORM,
                                                0, (double)NAN, 0});
}
ODD(orthogonal_wide)
{
    return ritz_random_orthogonal(s, 1, 0, ritz_row_range(o->A, 0, 3));
}
ODD(apply_which)
{
    return ritz_qr_apply(s, (ritz_apply)2, o->A, o->S, o->X);
}
ODD(form_narrow)
{
    return ritz_qr_form(s, o->A, o->S, ritz_cols(o->X, 0, 3));
}
ODD(eigh_order)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.order = (ritz_order)2;
    return ritz_eigh(s, o->A, o->S, o->X, &opts, o->info);
}
ODD(eigh_size)
{
    ritz_eigh_options opts = {0, 0, RITZ_DESCENDING, 0};
    return ritz_eigh(s, o->A, o->S, o->X, &opts, o->info);
}
ODD(eigh_many)
{
    return ritz_eigh(s, ritz_block(o->A, 0, 0, 3, 3), o->S, RITZ_NO_MAT, NULL, o->info);
}
ODD(eigh_first)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = -1;
    return ritz_eigh(s, o->A, o->S, RITZ_NO_MAT, &opts, o->info);
}
ODD(eigh_beyond)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = 1;
    return ritz_eigh(s, o->A, o->S, RITZ_NO_MAT, &opts, o->info);
}
ODD(norm_kind)
{
    return ritz_norm(s, (ritz_norm_kind)6, o->A, ritz_row_range(o->S, 0, 1));
}
ODD(rank_rtol)
{
    const ritz_rank_options opts = {sizeof opts, -0.5, 0};
    return ritz_rank(s, o->A, &opts, o->info);
}
ODD(rank_nan)
{
    const ritz_rank_options opts = {sizeof opts, (double)NAN, 0};
    return ritz_rank(s, o->A, &opts, o->info);
}
ODD(pinv_atol)
{
    const ritz_rank_options opts = {sizeof opts, 0, -1};
    return ritz_pinv(s, o->A, o->X, &opts, o->info);
}
ODD(pinv_size)
{
    const ritz_rank_options opts = {8, 0, 0};
    return ritz_pinv(s, o->A, o->X, &opts, o->info);
}
ODD(truncate_many)
{
    return ritz_truncate(s, o->A, 5, o->X, RITZ_NO_MAT);
}
ODD(truncate_negative)
{
    return ritz_truncate(s, o->A, -1, o->X, RITZ_NO_MAT);
}
ODD(random_dist)
{
    return ritz_random_fill(s, (ritz_distribution)3, 0, 0, o->A);
}
ODD(random_substream)
{
    return ritz_random_fill(s, RITZ_NORMAL, 0, 1u << 24, o->A);
}
ODD(random_columns)
{
    ritz_dmat A = o->A;
    A.rows = 1;
    A.ld = 1;
    A.cols = INT64_C(1) << 32;
    return ritz_random_fill(s, RITZ_NORMAL, 0, 0, A);
}
ODD(linop_null)
{
    return ritz_linop_apply(s, NULL, 0, o->X, o->A);
}
ODD(linop_function)
{
    const ritz_linop op = ritz_linop_enqueue(RITZ_F64, 4, 4, NULL, NULL);
    return ritz_linop_apply(s, &op, 0, o->X, o->A);
}
ODD(linop_kind)
{
    ritz_linop op = ritz_linop_dense(o->A);
    op.kind = (ritz_linop_kind)9;
    return ritz_linop_apply(s, &op, 0, o->X, o->X);
}
ODD(linop_batch)
{
    const ritz_linop op = ritz_linop_dense(ritz_batched(ritz_block(o->A, 0, 0, 1, 4), 2, 1));
    return ritz_range_finder(s, &op, o->S, NULL, NULL);
}
ODD(sketch_oversampling)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.oversampling = -1;
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, &opts, NULL);
}
ODD(sketch_powers)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.power_iterations = -2;
    return ritz_range_finder(s, &op, o->S, &opts, NULL);
}
ODD(sketch_size)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.size = 3;
    return ritz_range_finder(s, &op, o->S, &opts, NULL);
}
ODD(report_size)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    report.size = 0;
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, NULL, &report);
}
ODD(sketch_many)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(o->A, 0, 3));
    return ritz_svd_randomized(s, &op, RITZ_NO_MAT, o->S, RITZ_NO_MAT, NULL, NULL);
}
ODD(range_wide)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(o->A, 0, 2));
    return ritz_range_finder(s, &op, ritz_cols(o->X, 0, 3), NULL, NULL);
}
ODD(upload_shape)
{
    return ritz_upload(s, ritz_hmat_block(o->H, 0, 0, 3, 4), o->A);
}
ODD(upload_host)
{
    return ritz_upload(s, ritz_hmat_block(o->H, 0, 0, 5, 4), o->A);
}
ODD(upload_target)
{
    return ritz_upload(s, o->H, ritz_read_only(o->A));
}
ODD(upload_batch)
{
    return ritz_upload(s, ritz_hmat_batched(o->H, 2, 16), o->A);
}
ODD(download_shape)
{
    return ritz_download(s, ritz_cols(o->A, 0, 3), o->H);
}
ODD(download_target)
{
    return ritz_download(s, o->A, ritz_hmat_wrap_const(o->host, RITZ_F64, 4, 4, RITZ_COL_MAJOR));
}
ODD(download_shared)
{
    ritz_dmat pair = ritz_batched(o->A, 2, 0);
    return ritz_download(s, pair, ritz_hmat_batched(o->H, 2, 0));
}
ODD(download_source)
{
    return ritz_download(s, ritz_cols(o->A, 0, 5), o->H);
}
ODD(copy_overlap)
{
    return ritz_copy(s, ritz_t(o->A), o->A);
}

static const struct {
    const char *name;
    odd_call call;
    ritz_status code;
    const char *operation, *words;
} odds[] = {
    {"inner dimensions", odd_gemm_inner, RITZ_ERR_SHAPE, "ritz_gemm", "A|B|4 x 2|4 x 4"},
    {"mixed with float16", odd_gemm_mixed, RITZ_ERR_DTYPE, "ritz_gemm",
     "A is float16|B is float64"},
    {"uplo", odd_syrk_uplo, RITZ_ERR_ARGUMENT, "ritz_syrk", "uplo is 3"},
    {"uplo both", odd_trsm_uplo, RITZ_ERR_ARGUMENT, "ritz_trsm", "uplo is 2"},
    {"side", odd_trsm_side, RITZ_ERR_ARGUMENT, "ritz_trsm", "side is 2"},
    {"diag", odd_trsm_diag, RITZ_ERR_ARGUMENT, "ritz_trsm", "diag is 2"},
    {"uplo both", odd_trmm_uplo, RITZ_ERR_ARGUMENT, "ritz_trmm", "uplo is 2"},
    {"side", odd_trmm_side, RITZ_ERR_ARGUMENT, "ritz_trmm", "side is 2"},
    {"diag", odd_trmm_diag, RITZ_ERR_ARGUMENT, "ritz_trmm", "diag is 2"},
    {"count", odd_grouped_count, RITZ_ERR_ARGUMENT, "ritz_gemm_grouped", "count is -1"},
    {"no array", odd_grouped_null, RITZ_ERR_ARGUMENT, "ritz_gemm_grouped", "B is NULL"},
    {"an entry", odd_grouped_entry, RITZ_ERR_SHAPE, "ritz_gemm_grouped",
     "A[1] is 2 x 3|B[1] is 4 x 4"},
    {"outputs overlap", odd_grouped_outputs, RITZ_ERR_OVERLAP, "ritz_gemm_grouped", "C[0]|C[1]"},
    {"an input is an output", odd_grouped_input, RITZ_ERR_OVERLAP, "ritz_gemm_grouped",
     "C[1]|B[1]"},
    {"an input is another output", odd_grouped_other_input, RITZ_ERR_OVERLAP, "ritz_gemm_grouped",
     "C[0] overlaps A[1]"},
    {"types differ", odd_grouped_dtype, RITZ_ERR_DTYPE, "ritz_gemm_grouped",
     "A[1] is float32|float64"},
    {"float16", odd_bias_half, RITZ_ERR_DTYPE, "ritz_gemm_bias", "A is float16"},
    {"uplo both", odd_cholesky_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky", "uplo is 2"},
    {"uplo both", odd_solve_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_solve", "uplo is 2"},
    {"option uplo", odd_spd_uplo, RITZ_ERR_OPTION, "ritz_spd_solve", "uplo is 2"},
    {"options size", odd_spd_size, RITZ_ERR_OPTION, "ritz_spd_solve", "opts has size 4"},
    {"uplo both", odd_inverse_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_inverse", "uplo is 2"},
    {"options size", odd_jitter_size, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "opts has size 2"},
    {"policy", odd_jitter_policy, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "policy is 2"},
    {"shift", odd_jitter_shift, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "shift is -1"},
    {"tries", odd_jitter_tries, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "tries is -1"},
    {"sigma", odd_update_sigma, RITZ_ERR_ARGUMENT, "ritz_cholesky_update", "sigma is 0"},
    {"uplo both", odd_update_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_update", "uplo is 2"},
    {"options size", odd_pivoted_size, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "opts has size 4"},
    {"option uplo", odd_pivoted_uplo, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "uplo is 2"},
    {"rtol", odd_pivoted_rtol, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "rtol is -0.5"},
    {"atol NaN", odd_pivoted_atol, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "atol is"},
    {"k > n", odd_pivoted_wide, RITZ_ERR_SHAPE, "ritz_cholesky_pivoted", "F is 2 x 3|n = 2"},
    {"side", odd_lu_solve_side, RITZ_ERR_ARGUMENT, "ritz_lu_solve", "side is 2"},
    {"columns", odd_lu_solve_right, RITZ_ERR_SHAPE, "ritz_lu_solve",
     "LU is 4 x 4|B is 4 x 3|columns"},
    {"info float32", odd_info_dtype, RITZ_ERR_DTYPE, "ritz_cholesky", "info is float32|int32"},
    {"info empty", odd_info_shape, RITZ_ERR_SHAPE, "ritz_cholesky", "info is 0 x 1"},
    {"nothing wanted", odd_qr_nothing, RITZ_ERR_ARGUMENT, "ritz_qr", "Q|R"},
    {"wide in place", odd_qr_in_place_wide, RITZ_ERR_OVERLAP, "ritz_qr", "Q|A"},
    {"options size", odd_qr_size, RITZ_ERR_OPTION, "ritz_qr", "opts has size 2"},
    {"method", odd_qr_method, RITZ_ERR_OPTION, "ritz_qr", "method is 6"},
    {"wide by TSQR", odd_qr_wide, RITZ_ERR_OPTION, "ritz_qr", "TSQR|3 x 4"},
    {"report size", odd_qr_report, RITZ_ERR_OPTION, "ritz_qr", "report has size 8"},
    {"options size", odd_pivoting_size, RITZ_ERR_OPTION, "ritz_qr_pivoted", "opts has size 4"},
    {"pivoting", odd_pivoting_unknown, RITZ_ERR_OPTION, "ritz_qr_pivoted", "pivoting is 3"},
    {"wide by a sketch", odd_pivoting_wide, RITZ_ERR_OPTION, "ritz_qr_pivoted", "SKETCH|3 x 4"},
    {"rtol", odd_pivoting_rtol, RITZ_ERR_OPTION, "ritz_qr_pivoted", "rtol is -1"},
    {"atol NaN", odd_pivoting_atol, RITZ_ERR_OPTION, "ritz_qr_pivoted", "atol is"},
    {"wide", odd_orthogonal_wide, RITZ_ERR_SHAPE, "ritz_random_orthogonal", "Q is 3 x 4"},
    {"which", odd_apply_which, RITZ_ERR_ARGUMENT, "ritz_qr_apply", "which is 2"},
    {"Q too narrow", odd_form_narrow, RITZ_ERR_SHAPE, "ritz_qr_form", "Q is 4 x 3"},
    {"order", odd_eigh_order, RITZ_ERR_OPTION, "ritz_eigh", "order is 2"},
    {"options size", odd_eigh_size, RITZ_ERR_OPTION, "ritz_eigh", "opts has size 0"},
    {"k > n", odd_eigh_many, RITZ_ERR_SHAPE, "ritz_eigh", "W asks for 4|order 3"},
    {"first < 0", odd_eigh_first, RITZ_ERR_OPTION, "ritz_eigh", "first is -1"},
    {"first + k > n", odd_eigh_beyond, RITZ_ERR_SHAPE, "ritz_eigh",
     "W asks for 4|number 1|order 4"},
    {"kind", odd_norm_kind, RITZ_ERR_ARGUMENT, "ritz_norm", "kind is 6"},
    {"rtol", odd_rank_rtol, RITZ_ERR_OPTION, "ritz_rank", "rtol is -0.5"},
    {"rtol NaN", odd_rank_nan, RITZ_ERR_OPTION, "ritz_rank", "rtol is"},
    {"atol", odd_pinv_atol, RITZ_ERR_OPTION, "ritz_pinv", "atol is -1"},
    {"options size", odd_pinv_size, RITZ_ERR_OPTION, "ritz_pinv", "opts has size 8"},
    {"k > min(m, n)", odd_truncate_many, RITZ_ERR_ARGUMENT, "ritz_truncate", "k is 5"},
    {"k < 0", odd_truncate_negative, RITZ_ERR_ARGUMENT, "ritz_truncate", "k is -1"},
    {"distribution", odd_random_dist, RITZ_ERR_ARGUMENT, "ritz_random_fill", "dist is 3"},
    {"substream", odd_random_substream, RITZ_ERR_ARGUMENT, "ritz_random_fill",
     "substream is 16777216"},
    {"2^32 columns", odd_random_columns, RITZ_ERR_TOO_LARGE, "ritz_random_fill", "columns"},
    {"NULL operator", odd_linop_null, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "op"},
    {"NULL function", odd_linop_function, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "function"},
    {"operator kind", odd_linop_kind, RITZ_ERR_ARGUMENT, "ritz_linop_apply", "kind"},
    {"batch operator", odd_linop_batch, RITZ_ERR_SHAPE, "ritz_range_finder", "A is a batch of 2"},
    {"oversampling", odd_sketch_oversampling, RITZ_ERR_OPTION, "ritz_svd_randomized",
     "oversampling is -1"},
    {"powers", odd_sketch_powers, RITZ_ERR_OPTION, "ritz_range_finder", "power_iterations is -2"},
    {"options size", odd_sketch_size, RITZ_ERR_OPTION, "ritz_range_finder", "opts has size 3"},
    {"report size", odd_report_size, RITZ_ERR_OPTION, "ritz_svd_randomized", "report has size 0"},
    {"k > min(m, n)", odd_sketch_many, RITZ_ERR_SHAPE, "ritz_svd_randomized", "S asks for 4|4 x 3"},
    {"l > min(m, n)", odd_range_wide, RITZ_ERR_SHAPE, "ritz_range_finder", "Q is 4 x 3|4 x 2"},
    {"shapes", odd_upload_shape, RITZ_ERR_SHAPE, "ritz_upload", "H is 3 x 4|D is 4 x 4"},
    {"H outside", odd_upload_host, RITZ_ERR_ARGUMENT, "ritz_upload",
     "H is not a valid host matrix"},
    {"D read-only", odd_upload_target, RITZ_ERR_READ_ONLY, "ritz_upload", "D is read-only"},
    {"batches", odd_upload_batch, RITZ_ERR_SHAPE, "ritz_upload", "batch 2|batch 1"},
    {"shapes", odd_download_shape, RITZ_ERR_SHAPE, "ritz_download", "H is 4 x 4|D is 4 x 3"},
    {"H read-only", odd_download_target, RITZ_ERR_READ_ONLY, "ritz_download", "H is read-only"},
    {"H shared", odd_download_shared, RITZ_ERR_OVERLAP, "ritz_download", "H is an output"},
    {"D outside", odd_download_source, RITZ_ERR_ARGUMENT, "ritz_download", "D is not valid"},
    {"onto its transpose", odd_copy_overlap, RITZ_ERR_OVERLAP, "ritz_copy", "B overlaps A"},
};

static void try_odd(const struct place *p, size_t i)
{
    if (!begin_case(p, "%s: %s", odds[i].operation, odds[i].name)) return;
    struct odd o = {.host = {1, 2, 3}};
    omat a = matgen_uniform(5, 4, 4), v = matgen_uniform(6, 4, 1);
    scene_begin(&o.sc, p);
    o.A = add_input(&o.sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    o.S = add_input(&o.sc, "S", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &v)->mat;
    o.X = add_input(&o.sc, "X", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    o.info = add(&o.sc, "info", ROLE_INPUT, RITZ_I32, COL_PLAIN, 1, 1, 1, SHARE_NONE, NULL)->mat;
    o.H = ritz_hmat_wrap(o.host, RITZ_F64, 4, 4, RITZ_COL_MAJOR);
    scene_upload(&o.sc);
    const ritz_status status = odds[i].call(p->s, &o);
    refused(&o.sc, status, odds[i].code, odds[i].operation, odds[i].words);
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
    for (int o = 0; o < OPERATIONS; o++) {
        const struct operation *op = &operations[o];
        try_valid(p, op);
        try_null_stream(p, op);
        for (int i = 0; op->argument[i].name; i++) {
            for (int m = 0; m < MUTATIONS; m++)
                if (applies(op, i, &mutations[m])) try_mutation(p, op, i, &mutations[m]);
            for (int j = 0; op->argument[j].name; j++)
                if (i != j && op->argument[i].flags & OUT) try_overlap(p, op, i, j);
        }
    }
    for (size_t i = 0; i < sizeof odds / sizeof odds[0]; i++) try_odd(p, i);
    first_error_wins(p);
}
