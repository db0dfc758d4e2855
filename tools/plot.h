/* The picture of a PCA, drawn by a script that uses matplotlib.
 *
 * Functions that return bool have said on standard error why they return false.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PLOT_H
#define RITZ_TOOLS_PLOT_H

#include <stdbool.h>
#include <stdint.h>

struct plot {
    const char *file;   /* the picture; NULL if none is wanted */
    int64_t image_rows; /* shape in which components are drawn; 0: if square */
    int64_t image_cols;
    const char *python; /* an interpreter that has matplotlib */
    char *script;       /* the script that draws */
};

/* Whether the name ends in a format that can be drawn. */
bool plot_format_known(const char *file);

/* Find the script and an interpreter with matplotlib, and see that the picture can be written,
 * before any work is done. */
bool plot_prepare(struct plot *plot);

/* Draw from the files in the directory `results`; `labels` is a file or NULL. */
bool plot_draw(const struct plot *plot, const char *results, const char *labels);

void plot_release(struct plot *plot);

#endif
