/* The emulated cuSOLVER: workspaces, limits, handles, and what a test may wish.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "solver_fixture.h"

using namespace fixture;

/* ---- workspaces ------------------------------------------------------------------------------ */

namespace
{

constexpr cudaDataType D = CUDA_R_64F;

/* What Xgeqrf of order n says that it needs. */
cusolverStatus_t query(const Solver &s, int64_t n, size_t *device_bytes, size_t *host_bytes,
                       cudaDataType compute = D)
{
    return cusolverDnXgeqrf_bufferSize(s.h, s.params, n, n, D, nullptr, std::max<int64_t>(n, 1), D,
                                       nullptr, compute, device_bytes, host_bytes);
}

/* Xgeqrf of a matrix of order 4, with as much workspace as anybody could wish. */
struct Plenty {
    static constexpr size_t BYTES = 100000;
    Solver s;
    Matrix<double> A{4, 4};
    Array<double> tau{4};
    Array<char> work{BYTES};
    std::vector<char> host = std::vector<char>(BYTES);
    Array<int> info{1};

    void run()
    {
        A.up();
        FINE(cusolverDnXgeqrf(s.h, s.params, 4, 4, D, A.p, A.ld, D, tau.p, D, work.p, BYTES,
                              host.data(), BYTES, info.p));
    }
};

/* Xgeqrf of an order that needs both workspaces. */
struct Geqrf {
    Solver s;
    int64_t n = 3;
    Workspaces w;
    Array<int> info{1};
    Matrix<double> *A = nullptr;
    Array<double> *tau = nullptr;

    Geqrf()
    {
        do {
            n++;
            FINE(query(s, n, &w.device_bytes, &w.host_bytes));
        } while (w.device_bytes == 0 || w.host_bytes == 0);
        w.make();
        A = new Matrix<double>(n, n, 1, 0);
        A->up();
        tau = new Array<double>(size_t(n));
    }
    ~Geqrf()
    {
        delete A;
        delete tau;
    }
    Geqrf(const Geqrf &) = delete;
    cusolverStatus_t run(double *matrix, char *device, size_t device_bytes, char *host,
                         size_t host_bytes)
    {
        return cusolverDnXgeqrf(s.h, s.params, n, n, D, matrix, n, D, tau->p, D, device,
                                device_bytes, host, host_bytes, info.p);
    }
    cusolverStatus_t run(char *device, size_t device_bytes, char *host, size_t host_bytes)
    {
        return run(A->p, device, device_bytes, host, host_bytes);
    }
};

} // namespace

/* Sizes are odd and not monotone; host parts and empty workspaces happen. */
PASSES_IN(cases::LATE, workspace_sizes)
{
    Solver s;
    bool odd = true, falls = false, none = false, host = false;
    size_t before = 0;
    for (int64_t n = 1; n <= 100; n++) {
        size_t device_bytes = 0, host_bytes = 0;
        FINE(query(s, n, &device_bytes, &host_bytes));
        odd = odd && (device_bytes % 2 == 1 || device_bytes == 0);
        falls = falls || (device_bytes > 0 && device_bytes < before);
        none = none || device_bytes == 0;
        host = host || host_bytes > 0;
        before = device_bytes;
    }
    CHECK(odd && falls && none && host);
}

/* An int cannot hold it: a status, and no violation. */
PASSES(workspace_overflow)
{
    Solver s;
    constexpr int HUGE_ORDER = 1 << 27;
    int lwork = -1;
    STATUS(cusolverDnDorgqr_bufferSize(s.h, HUGE_ORDER, HUGE_ORDER, 1, nullptr, HUGE_ORDER, nullptr,
                                       &lwork),
           CUSOLVER_STATUS_INVALID_VALUE);
    CHECK(lwork == -1);
}

ABORTS(workspace_never_asked_for, "workspace")
{
    Plenty p;
    p.run();
}

ABORTS(workspace_asked_for_another_size, "workspace")
{
    Plenty p;
    size_t device_bytes, host_bytes;
    FINE(query(p.s, 5, &device_bytes, &host_bytes));
    p.run();
}

PASSES(workspace_kept)
{
    Geqrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
    p.info.down(p.s.stream);
    CHECK(p.info.v[0] == 0);
}

ABORTS(host_workspace_one_short, "workspace")
{
    Geqrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes - 1));
}

ABORTS(host_workspace_missing, "null")
{
    Geqrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, nullptr, p.w.host_bytes));
}

ABORTS(host_workspace_on_the_device, "device-pointer")
{
    Geqrf p;
    Array<char> other(p.w.host_bytes);
    FINE(p.run(p.w.device->p, p.w.device_bytes, other.p, p.w.host_bytes));
}

