/* Questions to cuBLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/probes.h"

enum { N = 128, ITEMS = 2, SIZE = N * N };

/* ---- the routines that Ritz calls ------------------------------------------------------------ */

/* Matrices of the order N, A lower triangular with `other` above its diagonal; ITEMS of each. */
struct data {
    double *A, *B, *C;
    float *Af, *Bf, *Cf;
    void **a, **b, **c; /* the items of A, B and C, on the device */
};

static void **addresses(struct rig *r, double *first)
{
    void *items[ITEMS], **p = take(r, sizeof items);
    for (int i = 0; i < ITEMS; i++) items[i] = first + i * SIZE;
    put(r, p, items, sizeof items);
    return p;
}

static struct data load(struct rig *r, double other)
{
    double *both = calloc((size_t)ITEMS * SIZE, sizeof *both), *one = triangle(N, other);
    double *rest = numbers((size_t)ITEMS * SIZE);
    struct data d;
    if (!both) abort();
    for (int i = 0; i < ITEMS; i++) memcpy(both + i * SIZE, one, SIZE * sizeof *one);
    d.A = take_f64(r, both, (size_t)ITEMS * SIZE);
    d.B = take_f64(r, rest, (size_t)ITEMS * SIZE);
    d.C = take_f64(r, rest, (size_t)ITEMS * SIZE);
    d.Af = take_f32(r, both, (size_t)ITEMS * SIZE);
    d.Bf = take_f32(r, rest, (size_t)ITEMS * SIZE);
    d.Cf = take_f32(r, rest, (size_t)ITEMS * SIZE);
    d.a = addresses(r, d.A);
    d.b = addresses(r, d.B);
    d.c = addresses(r, d.C);
    free(both);
    free(one);
    free(rest);
    return d;
}

static const double ONE = 1, ZERO = 0;
static const float ONE_F = 1, ZERO_F = 0;

static cublasStatus_t gemm_f64(struct rig *r, int k, double alpha, const double *A, const double *B,
                               double beta, double *C)
{
    return cublasGemmEx_64(r->blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, k, &alpha, A, CUDA_R_64F, N, B,
                           CUDA_R_64F, N, &beta, C, CUDA_R_64F, N, CUBLAS_COMPUTE_64F,
                           CUBLAS_GEMM_DEFAULT);
}

static cublasStatus_t strided(struct rig *r, int k, double alpha, const struct data *d,
                              int64_t step, double beta)
{
    return cublasGemmStridedBatchedEx_64(r->blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, k, &alpha, d->A,
                                         CUDA_R_64F, N, step, d->B, CUDA_R_64F, N, SIZE, &beta,
                                         d->C, CUDA_R_64F, N, SIZE, ITEMS, CUBLAS_COMPUTE_64F,
                                         CUBLAS_GEMM_DEFAULT);
}

static void call_gemm(struct rig *r, void *context)
{
    const struct data *d = context;
    need(gemm_f64(r, N, 1, d->A, d->B, 0, d->C));
}

static void call_gemm_f32(struct rig *r, void *context)
{
    const struct data *d = context;
    need(cublasGemmEx_64(r->blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, &ONE_F, d->Af, CUDA_R_32F, N,
                         d->Bf, CUDA_R_32F, N, &ZERO_F, d->Cf, CUDA_R_32F, N, CUBLAS_COMPUTE_32F,
                         CUBLAS_GEMM_DEFAULT));
}

static void call_strided(struct rig *r, void *context)
{
    need(strided(r, N, 1, context, SIZE, 0));
}

static void call_grouped(struct rig *r, void *context)
{
    const struct data *d = context;
    const cublasOperation_t plain[ITEMS] = {CUBLAS_OP_N, CUBLAS_OP_N};
    const int64_t n[ITEMS] = {N, N}, one[ITEMS] = {1, 1};
    const double alpha[ITEMS] = {1, 1}, beta[ITEMS] = {0, 0};
    need(cublasDgemmGroupedBatched_64(r->blas, plain, plain, n, n, n, alpha,
                                      (const double *const *)d->a, n, (const double *const *)d->b,
                                      n, beta, (double *const *)d->c, n, ITEMS, one));
}

static void call_syrk(struct rig *r, void *context)
{
    const struct data *d = context;
    need(cublasDsyrk_64(r->blas, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, N, N, &ONE, d->B, N, &ZERO,
                        d->C, N));
}

static void call_trsm(struct rig *r, void *context)
{
    const struct data *d = context;
    need(cublasDtrsm_64(r->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, N, N, &ONE, d->A, N, d->B, N));
}

