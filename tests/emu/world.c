/* The data of a case and its outcome.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must_succeed(ritz_status status, const char *call, const char *file, int line)
{
    if (status == RITZ_OK) return;
    printf("%s:%d: %s: %s: %s\n", file, line, call, ritz_status_name(status), ritz_last_error());
    exit(1);
}

size_t starting_point(int *argc, char ***argv)
{
    static const char option[] = "--from=";
    if (*argc < 2 || strncmp((*argv)[1], option, strlen(option)) != 0) return 0;
    const size_t from = strtoul((*argv)[1] + strlen(option), NULL, 10);
    (*argc)--;
    (*argv)++;
    return from;
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
size_t size_of(const struct world *w, int i)
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

void change_data(struct world *w, uint64_t seed)
{
    uint64_t state = 12344 + seed;
    for (int i = 0; i < MATRICES; i++) {
        for (size_t e = 0; e < size_of(w, i); e++) w->initial[i][e] = pseudorandom(&state);
    }
    double *spd = w->initial[MATRIX_S];
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t j = 0; j <= i; j++)
            spd[j * w->n + i] = spd[i * w->n + j] += i == j ? (double)(w->n + i) : 0;
}

void open_world(struct world *w, const char *device, int64_t m, int64_t n)
{
    memset(w, 0, sizeof *w);
    w->m = m;
    w->n = n;
    w->k = 4;
    for (int i = 0; i < MATRICES; i++) w->initial[i] = numbers(size_of(w, i));
    w->pageable = numbers(size_of(w, MATRIX_A));
    change_data(w, 1);
    must(ritz_device_open(device, &w->dev));
    must(ritz_stream_create(w->dev, &w->s));
    must(ritz_stream_create(w->dev, &w->service));
    for (int i = 0; i < MATRICES; i++)
        must(ritz_dmat_create(w->service, RITZ_F64, kinds[i].layout, rows_of(w, i), n, &w->mat[i]));
    must(ritz_hmat_create_pinned(w->dev, RITZ_F64, RITZ_ROW_MAJOR, m, n, &w->pinned));
}

ritz_hmat on_host(const struct world *w, int i, double *values)
{
    return ritz_hmat_wrap(values, RITZ_F64, rows_of(w, i), w->n, RITZ_ROW_MAJOR);
}

void reset_host(struct world *w)
{
    memset(w->pageable, 0, size_of(w, MATRIX_A) * sizeof(double));
    memset(w->pinned.data, 0, size_of(w, MATRIX_A) * sizeof(double));
    w->sketch_report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    w->pca_report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    w->next_row = 0;
}

void load_world(struct world *w, const struct operation *op)
{
    for (int i = 0; i < MATRICES; i++)
        must(ritz_upload(w->service, on_host(w, i, w->initial[i]), w->mat[i]));
    reset_host(w);
    if (op->prepare) must(op->prepare(w));
    must(ritz_stream_sync(w->service));
}

void destroy_made(struct world *w)
{
    must(ritz_pca_destroy(w->service, &w->pca));
    must(ritz_pca_stats_destroy(w->service, &w->pca_stats));
    must(ritz_spmat_destroy(w->service, &w->sparse));
    must(ritz_lstsq_stats_destroy(w->service, &w->stats));
    must(ritz_lstsq_stats_destroy(w->service, &w->more_stats));
    must(ritz_ridge_destroy(w->service, &w->ridge));
    must(ritz_single_pass_destroy(w->service, &w->single_pass));
    must(ritz_dmat_destroy(w->service, &w->made));
    must(ritz_hmat_destroy(&w->made_host));
    must(ritz_event_destroy(&w->event));
}

void drop_made(struct world *w)
{
    destroy_made(w);
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

void piece_sizes(const struct world *w, size_t *sizes)
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
    double *now = numbers(size_of(w, (int)which));
    must(ritz_download(w->service, w->mat[which], on_host(w, (int)which, now)));
    must(ritz_stream_sync(w->service));
    const bool same = memcmp(now, w->initial[which], size_of(w, (int)which) * sizeof *now) == 0;
    free(now);
    return same;
}
