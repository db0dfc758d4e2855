/* What of a fit fits the memory allowed.
 *
 * The figures are of what grows with the data; a few vectors and what the libraries take beside are
 * not counted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "algo/pca.h"

/* A block has a multiple of UNIT rows, or, of very long rows, of LEAST. */
enum { UNIT = 256, LEAST = 16 };

static int64_t host_memory(void)
{
    const int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? pages * page : INT64_MAX;
}

int64_t pca_memory(const struct pca_fit *f)
{
    if (f->opts.memory > 0) return f->opts.memory;
    const int64_t host = host_memory(), device = f->s->device->info.memory_bytes;
    return (device > 0 ? min_i64(host, device) : host) / 2;
}

static double stored_size(const struct pca_fit *f)
{
    return (double)ritz_dtype_size(ritz_feed_info(f->feed)->dtype);
}

/* In float64, which products of sizes do not overflow. */
static double data_bytes(const struct pca_fit *f)
{
    if (f->sparse || ritz_feed_in_place(f->feed)) return 0;
    return (double)f->N * (double)f->n * stored_size(f);
}

int pca_fits(const struct pca_fit *f, double beside)
{
    return data_bytes(f) + beside <= (double)pca_memory(f);
}

/* Bytes of a row of a block, in the feed's two buffers and beside. */
static double row_bytes_in_all(const struct pca_fit *f, int64_t row_bytes)
{
    const double feed = ritz_feed_in_place(f->feed) ? 0 : 2 * (double)f->n * stored_size(f);
    return feed + (double)row_bytes;
}

static int64_t least_rows(const struct pca_fit *f)
{
    return min_i64(f->opts.block_rows ? f->opts.block_rows : LEAST, f->N);
}

double pca_least_blocks(const struct pca_fit *f, int64_t row_bytes)
{
    return (double)least_rows(f) * row_bytes_in_all(f, row_bytes);
}

ritz_status pca_blocks_within(const struct pca_fit *f, int64_t fixed, int64_t row_bytes,
                              int64_t wanted, int64_t *rows)
{
    const int64_t allowed = pca_memory(f);
    const int64_t least = least_rows(f);
    const double needed = (double)fixed + pca_least_blocks(f, row_bytes);
    RITZ_REQUIRE(needed <= (double)allowed, f->opts.memory ? RITZ_ERR_OPTION : RITZ_ERR_MEMORY,
                 "%" PRId64 " bytes of memory are allowed; of %" PRId64 " x %" PRId64
                 " data this method takes at least %.0f in blocks of %" PRId64 " rows",
                 allowed, f->N, f->n, needed, least);
    *rows = least;
    if (f->opts.block_rows || wanted <= least) return RITZ_OK;
    const double affordable = ((double)allowed - (double)fixed) / row_bytes_in_all(f, row_bytes);
    const int64_t most = affordable < (double)wanted ? (int64_t)affordable : wanted;
    *rows = most >= f->N ? f->N : most >= UNIT ? most / UNIT * UNIT : most / LEAST * LEAST;
    return RITZ_OK;
}
