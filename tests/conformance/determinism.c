/* The same bits: run to run, inline and queued, on one thread and on several.
 *
 * Ritz's own kernels (random numbers, copies, reductions) give the same bits on any number of
 * threads; what OpenBLAS computes does so on a given number, run to run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

/* Large enough that kernels use several threads. */
enum { ROWS = 1201, COLS = 347, SAMPLE = 6 };

struct results {
    unsigned char *bytes;
    size_t used;
};

static ritz_dmat create(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                        int64_t cols)
{
    ritz_dmat A = RITZ_NO_MAT;
    if (!expect_ok(ritz_dmat_create(s, dtype, layout, rows, cols, &A))) exit(1);
    return A;
}

/* Append the elements of a contiguous matrix. */
static void keep(ritz_stream *s, struct results *r, ritz_dmat A)
{
    const size_t bytes = (size_t)(A.rows * A.cols) * ritz_dtype_size(A.dtype);
    r->bytes = realloc(r->bytes, r->used + bytes);
    if (!r->bytes) abort();
    (void)expect_ok(
        ritz_download(s, A, ritz_hmat_wrap(r->bytes + r->used, A.dtype, A.rows, A.cols, A.layout)));
    (void)expect_ok(ritz_stream_sync(s));
    r->used += bytes;
}

static bool same(const struct results *a, const struct results *b)
{
    return a->used == b->used && a->used > 0 && memcmp(a->bytes, b->bytes, a->used) == 0;
}

/* ---- what is computed ------------------------------------------------------------------------ */

/* Only what Ritz computes itself. */
static void own_kernels(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, struct results *r)
{
    ritz_dmat A = create(s, dtype, layout, ROWS, COLS),
              B = create(s, RITZ_F32, RITZ_COL_MAJOR, ROWS, COLS);
    ritz_dmat sums = create(s, RITZ_F64, RITZ_COL_MAJOR, COLS, 1),
              one = create(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1);
    (void)expect_ok(ritz_random_fill(s, RITZ_NORMAL, 99, 3, A));
    keep(s, r, A);
    (void)expect_ok(ritz_copy(s, A, B));
    keep(s, r, B);
    (void)expect_ok(ritz_op_col_sums(s, A, sums));
    keep(s, r, sums);
    (void)expect_ok(ritz_op_col_sumsq(s, A, sums));
    keep(s, r, sums);
    (void)expect_ok(ritz_op_add_row(s, -0.3, sums, A, A));
    keep(s, r, A);
    (void)expect_ok(ritz_op_sumsq(s, A, one));
    keep(s, r, one);
    (void)expect_ok(ritz_op_max_abs(s, A, one));
    keep(s, r, one);
    const ritz_dmat narrow = ritz_cols(A, 0, 9);
    ritz_dmat sketch = create(s, dtype, layout, 24, 9);
    (void)expect_ok(ritz_op_fill(s, 0.0, sketch));
    (void)expect_ok(ritz_op_sketch_rows(s, 5, 3, 8, 1, narrow, sketch));
    keep(s, r, sketch);
    (void)expect_ok(ritz_dmat_destroy(s, &sketch));
    ritz_dmat *const all[] = {&A, &B, &sums, &one};
    for (int i = 0; i < 4; i++) (void)expect_ok(ritz_dmat_destroy(s, all[i]));
}

/* One of everything. */
static void everything(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, struct results *r)
{
    enum { M = 211, N = 97 };
    const ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_dmat A = create(s, dtype, layout, M, N), G = create(s, dtype, layout, N, N);
    ritz_dmat Q = create(s, dtype, layout, M, N), R = create(s, dtype, layout, N, N);
    ritz_dmat S = create(s, dtype, layout, N, 1), V = create(s, dtype, layout, N, N);
    ritz_dmat few = create(s, dtype, layout, SAMPLE, 1), B = create(s, dtype, layout, N, SAMPLE);
    (void)expect_ok(ritz_random_fill(s, RITZ_UNIFORM, 7, 0, A));
    (void)expect_ok(ritz_random_fill(s, RITZ_UNIFORM, 8, 0, B));
    (void)expect_ok(ritz_gemm(s, 1, ritz_t(A), A, 0, G));
    keep(s, r, G);
    (void)expect_ok(ritz_syrk(s, RITZ_BOTH, 1, ritz_t(A), 0, G));
    keep(s, r, G);
    (void)expect_ok(ritz_spd_solve(s, G, B, NULL, RITZ_NO_MAT));
    keep(s, r, B);
    (void)expect_ok(ritz_eigh(s, G, S, V, NULL, RITZ_NO_MAT));
    keep(s, r, S);
    keep(s, r, V);
    (void)expect_ok(ritz_eigh(s, G, few, ritz_cols(V, 0, SAMPLE), NULL, RITZ_NO_MAT));
    keep(s, r, few);
    (void)expect_ok(ritz_svd(s, A, Q, S, V, RITZ_NO_MAT));
    keep(s, r, Q);
    keep(s, r, S);
    (void)expect_ok(ritz_qr(s, A, Q, R, NULL, NULL));
    keep(s, r, Q);
    keep(s, r, R);
    const ritz_linop op = ritz_linop_dense(A);
    (void)expect_ok(ritz_svd_randomized(s, &op, RITZ_NO_MAT, few, RITZ_NO_MAT, &opts, NULL));
    keep(s, r, few);
    (void)expect_ok(ritz_cholesky(s, RITZ_LOWER, G, RITZ_NO_MAT));
    keep(s, r, G);
    ritz_dmat *const all[] = {&A, &G, &Q, &R, &S, &V, &few, &B};
    for (int i = 0; i < 8; i++) (void)expect_ok(ritz_dmat_destroy(s, all[i]));
}

