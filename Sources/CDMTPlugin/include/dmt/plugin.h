/**
 * plugin.h: the one function that a plugin exports, its descriptor and its table.
 */
#ifndef DMT_PLUGIN_H
#define DMT_PLUGIN_H

#include "base.h"
#include "host.h"

#ifdef __cplusplus
extern "C" {
#endif

/** dmt_plugin_descriptor.magic: "DMTP" in memory order. */
#define DMT_PLUGIN_MAGIC 0x50544d44u

/* Component kinds */
/** Kernels for operators: dmt_backend (backend.h). */
#define DMT_KIND_BACKEND "backend"
/** A new operator, schema and kernel: dmt_operator (operator.h). */
#define DMT_KIND_OPERATOR "operator"
/** A composite that expands into operators and modules: dmt_module (module.h). */
#define DMT_KIND_MODULE "module"
/** Lookup and update of tables: dmt_embedding (embedding.h), revision 1. */
#define DMT_KIND_EMBEDDING "embedding"
/** Update of dense parameters: dmt_update (update.h), revision 1. */
#define DMT_KIND_UPDATE "update"
/** Deals features into towers: dmt_partitioner (partitioner.h), revision 1. */
#define DMT_KIND_PARTITIONER "partitioner"
/** Where tables lie and how a batch travels: dmt_sharding (sharding.h), revision 1. */
#define DMT_KIND_SHARDING "sharding"
/** Moves data between ranks: dmt_interconnect (interconnect.h), revision 1. */
#define DMT_KIND_INTERCONNECT "interconnect"
/** A format of data files: dmt_reader (reader.h), revision 1. */
#define DMT_KIND_READER "reader"
/** A new update rule: dmt_optimizer (optimizer.h), revision 1. */
#define DMT_KIND_OPTIMIZER "optimizer"

/** One thing that a plugin offers. */
typedef struct dmt_component {
    uint32_t struct_size;
    /** Revision of the component's table; with kind it fixes the struct that get_component returns. */
    int32_t revision;
    /** DMT_KIND_... */
    dmt_str kind;
    /** The name by which a manifest knows it: `onednn`, `tower.dcn`. */
    dmt_str id;
    /** One sentence. */
    dmt_str summary;
} dmt_component;

/** What a plugin is; static, readable before initialize. */
typedef struct dmt_plugin_descriptor {
    uint32_t struct_size;
    /** DMT_PLUGIN_MAGIC */
    uint32_t magic;
    /** DMT_ABI_MAJOR and DMT_ABI_MINOR of the headers it was compiled with. */
    uint32_t abi_major;
    uint32_t abi_minor;
    /** The lowest DMT_ABI_MINOR of a host that it works with. */
    uint32_t min_host_minor;
    /** 0. */
    uint32_t flags;
    /** Reverse-DNS or `dmt.NAME`; unique. */
    dmt_str id;
    /** Semantic version. */
    dmt_str version;
    dmt_str vendor;
    /** SPDX expression. */
    dmt_str license;
    /** One sentence. */
    dmt_str summary;
    dmt_str homepage;
    /**
     * Compiler and version. A plugin written in Swift must name it, `Swift 6.3.1 (BUILD)`: it shares the host's Swift runtime,
     * and the host refuses one that another compiler made.
     */
    dmt_str compiler;
    /** Target triple and lowest ISA: `x86_64-linux-gnu x86-64-v3`. */
    dmt_str target;
    int64_t component_count;
    const dmt_component *const *components;
} dmt_plugin_descriptor;

/** A plugin: its descriptor and its functions. */
typedef struct dmt_plugin {
    uint32_t struct_size;
    uint32_t reserved;
    const dmt_plugin_descriptor *descriptor;
    /** [load] Called once, before any component is asked for. host lives as long as the process. NULL: nothing to do. */
    dmt_status (*initialize)(const dmt_host *host);
    /** [any] The table of a component, or NULL for a kind, id or revision that the plugin does not have. */
    const void *(*get_component)(dmt_str kind, dmt_str id, int32_t revision);
    /** [any] The table of an extension `com.vendor.area/REVISION`, or NULL. */
    const void *(*get_extension)(dmt_str id);
    /** [load] Called once before the process ends, when all handles have been released. A plugin is never unloaded. */
    void (*shutdown)(void);
} dmt_plugin;

/** The C compiler that reads this header, for dmt_plugin_descriptor.compiler. */
static inline const char *dmt_c_compiler(void) {
    return __VERSION__;
}

#if defined(_WIN32)
#define DMT_EXPORT __declspec(dllexport)
#else
#define DMT_EXPORT __attribute__((visibility("default")))
#endif

/**
 * [load] The one exported function. It has no side effect: no thread, no file, no environment, no output; it returns
 * the same static table every time, within 100 ms.
 */
DMT_EXPORT const dmt_plugin *dmt_plugin_entry(void);

/** Type of dmt_plugin_entry, for whoever looks it up. */
typedef const dmt_plugin *(*dmt_plugin_entry_function)(void);

DMT_STATIC_ASSERT(sizeof(dmt_component) == 56, "dmt_component");
DMT_STATIC_ASSERT(sizeof(dmt_plugin_descriptor) == 168, "dmt_plugin_descriptor");
DMT_STATIC_ASSERT(offsetof(dmt_plugin_descriptor, id) == 24, "dmt_plugin_descriptor.id");
DMT_STATIC_ASSERT(offsetof(dmt_plugin_descriptor, component_count) == 152, "dmt_plugin_descriptor.component_count");
DMT_STATIC_ASSERT(sizeof(dmt_plugin) == 48, "dmt_plugin");

#ifdef __cplusplus
}
#endif
#endif
