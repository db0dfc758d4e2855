/* Calls of Ritz in graphs that their caller captures: examples of whole programs, and the edges.
 *
 * Each program does its work once directly, which makes the workspace, captures the same calls, and
 * launches the graph on new data at the same addresses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "unit/support.h"

#define expect_cuda(call) assert_int_equal((call), cudaSuccess)

/* ---- the caller ------------------------------------------------------------------------------ */

struct caller {
    ritz_device *dev;
    cudaStream_t native;
    ritz_stream *s;
    cudaGraphExec_t graph;
};

static void make_caller(struct caller *c)
{
    memset(c, 0, sizeof *c);
    expect_ok(ritz_device_open("cuda", &c->dev));
    expect_cuda(cudaStreamCreateWithFlags(&c->native, cudaStreamNonBlocking));
    expect_ok(ritz_stream_wrap_native(c->dev, c->native, &c->s));
}

static void drop_caller(struct caller *c)
{
    if (c->graph) expect_cuda(cudaGraphExecDestroy(c->graph));
    expect_ok(ritz_stream_destroy(&c->s));
    expect_cuda(cudaStreamDestroy(c->native));
    expect_ok(ritz_device_close(&c->dev));
    assert_int_equal(emu_check_idle(), 0);
}

static void begin(struct caller *c)
{
    expect_cuda(cudaStreamBeginCapture(c->native, cudaStreamCaptureModeGlobal));
    emu_forbid(EMU_FORBID_SYNC | EMU_FORBID_ALLOC);
}

static void end(struct caller *c)
{
    cudaGraph_t graph = NULL;
    emu_forbid(0);
    expect_cuda(cudaStreamEndCapture(c->native, &graph));
    if (c->graph) expect_cuda(cudaGraphExecDestroy(c->graph));
    expect_cuda(cudaGraphInstantiate(&c->graph, graph, 0));
    expect_cuda(cudaGraphDestroy(graph));
}

/* One launch: no call of Ritz, no synchronisation, no allocation. */
static void launch(struct caller *c)
{
    emu_forbid(EMU_FORBID_SYNC | EMU_FORBID_ALLOC);
    expect_cuda(cudaGraphLaunch(c->graph, c->native));
    emu_forbid(0);
}

/* A matrix on the device with its counterpart in page-locked memory; both column-major float64. */
struct pair {
    ritz_dmat d;
    ritz_hmat h;
    double *p;
};

static struct pair make_pair(struct caller *c, int64_t rows, int64_t cols, int64_t batch)
{
    struct pair x;
    expect_ok(ritz_dmat_create_batch(c->s, RITZ_F64, RITZ_COL_MAJOR, rows, cols, batch, &x.d));
    expect_ok(ritz_hmat_create_pinned(c->dev, RITZ_F64, RITZ_COL_MAJOR, rows, cols * batch, &x.h));
    x.p = x.h.data;
    return x;
}

static void drop_pair(struct caller *c, struct pair *x)
{
    expect_ok(ritz_dmat_destroy(c->s, &x->d));
    expect_ok(ritz_hmat_destroy(&x->h));
}

/* All items side by side. */
static ritz_dmat flat(const struct pair *x)
{
    ritz_dmat all = x->d;
    all.cols *= all.batch;
    all.batch = 1;
    return all;
}

static void up(struct caller *c, const struct pair *x)
{
    expect_ok(ritz_upload(c->s, x->h, flat(x)));
}

static void down(struct caller *c, const struct pair *x)
{
    expect_ok(ritz_download(c->s, flat(x), x->h));
}

/* Numbers in (-1, 1) without structure. */
static double wave(int64_t i, double seed)
{
    const double x = sin((double)i * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - floor(x)) - 1;
}

static void fill_waves(const struct pair *x, double seed)
{
    for (int64_t i = 0; i < x->h.rows * x->h.cols; i++) x->p[i] = wave(i, seed);
}

/* Element (i, j) of A B. */
static double product_at(const struct pair *A, const struct pair *B, int64_t i, int64_t j)
{
    long double sum = 0;
    for (int64_t k = 0; k < A->h.cols; k++)
        sum += (long double)A->p[i + k * A->h.rows] * (long double)B->p[k + j * B->h.rows];
    return (double)sum;
}

/* ---- a chain of products --------------------------------------------------------------------- */