ABORTS_IN(cases::LATE, host_workspace_used_again_early, "workspace")
{
    Geqrf p;
    FINE(p.run(p.w.device->p, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
    p.w.host[0] = 0;
    OK(cudaStreamSynchronize(p.s.stream));
}

ABORTS(device_workspace_misaligned, "alignment")
{
    Geqrf p;
    Array<char> other(p.w.device_bytes + 8);
    FINE(p.run(other.p + 8, p.w.device_bytes, p.w.host.data(), p.w.host_bytes));
}

ABORTS(device_workspace_is_the_matrix, "overlap")
{
    Geqrf p;
    Array<char> both(p.w.device_bytes + size_t(p.n * p.n) * sizeof(double));
    FINE(p.run(reinterpret_cast<double *>(both.p), both.p, p.w.device_bytes, p.w.host.data(),
               p.w.host_bytes));
}

/* ---- limits and handles ---------------------------------------------------------------------- */

ABORTS(orgqr_wider_than_high, "size")
{
    Solver s;
    int lwork;
    FINE(cusolverDnDorgqr_bufferSize(s.h, 2, 3, 1, nullptr, 2, nullptr, &lwork));
}

ABORTS(geqrf_of_nothing, "size")
{
    Solver s;
    size_t a, b;
    FINE(query(s, 0, &a, &b));
}

ABORTS(mixed_precision, "enum")
{
    Solver s;
    size_t a, b;
    FINE(query(s, 3, &a, &b, CUDA_R_32F));
}

ABORTS(params_missing, "handle")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXgeqrf_bufferSize(s.h, nullptr, 3, 3, D, nullptr, 3, D, nullptr, D, &a, &b));
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

namespace
{

/* The eigenvalues 1, ..., 4 of each of three diagonal matrices. */
struct Spectra {
    static constexpr int64_t N = 4, ITEMS = 3;
    Solver s;
    Matrix<double> A{N, N, ITEMS, 0};
    Array<double> W{size_t(N * ITEMS)};
    Array<int> info{size_t(ITEMS)};
    Workspaces w;

    Spectra()
    {
        FINE(cusolverDnXsyevBatched_bufferSize(s.h, s.params, VALUES, CUBLAS_FILL_MODE_LOWER, N, D,
                                               A.p, A.ld, D, W.p, D, &w.device_bytes, &w.host_bytes,
                                               ITEMS));
        w.make();
        info.v.assign(size_t(ITEMS), 42);
    }
    cusolverStatus_t run()
    {
        A.fill(0);
        for (int64_t b = 0; b < ITEMS; b++)
            for (int64_t i = 0; i < N; i++) A.at(i, i, b) = double(i + 1);
        A.up();
        info.up();
        cusolverStatus_t status = cusolverDnXsyevBatched(
            s.h, s.params, VALUES, CUBLAS_FILL_MODE_LOWER, N, D, A.p, A.ld, D, W.p, D, w.device->p,
            w.device_bytes, w.host.data(), w.host_bytes, info.p, ITEMS);
        info.down(s.stream);
        return status;
    }
    bool found(int64_t b) const
    {
        for (int64_t i = 0; i < N; i++)
            if (std::abs(W.v[size_t(b * N + i)] - double(i + 1)) > 1e-12) return false;
        return true;
    }
};

} // namespace

/* Of a batch the last item is forced, and what its results are then is not said: NaN. */
PASSES(wished_info)
{
    Spectra p;
    emu_set_info("cusolverDnXsyevBatched", 1, 3);
    emu_poison_output("cusolverDnXsyevBatched", 2);
    FINE(p.run());
    CHECK(p.info.v[0] == 0 && p.info.v[1] == 0 && p.info.v[2] == 3);
    p.W.down(p.s.stream);
    CHECK(p.found(0) && p.found(1) && std::isnan(p.W.v[2 * Spectra::N]));
    FINE(p.run());
    p.W.down(p.s.stream);
    CHECK(p.info.v[0] == 0 && p.info.v[2] == 0 && std::isnan(p.W.v[0]));
    FINE(p.run());
    p.W.down(p.s.stream);
    CHECK(p.info.v[2] == 0 && p.found(2));
}

PASSES(wished_failure_leaves_outputs)
{
    Spectra p;
    emu_fail_call("cusolverDnXsyevBatched", 1, CUSOLVER_STATUS_INTERNAL_ERROR);
    STATUS(p.run(), CUSOLVER_STATUS_INTERNAL_ERROR);
    p.A.down(p.s.stream);
    CHECK(p.A.kept(0, 0) && p.info.v[0] == 42);
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
