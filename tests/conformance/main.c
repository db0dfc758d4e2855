/* conformance [group...] [--device cpu|cuda] [--case N] [--filter TEXT] [--list]
 *
 * Runs the named groups (all without a name) on every device that can be opened, on an inline and
 * on a queued stream, with native operations and, where a group has any, with composites in their
 * place. Which devices were left out, and why, is printed. RITZ_TEST_LEVEL=quick runs a reduced
 * table.
 *
 *   --device NAME  only that device, which must be there
 *   --case N       only case number N of the group (failures name it)
 *   --filter TEXT  only cases whose name contains TEXT
 *   --list         print the names of the cases
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

static const struct group {
    const char *name;
    void (*run)(const struct place *p);
    bool composites; /* has operations that core can also compose of others */
} groups[] = {
    {"transfer", test_transfer, false},
    {"gemm", test_gemm, false},
    {"syrk", test_syrk, true},
    {"trsm", test_trsm, false},
    {"trmm", test_trmm, true},
    {"gemm_grouped", test_gemm_grouped, true},
    {"gemm_bias", test_gemm_bias, false},
    {"cholesky", test_cholesky, false},
    {"cholesky_extra", test_cholesky_extra, false},
    {"cholesky_pivoted", test_cholesky_pivoted, false},
    {"lu", test_lu, false},
    {"qr", test_qr, true},
    {"qr_methods", test_qr_methods, true},
    {"qr_rows", test_qr_rows, false},
    {"qr_pivoted", test_qr_pivoted, true},
    {"sketch", test_sketch, true},
    {"residual", test_residual, true},
    {"sparse", test_sparse, false},
    {"random_orthogonal", test_random_orthogonal, false},
    {"svd", test_svd, false},
    {"eigh", test_eigh, false},
    {"norms", test_norms, false},
    {"derived", test_derived, false},
    {"det", test_det, false},
    {"random", test_random, false},
    {"lowrank", test_lowrank, false},
    {"sketching", test_sketching, true},
    {"lowrank_adaptive", test_lowrank_adaptive, false},
    {"lowrank_eigh", test_lowrank_eigh, false},
    {"interpolative", test_interpolative, false},
    {"single_pass", test_single_pass, false},
    {"svd_rows", test_svd_rows, false},
    {"pca", test_pca, true},
    {"pca_large", test_pca_large, false},
    {"pca_stats", test_pca_stats, false},
    {"pca_checkpoint", test_pca_checkpoint, false},
    {"lstsq", test_lstsq, true},
    {"lstsq_trust", test_lstsq_trust, false},
    {"lstsq_batch", test_lstsq_batch, true},
    {"lstsq_rows", test_lstsq_rows, false},
    {"lstsq_mixed", test_lstsq_mixed, false},
    {"lstsq_operator", test_lstsq_operator, true},
    {"lstsq_stats", test_lstsq_stats, false},
    {"lstsq_means", test_lstsq_means, false},
    {"ridge", test_ridge, false},
    {"ridge_ops", test_ridge_ops, false},
    {"primitives", test_primitives, true},
    {"value_ops", test_value_ops, false},
    {"factor_ops", test_factor_ops, false},
    {"errors", test_errors, false},
    {"determinism", test_determinism, false},
};
enum { GROUPS = sizeof groups / sizeof groups[0], DEVICES = 2 };

static const char *const device_names[DEVICES] = {"cpu", "cuda"};

static bool has_composite(enum ritz_op op)
{
    switch (op) {
#define OP(slot, parameters, arguments, key, composite)                                            \
    case RITZ_OP_##slot:                                                                           \
        return ritz_composites.slot != NULL;
#include "core/ops.def"
#undef OP
    case RITZ_OP_COUNT: break;
    }
    return false;
}

static bool force_composites(ritz_device *dev, bool on)
{
    bool ok = true;
    for (int op = 0; op < RITZ_OP_COUNT; op++)
        if (has_composite((enum ritz_op)op))
            ok = ritz_device_force_composite(dev, (enum ritz_op)op, on) == RITZ_OK && ok;
    return ok;
}