static void call_trsm_batch(struct rig *r, void *context)
{
    const struct data *d = context;
    need(cublasDtrsmBatched_64(r->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                               CUBLAS_DIAG_NON_UNIT, N, N, &ONE, (const double *const *)d->a, N,
                               (double *const *)d->b, N, ITEMS));
}

static void call_trmm(struct rig *r, void *context)
{
    const struct data *d = context;
    need(cublasDtrmm_64(r->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, N, N, &ONE, d->A, N, d->B, N, d->C, N));
}

static const struct {
    const char *name;
    void (*call)(struct rig *r, void *context);
    bool triangular;
} routines[] = {
    {"gemm", call_gemm, false},
    {"gemm in float32", call_gemm_f32, false},
    {"strided gemm", call_strided, false},
    {"grouped gemm", call_grouped, false},
    {"syrk", call_syrk, false},
    {"trsm", call_trsm, true},
    {"batched trsm", call_trsm_batch, true},
    {"trmm", call_trmm, true},
};
enum { ROUTINES = sizeof routines / sizeof *routines };

/* ---- what they wait for and need ------------------------------------------------------------- */

static void blas_waits(struct rig *r, struct finding *f)
{
    struct data d = load(r, 0);
    for (int i = 0; i < ROUTINES; i++) {
        const bool early = returns_while_busy(r, routines[i].call, &d);
        judge(f, early, "%s %s", routines[i].name, early ? "returns" : "WAITS");
    }
}

static void blas_memory(struct rig *r, struct finding *f)
{
    struct data d = load(r, 0);
    size_t before = 0, after = 0, total = 0;
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < ROUTINES; i++) routines[i].call(r, &d);
        wait_for(r);
        if (turn == 0) need(cudaMemGetInfo(&before, &total));
    }
    need(cudaMemGetInfo(&after, &total));
    judge(f, after >= before, "free memory goes from %zu to %zu bytes in the second round", before,
          after);
}

/* ---- what they compute ----------------------------------------------------------------------- */

static void blas_same_bits(struct rig *r, struct finding *f)
{
    double *values[2];
    for (int i = 0; i < ROUTINES; i++) {
        for (int turn = 0; turn < 2; turn++) {
            struct data d = load(r, 0);
            values[turn] = numbers(3 * SIZE);
            routines[i].call(r, &d);
            fetch_f64(r, d.B, values[turn], SIZE);
            fetch_f64(r, d.C, values[turn] + SIZE, SIZE);
            fetch_f32(r, d.Cf, values[turn] + 2 * SIZE, SIZE);
            release_all(r);
        }
        const bool same = memcmp(values[0], values[1], 3 * SIZE * sizeof(double)) == 0;
        judge(f, same, "%s %s", routines[i].name, same ? "the same" : "DIFFERENT");
        free(values[0]);
        free(values[1]);
    }
}

static void blas_triangles(struct rig *r, struct finding *f)
{
    double *values = numbers(SIZE);
    for (int i = 0; i < ROUTINES; i++) {
        if (!routines[i].triangular) continue;
        struct data d = load(r, (double)NAN);
        routines[i].call(r, &d);
        fetch_f64(r, routines[i].call == call_trmm ? d.C : d.B, values, SIZE);
        const bool fine = all_finite(values, SIZE);
        judge(f, fine, "%s %s", routines[i].name, fine ? "ignores it" : "READS IT");
        release_all(r);
    }
    free(values);
}

/* Whether all of C is `factor` times what it was. */
static bool is_scaled(struct rig *r, const double *C, double factor)
{
    double *was = numbers((size_t)ITEMS * SIZE), *values = numbers((size_t)ITEMS * SIZE);
    bool same = true;
    fetch_f64(r, C, values, (size_t)ITEMS * SIZE);
    for (int i = 0; i < SIZE; i++) same = same && values[i] == factor * was[i];
    free(was);
    free(values);
    return same;
}

static void gemm_without_k(struct rig *r, struct finding *f)
{
    struct data d = load(r, 0);
    need(gemm_f64(r, 0, 1, d.A, d.B, 2, d.C));
    const bool one = is_scaled(r, d.C, 2);
    judge(f, one, "gemm %s", one ? "gives beta C" : "gives something else");
    d = load(r, 0);
    need(strided(r, 0, 1, &d, SIZE, 2));
    const bool many = is_scaled(r, d.C, 2);
    judge(f, many, "strided gemm %s", many ? "gives beta C" : "gives something else");
}

