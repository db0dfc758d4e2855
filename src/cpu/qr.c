/* Householder QR by LAPACK.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lapack.h"

/* Reflectors that are applied as one block. */
enum { APPLY_BLOCK = 32 };

struct qr_arguments {
    int m, n, reflectors;
    struct cpu_operand A, tau;
    int64_t tau_stride; /* between the elements of one vector */
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes, work; /* a vector of reflectors' factors, and LAPACK's workspace behind it */
    int lwork;
};

struct geqp3_arguments {
    struct qr_arguments qr;
    int32_t *pivots;
    int64_t pivots_item, pivots_stride; /* elements between the items' vectors, and in one */
    size_t order;                       /* LAPACK's pivots, in the scratch */
};

struct ormqr_arguments {
    int m, n, reflectors; /* C is m x n */
    int transposed;
    struct cpu_operand A, tau, C;
    int64_t tau_stride;
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes, factor, work; /* tau; the triangular factor of a block; n x APPLY_BLOCK */
};

#define TEMPLATE "cpu/qr.inc"
#include "cpu/real_types.inc"

/* A factorization is a chain of products, each of a small part of the work: several threads serve
 * one matrix only from so many times the usual work on. */
enum { STEPS = 50 };

static struct qr_arguments qr_arguments(ritz_stream *s, ritz_dmat A, ritz_dmat tau, double flops)
{
    return (struct qr_arguments){
        .m = cpu_int(A.rows),
        .n = cpu_int(A.cols),
        .reflectors = cpu_int(tau.rows),
        .A = cpu_operand(A),
        .tau = cpu_operand(tau),
        .tau_stride = cpu_vector_stride(tau),
        .items = cpu_items_plan(s, A.batch, A.batch > 1 ? flops : flops / STEPS),
    };
}

static ritz_status enqueue_qr(ritz_stream *s, struct qr_arguments *q, ritz_dtype dtype, cpu_job job)
{
    const size_t element = ritz_dtype_size(dtype);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&q->slot_bytes, q->reflectors, element);
    q->work = cpu_piece(&q->slot_bytes, q->lwork, element);
    RITZ_TRY(ritz_work_bytes(s, (size_t)q->items.slots * q->slot_bytes, &scratch));
    q->scratch = scratch;
    const ritz_status status = cpu_enqueue(s, job, q, sizeof *q);
    ritz_work_release(s, mark);
    return status;
}

ritz_status cpu_geqrf(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    if (ritz_empty(A)) return RITZ_OK;
    const double m = (double)A.rows, n = (double)A.cols, k = (double)tau.rows;
    struct qr_arguments q = qr_arguments(s, A, tau, 2.0 * m * n * k);
    const int f64 = A.dtype == RITZ_F64;
    q.lwork = f64 ? geqrf_lwork_f64(&q) : geqrf_lwork_f32(&q);
    return enqueue_qr(s, &q, A.dtype, f64 ? geqrf_run_f64 : geqrf_run_f32);
}

ritz_status cpu_geqp3(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat tau)
{
    if (A.cols == 0 || A.batch == 0) return RITZ_OK;
    const double m = (double)A.rows, n = (double)A.cols, k = (double)tau.rows;
    const size_t element = ritz_dtype_size(A.dtype);
    struct geqp3_arguments q = {
        .qr = qr_arguments(s, A, tau, 4.0 * m * n * k),
        .pivots = pivots.data,
        .pivots_item = pivots.batch > 1 ? pivots.batch_stride : 0,
        .pivots_stride = cpu_vector_stride(pivots),
    };
    q.qr.lwork = A.dtype == RITZ_F64 ? geqp3_lwork_f64(&q.qr) : geqp3_lwork_f32(&q.qr);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&q.qr.slot_bytes, q.qr.reflectors, element);
    q.order = cpu_piece(&q.qr.slot_bytes, q.qr.n, sizeof(lapack_int));
    q.qr.work = cpu_piece(&q.qr.slot_bytes, q.qr.lwork, element);
    RITZ_TRY(ritz_work_bytes(s, (size_t)q.qr.items.slots * q.qr.slot_bytes, &scratch));
    q.qr.scratch = scratch;
    const ritz_status status =
        cpu_enqueue(s, A.dtype == RITZ_F64 ? geqp3_run_f64 : geqp3_run_f32, &q, sizeof q);
    ritz_work_release(s, mark);
    return status;
}

ritz_status cpu_orgqr(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    if (ritz_empty(A)) return RITZ_OK;
    const double m = (double)A.rows, n = (double)A.cols;
    struct qr_arguments q = qr_arguments(s, A, tau, 4.0 * m * n * (double)tau.rows);
    const int f64 = A.dtype == RITZ_F64;
    q.lwork = f64 ? orgqr_lwork_f64(&q) : orgqr_lwork_f32(&q);
    return enqueue_qr(s, &q, A.dtype, f64 ? orgqr_run_f64 : orgqr_run_f32);
}

ritz_status cpu_ormqr(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau, ritz_dmat C)
{
    if (ritz_empty(C) || tau.rows == 0) return RITZ_OK;
    const size_t element = ritz_dtype_size(C.dtype);
    struct ormqr_arguments q = {
        .m = cpu_int(C.rows),
        .n = cpu_int(C.cols),
        .reflectors = cpu_int(tau.rows),
        .transposed = which == RITZ_APPLY_Q_TRANSPOSED,
        .A = cpu_operand(A),
        .tau = cpu_operand(tau),
        .C = cpu_operand(C),
        .tau_stride = cpu_vector_stride(tau),
        .items =
            cpu_items_plan(s, C.batch, 4.0 * (double)C.rows * (double)C.cols * (double)tau.rows),
    };
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&q.slot_bytes, q.reflectors, element);
    q.factor = cpu_piece(&q.slot_bytes, (int64_t)APPLY_BLOCK * APPLY_BLOCK, element);
    q.work = cpu_piece(&q.slot_bytes, (int64_t)q.n * APPLY_BLOCK, element);
    RITZ_TRY(ritz_work_bytes(s, (size_t)q.items.slots * q.slot_bytes, &scratch));
    q.scratch = scratch;
    const ritz_status status =
        cpu_enqueue(s, C.dtype == RITZ_F64 ? ormqr_run_f64 : ormqr_run_f32, &q, sizeof q);
    ritz_work_release(s, mark);
    return status;
}
