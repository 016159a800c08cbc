/*
 * What a plugin of a later minor may hold beside what this host knows: a kind and a revision that it does not have, an
 * extension, and a service that it does not offer. What it compiles to is longer too: Tests/Fixtures/Headers/future.sh.
 */
#include "fixture.h"

#include <string.h>

static const dmt_component beam = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT("teleporter"), .id = TEXT("com.example.beam"),
    .summary = TEXT("Of a kind that is not known yet.")};
static const dmt_component second = {
    .struct_size = sizeof(dmt_component), .revision = 2, .kind = TEXT(DMT_KIND_OPERATOR), .id = TEXT("com.example.second"),
    .summary = TEXT("Of a revision that is not known yet.")};
static const dmt_component *const components[] = {&beam, &second};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.future", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 2,
    .components = components};

static dmt_status initialize(const dmt_host *host) {
    static const char message[] = "the host has a service that nobody has";
    if (!host->get_service(host->ctx, (dmt_str)TEXT("dmt.teleport/3"))) return DMT_OK;
    host->set_error(host->ctx, DMT_INTERNAL, (dmt_str){message, sizeof message - 1});
    return DMT_INTERNAL;
}

/* Nobody may ask for what this host does not know. */
static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    (void)kind;
    (void)id;
    (void)revision;
    __builtin_trap();
}

static const void *get_extension(dmt_str id) {
    static const struct {
        uint32_t struct_size;
        uint32_t answer;
    } table = {sizeof table, 42};
    return id.size == 16 && memcmp(id.data, "com.example.ex/1", 16) == 0 ? &table : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component, .get_extension = get_extension};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
