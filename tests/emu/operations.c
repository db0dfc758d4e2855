/* SPDX-License-Identifier: Apache-2.0 */
#include "emu/operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define A_ w->mat[MATRIX_A]
#define S_ w->mat[MATRIX_S]
#define X_ w->mat[MATRIX_X]
#define C_ w->mat[MATRIX_C]

void must_succeed(ritz_status status, const char *call, const char *file, int line)
{
    if (status == RITZ_OK) return;
    printf("%s:%d: %s: %s: %s\n", file, line, call, ritz_status_name(status), ritz_last_error());
    exit(1);
}

/* ---- the world ------------------------------------------------------------------------------- */

static const struct {
    ritz_layout layout;
    bool square;
} kinds[MATRICES] = {[MATRIX_A] = {RITZ_ROW_MAJOR, false},
                     [MATRIX_S] = {RITZ_COL_MAJOR, true},
                     [MATRIX_X] = {RITZ_ROW_MAJOR, false},
                     [MATRIX_C] = {RITZ_ROW_MAJOR, true}};

static int64_t rows_of(const struct world *w, int i)
{
    return kinds[i].square ? w->n : w->m;
}
static size_t size_of(const struct world *w, int i)
{
    return (size_t)(rows_of(w, i) * w->n);
}

static double *numbers(size_t count)
{
    double *p = calloc(count, sizeof *p);
    if (!p) abort();
    return p;
}

/* Values without structure in [-1/2, 1/2), from a linear congruence: Knuth, Seminumerical
 * Algorithms, 3rd ed. 1997, 3.3.4. */
static double pseudorandom(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static void make_initial(struct world *w)
{
    uint64_t state = 12345;
    for (int i = 0; i < MATRICES; i++) {
        w->initial[i] = numbers(size_of(w, i));
        for (size_t e = 0; e < size_of(w, i); e++) w->initial[i][e] = pseudorandom(&state);
    }
    double *spd = w->initial[MATRIX_S];
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t j = 0; j <= i; j++)
            spd[j * w->n + i] = spd[i * w->n + j] += i == j ? (double)(w->n + i) : 0;
    w->pageable = numbers(size_of(w, MATRIX_A));
}

void open_world(struct world *w, const char *device, int64_t m, int64_t n)
{
    memset(w, 0, sizeof *w);
    w->m = m;
    w->n = n;
    w->k = 4;
    make_initial(w);
    must(ritz_device_open(device, &w->dev));
    must(ritz_stream_create(w->dev, &w->s));
    must(ritz_stream_create(w->dev, &w->service));
    for (int i = 0; i < MATRICES; i++)
        must(ritz_dmat_create(w->service, RITZ_F64, kinds[i].layout, rows_of(w, i), n, &w->mat[i]));
    must(ritz_hmat_create_pinned(w->dev, RITZ_F64, RITZ_ROW_MAJOR, m, n, &w->pinned));
}

static ritz_hmat on_host(const struct world *w, int i, double *values)
{
    return ritz_hmat_wrap(values, RITZ_F64, rows_of(w, i), w->n, RITZ_ROW_MAJOR);
}

void load_world(struct world *w, const struct operation *op)
{
    for (int i = 0; i < MATRICES; i++)
        must(ritz_upload(w->service, on_host(w, i, w->initial[i]), w->mat[i]));
    memset(w->pageable, 0, size_of(w, MATRIX_A) * sizeof(double));
    memset(w->pinned.data, 0, size_of(w, MATRIX_A) * sizeof(double));
    w->sketch_report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    w->pca_report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    w->next_row = 0;
    if (op->prepare) must(op->prepare(w));
    must(ritz_stream_sync(w->service));
}

void drop_made(struct world *w)
{
    must(ritz_pca_destroy(w->service, &w->pca));
    must(ritz_spmat_destroy(w->service, &w->sparse));
    must(ritz_dmat_destroy(w->service, &w->made));
    must(ritz_hmat_destroy(&w->made_host));
    must(ritz_event_destroy(&w->event));
    must(ritz_stream_sync(w->service));
}

