/* Cholesky factorization by LAPACK, in any layout: a row-major lower triangle is a column-major
 * upper one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lapack.h"

struct potrf_arguments {
    int n;
    char uplo;
    struct cpu_operand A;
    struct cpu_info info;
    struct cpu_items items;
};

#define TEMPLATE "cpu/cholesky.inc"
#include "cpu/real_types.inc"

ritz_status cpu_potrf(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const double n = (double)A.rows;
    const struct potrf_arguments p = {
        .n = cpu_int(A.rows),
        .uplo = cpu_stored_triangle(uplo, A.layout) == RITZ_LOWER ? 'L' : 'U',
        .A = cpu_operand(A),
        .info = cpu_info(info),
        .items = cpu_items_plan(s, A.batch, n * n * n / 3.0),
    };
    return cpu_enqueue(s, A.dtype == RITZ_F64 ? potrf_run_f64 : potrf_run_f32, &p, sizeof p);
}
