/* The parts of ritz-bench.
 *
 *     cases.def      what is timed
 *     ritz_bench.c   options, and the order of things
 *     problem.c      the memory of one case
 *     ops_*.c        the operations, Ritz and its peers
 *     sample.c       how it is timed
 *     check.c        whether the answer is right
 *     others.c       further peers for small matrices: peer_*
 *     limits.c       what the machine can do
 *     overhead.c     what a call costs
 *     opening.c      what the first opening of a device costs
 *     report.c       table and JSON
 *     lstsq*         least squares, see lstsq.h
 *     estimates*     how well error figures hold, see estimates.h
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_BENCH_H
#define RITZ_BENCH_H

#include <stdint.h>
#include <stdio.h>

#include "ritz/ritz.h"

/* ---- samples (sample.c) ---------------------------------------------------------------------- */

/* Seconds, or ratios. */
struct bench_stats {
    int samples;
    double median, q1, q3;
};

/* (q3 - q1) / median. */
double bench_spread(struct bench_stats s);

/* Something that is timed. Each function returns 0, or something else for a failure. */
struct bench_contender {
    int (*prepare)(void *context); /* before each run, not timed; may be NULL */
    int (*run)(void *context);     /* timed, to the end of its work */
    void *context;
};

struct bench_budget {
    double seconds;   /* no new sample after this many */
    int min_samples;  /* but at least so many */
    double precision; /* stop when the median of the ratio is known to this fraction */
};

struct bench_timing {
    struct bench_stats ritz, peer; /* peer and ratio are empty where there is no peer */
    struct bench_stats ratio;      /* peer / Ritz, pair by pair */
    struct bench_stats difference; /* Ritz - peer, pair by pair */
};

/* Time two contenders in turn; peer may be NULL. The order within a pair alternates. Both have
 * been warmed up. */
int bench_sample(struct bench_budget budget, struct bench_contender ritz,
                 const struct bench_contender *peer, struct bench_timing *timing);

/* Time several in turn, round after round; who begins changes. `ratio` is the time of contender
 * `reference` over that of each, round by round. No new round after budget.seconds, but at least
 * budget.min_samples. */
int bench_rounds(struct bench_budget budget, const struct bench_contender *contenders, int count,
                 int reference, struct bench_stats *seconds, struct bench_stats *ratio);

/* Median and quartiles; sorts the values. */
struct bench_stats bench_summarise(double *values, int count);

double bench_now(void);

/* ---- problems (problem.c) -------------------------------------------------------------------- */

enum { BENCH_INPUTS = 2, BENCH_OUTPUTS = 3 };
enum bench_side { BENCH_RITZ = 0, BENCH_PEER = 1 };

struct bench_shape {
    int64_t m, n, k, batch;
};

/* One item is rows x cols, column-major without padding; items lie one behind the other. */
struct bench_extent {
    int64_t rows, cols;
};

struct bench_operation;

/* One case in one data type, with the memory of both sides. */
struct bench_problem {
    const struct bench_operation *op;
    struct bench_shape shape;
    ritz_dtype dtype;
    ritz_device *device;
    ritz_stream *stream;
    struct bench_extent in_extent[BENCH_INPUTS], out_extent[BENCH_OUTPUTS];
    void *in[BENCH_INPUTS];          /* host memory, shared by both sides */
    void *out[2][BENCH_OUTPUTS];     /* host memory of each side's answer */
    ritz_dmat ritz_in[BENCH_INPUTS]; /* the CPU device borrows the host memory */
    ritz_dmat ritz_out[BENCH_OUTPUTS];
    /* LAPACK's workspace of the peer, for one item. */
    void *work, *tau, *scratch;
    int *iwork;
    int lwork, liwork;
};

