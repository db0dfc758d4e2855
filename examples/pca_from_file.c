/* Principal components of a file.
 *
 * Writes points on an ellipse in 8 dimensions to ellipse.npy and fits a model to the file. The axes
 * of the ellipse are the components, and half the squares of its half axes the variances. The first
 * part is the example of README.md.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <ritz/ritz.h>

/* Fit k components to the rows of a file; copy them and their variances to the caller. */
static int fit(const char *path, int64_t k, ritz_hmat components, ritz_hmat variances)
{
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_pca *pca = NULL;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    ritz_pca_report report = RITZ_PCA_REPORT_INIT;
    int rc = 1;

    opts.components = k;
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_pca_fit(s, ritz_rows_file(path), &opts, &pca, &report) ||
        ritz_download(s, ritz_pca_components(pca), components) ||
        ritz_download(s, ritz_pca_explained_variance(pca), variances) || ritz_stream_sync(s))
        goto out;
    printf("%s (%s): %.1f %% of the variance in %.3f s\n", report.method_name, report.reason,
           100 * report.explained, report.seconds);
    rc = 0;
out:
    if (rc) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_pca_destroy(s, &pca);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}

#include <float.h>
#include <math.h>

enum { POINTS = 240, FEATURES = 8, COMPONENTS = 2 };

/* The half axes. */
static const double length[COMPONENTS] = {3, 0.5};

/* Feature j of the direction of axis c: all equal, and of alternating sign. */
static double direction(int c, int j)
{
    return (c == 1 && j % 2 == 1 ? -1 : 1) / sqrt(FEATURES);
}

/* Centre + cos(t) length[0] direction 0 + sin(t) length[1] direction 1; feature j of the centre
 * is j. */
static int write_ellipse(const char *path)
{
    static double X[POINTS][FEATURES];
    const double turn = 2 * acos(-1.0);

    for (int i = 0; i < POINTS; i++) {
        const double t = turn * i / POINTS;
        for (int j = 0; j < FEATURES; j++)
            X[i][j] =
                j + cos(t) * length[0] * direction(0, j) + sin(t) * length[1] * direction(1, j);
    }
    if (ritz_save_npy(path, ritz_hmat_wrap(X, RITZ_F64, POINTS, FEATURES, RITZ_ROW_MAJOR))) {
        fprintf(stderr, "%s\n", ritz_last_error());
        return 1;
    }
    return 0;
}

/* Relative to the first axis; a sum of so many terms is not exact. */
static int agrees(const char *what, double got, double expected)
{
    const double limit = POINTS * DBL_EPSILON * length[0] * length[0];
    if (fabs(got - expected) <= limit) return 1;
    fprintf(stderr, "%s is %.17g; it should be %.17g\n", what, got, expected);
    return 0;
}

int main(void)
{
    const char *path = "ellipse.npy";
    double V[COMPONENTS][FEATURES], variance[COMPONENTS];

    if (write_ellipse(path) ||
        fit(path, COMPONENTS, ritz_hmat_wrap(V, RITZ_F64, COMPONENTS, FEATURES, RITZ_ROW_MAJOR),
            ritz_hmat_wrap(variance, RITZ_F64, COMPONENTS, 1, RITZ_COL_MAJOR)))
        return 1;

    for (int c = 0; c < COMPONENTS; c++) {
        /* The sum of cos² over a whole turn is half the number of points. */
        const double expected = length[c] * length[c] * POINTS / 2 / (POINTS - 1);
        if (!agrees("a variance", variance[c], expected)) return 1;
        for (int j = 0; j < FEATURES; j++)
            if (!agrees("a component", V[c][j], direction(c, j))) return 1;
    }
    return 0;
}
