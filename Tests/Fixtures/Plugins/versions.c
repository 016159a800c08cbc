/* A plugin without components whose versions are set by the compiler's -D. */
#include "fixture.h"

#ifndef MAJOR
#define MAJOR DMT_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR DMT_ABI_MINOR
#endif
#ifndef MIN_MINOR
#define MIN_MINOR 0
#endif

static const dmt_plugin_descriptor descriptor = {DESCRIPTOR_HEAD("com.example.versions", MAJOR, MINOR, MIN_MINOR)};
static const dmt_plugin plugin = {.struct_size = sizeof(dmt_plugin), .descriptor = &descriptor};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
