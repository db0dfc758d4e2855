/* Linear operators applied to blocks of vectors, Y = A X or Y = Aᵀ X.
 *
 * A centred matrix A - 1 μᵀ is never formed: blocks of its rows, C_i = A_i - 1 μᵀ, are staged one
 * after the other, so that no digits are lost when |μ| is large beside the spread of A (the
 * correction Y = A X - 1 (μᵀX) would lose them):
 *
 *     (A - 1 μᵀ) X   = [C_1 X; C_2 X; ...]
 *     (A - 1 μᵀ)ᵀ X  = sum_i C_iᵀ X_i
 *
 * Memory traffic of one application: A once, a block that stays in cache, X and Y once.
 *
 * A sparse matrix is not staged, which would make it dense: there the correction is what there is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"
#include "algo/sparse.h"

/* A block of rows is about this large, in whole multiples of STAGE_ROWS rows: it fits a last-level
 * cache beside the operands. On a GPU larger: to launch the two ops of a block takes longer than a
 * large GPU needs to read a few MiB. */
#define STAGE_BYTES (INT64_C(3) << 20)
#define STAGE_BYTES_GPU (INT64_C(32) << 20)
#define STAGE_ROWS INT64_C(64)

ritz_linop ritz_linop_dense(ritz_dmat A)
{
    return (ritz_linop){
        .kind = RITZ_LINOP_DENSE, .dtype = A.dtype, .rows = A.rows, .cols = A.cols, .A = A};
}

ritz_linop ritz_linop_centred(ritz_dmat A, ritz_dmat mean)
{
    return (ritz_linop){.kind = RITZ_LINOP_CENTRED,
                        .dtype = A.dtype,
                        .rows = A.rows,
                        .cols = A.cols,
                        .A = A,
                        .mean = mean};
}

ritz_linop ritz_linop_sparse(const ritz_spmat *A)
{
    return (ritz_linop){.kind = RITZ_LINOP_SPARSE,
                        .dtype = ritz_spmat_dtype(A),
                        .rows = ritz_spmat_rows(A),
                        .cols = ritz_spmat_cols(A),
                        .sparse = A};
}

ritz_linop ritz_linop_sparse_centred(const ritz_spmat *A, ritz_dmat mean)
{
    ritz_linop op = ritz_linop_sparse(A);
    op.kind = RITZ_LINOP_SPARSE_CENTRED;
    op.mean = mean;
    return op;
}

ritz_linop ritz_linop_enqueue(ritz_dtype dtype, int64_t rows, int64_t cols,
                              ritz_linop_function function, void *context)
{
    return (ritz_linop){.kind = RITZ_LINOP_ENQUEUE,
                        .dtype = dtype,
                        .rows = rows,
                        .cols = cols,
                        .function = function,
                        .context = context};
}

/* ---- checks ----------------------------------------------------------------------------- */

static ritz_status check_function(const ritz_linop *op, const char *name)
{
    RITZ_REQUIRE(op->function != NULL, RITZ_ERR_ARGUMENT,
                 "the function of the operator %s is NULL; pass one to ritz_linop_enqueue", name);
    RITZ_REQUIRE(op->rows >= 0 && op->cols >= 0, RITZ_ERR_ARGUMENT,
                 "the operator %s is %" PRId64 " x %" PRId64 "; its sizes must not be negative",
                 name, op->rows, op->cols);
    RITZ_REQUIRE(op->dtype == RITZ_F32 || op->dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "the operator %s has data type %s; it must be float32 or float64", name,
                 ritz_dtype_name(op->dtype));
    return RITZ_OK;
}

static ritz_status check_mean(const ritz_stream *s, const ritz_linop *op)
{
    RITZ_TRY(ritz_check_input(s, op->mean, "mean"));
    RITZ_REQUIRE(op->mean.dtype == RITZ_F64, RITZ_ERR_DTYPE, "mean is %s; it must be float64",
                 ritz_dtype_name(op->mean.dtype));
    RITZ_TRY(ritz_check_single(op->mean, "mean"));
    return ritz_check_shape(op->mean, "mean", op->cols, 1, "mean must be columns of A x 1");
}

