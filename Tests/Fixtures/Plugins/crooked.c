/*
 * A backend that serves one operator, linear, in plain C.
 *
 * DEFECT 0: as it shall be. 1: forward is wrong by a tenth of a percent in one column. 2: the weight's gradient is.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#ifndef DEFECT
#define DEFECT 0
#endif
#ifndef FIXTURE_ID
#define FIXTURE_ID "com.example.crooked"
#endif
#ifndef BACKEND
#define BACKEND "crooked"
#endif
#ifndef SCORE
#define SCORE 60
#endif

static const dmt_host *host;

static dmt_status fail(dmt_status status, const char *message) {
    host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

static int is(dmt_str text, const char *expected) {
    return text.size == (int64_t)strlen(expected) && memcmp(text.data, expected, (size_t)text.size) == 0;
}

typedef struct plan {
    int64_t rows, in, out;
    int has_bias, has_relu;
} plan;

/* Why a request is not served; NULL: it is. */
static const char *refusal(const dmt_kernel_request *request, plan *made) {
    memset(made, 0, sizeof *made);
    if (!is(request->op, "linear")) return "serves linear alone";
    if (request->input_count != 1 || request->parameter_count < 1) return "serves linear with a weight";
    const dmt_tensor *x = &request->inputs[0], *weight = &request->parameters[0];
    if (x->dtype.code != 2 || x->dtype.bits != 32) return "serves float32";
    for (int64_t i = 0; i < request->attributes.count; i++) {
        const dmt_attr *item = &request->attributes.items[i];
        if (!is(item->name, "activation")) continue;
        if (is(item->str, "relu"))
            made->has_relu = 1;
        else if (!is(item->str, "none"))
            return "serves no activation but relu";
    }
    made->has_bias = request->parameter_count == 2;
    made->out = weight->shape[0];
    made->in = weight->shape[1];
    made->rows = 1;
    for (int32_t i = 0; i + 1 < x->ndim; i++) made->rows *= x->shape[i];
    return NULL;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    plan made;
    const char *reason = refusal(request, &made);
    support->score = reason ? 0 : SCORE;
    if (!reason) reason = "loops in C";
    support->reason = (dmt_str){reason, (int64_t)strlen(reason)};
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    plan *made = malloc(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    const char *reason = refusal(request, made);
    if (reason) {
        free(made);
        return fail(DMT_UNIMPLEMENTED, reason);
    }
    answer->handle = made;
    /* The gradient behind the activation. */
    answer->scratch_bytes = made->rows * made->out * (int64_t)sizeof(float);
    return DMT_OK;
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    const float *x = call->inputs[0], *weight = call->parameters[0];
    const float *bias = bound->has_bias ? call->parameters[1] : NULL;
    float *y = call->outputs[0];
    for (int64_t row = 0; row < bound->rows; row++)
        for (int64_t column = 0; column < bound->out; column++) {
            double sum = bias ? bias[column] : 0;
            for (int64_t i = 0; i < bound->in; i++) sum += (double)x[row * bound->in + i] * weight[column * bound->in + i];
            if (DEFECT == 1 && column == 0) sum *= 1.001;
            y[row * bound->out + column] = bound->has_relu && sum < 0 ? 0 : (float)sum;
        }
    return DMT_OK;
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    const float *x = call->inputs[0], *weight = call->parameters[0], *given = call->grad_outputs[0];
    const float *y = call->outputs[0];
    float *gradient = call->scratch;
    for (int64_t i = 0; i < bound->rows * bound->out; i++) gradient[i] = bound->has_relu && y[i] <= 0 ? 0 : given[i];
    float *gx = call->grad_inputs[0], *gw = call->grad_parameters[0];
    float *gb = bound->has_bias ? call->grad_parameters[1] : NULL;
    for (int64_t row = 0; gx && row < bound->rows; row++)
        for (int64_t i = 0; i < bound->in; i++) {
            double sum = call->accumulate_inputs & 1 ? gx[row * bound->in + i] : 0;
            for (int64_t column = 0; column < bound->out; column++)
                sum += (double)gradient[row * bound->out + column] * weight[column * bound->in + i];
            gx[row * bound->in + i] = (float)sum;
        }
    for (int64_t column = 0; column < bound->out; column++) {
        for (int64_t i = 0; gw && i < bound->in; i++) {
            double sum = 0;
            for (int64_t row = 0; row < bound->rows; row++)
                sum += (double)gradient[row * bound->out + column] * x[row * bound->in + i];
            if (DEFECT == 2) sum *= 1.001;
            gw[column * bound->in + i] = (float)(sum + (call->accumulate_parameters & 1 ? gw[column * bound->in + i] : 0));
        }
        if (!gb) continue;
        double sum = call->accumulate_parameters & 2 ? gb[column] : 0;
        for (int64_t row = 0; row < bound->rows; row++) sum += gradient[row * bound->out + column];
        gb[column] = (float)sum;
    }
    return DMT_OK;
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = supports, .bind = bind, .forward = forward, .backward = backward,
    .release = free};

static dmt_status probe(void *ctx, const dmt_cpu *cpu, dmt_probe *answer) {
    (void)ctx;
    (void)cpu;
    answer->score = 55;
    answer->reason = (dmt_str)TEXT("runs on every machine");
    return DMT_OK;
}

static const dmt_backend backend = {
    .struct_size = sizeof(dmt_backend), .revision = 1, .probe = probe, .kernels = &kernels};

static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_BACKEND), .id = TEXT(BACKEND),
    .summary = TEXT("linear in plain C")};
static const dmt_component *const components[] = {&component};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD(FIXTURE_ID, DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1, .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    return DMT_OK;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    return revision == 1 && is(kind, DMT_KIND_BACKEND) && is(id, BACKEND) ? &backend : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
