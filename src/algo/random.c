/* Random matrices: Philox4x32-10 addressed by matrix index.
 *
 * The stream word says what the numbers are for (core/random_maps.h): a purpose, so that a user's
 * matrices, sketches and probes under one seed are independent, and the user's substream.
 *
 * Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"
#include "core/random_maps.h"

#define SUBSTREAMS (UINT32_C(1) << 24)

ritz_status ritz_random_fill(ritz_stream *s, ritz_distribution dist, uint64_t seed,
                             uint32_t substream, ritz_dmat A)
{
    RITZ_ENTER(s, &A);
    RITZ_REQUIRE(dist == RITZ_NORMAL || dist == RITZ_UNIFORM || dist == RITZ_RADEMACHER,
                 RITZ_ERR_ARGUMENT,
                 "dist is %d; it must be RITZ_NORMAL, RITZ_UNIFORM or RITZ_RADEMACHER", (int)dist);
    RITZ_REQUIRE(substream < SUBSTREAMS, RITZ_ERR_ARGUMENT,
                 "substream is %" PRIu32 "; it must be below 2^24 = %" PRIu32
                 "; use another seed for more",
                 substream, SUBSTREAMS);
    RITZ_TRY(ritz_check_output(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    if (ritz_empty(A)) return RITZ_OK;
    RITZ_REQUIRE(A.batch <= (int64_t)UINT32_MAX / A.cols, RITZ_ERR_TOO_LARGE,
                 "A has %" PRId64 " items of %" PRId64
                 " columns; one call fills at most 2^32 - 1 columns; split it and use substreams",
                 A.batch, A.cols);
    return ritz_op_random_fill(s, dist, seed, RITZ_STREAM_WORD(RITZ_RANDOM_USER, substream), 0, 0,
                               A);
}

ritz_status ritz_algo_gaussian(ritz_stream *s, enum ritz_random_purpose purpose, uint64_t seed,
                               ritz_dmat G)
{
    return ritz_op_random_fill(s, RITZ_NORMAL, seed, RITZ_STREAM_WORD(purpose, 0), 0, 0, G);
}
