/* Launch functions of the kernels that fill, move, reduce and check elements. Those of the
 * factorizations are in factor_kernels.h.
 *
 * Each enqueues on the stream and returns what the launch says. Shapes agree, and no operand is
 * empty. `T` is F32 or F64, the same for all. The first operand written decides how threads lie;
 * callers orient and join the operands before (operand.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_KERNELS_H
#define RITZ_CUDA_KERNELS_H

#include <cuda_runtime_api.h>

#include "cuda/operand.h"
#include "cuda/status_word.h"
#include "ritz/random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- copy.cu ---- */

/* B = A, any types. */
cudaError_t launch_copy(struct cuda_operand A, struct cuda_operand B, cudaStream_t stream);

/* ---- elementwise.cu ---- */

/* A = value, any type. */
cudaError_t launch_fill(double value, struct cuda_operand A, cudaStream_t stream);
cudaError_t launch_identity(struct cuda_operand A, cudaStream_t stream);
/* B = alpha A + beta B; beta = 0 does not read B, and then A may be B. */
cudaError_t launch_axpby(double alpha, struct cuda_operand A, double beta, struct cuda_operand B,
                         cudaStream_t stream);
/* B = A d, or A / d with 0 where d = 0. d: T or F64. */
cudaError_t launch_scale_cols(int divide, struct cuda_operand d, struct cuda_operand A,
                              struct cuda_operand B, cudaStream_t stream);
/* B = A + alpha row. row: F64, A: any type, B: T. */
cudaError_t launch_add_row(double alpha, struct cuda_operand row, struct cuda_operand A,
                           struct cuda_operand B, cudaStream_t stream);
/* B = triangle `part` of A, zeros elsewhere. */
cudaError_t launch_triangle(ritz_uplo part, struct cuda_operand A, struct cuda_operand B,
                            cudaStream_t stream);
/* Triangle `part` of B, without its diagonal if `strict`, = that of A; nothing else is read or
 * written. */
cudaError_t launch_put(ritz_uplo part, int strict, struct cuda_operand A, struct cuda_operand B,
                       cudaStream_t stream);
/* d = -1 where R < 0, else 1. */
cudaError_t launch_signs(struct cuda_operand R, struct cuda_operand d, cudaStream_t stream);

/* A_b += shift_b for the items of a column A. shift: F64. */
cudaError_t launch_shift(struct cuda_operand shift, struct cuda_operand A, cudaStream_t stream);
/* B(:,j) = A(:,index_j), index an I32 operand of the shape of B; `down`:
 * rows instead of columns. */
cudaError_t launch_gather(int down, struct cuda_operand index, struct cuda_operand A,
                          struct cuda_operand B, cudaStream_t stream);
/* B(:,index_j) = A(:,j) for a permutation `index`; otherwise the same. */
cudaError_t launch_scatter(int down, struct cuda_operand index, struct cuda_operand A,
                           struct cuda_operand B, cudaStream_t stream);
/* V = the strict lower triangle of A with ones on the diagonal. */
cudaError_t launch_reflectors(struct cuda_operand A, struct cuda_operand V, cudaStream_t stream);

/* ---- signs.cu ---- */

/* What is known of the first element of largest modulus in a part of a column. */
enum { SIGN_BYTES = 16 };
/* signs: for each chunk of each column of each item, in this order. */
cudaError_t launch_find_signs(struct cuda_operand V, struct cuda_chunks chunks, void *signs,
                              cudaStream_t stream);
/* chosen: for each column of each item; from the signs of `chunks` chunks. */
cudaError_t launch_choose_signs(int64_t chunks, int64_t cols, int64_t batch, const void *signs,
                                void *chosen, cudaStream_t stream);
/* Negate elements of A where `chosen`, an operand of that shape, says that the sign is negative. */
cudaError_t launch_flip_signs(struct cuda_operand chosen, struct cuda_operand A,
                              cudaStream_t stream);

/* ---- reduce.cu ---- */

/* out(k, j) = the sum over chunk k of A(:, j), of squares, or of moduli. A: any type, or T for the
 * latter two; out: F64. */
