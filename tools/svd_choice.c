/* How `ritz svd` decomposes a matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "svd_choice.h"

#include <inttypes.h>
#include <stdio.h>

#include "sketched.h"

/* The randomized method is chosen for at most this share of the singular values: with more, its
 * products cost about as much as the whole decomposition. */
#define RANDOMIZED_SHARE 0.2

/* One pass of QR factorizations takes 2mn² operations, and the streamed method (4q + 4) mnl in
 * q + 2 passes: with its two power iterations, as many for n = 6l. */
enum { ONE_PASS_WIDTH = 6 };

/* Power iterations of the library where none are given. */
enum { KRYLOV_STEPS = 2 };

/* Memory of the exact method: A, its copies and the left vectors, of m x n; the matrices of the
 * smaller side that an SVD works on. */
enum { EXACT_COPIES = 8, EXACT_SQUARES = 4 };

/* Memory of rows that stream by, in matrices of their shape: their R with its decomposition; the
 * sketches and the vectors that are made of them. */
enum { R_COPIES = 6, STREAMED_COPIES = 6 };

const char *svd_method_name(enum svd_method method)
{
    static const char *const names[] = {
        [SVD_AUTO] = "auto",     [SVD_EXACT] = "exact",       [SVD_RANDOMIZED] = "randomized",
        [SVD_KRYLOV] = "krylov", [SVD_STREAMED] = "streamed",
    };
    return names[method];
}

/* The shape of the problem, in floating point: products of sizes must not overflow. */
struct problem {
    double rows, cols, side;
    double wanted; /* singular values; 0: all, or as many as a tolerance needs */
    double width;  /* of a sketch for them */
    double bytes;  /* of an element */
    double memory;
    double room; /* for so many a sketch of A in memory has room */
};

static struct problem describe(const struct svd_options *options, const struct data *data,
                               double memory)
{
    struct problem p = {
        .rows = (double)data->info.rows,
        .cols = (double)data->info.cols,
        .side = (double)data_smaller_side(data),
        .bytes = (double)ritz_dtype_size(data->dtype),
        .memory = memory,
        .room = sketched_room(&options->common, data, memory),
    };
    /* A tolerance that may take all of them is one without a limit. */
    if (options->tolerance == 0.0 || options->components < data_smaller_side(data)) {
        p.wanted = (double)options->components;
    }
    double width = p.wanted + sketched_more(&options->common, p.wanted);
    p.width = width < p.side ? width : p.side;
    return p;
}

static bool exact_fits(const struct problem *p, const struct data *data)
{
    double elements = EXACT_COPIES * p->rows * p->cols + EXACT_SQUARES * p->side * p->side;
    double part = data_held_bytes(data) - data_bytes(data);
    return elements * p->bytes + part <= p->memory;
}

/* The most singular values of rows that stream by, where a tolerance says how many. */
static double streamed_room(const struct problem *p)
{
    double most = p->memory / 2.0 / (STREAMED_COPIES * p->cols * p->bytes);
    return most < 1.0 ? 1.0 : most < p->side ? most : p->side;
}

/* With a tolerance alone, there is room for a fair number of values, or for as many as if the rows
 * stream by. */
static bool randomized_fits(const struct problem *p)
{
    if (p->wanted > 0.0) return p->room >= p->wanted;
    double fair = RANDOMIZED_SHARE * p->side;
    double streamed = streamed_room(p);
    double least = p->side < SKETCH_FEW ? p->side : SKETCH_FEW;
    return p->room >= least && p->room >= (fair < streamed ? fair : streamed);
}

/* The Krylov space keeps the sketches of all steps. */
static bool krylov_fits(const struct problem *p, const struct svd_options *options,
                        const struct data *data)
{
    int steps = options->common.power_iterations;
    int sketches = steps == 0 ? 1 + KRYLOV_STEPS : steps > 0 ? 1 + steps : 1;
    double width = sketches * p->width < p->side ? sketches * p->width : p->side;
    return data_held_bytes(data) + sketched_bytes(data, width) <= p->memory;
}

static bool one_pass_fits(const struct problem *p)
{
    return p->rows >= p->cols && R_COPIES * p->cols * p->cols * p->bytes <= p->memory;
}

static void take(struct svd_choice *choice, enum svd_method method, bool in_memory,
                 const char *reason)
{
    choice->method = method;
    choice->in_memory = in_memory;
    snprintf(choice->reason, sizeof choice->reason, "%s", reason);
}