static ritz_status check_matrix(const ritz_stream *s, const ritz_linop *op, const char *name)
{
    RITZ_TRY(ritz_check_input(s, op->A, name));
    RITZ_TRY(ritz_check_real(op->A, name));
    RITZ_TRY(ritz_check_single(op->A, name));
    RITZ_REQUIRE(op->A.rows == op->rows && op->A.cols == op->cols && op->A.dtype == op->dtype,
                 RITZ_ERR_ARGUMENT,
                 "the operator %s does not agree with its matrix; make it with ritz_linop_dense or "
                 "ritz_linop_centred",
                 name);
    return op->kind == RITZ_LINOP_DENSE ? RITZ_OK : check_mean(s, op);
}

static ritz_status check_sparse(const ritz_stream *s, const ritz_linop *op, const char *name)
{
    RITZ_TRY(ritz_algo_spmat_check(s, op->sparse, name));
    RITZ_TRY(ritz_algo_spmat_check_two_ways(op->sparse, name));
    RITZ_REQUIRE(
        op->sparse->rows == op->rows && op->sparse->cols == op->cols &&
            op->sparse->dtype == op->dtype,
        RITZ_ERR_ARGUMENT,
        "the operator %s does not agree with its matrix; make it with ritz_linop_sparse or "
        "ritz_linop_sparse_centred",
        name);
    return op->kind == RITZ_LINOP_SPARSE ? RITZ_OK : check_mean(s, op);
}

ritz_status ritz_algo_linop_check(const ritz_stream *s, const ritz_linop *op, const char *name)
{
    RITZ_REQUIRE(op != NULL, RITZ_ERR_ARGUMENT, "the operator %s is NULL", name);
    switch (op->kind) {
    case RITZ_LINOP_DENSE:
    case RITZ_LINOP_CENTRED: return check_matrix(s, op, name);
    case RITZ_LINOP_ENQUEUE: return check_function(op, name);
    case RITZ_LINOP_SPARSE:
    case RITZ_LINOP_SPARSE_CENTRED: return check_sparse(s, op, name);
    }
    return ritz_fail(RITZ_ERR_ARGUMENT,
                     "the operator %s is of unknown kind %d; make it with one of the ritz_linop_ "
                     "functions",
                     name, (int)op->kind);
}

ritz_status ritz_algo_linop_check_apart(const ritz_linop *op, ritz_dmat X, const char *name)
{
    RITZ_TRY(ritz_check_no_overlap(X, name, op->A, "A"));
    RITZ_TRY(ritz_check_no_overlap(X, name, op->mean, "mean"));
    return op->sparse ? ritz_algo_spmat_check_apart(X, name, op->sparse) : RITZ_OK;
}

/* ---- blocks of rows --------------------------------------------------------------------- */

static int64_t stage_rows(const ritz_stream *s, const ritz_linop *op)
{
    const int gpu = s->device->info.kind != RITZ_DEVICE_CPU;
    const int64_t row_bytes = op->cols * (int64_t)ritz_dtype_size(op->dtype);
    const int64_t units = (gpu ? STAGE_BYTES_GPU : STAGE_BYTES) / row_bytes / STAGE_ROWS;
    const int64_t rows = (units > 0 ? units : 1) * STAGE_ROWS;
    return rows < op->rows ? rows : op->rows;
}

ritz_status ritz_algo_linop_blocks(ritz_stream *s, const ritz_linop *op,
                                   ritz_algo_block_function visit, const void *context)
{
    if (op->rows == 0 || op->cols == 0) return RITZ_OK;
    if (op->kind == RITZ_LINOP_DENSE) return visit(s, op->A, 0, context);
    const int64_t height = stage_rows(s, op);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat stage;
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, op->A.layout, height, op->cols, 1, &stage));
    for (int64_t first = 0; first < op->rows; first += height) {
        const int64_t rows = op->rows - first < height ? op->rows - first : height;
        const ritz_dmat C = ritz_row_range(stage, 0, rows);
        RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, op->mean, ritz_row_range(op->A, first, rows), C));
        RITZ_TRY_OUT(visit(s, C, first, context));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y_i = C_i X; operands: X, Y. */
static ritz_status block_product(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const ritz_dmat *operands = context;
    return ritz_op_gemm(s, 1.0, C, operands[0], 0.0, ritz_row_range(operands[1], first, C.rows));
}

