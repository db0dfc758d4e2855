/* The labels of the observations, for colours.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_LABELS_H
#define RITZ_TOOLS_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "ritz/ritz.h"

/* Read files of whole numbers, one after the other, `rows` numbers in all, into a new vector of
 * float64. False: said why on standard error. */
bool labels_load(const char *const *paths, size_t count, int64_t rows, ritz_hmat *labels);

#endif
