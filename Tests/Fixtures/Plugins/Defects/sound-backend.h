/**
 * sound-backend.h: a backend that is right in everything it serves: relu.
 */
#include "sound.h"

typedef struct plan {
    int64_t count;
} plan;

#ifndef RELU
#define RELU(x) ((x) > 0 || (x) != (x) ? (x) : 0)
#endif
#ifndef IS_SERVED
#define IS_SERVED(request) (equals((request)->op, (dmt_str)TEXT("relu")) && (request)->op_revision == 1)
#endif

static dmt_status check(const dmt_kernel_request *request) {
    if (!request) return fail(DMT_INVALID_ARGUMENT, "the request is NULL");
    if (request->struct_size < sizeof *request) return fail(DMT_INVALID_ARGUMENT, "the request is too short");
    if (!request->op.data && request->op.size > 0) return fail(DMT_INVALID_ARGUMENT, "the operator has no name");
    if (!IS_SERVED(request)) return fail(DMT_UNIMPLEMENTED, "relu alone is served");
    if (request->input_count != 1 || request->parameter_count != 0 || request->output_count != 1)
        return fail(DMT_INVALID_ARGUMENT, "one input and one output are expected");
    if (!request->inputs || !request->outputs) return fail(DMT_INVALID_ARGUMENT, "tensors are NULL");
    if (!attributes_are_there(request->attributes)) return fail(DMT_INVALID_ARGUMENT, "attributes are NULL");
    if (!is_float(request->inputs->dtype) || !is_float(request->outputs->dtype))
        return fail(DMT_UNIMPLEMENTED, "float32 is expected");
    if (elements_of(request->inputs) < 0 || elements_of(request->outputs) < 0)
        return fail(DMT_INVALID_ARGUMENT, "a tensor has a shape that cannot be");
    if (!same_shape(request->inputs, request->outputs)) return fail(DMT_SHAPE_MISMATCH, "equal shapes are expected");
    return DMT_OK;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    int is_served = check(request) == DMT_OK;
    support->score = is_served ? 40 : 0;
    support->reason = is_served ? (dmt_str)TEXT("a loop in C") : (dmt_str)TEXT("relu alone is served");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    dmt_status status = check(request);
    if (status != DMT_OK) return status;
    if (!answer) return fail(DMT_INVALID_ARGUMENT, "the place for the plan is NULL");
    plan *made = take(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    made->count = elements_of(request->inputs);
    answer->handle = made;
    answer->saved_bytes = 0;
    answer->scratch_bytes = 0;
    return DMT_OK;
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!call || call->struct_size < sizeof *call || !call->inputs || !call->outputs)
        return fail(DMT_INVALID_ARGUMENT, "the call lacks memory");
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    for (int64_t i = 0; i < bound->count; i++) y[i] = RELU(x[i]);
    return DMT_OK;
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!call || call->struct_size < sizeof *call || !call->outputs || !call->grad_outputs || !call->grad_inputs)
        return fail(DMT_INVALID_ARGUMENT, "the call lacks memory");
    const float *y = call->outputs[0], *gradient = call->grad_outputs[0];
    float *dx = call->grad_inputs[0];
    if (!dx) return DMT_OK;
    for (int64_t i = 0; i < bound->count; i++)
        dx[i] = (call->accumulate_inputs & 1 ? dx[i] : 0) + (y[i] > 0 ? gradient[i] : 0);
    return DMT_OK;
}

static void release(void *handle) {
    if (handle) give_back(handle);
}

static dmt_status probe(void *ctx, const dmt_cpu *cpu, dmt_probe *answer) {
    (void)ctx;
    (void)cpu;
    answer->score = 30;
    answer->reason = (dmt_str)TEXT("C runs everywhere");
    return DMT_OK;
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = supports, .bind = bind, .forward = forward, .backward = backward,
    .release = release};
static const dmt_backend table = {
    .struct_size = sizeof(dmt_backend), .revision = 1, .probe = probe, .kernels = &kernels};

SOUND_PLUGIN(DMT_KIND_BACKEND, "plain-c", &table)
