/**
 * The operator `@COMPONENT@`: y = x / (1 + exp(-beta x)), element by element.
 *
 * Its derivative is s + beta x s (1 - s) with s = 1 / (1 + exp(-beta x)).
 */
#include "plugin.h"

#include "kernels.h"

#include <math.h>
#include <stdlib.h>

/* What a node is bound to: the number of its elements, and its attribute. */
typedef struct plan {
    int64_t count;
    float beta;
} plan;

/* One call, as the pieces of its loop see it. */
typedef struct piece {
    const plan *plan;
    const float *x;
    float *y;
    const float *y_gradient;
    float *x_gradient;
    int adds;
} piece;

/* Elements that are worth a thread. */
enum { grain = 16384 };

static dmt_status infer(
    void *ctx, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *attributes, dmt_signature *signature) {
    (void)ctx;
    (void)attributes;
    if (!inputs || !signature || input_count != 1)
        return fail(DMT_SHAPE_MISMATCH, "@COMPONENT@ got %d inputs, it takes one", input_count);
    signature->output_count = 1;
    signature->outputs[0] = inputs[0];
    signature->parameter_count = 0;
    signature->backward_reads_inputs = 1;
    return DMT_OK;
}

/* Why the request is not served; NULL: it is. */
static const char *refusal(const dmt_kernel_request *request) {
    const char *why = broken_request(request);
    if (why) return why;
    if (request->input_count != 1 || request->parameter_count != 0 || request->output_count != 1)
        return "one input, one output and no parameter are expected";
    return same_shape(request->inputs, request->outputs) ? NULL : "x and y have different shapes";
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    const char *why = refusal(request);
    support->score = why ? 0 : 60;
    support->reason = text(why ? why : "a loop in C on the host's threads");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    const char *why = answer ? refusal(request) : "the place for the plan is NULL";
    if (why) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: %s", why);
    plan *made = malloc(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan of %zu bytes", sizeof *made);
    *made = (plan){.count = element_count(request->inputs), .beta = (float)number(&request->attributes, "beta", 1)};
    answer->handle = made;
    answer->saved_bytes = 0;
    answer->scratch_bytes = 0;
    return DMT_OK;
}

static void forward_piece(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const piece *it = argument;
    for (int64_t i = begin; i < end; i++) it->y[i] = it->x[i] / (1 + expf(-it->plan->beta * it->x[i]));
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!can_go_forward(call, 0)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    piece work = {.plan = bound, .x = call->inputs[0], .y = call->outputs[0]};
    in_parallel(bound->count, grain, forward_piece, &work);
    return DMT_OK;
}

static void backward_piece(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const piece *it = argument;
    float beta = it->plan->beta;
    for (int64_t i = begin; i < end; i++) {
        float s = 1 / (1 + expf(-beta * it->x[i]));
        float gradient = it->y_gradient[i] * (s + beta * it->x[i] * s * (1 - s));
        it->x_gradient[i] = it->adds ? it->x_gradient[i] + gradient : gradient;
    }
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!can_go_backward(call, 0)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    if (!call->grad_inputs || !call->grad_inputs[0]) return DMT_OK; /* not wanted */
    piece work = {
        .plan = bound,
        .x = call->inputs[0],
        .y_gradient = call->grad_outputs[0],
        .x_gradient = call->grad_inputs[0],
        .adds = (call->accumulate_inputs & 1) != 0,
    };
    in_parallel(bound->count, grain, backward_piece, &work);
    return DMT_OK;
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels),
    .supports = supports,
    .bind = bind,
    .forward = forward,
    .backward = backward,
    .release = free,
};

static const dmt_str input_names[] = {TEXT("x")};

static const dmt_attr_field beta = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_F64,
    .flags = DMT_FIELD_HAS_DEFAULT,
    .name = TEXT("beta"),
    .summary = TEXT("Steepness: 0 is x / 2, a large one is relu."),
    .default_value = {.type = DMT_ATTR_F64, .f64 = 1},
};
static const dmt_attr_field *const fields[] = {&beta};

static const dmt_operator table = {
    .struct_size = sizeof(dmt_operator),
    .revision = 1,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("y = x / (1 + exp(-beta x)), element by element."),
    .min_inputs = 1,
    .max_inputs = 1,
    .input_names = input_names,
    .attributes = {fields, sizeof fields / sizeof *fields},
    .infer = infer,
    .kernels = &kernels,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_OPERATOR),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("y = x / (1 + exp(-beta x)), element by element."),
};
const void *const component_table = &table;
