/* The words of a PTX text (NVIDIA, PTX ISA 9.0, "Syntax"): a tokenizer that knows its line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_TEXT_H
#define RITZ_TESTS_CUDAEMU_PTX_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>

#include "ptx.h"

namespace emu
{
namespace ptx
{

struct Token {
    enum class Kind {
        Word,   /* name, register, directive or instruction, with its dots: "%r1", "ld.global.u8" */
        Number, /* without a sign: "8", "0xFF", "0f3F800000" and also "9.0" */
        String, /* without its quotes */
        Sign,   /* one character */
        End
    } kind;
    std::string_view text;
    int line;
};

class Text
{
  public:
    /* Both must outlive it. */
    Text(const std::string &name, const std::string &text);

    const Token &now() const
    {
        return now_;
    }
    Token take(); /* the present token, and goes on to the next */

    bool at(std::string_view text) const; /* a word or sign */
    bool skip(std::string_view text);     /* the same, and takes it */
    void expect(std::string_view text);
    Token expect_word(const char *what);
    std::string expect_string(const char *what);
    uint64_t expect_integer(const char *what);
    /* Takes everything up to the brace that closes the one that has been taken. */
    void skip_block();

    [[noreturn]] void fail(int line, const std::string &message) const;
    [[noreturn]] void unexpected(const std::string &wanted) const; /* the present token */

    /* The bits of a number as Operand::bits has them. */
    uint64_t number(const Token &token, bool *real) const;

  private:
    void advance();
    void skip_blanks();
    size_t word_end() const;

    const std::string &name_;
    std::string_view text_;
    size_t at_ = 0;
    int line_ = 1;
    Token now_;
};

} // namespace ptx
} // namespace emu

#endif
