/* Random orthogonal matrices: orthonormal, of the right determinant, and distributed as the Haar
 * measure says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static void one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, int64_t batch,
                bool special, struct form form)
{
    if (!begin_case(p, "random_orthogonal %s %lldx%lld batch %lld%s %s", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, (long long)batch, special ? " special" : "",
                    form_name(form)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *Q = add_output(&sc, "Q", dtype, form, m, n, batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_random_orthogonal(p->s, 11, special, Q->mat)))
        for (int64_t b = 0; b < batch; b++) {
            omat q = item_after(Q, b);
            (void)expect_ratio("random_orthogonal |I - Q'Q|", dtype,
                               oracle_orth_ratio(q, eps_of(dtype)), 30);
            if (special && m == n && n > 0)
                (void)expect(fabsl(oracle_det(q) - 1) < 0.01L, "a determinant is not 1");
            omat_destroy(&q);
        }
    scene_end(&sc);
}

/* Under the Haar measure of O(n), for n >= 2: the elements have mean 0 and variance 1/n, the trace
 * mean 0 and variance 1 (Diaconis and Mallows 1986), and half of the determinants are -1; with
 * determinant 1 and n >= 3 the first four are the same. */
static void moments(const struct place *p, ritz_dtype dtype, int64_t n, bool special)
{
    enum { COUNT = 4000 };
    if (!begin_case(p, "random_orthogonal %s, moments of %d of order %lld%s",
                    ritz_dtype_name(dtype), COUNT, (long long)n, special ? ", special" : ""))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, n, n, COUNT);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_random_orthogonal(p->s, 12, special, Q->mat))) {
        omat sum = omat_create(n, n), squares = omat_create(n, n);
        double traces = 0, trace_squares = 0, negative = 0;
        for (int64_t b = 0; b < COUNT; b++) {
            omat q = item_after(Q, b);
            double trace = 0;
            for (int64_t i = 0; i < n; i++) trace += (double)OMAT_AT(q, i, i);
            for (int64_t k = 0; k < n * n; k++) {
                sum.a[k] += q.a[k];
                squares.a[k] += q.a[k] * q.a[k];
            }
            traces += trace;
            trace_squares += trace * trace;
            negative += oracle_det(q) < 0;
            omat_destroy(&q);
        }
        /* Nothing here has a variance above 3 (that of the square of a trace). */
        const double sd = sqrt(1.0 / COUNT);
        double mean_off = 0, square_off = 0;
        for (int64_t k = 0; k < n * n; k++) {
            mean_off = fmax(mean_off, fabs((double)sum.a[k] / COUNT));
            square_off = fmax(square_off, fabs((double)squares.a[k] / COUNT - 1.0 / (double)n));
        }
        (void)expect(mean_off <= 5 * sd / sqrt((double)n), "the mean is off by %g", mean_off);
        (void)expect(square_off <= 5 * sd / (double)n * 2, "the variance is off by %g", square_off);
        (void)expect(fabs(traces / COUNT) <= 5 * sd, "the mean trace is %g", traces / COUNT);
        (void)expect(fabs(trace_squares / COUNT - 1) <= 5 * sd * sqrt(3),
                     "the variance of the trace is %g", trace_squares / COUNT);
        const double half = special ? 0 : 0.5;
        (void)expect(fabs(negative / COUNT - half) <= (special ? 0 : 2.5 * sd),
                     "%g of the determinants are negative", negative / COUNT);
        omat_destroy(&sum);
        omat_destroy(&squares);
    }
    scene_end(&sc);
}

void test_random_orthogonal(const struct place *p)
{
    static const int64_t shapes[][3] = {{0, 0, 1}, {4, 0, 2}, {3, 3, 0}, {1, 1, 5},
                                        {2, 2, 7}, {5, 3, 2}, {7, 7, 3}, {61, 13, 1}};
    for (int t = 0; t < REALS; t++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            for (int special = 0; special <= 1; special++)
                for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
                    one(p, reals[t], shapes[i][0], shapes[i][1], shapes[i][2], special, walk.f[0]);
        moments(p, reals[t], 2, false);
        moments(p, reals[t], 3, false);
        moments(p, reals[t], 3, true);
    }
}
