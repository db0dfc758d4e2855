/* The test oracle: linear algebra by plain loops in long double, independent of Ritz and of every
 * BLAS and LAPACK, and the comparators that turn a result of Ritz into one number.
 *
 * Rules that hold for every function:
 * - Matrices are omat values: column-major, leading dimension = rows, long double. Any size may be
 *   0. Arguments are never modified unless the function takes a pointer to them.
 * - A function that returns an omat, or fills one through a pointer, creates it; the caller frees
 *   it with omat_destroy.
 * - A misuse (shapes that do not fit, no memory) prints the reason and aborts: a test with a wrong
 *   reference must not go on. The comparators at the end never abort: whatever they are given
 *   to judge, they answer with a number, and +Inf if the shape is wrong or an entry not finite.
 * - References are computed from the data as Ritz received them. Generate, round to float or
 *   double (omat_to_f32 ...), and read the rounded numbers back (omat_from_f32 ...).
 */
#ifndef RITZ_TESTS_ORACLE_H
#define RITZ_TESTS_ORACLE_H

#include <float.h>
#include <stdbool.h>
#include <stdint.h>

/* 64 bits of mantissa make the oracle's own error invisible next to float64; the wide exponent
 * lets squares of any double be formed without scaling. */
_Static_assert(LDBL_MANT_DIG >= 64, "the oracle needs a long double with 64 or more mantissa bits");
_Static_assert(LDBL_MAX_EXP >= 16384, "the oracle needs the exponent range of IEEE binary128");

/* ---- Storage (omat.c, half.c) ---------------------------------------------------------------- */

typedef struct omat {
    int64_t rows, cols;
    long double *a; /* a[i + j*rows]; never NULL once created */
} omat;

/* Entry (i, j), an lvalue. */
#define OMAT_AT(A, i, j) ((A).a[(i) + (j) * (A).rows])

/* rows x cols zeros. */
omat omat_create(int64_t rows, int64_t cols);
/* Frees and clears; accepts an empty value and a second call. */
void omat_destroy(omat *A);
omat omat_copy(omat A);
/* cols x rows: A'. */
omat omat_transposed(omat A);
/* Ones on the diagonal of a rows x cols matrix. */
omat omat_identity(int64_t rows, int64_t cols);
/* rows x cols copy of A[i : i+rows, j : j+cols]. */
omat omat_block(omat A, int64_t i, int64_t j, int64_t rows, int64_t cols);
/* n x n with the n entries of d (n x 1 or 1 x n) on the diagonal. */
omat omat_diagonal(omat d);
/* Every entry finite? True for an empty matrix. */
bool omat_is_finite(omat A);

/* Entry (i, j) is at p[i*row_stride + j*col_stride]: col-major has strides (1, ld), row-major
 * (ld, 1); a negative stride walks backwards. The reads are exact. */
omat omat_from_f32(const float *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride);
omat omat_from_f64(const double *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride);
/* From IEEE binary16 and bfloat16 bit patterns. */
omat omat_from_f16(const uint16_t *p, int64_t rows, int64_t cols, int64_t row_stride,
                   int64_t col_stride);
omat omat_from_bf16(const uint16_t *p, int64_t rows, int64_t cols, int64_t row_stride,
                    int64_t col_stride);
/* The way back: one rounding to nearest even, overflow to infinity; gaps are not touched. */
void omat_to_f32(omat A, float *p, int64_t row_stride, int64_t col_stride);
void omat_to_f64(omat A, double *p, int64_t row_stride, int64_t col_stride);
void omat_to_f16(omat A, uint16_t *p, int64_t row_stride, int64_t col_stride);
void omat_to_bf16(omat A, uint16_t *p, int64_t row_stride, int64_t col_stride);

/* One number from and to the 16-bit formats (half.c). */
long double oracle_f16_value(uint16_t bits);
long double oracle_bf16_value(uint16_t bits);
uint16_t oracle_f16_bits(long double x);
uint16_t oracle_bf16_bits(long double x);

