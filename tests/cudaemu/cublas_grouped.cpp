/* cuBLAS: gemmGroupedBatched, groups of products of one shape each
 * (2.8 "BLAS-like Extension", 2.1.11).
 *
 * What describes the groups lies on the host and is read at the call; the addresses of the matrices
 * lie on the device and are read when the op runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "blas_call.h"

namespace emu
{

namespace
{

/* One group, and where its products begin in the arrays of pointers. */
template <class T> struct Group {
    cublasOperation_t ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    T alpha, beta;
    int64_t first, size;

    bool nothing() const
    {
        return m == 0 || n == 0 || size == 0;
    }
    int64_t rows_a() const
    {
        return ta == CUBLAS_OP_N ? m : k;
    }
    int64_t cols_a() const
    {
        return ta == CUBLAS_OP_N ? k : m;
    }
    int64_t rows_b() const
    {
        return tb == CUBLAS_OP_N ? k : n;
    }
    int64_t cols_b() const
    {
        return tb == CUBLAS_OP_N ? n : k;
    }
    bool multiplies() const
    {
        return alpha != 0 && k > 0;
    }
    Operand item_a(const void *p) const
    {
        return operand("A", p, sizeof(T), rows_a(), cols_a(), lda, Access::Read);
    }
    Operand item_b(const void *p) const
    {
        return operand("B", p, sizeof(T), rows_b(), cols_b(), ldb, Access::Read);
    }
    Operand item_c(const void *p) const
    {
        return operand("C", p, sizeof(T), m, n, ldc, beta != 0 ? Access::ReadWrite : Access::Write);
    }
};

template <class T> struct Grouped {
    std::vector<Group<T>> groups;
    const T *const *A, *const *B;
    T *const *C;
    int64_t total;
};

/* The outputs of all groups are apart from one another. */
template <class T> bool outputs_apart(const Grouped<T> &g)
{
    std::vector<Range> outputs;
    for (const Group<T> &group : g.groups)
        for (int64_t i = group.first; i < group.first + group.size && !group.nothing(); i++) {
            Operand c = group.item_c(g.C[i]);
            outputs.push_back(matrix(c.what, c.p, c.size, c.rows, c.cols, c.ld, 0, 1, c.access));
        }
    for (size_t i = 0; i < outputs.size(); i++)
        for (size_t j = i + 1; j < outputs.size(); j++)
            if (overlap(outputs[i], outputs[j])) {
                violation("overlap", "two products are written to the same place");
                return false;
            }
    return true;
}

template <class T> void compute(const Group<T> &g, const T *A, const T *B, T *C, Freedom freedom)
{
    std::vector<T> sum(size_t(g.m * g.n), T(0));
    if (g.beta != 0) sum = fetch(C, g.m, g.n, g.ldc);
    if (g.multiplies()) {
        std::vector<T> a = fetch(A, g.rows_a(), g.cols_a(), g.lda);
        std::vector<T> b = fetch(B, g.rows_b(), g.cols_b(), g.ldb);
        multiply_in_parts(&freedom, g.ta, g.tb, g.m, g.n, g.k, g.alpha, a.data(), g.rows_a(),
                          b.data(), g.rows_b(), g.beta, sum.data());
    } else {
        for (T &x : sum) x *= g.beta;
    }
    store(sum, C, g.m, g.n, g.ldc);
}

template <class T> void run_grouped(const Grouped<T> &g, bool poisoned)
{
    declare(array("A", g.A, sizeof(T *), g.total, Access::Read));
    declare(array("B", g.B, sizeof(T *), g.total, Access::Read));
    declare(array("C", g.C, sizeof(T *), g.total, Access::Read));
    if (!outputs_apart(g)) return;
    for (const Group<T> &group : g.groups) {
        if (group.nothing()) continue;
        Freedom freedom("grouped gemm", {group.ta, group.tb, group.m, group.n, group.k, group.lda,
                                         group.ldb, group.ldc, int64_t(sizeof(T))});
        for (int64_t i = group.first; i < group.first + group.size; i++) {
            if (group.multiplies() &&
                (!reach(group.item_a(g.A[i])) || !reach(group.item_b(g.B[i]))))
                return;
            Operand c = group.item_c(g.C[i]);
            if (!reach(c)) return;
            compute(group, g.A[i], g.B[i], g.C[i], freedom);
            if (poisoned) spoil(c);
        }
    }
}

/* The host arrays of a call, as they are given. */
template <class T> struct Description {
    const cublasOperation_t *ta, *tb;
    const int64_t *m, *n, *k;
    const T *alpha;
    const int64_t *lda, *ldb;
    const T *beta;
    const int64_t *ldc;
    int64_t count;
    const int64_t *size;
};