struct bench_operation {
    const char *name;
    const char *peer; /* what it is compared with; NULL if with nothing */
    int in_place;     /* input that out[0] holds before each run; -1: none */
    void (*extents)(struct bench_problem *p);
    int (*fill)(struct bench_problem *p, uint64_t seed); /* 0, or -1: out of memory */
    double (*flops)(struct bench_shape s);               /* of an item; NULL where bytes count */
    double (*elements)(
        struct bench_shape s); /* of an item, read or written; NULL where flops count */
    ritz_status (*ritz)(struct bench_problem *p);
    int (*peer_open)(struct bench_problem *p); /* NULL: needs no workspace */
    int (*peer_item)(struct bench_problem *p, int64_t item);
    /* Error of an item of one side in units of what is allowed: above 1 is wrong. */
    double (*error)(const struct bench_problem *p, enum bench_side side, int64_t item);
};

/* 0, or -1 with a message in `why` (256 bytes). */
int bench_problem_open(struct bench_problem *p, const struct bench_operation *op,
                       struct bench_shape shape, ritz_dtype dtype, ritz_stream *stream, char *why);
void bench_problem_close(struct bench_problem *p);

/* The two contenders; their context is the problem. */
int bench_prepare_ritz(void *context);
int bench_run_ritz(void *context);
int bench_prepare_peer(void *context);
int bench_run_peer(void *context);

/* Ritz's answer into the host's memory. */
ritz_status bench_problem_fetch(struct bench_problem *p);

/* Largest error over the items of a side, fetched from the device. */
double bench_problem_error(struct bench_problem *p, enum bench_side side);

/* First element of an item. */
void *bench_in(const struct bench_problem *p, int which, int64_t item);
void *bench_out(const struct bench_problem *p, enum bench_side side, int which, int64_t item);

/* ---- further peers for small matrices (others.c, peer_*) ------------------------------------- */

enum { BENCH_OTHERS = 2 };

/* Another library that does the same as the peer: in the peer's memory, after it. */
struct bench_other {
    const char *name;
    int (*accepts)(const struct bench_problem *p); /* has it code for this problem? */
    int (*run)(void *problem);                     /* all items; 0, or -1 for a failure */
};

/* Those that the program was built with, BENCH_OTHERS at the most; NULL after the last. */
const struct bench_other *bench_other_at(int index);
extern const struct bench_other bench_eigen, bench_libxsmm;

/* ---- operations (ops_*.c) -------------------------------------------------------------------- */

extern const struct bench_operation bench_gemm, bench_syrk, bench_trsm, bench_trmm, bench_cholesky,
    bench_lu, bench_qr, bench_qr_householder, bench_qr_sketch, bench_qr_cholesky2,
    bench_qr_cholesky3, bench_qr_tsqr, bench_svd, bench_eigh, bench_svd_randomized, bench_pca_fit,
    bench_random_fill, bench_transpose, bench_solve;

/* Uniform on (-1, 1) in the problem's data type: item after item, all inputs. */
int bench_fill_uniform(struct bench_problem *p, uint64_t seed);
/* The same for one input. */
void bench_fill_input(struct bench_problem *p, int which, uint64_t seed);
/* Input 0 symmetric positive definite: I + G Gᵀ / n for a uniform n x n matrix G. */
int bench_fill_spd(struct bench_problem *p, uint64_t seed);
/* The size that a LAPACK workspace query left in its first element. */
int bench_wished(const struct bench_problem *p, const double *query);
/* Uniform on (-1, 1); the next word of a sequence. */
double bench_uniform(uint64_t *state);

/* ---- checks (check.c) ------------------------------------------------------------------------ */

/* A matrix of one item, for products in float64. */
struct check_matrix {
    const void *data;
    ritz_dtype dtype;
    int64_t rows, cols;
    enum { CHECK_GENERAL, CHECK_LOWER, CHECK_UNIT_LOWER, CHECK_UPPER, CHECK_SYMMETRIC_LOWER } kind;
};

struct check_matrix check_in(const struct bench_problem *p, int which, int64_t item);
struct check_matrix check_out(const struct bench_problem *p, enum bench_side side, int which,
                              int64_t item);

