/* Matrices on the device, handles and references for the self-tests of the emulated libraries.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_LIBRARY_FIXTURE_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_LIBRARY_FIXTURE_H

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <cublas_v2.h>
#include <cusolverDn.h>

#include "../emu_library.h"
#include "cases.h"

#define STATUS(call, wanted)                                                                       \
    do {                                                                                           \
        int status_ = int(call);                                                                   \
        if (status_ != int(wanted)) {                                                              \
            fprintf(stderr, "%s:%d: %s gives %d, expected %d\n", __FILE__, __LINE__, #call,        \
                    status_, int(wanted));                                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define FINE(call) STATUS(call, 0)

namespace fixture
{

/* splitmix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014. */
inline uint64_t random_bits()
{
    static uint64_t state = 20240229;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

inline int64_t between(int64_t least, int64_t most)
{
    return least + int64_t(random_bits() % uint64_t(most - least + 1));
}

inline double uniform()
{
    return double(random_bits() >> 11) * 0x1p-52 - 1;
}

template <class T> T nan_of()
{
    return std::numeric_limits<T>::quiet_NaN();
}

/* A batch of column-major matrices with room between columns and items, on the host and on the
 * device. */
template <class T> struct Matrix {
    int64_t rows, cols, ld, batch, stride;
    std::vector<T> v, uploaded;
    T *p = nullptr;

    Matrix(int64_t rows_, int64_t cols_, int64_t batch_ = 1, int64_t pad = between(0, 2))
        : rows(rows_), cols(cols_), ld(std::max<int64_t>(1, rows_ + pad)), batch(batch_),
          stride(ld * cols_ + pad), v(size_t(stride * batch_ + 1), T(77))
    {
        for (int64_t b = 0; b < batch; b++)
            for (int64_t j = 0; j < cols; j++)
                for (int64_t i = 0; i < rows; i++) at(i, j, b) = T(uniform());
        void *q = nullptr;
        OK(cudaMalloc(&q, v.size() * sizeof(T)));
        p = static_cast<T *>(q);
    }
    ~Matrix()
    {
        OK(cudaFree(p));
    }
    Matrix(const Matrix &) = delete;
    T &at(int64_t i, int64_t j, int64_t b = 0)
    {
        return v[size_t(b * stride + j * ld + i)];
    }
    T at(int64_t i, int64_t j, int64_t b = 0) const
    {
        return v[size_t(b * stride + j * ld + i)];
    }
    void fill(T value)
    {
        for (int64_t b = 0; b < batch; b++)
            for (int64_t j = 0; j < cols; j++)
                for (int64_t i = 0; i < rows; i++) at(i, j, b) = value;
    }
    void up()
    {
        uploaded = v;
        OK(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
        OK(cudaDeviceSynchronize()); /* a copy from pageable memory may still be under way */
    }
    /* Brings it back; what lies between columns and items must be as it was. */
    void down(cudaStream_t stream)
    {
        OK(cudaStreamSynchronize(stream));
        OK(cudaMemcpy(v.data(), p, v.size() * sizeof(T), cudaMemcpyDeviceToHost));
        for (int64_t k = 0; k < int64_t(v.size()); k++) {
            int64_t b = k / std::max<int64_t>(1, stride), rest = k - b * stride;
            bool element = b < batch && rest % ld < rows && rest / ld < cols;
            CHECK(element || memcmp(&v[size_t(k)], &uploaded[size_t(k)], sizeof(T)) == 0);
        }
    }
    bool kept(int64_t i, int64_t j, int64_t b = 0) const
    {
        size_t k = size_t(b * stride + j * ld + i);
        return memcmp(&v[k], &uploaded[k], sizeof(T)) == 0;
    }
    T *item(int64_t b) const
    {
        return p + b * stride;
    }
};

/* Any values on the device. */
template <class T> struct Array {
    std::vector<T> v;
    T *p = nullptr;

    explicit Array(size_t n) : v(std::max<size_t>(n, 1))
    {
        void *q = nullptr;
        OK(cudaMalloc(&q, v.size() * sizeof(T)));
        p = static_cast<T *>(q);
    }
    ~Array()
    {
        OK(cudaFree(p));
    }
    Array(const Array &) = delete;
    void up()
    {
        OK(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
        OK(cudaDeviceSynchronize()); /* a copy from pageable memory may still be under way */
    }
    void down(cudaStream_t stream)
    {
        OK(cudaStreamSynchronize(stream));
        OK(cudaMemcpy(v.data(), p, v.size() * sizeof(T), cudaMemcpyDeviceToHost));
    }
};

/* The addresses of a batch, on the device. */
template <class T> struct Addresses : Array<T *> {
    explicit Addresses(const Matrix<T> &m) : Array<T *>(size_t(m.batch))
    {
        for (int64_t b = 0; b < m.batch; b++) this->v[size_t(b)] = m.item(b);
        this->up();
    }
};

constexpr size_t BLAS_WORKSPACE = size_t(64) << 10;

struct Blas {
    cudaStream_t stream = new_stream();
    cublasHandle_t h = nullptr;
    Array<char> workspace{BLAS_WORKSPACE};

    Blas()
    {
        FINE(cublasCreate(&h));
        FINE(cublasSetStream(h, stream));
        FINE(cublasSetWorkspace(h, workspace.p, BLAS_WORKSPACE));
    }
    ~Blas()
    {
        FINE(cublasDestroy(h));
        OK(cudaStreamDestroy(stream));
    }
    Blas(const Blas &) = delete;
};

struct Solver {
    cudaStream_t stream = new_stream();
    cusolverDnHandle_t h = nullptr;
    cusolverDnParams_t params = nullptr;

    Solver()
    {
        FINE(cusolverDnCreate(&h));
        FINE(cusolverDnCreateParams(&params));
        FINE(cusolverDnSetStream(h, stream));
        FINE(cusolverDnSetDeterministicMode(h, CUSOLVER_DETERMINISTIC_RESULTS));
    }
    ~Solver()
    {
        FINE(cusolverDnDestroyParams(params));
        FINE(cusolverDnDestroy(h));
        OK(cudaStreamDestroy(stream));
    }
    Solver(const Solver &) = delete;
};

/* The two workspaces of the 64-bit API. */
struct Workspaces {
    size_t device_bytes = 0, host_bytes = 0;
    Array<char> *device = nullptr;
    std::vector<char> host;

    void make()
    {
        device = new Array<char>(device_bytes);
        host.resize(host_bytes);
    }
    ~Workspaces()
    {
        delete device;
    }
};

template <class T> constexpr cudaDataType type_of()
{
    return sizeof(T) == sizeof(double) ? CUDA_R_64F : CUDA_R_32F;
}

template <class T> double eps()
{
    return double(std::numeric_limits<T>::epsilon());
}

/* Element (i, j) of op(A). */
template <class T>
double element(const Matrix<T> &A, cublasOperation_t op, int64_t i, int64_t j, int64_t b = 0)
{
    return double(op == CUBLAS_OP_N ? A.at(i, j, b) : A.at(j, i, b));
}

inline bool in_triangle(cublasFillMode_t uplo, int64_t i, int64_t j)
{
    return uplo == CUBLAS_FILL_MODE_LOWER ? i >= j : i <= j;
}

constexpr cublasFillMode_t TRIANGLES[] = {CUBLAS_FILL_MODE_LOWER, CUBLAS_FILL_MODE_UPPER};
constexpr cublasOperation_t OPERATIONS[] = {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C};

} // namespace fixture

#endif