/* ---- Products, triangular solves (blas.c), norms (norms.c) ----------------------------------- */

typedef enum oracle_uplo { ORACLE_LOWER, ORACLE_UPPER } oracle_uplo;
typedef enum oracle_diag { ORACLE_NON_UNIT, ORACLE_UNIT } oracle_diag;

/* alpha A B + beta C, m x n, for A m x k, B k x n. C is not read if beta == 0 (pass (omat){0});
 * A and B are not read if alpha == 0, only their shapes. */
omat oracle_gemm(long double alpha, omat A, omat B, long double beta, omat C);
/* A B. */
omat oracle_product(omat A, omat B);
/* |alpha| |A| |B| + |beta| |C|, m x n: the scale of gemm's rounding errors. */
omat oracle_gemm_scale(long double alpha, omat A, omat B, long double beta, omat C);
/* alpha A A' + beta C in one triangle, n x n, for A n x k; the other triangle of the result is
 * C's, or 0 if beta == 0. A'A is oracle_syrk of the transpose. */
omat oracle_syrk(oracle_uplo uplo, long double alpha, omat A, long double beta, omat C);
/* The named triangle of A (m x n, diagonal included, or taken as 1), zeros elsewhere. */
omat oracle_triangle(oracle_uplo uplo, oracle_diag diag, omat A);
/* A square matrix made symmetric from one triangle. */
omat oracle_symmetric(oracle_uplo uplo, omat A);
/* X = T^-1 B, n x r, by substitution; T is n x n and only the named triangle is read. A zero pivot
 * divides by zero. For T' X = B transpose T and swap uplo; for X T = B solve T' X' = B'. */
omat oracle_trsm(oracle_uplo uplo, oracle_diag diag, omat T, omat B);
/* A + t B, same shapes. */
omat oracle_add(omat A, long double t, omat B);

/* Norms; 0 for an empty matrix, +Inf if an entry is not finite. */
long double oracle_norm_one(omat A);     /* largest column sum of |a| */
long double oracle_norm_inf(omat A);     /* largest row sum of |a| */
long double oracle_norm_fro(omat A);     /* sqrt(sum of squares) */
long double oracle_norm_max(omat A);     /* largest |a| */
long double oracle_norm_two(omat A);     /* largest singular value */
long double oracle_norm_nuclear(omat A); /* sum of the singular values */

/* ---- Factorizations (factor.c) --------------------------------------------------------------- */

/* A = L L', lower L (n x n, zeros above); only A's lower triangle is read. Returns 0, or k > 0 if
 * the leading minor of order k is not positive definite or not finite: then columns 1 .. k-1 of L
 * are valid. L is created in both cases. */
int64_t oracle_cholesky(omat A, omat *L);
/* Thin Householder QR, A (m x n) = Q R, k = min(m, n): Q m x k with orthonormal columns, R k x n
 * upper trapezoidal with a diagonal >= 0 (so unique if A has full column rank). */
void oracle_qr(omat A, omat *Q, omat *R);
/* Partial pivoting, P A = L U packed into LU (n x n); perm holds n entries, row i of P A is row
 * perm[i] of A. Returns 0, or k > 0 if the k-th pivot is the first to be exactly 0. sign, if
 * not NULL, is that of the permutation. */
int64_t oracle_lu(omat A, omat *LU, int64_t *perm, int *sign);
/* X = A^-1 B, n x r, by LU. Returns 0, or k > 0 if the k-th pivot is 0 (X is then all NaN). */
int64_t oracle_solve(omat A, omat B, omat *X);
/* Determinant by LU. */
long double oracle_det(omat A);

/* ---- What rests on them (direct.c) ----------------------------------------------------------- */

/* log |det A| by LU, and the sign; -Inf and 0 if a pivot is exactly 0. sign must not be NULL. */
long double oracle_logdet(omat A, int *sign);
/* norm_1(A) norm_1(A^-1); Inf if a pivot is exactly 0. */
long double oracle_condition_one(omat A);
/* The nuclear norm of A - F F' for symmetric A; +Inf if an entry is not finite. */
long double oracle_nuclear_distance(omat A, omat F);

