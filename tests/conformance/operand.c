/* Operands in guarded memory, in every form that a matrix can take.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

enum { GUARD = 64, UNWRITTEN = 0xFF };

static void *must_allocate(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p) {
        fprintf(stderr, "conformance: out of memory\n");
        exit(1);
    }
    return p;
}

/* ---- elements ---- */

static long double signed_of(const void *p, size_t size)
{
    int8_t i8;
    int32_t i32;
    int64_t i64;
    switch (size) {
    case 1: memcpy(&i8, p, 1); return i8;
    case 4: memcpy(&i32, p, 4); return i32;
    default: memcpy(&i64, p, 8); return (long double)i64;
    }
}

long double load_element(ritz_dtype dtype, const void *p)
{
    float f;
    double d;
    uint16_t h;
    switch (dtype) {
    case RITZ_F32: memcpy(&f, p, 4); return f;
    case RITZ_F64: memcpy(&d, p, 8); return d;
    case RITZ_F16: memcpy(&h, p, 2); return oracle_f16_value(h);
    case RITZ_BF16: memcpy(&h, p, 2); return oracle_bf16_value(h);
    case RITZ_U8: return *(const unsigned char *)p;
    case RITZ_I8:
    case RITZ_I32:
    case RITZ_I64: break;
    }
    return signed_of(p, ritz_dtype_size(dtype));
}

/* Round half to even into [low, high]; NaN gives 0. */
static int64_t saturated(long double x, int64_t low, int64_t high)
{
    if (isnan(x)) return 0;
    const long double r = rintl(x);
    if (r <= (long double)low) return low;
    return r >= (long double)high ? high : (int64_t)r;
}

void store_element(ritz_dtype dtype, void *p, long double x)
{
    const float f = (float)x;
    const double d = (double)x;
    uint16_t h;
    int64_t i;
    switch (dtype) {
    case RITZ_F32: memcpy(p, &f, 4); break;
    case RITZ_F64: memcpy(p, &d, 8); break;
    case RITZ_F16:
        h = oracle_f16_bits(x);
        memcpy(p, &h, 2);
        break;
    case RITZ_BF16:
        h = oracle_bf16_bits(x);
        memcpy(p, &h, 2);
        break;
    case RITZ_I8:
        i = saturated(x, INT8_MIN, INT8_MAX);
        *(int8_t *)p = (int8_t)i;
        break;
    case RITZ_U8:
        i = saturated(x, 0, UINT8_MAX);
        *(unsigned char *)p = (unsigned char)i;
        break;
    case RITZ_I32: {
        const int32_t v = (int32_t)saturated(x, INT32_MIN, INT32_MAX);
        memcpy(p, &v, 4);
        break;
    }
    case RITZ_I64:
        i = saturated(x, INT64_MIN, INT64_MAX);
        memcpy(p, &i, 8);
        break;
    }
}

/* ---- forms ---- */

const char *form_name(struct form form)
{
    static const char *const names[2][VIEW_COUNT + 1] = {
        {"col", "col-padded", "col-block", "col-transposed", "col-interleaved"},
        {"row", "row-padded", "row-block", "row-transposed", "row-interleaved"},
    };
    return names[form.layout == RITZ_ROW_MAJOR][form.view];
}

const char *sharing_name(enum sharing sharing)
{
    static const char *const names[] = {"own", "one", "stride0"};
    return names[sharing];
}

enum { FORMS = 2 * VIEW_COUNT };

