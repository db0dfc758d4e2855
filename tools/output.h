/* The directory that results are written to.
 *
 * Files are first written to a hidden directory beside their final place and moved there together,
 * so that whoever looks sees the old results or the new ones.
 *
 * Functions that return bool have said on standard error why they return false.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_OUTPUT_H
#define RITZ_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "progress.h"
#include "ritz/ritz.h"

enum { OUTPUT_FILES_MAX = 8 };

struct output {
    const char *directory; /* the final place; NULL if the files are for the plot only */
    bool created;          /* the directory was made by this run */
    char *staging;         /* the hidden directory; NULL before output_begin */
    const char *files[OUTPUT_FILES_MAX];
    size_t count;
};

/* See that the directory can be made, or written to if it is there, before any work is done. */
bool output_prepare(struct output *output, const char *directory);

/* See that a file can be made; `what` names it in the message: "the picture". */
bool output_file_possible(const char *what, const char *file);

/* Make the directory and the hidden one. */
bool output_begin(struct output *output);

/* Write a file to the hidden directory. `name` must outlive the output. */
bool output_matrix(struct output *output, const char *name, ritz_hmat H);
bool output_vector(struct output *output, const char *name, const double *data, int64_t length);
bool output_indices(struct output *output, const char *name, const int64_t *data, int64_t length);
bool output_text(struct output *output, const char *name, const char *text);

/* Computes the rows of a matrix and gives them to `deliver`, in their order. */
typedef ritz_status (*output_producer)(void *context, ritz_block_function deliver, void *receiver);

/* A matrix that is computed block by block and written as it comes, so that it need not fit into
 * memory. The progress is shown as `phase`. */
struct output_stream {
    const char *name; /* of the file; must outlive the output */
    const char *phase;
    ritz_dtype dtype;
    int64_t rows;
    int64_t cols;
    output_producer produce;
    void *context; /* passed to it */
};
bool output_streamed(struct output *output, const struct output_stream *stream,
                     struct progress *progress);

/* Move all files to their final place. */
bool output_publish(struct output *output);

/* Where the files are now. */
const char *output_location(const struct output *output);

/* Remove what is left of the hidden directory and, if nothing was published there, a directory
 * that this run made. */
void output_end(struct output *output);

/* The names of the files as JSON. */
json_t *output_files_json(const struct output *output);

/* "directory/name" in new memory. */
char *path_join(const char *directory, const char *name);

#endif