/* Y = (A B) C: 40 x 30, 30 x 20, 20 x 10. */
static void products(void **state)
{
    (void)state;
    struct caller c;
    make_caller(&c);
    struct pair A = make_pair(&c, 40, 30, 1), B = make_pair(&c, 30, 20, 1),
                AB = make_pair(&c, 40, 20, 1), C = make_pair(&c, 20, 10, 1),
                Y = make_pair(&c, 40, 10, 1);
    for (int round = 0; round < 4; round++) {
        fill_waves(&A, round);
        fill_waves(&B, round + 0.25);
        fill_waves(&C, round + 0.5);
        if (round == 1) begin(&c);
        if (round <= 1) {
            up(&c, &A);
            up(&c, &B);
            up(&c, &C);
            expect_ok(ritz_gemm(c.s, 1, A.d, B.d, 0, AB.d));
            expect_ok(ritz_gemm(c.s, 1, AB.d, C.d, 0, Y.d));
            down(&c, &AB);
            down(&c, &Y);
        }
        if (round == 1) end(&c);
        if (round >= 1) launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        for (int64_t j = 0; j < 10; j++)
            for (int64_t i = 0; i < 40; i++)
                assert_true(fabs(Y.p[i + j * 40] - product_at(&AB, &C, i, j)) < 1e-13);
        assert_true(fabs(AB.p[7] - product_at(&A, &B, 7, 0)) < 1e-13);
    }
    struct pair *all[] = {&A, &B, &AB, &C, &Y};
    for (int i = 0; i < 5; i++) drop_pair(&c, all[i]);
    drop_caller(&c);
}

/* ---- systems with symmetric positive definite matrices --------------------------------------- */

enum { ORDER = 12, SYSTEMS = 50, RIGHT = 3 };

static void fill_systems(const struct pair *S, double seed)
{
    for (int64_t b = 0; b < SYSTEMS; b++)
        for (int i = 0; i < ORDER; i++)
            for (int j = 0; j <= i; j++)
                S->p[b * ORDER * ORDER + i + j * ORDER] = S->p[b * ORDER * ORDER + j + i * ORDER] =
                    wave(b * ORDER * ORDER + i * ORDER + j, seed) + (i == j ? ORDER : 0);
}

static void expect_solved(const struct pair *S, const struct pair *B, const struct pair *X)
{
    for (int64_t b = 0; b < SYSTEMS; b++)
        for (int j = 0; j < RIGHT; j++)
            for (int i = 0; i < ORDER; i++) {
                long double r = B->p[b * ORDER * RIGHT + i + j * ORDER];
                for (int k = 0; k < ORDER; k++)
                    r -= (long double)S->p[b * ORDER * ORDER + i + k * ORDER] *
                         (long double)X->p[b * ORDER * RIGHT + k + j * ORDER];
                assert_true(fabsl(r) < 1e-13L);
            }
}

/* The calls of a program of many systems; the factors take the place of the copies. */
static void solve_systems(struct caller *c, const struct pair *S, const struct pair *B,
                          const struct pair *X)
{
    up(c, S);
    up(c, B);
    expect_ok(ritz_cholesky(c->s, RITZ_LOWER, S->d, RITZ_NO_MAT));
    expect_ok(ritz_copy(c->s, B->d, X->d));
    expect_ok(ritz_cholesky_solve(c->s, RITZ_LOWER, S->d, X->d));
    down(c, X);
}

static void cholesky_of_a_batch(void **state)
{
    (void)state;
    struct caller c;
    make_caller(&c);
    struct pair S = make_pair(&c, ORDER, ORDER, SYSTEMS), B = make_pair(&c, ORDER, RIGHT, SYSTEMS),
                X = make_pair(&c, ORDER, RIGHT, SYSTEMS);
    fill_systems(&S, 0);
    fill_waves(&B, 0);
    solve_systems(&c, &S, &B, &X);
    expect_ok(ritz_stream_sync(c.s));
    expect_solved(&S, &B, &X);
    begin(&c);
    solve_systems(&c, &S, &B, &X);
    end(&c);
    for (int round = 1; round <= 3; round++) {
        fill_systems(&S, round);
        fill_waves(&B, round);
        /* In the second launch item 17 is not positive definite: its leading minor of order 5. */
        if (round == 2) S.p[17 * ORDER * ORDER + 4 * (ORDER + 1)] = -100;
        launch(&c);
        if (round == 2) {
            expect_error(ritz_stream_sync(c.s), RITZ_ERR_NOT_SPD,
                         "in ritz_cholesky (12 x 12 float64, batch 50), item 17: the leading minor "
                         "of order 5");
        } else {
            expect_ok(ritz_stream_sync(c.s));
            expect_solved(&S, &B, &X);
        }
    }
    /* The message names the captured call as long as the stream remembers it. */
    for (int i = 0; i < 1100; i++) expect_ok(ritz_fill(c.s, 0, X.d));
    S.p[0] = -1;
    launch(&c);
    expect_error(ritz_stream_sync(c.s), RITZ_ERR_NOT_SPD, "in a call more than 1024 calls ago");
    drop_pair(&c, &S);
    drop_pair(&c, &B);
    drop_pair(&c, &X);
    drop_caller(&c);
}

