/** @file
 * Ritz: GPU-first numerical linear algebra for machine learning. This header includes all others.
 *
 * SPDX-License-Identifier: Apache-2.0 */

/** @mainpage
 *
 * The reference of the C interface. Include `ritz/ritz.h`, or the header of one concept:
 *
 * - ritz/device.h and ritz/stream.h: where work runs, and in which order;
 * - ritz/matrix.h: matrices on the host and on a device, views, copies;
 * - ritz/blas.h: matrix products, also grouped and with a bias, and triangular solves;
 * - ritz/cholesky.h, ritz/lu.h, ritz/qr.h and ritz/spectral.h: factorizations, and what rests on
 *   them;
 * - ritz/derived.h: norms, rank, condition, pseudoinverse, truncation, determinant;
 * - ritz/linop.h and ritz/lowrank.h: operators, and approximation by randomized methods;
 * - ritz/rows.h and ritz/pca.h: principal component analysis of data in memory or in files;
 * - ritz/io.h and ritz/random.h: files, random and random orthogonal matrices;
 * - ritz/status.h: what an error leaves behind, and its message.
 *
 * *Synchronises* says when a function waits for its stream, *Capturable* whether it may be called
 * while a graph is being captured on a GPU stream. In the statements about accuracy, eps is the
 * distance from 1 to the next number, u = eps/2, and g_k = k u / (1 - k u). */
#ifndef RITZ_RITZ_H
#define RITZ_RITZ_H

#include "ritz/blas.h"
#include "ritz/cholesky.h"
#include "ritz/derived.h"
#include "ritz/device.h"
#include "ritz/interpolative.h"
#include "ritz/io.h"
#include "ritz/linop.h"
#include "ritz/lowrank.h"
#include "ritz/lstsq.h"
#include "ritz/lstsq_stats.h"
#include "ritz/lu.h"
#include "ritz/matrix.h"
#include "ritz/pca.h"
#include "ritz/pca_stats.h"
#include "ritz/qr.h"
#include "ritz/random.h"
#include "ritz/ridge.h"
#include "ritz/rows.h"
#include "ritz/single_pass.h"
#include "ritz/sketch.h"
#include "ritz/sparse.h"
#include "ritz/spectral.h"
#include "ritz/status.h"
#include "ritz/stream.h"
#include "ritz/version.h"

#endif
