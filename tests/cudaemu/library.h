/* What the emulated cuBLAS and cuSOLVER share: checks of arguments, operands, host copies, seeded
 * freedoms.
 *
 * A library call computes on host copies of exactly the elements that its documentation names, so
 * that nothing else of the caller's memory is read or written, whatever the CPU's own routine would
 * touch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_LIBRARY_H
#define RITZ_TESTS_CUDAEMU_LIBRARY_H

#include <initializer_list>
#include <limits>

#include "emu_int.h"
#include "emu_library.h"

namespace emu
{

/* What a refused call broke; each library has its own status for it. */
enum class Refusal { None, Invalid, Unsupported, Memory, Dead };

/* The part of a matrix that a routine names. The strict ones leave out the diagonal. */
enum class Part { All, Lower, Upper, StrictLower, StrictUpper };

/* A column-major array argument, or a batch of them `stride` elements apart. */
struct Operand {
    const char *what;
    const void *p;
    size_t size; /* of an element */
    int64_t rows, cols, ld, stride, batch;
    Access access;
    Part part;
    bool result; /* becomes NaN by emu_poison_output */
};
Operand operand(const char *what, const void *p, size_t size, int64_t rows, int64_t cols,
                int64_t ld, Access access, Part part = Part::All);
Operand batched(Operand item, int64_t stride, int64_t batch);
/* A vector of `count` elements. */
Operand array(const char *what, const void *p, size_t size, int64_t count, Access access);
/* Workspace and info: written, but no numerical result. */
Operand not_a_result(Operand o);

/* Rows of column j that belong to a part: [first, last). */
void rows_of(Part part, int64_t j, int64_t rows, int64_t *first, int64_t *last);

/* While an op runs: this argument is read or written now, exactly its part. */
void declare(const Operand &o);
/* The same for an argument whose address came out of a pointer array, checked only now: false
 * after a violation. */
bool reach(const Operand &o);
/* NaN in an output, declared already. */
void spoil(const Operand &o);

/* The checks of one call. After the first violation that a test collects, the others are not
 * made. */
class Arguments
{
  public:
    bool fine() const
    {
        return refusal_ == Refusal::None;
    }
    Refusal refusal() const
    {
        return refusal_;
    }
    void on_device(int device)
    {
        device_ = device;
    }
    int device() const
    {
        return device_;
    }

    /* A violation `kind` unless `holds`; the documented status is that of an invalid value. */
    void require(bool holds, const char *kind, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
    void support(bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));
    void refuse(Refusal r);
    void size(const char *what, int64_t value);
    void leading_dimension(const char *what, int64_t ld, int64_t rows);
    /* Address, alignment to the element, range inside one allocation of the device; remembered
     * for disjoint(). */
    void device_operand(const Operand &o);
    void host_argument(const char *what, const void *p, size_t bytes);
    /* No output overlaps another operand. */
    void disjoint();
    const std::vector<Operand> &operands() const
    {
        return operands_;
    }

  private:
    int device_ = 0;
    Refusal refusal_ = Refusal::None;
    std::vector<Operand> operands_;
};

/* A device that a sticky error has killed. */
bool dead(int device);
/* Driver and at least one usable device: without them nothing can be created on a device. */
bool machine_works();

/* Choices that a call with the same arguments makes again, since the libraries promise the same
 * bits for them: drawn from the seed, the name and the arguments. */
class Freedom
{
  public:
    Freedom(const char *call, std::initializer_list<int64_t> arguments);
    void stir(uint64_t value);
    uint64_t draw(uint64_t n); /* [0, n) */
    bool coin()
    {
        return draw(2) != 0;
    }
    double uniform()
    {
        return double(draw(1u << 30)) * 0x1p-30;
    }

  private:
    uint64_t state_;
};
/* What alignment a routine may look at when it chooses its order of summation. */
int64_t alignment_class(const void *p);

/* BLAS and LAPACK take `int` and run on one thread here. */
int blas_int(int64_t value);
class OneThread
{
  public:
    OneThread();
    ~OneThread();
    OneThread(const OneThread &) = delete;

  private:
    int before_;
};

template <class T> constexpr T not_a_number()
{
    return std::numeric_limits<T>::quiet_NaN();
}

/* A part of a device matrix as a packed column-major copy; what does not belong to the part is
 * NaN in the copy, and left alone by store(). Called while arenas are open. */
template <class T>
std::vector<T> fetch(const T *p, int64_t rows, int64_t cols, int64_t ld, Part part = Part::All)
{
    std::vector<T> copy(size_t(rows * cols), not_a_number<T>());
    for (int64_t j = 0; j < cols; j++) {
        int64_t first, last;
        rows_of(part, j, rows, &first, &last);
        for (int64_t i = first; i < last; i++) copy[size_t(i + j * rows)] = p[i + j * ld];
    }
    return copy;
}

template <class T>
void store(const std::vector<T> &copy, T *p, int64_t rows, int64_t cols, int64_t ld,
           Part part = Part::All)
{
    for (int64_t j = 0; j < cols; j++) {
        int64_t first, last;
        rows_of(part, j, rows, &first, &last);
        for (int64_t i = first; i < last; i++) p[i + j * ld] = copy[size_t(i + j * rows)];
    }
}

template <class T>
void fill(T *p, int64_t rows, int64_t cols, int64_t ld, T value, Part part = Part::All)
{
    store(std::vector<T>(size_t(rows * cols), value), p, rows, cols, ld, part);
}

template <class T>
bool all_finite(const std::vector<T> &copy, int64_t rows, int64_t cols, Part part)
{
    for (int64_t j = 0; j < cols; j++) {
        int64_t first, last;
        rows_of(part, j, rows, &first, &last);
        for (int64_t i = first; i < last; i++)
            if (!(copy[size_t(i + j * rows)] - copy[size_t(i + j * rows)] == 0)) return false;
    }
    return true;
}

/* The number of default-workspace calls, for emu_library.h. */
void note_default_workspace(const char *call);
bool clusters_rotate();

} // namespace emu

#endif