static int refuse_large(const char *advice)
{
    complain("the decomposition needs more than the memory allowed; %s", advice);
    return STATUS_FAILED;
}

/* Without a limit on the number of values all are wanted, and only the R of all rows has them. */
static int choose_exact(struct svd_choice *choice, const struct problem *p, const struct data *data,
                        const char *reason, const char *advice)
{
    if (exact_fits(p, data)) {
        take(choice, SVD_EXACT, true, reason);
        return STATUS_OK;
    }
    if (one_pass_fits(p)) {
        take(choice, SVD_EXACT, false,
             "data and decomposition are larger than the memory allowed, and one pass leaves an R "
             "that is not");
        return STATUS_OK;
    }
    return refuse_large(advice);
}

static int choose_some(struct svd_choice *choice, const struct problem *p, const struct data *data,
                       bool tolerance)
{
    char reason[sizeof choice->reason];
    bool sparse = data->sparse != NULL;
    bool few = tolerance || p->wanted <= RANDOMIZED_SHARE * p->side;
    if (sparse) {
        snprintf(reason, sizeof reason, "a sparse matrix takes part in products only");
    } else if (tolerance) {
        snprintf(reason, sizeof reason, "a sketch that grows until the tolerance is met");
    } else {
        snprintf(reason, sizeof reason, "%.0f of %.0f singular values are %s a fifth", p->wanted,
                 p->side, few ? "at most" : "more than");
    }
    if ((sparse || few) && randomized_fits(p)) {
        take(choice, SVD_RANDOMIZED, true, reason);
    } else if (!sparse && !few && exact_fits(p, data)) {
        take(choice, SVD_EXACT, true, reason);
    } else if (!sparse && one_pass_fits(p) && !tolerance && p->cols <= ONE_PASS_WIDTH * p->width) {
        take(choice, SVD_EXACT, false,
             "data and decomposition are larger than the memory allowed, and the data is so narrow "
             "that one pass of QR factorizations is the cheapest");
    } else if (randomized_fits(p)) {
        take(choice, SVD_RANDOMIZED, true,
             "the whole decomposition needs more than the memory allowed");
    } else {
        take(choice, SVD_STREAMED, false,
             "data and decomposition are larger than the memory allowed");
    }
    return STATUS_OK;
}

static int choose_as_asked(struct svd_choice *choice, const struct problem *p,
                           const struct svd_options *options, const struct data *data)
{
    enum svd_method method = options->method;
    if (method == SVD_EXACT) {
        return choose_exact(choice, p, data, "as asked for",
                            "take another --method, or raise --memory");
    }
    if (method == SVD_KRYLOV && !krylov_fits(p, options, data)) {
        return refuse_large("take --method streamed, or raise --memory");
    }
    if (method == SVD_RANDOMIZED && !randomized_fits(p)) {
        take(choice, SVD_STREAMED, false,
             "randomized as asked for; data and sketch are larger than the memory allowed");
    } else {
        take(choice, method, method != SVD_STREAMED, "as asked for");
    }
    return STATUS_OK;
}

static int refuse_sparse(const struct data *data)
{
    complain("%s is sparse, and its whole decomposition is not; take only some singular values "
             "with --components or --tolerance, and another method than exact",
             data->paths[0]);
    return STATUS_FAILED;
}

int svd_choose(struct svd_choice *choice, const struct svd_options *options,
               const struct data *data, double memory)
{
    struct problem p = describe(options, data, memory);
    bool tolerance = options->tolerance > 0.0;
    bool all = options->components == 0 && !tolerance;
    int status;

    if (data->sparse != NULL && (all || options->method == SVD_EXACT)) return refuse_sparse(data);
    if (options->method != SVD_AUTO) {
        status = choose_as_asked(choice, &p, options, data);
    } else if (data->sparse == NULL && (all || p.wanted >= p.side)) {
        status = choose_exact(choice, &p, data, "all singular values are wanted",
                              "take only some values with --components or --tolerance, or raise "
                              "--memory");
    } else {
        status = choose_some(choice, &p, data, tolerance);
    }
    choice->most = data_smaller_side(data);
    if (p.wanted > 0.0) {
        choice->most = (int64_t)p.wanted;
    } else if (tolerance && choice->method != SVD_EXACT) {
        double room = choice->in_memory ? p.room : streamed_room(&p);
        if (room < p.side) choice->most = (int64_t)room;
    }
    return status;
}
