/* What the two halves of the parser share: ptx_parse.cpp reads modules, ptx_body.cpp the code of
 * kernels.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_PARSE_H
#define RITZ_TESTS_CUDAEMU_PTX_PARSE_H

#include "ptx_text.h"

namespace emu
{
namespace ptx
{

/* After the word that names its space: ".align 8 .b8 name[64]", without what ends it. */
Variable read_variable(Text &text);

/* After the brace that opens it, up to the one that closes it. */
void read_body(Text &text, const Module &module, Kernel &kernel);

} // namespace ptx
} // namespace emu

#endif
