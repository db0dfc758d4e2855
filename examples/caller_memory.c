/* Ritz on the caller's memory: wrapped arrays, views, and an allocator of the caller's.
 *
 * A, B and C lie in one array of the program, C in rows padded to 8 elements. Ritz copies none of
 * them. What it takes for itself, here the copy of a matrix to be solved with, comes from the
 * caller's
 * allocator, which counts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include <ritz/ritz.h>

enum { M = 4, N = 3, LD = 8 };

struct account {
    int blocks;      /* not yet given back */
    size_t bytes;    /* of them */
    size_t in_total; /* ever taken */
};

/* This allocator hands memory out and takes it back at once. That is in the order of an inline
 * stream, whose work is done when a call returns; a stream with a worker would need a pool of its
 * own, whose memory is used again by later work of the same stream only. */
static void *take(void *context, size_t bytes, ritz_stream *s)
{
    struct account *account = context;
    const size_t rounded = (bytes + 255) / 256 * 256;
    void *p = aligned_alloc(256, rounded);

    (void)s;
    if (p != NULL) {
        account->blocks++;
        account->bytes += bytes;
        account->in_total += bytes;
    }
    return p;
}

static void give_back(void *context, void *p, size_t bytes, ritz_stream *s)
{
    struct account *account = context;

    (void)s;
    account->blocks--;
    account->bytes -= bytes;
    free(p);
}

static int expect(int holds, const char *what)
{
    if (!holds) fprintf(stderr, "%s\n", what);
    return holds;
}

/* C = Aᵀ A + 1 for the A below; every number is a small integer, so it is exact. The padding of C
 * is as
 * it was. */
static int check_product(double C[N][LD])
{
    static const double expected[N][N] = {{15, 21, 27}, {21, 31, 41}, {27, 41, 55}};

    for (int i = 0; i < N; i++) {
        for (int j = 0; j < LD; j++) {
            const double value = j < N ? expected[i][j] : -7;
            if (!expect(C[i][j] == value, "C is wrong, or its padding was written")) return 0;
        }
    }
    return 1;
}

int main(void)
{
    /* Row-major, as C has it: A(i, j) = i + j. */
    const double a[M][N] = {{0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5}};
    double c[N][LD], x[N];
    struct account account = {0, 0, 0};
    const ritz_allocator allocator = {&account, take, give_back};
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    int rc = 1;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < LD; j++) c[i][j] = j < N ? 1 : -7;
    for (int i = 0; i < N; i++) x[i] = 1;

    /* Memory of the host is the CPU's memory only. */
    if (ritz_device_open("cpu", &dev) || ritz_device_set_allocator(dev, &allocator) ||
        ritz_stream_create_inline(dev, &s))
        goto out;

    ritz_dmat A = ritz_dmat_wrap_const(dev, a, RITZ_F64, M, N, RITZ_ROW_MAJOR);
    ritz_dmat C = ritz_with_ld(ritz_dmat_wrap(dev, c, RITZ_F64, N, N, RITZ_ROW_MAJOR), LD);
    if (ritz_gemm(s, 1.0, ritz_t(A), A, 1.0, C) || ritz_stream_sync(s)) goto out;
    rc = 2;
    if (!check_product(c)) goto out;

    /* A is read-only: it is refused as an output, and nothing has changed. */
    const ritz_dmat top = ritz_block(A, 0, 0, N, N);
    if (!expect(ritz_gemm(s, 1.0, C, C, 0.0, top) == RITZ_ERR_READ_ONLY, "A was not protected"))
        goto out;
    printf("refused, as it should be: %s\n", ritz_last_error());

    /* Views cost nothing; a solver needs a copy of its matrix, from the caller's allocator. The
     * leading block [15 21; 21 31] has the determinant 24, and the solution of it with (1, 1) is
     * (10, -6) / 24. */
    rc = 1;
    ritz_dmat X = ritz_dmat_wrap(dev, x, RITZ_F64, N, 1, RITZ_COL_MAJOR);
    if (ritz_spd_solve(s, ritz_block(C, 0, 0, 2, 2), ritz_row_range(X, 0, 2), NULL, RITZ_NO_MAT) ||
        ritz_stream_sync(s))
        goto out;
    rc = 2;
    const double e0 = x[0] - 10.0 / 24, e1 = x[1] + 6.0 / 24;
    /* n eps times the condition number, (trace² / determinant): 2 * 2^-52 * 46² / 24. */
    const double limit = 2 * 0x1p-52 * 46 * 46 / 24;
    if (!expect(e0 <= limit && -e0 <= limit && e1 <= limit && -e1 <= limit, "x is wrong") ||
        !expect(x[2] == 1, "x was written outside the view") ||
        !expect(account.in_total > 0, "the allocator was not used"))
        goto out;
    printf("%zu bytes were taken through the caller's allocator\n", account.in_total);
    rc = 0;
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    ritz_stream_destroy(&s);
    ritz_device_close(&dev);
    if (!expect(account.blocks == 0 && account.bytes == 0, "memory was not given back") && rc == 0)
        rc = 2;
    return rc;
}
