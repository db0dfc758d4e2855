/* Weighted rows about their mean, block by block.
 *
 * A block of weight w with the mean m is merged by a QR factorization,
 *
 *     [ F                           ]
 *     [ diag(w)^½ (X - 1 mᵀ)        ]  = Q F_new,    μ += w/(W+w) (m - μ)
 *     [ (W w/(W+w))^½ (m - μ)ᵀ      ]
 *
 * which is Chan, Golub and LeVeque's merge in square-root form. F has the digits of the centred
 * rows however large the means are beside the spread: rows are centred before they are weighted,
 * about their mean in float64 and then about what that left; means are kept as offsets from a row,
 * the first. A column that is constant has zeros in F, exactly.
 *
 * Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance, The American
 * Statistician 37(3), 1983; appending rows: Golub and Van Loan, Matrix Computations, 4th ed. 2013,
 * section 6.5.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/lstsq_centred.h"

#include <math.h>

#include "algo/stacked_qr.h"

static ritz_dmat base_of(const struct lstsq_centred *c)
{
    return ritz_cols(c->means, 0, 1);
}

static ritz_dmat offset_of(const struct lstsq_centred *c)
{
    return ritz_cols(c->means, 1, 1);
}

/* (W w/(W+w))^½, no overflow on the way. */
static double change_scale(double W, double w)
{
    return sqrt(W) * sqrt(w / (W + w));
}

/* `row` (1 x q, T) = the last row of a merge, and μ is moved: change = m - μ, which is
 * destroyed. */
static ritz_status move_mean(ritz_stream *s, const struct lstsq_centred *c, double w,
                             ritz_dmat change, ritz_dmat row)
{
    const double scale = change_scale(c->weight, w);
    RITZ_TRY(ritz_op_axpby(s, w / (c->weight + w), change, 1.0, offset_of(c)));
    RITZ_TRY(ritz_op_scale(s, scale, change));
    return ritz_op_copy(s, ritz_t(change), row);
}

/* row (1 x q, T) = √W μᵀ. */
static ritz_status mean_row(ritz_stream *s, const struct lstsq_centred *c, ritz_dmat row)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat mean;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, row.cols, 1, 1, &mean));
    RITZ_TRY_OUT(ritz_op_copy(s, base_of(c), mean));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, offset_of(c), 1.0, mean));
    RITZ_TRY_OUT(ritz_op_scale(s, sqrt(c->weight), mean));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(mean), row));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- rows -------------------------------------------------------------------------------- */

struct absorb {
    ritz_stream *s;
    struct lstsq_rows *rows;
    struct lstsq_centred c; /* the means are a copy, the factor is that of the stack */
    struct stacked_qr q;
    int weighted;
    ritz_dmat about, left; /* q x 1 F64 */
    ritz_dmat flags;       /* I32: of the rows, and of the factor */
};

/* D = [A B] - 1 aboutᵀ of a part, from the float64 difference. */
static ritz_status centre(const struct absorb *a, const struct lstsq_block *part, ritz_dmat about,
                          ritz_dmat D)
{
    const int64_t n = part->A.cols, targets = part->B.cols;
    if (n > 0)
        RITZ_TRY(
            ritz_op_add_row(a->s, -1.0, ritz_row_range(about, 0, n), part->A, ritz_cols(D, 0, n)));
    if (targets == 0) return RITZ_OK;
    return ritz_op_add_row(a->s, -1.0, ritz_row_range(about, n, targets), part->B,
                           ritz_cols(D, n, targets));
}

/* mean = the weighted mean of the rows D, which are destroyed where there are weights: no factor
 * of a row is above its root, which the factorization needs anyway. */
static ritz_status weighted_mean(const struct absorb *a, int64_t first, double weight, ritz_dmat D,
                                 ritz_dmat mean)
{
    if (!a->weighted) {
        RITZ_TRY(ritz_op_col_sums(a->s, D, mean));
        return ritz_op_scale(a->s, 1 / weight, mean);
    }
    RITZ_TRY(lstsq_rows_weigh(a->rows, first, D));
    RITZ_TRY(ritz_op_scale(a->s, 1 / sqrt(weight), D));
    RITZ_TRY(lstsq_rows_weigh(a->rows, first, D));
    RITZ_TRY(ritz_op_col_sums(a->s, D, mean));
    return ritz_op_scale(a->s, 1 / sqrt(weight), mean);
}

/* The means start at a row. */
static ritz_status start_means(const struct absorb *a, const struct lstsq_block *part, int64_t row)
{
    const int64_t n = part->A.cols, targets = part->B.cols;
    const ritz_dmat base = base_of(&a->c);
    RITZ_TRY(ritz_op_fill(a->s, 0.0, offset_of(&a->c)));
    if (n > 0)
        RITZ_TRY(ritz_op_copy(a->s, ritz_t(ritz_row_range(part->A, row, 1)),
                              ritz_row_range(base, 0, n)));
    if (targets == 0) return RITZ_OK;
    return ritz_op_copy(a->s, ritz_t(ritz_row_range(part->B, row, 1)),
                        ritz_row_range(base, n, targets));
}

