/* ritz-bench: times Ritz beside the libraries that it is built on, called directly. See README.md.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "estimates.h"
#include "lstsq.h"

/* ---- the cases ------------------------------------------------------------------------------- */

/* The uses of a case, as tests/cases.def names them. */
enum { CASE_QUICK = 1, CASE_FULL = 2, CASE_BENCH = 4, CASE_SMALL = 8 };

/* In the shared table the quick cases are the corners of the tests, too small to be timed. */
enum table { SHARED, OWN };

static const struct {
    enum table table;
    int use;
    const struct bench_operation *op;
    struct bench_shape shape;
} cases[] = {
#define CASE(operation, m, n, k, batch, use) {SHARED, use, &bench_##operation, {m, n, k, batch}},
#include "tests/cases.def"
#define CASE(operation, m, n, k, batch, use) {OWN, use, &bench_##operation, {m, n, k, batch}},
#include "bench/cases.def"
};

enum { CASES = sizeof cases / sizeof *cases };

static const ritz_dtype dtypes[] = {RITZ_F32, RITZ_F64};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static void case_name(int index, ritz_dtype dtype, char name[64])
{
    const struct bench_shape s = cases[index].shape;
    (void)snprintf(name, 64, "%s/%s/%lldx%lldx%lld/b%lld", cases[index].op->name,
                   dtype == RITZ_F32 ? "f32" : "f64", (long long)s.m, (long long)s.n,
                   (long long)s.k, (long long)s.batch);
}

/* ---- options --------------------------------------------------------------------------------- */

struct options {
    const char *device, *json;
    char *const *filters;
    int filter_count, threads, quick, small, lstsq, estimates, worker, list;
    double seconds;
};

static const char usage[] =
    "Usage: ritz-bench [OPTION]... [FILTER]...\n"
    "Time Ritz's operations beside direct calls to the libraries it is built on.\n"
    "With FILTERs, only the cases whose name contains one of them.\n\n"
    "  -d, --device=NAME     device: auto (default), cpu, cuda, cuda:N\n"
    "  -t, --threads=N       threads of Ritz and of its peers\n"
    "  -w, --worker          use a stream with a worker thread instead of an inline one\n"
    "  -q, --quick           small cases and little time: a look, not a measurement\n"
    "  -b, --small           batches of small matrices instead of the usual cases\n"
    "  -r, --lstsq           least squares and ridge regression instead of the usual cases\n"
    "  -e, --estimates       no times: how well the error figures of low-rank approximations "
    "hold,\n"
    "                        over 1000 draws of each (--quick: 50)\n"
    "  -s, --seconds=S       time limit of a case (default 6; 0.2 with --quick)\n"
    "  -j, --json=FILE       also write the results as JSON; - for standard output, without the "
    "table\n"
    "  -l, --list            print the names of the cases and stop\n"
    "  -h, --help            print this text and stop\n\n"
    "Exit status: 0 done; 1 a result was wrong or something failed; 2 wrong usage.\n\n"
    "Examples:\n"
    "  ritz-bench --threads=1 gemm/f64\n"
    "  ritz-bench --quick --json=bench.json\n"
    "  ritz-bench overhead\n";

static int parse_count(const char *text, int *value)
{
    char *end;
    errno = 0;
    const long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > 4096) return -1;
    *value = (int)number;
    return 0;
}

static int parse_seconds(const char *text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return errno || end == text || *end || !(*value > 0 && *value < 1e6) ? -1 : 0;
}

static int usage_error(const char *what, const char *text)
{
    (void)fprintf(stderr, "ritz-bench: %s '%s'; see ritz-bench --help\n", what, text);
    return 2;
}

