/* A plugin that takes a function from elsewhere: from a neighbour, or, when nobody links one, from nowhere. */
#include "fixture.h"

extern int dmt_fixture_help(void);

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.needy", DMT_ABI_MAJOR, DMT_ABI_MINOR, DMT_ABI_MINOR)};
static const dmt_plugin plugin = {.struct_size = sizeof(dmt_plugin), .descriptor = &descriptor};

const dmt_plugin *dmt_plugin_entry(void) { return dmt_fixture_help() == 42 ? &plugin : 0; }
