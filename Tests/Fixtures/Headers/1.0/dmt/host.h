/**
 * host.h: what the host gives to a plugin: a table of services by string id.
 *
 * A plugin imports no symbol of the host. It receives a dmt_host in dmt_plugin.initialize, asks it for the services it
 * wants, and works without those that it does not get.
 */
#ifndef DMT_HOST_H
#define DMT_HOST_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The host as a plugin sees it; lives as long as the process. */
typedef struct dmt_host {
    uint32_t struct_size;
    /** DMT_ABI_MAJOR and DMT_ABI_MINOR of the headers that the host was compiled with. */
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t reserved;
    dmt_str name;
    dmt_str version;
    /** First argument of the functions below. */
    void *ctx;
    /** [any] The table of a service, `dmt.AREA/REVISION`, or NULL when the host does not have it. */
    const void *(*get_service)(void *ctx, dmt_str id);
    /**
     * [any] Says why the call that is running on this thread is about to fail. The host copies the message at once, up to
     * 4096 bytes, and adds plugin, component and phase.
     */
    void (*set_error)(void *ctx, dmt_status status, dmt_str message);
} dmt_host;

/* Service `dmt.log/1` */

#define DMT_SERVICE_LOG "dmt.log/1"
/* Levels. One that the host does not know counts as the nearest below, above the last as an error. */
#define DMT_LOG_TRACE 0
#define DMT_LOG_DEBUG 1
#define DMT_LOG_INFO 2
#define DMT_LOG_NOTICE 3
#define DMT_LOG_WARNING 4
#define DMT_LOG_ERROR 5
/** Service `dmt.log/1`: lines in the host's log, instead of output. */
typedef struct dmt_log {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] Writes a line to the host's log. */
    void (*write)(void *ctx, int32_t level, dmt_str category, dmt_str message);
} dmt_log;

/* Service `dmt.alloc/1` */

#define DMT_SERVICE_ALLOC "dmt.alloc/1"
/** Service `dmt.alloc/1`: memory that is counted, by tag. */
typedef struct dmt_alloc {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] size bytes aligned to alignment (a power of two, at least 8), or NULL. tag names the use in leak reports. */
    void *(*allocate)(void *ctx, int64_t size, int64_t alignment, dmt_str tag);
    /** [any] Gives back what allocate returned; NULL is ignored. */
    void (*release)(void *ctx, void *memory);
} dmt_alloc;

/* Service `dmt.parallel/1` */

#define DMT_SERVICE_PARALLEL "dmt.parallel/1"
/**
 * [any] Works on begin ..< end; worker is 0 ..< max_threads and different for bodies of one call that run at the same time. A
 * call from inside a body hands on the worker of that body.
 */
typedef void (*dmt_parallel_body)(void *argument, int64_t begin, int64_t end, int32_t worker);
/** Service `dmt.parallel/1`: the host's threads. */
typedef struct dmt_parallel {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] Threads that this rank may use, the caller's included. */
    int32_t (*max_threads)(void *ctx);
    /**
     * [any] Calls body on disjoint pieces of 0 ..< count, each at least grain long but the last, on up to max_threads
     * threads, and returns when all are done. Pieces are multiples of grain long. A call from inside a body, and a call
     * that comes while another thread's call is running, runs on the caller's thread alone. Allocates nothing.
     */
    void (*parallel_for)(void *ctx, int64_t count, int64_t grain, dmt_parallel_body body, void *argument);
} dmt_parallel;

/* Service `dmt.trace/1` */

#define DMT_SERVICE_TRACE "dmt.trace/1"
/** Service `dmt.trace/1`: spans of a trace; costs one branch when no trace is taken. */
typedef struct dmt_trace {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] Opens a span on this thread. */
    void (*begin)(void *ctx, dmt_str name);
    /** [any] Closes the span opened last on this thread. */
    void (*end)(void *ctx);
} dmt_trace;

/* Service `dmt.cpu/1` */