/* Nothing is left on the device: matrices, workspace. */
static bool nothing_held(const ritz_device *dev, const char *place)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    if (ritz_device_memory(dev, &memory) != RITZ_OK) return false;
    if (memory.matrices == 0 && memory.matrix_bytes == 0 && memory.workspace_bytes == 0)
        return true;
    printf("FAIL %s: %lld matrices of %lld bytes and %lld bytes of workspace were not given back\n",
           place, (long long)memory.matrices, (long long)memory.matrix_bytes,
           (long long)memory.workspace_bytes);
    return false;
}

static bool run_at(const struct group *group, ritz_device *dev, const char *device, bool queued,
                   bool composites)
{
    char name[64];
    snprintf(name, sizeof name, "%s, %s%s", device, queued ? "queued" : "inline",
             composites ? ", composites" : "");
    struct place p = {dev, NULL, name};
    ritz_status status =
        queued ? ritz_stream_create(dev, &p.s) : ritz_stream_create_inline(dev, &p.s);
    if (status == RITZ_ERR_UNSUPPORTED) {
        printf("  not run: %s: %s\n", name, ritz_last_error());
        return true;
    }
    if (status != RITZ_OK || !force_composites(dev, composites)) {
        printf("FAIL %s: %s\n", name, ritz_last_error());
        return false;
    }
    group->run(&p);
    bool ok = ritz_stream_destroy(&p.s) == RITZ_OK;
    if (!ok) printf("FAIL %s: an error was left on the stream: %s\n", name, ritz_last_error());
    ok = force_composites(dev, false) && ok;
    return nothing_held(dev, name) && ok;
}

static bool run_group(const struct group *group, ritz_device *const *devices)
{
    bool ok = true;
    printf("---- %s\n", group->name);
    for (int d = 0; d < DEVICES; d++) {
        if (!devices[d]) continue;
        for (int queued = 0; queued <= 1; queued++)
            for (int composites = 0; composites <= (group->composites ? 1 : 0); composites++)
                ok = run_at(group, devices[d], device_names[d], queued, composites) && ok;
    }
    return report_end() && ok;
}

/* Open what there is, or only what is named; false if that is nothing. */
static bool open_devices(const char *only, ritz_device **devices)
{
    bool any = false;
    for (int d = 0; d < DEVICES; d++) {
        if (only && strcmp(only, device_names[d]) != 0) continue;
        if (ritz_device_open(device_names[d], &devices[d]) == RITZ_OK)
            any = true;
        else
            printf("not run: device %s: %s\n", device_names[d], ritz_last_error());
    }
    return any;
}

static bool close_devices(ritz_device **devices)
{
    bool ok = true;
    for (int d = 0; d < DEVICES; d++) {
        if (ritz_device_close(&devices[d]) == RITZ_OK) continue;
        printf("FAIL: closing device %s: %s\n", device_names[d], ritz_last_error());
        ok = false;
    }
    return ok;
}

static const struct group *find_group(const char *name)
{
    for (int g = 0; g < GROUPS; g++)
        if (strcmp(groups[g].name, name) == 0) return &groups[g];
    return NULL;
}

static int usage(const char *what)
{
    fprintf(stderr,
            "conformance: %s\nusage: conformance [group...] [--device cpu|cuda] [--case N] "
            "[--filter TEXT] "
            "[--list]\ngroups:",
            what);
    for (int g = 0; g < GROUPS; g++) fprintf(stderr, " %s", groups[g].name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool wanted[GROUPS] = {false}, some = false, list = false, ok = true;
    const char *filter = NULL, *only_device = NULL;
    int64_t only_case = 0;
    for (int i = 1; i < argc; i++) {
        const struct group *group = find_group(argv[i]);
        if (group)
            some = wanted[group - groups] = true;
        else if (strcmp(argv[i], "--list") == 0)
            list = true;
        else if (strcmp(argv[i], "--device") == 0 && i + 1 < argc)
            only_device = argv[++i];
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strcmp(argv[i], "--case") == 0 && i + 1 < argc)
            only_case = strtoll(argv[++i], NULL, 10);
        else
            return usage(argv[i]);
    }
    ritz_device *devices[DEVICES] = {NULL};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!open_devices(only_device, devices)) {
        printf("FAIL: no device\n");
        return 1;
    }
    for (int g = 0; g < GROUPS; g++) {
        if (some && !wanted[g]) continue;
        report_begin(groups[g].name, filter, only_case, list);
        ok = run_group(&groups[g], devices) && ok;
    }
    return close_devices(devices) && ok ? 0 : 1;
}
