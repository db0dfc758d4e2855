/* Low-rank approximation of a matrix that is seen once: what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>

#include "algo/single_pass.h"
#include "conformance/single_pass.h"

/* Only its address is looked at. */
static max_align_t another_device;

static void refused_creation(const struct place *p)
{
    if (!begin_case(p, "single_pass_create, bad arguments")) return;
    static const struct {
        ritz_dtype dtype;
        int64_t rows, cols, rank, range_size, core_size;
        ritz_status code;
        const char *words;
    } bad[] = {
        {RITZ_I32, 9, 8, 2, 0, 0, RITZ_ERR_DTYPE, "dtype is int32|float64"},
        {(ritz_dtype)99, 9, 8, 2, 0, 0, RITZ_ERR_DTYPE, "dtype"},
        {RITZ_F32, 0, 8, 1, 0, 0, RITZ_ERR_ARGUMENT, "0 x 8"},
        {RITZ_F32, 9, 0, 1, 0, 0, RITZ_ERR_ARGUMENT, "9 x 0"},
        {RITZ_F32, -1, 8, 1, 0, 0, RITZ_ERR_ARGUMENT, "-1 x 8"},
        {RITZ_F32, 9, 8, 0, 0, 0, RITZ_ERR_ARGUMENT, "rank is 0|min(m, n)"},
        {RITZ_F32, 9, 8, 9, 0, 0, RITZ_ERR_ARGUMENT, "rank is 9"},
        {RITZ_F32, 9, 8, 3, 2, 0, RITZ_ERR_OPTION, "range_size is 2|rank = 3"},
        {RITZ_F32, 9, 8, 3, 9, 0, RITZ_ERR_OPTION, "range_size is 9|min(m, n) = 8"},
        {RITZ_F32, 9, 8, 3, -1, 0, RITZ_ERR_OPTION, "range_size is -1"},
        {RITZ_F32, 9, 8, 3, 5, 4, RITZ_ERR_OPTION, "core_size is 4|range_size = 5"},
        {RITZ_F32, 9, 8, 3, 0, -2, RITZ_ERR_OPTION, "core_size is -2"},
        {RITZ_F32, 9, 8, 3, 0, INT64_MAX, RITZ_ERR_TOO_LARGE, ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ritz_single_pass_options opts = RITZ_SINGLE_PASS_DEFAULTS;
        opts.range_size = bad[i].range_size;
        opts.core_size = bad[i].core_size;
        ritz_single_pass *sp = (ritz_single_pass *)(void *)&another_device;
        (void)expect_error(ritz_single_pass_create(p->s, bad[i].dtype, bad[i].rows, bad[i].cols,
                                                   bad[i].rank, &opts, &sp),
                           bad[i].code, bad[i].words);
        (void)expect(sp == NULL, "case %zu left something behind", i);
    }
    ritz_single_pass_options small = RITZ_SINGLE_PASS_DEFAULTS;
    small.size = 4;
    ritz_single_pass *sp = NULL;
    (void)expect_error(ritz_single_pass_create(p->s, RITZ_F32, 9, 8, 2, &small, &sp),
                       RITZ_ERR_OPTION, "opts");
    (void)expect_error(ritz_single_pass_create(p->s, RITZ_F32, 9, 8, 2, NULL, NULL),
                       RITZ_ERR_ARGUMENT, "sp is NULL");
    (void)expect_error(ritz_single_pass_create(NULL, RITZ_F32, 9, 8, 2, NULL, &sp),
                       RITZ_ERR_ARGUMENT, "stream");
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    (void)expect_ok(ritz_single_pass_destroy(p->s, NULL));
}

static void refused_updates(const struct place *p)
{
    if (!begin_case(p, "single_pass_update and _add_rows, bad arguments")) return;
    omat a = sp_matrix_of_rank(110, 6, 8, 2);
    struct scene sc;
    scene_begin(&sc, p);
    const ritz_dmat A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    const ritz_dmat F = add_input(&sc, "F", RITZ_F32, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, RITZ_F64, 9, 8, 2, NULL);
    ritz_single_pass elsewhere = *sp;
    elsewhere.device = (ritz_device *)(void *)&another_device;
    ritz_dmat batch = A, foreign = A;
    batch.batch = 2;
    foreign.device = elsewhere.device;
    const struct {
        ritz_single_pass *sp;
        double theta, eta;
        int64_t row0;
        ritz_dmat block;
        ritz_status code;
        const char *words;
    } bad[] = {
        {NULL, 1, 1, 0, A, RITZ_ERR_ARGUMENT, "sp is NULL"},
        {&elsewhere, 1, 1, 0, A, RITZ_ERR_DEVICE, "another device"},
        {sp, (double)NAN, 1, 0, A, RITZ_ERR_ARGUMENT, "theta"},
        {sp, 1, (double)INFINITY, 0, A, RITZ_ERR_ARGUMENT, "eta"},
        {sp, 1, 1, -1, A, RITZ_ERR_SHAPE, "from row -1"},
        {sp, 1, 1, 4, A, RITZ_ERR_SHAPE, "6 rows from row 4|9 rows"},
        {sp, 1, 1, INT64_MAX, A, RITZ_ERR_SHAPE, "row0"},
        {sp, 1, 1, 0, ritz_cols(A, 0, 7), RITZ_ERR_SHAPE, "7 columns|8"},
        {sp, 1, 1, 0, F, RITZ_ERR_DTYPE, "block|float32"},
        {sp, 1, 1, 0, RITZ_NO_MAT, RITZ_ERR_ARGUMENT, "block"},
        {sp, 1, 1, 0, batch, RITZ_ERR_SHAPE, "block"},
        {sp, 1, 1, 0, foreign, RITZ_ERR_DEVICE, "block"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        (void)expect_error(ritz_single_pass_update(p->s, bad[i].sp, bad[i].theta, bad[i].eta,
                                                   bad[i].row0, bad[i].block),
                           bad[i].code, bad[i].words);
    ritz_rows sparse = {.kind = RITZ_ROWS_SPARSE};
    (void)expect_error(ritz_single_pass_add_rows(p->s, sp, sparse), RITZ_ERR_UNSUPPORTED, "sparse");
    (void)expect_error(ritz_single_pass_add_rows(p->s, sp, ritz_rows_dmat(A)), RITZ_ERR_SHAPE,
                       "6 x 8|9 x 8");
    (void)expect_error(ritz_single_pass_add_rows(p->s, sp, ritz_rows_file("does-not-exist.npy")),
                       RITZ_ERR_IO, "does-not-exist.npy");
    (void)expect_error(ritz_single_pass_add_rows(p->s, NULL, ritz_rows_dmat(A)), RITZ_ERR_ARGUMENT,
                       "sp is NULL");
    ritz_single_pass *kept = &elsewhere;
    (void)expect_error(ritz_single_pass_destroy(p->s, &kept), RITZ_ERR_DEVICE, "another device");
    const ritz_status rc =
        ritz_single_pass_update(p->s, sp, 1.0, 1.0, 9, ritz_row_range(A, 0, 0)); /* no rows */
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    (void)scene_finish(&sc, rc);
    scene_end(&sc);
    omat_destroy(&a);
}

static void refused_results(const struct place *p)
{
    if (!begin_case(p, "single_pass_svd, bad arguments")) return;
    struct scene sc;
    scene_begin(&sc, p);
    const ritz_dtype t = RITZ_F64;
    const ritz_dmat U = add_output(&sc, "U", t, COL_PLAIN, 9, 2, 1)->mat;
    const ritz_dmat S = add_output(&sc, "S", t, COL_PLAIN, 2, 1, 1)->mat;
    const ritz_dmat V = add_output(&sc, "V", t, COL_PLAIN, 8, 2, 1)->mat;
    const ritz_dmat three = add_output(&sc, "three", t, COL_PLAIN, 3, 1, 1)->mat;
    const ritz_dmat single = add_output(&sc, "single", RITZ_F32, COL_PLAIN, 2, 1, 1)->mat;
    scene_upload(&sc);
    ritz_single_pass *sp = sp_create(p, t, 9, 8, 2, NULL);
    ritz_single_pass elsewhere = *sp;
    elsewhere.device = (ritz_device *)(void *)&another_device;
    const struct {
        const ritz_single_pass *sp;
        ritz_dmat U, S, V;
        ritz_status code;
        const char *words;
    } bad[] = {
        {NULL, U, S, V, RITZ_ERR_ARGUMENT, "sp is NULL"},
        {&elsewhere, U, S, V, RITZ_ERR_DEVICE, "another device"},
        {sp, U, RITZ_NO_MAT, V, RITZ_ERR_ARGUMENT, "S"},
        {sp, U, single, V, RITZ_ERR_DTYPE, "S|float32"},
        {sp, U, three, V, RITZ_ERR_SHAPE, "3 singular values|2"},
        {sp, U, ritz_row_range(V, 0, 2), V, RITZ_ERR_SHAPE, "k x 1"},
        {sp, ritz_row_range(U, 0, 8), S, V, RITZ_ERR_SHAPE, "U"},
        {sp, U, S, ritz_cols(V, 0, 1), RITZ_ERR_SHAPE, "V"},
        {sp, U, ritz_read_only(S), V, RITZ_ERR_READ_ONLY, "S"},
        {sp, ritz_read_only(U), S, V, RITZ_ERR_READ_ONLY, "U"},
        {sp, U, S, ritz_read_only(V), RITZ_ERR_READ_ONLY, "V"},
        {sp, U, ritz_block(U, 0, 0, 2, 1), V, RITZ_ERR_OVERLAP, "U|S"},
        {sp, U, S, ritz_row_range(U, 0, 8), RITZ_ERR_OVERLAP, "U|V"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        (void)expect_error(
            ritz_single_pass_svd(p->s, bad[i].sp, bad[i].U, bad[i].S, bad[i].V, NULL), bad[i].code,
            bad[i].words);
    ritz_sketch_report small = {.size = 4};
    (void)expect_error(ritz_single_pass_svd(p->s, sp, U, S, V, &small), RITZ_ERR_OPTION, "report");
    (void)expect_ok(ritz_single_pass_destroy(p->s, &sp));
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
}

void sp_test_arguments(const struct place *p)
{
    refused_creation(p);
    refused_updates(p);
    refused_results(p);
}
