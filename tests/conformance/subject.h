/* What the low-rank methods are tested on: operators of every kind, of matrices whose singular
 * values are known.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_SUBJECT_H
#define RITZ_TESTS_CONFORMANCE_SUBJECT_H

#include "conformance/harness.h"

enum spectrum { EXPONENTIAL, HARMONIC, FLAT_AND_SPIKES, EXACT_RANK, RANK_AND_NOISE, SPECTRA };
extern const char *const spectrum_names[];

/* `count` singular values; those with a rank fall behind the k-th. */
omat spectrum_of(enum spectrum which, int64_t count, int64_t k);

enum operator_kind { DENSE, CENTRED, FUNCTION, SPARSE, SPARSE_CENTRED, OPERATORS };
extern const char *const operator_names[];

/* A as an operator; `effective` receives the matrix that the operator is. */
struct subject {
    struct operand *A, *mean;
    ritz_spmat *sparse;
    ritz_linop op;
    omat effective;
};

struct subject make_subject(struct scene *sc, enum operator_kind kind, ritz_dtype dtype,
                            struct form form, const omat *a);
void drop_subject(const struct place *p, struct subject *t);

#endif
