/* The data of the cases of kernels.def, and their table.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/kernels.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/operations.h"

/* ---- the matrices ---------------------------------------------------------------------------- */

enum side { ROWS, COLS, BATCH, ONE, THREE }; /* what a size is */

static const struct {
    const char *name;
    ritz_dtype type; /* float32: that of the kit */
    bool turned;     /* lies as the kit says */
    enum side rows, cols;
    bool whole; /* one item for the whole batch */
} kinds[KIT_MATRICES] = {
    [KIT_A] = {"A", RITZ_F32, true, ROWS, COLS, false},
    [KIT_B] = {"B", RITZ_F32, false, ROWS, COLS, false},
    [KIT_C] = {"C", RITZ_F32, false, ROWS, COLS, false},
    [KIT_S] = {"S", RITZ_F32, true, COLS, COLS, false},
    [KIT_L] = {"L", RITZ_F32, false, COLS, COLS, false},
    [KIT_X] = {"X", RITZ_F32, false, COLS, COLS, false},
    [KIT_R] = {"R", RITZ_F32, false, COLS, THREE, false},
    [KIT_V] = {"V", RITZ_F32, false, COLS, ONE, false},
    [KIT_VALUES] = {"values", RITZ_F32, false, COLS, ONE, false},
    [KIT_ROW] = {"row", RITZ_F64, false, COLS, ONE, false},
    [KIT_COLUMN] = {"column", RITZ_F64, false, ROWS, ONE, true},
    [KIT_NUMBER] = {"number", RITZ_F64, false, BATCH, ONE, true},
    [KIT_OTHER] = {"other", RITZ_F64, false, BATCH, ONE, true},
    [KIT_EACH] = {"each", RITZ_F64, false, ONE, ONE, false},
    [KIT_INDEX] = {"index", RITZ_I32, false, COLS, ONE, false},
    [KIT_PIVOTS] = {"pivots", RITZ_I32, false, COLS, ONE, false},
    [KIT_FLAGS] = {"flags", RITZ_I32, false, BATCH, ONE, true},
    [KIT_INFO] = {"info", RITZ_I32, false, BATCH, ONE, true},
};

const char *kit_matrix_name(int which)
{
    return kinds[which].name;
}

bool kit_is_integer(int which)
{
    return kinds[which].type == RITZ_I32;
}

static int64_t size_as(const struct kit *k, enum side side)
{
    const int64_t sizes[] = {k->m, k->n, k->batch, 1, 3};
    return sizes[side];
}
static int64_t rows_in(const struct kit *k, int which)
{
    return size_as(k, kinds[which].rows);
}
static int64_t cols_in(const struct kit *k, int which)
{
    return size_as(k, kinds[which].cols);
}
static int64_t items_in(const struct kit *k, int which)
{
    return kinds[which].whole ? 1 : k->batch;
}
static size_t elements_in(const struct kit *k, int which)
{
    return (size_t)(rows_in(k, which) * cols_in(k, which) * items_in(k, which));
}

size_t kit_place(const struct kit *k, int which, size_t *elements)
{
    size_t place = 0;
    for (int i = 0; i < which; i++) place += elements_in(k, i);
    *elements = elements_in(k, which);
    return place;
}

/* Values without structure in [-1/2, 1/2), from a linear congruence: Knuth, Seminumerical
 * Algorithms, 3rd ed. 1997, 3.3.4. */
