/* The directory that results are written to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

char *path_join(const char *directory, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        complain("out of memory");
        return NULL;
    }
    return path;
}

/* Make the directory unless it is there; `created` says which. */
static bool make_directory(const char *directory, bool *created)
{
    *created = mkdir(directory, 0777) == 0;
    if (*created || errno == EEXIST) return true;
    complain("cannot create the directory %s: %s", directory, strerror(errno));
    return false;
}

bool output_prepare(struct output *output, const char *directory)
{
    *output = (struct output){.directory = directory};
    if (directory == NULL) return true;

    bool created;
    if (!make_directory(directory, &created)) return false;
    if (created) {
        /* It was a trial: whoever interrupts the work finds nothing left behind. */
        (void)rmdir(directory);
        return true;
    }
    struct stat entry;
    if (stat(directory, &entry) != 0 || !S_ISDIR(entry.st_mode)) {
        complain("%s is not a directory; give another name with --out", directory);
        return false;
    }
    if (access(directory, W_OK | X_OK) != 0) {
        complain("cannot write to the directory %s: %s", directory, strerror(errno));
        return false;
    }
    return true;
}

bool output_file_possible(const char *what, const char *file)
{
    char *copy = strdup(file);
    if (copy == NULL) {
        complain("out of memory");
        return false;
    }
    const char *directory = dirname(copy);
    bool good = access(directory, W_OK | X_OK) == 0;
    if (!good) {
        complain("cannot write %s %s: the directory %s: %s", what, file, directory,
                 strerror(errno));
    }
    free(copy);
    return good;
}

bool output_begin(struct output *output)
{
    const char *parent = output->directory;
    if (parent == NULL) {
        parent = getenv("TMPDIR");
        if (parent == NULL || parent[0] == '\0') parent = "/tmp";
    } else if (!make_directory(parent, &output->created)) {
        return false;
    }
    output->staging = path_join(parent, ".ritz-XXXXXX");
    if (output->staging == NULL) return false;
    if (mkdtemp(output->staging) == NULL) {
        complain("cannot create a directory in %s: %s", parent, strerror(errno));
        free(output->staging);
        output->staging = NULL;
        return false;
    }
    return true;
}

/* The path of a new file in the hidden directory, which is entered in the list. */
static char *add_file(struct output *output, const char *name)
{
    char *path = path_join(output->staging, name);
    if (path != NULL) output->files[output->count++] = name;
    return path;
}

/* Users know the file by its final place, not by the hidden directory. */
static void complain_file(const struct output *output, const char *name, const char *why)
{
    complain("cannot write %s%s%s: %s", output->directory != NULL ? output->directory : "",
             output->directory != NULL ? "/" : "", name, why);
}

/* The same for what the library could not write. Its message names the hidden directory before it
 * comes to the reason. */
static void complain_library_file(const struct output *output, const char *name)
{
    const char *message = last_message();
    size_t length = strlen(output->staging);
    const char *reason =
        strncmp(message, output->staging, length) == 0 ? strrchr(message, ':') : NULL;
    complain_file(output, name, reason != NULL ? reason + strspn(reason, ": ") : message);
}

bool output_matrix(struct output *output, const char *name, ritz_hmat H)
{
    char *path = add_file(output, name);
    if (path == NULL) return false;
    ritz_status status = ritz_save_npy(path, H);
    if (status != RITZ_OK) complain_library_file(output, name);
    free(path);
    return status == RITZ_OK;
}

/* Write the whole of `parts` to a new file, down to the disk. */
static bool write_file(struct output *output, const char *name, const void *head, size_t head_size,
                       const void *body, size_t body_size)
{
    char *path = add_file(output, name);
    if (path == NULL) return false;
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(head, 1, head_size, file) == head_size &&
                fwrite(body, 1, body_size, file) == body_size && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && good) {
        good = false;
        error = errno;
    }
    if (!good) complain_file(output, name, strerror(error));
    free(path);
    return good;
}

/* The .npy format, version 1.0, of a vector of numbers of 8 bytes: ritz_save_npy writes matrices.
 * The numbers are in the byte order of the machine, which is little-endian on every platform of
 * Ritz. */
