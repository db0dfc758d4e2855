/* The fitted model: what it holds, and its transforms.
 *
 *     Y = (X - 1 μᵀ) V [diag(1/d)],    X = Y [diag(d)] Vᵀ + 1 μᵀ
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "algo/pca.h"
#include "algo/rows_map.h"
#include "algo/sparse.h"

ritz_status ritz_pca_destroy(ritz_stream *s, ritz_pca **pca)
{
    RITZ_SCOPE();
    if (!pca || !*pca) return RITZ_OK;
    struct ritz_pca *p = *pca;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_REQUIRE(s->device == p->device, RITZ_ERR_DEVICE, "the model is on another device");
    ritz_dmat *const owned[] = {&p->components, &p->mean, &p->variance, &p->singular,
                                &p->deviation};
    const ritz_status status = ritz_dmat_destroy_all(s, owned, sizeof owned / sizeof owned[0]);
    free(p);
    *pca = NULL;
    return status;
}

ritz_dmat ritz_pca_components(const ritz_pca *pca)
{
    return pca ? ritz_read_only(pca->components) : RITZ_NO_MAT;
}

ritz_dmat ritz_pca_mean(const ritz_pca *pca)
{
    return pca ? ritz_read_only(pca->mean) : RITZ_NO_MAT;
}

ritz_dmat ritz_pca_explained_variance(const ritz_pca *pca)
{
    return pca ? ritz_read_only(pca->variance) : RITZ_NO_MAT;
}

ritz_dmat ritz_pca_singular_values(const ritz_pca *pca)
{
    return pca ? ritz_read_only(pca->singular) : RITZ_NO_MAT;
}

/* ---- checks ---- */

static ritz_status check_model(const ritz_stream *s, const ritz_pca *pca,
                               const ritz_pca_transform_options *opts)
{
    RITZ_REQUIRE(pca, RITZ_ERR_ARGUMENT, "pca is NULL");
    RITZ_REQUIRE(pca->device == s->device, RITZ_ERR_DEVICE,
                 "the model is on another device than the stream");
    return ritz_check_options(opts, sizeof(ritz_pca_transform_options), "opts");
}

static int whitens(const ritz_pca_transform_options *opts)
{
    return opts && opts->whiten;
}

static ritz_status check_pair(const ritz_stream *s, const ritz_pca *pca, ritz_dmat X, ritz_dmat Y)
{
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_single(Y, "Y"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", pca->components, "the model"));
    RITZ_TRY(ritz_check_same_dtype(Y, "Y", pca->components, "the model"));
    RITZ_REQUIRE(X.cols == pca->components.cols, RITZ_ERR_SHAPE,
                 "X has %" PRId64 " columns; the model was fitted to %" PRId64, X.cols,
                 pca->components.cols);
    RITZ_TRY(ritz_check_shape(Y, "Y", X.rows, pca->components.rows, "rows of X x components"));
    (void)s;
    return RITZ_OK;
}

/* ---- transforms ---- */

/* Y = Y diag(1/d), if wanted. */
static ritz_status whiten(ritz_stream *s, const ritz_pca *pca, ritz_dmat Y, int wanted)
{
    return wanted ? ritz_op_scale_cols(s, 1, pca->deviation, Y, Y) : RITZ_OK;
}

/* Y = (X - 1 μᵀ) V, and whitened; X of any data type. */
static ritz_status project(ritz_stream *s, const ritz_pca *pca, ritz_dmat X, ritz_dmat Y,
                           int whitened)
{
    const ritz_linop Xc = {.kind = RITZ_LINOP_CENTRED,
                           .dtype = pca->components.dtype,
                           .rows = X.rows,
                           .cols = X.cols,
                           .A = X,
                           .mean = pca->mean};
    RITZ_TRY(ritz_algo_linop_apply(s, &Xc, 0, ritz_t(pca->components), Y));
    return whiten(s, pca, Y, whitened);
}

ritz_status ritz_pca_transform(ritz_stream *s, const ritz_pca *pca, ritz_dmat X, ritz_dmat Y,
                               const ritz_pca_transform_options *opts)
{
    RITZ_ENTER(s, &X);
    RITZ_TRY(check_model(s, pca, opts));
    RITZ_TRY(ritz_check_input(s, X, "X"));
    RITZ_TRY(ritz_check_output(s, Y, "Y"));
    RITZ_TRY(check_pair(s, pca, X, Y));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", X, "X"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", pca->components, "the model"));
    if (X.rows == 0) return RITZ_OK;
    return project(s, pca, X, Y, whitens(opts));
}

