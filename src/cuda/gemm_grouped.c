/* Products of different shapes in one call of cuBLAS (gemmGroupedBatched).
 *
 * The shapes lie on the host, where cuBLAS reads them during the call. The addresses must lie on
 * the device: kernels put them there, out of their arguments, so that no transfer has to be waited
 * for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

/* Column-major C = A B; a row-major C is made as its transpose. */
struct product {
    ritz_dmat A, B, C;
};

/* The products of a call, in columns as cuBLAS wants them. Scalars are float32 or float64. */
struct grouped {
    int64_t count;
    cublasOperation_t *ta, *tb;
    int64_t *m, *n, *k, *lda, *ldb, *ldc, *size;
    union {
        float *f32;
        double *f64;
    } alpha, beta;
    void *memory;
};

static struct product columns_of(ritz_dmat A, ritz_dmat B, ritz_dmat C)
{
    if (C.layout == RITZ_COL_MAJOR) return (struct product){A, B, C};
    return (struct product){cuda_t(B), cuda_t(A), cuda_t(C)};
}

static ritz_status take(struct grouped *g, int64_t count)
{
    enum { NUMBERS = 7, SCALARS = 2, OPERATIONS = 2 };
    const size_t n = (size_t)count;
    *g = (struct grouped){.count = count};
    g->memory = malloc(n * (NUMBERS * sizeof(int64_t) + SCALARS * sizeof(double) +
                            OPERATIONS * sizeof(cublasOperation_t)));
    RITZ_REQUIRE(g->memory, RITZ_ERR_MEMORY, "no host memory to describe %lld products",
                 (long long)count);
    int64_t *numbers = g->memory;
    int64_t **const column[NUMBERS] = {&g->m, &g->n, &g->k, &g->lda, &g->ldb, &g->ldc, &g->size};
    for (int i = 0; i < NUMBERS; i++) *column[i] = numbers + (size_t)i * n;
    g->alpha.f64 = (double *)(void *)(numbers + NUMBERS * n);
    g->beta.f64 = g->alpha.f64 + n;
    g->ta = (cublasOperation_t *)(void *)(g->beta.f64 + n);
    g->tb = g->ta + n;
    return RITZ_OK;
}

static cublasOperation_t as_stored(ritz_dmat A)
{
    return A.layout == RITZ_COL_MAJOR ? CUBLAS_OP_N : CUBLAS_OP_T;
}

static void describe(struct grouped *g, int64_t i, double alpha, double beta, struct product p)
{
    g->ta[i] = as_stored(p.A);
    g->tb[i] = as_stored(p.B);
    g->m[i] = p.C.rows;
    g->n[i] = p.C.cols;
    g->k[i] = p.A.cols;
    g->lda[i] = p.A.ld;
    g->ldb[i] = p.B.ld;
    g->ldc[i] = p.C.ld;
    g->size[i] = 1;
    if (p.C.dtype == RITZ_F64) {
        g->alpha.f64[i] = alpha;
        g->beta.f64[i] = beta;
    } else {
        g->alpha.f32[i] = (float)alpha;
        g->beta.f32[i] = (float)beta;
    }
}

static ritz_status multiply(ritz_stream *s, const struct grouped *g, ritz_dtype dtype, void **a,
                            void **b, void **c)
{
    cublasHandle_t blas;
    RITZ_TRY(cuda_blas(s, &blas));
    if (dtype == RITZ_F64)
        return BLAS(cublasDgemmGroupedBatched_64(blas, g->ta, g->tb, g->m, g->n, g->k, g->alpha.f64,
                                                 (const double *const *)a, g->lda,
                                                 (const double *const *)b, g->ldb, g->beta.f64,
                                                 (double *const *)c, g->ldc, g->count, g->size));
    return BLAS(cublasSgemmGroupedBatched_64(blas, g->ta, g->tb, g->m, g->n, g->k, g->alpha.f32,
                                             (const float *const *)a, g->lda,
                                             (const float *const *)b, g->ldb, g->beta.f32,
                                             (float *const *)c, g->ldc, g->count, g->size));
}

/* One product with something to multiply; a batch has a routine of its own. */
static int is_product(ritz_dmat A, ritz_dmat C)
{
    return C.batch == 1 && C.rows > 0 && C.cols > 0 && A.cols > 0;
}

/* One array of `count` addresses for each operand, in workspace. */
static ritz_status put_addresses(ritz_stream *s, int64_t given, const ritz_dmat *A,
                                 const ritz_dmat *B, const ritz_dmat *C, int64_t count, void ***a)
{
    struct address_list list = {.count = 0};
    void *device;
    int64_t done = 0;
    RITZ_TRY(ritz_work_bytes(s, (size_t)(3 * count) * sizeof(void *), &device));
    *a = device;
    for (int64_t i = 0; i < given; i++) {
        if (!is_product(A[i], C[i])) continue;
        const struct product p = columns_of(A[i], B[i], C[i]);
        list.p[0][list.count] = p.A.data;
        list.p[1][list.count] = p.B.data;
        list.p[2][list.count] = p.C.data;
        list.count++;
        if (list.count < ADDRESS_LIST && done + list.count < count) continue;
        RITZ_TRY(CUDA(launch_addresses(&list, *a + done, count, cuda_native(s))));
        done += list.count;
        list.count = 0;
    }
    return RITZ_OK;
}

static ritz_status multiply_all(ritz_stream *s, int64_t given, double alpha, const ritz_dmat *A,
                                const ritz_dmat *B, double beta, const ritz_dmat *C, int64_t count)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct grouped g = {.memory = NULL};
    ritz_status rc;
    void **addresses;
    RITZ_TRY_OUT(take(&g, count));
    for (int64_t i = 0, next = 0; i < given; i++)
        if (is_product(A[i], C[i])) describe(&g, next++, alpha, beta, columns_of(A[i], B[i], C[i]));
    RITZ_TRY_OUT(put_addresses(s, given, A, B, C, count, &addresses));
    RITZ_TRY_OUT(multiply(s, &g, C[0].dtype, addresses, addresses + count, addresses + 2 * count));
out:
    free(g.memory);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_gemm_grouped(ritz_stream *s, int64_t count, double alpha, const ritz_dmat *A,
                              const ritz_dmat *B, double beta, const ritz_dmat *C)
{
    /* The grouped routine wants one type for factors and result. */
    const int one_by_one = alpha == 0 || A[0].dtype != C[0].dtype;
    int64_t products = 0;
    CUDA_ENTER(cuda_device_of(s));
    for (int64_t i = 0; i < count; i++) {
        if (!one_by_one && is_product(A[i], C[i]))
            products++;
        else
            RITZ_TRY(cuda_gemm(s, alpha, A[i], B[i], beta, C[i]));
    }
    return products > 0 ? multiply_all(s, count, alpha, A, B, beta, C, products) : RITZ_OK;
}
