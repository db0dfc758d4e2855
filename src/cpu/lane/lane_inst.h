/* The lane functions for one dtype and one instruction set. A file that includes this defines
 *
 *   LANE_F64     1: float64, 0: float32
 *   LANE_TABLE   the name of the table that it exports
 *   LANE_BYTES   if vectors are to be wider than the instruction set's: the compiler splits them
 *
 * and is compiled for its instruction set as a whole. Nothing here may be an external inline
 * function: the linker would take any file's copy.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#if LANE_F64
#define T double
#define IT int64_t
#else
#define T float
#define IT int32_t
#endif

#if defined(LANE_BYTES)
/* As the including file says. */
#elif defined(__AVX512F__)
#define LANE_BYTES 64
#elif defined(__AVX2__)
#define LANE_BYTES 32
#else
#define LANE_BYTES 16
#endif

#include "cpu/lane/lane_body.h"
#include "cpu/lane/lane_cholesky.h"
#include "cpu/lane/lane_eig.h"
#include "cpu/lane/lane_gemm.h"
#include "cpu/lane/lane_lu.h"
#include "cpu/lane/lane_qr.h"
#include "cpu/lane/lane_svd.h"

extern const struct lane_table LANE_TABLE;

const struct lane_table LANE_TABLE = {
    .lanes = W,
    .vector_bytes = LANE_BYTES,
    .cholesky = cholesky_range,
    .spd_solve = spd_solve_range,
    .lu = lu_range,
    .solve = solve_range,
    .gemm = gemm_range,
    .qr = qr_range,
    .svd = svd_range,
    .eigh = eigh_range,
};
