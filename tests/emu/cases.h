/* What the cases of operations share. A case is a few functions of the world, named in
 * operations.def: call_NAME, perhaps prepare_NAME and finish_NAME.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_EMU_CASES_H
#define RITZ_TESTS_EMU_CASES_H

#include "emu/operations.h"

#define OPERATION(function, variant, prepare, call, finish, writes, may, capture, tolerance)       \
    ritz_status prepare_##prepare(struct world *w);                                                \
    ritz_status call_##call(struct world *w);                                                      \
    ritz_status finish_##finish(struct world *w);
#include "emu/operations.def"
#undef OPERATION

#define CALL(name) ritz_status call_##name(struct world *w)
#define PREPARE(name) ritz_status prepare_##name(struct world *w)
#define FINISH(name) ritz_status finish_##name(struct world *w)

#define A_ w->mat[MATRIX_A]
#define S_ w->mat[MATRIX_S]
#define X_ w->mat[MATRIX_X]
#define C_ w->mat[MATRIX_C]

static inline ritz_dmat column(ritz_dmat C, int64_t j, int64_t rows)
{
    return ritz_block(C, 0, j, rows, 1);
}
static inline ritz_dmat top(ritz_dmat X, int64_t rows)
{
    return ritz_row_range(X, 0, rows);
}
static inline ritz_hmat pageable(const struct world *w)
{
    return ritz_hmat_wrap(w->pageable, RITZ_F64, w->m, w->n, RITZ_ROW_MAJOR);
}
/* A place in C for one number. */
static inline ritz_dmat number(const struct world *w, int64_t i)
{
    return ritz_block(C_, i, 0, 1, 1);
}

/* Two items: the rows of A or X in halves, without the last `left_out` columns; blocks of the
 * diagonal of S or C; vectors of `rows` in the first two rows of C. */
static inline ritz_dmat halves(ritz_dmat A, int64_t left_out)
{
    const int64_t half = A.rows / 2;
    return ritz_batched(ritz_block(A, 0, 0, half, A.cols - left_out), 2, half * A.ld);
}
static inline ritz_dmat diagonal_blocks(ritz_dmat S)
{
    const int64_t half = S.rows / 2;
    return ritz_batched(ritz_block(S, 0, 0, half, half), 2, half * (S.ld + 1));
}
static inline ritz_dmat two_vectors(const struct world *w, int64_t rows)
{
    return ritz_batched(ritz_t(ritz_block(C_, 0, 0, 1, rows)), 2, C_.ld);
}

#endif
