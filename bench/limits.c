/* What the machine can do at this moment: the figures that the others are to be read against.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench.h"

/* ---- GEMM: a direct call at a size where it is at its best ----------------------------------- */

static double gemm_peak(ritz_dtype dtype, int n, int repetitions)
{
    const size_t elements = (size_t)n * (size_t)n;
    void *memory = calloc(3 * elements, ritz_dtype_size(dtype));
    if (!memory) return 0;
    double best = 0;
    for (int i = 0; i < repetitions; i++) {
        const double start = bench_now();
        if (dtype == RITZ_F32) {
            float *A = memory, *B = A + elements, *C = B + elements;
            cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
        } else {
            double *A = memory, *B = A + elements, *C = B + elements;
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
        }
        const double rate = 2.0 * n * n * n / (bench_now() - start);
        if (rate > best) best = rate;
    }
    free(memory);
    return best;
}

/* ---- memory bandwidth: triad, a = b + s c (McCalpin, STREAM, 1995) --------------------------- */

enum { REPETITIONS = 6 };

struct triad {
    double *a, *b, *c;
    int64_t first, last; /* of this thread */
    pthread_barrier_t *barrier;
    double best; /* seconds */
};

static void *triad_thread(void *argument)
{
    struct triad *t = argument;
    /* Each thread touches its part first, so that the pages are near it. */
    for (int64_t i = t->first; i < t->last; i++) {
        t->a[i] = 0;
        t->b[i] = 1;
        t->c[i] = 2;
    }
    for (int r = 0; r < REPETITIONS; r++) {
        (void)pthread_barrier_wait(t->barrier);
        const double start = bench_now();
        for (int64_t i = t->first; i < t->last; i++) t->a[i] = t->b[i] + 3 * t->c[i];
        (void)pthread_barrier_wait(t->barrier);
        const double seconds = bench_now() - start;
        if (seconds < t->best) t->best = seconds;
    }
    return NULL;
}

/* A thread that cannot be started would leave the others at the barrier: there is nothing to
 * measure on such a machine. The arrays are well beyond the caches. */
static double triad_bandwidth(int threads, int64_t count)
{
    pthread_barrier_t barrier;
    double *memory = malloc(3 * (size_t)count * sizeof *memory);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    struct triad *parts = calloc((size_t)threads, sizeof *parts);
    double best = 0;
    if (threads < 1 || !memory || !ids || !parts ||
        pthread_barrier_init(&barrier, NULL, (unsigned)threads))
        goto out;
    for (int i = 0; i < threads; i++) {
        parts[i] = (struct triad){.a = memory,
                                  .b = memory + count,
                                  .c = memory + 2 * count,
                                  .first = count * i / threads,
                                  .last = count * (i + 1) / threads,
                                  .barrier = &barrier,
                                  .best = 1e9};
        if (i > 0 && pthread_create(&ids[i], NULL, triad_thread, &parts[i])) abort();
    }
    (void)triad_thread(&parts[0]);
    for (int i = 1; i < threads; i++) (void)pthread_join(ids[i], NULL);
    best = 3.0 * (double)count * (double)sizeof(double) / parts[0].best;
    (void)pthread_barrier_destroy(&barrier);
out:
    free(parts);
    free(ids);
    free(memory);
    return best;
}

int bench_measure_limits(int threads, int quick, struct bench_limits *limits)
{
    const int n = quick ? 512 : 2048;
    limits->gemm_f32 = gemm_peak(RITZ_F32, n, quick ? 5 : 10);
    limits->gemm_f64 = gemm_peak(RITZ_F64, n, quick ? 5 : 10);
    limits->triad = triad_bandwidth(threads, quick ? INT64_C(4) << 20 : INT64_C(16) << 20);
    return limits->gemm_f32 > 0 && limits->gemm_f64 > 0 && limits->triad > 0 ? 0 : -1;
}
