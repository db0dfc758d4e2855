/* Ritz between a program's own CUDA kernels: the heads of a classifier are trained by natural
 * gradient, on the program's stream, in its memory, without a synchronisation.
 *
 * Each head is a logistic regression on the same features X, with weights w and labels y. A step
 * is w -= F⁻¹ g, with the gradient g = Xᵀ(p - y) + λw of the loss and the Fisher matrix
 * F = XᵀDX + λI, D = diag(p(1 - p)). Of this loss F is the Hessian too, so the steps are Newton's
 * and converge to the one w where g vanishes. The host looks whether it does.
 *
 *     training_step [STEPS]
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <ritz/ritz.h>

enum { SAMPLES = 384, FEATURES = 12, HEADS = 4 };
enum { LEAST_STEPS = 8, MOST_STEPS = 64, NO_GPU = 77 };
enum { THREADS = 128, BLOCKS = SAMPLES / THREADS, POOL = 8 << 20 };
static const double LAMBDA = 0.5;

struct data {
    double X[SAMPLES][FEATURES], y[HEADS][SAMPLES];
    double w[HEADS][FEATURES], loss[MOST_STEPS][HEADS];
};

struct scratch {
    double z[HEADS][SAMPLES], loss[HEADS][SAMPLES], S[HEADS][SAMPLES][FEATURES];
    double g[HEADS][FEATURES], F[HEADS][FEATURES][FEATURES];
};

/* ---- the program's kernels ------------------------------------------------------------------- */

/* The first feature is 1. A plane and some noise, which is in y, decide about the label. */
__global__ void label(data *d)
{
    const int h = blockIdx.y, i = blockIdx.x * THREADS + threadIdx.x;
    if (h == 0) d->X[i][0] = 1;
    d->y[h][i] = 2 * d->X[i][h + 1] - d->X[i][h + 2] + d->y[h][i] > 0;
}

/* From z = Xw: the loss of each sample; p - y in place of z; S with SᵀS = XᵀDX. */
__global__ void activate(const data *d, scratch *tmp)
{
    const int h = blockIdx.y, i = blockIdx.x * THREADS + threadIdx.x;
    const double z = tmp->z[h][i], e = exp(-fabs(z)), root = sqrt(e) / (1 + e);
    tmp->loss[h][i] = log1p(e) + fmax(z, 0.0) - d->y[h][i] * z;
    tmp->z[h][i] = (z < 0 ? e : 1) / (1 + e) - d->y[h][i];
    for (int j = 0; j < FEATURES; j++) tmp->S[h][i][j] = root * d->X[i][j];
}

__global__ void regularise(const data *d, scratch *tmp)
{
    const int h = blockIdx.x, j = threadIdx.x;
    tmp->g[h][j] += LAMBDA * d->w[h][j];
    tmp->F[h][j][j] += LAMBDA;
}

__global__ void update(data *d, const scratch *tmp)
{
    d->w[blockIdx.x][threadIdx.x] -= tmp->g[blockIdx.x][threadIdx.x];
}

/* ---- the program's memory -------------------------------------------------------------------- */

/* One block, for the program and for Ritz. No byte of it is handed out twice, which is right in
 * the order of any stream. */
struct pool {
    char *base;
    size_t used;
};

static void *take(void *context, size_t bytes, ritz_stream *)
{
    pool *p = (pool *)context;
    const size_t rounded = (bytes + 255) / 256 * 256;
    if (bytes > POOL || rounded > POOL - p->used) return NULL;
    p->used += rounded;
    return p->base + p->used - rounded;
}

static void give_back(void *, void *, size_t, ritz_stream *)
{
}

/* ---- training -------------------------------------------------------------------------------- */

struct training {
    pool memory;
    cudaStream_t stream;
    ritz_device *dev;
    ritz_stream *s; /* `stream`, as Ritz has it */
    data *d, *host; /* on the device; and page-locked, so that the copy is in the stream's order */
    scratch *tmp;
};

static int ok(cudaError_t status)
{
    if (status != cudaSuccess) fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));
    return status == cudaSuccess;
}

static int ok(ritz_status status)
{
    if (status != RITZ_OK) fprintf(stderr, "%s\n", ritz_last_error());
    return status == RITZ_OK;
}

/* A matrix is a description of memory: of an array as C has it, or of one for each head. */
static ritz_dmat wrap(const training *t, double *array, int rows, int cols)
{
    return ritz_dmat_wrap(t->dev, array, RITZ_F64, rows, cols, RITZ_ROW_MAJOR);
}

static ritz_dmat wrap_heads(const training *t, double *array, int rows, int cols)
{
    return ritz_batched(wrap(t, array, rows, cols), HEADS, (int64_t)rows * cols);
}

static int set_up(training *t)
{
    const ritz_allocator allocator = {&t->memory, take, give_back};
    if (!ok(cudaMalloc((void **)&t->memory.base, POOL)) ||
        !ok(cudaMallocHost((void **)&t->host, sizeof *t->host)) ||
        !ok(cudaStreamCreateWithFlags(&t->stream, cudaStreamNonBlocking)) ||
        !ok(ritz_device_set_allocator(t->dev, &allocator)) ||
        !ok(ritz_stream_wrap_native(t->dev, t->stream, &t->s)))
        return 0;
    t->d = (data *)take(&t->memory, sizeof *t->d, NULL);
    t->tmp = (scratch *)take(&t->memory, sizeof *t->tmp, NULL);
    if (!ok(cudaMemsetAsync(t->d, 0, sizeof *t->d, t->stream)) ||
        !ok(ritz_random_fill(t->s, RITZ_NORMAL, 1, 0, wrap(t, t->d->X[0], SAMPLES, FEATURES))) ||
        !ok(ritz_random_fill(t->s, RITZ_NORMAL, 1, 1, wrap(t, t->d->y[0], HEADS, SAMPLES))))
        return 0;
    label<<<dim3(BLOCKS, HEADS), THREADS, 0, t->stream>>>(t->d);
    return ok(cudaGetLastError());
}

