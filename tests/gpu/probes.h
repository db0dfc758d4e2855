/* Small questions to a GPU and its libraries, whose answers Ritz relies on, or goes out of the way
 * of, and which NVIDIA's documentation leaves open. `probes --list` names them, `probes NAME...`
 * answers some. One that is GPU_ONLY wants a process of its own, since its answer may be an error
 * that ends the use of the GPU.
 *
 * Only functions that the CUDA backend calls are asked, so that the emulation can answer too: it
 * shows that the probes work, and its answers are what Ritz is tested with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_GPU_PROBES_H
#define RITZ_TESTS_GPU_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

enum verdict { AGREES, DISAGREES, NO_OPINION };

struct finding {
    char answer[400];
    enum verdict verdict; /* on what Ritz assumes */
};

enum standing {
    EMULATED, /* within what is documented, or what the emulation does in its place */
    GPU_ONLY  /* breaks a rule or leaves a limit on purpose: the emulation would not go on */
};

struct rig;
struct probe {
    const char *name, *question, *assumed;
    const char *documentation; /* where NVIDIA says something near it */
    enum standing standing;
    void (*find)(struct rig *r, struct finding *f);
};
extern const struct probe runtime_probes[], blas_probes[], solver_probes[];
extern const size_t runtime_probe_count, blas_probe_count, solver_probe_count;
#ifdef PROBES_WITH_KERNELS
extern const struct probe random_probes[];
extern const size_t random_probe_count;
#endif

/* ---- finding.c ------------------------------------------------------------------------------- */

/* Adds to the answer, as printf does. */
void say(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A part of the answer, and whether it is what Ritz assumes: one that is not decides. */
void judge(struct finding *f, bool agrees, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The probe cannot go on: ends the process unless the call returned 0. */
#define need(call) need_success((int)(call), #call)
void need_success(int status, const char *call);

/* ---- rig.c ----------------------------------------------------------------------------------- */

/* What a probe works with, as Ritz sets it up: one stream that does not wait for the legacy one,
 * handles with a workspace of their own, deterministic. */
enum { WORKSPACE_BYTES = 64 << 20 };
struct rig {
    cudaStream_t stream;
    cublasHandle_t blas;
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    void *workspace; /* for both libraries, which work one after the other */
    void *taken[64];
    int count;
};
void open_rig(struct rig *r);
void close_rig(struct rig *r);
/* Device memory until close_rig, of zeros. */
void *take(struct rig *r, size_t bytes);
/* The same, with a copy of these numbers, as float64 or rounded to float32. */
double *take_f64(struct rig *r, const double *values, size_t count);
float *take_f32(struct rig *r, const double *values, size_t count);
/* Copies that are done when the call returns. */
void put(struct rig *r, void *device, const void *host, size_t bytes);
void fetch(struct rig *r, void *host, const void *device, size_t bytes);
void fetch_f64(struct rig *r, const double *device, double *values, size_t count);
void fetch_f32(struct rig *r, const float *device, double *values, size_t count);
int fetch_int(struct rig *r, const int *device);
void wait_for(struct rig *r);
/* Gives back what was taken since the rig was opened. */
void release_all(struct rig *r);

/* The stream is busy for a while: a host function sleeps in it. */
void hold(cudaStream_t stream);
bool is_held(void);
/* Whether a call comes back while the stream is busy, once it has been made before. */
bool returns_while_busy(struct rig *r, void (*call)(struct rig *r, void *context), void *context);

/* Numbers in [-1/2, 1/2), the same in each run; the caller frees. */
double *numbers(size_t count);
/* n x n, symmetric, diagonally dominant. */
double *definite(int n);
/* n x n lower triangular, well conditioned; `other` stands above the diagonal. */
double *triangle(int n, double other);
bool all_finite(const double *values, size_t count);

#endif
