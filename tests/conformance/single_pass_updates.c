/* Low-rank approximation of a matrix that is seen once: the algebra of updates, and rows that
 * stream by.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "algo/single_pass.h"
#include "conformance/single_pass.h"

/* ---- updates --------------------------------------------------------------------------------- */

/* How the rows of a matrix come. */
static const struct blocks {
    const char *name;
    int64_t size; /* rows of a block; 0: all */
    bool backwards;
} ways[] = {{"at once", 0, false},
            {"row by row", 1, false},
            {"in blocks", 7, false},
            {"in blocks, from the last", 5, true}};
enum { WAYS = 4 };

static void update_in(const struct place *p, ritz_single_pass *sp, const struct blocks *way,
                      double eta, ritz_dmat A)
{
    const int64_t size = way->size > 0 ? way->size : A.rows, count = (A.rows + size - 1) / size;
    for (int64_t b = 0; b < count; b++) {
        const int64_t i = (way->backwards ? count - 1 - b : b) * size;
        (void)expect_ok(ritz_single_pass_update(
            p->s, sp, 1.0, eta, i, ritz_row_range(A, i, sp_shorter(size, A.rows - i))));
    }
}

/* theta A + eta H on the rows row0 .. of A, in whatever blocks A comes. */
static void algebra(const struct place *p, ritz_dtype dtype, const struct blocks *way, double theta,
                    double eta, struct form form)
{
    const int64_t m = 31, n = 24, k = 5, row0 = 6, b = 17;
    if (!begin_case(p, "single_pass_update %s A %s, theta %g, eta %g, A %s", ritz_dtype_name(dtype),
                    way->name, theta, eta, form_name(form)))
        return;
    omat a = sp_matrix_of_rank(104, m, n, 3), h = sp_matrix_of_rank(105, b, n, 2);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, 1, SHARE_NONE, &a);
    struct operand *H = add_input(&sc, "H", dtype, form, 1, SHARE_NONE, &h);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, m, n, k);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    update_in(p, sp, way, 1.0, A->mat);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, theta, eta, row0, H->mat));
    const ritz_status rc = sp_svd(p, sp, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        omat want = item_before(A, 0), block = item_before(H, 0);
        for (int64_t i = 0; i < m * n; i++) want.a[i] *= theta;
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < b; i++)
                OMAT_AT(want, row0 + i, j) += (long double)eta * OMAT_AT(block, i, j);
        sp_expect_recovered("single_pass update", dtype, want, &o);
        omat_destroy(&want);
        omat_destroy(&block);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&h);
}

/* A - A leaves rounding, 2A doubles the values, and theta = 0 forgets even a NaN. */
static void cancelling(const struct place *p, ritz_dtype dtype)
{
    const int64_t m = 21, n = 26, k = 3;
    if (!begin_case(p, "single_pass_update %s, A - A, 2A, 0 NaN + A", ritz_dtype_name(dtype)))
        return;
    omat a = sp_matrix_of_rank(106, m, n, k), bad = omat_create(1, n);
    for (int64_t j = 0; j < n; j++) bad.a[j] = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &bad);
    struct operand *S[4];
    for (int i = 0; i < 4; i++) S[i] = add_output(&sc, "S", dtype, COL_PLAIN, k, 1, 1);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    ritz_status rc = RITZ_OK;
    for (int i = 0; i < 4 && rc == RITZ_OK; i++) {
        const double theta[] = {1, 2, 1, 0}, eta[] = {1, 0, -2, 1};
        if (i == 3) (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 4, B->mat));
        (void)expect_ok(ritz_single_pass_update(p->s, sp, theta[i], eta[i], 0, A->mat));
        rc = ritz_single_pass_svd(p->s, sp, RITZ_NO_MAT, S[i]->mat, RITZ_NO_MAT, NULL);
    }
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        omat s[4];
        for (int i = 0; i < 4; i++) s[i] = item_after(S[i], 0);
        for (int64_t i = 0; i < k; i++) {
            const double unit = (double)s[0].a[0] * eps_of(dtype) * (double)(m + n);
            (void)expect_ratio("single_pass 2A", dtype,
                               (double)fabsl(s[1].a[i] - 2 * s[0].a[i]) / unit, 30);
            (void)expect_ratio("single_pass A - A", dtype, (double)s[2].a[i] / unit, 30);
        }
        (void)expect(same_bits(S[0], S[3]), "theta = 0 did not start afresh");
        for (int i = 0; i < 4; i++) omat_destroy(&s[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&bad);
}

