/** @file
 * Linear least squares: min ‖A X - B‖_F, of any shape, rank and condition.
 *
 *     ritz_lstsq_report r = RITZ_LSTSQ_REPORT_INIT;
 *     ritz_lstsq(s, A, B, X, NULL, &r);
 *
 * The answer has the backward error of Householder QR; where A does not determine X, it is the X of
 * minimum norm. The report says how it was found and how good it is.
 *
 * With options: weights w, min ‖diag(w)^½ (A X - B)‖_F; a penalty, + lambda ‖X‖_F²; an intercept,
 * A X + 1 cᵀ in place of A X, never penalised.
 *
 * For a whole path of penalties see ritz/ridge.h; for data in several places ritz/lstsq_stats.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_LSTSQ_H
#define RITZ_LSTSQ_H

#include "ritz/linop.h"
#include "ritz/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a least squares problem is solved. */
typedef enum ritz_lstsq_method {
    RITZ_LSTSQ_AUTO = 0, /**< chosen from shape, rank and condition; the report says why */
    /** Cholesky factorization of AᵀA, refined with true residuals. Refused (the next method is
     * taken) where the condition of A with columns of unit length exceeds 1e5 (float32: 1e3). */
    RITZ_LSTSQ_NORMAL = 1,
    RITZ_LSTSQ_QR = 2, /**< Householder QR of A; full rank */
    /** QR of a sparse random sketch of A makes its columns nearly orthogonal; then a Cholesky
     * factorization, and two steps of refinement. Full rank, m >= 2n + 128. */
    RITZ_LSTSQ_SKETCH_QR = 3,
    /** As RITZ_LSTSQ_SKETCH_QR, with conjugate gradients in place of the Cholesky factorization:
     * O(mn) instead of O(mn²) after the sketch. For many columns and few right-hand sides. */
    RITZ_LSTSQ_SKETCH_CG = 4,
    /** As RITZ_LSTSQ_SKETCH_CG, with a fixed number of steps without inner products: for several
     * devices and captured graphs. */
    RITZ_LSTSQ_SKETCH_CG_FIXED = 5,
    /** The solution of the sketched problem: a residual within a few percent of the least. */
    RITZ_LSTSQ_SKETCH_SOLVE = 6,
    /** Pivoted QR to the numerical rank, then the solution of minimum norm. Any shape and rank. */
    RITZ_LSTSQ_MINNORM = 7,
    RITZ_LSTSQ_TSQR = 8, /**< R of [A B] in blocks of rows: one pass over the data */
    RITZ_LSTSQ_LSMR = 9  /**< iteration of Fong and Saunders: only products with A and Aᵀ */
} ritz_lstsq_method;

/** Why a method was taken, as a code. The report has the sentence. */
typedef enum ritz_lstsq_reason {
    RITZ_LSTSQ_REASON_ASKED = 0,     /**< the caller asked for it */
    RITZ_LSTSQ_SMALL_BATCH = 1,      /**< a batch */
    RITZ_LSTSQ_UNDERDETERMINED = 2,  /**< fewer rows than columns */
    RITZ_LSTSQ_NOT_TALL = 3,         /**< fewer than four times as many rows as columns */
    RITZ_LSTSQ_WELL_CONDITIONED = 4, /**< tall, and AᵀA is safe */
    RITZ_LSTSQ_TALL = 5,             /**< tall, of full rank */
    RITZ_LSTSQ_RANK_DEFICIENT = 6,   /**< of less than full rank */
    RITZ_LSTSQ_OPERATOR = 7,         /**< an operator of moderate size */
    RITZ_LSTSQ_OPERATOR_LARGE = 8,   /**< an operator with too many columns for a sketch */
    RITZ_LSTSQ_OUT_OF_CORE = 9,      /**< the rows do not stay in memory */
    RITZ_LSTSQ_LOW_ACCURACY = 10,    /**< two digits, or fewer, are enough */
    RITZ_LSTSQ_CHECK_FAILED = 11     /**< another method did not pass its check */
} ritz_lstsq_reason;

