/* Filling, sums and multiples, triangles.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"

namespace
{

/* As `made` of sweep.cuh; what is made is the element of `from` at the same place. */
template <typename T> struct copied {
    typedef T input, output;
    elements<const T> from;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        return *from.at(x);
    }
    __device__ T value(const place &, T a) const
    {
        return a;
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

/* ---- filling --------------------------------------------------------------------------------- */

template <typename D> struct fill_op : made<D> {
    double number;

    __device__ D value(const place &, nothing) const
    {
        return stored<D>::from(number);
    }
};

template <typename T> struct identity_op : made<T> {
    __device__ T value(const place &x, nothing) const
    {
        return x.i == x.j ? T(1) : T(0);
    }
};

/* ---- sums and multiples ---------------------------------------------------------------------- */

/* b = alpha a */
template <typename T> struct multiple_op : copied<T> {
    T alpha;

    __device__ T value(const place &, T a) const
    {
        return alpha * a;
    }
};

/* b = alpha a + beta b */
template <typename T> struct axpby_op : copied<T> {
    T alpha, beta;

    __device__ T value(const place &x, T a) const
    {
        return alpha * a + beta * *this->to.at(x);
    }
};

/* The products and quotients of float32 numbers with float64 numbers are rounded once. */
template <typename T, typename R, bool DIVIDE> struct scale_cols_op : copied<T> {
    elements<const R> row;

    __device__ T value(const place &x, T a) const
    {
        const R d = *row.at(x);
        if (DIVIDE) return d == 0 ? T(0) : static_cast<T>(static_cast<R>(a) / d);
        return static_cast<T>(static_cast<R>(a) * d);
    }
};

/* The sum is float64 and rounded once. */
template <typename S, typename T> struct add_row_op : made<T> {
    typedef typename exact<S>::type input;
    elements<const S> from;
    elements<const double> row;
    double alpha;

    __device__ input load(const place &x) const
    {
        return loaded(*from.at(x));
    }
    __device__ T value(const place &x, input a) const
    {
        return static_cast<T>(static_cast<double>(a) + alpha * *row.at(x));
    }
};

/* ---- triangles and diagonals ----------------------------------------------------------------- */

template <typename T> struct triangle_op : copied<T> {
    ritz_uplo part;

    __device__ T load(const place &x) const
    {
        return in_part(part, x, 0) ? *this->from.at(x) : T(0);
    }
};

/* Source and target may be one matrix, but not one element of it is in both. */
template <typename T> struct put_op : copied<T> {
    ritz_uplo part;
    int strict;

    __device__ bool wants(const place &x) const
    {
        return in_part(part, x, strict);
    }
};

template <typename T> struct signs_op : copied<T> {
    __device__ T value(const place &, T r) const
    {
        return r < 0 ? T(-1) : T(1);
    }
};

/* The sum is float64 and rounded once. */
template <typename T> struct shift_op : made<T> {
    typedef T input;
    elements<const double> shift;

    __device__ T load(const place &x) const
    {
        return *this->to.at(x);
    }
    __device__ T value(const place &x, T a) const
    {
        return static_cast<T>(static_cast<double>(a) + *shift.at(x));
    }
};

/* `from` has no step in the direction of the gathering; `step` is what an index counts there. */
template <typename T> struct gather_op : copied<T> {
    elements<const int32_t> index;
    int64_t step;

    __device__ T load(const place &x) const
    {
        return this->from.at(x)[*index.at(x) * step];
    }
};

/* The way back: `to` has no step in the direction of the scattering. */
template <typename T> struct scatter_op : copied<T> {
    elements<const int32_t> index;
    int64_t step;

    __device__ T *target(const place &x) const
    {
        return this->to.at(x) + *index.at(x) * step;
    }
};

/* V of I - V T Vᵀ from what geqrf leaves: zeros above the diagonal, ones on it. */
template <typename T> struct reflectors_op : copied<T> {
    __device__ T load(const place &x) const
    {
        return x.i > x.j ? *this->from.at(x) : x.i == x.j ? T(1) : T(0);
    }
};

/* ---- launches -------------------------------------------------------------------------------- */

template <typename T> copied<T> copied_of(const cuda_operand &A, const cuda_operand &B)
{
    return {elements_of<const T>(A), elements_of<T>(B)};
}

template <typename T, typename R>
cudaError_t launch_scale_by(int divide, const cuda_operand &d, const cuda_operand &A,
                            const cuda_operand &B, cudaStream_t stream)
{
    const elements<const R> row = elements_of<const R>(d);
    const copied<T> both = copied_of<T>(A, B);
    if (divide) return launch_sweep_from(scale_cols_op<T, R, true>{both, row}, A, B, stream);
    return launch_sweep_from(scale_cols_op<T, R, false>{both, row}, A, B, stream);
}

} // namespace

