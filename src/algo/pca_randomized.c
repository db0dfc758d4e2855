/* Principal components by the randomized SVD of the centred data, an operator that is never formed.
 *
 * Data that fits the memory allowed, and a sparse matrix, are read 2q + 2 times, once for the mean
 * and once for ‖Xc‖_F²; other data is read in blocks (svd_rows.h).
 *
 * Source: Halko, Martinsson, Tropp 2011, section 5.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/checkpoint.h"
#include "algo/pca.h"
#include "algo/svd_rows.h"

enum { POWER_ITERATIONS = 4, FIRST_TRY = 32 };

/* ---- choices ---------------------------------------------------------------------------- */

/* k, or that of the first try where a demand decides. */
static int64_t first_try(const struct pca_fit *f)
{
    return pca_demands(f) ? min_i64(FIRST_TRY, f->most) : f->want;
}

static ritz_status choose_sketch(const struct pca_fit *f, int64_t k,
                                 struct ritz_algo_sketch *sketch)
{
    const ritz_sketch_options opts = {
        .size = sizeof opts,
        .oversampling = f->opts.oversampling,
        .power_iterations = f->opts.power_iterations ? f->opts.power_iterations : POWER_ITERATIONS,
        .seed = f->opts.seed,
    };
    return ritz_algo_sketch_options(&opts, k, f->N, f->n, sketch);
}

/* What is found of k components: all l values, of which the last ones tell how the spectrum goes
 * on. */
static ritz_status open_result(struct pca_fit *f, int64_t k, struct ritz_algo_sketch *sketch,
                               ritz_dmat *S)
{
    RITZ_TRY(choose_sketch(f, k, sketch));
    f->sample_size = sketch->sample_size;
    f->power_iterations = sketch->power_iterations;
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->n, k, 1, &f->V));
    return ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, f->sample_size, 1, 1, S);
}

static ritz_status take_values(struct pca_fit *f, ritz_dmat S)
{
    f->known = S.rows;
    return pca_fetch(f, S, f->sigma);
}

/* ---- an operator ------------------------------------------------------------------------ */

static ritz_status sketch_operator(struct pca_fit *f, const ritz_linop *Xc, int64_t k)
{
    ritz_stream *s = f->s;
    struct ritz_algo_sketch sketch;
    double info = 0;
    ritz_dmat S, verdict;
    RITZ_TRY(open_result(f, k, &sketch, &S));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));
    RITZ_TRY(ritz_op_fill(s, 0.0, verdict));
    f->passes += 2 * sketch.power_iterations + 2;
    RITZ_TRY(ritz_algo_svd_randomized(s, Xc, &sketch, RITZ_NO_MAT, S, f->V,
                                      ritz_row_range(verdict, 0, 1),
                                      ritz_row_range(verdict, 1, 1)));
    RITZ_TRY(pca_fetch(f, ritz_row_range(verdict, 1, 1), &info));
    if (info < 0) RITZ_TRY(pca_find_bad_row(f));
    RITZ_REQUIRE(info == 0, RITZ_ERR_NOT_CONVERGED,
                 info < 0 ? "the products with the sketch overflow %s; scale the features"
                          : "the singular value decomposition in %s did not converge",
                 ritz_dtype_name(f->dtype));
    return take_values(f, S);
}

/* Xc, its mean and its norm. */
static ritz_status open_operator(struct pca_fit *f, ritz_linop *Xc)
{
    ritz_dmat A, sumsq;
    if (f->sparse) {
        f->passes++;
        RITZ_TRY(ritz_spmat_col_means(f->s, f->sparse, f->mean));
        *Xc = ritz_linop_sparse_centred(f->sparse, f->mean);
    } else {
        RITZ_TRY(pca_all_rows(f, &A));
        RITZ_TRY(pca_mean(f, A));
        *Xc = ritz_linop_centred(A, f->mean);
        Xc->dtype = f->dtype; /* A may be of another, which the staging of its rows converts */
    }
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &sumsq));
    RITZ_TRY(ritz_algo_linop_sumsq(f->s, Xc, sumsq));
    f->passes++;
    return pca_fetch(f, sumsq, &f->sumsq);
}

/* ---- rows that stream by ---------------------------------------------------------------- */

/* A checkpoint that is beyond these passes tells that they did not suffice. */
static int is_behind(struct pca_fit *f, int passes)
{
    const struct checkpoint_place *found = checkpoint_found(f->pass.checkpoint);
    if (!found || found->pass < f->pass.passes + passes) return 0;
    for (int i = 0; i < passes; i++) (void)row_pass_behind(&f->pass);
    return 1;
}

static ritz_status sketch_blocks(struct pca_fit *f, int64_t k)
{
    struct svd_rows c = {.dtype = f->dtype, .n = f->n, .mean = f->mean};
    ritz_dmat S;
    RITZ_TRY(open_result(f, k, &c.sketch, &S));
    const int64_t l = c.sketch.sample_size;
    const int passes = svd_rows_passes(&c.sketch);
    f->passes += passes;
    f->known = 0;
    if (is_behind(f, passes)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &c.sumsq));
    RITZ_TRY(pca_blocks_within(
        f, svd_rows_fixed_bytes(f->dtype, f->n, l) + f->n * k * (int64_t)ritz_dtype_size(f->dtype),
        svd_rows_row_bytes(f->dtype, f->n, l), svd_rows_block(f->dtype, f->N, f->n, l),
        &c.block_rows));
    RITZ_TRY(svd_rows_run(&f->pass, &c, S, f->V));
    RITZ_TRY(pca_fetch(f, c.sumsq, &f->sumsq));
    f->accuracy = svd_rows_resolution(f->dtype, f->power_iterations);
    return take_values(f, S);
}

/* ---- the route -------------------------------------------------------------------------- */

int pca_randomized_in_memory(const struct pca_fit *f)
{
    struct ritz_algo_sketch sketch;
    if (f->sparse || choose_sketch(f, first_try(f), &sketch) != RITZ_OK) return 1;
    const double side = (double)f->N + 2 * (double)f->n;
    return pca_fits(f, side * (double)sketch.sample_size * (double)ritz_dtype_size(f->dtype));
}

ritz_status pca_by_sketch(struct pca_fit *f)
{
    const int whole = pca_randomized_in_memory(f);
    ritz_linop Xc;
    if (whole) {
        RITZ_TRY(open_operator(f, &Xc));
        RITZ_TRY(row_pass_progress(&f->pass, "randomized", 0));
    }
    /* A demand: double k until the exact total proves that it is met. */
    for (int64_t k = first_try(f);; k = min_i64(2 * k, f->most)) {
        const struct ritz_work_mark mark = ritz_work_mark(f->s);
        RITZ_TRY(whole ? sketch_operator(f, &Xc, k) : sketch_blocks(f, k));
        if (!pca_demands(f) || k == f->most || pca_explains(f, k)) return RITZ_OK;
        ritz_work_release(f->s, mark);
        RITZ_TRY(row_pass_progress(&f->pass, "randomized", 0));
    }
}