static int step(training *t, double *loss)
{
    const ritz_dmat X = ritz_read_only(wrap(t, t->d->X[0], SAMPLES, FEATURES));
    const ritz_dmat w = wrap(t, t->d->w[0], HEADS, FEATURES);
    const ritz_dmat z = wrap(t, t->tmp->z[0], HEADS, SAMPLES);
    const ritz_dmat g = wrap(t, t->tmp->g[0], HEADS, FEATURES);
    const ritz_dmat S = wrap_heads(t, t->tmp->S[0][0], SAMPLES, FEATURES);
    const ritz_dmat F = wrap_heads(t, t->tmp->F[0][0], FEATURES, FEATURES);

    if (!ok(ritz_gemm(t->s, 1, w, ritz_t(X), 0, z))) return 0;
    activate<<<dim3(BLOCKS, HEADS), THREADS, 0, t->stream>>>(t->d, t->tmp);
    if (!ok(cudaGetLastError()) || !ok(ritz_gemm(t->s, 1, z, X, 0, g)) ||
        !ok(ritz_syrk(t->s, RITZ_LOWER, 1, ritz_t(S), 0, F)) ||
        !ok(ritz_gemm(t->s, 1, wrap(t, t->tmp->loss[0], HEADS, SAMPLES), ritz_cols(X, 0, 1), 0,
                      wrap(t, loss, HEADS, 1)))) /* summed, by the feature that is 1 */
        return 0;
    regularise<<<HEADS, FEATURES, 0, t->stream>>>(t->d, t->tmp);
    if (!ok(cudaGetLastError()) ||
        !ok(ritz_spd_solve(t->s, F, wrap_heads(t, t->tmp->g[0], FEATURES, 1), NULL, RITZ_NO_MAT)))
        return 0;
    update<<<HEADS, FEATURES, 0, t->stream>>>(t->d, t->tmp);
    return ok(cudaGetLastError());
}

/* All steps, and one wait at the end, which also says whether Ritz's work went well. */
static int train(training *t, int steps)
{
    for (int k = 0; k < steps; k++)
        if (!step(t, t->d->loss[k])) return 0;
    return ok(cudaMemcpyAsync(t->host, t->d, sizeof *t->d, cudaMemcpyDeviceToHost, t->stream)) &&
           ok(ritz_stream_sync(t->s));
}

/* The gradient with respect to w[h][j], in units of what rounding may leave of 0 in such sums. */
static double gradient(const data *d, int h, int j)
{
    double sum = LAMBDA * d->w[h][j], moduli = fabs(sum);
    for (int i = 0; i < SAMPLES; i++) {
        double z = 0;
        for (int k = 0; k < FEATURES; k++) z += d->X[i][k] * d->w[h][k];
        sum += d->X[i][j] * (1 / (1 + exp(-z)) - d->y[h][i]);
        moduli += fabs(d->X[i][j]);
    }
    return fabs(sum) / ((SAMPLES + FEATURES) * 0x1p-52 * moduli);
}

static int check(const data *d, int steps)
{
    int right = 1;
    for (int h = 0; h < HEADS; h++) {
        double worst = 0;
        for (int j = 0; j < FEATURES; j++) worst = fmax(worst, gradient(d, h, j));
        printf("head %d: loss %.17g, was %.17g; gradient %.17g of what rounding explains\n", h,
               d->loss[steps - 1][h], d->loss[0][h], worst);
        /* At w = 0, where training begins, a sample costs log 2. */
        right &= fabs(d->loss[0][h] - SAMPLES * log(2.0)) <= SAMPLES * 0x1p-52 * d->loss[0][h];
        right &= worst <= 1;
    }
    if (!right) fprintf(stderr, "this is not the minimum\n");
    return right;
}

int main(int argc, char **argv)
{
    training t = {};
    const int steps = argc > 1 ? atoi(argv[1]) : 10;
    if (steps < LEAST_STEPS || steps > MOST_STEPS) {
        fprintf(stderr, "STEPS must be from %d to %d\n", LEAST_STEPS, MOST_STEPS);
        return 2;
    }
    const ritz_status opened = ritz_device_open("cuda:0", &t.dev);
    if (!ok(opened)) return opened == RITZ_ERR_UNAVAILABLE ? NO_GPU : 1;

    int good = set_up(&t) && train(&t, steps) && check(t.host, steps);
    printf("%zu bytes of the program's memory are in use\n", t.memory.used);
    good &= ok(ritz_stream_destroy(&t.s)) & ok(ritz_device_close(&t.dev));
    good &= t.stream == NULL || ok(cudaStreamDestroy(t.stream));
    good &= t.host == NULL || ok(cudaFreeHost(t.host));
    good &= ok(cudaFree(t.memory.base));
    return good ? 0 : 1;
}
