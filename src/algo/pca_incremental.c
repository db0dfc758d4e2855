/* Principal components in one pass that keeps the leading l = k + p directions only.
 *
 *     [ S Vᵀ            ]
 *     [ rows of a block ]  = U S_new V_newᵀ,   cut after l triplets; the rows as in centred_rows.h
 *
 * With XcᵀXc = V S² Vᵀ + E, where E is the sum of what was cut off,
 *
 *     ‖Xc - Xc V_k V_kᵀ‖_F² <= Σ_{i>k} s_i² + trace(E),    s_i² <= σ_i² <= s_i² + ‖E‖₂,
 *
 * and both figures of E are kept.
 *
 * Source: Ross, Lim, Lin, Yang, Incremental learning for robust visual tracking, Int. J. Computer
 * Vision 77, 2008, section 3.1.
 * Cost: 2n(l + b)² flops and an SVD of order l + b a block of b rows. Traffic: the data once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/pca.h"

ritz_status pca_incremental_components(struct pca_fit *f, const struct pca_moments *m)
{
    double cut[PCA_CUT_COUNT];
    RITZ_TRY(pca_svd_components(f, ritz_t(m->state)));
    RITZ_TRY(ritz_algo_fetch(f->s, m->cut, cut));
    f->cut = cut[PCA_CUT_TRACE];
    f->updates = cut[PCA_CUT_UPDATES];
    f->sumsq += f->cut;
    const double first = f->sigma[0] * f->sigma[0];
    const double rounding = pow((double)f->n * ritz_algo_roundoff(f->dtype), 2);
    if (first > 0) f->accuracy = fmax(rounding, cut[PCA_CUT_NORM] / first);
    return RITZ_OK;
}

ritz_status pca_by_increments(struct pca_fit *f)
{
    const struct pca_moments kind = pca_moments_kind(f, RITZ_PCA_INCREMENTAL);
    struct pca_absorb a;
    RITZ_REQUIRE(f->opts.components > 0, RITZ_ERR_OPTION,
                 "method incremental keeps a number of directions that is known before: set "
                 "components");
    RITZ_TRY(pca_exact_open(f));
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    RITZ_TRY_OUT(pca_take_rows(f, &kind, "incremental", &a));
    RITZ_TRY_OUT(pca_incremental_components(f, &a.m));
out:
    ritz_work_release(f->s, mark);
    return rc;
}
