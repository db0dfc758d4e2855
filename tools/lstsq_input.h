/* The data of `ritz lstsq`: what the files hold, and how it reaches the device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_LSTSQ_INPUT_H
#define RITZ_TOOLS_LSTSQ_INPUT_H

#include "session.h"

/* A problem in files; without files (of merged statistics alone) the paths are NULL. */
struct lstsq_input {
    const char *a_path;
    const char *b_path;
    const char *weights_path; /* NULL: none */
    ritz_rows_info a;
    ritz_rows_info b;
    ritz_dtype dtype; /* of the computation */

    bool loaded; /* A and B hold the data; otherwise it is read in blocks */
    ritz_dmat A;
    ritz_dmat B;
    ritz_dmat weights;
    ritz_hmat host_a; /* what A, B and the weights were made of */
    ritz_hmat host_b;
    ritz_hmat host_weights;
};

/* Look at the files and see that they belong together; returns the exit status, as all of these. */
int input_inspect(struct lstsq_input *input, ritz_dtype dtype);

/* Bytes of the data in the type of the computation. */
double input_bytes(const struct lstsq_input *input);

/* Read the weights, which are always held in memory, and check them. */
int input_load_weights(struct lstsq_input *input, struct session *session);

/* Read all of the data. */
int input_load(struct lstsq_input *input, struct session *session);

/* Report a failure of the library; of data that was loaded, say which row is not finite. */
int input_complain(const struct lstsq_input *input, ritz_status status);

void input_release(struct lstsq_input *input, struct session *session);

#endif
