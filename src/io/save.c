/* Host matrices as .npy files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "core/error.h"
#include "io/npy_writer.h"

static ritz_status check_matrix(const char *path, ritz_hmat H)
{
    RITZ_REQUIRE(path != NULL, RITZ_ERR_ARGUMENT, "path is NULL");
    RITZ_TRY(ritz_check_host(H, "H"));
    RITZ_REQUIRE(H.batch == 1, RITZ_ERR_SHAPE,
                 "H is a batch of %" PRId64 " matrices; write each with a call of its own",
                 H.batch);
    return RITZ_OK;
}

ritz_status ritz_save_npy(const char *path, ritz_hmat H)
{
    RITZ_SCOPE();
    RITZ_TRY(check_matrix(path, H));
    ritz_npy_writer *writer = NULL;
    RITZ_TRY(npy_writer_open(path, H.dtype, H.layout, H.rows, H.cols, &writer));
    ritz_status status =
        ritz_npy_writer_append(writer, H.layout == RITZ_COL_MAJOR ? ritz_hmat_t(H) : H);
    if (status == RITZ_OK) return ritz_npy_writer_finish(&writer);
    ritz_npy_writer_discard(&writer);
    return status;
}
