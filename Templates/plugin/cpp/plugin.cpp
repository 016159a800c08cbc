/**
 * plugin.cpp: who the plugin is, its one exported function, and what its code asks of the host.
 */
#include "plugin.hpp"

const dmt_host *host;

namespace {

const dmt_parallel *parallel;

const dmt_component *const components[] = {&component};

/* Id and version are also those of plugin.json. */
const dmt_plugin_descriptor descriptor = {
    .struct_size = sizeof(dmt_plugin_descriptor),
    .magic = DMT_PLUGIN_MAGIC,
    .abi_major = DMT_ABI_MAJOR,
    .abi_minor = DMT_ABI_MINOR,
    .min_host_minor = @MIN_HOST_MINOR@,
    .flags = 0,
    .id = TEXT("@ID@"),
    .version = TEXT("0.1.0"),
    .vendor = TEXT(""),
    .license = TEXT("Apache-2.0"),
    .summary = TEXT("@SUMMARY@"),
    .homepage = TEXT(""),
    .compiler = TEXT("C++ " __VERSION__),
    .target = TEXT(""),
    .component_count = 1,
    .components = components,
};

dmt_status initialize(const dmt_host *given) {
    host = given;
    parallel = static_cast<const dmt_parallel *>(given->get_service(given->ctx, TEXT(DMT_SERVICE_PARALLEL)));
    return DMT_OK;
}

const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    bool known = view(kind) == view(component.kind) && view(id) == view(component.id) && revision == component.revision;
    return known ? component_table : nullptr;
}

const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin),
    .reserved = 0,
    .descriptor = &descriptor,
    .initialize = initialize,
    .get_component = get_component,
    .get_extension = nullptr,
    .shutdown = nullptr,
};

const dmt_attr *attribute(const dmt_attrs &attributes, std::string_view name) {
    for (int64_t i = 0; i < attributes.count; i++)
        if (view(attributes.items[i].name) == name) return &attributes.items[i];
    return nullptr;
}

} // namespace

DMT_EXPORT const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }

dmt_status fail(dmt_status status, std::string_view message) noexcept {
    if (host) host->set_error(host->ctx, status, text(message));
    return status;
}

double number(const dmt_attrs &attributes, std::string_view name, double otherwise) {
    const dmt_attr *found = attribute(attributes, name);
    return found && found->type == DMT_ATTR_F64 ? found->f64 : otherwise;
}

int64_t integer(const dmt_attrs &attributes, std::string_view name, int64_t otherwise) {
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
