/* The CUDA backend: found, checked and opened at run time, so that a user without a GPU needs no
 * CUDA library.
 *
 * libritz_cuda.so is looked for in RITZ_PLUGIN_PATH (a directory or a file) if that is set, else
 * beside libritz. It is
 * opened with local binding and never closed. Every way in which it can be absent has a sentence of
 * its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/device.h"
#include "core/services.h"

#define PLUGIN_FILE "libritz_cuda.so"

/* Found once; the registry's lock is held around every use. */
static const struct ritz_backend *loaded;
static char reason_text[PATH_MAX + 512];

/* Write the reason down; 0, for "no". */
static int absent(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int absent(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason_text, sizeof reason_text, format, arguments);
    va_end(arguments);
    return 0;
}

static int fits(const struct ritz_backend *backend)
{
    if (!backend) return absent("%s", ritz_last_error());
    if (backend->abi != RITZ_BACKEND_ABI || backend->size != sizeof(struct ritz_backend))
        return absent("the CUDA plugin is of another build: its interface is %08x (%u bytes), this "
                      "library's %08x (%zu bytes); install both from one build",
                      backend->abi, backend->size, (unsigned)RITZ_BACKEND_ABI,
                      sizeof(struct ritz_backend));
    return 1;
}

#if RITZ_CUDA_STATIC

const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core);

static int load(const struct ritz_backend **backend)
{
    *backend = ritz_backend_open(&ritz_core_services);
    return 1;
}

#else

/* The directory of the file that holds this function: libritz.so, or the program it is linked
 * into. */
static int own_directory(char *directory, size_t size)
{
    Dl_info info;
    char resolved[PATH_MAX];
    if (!dladdr(&ritz_core_services, &info) || !info.dli_fname) return 0;
    if (!realpath(info.dli_fname, resolved)) return 0;
    char *slash = strrchr(resolved, '/');
    if (!slash) return 0;
    *slash = '\0';
    return snprintf(directory, size, "%s", resolved) < (int)size;
}

static int is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where the plugin is. */
static int find(const char *wished, char *path, size_t size)
{
    char directory[PATH_MAX];
    if (!wished && !own_directory(directory, sizeof directory))
        return absent("the directory of libritz cannot be told; set RITZ_PLUGIN_PATH");
    const char *where = wished ? wished : directory;
    const char *name = is_directory(where) ? "/" PLUGIN_FILE : "";
    if (snprintf(path, size, "%s%s", where, name) >= (int)size)
        return absent("the path of the CUDA plugin is too long");
    if (access(path, F_OK) == 0) return 1;
    return absent("there is no CUDA plugin at %s; build Ritz with -DRITZ_CUDA=plugin, or set "
                  "RITZ_PLUGIN_PATH",
                  path);
}

/* Loading the CUDA libraries takes time and memory: without a driver it is not worth it. */
static int driver_is_there(void)
{
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!driver) return absent("there is no NVIDIA driver (libcuda.so.1 cannot be loaded)");
    dlclose(driver);
    return 1;
}

static int load(const struct ritz_backend **backend)
{
    char path[PATH_MAX + sizeof PLUGIN_FILE];
    const char *wished = getenv("RITZ_PLUGIN_PATH");
    if (wished && !wished[0]) wished = NULL;
    if (!find(wished, path, sizeof path)) return 0;
    if (!wished && !driver_is_there()) return 0;
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!plugin) return absent("the CUDA plugin cannot be loaded: %s", dlerror());
    void *symbol = dlsym(plugin, RITZ_BACKEND_OPEN_NAME);
    if (!symbol)
        return absent("%s is not a plugin of Ritz: it has no " RITZ_BACKEND_OPEN_NAME, path);
    ritz_backend_open_function open_backend;
    memcpy(&open_backend, &symbol, sizeof open_backend);
    *backend = open_backend(&ritz_core_services);
    return 1;
}

#endif

const struct ritz_backend *ritz_cuda_backend(const char **reason)
{
    const struct ritz_backend *backend = NULL;
    if (!loaded && load(&backend) && fits(backend)) loaded = backend;
    *reason = loaded ? "" : reason_text;
    return loaded;
}