/* ---- who computes it ------------------------------------------------------------------------- */

typedef void (*computation)(ritz_stream *s, ritz_dtype dtype, ritz_layout layout,
                            struct results *r);

static void compare(const struct place *p, computation compute, ritz_dtype dtype,
                    ritz_layout layout, ritz_stream *other, const char *what)
{
    struct results first = {NULL, 0}, second = {NULL, 0};
    compute(p->s, dtype, layout, &first);
    compute(other, dtype, layout, &second);
    (void)expect(same(&first, &second), "%s gave other bits", what);
    free(first.bytes);
    free(second.bytes);
}

static void try_threads(const struct place *p, ritz_dtype dtype, ritz_layout layout)
{
    if (!begin_case(p, "own kernels %s %s on 1, 2, 3 and 5 threads", ritz_dtype_name(dtype),
                    layout == RITZ_ROW_MAJOR ? "row" : "col"))
        return;
    struct results r[4];
    static const int threads[4] = {1, 2, 3, 5};
    memset(r, 0, sizeof r);
    for (int i = 0; i < 4; i++) {
        const ritz_status status = ritz_device_set_threads(p->dev, threads[i]);
        if (status == RITZ_ERR_UNSUPPORTED) break; /* a GPU */
        (void)expect_ok(status);
        own_kernels(p->s, dtype, layout, &r[i]);
        (void)expect(same(&r[0], &r[i]), "%d threads gave other bits", threads[i]);
    }
    if (ritz_device_get_kind(p->dev) == RITZ_DEVICE_CPU)
        (void)expect_ok(ritz_device_set_threads(p->dev, 0));
    for (int i = 0; i < 4; i++) free(r[i].bytes);
}

static void try_streams(const struct place *p, ritz_dtype dtype, ritz_layout layout)
{
    if (!begin_case(p, "everything %s %s, again and on the other kinds of stream",
                    ritz_dtype_name(dtype), layout == RITZ_ROW_MAJOR ? "row" : "col"))
        return;
    ritz_stream *queued = NULL, *direct = NULL;
    compare(p, everything, dtype, layout, p->s, "a second run");
    (void)expect_ok(ritz_stream_create(p->dev, &queued));
    if (queued) compare(p, everything, dtype, layout, queued, "a queued stream");
    if (ritz_stream_create_inline(p->dev, &direct) == RITZ_OK)
        compare(p, everything, dtype, layout, direct, "an inline stream");
    (void)expect_ok(ritz_stream_destroy(&queued));
    (void)expect_ok(ritz_stream_destroy(&direct));
}

/* A part of a random matrix is the same as that of a larger one: entries depend on their address
 * alone. */
static void try_parts(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "random_fill %s of a matrix and of a larger one", ritz_dtype_name(dtype)))
        return;
    struct results small = {NULL, 0}, part = {NULL, 0};
    ritz_dmat A = create(p->s, dtype, RITZ_COL_MAJOR, 101, 37);
    ritz_dmat B = create(p->s, dtype, RITZ_ROW_MAJOR, 303, 41);
    ritz_dmat C = create(p->s, dtype, RITZ_COL_MAJOR, 101, 37);
    (void)expect_ok(ritz_random_fill(p->s, RITZ_NORMAL, 4, 1, A));
    (void)expect_ok(ritz_random_fill(p->s, RITZ_NORMAL, 4, 1, B));
    (void)expect_ok(ritz_copy(p->s, ritz_block(B, 0, 0, 101, 37), C));
    keep(p->s, &small, A);
    keep(p->s, &part, C);
    (void)expect(same(&small, &part), "the common part differs");
    free(small.bytes);
    free(part.bytes);
    ritz_dmat *const all[] = {&A, &B, &C};
    for (int i = 0; i < 3; i++) (void)expect_ok(ritz_dmat_destroy(p->s, all[i]));
}

void test_determinism(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    for (int t = 0; t < 2; t++) {
        try_parts(p, reals[t]);
        for (int layout = 0; layout < 2; layout++) {
            try_threads(p, reals[t], (ritz_layout)layout);
            try_streams(p, reals[t], (ritz_layout)layout);
        }
    }
}