static bool write_vector(struct output *output, const char *name, const char *descr,
                         const void *data, int64_t length)
{
    enum { MAGIC = 8, LENGTH_FIELD = 2, SIZE = 128 };
    char header[SIZE + 1];
    int used = snprintf(header, sizeof header,
                        "\x93NUMPY\x01%c%c%c{'descr': '%s', 'fortran_order': False, "
                        "'shape': (%" PRId64 ",), }",
                        0, SIZE - MAGIC - LENGTH_FIELD, 0, descr, length);
    memset(header + used, ' ', (size_t)(SIZE - used));
    header[SIZE - 1] = '\n';
    return write_file(output, name, header, SIZE, data, (size_t)length * 8);
}

bool output_vector(struct output *output, const char *name, const double *data, int64_t length)
{
    return write_vector(output, name, "<f8", data, length);
}

bool output_indices(struct output *output, const char *name, const int64_t *data, int64_t length)
{
    return write_vector(output, name, "<i8", data, length);
}

bool output_text(struct output *output, const char *name, const char *text)
{
    return write_file(output, name, text, strlen(text), "\n", 1);
}

/* What the blocks of a matrix are given to. */
struct receiver {
    const struct output_stream *stream;
    struct progress *progress;
    ritz_npy_writer *writer;
    bool failed; /* the file is at fault, not what was to be written */
};

static ritz_status receive(void *context, ritz_hmat block, int64_t first)
{
    struct receiver *receiver = context;
    ritz_status status = ritz_npy_writer_append(receiver->writer, block);
    receiver->failed = status != RITZ_OK;
    if (progress_update(receiver->progress, receiver->stream->phase, first + block.rows,
                        receiver->stream->rows) != 0) {
        return RITZ_ERR_CANCELLED;
    }
    return status;
}

static ritz_status write_stream(struct receiver *receiver, const char *path)
{
    const struct output_stream *stream = receiver->stream;
    ritz_status status =
        ritz_npy_writer_create(path, stream->dtype, stream->rows, stream->cols, &receiver->writer);
    receiver->failed = status != RITZ_OK;
    if (status == RITZ_OK) status = stream->produce(stream->context, receive, receiver);
    if (status == RITZ_OK) {
        status = ritz_npy_writer_finish(&receiver->writer);
        receiver->failed = status != RITZ_OK;
    }
    return status;
}

bool output_streamed(struct output *output, const struct output_stream *stream,
                     struct progress *progress)
{
    struct receiver receiver = {.stream = stream, .progress = progress};
    char *path = add_file(output, stream->name);
    if (path == NULL) return false;
    progress_phase(progress, stream->phase);
    ritz_status status = write_stream(&receiver, path);
    progress_clear(progress);
    if (status != RITZ_OK && !interrupt_seen()) {
        if (receiver.failed) {
            complain_library_file(output, stream->name);
        } else {
            complain_last();
        }
    }
    ritz_npy_writer_discard(&receiver.writer);
    free(path);
    return status == RITZ_OK;
}

bool output_publish(struct output *output)
{
    for (size_t i = 0; i < output->count; i++) {
        char *from = path_join(output->staging, output->files[i]);
        char *to = path_join(output->directory, output->files[i]);
        bool moved = from != NULL && to != NULL && rename(from, to) == 0;
        if (!moved && from != NULL && to != NULL) {
            complain_file(output, output->files[i], strerror(errno));
        }
        free(from);
        free(to);
        if (!moved) return false;
        output->created = false; /* it holds results now, and stays */
    }
    return true;
}

const char *output_location(const struct output *output)
{
    return output->directory != NULL ? output->directory : output->staging;
}

/* Remove a directory and the files in it. */
static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
    (void)rmdir(path);
}

void output_end(struct output *output)
{
    if (output->staging != NULL) remove_directory(output->staging);
    free(output->staging);
    if (output->created) (void)rmdir(output->directory);
    *output = (struct output){.directory = NULL};
}

json_t *output_files_json(const struct output *output)
{
    json_t *files = json_array();
    for (size_t i = 0; i < output->count; i++) {
        json_array_append_new(files, json_string(output->files[i]));
    }
    return files;
}
