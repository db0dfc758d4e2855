/* The emulated cuSOLVER: workspaces, limits, handles, and what a test may wish.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "solver_fixture.h"

using namespace fixture;

/* ---- workspaces ------------------------------------------------------------------------------ */

/* Sizes are odd and not monotone; host parts and empty workspaces happen. */
PASSES_IN(cases::LATE, workspace_sizes)
{
    Solver s;
    bool odd = true, falls = false, none = false, host = false;
    size_t before = 0;
    for (int64_t n = 1; n <= 100; n++) {
        size_t device_bytes = 0, host_bytes = 0;
        FINE(cusolverDnXpotrf_bufferSize(s.h, s.params, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_32F,
                                         nullptr, n, CUDA_R_32F, &device_bytes, &host_bytes));
        odd = odd && (device_bytes % 2 == 1 || device_bytes == 0);
        falls = falls || (device_bytes > 0 && device_bytes < before);
        none = none || device_bytes == 0;
        host = host || host_bytes > 0;
        before = device_bytes;
    }
    CHECK(odd && falls && none && host);
}

ABORTS(workspace_never_asked_for, "workspace")
{
    Solver s;
    Matrix<double> A(3, 3);
    A.up();
    Array<char> work(100000);
    Array<int> info(1);
    FINE(cusolverDnXpotrf(s.h, s.params, CUBLAS_FILL_MODE_LOWER, 3, CUDA_R_64F, A.p, A.ld,
                          CUDA_R_64F, work.p, 100000, nullptr, 0, info.p));
}

ABORTS(workspace_asked_for_another_size, "workspace")
{
    Solver s;
    Matrix<double> A(4, 4);
    A.up();
    Array<char> work(100000);
    std::vector<char> host(100000);
    Array<int> info(1);
    size_t device_bytes, host_bytes;
    FINE(cusolverDnXpotrf_bufferSize(s.h, s.params, CUBLAS_FILL_MODE_LOWER, 5, CUDA_R_64F, A.p, 5,
                                     CUDA_R_64F, &device_bytes, &host_bytes));
    FINE(cusolverDnXpotrf(s.h, s.params, CUBLAS_FILL_MODE_LOWER, 4, CUDA_R_64F, A.p, A.ld,
                          CUDA_R_64F, work.p, 100000, host.data(), 100000, info.p));
}

namespace
{

/* Xpotrf of an order that needs both workspaces. */
struct Potrf {
    Solver s;
    int64_t n = 3;
    Workspaces w;
    Array<int> info{1};
    Matrix<double> *A = nullptr;

    Potrf()
    {
        do {
            n++;
            FINE(cusolverDnXpotrf_bufferSize(s.h, s.params, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F,
                                             nullptr, n, CUDA_R_64F, &w.device_bytes,
                                             &w.host_bytes));
        } while (w.device_bytes == 0 || w.host_bytes == 0);
        w.make();
        A = new Matrix<double>(n, n, 1, 0);
        make_definite(A, CUBLAS_FILL_MODE_LOWER);
        A->up();
    }
    ~Potrf()
    {
        delete A;
    }
    cusolverStatus_t run(char *device, size_t device_bytes, char *host, size_t host_bytes)
    {
        return cusolverDnXpotrf(s.h, s.params, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F, A->p, n,
                                CUDA_R_64F, device, device_bytes, host, host_bytes, info.p);
    }
};

} // namespace

PASSES(workspace_kept)
{
    Potrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
    p.A->down(p.s.stream);
    expect_factor(*p.A, CUBLAS_FILL_MODE_LOWER, p.n);
}

ABORTS(host_workspace_one_short, "workspace")
{
    Potrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes - 1));
}

ABORTS(host_workspace_missing, "null")
{
    Potrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, nullptr, p.w.host_bytes));
}

ABORTS(host_workspace_on_the_device, "device-pointer")
{
    Potrf p;
    Array<char> other(p.w.host_bytes);
    FINE(p.run(p.w.device->p, p.w.device_bytes, other.p, p.w.host_bytes));
}

ABORTS_IN(cases::LATE, host_workspace_used_again_early, "workspace")
{
    Potrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
    p.w.host[0] = 0;
    OK(cudaStreamSynchronize(p.s.stream));
}

