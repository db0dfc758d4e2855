/* Pictures of results, drawn by scripts that use matplotlib.
 *
 * Functions that return bool have said on standard error why they return false.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PLOT_H
#define RITZ_TOOLS_PLOT_H

#include <stdbool.h>

struct plot {
    const char *name;   /* file name of the script */
    const char *file;   /* the picture; NULL if none is wanted */
    const char *python; /* an interpreter that has matplotlib */
    char *script;       /* the script, as it was found */
};

/* Take the name of the picture, if it ends in a format that can be drawn. */
bool parse_plot(const char *file, struct plot *plot);

/* Find the script and an interpreter with matplotlib, and see that the picture can be written,
 * before any work is done. */
bool plot_prepare(struct plot *plot);

enum { PLOT_ARGUMENTS_MAX = 4 };

/* Draw from the files in the directory `results`. `more`: further arguments of the script, at most
 * PLOT_ARGUMENTS_MAX, and NULL behind the last; or NULL. */
bool plot_draw(const struct plot *plot, const char *results, const char *const *more);

void plot_release(struct plot *plot);

#endif
