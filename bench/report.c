/* The results as a table and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "lstsq.h"

/* ---- rates ----------------------------------------------------------------------------------- */

double bench_rate(const struct bench_result *r, double seconds)
{
    const double items = (double)r->shape.batch;
    const double work = r->op->flops
                            ? r->op->flops(r->shape)
                            : r->op->elements(r->shape) * (double)ritz_dtype_size(r->dtype);
    return seconds > 0 ? work * items / seconds : 0;
}

double bench_fraction(const struct bench_run *run, const struct bench_result *r, double seconds)
{
    const double peak = !r->op->flops          ? run->limits.triad
                        : r->dtype == RITZ_F32 ? run->limits.gemm_f32
                                               : run->limits.gemm_f64;
    return peak > 0 ? bench_rate(r, seconds) / peak : 0;
}

/* ---- table ----------------------------------------------------------------------------------- */

void bench_print_head(FILE *f, const struct bench_run *run)
{
    (void)fprintf(f, "Ritz %s on %s\n%s\n%d thread%s, %s stream\n", RITZ_VERSION_STRING,
                  run->device.name, run->device.library, run->threads, run->threads == 1 ? "" : "s",
                  run->stream);
    if (run->load[0] > 0.5)
        (void)fprintf(f, "Other programs are running (load %.1f): trust ratios, not times\n",
                      run->load[0]);
    (void)fprintf(f, "This machine: GEMM float32 %.1f GFLOP/s, float64 %.1f; triad %.1f GB/s\n\n",
                  1e-9 * run->limits.gemm_f32, 1e-9 * run->limits.gemm_f64,
                  1e-9 * run->limits.triad);
}

void bench_print_columns(FILE *f)
{
    (void)fprintf(f, "%-40s %10s %7s %8s %6s %10s %7s %15s %-8s %10s %7s\n", "case", "median ms",
                  "spread", "GF|GB/s", "peak", "peer ms", "ratio", "quartiles", "other", "ms",
                  "ratio");
}

static int has_time(const struct bench_other_result *o)
{
    return o->error <= 1 && o->timing.ratio.samples > 0;
}

/* The fastest beside Ritz of the further peers; NULL if there is none. */
static const struct bench_other_result *best_other(const struct bench_result *r)
{
    const struct bench_other_result *best = NULL;
    for (int i = 0; i < r->other_count; i++) {
        const struct bench_other_result *o = &r->others[i];
        if (has_time(o) && (!best || o->timing.ratio.median < best->timing.ratio.median)) best = o;
    }
    return best;
}

void bench_print_result(FILE *f, const struct bench_run *run, const struct bench_result *r)
{
    if (!r->ok) {
        (void)fprintf(f, "%-40s FAILED: %s\n", r->name, r->message);
        return;
    }
    const struct bench_timing *t = &r->timing;
    (void)fprintf(f, "%-40s %10.4f %6.1f%% %8.1f %5.0f%%", r->name, 1e3 * t->ritz.median,
                  100 * bench_spread(t->ritz), 1e-9 * bench_rate(r, t->ritz.median),
                  100 * bench_fraction(run, r, t->ritz.median));
    if (t->peer.samples)
        (void)fprintf(f, " %10.4f %7.3f %7.3f %7.3f", 1e3 * t->peer.median, t->ratio.median,
                      t->ratio.q1, t->ratio.q3);
    const struct bench_other_result *other = best_other(r);
    if (other)
        (void)fprintf(f, " %-8s %10.4f %7.3f", other->other->name, 1e3 * other->timing.peer.median,
                      other->timing.ratio.median);
    (void)fprintf(f, "\n");
}

void bench_print_overhead(FILE *f, const struct bench_overhead *o)
{
    (void)fprintf(f, "%-40s %10.3f us", o->name, 1e6 * o->stats.median);
    if (o->limit > 0)
        (void)fprintf(f, " (goal: below %.1f us%s)", 1e6 * o->limit,
                      o->stats.median < o->limit ? "" : "; MISSED");
    (void)fprintf(f, "  %s\n", o->what);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void bench_write_string(FILE *f, const char *s)
{
    (void)fputc('"', f);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            (void)fprintf(f, "\\%c", c);
        else if (c < 0x20)
            (void)fprintf(f, "\\u%04x", c);
        else
            (void)fputc(c, f);
    }
    (void)fputc('"', f);
}

/* JSON has no infinity. */
void bench_write_number(FILE *f, double x)
{
    if (isfinite(x))
        (void)fprintf(f, "%.9g", x);
    else
        (void)fprintf(f, "null");
}

void bench_write_stats(FILE *f, struct bench_stats s)
{
    (void)fprintf(f, "{\"samples\": %d, \"median\": ", s.samples);
    bench_write_number(f, s.median);
    (void)fprintf(f, ", \"q1\": ");
    bench_write_number(f, s.q1);
    (void)fprintf(f, ", \"q3\": ");
    bench_write_number(f, s.q3);
    (void)fprintf(f, ", \"spread\": ");
    bench_write_number(f, bench_spread(s));
    (void)fprintf(f, "}");
}

static void write_side(FILE *f, const struct bench_run *run, const struct bench_result *r,
                       struct bench_stats seconds, double error)
{
    (void)fprintf(f, "{\"seconds\": ");
    bench_write_stats(f, seconds);
    (void)fprintf(f, ", \"%s\": ", r->op->flops ? "flops" : "bytes_per_second");
    bench_write_number(f, bench_rate(r, seconds.median));
    (void)fprintf(f, ", \"fraction_of_peak\": ");
    bench_write_number(f, bench_fraction(run, r, seconds.median));
    (void)fprintf(f, ", \"error\": ");
    bench_write_number(f, error);
}

