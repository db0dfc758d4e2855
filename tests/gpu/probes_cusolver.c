/* Questions to cuSOLVER.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/probes.h"

enum { N = 160, SIZE = N * N };

/* ---- the routines that Ritz calls ------------------------------------------------------------ */

/* A square matrix and what its factorisations write. */
struct data {
    double *A, *S, *U, *V, *tau;
    int64_t *pivots;
    int *info;
    double *host; /* workspace, which must stay until the work is done */
};
enum { HOST_BYTES = 64 << 20 };

static struct data load(struct rig *r, const double *A)
{
    struct data d;
    d.A = take_f64(r, A, SIZE);
    d.S = take(r, N * sizeof(double));
    d.U = take_f64(r, A, SIZE);
    d.V = take(r, SIZE * sizeof(double));
    d.tau = take(r, N * sizeof(double));
    d.pivots = take(r, N * sizeof(int64_t));
    d.info = take(r, sizeof(int));
    d.host = malloc(HOST_BYTES);
    if (!d.host) abort();
    return d;
}

static void drop(struct rig *r, struct data *d)
{
    release_all(r);
    free(d->host);
}

/* The same for all: none of the routines is to allocate while the stream is busy. */
static void *workspace(struct rig *r, size_t device, size_t host)
{
    if (host > HOST_BYTES || device > WORKSPACE_BYTES)
        need_success(1, "a workspace of more than 64 MiB");
    return r->workspace;
}

static cusolverStatus_t getrf(struct rig *r, const struct data *d, cusolverDnParams_t params,
                              int64_t lda)
{
    size_t device = 0, host = 0;
    need(cusolverDnXgetrf_bufferSize(r->solver, r->params, N, N, CUDA_R_64F, d->A, N, CUDA_R_64F,
                                     &device, &host));
    return cusolverDnXgetrf(r->solver, params, N, N, CUDA_R_64F, d->A, lda, d->pivots, CUDA_R_64F,
                            workspace(r, device, host), device, d->host, host, d->info);
}

static void call_getrf(struct rig *r, void *context)
{
    need(getrf(r, context, r->params, N));
}

static void call_geqrf(struct rig *r, void *context)
{
    const struct data *d = context;
    size_t device = 0, host = 0;
    need(cusolverDnXgeqrf_bufferSize(r->solver, r->params, N, N, CUDA_R_64F, d->A, N, CUDA_R_64F,
                                     d->tau, CUDA_R_64F, &device, &host));
    need(cusolverDnXgeqrf(r->solver, r->params, N, N, CUDA_R_64F, d->A, N, CUDA_R_64F, d->tau,
                          CUDA_R_64F, workspace(r, device, host), device, d->host, host, d->info));
}

static void call_orgqr(struct rig *r, void *context)
{
    const struct data *d = context;
    int elements = 0;
    need(cusolverDnDorgqr_bufferSize(r->solver, N, N, N, d->A, N, d->tau, &elements));
    need(cusolverDnDorgqr(r->solver, N, N, N, d->A, N, d->tau,
                          workspace(r, (size_t)elements * sizeof(double), 0), elements, d->info));
}

static void call_ormqr(struct rig *r, void *context)
{
    const struct data *d = context;
    int elements = 0;
    need(cusolverDnDormqr_bufferSize(r->solver, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, N, N, N, d->A, N,
                                     d->tau, d->U, N, &elements));
    need(cusolverDnDormqr(r->solver, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, N, N, N, d->A, N, d->tau, d->U,
                          N, workspace(r, (size_t)elements * sizeof(double), 0), elements,
                          d->info));
}

static void call_syevd(struct rig *r, void *context)
{
    const struct data *d = context;
    size_t device = 0, host = 0;
    need(cusolverDnXsyevd_bufferSize(r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR,
                                     CUBLAS_FILL_MODE_LOWER, N, CUDA_R_64F, d->A, N, CUDA_R_64F,
                                     d->S, CUDA_R_64F, &device, &host));
    need(cusolverDnXsyevd(r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N,
                          CUDA_R_64F, d->A, N, CUDA_R_64F, d->S, CUDA_R_64F,
                          workspace(r, device, host), device, d->host, host, d->info));
}

