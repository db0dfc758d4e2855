/* A path of penalties, and the choice of one of them.
 *
 * One factorization gives the figures of all penalties. The choice is by the sum over all targets,
 * so that one penalty serves them all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lstsq_path.h"

#include <math.h>
#include <stdlib.h>

#include "matrix.h"

/* The path that is chosen from the singular values: at its upper end little is left of the model,
 * at its lower end the smallest singular value is not touched, or lies below what the criteria can
 * tell from no penalty. */
#define PATH_ABOVE_LARGEST 10.0
#define PATH_BELOW_SMALLEST 1e-4
#define PATH_SPAN_MOST 1e16

const char *criterion_name(enum lstsq_criterion criterion)
{
    return criterion == CRITERION_GCV ? "gcv" : "loo";
}

const double *path_scores(const struct lstsq_path *path, enum lstsq_criterion criterion)
{
    return criterion == CRITERION_GCV ? path->gcv : path->loo;
}

/* The parts of the work that have to be given back. */
struct path_work {
    struct lstsq_path *path;
    const struct lstsq_path_problem *problem;
    struct session *session;
    struct progress *progress;
    int64_t cols;
    int64_t targets;
    ritz_dtype dtype;
    ritz_ridge *ridge;
    ritz_dmat lambda; /* count x 1, float64 */
};

/* ---- the factorization and the penalties ----------------------------------------------------- */

static ritz_status factorize(struct path_work *work)
{
    const struct lstsq_path_problem *problem = work->problem;
    const struct lstsq_input *input = problem->input;
    ritz_stream *stream = work->session->stream;
    ritz_ridge_options options = RITZ_RIDGE_DEFAULTS;

    options.intercept = problem->intercept;
    options.rtol = problem->rtol;
    progress_phase(work->progress, "factorizing");
    if (problem->stats != NULL) {
        return ritz_ridge_fit_stats(stream, problem->stats, &options, &work->ridge);
    }
    options.weights = input->weights;
    return ritz_ridge_fit(stream, input->A, input->B, &options, &work->ridge);
}

/* The ends of the path where the user gave none. */
static int choose_ends(struct path_work *work, double *least, double *most)
{
    ritz_hmat values = {.data = NULL};
    int64_t rank = ritz_ridge_rank(work->ridge);
    ritz_status status =
        session_download(work->session, ritz_ridge_singular_values(work->ridge), RITZ_F64, &values);
    if (status == RITZ_OK && rank > 0) {
        double first = host_entry(values, 0, 0);
        double last = host_entry(values, rank - 1, 0);
        *most = PATH_ABOVE_LARGEST * first * first;
        *least = fmax(PATH_BELOW_SMALLEST * last * last, *most / PATH_SPAN_MOST);
    }
    (void)ritz_hmat_destroy(&values);
    if (status != RITZ_OK) return complain_library(status);
    /* The square of a tiny singular value may be nothing. */
    if (rank > 0 && *least > 0.0 && isfinite(*most)) return STATUS_OK;
    complain(
        "no penalties can be chosen from the singular values of these columns, which are all "
        "constant, or extremely small or large; name the penalties: --ridge-path=MIN:MAX:COUNT");
    return STATUS_FAILED;
}

static bool allocate(struct lstsq_path *path, int64_t count, bool with_loo)
{
    size_t bytes = (size_t)count * sizeof(double);
    path->count = count;
    path->lambda = malloc(bytes);
    path->dof = malloc(bytes);
    path->rss = malloc(bytes);
    path->gcv = malloc(bytes);
    path->loo = with_loo ? malloc(bytes) : NULL;
    if (path->lambda && path->dof && path->rss && path->gcv && (path->loo || !with_loo))
        return true;
    complain("out of memory");
    return false;
}

/* Equal ratios; the ends are met exactly. */
static void fill_penalties(struct lstsq_path *path, double least, double most)
{
    int64_t last = path->count - 1;
    for (int64_t i = 0; i <= last; i++) {
        double share = last > 0 ? (double)i / (double)last : 0.0;
        path->lambda[i] = exp((1.0 - share) * log(least) + share * log(most));
    }
    path->lambda[0] = least;
    if (last > 0) path->lambda[last] = most;
}

