/* How `ritz svd` decomposes a matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "svd_choice.h"

#include <inttypes.h>
#include <stdio.h>

/* The randomized method is chosen for at most this share of the singular values: with more, its
 * products cost about as much as the whole decomposition. */
#define RANDOMIZED_SHARE 0.2

/* One pass of QR factorizations takes 2mn² operations, and the streamed method (4q + 4) mnl in
 * q + 2 passes: with its two power iterations, as many for n = 6l. */
enum { ONE_PASS_WIDTH = 6 };

/* Memory, in matrices of their shape: A, a copy and the left vectors; sketches of the randomized
 * methods beside A; the R of rows that stream by with its decomposition; the sketches of the
 * streamed method and the vectors that are made of them. */
enum { EXACT_COPIES = 3, R_COPIES = 6, STREAMED_COPIES = 6 };

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
};

static struct problem describe(const struct svd_options *options, const struct data *data,
                               double memory)
{
    struct problem p = {
        .rows = (double)data->info.rows,
        .cols = (double)data->info.cols,
        .side = (double)data_smaller_side(data),
        .wanted = (double)options->components,
        .bytes = (double)ritz_dtype_size(data->dtype),
        .memory = memory,
    };
    double more = options->common.oversampling > 0 ? (double)options->common.oversampling
                  : p.wanted > 100.0               ? p.wanted / 10.0
                                                   : 10.0;
    p.width = p.wanted + more < p.side ? p.wanted + more : p.side;
    return p;
}

static bool exact_fits(const struct problem *p)
{
    return EXACT_COPIES * p->rows * p->cols * p->bytes <= p->memory;
}

/* The sketches of m and n rows, with the results, beside A. */
static bool randomized_fits(const struct problem *p, const struct data *data)
{
    double matrix = data->sparse != NULL ? 0.0 : p->rows * p->cols * p->bytes;
    return matrix + (2.0 * p->rows + 3.0 * p->cols) * p->width * p->bytes <= p->memory;
}

static bool one_pass_fits(const struct problem *p)
{
    return p->rows >= p->cols && R_COPIES * p->cols * p->cols * p->bytes <= p->memory;
}

/* The most singular values that there is room for, where a tolerance says how many. */
static double room(const struct problem *p, bool in_memory)
{
    double length = in_memory ? 2.0 * p->rows + 3.0 * p->cols : STREAMED_COPIES * p->cols;
    double most = p->memory / 2.0 / (length * p->bytes);
    return most < 1.0 ? 1.0 : most < p->side ? most : p->side;
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
static int choose_exact(struct svd_choice *choice, const struct problem *p, const char *reason)
{
    if (exact_fits(p)) {
        take(choice, SVD_EXACT, true, reason);
        return STATUS_OK;
    }
    if (one_pass_fits(p)) {
        take(choice, SVD_EXACT, false,
             "the data is larger than the memory allowed, and one pass leaves an R that is not");
        return STATUS_OK;
    }
    return refuse_large("take only some values with --components or --tolerance, or raise "
                        "--memory");
}

static int choose_some(struct svd_choice *choice, const struct problem *p, const struct data *data,
                       bool tolerance)
{
    char reason[sizeof choice->reason];
    bool few = tolerance || p->wanted <= RANDOMIZED_SHARE * p->side;
    if (tolerance) {
        snprintf(reason, sizeof reason, "a sketch that grows until the tolerance is met");
    } else {
        snprintf(reason, sizeof reason, "%.0f of %.0f singular values are %s a fifth", p->wanted,
                 p->side, few ? "at most" : "more than");
    }
    if (data->sparse != NULL) {
        take(choice, SVD_RANDOMIZED, true, "a sparse matrix takes part in products only");
    } else if (few && randomized_fits(p, data)) {
        take(choice, SVD_RANDOMIZED, true, reason);
    } else if (!few && exact_fits(p)) {
        take(choice, SVD_EXACT, true, reason);
    } else if (one_pass_fits(p) && !tolerance && p->cols <= ONE_PASS_WIDTH * p->width) {
        take(choice, SVD_EXACT, false,
             "the data is larger than the memory allowed, and so narrow that one pass of QR "
             "factorizations is the cheapest");
    } else {
        take(choice, SVD_STREAMED, false, "the data is larger than the memory allowed");
    }
    return STATUS_OK;
}

static int choose_as_asked(struct svd_choice *choice, const struct problem *p,
                           const struct data *data, enum svd_method method)
{
    bool fits = data->sparse != NULL || randomized_fits(p, data);
    if (method == SVD_EXACT) return choose_exact(choice, p, "as asked for");
    if (method == SVD_KRYLOV && !fits) {
        return refuse_large("take --method streamed, or raise --memory");
    }
    if (method == SVD_RANDOMIZED && !fits) {
        take(choice, SVD_STREAMED, false,
             "randomized as asked for; the data is larger than the memory allowed");
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
        status = choose_as_asked(choice, &p, data, options->method);
    } else if (all || options->components == data_smaller_side(data)) {
        status = choose_exact(choice, &p, "all singular values are wanted");
    } else {
        status = choose_some(choice, &p, data, tolerance);
    }
    choice->most = options->components > 0                    ? options->components
                   : tolerance && choice->method != SVD_EXACT ? (int64_t)room(&p, choice->in_memory)
                                                              : data_smaller_side(data);
    return status;
}
