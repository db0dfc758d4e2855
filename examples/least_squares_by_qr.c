/* Least squares by Householder QR: a polynomial through many points.
 *
 *     min ‖A x - b‖:   A = Q R,   R x = the first n entries of Qᵀ b
 *
 * Q is never formed. The points lie on 1 - 2t + 3t², so that the coefficients are known and the
 * residual is zero.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 5.3.2.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { POINTS = 101, TERMS = 3 };

static const double coefficient[TERMS] = {1, -2, 3};

static void make_problem(double A[POINTS][TERMS], double b[POINTS])
{
    for (int i = 0; i < POINTS; i++) {
        const double t = 2.0 * i / (POINTS - 1) - 1;
        b[i] = 0;
        for (int j = 0; j < TERMS; j++) {
            A[i][j] = pow(t, j);
            b[i] += coefficient[j] * A[i][j];
        }
    }
}

/* Backward stable, and the condition number of this A is below 10 (Higham, Accuracy and Stability
 * of
 * Numerical Algorithms, 2nd ed. 2002, theorem 20.3). */
static int check(const double *b)
{
    const double limit = 10.0 * POINTS * TERMS * DBL_EPSILON;

    for (int i = 0; i < POINTS; i++) {
        const double expected = i < TERMS ? coefficient[i] : 0; /* what remains is the residual */
        if (fabs(b[i] - expected) <= limit) continue;
        fprintf(stderr, "entry %d is %.17g; it should be %g\n", i, b[i], expected);
        return 2;
    }
    return 0;
}

int main(void)
{
    double a[POINTS][TERMS], b[POINTS];
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A = RITZ_NO_MAT, B = RITZ_NO_MAT, tau = RITZ_NO_MAT;
    ritz_hmat hA = ritz_hmat_wrap(a, RITZ_F64, POINTS, TERMS, RITZ_ROW_MAJOR);
    ritz_hmat hB = ritz_hmat_wrap(b, RITZ_F64, POINTS, 1, RITZ_COL_MAJOR);
    int rc = 1;

    make_problem(a, b);
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, POINTS, TERMS, &A) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, POINTS, 1, &B) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, TERMS, 1, &tau))
        goto out;

    /* The upload changes the layout on the way. R is the upper triangle of the factored A. */
    if (ritz_upload(s, hA, A) || ritz_upload(s, hB, B) || ritz_qr_factor(s, A, tau) ||
        ritz_qr_apply(s, RITZ_APPLY_Q_TRANSPOSED, A, tau, B) ||
        ritz_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, ritz_row_range(A, 0, TERMS),
                  ritz_row_range(B, 0, TERMS)) ||
        ritz_download(s, B, hB) || ritz_stream_sync(s))
        goto out;
    rc = check(b);
    if (rc == 0) printf("y = %.15g %+.15g t %+.15g t²\n", b[0], b[1], b[2]);
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_dmat_destroy(s, &tau);
    ritz_dmat_destroy(s, &B);
    ritz_dmat_destroy(s, &A);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