enum cuda_summand { CUDA_VALUES, CUDA_SQUARES, CUDA_MODULI };
cudaError_t launch_col_sums(enum cuda_summand what, struct cuda_operand A,
                            struct cuda_chunks chunks, struct cuda_operand out,
                            cudaStream_t stream);
/* out(k, 0) = the sum of squares, or the largest modulus (NaN if there is one), over chunk k of the
 * columns of A, one below the other. A: T. */
cudaError_t launch_sumsq(struct cuda_operand A, struct cuda_chunks chunks, struct cuda_operand out,
                         cudaStream_t stream);
cudaError_t launch_max_abs(struct cuda_operand A, struct cuda_chunks chunks,
                           struct cuda_operand out, cudaStream_t stream);

/* sums(k, 0), each CUDA_NORM_BYTES: what chunk k contributes to the norm of the columns of A, one
 * below the other. A: T. */
enum { CUDA_NORM_BYTES = 24 };
cudaError_t launch_norm_sums(struct cuda_operand A, struct cuda_chunks chunks, void *sums,
                             cudaStream_t stream);
/* out = the norm of each item from the sums of `chunks` chunks. out: F64, a row an item. */
cudaError_t launch_norms(int64_t chunks, const void *sums, struct cuda_operand out,
                         cudaStream_t stream);

/* ---- diagonal.cu ---- */

/* sign and log of the modulus of the product of a column A, an item each; `pivots`, of the shape of
 * A, are rows from 1, and each that is not its own changes the sign; p NULL: there are none. */
cudaError_t launch_log_diag(struct cuda_operand A, struct cuda_operand pivots,
                            struct cuda_operand sign, struct cuda_operand logabs,
                            cudaStream_t stream);
/* The product itself. */
cudaError_t launch_diag_product(struct cuda_operand A, struct cuda_operand pivots,
                                struct cuda_operand out, cudaStream_t stream);
/* Cut the descending column S of each item, as the operation cut_values says; rank, cond: an item
 * each, p NULL: not wanted. */
cudaError_t launch_cut_values(double rtol, double atol, struct cuda_operand S,
                              struct cuda_operand rank, struct cuda_operand cond,
                              cudaStream_t stream);

/* ---- ridge.cu ---- */

/* The operation ridge_filter, phi its enum; sigma, lambda and C are of the shape of W, and a C
 * without an address stands for ones. */
cudaError_t launch_ridge_filter(int phi, struct cuda_operand sigma, struct cuda_operand lambda,
                                struct cuda_operand C, struct cuda_operand W, cudaStream_t stream);
/* B = A / (1 - h)^power, `beyond` where 1 - h <= *tol (NULL: 0); h: F64, of the shape of B. */
cudaError_t launch_divide_rest(int power, double beyond, struct cuda_operand h, const void *tol,
                               struct cuda_operand A, struct cuda_operand B, cudaStream_t stream);

/* ---- guard.cu ---- */

/* bad(k, 0) = 1 if chunk k of the columns of A, one below the other, has a NaN or Inf in `part`,
 * else 0; where it is 1, flags(k, 0) = 1 too, if there are flags. A: T, bad and flags: I32. */
cudaError_t launch_find_bad(ritz_uplo part, struct cuda_operand A, struct cuda_chunks chunks,
                            struct cuda_operand bad, struct cuda_operand flags,
                            cudaStream_t stream);
/* The same where a column of `some` has a 1. */
cudaError_t launch_any_bad(struct cuda_operand some, struct cuda_operand bad,
                           struct cuda_operand flags, cudaStream_t stream);
/* `part` of item b = value where flags_b != 0; flags: I32, `step` apart. */
cudaError_t launch_fill_flagged(ritz_uplo part, double value, const void *flags, int64_t step,
                                struct cuda_operand A, cudaStream_t stream);
/* info_b = -1 where flags_b != 0. */
cudaError_t launch_info_merge(struct cuda_operand flags, struct cuda_operand info,
                              cudaStream_t stream);
/* The first b with info_b != 0 into the status word, unless it is taken: `not_finite` if info_b =
 * -1, else `code`. */
