/* What a singular value and a penalty become: for host and device code.
 *
 * sigma² is never formed, so that what overflows or underflows here does so in the result.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_RIDGE_MAPS_H
#define RITZ_CORE_RIDGE_MAPS_H

#include <math.h>

#ifndef RITZ_HD
#define RITZ_HD
#endif

enum ritz_ridge_function {
    RITZ_RIDGE_FILTER,    /* s / (s² + l) */
    RITZ_RIDGE_SHRINK,    /* s² / (s² + l) */
    RITZ_RIDGE_REMAINDER, /* l / (s² + l) */
    RITZ_RIDGE_ROOT       /* (s² + l)^(-1/2) */
};

/* Of s = 0: 0, 0, 1 and 0. Of l negative or NaN: NaN. */
static inline RITZ_HD double ritz_ridge_map(enum ritz_ridge_function phi, double s, double l)
{
    if (!(l >= 0)) return (double)NAN;
    if (s == 0) return phi == RITZ_RIDGE_REMAINDER ? 1 : 0;
    const double by_s = l / s, ratio = by_s / s;
    if (phi == RITZ_RIDGE_FILTER) return 1 / (s + by_s);
    if (phi == RITZ_RIDGE_SHRINK) return 1 / (1 + ratio);
    if (phi == RITZ_RIDGE_ROOT) return 1 / hypot(s, sqrt(l));
    return ratio > 1 ? 1 / (1 + 1 / ratio) : ratio / (1 + ratio);
}

#endif
