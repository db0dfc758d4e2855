/* Linear least squares for the tests, by plain loops in long double. */
#ifndef RITZ_TESTS_ORACLE_LSTSQ_H
#define RITZ_TESTS_ORACLE_LSTSQ_H

#include "oracle/oracle.h"

/* X (n x s) of minimum norm of min norm_F(A X - B), A m x n and B m x s of any shape, column-major:
 * Householder QR with column pivoting, and QR of the transposed trapezoid. *rank: pivots above rtol
 * times the first. */
void oracle_lstsq(int64_t m, int64_t n, int64_t s, const long double *A, const long double *B,
                  long double rtol, long double *X, int64_t *rank);

/* The normwise relative backward error of Karlson and Walden (BIT 37, 1997),
 * norm((norm(x)^2 A'A + norm(r)^2 I)^(-1/2) A'r) / norm_F(A), the largest of the columns of X; 0 if
 * A is. +Inf if X is not finite or of the wrong shape. */
double oracle_lstsq_backward_error(omat A, omat X, omat B);

#endif
