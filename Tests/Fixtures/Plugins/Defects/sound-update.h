/**
 * sound-update.h: an optimizer that is right in everything it serves: sgd without momentum.
 */
#include "sound.h"

typedef struct plan {
    int64_t count;
    double decay;
    int64_t sizes[];
} plan;

#ifndef SCALE
#define SCALE(call) ((call)->gradient_scale)
#endif

static dmt_status check(const dmt_update_request *request) {
    if (!request) return fail(DMT_INVALID_ARGUMENT, "the request is NULL");
    if (request->struct_size < sizeof *request) return fail(DMT_INVALID_ARGUMENT, "the request is too short");
    if (!equals(request->optimizer, (dmt_str)TEXT("sgd"))) return fail(DMT_UNIMPLEMENTED, "sgd alone is served");
    if (!attributes_are_there(request->attributes)) return fail(DMT_INVALID_ARGUMENT, "attributes are NULL");
    const dmt_attr *momentum = attribute(request->attributes, "momentum");
    if (momentum && momentum->f64 != 0) return fail(DMT_UNIMPLEMENTED, "momentum is not served");
    if (!is_float(request->dtype)) return fail(DMT_UNIMPLEMENTED, "float32 is expected");
    if (request->tensor_count < 0 || request->tensor_count > 1 << 20 || (request->tensor_count > 0 && !request->sizes))
        return fail(DMT_INVALID_ARGUMENT, "the tensors are not there");
    for (int64_t i = 0; i < request->tensor_count; i++) {
        if (request->sizes[i] < 0) return fail(DMT_INVALID_ARGUMENT, "a tensor has less than no elements");
    }
    return DMT_OK;
}

static dmt_status supports(void *ctx, const dmt_update_request *request) {
    (void)ctx;
    return check(request);
}

static dmt_status bind(void *ctx, const dmt_update_request *request, dmt_update_plan *answer) {
    (void)ctx;
    dmt_status status = check(request);
    if (status != DMT_OK) return status;
    if (!answer) return fail(DMT_INVALID_ARGUMENT, "the place for the plan is NULL");
    int64_t bytes = request->tensor_count * (int64_t)sizeof(int64_t);
    plan *made = take((int64_t)sizeof *made + bytes);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    const dmt_attr *decay = attribute(request->attributes, "weight_decay");
    made->count = request->tensor_count;
    made->decay = decay ? decay->f64 : 0;
    if (bytes) memcpy(made->sizes, request->sizes, (size_t)bytes);
    answer->handle = made;
    return DMT_OK;
}

static dmt_status update(void *handle, const dmt_update_call *call) {
    const plan *bound = handle;
    if (!call || call->struct_size < sizeof *call || !call->parameters || !call->gradients)
        return fail(DMT_INVALID_ARGUMENT, "the call lacks memory");
    for (int64_t t = 0; t < bound->count; t++) {
        float *weight = call->parameters[t];
        const float *gradient = call->gradients[t];
        for (int64_t i = 0; i < bound->sizes[t]; i++)
            weight[i] -= (float)(call->learning_rate * (SCALE(call) * gradient[i] + bound->decay * weight[i]));
    }
    return DMT_OK;
}

static void release(void *handle) {
    if (handle) give_back(handle);
}

static const dmt_update table = {
    .struct_size = sizeof(dmt_update), .revision = 1, .supports = supports, .bind = bind, .update = update,
    .release = release};

SOUND_PLUGIN(DMT_KIND_UPDATE, "plain-sgd", &table)
