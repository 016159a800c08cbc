/**
 * sound.h: what all sound plugins here share: the host, messages, the descriptor of a plugin with one component.
 *
 * A file of this folder is a plugin that is right in everything but the one thing that its first line says: it defines
 * a word of a sound plugin before it includes it. What is defined before stands; `#ifndef` gives the rest.
 */
#ifndef SOUND_H
#define SOUND_H

#include "../fixture.h"

#include <stdlib.h>
#include <string.h>

static const dmt_host *host;

static dmt_status fail(dmt_status status, const char *message) {
    if (host) host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

static int equals(dmt_str text, dmt_str other) {
    return text.size == other.size && (text.size == 0 || (text.data && memcmp(text.data, other.data, (size_t)text.size) == 0));
}

__attribute__((unused)) static const void *service(const char *id) {
    return host ? host->get_service(host->ctx, (dmt_str){id, (int64_t)strlen(id)}) : NULL;
}

/* Memory of a plan: the host's where it has any. */
__attribute__((unused)) static void *take(int64_t size) {
    const dmt_alloc *alloc = service(DMT_SERVICE_ALLOC);
    return alloc ? alloc->allocate(alloc->ctx, size, 64, (dmt_str)TEXT("plan")) : malloc((size_t)size);
}

__attribute__((unused)) static void give_back(void *memory) {
    const dmt_alloc *alloc = service(DMT_SERVICE_ALLOC);
    if (alloc) {
        alloc->release(alloc->ctx, memory);
    } else {
        free(memory);
    }
}

__attribute__((unused)) static int is_float(dmt_dtype type) {
    return type.code == DMT_DTYPE_FLOAT && type.bits == 32 && type.lanes == 1;
}

/* The elements of a tensor of a request, or a negative number where it cannot be. */
__attribute__((unused)) static int64_t elements_of(const dmt_tensor *tensor) {
    if (tensor->ndim < 0 || tensor->ndim > DMT_MAX_RANK || (tensor->ndim > 0 && !tensor->shape)) return -1;
    int64_t count = 1;
    for (int32_t i = 0; i < tensor->ndim; i++) {
        int64_t extent = tensor->shape[i];
        if (extent < 0 || (extent > 0 && count > (1ll << 40) / extent)) return -1;
        count *= extent;
    }
    if (!tensor->strides) return count;
    /* Compact row-major is all that a kernel is promised. */
    int64_t step = 1;
    for (int32_t i = tensor->ndim - 1; i >= 0; i--) {
        if (tensor->shape[i] != 1 && tensor->strides[i] != step) return -1;
        step *= tensor->shape[i];
    }
    return count;
}

__attribute__((unused)) static int same_shape(const dmt_tensor *a, const dmt_tensor *b) {
    if (a->ndim != b->ndim) return 0;
    for (int32_t i = 0; i < a->ndim; i++) {
        if (a->shape[i] != b->shape[i]) return 0;
    }
    return 1;
}

__attribute__((unused)) static int attributes_are_there(dmt_attrs attributes) {
    if (attributes.count < 0 || (attributes.count > 0 && !attributes.items)) return 0;
    for (int64_t i = 0; i < attributes.count; i++) {
        dmt_str name = attributes.items[i].name;
        if (name.size < 0 || (name.size > 0 && !name.data)) return 0;
    }
    return 1;
}

__attribute__((unused)) static const dmt_attr *attribute(dmt_attrs attributes, const char *name) {
    for (int64_t i = 0; i < attributes.count; i++) {
        if (equals(attributes.items[i].name, (dmt_str){name, (int64_t)strlen(name)})) return &attributes.items[i];
    }
    return NULL;
}

#ifndef ON_ENTRY
#define ON_ENTRY
#endif
#ifndef ON_INITIALIZE
#define ON_INITIALIZE
#endif
#ifndef ON_SHUTDOWN
#define ON_SHUTDOWN
#endif
#ifndef HAS_ID
#define HAS_ID(id, known) equals(id, known)
#endif
#ifndef HAS_REVISION
#define HAS_REVISION(revision) ((revision) == 1)
#endif

/** Everything of a plugin with one component behind its tables. */
#define SOUND_PLUGIN(component_kind, component_id, table)                                                              \
    static const dmt_component component = {                                                                           \
        .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(component_kind), .id = TEXT(component_id),   \
        .summary = TEXT("A fixture.")};                                                                                \
    static const dmt_component *const components[] = {&component};                                                     \
    static const dmt_plugin_descriptor descriptor = {                                                                  \
        DESCRIPTOR_HEAD("com.example.defect", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1,                  \
        .components = components};                                                                                     \
    static dmt_status initialize(const dmt_host *given) {                                                              \
        host = given;                                                                                                  \
        ON_INITIALIZE;                                                                                                 \
        return DMT_OK;                                                                                                 \
    }                                                                                                                  \
    static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {                                     \
        (void)revision;                                                                                                \
        if (!HAS_REVISION(revision) || !equals(kind, component.kind)) return NULL;                                     \
        return HAS_ID(id, component.id) ? (table) : NULL;                                                              \
    }                                                                                                                  \
    static void shutdown_plugin(void) { ON_SHUTDOWN; }                                                                 \
    static const dmt_plugin plugin = {                                                                                 \
        .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,                        \
        .get_component = get_component, .shutdown = shutdown_plugin};                                                  \
    const dmt_plugin *dmt_plugin_entry(void) {                                                                         \
        ON_ENTRY;                                                                                                      \
        return &plugin;                                                                                                \
    }

#endif
