/* Products and triangular solves by OpenBLAS.
 *
 * A row-major matrix is the transpose of a column-major one, so every layout is a matter of flags:
 * a row-major C is computed as Cᵀ = Bᵀ Aᵀ, a row-major X in A X = B as Xᵀ Aᵀ = Bᵀ.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/convert.h"
#include "cpu/gemm.h"
#include "cpu/small_gemm.h"

/* BLAS takes sizes of 31 bits: a product with a larger one is computed in parts of this size. */
#define LARGEST_PART (INT64_C(1) << 30)

/* float16 and bfloat16 factors are widened in blocks of at most this many rows and columns: 4 MiB
 * each, and so much work in one product that widening is a few percent of it. */
enum { HALF_BLOCK = 1024 };

struct syrk_arguments {
    double alpha, beta;
    int n, k;
    struct cpu_operand A, C;
    CBLAS_UPLO uplo;
    CBLAS_TRANSPOSE trans;
    struct cpu_items items;
};

struct triangular {
    double alpha;
    int rows, cols; /* of the column-major B */
    struct cpu_operand A, B;
    CBLAS_SIDE side;
    CBLAS_UPLO uplo;
    CBLAS_TRANSPOSE trans;
    CBLAS_DIAG diag;
    struct cpu_items items;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static CBLAS_UPLO blas_uplo(ritz_uplo uplo)
{
    return uplo == RITZ_LOWER ? CblasLower : CblasUpper;
}

/* The offset of element (i, j) of op(M), where M is column-major. */
static int64_t offset(const struct cpu_operand *M, CBLAS_TRANSPOSE trans, int64_t i, int64_t j)
{
    return trans == CblasNoTrans ? i + j * M->ld : j + i * M->ld;
}

#define TEMPLATE "cpu/blas.inc"
#include "cpu/real_types.inc"

/* ---- gemm with 16-bit factors ---------------------------------------------------------------- */

/* A block of op(M) in memory: `lines` of `length` contiguous elements. */
struct block {
    const uint16_t *source;
    int64_t ld;
    float *target; /* the lines one behind the other */
    int64_t lines, length;
    ritz_elem type;
};

static struct block block_of(const struct cpu_gemm *g, const struct cpu_operand *M,
                             CBLAS_TRANSPOSE trans, int64_t b, int64_t i, int64_t j, int64_t rows,
                             int64_t cols, float *target)
{
    const uint16_t *data = cpu_item_data(M, b);
    const int plain = trans == CblasNoTrans;
    return (struct block){data + offset(M, trans, i, j),
                          M->ld,
                          target,
                          plain ? cols : rows,
                          plain ? rows : cols,
                          (ritz_elem)g->dtype};
}

static void widen_line(void *context, int64_t line, int thread)
{
    (void)thread;
    const struct block *block = context;
    ritz_convert_strided(block->length, block->source + line * block->ld, block->type, 1,
                         block->target + line * block->length, RITZ_F32, 1);
}

static void widen(const struct cpu_compute *c, struct block *block)
{
    if (c->threads > 1 && block->lines * block->length >= CPU_PARALLEL_BYTES)
        ritz_parallel_for(c, block->lines, widen_line, block);
    else
        for (int64_t line = 0; line < block->lines; line++) widen_line(block, line, 0);
}

static void gemm_half_item(const struct cpu_compute *c, const void *arguments, int64_t b, int slot)
{
    const struct cpu_gemm *g = arguments;
    char *scratch = (char *)g->widened + (size_t)slot * g->slot_bytes;
    float *A = (float *)scratch, *B = (float *)(scratch + g->widened_b);
    float *C = cpu_item_data(&g->C, b);
    for (int64_t j = 0; j < g->n; j += HALF_BLOCK) {
        const int64_t n = smaller(g->n - j, HALF_BLOCK);
        for (int64_t l = 0; l < g->k; l += HALF_BLOCK) {
            const int64_t k = smaller(g->k - l, HALF_BLOCK);
            struct block right = block_of(g, &g->B, g->trans_b, b, l, j, k, n, B);
            widen(c, &right);
            for (int64_t i = 0; i < g->m; i += HALF_BLOCK) {
                const int64_t m = smaller(g->m - i, HALF_BLOCK);
                struct block left = block_of(g, &g->A, g->trans_a, b, i, l, m, k, A);
                widen(c, &left);
                cblas_sgemm(CblasColMajor, g->trans_a, g->trans_b, (int)m, (int)n, (int)k,
                            (float)g->alpha, A, (int)left.length, B, (int)right.length,
                            l == 0 ? (float)g->beta : 1.0f, C + i + j * g->C.ld, g->C.ld);
            }
        }
    }
}

cpu_item cpu_gemm_item(ritz_dtype dtype)
{
    switch (dtype) {
    case RITZ_F64: return gemm_item_f64;
    case RITZ_F32: return gemm_item_f32;
    default: return gemm_half_item;
    }
}

double cpu_gemm_flops(const struct cpu_gemm *g)
{
    return 2.0 * (double)g->m * (double)g->n * (double)g->k;
}

static void gemm_run(const struct cpu_context *ctx, const void *arguments)
{
    const struct cpu_gemm *g = arguments;
    cpu_items_run(ctx, &g->items, cpu_gemm_item(g->dtype), g);
}

void cpu_gemm_lay_out(struct cpu_gemm *g)
{
    const int64_t m = smaller(g->m, HALF_BLOCK), n = smaller(g->n, HALF_BLOCK);
    const int64_t k = smaller(g->k, HALF_BLOCK);
    g->slot_bytes = 0;
    (void)cpu_piece(&g->slot_bytes, m * k, sizeof(float));
    g->widened_b = cpu_piece(&g->slot_bytes, k * n, sizeof(float));
}

static ritz_status gemm_half(ritz_stream *s, struct cpu_gemm *g)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *widened = NULL;
    cpu_gemm_lay_out(g);
    RITZ_TRY(ritz_work_bytes(s, (size_t)g->items.slots * g->slot_bytes, &widened));
    g->widened = widened;
    const ritz_status status = cpu_enqueue(s, gemm_run, g, sizeof *g);
    ritz_work_release(s, mark);
    return status;
}

