/* Random matrices: every entry against its definition, and the definition against published words.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"
#include "core/random_maps.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };
static const char *const names[] = {"normal", "uniform", "rademacher"};

/* The user's numbers have purpose 0. */
static long double entry(ritz_distribution dist, ritz_dtype dtype, uint64_t seed,
                         uint32_t substream, int64_t row, int64_t col)
{
    const uint64_t r = (uint64_t)row;
    const uint32_t c = (uint32_t)col;
    switch (dist) {
    case RITZ_NORMAL: return ritz_random_normal_at(seed, substream, r, c);
    case RITZ_RADEMACHER: return ritz_random_sign_at(seed, substream, r, c);
    case RITZ_UNIFORM: break;
    }
    return dtype == RITZ_F32 ? (long double)ritz_random_uniform_f32_at(seed, substream, r, c)
                             : (long double)ritz_random_uniform_f64_at(seed, substream, r, c);
}

static bool item_is_right(const struct operand *A, int64_t b, ritz_distribution dist, uint64_t seed,
                          uint32_t substream)
{
    for (int64_t j = 0; j < A->mat.cols; j++)
        for (int64_t i = 0; i < A->mat.rows; i++) {
            const long double got =
                load_element(A->mat.dtype, A->after + element_offset(A, b, i, j));
            if (!(got == entry(dist, A->mat.dtype, seed, substream, i, b * A->mat.cols + j)))
                return false;
        }
    return true;
}

static void fill_one(const struct place *p, ritz_dtype dtype, ritz_distribution dist,
                     const struct shape *s, struct form form, uint64_t seed, uint32_t substream)
{
    if (!begin_case(p, "random_fill %s %s %lldx%lld batch %lld seed %llu/%u A %s",
                    ritz_dtype_name(dtype), names[dist], (long long)s->m, (long long)s->n,
                    (long long)s->batch, (unsigned long long)seed, substream, form_name(form)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_output(&sc, "A", dtype, form, s->m, s->n, s->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_random_fill(p->s, dist, seed, substream, A->mat)))
        for (int64_t b = 0; b < s->batch; b++)
            (void)expect(item_is_right(A, b, dist, seed, substream),
                         "an entry of item %lld is not that of its address", (long long)b);
    scene_end(&sc);
}

/* Key 0, counter 0: the published words of Philox4x32-10 (Salmon et al. 2011, kat_vectors). */
static void published(const struct place *p)
{
    static const uint32_t words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    if (!begin_case(p, "random_fill float32 uniform and rademacher of seed 0, published words"))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *U = add_output(&sc, "U", RITZ_F32, COL_PLAIN, 4, 1, 1);
    struct operand *R = add_output(&sc, "R", RITZ_F32, COL_PLAIN, 4, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_random_fill(p->s, RITZ_UNIFORM, 0, 0, U->mat));
    if (scene_finish(&sc, ritz_random_fill(p->s, RITZ_RADEMACHER, 0, 0, R->mat))) {
        omat u = item_after(U, 0), r = item_after(R, 0);
        for (int i = 0; i < 4; i++) {
            const long double want = ((long double)(words[i] >> 9) + 0.5L) * 0x1p-23L;
            (void)expect(u.a[i] == want, "uniform %d is %.9Lg, not %.9Lg", i, u.a[i], want);
            (void)expect(r.a[i] == (words[i] >> 31 ? -1 : 1), "sign %d is wrong", i);
        }
        omat_destroy(&u);
        omat_destroy(&r);
    }
    scene_end(&sc);
}

/* Mean and variance of a large sample, within five standard deviations of theirs; fixed seeds, so
 * it holds always or never. */
static void moments(const struct place *p, ritz_dtype dtype, ritz_distribution dist)
{
    enum { ROWS = 1000, COLS = 50, COUNT = ROWS * COLS };
    static const struct {
        double mean, variance, fourth; /* fourth: central moment */
    } theory[] = {{0, 1, 3}, {0.5, 1.0 / 12, 1.0 / 80}, {0, 1, 1}};
    if (!begin_case(p, "random_fill %s %s, moments of %d", ritz_dtype_name(dtype), names[dist],
                    COUNT))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_output(&sc, "A", dtype, COL_PLAIN, ROWS, COLS, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_random_fill(p->s, dist, 2024, 7, A->mat))) {
        omat x = item_after(A, 0);
        long double sum = 0, squares = 0;
        for (int i = 0; i < COUNT; i++) sum += x.a[i];
        for (int i = 0; i < COUNT; i++)
            squares += (x.a[i] - theory[dist].mean) * (x.a[i] - theory[dist].mean);
        const double v = theory[dist].variance;
        const double mean_sd = sqrt(v / COUNT),
                     variance_sd = sqrt((theory[dist].fourth - v * v) / COUNT);
        const double mean_off = (double)fabsl(sum / COUNT - theory[dist].mean);
        const double variance_off = (double)fabsl(squares / COUNT - v);
        (void)expect(mean_off <= 5 * mean_sd, "the mean is off by %g", mean_off);
        (void)expect(variance_off <= 5 * variance_sd + 1e-12, "the variance is off by %g",
                     variance_off);
        omat_destroy(&x);
    }
    scene_end(&sc);
}

void test_random(const struct place *p)
{
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, UINT64_C(0x243f6a8885a308d3)};
    int turn = 0;
    published(p);
    for (int t = 0; t < REALS; t++)
        for (int dist = 0; dist < 3; dist++) {
            moments(p, reals[t], (ritz_distribution)dist);
            for (const struct shape *s = NULL; (s = next_shape("random_fill", s));) {
                struct forms walk = forms_of(1, 0);
                for (; next_forms(&walk); turn++)
                    fill_one(p, reals[t], (ritz_distribution)dist, s, walk.f[0], seeds[turn % 4],
                             turn % 3 == 0 ? (1u << 24) - 1 : (uint32_t)turn);
                if (s->batch <= 1) continue;
                for (int layout = 0; layout < 2; layout++)
                    fill_one(p, reals[t], (ritz_distribution)dist, s,
                             (struct form){(ritz_layout)layout, VIEW_INTERLEAVED}, 5, 1);
            }
        }
}
