/* Matrices of the host: their entries, and how they come from a file to the device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_MATRIX_H
#define RITZ_TOOLS_MATRIX_H

#include "session.h"

/* Entry of a host matrix of float32 or float64. */
double host_entry(ritz_hmat H, int64_t i, int64_t j);
void host_set(ritz_hmat H, int64_t i, int64_t j, double value);

/* The type of computation if the user names none: the smallest that holds the data. */
ritz_dtype computing_dtype(ritz_dtype stored);

/* Read a file into H, of this type, and give it to the device as A: on the CPU A borrows H. */
ritz_status matrix_load(struct session *session, const char *path, ritz_dtype dtype, ritz_hmat *H,
                        ritz_dmat *A);

/* Free what matrix_load gave. */
void matrix_release(struct session *session, ritz_hmat *H, ritz_dmat *A);

/* Say where in the file's matrix the first number stands that is not finite; false: nowhere. */
bool complain_not_finite(const char *path, ritz_hmat H);

#endif