/** Choices of the least squares functions. Zero is the default of every field. */
typedef struct ritz_lstsq_options {
    size_t size;              /**< sizeof(ritz_lstsq_options) */
    ritz_lstsq_method method; /**< RITZ_LSTSQ_AUTO */
    double lambda;            /**< penalty, >= 0 and finite */
    /** In: m x 1, of A's data type: weights >= 0. A row of weight 0 does not count. Absent: 1. */
    ritz_dmat weights;
    /** Out: 1 x s of A's data type (of batch items: as X). Absent: no intercept is fitted. */
    ritz_dmat intercept;
    ritz_dmat rank; /**< Out: batch x 1 of RITZ_I32, or absent */
    /** Out: s x 1 of RITZ_F64 per item: weighted norms of the columns of B - A X, or absent. */
    ritz_dmat residual_norms;
    /** Rank: R(i,i) > rtol R(1,1) of pivoted QR; 0: 8 sqrt(min(m, n)) eps. */
    double rtol;
    int digits; /**< digits wanted of the residual; 0: all; 1 or 2 allow a sketch alone */
    /** 1: of float64 data RITZ_LSTSQ_NORMAL and RITZ_LSTSQ_SKETCH_QR, asked for or chosen, are
     * first tried with factors made in float32 and more steps of refinement (up to a condition of
     * 100 and 1.7e6); where the answer does not pass the same check as ever, everything is done in
     * float64. The reason says which. Without effect on float32 data and on the other methods. */
    int mixed;
    int max_refinement;              /**< steps of refinement at the most; 0: as the method says */
    int max_iterations;              /**< LSMR: 0: 4 min(m, n), at least 100 */
    double tolerance;                /**< LSMR: of the backward error; 0: 4 eps */
    uint64_t seed;                   /**< of the sketch */
    int64_t block_rows;              /**< ritz_lstsq_rows: rows of a block; 0: chosen */
    ritz_progress_function progress; /**< ritz_lstsq_rows: told after each block, or NULL */
    void *progress_context;          /**< passed to it */
} ritz_lstsq_options;

/** Default choices of the least squares functions. */
#define RITZ_LSTSQ_DEFAULTS                                                                        \
    {                                                                                              \
        .size = sizeof(ritz_lstsq_options)                                                         \
    }

/** How a problem was solved, and how good the answer is. Complete when the function returns, where
 * it waits. All norms are of the problem that was solved: weighted, centred where there is an
 * intercept, with the rows of the penalty. A figure that was not computed is NaN (a count: -1). */
typedef struct ritz_lstsq_report {
    size_t size;                   /**< sizeof(ritz_lstsq_report), set by the caller */
    ritz_lstsq_method method;      /**< that gave the answer */
    const char *method_name;       /**< its name, a constant string */
    ritz_lstsq_reason reason_code; /**< why it was taken */
    char reason[256];              /**< the same as a sentence, with figures */
    char warning[512];             /**< what the user should know about the answer; "" if nothing */
    int64_t rows;                  /**< m */
    int64_t cols;                  /**< n */
    int64_t targets;               /**< s, right-hand sides */
    int64_t rank;                  /**< numerical rank */
    /** Estimate of κ₁ of a triangular factor of A with columns of unit length: what the choice of a
     * method rests on. */
    double condition;
    double residual_norm; /**< ‖B - A X‖_F */
    double rhs_norm;      /**< ‖B‖_F */
    double solution_norm; /**< ‖X‖_F */
    double optimality; /**< largest ‖Aᵀr‖ / (‖A‖_F ‖r‖) of a column r of the residual */
    /** Normwise relative backward error, the largest of all columns: the least ‖E‖_F / ‖A‖_F such
     * that x solves min ‖(A + E) x - b‖. The estimate of Karlson and Waldén, or an upper bound of
     * it where that is below 4 sqrt(n) u already. (What is checked before an answer is
     * given is that of A with columns of unit length, where the method allows it: small columns
     * count as well.) */
    double backward_error;
    double dof;      /**< degrees of freedom: rows of weight > 0, less rank, less intercept */
    int passes;      /**< times the data was read */
    int refinements; /**< steps of refinement */
    int iterations;  /**< of conjugate gradients or LSMR, in all */
    int fallbacks;   /**< methods that did not pass their check before it */
    double seconds;  /**< wall time of the call */
} ritz_lstsq_report;

