/* What each failure of CUDA and its libraries is called, on the emulation: which of them lose the
 * device, which mean that memory is short, and what the message says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "ritz/ritz.h"

static int problems;

static void must(ritz_status status)
{
    if (status == RITZ_OK) return;
    printf("FAIL: %s: %s\n", ritz_status_name(status), ritz_last_error());
    exit(1);
}

/* The call failed with that status, and the message says what it must. */
static void expect(ritz_status is, ritz_status wanted, const char *said, const char *what)
{
    if (is == wanted && strstr(ritz_last_error(), said)) return;
    problems++;
    printf("FAIL %s: %s for %s; \"%s\" is not said, or the status is wrong: \"%s\"\n", what,
           ritz_status_name(is), ritz_status_name(wanted), said, ritz_last_error());
}

static void expect_nothing_left(const char *what)
{
    if (emu_check_idle() != 0) {
        printf("FAIL %s: something leaked (above)\n", what);
        exit(1);
    }
    emu_reset(1);
}

struct caller {
    ritz_device *dev;
    ritz_stream *s;
};

static void open_caller(struct caller *c)
{
    must(ritz_device_open("cuda:0", &c->dev));
    must(ritz_stream_create(c->dev, &c->s));
}

/* A stream of a lost device says so once more. */
static void close_caller(struct caller *c, ritz_status wanted, const char *what)
{
    expect(ritz_stream_destroy(&c->s), wanted, "", what);
    must(ritz_device_close(&c->dev));
    expect_nothing_left(what);
}

/* ---- the runtime ----------------------------------------------------------------------------- */

/* NVIDIA, CUDA Runtime API 13.0, "Data types used by CUDA Runtime", cudaError: which of them the
 * process does not survive. Of the first two that is not written, but neither is how to go on. */
#define CODE(code) code, #code
static const struct {
    cudaError_t code;
    const char *name;
    ritz_status status;
} codes[] = {
    {CODE(cudaErrorECCUncorrectable), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorNvlinkUncorrectable), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorContained), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorIllegalAddress), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorLaunchTimeout), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorAssert), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorHardwareStackError), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorIllegalInstruction), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorMisalignedAddress), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorInvalidAddressSpace), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorInvalidPc), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorLaunchFailure), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorTensorMemoryLeak), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorExternalDevice), RITZ_ERR_DEVICE_LOST},
    {CODE(cudaErrorMemoryAllocation), RITZ_ERR_DEVICE_MEMORY},
    {CODE(cudaErrorInvalidValue), RITZ_ERR_INTERNAL},
    {CODE(cudaErrorInvalidGraphicsContext), RITZ_ERR_INTERNAL},
    {CODE(cudaErrorUnknown), RITZ_ERR_INTERNAL},
};

static void fail_with(cudaError_t code, const char *name, ritz_status wanted)
{
    struct caller c;
    char said[200];
    ritz_event *e = NULL;
    const ritz_status next = wanted == RITZ_ERR_DEVICE_LOST ? wanted : RITZ_OK;
    open_caller(&c);
    must(ritz_event_create(c.dev, &e));
    emu_fail_clear();
    emu_fail_call("cudaEventRecord", 1, (int)code);
    (void)snprintf(said, sizeof said, "cudaEventRecord: %s (%s)", cudaGetErrorString(code), name);
    expect(ritz_event_record(e, c.s), wanted, said, name);
    expect(ritz_event_record(e, c.s), next, next ? "failed earlier" : "", name);
    must(ritz_event_destroy(&e));
    close_caller(&c, next, name);
}

static void check_device_count(void)
{
    ritz_device *dev = NULL;
    emu_fail_clear();
    emu_fail_call("cudaGetDeviceCount", 1, (int)cudaErrorInitializationError);
    expect(ritz_device_open("cuda:0", &dev), RITZ_ERR_UNAVAILABLE, "cudaErrorInitializationError",
           "cudaGetDeviceCount");
    expect_nothing_left("cudaGetDeviceCount");
}

/* ---- the libraries --------------------------------------------------------------------------- */

