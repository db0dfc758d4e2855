/* What one algorithm offers to another.
 *
 * These are the cores of public functions: they trust their arguments (the public functions check),
 * take and give back their workspace, never synchronise, and report failures only through the
 * `flags` and `info` that they are given.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_ALGO_H
#define RITZ_ALGO_ALGO_H

#include <float.h>

#include "core/check.h"

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- the verdict on each item (verdict.c) ----------------------------------------------- */

/* What is known of the items of a batch; both I32, batch x 1. flags: 1 where the input was not
 * finite. info: that of the numerical routine, and -1 where flagged once ritz_algo_verdict_settle
 * has passed. */
struct ritz_verdict {
    ritz_dmat flags;
    ritz_dmat info;
};

/* Take both from the workspace and clear them. */
ritz_status ritz_algo_verdict_open(ritz_stream *s, int64_t batch, struct ritz_verdict *v);
/* info = -1 where flagged; afterwards info serves as the flags of ritz_op_poison. */
ritz_status ritz_algo_verdict_settle(ritz_stream *s, struct ritz_verdict v);
/* Hand the settled info to the caller who asked for it; else let failures surface at
 * ritz_stream_sync, as `code` where info > 0. */
ritz_status ritz_algo_verdict_close(ritz_stream *s, ritz_status code, struct ritz_verdict v,
                                    ritz_dmat user_info);
/* For operations that judge the items themselves and set all of info, as the small_ ones do: the
 * caller's info or, if absent, one from the workspace; and the end, as of a verdict. A verdict's
 * clearing and copying would be felt beside them. */
ritz_status ritz_algo_info_open(ritz_stream *s, int64_t batch, ritz_dmat user_info,
                                ritz_dmat *info);
ritz_status ritz_algo_info_close(ritz_stream *s, ritz_status code, ritz_dmat info,
                                 ritz_dmat user_info);
/* The answer for items without elements: info = 0, if wanted. */
ritz_status ritz_algo_info_clear(ritz_stream *s, ritz_dmat user_info);

/* uplo is RITZ_LOWER or RITZ_UPPER. */
ritz_status ritz_algo_check_triangle(ritz_uplo uplo, ritz_status code);

/* What ritz_gemm asks of its arguments; a, b, c are their names for messages. (blas.c) */
ritz_status ritz_algo_check_gemm(const ritz_stream *s, ritz_dmat A, const char *a, ritz_dmat B,
                                 const char *b, ritz_dmat C, const char *c);

/* ---- systems A X = B (system.c) --------------------------------------------------------- */

/* Square A, under the name `a`, one item for each of B or one for all; B is an output. */
ritz_status ritz_algo_check_system(const ritz_stream *s, ritz_dmat A, const char *a, ritz_dmat B);

/* A matrix that stands for all items is factored once. `source`: what is to be factored; `own`: the
 * verdict on it, which is v where each item has its matrix. */
ritz_status ritz_algo_system_open(ritz_stream *s, ritz_dmat A, struct ritz_verdict v,
                                  ritz_dmat *source, struct ritz_verdict *own);
/* The verdict on the one is that on all. */
ritz_status ritz_algo_system_close(ritz_stream *s, struct ritz_verdict own, struct ritz_verdict v);

/* ---- dense factorizations --------------------------------------------------------------- */

/* B = A⁻¹ B from the Cholesky factor in triangle `uplo` of F. (cholesky.c) */
ritz_status ritz_algo_cholesky_substitute(ritz_stream *s, ritz_uplo uplo, ritz_dmat F, ritz_dmat B);

/* pivots is n x 1 per item of RITZ_I32; an output, or an input that may be one for all. (lu.c) */
ritz_status ritz_algo_check_pivots(const ritz_stream *s, ritz_dmat pivots, int64_t n, int64_t batch,
                                   int output);

/* B = A⁻¹ B, or A⁻ᵀ B, from the LU factorization of A. (lu.c) */
ritz_status ritz_algo_lu_substitute(ritz_stream *s, int transposed, ritz_dmat LU, ritz_dmat pivots,
                                    ritz_dmat B);

