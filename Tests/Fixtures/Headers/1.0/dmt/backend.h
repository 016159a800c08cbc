/**
 * backend.h: component kind `backend`, revision 1: kernels for operators that the host knows.
 */
#ifndef DMT_BACKEND_H
#define DMT_BACKEND_H

#include "base.h"
#include "host.h"
#include "kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Answer to probe; struct_size is set by the caller. */
typedef struct dmt_probe {
    uint32_t struct_size;
    /** 0: cannot work on this machine. */
    int32_t score;
    /** Why, in one sentence; static. */
    dmt_str reason;
    /** Version and threading of the library behind it, in one sentence; static, may be empty. */
    dmt_str library;
} dmt_probe;

/** Kernels for operators. */
typedef struct dmt_backend {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of the functions below. */
    void *ctx;
    /** [any] Whether the backend works on this machine. */
    dmt_status (*probe)(void *ctx, const dmt_cpu *cpu, dmt_probe *probe);
    /**
     * [load] Threads that the backend's library may use in this process, before the first bind and whenever the budget
     * changes while nothing runs. NULL: it uses the host's threads alone.
     */
    dmt_status (*set_threads)(void *ctx, int32_t threads);
    /** The kernels; static. */
    const dmt_kernels *kernels;
} dmt_backend;

DMT_STATIC_ASSERT(sizeof(dmt_probe) == 40, "dmt_probe");
DMT_STATIC_ASSERT(sizeof(dmt_backend) == 40, "dmt_backend");

#ifdef __cplusplus
}
#endif
#endif
