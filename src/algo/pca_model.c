/* The fitted model: what it holds, and its transforms.
 *
 *     Y = (X - 1 μᵀ) V [diag(1/d)],    X = Y [diag(d)] Vᵀ + 1 μᵀ
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "algo/pca.h"

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

/* Y = (X - 1 μᵀ) V, and whitened; X of any data type. */
static ritz_status project(ritz_stream *s, const ritz_pca *pca, ritz_dmat X, ritz_dmat Y,
                           int whiten)
{
    const ritz_linop Xc = {.kind = RITZ_LINOP_CENTRED,
                           .dtype = pca->components.dtype,
                           .rows = X.rows,
                           .cols = X.cols,
                           .A = X,
                           .mean = pca->mean};
    RITZ_TRY(ritz_algo_linop_apply(s, &Xc, 0, ritz_t(pca->components), Y));
    if (whiten) RITZ_TRY(ritz_op_scale_cols(s, 1, pca->deviation, Y, Y));
    return RITZ_OK;
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

enum { BLOCK_BYTES = 8 << 20 };

static ritz_status transform_blocks(ritz_stream *s, const ritz_pca *pca, struct ritz_feed *feed,
                                    ritz_hmat Y, int whiten)
{
    const ritz_rows_info *info = ritz_feed_info(feed);
    const int64_t k = pca->components.rows;
    const int64_t rows = BLOCK_BYTES / (info->cols * 8) + 1;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat scores;
    RITZ_TRY_OUT(ritz_work_dmat(s, pca->components.dtype, RITZ_ROW_MAJOR,
                                rows < info->rows ? rows : info->rows, k, 1, &scores));
    RITZ_TRY_OUT(ritz_feed_start(feed, rows));
    for (int64_t i = 0; i < info->rows;) {
        ritz_dmat block;
        RITZ_TRY_OUT(ritz_feed_next(feed, &block));
        const ritz_dmat part = ritz_row_range(scores, 0, block.rows);
        RITZ_TRY_OUT(project(s, pca, block, part, whiten));
        RITZ_TRY_OUT(
            s->device->backend->download(s, part, ritz_hmat_block(Y, i, 0, block.rows, k)));
        i += block.rows;
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_pca_transform_rows(ritz_stream *s, const ritz_pca *pca, ritz_rows rows,
                                    ritz_hmat Y, const ritz_pca_transform_options *opts)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_model(s, pca, opts));
    RITZ_TRY(ritz_check_host_output(Y, "Y"));
    struct ritz_feed *feed = NULL;
    RITZ_TRY(ritz_feed_open(s, &rows, &feed));
    const ritz_rows_info *info = ritz_feed_info(feed);
    ritz_status rc = RITZ_OK;
    if (info->cols != pca->components.cols)
        rc = ritz_fail(RITZ_ERR_SHAPE,
                       "the source has %" PRId64 " columns; the model was fitted to %" PRId64,
                       info->cols, pca->components.cols);
    else if (Y.rows != info->rows || Y.cols != pca->components.rows || Y.batch != 1)
        rc = ritz_fail(RITZ_ERR_SHAPE,
                       "Y is %" PRId64 " x %" PRId64 "; it must be %" PRId64 " x %" PRId64
                       " (rows of the source x components)",
                       Y.rows, Y.cols, info->rows, pca->components.rows);
    else if (Y.dtype != RITZ_F32 && Y.dtype != RITZ_F64)
        rc = ritz_fail(RITZ_ERR_DTYPE, "Y is %s; it must be float32 or float64",
                       ritz_dtype_name(Y.dtype));
    else
        rc = transform_blocks(s, pca, feed, Y, whitens(opts));
    const ritz_status waited = ritz_stream_sync(s), closed = ritz_feed_close(&feed);
    if (rc == RITZ_OK) rc = waited;
    return rc != RITZ_OK ? rc : closed;
}