/** Start value of a ritz_lstsq_report. */
#define RITZ_LSTSQ_REPORT_INIT                                                                     \
    {                                                                                              \
        .size = sizeof(ritz_lstsq_report)                                                          \
    }

/** Solve min ‖A X - B‖_F, item by item; A and B are kept.
 *
 * What RITZ_LSTSQ_AUTO does:
 *
 *     a batch                    pivoted QR of each item, minimum norm, a rank an item
 *     m < n                      minimum norm, by QR of Aᵀ
 *     n <= m < 4n                Householder QR; minimum norm if R is close to singular
 *     tall, well-conditioned     normal equations, refined
 *     tall, full rank            sketched QR
 *     tall, rank < n             pivoted QR, minimum norm
 *     digits is 1 or 2           the sketched problem alone
 *
 * One matrix has full rank if its columns, scaled to unit length, have: columns of very different
 * size are no lack of rank. A column of zeros gets a zero in X. Every answer is checked by its
 * backward error; one that fails is replaced by that of the next method, the pivoted QR at the end.
 *
 * @param s      the stream.
 * @param A      m x n per item, float32 or float64.
 * @param B      m x s per item, of the same data type.
 * @param X      n x s per item. An item that is not finite gives NaN in X, the intercept and the
 *   norms, rank -1, and surfaces: of a single matrix as the result of the call, of a batch at
 *   ritz_stream_sync.
 * @param opts   choices, or NULL for the defaults. A batch takes neither weights, penalty nor
 *   intercept, and no method but RITZ_LSTSQ_AUTO, RITZ_LSTSQ_QR and RITZ_LSTSQ_MINNORM. Weights
 *   that are negative or all zero are RITZ_ERR_ARGUMENT.
 * @param report receives the outcome, or NULL. Of a batch: method, reason and shape only.
 * @return RITZ_OK; an argument error; of a single matrix also RITZ_ERR_NOT_FINITE, memory errors,
 *   failures of the device, and RITZ_ERR_NOT_CONVERGED (of an iterative method that was asked for).
 *
 * Synchronises: a single matrix once a decision, two to eight times; a batch never.
 * Capturable: a batch without report; else no (the host decides by results).
 * Cost: normal equations mn² flops and 4mns a refinement; sketched QR 2mn² and the sketch;
 * Householder 2mn²; minimum norm 4mn². Workspace: O(n²) and one block of rows for the normal
 * equations and the sketched methods; a copy of A for the others.
 * Accuracy: backward error of Householder QR, c sqrt(n) u, for every condition number. Where the
 * rank is less than full, what `rtol` cuts off is part of it.
 * Source: Björck 1996, chapters 2 and 6; Rokhlin and Tygert 2008 and Avron, Maymounkov and Toledo
 * 2010 (sketching as a preconditioner); Epperly, Meier and Nakatsukasa, arXiv:2406.03468
 * (refinement that is backward stable); Karlson and Waldén 1997 (backward error). */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq(ritz_stream *s, ritz_dmat A, ritz_dmat B,
                                               ritz_dmat X, const ritz_lstsq_options *opts,
                                               ritz_lstsq_report *report);

