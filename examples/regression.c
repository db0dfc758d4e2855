/* Regression: fit, look at the report, predict, and choose a penalty for ridge regression.
 *
 * The features are waves of different frequencies, and so is the noise: all are orthogonal to each
 * other and to a constant. Hence the fit gives the law back that the observations follow, and what
 * a penalty does has a closed form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { POINTS = 400, FEATURES = 4, PENALTIES = 25 };

/* The law: y = 2 + x0 - x1 / 2 + 3 x2, and x3 does not matter. */
static const double law[FEATURES] = {1, -0.5, 3, 0};
static const double constant = 2;
static const double noise = 4; /* its amplitude */

static double wave(int frequency, int i)
{
    return sin(2 * acos(-1.0) * frequency * (i + 0.5) / POINTS);
}

/* b: what is observed; truth: the same without noise. */
static void make_data(double A[POINTS][FEATURES], double b[POINTS], double truth[POINTS])
{
    for (int i = 0; i < POINTS; i++) {
        truth[i] = constant;
        for (int j = 0; j < FEATURES; j++) {
            A[i][j] = wave(j + 1, i);
            truth[i] += law[j] * A[i][j];
        }
        b[i] = truth[i] + noise * wave(FEATURES + 1, i);
    }
}

/* Generalized cross-validation of a penalty, where each wave has the sum of squares POINTS / 2. */
static double closed_form(double lambda)
{
    const double square = POINTS / 2.0, shrunk = lambda / (square + lambda);
    double rss = noise * noise * square;

    for (int j = 0; j < FEATURES; j++) rss += shrunk * shrunk * law[j] * law[j] * square;
    const double left = 1 - (1 + FEATURES * (1 - shrunk)) / POINTS;
    return rss / POINTS / (left * left);
}

/* A device and what is in its memory. */
struct problem {
    ritz_device *dev;
    ritz_stream *s;
    ritz_dmat A, B, X, c, Y;
};

static ritz_status upload_new(struct problem *p, ritz_hmat H, ritz_dmat *D)
{
    ritz_status status = ritz_dmat_create(p->s, H.dtype, H.layout, H.rows, H.cols, D);
    return status == RITZ_OK ? ritz_upload(p->s, H, *D) : status;
}

static int open_problem(struct problem *p, double A[POINTS][FEATURES], double *b)
{
    return ritz_device_open("auto", &p->dev) || ritz_stream_create(p->dev, &p->s) ||
           upload_new(p, ritz_hmat_wrap(A, RITZ_F64, POINTS, FEATURES, RITZ_ROW_MAJOR), &p->A) ||
           upload_new(p, ritz_hmat_wrap(b, RITZ_F64, POINTS, 1, RITZ_COL_MAJOR), &p->B) ||
           ritz_dmat_create(p->s, RITZ_F64, RITZ_COL_MAJOR, FEATURES, 1, &p->X) ||
           ritz_dmat_create(p->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, &p->c) ||
           ritz_dmat_create(p->s, RITZ_F64, RITZ_COL_MAJOR, POINTS, 1, &p->Y);
}

static void close_problem(struct problem *p)
{
    ritz_dmat *const owned[] = {&p->A, &p->B, &p->X, &p->c, &p->Y};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) ritz_dmat_destroy(p->s, owned[i]);
    ritz_stream_destroy(&p->s);
    ritz_device_close(&p->dev);
}

/* Fit with an intercept, and predict the observations again. */
static int fit(struct problem *p, double x[FEATURES], double *c, double y[POINTS])
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    ritz_lstsq_report report = RITZ_LSTSQ_REPORT_INIT;

    opts.intercept = p->c;
    if (ritz_lstsq(p->s, p->A, p->B, p->X, &opts, &report) ||
        ritz_linear_predict(p->s, p->A, p->X, p->c, p->Y) ||
        ritz_download(p->s, p->X, ritz_hmat_wrap(x, RITZ_F64, FEATURES, 1, RITZ_COL_MAJOR)) ||
        ritz_download(p->s, p->c, ritz_hmat_wrap(c, RITZ_F64, 1, 1, RITZ_COL_MAJOR)) ||
        ritz_download(p->s, p->Y, ritz_hmat_wrap(y, RITZ_F64, POINTS, 1, RITZ_COL_MAJOR)) ||
        ritz_stream_sync(p->s))
        return 1;
    printf("%s (%s): rank %d, backward error %.1e\n", report.method_name, report.reason,
           (int)report.rank, report.backward_error);
    return 0;
}

