/* A CUR decomposition: which columns and rows of a data matrix explain the rest of it.
 *
 * The data are readings of 12 sensors at 40 times. Three of the sensors, and none of the others,
 * respond to one cause only; each of the others to a mixture of the three. The three times at which
 * only one cause was active tell the same of the rows. So rank 3 has C = three sensors, R = three
 * times, and C U R is all of the data, up to rounding.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include <ritz/ritz.h>

enum { TIMES = 40, SENSORS = 12, CAUSES = 3 };

/* How active a cause is at a time, and how a sensor responds to it. */
static double activity(int time, int cause)
{
    return time < CAUSES ? 10.0 * (time == cause) : 1 + cos(0.37 * (cause + 1) * time);
}
static double response(int sensor, int cause)
{
    if (sensor < CAUSES) return 10.0 * (sensor == cause);
    return 1.0 / (1 + cause + sensor % 4);
}

static void make_data(double A[TIMES][SENSORS])
{
    for (int i = 0; i < TIMES; i++) {
        for (int j = 0; j < SENSORS; j++) {
            A[i][j] = 0;
            for (int c = 0; c < CAUSES; c++) A[i][j] += activity(i, c) * response(j, c);
        }
    }
}

/* The pure sensors are the first three; at the times that were chosen U is a small matrix that can
 * be read: C U R must give back every reading. */
static int check(double A[TIMES][SENSORS], const int32_t *columns, const int32_t *rows,
                 double U[CAUSES][CAUSES], const ritz_sketch_report *report)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < TIMES; i++) {
        for (int j = 0; j < SENSORS; j++) {
            double sum = 0;
            for (int a = 0; a < CAUSES; a++)
                for (int b = 0; b < CAUSES; b++) sum += A[i][columns[a]] * U[a][b] * A[rows[b]][j];
            worst = fmax(worst, fabs(A[i][j] - sum));
            largest = fmax(largest, fabs(A[i][j]));
        }
    }
    printf("sensors %d %d %d at times %d %d %d explain all readings to %.1e of the largest\n",
           columns[0], columns[1], columns[2], rows[0], rows[1], rows[2], worst / largest);
    printf("error estimated as %.1e of a norm of %.4g\n", report->error, report->norm);
    int pure = 1;
    for (int i = 0; i < CAUSES; i++) pure = pure && columns[i] < CAUSES && rows[i] >= 0;
    if (pure && report->rank == CAUSES && worst <= 1e-12 * largest) return 0;
    fprintf(stderr, "the pure sensors should have been chosen, and explain everything\n");
    return 2;
}

int main(void)
{
    static double a[TIMES][SENSORS];
    int32_t columns[CAUSES], rows[CAUSES];
    double u[CAUSES][CAUSES];
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A = RITZ_NO_MAT, J = RITZ_NO_MAT, I = RITZ_NO_MAT, U = RITZ_NO_MAT;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    int rc = 1;

    make_data(a);
    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &s) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, TIMES, SENSORS, &A) ||
        ritz_dmat_create(s, RITZ_I32, RITZ_COL_MAJOR, CAUSES, 1, &J) ||
        ritz_dmat_create(s, RITZ_I32, RITZ_COL_MAJOR, CAUSES, 1, &I) ||
        ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, CAUSES, CAUSES, &U) ||
        ritz_upload(s, ritz_hmat_wrap(a, RITZ_F64, TIMES, SENSORS, RITZ_ROW_MAJOR), A))
        goto out;

    ritz_linop op = ritz_linop_dense(A);
    if (ritz_cur(s, &op, J, I, RITZ_NO_MAT, U, RITZ_NO_MAT, NULL, &report) ||
        ritz_download(s, J, ritz_hmat_wrap(columns, RITZ_I32, CAUSES, 1, RITZ_COL_MAJOR)) ||
        ritz_download(s, I, ritz_hmat_wrap(rows, RITZ_I32, CAUSES, 1, RITZ_COL_MAJOR)) ||
        ritz_download(s, U, ritz_hmat_wrap(u, RITZ_F64, CAUSES, CAUSES, RITZ_ROW_MAJOR)) ||
        ritz_stream_sync(s))
        goto out;
    rc = check(a, columns, rows, u, &report);
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_dmat_destroy(s, &U);
    ritz_dmat_destroy(s, &I);
    ritz_dmat_destroy(s, &J);
    ritz_dmat_destroy(s, &A);
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
