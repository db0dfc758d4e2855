/* Parts of the reports, for people and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_REPORT_H
#define RITZ_TOOLS_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "data.h"
#include "run.h"

/* Largest amount of memory that this process has held, in bytes. */
int64_t peak_memory(void);

/* A number as JSON; null if it is not finite, which JSON cannot say. */
json_t *json_number(double number);
json_t *json_numbers(const double *numbers, int64_t count);
/* Text as JSON; null if it is empty. */
json_t *json_text(const char *text);

/* The object that describes the device. */
json_t *json_device(const ritz_device_info *info);

/* The objects that describe the input and the memory that was allowed and used. */
json_t *json_data(const struct data *data);
json_t *json_memory(const struct run *run);

/* A number that is above 0 where it is known; else null. */
json_t *json_positive(double number);

/* The object that describes a tolerance; its parts are null without one. */
json_t *json_tolerance(double tolerance, bool met);

/* The object that describes an error figure. */
json_t *json_error(ritz_error_kind kind, double value, double resolution);

/* The whole report as text in new memory; takes the reference. NULL, with a message, without
 * memory. */
char *json_print(json_t *report);

const char *error_kind_name(ritz_error_kind kind);

/* A size as people read it: "212 MiB". */
void format_bytes(int64_t bytes, char *text, size_t size);

/* The lines that name the files and the shape of what is in them. */
void print_data(const struct data *data);
/* The line that names the device. */
void print_device(const ritz_device_info *info);
/* The line that names the files that were written, if any. */
void print_output(const struct output *output);
/* The line about the ratio of the last singular value that was kept to the next; none if it is
 * not known. */
void print_gap(double gap, int64_t components);
/* The line about a tolerance relative to the norm; none without one. */
void print_tolerance(double tolerance, bool met);
/* The line about memory. */
void print_memory(const struct run *run);
/* A labelled line of the report: wrapped at spaces to the width of a page. */
void print_line(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether row i of n is printed in a table; long tables show the first ten rows and the last. */
bool table_shows(int64_t i, int64_t n);

#endif
