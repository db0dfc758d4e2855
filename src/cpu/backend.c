/* The CPU backend: its table, device, memory, transfers and limits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/check.h"
#include "cpu/blas_check.h"
#include "cpu/blas_threads.h"
#include "cpu/limits.h"
#include "cpu/ops.h"
#include "cpu/stream.h"

extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);
extern int openblas_get_parallel(void);

/* ---- the device ------------------------------------------------------------------------------ */

/* The first "model name" of /proc/cpuinfo. */
static void find_processor_name(char *name, size_t size)
{
    static const char key[] = "model name";
    char line[512];
    snprintf(name, size, "CPU");
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, key, sizeof key - 1) != 0 || !colon) continue;
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        snprintf(name, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    fclose(f);
}

/* "OpenBLAS 0.3.21 (OpenMP, Haswell kernels)"; the configuration begins "OpenBLAS 0.3.21 NO_LAPACKE
 * ...". */
static void describe_library(char *text, size_t size)
{
    static const char *const threading[] = {"single-threaded", "pthreads", "OpenMP"};
    const char *config = openblas_get_config();
    const int parallel = openblas_get_parallel();
    int length = (int)strcspn(config, " ");
    if (config[length] == ' ') length += 1 + (int)strcspn(config + length + 1, " ");
    snprintf(text, size, "%.*s (%s, %s kernels)", length, config,
             parallel >= 0 && parallel <= 2 ? threading[parallel] : "unknown threading",
             openblas_get_corename());
}

static ritz_status cpu_device_open(ritz_device *dev, int index)
{
    RITZ_TRY(cpu_blas_check());
    const int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    dev->info.kind = RITZ_DEVICE_CPU;
    dev->info.index = index;
    find_processor_name(dev->info.name, sizeof dev->info.name);
    describe_library(dev->info.library, sizeof dev->info.library);
    dev->info.threads = cpu_blas_default_threads();
    dev->info.memory_bytes = pages > 0 && page > 0 ? pages * page : 0;
    return RITZ_OK;
}

static void cpu_device_close(ritz_device *dev)
{
    (void)dev;
}

static ritz_status cpu_device_set_threads(ritz_device *dev, int threads)
{
    RITZ_REQUIRE(cpu_blas_threads_settable(), RITZ_ERR_UNSUPPORTED,
                 "%s keeps one number of threads for the whole process; use its OpenMP flavour, or "
                 "set OPENBLAS_NUM_THREADS before the program starts",
                 dev->info.library);
    dev->info.threads = threads > 0 ? threads : cpu_blas_default_threads();
    return RITZ_OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static ritz_status cpu_allocate(ritz_stream *s, size_t bytes, void **p)
{
    (void)s;
    RITZ_REQUIRE(posix_memalign(p, 256, bytes) == 0, RITZ_ERR_MEMORY,
                 "%zu bytes of host memory are not to be had", bytes);
    return RITZ_OK;
}

static void free_job(const struct cpu_context *ctx, const void *arguments)
{
    (void)ctx;
    void *const *p = arguments;
    free(*p);
}

static void cpu_release(ritz_stream *s, void *p, size_t bytes)
{
    (void)bytes;
    if (cpu_enqueue(s, free_job, &p, sizeof p) == RITZ_OK) return;
    (void)cpu_stream_sync(s);
    free(p);
}

static struct cpu_view view_of_host(ritz_hmat H)
{
    return cpu_view_of((ritz_dmat){.data = H.data,
                                   .rows = H.rows,
                                   .cols = H.cols,
                                   .ld = H.ld,
                                   .batch = H.batch,
                                   .batch_stride = H.batch_stride,
                                   .dtype = H.dtype,
                                   .layout = H.layout});
}

static ritz_status cpu_upload(ritz_stream *s, ritz_hmat H, ritz_dmat D)
{
    const struct cpu_view source = view_of_host(H), target = cpu_view_of(D);
    return cpu_copy_strided(s, &source, &target);
}

static ritz_status cpu_download(ritz_stream *s, ritz_dmat D, ritz_hmat H)
{
    const struct cpu_view source = cpu_view_of(D), target = view_of_host(H);
    return cpu_copy_strided(s, &source, &target);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct ritz_backend backend = {
    .name = "cpu",
    .kind = RITZ_DEVICE_CPU,
    .device_open = cpu_device_open,
    .device_close = cpu_device_close,
    .device_set_threads = cpu_device_set_threads,
    .stream_create = cpu_stream_create,
    .stream_destroy = cpu_stream_destroy,
    .stream_sync = cpu_stream_sync,
    .stream_query = cpu_stream_query,
    .stream_status = cpu_stream_status,
    .host_function = cpu_host_function,
    .event_create = cpu_event_create,
    .event_destroy = cpu_event_destroy,
    .event_record = cpu_event_record,
    .event_wait = cpu_event_wait,
    .event_sync = cpu_event_sync,
    .event_query = cpu_event_query,
    .allocate = cpu_allocate,
    .release = cpu_release,
    .upload = cpu_upload,
    .download = cpu_download,
    .limits = cpu_limits,
    .ops =
        {
#define OP(slot, parameters, arguments, key, composite) .slot = cpu_##slot,
#define OPTIONAL(slot, parameters, arguments, key)
#include "core/ops.def"
#undef OPTIONAL
#undef OP
            .small_cholesky = cpu_small_cholesky,
            .small_spd_solve = cpu_small_spd_solve,
            .small_lu = cpu_small_lu,
            .small_solve = cpu_small_solve,
            .small_qr = cpu_small_qr,
            .small_svd = cpu_small_svd,
            .small_eigh = cpu_small_eigh,
        },
};

const struct ritz_backend *ritz_cpu_backend(void)
{
    return &backend;
}