/* Orthonormalise the columns of Y in place: Y m x l, l <= m, column-major, one item. Non-finite
 * data is the caller's business. (qr.c) */
ritz_status ritz_algo_orth(ritz_stream *s, ritz_dmat Y);

/* Thin QR, diag(R) >= 0: A m x n (kept, unless it is Q), Q m x k, R k x n, k = min(m, n); Q or R
 * may be RITZ_NO_MAT. (qr.c) */
ritz_status ritz_algo_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R);

/* The leading singular triplets of A (m x n, any layout, kept), signs fixed. (svd.c)
 * S: S.rows <= min(m, n) values; U: m x k, V: n x k, k <= min(m, n) leading vectors, each may be
 * RITZ_NO_MAT. k need not be S.rows.
 * flags: cleared by the caller (entries already set count as failed); on return also 1 for items
 * that are not finite.
 * info: on return the settled verdict; the outputs of items with info != 0 are NaN. Both I32,
 * batch x 1. */
ritz_status ritz_algo_svd(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                          ritz_dmat flags, ritz_dmat info);

/* The same by the fastest way, S with all min(m, n) values: the device's operation for small
 * matrices if U and V are whole, and for one large tall or wide matrix a method whose check the
 * host waits for. v: just opened; on return v.info is the settled verdict. (svd.c) */
ritz_status ritz_algo_svd_thin(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                               struct ritz_verdict v);

/* The eigenvalues number first .. first+W.rows-1 of symmetric A (n x n, any layout, kept, triangle
 * `uplo` read) in `order`, their vectors in V (n x W.rows, or RITZ_NO_MAT), signs fixed. info: the
 * settled verdict, I32, batch x 1; failed items are NaN. (eigh.c) */
ritz_status ritz_algo_eigh(ritz_stream *s, ritz_uplo uplo, ritz_order order, ritz_dmat A,
                           int64_t first, ritz_dmat W, ritz_dmat V, ritz_dmat info);

/* cond = estimate of κ₁ of upper triangular R (n x n, n > 0, zeros below), 1 x 1 F64; infinity or
 * NaN where R is singular. (condition.c) */
ritz_status ritz_algo_triangular_condition(ritz_stream *s, ritz_dmat R, ritz_dmat cond);

/* Seconds of a clock that only goes forward; for differences. (scalars.c) */
double ritz_algo_seconds(void);

/* ---- results of a few numbers an item (scalars.c) --------------------------------------- */

/* X is an output of batch x cols (one row an item) of this data type, and lies apart from A. */
ritz_status ritz_algo_check_scalars(const ritz_stream *s, ritz_dmat X, const char *name,
                                    ritz_dtype dtype, int64_t batch, int64_t cols, ritz_dmat A);

/* Bring a small matrix to the host as doubles, column by column, and wait: also after a failure, so
 * that `host` may go at once. */
ritz_status ritz_algo_fetch(ritz_stream *s, ritz_dmat A, double *host);

/* A column of such a matrix as a batch of 1 x 1 matrices. */
ritz_dmat ritz_algo_scalar_items(ritz_dmat column);

/* ---- linear operators (linop.c) --------------------------------------------------------- */

/* A usable operator on the stream's device. */
ritz_status ritz_algo_linop_check(const ritz_stream *s, const ritz_linop *op, const char *name);

/* The memory of X, an output under this name, does not overlap what the operator is made of. */
ritz_status ritz_algo_linop_check_apart(const ritz_linop *op, ritz_dmat X, const char *name);

/* Y = A X, or Aᵀ X; one item each, any layout. */
ritz_status ritz_algo_linop_apply(ritz_stream *s, const ritz_linop *op, int transposed, ritz_dmat X,
                                  ritz_dmat Y);

/* What is done with rows first .. first+C.rows-1 of a dense or centred operator. */
typedef ritz_status (*ritz_algo_block_function)(ritz_stream *s, ritz_dmat C, int64_t first,
                                                const void *context);

/* Visit the rows of such an operator from the first to the last: a dense matrix in place as one
 * block, a centred one staged in blocks. */