void close_world(struct world *w)
{
    drop_made(w);
    for (int i = 0; i < MATRICES; i++) must(ritz_dmat_destroy(w->service, &w->mat[i]));
    must(ritz_hmat_destroy(&w->pinned));
    must(ritz_stream_destroy(&w->s));
    must(ritz_stream_destroy(&w->service));
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    must(ritz_device_memory(w->dev, &memory));
    if (memory.matrices || memory.matrix_bytes || memory.workspace_bytes) {
        printf("the device still holds %lld matrices and %lld bytes of workspace\n",
               (long long)memory.matrices, (long long)memory.workspace_bytes);
        exit(1);
    }
    must(ritz_device_close(&w->dev));
    for (int i = 0; i < MATRICES; i++) free(w->initial[i]);
    free(w->pageable);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

/* The pieces of an outcome: the matrices, both host arrays, and the components and variances of
 * a model. */
enum { PIECES = MATRICES + 4 };

static void piece_sizes(const struct world *w, size_t *sizes)
{
    for (int i = 0; i < MATRICES; i++) sizes[i] = size_of(w, i);
    sizes[MATRICES] = sizes[MATRICES + 1] = size_of(w, MATRIX_A);
    sizes[MATRICES + 2] = (size_t)(w->k * w->n);
    sizes[MATRICES + 3] = (size_t)w->k;
}

struct outcome outcome_of(struct world *w, const struct operation *op)
{
    if (op->finish) must(op->finish(w));
    size_t sizes[PIECES], at = 0;
    struct outcome o = {NULL, 0};
    piece_sizes(w, sizes);
    for (int i = 0; i < PIECES; i++) o.count += sizes[i];
    o.values = numbers(o.count);
    for (int i = 0; i < MATRICES; at += sizes[i++])
        must(ritz_download(w->service, w->mat[i], on_host(w, i, o.values + at)));
    memcpy(o.values + at, w->pageable, sizes[MATRICES] * sizeof(double));
    at += sizes[MATRICES];
    memcpy(o.values + at, w->pinned.data, sizes[MATRICES] * sizeof(double));
    at += sizes[MATRICES];
    if (w->pca) {
        must(ritz_download(w->service, ritz_pca_components(w->pca),
                           ritz_hmat_wrap(o.values + at, RITZ_F64, w->k, w->n, RITZ_ROW_MAJOR)));
        at += sizes[MATRICES + 2];
        must(ritz_download(w->service, ritz_pca_explained_variance(w->pca),
                           ritz_hmat_wrap(o.values + at, RITZ_F64, w->k, 1, RITZ_ROW_MAJOR)));
    }
    must(ritz_stream_sync(w->service));
    return o;
}

double difference(const struct world *w, const struct outcome *a, const struct outcome *b)
{
    size_t sizes[PIECES], at = 0;
    double worst = 0;
    piece_sizes(w, sizes);
    for (int i = 0; i < PIECES; at += sizes[i++]) {
        double largest = 0, apart = 0;
        for (size_t e = at; e < at + sizes[i]; e++) {
            const double d = fabs(a->values[e] - b->values[e]);
            if (!(d <= HUGE_VAL)) return HUGE_VAL;
            if (fabs(b->values[e]) > largest) largest = fabs(b->values[e]);
            if (d > apart) apart = d;
        }
        if (apart > worst * (largest > 0 ? largest : 1))
            worst = apart / (largest > 0 ? largest : 1);
    }
    return worst;
}

bool kept(struct world *w, enum matrix_name which)
{
    double *now = numbers(size_of(w, which));
    must(ritz_download(w->service, w->mat[which], on_host(w, which, now)));
    must(ritz_stream_sync(w->service));
    const bool same = memcmp(now, w->initial[which], size_of(w, which) * sizeof *now) == 0;
    free(now);
    return same;
}

/* ---- the operations -------------------------------------------------------------------------- */

#define CALL(name) static ritz_status call_##name(struct world *w)
#define PREPARE(name) static ritz_status prepare_##name(struct world *w)

static ritz_dmat column(ritz_dmat C, int64_t j, int64_t rows)
{
    return ritz_block(C, 0, j, rows, 1);
}
static ritz_dmat top(ritz_dmat X, int64_t rows)
{
    return ritz_row_range(X, 0, rows);
}
static ritz_hmat pageable(const struct world *w)
{
    return ritz_hmat_wrap(w->pageable, RITZ_F64, w->m, w->n, RITZ_ROW_MAJOR);
}

CALL(event_create)
{
    return ritz_event_create(w->dev, &w->event);
}
CALL(dmat_create)
{
    return ritz_dmat_create(w->s, RITZ_F32, RITZ_COL_MAJOR, w->m, w->n, &w->made);
}
CALL(hmat_create_pinned)
{
    return ritz_hmat_create_pinned(w->dev, RITZ_F32, RITZ_COL_MAJOR, w->m, w->n, &w->made_host);
}
CALL(stream_reserve)
{
    return ritz_stream_reserve(w->s, 3 << 20);
}

CALL(event_order)
{
    ritz_status status = ritz_fill(w->s, 2, X_);
    if (!status) status = ritz_event_record(w->event, w->s);
    if (!status) status = ritz_stream_wait(w->service, w->event);
    return status ? status : ritz_fill(w->service, 3, X_);
}

static void add_one(void *context)
{
    struct world *w = context;
    w->pageable[0] += 1;
}
CALL(host_function)
{
    return ritz_stream_host_function(w->s, add_one, w);
}

CALL(upload)
{
    return ritz_upload(w->s, w->pinned, X_);
}
CALL(upload_converted)
{
    return ritz_upload(w->s, ritz_hmat_t(w->pinned), ritz_t(X_));
}
CALL(upload_pageable)
{
    return ritz_upload(w->s, pageable(w), X_);
}
CALL(download)
{
    return ritz_download(w->s, A_, w->pinned);
}
CALL(download_converted)
{
    return ritz_download(w->s, S_,
                         ritz_hmat_wrap(w->pinned.data, RITZ_F32, w->n, w->n, RITZ_ROW_MAJOR));
}
CALL(download_pageable)
{
    return ritz_download(w->s, A_, pageable(w));
}
CALL(copy)
{
    return ritz_copy(w->s, A_, X_);
}
CALL(fill)
{
    return ritz_fill(w->s, 1, X_);
}
CALL(random_fill)
{
    return ritz_random_fill(w->s, RITZ_NORMAL, 1, 0, X_);
}

CALL(gemm)
{
    return ritz_gemm(w->s, 1, A_, S_, 0, X_);
}
/* The bfloat16 matrix, and room behind it for the float32 product. */
PREPARE(gemm_bfloat16)
{
    const ritz_status status =
        ritz_dmat_create(w->service, RITZ_BF16, RITZ_COL_MAJOR, w->n, 3 * w->n, &w->made);
    return status ? status : ritz_copy(w->service, S_, ritz_cols(w->made, 0, w->n));
}
CALL(gemm_bfloat16)
{
    const ritz_dmat B = ritz_cols(w->made, 0, w->n);
    const ritz_dmat F = ritz_dmat_wrap(w->dev, ritz_cols(w->made, w->n, w->n).data, RITZ_F32, w->n,
                                       w->n, RITZ_ROW_MAJOR);
    const ritz_status status = ritz_gemm(w->s, 1, B, B, 0, F);
    return status ? status : ritz_copy(w->s, F, C_);
}
CALL(gemm_batch)
{
    /* Items of ten rows each. */
    const ritz_dmat A = ritz_batched(top(A_, 10), w->m / 10, 10 * A_.ld);
    return ritz_gemm(w->s, 1, A, S_, 0, ritz_batched(top(X_, 10), w->m / 10, 10 * X_.ld));
}
CALL(syrk)
{
    return ritz_syrk(w->s, RITZ_BOTH, 1, ritz_t(A_), 0, C_);
}
CALL(trsm)
{
    return ritz_trsm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, S_, X_);
}
CALL(cholesky)
{
    return ritz_cholesky(w->s, RITZ_LOWER, S_, RITZ_NO_MAT);
}
PREPARE(factored)
{
    return ritz_cholesky(w->service, RITZ_LOWER, S_, RITZ_NO_MAT);
}
CALL(cholesky_solve)
{
    return ritz_cholesky_solve(w->s, RITZ_LOWER, S_, ritz_t(X_));
}
CALL(spd_solve)
{
    return ritz_spd_solve(w->s, S_, ritz_t(X_), NULL, RITZ_NO_MAT);
}