/** The same for an operator, by products with A and Aᵀ only.
 *
 * RITZ_LSTSQ_AUTO: RITZ_LSTSQ_SKETCH_CG for n <= 5000 and m >= 4n, else RITZ_LSTSQ_LSMR. The sketch
 * of a caller's function costs a product of A with n columns.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param B      m x s, of its data type.
 * @param X      n x s.
 * @param opts   choices, or NULL for the defaults. Methods: RITZ_LSTSQ_SKETCH_CG,
 *   RITZ_LSTSQ_SKETCH_CG_FIXED, RITZ_LSTSQ_SKETCH_SOLVE and RITZ_LSTSQ_LSMR. No weights and no
 *   intercept; a penalty is taken.
 * @param report receives the outcome, or NULL.
 * @return as ritz_lstsq; RITZ_ERR_NOT_CONVERGED where the iteration ended before its tolerance (X
 *   is what was reached, and the report is complete).
 *
 * A sketched method whose answer is not as good as that of Householder QR, or that finds dependent
 * columns, is followed by LSMR. The backward error that LSMR reports is the smaller of
 * ‖Aᵀr‖ / (‖A‖_F ‖r‖) and ‖r‖ / (‖A‖_F ‖x‖), a bound that can be far above the true one; where it
 * knows no rank, `rank` is -1.
 *
 * Synchronises: once an iteration or less often. Capturable: no (the host decides by results).
 * Cost: a product with A and one with Aᵀ an iteration. LSMR takes O(κ) iterations, and more where
 * the spectrum is spread; the columns of a dense matrix with m >= n are scaled to unit length where
 * they differ much, and the norm that is least, where A does not determine X, is then that of the
 * scaled X. Squares of A, B and X must not overflow.
 * Source: Fong and Saunders, SIAM J. Sci. Comput. 33, 2011 (LSMR); as ritz_lstsq. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_operator(ritz_stream *s, const ritz_linop *A,
                                                        ritz_dmat B, ritz_dmat X,
                                                        const ritz_lstsq_options *opts,
                                                        ritz_lstsq_report *report);

/** The same for data that streams by, in blocks of rows.
 *
 * RITZ_LSTSQ_AUTO: sketched QR if both sources can be read again (three or more passes), else
 * RITZ_LSTSQ_TSQR (one pass). Data that lies in the device's memory is solved as by ritz_lstsq.
 *
 * @param s      a stream; X lives on its device, and its data type is that of the computation.
 * @param A      the rows of the m x n matrix.
 * @param B      the rows of the m x s right-hand sides, as many.
 * @param X      n x s.
 * @param opts   choices, or NULL for the defaults. The weights must be in the device's memory.
 *   Methods: RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_SKETCH_CG,
 *   RITZ_LSTSQ_SKETCH_SOLVE, RITZ_LSTSQ_MINNORM (of R) and RITZ_LSTSQ_TSQR.
 * @param report receives the outcome, or NULL. With RITZ_LSTSQ_TSQR of one pass there is no
 *   backward error.
 * @return as ritz_lstsq; RITZ_ERR_SHAPE if the sources disagree; errors of files;
 *   RITZ_ERR_CANCELLED.
 *
 * Synchronises: once a block of rows. Capturable: no (reads rows).
 * Workspace: two blocks of rows of each source
 * and O(n²). Cost, accuracy and source: as ritz_lstsq. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_rows(ritz_stream *s, ritz_rows A, ritz_rows B,
                                                    ritz_dmat X, const ritz_lstsq_options *opts,
                                                    ritz_lstsq_report *report);

/** Predictions of a linear model: Y = A X + 1 interceptᵀ.
 *
 * @param s         the stream.
 * @param A         m x n, float32 or float64.
 * @param X         n x s, of the same data type.
 * @param intercept 1 x s, of the same data type; RITZ_NO_MAT: none.
 * @param Y         m x s.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2mns flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_linear_predict(ritz_stream *s, ritz_dmat A, ritz_dmat X,
                                                        ritz_dmat intercept, ritz_dmat Y);

/** The same for rows that stream by, into host memory.
 *
 * @param s         the stream.
 * @param A         the rows, with n columns.
 * @param X         n x s, float32 or float64: the type of the computation.
 * @param intercept 1 x s, of the same data type; RITZ_NO_MAT: none.
 * @param Y         m x s on the host, float32 or float64.
 * @return RITZ_OK, an argument error, or an error of a file.
 *
 * Synchronises: at the end. Capturable: no (reads rows). Workspace: two blocks of rows. */
RITZ_API RITZ_NODISCARD ritz_status ritz_linear_predict_rows(ritz_stream *s, ritz_rows A,
                                                             ritz_dmat X, ritz_dmat intercept,
                                                             ritz_hmat Y);

#ifdef __cplusplus
}
#endif
#endif