#define DMT_SERVICE_CPU "dmt.cpu/1"
/* dmt_cpu.features */
#define DMT_CPU_SSE42 (1ull << 0)
#define DMT_CPU_AVX (1ull << 1)
#define DMT_CPU_AVX2 (1ull << 2)
#define DMT_CPU_FMA (1ull << 3)
#define DMT_CPU_F16C (1ull << 4)
#define DMT_CPU_BMI2 (1ull << 5)
#define DMT_CPU_AVX512F (1ull << 6)
#define DMT_CPU_AVX512BW (1ull << 7)
#define DMT_CPU_AVX512DQ (1ull << 8)
#define DMT_CPU_AVX512VL (1ull << 9)
#define DMT_CPU_AVX512_BF16 (1ull << 10)
#define DMT_CPU_AVX512_VNNI (1ull << 11)
#define DMT_CPU_AVX512CD (1ull << 12)
/** The tiles of AMX; a process asks the operating system for leave (arch_prctl) before it first uses them. */
#define DMT_CPU_AMX_TILE (1ull << 13)
#define DMT_CPU_AMX_BF16 (1ull << 14)
#define DMT_CPU_AMX_INT8 (1ull << 15)
#define DMT_CPU_NEON (1ull << 32)
/** Service `dmt.cpu/1`: what this CPU has and the operating system saves. */
typedef struct dmt_cpu {
    uint32_t struct_size;
    /** Level 1 to 4 of x86-64 (`x86-64-v3`), after the cap that the user may have set; 0 on other machines. */
    int32_t isa_level;
    /** DMT_CPU_..., masked by the state that the operating system saves and by the user's cap. */
    uint64_t features;
    /** CPUs that this process may use. */
    int32_t cores;
    int32_t reserved;
    /** Bytes a core, or 0 when unknown. */
    int64_t l1_data_bytes;
    /** Bytes a core, or 0 when unknown. */
    int64_t l2_bytes;
    /** Bytes shared, or 0 when unknown. */
    int64_t l3_bytes;
} dmt_cpu;

/* Service `dmt.rng/1` */

#define DMT_SERVICE_RNG "dmt.rng/1"
/** Service `dmt.rng/1`: the counter-based generator that every random number of a model comes from. */
typedef struct dmt_rng {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] Philox4x32 with 10 rounds: out = f(key, counter). */
    void (*philox)(void *ctx, const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);
} dmt_rng;

/* Service `dmt.cancel/1` */

#define DMT_SERVICE_CANCEL "dmt.cancel/1"
/** Service `dmt.cancel/1`: whether to stop. */
typedef struct dmt_cancel {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /** [any] Not 0 when the user wants work to stop; long work polls it and returns DMT_CANCELLED. */
    int32_t (*is_requested)(void *ctx);
} dmt_cancel;

DMT_STATIC_ASSERT(sizeof(dmt_host) == 72, "dmt_host");
DMT_STATIC_ASSERT(offsetof(dmt_host, name) == 16, "dmt_host.name");
DMT_STATIC_ASSERT(offsetof(dmt_host, ctx) == 48, "dmt_host.ctx");
DMT_STATIC_ASSERT(offsetof(dmt_host, set_error) == 64, "dmt_host.set_error");
DMT_STATIC_ASSERT(sizeof(dmt_log) == 24, "dmt_log");
DMT_STATIC_ASSERT(sizeof(dmt_alloc) == 32, "dmt_alloc");
DMT_STATIC_ASSERT(sizeof(dmt_parallel) == 32, "dmt_parallel");
DMT_STATIC_ASSERT(sizeof(dmt_trace) == 32, "dmt_trace");
DMT_STATIC_ASSERT(sizeof(dmt_cpu) == 48, "dmt_cpu");
DMT_STATIC_ASSERT(sizeof(dmt_rng) == 24, "dmt_rng");
DMT_STATIC_ASSERT(sizeof(dmt_cancel) == 24, "dmt_cancel");

#ifdef __cplusplus
}
#endif
#endif
