/**
 * operator.h: component kind `operator`, revision 1: a new operator, its schema and its kernels.
 */
#ifndef DMT_OPERATOR_H
#define DMT_OPERATOR_H

#include "base.h"
#include "kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Extents of a tensor; -1 is the batch. Frozen. */
typedef struct dmt_shape {
    int32_t rank;
    int32_t reserved;
    int64_t dims[DMT_MAX_RANK];
} dmt_shape;

/* dmt_parameter.initializer */

#define DMT_INIT_ZEROS 0
#define DMT_INIT_ONES 1
/** a: low, b: high. */
#define DMT_INIT_UNIFORM 2
/** a: mean, b: standard deviation. */
#define DMT_INIT_NORMAL 3

/** A parameter that an operator needs. Frozen. */
typedef struct dmt_parameter {
    /** `weight`; the node's name goes in front. Static or valid until the next call on this thread. */
    dmt_str name;
    dmt_shape shape;
    /** DMT_INIT_... */
    int32_t initializer;
    int32_t reserved;
    double a;
    double b;
} dmt_parameter;

/** The most parameters of one operator. */
#define DMT_MAX_PARAMETERS 16
/** The most outputs of one operator. */
#define DMT_MAX_OUTPUTS 8

/** What infer answers; the caller has set struct_size. */
typedef struct dmt_signature {
    uint32_t struct_size;
    int32_t output_count;
    int32_t parameter_count;
    int32_t reserved;
    /** Multiply-accumulates of forward a sample. */
    double macs;
    /** What backward costs for the gradients of inputs. */
    double input_gradient_macs;
    /** What backward costs for the gradients of parameters: macs where there are any, else 0. */
    double parameter_gradient_macs;
    /** Bit i: backward reads input i. */
    uint64_t backward_reads_inputs;
    /** Bit i: backward reads output i. */
    uint64_t backward_reads_outputs;
    dmt_shape outputs[DMT_MAX_OUTPUTS];
    dmt_parameter parameters[DMT_MAX_PARAMETERS];
} dmt_signature;

/** Schema and kernels of an operator. */
typedef struct dmt_operator {
    uint32_t struct_size;
    /** Revision of the operator's semantics; a checkpoint records it. */
    int32_t revision;
    /** First argument of infer. */
    void *ctx;
    /** `com.vendor.swish`; the names without a dot are the project's own. */
    dmt_str name;
    /** Formula, shapes and source. */
    dmt_str summary;
    int32_t min_inputs;
    /** -1: any number. */
    int32_t max_inputs;
    /** Names of the inputs, min_inputs of them. */
    const dmt_str *input_names;
    dmt_attr_schema attributes;
    /** [any] Shapes, parameters and cost for inputs with these shapes. */
    dmt_status (*infer)(
        void *ctx, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *attributes, dmt_signature *signature);
    /** float32 kernels, forward and backward; static. */
    const dmt_kernels *kernels;
} dmt_operator;

DMT_STATIC_ASSERT(sizeof(dmt_shape) == 72, "dmt_shape");
DMT_STATIC_ASSERT(sizeof(dmt_parameter) == 112, "dmt_parameter");
DMT_STATIC_ASSERT(offsetof(dmt_signature, outputs) == 56, "dmt_signature.outputs");
DMT_STATIC_ASSERT(sizeof(dmt_signature) == 56 + 8 * 72 + 16 * 112, "dmt_signature");
DMT_STATIC_ASSERT(sizeof(dmt_operator) == 96, "dmt_operator");

#ifdef __cplusplus
}
#endif
#endif
