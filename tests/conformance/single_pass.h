/* What the tests of a single pass share (single_pass.c).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_SINGLE_PASS_H
#define RITZ_TESTS_CONFORMANCE_SINGLE_PASS_H

#include "conformance/harness.h"

static inline int64_t sp_shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

/* r singular values from 2 down to above 1, the others zero. */
omat sp_matrix_of_rank(uint64_t seed, int64_t m, int64_t n, int64_t r);

/* Outputs of ritz_single_pass_svd, and what became of them. */
struct outcome {
    struct operand *U, *S, *V;
    ritz_sketch_report report;
};

extern const struct form sp_plain[3];

/* k triplets of an m x n matrix; f: the forms of U, S and V. */
struct outcome sp_add_outcome(struct scene *sc, ritz_dtype dtype, const struct form *f, int64_t m,
                              int64_t n, int64_t k);

ritz_single_pass *sp_create(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                            int64_t k, const ritz_single_pass_options *opts);

ritz_status sp_svd(const struct place *p, const ritz_single_pass *sp, struct outcome *o);

/* The triplets are those of `want`, a matrix of rank at most k, to rounding. */
void sp_expect_recovered(const char *metric, ritz_dtype dtype, omat want, const struct outcome *o);

/* Updates and rows that stream by (single_pass_updates.c); bad arguments
 * (single_pass_arguments.c). */
void sp_test_updates(const struct place *p, ritz_dtype dtype);
void sp_test_arguments(const struct place *p);

#endif
