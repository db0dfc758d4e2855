/* Many products of different shapes, C_i = alpha A_i B_i + beta C_i.
 *
 * Everything is checked before anything is enqueued. That no output overlaps another matrix is
 * found in a list of the outputs sorted by address, so that a thousand products do not take a
 * million comparisons.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "algo/algo.h"

/* The bytes of an output, from the first to the one behind the last. */
struct range {
    uintptr_t begin, end;
    uintptr_t reach; /* the largest `end` up to here in the sorted list */
    int64_t index;
};

static struct range range_of(ritz_dmat A, int64_t index)
{
    int64_t elements = 0;
    (void)ritz_mat_extent(A, &elements); /* it is a valid matrix */
    const uintptr_t begin = (uintptr_t)A.data;
    const uintptr_t end = begin + (uintptr_t)elements * ritz_dtype_size(A.dtype);
    return (struct range){begin, end, end, index};
}

static int by_begin(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* The list of the outputs with elements; returns their number. */
static int64_t sorted_outputs(int64_t count, const ritz_dmat *C, struct range *list)
{
    int64_t listed = 0;
    for (int64_t i = 0; i < count; i++)
        if (!ritz_empty(C[i])) list[listed++] = range_of(C[i], i);
    qsort(list, (size_t)listed, sizeof *list, by_begin);
    for (int64_t i = 1; i < listed; i++)
        if (list[i - 1].reach > list[i].reach) list[i].reach = list[i - 1].reach;
    return listed;
}

/* The first of the list that may end behind `begin`. */
static int64_t first_reaching(const struct range *list, int64_t listed, uintptr_t begin)
{
    int64_t low = 0, high = listed;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (list[middle].reach > begin)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* M = X[index], X named by `letter`, overlaps no output but itself. */
static ritz_status check_apart(const struct range *list, int64_t listed, const ritz_dmat *C,
                               ritz_dmat M, char letter, int64_t index)
{
    const struct range range = range_of(M, index);
    for (int64_t i = first_reaching(list, listed, range.begin);
         i < listed && list[i].begin < range.end; i++) {
        char name[32], other[32];
        if (letter == 'C' && list[i].index == index) continue;
        if (!ritz_mat_overlap(C[list[i].index], M)) continue;
        snprintf(name, sizeof name, "C[%" PRId64 "]", list[i].index);
        snprintf(other, sizeof other, "%c[%" PRId64 "]", letter, index);
        return ritz_check_no_overlap(C[list[i].index], name, M, other);
    }
    return RITZ_OK;
}

static ritz_status check_overlaps(int64_t count, const ritz_dmat *A, const ritz_dmat *B,
                                  const ritz_dmat *C)
{
    ritz_status rc = RITZ_OK;
    struct range *list = calloc((size_t)count, sizeof *list);
    RITZ_REQUIRE(list != NULL, RITZ_ERR_MEMORY, "no host memory for a list of %" PRId64 " products",
                 count);
    const int64_t listed = sorted_outputs(count, C, list);
    for (int64_t i = 0; i < count; i++) {
        RITZ_TRY_OUT(check_apart(list, listed, C, A[i], 'A', i));
        RITZ_TRY_OUT(check_apart(list, listed, C, B[i], 'B', i));
        RITZ_TRY_OUT(check_apart(list, listed, C, C[i], 'C', i));
    }
out:
    free(list);
    return rc;
}

static ritz_status check_entry(const ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat C,
                               int64_t i)
{
    if (ritz_algo_check_gemm(s, A, "A", B, "B", C, "C") == RITZ_OK) return RITZ_OK;
    char a[32], b[32], c[32]; /* only now: making names takes longer than checking */
    snprintf(a, sizeof a, "A[%" PRId64 "]", i);
    snprintf(b, sizeof b, "B[%" PRId64 "]", i);
    snprintf(c, sizeof c, "C[%" PRId64 "]", i);
    return ritz_algo_check_gemm(s, A, a, B, b, C, c);
}

/* Each entry by itself: its matrices fit together, and the device's gemm takes them. */
static ritz_status check_entries(const ritz_stream *s, int64_t count, const ritz_dmat *A,
                                 const ritz_dmat *B, const ritz_dmat *C)
{
    for (int64_t i = 0; i < count; i++) {
        RITZ_TRY(check_entry(s, A[i], B[i], C[i], i));
        RITZ_REQUIRE(A[i].dtype == A[0].dtype && C[i].dtype == C[0].dtype, RITZ_ERR_DTYPE,
                     "A[%" PRId64 "] is %s and C[%" PRId64
                     "] is %s; all entries must have the types of the first, %s and %s",
                     i, ritz_dtype_name(A[i].dtype), i, ritz_dtype_name(C[i].dtype),
                     ritz_dtype_name(A[0].dtype), ritz_dtype_name(C[0].dtype));
        const ritz_dmat key[] = {A[i], B[i], C[i]};
        if (ritz_route_of(s, RITZ_OP_gemm, key, 3) == RITZ_ROUTE_REFUSED)
            return RITZ_ERR_UNSUPPORTED;
    }
    return RITZ_OK;
}

ritz_status ritz_gemm_grouped(ritz_stream *s, int64_t count, double alpha, const ritz_dmat *A,
                              const ritz_dmat *B, double beta, const ritz_dmat *C)
{
    RITZ_ENTER(s, count > 0 ? A : NULL);
    RITZ_REQUIRE(count >= 0, RITZ_ERR_ARGUMENT, "count is %" PRId64 "; it must not be negative",
                 count);
    if (count == 0) return RITZ_OK;
    RITZ_REQUIRE(A != NULL && B != NULL && C != NULL, RITZ_ERR_ARGUMENT,
                 "A, B and C must be arrays of count matrices; %s is NULL",
                 A == NULL   ? "A"
                 : B == NULL ? "B"
                             : "C");
    RITZ_TRY(check_entries(s, count, A, B, C));
    RITZ_TRY(check_overlaps(count, A, B, C));
    return ritz_op_gemm_grouped(s, count, alpha, A, B, beta, C);
}