/* ---- QR of a tall matrix --------------------------------------------------------------------- */

static void expect_factored(const struct pair *A, const struct pair *Q, const struct pair *R)
{
    const int64_t m = A->h.rows, n = A->h.cols;
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < n; i++) {
            long double sum = i == j ? -1 : 0;
            for (int64_t k = 0; k < m; k++)
                sum += (long double)Q->p[k + i * m] * (long double)Q->p[k + j * m];
            assert_true(fabsl(sum) < 1e-14L);
            assert_true(i <= j ? i < j || R->p[i + j * n] > 0 : R->p[i + j * n] == 0);
        }
        for (int64_t i = 0; i < m; i++)
            assert_true(fabs(A->p[i + j * m] - product_at(Q, R, i, j)) < 1e-13);
    }
}

static void tall_qr(void **state)
{
    (void)state;
    enum { M = 5000, N = 24 };
    struct caller c;
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = RITZ_QR_TSQR;
    make_caller(&c);
    struct pair A = make_pair(&c, M, N, 1), Q = make_pair(&c, M, N, 1), R = make_pair(&c, N, N, 1);
    for (int round = 0; round < 3; round++) {
        fill_waves(&A, round);
        if (round == 1) begin(&c);
        if (round <= 1) {
            up(&c, &A);
            expect_ok(ritz_qr(c.s, A.d, Q.d, R.d, &opts, NULL));
            down(&c, &Q);
            down(&c, &R);
        }
        if (round == 1) end(&c);
        if (round >= 1) launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        expect_factored(&A, &Q, &R);
    }
    drop_pair(&c, &A);
    drop_pair(&c, &Q);
    drop_pair(&c, &R);
    drop_caller(&c);
}

/* ---- singular values by a randomized method -------------------------------------------------- */

enum { ROWS = 1500, COLS = 900, RANK = 6 };
static const double sigma[RANK] = {10, 7, 5, 3, 2, 1};
static const double PI = 3.14159265358979323846;

/* Column i of the discrete cosine transform: an orthonormal basis. */
static double cosine(int64_t rows, int64_t row, int64_t i)
{
    return sqrt(2.0 / (double)rows) *
           cos(PI * ((double)row + 0.5) * (double)(i + 1) / (double)rows);
}

static void fill_low_rank(const struct pair *A, double scale)
{
    for (int64_t j = 0; j < COLS; j++)
        for (int64_t i = 0; i < ROWS; i++) {
            double sum = 0;
            for (int r = 0; r < RANK; r++)
                sum += scale * sigma[r] * cosine(ROWS, i, r) * cosine(COLS, j, r);
            A->p[i + j * ROWS] = sum;
        }
}

static void randomized_svd(void **state)
{
    (void)state;
    struct caller c;
    make_caller(&c);
    struct pair A = make_pair(&c, ROWS, COLS, 1), U = make_pair(&c, ROWS, RANK, 1),
                S = make_pair(&c, RANK, 1, 1), V = make_pair(&c, COLS, RANK, 1);
    const ritz_linop op = ritz_linop_dense(A.d);
    for (int round = 0; round < 3; round++) {
        fill_low_rank(&A, 1.0 + round);
        if (round == 1) begin(&c);
        if (round <= 1) {
            up(&c, &A);
            expect_ok(ritz_svd_randomized(c.s, &op, U.d, S.d, V.d, NULL, NULL));
            down(&c, &U);
            down(&c, &S);
            down(&c, &V);
        }
        if (round == 1) end(&c);
        if (round >= 1) launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        for (int r = 0; r < RANK; r++) {
            assert_true(fabs(S.p[r] - sigma[r] * (1.0 + round)) < 1e-12);
            assert_true(fabs(fabs(U.p[r * ROWS]) - fabs(cosine(ROWS, 0, r))) < 1e-12);
            assert_true(fabs(fabs(V.p[r * COLS]) - fabs(cosine(COLS, 0, r))) < 1e-12);
        }
    }
    struct pair *all[] = {&A, &U, &S, &V};
    for (int i = 0; i < 4; i++) drop_pair(&c, all[i]);
    drop_caller(&c);
}