/* D = diag(w)^½ (X - 1 mᵀ); about = m - μ. */
static ritz_status centre_part(const struct absorb *a, const struct lstsq_block *part,
                               double weight, ritz_dmat D)
{
    ritz_stream *s = a->s;
    /* m, rounded */
    RITZ_TRY(centre(a, part, base_of(&a->c), D));
    RITZ_TRY(weighted_mean(a, part->first, weight, D, a->about));
    RITZ_TRY(ritz_op_axpby(s, 1.0, base_of(&a->c), 1.0, a->about));
    /* what that leaves */
    RITZ_TRY(centre(a, part, a->about, D));
    RITZ_TRY(weighted_mean(a, part->first, weight, D, a->left));
    if (a->weighted) RITZ_TRY(centre(a, part, a->about, D));
    RITZ_TRY(ritz_op_add_row(s, -1.0, a->left, D, D));
    RITZ_TRY(lstsq_rows_weigh(a->rows, part->first, D));
    /* close numbers first, whose difference is exact */
    RITZ_TRY(ritz_op_axpby(s, -1.0, base_of(&a->c), 1.0, a->about));
    RITZ_TRY(ritz_op_axpby(s, 1.0, a->left, 1.0, a->about));
    return ritz_op_axpby(s, -1.0, offset_of(&a->c), 1.0, a->about);
}

static ritz_status absorb_part(struct absorb *a, const struct lstsq_block *part)
{
    const int64_t count = part->A.rows;
    int64_t at;
    const double weight = lstsq_rows_weight(a->rows, part->first, count, &at);
    const ritz_dmat room = stacked_qr_room(&a->q, count + 1);
    if (weight == 0) return RITZ_OK;
    if (a->c.weight == 0) RITZ_TRY(start_means(a, part, at - part->first));
    RITZ_TRY(centre_part(a, part, weight, ritz_row_range(room, 0, count)));
    RITZ_TRY(move_mean(a->s, &a->c, weight, a->about, ritz_row_range(room, count, 1)));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, room, ritz_row_range(a->flags, 0, 1)));
    RITZ_TRY(stacked_qr_absorb(&a->q, count + 1));
    a->c.weight += weight;
    return RITZ_OK;
}

static ritz_status absorb_all(struct absorb *a, int64_t most)
{
    struct lstsq_block block;
    RITZ_TRY(lstsq_rows_start(a->rows));
    for (;;) {
        RITZ_TRY(lstsq_rows_next_raw(a->rows, &block));
        if (block.A.rows == 0) return RITZ_OK;
        for (int64_t i = 0; i < block.A.rows;) {
            const int64_t rest = block.A.rows - i, count = rest < most ? rest : most;
            const struct lstsq_block part = {block.first + i, ritz_row_range(block.A, i, count),
                                             ritz_row_range(block.B, i, count)};
            RITZ_TRY(absorb_part(a, &part));
            i += count;
        }
    }
}

static ritz_status open_absorb(struct absorb *a, const struct lstsq_centred *c, int64_t most)
{
    ritz_stream *s = a->s;
    const int64_t q = c->factor.cols;
    a->c = *c;
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &a->flags));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, q, 1, 1, &a->about));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, q, 1, 1, &a->left));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, q, 2, 1, &a->c.means));
    RITZ_TRY(stacked_qr_open(s, c->factor.dtype, q, most + 1, &a->q));
    RITZ_TRY(ritz_op_fill(s, 0.0, a->flags));
    RITZ_TRY(ritz_op_copy(s, c->means, a->c.means));
    a->c.factor = stacked_qr_factor(&a->q);
    return ritz_op_copy(s, c->factor, a->c.factor);
}

static ritz_status check_finite(const struct absorb *a)
{
    const char *type = ritz_dtype_name(a->c.factor.dtype);
    const ritz_dmat flag = ritz_row_range(a->flags, 1, 1), row = stacked_qr_room(&a->q, 1);
    double bad[2];
    RITZ_TRY(mean_row(a->s, &a->c, row));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, row, flag));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, a->c.factor, flag));
    RITZ_TRY(ritz_algo_fetch(a->s, a->flags, bad));
    RITZ_REQUIRE(bad[0] == 0, RITZ_ERR_NOT_FINITE,
                 "a row has a NaN or an infinity, or overflows %s when it is centred or weighted; "
                 "remove or impute it, or scale the data",
                 type);
    RITZ_REQUIRE(bad[1] == 0, RITZ_ERR_NOT_FINITE,
                 "the norms of the columns overflow %s; scale the data", type);
    return RITZ_OK;
}

