/* Small texts of PTX, executed on the emulated device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_PTX_FIXTURE_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_PTX_FIXTURE_H

#include <cstring>
#include <string>
#include <vector>

#include "../ptx.h"
#include "cases.h"

namespace ptx_test
{

using Words = std::vector<uint64_t>;

/* A kernel named k with the parameters `in` and `out`, whose addresses begin in %in and %out. */
class Code
{
  public:
    explicit Code(const std::string &body, const std::string &before = "",
                  const std::string &registers = "");
    Code(const Code &) = delete;

    /* One launch; `out` has as many words as given, and begins with those. */
    Words run(const Words &in, Words out, dim3 block, dim3 grid = 1, size_t dynamic = 0) const;
    const emu::ptx::Program &program() const
    {
        return *program_;
    }

  private:
    emu::ptx::Module module_;
    std::shared_ptr<const emu::ptx::Program> program_;
};

/* What make_program or the parser says against an instruction; empty: nothing. */
std::string refusal(const std::string &instruction);

/* An instruction's results for rows of sources. `types` has a letter for each register: those of
 * the results, '=', those of the sources: p predicate, h 16 bits, r 32, R 64, f f32, F f64. The
 * instruction calls them %d, %e and %a, %b, %c, %g. */
std::vector<Words> evaluate(const std::string &types, const std::string &instruction,
                            const std::vector<Words> &rows);

/* All rows that have one of `values` in each of n places; the last may have their own. */
std::vector<Words> rows_of(const Words &values, size_t n);
std::vector<Words> rows_of(const Words &values, size_t n, const Words &last, size_t lasts);

template <typename T> T number(uint64_t word)
{
    T v;
    memcpy(&v, &word, sizeof v);
    return v;
}
template <typename T> uint64_t word(T v)
{
    uint64_t w = 0;
    memcpy(&w, &v, sizeof v);
    return w;
}

/* Each row's result is what `expected` says; reals: or both are NaN. */
template <typename F>
void check(const std::string &types, const std::string &instruction, const std::vector<Words> &rows,
           F expected)
{
    const std::vector<Words> results = evaluate(types, instruction, rows);
    for (size_t i = 0; i < rows.size(); i++) {
        const uint64_t e = static_cast<uint64_t>(expected(rows[i].data())), d = results[i][0];
        const bool nan = (types[0] == 'f' && number<float>(e) != number<float>(e) &&
                          number<float>(d) != number<float>(d)) ||
                         (types[0] == 'F' && number<double>(e) != number<double>(e) &&
                          number<double>(d) != number<double>(d));
        if (d == e || nan) continue;
        fprintf(stderr, "%s:", instruction.c_str());
        for (uint64_t w : rows[i]) fprintf(stderr, " %#llx", static_cast<unsigned long long>(w));
        fprintf(stderr, " gives %#llx, expected %#llx\n", static_cast<unsigned long long>(d),
                static_cast<unsigned long long>(e));
        exit(1);
    }
}

} // namespace ptx_test

#endif
