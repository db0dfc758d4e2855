/* A batch of symmetric positive definite systems, one of which is not.
 *
 * The matrix of -u'' = f on n inner points has the solution u_i = (i + 1)(n - i) / 2 for f = 1.
 * Item
 * 0 is that matrix, item 1 twice it, and item 2 has a negative diagonal entry and cannot be
 * factored.
 * With `info` the caller learns which item failed, and the others are right; without it,
 * ritz_stream_sync reports the failure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { N = 32, ITEMS = 3, BAD_ITEM = 2, BAD_ROW = 4 };

static void make_systems(double A[ITEMS][N][N], double B[ITEMS][N])
{
    for (int b = 0; b < ITEMS; b++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                const double poisson = i == j ? 2 : i == j + 1 || j == i + 1 ? -1 : 0;
                A[b][i][j] = b == 1 ? 2 * poisson : poisson;
            }
            B[b][i] = 1;
        }
    }
    A[BAD_ITEM][BAD_ROW][BAD_ROW] = -1;
}

static int check(double X[ITEMS][N], const int32_t info[ITEMS])
{
    /* The error of a stable solver is at most about n eps times the condition number, (2n/π)². */
    const double condition = pow(2 * N / acos(-1.0), 2);
    const double limit = N * DBL_EPSILON * condition;
    int bad = 0;

    for (int b = 0; b < ITEMS; b++) {
        const int32_t expected = b == BAD_ITEM ? BAD_ROW + 1 : 0; /* the order of the minor */
        if (info[b] != expected) {
            fprintf(stderr, "info of item %d is %d; it should be %d\n", b, info[b], expected);
            bad = 1;
        }
        for (int i = 0; i < N; i++) {
            const double u = (i + 1) * (N - i) / (b == 1 ? 4.0 : 2.0);
            const int right = b == BAD_ITEM ? isnan(X[b][i]) : fabs(X[b][i] - u) <= limit * u;
            if (right) continue;
            fprintf(stderr, "x[%d] of item %d is %.17g; it should be %g\n", i, b, X[b][i],
                    b == BAD_ITEM ? (double)NAN : u);
            bad = 1;
        }
    }
    return bad;
}

int main(void)
{
    static double a[ITEMS][N][N], b[ITEMS][N];
    int32_t info[ITEMS];
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A = RITZ_NO_MAT, B = RITZ_NO_MAT, I = RITZ_NO_MAT;
    ritz_hmat hA =
        ritz_hmat_batched(ritz_hmat_wrap(a, RITZ_F64, N, N, RITZ_ROW_MAJOR), ITEMS, N * N);
    ritz_hmat hB = ritz_hmat_batched(ritz_hmat_wrap(b, RITZ_F64, N, 1, RITZ_COL_MAJOR), ITEMS, N);
    ritz_hmat hI = ritz_hmat_wrap(info, RITZ_I32, ITEMS, 1, RITZ_COL_MAJOR);
    int rc = 1;

    make_systems(a, b);
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_dmat_create_batch(s, RITZ_F64, RITZ_ROW_MAJOR, N, N, ITEMS, &A) ||
        ritz_dmat_create_batch(s, RITZ_F64, RITZ_COL_MAJOR, N, 1, ITEMS, &B) ||
        ritz_dmat_create(s, RITZ_I32, RITZ_COL_MAJOR, ITEMS, 1, &I))
        goto out;
    if (ritz_upload(s, hA, A) || ritz_upload(s, hB, B) || ritz_spd_solve(s, A, B, NULL, I) ||
        ritz_download(s, B, hB) || ritz_download(s, I, hI) || ritz_stream_sync(s))
        goto out;
    if (check(b, info)) {
        rc = 2;
        goto out;
    }

    /* The same without info: the failure surfaces when the stream is synchronised. */
    if (ritz_fill(s, 1.0, B) || ritz_spd_solve(s, A, B, NULL, RITZ_NO_MAT)) goto out;
    rc = 2;
    if (ritz_stream_sync(s) != RITZ_ERR_NOT_SPD) {
        fprintf(stderr, "the stream does not say that item %d failed\n", BAD_ITEM);
        goto out;
    }
    printf("as expected: %s\n", ritz_last_error());
    rc = 0;
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_dmat_destroy(s, &I);
    ritz_dmat_destroy(s, &B);
    ritz_dmat_destroy(s, &A);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
