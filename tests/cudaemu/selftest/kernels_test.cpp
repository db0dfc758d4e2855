/* The emulation's execution of kernels, tested: each planted bug is found, in every order; its
 * corrected twin and the sample kernels pass, with known answers that are the same in every order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include "../emu.h"
#include "core/random_maps.h"
#include "planted_kernels.h"
#include "sample_kernels.h"

namespace
{

int failures, checks;

__attribute__((format(printf, 2, 3))) void expect(bool right, const char *format, ...)
{
    checks++;
    if (right) return;
    failures++;
    va_list list;
    va_start(list, format);
    fprintf(stderr, "FAILED: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
}

#define CUDA(call) expect((call) == cudaSuccess, "%s:%d: %s", __FILE__, __LINE__, #call)

template <typename T> class OnDevice
{
  public:
    explicit OnDevice(size_t n) : n_(n)
    {
        CUDA(cudaMalloc(reinterpret_cast<void **>(&p_), n * sizeof(T)));
    }
    explicit OnDevice(const std::vector<T> &v) : OnDevice(v.size())
    {
        CUDA(cudaMemcpy(p_, v.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
    }
    ~OnDevice()
    {
        CUDA(cudaFree(p_));
    }
    OnDevice(const OnDevice &) = delete;
    operator T *() const
    {
        return p_;
    }
    std::vector<T> get() const
    {
        std::vector<T> v(n_);
        CUDA(cudaMemcpy(v.data(), p_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
        return v;
    }

  private:
    size_t n_;
    T *p_ = nullptr;
};

struct Order {
    enum emu_order_kind kind;
    uint64_t seed;
    const char *name;
};
constexpr Order orders[] = {{EMU_ASCENDING, 1, "ascending"},
                            {EMU_DESCENDING, 1, "descending"},
                            {EMU_RANDOM_ORDER, 1, "random 1"},
                            {EMU_RANDOM_ORDER, 2, "random 2"},
                            {EMU_RANDOM_ORDER, 3, "random 3"}};

void in_all_orders(const std::function<void(const char *)> &test)
{
    for (const Order &o : orders) {
        emu_reset(o.seed);
        emu_order(o.kind);
        test(o.name);
    }
}

/* ---- samples --------------------------------------------------------------------------------- */

void test_transpose()
{
    const int64_t m = 70, n = 45;
    std::vector<double> a(static_cast<size_t>(m * n)), expected(a.size());
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            expected[static_cast<size_t>(j + i * n)] = a[static_cast<size_t>(i + j * m)] =
                static_cast<double>(i * 1000 + j);
    in_all_orders([&](const char *name) {
        for (int kind = 0; kind < 3; kind++) {
            OnDevice<double> A(a), B(a.size());
            CUDA(kind < 2 ? sample_transpose(kind, m, n, A, B, 0)
                          : sample_transpose_naive(m, n, A, B, 0));
            expect(B.get() == expected, "transpose, version %d, %s order", kind, name);
        }
    });
}

void test_sum()
{
    for (const size_t n : {size_t(1), size_t(31), size_t(256), size_t(100000)}) {
        std::vector<double> x(n);
        for (size_t i = 0; i < n; i++) x[i] = static_cast<double>(i + 1);
        in_all_orders([&](const char *name) {
            OnDevice<double> X(x)
            , partial(64), sum(1);
            CUDA(sample_sum(static_cast<int64_t>(n), X, partial, sum, 0));
            expect(sum.get()[0] == static_cast<double>(n) * static_cast<double>(n + 1) / 2,
                   "sum of %zu, %s order", n, name);
        });
    }
}

void test_axpy()
{
    const size_t n = 70000;
    std::vector<float> x(n), y(n), expected(n);
    for (size_t i = 0; i < n; i++) {
        x[i] = static_cast<float>(i % 1000);
        y[i] = static_cast<float>(i % 7);
        expected[i] = 2.0f * x[i] + y[i];
    }
    in_all_orders([&](const char *name) {
        OnDevice<float> X(x)
        , Y(y);
        CUDA(sample_axpy(static_cast<int64_t>(n), 2.0f, X, Y, 0));
        expect(Y.get() == expected, "axpy, %s order", name);
    });
}

