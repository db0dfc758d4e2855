/* Upload, download, copy and fill: every pair of data types, every form, nothing but the elements
 * written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

static const ritz_dtype dtypes[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_BF16,
                                    RITZ_I8,  RITZ_U8,  RITZ_I32, RITZ_I64};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

enum route { UPLOAD, DOWNLOAD, COPY, ROUTES };
static const char *const route_names[] = {"upload", "download", "copy"};

/* Where conversions can go wrong: ties, limits of each type and their neighbours, subnormals,
 * signs, what is not finite. */
static const long double values[] = {
    0,
    -0.0L,
    1,
    -1,
    0.5L,
    1.5L,
    2.5L,
    -0.5L,
    -1.5L,
    -2.5L,
    0.49999999L,
    3,
    100,
    -100,
    127,
    127.5L,
    128,
    -128,
    -128.5L,
    -129,
    254.5L,
    255,
    255.5L,
    256,
    -0.1L,
    2047,
    2048,
    2049,
    2051,
    65504,
    65519,
    65520,
    -65520,
    16777215,
    16777216,
    16777217,
    16777219,
    2147483646,
    2147483647,
    2147483648.0L,
    -2147483648.0L,
    -2147483649.0L,
    9007199254740993.0L,
    9223372036854775807.0L,
    9223372036854775808.0L,
    -9223372036854775808.0L,
    1e19L,
    -1e19L,
    1e30L,
    -1e30L,
    1e300L,
    0x1p-14L,
    0x1p-24L,
    0x1p-25L,
    0x1.8p-25L,
    0x1p-126L,
    0x1p-149L,
    0x1p-150L,
    1e-300L,
    1.00048828125L,
    1.0009765625L,
    1.00390625L,
    1.001953125L,
    0.1L,
    1 / 3.0L,
    3.14159265358979323846L,
};
enum { VALUES = sizeof values / sizeof values[0] };

static omat value_table(int64_t rows, int64_t cols, bool with_specials)
{
    omat A = omat_create(rows, cols);
    for (int64_t i = 0; i < rows * cols; i++) A.a[i] = values[i % VALUES];
    if (with_specials) {
        A.a[0] = (long double)NAN;
        A.a[1] = (long double)INFINITY;
        A.a[2] = -(long double)INFINITY;
    }
    return A;
}

static bool is_float(ritz_dtype dtype)
{
    return dtype == RITZ_F32 || dtype == RITZ_F64 || dtype == RITZ_F16 || dtype == RITZ_BF16;
}

/* The host's description of an operand's buffer. */
static ritz_hmat host_of(const struct operand *op, unsigned char *image)
{
    ritz_hmat H = ritz_hmat_wrap(image + element_offset(op, 0, 0, 0), op->mat.dtype, op->mat.rows,
                                 op->mat.cols, op->mat.layout);
    H.ld = op->mat.ld;
    H.batch = op->mat.batch;
    H.batch_stride = op->mat.batch_stride;
    return H;
}

/* Every element of B is that of A, converted. */
static bool converted(const struct operand *A, const struct operand *B)
{
    const size_t size = ritz_dtype_size(B->mat.dtype);
    for (int64_t b = 0; b < B->mat.batch; b++)
        for (int64_t j = 0; j < B->mat.cols; j++)
            for (int64_t i = 0; i < B->mat.rows; i++) {
                const int64_t from = A->mat.batch == 1 ? 0 : b;
                const long double x =
                    load_element(A->mat.dtype, A->before + element_offset(A, from, i, j));
                const unsigned char *got = B->after + element_offset(B, b, i, j);
                unsigned char want[8];
                store_element(B->mat.dtype, want, x);
                if (isnan(x) && is_float(B->mat.dtype)) {
                    if (isnan(load_element(B->mat.dtype, got))) continue;
                } else if (memcmp(got, want, size) == 0) {
                    continue;
                }
                (void)expect(false,
                             "element (%lld, %lld) of item %lld: %.21Lg became %.21Lg, not %.21Lg",
                             (long long)i, (long long)j, (long long)b, x,
                             load_element(B->mat.dtype, got), load_element(B->mat.dtype, want));
                return false;
            }
    return true;
}

