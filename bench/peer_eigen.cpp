/* Eigen as a further peer for small square matrices, as a careful user takes it: solvers that keep
 * their memory from item to item; for products, Cholesky and LU up to order 8 types of fixed size.
 * (The others as such would take many minutes to compile.) Compiled for this machine.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <Eigen/Dense>

extern "C" {
#include "bench.h"
}

namespace
{

/* N: the order, or Eigen::Dynamic. */
template <typename T, int N> using Square = Eigen::Matrix<T, N, N>;
template <typename T, int N> using Column = Eigen::Matrix<T, N, 1>;

/* Square items are multiples of 64 bytes apart, and the first is on a page: as aligned as Eigen's
 * own matrices are. */
template <class M> constexpr int alignment()
{
    return M::ColsAtCompileTime == 1 ? int(Eigen::Unaligned) : int(Eigen::AlignedMax);
}

Eigen::Index columns(const Eigen::Index n, const int fixed)
{
    return fixed == 1 ? 1 : n;
}

template <class M>
Eigen::Map<const M, alignment<M>()> in(const bench_problem *p, int which, int64_t item)
{
    const Eigen::Index n = p->shape.n;
    return {static_cast<const typename M::Scalar *>(bench_in(p, which, item)), n,
            columns(n, M::ColsAtCompileTime)};
}

template <class M>
Eigen::Map<M, alignment<M>()> out(const bench_problem *p, int which, int64_t item)
{
    const Eigen::Index n = p->shape.n;
    return {static_cast<typename M::Scalar *>(bench_out(p, BENCH_PEER, which, item)), n,
            columns(n, M::ColsAtCompileTime)};
}

/* The operations: an object for a batch, called for each item; true if that succeeds. */

template <typename T, int N> struct Product {
    using M = Square<T, N>;
    explicit Product(Eigen::Index)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        const auto A = in<M>(p, 0, i), B = in<M>(p, 1, i);
        /* For small matrices the blocked product, Eigen's choice, is the slower one. */
        if constexpr (N == Eigen::Dynamic)
            out<M>(p, 0, i).noalias() = A * B;
        else
            out<M>(p, 0, i).noalias() = A.lazyProduct(B);
        return true;
    }
};

template <typename T, int N> struct Cholesky {
    using M = Square<T, N>;
    explicit Cholesky(Eigen::Index)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        auto A = out<M>(p, 0, i);
        const Eigen::LLT<Eigen::Ref<M>> factor(A);
        return factor.info() == Eigen::Success;
    }
};

template <typename T, int N> struct Solve {
    Eigen::PartialPivLU<Square<T, N>> factor;
    explicit Solve(Eigen::Index n) : factor(n)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        factor.compute(in<Square<T, N>>(p, 0, i));
        out<Column<T, N>>(p, 0, i) = factor.solve(in<Column<T, N>>(p, 1, i));
        return true;
    }
};

template <typename T, int N> struct Qr {
    using M = Square<T, N>;
    Eigen::HouseholderQR<M> factor;
    explicit Qr(Eigen::Index n) : factor(n, n)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        factor.compute(in<M>(p, 0, i));
        out<M>(p, 0, i) = factor.householderQ();
        out<M>(p, 1, i) = factor.matrixQR().template triangularView<Eigen::Upper>();
        return true;
    }
};

/* Divide and conquer, which takes Jacobi's method below 16 columns by itself. */
template <typename T, int N> struct Svd {
    using M = Square<T, N>;
    Eigen::BDCSVD<M> factor;
    explicit Svd(Eigen::Index n) : factor(n, n, Eigen::ComputeFullU | Eigen::ComputeFullV)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        factor.compute(in<M>(p, 0, i));
        out<M>(p, 0, i) = factor.matrixU();
        out<Column<T, N>>(p, 1, i) = factor.singularValues();
        out<M>(p, 2, i) = factor.matrixV().transpose();
        return factor.info() == Eigen::Success;
    }
};

template <typename T, int N> struct Eigh {
    using M = Square<T, N>;
    Eigen::SelfAdjointEigenSolver<M> factor;
    explicit Eigh(Eigen::Index n) : factor(n)
    {
    }
    bool operator()(const bench_problem *p, int64_t i)
    {
        factor.compute(in<M>(p, 0, i));
        out<Column<T, N>>(p, 0, i) = factor.eigenvalues();
        out<M>(p, 1, i) = factor.eigenvectors();
        return factor.info() == Eigen::Success;
    }
};

template <class Operation> int all_items(const bench_problem *p)
{
    Operation operation(p->shape.n);
    for (int64_t i = 0; i < p->shape.batch; i++)
        if (!operation(p, i)) return -1;
    return 0;
}

template <template <typename, int> class Operation, typename T>
int of_fixed_size(const bench_problem *p)
{
    switch (p->shape.n) {
    case 4: return all_items<Operation<T, 4>>(p);
    case 8: return all_items<Operation<T, 8>>(p);
    default: return all_items<Operation<T, Eigen::Dynamic>>(p);
    }
}

template <template <typename, int> class Operation> int fixed(const bench_problem *p)
{
    return p->dtype == RITZ_F32 ? of_fixed_size<Operation, float>(p)
                                : of_fixed_size<Operation, double>(p);
}

template <template <typename, int> class Operation> int dynamic(const bench_problem *p)
{
    return p->dtype == RITZ_F32 ? all_items<Operation<float, Eigen::Dynamic>>(p)
                                : all_items<Operation<double, Eigen::Dynamic>>(p);
}

/* Each with the shape that its operation takes for a square matrix of order n. */
const struct {
    const bench_operation *op;
    int (*run)(const bench_problem *p);
    bool (*square)(bench_shape s);
} operations[] = {
    {&bench_gemm, fixed<Product>, [](bench_shape s) { return s.m == s.n && s.k == s.n; }},
    {&bench_cholesky, fixed<Cholesky>, [](bench_shape) { return true; }},
    {&bench_solve, fixed<Solve>, [](bench_shape s) { return s.k == 1; }},
    {&bench_qr, dynamic<Qr>, [](bench_shape s) { return s.m == s.n; }},
    {&bench_svd, dynamic<Svd>, [](bench_shape s) { return s.m == s.n; }},
    {&bench_eigh, dynamic<Eigh>, [](bench_shape s) { return s.k == s.n; }},
};

bool is_order(int64_t n)
{
    return n == 4 || n == 8 || n == 16 || n == 32 || n == 64;
}

int eigen_accepts(const bench_problem *p)
{
    for (const auto &o : operations)
        if (o.op == p->op) return is_order(p->shape.n) && o.square(p->shape);
    return 0;
}

int eigen_run(void *context)
{
    const auto *p = static_cast<const bench_problem *>(context);
    for (const auto &o : operations)
        if (o.op == p->op) return o.run(p);
    return -1;
}

} // namespace

extern "C" {
const struct bench_other bench_eigen = {"Eigen", eigen_accepts, eigen_run};
}
