/* What the tests of QR factorizations share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_QR_H
#define RITZ_TESTS_CONFORMANCE_QR_H

#include "conformance/harness.h"

/* Upper triangular with exact zeros below and a diagonal >= 0. */
void check_form_of_r(omat R);

/* Q alone: A - Q QᵀA, in the units of oracle_factor_ratio. */
double qr_range_ratio(omat A, omat Q, double eps);

/* R alone: AᵀA - RᵀR, whose error is twice that of A = Q R. */
double qr_gram_ratio(omat A, omat R, double eps);

/* Kinds of m x n matrices, m >= n, that are hard for QR beyond general_kinds; ends with a NULL
 * name. */
extern const struct kind hard_qr_kinds[];

#endif
