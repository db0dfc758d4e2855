/* The parts of the group lowrank_adaptive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_LOWRANK_H
#define RITZ_TESTS_CONFORMANCE_LOWRANK_H

#include "conformance/subject.h"

/* Rounding errors of products and orthogonalisations, which no bound in exact arithmetic counts. */
double lowrank_noise(omat A, ritz_dtype dtype);

/* ‖A - Q B‖_F, and with the 2-norm. */
double lowrank_error(omat A, omat Q, omat B);
double lowrank_error_two(omat A, omat Q, omat B);

/* U diag(s). */
omat lowrank_scaled(omat U, omat s);

/* Methods, normalisations, option structs, guidance (lowrank_choices.c). */
void lowrank_choices(const struct place *p);

#endif