static void call_syev_batch(struct rig *r, void *context)
{
    const struct data *d = context;
    size_t device = 0, host = 0;
    need(cusolverDnXsyevBatched_bufferSize(r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR,
                                           CUBLAS_FILL_MODE_LOWER, N, CUDA_R_64F, d->A, N,
                                           CUDA_R_64F, d->S, CUDA_R_64F, &device, &host, 1));
    need(cusolverDnXsyevBatched(r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR,
                                CUBLAS_FILL_MODE_LOWER, N, CUDA_R_64F, d->A, N, CUDA_R_64F, d->S,
                                CUDA_R_64F, workspace(r, device, host), device, d->host, host,
                                d->info, 1));
}

static void call_gesvd(struct rig *r, void *context)
{
    const struct data *d = context;
    size_t device = 0, host = 0;
    need(cusolverDnXgesvd_bufferSize(r->solver, r->params, 'S', 'S', N, N, CUDA_R_64F, d->A, N,
                                     CUDA_R_64F, d->S, CUDA_R_64F, d->U, N, CUDA_R_64F, d->V, N,
                                     CUDA_R_64F, &device, &host));
    need(cusolverDnXgesvd(r->solver, r->params, 'S', 'S', N, N, CUDA_R_64F, d->A, N, CUDA_R_64F,
                          d->S, CUDA_R_64F, d->U, N, CUDA_R_64F, d->V, N, CUDA_R_64F,
                          workspace(r, device, host), device, d->host, host, d->info));
}

static const struct {
    const char *name;
    void (*call)(struct rig *r, void *context);
    bool may_wait; /* as Ritz documents the operations that call it */
    bool factors;  /* what it is given, and not what another one has made of it */
} routines[] = {
    {"Xgetrf", call_getrf, true, true},  {"Xgeqrf", call_geqrf, false, true},
    {"orgqr", call_orgqr, false, false}, {"ormqr", call_ormqr, false, false},
    {"Xsyevd", call_syevd, true, true},  {"XsyevBatched", call_syev_batch, true, true},
    {"Xgesvd", call_gesvd, true, true},
};
enum { ROUTINES = sizeof routines / sizeof *routines };

/* ---- what they wait for and need ------------------------------------------------------------- */

static void solver_waits(struct rig *r, struct finding *f)
{
    double *A = definite(N);
    for (int i = 0; i < ROUTINES; i++) {
        struct data d = load(r, A);
        const bool early = returns_while_busy(r, routines[i].call, &d);
        judge(f, early || routines[i].may_wait, "%s %s", routines[i].name,
              early ? "returns" : "waits");
        drop(r, &d);
    }
    free(A);
}

static void solver_memory(struct rig *r, struct finding *f)
{
    double *A = definite(N);
    struct data d = load(r, A);
    size_t before = 0, after = 0, total = 0;
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < ROUTINES; i++) {
            put(r, d.A, A, SIZE * sizeof *A);
            routines[i].call(r, &d);
            wait_for(r);
        }
        if (turn == 0) need(cudaMemGetInfo(&before, &total));
    }
    need(cudaMemGetInfo(&after, &total));
    judge(f, after >= before, "free memory goes from %zu to %zu bytes in the second round", before,
          after);
    drop(r, &d);
    free(A);
}

static void solver_sizes(struct rig *r, struct finding *f)
{
    size_t last = 0, device = 0, host = 0, most_host = 0;
    int falls = 0;
    double *A = take(r, (size_t)4 * SIZE * sizeof *A), *W = take(r, 2 * N * sizeof *W);
    for (int64_t n = 33; n <= 2 * N; n++) {
        need(cusolverDnXsyevd_bufferSize(r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR,
                                         CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F, A, n, CUDA_R_64F, W,
                                         CUDA_R_64F, &device, &host));
        falls += device < last;
        last = device;
        if (host > most_host) most_host = host;
    }
    say(f, "from n = 33 to %d it falls %d times; up to %zu bytes are wanted on the host", 2 * N,
        falls, most_host);
}

/* ---- what they compute ----------------------------------------------------------------------- */