/* A number, in the first row of C or the second. */
static ritz_dmat figure(const struct world *w, int64_t row)
{
    return ritz_block(C_, row, 0, 1, 1);
}
PREPARE(kept_and_factored)
{
    const ritz_status status = ritz_copy(w->service, S_, C_);
    return status ? status : prepare_factored(w);
}
CALL(cholesky_inverse)
{
    return ritz_cholesky_inverse(w->s, RITZ_LOWER, S_, C_);
}
CALL(cholesky_logdet)
{
    return ritz_cholesky_logdet(w->s, RITZ_LOWER, S_, figure(w, 0));
}
CALL(cholesky_condition)
{
    return ritz_cholesky_condition(w->s, RITZ_LOWER, C_, S_, ritz_block(X_, 0, 0, 1, 1));
}
CALL(cholesky_jittered)
{
    return ritz_cholesky_jittered(w->s, RITZ_LOWER, S_, NULL, figure(w, 0), RITZ_NO_MAT);
}
CALL(cholesky_update)
{
    return ritz_cholesky_update(w->s, RITZ_LOWER, 1, ritz_t(ritz_row_range(A_, 0, 1)), S_,
                                RITZ_NO_MAT);
}
PREPARE(pivots)
{
    return ritz_dmat_create(w->service, RITZ_I32, RITZ_COL_MAJOR, w->n, 1, &w->made);
}
CALL(cholesky_pivoted)
{
    return ritz_cholesky_pivoted(w->s, S_, ritz_cols(C_, 0, w->k), w->made, RITZ_NO_MAT,
                                 RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}
CALL(lu)
{
    return ritz_lu(w->s, S_, w->made, RITZ_NO_MAT);
}
PREPARE(lu)
{
    ritz_status status = prepare_pivots(w);
    if (status == RITZ_OK) status = ritz_copy(w->service, S_, C_);
    return status ? status : ritz_lu(w->service, S_, w->made, RITZ_NO_MAT);
}
CALL(lu_solve)
{
    return ritz_lu_solve(w->s, RITZ_LEFT, S_, w->made, ritz_t(X_));
}
CALL(lu_inverse)
{
    return ritz_lu_inverse(w->s, S_, w->made, C_);
}
CALL(lu_slogdet)
{
    return ritz_lu_slogdet(w->s, S_, w->made, figure(w, 0), figure(w, 1));
}
CALL(lu_condition)
{
    return ritz_lu_condition(w->s, C_, S_, w->made, ritz_block(X_, 0, 0, 1, 1));
}
CALL(solve)
{
    return ritz_solve(w->s, S_, ritz_t(X_), RITZ_NO_MAT);
}

CALL(qr)
{
    return ritz_qr(w->s, A_, X_, C_, NULL, NULL);
}

/* A factored form is unique up to signs; Q Qᵀ A is unique. */
static ritz_status project(struct world *w, ritz_dmat Q)
{
    ritz_status status = ritz_gemm(w->service, 1, ritz_t(Q), A_, 0, C_);
    return status ? status : ritz_gemm(w->service, 1, Q, C_, 0, X_);
}
static ritz_status room_for_q(struct world *w)
{
    return ritz_dmat_create(w->service, RITZ_F64, RITZ_ROW_MAJOR, w->m, w->n, &w->made);
}
PREPARE(reflectors)
{
    const ritz_status status = ritz_copy(w->service, A_, X_);
    return status ? status : ritz_qr_factor(w->service, X_, column(C_, 0, w->n));
}
PREPARE(qr_factor)
{
    const ritz_status status = ritz_copy(w->service, A_, X_);
    return status ? status : room_for_q(w);
}
CALL(qr_factor)
{
    return ritz_qr_factor(w->s, X_, column(C_, 0, w->n));
}
static ritz_status finish_qr_factor(struct world *w)
{
    ritz_status status = ritz_qr_form(w->service, X_, column(C_, 0, w->n), w->made);
    if (!status) status = project(w, w->made);
    return status ? status : ritz_fill(w->service, 0, C_);
}
PREPARE(qr_form)
{
    const ritz_status status = prepare_reflectors(w);
    return status ? status : room_for_q(w);
}
CALL(qr_form)
{
    return ritz_qr_form(w->s, X_, column(C_, 0, w->n), w->made);
}
static ritz_status finish_qr_form(struct world *w)
{
    const ritz_status status = project(w, w->made);
    return status ? status : ritz_fill(w->service, 0, C_);
}
CALL(qr_apply)
{
    return ritz_qr_apply(w->s, RITZ_APPLY_Q_TRANSPOSED, X_, column(C_, 0, w->n), A_);
}
static ritz_status finish_qr_apply(struct world *w)
{
    ritz_status status = ritz_qr_apply(w->service, RITZ_APPLY_Q, X_, column(C_, 0, w->n), A_);
    if (!status) status = ritz_fill(w->service, 0, X_);
    return status ? status : ritz_fill(w->service, 0, C_);
}
CALL(svd)
{
    return ritz_svd(w->s, A_, X_, column(C_, 0, w->n), RITZ_NO_MAT, RITZ_NO_MAT);
}
CALL(svd_vectors)
{
    return ritz_svd(w->s, A_, RITZ_NO_MAT, column(X_, 0, w->n), C_, RITZ_NO_MAT);
}
CALL(eigh_some)
{
    return ritz_eigh(w->s, S_, column(C_, 0, w->k), RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}
CALL(eigh_all)
{
    return ritz_eigh(w->s, S_, column(X_, 0, w->n), C_, NULL, RITZ_NO_MAT);
}

CALL(eigh_range)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = 2;
    return ritz_eigh(w->s, S_, column(C_, 0, w->k), RITZ_NO_MAT, &opts, RITZ_NO_MAT);
}
CALL(trmm)
{
    return ritz_trmm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, S_, X_);
}
CALL(gemm_grouped)
{
    const ritz_dmat A[] = {top(A_, 10), ritz_row_range(A_, 10, w->m - 10)}, B[] = {S_, S_};
    const ritz_dmat C[] = {top(X_, 10), ritz_row_range(X_, 10, w->m - 10)};
    return ritz_gemm_grouped(w->s, 2, 1, A, B, 0, C);
}
CALL(gemm_bias)
{
    return ritz_gemm_bias(w->s, 1, A_, S_, column(S_, 0, w->n), column(S_, 1, w->n), X_);
}
/* A place in C for one number. */
static ritz_dmat number(const struct world *w, int64_t i)
{
    return ritz_block(C_, i, 0, 1, 1);
}
CALL(norm_sums)
{
    const ritz_status status = ritz_norm(w->s, RITZ_NORM_FROBENIUS, A_, number(w, 0));
    return status ? status : ritz_norm(w->s, RITZ_NORM_INFINITY, A_, number(w, 1));
}
CALL(norm_values)
{
    return ritz_norm(w->s, RITZ_NORM_NUCLEAR, A_, number(w, 0));
}
PREPARE(rank)
{
    return ritz_dmat_create(w->service, RITZ_I32, RITZ_COL_MAJOR, 1, 1, &w->made);
}
CALL(rank)
{
    const ritz_status status = ritz_rank(w->s, A_, NULL, w->made);
    return status ? status : ritz_copy(w->s, w->made, number(w, 0));
}
CALL(cond)
{
    return ritz_cond(w->s, A_, number(w, 0));
}
CALL(pinv)
{
    return ritz_pinv(w->s, ritz_t(A_), X_, NULL, RITZ_NO_MAT);
}
CALL(truncate)
{
    return ritz_truncate(w->s, A_, w->k, X_, ritz_block(C_, 0, 0, 1, 2));
}
CALL(det)
{
    const int overflows = w->n > 200;
    return ritz_det(w->s, S_, number(w, 0), number(w, 1),
                    overflows ? RITZ_NO_MAT : ritz_block(X_, 0, 0, 1, 1));
}
CALL(linop_apply)
{
    const ritz_linop op = ritz_linop_centred(A_, column(S_, 0, w->n));
    return ritz_linop_apply(w->s, &op, 0, ritz_cols(S_, 1, w->k), ritz_cols(X_, 0, w->k));
}
CALL(range_finder)
{
    const ritz_linop op = ritz_linop_dense(A_);
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), NULL, &w->sketch_report);
}
CALL(svd_randomized)
{
    const ritz_linop op = ritz_linop_centred(A_, column(S_, 0, w->n));
    return ritz_svd_randomized(w->s, &op, ritz_cols(X_, 0, w->k), column(C_, 0, w->k), RITZ_NO_MAT,
                               NULL, &w->sketch_report);
}

