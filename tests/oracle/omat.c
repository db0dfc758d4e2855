/* Storage of the oracle's matrices and their conversion from and to the tested types. */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void oracle_misused(const char *function, const char *what)
{
    fprintf(stderr, "oracle: %s: %s\n", function, what);
    abort();
}

omat omat_create(int64_t rows, int64_t cols)
{
    ORACLE_REQUIRE(rows >= 0 && cols >= 0, "a size is negative");
    const int64_t limit = INT64_MAX / (int64_t)sizeof(long double);
    ORACLE_REQUIRE(rows == 0 || cols <= limit / rows, "the size overflows");

    size_t count = (size_t)rows * (size_t)cols;
    omat A = {rows, cols, calloc(count ? count : 1, sizeof(long double))};
    ORACLE_REQUIRE(A.a != NULL, "out of memory");
    return A;
}

void omat_destroy(omat *A)
{
    free(A->a);
    *A = (omat){0};
}

omat omat_copy(omat A)
{
    omat B = omat_create(A.rows, A.cols);
    if (A.rows > 0 && A.cols > 0)
        memcpy(B.a, A.a, (size_t)A.rows * (size_t)A.cols * sizeof(long double));
    return B;
}

omat omat_transposed(omat A)
{
    omat B = omat_create(A.cols, A.rows);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++) OMAT_AT(B, j, i) = OMAT_AT(A, i, j);
    return B;
}

omat omat_identity(int64_t rows, int64_t cols)
{
    omat A = omat_create(rows, cols);
    for (int64_t i = 0; i < oracle_min(rows, cols); i++) OMAT_AT(A, i, i) = 1;
    return A;
}

omat omat_block(omat A, int64_t i, int64_t j, int64_t rows, int64_t cols)
{
    ORACLE_REQUIRE(i >= 0 && j >= 0 && rows >= 0 && cols >= 0 && i <= A.rows - rows &&
                       j <= A.cols - cols,
                   "the block sticks out");
    omat B = omat_create(rows, cols);
    for (int64_t q = 0; q < cols; q++)
        for (int64_t p = 0; p < rows; p++) OMAT_AT(B, p, q) = OMAT_AT(A, i + p, j + q);
    return B;
}

omat omat_diagonal(omat d)
{
    ORACLE_REQUIRE(d.rows == 1 || d.cols == 1 || d.rows * d.cols == 0, "d is not a vector");
    int64_t n = d.rows * d.cols;
    omat A = omat_create(n, n);
    for (int64_t i = 0; i < n; i++) OMAT_AT(A, i, i) = d.a[i];
    return A;
}

bool omat_is_finite(omat A)
{
    for (int64_t i = 0; i < A.rows * A.cols; i++)
        if (!isfinite(A.a[i])) return false;
    return true;
}

omat omat_from_f32(const float *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride)
{
    omat A = omat_create(rows, cols);
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++) OMAT_AT(A, i, j) = p[i * row_stride + j * col_stride];
    return A;
}

omat omat_from_f64(const double *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride)
{
    omat A = omat_create(rows, cols);
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++) OMAT_AT(A, i, j) = p[i * row_stride + j * col_stride];
    return A;
}

omat omat_from_f16(const uint16_t *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride)
{
    omat A = omat_create(rows, cols);
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++)
            OMAT_AT(A, i, j) = oracle_f16_value(p[i * row_stride + j * col_stride]);
    return A;
}

omat omat_from_bf16(const uint16_t *p, int64_t rows, int64_t cols, int64_t row_stride,
                    int64_t col_stride)
{
    omat A = omat_create(rows, cols);
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++)
            OMAT_AT(A, i, j) = oracle_bf16_value(p[i * row_stride + j * col_stride]);
    return A;
}

void omat_to_f32(omat A, float *p, int64_t row_stride, int64_t col_stride)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            p[i * row_stride + j * col_stride] = (float)OMAT_AT(A, i, j);
}

void omat_to_f64(omat A, double *p, int64_t row_stride, int64_t col_stride)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            p[i * row_stride + j * col_stride] = (double)OMAT_AT(A, i, j);
}

void omat_to_f16(omat A, uint16_t *p, int64_t row_stride, int64_t col_stride)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            p[i * row_stride + j * col_stride] = oracle_f16_bits(OMAT_AT(A, i, j));
}

void omat_to_bf16(omat A, uint16_t *p, int64_t row_stride, int64_t col_stride)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            p[i * row_stride + j * col_stride] = oracle_bf16_bits(OMAT_AT(A, i, j));
}
