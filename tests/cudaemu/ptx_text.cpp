/* The tokenizer of ptx_text.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_text.h"

#include <cctype>
#include <charconv>

namespace emu
{
namespace ptx
{

namespace
{

bool starts_word(char c)
{
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' ||
           c == '.';
}

bool in_word(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.';
}

std::string quoted(const Token &token)
{
    if (token.kind == Token::Kind::End) return "the end of the text";
    return "'" + std::string(token.text) + "'";
}

} // namespace

Text::Text(const std::string &name, const std::string &text) : name_(name), text_(text), now_()
{
    advance();
}

void Text::fail(int line, const std::string &message) const
{
    throw Error(name_ + ":" + std::to_string(line) + ": " + message);
}

void Text::unexpected(const std::string &wanted) const
{
    fail(now_.line, quoted(now_) + " where " + wanted + " should be");
}

void Text::skip_blanks()
{
    while (at_ < text_.size()) {
        if (text_[at_] == '\n') {
            line_++;
            at_++;
        } else if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
            at_++;
        } else if (text_.compare(at_, 2, "//") == 0) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (text_.compare(at_, 2, "/*") == 0) {
            const size_t end = text_.find("*/", at_ + 2);
            if (end == text_.npos) fail(line_, "a comment without end");
            for (; at_ < end + 2; at_++) line_ += text_[at_] == '\n';
        } else {
            return;
        }
    }
}

/* Two colons belong to a word ("ld.shared::cta"), one ends a label. */
size_t Text::word_end() const
{
    size_t end = at_ + 1;
    while (end < text_.size()) {
        if (in_word(text_[end]))
            end++;
        else if (text_.compare(end, 2, "::") == 0)
            end += 2;
        else
            break;
    }
    return end;
}

void Text::advance()
{
    skip_blanks();
    now_.line = line_;
    if (at_ == text_.size()) {
        now_.kind = Token::Kind::End;
        now_.text = {};
        return;
    }
    const char c = text_[at_];
    size_t end = at_ + 1;
    if (starts_word(c)) {
        now_.kind = Token::Kind::Word;
        end = word_end();
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
        now_.kind = Token::Kind::Number;
        while (end < text_.size() && in_word(text_[end])) end++;
    } else if (c == '"') {
        end = text_.find_first_of("\"\n", end);
        if (end == text_.npos || text_[end] == '\n') fail(line_, "a string without end");
        now_.kind = Token::Kind::String;
        now_.text = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return;
    } else {
        now_.kind = Token::Kind::Sign;
    }
    now_.text = text_.substr(at_, end - at_);
    at_ = end;
}

Token Text::take()
{
    const Token token = now_;
    advance();
    return token;
}

bool Text::at(std::string_view text) const
{
    return (now_.kind == Token::Kind::Word || now_.kind == Token::Kind::Sign) && now_.text == text;
}

bool Text::skip(std::string_view text)
{
    if (!at(text)) return false;
    advance();
    return true;
}

void Text::expect(std::string_view text)
{
    if (!skip(text)) unexpected("'" + std::string(text) + "'");
}

Token Text::expect_word(const char *what)
{
    if (now_.kind != Token::Kind::Word) unexpected(what);
    return take();
}

std::string Text::expect_string(const char *what)
{
    if (now_.kind != Token::Kind::String) unexpected(what);
    return std::string(take().text);
}

uint64_t Text::expect_integer(const char *what)
{
    if (now_.kind != Token::Kind::Number) unexpected(what);
    const Token token = take();
    bool real;
    const uint64_t value = number(token, &real);
    if (real) fail(token.line, quoted(token) + " where " + what + " should be");
    return value;
}

void Text::skip_block()
{
    for (int depth = 1; depth > 0;) {
        if (now_.kind == Token::Kind::End) unexpected("'}'");
        const Token token = take();
        if (token.kind == Token::Kind::Sign) depth += (token.text == "{") - (token.text == "}");
    }
}

uint64_t Text::number(const Token &token, bool *real) const
{
    std::string_view digits = token.text;
    int base = 10;
    *real = false;
    if (digits.size() > 2 && digits[0] == '0') {
        const int letter = std::tolower(static_cast<unsigned char>(digits[1]));
        *real = letter == 'f' || letter == 'd';
        if (*real && digits.size() != (letter == 'f' ? 10 : 18))
            fail(token.line, "unknown number " + quoted(token));
        if (*real || letter == 'x') {
            base = 16;
            digits.remove_prefix(2);
        }
    }
    /* Octal numbers are nowhere in what nvcc writes. */
    const bool octal = base == 10 && digits.size() > 1 && digits[0] == '0';
    uint64_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (octal || end.ec != std::errc() || end.ptr != digits.data() + digits.size())
        fail(token.line, "unknown number " + quoted(token));
    return value;
}

} // namespace ptx
} // namespace emu