static int64_t gcd(int64_t a, int64_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

static int64_t walks;

void restart_forms(void)
{
    walks = 0;
}

struct forms forms_of(int operands, int64_t wanted)
{
    struct forms w = {.operands = operands, .total = 1, .step = 1};
    for (int i = 0; i < operands; i++) w.total *= FORMS;
    w.left = w.total;
    if (wanted == 0 || wanted >= w.total) return w;
    w.left = wanted;
    /* The golden section of the product: neighbours differ in every operand. */
    w.step = (int64_t)(0.6180339887 * (double)w.total) | 1;
    while (gcd(w.step, w.total) != 1) w.step += 2;
    w.position = (walks++ * 31) % w.total;
    return w;
}

bool next_forms(struct forms *w)
{
    if (w->left-- == 0) return false;
    int64_t rest = w->position;
    for (int i = 0; i < w->operands; i++) {
        const int number = (int)(rest % FORMS);
        rest /= FORMS;
        w->f[i] =
            (struct form){number % 2 ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR, (enum view)(number / 2)};
    }
    w->position = (w->position + w->step) % w->total;
    return true;
}

/* ---- laying out ---- */

static int64_t inner_of(ritz_layout layout, int64_t rows, int64_t cols)
{
    return layout == RITZ_COL_MAJOR ? rows : cols;
}

/* The view of `rows` x `cols` (x batch) of the form, over memory from `data` on. */
static ritz_dmat lay_out(ritz_device *dev, void *data, ritz_dtype dtype, struct form form,
                         int64_t rows, int64_t cols, int64_t batch)
{
    const ritz_layout other = form.layout == RITZ_COL_MAJOR ? RITZ_ROW_MAJOR : RITZ_COL_MAJOR;
    const int64_t inner = inner_of(form.layout, rows, cols);
    const int64_t outer = inner_of(form.layout, cols, rows);
    ritz_dmat A;
    switch (form.view) {
    case VIEW_PADDED:
        A = ritz_with_ld(ritz_dmat_wrap(dev, data, dtype, rows, cols, form.layout), inner + 3);
        return ritz_batched(A, batch, (inner + 3) * outer + 5);
    case VIEW_BLOCK:
        A = ritz_dmat_wrap(dev, data, dtype, rows + 3, cols + 4, form.layout);
        A = ritz_batched(A, batch, (rows + 3) * (cols + 4));
        return ritz_block(A, 2, 1, rows, cols);
    case VIEW_TRANSPOSED:
        A = ritz_dmat_wrap(dev, data, dtype, cols + 2, rows + 1, other);
        A = ritz_batched(A, batch, (rows + 1) * (cols + 2) + 1);
        return ritz_t(ritz_block(A, 1, 1, cols, rows));
    case VIEW_INTERLEAVED:
        A = ritz_dmat_wrap(dev, data, dtype, rows, cols, form.layout);
        return ritz_batched(ritz_with_ld(A, batch * (inner + 1) + 2), batch, inner + 1);
    case VIEW_PLAIN: break;
    }
    A = ritz_dmat_wrap(dev, data, dtype, rows, cols, form.layout);
    return ritz_batched(A, batch, rows * cols);
}

/* Enough elements for any form. */
static int64_t room_for(struct form form, int64_t rows, int64_t cols, int64_t batch)
{
    if (form.view == VIEW_PLAIN) return rows * cols * batch;
    return (rows + 5) * (cols + 5) * (batch > 0 ? batch : 1) +
           (form.view == VIEW_INTERLEAVED ? 4 * (rows + cols) : 0) + 8;
}

int64_t element_offset(const struct operand *op, int64_t b, int64_t i, int64_t j)
{
    const ritz_dmat A = op->mat;
    const int64_t index =
        b * A.batch_stride + (A.layout == RITZ_COL_MAJOR ? i + j * A.ld : i * A.ld + j);
    return (int64_t)((const char *)A.data - (const char *)op->raw.data) +
           index * (int64_t)ritz_dtype_size(A.dtype);
}

void scene_begin(struct scene *sc, const struct place *p)
{
    memset(sc, 0, sizeof *sc);
    sc->place = p;
}

struct operand *add(struct scene *sc, const char *name, enum role role, ritz_dtype dtype,
                    struct form form, int64_t rows, int64_t cols, int64_t batch,
                    enum sharing sharing, const omat *items)
{
    const int64_t stored = sharing == SHARE_NONE ? batch : 1;
    const int64_t size = (int64_t)ritz_dtype_size(dtype);
    struct operand *op = &sc->operand[sc->count++];
    op->name = name;
    op->role = role;
    op->bytes = room_for(form, rows, cols, stored) * size + 2 * GUARD;
    op->before = must_allocate((size_t)op->bytes);
    op->after = must_allocate((size_t)op->bytes);
    memset(op->before, UNWRITTEN, (size_t)op->bytes);
    if (ritz_dmat_create(sc->place->s, RITZ_U8, RITZ_COL_MAJOR, op->bytes, 1, &op->raw) !=
        RITZ_OK) {
        fprintf(stderr, "conformance: %s\n", ritz_last_error());
        exit(1);
    }
    op->mat =
        lay_out(sc->place->dev, (char *)op->raw.data + GUARD, dtype, form, rows, cols, stored);
    for (int64_t b = 0; items && b < stored; b++)
        for (int64_t j = 0; j < cols; j++)
            for (int64_t i = 0; i < rows; i++)
                store_element(dtype, op->before + element_offset(op, b, i, j),
                              OMAT_AT(items[b], i, j));
    if (sharing == SHARE_STRIDE) {
        op->mat.batch = batch;
        op->mat.batch_stride = 0;
    }
    return op;
}

struct operand *add_input(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                          int64_t batch, enum sharing sharing, const omat *items)
{
    return add(sc, name, ROLE_INPUT, dtype, form, items[0].rows, items[0].cols, batch, sharing,
               items);
}

struct operand *add_output(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                           int64_t rows, int64_t cols, int64_t batch)
{
    return add(sc, name, ROLE_OUTPUT, dtype, form, rows, cols, batch, SHARE_NONE, NULL);
}

struct operand *add_inout(struct scene *sc, const char *name, ritz_dtype dtype, struct form form,
                          int64_t batch, const omat *items)
{
    return add(sc, name, ROLE_INOUT, dtype, form, items[0].rows, items[0].cols, batch, SHARE_NONE,
               items);
}

struct operand *add_info(struct scene *sc, struct form form, int64_t batch)
{
    return add(sc, "info", ROLE_OUTPUT, RITZ_I32, form, batch, 1, 1, SHARE_NONE, NULL);
}

/* ---- to the device and back ---- */

static ritz_hmat host_view(unsigned char *p, int64_t bytes)
{
    return ritz_hmat_wrap(p, RITZ_U8, bytes, 1, RITZ_COL_MAJOR);
}

void scene_upload(struct scene *sc)
{
    for (int i = 0; i < sc->count; i++) {
        struct operand *op = &sc->operand[i];
        (void)expect_ok(ritz_upload(sc->place->s, host_view(op->before, op->bytes), op->raw));
    }
    (void)expect_ok(ritz_stream_sync(sc->place->s));
}

static bool download(struct scene *sc)
{
    bool ok = true;
    for (int i = 0; i < sc->count; i++) {
        struct operand *op = &sc->operand[i];
        ok = expect_ok(ritz_download(sc->place->s, op->raw, host_view(op->after, op->bytes))) && ok;
    }
    return expect_ok(ritz_stream_sync(sc->place->s)) && ok;
}

/* The first byte that changed although it is no element of an output; -1 if there is none. */
static int64_t first_trespass(const struct operand *op)
{
    if (memcmp(op->before, op->after, (size_t)op->bytes) == 0) return -1;
    unsigned char *may_change = must_allocate((size_t)op->bytes);
    memset(may_change, 0, (size_t)op->bytes);
    const size_t size = ritz_dtype_size(op->mat.dtype);
    for (int64_t b = 0; op->role != ROLE_INPUT && b < op->mat.batch; b++)
        for (int64_t j = 0; j < op->mat.cols; j++)
            for (int64_t i = 0; i < op->mat.rows; i++)
                memset(may_change + element_offset(op, b, i, j), 1, size);
    int64_t found = -1;
    for (int64_t i = 0; found < 0 && i < op->bytes; i++)
        if (!may_change[i] && op->before[i] != op->after[i]) found = i;
    free(may_change);
    return found;
}

bool scene_collect(struct scene *sc, ritz_status call, ritz_status code, const char *words)
{
    ritz_stream *s = sc->place->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    bool ok = expect_ok(call);
    ok = expect(mark.chunk == 0 && mark.used == 0, "the workspace was not given back") && ok;
    const ritz_status status = ritz_stream_sync(s);
    ok = (code == RITZ_OK ? expect_ok(status) : expect_error(status, code, words)) && ok;
    if (!download(sc)) return false;
    for (int i = 0; i < sc->count; i++) {
        const struct operand *op = &sc->operand[i];
        const int64_t byte = first_trespass(op);
        ok = expect(byte < 0, "%s: byte %lld of its buffer changed (0x%02x was 0x%02x), %s",
                    op->name, (long long)byte, byte < 0 ? 0 : op->after[byte],
                    byte < 0 ? 0 : op->before[byte],
                    op->role == ROLE_INPUT ? "but it is an input" : "which is not an element") &&
             ok;
    }
    return ok;
}

bool scene_finish(struct scene *sc, ritz_status call)
{
    return scene_collect(sc, call, RITZ_OK, NULL);
}

void scene_end(struct scene *sc)
{
    for (int i = 0; i < sc->count; i++) {
        struct operand *op = &sc->operand[i];
        (void)expect_ok(ritz_dmat_destroy(sc->place->s, &op->raw));
        free(op->before);
        free(op->after);
    }
    (void)expect_ok(ritz_stream_sync(sc->place->s));
    sc->count = 0;
}

/* ---- reading ---- */

static omat item_of(const struct operand *op, const unsigned char *image, int64_t b)
{
    omat M = omat_create(op->mat.rows, op->mat.cols);
    if (op->mat.batch == 1) b = 0;
    for (int64_t j = 0; j < M.cols; j++)
        for (int64_t i = 0; i < M.rows; i++)
            OMAT_AT(M, i, j) = load_element(op->mat.dtype, image + element_offset(op, b, i, j));
    return M;
}

omat item_before(const struct operand *op, int64_t b)
{
    return item_of(op, op->before, b);
}

omat item_after(const struct operand *op, int64_t b)
{
    return item_of(op, op->after, b);
}

int64_t info_after(const struct operand *op, int64_t i)
{
    return (int64_t)load_element(RITZ_I32, op->after + element_offset(op, 0, i, 0));
}

static bool in_part(ritz_uplo part, int64_t i, int64_t j)
{
    return part == RITZ_BOTH || (part == RITZ_LOWER ? i >= j : i <= j);
}

void expect_other_triangle_kept(const struct operand *op, ritz_uplo uplo)
{
    const size_t size = ritz_dtype_size(op->mat.dtype);
    bool kept = true;
    for (int64_t b = 0; b < op->mat.batch; b++)
        for (int64_t j = 0; j < op->mat.cols; j++)
            for (int64_t i = 0; i < op->mat.rows; i++) {
                const int64_t at = element_offset(op, b, i, j);
                if (!in_part(uplo, i, j) && memcmp(op->before + at, op->after + at, size) != 0)
                    kept = false;
            }
    (void)expect(kept, "the other triangle of %s was changed", op->name);
}

void expect_kept(const struct operand *op)
{
    (void)expect(memcmp(op->before, op->after, (size_t)op->bytes) == 0, "%s was changed", op->name);
}

bool item_is_nan(const struct operand *op, int64_t b, ritz_uplo part)
{
    for (int64_t j = 0; j < op->mat.cols; j++)
        for (int64_t i = 0; i < op->mat.rows; i++)
            if (in_part(part, i, j) &&
                !isnan(load_element(op->mat.dtype, op->after + element_offset(op, b, i, j))))
                return false;
    return true;
}

bool same_bits(const struct operand *a, const struct operand *b)
{
    const size_t size = ritz_dtype_size(a->mat.dtype);
    for (int64_t item = 0; item < a->mat.batch; item++)
        for (int64_t j = 0; j < a->mat.cols; j++)
            for (int64_t i = 0; i < a->mat.rows; i++)
                if (memcmp(a->after + element_offset(a, item, i, j),
                           b->after + element_offset(b, item, i, j), size) != 0)
                    return false;
    return true;
}
