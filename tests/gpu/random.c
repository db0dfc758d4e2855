/* A question to cuRAND: only where its kernel is compiled, in a build with the real plugin.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core/random_maps.h"
#include "gpu/probes.h"
#include "gpu/random.h"

/* The last blocks of one go over into the high half of their number. */
enum { COUNT = 1000 };
static const struct {
    uint64_t seed, block;
    uint32_t stream_word, col;
} places[] = {
    {0, 0, 0, 0},
    {1234, 0, 0, 1},
    {UINT64_C(0x299f31d0a4093822), UINT32_MAX - 500, UINT32_C(0x93707344), UINT32_MAX},
    {UINT64_MAX, UINT64_C(1) << 40, RITZ_STREAM_LOW_HALF, 77},
};
enum { PLACES = sizeof places / sizeof *places };

static int different(struct rig *r, int p, uint32_t *on_device, uint32_t *words)
{
    const size_t bytes = (size_t)COUNT * sizeof(ritz_philox_block);
    const uint64_t subsequence = (uint64_t)places[p].stream_word << 32 | places[p].col;
    int wrong = 0;
    need(curand_words(places[p].seed, subsequence, places[p].block, COUNT, on_device, r->stream));
    fetch(r, words, on_device, bytes);
    for (uint64_t i = 0; i < COUNT; i++) {
        const ritz_philox_block b = ritz_random_block(places[p].seed, places[p].stream_word,
                                                      places[p].block + i, places[p].col);
        for (int k = 0; k < 4; k++) wrong += words[4 * i + (uint64_t)k] != b.w[k];
    }
    return wrong;
}

static void curand_agrees(struct rig *r, struct finding *f)
{
    uint32_t *words = calloc(COUNT, sizeof(ritz_philox_block));
    uint32_t *on_device = take(r, COUNT * sizeof(ritz_philox_block));
    int wrong = 0;
    if (!words) abort();
    for (int p = 0; p < PLACES; p++) wrong += different(r, p, on_device, words);
    judge(f, wrong == 0, "%d of %d words differ", wrong, PLACES * COUNT * 4);
    free(words);
}

const struct probe random_probes[] = {
    {"curand_agrees", "Are the words of cuRAND's Philox those that the CPU makes?",
     "yes: seed, subsequence and offset / 4 are key, high and low half of the counter",
     "cuRAND Library, Philox_4x32_10 generator", EMULATED, curand_agrees},
};
const size_t random_probe_count = sizeof random_probes / sizeof *random_probes;
