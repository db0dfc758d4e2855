/* What a sample of l values s_1 >= s_2 >= .. tells about k of them, in words.
 *
 * The rank: values of at most 10 u ‖A‖_F are rounding errors, and so are their vectors.
 *
 * The power iterations: with l = k + p columns and P = 2q + 1 (Halko, Martinsson and Tropp 2011,
 * corollary 10.10),
 *
 *     E ‖A - QQᵀA‖ <= C^(1/P) σ_(k+1),
 *     C = 1 + sqrt(k/(p-1)) + (e sqrt(l)/p) sqrt(sum_(j>k) (σ_j/σ_(k+1))^(2P))
 *
 * with the values of the sample for σ_1 .. σ_l. Of the others only the sum of squares is known, and
 * none is larger than s_l, so that their sum of powers is at most that of as many values s_l as the
 * squares add up to. Where that would be more values than there are, the sample has missed some,
 * and the mean of their squares takes the place of s_l².
 *
 * The gap: vectors k and k+1 turn into each other under perturbations of s_k - s_(k+1).
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "algo/algo.h"

#define WEAK_GAP 1.1
#define EXCESS_TO_WARN 2.0
#define EXCESS_TO_REACH 1.5
#define MOST_POWERS 64
#define FAR_BEHIND 10

void ritz_algo_append(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text), space = used > 0;
    va_list arguments;
    if (used + space >= size) return;
    va_start(arguments, format);
    const int length = vsnprintf(text + used + space, size - used - space, format, arguments);
    va_end(arguments);
    const int fits = length >= 0 && (size_t)length < size - used - space;
    if (fits && space) text[used] = ' ';
    if (!fits) text[used] = '\0';
}

/* The level of rounding. */
static double noise(const struct ritz_algo_sample *sample)
{
    double norm = sample->norm;
    if (norm == 0)
        for (int64_t i = 0; i < sample->count; i++) norm = hypot(norm, sample->values[i]);
    return RITZ_SKETCH_NOISE * ritz_algo_roundoff(sample->dtype) * norm;
}

/* s_j / s_(j+1) for j >= 1. */
static double gap_at(const struct ritz_algo_sample *sample, int64_t j)
{
    const double upper = sample->values[j - 1], lower = sample->values[j];
    return lower > 0 ? upper / lower : upper > 0 ? (double)INFINITY : 0.0;
}

double ritz_algo_sample_gap(const struct ritz_algo_sample *sample)
{
    if (sample->k == 0 || sample->k >= sample->count || !isfinite(sample->values[0])) return 0.0;
    return gap_at(sample, sample->k);
}

double ritz_algo_sample_excess(const struct ritz_algo_sample *sample, int q)
{
    const int64_t k = sample->k, l = sample->count;
    if (k >= l || sample->tail < 0 || sample->powers < 0) return 0.0;
    if (l == sample->most) return 1.0; /* nothing is left out */
    if (l - k < 2) return (double)INFINITY;

    const double power = 2.0 * q + 1.0, p = (double)(l - k);
    const double last =
        fmax(sample->values[l - 1], sqrt(sample->tail / (double)(sample->most - l)));
    const double next = fmax(sample->values[k], last);
    if (!(next > noise(sample))) return 0.0;
    double sum = sample->tail / (next * next) * pow(last / next, 2.0 * power - 2.0);
    for (int64_t j = k; j < l; j++) sum += pow(sample->values[j] / next, 2.0 * power);
    const double C = 1.0 + sqrt((double)k / (p - 1.0)) + exp(1.0) * sqrt((double)l) / p * sqrt(sum);
    return pow(C, 1.0 / power);
}

/* The leading values that are more than rounding. */
static int64_t rank_of(const struct ritz_algo_sample *sample)
{
    const double level = noise(sample);
    int64_t rank = 0;
    while (rank < sample->k && sample->values[rank] > level) rank++;
    return rank;
}

static void warn_of_rank(const struct ritz_algo_sample *sample, int64_t rank, char *text,
                         size_t size)
{
    ritz_algo_append(text, size,
                     "only %" PRId64 " of the %" PRId64 " values stand above the rounding level "
                     "%.1e; the vectors beyond them mean nothing.",
                     rank, sample->k, noise(sample));
    if (sample->dtype == RITZ_F32 && rank > 0)
        ritz_algo_append(text, size, "If smaller values matter, compute in float64.");
}

void ritz_algo_sample_warn_of_powers(const struct ritz_algo_sample *sample, char *text, size_t size)
{
    const double excess = ritz_algo_sample_excess(sample, sample->powers);
    if (isinf(excess)) {
        ritz_algo_append(text, size,
                         "with an oversampling of %" PRId64 " the error has no bound; 10 is usual.",
                         sample->count - sample->k);
        return;
    }
    if (!(excess > EXCESS_TO_WARN)) return;
    int q = sample->powers + 1;
    while (q < MOST_POWERS && ritz_algo_sample_excess(sample, q) >= EXCESS_TO_REACH) q++;
    ritz_algo_append(text, size,
                     "the spectral error may be %.1f times the least possible; power_iterations = "
                     "%d brings that below %.1f.",
                     excess, q, EXCESS_TO_REACH);
}

/* The number nearest to k with a gap; 0 if there is none. Values far behind k, or near the end of
 * the sample, are not trusted. */
static int64_t nearest_gap(const struct ritz_algo_sample *sample)
{
    const int64_t k = sample->k, end = k + min_i64(sample->count - k, FAR_BEHIND) / 2;
    for (int64_t d = 1; d < sample->count; d++) {
        if (k - d >= 1 && gap_at(sample, k - d) >= WEAK_GAP) return k - d;
        if (k + d < end && gap_at(sample, k + d) >= WEAK_GAP) return k + d;
    }
    return 0;
}

static void warn_of_gap(const struct ritz_algo_sample *sample, char *text, size_t size)
{
    const double gap = ritz_algo_sample_gap(sample);
    if (gap == 0 || gap >= WEAK_GAP) return;
    const int64_t better = nearest_gap(sample);
    if (better > 0)
        ritz_algo_append(text, size,
                         "s_k/s_(k+1) is %.3g: the last vectors are not determined; k = %" PRId64
                         " has a gap of %.3g.",
                         gap, better, gap_at(sample, better));
    else
        ritz_algo_append(text, size,
                         "s_k/s_(k+1) is %.3g: the last vectors are not determined, though the "
                         "values are.",
                         gap);
}

void ritz_algo_sample_warn(const struct ritz_algo_sample *sample, char *text, size_t size)
{
    if (sample->k == 0 || sample->count == 0 || !isfinite(sample->values[0])) return;
    const int64_t rank = rank_of(sample);
    if (rank < sample->k) {
        warn_of_rank(sample, rank, text, size);
        return;
    }
    ritz_algo_sample_warn_of_powers(sample, text, size);
    warn_of_gap(sample, text, size);
}
