/* One pass over the rows of a fit, into moments.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/pca.h"

struct pca_moments pca_moments_kind(const struct pca_fit *f, ritz_pca_method method)
{
    struct pca_moments kind = {.method = method, .dtype = f->dtype, .n = f->n};
    if (method == RITZ_PCA_INCREMENTAL)
        kind.keep = ritz_algo_sample_size(f->opts.components, f->opts.oversampling, f->n);
    return kind;
}

static int64_t whole_bytes(double bytes)
{
    return bytes < (double)(INT64_MAX / 2) ? (int64_t)bytes : INT64_MAX / 2;
}

/* Rows of a block within the memory allowed. Views cost nothing: blocks of them need only be small
 * enough to show progress. */
static ritz_status choose_rows(const struct pca_fit *f, const struct pca_moments *kind,
                               int64_t *rows)
{
    int64_t wanted = pca_absorb_rows(kind, f->N);
    if (kind->method == RITZ_PCA_COVARIANCE) wanted = pca_block_rows(f, PCA_BLOCK_BYTES);
    return pca_blocks_within(f, whole_bytes(pca_absorb_fixed_bytes(kind)),
                             whole_bytes(pca_absorb_row_bytes(kind)), wanted, rows);
}

int pca_moments_fit(const struct pca_fit *f, const struct pca_moments *kind)
{
    const double blocks = pca_least_blocks(f, whole_bytes(pca_absorb_row_bytes(kind)));
    return pca_absorb_fixed_bytes(kind) + blocks <= (double)pca_memory(f);
}

static ritz_status visit(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    struct pca_absorb *a = context;
    (void)s;
    a->m.rows = first; /* those before may have been taken in before a crash */
    return pca_absorb_block(a, block);
}

ritz_status pca_take_rows(struct pca_fit *f, const struct pca_moments *kind, const char *phase,
                          struct pca_absorb *a)
{
    int64_t rows;
    RITZ_TRY(choose_rows(f, kind, &rows));
    RITZ_TRY(pca_absorb_open(f->s, kind, rows, a));
    const ritz_dmat kept[] = {a->m.mean, a->m.state, a->m.cut};
    row_pass_keep(&f->pass, kept, sizeof kept / sizeof *kept);
    f->passes++;
    RITZ_TRY(row_pass(&f->pass, phase, rows, visit, a));
    a->m.rows = f->N;
    return ritz_op_copy(f->s, a->m.mean, f->mean);
}