cudaError_t launch_fill(double value, struct cuda_operand A, cudaStream_t stream)
{
    return with_type(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type D;
        return launch_sweep(fill_op<D>{{elements_of<D>(A)}, value}, A, stream);
    });
}

cudaError_t launch_identity(struct cuda_operand A, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return launch_sweep(identity_op<T>{{elements_of<T>(A)}}, A, stream);
    });
}

cudaError_t launch_axpby(double alpha, struct cuda_operand A, double beta, struct cuda_operand B,
                         cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const T a = static_cast<T>(alpha), b = static_cast<T>(beta);
        const copied<T> both = copied_of<T>(A, B);
        if (beta == 0) return launch_sweep_from(multiple_op<T>{both, a}, A, B, stream);
        return launch_sweep_from(axpby_op<T>{both, a, b}, A, B, stream);
    });
}

cudaError_t launch_scale_cols(int divide, struct cuda_operand d, struct cuda_operand A,
                              struct cuda_operand B, cudaStream_t stream)
{
    if (B.dtype == RITZ_F64) return launch_scale_by<double, double>(divide, d, A, B, stream);
    if (d.dtype == RITZ_F64) return launch_scale_by<float, double>(divide, d, A, B, stream);
    return launch_scale_by<float, float>(divide, d, A, B, stream);
}

cudaError_t launch_add_row(double alpha, struct cuda_operand row, struct cuda_operand A,
                           struct cuda_operand B, cudaStream_t stream)
{
    return with_type(A.dtype, [&](auto source) {
        return with_real(B.dtype, [&](auto target) {
            typedef typename decltype(source)::type S;
            typedef typename decltype(target)::type T;
            const add_row_op<S, T> op = {{elements_of<T>(B)},
                                         elements_of<const S>(A),
                                         elements_of<const double>(row),
                                         alpha};
            return launch_sweep_from(op, A, B, stream);
        });
    });
}

cudaError_t launch_triangle(ritz_uplo part, struct cuda_operand A, struct cuda_operand B,
                            cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const triangle_op<T> op = {copied_of<T>(A, B), part};
        return launch_sweep_from(op, A, B, stream);
    });
}

cudaError_t launch_put(ritz_uplo part, int strict, struct cuda_operand A, struct cuda_operand B,
                       cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const put_op<T> op = {copied_of<T>(A, B), part, strict};
        return launch_sweep_from(op, A, B, stream);
    });
}

cudaError_t launch_signs(struct cuda_operand R, struct cuda_operand d, cudaStream_t stream)
{
    return with_real(d.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const signs_op<T> op = {copied_of<T>(R, d)};
        return launch_sweep(op, d, stream);
    });
}

cudaError_t launch_shift(struct cuda_operand shift, struct cuda_operand A, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const shift_op<T> op = {{elements_of<T>(A)}, elements_of<const double>(shift)};
        return launch_sweep(op, A, stream);
    });
}

cudaError_t launch_gather(int down, struct cuda_operand index, struct cuda_operand A,
                          struct cuda_operand B, cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        gather_op<T> op = {copied_of<T>(A, B), elements_of<const int32_t>(index), 0};
        op.step = down ? A.row_step : A.col_step;
        (down ? op.from.row_step : op.from.col_step) = 0;
        return launch_sweep_from(op, A, B, stream);
    });
}

cudaError_t launch_scatter(int down, struct cuda_operand index, struct cuda_operand A,
                           struct cuda_operand B, cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        scatter_op<T> op = {copied_of<T>(A, B), elements_of<const int32_t>(index), 0};
        op.step = down ? B.row_step : B.col_step;
        (down ? op.to.row_step : op.to.col_step) = 0;
        return launch_sweep_from(op, A, B, stream);
    });
}

cudaError_t launch_reflectors(struct cuda_operand A, struct cuda_operand V, cudaStream_t stream)
{
    return with_real(V.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const reflectors_op<T> op = {copied_of<T>(A, V)};
        return launch_sweep(op, V, stream); /* both lie by columns */
    });
}
