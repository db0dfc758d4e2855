/* Control of the emulated libraries, for tests; see emu.h for the rest. emu_reset undoes all of it.
 *
 * info of a batched routine that a test forces (emu_set_info) is that of the last item.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_EMU_LIBRARY_H
#define RITZ_TESTS_CUDAEMU_EMU_LIBRARY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls of cuBLAS that ran on its default workspace, because none was set after the last
 * cublasSetStream. */
int64_t emu_default_workspace_calls(void);
/* Make each of them a violation "workspace". */
void emu_forbid_default_workspace(int on);

/* Eigenvectors of eigenvalues that agree to rounding are rotated among themselves. */
void emu_rotate_clusters(int on);

#ifdef __cplusplus
}
#endif
#endif
