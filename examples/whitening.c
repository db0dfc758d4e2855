/* Whitening: scores of unit variance that are not correlated, and the way back.
 *
 * The points lie on an ellipse in the plane, turned by 30 degrees; its axes differ by a factor of
 * 100.
 * Whitened, they lie on a circle, and the sum of the products of their scores is (N - 1) times the
 * identity.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { POINTS = 360, FEATURES = 2 };

static const double length[FEATURES] = {10, 0.1};

static void make_ellipse(double X[POINTS][FEATURES])
{
    const double turn = 2 * acos(-1.0);
    const double c = cos(turn / 12), s = sin(turn / 12);

    for (int i = 0; i < POINTS; i++) {
        const double u = length[0] * cos(turn * i / POINTS), v = length[1] * sin(turn * i / POINTS);
        X[i][0] = 5 + c * u - s * v;
        X[i][1] = -3 + s * u + c * v;
    }
}

/* Whitening divides by the standard deviations, and so magnifies rounding by their ratio. */
static const double limit = POINTS * DBL_EPSILON * 100;

static int check(double Y[POINTS][FEATURES], double C[FEATURES][FEATURES],
                 double X[POINTS][FEATURES], double back[POINTS][FEATURES])
{
    const double radius_squared = 2.0 * (POINTS - 1) / POINTS;

    for (int i = 0; i < POINTS; i++) {
        const double r = Y[i][0] * Y[i][0] + Y[i][1] * Y[i][1];
        if (!(fabs(r / radius_squared - 1) <= limit)) {
            fprintf(stderr, "point %d is not on the circle: %.17g\n", i, r);
            return 2;
        }
        for (int j = 0; j < FEATURES; j++) {
            if (fabs(back[i][j] - X[i][j]) <= limit * length[0]) continue;
            fprintf(stderr, "point %d came back as %.17g, not %.17g\n", i, back[i][j], X[i][j]);
            return 2;
        }
    }
    for (int i = 0; i < FEATURES; i++) {
        for (int j = 0; j < FEATURES; j++) {
            if (fabs(C[i][j] - (i == j)) <= limit) continue;
            fprintf(stderr, "covariance (%d, %d) is %.17g\n", i, j, C[i][j]);
            return 2;
        }
    }
    printf("covariance of the whitened scores: [%.6f %.6f; %.6f %.6f]\n", C[0][0], C[0][1], C[1][0],
           C[1][1]);
    return 0;
}

int main(void)
{
    static double x[POINTS][FEATURES], y[POINTS][FEATURES], back[POINTS][FEATURES];
    double c[FEATURES][FEATURES];
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_pca *pca = NULL;
    ritz_dmat X = RITZ_NO_MAT, Y = RITZ_NO_MAT, C = RITZ_NO_MAT;
    ritz_hmat hX = ritz_hmat_wrap(x, RITZ_F64, POINTS, FEATURES, RITZ_ROW_MAJOR);
    ritz_hmat hY = ritz_hmat_wrap(y, RITZ_F64, POINTS, FEATURES, RITZ_ROW_MAJOR);
    ritz_hmat hBack = ritz_hmat_wrap(back, RITZ_F64, POINTS, FEATURES, RITZ_ROW_MAJOR);
    ritz_hmat hC = ritz_hmat_wrap(c, RITZ_F64, FEATURES, FEATURES, RITZ_ROW_MAJOR);
    ritz_pca_transform_options whitened = RITZ_PCA_TRANSFORM_DEFAULTS;
    int rc = 1;

    make_ellipse(x);
    whitened.whiten = 1;
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, POINTS, FEATURES, &X) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, POINTS, FEATURES, &Y) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, FEATURES, FEATURES, &C))
        goto out;

    /* No options: as many components as there are, method and precision chosen. */
    if (ritz_upload(s, hX, X) || ritz_pca_fit(s, ritz_rows_dmat(X), NULL, &pca, NULL) ||
        ritz_pca_transform(s, pca, X, Y, &whitened) || ritz_download(s, Y, hY) ||
        ritz_syrk(s, RITZ_BOTH, 1.0 / (POINTS - 1), ritz_t(Y), 0.0, C) || ritz_download(s, C, hC) ||
        ritz_pca_inverse_transform(s, pca, Y, X, &whitened) || ritz_download(s, X, hBack) ||
        ritz_stream_sync(s))
        goto out;
    rc = check(y, c, x, back);
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_pca_destroy(s, &pca);
    ritz_dmat_destroy(s, &C);
    ritz_dmat_destroy(s, &Y);
    ritz_dmat_destroy(s, &X);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