ritz_status ritz_pca_inverse_transform(ritz_stream *s, const ritz_pca *pca, ritz_dmat Y,
                                       ritz_dmat X, const ritz_pca_transform_options *opts)
{
    RITZ_ENTER(s, &Y);
    RITZ_TRY(check_model(s, pca, opts));
    RITZ_TRY(ritz_check_input(s, Y, "Y"));
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(check_pair(s, pca, X, Y));
    RITZ_TRY(ritz_check_no_overlap(X, "X", Y, "Y"));
    RITZ_TRY(ritz_check_no_overlap(X, "X", pca->components, "the model"));
    if (X.rows == 0) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat scores = Y;
    if (whitens(opts)) {
        RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, Y.layout, Y.rows, Y.cols, 1, &scores));
        RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, pca->deviation, Y, scores));
    }
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, scores, pca->components, 0.0, X));
    RITZ_TRY_OUT(ritz_op_add_row(s, 1.0, pca->mean, X, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- scores of a whole source ---- */

struct scores {
    const ritz_pca *pca;
    int whiten;
};

static ritz_status score_block(ritz_stream *s, ritz_dmat A, ritz_dmat Y, const void *context)
{
    const struct scores *scores = context;
    return project(s, scores->pca, A, Y, scores->whiten);
}

static ritz_status check_columns(const ritz_pca *pca, int64_t cols)
{
    RITZ_REQUIRE(cols == pca->components.cols, RITZ_ERR_SHAPE,
                 "the source has %" PRId64 " columns; the model was fitted to %" PRId64, cols,
                 pca->components.cols);
    return RITZ_OK;
}

/* Where scores go: into a matrix of the host, or to the caller's function. */
struct target {
    ritz_hmat whole; /* used if `deliver` is NULL */
    ritz_block_function deliver;
    void *context;
};

static ritz_status check_target(const struct target *target, int64_t rows, int64_t cols)
{
    if (target->deliver) return RITZ_OK;
    const ritz_hmat Y = target->whole;
    RITZ_REQUIRE(Y.rows == rows && Y.cols == cols && Y.batch == 1, RITZ_ERR_SHAPE,
                 "Y is %" PRId64 " x %" PRId64 "; it must be %" PRId64 " x %" PRId64
                 " (rows of the source x components)",
                 Y.rows, Y.cols, rows, cols);
    RITZ_REQUIRE(Y.dtype == RITZ_F32 || Y.dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "Y is %s; it must be float32 or float64", ritz_dtype_name(Y.dtype));
    return RITZ_OK;
}

static ritz_status transform_feed(ritz_stream *s, struct ritz_feed *feed,
                                  const struct scores *scores, const struct target *target)
{
    const ritz_dmat V = scores->pca->components;
    const ritz_rows_info *info = ritz_feed_info(feed);
    const struct rows_map map = {
        .dtype = V.dtype, .cols = V.rows, .block = score_block, .context = scores};
    RITZ_TRY(check_columns(scores->pca, info->cols));
    RITZ_TRY(check_target(target, info->rows, V.rows));
    if (target->deliver) return rows_map_deliver(s, feed, &map, target->deliver, target->context);
    return rows_map_into(s, feed, &map, target->whole);
}

/* The scores lie on the device first: rows of a sparse matrix are not taken apart. */
static ritz_status transform_sparse(ritz_stream *s, const ritz_spmat *A,
                                    const struct scores *scores, const struct target *target)
{
    const ritz_pca *pca = scores->pca;
    RITZ_TRY(ritz_algo_spmat_check(s, A, "the source"));
    RITZ_TRY(ritz_algo_spmat_check_two_ways(A, "the source"));
    RITZ_TRY(check_columns(pca, A->cols));
    RITZ_REQUIRE(A->dtype == pca->components.dtype, RITZ_ERR_DTYPE,
                 "the source is a sparse matrix of %s and the model is %s; they must agree",
                 ritz_dtype_name(A->dtype), ritz_dtype_name(pca->components.dtype));
    RITZ_TRY(check_target(target, A->rows, pca->components.rows));
    if (A->rows == 0) return RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_ROW_MAJOR, A->rows, pca->components.rows, 1, &Y));
    RITZ_TRY_OUT(ritz_algo_spmm_centred(s, 0, A, pca->mean, ritz_t(pca->components), Y));
    RITZ_TRY_OUT(whiten(s, pca, Y, scores->whiten));
    if (target->deliver)
        RITZ_TRY_OUT(rows_deliver(s, Y, target->deliver, target->context));
    else
        RITZ_TRY_OUT(s->device->backend->download(s, Y, target->whole));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status transform_source(ritz_stream *s, const ritz_rows *rows,
                                    const struct scores *scores, const struct target *target)
{
    struct ritz_feed *feed = NULL;
    if (rows->kind == RITZ_ROWS_SPARSE) {
        const ritz_status rc = transform_sparse(s, rows->sparse, scores, target);
        const ritz_status waited = ritz_stream_sync(s);
        return rc != RITZ_OK ? rc : waited;
    }
    RITZ_TRY(ritz_feed_open(s, rows, &feed));
    const ritz_status rc = transform_feed(s, feed, scores, target);
    const ritz_status waited = ritz_stream_sync(s), closed = ritz_feed_close(&feed);
    if (rc != RITZ_OK) return rc;
    return waited != RITZ_OK ? waited : closed;
}

ritz_status ritz_pca_transform_rows(ritz_stream *s, const ritz_pca *pca, ritz_rows rows,
                                    ritz_hmat Y, const ritz_pca_transform_options *opts)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_model(s, pca, opts));
    RITZ_TRY(ritz_check_host_output(Y, "Y"));
    const struct scores scores = {pca, whitens(opts)};
    const struct target target = {.whole = Y};
    return transform_source(s, &rows, &scores, &target);
}

ritz_status ritz_pca_transform_blocks(ritz_stream *s, const ritz_pca *pca, ritz_rows rows,
                                      ritz_block_function deliver, void *context,
                                      const ritz_pca_transform_options *opts)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_model(s, pca, opts));
    RITZ_REQUIRE(deliver, RITZ_ERR_ARGUMENT, "deliver is NULL");
    const struct scores scores = {pca, whitens(opts)};
    const struct target target = {.deliver = deliver, .context = context};
    return transform_source(s, &rows, &scores, &target);
}
