/* cuSOLVER: SVD (cusolverDnXgesvd).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cmath>
#include <lapacke.h>

#include "solver_call.h"

namespace emu
{

namespace
{

int decompose(char jobu, char jobvt, int m, int n, float *A, float *S, float *U, float *VT,
              int ldvt, float *superb)
{
    return LAPACKE_sgesvd(LAPACK_COL_MAJOR, jobu, jobvt, m, n, A, m, S, U, m, VT, ldvt, superb);
}

int decompose(char jobu, char jobvt, int m, int n, double *A, double *S, double *U, double *VT,
              int ldvt, double *superb)
{
    return LAPACKE_dgesvd(LAPACK_COL_MAJOR, jobu, jobvt, m, n, A, m, S, U, m, VT, ldvt, superb);
}

/* The factors of an m x n matrix: U with m rows, VT with `rows_vt`; a job 'N' leaves its factor
 * empty. */
template <class T> struct Svd {
    int m, n, rows_vt;
    std::vector<T> S, U, VT;
    int info;
};

template <class T> Svd<T> decompose(char jobu, char jobvt, int m, int n, std::vector<T> A)
{
    int q = std::min(m, n), columns = jobu == 'A' ? m : q, rows = jobvt == 'A' ? n : q;
    Svd<T> f = {m, n, rows, std::vector<T>(size_t(q)), {}, {}, 0};
    if (jobu != 'N') f.U.resize(size_t(m) * size_t(columns));
    if (jobvt != 'N') f.VT.resize(size_t(rows) * size_t(n));
    std::vector<T> superb(size_t(q) + 1);
    f.info = decompose(jobu, jobvt, m, n, A.data(), f.S.data(), f.U.data(), f.VT.data(), rows,
                       superb.data());
    return f;
}

/* A pair of singular vectors keeps its product; vectors of no singular value are free on their
 * own. */
template <class T> void flip_signs(Svd<T> *f, Freedom *freedom)
{
    int q = int(f->S.size()), columns = f->U.empty() ? 0 : int(f->U.size()) / f->m;
    int rows = f->VT.empty() ? 0 : f->rows_vt;
    for (int j = 0; j < std::max(columns, rows); j++) {
        bool left = freedom->coin(), right = j < q ? left : freedom->coin();
        if (left && j < columns) flip_column(&f->U, f->m, j);
        if (right && j < rows)
            for (int i = 0; i < f->n; i++) f->VT[size_t(j + i * rows)] *= T(-1);
    }
}

template <class T> void spoil_factors(Svd<T> *f)
{
    fill_all(&f->S, not_a_number<T>());
    fill_all(&f->U, not_a_number<T>());
    fill_all(&f->VT, not_a_number<T>());
}

/* ---- Xgesvd ---------------------------------------------------------------------------------- */

struct Gesvd {
    char jobu, jobvt;
    int64_t m, n;
    cudaDataType type;
    int64_t lda, ldu, ldvt;

    int64_t columns_u() const
    {
        return jobu == 'N' ? 0 : jobu == 'A' ? m : n;
    }
    int64_t rows_vt() const
    {
        return jobvt == 'N' ? 0 : n;
    }
};

Key gesvd_key(const Gesvd &g)
{
    return {"Xgesvd",
            {g.jobu, g.jobvt, g.m, g.n, g.type, g.lda, g.ldu, g.ldvt},
            3 * g.n * g.n + 5 * g.m,
            bytes_of_real(g.type),
            true,
            true};
}

bool known_job(char job)
{
    return job == 'A' || job == 'S' || job == 'N';
}

void check_gesvd(SolverCall *c, cusolverDnParams_t params, const Gesvd &g,
                 std::initializer_list<cudaDataType> types)
{
    if (!c->fine()) return;
    Arguments &args = c->arguments();
    c->parameters(params);
    args.require(known_job(g.jobu), "enum", "jobu is '%c': not known or not emulated", g.jobu);
    args.require(known_job(g.jobvt), "enum", "jobvt is '%c': not known or not emulated", g.jobvt);
    c->positive("m", g.m);
    c->positive("n", g.n);
    args.require(g.m >= g.n, "size", "Xgesvd needs m >= n: m is %lld, n is %lld",
                 static_cast<long long>(g.m), static_cast<long long>(g.n));
    args.leading_dimension("lda", g.lda, g.m);
    args.leading_dimension("ldu", g.ldu, g.jobu == 'N' ? 1 : g.m);
    args.leading_dimension("ldvt", g.ldvt, g.jobvt == 'N' ? 1 : g.n);
    c->types(types);
}