/* ---- Spectral decompositions (spectral.c) and PCA (pca.c) ------------------------------------ */

/* Symmetric A (n x n, lower triangle read) = V diag(w) V', cyclic Jacobi. w: n x 1 ascending;
 * V: n x n orthonormal, signs by oracle_fix_signs. A must be finite. */
void oracle_eig(omat A, omat *w, omat *V);
/* A (m x n) = U diag(s) V', one-sided Jacobi, k = min(m, n). U: m x k, V: n x k, orthonormal also
 * where s is 0; s: k x 1 descending, >= 0; signs by oracle_fix_signs. A must be finite. */
void oracle_svd(omat A, omat *U, omat *s, omat *V);
/* Negates the columns of V (n x k), and the same ones of U (m x k, or (omat){0}), so that the entry
 * of largest modulus of each column of V (the first of equal ones) is not negative. */
void oracle_fix_signs(omat U, omat V);
/* First column of V that breaks this rule, counted from 0; -1 if none does. Judged on the entries
 * as they are, so it holds exactly for a result that was normalised after its last rounding. */
int64_t oracle_sign_violation(omat V);
/* Sine of the largest angle between a vector of span(V) and span(U): norm_2(V - U U'V), for
 * orthonormal U (m x k) and V (m x l), l <= k; accurate for small angles. Symmetric in U and V
 * if k = l. +Inf if an entry is not finite, the rows differ, or l > k. */
long double oracle_subspace_sine(omat U, omat V);

/* 1 x n means of the columns of X (N x n, N >= 1). */
omat oracle_column_means(omat X);
/* X with mean (1 x n) subtracted from each row. */
omat oracle_centred(omat X, omat mean);
/* n x n: (X - 1 mean)'(X - 1 mean) / divisor. */
omat oracle_covariance(omat X, omat mean, long double divisor);

/* Principal components of the rows of X, N x n, by the SVD of the centred matrix. */
typedef struct oracle_pca {
    omat mean;            /* 1 x n */
    omat components;      /* k x n, orthonormal rows, signs by oracle_fix_signs */
    omat singular_values; /* k x 1, descending, of the centred matrix */
    omat variance;        /* k x 1, singular values squared / divisor */
    omat ratio;           /* k x 1, variance / total; 0 if the total is 0 */
    long double total;    /* sum of squares of the centred matrix / divisor */
    long double noise;    /* (total - sum of variance) / (r - k), r = min(N-1, n); 0 if
                                     * r <= k */
} oracle_pca;

/* 1 <= N, 0 <= k <= min(N, n); divisor is N - 1 or N, never 0. */
oracle_pca oracle_pca_fit(omat X, int64_t k, long double divisor);
void oracle_pca_destroy(oracle_pca *p);

/* ---- Random sketches (sketch.c) -------------------------------------------------------------- */

/* The word at (row, col) of a stream, as core/random_maps.h defines it. */
uint32_t oracle_random_word(uint64_t seed, uint32_t word, uint64_t row, uint32_t col);
/* Where the permutation of 0 .. 2^bits - 1 whose rounds have the columns from `col` puts x. */
uint64_t oracle_permuted(uint64_t seed, uint32_t word, uint32_t col, int bits, uint64_t x);
/* The sign of element (i, j) of a Hadamard sketch with m columns (core/hadamard_maps.h). */
int oracle_hadamard_sketch(uint64_t seed, uint32_t word, int64_t m, int64_t i, int64_t j);

/* ---- Comparators (ratios.c) ------------------------------------------------------------------ */

/* Each returns 0 for a perfect result, compares every entry, and returns +Inf if a tested entry is
 * not finite, the shape is wrong, or the scale is 0 and the error is not. eps is the machine
 * epsilon (FLT_EPSILON, DBL_EPSILON) of the type that accumulates. The limits are those of the
 * project's table of test tolerances. */