static void solver_same_bits(struct rig *r, struct finding *f)
{
    double *A = definite(N), *values[2];
    for (int i = 0; i < ROUTINES; i++) {
        for (int turn = 0; turn < 2; turn++) {
            struct data d = load(r, A);
            values[turn] = numbers(3 * SIZE);
            routines[i].call(r, &d);
            fetch_f64(r, d.A, values[turn], SIZE);
            fetch_f64(r, d.U, values[turn] + SIZE, SIZE);
            fetch_f64(r, d.V, values[turn] + 2 * SIZE, SIZE);
            drop(r, &d);
        }
        const bool same = memcmp(values[0], values[1], 3 * SIZE * sizeof(double)) == 0;
        judge(f, same, "%s %s", routines[i].name, same ? "the same" : "DIFFERENT");
        free(values[0]);
        free(values[1]);
    }
    free(A);
}

/* A NaN must not come out as an answer: it is reported, or in the result. */
static void solver_nan(struct rig *r, struct finding *f)
{
    double *A = definite(N), *found = numbers(SIZE + N);
    A[N + 1] = (double)NAN;
    for (int i = 0; i < ROUTINES; i++) {
        if (!routines[i].factors) continue;
        struct data d = load(r, A);
        routines[i].call(r, &d);
        const int info = fetch_int(r, d.info);
        fetch_f64(r, routines[i].call == call_gesvd ? d.U : d.A, found, SIZE);
        fetch_f64(r, d.S, found + SIZE, N);
        const bool shows = !all_finite(found, SIZE + N);
        judge(f, info > 0 || shows, "%s: info = %d, %s", routines[i].name, info,
              shows ? "NaN in the result" : "all finite");
        drop(r, &d);
    }
    free(A);
    free(found);
}

static void solver_singular(struct rig *r, struct finding *f)
{
    enum { ZERO = 41 }; /* a column and a row of zeros */
    double *A = definite(N), *found = numbers(SIZE);
    for (int i = 0; i < N; i++) A[ZERO * N + i] = A[i * N + ZERO] = 0;
    struct data d = load(r, A);
    call_getrf(r, &d);
    const int info = fetch_int(r, d.info);
    fetch_f64(r, d.A, found, SIZE);
    const bool finished = all_finite(found, SIZE);
    judge(f, info > 0, "info = %d", info);
    judge(f, finished, "the rest of the factors is %s", finished ? "finite" : "NOT FINITE");
    drop(r, &d);
    free(A);
    free(found);
}

/* Of a diagonal matrix they are known; Ritz gives no vectors then, not even an address. */
static void solver_values_only(struct rig *r, struct finding *f)
{
    double *A = numbers(SIZE), *S = numbers(N), worst = 0;
    size_t device = 0, host = 0;
    for (int i = 0; i < SIZE; i++) A[i] = i % (N + 1) == 0 ? N - i / (N + 1) : 0;
    struct data d = load(r, A);
    need(cusolverDnXgesvd_bufferSize(r->solver, r->params, 'N', 'N', N, N, CUDA_R_64F, d.A, N,
                                     CUDA_R_64F, d.S, CUDA_R_64F, NULL, N, CUDA_R_64F, NULL, N,
                                     CUDA_R_64F, &device, &host));
    const cusolverStatus_t status =
        cusolverDnXgesvd(r->solver, r->params, 'N', 'N', N, N, CUDA_R_64F, d.A, N, CUDA_R_64F, d.S,
                         CUDA_R_64F, NULL, N, CUDA_R_64F, NULL, N, CUDA_R_64F,
                         workspace(r, device, host), device, d.host, host, d.info);
    fetch_f64(r, d.S, S, N);
    for (int i = 0; i < N; i++) worst = fmax(worst, fabs(S[i] - (N - i)));
    judge(f, status == CUSOLVER_STATUS_SUCCESS && worst <= 1e-10,
          "status %d, the largest error of a value is %.1e", (int)status, worst);
    drop(r, &d);
    free(A);
    free(S);
}

