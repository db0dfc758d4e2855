/* ritz info: version, devices and why each is or is not available, operations.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"

enum { DEVICES_MAX = 33 }; /* the CPU and 32 GPUs */

static const char help[] =
    "usage: ritz info [OPTION]...\n"
    "\n"
    "Version, devices and why each is or is not available, libraries.\n"
    "\n"
    "options:\n"
    "      --ops   how each device carries out each operation: native, composite or refused\n"
    "  -j, --json  print one JSON object instead of tables\n"
    "  -h, --help  print this and exit\n"
    "\n"
    "examples:\n"
    "  ritz info\n"
    "  ritz info --ops --json\n";

struct info_options {
    bool operations;
    bool json;
    bool help;
};

struct device {
    char name[16]; /* as --device takes it */
    ritz_device *device;
    ritz_device_info info;
};

struct device_list {
    struct device devices[DEVICES_MAX];
    int count;
    char automatic[16]; /* what "auto" opens; "" if it fails */
    char *explanation;  /* why each device is or is not available; one line each */
    char *failure;      /* why "auto" fails, or NULL */
};

static bool parse_options(int argc, char **argv, struct info_options *options)
{
    enum { OPTION_OPS = OPTION_OWN };
    static const struct option long_options[] = {{"ops", no_argument, NULL, OPTION_OPS},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":jh", long_options, NULL)) != -1) {
        switch (code) {
        case OPTION_OPS: options->operations = true; break;
        case 'j': options->json = true; break;
        case 'h': options->help = true; return true;
        default: complain_option("info", code, argv); return false;
        }
    }
    if (optind < argc) {
        complain("ritz info takes no file; see ritz info --help");
        return false;
    }
    return true;
}

/* ---- the devices ----------------------------------------------------------------------------- */

static void name_device(ritz_device *device, char *name, size_t size)
{
    ritz_device_info info = RITZ_DEVICE_INFO_INIT;
    if (ritz_device_describe(device, &info) != RITZ_OK) return;
    if (info.kind == RITZ_DEVICE_CPU) {
        snprintf(name, size, "cpu");
    } else {
        snprintf(name, size, "cuda:%d", info.index);
    }
}

/* What "auto" opens, and the explanation that goes with it. */
static bool explain_devices(struct device_list *list)
{
    ritz_device *device = NULL;
    ritz_status status = ritz_device_open("auto", &device);
    if (status == RITZ_OK) {
        name_device(device, list->automatic, sizeof list->automatic);
    } else {
        list->failure = strdup(ritz_last_error());
    }
    list->explanation = strdup(ritz_device_explain());
    (void)ritz_device_close(&device);
    if (list->explanation != NULL && (status == RITZ_OK || list->failure != NULL)) return true;
    complain("out of memory");
    return false;
}

/* Add a device to the list if it can be opened. */
static bool add_device(struct device_list *list, const char *name)
{
    struct device *entry = &list->devices[list->count];
    if (ritz_device_open(name, &entry->device) != RITZ_OK) return false;
    entry->info = (ritz_device_info)RITZ_DEVICE_INFO_INIT;
    if (ritz_device_describe(entry->device, &entry->info) != RITZ_OK) {
        (void)ritz_device_close(&entry->device);
        return false;
    }
    snprintf(entry->name, sizeof entry->name, "%s", name);
    list->count++;
    return true;
}

static void add_devices(struct device_list *list)
{
    add_device(list, "cpu");
    for (int i = 0; list->count < DEVICES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "cuda:%d", i);
        if (!add_device(list, name)) return;
    }
}

