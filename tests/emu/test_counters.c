/* What public operations do to the device, counted by the emulation: one that may not wait makes no
 * synchronisation, open or hidden; after it has run once, no operation allocates more than what it
 * makes for its caller and the buffers that must live while it reads.
 *
 * scripts/check-operations compares the table with the documentation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"

static int problems;

static void wrong(const struct operation *op, const char *what)
{
    problems++;
    printf("FAIL %s %s: %s\n", op->name, op->variant, what);
}

static struct emu_counts counts_of(struct world *w, const struct operation *op)
{
    struct emu_counts counts;
    load_world(w, op);
    emu_counters_clear();
    must(op->call(w));
    emu_counters(&counts);
    must(ritz_stream_sync(w->s));
    drop_made(w);
    return counts;
}

/* How often an operation that may allocates and frees, once its stream is warm. */
static int64_t allocations_of(const struct operation *op)
{
    static const struct {
        const char *name, *variant;
        int64_t count;
    } table[] = {
        {"ritz_dmat_create", "", 1},        /* the matrix */
        {"ritz_hmat_create_pinned", "", 1}, /* the matrix */
        /* The model, which is the caller's: components, mean, and three vectors. */
        {"ritz_pca_fit", "covariance", 5},
        {"ritz_pca_fit", "randomized", 5},
        {"ritz_pca_fit", "exact", 5},
        {"ritz_pca_fit", "dual", 5},
        {"ritz_pca_fit", "incremental", 5},
        {"ritz_pca_stats_fit", "", 5},
        /* And two buffers on the device, freed again. Not from the stream's workspace, which is a
         * stack: they outlive the passes over the data, and these take and release on top of it. */
        {"ritz_pca_fit", "host matrix", 5 + 2 * 2},
        /* And two page-locked ones beside them, into which the function writes. */
        {"ritz_pca_fit", "function", 5 + 2 * 4},
        {"ritz_pca_transform_rows", "", 2 * 4}, /* the same four buffers */
        /* Offsets, indices, values of A and of its transpose, where those stand, and what columns
         * do not store. No parts of long rows: there are none. */
        {"ritz_spmat_create_coo", "", 3 + 3 + 2},
        {"ritz_lstsq_stats_create", "", 2},                      /* a factor and means */
        {"ritz_lstsq_stats_add_rows", "host matrix", 2 * 2 * 2}, /* two buffers a source */
        /* Values, vectors, UᵀB, what is left of B, and means. */
        {"ritz_ridge_fit", "", 5},
        {"ritz_ridge_fit_stats", "", 5},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(op->name, table[i].name) == 0 && strcmp(op->variant, table[i].variant) == 0)
            return table[i].count;
    return 0;
}

/* Small matrices never reach the routines that may wait inside. */
static bool may_block(const struct operation *op, int64_t n)
{
    enum { LARGEST_OF_OWN_KERNELS = 32 };
    return (op->may & MAY_SYNC) || ((op->may & MAY_BLOCK) && n > LARGEST_OF_OWN_KERNELS);
}

static void check(const struct operation *op, int64_t m, int64_t n)
{
    struct world w;
    open_world(&w, "cuda", m, n);
    const struct emu_counts first = counts_of(&w, op), second = counts_of(&w, op);
    printf("%-28s %-12s %4lld x %-4lld %5lld launches %4lld library calls %3lld syncs "
           "%3lld allocations (%lld first)\n",
           op->name, op->variant, (long long)m, (long long)n, (long long)second.launches,
           (long long)second.library_calls, (long long)(second.syncs + second.hidden_syncs),
           (long long)(second.allocations + second.frees),
           (long long)(first.allocations + first.frees));
    if (!(op->may & MAY_SYNC) && second.syncs != 0) wrong(op, "synchronises");
    if (!may_block(op, n) && second.hidden_syncs != 0)
        wrong(op, "makes a call that synchronises unasked");
    const int64_t allowed = op->may & MAY_ALLOCATE ? allocations_of(op) : 0;
    if (second.allocations + second.frees != allowed)
        wrong(op, "does not allocate and free after its first call as often as it must");
    close_world(&w);
    if (emu_check_idle() != 0) wrong(op, "something leaked (above)");
    emu_reset(1);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < operation_count; i++) {
        check(&operations[i], 30, 20);
        check(&operations[i], 140, 110);
    }
    printf("%d problems\n", problems);
    return problems > 0;
}