/* 0: go on; else the exit status plus one. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"device", required_argument, NULL, 'd'}, {"threads", required_argument, NULL, 't'},
        {"worker", no_argument, NULL, 'w'},       {"quick", no_argument, NULL, 'q'},
        {"small", no_argument, NULL, 'b'},        {"lstsq", no_argument, NULL, 'r'},
        {"estimates", no_argument, NULL, 'e'},    {"seconds", required_argument, NULL, 's'},
        {"json", required_argument, NULL, 'j'},   {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int c;
    *o = (struct options){.device = "auto"};
    while ((c = getopt_long(argc, argv, "d:t:wqbres:j:lh", list, NULL)) != -1) {
        switch (c) {
        case 'd': o->device = optarg; break;
        case 'j': o->json = optarg; break;
        case 'w': o->worker = 1; break;
        case 'q': o->quick = 1; break;
        case 'b': o->small = 1; break;
        case 'r': o->lstsq = 1; break;
        case 'e': o->estimates = 1; break;
        case 'l': o->list = 1; break;
        case 't':
            if (parse_count(optarg, &o->threads)) return 1 + usage_error("bad --threads", optarg);
            break;
        case 's':
            if (parse_seconds(optarg, &o->seconds)) return 1 + usage_error("bad --seconds", optarg);
            break;
        case 'h': (void)fputs(usage, stdout); return 1;
        default: (void)fputs("See ritz-bench --help.\n", stderr); return 3;
        }
    }
    o->filters = argv + optind;
    o->filter_count = argc - optind;
    if (o->estimates && (o->json || o->list || o->filter_count))
        return 1 + usage_error("--estimates is one table, without choices such as",
                               o->json   ? "--json"
                               : o->list ? "--list"
                                         : o->filters[0]);
    return 0;
}

static int wanted(const struct options *o, const char *name)
{
    for (int i = 0; i < o->filter_count; i++)
        if (strstr(name, o->filters[i])) return 1;
    return o->filter_count == 0;
}

static int case_wanted(const struct options *o, int index, const char *name)
{
    const int use = cases[index].use;
    if (o->lstsq) return 0;
    const int quick = cases[index].table == OWN && (use & CASE_QUICK);
    const int usual = quick || (!o->quick && (use & CASE_BENCH));
    return (o->small ? (use & CASE_SMALL) != 0 : usual) && wanted(o, name);
}

static int lstsq_wanted(const struct options *o, int index, const char *name)
{
    return o->lstsq && (lstsq_case_use(index) & (o->quick ? LSTSQ_QUICK : LSTSQ_FULL)) &&
           wanted(o, name);
}

static int overhead_wanted(const struct options *o, int index)
{
    return !o->small && !o->lstsq && wanted(o, bench_overhead_name(index));
}

/* The number of threads is read by OpenMP and OpenBLAS when they are loaded: set it, and start
 * again. Comes back only if nothing had to change, or if it could not be. */
static void fix_threads(char **argv, const struct options *o)
{
    char number[16];
    const char *now = getenv("OMP_NUM_THREADS");
    if (o->threads == 0) return;
    (void)snprintf(number, sizeof number, "%d", o->threads);
    if (now && strcmp(now, number) == 0) return;
    if (setenv("OMP_NUM_THREADS", number, 1) || setenv("OPENBLAS_NUM_THREADS", number, 1)) return;
    (void)execv("/proc/self/exe", argv);
}

/* ---- one case -------------------------------------------------------------------------------- */

static int fail(struct bench_result *r, const char *who, const char *what)
{
    r->ok = 0;
    (void)snprintf(r->message, sizeof r->message, "%s: %s", who, what);
    return -1;
}

static int check_side(struct bench_problem *p, enum bench_side side, struct bench_result *r)
{
    double *error = side == BENCH_RITZ ? &r->error : &r->peer_error;
    *error = check_worse(*error, bench_problem_error(p, side));
    if (*error <= 1) return 0;
    char what[64];
    (void)snprintf(what, sizeof what, "wrong answer, its error is %.3g times what is allowed",
                   *error);
    return fail(r, side == BENCH_RITZ ? "ritz" : p->op->peer, what);
}

/* The first run, which also finds the workspace; its answer is checked. */
static int warm_up(struct bench_problem *p, struct bench_result *r)
{
    if (bench_prepare_ritz(p) || bench_run_ritz(p)) return fail(r, "ritz", ritz_last_error());
    if (check_side(p, BENCH_RITZ, r)) return -1;
    if (!p->op->peer) return 0;
    if (bench_prepare_peer(p) || bench_run_peer(p)) return fail(r, p->op->peer, "failed");
    return check_side(p, BENCH_PEER, r);
}

static int time_problem(struct bench_problem *p, struct bench_budget budget, struct bench_result *r)
{
    const struct bench_contender ritz = {bench_prepare_ritz, bench_run_ritz, p};
    const struct bench_contender peer = {bench_prepare_peer, bench_run_peer, p};
    if (warm_up(p, r)) return -1;
    if (bench_sample(budget, ritz, p->op->peer ? &peer : NULL, &r->timing))
        return fail(r, "timing", ritz_last_error());
    /* The last answer, too: a race need not show in the first. */
    if (check_side(p, BENCH_RITZ, r)) return -1;
    return p->op->peer ? check_side(p, BENCH_PEER, r) : 0;
}

