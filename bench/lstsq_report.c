/* The results of least squares as a table and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "lstsq.h"

static void print_error(FILE *f, double error)
{
    if (isnan(error))
        (void)fprintf(f, " %10s", "");
    else
        (void)fprintf(f, " %10.1e", error);
}

static void print_entry(FILE *f, const struct lstsq_entry *e)
{
    if (!e->timed) {
        (void)fprintf(f, "%-24s %s\n", e->who->name, e->note);
        return;
    }
    (void)fprintf(f, "%-24s %10.3f %6.1f%% %8.2f %7.2f %7.2f", e->who->name,
                  1e3 * e->seconds.median, 100 * bench_spread(e->seconds), e->ratio.median,
                  e->ratio.q1, e->ratio.q3);
    print_error(f, e->errors.backward);
    print_error(f, e->errors.forward);
    (void)fprintf(f, "%s%s\n", e->note[0] ? "  " : "", e->note);
}

void lstsq_print(FILE *f, const struct lstsq_result *r)
{
    char reference[32];
    (void)snprintf(reference, sizeof reference, "x %s", lstsq_reference(&r->c));
    if (r->entry_count == 0) {
        (void)fprintf(f, "\n%s FAILED: %s\n", r->name, r->message);
        return;
    }
    (void)fprintf(f, "\n%-24s %10s %7s %8s %15s %10s %10s\n", r->name, "median ms", "spread",
                  reference, "quartiles", "backward", "forward");
    for (int i = 0; i < r->entry_count; i++) print_entry(f, &r->entries[i]);
}

static void write_entry(FILE *f, const struct lstsq_entry *e)
{
    (void)fprintf(f, "\n      {\"name\": \"%s\", \"ritz\": %s, \"note\": ", e->who->name,
                  e->who->side == BENCH_RITZ ? "true" : "false");
    bench_write_string(f, e->note);
    (void)fprintf(f, ", \"seconds\": ");
    if (e->timed) {
        bench_write_stats(f, e->seconds);
        (void)fprintf(f, ", \"ratio\": ");
        bench_write_stats(f, e->ratio);
    } else {
        (void)fprintf(f, "null, \"ratio\": null");
    }
    (void)fprintf(f, ", \"backward_error\": ");
    bench_write_number(f, e->errors.backward);
    (void)fprintf(f, ", \"forward_error\": ");
    bench_write_number(f, e->errors.forward);
    (void)fprintf(f, "}");
}

void lstsq_write_json(FILE *f, const struct lstsq_result *r)
{
    (void)fprintf(f, "    {\"name\": \"%s\", \"dtype\": \"%s\", \"m\": %lld, \"n\": %lld", r->name,
                  ritz_dtype_name(r->c.dtype), (long long)r->c.m, (long long)r->c.n);
    (void)fprintf(f, ", \"rank\": %lld, \"condition\": ", (long long)r->c.rank);
    bench_write_number(f, r->c.condition);
    (void)fprintf(f, ", \"penalties\": %lld, \"ok\": %s, \"message\": ", (long long)r->c.penalties,
                  r->ok ? "true" : "false");
    bench_write_string(f, r->message);
    (void)fprintf(f, ",\n     \"reference\": \"%s\", \"contenders\": [", lstsq_reference(&r->c));
    for (int i = 0; i < r->entry_count; i++) {
        (void)fprintf(f, "%s", i ? "," : "");
        write_entry(f, &r->entries[i]);
    }
    (void)fprintf(f, "\n     ]}");
}
