/**
 * plugin.c: who the plugin is, its one exported function, and what its code asks of the host.
 */
#include "plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const dmt_host *host;
static const dmt_parallel *parallel;

static const dmt_component operation = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_OPERATOR),
    .id = TEXT(SWISH),
    .summary = TEXT("y = x / (1 + exp(-beta x)) with a learned beta a column."),
};
static const dmt_component tower = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_MODULE),
    .id = TEXT(TOWER),
    .summary = TEXT("Linear(swish(Linear(flat))); [B, F, N] -> [B, out]"),
};
static const dmt_component *const components[] = {&operation, &tower};

/* Id and version are also those of plugin.json. */
static const dmt_plugin_descriptor descriptor = {
    .struct_size = sizeof(dmt_plugin_descriptor),
    .magic = DMT_PLUGIN_MAGIC,
    .abi_major = DMT_ABI_MAJOR,
    .abi_minor = DMT_ABI_MINOR,
    .min_host_minor = DMT_ABI_MAJOR == 0 ? 9 : 0,
    .id = TEXT("com.example.swish"),
    .version = TEXT("1.0.0"),
    .license = TEXT("Apache-2.0"),
    .summary = TEXT("The swish activation with a learned steepness, and a tower module that uses it."),
    .compiler = TEXT("C " __VERSION__),
    .component_count = sizeof components / sizeof *components,
    .components = components,
};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    parallel = given->get_service(given->ctx, (dmt_str)TEXT(DMT_SERVICE_PARALLEL));
    return DMT_OK;
}

static int is(const dmt_component *component, dmt_str kind, dmt_str id, int32_t revision) {
    return same_text(kind, component->kind) && same_text(id, component->id) && revision == component->revision;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (is(&operation, kind, id, revision)) return &swish_operator;
    if (is(&tower, kind, id, revision)) return &tower_module;
    return NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin),
    .descriptor = &descriptor,
    .initialize = initialize,
    .get_component = get_component,
};

DMT_EXPORT const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }

dmt_status fail(dmt_status status, const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length < 0) length = 0;
    if ((size_t)length >= sizeof message) length = (int)sizeof message - 1;
    if (host) host->set_error(host->ctx, status, (dmt_str){message, length});
    return status;
}

int same_text(dmt_str a, dmt_str b) {
    if (a.size != b.size || a.size < 0) return 0;
    return a.size == 0 || (a.data && b.data && memcmp(a.data, b.data, (size_t)a.size) == 0);
}

const dmt_attr *attribute(const dmt_attrs *attributes, const char *name) {
    for (int64_t i = 0; attributes->items && i < attributes->count; i++)
        if (same_text(attributes->items[i].name, (dmt_str){name, (int64_t)strlen(name)})) return &attributes->items[i];
    return NULL;
}

void in_parallel(int64_t count, int64_t grain, dmt_parallel_body body, void *argument) {
    if (count <= 0) return;
    if (parallel)
        parallel->parallel_for(parallel->ctx, count, grain, body, argument);
    else
        body(argument, 0, count, 0);
}
