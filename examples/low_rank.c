/* A low-rank approximation by randomized SVD, and the error figure that comes with it.
 *
 * A = C diag(σ) Dᵀ with cosines for singular vectors and σ_i = 2^-i, so that singular values and
 * the
 * smallest error of any rank k approximation, sqrt(σ_k² + σ_(k+1)² + ...), are known.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { ROWS = 200, COLS = 120, K = 10, OVERSAMPLING = 10 };

/* Entry i of the j-th vector of an orthonormal basis of n dimensions (the DCT-II). */
static double cosine(int n, int i, int j)
{
    return sqrt((j == 0 ? 1.0 : 2.0) / n) * cos(acos(-1.0) * (i + 0.5) * j / n);
}

static double sigma(int i)
{
    return ldexp(1.0, -i);
}

static void make_matrix(double A[ROWS][COLS])
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            A[i][j] = 0;
            for (int l = 0; l < COLS; l++)
                A[i][j] += cosine(ROWS, i, l) * sigma(l) * cosine(COLS, j, l);
        }
    }
}

static int check(const double *S, const ritz_sketch_report *report)
{
    const double rounding = ROWS * DBL_EPSILON;
    /* The sum of the geometric series σ_k² + ... + σ_(n-1)². */
    const double best = sqrt((pow(4.0, -K) - pow(4.0, -COLS)) / (1 - 0.25));
    /* Halko, Martinsson and Tropp 2011, theorem 10.5: what one sketch without power iterations
     * keeps
     * in the mean. */
    const double limit = best * sqrt(1 + K / (OVERSAMPLING - 1.0));

    printf("rank %d from %d columns: error %.4e, the smallest possible is %.4e\n", K,
           (int)report->sample_size, report->error, best);
    if (report->kind != RITZ_ERROR_EXACT || !(report->error >= best * (1 - sqrt(rounding))) ||
        !(report->error <= limit)) {
        fprintf(stderr, "the error should be between %.17g and %.17g\n", best, limit);
        return 2;
    }
    /* A projection makes no singular value larger, and together they lose what the error gained. */
    const double lost = report->error * report->error - best * best;
    for (int i = 0; i < K; i++) {
        const double below = sigma(i) * sigma(i) - S[i] * S[i];
        if (fabs(below) <= fmax(lost, 0) + rounding) continue;
        fprintf(stderr, "singular value %d is %.17g; it should be %.17g\n", i, S[i], sigma(i));
        return 2;
    }
    return 0;
}

int main(void)
{
    static double a[ROWS][COLS];
    double values[K];
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A = RITZ_NO_MAT, U = RITZ_NO_MAT, S = RITZ_NO_MAT, V = RITZ_NO_MAT;
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    int rc = 1;

    make_matrix(a);
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, ROWS, COLS, &A) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, ROWS, K, &U) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, K, 1, &S) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, COLS, K, &V) ||
        ritz_upload(s, ritz_hmat_wrap(a, RITZ_F64, ROWS, COLS, RITZ_ROW_MAJOR), A))
        goto out;

    opts.oversampling = OVERSAMPLING;
    opts.seed = 1;
    ritz_linop op = ritz_linop_dense(A);
    if (ritz_svd_randomized(s, &op, U, S, V, &opts, &report) ||
        ritz_download(s, S, ritz_hmat_wrap(values, RITZ_F64, K, 1, RITZ_COL_MAJOR)) ||
        ritz_stream_sync(s))
        goto out;
    rc = check(values, &report);
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_dmat_destroy(s, &V);
    ritz_dmat_destroy(s, &S);
    ritz_dmat_destroy(s, &U);
    ritz_dmat_destroy(s, &A);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
