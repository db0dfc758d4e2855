/* Sources of rows of every kind, with the same data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_ROWS_KIT_H
#define RITZ_TESTS_CONFORMANCE_ROWS_KIT_H

#include "conformance/harness.h"

enum kit_kind { KIT_DEVICE, KIT_HOST, KIT_FILE, KIT_FILES, KIT_FUNCTION, KIT_ONCE, KIT_SPARSE };
enum { KITS = KIT_SPARSE + 1 };
extern const char *const kit_names[];

/* The first of the files of KIT_FILE and KIT_FILES. */
const char *kit_path(void);

struct kit {
    enum kit_kind kind;
    ritz_dtype dtype;
    ritz_rows rows; /* the source */
    omat data;      /* what it has: the values given, rounded to its type */
    int starts;     /* function: how often it was asked to start again */
    /* private */
    unsigned char *host; /* row-major */
    int64_t next;
    ritz_dmat device;
    ritz_spmat *sparse;
};

/* Float32 or float64 `stored`. What is 0 is not stored in the sparse matrix. */
void kit_open(struct kit *kit, const struct place *p, enum kit_kind kind, ritz_dtype stored,
              omat values);
void kit_close(struct kit *kit, const struct place *p);

/* A sink of blocks: a ritz_block_function, whose context it is, that gathers what comes. */
struct gathered {
    omat values;      /* created by gather_open */
    int64_t next;     /* row of the block that must come */
    int blocks;       /* so far */
    int stop_at;      /* the number of the block at which it refuses; 0: none */
    bool out_of_turn; /* a block was not the next one, or did not fit */
};
struct gathered gather_open(int64_t rows, int64_t cols);
ritz_status gather(void *context, ritz_hmat block, int64_t first);

#endif
