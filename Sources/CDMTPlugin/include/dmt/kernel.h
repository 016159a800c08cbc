/**
 * kernel.h: how an operator is bound to shapes once and run many times.
 *
 * bind validates shapes and attributes, builds library primitives and learns how much memory a call needs. forward and
 * backward then check pointers, allocate nothing and take no lock. One plan serves one node of the graph at one batch
 * size; the host keeps a plan for every batch size that occurs (the last, smaller batch of an epoch included).
 */
#ifndef DMT_KERNEL_H
#define DMT_KERNEL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The plan will also run backward: forward must leave in saved what backward needs. */
#define DMT_BIND_TRAINING 1u

/** The most inputs and the most parameters of a node: gradients are chosen by the bits of a 64-bit word. */
#define DMT_MAX_INPUTS 64

/** What bind is asked for. Tensors have NULL data here, only dtype and shape. */
typedef struct dmt_kernel_request {
    uint32_t struct_size;
    /** DMT_BIND_... */
    uint32_t flags;
    /** Name of the operator: `linear`. */
    dmt_str op;
    /** Revision of the operator's semantics; a later one than the kernels know is DMT_UNIMPLEMENTED. */
    int32_t op_revision;
    /** Threads that a call may use; the plugin passes it on to a library that has its own. */
    int32_t threads;
    int32_t input_count;
    int32_t parameter_count;
    int32_t output_count;
    int32_t reserved;
    const dmt_tensor *inputs;
    const dmt_tensor *parameters;
    const dmt_tensor *outputs;
    dmt_attrs attributes;
    /** Bit i: backward will want the gradient of input i. */
    uint64_t wanted_input_gradients;
} dmt_kernel_request;

/** A bound plan, filled by bind; struct_size is set by the caller. */
typedef struct dmt_kernel_plan {
    uint32_t struct_size;
    uint32_t reserved;
    /** The plugin's own handle. */
    void *handle;
    /** Bytes that forward writes and backward reads; 0: none. */
    int64_t saved_bytes;
    /** Bytes of working memory of one call, forward or backward, whichever is larger; contents are undefined. */
    int64_t scratch_bytes;
} dmt_kernel_plan;

/** This is training: dropout drops. */
#define DMT_CALL_TRAINING 1u

/**
 * One call of forward or backward. All memory is the host's, compact row-major, aligned to 64 bytes.
 *
 * forward reads inputs and parameters and writes every element of outputs. backward reads grad_outputs and whatever of
 * inputs, parameters and outputs the operator's schema says backward reads (others may be NULL), and writes
 * grad_inputs and grad_parameters. A NULL gradient is not wanted. forward does not read the gradients' arrays; every
 * other array is NULL only when it would be empty. A tensor without elements may be NULL.
 */
typedef struct dmt_kernel_call {
    uint32_t struct_size;
    /** DMT_CALL_... */
    uint32_t flags;
    const void *const *inputs;
    const void *const *parameters;
    void *const *outputs;
    const void *const *grad_outputs;
    void *const *grad_inputs;
    void *const *grad_parameters;
    /** Bit i: add to grad_inputs[i] instead of overwriting it. */
    uint64_t accumulate_inputs;
    /** Bit i: add to grad_parameters[i] instead of overwriting it. */
    uint64_t accumulate_parameters;
    void *saved;
    void *scratch;
    /** Changes whenever a parameter changed: what was packed from another version is stale. */
    uint64_t parameter_version;
    /** Key of the random numbers (design: seed, step, node, global sample number, element). */
    uint64_t seed;
    uint32_t step;
    /** 32-bit FNV-1a of the node's name. */
    uint32_t node;
    /** Global number of every sample of the batch. */
    const int64_t *samples;
} dmt_kernel_call;

/** Answer to supports; struct_size is set by the caller. */
typedef struct dmt_support {
    uint32_t struct_size;
    /** 0: not served. Otherwise how well, 100 being a kernel made for this operator and machine. */
    int32_t score;
    /** Why, in one sentence for `dmt explain`; static, or valid until the next call on this thread. */
    dmt_str reason;
} dmt_support;

/** Kernels: the functions that backends and operators share. */
typedef struct dmt_kernels {
    uint32_t struct_size;
    uint32_t reserved;
    /** First argument of supports and bind. */
    void *ctx;
    /** [any] Whether and how well these kernels serve the request, forward and (with DMT_BIND_TRAINING) backward. */
    dmt_status (*supports)(void *ctx, const dmt_kernel_request *request, dmt_support *support);
    /** [any] Makes a plan. */
    dmt_status (*bind)(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *plan);
    /** [instance] Writes every element of outputs, and saved when the plan was bound with DMT_BIND_TRAINING. */
    dmt_status (*forward)(void *handle, const dmt_kernel_call *call);
    /** [instance] After forward of the same plan, with its saved. NULL: these kernels serve no training. */
    dmt_status (*backward)(void *handle, const dmt_kernel_call *call);
    /** [instance] Ends the plan. */
    void (*release)(void *handle);
} dmt_kernels;

DMT_STATIC_ASSERT(sizeof(dmt_kernel_request) == 96, "dmt_kernel_request");
DMT_STATIC_ASSERT(offsetof(dmt_kernel_request, inputs) == 48, "dmt_kernel_request.inputs");
DMT_STATIC_ASSERT(offsetof(dmt_kernel_request, attributes) == 72, "dmt_kernel_request.attributes");
DMT_STATIC_ASSERT(sizeof(dmt_kernel_plan) == 32, "dmt_kernel_plan");
DMT_STATIC_ASSERT(sizeof(dmt_kernel_call) == 120, "dmt_kernel_call");
DMT_STATIC_ASSERT(offsetof(dmt_kernel_call, saved) == 72, "dmt_kernel_call.saved");
DMT_STATIC_ASSERT(offsetof(dmt_kernel_call, samples) == 112, "dmt_kernel_call.samples");
DMT_STATIC_ASSERT(sizeof(dmt_support) == 24, "dmt_support");
DMT_STATIC_ASSERT(sizeof(dmt_kernels) == 56, "dmt_kernels");

#ifdef __cplusplus
}
#endif
#endif
