/* What public operations do to the device, counted by the emulation: one whose documentation says
 * "Synchronises: never" makes
 * no synchronisation, open or hidden; after it has run once, no operation allocates more than what
 * it makes for its caller and the buffers that must live while it reads.
 *
 * The documentation is read from the headers, so that this table and they cannot part.
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

/* ---- the documentation ----------------------------------------------------------------------- */

static char *read_header(const char *name)
{
    char path[4096];
    const char *root = getenv("RITZ_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/include/ritz/%s", root ? root : ".", name);
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    if (!f || !text || fread(text, 1, (1 << 20) - 1, f) == 0) {
        printf("FAIL: %s cannot be read\n", path);
        exit(1);
    }
    fclose(f);
    return text;
}

/* The comment above the declaration of a function says "Synchronises: never". */
static bool documented_never(const char *text, const char *function)
{
    char declared[80];
    snprintf(declared, sizeof declared, "%s(ritz_", function);
    const char *at = strstr(text, declared), *comment = NULL;
    if (!at) return false;
    for (const char *c = text; (c = strstr(c, "/**")) && c < at; c++) comment = c;
    const char *says = comment ? strstr(comment, "Synchronises: never") : NULL;
    return says && says < at;
}

static void check_documentation(void)
{
    static const char *const headers[] = {
        "blas.h",  "cholesky.h", "derived.h", "lu.h",     "qr.h",       "linop.h", "lowrank.h",
        "lstsq.h", "matrix.h",   "pca.h",     "random.h", "spectral.h", "sparse.h"};
    int found = 0;
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *op = &operations[i];
        bool never = false;
        for (size_t h = 0; h < sizeof headers / sizeof headers[0]; h++) {
            char *text = read_header(headers[h]);
            never = documented_never(text, op->name) || never;
            free(text);
        }
        found += never;
        /* "Never" may have its conditions, which the variant does not meet: "pageable". */
        if (never && (op->may & MAY_SYNC) && !strstr(op->variant, "pageable"))
            wrong(op,
                  "its documentation promises no synchronisation, and this test would allow one");
    }
    if (found < 20) {
        problems++;
        printf("FAIL: only %d operations have their documentation found\n", found);
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

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
        /* And two buffers on the device, freed again. Not from the stream's workspace, which is a
         * stack: they outlive the passes over the data, and these take and release on top of it. */
        {"ritz_pca_fit", "host matrix", 5 + 2 * 2},
        /* And two page-locked ones beside them, into which the function writes. */
        {"ritz_pca_fit", "function", 5 + 2 * 4},
        {"ritz_pca_transform_rows", "", 2 * 4}, /* the same four buffers */
        /* Offsets, indices, values of A and of its transpose, where those stand, and what columns
         * do not store. No parts of long rows: there are none. */
        {"ritz_spmat_create_coo", "", 3 + 3 + 2},
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
    check_documentation();
    for (size_t i = 0; i < operation_count; i++) {
        check(&operations[i], 30, 20);
        check(&operations[i], 140, 110);
    }
    printf("%d problems\n", problems);
    return problems > 0;
}
