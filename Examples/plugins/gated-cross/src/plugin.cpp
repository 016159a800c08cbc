// plugin.cpp: who the plugin is, and its one exported function.

#include "gated_cross.hpp"

using contract::text;
using contract::view;

const dmt_host *contract::host = nullptr;

namespace {

const dmt_component cross = {
    sizeof(dmt_component), 1, text(DMT_KIND_MODULE), text("com.example.gated_cross"), text("Gated cross layers.")};
const dmt_component tower = {
    sizeof(dmt_component), 1, text(DMT_KIND_MODULE), text("com.example.tower_gated_cross"),
    text("Gated cross layers and one linear layer, as a tower.")};
const dmt_component *const components[] = {&cross, &tower};

// Id and version are also those of plugin.json.
const dmt_plugin_descriptor descriptor = {
    sizeof(dmt_plugin_descriptor), DMT_PLUGIN_MAGIC, DMT_ABI_MAJOR, DMT_ABI_MINOR, DMT_ABI_MAJOR == 0 ? 9 : 0, 0,
    text("com.example.gated-cross"), text("1.0.0"), text(""), text("Apache-2.0"),
    text("The gated cross network, as a module and as a tower."), text(""), text("C++ " __VERSION__), text(""), 2, components};

dmt_status initialize(const dmt_host *given) {
    contract::host = given;
    return DMT_OK;
}

bool is(const dmt_component &component, dmt_str kind, dmt_str id, int32_t revision) {
    return view(kind) == view(component.kind) && view(id) == view(component.id) && revision == component.revision;
}

const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (is(cross, kind, id, revision)) return &gated_cross_module;
    if (is(tower, kind, id, revision)) return &tower_module;
    return nullptr;
}

const dmt_plugin plugin = {sizeof(dmt_plugin), 0, &descriptor, initialize, get_component, nullptr, nullptr};

}  // namespace

extern "C" DMT_EXPORT const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
