/* SPDX-License-Identifier: Apache-2.0 */
#include "cuda/operand.h"

#include "cuda/cuda.h"

struct cuda_operand cuda_operand_of(ritz_dmat A)
{
    return (struct cuda_operand){.p = A.data,
                                 .dtype = A.dtype,
                                 .rows = A.rows,
                                 .cols = A.cols,
                                 .row_step = cuda_row_step(A),
                                 .col_step = cuda_col_step(A),
                                 .batch = A.batch,
                                 .batch_step = cuda_batch_step(A)};
}

struct cuda_operand cuda_operand_broadcast(ritz_dmat A, int64_t batch)
{
    struct cuda_operand a = cuda_operand_of(A);
    a.batch = batch;
    return a;
}

struct cuda_operand cuda_operand_of_row(ritz_dmat d, const struct cuda_operand *like)
{
    struct cuda_operand a = cuda_operand_broadcast(d, like->batch);
    a.rows = like->rows;
    a.cols = like->cols;
    a.col_step = a.row_step;
    a.row_step = 0;
    return a;
}

struct cuda_operand cuda_operand_diagonal(ritz_dmat A)
{
    struct cuda_operand a = cuda_operand_of(A);
    a.rows = A.rows < A.cols ? A.rows : A.cols;
    a.cols = 1;
    a.row_step += a.col_step;
    return a;
}

struct cuda_operand cuda_operand_transposed(struct cuda_operand a)
{
    struct cuda_operand t = a;
    t.rows = a.cols;
    t.cols = a.rows;
    t.row_step = a.col_step;
    t.col_step = a.row_step;
    return t;
}

int cuda_operand_empty(const struct cuda_operand *a)
{
    return a->rows == 0 || a->cols == 0 || a->batch == 0;
}

ritz_uplo cuda_part_of_transpose(ritz_uplo part)
{
    return part == RITZ_LOWER ? RITZ_UPPER : part == RITZ_UPPER ? RITZ_LOWER : part;
}

/* ---- orientation and joining ----------------------------------------------------------------- */

static int runs_down(const struct cuda_operand *a)
{
    return a->row_step == 1 && (a->col_step != 1 || a->rows >= a->cols);
}

int cuda_orient(struct cuda_operand *a, int count)
{
    if (runs_down(&a[0])) return 0;
    for (int k = 0; k < count; k++) a[k] = cuda_operand_transposed(a[k]);
    return 1;
}

/* Whether in every operand a column continues where the one before it (or the item before) ends. */
static int end_to_end(const struct cuda_operand *a, int count, int items)
{
    for (int k = 0; k < count; k++)
        if ((items ? a[k].batch_step : a[k].col_step) != a[k].rows * a[k].row_step) return 0;
    return 1;
}

void cuda_join(struct cuda_operand *a, int count, int items)
{
    if (a[0].cols != 1) {
        if (!end_to_end(a, count, 0)) return;
        for (int k = 0; k < count; k++) {
            a[k].rows *= a[k].cols;
            a[k].cols = 1;
        }
    }
    if (!items || a[0].batch == 1 || !end_to_end(a, count, 1)) return;
    for (int k = 0; k < count; k++) {
        a[k].rows *= a[k].batch;
        a[k].batch = 1;
    }
}

/* ---- reductions ------------------------------------------------------------------------------ */

enum {
    DOWN_ROWS = 4096,   /* 16 for each thread of a block */
    ACROSS_ROWS = 512,  /* 64 for each thread of a block that is 32 columns wide */
    MOST_CHUNKS = 4096, /* what one block adds up at the end */
    TINY = 8
};

static int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

static struct cuda_chunks chunks_of(int64_t rows, int64_t least, int across)
{
    const int64_t size = least * pieces(pieces(rows, MOST_CHUNKS), least);
    return (struct cuda_chunks){size, size > 0 ? pieces(rows, size) : 0, across};
}

struct cuda_chunks cuda_chunks_of(const struct cuda_operand *a)
{
    /* The elements of a tiny matrix lie so close together that any order is good, and several
     * columns fit into a warp. */
    const int tiny = a->rows <= TINY && a->cols <= TINY;
    const int down = a->row_step == 1 || a->cols == 1 || tiny;
    return chunks_of(a->rows, down ? DOWN_ROWS : ACROSS_ROWS, !down);
}

struct cuda_chunks cuda_item_chunks_of(const struct cuda_operand *a)
{
    return chunks_of(a->rows * a->cols, DOWN_ROWS, 0);
}