/* Generalized cross-validation of all penalties, from one factorization. */
static int score_penalties(struct problem *p, const double lambda[PENALTIES],
                           double score[PENALTIES])
{
    ritz_ridge_options opts = RITZ_RIDGE_DEFAULTS;
    ritz_ridge *ridge = NULL;
    ritz_dmat penalties = RITZ_NO_MAT, scores = RITZ_NO_MAT;
    const ritz_hmat hL = ritz_hmat_wrap_const(lambda, RITZ_F64, PENALTIES, 1, RITZ_COL_MAJOR);
    const ritz_hmat hS = ritz_hmat_wrap(score, RITZ_F64, PENALTIES, 1, RITZ_COL_MAJOR);

    opts.intercept = 1;
    const int failed =
        ritz_ridge_fit(p->s, p->A, p->B, &opts, &ridge) || upload_new(p, hL, &penalties) ||
        ritz_dmat_create(p->s, RITZ_F64, RITZ_COL_MAJOR, PENALTIES, 1, &scores) ||
        ritz_ridge_scores(p->s, ridge, penalties, RITZ_NO_MAT, RITZ_NO_MAT, scores) ||
        ritz_download(p->s, scores, hS) || ritz_stream_sync(p->s);
    ritz_dmat_destroy(p->s, &scores);
    ritz_dmat_destroy(p->s, &penalties);
    ritz_ridge_destroy(p->s, &ridge);
    return failed;
}

/* The features are orthogonal, of equal length: the condition number is 1. */
static int agrees(const char *what, double got, double expected)
{
    const double limit = 10.0 * POINTS * FEATURES * DBL_EPSILON * (1 + fabs(expected));
    if (fabs(got - expected) <= limit) return 1;
    fprintf(stderr, "%s is %.17g; it should be %.17g\n", what, got, expected);
    return 0;
}

static int check(const double x[FEATURES], double c, const double y[POINTS],
                 const double truth[POINTS], const double lambda[PENALTIES],
                 const double score[PENALTIES])
{
    for (int j = 0; j < FEATURES; j++)
        if (!agrees("a coefficient", x[j], law[j])) return 0;
    for (int i = 0; i < POINTS; i++)
        if (!agrees("a prediction", y[i], truth[i])) return 0;
    for (int i = 0; i < PENALTIES; i++)
        if (!agrees("a score", score[i], closed_form(lambda[i]))) return 0;
    return agrees("the intercept", c, constant);
}

int main(void)
{
    static double A[POINTS][FEATURES];
    double b[POINTS], truth[POINTS], x[FEATURES], y[POINTS], c;
    double lambda[PENALTIES], score[PENALTIES];
    struct problem p = {.dev = NULL};
    int best = 0;

    make_data(A, b, truth);
    for (int i = 0; i < PENALTIES; i++) lambda[i] = pow(10, i / 4.0 - 2);
    const int failed =
        open_problem(&p, A, b) || fit(&p, x, &c, y) || score_penalties(&p, lambda, score);
    if (failed) fprintf(stderr, "%s\n", ritz_last_error());
    close_problem(&p);
    if (failed || !check(x, c, y, truth, lambda, score)) return 1;

    for (int i = 1; i < PENALTIES; i++) best = score[i] < score[best] ? i : best;
    printf("y = %.6g %+.6g x0 %+.6g x1 %+.6g x2 %+.6g x3\n", c, x[0], x[1], x[2], fabs(x[3]));
    printf("the best of %d penalties: %.3g\n", PENALTIES, lambda[best]);
    return 0;
}