static void gemm_reads(struct rig *r, struct finding *f)
{
    double *nothing = numbers(SIZE), *values = numbers(SIZE);
    struct data d = load(r, 0);
    for (int i = 0; i < SIZE; i++) nothing[i] = (double)NAN;
    double *nans = take_f64(r, nothing, SIZE);
    need(gemm_f64(r, N, 0, nans, nans, 2, d.C));
    const bool alpha = is_scaled(r, d.C, 2);
    need(gemm_f64(r, N, 1, d.A, d.B, 0, nans));
    fetch_f64(r, nans, values, SIZE);
    const bool beta = all_finite(values, SIZE);
    judge(f, alpha, "with alpha = 0 A and B are %s", alpha ? "not read" : "READ");
    judge(f, beta, "with beta = 0 C is %s", beta ? "not read" : "READ");
    free(nothing);
    free(values);
}

static void stride_of_zero(struct rig *r, struct finding *f)
{
    double *values = numbers((size_t)ITEMS * SIZE), *expected = numbers((size_t)ITEMS * SIZE);
    struct data d = load(r, 0);
    need(strided(r, N, 1, &d, SIZE, 0)); /* all items of A are equal */
    fetch_f64(r, d.C, expected, (size_t)ITEMS * SIZE);
    const cublasStatus_t status = strided(r, N, 1, &d, 0, 0);
    fetch_f64(r, d.C, values, (size_t)ITEMS * SIZE);
    double apart = 0;
    for (int i = 0; i < ITEMS * SIZE; i++) apart = fmax(apart, fabs(values[i] - expected[i]));
    judge(f, status == CUBLAS_STATUS_SUCCESS && apart < 1e-10,
          "it returns %s, and the largest difference is %.1e", cublasGetStatusName(status), apart);
    free(values);
    free(expected);
}

/* Products of numbers: item i is x[i]^2. */
static void large_batch(struct rig *r, struct finding *f)
{
    enum { MANY = 70000 };
    double *x = numbers(MANY), *values = numbers(MANY), *X = take_f64(r, x, MANY);
    double *Y = take(r, MANY * sizeof *Y);
    const cublasStatus_t status = cublasGemmStridedBatchedEx_64(
        r->blas, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &ONE, X, CUDA_R_64F, 1, 1, X, CUDA_R_64F, 1, 1,
        &ZERO, Y, CUDA_R_64F, 1, 1, MANY, CUBLAS_COMPUTE_64F, CUBLAS_GEMM_DEFAULT);
    int wrong = 0;
    fetch_f64(r, Y, values, MANY);
    for (int i = 0; i < MANY; i++) wrong += !(fabs(values[i] - x[i] * x[i]) <= 1e-16);
    say(f, "%d items: %s, %d of them wrong", (int)MANY, cublasGetStatusName(status), wrong);
    free(x);
    free(values);
}

/* ---- how exactly ----------------------------------------------------------------------------- */

/* The largest error of a float32 product of the first K columns, in units of 2^-24 times the sum
 * of the absolute values: at most K in float32, some thousands with inputs of ten bits (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, 3.1). */
enum { K = 64 };
static double float_error(const double *A, const double *B, const double *C, bool lower_only)
{
    double worst = 0;
    for (int j = 0; j < N; j++)
        for (int i = lower_only ? j : 0; i < N; i++) {
            double sum = 0, size = 0;
            for (int l = 0; l < K; l++) {
                const double p = (double)(float)A[i + l * N] * (double)(float)B[l + j * N];
                sum += p;
                size += fabs(p);
            }
            worst = fmax(worst, fabs(C[i + j * N] - sum) / size * 0x1p24);
        }
    return worst;
}

static void float_products(struct rig *r, struct finding *f)
{
    double *A = numbers(SIZE), *At = numbers(SIZE), *C = numbers(SIZE);
    float *Af = take_f32(r, A, SIZE), *Cf = take(r, SIZE * sizeof *Cf);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++) At[i + j * N] = A[j + i * N];
    need(cublasGemmEx_64(r->blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, K, &ONE_F, Af, CUDA_R_32F, N, Af,
                         CUDA_R_32F, N, &ZERO_F, Cf, CUDA_R_32F, N, CUBLAS_COMPUTE_32F,
                         CUBLAS_GEMM_DEFAULT));
    fetch_f32(r, Cf, C, SIZE);
    const double gemm = float_error(A, A, C, false);
    judge(f, gemm <= K, "the error of gemm is %.1f, of at most %d", gemm, (int)K);
    need(cublasSsyrk_64(r->blas, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, N, K, &ONE_F, Af, N, &ZERO_F,
                        Cf, N));
    fetch_f32(r, Cf, C, SIZE);
    const double syrk = float_error(A, At, C, true);
    judge(f, syrk <= K, "that of syrk %.1f", syrk);
    free(A);
    free(At);
    free(C);
}

/* The residual of a triangular solution in float32, in the same units: at most N + 1 (Higham,
 * 8.1). */
