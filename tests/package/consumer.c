/* What a project that uses Ritz does first: includes the header, opens a device, multiplies. */
#include <stdio.h>
#include <string.h>

#include <ritz/ritz.h>

int main(void)
{
    double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, c[4] = {0};
    const double expected[4] = {19, 22, 43, 50};
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    int rc = 1;

    if (ritz_device_open("cpu", &dev) || ritz_stream_create(dev, &s)) goto out;
    ritz_dmat A = ritz_dmat_wrap(dev, a, RITZ_F64, 2, 2, RITZ_ROW_MAJOR);
    ritz_dmat B = ritz_dmat_wrap(dev, b, RITZ_F64, 2, 2, RITZ_ROW_MAJOR);
    ritz_dmat C = ritz_dmat_wrap(dev, c, RITZ_F64, 2, 2, RITZ_ROW_MAJOR);
    if (ritz_gemm(s, 1.0, A, B, 0.0, C) || ritz_stream_sync(s)) goto out;
    rc = memcmp(c, expected, sizeof c) != 0;
    printf("Ritz %s: %g %g %g %g\n", RITZ_VERSION_STRING, c[0], c[1], c[2], c[3]);
out:
    if (rc) fprintf(stderr, "consumer failed: %s\n", ritz_last_error());
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    return rc;
}
