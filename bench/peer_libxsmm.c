/* libxsmm as a further peer for products of small matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <libxsmm.h>

#include "bench.h"

static int libxsmm_accepts(const struct bench_problem *p)
{
    const struct bench_shape s = p->shape;
    return p->op == &bench_gemm && s.m <= 64 && s.n <= 64 && s.k <= 64;
}

/* The code for a shape is made at the first dispatch, in the warm-up; later ones look it up. */
static int run_single(const struct bench_problem *p, int m, int n, int k)
{
    const float one = 1, zero = 0;
    const libxsmm_smmfunction multiply =
        libxsmm_smmdispatch(m, n, k, NULL, NULL, NULL, &one, &zero, NULL, NULL);
    if (!multiply) return -1;
    for (int64_t i = 0; i < p->shape.batch; i++)
        multiply(bench_in(p, 0, i), bench_in(p, 1, i), bench_out(p, BENCH_PEER, 0, i));
    return 0;
}

static int run_double(const struct bench_problem *p, int m, int n, int k)
{
    const double one = 1, zero = 0;
    const libxsmm_dmmfunction multiply =
        libxsmm_dmmdispatch(m, n, k, NULL, NULL, NULL, &one, &zero, NULL, NULL);
    if (!multiply) return -1;
    for (int64_t i = 0; i < p->shape.batch; i++)
        multiply(bench_in(p, 0, i), bench_in(p, 1, i), bench_out(p, BENCH_PEER, 0, i));
    return 0;
}

static int libxsmm_run(void *context)
{
    const struct bench_problem *p = context;
    const int m = (int)p->shape.m, n = (int)p->shape.n, k = (int)p->shape.k;
    return p->dtype == RITZ_F32 ? run_single(p, m, n, k) : run_double(p, m, n, k);
}

const struct bench_other bench_libxsmm = {"libxsmm", libxsmm_accepts, libxsmm_run};