/* Further peers without a time have null in place of figures. */
static void write_others(FILE *f, const struct bench_run *run, const struct bench_result *r)
{
    (void)fprintf(f, ",\n     \"others\": [");
    for (int i = 0; i < r->other_count; i++) {
        const struct bench_other_result *o = &r->others[i];
        (void)fprintf(f, "%s{\"name\": ", i ? ", " : "");
        bench_write_string(f, o->other->name);
        (void)fprintf(f, ", \"peer\": ");
        if (has_time(o)) {
            write_side(f, run, r, o->timing.peer, o->error);
            (void)fprintf(f, "}, \"ratio\": ");
            bench_write_stats(f, o->timing.ratio);
        } else {
            (void)fprintf(f, "null, \"ratio\": null");
        }
        (void)fprintf(f, "}");
    }
    (void)fprintf(f, "]");
}

static void write_result(FILE *f, const struct bench_run *run, const struct bench_result *r)
{
    (void)fprintf(f, "    {\"name\": ");
    bench_write_string(f, r->name);
    (void)fprintf(f, ", \"operation\": ");
    bench_write_string(f, r->op->name);
    (void)fprintf(f, ", \"dtype\": ");
    bench_write_string(f, ritz_dtype_name(r->dtype));
    (void)fprintf(f,
                  ", \"shape\": {\"m\": %lld, \"n\": %lld, \"k\": %lld}, \"batch\": %lld"
                  ", \"ok\": %s, \"message\": ",
                  (long long)r->shape.m, (long long)r->shape.n, (long long)r->shape.k,
                  (long long)r->shape.batch, r->ok ? "true" : "false");
    bench_write_string(f, r->message);
    (void)fprintf(f, ",\n     \"ritz\": ");
    if (r->ok) {
        write_side(f, run, r, r->timing.ritz, r->error);
        (void)fprintf(f, "}");
    } else {
        (void)fprintf(f, "null");
    }
    (void)fprintf(f, ",\n     \"peer\": ");
    if (r->ok && r->timing.peer.samples) {
        write_side(f, run, r, r->timing.peer, r->peer_error);
        (void)fprintf(f, ", \"name\": ");
        bench_write_string(f, r->op->peer);
        (void)fprintf(f, "},\n     \"ratio\": ");
        bench_write_stats(f, r->timing.ratio);
    } else {
        (void)fprintf(f, "null,\n     \"ratio\": null");
    }
    write_others(f, run, r);
    (void)fprintf(f, "}");
}

static void write_overhead(FILE *f, const struct bench_overhead *o)
{
    (void)fprintf(f, "    {\"name\": ");
    bench_write_string(f, o->name);
    (void)fprintf(f, ", \"what\": ");
    bench_write_string(f, o->what);
    (void)fprintf(f, ", \"seconds\": ");
    bench_write_stats(f, o->stats);
    (void)fprintf(f, ", \"goal_seconds\": ");
    bench_write_number(f, o->limit > 0 ? o->limit : (double)INFINITY);
    (void)fprintf(f, "}");
}

static void write_run(FILE *f, const struct bench_run *run)
{
    (void)fprintf(f, "{\n  \"format\": 2,\n  \"ritz\": ");
    bench_write_string(f, RITZ_VERSION_STRING);
    (void)fprintf(f, ",\n  \"device\": {\"kind\": \"%s\", \"name\": ",
                  run->device.kind == RITZ_DEVICE_CPU ? "cpu" : "cuda");
    bench_write_string(f, run->device.name);
    (void)fprintf(f, ", \"library\": ");
    bench_write_string(f, run->device.library);
    (void)fprintf(f, ", \"memory_bytes\": %lld},\n", (long long)run->device.memory_bytes);
    (void)fprintf(f, "  \"threads\": %d,\n  \"stream\": \"%s\",\n  \"quick\": %s,\n", run->threads,
                  run->stream, run->quick ? "true" : "false");
    (void)fprintf(f, "  \"load\": {\"before\": %.2f, \"after\": %.2f},\n", run->load[0],
                  run->load[1]);
    (void)fprintf(f, "  \"machine\": {\"gemm_flops\": {\"float32\": ");
    bench_write_number(f, run->limits.gemm_f32);
    (void)fprintf(f, ", \"float64\": ");
    bench_write_number(f, run->limits.gemm_f64);
    (void)fprintf(f, "}, \"triad_bytes_per_second\": ");
    bench_write_number(f, run->limits.triad);
    (void)fprintf(f, "},\n  \"cases\": [");
    for (int i = 0; i < run->result_count; i++) {
        (void)fprintf(f, "%s\n", i ? "," : "");
        write_result(f, run, &run->results[i]);
    }
    (void)fprintf(f, "\n  ],\n  \"lstsq\": [");
    for (int i = 0; i < run->lstsq_count; i++) {
        (void)fprintf(f, "%s\n", i ? "," : "");
        lstsq_write_json(f, &run->lstsq[i]);
    }
    (void)fprintf(f, "\n  ],\n  \"overheads\": [");
    for (int i = 0; i < run->overhead_count; i++) {
        (void)fprintf(f, "%s\n", i ? "," : "");
        write_overhead(f, &run->overheads[i]);
    }
    (void)fprintf(f, "\n  ],\n  \"failed\": %d\n}\n", run->failed);
}

int bench_write_json(const char *path, const struct bench_run *run)
{
    const int standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdout : fopen(path, "w");
    if (!f) return -1;
    write_run(f, run);
    const int bad = fflush(f) || ferror(f);
    if (standard) return bad ? -1 : 0;
    return fclose(f) || bad ? -1 : 0;
}
