/* The contract table: rows of cuSOLVER.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "contracts.h"

namespace contracts
{

namespace
{

constexpr cublasFillMode_t LOWER = CUBLAS_FILL_MODE_LOWER;
constexpr cusolverEigMode_t VECTORS = CUSOLVER_EIG_MODE_VECTOR;
constexpr cudaDataType D = CUDA_R_64F;
constexpr int BATCH = 2;

using Call = std::function<int(Trial &)>;
using Buffers = std::function<std::vector<Buffer>(int64_t)>;

Buffer vector_of(const char *name, size_t element, int64_t count)
{
    return {name, element, size_t(count), {}};
}

Buffer info(int64_t batch = 1)
{
    return vector_of("info", sizeof(int), batch);
}

/* The query is a row of its own: it looks at sizes, and at no address but that of its results. */
void add_pair(std::vector<Row> *rows, const std::string &name, std::vector<Handle> handles, int lds,
              size_t unit, bool host, Buffers buffers, Call query, Call call)
{
    Row q = plain(name + "_bufferSize", handles, query);
    q.lds = lds;
    rows->push_back(q);
    Row r = with_buffers(name, handles, lds, buffers, call);
    r.query = query;
    r.workspace_unit = unit;
    r.host_workspace = host;
    rows->push_back(r);
}

/* ---- QR -------------------------------------------------------------------------------------- */

void add_geqrf(std::vector<Row> *rows)
{
    add_pair(
        rows, "cusolverDnXgeqrf", {Handle::Solver, Handle::Params}, 1, 1, true,
        [](int64_t n) {
            return std::vector<Buffer>{square<double>("A", n), vector_of("tau", sizeof(double), n),
                                       info()};
        },
        [](Trial &t) {
            return int(cusolverDnXgeqrf_bufferSize(t.solver, t.params, t.n, t.n, D, nullptr,
                                                   t.ld(0), D, nullptr, D, &t.device_need,
                                                   &t.host_need));
        },
        [](Trial &t) {
            return int(cusolverDnXgeqrf(t.solver, t.params, t.n, t.n, D, t.p[0], t.ld(0), D, t.p[1],
                                        D, t.workspace<void>(), t.device_size, t.host.data(),
                                        t.host_size, t.at<int>(2)));
        });
}

template <class T, class Q, class F>
void add_orgqr(std::vector<Row> *rows, const char *name, Q *query, F *f)
{
    add_pair(
        rows, name, {Handle::Solver}, 1, sizeof(T), false,
        [](int64_t n) {
            return std::vector<Buffer>{square<T>("A", n), vector_of("tau", sizeof(T), n), info()};
        },
        [=](Trial &t) {
            int n = int(t.n), lwork = 0;
            int status = int(query(t.solver, n, n, n, nullptr, int(t.ld(0)), nullptr, &lwork));
            t.device_need = size_t(lwork);
            return status;
        },
        [=](Trial &t) {
            int n = int(t.n);
            return int(f(t.solver, n, n, n, t.at<T>(0), int(t.ld(0)), t.at<T>(1), t.workspace<T>(),
                         int(t.device_size), t.at<int>(2)));
        });
}

template <class T, class Q, class F>
void add_ormqr(std::vector<Row> *rows, const char *name, Q *query, F *f)
{
    add_pair(
        rows, name, {Handle::Solver}, 2, sizeof(T), false,
        [](int64_t n) {
            return std::vector<Buffer>{square<T>("A", n), vector_of("tau", sizeof(T), n),
                                       square<T>("C", n), info()};
        },
        [=](Trial &t) {
            int n = int(t.n), lwork = 0;
            int status = int(query(t.solver, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, n, n, n, nullptr,
                                   int(t.ld(0)), nullptr, nullptr, int(t.ld(1)), &lwork));
            t.device_need = size_t(lwork);
            return status;
        },
        [=](Trial &t) {
            int n = int(t.n);
            return int(f(t.solver, CUBLAS_SIDE_LEFT, CUBLAS_OP_T, n, n, n, t.at<T>(0), int(t.ld(0)),
                         t.at<T>(1), t.at<T>(2), int(t.ld(1)), t.workspace<T>(), int(t.device_size),
                         t.at<int>(3)));
        });
}

/* ---- LU -------------------------------------------------------------------------------------- */

void add_getrf(std::vector<Row> *rows)
{
    add_pair(
        rows, "cusolverDnXgetrf", {Handle::Solver, Handle::Params}, 1, 1, true,
        [](int64_t n) {
            return std::vector<Buffer>{square<double>("A", n),
                                       vector_of("ipiv", sizeof(int64_t), n), info()};
        },
        [](Trial &t) {
            return int(cusolverDnXgetrf_bufferSize(t.solver, t.params, t.n, t.n, D, nullptr,
                                                   t.ld(0), D, &t.device_need, &t.host_need));
        },
        [](Trial &t) {
            return int(cusolverDnXgetrf(t.solver, t.params, t.n, t.n, D, t.p[0], t.ld(0),
                                        t.at<int64_t>(1), D, t.workspace<void>(), t.device_size,
                                        t.host.data(), t.host_size, t.at<int>(2)));
        });
}

/* ---- SVD ------------------------------------------------------------------------------------- */

std::vector<Buffer> svd_buffers(int64_t n)
{
    return {square<double>("A", n), vector_of("S", sizeof(double), n), square<double>("U", n),
            square<double>("VT", n), info()};
}

