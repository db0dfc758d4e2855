/* Checks and freedoms of the emulated libraries.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "library.h"
#include "plant.h"
#include "state.h"

/* Of the OpenMP runtime that OpenBLAS brings, if it is that flavour; a setting of the calling
 * thread. */
extern "C" {
__attribute__((weak)) void omp_set_num_threads(int);
__attribute__((weak)) int omp_get_max_threads(void);
}

namespace emu
{

namespace
{

struct Wishes {
    int64_t default_workspace_calls = 0;
    bool forbid_default_workspace = false, rotate_clusters = false;
};

Wishes &wishes()
{
    static Wishes *w = [] {
        at_reset([] { wishes() = Wishes(); });
        return new Wishes();
    }();
    return *w;
}

Range bounds(const Operand &o)
{
    return matrix(o.what, o.p, o.size, o.rows, o.cols, o.ld, o.stride, o.batch, o.access);
}

bool empty(const Operand &o)
{
    return o.rows <= 0 || o.cols <= 0 || o.batch <= 0;
}

template <class T> void spoil_items(const Operand &o)
{
    T *p = static_cast<T *>(const_cast<void *>(o.p));
    for (int64_t b = 0; b < o.batch; b++)
        fill(p + b * o.stride, o.rows, o.cols, o.ld, not_a_number<T>(), o.part);
}

std::string formatted(const char *format, va_list arguments)
{
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    return text;
}

} // namespace

/* ---- operands -------------------------------------------------------------------------------- */

Operand operand(const char *what, const void *p, size_t size, int64_t rows, int64_t cols,
                int64_t ld, Access access, Part part)
{
    return {what, p, size, rows, cols, ld, 0, 1, access, part, access != Access::Read};
}

Operand batched(Operand item, int64_t stride, int64_t batch)
{
    item.stride = stride;
    item.batch = batch;
    return item;
}

Operand array(const char *what, const void *p, size_t size, int64_t count, Access access)
{
    return operand(what, p, size, count, 1, count, access);
}

Operand not_a_result(Operand o)
{
    o.result = false;
    return o;
}

void rows_of(Part part, int64_t j, int64_t rows, int64_t *first, int64_t *last)
{
    *first = 0;
    *last = rows;
    switch (part) {
    case Part::All: break;
    case Part::Lower: *first = std::min(j, rows); break;
    case Part::StrictLower: *first = std::min(j + 1, rows); break;
    case Part::Upper: *last = std::min(j + 1, rows); break;
    case Part::StrictUpper: *last = std::min(j, rows); break;
    }
}

void declare(const Operand &o)
{
    if (empty(o)) return;
    if (o.part == Part::All) {
        touch(bounds(o));
        return;
    }
    const char *p = static_cast<const char *>(o.p);
    for (int64_t j = 0; j < o.cols; j++) {
        int64_t first, last;
        rows_of(o.part, j, o.rows, &first, &last);
        if (first < last)
            touch(matrix(o.what, p + size_t(first + j * o.ld) * o.size, o.size, last - first, 1,
                         last - first, o.stride, o.batch, o.access));
    }
}

bool reach(const Operand &o)
{
    if (empty(o)) return true;
    const Allocation *a = find(o.p);
    size_t bytes = size_t((o.cols - 1) * o.ld + o.rows) * o.size;
    const char *kind = nullptr;
    if (!a || a->space != Space::Device)
        kind = arena_device(o.p) >= 0 ? "range" : "host-pointer";
    else if (a->gone)
        kind = "freed";
    else if (a->device != running->device)
        kind = "other-device";
    else if (static_cast<const char *>(o.p) + bytes > a->p + a->bytes)
        kind = "range";
    else if (reinterpret_cast<uintptr_t>(o.p) % o.size != 0)
        kind = "alignment";
    if (kind) {
        violation(kind, "%s, an entry of a pointer array, needs %zu bytes of device %d at %s",
                  o.what, bytes, running->device, locate(o.p).c_str());
        return false;
    }
    declare(o);
    return true;
}

void spoil(const Operand &o)
{
    if (!o.result || empty(o) || bits_planted(o)) return;
    if (o.size == sizeof(float)) spoil_items<float>(o);
    if (o.size == sizeof(double)) spoil_items<double>(o);
}

/* ---- arguments ------------------------------------------------------------------------------- */

void Arguments::refuse(Refusal r)
{
    if (fine()) refusal_ = r;
}

void Arguments::require(bool holds, const char *kind, const char *format, ...)
{
    if (!fine() || holds) return;
    va_list arguments;
    va_start(arguments, format);
    violation(kind, "%s", formatted(format, arguments).c_str());
    va_end(arguments);
    refuse(Refusal::Invalid);
}

void Arguments::support(bool holds, const char *format, ...)
{
    if (!fine() || holds) return;
    va_list arguments;
    va_start(arguments, format);
    violation("enum", "%s", formatted(format, arguments).c_str());
    va_end(arguments);
    refuse(Refusal::Unsupported);
}

void Arguments::size(const char *what, int64_t value)
{
    require(value >= 0, "size", "%s is %lld", what, static_cast<long long>(value));
}

void Arguments::leading_dimension(const char *what, int64_t ld, int64_t rows)
{
    require(ld >= std::max<int64_t>(1, rows), "ld", "%s is %lld, for %lld rows", what,
            static_cast<long long>(ld), static_cast<long long>(rows));
}

void Arguments::device_operand(const Operand &o)
{
    if (!fine() || empty(o)) return;
    if (!check_range(bounds(o), device_)) refuse(Refusal::Invalid);
    require(reinterpret_cast<uintptr_t>(o.p) % o.size == 0, "alignment",
            "%s is not aligned to its elements of %zu bytes: %p", o.what, o.size, o.p);
    operands_.push_back(o);
}

void Arguments::host_argument(const char *what, const void *p, size_t bytes)
{
    if (fine() && !check_host(what, p, bytes)) refuse(Refusal::Invalid);
}

void Arguments::disjoint()
{
    for (size_t i = 0; i < operands_.size(); i++) {
        for (size_t j = i + 1; j < operands_.size() && fine(); j++) {
            const Operand &a = operands_[i], &b = operands_[j];
            if (a.access == Access::Read && b.access == Access::Read) continue;
            require(!overlap(bounds(a), bounds(b)), "overlap", "%s overlaps %s, and one is written",
                    a.what, b.what);
        }
    }
}

bool dead(int device)
{
    return sticky_error(device) != cudaSuccess;
}

bool machine_works()
{
    return driver_state() == cudaSuccess && settings().devices > 0 &&
           settings().profile == EMU_NORMAL;
}

/* ---- freedoms -------------------------------------------------------------------------------- */

Freedom::Freedom(const char *call, std::initializer_list<int64_t> arguments)
    : state_(settings().seed)
{
    for (const char *c = call; *c; c++) stir(uint64_t(*c));
    for (int64_t a : arguments) stir(uint64_t(a));
}

/* splitmix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014. */
void Freedom::stir(uint64_t value)
{
    uint64_t z = state_ += value + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    state_ = z ^ (z >> 31);
}

uint64_t Freedom::draw(uint64_t n)
{
    stir(1);
    return n <= 1 ? 0 : state_ % n;
}

int64_t alignment_class(const void *p)
{
    return int64_t(reinterpret_cast<uintptr_t>(p) % 16);
}

bool clusters_rotate()
{
    return wishes().rotate_clusters;
}

void note_default_workspace(const char *call)
{
    wishes().default_workspace_calls++;
    if (wishes().forbid_default_workspace)
        violation("workspace",
                  "%s runs on the default workspace: none was set since cublasSetStream", call);
}

/* ---- BLAS and LAPACK ------------------------------------------------------------------------- */

int blas_int(int64_t value)
{
    if (value < 0 || value > INT_MAX) {
        fprintf(stderr, "emu: the emulated library cannot compute with a size of %lld\n",
                static_cast<long long>(value));
        abort();
    }
    return int(value);
}

OneThread::OneThread() : before_(0)
{
    if (!omp_set_num_threads || !omp_get_max_threads) return;
    before_ = omp_get_max_threads();
    omp_set_num_threads(1);
}

OneThread::~OneThread()
{
    if (before_ > 0) omp_set_num_threads(before_);
}

} // namespace emu

using namespace emu;

int64_t emu_default_workspace_calls(void)
{
    Locked locked(global_lock());
    return wishes().default_workspace_calls;
}

void emu_forbid_default_workspace(int on)
{
    Locked locked(global_lock());
    wishes().forbid_default_workspace = on != 0;
}

void emu_rotate_clusters(int on)
{
    Locked locked(global_lock());
    wishes().rotate_clusters = on != 0;
}