struct Factors {
    void *A, *S, *U, *VT;
};

template <class T>
void run_gesvd(const Gesvd &g, const Factors &f, Freedom freedom, bool poisoned, Verdicts *verdicts)
{
    Operand a = operand("A", f.A, sizeof(T), g.m, g.n, g.lda, Access::ReadWrite);
    Operand s = array("S", f.S, sizeof(T), g.n, Access::Write);
    Operand u = operand("U", f.U, sizeof(T), g.m, g.columns_u(), g.ldu, Access::Write);
    Operand vt = operand("VT", f.VT, sizeof(T), g.rows_vt(), g.n, g.ldvt, Access::Write);
    for (const Operand *o : {&a, &s, &u, &vt}) declare(*o);
    std::vector<T> copy = fetch(static_cast<T *>(f.A), g.m, g.n, g.lda);
    bool finite = all_finite(copy, g.m, g.n, Part::All);
    if (!finite) fill_all(&copy, T(0));
    Svd<T> svd = decompose(g.jobu, g.jobvt, blas_int(g.m), blas_int(g.n), copy);
    flip_signs(&svd, &freedom);
    /* Not finite: it ends, with info set (release notes of CUDA 11.5). */
    if (verdicts->settle(0, finite ? svd.info : int(g.n)) != 0) spoil_factors(&svd);
    store(svd.S, static_cast<T *>(f.S), g.n, 1, g.n);
    store(svd.U, static_cast<T *>(f.U), g.m, g.columns_u(), g.ldu);
    store(svd.VT, static_cast<T *>(f.VT), g.rows_vt(), g.rows_vt() ? g.n : 0, g.ldvt);
    spoil(a); /* destroyed in any case */
    if (poisoned)
        for (const Operand *o : {&s, &u, &vt}) spoil(*o);
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cusolverStatus_t cusolverDnXgesvd_bufferSize(
    cusolverDnHandle_t handle, cusolverDnParams_t params, signed char jobu, signed char jobvt,
    int64_t m, int64_t n, cudaDataType dataTypeA, const void *, int64_t lda, cudaDataType dataTypeS,
    const void *, cudaDataType dataTypeU, const void *, int64_t ldu, cudaDataType dataTypeVT,
    const void *, int64_t ldvt, cudaDataType computeType, size_t *workspaceInBytesOnDevice,
    size_t *workspaceInBytesOnHost)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    Gesvd g = {char(jobu), char(jobvt), m, n, dataTypeA, lda, ldu, ldvt};
    check_gesvd(&c, params, g, {dataTypeA, dataTypeS, dataTypeU, dataTypeVT, computeType});
    if (!c.fine()) return c.status();
    return c.answer(gesvd_key(g), workspaceInBytesOnDevice, workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t
cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char jobu,
                 signed char jobvt, int64_t m, int64_t n, cudaDataType dataTypeA, void *A,
                 int64_t lda, cudaDataType dataTypeS, void *S, cudaDataType dataTypeU, void *U,
                 int64_t ldu, cudaDataType dataTypeVT, void *VT, int64_t ldvt,
                 cudaDataType computeType, void *bufferOnDevice, size_t workspaceInBytesOnDevice,
                 void *bufferOnHost, size_t workspaceInBytesOnHost, int *info)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    Gesvd g = {char(jobu), char(jobvt), m, n, dataTypeA, lda, ldu, ldvt};
    check_gesvd(&c, params, g, {dataTypeA, dataTypeS, dataTypeU, dataTypeVT, computeType});
    if (!c.fine()) return c.status();
    size_t size = bytes_of_real(dataTypeA);
    Arguments &args = c.arguments();
    args.device_operand(operand("A", A, size, m, n, lda, Access::ReadWrite));
    args.device_operand(array("S", S, size, n, Access::Write));
    args.device_operand(operand("U", U, size, m, g.columns_u(), ldu, Access::Write));
    args.device_operand(operand("VT", VT, size, g.rows_vt(), n, ldvt, Access::Write));
    c.workspace(gesvd_key(g), {bufferOnDevice, int64_t(workspaceInBytesOnDevice), bufferOnHost,
                               workspaceInBytesOnHost});
    if (!c.fine()) return c.status();
    Freedom freedom = c.freedom({jobu, jobvt, m, n, dataTypeA, lda, ldu, ldvt});
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) {
        if (dataTypeA == CUDA_R_64F)
            run_gesvd<double>(g, {A, S, U, VT}, freedom, poisoned, v);
        else
            run_gesvd<float>(g, {A, S, U, VT}, freedom, poisoned, v);
    });
}