/* y = A x, or Aᵀ x. The caller frees y; NULL if out of memory or x is NULL. */
double *check_apply(struct check_matrix A, int transposed, const double *x);
/* n random signs, to be freed; always the same ones. */
double *check_signs(int64_t n);
/* x becomes diag(values) x; x may be NULL. */
void check_scale(struct check_matrix values, double *x);
double check_norm(const double *x, int64_t n);
double check_frobenius(struct check_matrix A);
/* ‖x - y‖ / allowed; infinite if it is not a number or a vector is missing. Frees neither. */
double check_distance(const double *x, const double *y, int64_t n, double allowed);
/* ‖QᵀQ x - x‖ for random signs x, in units of 30 n u. */
double check_orthonormal(struct check_matrix Q);
/* 0 if the values do not increase (descending) or do not decrease; else infinite. */
double check_order(struct check_matrix values, int descending);
/* A factor for the allowance of small matrices: the worst of a hundred thousand is several times
 * what is usual, and the less so the more roundings there are in each. */
double check_rare(int64_t n);
/* Unit roundoff times two. */
double check_eps(ritz_dtype dtype);
/* The larger; a NaN counts as infinite. */
double check_worse(double a, double b);

/* ---- the machine (limits.c) ------------------------------------------------------------------ */

struct bench_limits {
    double gemm_f32, gemm_f64; /* flop/s of a direct cblas_?gemm, the best of several */
    double triad;              /* byte/s of a = b + s c, the best of several */
};

int bench_measure_limits(int threads, int quick, struct bench_limits *limits);

/* ---- what a call costs (overhead.c) ---------------------------------------------------------- */

struct bench_overhead {
    const char *name;
    const char *what;         /* one line for people */
    struct bench_stats stats; /* seconds a call */
    double limit;             /* the goal, or 0 */
};

/* Number of overheads; the name of one. */
int bench_overhead_count(void);
const char *bench_overhead_name(int index);
/* 0, or -1 with a message in `why` (256 bytes); 1: this device has no such thing. */
int bench_measure_overhead(int index, ritz_device *device, struct bench_budget budget,
                           struct bench_overhead *overhead, char *why);

/* ---- the first opening of a device (opening.c) ----------------------------------------------- */

/* As the only argument but one, the device: open it, write what that took, and stop. */
#define BENCH_OPEN_ONCE "--open-once"
int bench_open_once(const char *device);

/* Overheads: "cpu", where the CUDA plugin must not be loaded; "cuda", if it can be opened, and if
 * it cannot. The device of the run does not matter. */
int bench_open_cpu(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                   char *why);
int bench_open_cuda(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                    char *why);
int bench_refuse_cuda(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                      char *why);

/* ---- report (report.c) ----------------------------------------------------------------------- */

struct bench_other_result {
    const struct bench_other *other;
    double error; /* in units of what is allowed; above 1 there is no time */
    struct bench_timing timing;
};

struct bench_result {
    const struct bench_operation *op;
    struct bench_shape shape;
    ritz_dtype dtype;
    char name[64];
    int ok;
    char message[256];        /* why not ok */
    double error, peer_error; /* in units of what is allowed */
    struct bench_timing timing;
    struct bench_other_result others[BENCH_OTHERS];
    int other_count;
};

struct lstsq_result;

struct bench_run {
    ritz_device_info device;
    const char *stream; /* "inline" or "worker" */
    int threads, quick;
    double load[2]; /* runnable processes of the last minute, before and after; -1: unknown */
    struct bench_limits limits;
    struct bench_result *results;
    int result_count;
    struct bench_overhead *overheads;
    int overhead_count;
    struct lstsq_result *lstsq;
    int lstsq_count;
    int failed;
};

/* flop/s (or byte/s) of a time. */
double bench_rate(const struct bench_result *r, double seconds);
/* The part of the machine's limit that this is. */
double bench_fraction(const struct bench_run *run, const struct bench_result *r, double seconds);

void bench_print_head(FILE *f, const struct bench_run *run);
/* The heads of the columns of results. */
void bench_print_columns(FILE *f);
void bench_print_result(FILE *f, const struct bench_run *run, const struct bench_result *r);
void bench_print_overhead(FILE *f, const struct bench_overhead *o);
int bench_write_json(const char *path, const struct bench_run *run);

/* Parts of the JSON. There is no infinity in it, and no NaN: null. */
void bench_write_string(FILE *f, const char *s);
void bench_write_number(FILE *f, double x);
void bench_write_stats(FILE *f, struct bench_stats s);

#endif
