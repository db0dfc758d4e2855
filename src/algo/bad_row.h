/* The row of a source that is to blame where a result is not finite.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_BAD_ROW_H
#define RITZ_ALGO_BAD_ROW_H

#include "algo/algo.h"
#include "core/rows.h"

/* RITZ_ERR_NOT_FINITE, with the number of the first row that has a NaN or an infinity; RITZ_OK if
 * there is none. Reads the source again, in blocks of block_rows; one that cannot be read again is
 * taken to have one. Waits for the stream. */
ritz_status bad_row_find(ritz_stream *s, struct ritz_feed *feed, int64_t block_rows);

/* The same for a sparse matrix. */
ritz_status bad_row_find_sparse(ritz_stream *s, const ritz_spmat *A);

#endif
