/* Symmetric eigenproblem: reduction to tridiagonal form T = Qᵀ A Q, eigenpairs of T, vectors back
 * by Q.
 *
 * All of T's eigenpairs come from divide and conquer, a part of them from bisection and inverse
 * iteration, which is also what is tried where the former does not converge. LAPACK's own drivers
 * (syevd, syevr) go the same way with more copies: the steps are called one by one, and the vectors
 * are born in Z.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "cpu/lapack.h"
#include "cpu/tridiagonal.h"

struct syev_arguments {
    int n, first, count;
    int narrow;       /* the vectors of T are computed in float64 and are wanted in float32 */
    int vectors, all; /* all: divide and conquer for the vectors, QL iteration for values alone */
    struct cpu_operand A, W, Z;
    int64_t w_stride; /* between the elements of W */
    struct cpu_info info;
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes;
    size_t d, e, tau;            /* T and the reflectors' factors */
    size_t d64, e64, w64, range; /* the same T in float64, and what cpu_tridiagonal_range needs */
    size_t z64;                  /* vectors of T in float64, for float32 */
    size_t z;                    /* all vectors of T, where Z takes a part of them */
    size_t work, integers;
    int lwork, liwork;
};

/* The part of the eigenpairs from which on computing all of them is faster, measured at n = 784:
 * inverse iteration works in float64 and orthogonalises, divide and conquer in float32 takes half
 * the time. */
#define ALL_FRACTION_F64 0.2
#define ALL_FRACTION_F32 0.125

/* Reflectors in a block of the back-transformation; measured at n = 2000: 12 % faster than 32. */
enum { BACK_BLOCK = 128 };

#define TEMPLATE "cpu/eig.inc"
#include "cpu/real_types.inc"

/* Where each piece of the scratch of a slot lies. */
static void lay_out(struct syev_arguments *g, size_t element)
{
    const int64_t n = g->n, count = g->count;
    size_t *bytes = &g->slot_bytes;
    g->d = cpu_piece(bytes, n, element);
    g->e = cpu_piece(bytes, n, element);
    g->tau = cpu_piece(bytes, n, element);
    g->d64 = cpu_piece(bytes, n, sizeof(double));
    g->e64 = cpu_piece(bytes, n, sizeof(double));
    g->w64 = cpu_piece(bytes, count, sizeof(double));
    g->range = cpu_piece(bytes, (int64_t)cpu_tridiagonal_bytes(n, count), 1);
    g->z64 = cpu_piece(bytes, g->narrow ? n * count : 0, sizeof(double));
    g->z = cpu_piece(bytes, g->vectors && g->all && count < n ? n * n : 0, element);
    g->work = cpu_piece(bytes, g->lwork, element);
    g->integers = cpu_piece(bytes, g->liwork, sizeof(int));
}

ritz_status cpu_syev(ritz_stream *s, ritz_dmat A, int64_t first, ritz_dmat W, ritz_dmat Z,
                     ritz_dmat info)
{
    if (ritz_empty(A) || W.rows == 0) return cpu_fill(s, 0.0, info);
    const int f64 = A.dtype == RITZ_F64, vectors = ritz_present(Z);
    const double n = (double)A.rows, count = (double)W.rows;
    const double flops = n * n * (4.0 / 3.0 * n + (vectors ? 2.0 * count + 4.0 * n : 0.0));
    struct syev_arguments g = {
        .n = cpu_int(A.rows),
        .first = cpu_int(first),
        .count = cpu_int(W.rows),
        .narrow = vectors && !f64,
        .vectors = vectors,
        .all = count > (f64 ? ALL_FRACTION_F64 : ALL_FRACTION_F32) * n,
        .A = cpu_operand(A),
        .W = cpu_operand(W),
        .Z = cpu_operand(Z),
        .w_stride = cpu_vector_stride(W),
        .info = cpu_info(info),
        .items = cpu_items_plan(s, A.batch, flops),
    };
    if (f64)
        syev_work_f64(&g);
    else
        syev_work_f32(&g);
    lay_out(&g, ritz_dtype_size(A.dtype));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    RITZ_TRY(ritz_work_bytes(s, (size_t)g.items.slots * g.slot_bytes, &scratch));
    g.scratch = scratch;
    const ritz_status status = cpu_enqueue(s, f64 ? syev_run_f64 : syev_run_f32, &g, sizeof g);
    ritz_work_release(s, mark);
    return status;
}