/* With theta = 1 the rows of Y outside the block keep their bits, and eta = 0 changes nothing. */
static void untouched(const struct place *p, ritz_dtype dtype)
{
    const int64_t m = 12, n = 10, k = 2;
    if (!begin_case(p, "single_pass_update %s, what theta = 1 leaves alone",
                    ritz_dtype_name(dtype)))
        return;
    omat a = sp_matrix_of_rank(107, m, n, k);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *Y[3];
    for (int i = 0; i < 3; i++) Y[i] = add_output(&sc, "Y", dtype, COL_PLAIN, m, 4 * k + 1, 1);
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, dtype, m, n, k, NULL);
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 0, A->mat));
    (void)expect_ok(ritz_copy(p->s, sp->Y, Y[0]->mat));
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 0.0, 0, A->mat));
    (void)expect_ok(ritz_copy(p->s, sp->Y, Y[1]->mat));
    (void)expect_ok(ritz_single_pass_update(p->s, sp, 1.0, 1.0, 3, ritz_row_range(A->mat, 0, 2)));
    const ritz_status rc = ritz_copy(p->s, sp->Y, Y[2]->mat);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    if (scene_finish(&sc, rc)) {
        (void)expect(same_bits(Y[0], Y[1]), "eta = 0 changed Y");
        omat before = item_after(Y[1], 0), after = item_after(Y[2], 0);
        for (int64_t i = 0; i < m; i++)
            (void)expect((OMAT_AT(before, i, 0) != OMAT_AT(after, i, 0)) == (i == 3 || i == 4),
                         "row %lld of Y", (long long)i);
        omat_destroy(&before);
        omat_destroy(&after);
    }
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- rows that stream by --------------------------------------------------------------------- */

enum source { FROM_DEVICE, FROM_HOST, FROM_FUNCTION, FROM_FILE, FROM_INTEGERS, SOURCES };
static const char *const source_names[] = {"the device", "the host", "a function", "a file",
                                           "integers on the host"};

struct supply {
    const double *data; /* row-major */
    int64_t rows, cols, next, fails_at;
};

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct supply *r = context;
    *delivered = 0;
    if (rewind) return RITZ_ERR_ARGUMENT; /* the rows come once */
    for (; *delivered < count && *delivered < 9 && r->next < r->rows; (*delivered)++, r->next++) {
        if (r->next == r->fails_at) return RITZ_ERR_IO;
        memcpy((double *)dst + *delivered * ld, r->data + r->next * r->cols,
               (size_t)r->cols * sizeof(double));
    }
    return RITZ_OK;
}

static ritz_hmat host_matrix(const double *data, int64_t rows, int64_t cols)
{
    return ritz_hmat_wrap((void *)(uintptr_t)data, RITZ_F64, rows, cols, RITZ_ROW_MAJOR);
}

/* Integers of rank two as doubles and as bytes. */
struct table {
    int64_t rows, cols;
    double *numbers;
    uint8_t *bytes;
    char path[64];
};

static struct table make_table(int64_t rows, int64_t cols)
{
    const size_t count = (size_t)(rows * cols);
    struct table t = {.rows = rows,
                      .cols = cols,
                      .numbers = calloc(count, sizeof *t.numbers),
                      .bytes = calloc(count, sizeof *t.bytes)};
    if (!t.numbers || !t.bytes) abort();
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            t.bytes[i * cols + j] = (uint8_t)(1 + (i % 7) * (j % 5) + (i * i) % 11);
            t.numbers[i * cols + j] = t.bytes[i * cols + j];
        }
    return t;
}

static void drop_table(struct table *t)
{
    if (t->path[0]) (void)unlink(t->path);
    free(t->numbers);
    free(t->bytes);
}

static ritz_rows rows_of(enum source source, struct table *t, struct supply *supply,
                         ritz_dmat on_device)
{
    switch (source) {
    case FROM_HOST: return ritz_rows_hmat(host_matrix(t->numbers, t->rows, t->cols));
    case FROM_FUNCTION: return ritz_rows_callback(RITZ_F64, t->rows, t->cols, 1, deliver, supply);
    case FROM_INTEGERS:
        return ritz_rows_hmat(ritz_hmat_wrap(t->bytes, RITZ_U8, t->rows, t->cols, RITZ_ROW_MAJOR));
    case FROM_FILE: {
        (void)snprintf(t->path, sizeof t->path, "/tmp/ritz-single-pass-XXXXXX.npy");
        const int fd = mkstemps(t->path, 4);
        if (fd < 0) abort();
        (void)close(fd);
        (void)expect_ok(ritz_save_npy(t->path, host_matrix(t->numbers, t->rows, t->cols)));
        return ritz_rows_file(t->path);
    }
    case FROM_DEVICE:
    case SOURCES: break;
    }
    return ritz_rows_dmat(on_device);
}

