/** @file
 * Ritz: GPU-first numerical linear algebra for machine learning. This header includes all others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_RITZ_H
#define RITZ_RITZ_H

#include "ritz/blas.h"
#include "ritz/device.h"
#include "ritz/factor.h"
#include "ritz/io.h"
#include "ritz/linop.h"
#include "ritz/lowrank.h"
#include "ritz/matrix.h"
#include "ritz/pca.h"
#include "ritz/random.h"
#include "ritz/rows.h"
#include "ritz/spectral.h"
#include "ritz/status.h"
#include "ritz/stream.h"
#include "ritz/version.h"

#endif