/* ---- the entries ----------------------------------------------------------------------------- */

struct cpu_gemm cpu_gemm_of(double alpha, ritz_dmat A, ritz_dmat B, double beta, ritz_dmat C)
{
    const int swap = C.layout == RITZ_ROW_MAJOR;
    const ritz_dmat *left = swap ? &B : &A, *right = swap ? &A : &B;
    return (struct cpu_gemm){
        .alpha = alpha,
        .beta = beta,
        .m = swap ? C.cols : C.rows,
        .n = swap ? C.rows : C.cols,
        .k = A.cols,
        .A = cpu_operand(*left),
        .B = cpu_operand(*right),
        .C = cpu_operand(C),
        .trans_a = left->layout == C.layout ? CblasNoTrans : CblasTrans,
        .trans_b = right->layout == C.layout ? CblasNoTrans : CblasTrans,
        .dtype = A.dtype,
    };
}

ritz_status cpu_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                     ritz_dmat C)
{
    if (ritz_empty(C)) return RITZ_OK;
    if (alpha == 0.0 || A.cols == 0) return cpu_scale(s, beta, C);
    if (cpu_small_gemm_takes(A, B, C)) return cpu_small_gemm(s, alpha, A, B, beta, C);
    struct cpu_gemm g = cpu_gemm_of(alpha, A, B, beta, C);
    g.items = cpu_items_plan(s, C.batch, cpu_gemm_flops(&g));
    if (g.dtype == RITZ_F16 || g.dtype == RITZ_BF16) return gemm_half(s, &g);
    return cpu_enqueue(s, gemm_run, &g, sizeof g);
}

ritz_status cpu_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A, double beta,
                     ritz_dmat C)
{
    if (ritz_empty(C)) return RITZ_OK;
    const struct syrk_arguments g = {
        .alpha = alpha,
        .beta = beta,
        .n = cpu_int(C.rows),
        .k = cpu_int(A.cols),
        .A = cpu_operand(A),
        .C = cpu_operand(C),
        .uplo = blas_uplo(cpu_stored_triangle(uplo, C.layout)),
        .trans = A.layout == RITZ_COL_MAJOR ? CblasNoTrans : CblasTrans,
        .items = cpu_items_plan(s, C.batch, (double)C.rows * (double)C.rows * (double)A.cols),
    };
    return cpu_enqueue(s, C.dtype == RITZ_F64 ? syrk_run_f64 : syrk_run_f32, &g, sizeof g);
}

/* A op B or B op A with triangular A, in terms of a column-major B. */
static struct triangular triangular_of(ritz_stream *s, ritz_side side, ritz_uplo uplo,
                                       ritz_diag diag, double alpha, ritz_dmat A, ritz_dmat B)
{
    const int flip = B.layout == RITZ_ROW_MAJOR;
    return (struct triangular){
        .alpha = alpha,
        .rows = cpu_int(flip ? B.cols : B.rows),
        .cols = cpu_int(flip ? B.rows : B.cols),
        .A = cpu_operand(A),
        .B = cpu_operand(B),
        .side = (side == RITZ_LEFT) != flip ? CblasLeft : CblasRight,
        .uplo = blas_uplo(cpu_stored_triangle(uplo, A.layout)),
        .trans = A.layout == B.layout ? CblasNoTrans : CblasTrans,
        .diag = diag == RITZ_UNIT ? CblasUnit : CblasNonUnit,
        .items = cpu_items_plan(s, B.batch, (double)B.rows * (double)B.cols * (double)A.rows),
    };
}

ritz_status cpu_trsm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                     ritz_dmat A, ritz_dmat B)
{
    if (ritz_empty(B)) return RITZ_OK;
    if (alpha == 0.0) return cpu_scale(s, 0.0, B);
    const struct triangular g = triangular_of(s, side, uplo, diag, alpha, A, B);
    return cpu_enqueue(s, B.dtype == RITZ_F64 ? trsm_run_f64 : trsm_run_f32, &g, sizeof g);
}

ritz_status cpu_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                     ritz_dmat A, ritz_dmat B)
{
    if (ritz_empty(B)) return RITZ_OK;
    if (alpha == 0.0) return cpu_scale(s, 0.0, B);
    const struct triangular g = triangular_of(s, side, uplo, diag, alpha, A, B);
    return cpu_enqueue(s, B.dtype == RITZ_F64 ? trmm_run_f64 : trmm_run_f32, &g, sizeof g);
}