static void release(struct device_list *list)
{
    for (int i = 0; i < list->count; i++) (void)ritz_device_close(&list->devices[i].device);
    free(list->explanation);
    free(list->failure);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void print_devices(const struct device_list *list)
{
    for (int i = 0; i < list->count; i++) {
        const struct device *entry = &list->devices[i];
        bool is_cpu = entry->info.kind == RITZ_DEVICE_CPU;
        char memory[32];

        format_bytes(entry->info.memory_bytes, memory, sizeof memory);
        printf("\n%s%s\n", entry->name,
               !strcmp(entry->name, list->automatic) ? " (the default)" : "");
        printf("  %-18s%s\n", is_cpu ? "processor" : "GPU", entry->info.name);
        printf("  %-18s%s\n", "library", entry->info.library);
        printf("  %-18s%d\n", is_cpu ? "threads" : "multiprocessors", entry->info.threads);
        printf("  %-18s%s\n", "memory", memory);
    }
}

/* A paragraph of lines, each moved in. */
static void print_indented(const char *text)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, "\n");
        if (length > 0) printf("  %.*s\n", length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_operations(const struct device_list *list)
{
    const char *operation;
    const char *route;

    printf("\n%-28s", "operation");
    for (int i = 0; i < list->count; i++) printf("%-12s", list->devices[i].name);
    putchar('\n');
    for (int index = 0; list->count > 0; index++) {
        for (int i = 0; i < list->count; i++) {
            if (ritz_device_operation(list->devices[i].device, index, &operation, &route) !=
                RITZ_OK) {
                return;
            }
            if (i == 0) printf("%-28s", operation);
            printf("%-12s", route);
        }
        putchar('\n');
    }
}

static void print_info(const struct device_list *list, bool operations)
{
    puts("ritz " RITZ_VERSION_STRING);
    print_devices(list);
    puts("\navailability");
    print_indented(list->explanation);
    if (list->failure != NULL) printf("\nno default device: %s\n", list->failure);
    if (operations) print_operations(list);
}

static json_t *devices_json(const struct device_list *list)
{
    json_t *devices = json_array();
    for (int i = 0; i < list->count; i++) {
        json_array_append_new(devices, json_device(&list->devices[i].info));
    }
    return devices;
}

static json_t *availability_json(const struct device_list *list)
{
    json_t *lines = json_array();
    for (const char *text = list->explanation; *text != '\0';) {
        size_t length = strcspn(text, "\n");
        if (length > 0) json_array_append_new(lines, json_stringn(text, length));
        text += length + (text[length] == '\n');
    }
    return lines;
}

/* One object a device, operation -> route. */
static json_t *operations_json(const struct device_list *list)
{
    json_t *devices = json_object();
    for (int i = 0; i < list->count; i++) {
        json_t *routes = json_object();
        const char *operation;
        const char *route;
        for (int index = 0;
             ritz_device_operation(list->devices[i].device, index, &operation, &route) == RITZ_OK;
             index++) {
            json_object_set_new(routes, operation, json_string(route));
        }
        json_object_set_new(devices, list->devices[i].name, routes);
    }
    return devices;
}

static bool print_json(const struct device_list *list, bool operations)
{
    json_t *info = json_pack("{s:s, s:s, s:o, s:o, s:o}", "ritz", RITZ_VERSION_STRING, "command",
                             "info", "default_device", json_text(list->automatic), "devices",
                             devices_json(list), "availability", availability_json(list));
    if (operations) json_object_set_new(info, "operations", operations_json(list));
    char *text = json_print(info);
    if (text != NULL) puts(text);
    free(text);
    return text != NULL;
}

int command_info(int argc, char **argv)
{
    struct info_options options = {.operations = false};
    if (!parse_options(argc, argv, &options)) return STATUS_USAGE;
    if (options.help) {
        fputs(help, stdout);
        return STATUS_OK;
    }

    struct device_list list = {.count = 0};
    bool good = explain_devices(&list);
    if (good) {
        add_devices(&list);
        if (options.json) {
            good = print_json(&list, options.operations);
        } else {
            print_info(&list, options.operations);
        }
    }
    release(&list);
    return good ? STATUS_OK : STATUS_FAILED;
}
