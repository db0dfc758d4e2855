/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/blas_threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

extern int openblas_get_parallel(void); /* 0: sequential, 1: threads of its own, 2: OpenMP */

/* Looked up rather than linked: a build of Ritz without OpenMP still runs on an OpenBLAS with
 * it. */
static struct {
    void (*set)(int);
    int (*get)(void);
} omp;

static void look_up(void)
{
    if (openblas_get_parallel() != 2) return;
    void *set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    void *get = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    if (!set || !get) return;
    memcpy(&omp.set, &set, sizeof set);
    memcpy(&omp.get, &get, sizeof get);
}

int cpu_blas_threads_settable(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, look_up);
    return omp.set != NULL;
}

int cpu_blas_set_threads(int threads)
{
    if (threads < 1 || !cpu_blas_threads_settable()) return 0;
    const int before = omp.get();
    if (before != threads) omp.set(threads);
    return before;
}

int cpu_blas_default_threads(void)
{
    if (cpu_blas_threads_settable()) return omp.get();
    const char *wish = getenv("OMP_NUM_THREADS");
    const long number = wish ? strtol(wish, NULL, 10) : 0;
    if (number > 0 && number < 4096) return (int)number;
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine)) return 1;
    const int count = CPU_COUNT(&mine);
    return count < 1 ? 1 : count;
}