/* ---- sparse matrices ---- */

/* m x n: a dense row, and a few elements in each of the others. */
static ritz_status make_sparse(struct world *w, ritz_stream *s)
{
    const size_t most = (size_t)(w->n + 3 * w->m);
    int64_t *row = calloc(most, sizeof *row), *col = calloc(most, sizeof *col), count = 0;
    if (!row || !col) abort();
    for (; count < w->n; count++) col[count] = w->n - 1 - count;
    for (int64_t i = 1; i < w->m; i++)
        for (int64_t k = 0; k < 3; k++) {
            row[count] = i;
            col[count++] = (i * 5 + k * 3) % w->n;
        }
    const ritz_status status = ritz_spmat_create_coo(
        s, w->m, w->n, ritz_hmat_wrap(row, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(col, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(w->initial[MATRIX_A], RITZ_F64, count, 1, RITZ_COL_MAJOR), NULL, &w->sparse);
    free(row);
    free(col);
    return status;
}
PREPARE(sparse)
{
    return make_sparse(w, w->service);
}
CALL(spmat_create_coo)
{
    return make_sparse(w, w->s);
}
CALL(spmat_set_values)
{
    const int64_t count = ritz_spmat_nonzeros(w->sparse);
    ritz_dmat values = A_;
    values.rows = count;
    values.cols = 1;
    values.ld = count;
    values.layout = RITZ_COL_MAJOR;
    const ritz_status status = ritz_spmat_set_values(w->s, w->sparse, values);
    return status ? status : ritz_spmm(w->s, 0, 1, w->sparse, S_, 0, X_);
}
CALL(spmm)
{
    return ritz_spmm(w->s, 0, -2, w->sparse, S_, 1, X_);
}
CALL(spmm_transposed)
{
    return ritz_spmm(w->s, 1, 1, w->sparse, column(A_, 0, w->m), 0, column(C_, 0, w->n));
}
CALL(spmat_col_means)
{
    const ritz_status status = ritz_spmat_col_sums(w->s, w->sparse, column(C_, 0, w->n));
    return status ? status : ritz_spmat_col_means(w->s, w->sparse, column(C_, 1, w->n));
}
CALL(spmat_col_sumsq)
{
    return ritz_spmat_col_sumsq(w->s, w->sparse, column(C_, 0, w->n));
}
CALL(range_finder_sparse)
{
    const ritz_linop op = ritz_linop_sparse_centred(w->sparse, column(S_, 0, w->n));
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), NULL, &w->sketch_report);
}

