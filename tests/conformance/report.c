/* Cases, comparisons and what the log says about them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/harness.h"

enum { NAME_BYTES = 512, MAX_METRICS = 96, MAX_PRINTED = 25 };

struct metric {
    char name[48];
    int64_t comparisons;
    bool bound;          /* of mathematics: it may be nearly reached */
    double worst, limit; /* of the comparison with the largest ratio / limit */
    char where[NAME_BYTES];
};

static struct {
    const char *group, *filter;
    int64_t only_case;
    bool list;
    int64_t number, cases, comparisons, failures;
    bool case_failed;
    char name[NAME_BYTES];
    struct metric metric[MAX_METRICS];
    int metrics;
} report;

enum { SAMPLED = 8 }; /* one of so many cases */

static bool level_is(const char *name)
{
    const char *level = getenv("RITZ_TEST_LEVEL");
    return level && strcmp(level, name) == 0;
}

bool full_level(void)
{
    return !level_is("quick") && !level_is("sample");
}

const char *own_file(const char *name)
{
    static struct {
        const char *name;
        char path[80];
    } known[16];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].name == NULL) {
            known[i].name = name;
            (void)snprintf(known[i].path, sizeof known[i].path, "conformance-%ld-%s",
                           (long)getpid(), name);
        }
        if (strcmp(known[i].name, name) == 0) return known[i].path;
    }
    abort();
}

double eps_of(ritz_dtype dtype)
{
    return dtype == RITZ_F64 ? DBL_EPSILON : FLT_EPSILON;
}

/* ---- shapes ---- */

static const struct shape shapes[] = {
#define CASE(operation, m, n, k, batch, use) {#operation, m, n, k, batch, use},
#include "cases.def"
    {NULL, 0, 0, 0, 0, 0},
};

const struct shape *next_shape(const char *operation, const struct shape *last)
{
    const int wanted = full_level() ? CASE_QUICK | CASE_FULL : CASE_QUICK;
    for (const struct shape *s = last ? last + 1 : shapes; s->operation; s++)
        if (strcmp(s->operation, operation) == 0 && (s->use & wanted)) return s;
    return NULL;
}

/* ---- cases ---- */

void report_begin(const char *group, const char *filter, int64_t only_case, bool list)
{
    memset(&report, 0, sizeof report);
    report.group = group;
    report.filter = filter;
    report.only_case = only_case;
    report.list = list;
    restart_forms();
}

bool begin_case(const struct place *p, const char *format, ...)
{
    char text[NAME_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(report.name, sizeof report.name, "%s: %.*s", p->name, (int)(NAME_BYTES - 40), text);
    report.number++;
    report.case_failed = false;
    if (level_is("sample") && !report.only_case && report.number % SAMPLED != 1) return false;
    if (report.only_case && report.number != report.only_case) return false;
    if (report.filter && !strstr(report.name, report.filter)) return false;
    if (report.list) {
        printf("%s %lld: %s\n", report.group, (long long)report.number, report.name);
        return false;
    }
    report.cases++;
    return true;
}

void fail_case(const char *format, ...)
{
    char text[2 * NAME_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!report.case_failed) report.failures++;
    if (report.failures <= MAX_PRINTED)
        printf("FAIL %s --case %lld: %s\n     %s\n", report.group, (long long)report.number,
               report.name, text);
    report.case_failed = true;
}

/* ---- comparisons ---- */

bool expect(bool holds, const char *format, ...)
{
    report.comparisons++;
    if (holds) return true;
    char text[2 * NAME_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail_case("%s", text);
    return false;
}

static struct metric *metric_of(const char *name, ritz_dtype dtype)
{
    char full[sizeof report.metric[0].name];
    snprintf(full, sizeof full, "%.36s %s", name, dtype == RITZ_F64 ? "f64" : "f32");
    for (int i = 0; i < report.metrics; i++)
        if (strcmp(report.metric[i].name, full) == 0) return &report.metric[i];
    if (report.metrics == MAX_METRICS) {
        fprintf(stderr, "conformance: more than %d metrics\n", MAX_METRICS);
        exit(1);
    }
    struct metric *metric = &report.metric[report.metrics++];
    memcpy(metric->name, full, sizeof full);
    metric->worst = -1;
    return metric;
}

bool expect_bound(const char *name, ritz_dtype dtype, double value, double bound)
{
    metric_of(name, dtype)->bound = true;
    return expect_ratio(name, dtype, value == 0 ? 0 : value / bound, 1);
}

bool expect_ratio(const char *name, ritz_dtype dtype, double ratio, double limit)
{
    struct metric *metric = metric_of(name, dtype);
    const bool holds = ratio <= limit;
    report.comparisons++;
    metric->comparisons++;
    if (isnan(ratio)) ratio = (double)INFINITY;
    if (metric->worst < 0 || ratio * metric->limit > metric->worst * limit) {
        metric->worst = ratio;
        metric->limit = limit;
        memcpy(metric->where, report.name, sizeof metric->where);
    }
    if (!holds) fail_case("%s is %.3g, the limit is %.3g", name, ratio, limit);
    return holds;
}

bool expect_ok(ritz_status status)
{
    return expect(status == RITZ_OK, "%s: %s", ritz_status_name(status), ritz_last_error());
}

bool expect_error(ritz_status status, ritz_status code, const char *words)
{
    const char *message = ritz_last_error();
    if (!expect(status == code, "the status is %s (\"%s\"), not %s", ritz_status_name(status),
                status == RITZ_OK ? "" : message, ritz_status_name(code)))
        return false;
    bool all = true;
    for (const char *w = words ? words : ""; *w;) {
        char word[128];
        const size_t length = strcspn(w, "|");
        snprintf(word, sizeof word, "%.*s", (int)length, w);
        all = expect(strstr(message, word), "the message \"%s\" does not say \"%s\"", message,
                     word) &&
              all;
        w += length + (w[length] == '|');
    }
    return all;
}

/* ---- the log ---- */

bool report_end(void)
{
    if (report.list) return true;
    if (report.metrics > 0)
        printf("  %-40s %10s %10s %8s\n", "largest ratio of", "compared", "ratio", "limit");
    for (int i = 0; i < report.metrics; i++) {
        const struct metric *m = &report.metric[i];
        const bool near = !m->bound && m->worst > m->limit / 3;
        printf("  %-40s %10lld %10.3g %8.3g%s\n", m->name, (long long)m->comparisons, m->worst,
               m->limit, near ? "  WARNING: above a third of the limit" : "");
        if (near) printf("      at %s\n", m->where);
    }
    if (report.failures > MAX_PRINTED)
        printf("  ... and %lld more failures\n", (long long)(report.failures - MAX_PRINTED));
    if (report.comparisons == 0) printf("  FAIL: nothing was compared\n");
    printf("%s: %lld cases, %lld comparisons, %lld failed\n", report.group, (long long)report.cases,
           (long long)report.comparisons, (long long)report.failures);
    return report.failures == 0 && report.comparisons > 0;
}
