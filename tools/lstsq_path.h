/* A path of penalties, and the choice of one of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_LSTSQ_PATH_H
#define RITZ_TOOLS_LSTSQ_PATH_H

#include "lstsq_input.h"
#include "progress.h"

enum lstsq_criterion { CRITERION_GCV, CRITERION_LOO };

/* What the command line asks for. */
struct lstsq_path_options {
    double least; /* both 0: chosen from the singular values */
    double most;
    int64_t count;
    enum lstsq_criterion criterion;
};

enum { PATH_COUNT_DEFAULT = 50, PATH_COUNT_MOST = 10000 };

/* The penalties and their figures, each `count` numbers, of all targets together. */
struct lstsq_path {
    int64_t count;  /* 0: there is no path */
    double *lambda; /* ascending */
    double *dof;    /* of the model */
    double *rss;
    double *gcv;
    double *loo; /* mean squared leave-one-out residual; NULL if not asked for */
    int64_t best;
    ritz_hmat coefficients; /* count x ns; empty if not wanted */
};

const char *criterion_name(enum lstsq_criterion criterion);
/* The figures of the criterion. */
const double *path_scores(const struct lstsq_path *path, enum lstsq_criterion criterion);

/* What a path is made of: statistics, or data that was loaded. */
struct lstsq_path_problem {
    const struct lstsq_input *input;
    const ritz_lstsq_stats *stats; /* NULL: the data */
    bool intercept;
    double rtol;
    bool coefficients; /* keep those of every penalty */
};

/* Make the path and choose; returns the exit status. To be released in any case. */
int path_choose(struct lstsq_path *path, const struct lstsq_path_problem *problem,
                const struct lstsq_path_options *options, struct session *session,
                struct progress *progress);

void path_release(struct lstsq_path *path);

#endif
