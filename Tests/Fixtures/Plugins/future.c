/* A plugin as a later minor would compile it: larger structs, unknown fields and an unknown kind of component. */
#define DESCRIPTOR_SIZE sizeof(later_descriptor)
#include "fixture.h"

typedef struct later_component {
    dmt_component known;
    dmt_str new_text;
    int64_t new_number;
} later_component;
typedef struct later_descriptor {
    dmt_plugin_descriptor known;
    dmt_str new_text;
} later_descriptor;
typedef struct later_plugin {
    dmt_plugin known;
    void (*new_function)(void);
} later_plugin;

static const later_component component = {
    .known = {.struct_size = sizeof(later_component), .revision = 1, .kind = TEXT("teleporter"),
              .id = TEXT("com.example.beam"), .summary = TEXT("Of a later minor.")},
    .new_text = TEXT("unknown"), .new_number = -1};
static const dmt_component *const components[] = {&component.known};

static const later_descriptor descriptor = {
    .known = {DESCRIPTOR_HEAD("com.example.future", DMT_ABI_MAJOR, DMT_ABI_MINOR + 7, 9), .component_count = 1,
              .components = components},
    .new_text = TEXT("unknown")};

static const later_plugin plugin = {.known = {.struct_size = sizeof(later_plugin), .descriptor = &descriptor.known}};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin.known; }
