/* The further peers that this program was built with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

static const struct bench_other *const others[] = {
#ifdef BENCH_EIGEN
    &bench_eigen,
#endif
#ifdef BENCH_LIBXSMM
    &bench_libxsmm,
#endif
    NULL,
};

const struct bench_other *bench_other_at(int index)
{
    return others[index];
}
