/* A minimal operator in C: y = x + offset. The smallest plugin that does something. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#ifndef FIXTURE_ID
#define FIXTURE_ID "com.example.good"
#endif

static const dmt_host *host;

static dmt_status fail(dmt_status status, const char *message) {
    host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

typedef struct plan {
    int64_t count;
    float offset;
} plan;

static float offset_of(const dmt_attrs *attributes) {
    for (int64_t i = 0; i < attributes->count; i++) {
        const dmt_attr *item = &attributes->items[i];
        if (item->name.size == 6 && memcmp(item->name.data, "offset", 6) == 0) return (float)item->f64;
    }
    return 1;
}

static dmt_status infer(
    void *ctx, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *attributes, dmt_signature *signature) {
    (void)ctx;
    (void)attributes;
    if (input_count != 1) return fail(DMT_SHAPE_MISMATCH, "add-offset takes one input");
    signature->output_count = 1;
    signature->parameter_count = 0;
    signature->outputs[0] = inputs[0];
    return DMT_OK;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    (void)request;
    support->score = 40;
    support->reason = (dmt_str)TEXT("a loop in C");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    plan *made = malloc(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    made->count = 1;
    for (int32_t i = 0; i < request->inputs[0].ndim; i++) made->count *= request->inputs[0].shape[i];
    made->offset = offset_of(&request->attributes);
    answer->handle = made;
    return DMT_OK;
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    for (int64_t i = 0; i < bound->count; i++) y[i] = x[i] + bound->offset;
    return DMT_OK;
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    const float *gradient = call->grad_outputs[0];
    float *result = call->grad_inputs[0];
    if (!result) return DMT_OK;
    for (int64_t i = 0; i < bound->count; i++) result[i] = (call->accumulate_inputs & 1 ? result[i] : 0) + gradient[i];
    return DMT_OK;
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = supports, .bind = bind, .forward = forward, .backward = backward,
    .release = free};

static const dmt_str input_names[] = {TEXT("x")};

static const dmt_attr_field offset_field = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_F64, .flags = DMT_FIELD_HAS_DEFAULT,
    .name = TEXT("offset"), .summary = TEXT("What is added."), .default_value = {.type = DMT_ATTR_F64, .f64 = 1}};
static const dmt_attr_field *const fields[] = {&offset_field};

static const dmt_operator add_offset = {
    .struct_size = sizeof(dmt_operator), .revision = 1, .name = TEXT("com.example.add-offset"),
    .summary = TEXT("y = x + offset"), .min_inputs = 1, .max_inputs = 1, .input_names = input_names,
    .attributes = {fields, 1}, .infer = infer, .kernels = &kernels};

static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_OPERATOR),
    .id = TEXT("com.example.add-offset"), .summary = TEXT("y = x + offset")};
static const dmt_component *const components[] = {&component};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD(FIXTURE_ID, DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1, .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    return DMT_OK;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (revision != 1 || kind.size != component.kind.size || id.size != component.id.size) return NULL;
    if (memcmp(kind.data, component.kind.data, (size_t)kind.size) != 0) return NULL;
    return memcmp(id.data, component.id.data, (size_t)id.size) == 0 ? &add_offset : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
