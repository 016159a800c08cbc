/**
 * contract.h: loads a plugin as dmt does, with a small host of its own, and counts what is not as expected.
 *
 * A test's main calls load with its first argument, component for the plugin's table, EXPECT for every fact, and returns
 * finish().
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <dlfcn.h>
#include <dmt/dmt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks, failures;

/** Counts a fact, and prints what was found where it does not hold. */
#define EXPECT(condition, ...)                                     \
    do {                                                           \
        checks++;                                                  \
        if (!(condition)) {                                        \
            failures++;                                            \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                          \
            fputc('\n', stderr);                                   \
        }                                                          \
    } while (0)

/** Ends the test at once: what follows makes no sense. */
#define REQUIRE(condition, ...)                                              \
    do {                                                                     \
        EXPECT(condition, __VA_ARGS__);                                      \
        if (failures > 0 && !(condition)) {                                  \
            printf("%d passed, %d failed\n", checks - failures, failures);   \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

/** A text of the contract. */
static inline dmt_str str(const char *text) { return (dmt_str){text, (int64_t)strlen(text)}; }

/** Whether two floats are equal up to rounding. */
static inline int near(double found, double expected, double tolerance) {
    return fabs(found - expected) <= tolerance * (1 + fabs(expected));
}

/** What the plugin said last about a failure. */
static char last_error[1024];

static inline void host_set_error(void *ctx, dmt_status status, dmt_str message) {
    (void)ctx;
    (void)status;
    size_t size = (size_t)message.size < sizeof last_error - 1 ? (size_t)message.size : sizeof last_error - 1;
    memcpy(last_error, message.data, size);
    last_error[size] = 0;
}

/* One thread, pieces as short as the contract allows: a kernel that needs the whole range in one piece shows itself. */
static inline int32_t host_max_threads(void *ctx) {
    (void)ctx;
    return 1;
}

static inline void host_parallel_for(
    void *ctx, int64_t count, int64_t grain, dmt_parallel_body body, void *argument) {
    (void)ctx;
    if (grain < 1) grain = 1;
    for (int64_t begin = 0; begin < count; begin += grain)
        body(argument, begin, begin + grain < count ? begin + grain : count, 0);
}

static inline const void *host_get_service(void *ctx, dmt_str id) {
    static const dmt_parallel parallel = {
        .struct_size = sizeof(dmt_parallel), .max_threads = host_max_threads, .parallel_for = host_parallel_for};
    (void)ctx;
    size_t size = sizeof DMT_SERVICE_PARALLEL - 1;
    return (size_t)id.size == size && memcmp(id.data, DMT_SERVICE_PARALLEL, size) == 0 ? &parallel : NULL;
}

static const dmt_plugin *plugin;

/** Opens the library and initializes the plugin. */
static inline void load(const char *path) {
    static const dmt_host host = {
        .struct_size = sizeof(dmt_host),
        .abi_major = DMT_ABI_MAJOR,
        .abi_minor = DMT_ABI_MINOR,
        .name = {"test", 4},
        .version = {"1.0.0", 5},
        .get_service = host_get_service,
        .set_error = host_set_error,
    };
    REQUIRE(path != NULL, "usage: test LIBRARY");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    REQUIRE(library != NULL, "%s", dlerror());
    dmt_plugin_entry_function entry;
    void *symbol = dlsym(library, "dmt_plugin_entry");
    REQUIRE(symbol != NULL, "the library exports no dmt_plugin_entry");
    memcpy(&entry, &symbol, sizeof entry);
    plugin = entry();
    REQUIRE(plugin != NULL && plugin->descriptor != NULL, "dmt_plugin_entry returned NULL");
    EXPECT(entry() == plugin, "the second call returned another table");
    EXPECT(plugin->descriptor->magic == DMT_PLUGIN_MAGIC, "magic is %x", plugin->descriptor->magic);
    REQUIRE(plugin->initialize == NULL || plugin->initialize(&host) == DMT_OK, "initialize: %s", last_error);
}

/** The table of the component; the test ends where there is none. */
static inline const void *component(const char *kind, const char *id) {
    const void *table = plugin->get_component(str(kind), str(id), 1);
    REQUIRE(table != NULL, "there is no %s '%s'", kind, id);
    EXPECT(plugin->get_component(str(kind), str("no.such"), 1) == NULL, "a name that is not there is answered");
    EXPECT(plugin->get_component(str("no-such-kind"), str(id), 1) == NULL, "a kind that is not there is answered");
    EXPECT(plugin->get_component(str(kind), str(id), 1000) == NULL, "a revision that is not there is answered");
    return table;
}

/** Ends a test: its exit code. */
static inline int finish(void) {
    if (plugin->shutdown) plugin->shutdown();
    printf("%d passed, %d failed\n", checks - failures, failures);
    return failures > 0;
}

#endif