void test_normal()
{
    const int64_t m = 37, n = 20;
    const uint64_t seed = 0x123456789abcdef0u;
    const uint32_t word = RITZ_STREAM_WORD(3, 5);
    std::vector<float> expected;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            expected.push_back(ritz_random_normal_at(seed, word, static_cast<uint64_t>(i),
                                                     static_cast<uint32_t>(j)));
    in_all_orders([&](const char *name) {
        OnDevice<float> A(expected.size());
        CUDA(sample_normal(m, n, seed, word, A, 0));
        expect(A.get() == expected, "normals, %s order", name);
    });
}

void test_warp_scan()
{
    const size_t rows = 9;
    std::vector<int> x(rows * 32), expected(x.size());
    for (size_t r = 0; r < rows; r++) {
        int sum = 0;
        for (size_t i = 0; i < 32; i++) {
            sum += x[r * 32 + i] = static_cast<int>(i * i % 11 + r);
            expected[r * 32 + 31 - i] = sum;
        }
    }
    in_all_orders([&](const char *name) {
        OnDevice<int> X(x)
        , Y(x.size());
        CUDA(sample_warp_scan(static_cast<int64_t>(rows), X, Y, 0));
        expect(Y.get() == expected, "warp scan, %s order", name);
    });
}

uint32_t reversed(uint32_t v)
{
    uint32_t r = 0;
    for (int i = 0; i < 32; i++)
        if (v & 1u << i) r |= 1u << (31 - i);
    return r;
}

/* What each word of tour_kernel has to be, from the definitions in the CUDA programming guide. */
std::vector<uint32_t> tour_answers(const std::vector<uint32_t> &x)
{
    const uint32_t offset[4] = {3, 1, 4, 1};
    std::vector<uint32_t> out;
    uint32_t odd = 0, zeros = 0;
    for (uint32_t v : x) odd += v & 1u, zeros += v == 0;
    for (uint32_t t = 0; t < 64; t++) {
        const uint32_t base = t / 32 * 32, lane = t % 32, v = x[t], d = offset[lane % 4];
        uint32_t ballot = 0, any = 0, all = 1;
        for (uint32_t k = 0; k < 32; k++) ballot |= (x[base + k] & 1u) << k;
        for (uint32_t k = 0; k < 16; k++) {
            const uint32_t w = x[base + lane / 16 * 16 + k];
            any |= w % 16 == 0;
            all &= w % 16 != 0;
        }
        uint32_t bits = 1, leading = 0, first = 0;
        for (uint32_t k = 0; k < 32; k++) bits += 2 * (v >> k & 1u);
        while (leading < 32 && !(v >> (31 - leading) & 1u)) leading++;
        while (first < 32 && !(v >> first & 1u)) first++;
        const uint32_t quarters = v % 64; /* of pi: 2 sin^2 and 2 cos^2 are 0, 1 or 2 */
        const uint32_t sine = quarters % 4 == 0 ? 0 : quarters % 4 == 2 ? 2 : 1;
        const uint32_t words[] = {
            x[base + v % 32],
            lane % 8 >= d ? x[t - d] : v,
            lane % 16 + d < 16 ? x[t + d] : v,
            x[base + (lane ^ 5u)],
            ballot,
            any << 1 | all,
            odd,
            static_cast<uint32_t>(zeros == 0) << 1 | (zeros > 0),
            bits,
            leading << 8 | (first == 32 ? 0 : first + 1),
            reversed(v),
            1,
            v > 1u << 30 ? 1u << 30
            : v < 7      ? 7
                         : v,
            sine * 4 + (2 - sine),
            1 + v % 7,
            5 * (v % 5),
        };
        out.insert(out.end(), words, words + 16);
    }
    return out;
}