/* Running maximum that never forgets: NaN counts as +Inf. Start from 0. */
double oracle_worst(double seen, double next);

/* got against alpha A B + beta C:
 * max over (i, j) of |error| / ((|alpha||A||B| + |beta||C|)_ij eps). Limit: k + 2. */
double oracle_gemm_ratio(long double alpha, omat A, omat B, long double beta, omat C, omat got,
                         double eps);
/* The same where got was rounded once more to a narrower type of unit roundoff out_unit (2^-11 for
 * binary16, 2^-8 for bfloat16): out_unit |exact| + out_tiny of the error is granted to
 * that rounding first. out_tiny is half the narrow type's smallest subnormal, or 0. */
double oracle_gemm_ratio_rounded(long double alpha, omat A, omat B, long double beta, omat C,
                                 omat got, double eps, double out_unit, double out_tiny);
/* The gemm ratio of alpha A A' + beta C in the named triangle; the other is not looked at.
 * Limit: k + 2. */
double oracle_syrk_ratio(oracle_uplo uplo, long double alpha, omat A, long double beta, omat C,
                         omat got, double eps);

/* norm_1(A - P) / (max(m, n) norm_1(A) eps), P being the product of the factors. Limit: 30. */
double oracle_factor_ratio(omat A, omat P, double eps);
/* Factor ratios of A = L L' or U'U (only A's and F's named triangle is read), Q R (only R's upper
 * trapezoid), U diag(s) V' and V diag(w) V'. Limit: 30. */
double oracle_cholesky_ratio(oracle_uplo uplo, omat A, omat F, double eps);
double oracle_qr_ratio(omat A, omat Q, omat R, double eps);
double oracle_svd_ratio(omat A, omat U, omat s, omat V, double eps);
double oracle_eig_ratio(omat A, omat w, omat V, double eps);

/* Factor ratio of P A = L U, packed into LU; pivots holds n interchanges from 1. +Inf if a
 * multiplier is larger than 1, or a pivot is not on or below its row. Limit: 30. */
double oracle_lu_ratio(omat A, omat LU, omat pivots, double eps);
/* norm_1(F F' + sigma x x' - G G') / (n (norm_1(F F') + norm_1(x x')) eps) for the factor `got` of
 * the changed matrix; F' F if uplo is upper. Only triangles are read. Limit: 30. */
double oracle_update_ratio(oracle_uplo uplo, omat F, int sigma, omat x, omat got, double eps);
/* A ~ F F' with pivots (n row numbers from 0): |the diagonal of A - F F' summed over the rows that
 * were not eliminated - error| / (trace(A) (n + k) eps), eps that of float64, whatever F is. +Inf
 * unless the pivots are a permutation in which F is lower trapezoidal with a positive diagonal and
 * nothing beyond column `rank`. Limit: 30. */
double oracle_pivoted_ratio(omat A, omat F, omat pivots, int64_t rank, long double error,
                            double eps);

/* norm_F(I - Q'Q) / (n eps), n = columns of Q. Limit: 30. */
double oracle_orth_ratio(omat Q, double eps);

typedef enum oracle_order {
    ORACLE_ASCENDING,
    ORACLE_DESCENDING,
    ORACLE_SINGULAR /* descending and none negative */
} oracle_order;

/* max |want - got| / (max |want| dim eps), dim = max(m, n) of the matrix; want must contain the
 * value of largest magnitude. +Inf if got breaks the order or the sign. Limit: 30. */
double oracle_values_ratio(oracle_order order, omat want, omat got, int64_t dim, double eps);

/* Normwise backward error, the largest over the columns of X (n x r) and B (m x r) of
 * norm_1(b - A x) / (norm_1(A) norm_1(x) + norm_1(b)). */
double oracle_backward_error(omat A, omat X, omat B);
/* The backward error / (n eps), n = columns of A. Limit: 30. */
double oracle_solve_ratio(omat A, omat X, omat B, double eps);

/* ---- Test matrices (matgen.c, spectra.c) ----------------------------------------------------- */