/* ---- least squares ---- */

/* Of the first k columns of A, for the next two; X is written in rows 0 to k. */
static ritz_status lstsq(struct world *w, ritz_lstsq_method method, bool intercept)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = method;
    if (intercept) opts.intercept = ritz_block(X_, w->k, 0, 1, 2);
    return ritz_lstsq(w->s, ritz_cols(A_, 0, w->k), ritz_cols(A_, w->k, 2),
                      ritz_block(X_, 0, 0, w->k, 2), &opts, NULL);
}
CALL(lstsq_normal)
{
    return lstsq(w, RITZ_LSTSQ_NORMAL, true);
}
CALL(lstsq_qr)
{
    return lstsq(w, RITZ_LSTSQ_QR, false);
}
CALL(lstsq_minnorm)
{
    return lstsq(w, RITZ_LSTSQ_MINNORM, true);
}
CALL(lstsq_tsqr)
{
    return lstsq(w, RITZ_LSTSQ_TSQR, false);
}
/* Two problems: the rows of A in halves. */
CALL(lstsq_batch)
{
    const int64_t half = w->m / 2, step = half * w->n;
    return ritz_lstsq(w->s, ritz_batched(ritz_block(A_, 0, 0, half, w->k), 2, step),
                      ritz_batched(ritz_block(A_, 0, w->k, half, 2), 2, step),
                      ritz_batched(ritz_block(X_, 0, 0, w->k, 2), 2, step), NULL, NULL);
}
CALL(lstsq_operator)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(A_, 0, w->k));
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = RITZ_LSTSQ_LSMR;
    return ritz_lstsq_operator(w->s, &op, ritz_cols(A_, w->k, 2), ritz_block(X_, 0, 0, w->k, 2),
                               &opts, NULL);
}
CALL(linear_predict)
{
    return ritz_linear_predict(w->s, A_, S_, ritz_row_range(S_, 0, 1), X_);
}

