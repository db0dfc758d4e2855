/* Matrix Market files as triplets.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_MATRIX_MARKET_H
#define RITZ_IO_MATRIX_MARKET_H

#include "core/spmat.h"

/* Read a file, plain or gzip; on failure there is nothing to free. */
ritz_status ritz_matrix_market_read(const char *path, struct ritz_triplets *t);

#endif