/* Entry number i of the stream of a seed, in any order: words by splitmix64 (Steele, Lea, Flood,
 * Fast splittable pseudorandom number generators, OOPSLA 2014), numbers uniform in (-1, 1), and
 * normal N(0, 1) by Box and Muller. */
uint64_t matgen_word(uint64_t seed, uint64_t i);
long double matgen_uniform_at(uint64_t seed, uint64_t i);
long double matgen_normal_at(uint64_t seed, uint64_t i);

/* m x n with independent entries, uniform in (-1, 1) or N(0, 1). */
omat matgen_uniform(uint64_t seed, int64_t m, int64_t n);
omat matgen_gaussian(uint64_t seed, int64_t m, int64_t n);
/* m x n, n <= m, with orthonormal columns: Q of a Gaussian matrix. */
omat matgen_orthonormal(uint64_t seed, int64_t m, int64_t n);
/* Gaussian m x r times r x n. */
omat matgen_rank(uint64_t seed, int64_t m, int64_t n, int64_t r);
/* 1 / (i + j + 1), counted from 0. */
omat matgen_hilbert(int64_t m, int64_t n);
/* n x n upper triangular: sin^i on the diagonal, -cos sin^i to its right (Kahan 1966). */
omat matgen_kahan(int64_t n, long double theta);
/* m x n: column j is x^j for m equally spaced points x in [-1, 1]; x = 0 if m is 1. */
omat matgen_vandermonde(int64_t m, int64_t n);
/* n x n: 2 on the diagonal, -1 beside it. Eigenvalues 2 - 2 cos(k pi / (n+1)), k = 1 .. n. */
omat matgen_laplacian(int64_t n);
/* m x n: `distinct` (>= 1) different Gaussian columns, repeated in turn, plus noise times
 * N(0, 1) on the repetitions: 0 gives exact duplicates, 1e-12 nearly collinear columns. */
omat matgen_duplicates(uint64_t seed, int64_t m, int64_t n, int64_t distinct, long double noise);
/* m x n, n <= m: column j is the unit vector of row j m / n (rounded down): coherent. */
omat matgen_spikes(int64_t m, int64_t n);
/* m x n, n <= m: the identity on top, `tail` times N(0, 1) below: mass in the leading block. */
omat matgen_leading_block(uint64_t seed, int64_t m, int64_t n, long double tail);
/* In place: row i of A is multiplied by 10^(decades i / (m-1)). Columns likewise. */
void matgen_grade_rows(omat *A, long double decades);
void matgen_grade_cols(omat *A, long double decades);

typedef enum matgen_shape {
    MATGEN_GEOMETRIC,  /* kappa^(-i/(n-1)) */
    MATGEN_ARITHMETIC, /* 1 - (1 - 1/kappa) i/(n-1) */
    MATGEN_CLUSTERED,  /* 1, then all 1/kappa */
    MATGEN_ONE_SMALL,  /* all 1, the last 1/kappa */
    MATGEN_REPEATED    /* the first half (rounded up) 1, the others 1/kappa */
} matgen_shape;

/* n x 1, descending from 1 to 1/kappa (just 1 if n is 1). */
omat matgen_spectrum(matgen_shape shape, int64_t n, long double kappa);
/* n x 1: r values falling evenly from 1 to above 1/2, then n - r times tail (0: exact rank r). */
omat matgen_spectrum_rank(int64_t n, int64_t r, long double tail);
/* m x n: U diag(s) V' for s (min(m, n) x 1) and random orthonormal U, V. */
omat matgen_with_singular_values(uint64_t seed, int64_t m, int64_t n, omat s);
/* n x n, exactly symmetric: V diag(w) V' for w (n x 1) and a random orthogonal V. */
omat matgen_with_eigenvalues(uint64_t seed, omat w);
/* matgen_with_eigenvalues of a matgen_spectrum: positive definite, condition number kappa. */
omat matgen_spd(uint64_t seed, int64_t n, matgen_shape shape, long double kappa);

#endif
