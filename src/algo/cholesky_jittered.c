/* Cholesky factorization of A + shift I, by an explicit policy.
 *
 * A kernel or covariance matrix that is positive definite on paper need not be so once rounded.
 * What is added to its diagonal is never hidden: the caller chooses the policy and is told the
 * shift of each item. Under RITZ_JITTER_AUTO the sequence is 0, then 10^t n u trace(A)/n for
 * t = 1, 2, ...
 *
 * All items are factored again in each try, those that succeeded with the shift that they had: the
 * same numbers come out, and it takes no more calls however many items fail.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/algo.h"

enum { DEFAULT_TRIES = 6 };

/* The parts of a call, and what the host knows of each item. */
struct jitter {
    ritz_stream *s;
    ritz_uplo uplo;
    ritz_dmat A, original, shift, info;
    int tries;
    double *trace, *added;
    int32_t *outcome;
};

/* The diagonal of a square matrix, n x 1 per item. */
static ritz_dmat diagonal_of(ritz_dmat A)
{
    ritz_dmat d = A;
    d.cols = 1;
    d.layout = RITZ_ROW_MAJOR;
    d.ld = A.ld + 1;
    d.flags &= ~(uint32_t)RITZ_MAT_OWNED;
    return d;
}

static ritz_status fetch(ritz_stream *s, ritz_dmat v, void *values)
{
    return s->device->backend->download(s, v,
                                        ritz_hmat_wrap(values, v.dtype, v.rows, 1, RITZ_COL_MAJOR));
}

/* The next shift of each item that is to be tried again; whether there is one. */
static int next_shifts(const struct jitter *j, int attempt)
{
    const double u = (j->A.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
    int any = 0;
    for (int64_t b = 0; b < j->A.batch; b++) {
        /* trace(A)/n, n times. */
        const double shift = pow(10, attempt) * u * j->trace[b];
        if (j->outcome[b] <= 0 || !(shift > 0) || isinf(shift)) continue;
        j->added[b] = shift;
        any = 1;
    }
    return any;
}

static ritz_status try_shifts(const struct jitter *j)
{
    ritz_stream *s = j->s;
    RITZ_TRY(ritz_upload(s, ritz_hmat_wrap(j->added, RITZ_F64, j->A.batch, 1, RITZ_COL_MAJOR),
                         j->shift));
    RITZ_TRY(ritz_op_copy(s, j->original, j->A));
    RITZ_TRY(ritz_op_shift_diag(s, j->shift, j->A));
    return ritz_cholesky(s, j->uplo, j->A, j->info);
}

/* From the first outcome on, which says what the trace of each item is good for. */
static ritz_status retry(const struct jitter *j, ritz_dmat trace)
{
    ritz_stream *s = j->s;
    RITZ_TRY(fetch(s, trace, j->trace));
    for (int attempt = 1;; attempt++) {
        RITZ_TRY(fetch(s, j->info, j->outcome));
        RITZ_TRY(ritz_stream_sync(s));
        if (attempt > j->tries || !next_shifts(j, attempt)) return RITZ_OK;
        RITZ_TRY(try_shifts(j));
    }
}

/* Under RITZ_JITTER_AUTO. Leaves info settled and failed items NaN. */
static ritz_status factor_mended(struct jitter *j)
{
    ritz_stream *s = j->s;
    const size_t batch = (size_t)j->A.batch;
    ritz_status rc;
    ritz_dmat trace;
    j->trace = calloc(batch, sizeof *j->trace);
    j->added = calloc(batch, sizeof *j->added);
    j->outcome = calloc(batch, sizeof *j->outcome);
    if (!j->trace || !j->added || !j->outcome) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "no host memory for the outcomes of %zu items", batch);
        goto out;
    }
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, j->A.batch, 1, 1, &trace));
    RITZ_TRY_OUT(
        ritz_work_dmat(s, j->A.dtype, j->A.layout, j->A.rows, j->A.cols, j->A.batch, &j->original));
    RITZ_TRY_OUT(ritz_op_copy(s, j->A, j->original));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, j->shift));
    RITZ_TRY_OUT(ritz_op_col_sums(s, diagonal_of(j->original), ritz_algo_scalar_items(trace)));
    RITZ_TRY_OUT(ritz_cholesky(s, j->uplo, j->A, j->info));
    RITZ_TRY_OUT(retry(j, trace));
out:
    /* Nothing may be on its way from or to memory that goes. */
    if (rc != RITZ_OK) (void)s->device->backend->stream_sync(s);
    free(j->trace);
    free(j->added);
    free(j->outcome);
    return rc;
}

static ritz_status factor_shifted(const struct jitter *j, double shift)
{
    RITZ_TRY(ritz_op_fill(j->s, shift, j->shift));
    RITZ_TRY(ritz_op_shift_diag(j->s, j->shift, j->A));
    return ritz_cholesky(j->s, j->uplo, j->A, j->info);
}

static ritz_status check_options(const ritz_jitter_options *opts)
{
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_jitter_options), "opts"));
    if (opts == NULL) return RITZ_OK;
    RITZ_REQUIRE(
        opts->policy == RITZ_JITTER_AUTO || opts->policy == RITZ_JITTER_ABSOLUTE, RITZ_ERR_OPTION,
        "policy is %d; it must be RITZ_JITTER_AUTO or RITZ_JITTER_ABSOLUTE", (int)opts->policy);
    RITZ_REQUIRE(opts->shift >= 0 && isfinite(opts->shift), RITZ_ERR_OPTION,
                 "shift is %g; it must be finite and not negative", opts->shift);
    RITZ_REQUIRE(opts->tries >= 0 && opts->tries <= 1000, RITZ_ERR_OPTION,
                 "tries is %d; it must be between 0 (6 tries) and 1000", opts->tries);
    return RITZ_OK;
}

ritz_status ritz_cholesky_jittered(ritz_stream *s, ritz_uplo uplo, ritz_dmat A,
                                   const ritz_jitter_options *opts, ritz_dmat shift, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_options(opts));
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(ritz_check_output(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_TRY(ritz_algo_check_scalars(s, shift, "shift", RITZ_F64, A.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_check_info(s, info, A.batch));
    RITZ_TRY(ritz_check_no_overlap(shift, "shift", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", shift, "shift"));
    if (A.batch == 0) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int automatic = opts == NULL || opts->policy == RITZ_JITTER_AUTO;
    struct jitter j = {.s = s, .uplo = uplo, .A = A, .shift = shift};
    struct ritz_verdict v;
    ritz_status rc;
    j.tries = opts != NULL && opts->tries > 0 ? opts->tries : DEFAULT_TRIES;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
    j.info = v.info;
    RITZ_TRY_OUT(automatic ? factor_mended(&j) : factor_shifted(&j, opts->shift));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