ABORTS(device_workspace_misaligned, "alignment")
{
    Potrf p;
    Array<char> other(p.w.device_bytes + 8);
    FINE(p.run(other.p + 8, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
}

ABORTS(device_workspace_is_the_matrix, "overlap")
{
    Potrf p;
    Array<char> both(p.w.device_bytes + size_t(p.n * p.n) * sizeof(double));
    FINE(cusolverDnXpotrf(p.s.h, p.s.params, CUBLAS_FILL_MODE_LOWER, p.n, CUDA_R_64F, both.p, p.n,
                          CUDA_R_64F, both.p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes,
                          p.info.p));
}

/* ---- limits and handles ---------------------------------------------------------------------- */

ABORTS(orgqr_wider_than_high, "size")
{
    Solver s;
    int lwork;
    FINE(cusolverDnDorgqr_bufferSize(s.h, 2, 3, 1, nullptr, 2, nullptr, &lwork));
}

ABORTS(potrf_batched_of_nothing, "size")
{
    Solver s;
    Array<double *> p(1);
    Array<int> info(1);
    FINE(cusolverDnDpotrfBatched(s.h, CUBLAS_FILL_MODE_LOWER, 0, p.p, 1, info.p, 1));
}

ABORTS(potrf_of_nothing, "size")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXpotrf_bufferSize(s.h, s.params, CUBLAS_FILL_MODE_LOWER, 0, CUDA_R_64F, nullptr,
                                     1, CUDA_R_64F, &a, &b));
}

ABORTS(mixed_precision, "enum")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXpotrf_bufferSize(s.h, s.params, CUBLAS_FILL_MODE_LOWER, 3, CUDA_R_32F, nullptr,
                                     3, CUDA_R_64F, &a, &b));
}

ABORTS(params_missing, "handle")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXpotrf_bufferSize(s.h, nullptr, CUBLAS_FILL_MODE_LOWER, 3, CUDA_R_32F, nullptr,
                                     3, CUDA_R_32F, &a, &b));
}

ABORTS(handle_destroyed_twice, "handle")
{
    cusolverDnHandle_t h;
    FINE(cusolverDnCreate(&h));
    FINE(cusolverDnDestroy(h));
    FINE(cusolverDnDestroy(h));
}

ABORTS(handle_of_a_failed_create, "handle")
{
    cusolverDnHandle_t h = nullptr;
    emu_fail_call("cusolverDnCreate", 1, CUSOLVER_STATUS_ALLOC_FAILED);
    STATUS(cusolverDnCreate(&h), CUSOLVER_STATUS_ALLOC_FAILED);
    FINE(cusolverDnDestroy(h));
}

/* ---- wishes of the test ---------------------------------------------------------------------- */

PASSES(wished_info)
{
    Solver s;
    Matrix<double> A(4, 4, 3);
    make_definite(&A, CUBLAS_FILL_MODE_LOWER);
    A.up();
    Addresses<double> p(A);
    Array<int> info(3);
    emu_set_info("cusolverDnDpotrfBatched", 1, 3);
    emu_poison_output("cusolverDnDpotrfBatched", 2);
    FINE(call_potrf_batched(s.h, CUBLAS_FILL_MODE_LOWER, p.p, A, info.p));
    A.down(s.stream);
    info.down(s.stream);
    CHECK(info.v[0] == 0 && info.v[1] == 0 && info.v[2] == 3);
    expect_factor(A, CUBLAS_FILL_MODE_LOWER, 4, 1);
    CHECK(std::isfinite(A.at(1, 1, 2)) && std::isnan(A.at(2, 2, 2)));
    make_definite(&A, CUBLAS_FILL_MODE_LOWER);
    A.up();
    FINE(call_potrf_batched(s.h, CUBLAS_FILL_MODE_LOWER, p.p, A, info.p));
    A.down(s.stream);
    info.down(s.stream);
    CHECK(info.v[0] == 0 && std::isnan(A.at(0, 0, 0)));
}

PASSES(wished_failure_leaves_outputs)
{
    Solver s;
    Matrix<double> A(2, 2, 1);
    make_definite(&A, CUBLAS_FILL_MODE_LOWER);
    A.up();
    Addresses<double> p(A);
    Array<int> info(1);
    info.v[0] = 42;
    info.up();
    emu_fail_call("cusolverDnDpotrfBatched", 1, CUSOLVER_STATUS_INTERNAL_ERROR);
    STATUS(call_potrf_batched(s.h, CUBLAS_FILL_MODE_LOWER, p.p, A, info.p),
           CUSOLVER_STATUS_INTERNAL_ERROR);
    A.down(s.stream);
    info.down(s.stream);
    CHECK(A.kept(0, 0) && info.v[0] == 42);
}

PASSES(without_a_driver)
{
    emu_set_devices(2, EMU_NO_DRIVER);
    cusolverDnHandle_t h = nullptr;
    STATUS(cusolverDnCreate(&h), CUSOLVER_STATUS_NOT_INITIALIZED);
    CHECK(h != nullptr); /* garbage */
    cusolverDnParams_t params = nullptr;
    FINE(cusolverDnCreateParams(&params));
    FINE(cusolverDnDestroyParams(params));
    int version = 0;
    FINE(cusolverGetVersion(&version));
    CHECK(version == CUSOLVER_VERSION);
}