void test_tour()
{
    std::vector<uint32_t> x(64);
    for (uint32_t i = 0; i < 64; i++) x[i] = ritz_random_word_at(7, 0, i, 0);
    x[5] = 0;
    x[6] = 2;
    int largest = 0;
    for (uint32_t v : x) largest = std::max(largest, static_cast<int>(v % 1000));
    const std::vector<uint32_t> expected = tour_answers(x);
    in_all_orders([&](const char *name) {
        OnDevice<uint32_t> X(x)
        , out(64 * 16);
        OnDevice<int> counter(std::vector<int>{0, 0});
        CUDA(sample_tour(X, out, counter, 0));
        const std::vector<uint32_t> got = out.get();
        for (size_t i = 0; i < got.size(); i++)
            expect(got[i] == expected[i], "tour, %s order: thread %zu, word %zu: %#x, expected %#x",
                   name, i / 16, i % 16, got[i], expected[i]);
        expect(counter.get() == std::vector<int>({64, largest}), "atomics, %s order", name);
    });
}

/* ---- planted bugs ---------------------------------------------------------------------------- */

struct Run {
    std::vector<std::string> kinds; /* of the violations */
    std::vector<int> y;
    std::string text;
};

Run run(planted_launch *launch, int planted)
{
    Run r;
    std::vector<int> x(PLANTED_N);
    for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<int>(i * 7919 % 1000 + 1);
    OnDevice<int> X(x)
    , Y(std::vector<int>(PLANTED_N, -1)), Z(PLANTED_N);
    emu_collect(1);
    launch(planted, X, Y, Z, 0);
    static_cast<void>(cudaDeviceSynchronize());
    for (int i = 0; i < emu_violations(); i++) r.kinds.push_back(emu_violation_kind(i));
    if (!r.kinds.empty()) r.text = emu_violation_text(0);
    emu_collect(0);
    r.y = Y.get();
    return r;
}

bool names(const char *kinds, const std::string &kind)
{
    return (" " + std::string(kinds) + " ").find(" " + kind + " ") != std::string::npos;
}

bool accesses_are_checked()
{
    struct emu_counts c;
    emu_reset(1);
    emu_counters_clear();
    OnDevice<float> x(std::vector<float>(10)), y(std::vector<float>(10));
    CUDA(sample_axpy(10, 1.0f, x, y, 0));
    CUDA(cudaDeviceSynchronize());
    emu_counters(&c);
    return c.kernel_bytes_read > 0;
}

bool print_texts;

void test_planted(const char *name, planted_launch *launch, const char *kinds, bool checked)
{
    std::vector<int> right;
    bool differs = false;
    std::vector<int> before;
    in_all_orders([&](const char *order) {
        const Run twin = run(launch, 0);
        expect(twin.kinds.empty(), "%s, corrected, %s order: %s", name, order, twin.text.c_str());
        if (right.empty()) right = twin.y;
        expect(twin.y == right, "%s, corrected: another result in %s order", name, order);

        if (names(kinds, "order")) { /* nothing is wrong but the result */
            const Run bug = run(launch, 1);
            expect(bug.kinds.empty(), "%s, %s order: %s", name, order, bug.text.c_str());
            if (!before.empty()) differs |= bug.y != before;
            before = bug.y;
        } else if (names(kinds, "result")) {
            const Run bug = run(launch, 1);
            expect(bug.kinds.empty(), "%s, %s order: %s", name, order, bug.text.c_str());
            expect(bug.y != right && bug.y[0] == 0x7ff4dead, "%s, %s order: not recognisable", name,
                   order);
        } else if (checked || names("barrier collective shared", kinds)) {
            const Run bug = run(launch, 1);
            expect(!bug.kinds.empty() && names(kinds, bug.kinds[0]),
                   "%s, %s order: found %s instead of %s", name, order,
                   bug.kinds.empty() ? "nothing" : bug.text.c_str(), kinds);
            if (print_texts) printf("%s (%s): %s\n", name, order, bug.text.c_str());
        }
    });
    if (names(kinds, "order")) expect(differs, "%s: the same result in all orders", name);
}