static double pseudorandom(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

/* Of A where it is spoiled. */
static double unusual(int64_t i, int64_t j, double value)
{
    const double others[] = {value, 1e300, -1e-300, value, 0, 1e-170, -1e170};
    if (j % 4 == 1 && i % 7 == 2) return NAN;
    if (j % 4 == 2 && i % 7 == 4) return i % 2 ? INFINITY : -INFINITY;
    return others[(i + j) % 7];
}

/* Element (i, j) of an item; `random` is a fresh number. */
static double element(const struct kit *k, int which, int64_t i, int64_t j, double random)
{
    const double n = (double)k->n;
    switch (which) {
    case KIT_A: return k->spoiled ? unusual(i, j, random) : random;
    case KIT_S: return i == j ? 2 * n + (double)i : cos((double)(i * j + i + j));
    case KIT_L: return i == j ? 2 + random : i > j ? random / n : 0;
    case KIT_VALUES:
        if (k->spoiled) return NAN;
        return k->n > 2 && i == k->n - 1 ? 0 : 1.0 / (double)(i + 1);
    case KIT_ROW: return i == k->n / 2 ? 0 : i == k->n - 1 ? 1.5 : random;
    case KIT_COLUMN: return i == k->m / 2 ? 0 : 4 * fabs(random);
    case KIT_NUMBER: return 1 + random;
    case KIT_INDEX: return (double)(k->n - 1 - i);
    case KIT_PIVOTS: return (double)((i + i * i % 5 < k->n ? i + i * i % 5 : i) + 1);
    case KIT_FLAGS: return (double)(i % 2);
    case KIT_OTHER:
    case KIT_EACH:
    case KIT_INFO: return 0;
    default: return random;
    }
}

static void *numbers(size_t count)
{
    double *p = calloc(count ? count : 1, sizeof *p);
    if (!p) abort();
    return p;
}

/* A host matrix over an item, lying as the device's does. */
static ritz_hmat host_item(const struct kit *k, int which, void *memory)
{
    const ritz_dmat D = k->mat[which];
    return ritz_hmat_wrap(memory, D.dtype, D.rows, D.cols, D.layout);
}

static size_t index_in(ritz_dmat D, int64_t i, int64_t j)
{
    return (size_t)(D.layout == RITZ_COL_MAJOR ? i + j * D.rows : i * D.cols + j);
}

static void put(void *memory, ritz_dtype type, size_t at, double value)
{
    if (type == RITZ_F64) ((double *)memory)[at] = value;
    if (type == RITZ_F32) ((float *)memory)[at] = (float)value;
    if (type == RITZ_I32) ((int32_t *)memory)[at] = (int32_t)value;
}

static double get(const void *memory, ritz_dtype type, size_t at)
{
    if (type == RITZ_F64) return ((const double *)memory)[at];
    if (type == RITZ_F32) return (double)((const float *)memory)[at];
    return (double)((const int32_t *)memory)[at];
}

static void fill_matrix(struct kit *k, int which)
{
    const ritz_dmat D = k->mat[which];
    uint64_t state = 99 + (uint64_t)which;
    void *memory = numbers((size_t)(D.rows * D.cols));
    for (int64_t b = 0; b < D.batch; b++) {
        for (int64_t i = 0; i < D.rows; i++)
            for (int64_t j = 0; j < D.cols; j++)
                put(memory, D.dtype, index_in(D, i, j),
                    element(k, which, i, j, pseudorandom(&state)));
        must(ritz_upload(k->s, host_item(k, which, memory), ritz_batch_item(D, b)));
        must(ritz_stream_sync(k->s));
    }
    free(memory);
}

void open_kit(struct kit *k)
{
    must(ritz_stream_create(k->dev, &k->s));
    for (int i = 0; i < KIT_MATRICES; i++) {
        const ritz_dtype type = kinds[i].type == RITZ_F32 ? k->type : kinds[i].type;
        const ritz_layout layout = kinds[i].turned ? k->layout : RITZ_COL_MAJOR;
        must(ritz_dmat_create_batch(k->s, type, layout, rows_in(k, i), cols_in(k, i),
                                    items_in(k, i), &k->mat[i]));
        fill_matrix(k, i);
    }
}

void close_kit(struct kit *k)
{
    for (int i = 0; i < KIT_MATRICES; i++) must(ritz_dmat_destroy(k->s, &k->mat[i]));
    must(ritz_stream_destroy(&k->s));
}

double *kit_values(struct kit *k, size_t *count)
{
    size_t last;
    *count = kit_place(k, KIT_MATRICES - 1, &last) + last;
    double *const values = numbers(*count), *to = values;
    for (int which = 0; which < KIT_MATRICES; which++) {
        const ritz_dmat D = k->mat[which];
        const size_t each = (size_t)(D.rows * D.cols);
        void *memory = numbers(each);
        for (int64_t b = 0; b < D.batch; b++, to += each) {
            must(ritz_download(k->s, ritz_batch_item(D, b), host_item(k, which, memory)));
            must(ritz_stream_sync(k->s));
            for (size_t e = 0; e < each; e++) to[e] = get(memory, D.dtype, e);
        }
        free(memory);
    }
    return values;
}

/* ---- the cases ------------------------------------------------------------------------------- */

#define A k->mat[KIT_A]
#define B k->mat[KIT_B]
#define C k->mat[KIT_C]
#define SPD k->mat[KIT_S]
#define L k->mat[KIT_L]
#define X k->mat[KIT_X]
#define R k->mat[KIT_R]
#define V k->mat[KIT_V]
#define VALUES k->mat[KIT_VALUES]
#define ROW k->mat[KIT_ROW]
#define COLUMN k->mat[KIT_COLUMN]
#define NUMBER k->mat[KIT_NUMBER]
#define OTHER k->mat[KIT_OTHER]
#define EACH k->mat[KIT_EACH]
#define INDEX k->mat[KIT_INDEX]
#define PIVOTS k->mat[KIT_PIVOTS]
#define FLAGS k->mat[KIT_FLAGS]
#define INFO k->mat[KIT_INFO]
#define ITEM(M) ritz_batch_item(M, 0)

static ritz_status ridge(struct kit *k, enum ritz_ridge_function phi)
{
    const ritz_status rc = ritz_op_ridge_filter(k->s, phi, COLUMN, NUMBER, RITZ_NO_MAT, B);
    return rc == RITZ_OK ? ritz_op_ridge_filter(k->s, phi, COLUMN, NUMBER, ITEM(A), C) : rc;
}

static ritz_status negative_ridge(struct kit *k)
{
    const ritz_status rc = ritz_op_scale(k->s, -1, NUMBER);
    return rc == RITZ_OK ? ridge(k, RITZ_RIDGE_FILTER) : rc;
}

static ritz_status scaled_norm(struct kit *k, double factor)
{
    const ritz_status rc = ritz_op_scale(k->s, factor, A);
    return rc == RITZ_OK ? ritz_op_frobenius(k->s, A, EACH) : rc;
}

/* The vector is destroyed, and so is a factor that cannot be updated. */
static ritz_status updated(struct kit *k, int sigma, double length)
{
    ritz_status rc = ritz_op_scale(k->s, length, V);
    if (rc == RITZ_OK) rc = ritz_op_chol_update(k->s, RITZ_LOWER, sigma, V, L, INFO);
    if (rc == RITZ_OK) rc = ritz_op_poison(k->s, RITZ_BOTH, INFO, L);
    return rc == RITZ_OK ? ritz_op_fill(k->s, 0.0, V) : rc;
}

static ritz_status singular(struct kit *k)
{
    const ritz_status rc = ritz_op_fill(k->s, 0.0, ritz_cols(X, 1, 1));
    return rc == RITZ_OK ? ritz_op_getrf(k->s, X, PIVOTS, INFO) : rc;
}

/* What is left of a matrix that has no factor is nobody's business. */
static ritz_status indefinite(struct kit *k)
{
    ritz_status rc = ritz_op_scale(k->s, -3.0 * (double)k->n, NUMBER);
    if (rc == RITZ_OK) rc = ritz_op_shift_diag(k->s, NUMBER, SPD);
    if (rc == RITZ_OK) rc = ritz_op_potrf(k->s, RITZ_LOWER, SPD, INFO);
    return rc == RITZ_OK ? ritz_op_poison(k->s, RITZ_BOTH, INFO, SPD) : rc;
}

/* Whole matrices: with verdicts, and NaN for what failed. */
static ritz_status shifted_cholesky(struct kit *k, double shift)
{
    ritz_status rc = ritz_op_fill(k->s, shift, NUMBER);
    if (rc == RITZ_OK) rc = ritz_op_shift_diag(k->s, NUMBER, SPD);
    return rc == RITZ_OK ? ritz_cholesky(k->s, RITZ_LOWER, SPD, INFO) : rc;
}

/* More columns of Q than there are reflectors. */
static ritz_status formed(struct kit *k)
{
    const int64_t reflectors = (k->n + 1) / 2;
    const ritz_dmat tau = ritz_row_range(V, 0, reflectors);
    const ritz_status rc = ritz_op_geqrf(k->s, ritz_cols(B, 0, reflectors), tau);
    return rc == RITZ_OK ? ritz_op_orgqr(k->s, B, tau) : rc;
}

static ritz_status applied(struct kit *k, ritz_apply which)
{
    const ritz_status rc = ritz_op_geqrf(k->s, B, V);
    return rc == RITZ_OK ? ritz_op_ormqr(k->s, which, B, V, C) : rc;
}

/* Other shapes are for the cases that ask for one. */
#define USUAL (k->m < 100 || k->m == 600)
#define LARGE(dtype, side)                                                                         \
    (k->type == (dtype) && k->m == (side) && k->layout == RITZ_COL_MAJOR && !k->spoiled)
#define ALWAYS USUAL
#define FINITE (USUAL && !k->spoiled)
#define SPOILED (USUAL && k->spoiled)
#define SQUARE (USUAL && k->m == k->n)
#define FINITE_SQUARE (FINITE && k->m == k->n)
#define FINITE_TALL (FINITE && k->m >= k->n)
#define SQUARE_OR_LONG (SQUARE || LARGE(k->type, 550))
/* Of what lies by columns however the kit's matrices lie. */
#define BY_COLUMNS (FINITE && k->layout == RITZ_COL_MAJOR)
#define TALL (BY_COLUMNS && k->m >= k->n)
#define SMALL_TALL (TALL && k->m < 90)

#define KERNEL(name, applies, tolerance, call)                                                     \
    static bool applies_##name(const struct kit *k)                                                \
    {                                                                                              \
        (void)k;                                                                                   \
        return applies;                                                                            \
    }                                                                                              \
    static ritz_status call_##name(struct kit *k)                                                  \
    {                                                                                              \
        return call;                                                                               \
    }
#include "emu/kernels.def"
#undef KERNEL

const struct kernel_case kernel_cases[] = {
#define KERNEL(name, applies, tolerance, call) {#name, applies_##name, call_##name, (tolerance)},
#include "emu/kernels.def"
#undef KERNEL
};
const struct kit_shape kit_shapes[] = {{0, 0, 2},     {0, 4, 1},     {5, 5, 3},     {40, 37, 2},
                                       {37, 40, 1},   {90, 90, 2},   {600, 3, 2},   {112, 112, 1},
                                       {200, 200, 2}, {390, 390, 2}, {550, 550, 1}, {450, 40, 1}};
const size_t kit_shape_count = sizeof kit_shapes / sizeof kit_shapes[0];
const size_t kernel_case_count = sizeof kernel_cases / sizeof kernel_cases[0];
