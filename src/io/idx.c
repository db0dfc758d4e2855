/* The header of IDX files: two zero bytes, a type, the number of axes, and their lengths; all of it
 * most significant byte first.
 *
 * Format: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "The IDX
 * file format".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "io/format.h"

/* By the type byte. */
static const ritz_elem idx_elems[] = {
    [0x08] = RITZ_ELEM_U8,  [0x09] = RITZ_ELEM_I8,  [0x0B] = RITZ_ELEM_I16,
    [0x0C] = RITZ_ELEM_I32, [0x0D] = RITZ_ELEM_F32, [0x0E] = RITZ_ELEM_F64,
};

bool ritz_is_idx(const unsigned char *magic, int64_t size)
{
    return size >= 4 && magic[0] == 0 && magic[1] == 0 &&
           magic[2] < sizeof idx_elems / sizeof *idx_elems && idx_elems[magic[2]] != 0 &&
           magic[3] >= 1;
}

ritz_status ritz_idx_read_header(ritz_source *source, ritz_array_header *header)
{
    unsigned char magic[4];
    unsigned char sizes[4 * RITZ_MAX_AXES];
    RITZ_TRY(ritz_source_seek(source, 0));
    RITZ_TRY(ritz_source_read_exactly(source, magic, sizeof magic));
    if (!ritz_is_idx(magic, sizeof magic)) { /* it was one when the format was found */
        return ritz_fail(RITZ_ERR_IO, "%s changed while it was read", ritz_source_path(source));
    }
    int ndim = magic[3];
    RITZ_TRY(ritz_source_read_exactly(source, sizes, 4 * ndim));
    header->elem = idx_elems[magic[2]];
    header->swapped = ritz_elem_size(header->elem) > 1;
    header->fortran_order = false;
    header->ndim = ndim;
    for (int i = 0; i < ndim; i++) {
        const unsigned char *s = sizes + 4 * i;
        header->shape[i] = (int64_t)s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3];
    }
    header->data_offset = 4 + 4 * ndim;
    return RITZ_OK;
}
