/* Which methods are tried for a least squares problem, and why.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "algo/lstsq_call.h"

enum { TALL = 4 };

static const char *const names[] = {
    [RITZ_LSTSQ_AUTO] = "auto",
    [RITZ_LSTSQ_NORMAL] = "normal",
    [RITZ_LSTSQ_QR] = "qr",
    [RITZ_LSTSQ_SKETCH_QR] = "sketch_qr",
    [RITZ_LSTSQ_SKETCH_CG] = "sketch_cg",
    [RITZ_LSTSQ_SKETCH_CG_FIXED] = "sketch_cg_fixed",
    [RITZ_LSTSQ_SKETCH_SOLVE] = "sketch_solve",
    [RITZ_LSTSQ_MINNORM] = "minnorm",
    [RITZ_LSTSQ_TSQR] = "tsqr",
    [RITZ_LSTSQ_LSMR] = "lsmr",
};

const char *lstsq_method_name(ritz_lstsq_method method)
{
    return names[method];
}

void lstsq_explain(struct lstsq_call *c, ritz_lstsq_reason code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    c->p.r.reason_code = code;
    (void)vsnprintf(c->p.r.reason, sizeof c->p.r.reason, format, arguments);
    va_end(arguments);
}

int64_t lstsq_sketch_least_rows(int64_t n)
{
    return 2 * n + 128;
}

static void then(struct lstsq_call *c, ritz_lstsq_method method)
{
    c->chain[c->length++] = method;
}

/* Full rank, whatever the condition; then any rank. */
static void then_stable(struct lstsq_call *c)
{
    const int64_t n = c->data.n;
    const int streams = c->data.feed_a != NULL;
    const int tall = c->rows >= TALL * n && c->rows >= lstsq_sketch_least_rows(n);
    if (tall && lstsq_rows_can_repeat(c->p.rows))
        then(c, RITZ_LSTSQ_SKETCH_QR);
    else if (c->rows >= n)
        then(c, streams ? RITZ_LSTSQ_TSQR : RITZ_LSTSQ_QR);
    if (!streams || c->length == 0 || lstsq_rows_can_repeat(c->p.rows)) then(c, RITZ_LSTSQ_MINNORM);
}

static void choose_streaming(struct lstsq_call *c)
{
    const int64_t m = c->data.m, n = c->data.n;
    then_stable(c);
    if (c->rows < n)
        lstsq_explain(c, RITZ_LSTSQ_UNDERDETERMINED, "%" PRId64 " rows < %" PRId64 " columns", m,
                      n);
    else if (!lstsq_rows_can_repeat(c->p.rows))
        lstsq_explain(c, RITZ_LSTSQ_OUT_OF_CORE,
                      "%" PRId64 " x %" PRId64 " data that can be read once only", m, n);
    else
        lstsq_explain(c, RITZ_LSTSQ_OUT_OF_CORE,
                      "%" PRId64 " x %" PRId64 " data that is read in blocks of rows", m, n);
}

static ritz_status choose_tall(struct lstsq_call *c)
{
    const double limit = lstsq_normal_limit(c->data.dtype);
    const int64_t m = c->rows, n = c->data.n;
    if (c->opts.digits > 0 && c->opts.digits <= 2 && m / 2 >= lstsq_sketch_solve_rows(n)) {
        then(c, RITZ_LSTSQ_SKETCH_SOLVE);
        lstsq_explain(c, RITZ_LSTSQ_LOW_ACCURACY, "%d digits are enough", c->opts.digits);
        then_stable(c);
        return RITZ_OK;
    }
    if (isnan(c->pilot)) RITZ_TRY(lstsq_pilot(&c->p, &c->pilot));
    if (c->pilot <= limit) {
        then(c, RITZ_LSTSQ_NORMAL);
        lstsq_explain(c, RITZ_LSTSQ_WELL_CONDITIONED,
                      "tall (%" PRId64 " x %" PRId64 ") and well-conditioned", m, n);
    } else {
        lstsq_explain(c, RITZ_LSTSQ_TALL,
                      "tall (%" PRId64 " x %" PRId64
                      "), and a sample of its rows has condition %.1e > "
                      "%.0e",
                      m, n, c->pilot, limit);
    }
    then_stable(c);
    return RITZ_OK;
}

static ritz_status choose(struct lstsq_call *c)
{
    const int64_t m = c->rows, n = c->data.n;
    c->length = 0;
    if (c->data.s == 0) {
        then(c, RITZ_LSTSQ_MINNORM);
        lstsq_explain(c, RITZ_LSTSQ_NOT_TALL, "there are no right-hand sides");
        return RITZ_OK;
    }
    if (c->opts.method != RITZ_LSTSQ_AUTO) {
        then(c, c->opts.method);
        lstsq_explain(c, RITZ_LSTSQ_REASON_ASKED, "asked for");
        if (c->opts.method == RITZ_LSTSQ_QR || c->opts.method == RITZ_LSTSQ_SKETCH_QR)
            then(c, RITZ_LSTSQ_MINNORM);
        else if (c->opts.method != RITZ_LSTSQ_MINNORM)
            then_stable(c);
        return RITZ_OK;
    }
    if (c->data.feed_a != NULL) {
        choose_streaming(c);
        return RITZ_OK;
    }
    if (m >= TALL * n) return choose_tall(c);
    if (m < n)
        lstsq_explain(c, RITZ_LSTSQ_UNDERDETERMINED, "%" PRId64 " rows < %" PRId64 " columns", m,
                      n);
    else
        lstsq_explain(c, RITZ_LSTSQ_NOT_TALL,
                      "%" PRId64 " rows are fewer than %d times %" PRId64 " columns", m, TALL, n);
    then_stable(c);
    return RITZ_OK;
}

/* Ahead of the normal equations and of sketched QR: one of them with factors in float32. */
static void prefer_mixed(struct lstsq_call *c)
{
    const int64_t n = c->data.n;
    ritz_lstsq_method method = c->chain[0];
    c->mixed = 0;
    if (!c->opts.mixed || c->data.dtype != RITZ_F64 || !lstsq_rows_can_repeat(c->p.rows)) return;
    if (method != RITZ_LSTSQ_NORMAL && method != RITZ_LSTSQ_SKETCH_QR) return;
    if (method == RITZ_LSTSQ_NORMAL && c->pilot > lstsq_mixed_limit(method)) {
        if (c->rows < lstsq_sketch_least_rows(n)) return;
        method = RITZ_LSTSQ_SKETCH_QR;
        lstsq_explain(c, RITZ_LSTSQ_TALL,
                      "tall (%" PRId64 " x %" PRId64
                      "), and a sample of its rows has condition %.1e, too large for normal "
                      "equations in float32",
                      c->rows, n, c->pilot);
    }
    for (int i = c->length++; i > 0; i--) c->chain[i] = c->chain[i - 1];
    c->chain[0] = method;
    c->mixed = 1;
}

ritz_status lstsq_choose(struct lstsq_call *c)
{
    RITZ_TRY(choose(c));
    prefer_mixed(c);
    return RITZ_OK;
}
