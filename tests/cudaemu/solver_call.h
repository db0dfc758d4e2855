/* The emulated cuSOLVER, among its own files. What a routine demands stands with its name in
 * NVIDIA, cuSOLVER Library, release 13.0, "cuSolverDN: dense LAPACK Function Reference"; where
 * comments say more than that, it was seen in the library or its users.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SOLVER_CALL_H
#define RITZ_TESTS_CUDAEMU_SOLVER_CALL_H

#include <cusolverDn.h>

#include "library.h"

namespace emu
{

struct SolverHandle {
    int device;
    cudaStream_t stream;
    void *pool; /* 4 MiB from creation on */
    bool deterministic;
};
struct SolverParameters {
    int unused;
};
/* A routine and what its workspace depends on: everything but addresses. */
struct Key {
    const char *routine;
    std::vector<int64_t> arguments;
    int64_t
        elements;  /* a natural amount of workspace; what bufferSize says is odd and not monotone */
    size_t size;   /* of an element */
    bool in_bytes; /* the 64-bit API, which has a host workspace besides */
    bool hybrid;   /* blocks the caller if it has a host workspace */
};
struct Workspace {
    void *device;
    int64_t device_size; /* elements, or bytes in the 64-bit API */
    void *host;
    size_t host_bytes;
};

/* info, as computed or as the test wishes. Of a batch the last item is forced. */
class Verdicts
{
  public:
    Verdicts() = default;
    Verdicts(int64_t batch, bool forced, int value)
        : info_(size_t(batch), 0), forced_(forced), value_(value)
    {
    }
    int settle(int64_t item, int computed)
    {
        bool last = size_t(item) + 1 == info_.size();
        return info_[size_t(item)] = forced_ && last ? value_ : computed;
    }
    const std::vector<int> &info() const
    {
        return info_;
    }

  private:
    std::vector<int> info_;
    bool forced_ = false;
    int value_ = 0;
};

/* Step by step what every call of cuSOLVER does first, and how it ends. */
class SolverCall
{
  public:
    enum Purpose { Setting, Computing };
    SolverCall(const char *name, cusolverDnHandle_t handle, Purpose purpose);
    SolverHandle *handle() const
    {
        return handle_;
    }
    Stream *stream() const
    {
        return stream_;
    }
    Arguments &arguments()
    {
        return arguments_;
    }
    bool fine() const
    {
        return begun_ && arguments_.fine();
    }
    cusolverStatus_t status() const;

    void parameters(cusolverDnParams_t params);
    void triangle(cublasFillMode_t uplo);
    void vectors(cusolverEigMode_t jobz);
    /* What a size of 0 does varies: the caller returns early. */
    void positive(const char *what, int64_t size);
    /* All equal, float32 or float64. */
    void types(std::initializer_list<cudaDataType> all);

    /* The two ends of the workspace: what the query says, and what the routine then finds. */
    cusolverStatus_t answer(const Key &key, int *lwork);
    cusolverStatus_t answer(const Key &key, size_t *device_bytes, size_t *host_bytes);
    void workspace(const Key &key, const Workspace &w);

    /* After everything else: queue the work. It settles a verdict for each item; info is written
     * after it. */
    cusolverStatus_t enqueue(int *info, int64_t batch, std::function<void(Verdicts *)> work);
    bool poisoned() const
    {
        return poisoned_;
    }
    Freedom freedom(std::initializer_list<int64_t> arguments) const;

  private:
    struct Need {
        int64_t device, host;
    };
    Need need(const Key &key) const;
    std::vector<int64_t> identity(const Key &key) const;
    void host_workspace(const Key &key, const Need &n, const Workspace &w);

    Call call_;
    const char *name_;
    bool begun_ = false, poisoned_ = false, forced_ = false;
    int forced_value_ = 0;
    SolverHandle *handle_ = nullptr;
    Stream *stream_ = nullptr;
    Arguments arguments_;
    cusolverStatus_t status_ = CUSOLVER_STATUS_SUCCESS;
    char *device_workspace_ = nullptr, *host_workspace_ = nullptr;
    size_t device_bytes_ = 0, host_bytes_ = 0;
};

inline Part triangle_part(cublasFillMode_t uplo)
{
    return uplo == CUBLAS_FILL_MODE_LOWER ? Part::Lower : Part::Upper;
}

inline size_t bytes_of_real(cudaDataType type)
{
    return type == CUDA_R_64F ? sizeof(double) : sizeof(float);
}

/* Column j of an m-row packed copy changes its sign. */
template <class T> void flip_column(std::vector<T> *copy, int64_t rows, int64_t j)
{
    for (int64_t i = 0; i < rows; i++) (*copy)[size_t(i + j * rows)] *= T(-1);
}

template <class T> void fill_all(std::vector<T> *v, T value)
{
    v->assign(v->size(), value);
}

} // namespace emu

#endif
