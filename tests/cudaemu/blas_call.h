/* The emulated cuBLAS, among its own files. Sections named in comments are those of NVIDIA, cuBLAS
 * Library, release 13.0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_BLAS_CALL_H
#define RITZ_TESTS_CUDAEMU_BLAS_CALL_H

#include <cblas.h>
#include <cublas_v2.h>

#include "library.h"

namespace emu
{

struct BlasHandle {
    int device;
    cudaStream_t stream;
    bool user_workspace; /* set since the last cublasSetStream */
    void *workspace;
    size_t workspace_bytes;
    void *pool; /* the default workspace */
    cublasPointerMode_t pointers;
    cublasMath_t math;
};

/* alpha or beta: copied at the call in pointer mode HOST, read when the op runs in mode DEVICE
 * (2.1.5, "Scalar Parameters"). */
template <class T> struct Scalar {
    const char *what;
    T value;
    const T *on_device; /* nullptr in mode HOST */

    T get() const
    {
        if (!on_device) return value;
        touch(range(what, on_device, sizeof(T), Access::Read));
        return *on_device;
    }
};

/* Step by step what every call of cuBLAS does first, and how it ends. */
class BlasCall
{
  public:
    enum Purpose { Setting, Computing };
    BlasCall(const char *name, cublasHandle_t handle, Purpose purpose);
    /* May check its arguments: the test did not make it fail; handle, device and stream are
     * right. */
    bool begun() const
    {
        return begun_;
    }
    BlasHandle *handle() const
    {
        return handle_;
    }
    Arguments &arguments()
    {
        return arguments_;
    }
    bool fine() const
    {
        return begun_ && arguments_.fine();
    }
    cublasStatus_t status() const;

    template <class T> Scalar<T> scalar(const char *what, const T *p)
    {
        Scalar<T> s = {what, T(), nullptr};
        if (handle_->pointers == CUBLAS_POINTER_MODE_DEVICE) {
            s.on_device = p;
            arguments_.device_operand(array(what, p, sizeof(T), 1, Access::Read));
        } else {
            arguments_.host_argument(what, p, sizeof(T));
            if (arguments_.fine()) s.value = *p;
        }
        return s;
    }
    void operation(const char *what, cublasOperation_t op);
    void triangle(cublasFillMode_t uplo);
    /* NaN in the outputs, as the test wished. */
    bool poisoned() const
    {
        return poisoned_;
    }
    /* After all checks: overlaps, workspace; then queue the work. */
    cublasStatus_t enqueue(std::function<void()> work);

  private:
    void check_workspace();

    Call call_;
    const char *name_;
    bool begun_ = false, poisoned_ = false;
    BlasHandle *handle_ = nullptr;
    Stream *stream_ = nullptr;
    Arguments arguments_;
    cublasStatus_t status_ = CUBLAS_STATUS_SUCCESS;
};

/* The items of a batch: strided, or by an array of pointers on the device. */
struct Items {
    const char *what;
    const void *p;
    int64_t stride;
    bool by_pointer;

    const void *item(int64_t b, size_t size) const;
};
/* The array of pointers itself, as an argument. */
Operand pointer_array(const Items &items, int64_t batch);
/* While the op runs: reach every item of a pointer batch; outputs may not overlap one another. */
bool reach_items(const Items &items, const Operand &item, int64_t batch);

inline CBLAS_TRANSPOSE transposition(cublasOperation_t op)
{
    return op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans;
}

/* C = alpha op(A) op(B) + beta C on packed host copies. */
void multiply(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, int64_t k,
              float alpha, const float *A, int64_t lda, const float *B, int64_t ldb, float beta,
              float *C);
void multiply(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, int64_t k,
              double alpha, const double *A, int64_t lda, const double *B, int64_t ldb, double beta,
              double *C);

/* The same with the sum over k cut in two, as the freedom says. */
template <class T>
void multiply_in_parts(Freedom *freedom, cublasOperation_t ta, cublasOperation_t tb, int64_t m,
                       int64_t n, int64_t k, T alpha, const T *A, int64_t lda, const T *B,
                       int64_t ldb, T beta, T *C)
{
    int64_t cut = freedom->coin() ? int64_t(freedom->draw(uint64_t(k) + 1)) : 0;
    const T *A2 = A + (ta == CUBLAS_OP_N ? cut * lda : cut);
    const T *B2 = B + (tb == CUBLAS_OP_N ? cut : cut * ldb);
    multiply(ta, tb, m, n, k - cut, alpha, A2, lda, B2, ldb, beta, C);
    if (cut > 0) multiply(ta, tb, m, n, cut, alpha, A, lda, B, ldb, T(1), C);
}

} // namespace emu

#endif
