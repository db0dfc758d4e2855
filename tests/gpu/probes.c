/* probes --list | probes NAME...: see probes.h. What they print is JSON, a line for each answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gpu/probes.h"

/* Texts of probes are ASCII; only these two need care. */
static void print_string(const char *text)
{
    (void)putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') (void)putchar('\\');
        (void)putchar(*text);
    }
    (void)putchar('"');
}

static void print_member(const char *name, const char *text)
{
    (void)printf("\"%s\": ", name);
    print_string(text);
    (void)printf(", ");
}

static void print_question(const struct probe *p)
{
    print_member("probe", p->name);
    print_member("question", p->question);
    print_member("assumed", p->assumed);
    print_member("documentation", p->documentation);
    (void)printf("\"gpu_only\": %s", p->standing == GPU_ONLY ? "true" : "false");
}

static const struct {
    const struct probe *first;
    const size_t *count;
} tables[] = {
    {runtime_probes, &runtime_probe_count},
    {blas_probes, &blas_probe_count},
    {solver_probes, &solver_probe_count},
#ifdef PROBES_WITH_KERNELS
    {random_probes, &random_probe_count},
#endif
};
enum { TABLES = sizeof tables / sizeof *tables };

static int list(void)
{
    const char *separator = "[";
    for (int t = 0; t < TABLES; t++)
        for (size_t i = 0; i < *tables[t].count; i++) {
            (void)printf("%s{", separator);
            print_question(&tables[t].first[i]);
            (void)printf("}");
            separator = ",\n ";
        }
    (void)puts("]");
    return 0;
}

static void run(const struct probe *p)
{
    static const char *const verdicts[] = {
        [AGREES] = "true", [DISAGREES] = "false", [NO_OPINION] = "null"};
    struct finding f = {"", NO_OPINION};
    struct rig r;
    open_rig(&r);
    p->find(&r, &f);
    /* After a broken rule nothing needs to work any more. */
    if (p->standing == EMULATED) close_rig(&r);
    (void)printf("{");
    print_question(p);
    (void)printf(", ");
    print_member("answer", f.answer);
    (void)printf("\"agrees\": %s}\n", verdicts[f.verdict]);
    (void)fflush(stdout);
}

static const struct probe *named(const char *name)
{
    for (int t = 0; t < TABLES; t++)
        for (size_t i = 0; i < *tables[t].count; i++)
            if (strcmp(name, tables[t].first[i].name) == 0) return &tables[t].first[i];
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) return list();
    for (int i = 1; i < argc; i++) {
        const struct probe *p = named(argv[i]);
        if (!p) {
            (void)fprintf(stderr, "probes: there is no probe %s\n", argv[i]);
            return 2;
        }
        run(p);
    }
    if (argc > 1) return 0;
    (void)fprintf(stderr, "Usage: probes --list | probes NAME...\n");
    return 2;
}