template <class T> void check_arrays(Arguments *args, const Description<T> &d)
{
    auto host = [=](const char *what, const void *p, size_t element) {
        args->host_argument(what, p, size_t(d.count) * element);
    };
    host("transa_array", d.ta, sizeof *d.ta);
    host("transb_array", d.tb, sizeof *d.tb);
    host("m_array", d.m, sizeof *d.m);
    host("n_array", d.n, sizeof *d.n);
    host("k_array", d.k, sizeof *d.k);
    host("alpha_array", d.alpha, sizeof *d.alpha);
    host("lda_array", d.lda, sizeof *d.lda);
    host("ldb_array", d.ldb, sizeof *d.ldb);
    host("beta_array", d.beta, sizeof *d.beta);
    host("ldc_array", d.ldc, sizeof *d.ldc);
    host("group_size", d.size, sizeof *d.size);
}

template <class T> std::vector<Group<T>> read_groups(BlasCall *c, const Description<T> &d)
{
    std::vector<Group<T>> groups;
    int64_t first = 0;
    for (int64_t i = 0; i < d.count && c->fine(); i++) {
        Group<T> g = {d.ta[i],  d.tb[i],  d.m[i],     d.n[i],    d.k[i], d.lda[i],
                      d.ldb[i], d.ldc[i], d.alpha[i], d.beta[i], first,  d.size[i]};
        Arguments &args = c->arguments();
        c->operation("transa", g.ta);
        c->operation("transb", g.tb);
        args.size("m", g.m);
        args.size("n", g.n);
        args.size("k", g.k);
        args.size("a group's size", g.size);
        args.leading_dimension("lda", g.lda, g.rows_a());
        args.leading_dimension("ldb", g.ldb, g.rows_b());
        args.leading_dimension("ldc", g.ldc, g.m);
        first += g.size;
        groups.push_back(g);
    }
    return groups;
}

template <class T>
cublasStatus_t grouped(const char *name, cublasHandle_t handle, const Description<T> &d,
                       const T *const A[], const T *const B[], T *const C[])
{
    BlasCall c(name, handle, BlasCall::Computing);
    if (!c.fine()) return c.status();
    Arguments &args = c.arguments();
    args.support(c.handle()->pointers == CUBLAS_POINTER_MODE_HOST,
                 "grouped products take their scalars from the host");
    args.size("the number of groups", d.count);
    if (!c.fine() || d.count == 0) return c.status();
    check_arrays(&args, d);
    if (!c.fine()) return c.status();
    Grouped<T> g = {read_groups(&c, d), A, B, C, 0};
    if (!c.fine()) return c.status();
    for (const Group<T> &group : g.groups) {
        g.total += group.size;
        count_flops(2.0 * double(group.m) * double(group.n) * double(group.k) * double(group.size));
    }
    if (g.total == 0) return c.status();
    args.device_operand(array("A", A, sizeof(T *), g.total, Access::Read));
    args.device_operand(array("B", B, sizeof(T *), g.total, Access::Read));
    args.device_operand(array("C", C, sizeof(T *), g.total, Access::Read));
    bool poisoned = c.poisoned();
    return c.fine() ? c.enqueue([=] { run_grouped(g, poisoned); }) : c.status();
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cublasStatus_t cublasSgemmGroupedBatched_64(
    cublasHandle_t handle, const cublasOperation_t transa_array[],
    const cublasOperation_t transb_array[], const int64_t m_array[], const int64_t n_array[],
    const int64_t k_array[], const float alpha_array[], const float *const Aarray[],
    const int64_t lda_array[], const float *const Barray[], const int64_t ldb_array[],
    const float beta_array[], float *const Carray[], const int64_t ldc_array[], int64_t group_count,
    const int64_t group_size[])
{
    return grouped<float>(__func__, handle,
                          {transa_array, transb_array, m_array, n_array, k_array, alpha_array,
                           lda_array, ldb_array, beta_array, ldc_array, group_count, group_size},
                          Aarray, Barray, Carray);
}

extern "C" cublasStatus_t cublasDgemmGroupedBatched_64(
    cublasHandle_t handle, const cublasOperation_t transa_array[],
    const cublasOperation_t transb_array[], const int64_t m_array[], const int64_t n_array[],
    const int64_t k_array[], const double alpha_array[], const double *const Aarray[],
    const int64_t lda_array[], const double *const Barray[], const int64_t ldb_array[],
    const double beta_array[], double *const Carray[], const int64_t ldc_array[],
    int64_t group_count, const int64_t group_size[])
{
    return grouped<double>(__func__, handle,
                           {transa_array, transb_array, m_array, n_array, k_array, alpha_array,
                            lda_array, ldb_array, beta_array, ldc_array, group_count, group_size},
                           Aarray, Barray, Carray);
}