/* A further peer that fails or is wrong has no time; that is not Ritz's failure. */
static void time_other(struct bench_problem *p, const struct bench_other *other,
                       struct bench_budget budget, struct bench_other_result *r)
{
    const struct bench_contender ritz = {bench_prepare_ritz, bench_run_ritz, p};
    const struct bench_contender peer = {bench_prepare_peer, other->run, p};
    *r = (struct bench_other_result){.other = other, .error = INFINITY};
    if (bench_prepare_peer(p) || other->run(p)) return;
    r->error = bench_problem_error(p, BENCH_PEER);
    if (r->error > 1) return;
    if (bench_sample(budget, ritz, &peer, &r->timing))
        *r = (struct bench_other_result){.other = other, .error = INFINITY};
    else
        r->error = check_worse(r->error, bench_problem_error(p, BENCH_PEER));
}

static void time_others(struct bench_problem *p, struct bench_budget budget, struct bench_result *r)
{
    for (int i = 0; bench_other_at(i); i++)
        if (bench_other_at(i)->accepts(p))
            time_other(p, bench_other_at(i), budget, &r->others[r->other_count++]);
}

static void run_case(int index, ritz_dtype dtype, ritz_stream *stream, struct bench_budget budget,
                     struct bench_result *r)
{
    struct bench_problem problem;
    *r = (struct bench_result){
        .op = cases[index].op, .shape = cases[index].shape, .dtype = dtype, .ok = 1};
    case_name(index, dtype, r->name);
    if (bench_problem_open(&problem, r->op, r->shape, dtype, stream, r->message))
        r->ok = 0;
    else if (!time_problem(&problem, budget, r))
        time_others(&problem, budget, r);
    bench_problem_close(&problem);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void run_cases(const struct options *o, ritz_stream *stream, struct bench_budget budget,
                      FILE *table, struct bench_run *run)
{
    for (int i = 0; i < CASES; i++) {
        for (int d = 0; d < DTYPES; d++) {
            char name[64];
            case_name(i, dtypes[d], name);
            if (!case_wanted(o, i, name)) continue;
            struct bench_result *r = &run->results[run->result_count++];
            run_case(i, dtypes[d], stream, budget, r);
            run->failed += !r->ok;
            bench_print_result(table, run, r);
            (void)fflush(table);
        }
    }
}

static void run_lstsq(const struct options *o, ritz_stream *stream, struct bench_budget budget,
                      FILE *table, struct bench_run *run)
{
    /* A round of a large case takes half a minute. */
    budget.min_samples = 3;
    for (int i = 0; i < lstsq_case_count(); i++) {
        char name[64];
        lstsq_case_name(i, name);
        if (!lstsq_wanted(o, i, name)) continue;
        struct lstsq_result *r = &run->lstsq[run->lstsq_count++];
        lstsq_run_case(i, stream, budget, r);
        run->failed += !r->ok;
        lstsq_print(table, r);
        (void)fflush(table);
    }
}

static void run_overheads(const struct options *o, ritz_device *device, struct bench_budget budget,
                          FILE *table, struct bench_run *run)
{
    for (int i = 0; i < bench_overhead_count(); i++) {
        if (!overhead_wanted(o, i)) continue;
        char why[256] = "";
        struct bench_overhead *overhead = &run->overheads[run->overhead_count];
        const int outcome = bench_measure_overhead(i, device, budget, overhead, why);
        if (outcome < 0) {
            run->failed++;
            (void)fprintf(table, "%-40s FAILED: %s\n", overhead->name, why);
        } else if (outcome == 0) {
            run->overhead_count++;
            bench_print_overhead(table, overhead);
        }
        (void)fflush(table);
    }
}

static int list_names(const struct options *o)
{
    for (int i = 0; i < CASES; i++) {
        for (int d = 0; d < DTYPES; d++) {
            char name[64];
            case_name(i, dtypes[d], name);
            if (case_wanted(o, i, name)) (void)puts(name);
        }
    }
    for (int i = 0; i < lstsq_case_count(); i++) {
        char name[64];
        lstsq_case_name(i, name);
        if (lstsq_wanted(o, i, name)) (void)puts(name);
    }
    for (int i = 0; i < bench_overhead_count(); i++)
        if (overhead_wanted(o, i)) (void)puts(bench_overhead_name(i));
    return 0;
}

static double load(void)
{
    double average;
    return getloadavg(&average, 1) == 1 ? average : -1;
}

static int describe(const struct options *o, ritz_device *device, struct bench_run *run)
{
    run->device = (ritz_device_info)RITZ_DEVICE_INFO_INIT;
    run->stream = o->worker ? "worker" : "inline";
    run->quick = o->quick;
    run->load[0] = load();
    if (o->threads && ritz_device_get_kind(device) == RITZ_DEVICE_CPU &&
        ritz_device_set_threads(device, o->threads))
        return -1;
    if (ritz_device_describe(device, &run->device)) return -1;
    /* Beside a GPU the peers still run here. */
    run->threads = run->device.kind == RITZ_DEVICE_CPU ? run->device.threads
                   : o->threads                        ? o->threads
                                                       : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return 0;
}

static int run_all(const struct options *o, ritz_device *device, ritz_stream *stream,
                   struct bench_run *run)
{
    const struct bench_budget budget = {
        .seconds = o->seconds > 0 ? o->seconds
                   : o->quick     ? 0.2
                                  : 6,
        .min_samples = 5,
        .precision = o->quick ? 0.05 : 0.003,
    };
    /* With JSON on standard output the table goes nowhere. */
    FILE *table = o->json && strcmp(o->json, "-") == 0 ? fopen("/dev/null", "w") : stdout;
    if (!table) return -1;
    bench_print_head(table, run);
    if (!o->lstsq) bench_print_columns(table);
    run_cases(o, stream, budget, table, run);
    run_lstsq(o, stream, budget, table, run);
    run_overheads(o, device, budget, table, run);
    run->load[1] = load();
    if (table != stdout) (void)fclose(table);
    if (o->json && bench_write_json(o->json, run)) {
        (void)fprintf(stderr, "ritz-bench: %s: %s\n", o->json, strerror(errno));
        return -1;
    }
    if (run->result_count + run->lstsq_count + run->overhead_count + run->failed == 0) {
        (void)fprintf(stderr, "ritz-bench: no case has such a name; see ritz-bench --list\n");
        return -1;
    }
    return run->failed ? -1 : 0;
}

static int bench(const struct options *o)
{
    struct bench_result *results = calloc((size_t)CASES * DTYPES, sizeof *results);
    struct bench_overhead *overheads = calloc((size_t)bench_overhead_count(), sizeof *overheads);
    struct lstsq_result *lstsq = calloc((size_t)lstsq_case_count(), sizeof *lstsq);
    struct bench_run run = {.results = results, .overheads = overheads, .lstsq = lstsq};
    ritz_device *device = NULL;
    ritz_stream *stream = NULL;
    int status = 1;
    if (!results || !overheads || !lstsq) {
        (void)fprintf(stderr, "ritz-bench: out of memory\n");
    } else if (ritz_device_open(o->device, &device) || describe(o, device, &run) ||
               (o->worker || ritz_device_get_kind(device) != RITZ_DEVICE_CPU
                    ? ritz_stream_create(device, &stream)
                    : ritz_stream_create_inline(device, &stream))) {
        (void)fprintf(stderr, "ritz-bench: %s\n", ritz_last_error());
    } else if (o->estimates) {
        status = estimates_run(stdout, stream, o->quick ? 50 : 1000) ? 1 : 0;
    } else if (bench_measure_limits(run.threads, o->quick, &run.limits)) {
        (void)fprintf(stderr, "ritz-bench: not enough memory to measure the machine\n");
    } else {
        status = run_all(o, device, stream, &run) ? 1 : 0;
    }
    if (ritz_stream_destroy(&stream) || ritz_device_close(&device)) {
        (void)fprintf(stderr, "ritz-bench: %s\n", ritz_last_error());
        status = 1;
    }
    free(lstsq);
    free(overheads);
    free(results);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
    if (argc == 3 && strcmp(argv[1], BENCH_OPEN_ONCE) == 0) return bench_open_once(argv[2]);
    const int stop = parse(argc, argv, &o);
    if (stop) return stop - 1;
    if (o.list) return list_names(&o);
    fix_threads(argv, &o);
    return bench(&o);
}