/* Y = Y + C_iᵀ X_i; operands: X, Y. */
static ritz_status block_product_transposed(ritz_stream *s, ritz_dmat C, int64_t first,
                                            const void *context)
{
    const ritz_dmat *operands = context;
    const double beta = first == 0 ? 0.0 : 1.0;
    return ritz_op_gemm(s, 1.0, ritz_t(C), ritz_row_range(operands[0], first, C.rows), beta,
                        operands[1]);
}

/* sum = sum + ‖C_i‖_F²; operands: sum, the summand. */
static ritz_status block_sumsq(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const ritz_dmat *operands = context;
    RITZ_TRY(ritz_op_sumsq(s, C, operands[1]));
    return ritz_op_axpby(s, 1.0, operands[1], first == 0 ? 0.0 : 1.0, operands[0]);
}

/* ---- application ------------------------------------------------------------------------ */

ritz_status ritz_algo_linop_apply(ritz_stream *s, const ritz_linop *op, int transposed, ritz_dmat X,
                                  ritz_dmat Y)
{
    if (ritz_empty(Y)) return RITZ_OK;
    if (ritz_empty(X)) return ritz_op_fill(s, 0.0, Y);
    if (op->kind == RITZ_LINOP_ENQUEUE)
        return op->function(op->context, s, transposed, ritz_read_only(X), Y);
    if (op->kind == RITZ_LINOP_DENSE)
        return ritz_op_gemm(s, 1.0, transposed ? ritz_t(op->A) : op->A, X, 0.0, Y);
    if (op->kind == RITZ_LINOP_SPARSE)
        return ritz_algo_spmm(s, transposed, 1.0, op->sparse, X, 0.0, Y);
    if (op->kind == RITZ_LINOP_SPARSE_CENTRED)
        return ritz_algo_spmm_centred(s, transposed, op->sparse, op->mean, X, Y);
    const ritz_dmat operands[] = {X, Y};
    return ritz_algo_linop_blocks(s, op, transposed ? block_product_transposed : block_product,
                                  operands);
}

ritz_status ritz_algo_linop_sumsq(ritz_stream *s, const ritz_linop *op, ritz_dmat out)
{
    if (op->kind == RITZ_LINOP_DENSE) return ritz_op_sumsq(s, op->A, out);
    if (op->kind == RITZ_LINOP_SPARSE) return ritz_algo_spmat_sumsq(s, op->sparse, out);
    if (op->kind == RITZ_LINOP_SPARSE_CENTRED)
        return ritz_algo_spmat_centred_sumsq(s, op->sparse, op->mean, out);
    if (ritz_empty(op->A)) return ritz_op_fill(s, 0.0, out);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat operands[] = {out, RITZ_NO_MAT};
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &operands[1]));
    RITZ_TRY_OUT(ritz_algo_linop_blocks(s, op, block_sumsq, operands));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_linop_apply(ritz_stream *s, const ritz_linop *op, int transposed, ritz_dmat X,
                             ritz_dmat Y)
{
    RITZ_ENTER(s, &X);
    RITZ_TRY(ritz_algo_linop_check(s, op, "op"));
    RITZ_TRY(ritz_check_input(s, X, "X"));
    RITZ_TRY(ritz_check_output(s, Y, "Y"));
    RITZ_REQUIRE(X.dtype == op->dtype && Y.dtype == op->dtype, RITZ_ERR_DTYPE,
                 "the operator is %s, X is %s and Y is %s; all three must be the same",
                 ritz_dtype_name(op->dtype), ritz_dtype_name(X.dtype), ritz_dtype_name(Y.dtype));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_single(Y, "Y"));
    RITZ_TRY(ritz_check_shape(X, "X", transposed ? op->rows : op->cols, X.cols,
                              transposed ? "X must have a row for each row of the operator"
                                         : "X must have a row for each column of the operator"));
    RITZ_TRY(ritz_check_shape(Y, "Y", transposed ? op->cols : op->rows, X.cols,
                              transposed ? "Y must be columns of the operator x columns of X"
                                         : "Y must be rows of the operator x columns of X"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", X, "X"));
    RITZ_TRY(ritz_algo_linop_check_apart(op, Y, "Y"));
    return ritz_algo_linop_apply(s, op, transposed != 0, X, Y);
}