static ritz_status upload_penalties(struct path_work *work)
{
    struct lstsq_path *path = work->path;
    ritz_stream *stream = work->session->stream;
    ritz_hmat host = ritz_hmat_wrap(path->lambda, RITZ_F64, path->count, 1, RITZ_COL_MAJOR);
    ritz_status status =
        ritz_dmat_create(stream, RITZ_F64, RITZ_COL_MAJOR, path->count, 1, &work->lambda);
    if (status == RITZ_OK) status = ritz_upload(stream, host, work->lambda);
    return status == RITZ_OK ? ritz_stream_sync(stream) : status;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* The sums of the rows of a device matrix. */
static ritz_status sum_rows(struct path_work *work, ritz_dmat D, double *sums)
{
    ritz_hmat H = {.data = NULL};
    ritz_status status = session_download(work->session, D, RITZ_F64, &H);
    for (int64_t i = 0; status == RITZ_OK && i < H.rows; i++) {
        sums[i] = 0.0;
        for (int64_t j = 0; j < H.cols; j++) sums[i] += host_entry(H, i, j);
    }
    (void)ritz_hmat_destroy(&H);
    return status;
}

static ritz_status compute_scores(struct path_work *work)
{
    struct lstsq_path *path = work->path;
    ritz_stream *stream = work->session->stream;
    ritz_dmat dof = RITZ_NO_MAT;
    ritz_dmat rss = RITZ_NO_MAT;
    ritz_dmat gcv = RITZ_NO_MAT;

    ritz_status status = ritz_dmat_create(stream, RITZ_F64, RITZ_COL_MAJOR, path->count, 1, &dof);
    if (status == RITZ_OK) {
        status =
            ritz_dmat_create(stream, RITZ_F64, RITZ_COL_MAJOR, path->count, work->targets, &rss);
    }
    if (status == RITZ_OK) {
        status =
            ritz_dmat_create(stream, RITZ_F64, RITZ_COL_MAJOR, path->count, work->targets, &gcv);
    }
    if (status == RITZ_OK) {
        status = ritz_ridge_scores(stream, work->ridge, work->lambda, dof, rss, gcv);
    }
    if (status == RITZ_OK) status = sum_rows(work, dof, path->dof);
    if (status == RITZ_OK) status = sum_rows(work, rss, path->rss);
    if (status == RITZ_OK) status = sum_rows(work, gcv, path->gcv);
    (void)ritz_dmat_destroy(stream, &dof);
    (void)ritz_dmat_destroy(stream, &rss);
    (void)ritz_dmat_destroy(stream, &gcv);
    return status;
}

/* The weighted mean of the squares. A row without weight does not count. */
static double mean_square(ritz_hmat E, ritz_hmat weights)
{
    double sum = 0.0;
    double total = 0.0;
    for (int64_t i = 0; i < E.rows; i++) {
        double weight = weights.data != NULL ? host_entry(weights, i, 0) : 1.0;
        if (weight == 0.0) continue;
        total += weight;
        for (int64_t j = 0; j < E.cols; j++) {
            sum += weight * host_entry(E, i, j) * host_entry(E, i, j);
        }
    }
    return sum / total;
}

static ritz_status leave_one_out(struct path_work *work)
{
    struct lstsq_path *path = work->path;
    const struct lstsq_input *input = work->problem->input;
    ritz_stream *stream = work->session->stream;
    ritz_hmat host = {.data = NULL};
    ritz_dmat E = RITZ_NO_MAT;

    ritz_status status =
        ritz_dmat_create(stream, input->dtype, RITZ_COL_MAJOR, input->a.rows, work->targets, &E);
    if (status == RITZ_OK) {
        status = ritz_hmat_create(input->dtype, RITZ_COL_MAJOR, E.rows, E.cols, &host);
    }
    for (int64_t i = 0; status == RITZ_OK && i < path->count; i++) {
        if (progress_update(work->progress, "leaving one out", i * input->a.rows,
                            path->count * input->a.rows)) {
            status = RITZ_ERR_CANCELLED;
            break;
        }
        status = ritz_ridge_leave_one_out(stream, work->ridge, ritz_row_range(work->lambda, i, 1),
                                          input->A, input->B, input->weights, E);
        if (status == RITZ_OK) status = ritz_download(stream, E, host);
        if (status == RITZ_OK) status = ritz_stream_sync(stream);
        if (status == RITZ_OK) path->loo[i] = mean_square(host, input->host_weights);
    }
    (void)ritz_dmat_destroy(stream, &E);
    (void)ritz_hmat_destroy(&host);
    return status;
}

/* ---- the coefficients ------------------------------------------------------------------------ */

static ritz_status solve_path(struct path_work *work)
{
    struct lstsq_path *path = work->path;
    ritz_stream *stream = work->session->stream;
    int64_t entries = work->cols * work->targets;
    ritz_dmat X = RITZ_NO_MAT;

    ritz_status status = ritz_dmat_create_batch(stream, work->dtype, RITZ_ROW_MAJOR, work->cols,
                                                work->targets, path->count, &X);
    if (status == RITZ_OK) {
        status = ritz_ridge_solve(stream, work->ridge, work->lambda, X, RITZ_NO_MAT);
    }
    if (status == RITZ_OK) {
        status = ritz_hmat_create(work->dtype, RITZ_ROW_MAJOR, path->count, entries,
                                  &path->coefficients);
    }
    if (status == RITZ_OK) {
        ritz_hmat items =
            ritz_hmat_batched(ritz_hmat_wrap(path->coefficients.data, work->dtype, work->cols,
                                             work->targets, RITZ_ROW_MAJOR),
                              path->count, entries);
        status = ritz_download(stream, X, items);
    }
    if (status == RITZ_OK) status = ritz_stream_sync(stream);
    (void)ritz_dmat_destroy(stream, &X);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Of equal scores the larger penalty, which is the simpler model. */
static bool find_best(struct lstsq_path *path, enum lstsq_criterion criterion)
{
    const double *scores = path_scores(path, criterion);
    path->best = -1;
    for (int64_t i = 0; i < path->count; i++) {
        if (!isfinite(scores[i])) continue;
        if (path->best < 0 || scores[i] <= scores[path->best]) path->best = i;
    }
    if (path->best >= 0) return true;
    complain("no penalty of the path has a finite score: there are as many degrees of freedom as "
             "rows; use larger penalties with --ridge-path=MIN:MAX:COUNT");
    return false;
}

static int describe(struct path_work *work)
{
    const struct lstsq_path_problem *problem = work->problem;
    work->cols = problem->input->a.cols;
    work->targets = problem->input->b.cols;
    work->dtype = problem->input->dtype;
    if (problem->stats == NULL) return STATUS_OK;
    ritz_status status = ritz_lstsq_stats_shape(problem->stats, NULL, &work->cols, &work->targets);
    return status == RITZ_OK ? STATUS_OK : complain_library(status);
}

static int make_penalties(struct path_work *work, const struct lstsq_path_options *options)
{
    double least = options->least;
    double most = options->most;
    int status = most > 0.0 ? STATUS_OK : choose_ends(work, &least, &most);
    if (status != STATUS_OK) return status;
    if (!allocate(work->path, options->count, options->criterion == CRITERION_LOO)) {
        return STATUS_FAILED;
    }
    fill_penalties(work->path, least, most);
    ritz_status uploaded = upload_penalties(work);
    return uploaded == RITZ_OK ? STATUS_OK : complain_library(uploaded);
}

static int score(struct path_work *work, enum lstsq_criterion criterion)
{
    ritz_status status = compute_scores(work);
    if (status == RITZ_OK && criterion == CRITERION_LOO) status = leave_one_out(work);
    if (status == RITZ_OK && work->problem->coefficients) status = solve_path(work);
    progress_clear(work->progress);
    if (status != RITZ_OK) return complain_library(status);
    return find_best(work->path, criterion) ? STATUS_OK : STATUS_FAILED;
}

int path_choose(struct lstsq_path *path, const struct lstsq_path_problem *problem,
                const struct lstsq_path_options *options, struct session *session,
                struct progress *progress)
{
    struct path_work work = {
        .path = path, .problem = problem, .session = session, .progress = progress};

    int status = describe(&work);
    if (status == STATUS_OK) {
        ritz_status fitted = factorize(&work);
        progress_clear(progress);
        if (fitted != RITZ_OK) status = input_complain(problem->input, fitted);
    }
    if (status == STATUS_OK) status = make_penalties(&work, options);
    if (status == STATUS_OK) status = score(&work, options->criterion);
    (void)ritz_dmat_destroy(session->stream, &work.lambda);
    (void)ritz_ridge_destroy(session->stream, &work.ridge);
    return status;
}

void path_release(struct lstsq_path *path)
{
    free(path->lambda);
    free(path->dof);
    free(path->rss);
    free(path->gcv);
    free(path->loo);
    (void)ritz_hmat_destroy(&path->coefficients);
    *path = (struct lstsq_path){.count = 0};
}