cudaError_t launch_info_report(struct cuda_operand info, int32_t code, int32_t not_finite,
                               uint32_t ticket, struct cuda_status *word, cudaStream_t stream);

/* ---- random.cu ---- */

/* A(i, j) of item b = variate (row0 + i, col0 + b*cols + j). T. */
cudaError_t launch_random(ritz_distribution dist, uint64_t seed, uint32_t word, int64_t row0,
                          int64_t col0, struct cuda_operand A, cudaStream_t stream);

/* ---- probe.cu ---- */

/* The operation probe_cols; scale, best: F64, a column an item. */
cudaError_t launch_probe(int unit, struct cuda_operand scale, struct cuda_operand X,
                         struct cuda_operand best, cudaStream_t stream);

/* ---- trmm.cu ---- */

/* C = alpha A B, A square and triangular, C not B. */
cudaError_t launch_trmm(int lower, int unit, double alpha, struct cuda_operand A,
                        struct cuda_operand B, struct cuda_operand C, cudaStream_t stream);

/* ---- sketch.cu ---- */

struct cuda_sketch {
    uint64_t seed;
    uint32_t word;
    int nonzeros;
    int64_t row0;               /* number of A's first row */
    int64_t chunk_rows, chunks; /* chunk_rows is a multiple of 32 */
    size_t shared_bytes;        /* of a block, for its sums */
};
/* SA += S A, as the operation sketch_rows says. partial: chunks * SA.rows * SA.cols of T,
 * workspace. */
cudaError_t launch_sketch(const struct cuda_sketch *k, struct cuda_operand A, void *partial,
                          struct cuda_operand SA, cudaStream_t stream);

/* A(i, j) = element (row0 + i, col0 + j) of such a stack of `nonzeros` matrices of `height` rows;
 * `turned`: A is the transpose. */
cudaError_t launch_sketch_fill(uint64_t seed, uint32_t word, int nonzeros, int64_t height,
                               int64_t row0, int64_t col0, int turned, struct cuda_operand A,
                               cudaStream_t stream);

/* ---- hadamard.cu ---- */

/* Of the permutations of 2^bits rows and columns (core/hadamard_maps.h). */
struct cuda_shuffle {
    uint64_t seed;
    uint32_t word;
    int bits;
};
/* The codes of columns, or rows, first .. first + count - 1 of the sketch. */
cudaError_t launch_hadamard_codes(int of_rows, struct cuda_shuffle shuffle, int64_t first,
                                  int64_t count, uint64_t *code, cudaStream_t stream);
/* A(i, j) = value, with the sign that the codes of its row (down) and column (along) give. */
cudaError_t launch_hadamard_fill(double value, const uint64_t *down, const uint64_t *along,
                                 struct cuda_operand A, cudaStream_t stream);
/* Column j of the panel = what code j says of column j of A; zeros beyond A. */
cudaError_t launch_hadamard_scatter(const uint64_t *code, struct cuda_operand A,
                                    struct cuda_operand panel, cudaStream_t stream);
/* A pass through `panel`, of `tiles` tiles: the members of struct ritz_hadamard_pass. */
cudaError_t launch_hadamard_pass(int low, int bits, int lanes, int first, int64_t tiles,
                                 ritz_dtype dtype, void *panel, cudaStream_t stream);
/* Row i of SA (`turned`: column i) = scale times the row (column) of the panel that code i
 * names. */
cudaError_t launch_hadamard_gather(double scale, const uint64_t *code, int turned,
                                   struct cuda_operand panel, struct cuda_operand SA,
                                   cudaStream_t stream);

/* ---- csr.cu ---- */

/* A sparse matrix as the operation csr_gemm has it; `part`: RITZ_CSR_PART. */
struct cuda_csr {
    const int64_t *offsets, *parts;
    const int32_t *indices;
    const void *values;                  /* of X's type */
    int64_t rows, elements, count, part; /* count: number of parts */
    double alpha, beta;
};
/* Y = alpha A X + beta Y, where A has elements; X lies by rows, unless it is one column. partial:
 * count * Y.cols of T, workspace. */
cudaError_t launch_csr(const struct cuda_csr *a, struct cuda_operand X, void *partial,
                       struct cuda_operand Y, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
