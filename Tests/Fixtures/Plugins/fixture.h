/**
 * fixture.h: texts and a descriptor for the plugins of the host's tests.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <dmt/dmt.h>

#ifndef DESCRIPTOR_SIZE
#define DESCRIPTOR_SIZE sizeof(dmt_plugin_descriptor)
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

#ifndef FIXTURE_VERSION
#define FIXTURE_VERSION "1.0.0"
#endif

/** The fields of a descriptor up to the components. */
#define DESCRIPTOR_HEAD(plugin_id, major, minor, min_minor)                                                          \
    .struct_size = DESCRIPTOR_SIZE, .magic = DMT_PLUGIN_MAGIC, .abi_major = (major),                   \
    .abi_minor = (minor), .min_host_minor = (min_minor), .id = TEXT(plugin_id), .version = TEXT(FIXTURE_VERSION),    \
    .vendor = TEXT("tests"), .license = TEXT("Apache-2.0"), .summary = TEXT("A fixture."), .compiler = TEXT("C")

#endif
