/* The conformance suite: every public operation, on every device, against the oracle.
 *
 * A test knows no backend. It is given a place (a device, a stream of one kind, native operations
 * or composites), lays out operands in that device's memory, calls Ritz, and looks at every byte
 * that came back:
 *
 * - Each operand lives in a raw buffer of its own, between guard zones, in one of several forms
 *   (layout, padding, block of a larger matrix, transpose, interleaved batch). Every byte that is
 *   not an element, and every element that nobody has written yet, is 0xFF: a NaN in each
 *   floating-point type, so reading it shows as surely as writing it.
 * - After the call the guards, the padding and all inputs must be as before, byte for byte.
 * - Results are judged by the oracle's comparators, in units of their limits; the largest ratio of
 *   each kind goes into the log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_HARNESS_H
#define RITZ_TESTS_CONFORMANCE_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/backend.h"
#include "oracle/oracle.h"
#include "ritz/ritz.h"

/* ---- places ---------------------------------------------------------------------------------- */

struct place {
    ritz_device *dev;
    ritz_stream *s;
    const char *name; /* "cpu, queued" */
};

/* A full run, or a reduced one (RITZ_TEST_LEVEL=quick, or sample: every eighth case of that). */
bool full_level(void);

/* A file in the current directory that is this process's own: others run the same group there at
 * the same time. `name` is a literal; the path stays until the program ends. */
const char *own_file(const char *name);

/* ---- shapes (tests/cases.def) ---------------------------------------------------------------- */

enum { CASE_QUICK = 1, CASE_FULL = 2, CASE_BENCH = 4 };

struct shape {
    const char *operation;
    int64_t m, n, k, batch;
    int use;
};

/* The next shape of an operation that this run checks; start with NULL, ends with NULL. */
const struct shape *next_shape(const char *operation, const struct shape *last);

/* ---- cases ----------------------------------------------------------------------------------- */

/* Begin a case; its name must say everything that is needed to run it again. False: it was
 * filtered out. */
