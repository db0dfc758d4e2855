/* Centring rows that come block by block, before their mean is known.
 *
 * Let rows 0 .. c-1 have the mean μ, and b more the mean m. Stacked on what the calls before gave,
 *
 *     [ B - 1 mᵀ             ]
 *     [ √(cb/(c+b)) (m - μ)ᵀ ],    μ += b/(c+b) (m - μ)
 *
 * has the Gram matrix of all c + b rows less their mean: the square-root form of the merge of Chan,
 * Golub and LeVeque (1983), as in Ross, Lim, Lin and Yang 2008. What depends on the centred rows by
 * their Gram matrix alone needs no pass for the mean.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_CENTRED_ROWS_H
#define RITZ_ALGO_CENTRED_ROWS_H

#include "algo/algo.h"

/* rows (block.rows + 1 of them, T, any layout) = the above, and mean (n x 1 F64) of all count +
 * block.rows; a count of 0 does not read the mean. */
ritz_status centred_rows(ritz_stream *s, int64_t count, ritz_dmat block, ritz_dmat mean,
                         ritz_dmat rows);

#endif
