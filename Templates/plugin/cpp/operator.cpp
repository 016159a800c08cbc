/**
 * The operator `@COMPONENT@`: y = x / (1 + exp(-beta x)), element by element.
 *
 * Its derivative is s + beta x s (1 - s) with s = 1 / (1 + exp(-beta x)).
 */
#include "plugin.hpp"

#include "kernels.h"

#include <cmath>

namespace {

/** What a node is bound to: the number of its elements, and its attribute. */
struct Plan {
    int64_t count;
    float beta;
};

/** Elements that are worth a thread. */
constexpr int64_t grain = 16384;

dmt_status infer(void *, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *, dmt_signature *signature) {
    return guarded([&] {
        if (!inputs || !signature || input_count != 1)
            throw Failure{DMT_SHAPE_MISMATCH, "@COMPONENT@ got " + std::to_string(input_count) + " inputs, it takes one"};
        signature->output_count = 1;
        signature->outputs[0] = inputs[0];
        signature->parameter_count = 0;
        signature->backward_reads_inputs = 1;
    });
}

/** Why the request is not served; empty: it is. */
std::string_view refusal(const dmt_kernel_request *request) {
    if (const char *why = broken_request(request)) return why;
    if (request->input_count != 1 || request->parameter_count != 0 || request->output_count != 1)
        return "one input, one output and no parameter are expected";
    return same_shape(request->inputs, request->outputs) ? "" : "x and y have different shapes";
}

dmt_status supports(void *, const dmt_kernel_request *request, dmt_support *support) {
    std::string_view why = refusal(request);
    support->score = why.empty() ? 60 : 0;
    support->reason = text(why.empty() ? "a loop in C++ on the host's threads" : why);
    return DMT_OK;
}

dmt_status bind(void *, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    return guarded([&] {
        std::string_view why = answer ? refusal(request) : "the place for the plan is NULL";
        if (!why.empty()) throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: " + std::string(why)};
        answer->handle = new Plan{element_count(request->inputs), static_cast<float>(number(request->attributes, "beta", 1))};
        answer->saved_bytes = 0;
        answer->scratch_bytes = 0;
    });
}

dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const Plan &plan = *static_cast<const Plan *>(handle);
    if (!can_go_forward(call, 0)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    auto x = static_cast<const float *>(call->inputs[0]);
    auto y = static_cast<float *>(call->outputs[0]);
    in_parallel(plan.count, grain, [=, beta = plan.beta](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) y[i] = x[i] / (1 + std::exp(-beta * x[i]));
    });
    return DMT_OK;
}

dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const Plan &plan = *static_cast<const Plan *>(handle);
    if (!can_go_backward(call, 0)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    if (!call->grad_inputs || !call->grad_inputs[0]) return DMT_OK; // not wanted
    auto x = static_cast<const float *>(call->inputs[0]);
    auto y_gradient = static_cast<const float *>(call->grad_outputs[0]);
    auto x_gradient = static_cast<float *>(call->grad_inputs[0]);
    bool adds = call->accumulate_inputs & 1;
    in_parallel(plan.count, grain, [=, beta = plan.beta](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            float s = 1 / (1 + std::exp(-beta * x[i]));
            float gradient = y_gradient[i] * (s + beta * x[i] * s * (1 - s));
            x_gradient[i] = adds ? x_gradient[i] + gradient : gradient;
        }
    });
    return DMT_OK;
}

void release(void *handle) { delete static_cast<Plan *>(handle); }

const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels),
    .reserved = 0,
    .ctx = nullptr,
    .supports = supports,
    .bind = bind,
    .forward = forward,
    .backward = backward,
    .release = release,
};

const dmt_str input_names[] = {TEXT("x")};

const dmt_attr_field beta = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_F64,
    .flags = DMT_FIELD_HAS_DEFAULT,
    .reserved = 0,
    .name = TEXT("beta"),
    .summary = TEXT("Steepness: 0 is x / 2, a large one is relu."),
    .default_value = {.name = {}, .type = DMT_ATTR_F64, .reserved = 0, .i64 = 0, .f64 = 1, .str = {}, .list = {}, .list_size = 0},
    .minimum = 0,
    .maximum = 0,
    .choices = nullptr,
    .choice_count = 0,
};
const dmt_attr_field *const fields[] = {&beta};

const dmt_operator table = {
    .struct_size = sizeof(dmt_operator),
    .revision = 1,
    .ctx = nullptr,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("y = x / (1 + exp(-beta x)), element by element."),
    .min_inputs = 1,
    .max_inputs = 1,
    .input_names = input_names,
    .attributes = {fields, std::size(fields)},
    .infer = infer,
    .kernels = &kernels,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_OPERATOR),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("y = x / (1 + exp(-beta x)), element by element."),
};
const void *const component_table = &table;