bool begin_case(const struct place *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Record that the case under way failed. */
void fail_case(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A yes-or-no comparison. */
bool expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A measured comparison: ratio <= limit, kept under `metric` and the data type. Not even NaN
 * passes. */
bool expect_ratio(const char *metric, ritz_dtype dtype, double ratio, double limit);

/* value <= bound, where the bound is mathematics and no measure of quality: coming near it is no
 * warning. */
bool expect_bound(const char *metric, ritz_dtype dtype, double value, double bound);

/* The call succeeded; else the case fails with its message. */
bool expect_ok(ritz_status status);

/* The call failed with `code`, and its message has every one of the words (separated by '|'). */
bool expect_error(ritz_status status, ritz_status code, const char *words);

double eps_of(ritz_dtype dtype);

/* ---- forms of an operand --------------------------------------------------------------------- */

enum view {
    VIEW_PLAIN,      /* smallest leading dimension and batch stride */
    VIEW_PADDED,     /* larger ones */
    VIEW_BLOCK,      /* ritz_block of a larger matrix */
    VIEW_TRANSPOSED, /* ritz_t of a block of a matrix of the other layout */
    VIEW_COUNT,
    VIEW_INTERLEAVED = VIEW_COUNT /* the items of a batch side by side within each padded line */
};

struct form {
    ritz_layout layout;
    enum view view;
};

#define COL_PLAIN ((struct form){RITZ_COL_MAJOR, VIEW_PLAIN})

/* "row block" */
const char *form_name(struct form form);

/* How an input serves a batch. */
enum sharing {
    SHARE_NONE,  /* as many items as the output */
    SHARE_ONE,   /* one item */
    SHARE_STRIDE /* as many items, batch stride 0 */
};
const char *sharing_name(enum sharing sharing);

/* A walk through combinations of the forms of several operands: `wanted` of them spread over the
 * full product, others at each walk; 0: all. */
struct forms {
    int operands;
    int64_t total, position, step, left;
    struct form f[6];
};
struct forms forms_of(int operands, int64_t wanted);
bool next_forms(struct forms *forms);
/* Begin the walks anew, so that a group has the same cases whatever ran before it. */
void restart_forms(void);

/* ---- operands -------------------------------------------------------------------------------- */

enum role {
    ROLE_INPUT,  /* not one byte may change */
    ROLE_OUTPUT, /* not written before */
    ROLE_INOUT
};

struct operand {
    const char *name;
    enum role role;
    ritz_dmat mat; /* what Ritz is given */
    ritz_dmat raw; /* the buffer: bytes x 1 of RITZ_U8 */
    int64_t bytes;
    unsigned char *before; /* the buffer as uploaded, */
    unsigned char *after;  /* and as it came back */
};

/* The operands of one case. */
struct scene {
    const struct place *place;
    int count;
    struct operand operand[10];
};

void scene_begin(struct scene *sc, const struct place *p);

/* Add an operand; `items` holds one matrix of values for each item that is stored (RITZ_NO_MAT
 * values: NULL leaves 0xFF). */
struct operand *add(struct scene *sc, const char *name, enum role role, ritz_dtype dtype,
                    struct form form, int64_t rows, int64_t cols, int64_t batch,
                    enum sharing sharing, const omat *items);

/* Inputs and outputs of the ordinary kind. */
struct operand *add_input(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                          int64_t batch, enum sharing sharing, const omat *items);
struct operand *add_output(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                           int64_t rows, int64_t cols, int64_t batch);
struct operand *add_inout(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                          int64_t batch, const omat *items);
/* info: batch x 1 of RITZ_I32. */
struct operand *add_info(struct scene *sc, struct form form, int64_t batch);

/* Bring every operand to the device, and wait. */
void scene_upload(struct scene *sc);

/* Wait (expecting `code`, and the words in its message), fetch every operand, and check that
 * nothing was written but the elements of outputs, and that the workspace was given back. False if
 * the call or the transport failed. */
bool scene_collect(struct scene *sc, ritz_status call, ritz_status code, const char *words);

/* The same for a call that must succeed. */
bool scene_finish(struct scene *sc, ritz_status call);

void scene_end(struct scene *sc);

/* Item b as it went in (rounded to the data type) and as it came back; the caller frees. */
omat item_before(const struct operand *op, int64_t b);
omat item_after(const struct operand *op, int64_t b);
/* Entry i of an info. */
int64_t info_after(const struct operand *op, int64_t i);

/* Everything outside the triangle (of each item) is as before. */
void expect_other_triangle_kept(const struct operand *op, ritz_uplo uplo);

/* Nothing of the operand changed. */
void expect_kept(const struct operand *op);

/* Every element of item b is NaN (in the triangle, or all of it for RITZ_BOTH). */
bool item_is_nan(const struct operand *op, int64_t b, ritz_uplo part);
/* The elements of two operands of the same shape agree bit for bit, item by item. */
bool same_bits(const struct operand *a, const struct operand *b);

/* One element: the number that a stored element is, and the nearest element to a number (integers
 * saturate, NaN gives 0). */
long double load_element(ritz_dtype dtype, const void *p);
void store_element(ritz_dtype dtype, void *p, long double x);
/* Where an element lies in the buffers of an operand. */
int64_t element_offset(const struct operand *op, int64_t b, int64_t i, int64_t j);

/* ---- test data ------------------------------------------------------------------------------- */

/* A kind of matrix; sized in units of the data type where it goes to extremes. */
struct kind {
    const char *name;
    omat (*make)(uint64_t seed, int64_t m, int64_t n, ritz_dtype dtype);
};
extern const struct kind general_kinds[]; /* m x n; ends with a NULL name */
extern const struct kind spd_kinds[];     /* n x n, positive definite */
extern const struct kind symmetric_kinds[];

/* `count` matrices; with `distinct` seeds. */
omat *make_items(const struct kind *kind, uint64_t seed, int64_t count, int64_t m, int64_t n,
                 ritz_dtype dtype);
void free_items(omat *items, int64_t count);

/* ---- groups ---------------------------------------------------------------------------------- */

#define GROUP(name) void test_##name(const struct place *p)
GROUP(transfer);
GROUP(gemm);
GROUP(syrk);
GROUP(trsm);
GROUP(trmm);
GROUP(gemm_grouped);
GROUP(gemm_bias);
GROUP(cholesky);
GROUP(cholesky_extra);
GROUP(cholesky_pivoted);
GROUP(lu);
GROUP(qr);
GROUP(qr_methods);
GROUP(qr_rows);
GROUP(qr_pivoted);
GROUP(sketch);
GROUP(residual);
GROUP(sparse);
GROUP(random_orthogonal);
GROUP(svd);
GROUP(eigh);
GROUP(norms);
GROUP(derived);
GROUP(det);
GROUP(random);
GROUP(lowrank);
GROUP(sketching);
GROUP(lowrank_adaptive);
GROUP(lowrank_eigh);
GROUP(interpolative);
GROUP(single_pass);
GROUP(svd_rows);
GROUP(pca);
GROUP(pca_large);
GROUP(pca_stats);
GROUP(pca_checkpoint);
GROUP(lstsq);
GROUP(lstsq_trust);
GROUP(lstsq_batch);
GROUP(lstsq_rows);
GROUP(lstsq_mixed);
GROUP(lstsq_operator);
GROUP(lstsq_stats);
GROUP(ridge);
GROUP(ridge_ops);
GROUP(lstsq_means);
GROUP(primitives);
GROUP(value_ops);
GROUP(factor_ops);
GROUP(errors);
GROUP(determinism);
#undef GROUP

/* main.c calls these around a group. */
void report_begin(const char *group, const char *filter, int64_t only_case, bool list);
/* Prints the largest ratios and the counts; false if something failed or nothing was compared. */
bool report_end(void);

#endif
