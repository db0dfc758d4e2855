/* Determinants, and singular values against their tolerance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"

/* A vector with one entry for each item, as an operand with an item for each entry. */
static struct cuda_operand entry_an_item(ritz_dmat v)
{
    struct cuda_operand o = cuda_operand_of(v);
    o.batch = v.rows;
    o.batch_step = o.row_step;
    o.rows = 1;
    return o;
}

/* Pivots beside `diagonal`; RITZ_NO_MAT has no address. */
static struct cuda_operand beside(const struct cuda_operand *diagonal, ritz_dmat pivots)
{
    return cuda_operand_broadcast(pivots, diagonal->batch);
}

ritz_status cuda_log_diag(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat sign,
                          ritz_dmat logabs)
{
    const struct cuda_operand d = cuda_operand_diagonal(A);
    if (A.batch == 0) return RITZ_OK;
    if (d.rows == 0) {
        RITZ_TRY(cuda_fill(s, 1.0, sign));
        return cuda_fill(s, 0.0, logabs);
    }
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_log_diag(d, beside(&d, pivots), entry_an_item(sign), entry_an_item(logabs),
                                cuda_native(s)));
}

ritz_status cuda_diag_product(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat out)
{
    const struct cuda_operand d = cuda_operand_diagonal(A);
    if (A.batch == 0) return RITZ_OK;
    if (d.rows == 0) return cuda_fill(s, 1.0, out);
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_diag_product(d, beside(&d, pivots), entry_an_item(out), cuda_native(s)));
}

ritz_status cuda_cut_values(ritz_stream *s, double rtol, double atol, ritz_dmat S, ritz_dmat rank,
                            ritz_dmat cond)
{
    const struct cuda_operand values = cuda_operand_of(S);
    if (cuda_operand_empty(&values)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_cut_values(rtol, atol, values, entry_an_item(rank), entry_an_item(cond),
                                  cuda_native(s)));
}
