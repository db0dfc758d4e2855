/* Sources of rows of every kind, with the same data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/rows_kit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const kit_names[] = {"a device matrix", "a host matrix", "a file",
                                 "three files",     "a function",    "a function once",
                                 "a sparse matrix"};

const char *kit_path(void)
{
    return own_file("kit-1.npy");
}

static const char *paths[3];

static void name_files(void)
{
    paths[0] = kit_path();
    paths[1] = own_file("kit-2.npy");
    paths[2] = own_file("kit-3.npy");
}

/* Delivers at most so many rows at once. */
enum { PORTION = 13 };

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct kit *kit = context;
    const size_t size = ritz_dtype_size(kit->dtype), row = (size_t)kit->data.cols * size;
    *delivered = 0;
    if (rewind) {
        kit->next = 0;
        kit->starts++;
        return RITZ_OK;
    }
    for (; *delivered < count && *delivered < PORTION && kit->next < kit->data.rows; kit->next++)
        memcpy((unsigned char *)dst + (size_t)((*delivered)++ * ld) * size,
               kit->host + (size_t)kit->next * row, row);
    return RITZ_OK;
}

static void open_sparse(struct kit *kit, const struct place *p)
{
    const int64_t m = kit->data.rows, n = kit->data.cols;
    int64_t *offsets = calloc((size_t)m + 1, sizeof *offsets);
    int32_t *indices = calloc((size_t)(m * n) + 1, sizeof *indices);
    double *values = calloc((size_t)(m * n) + 1, sizeof *values);
    if (!offsets || !indices || !values) abort();
    int64_t count = 0;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            const double x = (double)OMAT_AT(kit->data, i, j);
            if (x <= 0 && x >= 0) continue;
            indices[count] = (int32_t)j;
            values[count++] = x;
        }
        offsets[i + 1] = count;
    }
    const ritz_spmat_options opts = {.size = sizeof opts, .dtype = kit->dtype};
    (void)expect_ok(ritz_spmat_create_csr(
        p->s, m, n, ritz_hmat_wrap(offsets, RITZ_I64, m + 1, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(indices, RITZ_I32, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(values, RITZ_F64, count, 1, RITZ_COL_MAJOR), &opts, &kit->sparse));
    kit->rows = ritz_rows_sparse(kit->sparse);
    free(offsets);
    free(indices);
    free(values);
}

static void save_files(ritz_hmat H)
{
    const int64_t part = H.rows / 3;
    for (int i = 0; i < 3; i++) {
        const int64_t rows = i < 2 ? part : H.rows - 2 * part;
        (void)expect_ok(ritz_save_npy(paths[i], ritz_hmat_block(H, i * part, 0, rows, H.cols)));
    }
}

void kit_open(struct kit *kit, const struct place *p, enum kit_kind kind, ritz_dtype stored,
              omat values)
{
    const size_t size = ritz_dtype_size(stored);
    const int64_t m = values.rows, n = values.cols;
    name_files();
    *kit = (struct kit){.kind = kind, .dtype = stored, .data = omat_create(m, n)};
    kit->host = calloc((size_t)(m * n) + 1, size);
    if (!kit->host) abort();
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            unsigned char *to = kit->host + (size_t)(i * n + j) * size;
            store_element(stored, to, OMAT_AT(values, i, j));
            OMAT_AT(kit->data, i, j) = load_element(stored, to);
        }
    const ritz_hmat H = ritz_hmat_wrap(kit->host, stored, m, n, RITZ_ROW_MAJOR);
    switch (kind) {
    case KIT_DEVICE:
        (void)expect_ok(ritz_dmat_create(p->s, stored, RITZ_COL_MAJOR, m, n, &kit->device));
        (void)expect_ok(ritz_upload(p->s, H, kit->device));
        (void)expect_ok(ritz_stream_sync(p->s));
        kit->rows = ritz_rows_dmat(kit->device);
        break;
    case KIT_HOST: kit->rows = ritz_rows_hmat(H); break;
    case KIT_FILE:
        (void)expect_ok(ritz_save_npy(kit_path(), H));
        kit->rows = ritz_rows_file(kit_path());
        break;
    case KIT_FILES:
        save_files(H);
        kit->rows = ritz_rows_files(paths, 3);
        break;
    case KIT_FUNCTION:
    case KIT_ONCE:
        kit->rows = ritz_rows_callback(stored, m, n, kind == KIT_ONCE, deliver, kit);
        break;
    case KIT_SPARSE: open_sparse(kit, p); break;
    }
}

void kit_close(struct kit *kit, const struct place *p)
{
    if (kit->device.device) (void)expect_ok(ritz_dmat_destroy(p->s, &kit->device));
    if (kit->sparse) (void)expect_ok(ritz_spmat_destroy(p->s, &kit->sparse));
    for (int i = 0; i < 3 && (kit->kind == KIT_FILE || kit->kind == KIT_FILES); i++)
        (void)unlink(paths[i]);
    free(kit->host);
    omat_destroy(&kit->data);
}

/* ---- blocks that are delivered --------------------------------------------------------------- */

struct gathered gather_open(int64_t rows, int64_t cols)
{
    return (struct gathered){.values = omat_create(rows, cols)};
}

ritz_status gather(void *context, ritz_hmat block, int64_t first)
{
    struct gathered *g = context;
    const size_t size = ritz_dtype_size(block.dtype);
    if (++g->blocks == g->stop_at) return RITZ_ERR_CANCELLED;
    if (first != g->next || first + block.rows > g->values.rows || block.cols != g->values.cols ||
        block.layout != RITZ_ROW_MAJOR) {
        g->out_of_turn = true;
        return RITZ_OK;
    }
    for (int64_t i = 0; i < block.rows; i++)
        for (int64_t j = 0; j < block.cols; j++)
            OMAT_AT(g->values, first + i, j) = load_element(
                block.dtype, (const unsigned char *)block.data + (size_t)(i * block.ld + j) * size);
    g->next = first + block.rows;
    return RITZ_OK;
}
