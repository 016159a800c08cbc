/* Plugins that misbehave; -DHOW=N chooses how. The names stand in PluginFixtures.swift. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CRASH_IN_ENTRY 1
#define HANG_IN_ENTRY 2
#define PRINT_TO_STDOUT 3
#define HUGE_COUNT 4
#define NULL_ID 5
#define BAD_MAGIC 6
#define CRASH_IN_INITIALIZE 7
#define EXIT_IN_ENTRY 8
#define NULL_TABLE 9
#define ODD_ID 10
#define NULL_COMPONENT 11
#define FAIL_INITIALIZE 12
#define HANG_WITH_CHILD 13
#define TINY_STRUCT 14
#define CRASH_IN_CONSTRUCTOR 15
#define MISSING_COMPONENT 16
#define NOT_UTF8 17
#define HUGE_TEXT 18
#define HUGE_STRUCT 19
#define NEGATIVE_COUNT 20
#define NULL_DESCRIPTOR 21
#define WILD_POINTER 22
#define ODD_POINTER 23
#define OTHER_TABLE 24
#define TWICE 25

static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT("backend"), .id = TEXT("nobody")};
__attribute__((unused)) static const dmt_component *const components[] = {
    HOW == NULL_COMPONENT ? NULL : HOW == ODD_POINTER ? (const void *)((const char *)&component + 1) : &component,
    &component};

static const dmt_plugin_descriptor descriptor = {
#if HOW == BAD_MAGIC
    .struct_size = sizeof(dmt_plugin_descriptor), .magic = 0x12345678, .abi_major = DMT_ABI_MAJOR,
#elif HOW == NULL_ID
    .struct_size = sizeof(dmt_plugin_descriptor), .magic = DMT_PLUGIN_MAGIC, .abi_major = DMT_ABI_MAJOR,
    .abi_minor = DMT_ABI_MINOR, .min_host_minor = 0, .id = {NULL, 17}, .version = TEXT("1.0.0"),
#elif HOW == ODD_ID
    DESCRIPTOR_HEAD("../../etc/passwd", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0),
#elif HOW == TINY_STRUCT
    .struct_size = 20, .magic = DMT_PLUGIN_MAGIC,
#elif HOW == HUGE_STRUCT
    .struct_size = 0x7fffffff, .magic = DMT_PLUGIN_MAGIC, .abi_major = DMT_ABI_MAJOR,
#elif HOW == NOT_UTF8 || HOW == HUGE_TEXT
    .struct_size = sizeof(dmt_plugin_descriptor), .magic = DMT_PLUGIN_MAGIC, .abi_major = DMT_ABI_MAJOR,
    .id = TEXT("com.example.hostile"), .version = TEXT("1.0.0"),
    .summary = {"caf\xe9 \xff\xfe", HOW == HUGE_TEXT ? INT64_MAX : 7},
#else
    DESCRIPTOR_HEAD("com.example.hostile", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0),
#endif
#if HOW == HUGE_COUNT
    .component_count = INT64_MAX, .components = components,
#elif HOW == NEGATIVE_COUNT
    .component_count = -1, .components = components,
#elif HOW == WILD_POINTER
    .component_count = 1, .components = (const dmt_component *const *)0x123456789000,
#elif HOW == TWICE
    .component_count = 2, .components = components,
#elif HOW == NULL_COMPONENT || HOW == MISSING_COMPONENT || HOW == ODD_POINTER
    .component_count = 1, .components = components,
#endif
};

static const dmt_host *host;

static dmt_status initialize(const dmt_host *given) {
    host = given;
#if HOW == CRASH_IN_INITIALIZE
    fprintf(stderr, "about to crash\n");
    abort();
#elif HOW == FAIL_INITIALIZE
    static const char message[] = "the flux capacitor is empty";
    host->set_error(host->ctx, DMT_UNAVAILABLE, (dmt_str){message, sizeof message - 1});
    return DMT_UNAVAILABLE;
#endif
    return DMT_OK;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    (void)kind;
    (void)id;
    (void)revision;
    return NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = HOW == NULL_DESCRIPTOR ? NULL : &descriptor, .initialize = initialize,
    .get_component = get_component};

#if HOW == CRASH_IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void) { raise(SIGSEGV); }
#endif

const dmt_plugin *dmt_plugin_entry(void) {
#if HOW == CRASH_IN_ENTRY
    raise(SIGSEGV);
#elif HOW == HANG_IN_ENTRY
    for (;;) pause();
#elif HOW == HANG_WITH_CHILD
    /* The grandchild keeps the pipes open. */
    fork();
    for (;;) pause();
#elif HOW == PRINT_TO_STDOUT
    printf("result {\"status\":\"accepted\"}\nhello from a plugin that prints\n");
    fflush(stdout);
#elif HOW == EXIT_IN_ENTRY
    exit(3);
#elif HOW == NULL_TABLE
    return NULL;
#elif HOW == OTHER_TABLE
    static dmt_plugin tables[2];
    static int calls;
    tables[0] = tables[1] = plugin;
    return &tables[calls++ & 1];
#endif
    return &plugin;
}