ritz_status ritz_algo_linop_blocks(ritz_stream *s, const ritz_linop *op,
                                   ritz_algo_block_function visit, const void *context);

/* out = ‖A‖_F², 1 x 1 F64; any operator but a caller's function. */
ritz_status ritz_algo_linop_sumsq(ritz_stream *s, const ritz_linop *op, ritz_dmat out);

/* ---- randomized methods ----------------------------------------------------------------- */

/* What the numbers of a Philox stream are for, so that they are independent of each other under
 * one seed. */
enum ritz_random_purpose {
    RITZ_RANDOM_USER = 0,        /* ritz_random_fill */
    RITZ_RANDOM_SKETCH = 1,      /* test matrices of range finders */
    RITZ_RANDOM_PROBE = 2,       /* probes of error figures */
    RITZ_RANDOM_ROWS = 3,        /* sparse sketches of rows; the substream counts the draws */
    RITZ_RANDOM_HAAR = 4,        /* random orthogonal matrices */
    RITZ_RANDOM_SINGLE_PASS = 8, /* the sketches of a single pass; the substream is the side */
    RITZ_RANDOM_SKETCHES = 16,   /* to 19: the sketches of ritz/sketch.h, by their kinds */
    RITZ_RANDOM_DISTORTION = 20  /* probes of such a sketch */
};

/* G = independent standard normal numbers, one item. (random.c) */
ritz_status ritz_algo_gaussian(ritz_stream *s, enum ritz_random_purpose purpose, uint64_t seed,
                               ritz_dmat G);

/* The choices of a randomized method, defaults filled in. */
struct ritz_algo_sketch {
    int64_t sample_size;  /* l, columns of the basis: q + 1 times as many with krylov */
    int power_iterations; /* q >= 0 */
    uint64_t seed;
    double tolerance; /* of the Frobenius norm; 0: the rank is given */
    int64_t block;    /* tolerance: columns added at once */
    int krylov;       /* block Krylov in place of subspace iteration */
    ritz_normalisation normalisation;
};

/* Columns that are kept for k wanted: k + oversampling (0: the usual one), `most` at the most.
 * (sketch.c) */
int64_t ritz_algo_sample_size(int64_t k, int64_t oversampling, int64_t most);

/* Read the options for k wanted triplets of an m x n operator: l = min(k + oversampling, m, n), or
 * with krylov min((q + 1) (k + oversampling), m, n). opts may be NULL, and shorter than those of
 * today. (sketch.c) */
ritz_status ritz_algo_sketch_options(const ritz_sketch_options *opts, int64_t k, int64_t m,
                                     int64_t n, struct ritz_algo_sketch *sketch);

/* X is an output of the operator's data type, apart from what it is made of. (sketch.c) */
ritz_status ritz_algo_check_factor(const ritz_stream *s, const ritz_linop *op, ritz_dmat X,
                                   const char *name);

/* Q is such an output, m x l with l <= min(m, n). (sketch.c) */
ritz_status ritz_algo_check_basis(const ritz_stream *s, const ritz_linop *op, ritz_dmat Q);

/* Keep the columns of Y (m x l, l <= m, column-major, one item) apart before the next product. No
 * scheme makes a column of zeros anything but finite. (normalise.c) */
ritz_status ritz_algo_normalise(ritz_stream *s, ritz_normalisation scheme, ritz_dmat Y);

/* Y -= P PᵀY for orthonormal P, which may have no columns. (range_finder.c) */
ritz_status ritz_algo_project_out(ritz_stream *s, ritz_dmat P, ritz_dmat Y);

/* Y = A X, or AᵀX; a product that is not finite counts as zero, and is flagged. (range_finder.c) */
ritz_status ritz_algo_guarded_product(ritz_stream *s, const ritz_linop *op, int transposed,
                                      ritz_dmat X, ritz_dmat Y, ritz_dmat flags);

/* Y (m x b, column-major, b <= min(m, n)) = D (DᵀD)^q Ω, its columns kept apart on the way but not
 * orthonormal in the end, where D = (I - PPᵀ) A for an orthonormal P, which may have no columns; Ω
 * has columns first .. first+b-1 of the test matrix. (range_finder.c) */