/* Rows that stream by against one update with all of them: the same bits from a matrix in place
 * whose rows are those of the same blocks. */
static void from_rows(const struct place *p, ritz_dtype dtype, enum source source, int64_t m,
                      int64_t n)
{
    const int64_t k = 3;
    if (!begin_case(p, "single_pass_add_rows %s from %s, %lld x %lld", ritz_dtype_name(dtype),
                    source_names[source], (long long)m, (long long)n))
        return;
    struct table t = make_table(m, n);
    struct supply supply = {.data = t.numbers, .rows = m, .cols = n, .fails_at = -1};
    omat a = omat_from_f64(t.numbers, m, n, n, 1);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A =
        add_input(&sc, "A", dtype, (struct form){RITZ_ROW_MAJOR, VIEW_PLAIN}, 1, SHARE_NONE, &a);
    struct outcome o = sp_add_outcome(&sc, dtype, sp_plain, m, n, k);
    struct outcome whole = sp_add_outcome(&sc, dtype, sp_plain, m, n, k);
    scene_upload(&sc);
    ritz_single_pass *one = sp_create(p, dtype, m, n, k, NULL),
                     *two = sp_create(p, dtype, m, n, k, NULL);
    (void)expect_ok(ritz_single_pass_update(p->s, two, 1.0, 1.0, 0, A->mat));
    (void)expect_ok(sp_svd(p, two, &whole));
    (void)expect_ok(ritz_single_pass_add_rows(p->s, one, rows_of(source, &t, &supply, A->mat)));
    const ritz_status rc = sp_svd(p, one, &o);
    (void)expect_ok(ritz_single_pass_destroy(p->s, &one));
    (void)expect_ok(ritz_single_pass_destroy(p->s, &two));
    if (scene_finish(&sc, rc)) {
        sp_expect_recovered("single_pass add_rows", dtype, a, &o);
        sp_expect_recovered("single_pass update of all rows", dtype, a, &whole);
        if (source == FROM_DEVICE)
            (void)expect(same_bits(o.U, whole.U) && same_bits(o.S, whole.S) &&
                             same_bits(o.V, whole.V) && o.report.error == whole.report.error,
                         "an update with all rows gives other bits");
    }
    scene_end(&sc);
    omat_destroy(&a);
    drop_table(&t);
}

/* A function that fails half way: its error is handed on, and the sketches can be destroyed. */
static void failing_rows(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "single_pass_add_rows %s of a function that fails", ritz_dtype_name(dtype)))
        return;
    struct table t = make_table(30, 4);
    struct supply supply = {.data = t.numbers, .rows = 30, .cols = 4, .fails_at = 13};
    ritz_single_pass *sp = sp_create(p, dtype, 30, 4, 1, NULL);
    (void)expect_error(ritz_single_pass_add_rows(
                           p->s, sp, ritz_rows_callback(RITZ_F64, 30, 4, 1, deliver, &supply)),
                       RITZ_ERR_IO, "");
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    (void)expect_ok(ritz_stream_sync(p->s));
    drop_table(&t);
}

void sp_test_updates(const struct place *p, ritz_dtype dtype)
{
    static const struct form layouts[] = {{RITZ_COL_MAJOR, VIEW_BLOCK},
                                          {RITZ_ROW_MAJOR, VIEW_PADDED}};
    static const struct {
        double theta, eta;
    } factors[] = {{1, 1}, {-0.5, 3}, {0, -1}};
    for (int way = 0; way < WAYS; way++)
        for (int i = 0; i < 3; i++)
            if (full_level() || way == 2)
                algebra(p, dtype, &ways[way], factors[i].theta, factors[i].eta,
                        layouts[(way + i) % 2]);
    cancelling(p, dtype);
    untouched(p, dtype);
    for (int source = 0; source < SOURCES; source++)
        from_rows(p, dtype, (enum source)source, 40, 9);
    /* more rows than a tile, on either side */
    from_rows(p, dtype, FROM_DEVICE, 2100, 6);
    from_rows(p, dtype, FROM_FUNCTION, 2100, 6);
    from_rows(p, dtype, FROM_DEVICE, 6, 2100);
    failing_rows(p, dtype);
}
