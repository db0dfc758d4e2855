/* Sketches, and what is kept of a matrix that passes once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

/* 2k random combinations of the rows of A. */
static ritz_sketch sketch_of(const struct world *w, ritz_sketch_kind kind)
{
    return ritz_sketch_make(kind, 2 * w->k, w->m, 7);
}

CALL(sketch_fill)
{
    const ritz_sketch sketch = ritz_sketch_make(RITZ_SKETCH_SPARSE_SIGN, w->m, w->n, 7);
    return ritz_sketch_fill(w->s, &sketch, 0, 0, X_);
}

CALL(sketch_left)
{
    const ritz_sketch sketch = sketch_of(w, RITZ_SKETCH_HADAMARD);
    const ritz_linop op = ritz_linop_dense(A_);
    return ritz_sketch_left(w->s, &sketch, &op, top(X_, 2 * w->k));
}

CALL(sketch_rows)
{
    const ritz_sketch sketch = sketch_of(w, RITZ_SKETCH_SPARSE_SIGN);
    return ritz_sketch_rows(w->s, &sketch, 0, A_, top(X_, 2 * w->k));
}

CALL(sketch_distortion)
{
    const ritz_sketch sketch = sketch_of(w, RITZ_SKETCH_GAUSSIAN);
    const ritz_linop op = ritz_linop_dense(A_);
    const ritz_dmat SA = top(X_, 2 * w->k);
    const ritz_status status = ritz_sketch_left(w->s, &sketch, &op, SA);
    return status ? status : ritz_sketch_distortion(w->s, &sketch, &op, SA, number(w, 0));
}

PREPARE(single_pass)
{
    return ritz_single_pass_create(w->service, RITZ_F64, w->m, w->n, w->k, NULL, &w->single_pass);
}

CALL(single_pass_update)
{
    return ritz_single_pass_update(w->s, w->single_pass, 0, 1, 0, A_);
}

FINISH(single_pass)
{
    return ritz_single_pass_svd(w->service, w->single_pass, RITZ_NO_MAT, column(C_, 0, w->k),
                                RITZ_NO_MAT, NULL);
}