/* ---- principal components -------------------------------------------------------------------- */

static void pca_transform(void **state)
{
    (void)state;
    enum { SAMPLES = 60, FEATURES = 25, KEPT = 4 };
    struct caller c;
    ritz_pca *pca = NULL;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    make_caller(&c);
    struct pair X = make_pair(&c, SAMPLES, FEATURES, 1), Z = make_pair(&c, SAMPLES, KEPT, 1),
                mean = make_pair(&c, FEATURES, 1, 1), W = make_pair(&c, FEATURES, KEPT, 1);
    fill_waves(&X, 9);
    up(&c, &X);
    opts.components = KEPT;
    expect_ok(ritz_pca_fit(c.s, ritz_rows_dmat(X.d), &opts, &pca, NULL));
    expect_ok(ritz_copy(c.s, ritz_t(ritz_pca_components(pca)), W.d));
    const ritz_dmat m = ritz_pca_mean(pca);
    expect_ok(ritz_copy(c.s, m.cols == 1 ? m : ritz_t(m), mean.d));
    down(&c, &W);
    down(&c, &mean);
    for (int round = 0; round < 3; round++) {
        fill_waves(&X, round);
        if (round == 1) begin(&c);
        if (round <= 1) {
            up(&c, &X);
            expect_ok(ritz_pca_transform(c.s, pca, X.d, Z.d, NULL));
            down(&c, &Z);
        }
        if (round == 1) end(&c);
        if (round >= 1) launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        for (int j = 0; j < KEPT; j++)
            for (int i = 0; i < SAMPLES; i++) {
                long double sum = 0;
                for (int k = 0; k < FEATURES; k++)
                    sum += ((long double)X.p[i + k * SAMPLES] - (long double)mean.p[k]) *
                           (long double)W.p[k + j * FEATURES];
                assert_true(fabs(Z.p[i + j * SAMPLES] - (double)sum) < 1e-13);
            }
    }
    expect_ok(ritz_pca_destroy(c.s, &pca));
    struct pair *all[] = {&X, &Z, &mean, &W};
    for (int i = 0; i < 4; i++) drop_pair(&c, all[i]);
    drop_caller(&c);
}

/* ---- several streams ------------------------------------------------------------------------- */

/* Two products side by side on two streams, then their sum: Y = A B + A C. */
static void fork_and_join(void **state)
{
    (void)state;
    enum { N = 16 };
    struct caller c;
    cudaStream_t other = NULL;
    ritz_stream *t = NULL;
    ritz_event *forked = NULL, *joined = NULL;
    int done = 0;
    make_caller(&c);
    expect_cuda(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    expect_ok(ritz_stream_wrap_native(c.dev, other, &t));
    expect_ok(ritz_event_create(c.dev, &forked));
    expect_ok(ritz_event_create(c.dev, &joined));
    struct pair A = make_pair(&c, N, N, 1), B = make_pair(&c, N, N, 1), C = make_pair(&c, N, N, 1),
                Y = make_pair(&c, N, N, 1), Z = make_pair(&c, N, N, 1);
    for (int round = 0; round < 3; round++) {
        fill_waves(&A, round);
        fill_waves(&B, round + 0.25);
        fill_waves(&C, round + 0.5);
        if (round == 1) begin(&c);
        if (round <= 1) {
            up(&c, &A);
            up(&c, &B);
            up(&c, &C);
            expect_ok(ritz_event_record(forked, c.s));
            expect_ok(ritz_stream_wait(t, forked));
            expect_ok(ritz_gemm(c.s, 1, A.d, B.d, 0, Y.d));
            expect_ok(ritz_gemm(t, 1, A.d, C.d, 0, Z.d));
            expect_ok(ritz_event_record(joined, t));
            expect_ok(ritz_stream_wait(c.s, joined));
            expect_ok(ritz_gemm(c.s, 1, A.d, C.d, 1, Y.d));
            down(&c, &Y);
            down(&c, &Z);
        }
        if (round == 1) {
            end(&c);
            /* These events now order parts of the graph. */
            expect_error(ritz_event_sync(joined), RITZ_ERR_STATE, "captured");
            expect_error(ritz_event_query(joined, &done), RITZ_ERR_STATE, "captured");
        }
        if (round >= 1) launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < N; i++) {
                const double want = product_at(&A, &C, i, j);
                assert_true(fabs(Z.p[i + j * N] - want) < 1e-13);
                assert_true(fabs(Y.p[i + j * N] - product_at(&A, &B, i, j) - want) < 1e-13);
            }
    }
    expect_ok(ritz_event_destroy(&forked));
    expect_ok(ritz_event_destroy(&joined));
    struct pair *all[] = {&A, &B, &C, &Y, &Z};
    for (int i = 0; i < 5; i++) drop_pair(&c, all[i]);
    expect_ok(ritz_stream_destroy(&t));
    expect_cuda(cudaStreamDestroy(other));
    drop_caller(&c);
}