ritz_status ritz_algo_subspace_sample(ritz_stream *s, const ritz_linop *op,
                                      const struct ritz_algo_sketch *sketch, ritz_dmat P,
                                      int64_t first, ritz_dmat Y, ritz_dmat flags);

/* Q (m x l, column-major, l <= min(m, n)): orthonormal basis of an approximate range of A, by the
 * method of the sketch.
 * flags: I32, 1 x 1, cleared by the caller: 1 if A is not finite (Q is then orthonormal and
 * meaningless). (range_finder.c) */
ritz_status ritz_algo_range_finder(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, ritz_dmat Q,
                                   ritz_dmat flags);

/* The same by block Krylov. (krylov.c) */
ritz_status ritz_algo_krylov(ritz_stream *s, const ritz_linop *op,
                             const struct ritz_algo_sketch *sketch, ritz_dmat Q, ritz_dmat flags);

/* The power iterations that a range finder makes for a basis of l columns. (range_finder.c) */
int ritz_algo_powers_made(const struct ritz_algo_sketch *sketch, int64_t l);

/* The leading singular triplets of A by the randomized method, its rank given. Arguments as in
 * ritz_algo_svd, with S.rows and k <= sample_size and batch 1. (svd_randomized.c) */
ritz_status ritz_algo_svd_randomized(ritz_stream *s, const ritz_linop *op,
                                     const struct ritz_algo_sketch *sketch, ritz_dmat U,
                                     ritz_dmat S, ritz_dmat V, ritz_dmat flags, ritz_dmat info);

/* The triplets that the tolerance of the sketch needs, at most S.rows of them; zeros beyond. U and
 * V may be RITZ_NO_MAT, report NULL. (svd_adaptive.c) */
ritz_status ritz_algo_svd_adaptive(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, ritz_dmat U, ritz_dmat S,
                                   ritz_dmat V, ritz_sketch_report *report);

/* What a search for the rank came to; on the host. */
struct ritz_algo_found {
    int64_t rank;    /* leading columns of Q, and of Bt, that count */
    int64_t sampled; /* columns of the sketch */
    int products;    /* of A with a block */
    int finite;      /* 0: A is not finite, and nothing else counts */
    int exhausted;   /* what is left of A is rounding */
    int probed;      /* `square` is an estimate from probes, not the identity */
    double norm;     /* ‖A‖_F, from probes for a function */
    double square;   /* ‖A - QQᵀA‖_F², as it was judged; may be negative by rounding */
};

/* Grow an orthonormal basis block by block until ‖A - QQᵀA‖_F <= tolerance ‖A‖_F, or Q (m x L,
 * column-major) is full, or what is left is rounding. Bt (n x L, any layout) = AᵀQ, or RITZ_NO_MAT.
 * Columns beyond the rank are undefined. trim: keep no more columns of the last block than the
 * tolerance needs. The host waits once a block. flags as in ritz_algo_range_finder.
 * (qb_adaptive.c) */
ritz_status ritz_algo_qb_adaptive(ritz_stream *s, const ritz_linop *op,
                                  const struct ritz_algo_sketch *sketch, int trim, ritz_dmat Q,
                                  ritz_dmat Bt, ritz_dmat flags, struct ritz_algo_found *found);

/* The figures of a report on what was found, whose error is sqrt(square), and the warning if the
 * tolerance was not met with the `room` that there was. (qb_adaptive.c) */
void ritz_algo_found_report(const ritz_linop *op, const struct ritz_algo_sketch *sketch,
                            const struct ritz_algo_found *found, int64_t rank, int64_t room,
                            double square, ritz_sketch_report *report);

/* ---- guidance (sketch_guidance.c) -------------------------------------------------------- */

/* Columns or values of at most this many u ‖A‖_F are rounding. */
#define RITZ_SKETCH_NOISE 10.0