static void float_solution(struct rig *r, struct finding *f)
{
    double *A = triangle(N, 0), *B = numbers(SIZE), *X = numbers(SIZE), worst = 0;
    float *Af = take_f32(r, A, SIZE), *Bf = take_f32(r, B, SIZE);
    need(cublasStrsm_64(r->blas, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, N, N, &ONE_F, Af, N, Bf, N));
    fetch_f32(r, Bf, X, SIZE);
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++) {
            double sum = 0, size = 0;
            for (int l = 0; l <= i; l++) {
                const double p = (double)(float)A[i + l * N] * X[l + j * N];
                sum += p;
                size += fabs(p);
            }
            worst = fmax(worst, fabs((double)(float)B[i + j * N] - sum) / size * 0x1p24);
        }
    judge(f, worst <= N + 1, "the residual is %.1f, of at most %d", worst, N + 1);
    free(A);
    free(B);
    free(X);
}

/* The variables ask cuBLAS to compute by arithmetic of fewer bits. */
static void emulating_environment(struct rig *r, struct finding *f)
{
    double *A = numbers(SIZE), *C = numbers(SIZE);
    if (setenv("CUBLAS_EMULATE_DOUBLE_PRECISION", "1", 1) ||
        setenv("CUBLAS_EMULATE_SINGLE_PRECISION", "1", 1) ||
        setenv("CUBLAS_EMULATION_STRATEGY", "eager", 1))
        abort();
    need(cublasDestroy(r->blas));
    need(cublasCreate(&r->blas));
    need(cublasSetStream(r->blas, r->stream));
    float *Af = take_f32(r, A, SIZE), *Cf = take(r, SIZE * sizeof *Cf);
    for (int pedantic = 0; pedantic < 2; pedantic++) {
        need(cublasSetMathMode(r->blas, pedantic ? CUBLAS_PEDANTIC_MATH : CUBLAS_DEFAULT_MATH));
        need(cublasGemmEx_64(r->blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, K, &ONE_F, Af, CUDA_R_32F, N,
                             Af, CUDA_R_32F, N, &ZERO_F, Cf, CUDA_R_32F, N, CUBLAS_COMPUTE_32F,
                             CUBLAS_GEMM_DEFAULT));
        fetch_f32(r, Cf, C, SIZE);
        const double error = float_error(A, A, C, false);
        say(f, "%s error of gemm in float32 in %s mode is %.1f, of at most %d",
            pedantic ? "; the" : "the", pedantic ? "pedantic" : "default", error, (int)K);
    }
    free(A);
    free(C);
}

#define LIBRARY "cuBLAS Library, "
const struct probe blas_probes[] = {
    {"blas_waits", "Which routines of cuBLAS wait for the stream?", "none, after the first call",
     LIBRARY "2.1.3, Asynchronous execution", EMULATED, blas_waits},
    {"blas_memory", "Does cuBLAS allocate beside the workspace that it was given?",
     "no, after the first call", LIBRARY "cublasSetWorkspace", EMULATED, blas_memory},
    {"blas_same_bits", "Does the same call give the same bits again?",
     "yes, on the same GPU, with the same workspace, without atomics",
     LIBRARY "2.1.4, Results reproducibility", EMULATED, blas_same_bits},
    {"blas_triangles", "Does a NaN in the triangle that is not named reach the result?",
     "no: that triangle is not read", LIBRARY "cublas<t>trsm, cublas<t>trmm", EMULATED,
     blas_triangles},
    {"gemm_without_k", "Is C multiplied by beta where there is nothing to add (k = 0)?", "yes",
     LIBRARY "cublasGemmEx", EMULATED, gemm_without_k},
    {"gemm_reads", "Are operands with the factor 0 read, so that a NaN in them would spread?", "no",
     LIBRARY "cublasGemmEx", EMULATED, gemm_reads},
    {"stride_of_zero", "Does a stride of 0 stand for the same A in all items?", "yes",
     LIBRARY "cublasGemmStridedBatchedEx", EMULATED, stride_of_zero},
    {"large_batch", "Are more than 65535 items in one call right?",
     "nothing: Ritz gives at most 65535", LIBRARY "cublasGemmStridedBatchedEx", EMULATED,
     large_batch},
    {"float_products", "Do products in float32 have its accuracy, not TF32's?",
     "yes, in the default mode", LIBRARY "cublasMath_t", EMULATED, float_products},
    {"float_solution", "Do triangular solutions in float32 have its accuracy?",
     "yes, in the default mode", LIBRARY "cublasMath_t", EMULATED, float_solution},
    {"emulating_environment",
     "What do variables that ask cuBLAS to emulate arithmetic do to float32?",
     "nothing: they are the user's wish", LIBRARY "Floating Point Emulation", GPU_ONLY,
     emulating_environment},
};
const size_t blas_probe_count = sizeof blas_probes / sizeof *blas_probes;
