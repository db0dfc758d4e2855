/* Every public operation on a device, as a small case with all its data: for tests that disturb it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_EMU_OPERATIONS_H
#define RITZ_TESTS_EMU_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ritz/ritz.h"

/* The matrices of a case; each is float64. */
enum matrix_name {
    MATRIX_A, /* m x n, row-major, random */
    MATRIX_S, /* n x n, column-major, symmetric positive definite */
    MATRIX_X, /* m x n, row-major, for results */
    MATRIX_C, /* n x n, row-major, for results */
    MATRICES
};
enum {
    WRITES_A = 1 << MATRIX_A,
    WRITES_S = 1 << MATRIX_S,
    WRITES_X = 1 << MATRIX_X,
    WRITES_C = 1 << MATRIX_C
};

struct world {
    int64_t m, n, k;
    ritz_device *dev;
    ritz_stream *s;       /* of the operation under test; nothing else uses it */
    ritz_stream *service; /* brings data and fetches results */
    ritz_dmat mat[MATRICES];
    double *initial[MATRICES]; /* row-major */
    double *pageable;          /* m x n on the host, ordinary memory */
    ritz_hmat pinned;          /* the same, page-locked */
    /* What operations make. */
    ritz_event *event;
    ritz_dmat made;
    ritz_hmat made_host;
    ritz_pca *pca;
    ritz_pca_stats *pca_stats;
    ritz_spmat *sparse;
    ritz_lstsq_stats *stats, *more_stats;
    ritz_ridge *ridge;
    ritz_single_pass *single_pass;
    ritz_sketch_report sketch_report;
    ritz_pca_report pca_report;
    int64_t next_row;
};

/* Whether it can be captured in a graph on a GPU, after a first call, and why not. */
enum capture {
    CAPTURED,
    NEEDS_SOLVER_IF_LARGE, /* cuSOLVER; small matrices go to Ritz's own kernels: CAPTURED */
    NEEDS_RESULT,          /* decides by what it has computed, or brings it to the host */
    NEEDS_MEMORY,          /* makes something */
    READS_ROWS,            /* from a source of rows */
    COUNTS_ON_HOST,        /* keeps on the host what a replay would have to change */
    NEEDS_PINNED,          /* copies from or to memory that is not page-locked */
    NOT_QUEUED             /* takes no stream: CUDA decides */
};

struct operation {
    const char *name;                        /* the function, as its messages name it */
    const char *variant;                     /* "" if there is one case only */
    ritz_status (*prepare)(struct world *w); /* on the service stream; or NULL */
    ritz_status (*call)(struct world *w);
    /* Brings the result to a matrix, or makes it unique; or NULL. */
    ritz_status (*finish)(struct world *w);
    unsigned writes; /* which matrices */
    unsigned may;    /* what it may do that others must not */
    enum capture capture;
    double tolerance; /* of the result against another device's; 0: that of float64 */
};
enum {
    MAY_SYNC = 1,     /* its documentation says more than "Synchronises: never" */
    MAY_ALLOCATE = 2, /* makes something, or needs buffers; test_counters.c says how many */
    MAY_BLOCK = 4,    /* through a hybrid routine of cuSOLVER, which may wait inside */
    /* Reads addresses that a kernel writes: it must not go on after that kernel failed, as it can
     * only on the emulation. */
    FOLLOWS_ADDRESSES = 8
};
extern const struct operation operations[];
extern const size_t operation_count;

/* A device with two streams and the matrices; stops the program with a message if it cannot be
 * had. */
void open_world(struct world *w, const char *device, int64_t m, int64_t n);
/* Other numbers for the matrices, from the next load_world on; 1 are those of open_world. */
void change_data(struct world *w, uint64_t seed);
/* Fill the matrices and prepare the operation. */
void load_world(struct world *w, const struct operation *op);
/* What is outside the matrices, as load_world leaves it. */
void reset_host(struct world *w);
/* The matrix on the host, and its host counterpart over these values. */
ritz_hmat on_host(const struct world *w, int which, double *values);
size_t size_of(const struct world *w, int which);
/* Destroy what the operation made; drop_made waits until it is gone. */
void destroy_made(struct world *w);
void drop_made(struct world *w);
void close_world(struct world *w);

/* What is in the matrices, on the host, and in what the operation made: the caller frees. */
struct outcome {
    double *values;
    size_t count;
};
struct outcome outcome_of(struct world *w, const struct operation *op);
/* The pieces of an outcome: the matrices, both host arrays, and the components and variances of a
 * model. */
enum { PIECES = MATRICES + 4 };
void piece_sizes(const struct world *w, size_t *sizes);
/* The largest difference, relative to the largest value of each matrix. NaN counts as infinite. */
double difference(const struct world *w, const struct outcome *a, const struct outcome *b);
/* A matrix that the operation does not write is as it was loaded. */
bool kept(struct world *w, enum matrix_name which);

/* I of a first argument --from=I, which is taken away, or 0: where one operation ended the program,
 * another run goes on with the next. */
size_t starting_point(int *argc, char ***argv);

/* Stop the program with a message unless the call succeeded. */
#define must(call) must_succeed((call), #call, __FILE__, __LINE__)
void must_succeed(ritz_status status, const char *call, const char *file, int line);

#endif