void expect_found(const char *what, const char *kind)
{
    const bool found = emu_violations() > 0 && strcmp(emu_violation_kind(0), kind) == 0;
    expect(found, "%s: found %s instead of %s", what,
           emu_violations() > 0 ? emu_violation_text(0) : "nothing", kind);
    if (print_texts && found) printf("%s: %s\n", what, emu_violation_text(0));
}

/* A kernel that is given a pointer to the wrong memory. */
void test_pointers()
{
    const std::vector<int> x(256, 3);
    for (int write = 0; write < 2; write++)
        for (int which = 0; which < 4; which++) {
            emu_reset(1);
            emu_set_devices(2, EMU_NORMAL);
            static const char *const kind[] = {"host-pointer", "freed", "other-device", "range"};
            std::vector<int> host(256, 1);
            OnDevice<int> good(x), shorter(std::vector<int>(255, 1));
            int *bad = nullptr;
            if (which == 0) bad = host.data();
            if (which == 2) CUDA(cudaSetDevice(1));
            if (which == 1 || which == 2)
                CUDA(cudaMalloc(reinterpret_cast<void **>(&bad), 256 * sizeof(int)));
            if (which == 2)
                CUDA(cudaMemcpy(bad, x.data(), 256 * sizeof(int), cudaMemcpyHostToDevice));
            if (which == 1) CUDA(cudaFree(bad));
            if (which == 3) bad = shorter;
            CUDA(cudaSetDevice(0));
            emu_collect(1);
            planted_copy(256, write ? good : bad, write ? bad : good, 0);
            static_cast<void>(cudaDeviceSynchronize());
            expect_found(write ? "write through a wrong pointer" : "read through a wrong pointer",
                         kind[which]);
            emu_collect(0);
            if (which == 2) CUDA(cudaFree(bad));
        }
}

/* ---- figures --------------------------------------------------------------------------------- */

double ratio(const char *kernel, bool shared)
{
    struct emu_kernel_figures f = {};
    expect(emu_kernel_figures_of(kernel, &f) == 1, "no figures of %s", kernel);
    return shared ? static_cast<double>(f.waves) / static_cast<double>(f.ideal_waves)
                  : static_cast<double>(f.sectors) / static_cast<double>(f.ideal_sectors);
}

/* 32 lanes of 8 bytes: rows cost 8 sectors, columns 32; a column of an unpadded tile 32 waves
 * instead of 2. */
void test_figures()
{
    const int64_t n = 64;
    const std::vector<double> a(static_cast<size_t>(n * n), 1.0);
    emu_reset(1);
    emu_measure(1);
    OnDevice<double> A(a), B(a.size());
    CUDA(sample_transpose(0, n, n, A, B, 0));
    CUDA(sample_transpose(1, n, n, A, B, 0));
    CUDA(sample_transpose_naive(n, n, A, B, 0));
    CUDA(cudaDeviceSynchronize());
    expect(ratio("transpose_naive_kernel<double>", false) == 2.5, "sectors of the naive transpose");
    expect(ratio("transpose_kernel<double, 1>", false) == 1.0, "sectors of the tiled transpose");
    expect(ratio("transpose_kernel<double, 1>", true) == 1.0, "waves of the padded tile");
    expect(ratio("transpose_kernel<double, 0>", true) == 8.5, "waves of the unpadded tile");
    emu_measure(0);
}

} // namespace

int main(int argc, char **argv)
{
    print_texts = argc > 1 && strcmp(argv[1], "--texts") == 0;
    const bool checked = accesses_are_checked();
    test_transpose();
    test_sum();
    test_axpy();
    test_normal();
    test_warp_scan();
    test_tour();
#define PLANT(name, kinds) test_planted(#name, planted_##name, kinds, checked);
    PLANTED_LIST(PLANT)
#undef PLANT
    if (checked) {
        test_pointers();
        test_figures();
    }
    expect(emu_check_idle() == 0, "something is left over");
    printf("%d checks, %d failed; accesses of kernels %s\n", checks, failures,
           checked ? "checked" : "not checked: bugs that only the checker finds were left out");
    return failures != 0;
}