static const struct {
    int code;
    const char *said;
} solver_codes[] = {
    {CODE(CUSOLVER_STATUS_NOT_INITIALIZED)}, {CODE(CUSOLVER_STATUS_ALLOC_FAILED)},
    {CODE(CUSOLVER_STATUS_INVALID_VALUE)},   {CODE(CUSOLVER_STATUS_ARCH_MISMATCH)},
    {CODE(CUSOLVER_STATUS_MAPPING_ERROR)},   {CODE(CUSOLVER_STATUS_EXECUTION_FAILED)},
    {CODE(CUSOLVER_STATUS_INTERNAL_ERROR)},  {CODE(CUSOLVER_STATUS_MATRIX_TYPE_NOT_SUPPORTED)},
    {CODE(CUSOLVER_STATUS_NOT_SUPPORTED)},   {CODE(CUSOLVER_STATUS_ZERO_PIVOT)},
    {CODE(CUSOLVER_STATUS_INVALID_LICENSE)}, {9999, "an unknown cusolverStatus_t (9999)"},
};

/* A stream's first product, for which the failing call makes or uses the handles. */
static void fail_library(const char *call, int code, cudaError_t behind, ritz_status wanted,
                         const char *said)
{
    struct caller c;
    ritz_dmat A, B;
    open_caller(&c);
    must(ritz_dmat_create(c.s, RITZ_F64, RITZ_COL_MAJOR, 3, 3, &A));
    must(ritz_dmat_create(c.s, RITZ_F64, RITZ_COL_MAJOR, 3, 3, &B));
    must(ritz_fill(c.s, 1, A));
    emu_fail_clear();
    emu_fail_call(call, 1, code);
    if (behind != cudaSuccess) emu_fail_call("cudaMemGetInfo", 1, (int)behind);
    expect(ritz_gemm(c.s, 1, A, A, 0, B), wanted, said, call);
    must(ritz_dmat_destroy(c.s, &A));
    must(ritz_dmat_destroy(c.s, &B));
    close_caller(&c, wanted == RITZ_ERR_DEVICE_LOST ? wanted : RITZ_OK, call);
}

static void check_libraries(void)
{
    for (size_t i = 0; i < sizeof solver_codes / sizeof solver_codes[0]; i++) {
        const int code = solver_codes[i].code;
        fail_library("cusolverDnCreateParams", code, cudaSuccess,
                     code == CUSOLVER_STATUS_ALLOC_FAILED ? RITZ_ERR_DEVICE_MEMORY
                                                          : RITZ_ERR_INTERNAL,
                     solver_codes[i].said);
    }
    fail_library("cublasCreate_v2", CUBLAS_STATUS_ALLOC_FAILED, cudaSuccess, RITZ_ERR_DEVICE_MEMORY,
                 "CUBLAS_STATUS_ALLOC_FAILED");
    fail_library("cublasCreate_v2", CUBLAS_STATUS_NOT_INITIALIZED, cudaSuccess, RITZ_ERR_INTERNAL,
                 "CUBLAS_STATUS_NOT_INITIALIZED");
    /* A library that fails because the device is lost does not say so: CUDA is asked. */
    fail_library("cublasCreate_v2", CUBLAS_STATUS_EXECUTION_FAILED, cudaErrorIllegalAddress,
                 RITZ_ERR_DEVICE_LOST, "cudaErrorIllegalAddress");
    fail_library("cusolverDnCreateParams", CUSOLVER_STATUS_INTERNAL_ERROR, cudaErrorAssert,
                 RITZ_ERR_DEVICE_LOST, "cudaErrorAssert");
}

/* ---- a matrix -------------------------------------------------------------------------------- */

/* What failed on an idle stream is told without a synchronisation. */
static void check_status(void)
{
    struct caller c;
    ritz_dmat A;
    int idle = 0;
    open_caller(&c);
    must(ritz_dmat_create(c.s, RITZ_F64, RITZ_COL_MAJOR, 3, 3, &A));
    must(ritz_fill(c.s, -1, A));
    must(ritz_cholesky(c.s, RITZ_LOWER, A, RITZ_NO_MAT));
    for (int i = 0; i < 1000000 && !idle; i++) must(ritz_stream_query(c.s, &idle));
    expect(ritz_stream_status(c.s), RITZ_ERR_NOT_SPD, "ritz_cholesky", "ritz_stream_status");
    expect(ritz_stream_sync(c.s), RITZ_ERR_NOT_SPD, "ritz_cholesky", "ritz_stream_sync");
    must(ritz_dmat_destroy(c.s, &A));
    close_caller(&c, RITZ_OK, "ritz_stream_status");
}

int main(void)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        fail_with(codes[i].code, codes[i].name, codes[i].status);
    check_device_count();
    check_libraries();
    check_status();
    printf("%d problems\n", problems);
    return problems > 0;
}