void add_gesvd(std::vector<Row> *rows)
{
    add_pair(
        rows, "cusolverDnXgesvd", {Handle::Solver, Handle::Params}, 3, 1, true, svd_buffers,
        [](Trial &t) {
            return int(cusolverDnXgesvd_bufferSize(
                t.solver, t.params, 'S', 'S', t.n, t.n, D, nullptr, t.ld(0), D, nullptr, D, nullptr,
                t.ld(1), D, nullptr, t.ld(2), D, &t.device_need, &t.host_need));
        },
        [](Trial &t) {
            return int(cusolverDnXgesvd(t.solver, t.params, 'S', 'S', t.n, t.n, D, t.p[0], t.ld(0),
                                        D, t.p[1], D, t.p[2], t.ld(1), D, t.p[3], t.ld(2), D,
                                        t.workspace<void>(), t.device_size, t.host.data(),
                                        t.host_size, t.at<int>(4)));
        });
}

/* ---- symmetric eigenproblems ----------------------------------------------------------------- */

std::vector<Buffer> eig_buffers(int64_t n, int64_t batch)
{
    return {square<double>("A", n, batch), vector_of("W", sizeof(double), n * batch), info(batch)};
}

void add_syevd(std::vector<Row> *rows)
{
    add_pair(
        rows, "cusolverDnXsyevd", {Handle::Solver, Handle::Params}, 1, 1, true,
        [](int64_t n) { return eig_buffers(n, 1); },
        [](Trial &t) {
            return int(cusolverDnXsyevd_bufferSize(t.solver, t.params, VECTORS, LOWER, t.n, D,
                                                   nullptr, t.ld(0), D, nullptr, D, &t.device_need,
                                                   &t.host_need));
        },
        [](Trial &t) {
            return int(cusolverDnXsyevd(t.solver, t.params, VECTORS, LOWER, t.n, D, t.p[0], t.ld(0),
                                        D, t.p[1], D, t.workspace<void>(), t.device_size,
                                        t.host.data(), t.host_size, t.at<int>(2)));
        });
    add_pair(
        rows, "cusolverDnXsyevBatched", {Handle::Solver, Handle::Params}, 1, 1, true,
        [](int64_t n) { return eig_buffers(n, BATCH); },
        [](Trial &t) {
            return int(cusolverDnXsyevBatched_bufferSize(t.solver, t.params, VECTORS, LOWER, t.n, D,
                                                         nullptr, t.ld(0), D, nullptr, D,
                                                         &t.device_need, &t.host_need, BATCH));
        },
        [](Trial &t) {
            return int(cusolverDnXsyevBatched(t.solver, t.params, VECTORS, LOWER, t.n, D, t.p[0],
                                              t.ld(0), D, t.p[1], D, t.workspace<void>(),
                                              t.device_size, t.host.data(), t.host_size,
                                              t.at<int>(2), BATCH));
        });
}

/* ---- handles --------------------------------------------------------------------------------- */

void add_handles(std::vector<Row> *rows)
{
    const std::string creates = "has no handle yet";
    auto without_handle = [&](const char *name, Call call, const std::string &reason) {
        rows->push_back(plain(name, {}, call));
        rows->back().inapplicable[HANDLE] = reason;
    };
    without_handle(
        "cusolverDnCreate",
        [](Trial &) {
            cusolverDnHandle_t h;
            int status = int(cusolverDnCreate(&h));
            return status ? status : int(cusolverDnDestroy(h));
        },
        creates);
    without_handle(
        "cusolverDnCreateParams",
        [](Trial &) {
            cusolverDnParams_t p;
            int status = int(cusolverDnCreateParams(&p));
            return status ? status : int(cusolverDnDestroyParams(p));
        },
        creates);
    without_handle(
        "cusolverGetVersion",
        [](Trial &) {
            int version;
            return int(cusolverGetVersion(&version));
        },
        "works without a handle");
    rows->push_back(ending<cusolverDnHandle_t>(
        "cusolverDnDestroy", [](cusolverDnHandle_t *h) { return int(cusolverDnCreate(h)); },
        [](cusolverDnHandle_t h) { return int(cusolverDnDestroy(h)); }));
    rows->push_back(ending<cusolverDnParams_t>(
        "cusolverDnDestroyParams",
        [](cusolverDnParams_t *p) { return int(cusolverDnCreateParams(p)); },
        [](cusolverDnParams_t p) { return int(cusolverDnDestroyParams(p)); }));
    rows->push_back(plain("cusolverDnSetStream", {Handle::Solver, Handle::Stream},
                          [](Trial &t) { return int(cusolverDnSetStream(t.solver, t.stream)); }));
    rows->push_back(plain("cusolverDnSetDeterministicMode", {Handle::Solver}, [](Trial &t) {
        return int(cusolverDnSetDeterministicMode(t.solver, CUSOLVER_DETERMINISTIC_RESULTS));
    }));
}

} // namespace

std::vector<Row> solver_rows()
{
    std::vector<Row> rows;
    add_handles(&rows);
    add_getrf(&rows);
    add_geqrf(&rows);
    add_orgqr<float>(&rows, "cusolverDnSorgqr", cusolverDnSorgqr_bufferSize, cusolverDnSorgqr);
    add_orgqr<double>(&rows, "cusolverDnDorgqr", cusolverDnDorgqr_bufferSize, cusolverDnDorgqr);
    add_ormqr<float>(&rows, "cusolverDnSormqr", cusolverDnSormqr_bufferSize, cusolverDnSormqr);
    add_ormqr<double>(&rows, "cusolverDnDormqr", cusolverDnDormqr_bufferSize, cusolverDnDormqr);
    add_gesvd(&rows);
    add_syevd(&rows);
    return rows;
}

} // namespace contracts
