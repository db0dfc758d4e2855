/* The table of error figures: how an approximation's own figure stands to its true error, over many
 * draws of its sketch, on spectra that are hard.
 *
 * A bound has to be above the error as often as it says; an identity has to be the error up to
 * rounding; an estimate has to be near it, on either side. The last column tells how good the
 * approximation is: its error over the least that is possible with its rank.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "estimates.h"

/* One row of the table. */
struct row {
    ritz_error_kind kind;
    double probability;
    double *ratio, *quality; /* figure / truth; truth / best */
    int above;               /* trials with truth > figure */
};

static const char *kind_name(ritz_error_kind kind)
{
    switch (kind) {
    case RITZ_ERROR_EXACT: return "identity";
    case RITZ_ERROR_ESTIMATE: return "estimate";
    case RITZ_ERROR_BOUND: return "bound";
    case RITZ_ERROR_NONE: break;
    }
    return "none";
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int count, double fraction)
{
    return sorted[(int)(fraction * (count - 1) + 0.5)];
}

/* Whether the figure is what it says that it is. A share of failures that chance gives once in a
 * thousand tables is allowed: three standard deviations, and one more. */
static int holds(const struct row *r, int trials)
{
    const double low = quantile(r->ratio, trials, 0.01), high = quantile(r->ratio, trials, 0.99);
    const double expected = trials * (1 - r->probability);
    switch (r->kind) {
    case RITZ_ERROR_BOUND: return r->above <= expected + 3 * sqrt(expected) + (expected > 0);
    case RITZ_ERROR_EXACT: return low > 0.98 && high < 1.02;
    case RITZ_ERROR_ESTIMATE: {
        const double middle = quantile(r->ratio, trials, 0.5);
        return middle > 0.7 && middle < 1.4 && low > 0.2 && high < 3;
    }
    case RITZ_ERROR_NONE: break;
    }
    return 0;
}

static int take_trials(ritz_stream *s, const struct estimates_method *method,
                       const struct estimates_matrix *M, ritz_dmat A, int trials, struct row *r)
{
    const double best = estimates_best(M, ESTIMATES_RANK, method->spectral);
    r->above = 0;
    for (int i = 0; i < trials; i++) {
        struct estimates_trial t;
        if (method->run(s, M, A, (uint64_t)i, &t)) return -1;
        /* Where rounding decides whether a figure is an identity or a bound, the weaker counts. */
        if (i == 0 || t.kind == RITZ_ERROR_BOUND) {
            r->kind = t.kind;
            r->probability = t.probability;
        }
        r->ratio[i] = t.figure / t.truth;
        r->quality[i] = t.truth / best;
        r->above += !(t.truth <= t.figure);
    }
    qsort(r->ratio, (size_t)trials, sizeof *r->ratio, ascending);
    qsort(r->quality, (size_t)trials, sizeof *r->quality, ascending);
    return 0;
}

static void print(FILE *f, const char *method, const char *spectrum, ritz_dtype dtype,
                  const struct row *r, int trials, int good)
{
    char claim[16] = "";
    if (r->kind == RITZ_ERROR_BOUND) (void)snprintf(claim, sizeof claim, "%.4g", r->probability);
    (void)fprintf(f, "%-24s %-16s %s %-8s %6s %5.3f %5.3g %5.3g %5.3g %5.3g %5.3g%s\n", method,
                  spectrum, dtype == RITZ_F32 ? "f32" : "f64", kind_name(r->kind), claim,
                  1 - (double)r->above / trials, quantile(r->ratio, trials, 0.01),
                  quantile(r->ratio, trials, 0.5), quantile(r->ratio, trials, 0.99),
                  quantile(r->quality, trials, 0.5), quantile(r->quality, trials, 0.99),
                  good ? "" : "  DOES NOT HOLD");
}

static int one_row(FILE *f, ritz_stream *s, const struct estimates_method *method, int spectrum,
                   ritz_dtype dtype, int trials, struct row *r)
{
    struct estimates_matrix M = {.A = NULL};
    ritz_dmat A = RITZ_NO_MAT;
    int failed = estimates_matrix_open(&M, spectrum, method->symmetric, dtype);
    failed = failed || ritz_dmat_create(s, dtype, RITZ_COL_MAJOR, M.m, M.n, &A) ||
             ritz_upload(s, ritz_hmat_wrap(M.A, RITZ_F64, M.m, M.n, RITZ_COL_MAJOR), A) ||
             take_trials(s, method, &M, A, trials, r);
    const int good = !failed && holds(r, trials);
    if (failed)
        (void)fprintf(stderr, "ritz-bench: %s: %s\n", method->name, ritz_last_error());
    else
        print(f, method->name, estimates_spectrum_name(spectrum), dtype, r, trials, good);
    (void)ritz_dmat_destroy(s, &A);
    estimates_matrix_close(&M);
    return failed ? -1 : !good;
}

int estimates_run(FILE *f, ritz_stream *s, int trials)
{
    struct row r = {.ratio = calloc((size_t)trials, sizeof(double)),
                    .quality = calloc((size_t)trials, sizeof(double))};
    int wrong = r.ratio && r.quality ? 0 : -1;
    (void)fprintf(
        f,
        "\n%d trials, %d x %d (symmetric: %d x %d), rank %d. Figure over true error: its 1st, "
        "50th and 99th\npercentile. Error over the least: its 50th and 99th.\n\n"
        "%-24s %-16s     %-8s %6s %5s %5s %5s %5s %5s %5s\n",
        trials, ESTIMATES_ROWS, ESTIMATES_COLS, ESTIMATES_COLS, ESTIMATES_COLS, ESTIMATES_RANK,
        "approximation", "singular values", "figure", "claim", "held", "1 %", "50 %", "99 %",
        "50 %", "99 %");
    for (int i = 0; i < estimates_method_count() && wrong >= 0; i++)
        for (int j = 0; j < 2 * ESTIMATES_SPECTRA && wrong >= 0; j++) {
            const int failed = one_row(f, s, estimates_method_at(i), j / 2,
                                       j % 2 ? RITZ_F32 : RITZ_F64, trials, &r);
            wrong = failed < 0 ? -1 : wrong + failed;
        }
    free(r.ratio);
    free(r.quality);
    return wrong;
}