/* ---- principal components ---- */

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct world *w = context;
    *delivered = 0;
    if (rewind) w->next_row = 0;
    if (rewind) return RITZ_OK;
    while (*delivered < count && w->next_row < w->m) {
        memcpy((double *)dst + *delivered * ld, w->initial[MATRIX_A] + w->next_row * w->n,
               (size_t)w->n * sizeof(double));
        w->next_row++;
        (*delivered)++;
    }
    return RITZ_OK;
}

static ritz_status fit(struct world *w, ritz_stream *s, ritz_rows rows, ritz_pca_method method)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = w->k;
    opts.method = method;
    opts.block_rows = w->m / 3;
    w->next_row = 0;
    return ritz_pca_fit(s, rows, &opts, &w->pca, &w->pca_report);
}
CALL(fit_covariance)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_COVARIANCE);
}
CALL(fit_randomized)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_RANDOMIZED);
}
CALL(fit_exact)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_EXACT);
}
CALL(fit_dual)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_DUAL);
}
CALL(fit_host)
{
    return fit(
        w, w->s,
        ritz_rows_hmat(ritz_hmat_wrap(w->initial[MATRIX_A], RITZ_F64, w->m, w->n, RITZ_ROW_MAJOR)),
        RITZ_PCA_COVARIANCE);
}
CALL(fit_function)
{
    return fit(w, w->s, ritz_rows_callback(RITZ_F64, w->m, w->n, 0, deliver, w),
               RITZ_PCA_COVARIANCE);
}
PREPARE(model)
{
    return fit(w, w->service, ritz_rows_dmat(A_), RITZ_PCA_EXACT);
}
CALL(transform)
{
    return ritz_pca_transform(w->s, w->pca, A_, ritz_cols(X_, 0, w->k), NULL);
}
CALL(inverse_transform)
{
    return ritz_pca_inverse_transform(w->s, w->pca, ritz_cols(A_, 0, w->k), X_, NULL);
}
CALL(transform_rows)
{
    return ritz_pca_transform_rows(
        w->s, w->pca, ritz_rows_callback(RITZ_F64, w->m, w->n, 1, deliver, w),
        ritz_hmat_wrap(w->pageable, RITZ_F64, w->m, w->k, RITZ_ROW_MAJOR), NULL);
}