/* What a sample shows of the spectrum, on the host. */
struct ritz_algo_sample {
    const double *values; /* descending, at least k */
    int64_t count;        /* of the values */
    int64_t k;            /* wanted */
    int64_t most;         /* min(m, n) */
    double norm;          /* ‖A‖_F, or 0: not known */
    double tail;          /* sum of the squares of the values beyond `count`; -1: not known */
    int powers;           /* q, or -1: no bound on the error by q is known for the method */
    ritz_dtype dtype;
};

/* s_k / s_(k+1), infinity if s_(k+1) is 0, and 0 if it is not known. */
double ritz_algo_sample_gap(const struct ritz_algo_sample *sample);

/* The factor by which the spectral error of q power iterations may exceed the least possible one in
 * the mean, by Halko, Martinsson and Tropp 2011, corollary 10.10; infinity without a bound, and 0
 * where the sample does not tell. */
double ritz_algo_sample_excess(const struct ritz_algo_sample *sample, int q);

/* Append to `text` (of `size` bytes, a string) what the user should know and change. */
void ritz_algo_sample_warn(const struct ritz_algo_sample *sample, char *text, size_t size);
/* Of these the sentence about power iterations and oversampling alone. */
void ritz_algo_sample_warn_of_powers(const struct ritz_algo_sample *sample, char *text,
                                     size_t size);

/* Append a sentence, with a space before it if it is not the first; one that does not fit is left
 * out. */
void ritz_algo_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* u of float32 or float64. */
static inline double ritz_algo_roundoff(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? FLT_EPSILON / 2.0 : DBL_EPSILON / 2.0;
}

/* ---- their error figures (sketch.c) ----------------------------------------------------- */

#define RITZ_SKETCH_PROBES 4
/* Relative errors below this many sqrt(u) cannot be told from rounding by the identity. */
#define RITZ_SKETCH_RESOLUTION 6.0

/* Squares that the device computes and the report is made of: a vector of F64. */
enum ritz_sketch_figure {
    RITZ_FIGURE_NORM,                                                /* ‖A‖_F² */
    RITZ_FIGURE_CAPTURED,                                            /* ‖S‖² */
    RITZ_FIGURE_PROBES,                                              /* ‖A w_j‖² */
    RITZ_FIGURE_RESIDUALS = RITZ_FIGURE_PROBES + RITZ_SKETCH_PROBES, /* ‖(I - QQᵀ) A w_j‖² */
    RITZ_FIGURE_COUNT = RITZ_FIGURE_RESIDUALS + RITZ_SKETCH_PROBES
};

/* figures: RITZ_FIGURE_COUNT x 1 F64, cleared, from the workspace. */
ritz_status ritz_algo_figures_open(ritz_stream *s, ritz_dmat *figures);

/* The entries PROBES and RESIDUALS for orthonormal Q (any layout). */
ritz_status ritz_algo_figures_probe(ritz_stream *s, const ritz_linop *op, uint64_t seed,
                                    ritz_dmat Q, ritz_dmat figures);

/* Complete `known` (all that the host knows, with the kind of error figure wanted) from the
 * figures, and write it to `report` in stream order. figures may be RITZ_NO_MAT if known->kind is
 * RITZ_ERROR_NONE. `report` was checked, its size is honoured. */
ritz_status ritz_algo_sketch_report(ritz_stream *s, const ritz_linop *op,
                                    const ritz_sketch_report *known, ritz_dmat figures,
                                    ritz_sketch_report *report);

/* The same, with the gap and the warnings that follow from the values of the sample: more than k =
 * known->rank of them where the sample has them, descending by modulus, one column, float32 or
 * float64. sketch: NULL if the values are exact. */
ritz_status ritz_algo_sketch_report_values(ritz_stream *s, const ritz_linop *op,
                                           const ritz_sketch_report *known, ritz_dmat figures,
                                           const struct ritz_algo_sketch *sketch, ritz_dmat values,
                                           ritz_sketch_report *report);

/* The error by an identity between squares, whose difference is `square`, or the bound that its
 * resolution is; report->norm is known. */
void ritz_algo_report_identity(double square, double roundoff, ritz_sketch_report *report);

/* A report that can be written: NULL, or with a plausible size. */
ritz_status ritz_algo_sketch_report_check(const ritz_sketch_report *report);

#endif