/* ---- edges ----------------------------------------------------------------------------------- */

/* What makes a stream ready must have happened before; the refusal leaves the capture as it was. */
static void without_a_first_call(void **state)
{
    (void)state;
    struct caller c;
    make_caller(&c);
    struct pair A = make_pair(&c, 20, 20, 1), B = make_pair(&c, 20, 20, 1);
    expect_ok(ritz_fill(c.s, 1, A.d));
    begin(&c);
    expect_error(ritz_gemm(c.s, 1, A.d, A.d, 0, B.d), RITZ_ERR_STATE, "once before");
    expect_error(ritz_stream_reserve(c.s, 1 << 20), RITZ_ERR_STATE, "once before");
    expect_ok(ritz_fill(c.s, 3, B.d));
    end(&c);
    launch(&c);
    down(&c, &B);
    expect_ok(ritz_stream_sync(c.s));
    assert_true(B.p[0] == 3 && B.p[399] == 3);
    drop_pair(&c, &A);
    drop_pair(&c, &B);
    drop_caller(&c);
}

static void questions_during_a_capture(void **state)
{
    (void)state;
    struct caller c;
    ritz_event *outside = NULL;
    int idle = 0;
    make_caller(&c);
    struct pair A = make_pair(&c, 20, 20, 1);
    expect_ok(ritz_event_create(c.dev, &outside));
    expect_ok(ritz_event_record(outside, c.s));
    begin(&c);
    expect_error(ritz_stream_sync(c.s), RITZ_ERR_STATE, "capturing a graph");
    expect_error(ritz_stream_query(c.s, &idle), RITZ_ERR_STATE, "capturing a graph");
    expect_error(ritz_stream_status(c.s), RITZ_ERR_STATE, "capturing a graph");
    expect_error(ritz_stream_wait(c.s, outside), RITZ_ERR_STATE, "outside the capture");
    expect_error(ritz_stream_destroy(&c.s), RITZ_ERR_STATE, "capturing a graph");
    assert_non_null(c.s);
    expect_ok(ritz_fill(c.s, 4, A.d));
    end(&c);
    launch(&c);
    expect_ok(ritz_stream_sync(c.s));
    expect_ok(ritz_event_destroy(&outside));
    drop_pair(&c, &A);
    drop_caller(&c);
}

/* Memory that is given back during a capture goes when it has ended. */
static void destroyed_during_a_capture(void **state)
{
    (void)state;
    struct caller c;
    make_caller(&c);
    struct pair A = make_pair(&c, 20, 20, 1), B = make_pair(&c, 20, 20, 1);
    expect_ok(ritz_fill(c.s, 1, A.d));
    expect_ok(ritz_stream_sync(c.s));
    begin(&c);
    expect_ok(ritz_dmat_destroy(c.s, &A.d));
    expect_ok(ritz_fill(c.s, 2, B.d));
    end(&c);
    launch(&c);
    emu_counters_clear();
    expect_ok(ritz_stream_sync(c.s));
    struct emu_counts counts;
    emu_counters(&counts);
    assert_int_equal(counts.frees, 1);
    expect_ok(ritz_hmat_destroy(&A.h));
    drop_pair(&c, &B);
    drop_caller(&c);
}

static void count(void *context)
{
    ++*(int *)context;
}

static void host_function(void **state)
{
    (void)state;
    struct caller c;
    int calls = 0;
    make_caller(&c);
    begin(&c);
    expect_ok(ritz_stream_host_function(c.s, count, &calls));
    end(&c);
    assert_int_equal(calls, 0);
    for (int round = 1; round <= 3; round++) {
        launch(&c);
        expect_ok(ritz_stream_sync(c.s));
        assert_int_equal(calls, round);
    }
    drop_caller(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(cholesky_of_a_batch),
        cmocka_unit_test(tall_qr),
        cmocka_unit_test(randomized_svd),
        cmocka_unit_test(pca_transform),
        cmocka_unit_test(fork_and_join),
        cmocka_unit_test(without_a_first_call),
        cmocka_unit_test(questions_during_a_capture),
        cmocka_unit_test(destroyed_during_a_capture),
        cmocka_unit_test(host_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
