/* Cholesky factorization with diagonal pivoting, of as many columns as are asked for.
 *
 * A step takes the largest remaining diagonal element, brings it to the front by interchanging rows
 * and columns, and computes one column of L. The remaining diagonal is kept in float64, so that its
 * sum is the trace of what L lacks, whatever rounding L has. Few columns are computed one by one
 * from those before (left-looking); many in blocks, after each of which the rest of the matrix is
 * brought up to date (Lucas 2004, LAPACK's pstrf).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cpu/lapack.h"

/* Columns of a block, and how many times fewer columns than rows are few: a column then costs less
 * by itself than its part of bringing the matrix up to date. */
enum { BLOCK = 64, FEW = 8 };

struct pstrf {
    int n, steps;
    double rtol, atol;
    struct cpu_operand A;
    struct cpu_view F, pivots, rank, error, info;
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes, order; /* the remaining diagonal; and the order of the rows */
};

/* An item at work. */
struct remaining {
    double *diagonal;
    int32_t *order;
    double tolerance;
    int count; /* of all rows */
};

/* The largest remaining element from `first` on, or -1 if it is within the tolerance; *info is set
 * if one is too negative (or NaN, after an overflow). */
static int find_pivot(const struct remaining *r, int first, int *info)
{
    int at = -1;
    double largest = r->tolerance;
    for (int i = first; i < r->count; i++) {
        if (!(r->diagonal[i] >= -r->tolerance)) *info = first + 1;
        if (r->diagonal[i] > largest) {
            largest = r->diagonal[i];
            at = i;
        }
    }
    return at;
}

static void exchange_rows(const struct remaining *r, int i, int k)
{
    const double d = r->diagonal[i];
    const int32_t o = r->order[i];
    r->diagonal[i] = r->diagonal[k];
    r->diagonal[k] = d;
    r->order[i] = r->order[k];
    r->order[k] = o;
}

static double sum_from(const struct remaining *r, int first)
{
    double sum = 0;
    for (int i = first; i < r->count; i++) sum += r->diagonal[i];
    return sum;
}

#define TEMPLATE "cpu/pstrf.inc"
#include "cpu/real_types.inc"

ritz_status cpu_pstrf(ritz_stream *s, double rtol, double atol, ritz_dmat A, ritz_dmat F,
                      ritz_dmat pivots, ritz_dmat rank, ritz_dmat error, ritz_dmat info)
{
    if (A.batch == 0) return RITZ_OK;
    const double n = (double)A.rows, k = (double)F.cols;
    struct pstrf p = {
        .n = cpu_int(A.rows),
        .steps = cpu_int(F.cols),
        .rtol = rtol,
        .atol = atol,
        .A = cpu_operand(A),
        .F = cpu_view_of(F),
        .pivots = cpu_view_of(pivots),
        .rank = cpu_view_of(rank),
        .error = cpu_view_of(error),
        .info = cpu_view_of(info),
        .items = cpu_items_plan(s, A.batch, n * k * k + n),
    };
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&p.slot_bytes, A.rows, sizeof(double));
    p.order = cpu_piece(&p.slot_bytes, A.rows, sizeof(int32_t));
    RITZ_TRY(ritz_work_bytes(s, (size_t)p.items.slots * p.slot_bytes, &scratch));
    p.scratch = scratch;
    const ritz_status status =
        cpu_enqueue(s, A.dtype == RITZ_F64 ? pstrf_run_f64 : pstrf_run_f32, &p, sizeof p);
    ritz_work_release(s, mark);
    return status;
}