static void move_one(const struct place *p, enum route route, ritz_dtype from, ritz_dtype to,
                     struct form fa, struct form fb, int64_t rows, int64_t cols, int64_t batch,
                     enum sharing sharing)
{
    if (!begin_case(p, "%s %s->%s %lldx%lld batch %lld from %s %s to %s", route_names[route],
                    ritz_dtype_name(from), ritz_dtype_name(to), (long long)rows, (long long)cols,
                    (long long)batch, form_name(fa), sharing_name(sharing), form_name(fb)))
        return;
    omat *items = calloc((size_t)batch + 1, sizeof *items);
    if (!items) abort();
    for (int64_t b = 0; b < batch + 1; b++)
        items[b] = value_table(rows, cols, rows * cols > 3 && is_float(from) && b == 0);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add(&sc, "A", ROLE_INPUT, from, fa, rows, cols, batch, sharing, items);
    struct operand *B = add(&sc, "B", ROLE_OUTPUT, to, fb, rows, cols, batch, SHARE_NONE, NULL);
    scene_upload(&sc);
    ritz_status call;
    switch (route) {
    case UPLOAD: call = ritz_upload(p->s, host_of(A, A->before), B->mat); break;
    case DOWNLOAD: call = ritz_download(p->s, A->mat, host_of(B, B->before)); break;
    default: call = ritz_copy(p->s, A->mat, B->mat); break;
    }
    if (route == DOWNLOAD) {
        /* The result is in the image on the host: send it where the checks look for it. */
        unsigned char *result = B->before;
        unsigned char *blank = malloc((size_t)B->bytes);
        if (!blank) abort();
        memset(blank, 0xFF, (size_t)B->bytes);
        (void)expect_ok(call);
        (void)expect_ok(ritz_stream_sync(p->s));
        (void)expect_ok(ritz_upload(
            p->s, ritz_hmat_wrap(result, RITZ_U8, B->bytes, 1, RITZ_COL_MAJOR), B->raw));
        (void)expect_ok(ritz_stream_sync(p->s));
        B->before = blank;
        free(result);
    }
    if (scene_finish(&sc, call)) (void)expect(converted(A, B), "the conversion is wrong");
    scene_end(&sc);
    free_items(items, batch + 1);
}

/* ---- fill ---- */

static void fill_one(const struct place *p, ritz_dtype dtype, double value, struct form form,
                     int64_t rows, int64_t cols, int64_t batch)
{
    if (!begin_case(p, "fill %s %g %lldx%lld batch %lld %s", ritz_dtype_name(dtype), value,
                    (long long)rows, (long long)cols, (long long)batch, form_name(form)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_output(&sc, "A", dtype, form, rows, cols, batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_fill(p->s, value, A->mat))) {
        unsigned char want[8];
        bool right = true;
        store_element(dtype, want, value);
        for (int64_t b = 0; b < batch; b++)
            for (int64_t j = 0; j < cols; j++)
                for (int64_t i = 0; i < rows; i++) {
                    const unsigned char *got = A->after + element_offset(A, b, i, j);
                    right = right && (isnan(value) && is_float(dtype)
                                          ? (bool)isnan(load_element(dtype, got))
                                          : memcmp(got, want, ritz_dtype_size(dtype)) == 0);
                }
        (void)expect(right, "an element is not the value");
    }
    scene_end(&sc);
}

void test_transfer(const struct place *p)
{
    static const int64_t shapes[][3] = {{0, 3, 1}, {3, 0, 2},   {2, 3, 0},   {1, 1, 1},
                                        {2, 3, 3}, {33, 31, 1}, {307, 2, 1}, {3, 101, 2}};
    static const double fills[] = {0,   -0.0, 1,     2.5,         -3.5,
                                   300, 1e10, 1e300, (double)NAN, -(double)INFINITY};
    int turn = 0;
    for (int route = 0; route < ROUTES; route++)
        for (int from = 0; from < DTYPES; from++)
            for (int to = 0; to < DTYPES; to++) {
                /* All forms for one shape, all shapes for some forms. */
                struct forms walk = forms_of(2, from == to || full_level() ? 0 : 9);
                while (next_forms(&walk))
                    move_one(p, (enum route)route, dtypes[from], dtypes[to], walk.f[0], walk.f[1],
                             7, 11, 1, SHARE_NONE);
                for (int s = 0; s < 8; s++) {
                    walk = forms_of(2, 2);
                    for (; next_forms(&walk); turn++)
                        move_one(p, (enum route)route, dtypes[from], dtypes[to], walk.f[0],
                                 walk.f[1], shapes[s][0], shapes[s][1], shapes[s][2],
                                 shapes[s][2] > 1 && route == COPY ? (enum sharing)(turn % 3)
                                                                   : SHARE_NONE);
                }
                const struct form side = {(ritz_layout)(to % 2), VIEW_INTERLEAVED};
                move_one(p, (enum route)route, dtypes[from], dtypes[to], side, side, 3, 4, 3,
                         SHARE_NONE);
            }
    for (int t = 0; t < DTYPES; t++)
        for (size_t f = 0; f < sizeof fills / sizeof fills[0]; f++)
            for (int s = 0; s < 8; s++) {
                struct forms walk = forms_of(1, s == 4 ? 0 : 2);
                while (next_forms(&walk))
                    fill_one(p, dtypes[t], fills[f], walk.f[0], shapes[s][0], shapes[s][1],
                             shapes[s][2]);
            }
}