/* Rows of at least one column. */
static ritz_status absorb(struct absorb *a, struct lstsq_centred *c)
{
    const int64_t all = lstsq_rows_block(a->rows);
    const int64_t most = stacked_qr_block(c->factor.dtype, c->factor.cols, all);
    RITZ_TRY(open_absorb(a, c, most));
    RITZ_TRY(absorb_all(a, most));
    RITZ_TRY(check_finite(a));
    RITZ_TRY(ritz_op_copy(a->s, a->c.means, c->means));
    return ritz_op_copy(a->s, a->c.factor, c->factor);
}

ritz_status lstsq_centred_absorb(ritz_stream *s, const struct lstsq_data *data,
                                 struct lstsq_centred *c)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct absorb a = {.s = s, .weighted = ritz_present(data->opts->weights)};
    struct lstsq_data raw = *data;
    ritz_status rc;
    int64_t at;
    if (data->m == 0) return RITZ_OK;
    raw.raw = 1;
    RITZ_TRY_OUT(lstsq_rows_open(s, &raw, &a.rows));
    const double weight = c->weight + lstsq_rows_weight(a.rows, 0, data->m, &at);
    if (!isfinite(weight)) {
        rc = ritz_fail(RITZ_ERR_ARGUMENT, "the sum of the weights overflows float64; scale them");
        goto out;
    }
    if (c->factor.cols > 0) RITZ_TRY_OUT(absorb(&a, c));
    c->weight = weight;
    c->rows += lstsq_rows_counted(a.rows);
out:
    lstsq_rows_free(&a.rows);
    ritz_work_release(s, mark);
    return rc;
}

/* ---- merging ----------------------------------------------------------------------------- */

static ritz_status merge_factors(ritz_stream *s, struct lstsq_centred *c,
                                 const struct lstsq_centred *other)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t q = c->factor.cols;
    struct stacked_qr stack;
    ritz_status rc;
    ritz_dmat change;
    RITZ_TRY_OUT(stacked_qr_open(s, c->factor.dtype, q, q + 1, &stack));
    const ritz_dmat room = stacked_qr_room(&stack, q + 1);
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, q, 1, 1, &change));
    RITZ_TRY_OUT(ritz_op_copy(s, base_of(other), change));
    RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, base_of(c), 1.0, change));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, offset_of(other), 1.0, change));
    RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, offset_of(c), 1.0, change));
    RITZ_TRY_OUT(move_mean(s, c, other->weight, change, ritz_row_range(room, q, 1)));
    RITZ_TRY_OUT(ritz_op_copy(s, c->factor, stacked_qr_factor(&stack)));
    RITZ_TRY_OUT(ritz_op_copy(s, other->factor, ritz_row_range(room, 0, q)));
    RITZ_TRY_OUT(stacked_qr_absorb(&stack, q + 1));
    RITZ_TRY_OUT(ritz_op_copy(s, stacked_qr_factor(&stack), c->factor));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_centred_merge(ritz_stream *s, struct lstsq_centred *c,
                                const struct lstsq_centred *other)
{
    RITZ_REQUIRE(isfinite(c->weight + other->weight), RITZ_ERR_ARGUMENT,
                 "the sum of the weights overflows float64; scale them");
    if (other->weight == 0) return RITZ_OK;
    if (c->factor.cols > 0 && c->weight == 0) {
        RITZ_TRY(ritz_op_copy(s, other->means, c->means));
        RITZ_TRY(ritz_op_copy(s, other->factor, c->factor));
    } else if (c->factor.cols > 0) {
        RITZ_TRY(merge_factors(s, c, other));
    }
    c->weight += other->weight;
    c->rows += other->rows;
    return RITZ_OK;
}

/* ---- with and without the means ---------------------------------------------------------- */

ritz_status lstsq_centred_means(ritz_stream *s, const struct lstsq_centred *c, ritz_dmat means)
{
    const ritz_dmat mean = ritz_cols(means, 0, 1), left = ritz_cols(means, 1, 1);
    if (c->factor.cols == 0) return RITZ_OK;
    RITZ_TRY(ritz_op_copy(s, base_of(c), mean));
    RITZ_TRY(ritz_op_copy(s, base_of(c), left));
    RITZ_TRY(ritz_op_axpby(s, 1.0, offset_of(c), 1.0, mean));
    RITZ_TRY(ritz_op_axpby(s, -1.0, mean, 1.0, left));
    return ritz_op_axpby(s, 1.0, offset_of(c), 1.0, left);
}

ritz_status lstsq_centred_factor(ritz_stream *s, const struct lstsq_centred *c, int less_means,
                                 ritz_dmat *F)
{
    const int64_t q = c->factor.cols;
    const ritz_dtype dtype = c->factor.dtype;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, q, q, 1, F));
    if (q == 0) return RITZ_OK;
    if (less_means) return ritz_op_copy(s, c->factor, *F);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, q + 1, q, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, q, 1, 1, &tau));
    RITZ_TRY_OUT(mean_row(s, c, ritz_row_range(W, 0, 1)));
    RITZ_TRY_OUT(ritz_op_copy(s, c->factor, ritz_row_range(W, 1, q)));
    RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(W, 0, q), *F));
out:
    ritz_work_release(s, mark);
    return rc;
}