/* Diagonal matrices, whose eigenvalues are known. */
static void solver_large_batch(struct rig *r, struct finding *f)
{
    enum { ORDER = 4, MANY = 33000, ITEM = ORDER * ORDER };
    double *A = numbers((size_t)MANY * ITEM), *W = numbers((size_t)MANY * ORDER);
    size_t device = 0, host = 0;
    int wrong = 0;
    for (int i = 0; i < MANY * ITEM; i++) A[i] = i % ITEM % (ORDER + 1) == 0 ? i % ITEM : 0;
    double *on_device = take_f64(r, A, (size_t)MANY * ITEM);
    double *values = take(r, (size_t)MANY * ORDER * sizeof *values);
    int *info = take(r, MANY * sizeof *info);
    need(cusolverDnXsyevBatched_bufferSize(
        r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, ORDER, CUDA_R_64F,
        on_device, ORDER, CUDA_R_64F, values, CUDA_R_64F, &device, &host, MANY));
    double *host_work = malloc(host + 1);
    if (!host_work) abort();
    const cusolverStatus_t status = cusolverDnXsyevBatched(
        r->solver, r->params, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, ORDER, CUDA_R_64F,
        on_device, ORDER, CUDA_R_64F, values, CUDA_R_64F, take(r, device + 1), device, host_work,
        host, info, MANY);
    fetch_f64(r, values, W, (size_t)MANY * ORDER);
    for (int i = 0; i < MANY * ORDER; i++)
        wrong += !(fabs(W[i] - i % ORDER * (ORDER + 1)) <= 1e-12);
    say(f, "%d items: status %d, %d eigenvalues wrong", (int)MANY, (int)status, wrong);
    free(host_work);
    free(A);
    free(W);
}

/* ---- rules broken on purpose ----------------------------------------------------------------- */

static void solver_without_parameters(struct rig *r, struct finding *f)
{
    double *A = definite(N);
    struct data d = load(r, A);
    const cusolverStatus_t status = getrf(r, &d, NULL, N);
    const cudaError_t after = cudaStreamSynchronize(r->stream);
    say(f, "Xgetrf returns %d, the stream %s", (int)status, cudaGetErrorName(after));
    free(A);
}

static void solver_argument(struct rig *r, struct finding *f)
{
    double *A = definite(N);
    struct data d = load(r, A);
    const cusolverStatus_t status = getrf(r, &d, r->params, N - 1);
    say(f, "Xgetrf with too small a leading dimension returns %d, info is %d", (int)status,
        fetch_int(r, d.info));
    free(A);
}

#define LIBRARY "cuSOLVER Library, cuSolverDN, "
const struct probe solver_probes[] = {
    {"solver_waits", "Which routines of cuSOLVER wait for the stream?",
     "Xgeqrf, orgqr and ormqr do not; the others may", LIBRARY "Asynchronous execution", EMULATED,
     solver_waits},
    {"solver_memory", "Does cuSOLVER allocate beside the workspace that it is given?",
     "no, after the first call", LIBRARY "workspace arguments", EMULATED, solver_memory},
    {"solver_sizes", "Does the workspace grow with n?", "nothing: it is asked for at each call",
     LIBRARY "cusolverDnXsyevd_bufferSize", EMULATED, solver_sizes},
    {"solver_same_bits", "Does the same call give the same bits again?",
     "yes, on the same GPU, in the deterministic mode", LIBRARY "cusolverDnSetDeterministicMode",
     EMULATED, solver_same_bits},
    {"solver_nan", "What do the routines make of a NaN?", "a positive info, or a NaN in the result",
     LIBRARY "info arguments", EMULATED, solver_nan},
    {"solver_singular", "What does Xgetrf make of a singular matrix?",
     "a positive info, and finished factors", LIBRARY "cusolverDnXgetrf", EMULATED,
     solver_singular},
    {"solver_values_only", "Does Xgesvd without vectors take NULL for them?", "yes",
     LIBRARY "cusolverDnXgesvd", EMULATED, solver_values_only},
    {"solver_large_batch", "Does XsyevBatched take more than 32768 items?",
     "nothing: Ritz gives at most 32768", LIBRARY "cusolverDnXsyevBatched", GPU_ONLY,
     solver_large_batch},
    {"solver_without_parameters", "May the parameters of a 64-bit routine be NULL?",
     "nothing: Ritz always makes them", LIBRARY "cusolverDnXgetrf", GPU_ONLY,
     solver_without_parameters},
    {"solver_argument", "How is a wrong argument numbered in info?",
     "nothing: Ritz checks the arguments", LIBRARY "cusolverDnXgetrf", GPU_ONLY, solver_argument},
};
const size_t solver_probe_count = sizeof solver_probes / sizeof *solver_probes;
