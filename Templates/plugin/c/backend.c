/**
 * The backend `@COMPONENT@`: float32 kernels for `linear` without an activation.
 *
 *   y = x W^T + b      x [R, in], W [out, in], b [out], y [R, out]
 *   dx = dy W      dW = dy^T x      db = the sum of dy's rows
 *
 * R is the product of all extents of x but the last. Every number is computed by one thread in one order, so results are the
 * same at any number of threads.
 */
#include "plugin.h"

#include "kernels.h"

#include <stdlib.h>

typedef struct plan {
    int64_t rows, in, out;
    int has_bias;
} plan;

/* One call, as the pieces of its loops see it. */
typedef struct work {
    plan plan;
    const float *x, *weight, *bias, *y_gradient;
    float *y, *x_gradient, *weight_gradient, *bias_gradient;
    int adds_x, adds_weight, adds_bias;
} work;

/* Why the request is not served; NULL: it is, by this plan. */
static const char *refusal(const dmt_kernel_request *request, plan *plan) {
    const char *why = broken_request(request);
    if (why) return why;
    if (!is_text(request->op, "linear") || request->op_revision != 1) return "it serves linear alone";
    if (request->input_count != 1 || request->output_count != 1 || request->parameter_count < 1 || request->parameter_count > 2)
        return "linear has one input, one output, a weight and perhaps a bias";
    for (int64_t i = 0; i < request->attributes.count; i++) {
        const dmt_attr *attribute = &request->attributes.items[i];
        if (is_text(attribute->name, "activation") && !is_text(attribute->str, "none")) return "it has no activation";
    }
    const dmt_tensor *x = &request->inputs[0], *weight = &request->parameters[0], *y = &request->outputs[0];
    if (x->ndim < 1 || weight->ndim != 2 || x->shape[x->ndim - 1] != weight->shape[1]) return "x and the weight do not fit";
    if (y->ndim != x->ndim || y->shape[y->ndim - 1] != weight->shape[0]) return "y and the weight do not fit";
    plan->rows = 1;
    for (int32_t i = 0; i + 1 < x->ndim; i++) {
        if (y->shape[i] != x->shape[i]) return "x and y do not fit";
        plan->rows *= x->shape[i];
    }
    plan->in = weight->shape[1];
    plan->out = weight->shape[0];
    plan->has_bias = request->parameter_count == 2;
    if (plan->has_bias && (request->parameters[1].ndim != 1 || request->parameters[1].shape[0] != plan->out))
        return "the bias does not fit the weight";
    return NULL;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    plan plan;
    const char *why = refusal(request, &plan);
    support->score = why ? 0 : 60;
    support->reason = (dmt_str)TEXT("plain loops in C on the host's threads");
    if (why) support->reason = text(why);
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    plan made;
    const char *why = answer ? refusal(request, &made) : "the place for the plan is NULL";
    if (why) return fail(DMT_UNIMPLEMENTED, "@COMPONENT@: %s", why);
    plan *kept = malloc(sizeof *kept);
    if (!kept) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan of %zu bytes", sizeof *kept);
    *kept = made;
    answer->handle = kept;
    answer->saved_bytes = 0;
    answer->scratch_bytes = 0;
    return DMT_OK;
}

/* Rows that are worth a thread. */
static int64_t grain(const plan *plan) {
    int64_t macs = plan->in * plan->out;
    return macs >= 65536 ? 1 : 65536 / (macs + 1) + 1;
}

static void forward_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t in = it->plan.in, out = it->plan.out;
    for (int64_t r = begin; r < end; r++)
        for (int64_t o = 0; o < out; o++) {
            float sum = it->bias ? it->bias[o] : 0;
            for (int64_t i = 0; i < in; i++) sum += it->x[r * in + i] * it->weight[o * in + i];
            it->y[r * out + o] = sum;
        }
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    if (!can_go_forward(call, 1)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    work work = {.plan = *(const plan *)handle};
    work.x = call->inputs[0];
    work.weight = call->parameters[0];
    work.bias = work.plan.has_bias ? call->parameters[1] : NULL;
    work.y = call->outputs[0];
    in_parallel(work.plan.rows, grain(&work.plan), forward_rows, &work);
    return DMT_OK;
}

static void input_gradient_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t in = it->plan.in, out = it->plan.out;
    for (int64_t r = begin; r < end; r++) {
        float *gradient = it->x_gradient + r * in;
        for (int64_t i = 0; i < in && !it->adds_x; i++) gradient[i] = 0;
        for (int64_t o = 0; o < out; o++) {
            float factor = it->y_gradient[r * out + o];
            for (int64_t i = 0; i < in; i++) gradient[i] += factor * it->weight[o * in + i];
        }
    }
}

static void parameter_gradient_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t in = it->plan.in, out = it->plan.out;
    for (int64_t o = begin; o < end; o++) {
        if (it->bias_gradient) {
            float sum = it->adds_bias ? it->bias_gradient[o] : 0;
            for (int64_t r = 0; r < it->plan.rows; r++) sum += it->y_gradient[r * out + o];
            it->bias_gradient[o] = sum;
        }
        if (!it->weight_gradient) continue;
        float *gradient = it->weight_gradient + o * in;
        for (int64_t i = 0; i < in && !it->adds_weight; i++) gradient[i] = 0;
        for (int64_t r = 0; r < it->plan.rows; r++) {
            float factor = it->y_gradient[r * out + o];
            for (int64_t i = 0; i < in; i++) gradient[i] += factor * it->x[r * in + i];
        }
    }
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    if (!can_go_backward(call, 1)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    work work = {.plan = *(const plan *)handle};
    work.x = call->inputs[0];
    work.weight = call->parameters[0];
    work.y_gradient = call->grad_outputs[0];
    work.x_gradient = call->grad_inputs ? call->grad_inputs[0] : NULL;
    work.weight_gradient = call->grad_parameters ? call->grad_parameters[0] : NULL;
    work.bias_gradient = call->grad_parameters && work.plan.has_bias ? call->grad_parameters[1] : NULL;
    work.adds_x = call->accumulate_inputs & 1;
    work.adds_weight = call->accumulate_parameters & 1;
    work.adds_bias = (call->accumulate_parameters >> 1) & 1;
    if (work.x_gradient) in_parallel(work.plan.rows, grain(&work.plan), input_gradient_rows, &work);
    if (work.weight_gradient || work.bias_gradient) in_parallel(work.plan.out, 1, parameter_gradient_rows, &work);
    return DMT_OK;
}

static dmt_status probe(void *ctx, const dmt_cpu *cpu, dmt_probe *probe) {
    (void)ctx, (void)cpu;
    probe->score = 60;
    probe->reason = (dmt_str)TEXT("plain C, for any CPU");
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

static const dmt_backend table = {
    .struct_size = sizeof(dmt_backend),
    .revision = 1,
    .probe = probe,
    .kernels = &kernels,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_BACKEND),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Kernels for linear without an activation: y = x W^T + b."),
};
const void *const component_table = &table;
