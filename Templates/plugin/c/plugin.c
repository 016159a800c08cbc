/**
 * plugin.c: who the plugin is, its one exported function, and what its code asks of the host.
 */
#include "plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const dmt_host *host;
static const dmt_parallel *parallel;

static const dmt_component *const components[] = {&component};

/* Id and version are also those of plugin.json. */
static const dmt_plugin_descriptor descriptor = {
    .struct_size = sizeof(dmt_plugin_descriptor),
    .magic = DMT_PLUGIN_MAGIC,
    .abi_major = DMT_ABI_MAJOR,
    .abi_minor = DMT_ABI_MINOR,
    .min_host_minor = @MIN_HOST_MINOR@,
    .id = TEXT("@ID@"),
    .version = TEXT("0.1.0"),
    .vendor = TEXT(""),
    .license = TEXT("Apache-2.0"),
    .summary = TEXT("@SUMMARY@"),
    .homepage = TEXT(""),
    .compiler = TEXT("C " __VERSION__),
    .component_count = 1,
    .components = components,
};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    parallel = given->get_service(given->ctx, (dmt_str)TEXT(DMT_SERVICE_PARALLEL));
    return DMT_OK;
}

static int same(dmt_str a, dmt_str b) {
    return a.size == b.size && (a.size == 0 || (a.data && memcmp(a.data, b.data, (size_t)a.size) == 0));
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    int known = same(kind, component.kind) && same(id, component.id) && revision == component.revision;
    return known ? component_table : NULL;
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

dmt_str text(const char *literal) { return (dmt_str){literal, (int64_t)strlen(literal)}; }

int is_text(dmt_str given, const char *literal) { return same(given, text(literal)); }

static const dmt_attr *attribute(const dmt_attrs *attributes, const char *name) {
    for (int64_t i = 0; i < attributes->count; i++)
        if (is_text(attributes->items[i].name, name)) return &attributes->items[i];
    return NULL;
}

double number(const dmt_attrs *attributes, const char *name, double otherwise) {
    const dmt_attr *found = attribute(attributes, name);
    return found && found->type == DMT_ATTR_F64 ? found->f64 : otherwise;
}

int64_t integer(const dmt_attrs *attributes, const char *name, int64_t otherwise) {
    const dmt_attr *found = attribute(attributes, name);
    return found && found->type == DMT_ATTR_I64 ? found->i64 : otherwise;
}

void in_parallel(int64_t count, int64_t grain, dmt_parallel_body body, void *argument) {
    if (count <= 0) return;
    if (parallel)
        parallel->parallel_for(parallel->ctx, count, grain, body, argument);
    else
        body(argument, 0, count, 0);
}
