/* Template of lane_gemm.h: C = alpha A B + beta C in columns, ORDER x ORDER. The batch loop is
 * inside, because the call of a product of order 4 costs as much as the product.
 *
 * SPDX-License-Identifier: Apache-2.0 */

#define COLUMN_BYTES (ORDER * (LANE_F64 ? 8 : 4))
#define GEMM_BYTES (COLUMN_BYTES < LANE_BYTES ? COLUMN_BYTES : LANE_BYTES)

typedef T GEMM_NAME(vector) __attribute__((vector_size(GEMM_BYTES)));
typedef T GEMM_NAME(unaligned)
    __attribute__((vector_size(GEMM_BYTES), aligned(sizeof(T)), may_alias));

enum {
    GEMM_NAME(lanes) = GEMM_BYTES / sizeof(T),
    /* vectors of a column, and how many of them times how many columns are summed at a time */
    GEMM_NAME(all) = COLUMN_BYTES / GEMM_BYTES,
    GEMM_NAME(rows) = (int)GEMM_NAME(all) < (int)GEMM_ROWS ? (int)GEMM_NAME(all) : (int)GEMM_ROWS,
    GEMM_NAME(cols) = GEMM_COLS
};

INLINE void GEMM_NAME(block)(const struct lane_gemm *p, const T *A, const T *B, T *C)
{
    GEMM_NAME(vector) x[GEMM_NAME(cols)][GEMM_NAME(rows)];
    UNROLL
    for (int c = 0; c < GEMM_NAME(cols); c++) UNROLL
    for (int r = 0; r < GEMM_NAME(rows); r++) x[c][r] = (GEMM_NAME(vector)){0};
    for (int k = 0; k < ORDER; k++) {
        GEMM_NAME(vector) a[GEMM_NAME(rows)];
        UNROLL
        for (int r = 0; r < GEMM_NAME(rows); r++)
            a[r] = (GEMM_NAME(vector)) *
                   (const GEMM_NAME(unaligned) *)(A + k * p->A.col + r * GEMM_NAME(lanes));
        UNROLL
        for (int c = 0; c < GEMM_NAME(cols); c++) UNROLL
        for (int r = 0; r < GEMM_NAME(rows); r++) x[c][r] += a[r] * B[k + c * p->B.col];
    }
    const T alpha = (T)p->alpha, beta = (T)p->beta;
    UNROLL
    for (int c = 0; c < GEMM_NAME(cols); c++) UNROLL
    for (int r = 0; r < GEMM_NAME(rows); r++) {
        GEMM_NAME(unaligned) *y = (GEMM_NAME(unaligned) *)(C + c * p->C.col + r * GEMM_NAME(lanes));
        if (beta == 0)
            *y = x[c][r] * alpha;
        else
            *y = *y * beta + x[c][r] * alpha;
    }
}

static void GEMM_NAME(range)(const struct lane_gemm *p, int64_t begin, int64_t end)
{
    const int64_t b = p->B.col, c = p->C.col;
    for (int64_t item = begin; item < end; item++) {
        const T *A = (const T *)p->A.data + item * p->A.item;
        const T *B = (const T *)p->B.data + item * p->B.item;
        T *C = (T *)p->C.data + item * p->C.item;
        for (int j = 0; j < ORDER; j += GEMM_NAME(cols))
            for (int i = 0; i < ORDER; i += GEMM_NAME(rows) * GEMM_NAME(lanes))
                GEMM_NAME(block)(p, A + i, B + j * b, C + i + j * c);
    }
}

#undef COLUMN_BYTES
#undef GEMM_BYTES