PREPARE(event)
{
    return ritz_event_create(w->dev, &w->event);
}

const struct operation operations[] = {
    {"ritz_event_create", "", NULL, call_event_create, 0, MAY_ALLOCATE, NULL, 0},
    {"ritz_dmat_create", "", NULL, call_dmat_create, 0, MAY_ALLOCATE, NULL, 0},
    {"ritz_hmat_create_pinned", "", NULL, call_hmat_create_pinned, 0, MAY_SYNC | MAY_ALLOCATE, NULL,
     0},
    {"ritz_stream_reserve", "", NULL, call_stream_reserve, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_event_record", "and wait", prepare_event, call_event_order, WRITES_X, 0, NULL, 0},
    {"ritz_stream_host_function", "", NULL, call_host_function, 0, 0, NULL, 0},
    {"ritz_upload", "pinned", NULL, call_upload, WRITES_X, 0, NULL, 0},
    {"ritz_upload", "converted", NULL, call_upload_converted, WRITES_X, 0, NULL, 0},
    {"ritz_upload", "pageable", NULL, call_upload_pageable, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_download", "pinned", NULL, call_download, 0, 0, NULL, 0},
    {"ritz_download", "converted", NULL, call_download_converted, 0, 0, NULL, 0},
    {"ritz_download", "pageable", NULL, call_download_pageable, 0, MAY_SYNC, NULL, 0},
    {"ritz_copy", "", NULL, call_copy, WRITES_X, 0, NULL, 0},
    {"ritz_fill", "", NULL, call_fill, WRITES_X, 0, NULL, 0},
    {"ritz_random_fill", "", NULL, call_random_fill, WRITES_X, 0, NULL, 0},
    {"ritz_gemm", "", NULL, call_gemm, WRITES_X, 0, NULL, 0},
    {"ritz_gemm", "bfloat16", prepare_gemm_bfloat16, call_gemm_bfloat16, WRITES_C, 0, NULL, 1e-5},
    {"ritz_gemm", "batch", NULL, call_gemm_batch, WRITES_X, 0, NULL, 0},
    {"ritz_syrk", "", NULL, call_syrk, WRITES_C, 0, NULL, 0},
    {"ritz_trsm", "", NULL, call_trsm, WRITES_X, 0, NULL, 0},
    {"ritz_cholesky", "", NULL, call_cholesky, WRITES_S, 0, NULL, 0},
    {"ritz_cholesky_solve", "", prepare_factored, call_cholesky_solve, WRITES_X | WRITES_S, 0, NULL,
     0},
    {"ritz_spd_solve", "", NULL, call_spd_solve, WRITES_X, 0, NULL, 0},
    {"ritz_cholesky_inverse", "", prepare_factored, call_cholesky_inverse, WRITES_S | WRITES_C, 0,
     NULL, 0},
    {"ritz_cholesky_logdet", "", prepare_factored, call_cholesky_logdet, WRITES_S | WRITES_C, 0,
     NULL, 0},
    {"ritz_cholesky_condition", "", prepare_kept_and_factored, call_cholesky_condition,
     WRITES_S | WRITES_C | WRITES_X, 0, NULL, 0},
    {"ritz_cholesky_jittered", "", NULL, call_cholesky_jittered, WRITES_S | WRITES_C, MAY_SYNC,
     NULL, 0},
    {"ritz_cholesky_update", "", prepare_factored, call_cholesky_update, WRITES_S, 0, NULL, 0},
    {"ritz_cholesky_pivoted", "", prepare_pivots, call_cholesky_pivoted, WRITES_C, 0, NULL, 0},
    {"ritz_lu", "", prepare_pivots, call_lu, WRITES_S, MAY_BLOCK, NULL, 0},
    {"ritz_lu_solve", "", prepare_lu, call_lu_solve, WRITES_S | WRITES_C | WRITES_X, 0, NULL, 0},
    {"ritz_lu_inverse", "", prepare_lu, call_lu_inverse, WRITES_S | WRITES_C, 0, NULL, 0},
    {"ritz_lu_slogdet", "", prepare_lu, call_lu_slogdet, WRITES_S | WRITES_C, 0, NULL, 0},
    {"ritz_lu_condition", "", prepare_lu, call_lu_condition, WRITES_S | WRITES_C | WRITES_X, 0,
     NULL, 0},
    {"ritz_solve", "", NULL, call_solve, WRITES_X, MAY_BLOCK, NULL, 0},
    {"ritz_qr", "", NULL, call_qr, WRITES_X | WRITES_C, 0, NULL, 0},
    {"ritz_qr_factor", "", prepare_qr_factor, call_qr_factor, WRITES_X | WRITES_C, 0,
     finish_qr_factor, 0},
    {"ritz_qr_form", "", prepare_qr_form, call_qr_form, WRITES_X | WRITES_C, 0, finish_qr_form, 0},
    {"ritz_qr_apply", "", prepare_reflectors, call_qr_apply, WRITES_A | WRITES_X | WRITES_C, 0,
     finish_qr_apply, 0},
    {"ritz_svd", "U", NULL, call_svd, WRITES_X | WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_svd", "V", NULL, call_svd_vectors, WRITES_X | WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_eigh", "some values", NULL, call_eigh_some, WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_eigh", "all", NULL, call_eigh_all, WRITES_X | WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_linop_apply", "", NULL, call_linop_apply, WRITES_X, 0, NULL, 0},
    {"ritz_range_finder", "", NULL, call_range_finder, WRITES_X, 0, NULL, 0},
    {"ritz_svd_randomized", "", NULL, call_svd_randomized, WRITES_X | WRITES_C, 0, NULL, 0},
    {"ritz_spmat_create_coo", "", NULL, call_spmat_create_coo, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_spmat_set_values", "and multiply", prepare_sparse, call_spmat_set_values, WRITES_X, 0,
     NULL, 0},
    {"ritz_spmm", "", prepare_sparse, call_spmm, WRITES_X, 0, NULL, 0},
    {"ritz_spmm", "transposed", prepare_sparse, call_spmm_transposed, WRITES_C, 0, NULL, 0},
    {"ritz_spmat_col_means", "and sums", prepare_sparse, call_spmat_col_means, WRITES_C, 0, NULL,
     0},
    {"ritz_spmat_col_sumsq", "", prepare_sparse, call_spmat_col_sumsq, WRITES_C, 0, NULL, 0},
    {"ritz_range_finder", "sparse", prepare_sparse, call_range_finder_sparse, WRITES_X, 0, NULL, 0},
    {"ritz_pca_fit", "covariance", NULL, call_fit_covariance, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_fit", "randomized", NULL, call_fit_randomized, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_fit", "exact", NULL, call_fit_exact, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_fit", "dual", NULL, call_fit_dual, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_fit", "host matrix", NULL, call_fit_host, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_fit", "function", NULL, call_fit_function, 0, MAY_SYNC | MAY_ALLOCATE, NULL, 0},
    {"ritz_pca_transform", "", prepare_model, call_transform, WRITES_X, 0, NULL, 0},
    {"ritz_pca_inverse_transform", "", prepare_model, call_inverse_transform, WRITES_X, 0, NULL, 0},
    {"ritz_pca_transform_rows", "", prepare_model, call_transform_rows, 0, MAY_SYNC | MAY_ALLOCATE,
     NULL, 0},
    {"ritz_trmm", "", NULL, call_trmm, WRITES_X, 0, NULL, 0},
    {"ritz_gemm_grouped", "", NULL, call_gemm_grouped, WRITES_X, FOLLOWS_ADDRESSES, NULL, 0},
    {"ritz_gemm_bias", "", NULL, call_gemm_bias, WRITES_X, 0, NULL, 0},
    {"ritz_eigh", "a range of values", NULL, call_eigh_range, WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_norm", "by sums", NULL, call_norm_sums, WRITES_C, 0, NULL, 0},
    {"ritz_norm", "by values", NULL, call_norm_values, WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_rank", "", prepare_rank, call_rank, WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_cond", "", NULL, call_cond, WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_pinv", "", NULL, call_pinv, WRITES_X, MAY_BLOCK, NULL, 0},
    {"ritz_truncate", "", NULL, call_truncate, WRITES_X | WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_det", "", NULL, call_det, WRITES_X | WRITES_C, MAY_BLOCK, NULL, 0},
    {"ritz_lstsq", "normal", NULL, call_lstsq_normal, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_lstsq", "qr", NULL, call_lstsq_qr, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_lstsq", "minnorm", NULL, call_lstsq_minnorm, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_lstsq", "tsqr", NULL, call_lstsq_tsqr, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_lstsq", "batch", NULL, call_lstsq_batch, WRITES_X, 0, NULL, 0},
    {"ritz_lstsq_operator", "LSMR", NULL, call_lstsq_operator, WRITES_X, MAY_SYNC, NULL, 0},
    {"ritz_linear_predict", "", NULL, call_linear_predict, WRITES_X, 0, NULL, 0},
};
const size_t operation_count = COUNT(operations);
