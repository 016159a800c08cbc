/**
 * The backend `@COMPONENT@`: float32 kernels for `linear` without an activation.
 *
 *   y = x W^T + b      x [R, in], W [out, in], b [out], y [R, out]
 *   dx = dy W      dW = dy^T x      db = the sum of dy's rows
 *
 * R is the product of all extents of x but the last. Every number is computed by one thread in one order, so results are the
 * same at any number of threads.
 */
#include "plugin.hpp"

#include "kernels.h"

namespace {

struct Plan {
    int64_t rows, in, out;
    bool has_bias;

    /** Rows that are worth a thread. */
    int64_t grain() const {
        int64_t macs = in * out;
        return macs >= 65536 ? 1 : 65536 / (macs + 1) + 1;
    }
};

/** Why the request is not served; empty: it is, by this plan. */
std::string_view refusal(const dmt_kernel_request *asked, Plan &plan) {
    if (const char *why = broken_request(asked)) return why;
    const dmt_kernel_request &request = *asked;
    if (view(request.op) != "linear" || request.op_revision != 1) return "it serves linear alone";
    if (request.input_count != 1 || request.output_count != 1 || request.parameter_count < 1 || request.parameter_count > 2)
        return "linear has one input, one output, a weight and perhaps a bias";
    for (int64_t i = 0; i < request.attributes.count; i++) {
        const dmt_attr &attribute = request.attributes.items[i];
        if (view(attribute.name) == "activation" && view(attribute.str) != "none") return "it has no activation";
    }
    const dmt_tensor &x = request.inputs[0], &weight = request.parameters[0], &y = request.outputs[0];
    if (x.ndim < 1 || weight.ndim != 2 || x.shape[x.ndim - 1] != weight.shape[1]) return "x and the weight do not fit";
    if (y.ndim != x.ndim || y.shape[y.ndim - 1] != weight.shape[0]) return "y and the weight do not fit";
    plan.rows = 1;
    for (int32_t i = 0; i + 1 < x.ndim; i++) {
        if (y.shape[i] != x.shape[i]) return "x and y do not fit";
        plan.rows *= x.shape[i];
    }
    plan.in = weight.shape[1];
    plan.out = weight.shape[0];
    plan.has_bias = request.parameter_count == 2;
    if (plan.has_bias && (request.parameters[1].ndim != 1 || request.parameters[1].shape[0] != plan.out))
        return "the bias does not fit the weight";
    return {};
}

dmt_status supports(void *, const dmt_kernel_request *request, dmt_support *support) {
    Plan plan;
    std::string_view why = refusal(request, plan);
    support->score = why.empty() ? 60 : 0;
    support->reason = text(why.empty() ? "plain loops in C++ on the host's threads" : why);
    return DMT_OK;
}

dmt_status bind(void *, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    return guarded([&] {
        Plan plan;
        std::string_view why = answer ? refusal(request, plan) : "the place for the plan is NULL";
        if (!why.empty()) throw Failure{DMT_UNIMPLEMENTED, "@COMPONENT@: " + std::string(why)};
        answer->handle = new Plan(plan);
        answer->saved_bytes = 0;
        answer->scratch_bytes = 0;
    });
}

dmt_status forward(void *handle, const dmt_kernel_call *call) {
    if (!can_go_forward(call, 1)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    Plan plan = *static_cast<const Plan *>(handle);
    auto x = static_cast<const float *>(call->inputs[0]);
    auto weight = static_cast<const float *>(call->parameters[0]);
    auto bias = plan.has_bias ? static_cast<const float *>(call->parameters[1]) : nullptr;
    auto y = static_cast<float *>(call->outputs[0]);
    in_parallel(plan.rows, plan.grain(), [=](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; r++)
            for (int64_t o = 0; o < plan.out; o++) {
                float sum = bias ? bias[o] : 0;
                for (int64_t i = 0; i < plan.in; i++) sum += x[r * plan.in + i] * weight[o * plan.in + i];
                y[r * plan.out + o] = sum;
            }
    });
    return DMT_OK;
}

dmt_status backward(void *handle, const dmt_kernel_call *call) {
    if (!can_go_backward(call, 1)) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the call lacks memory");
    Plan plan = *static_cast<const Plan *>(handle);
    auto x = static_cast<const float *>(call->inputs[0]);
    auto weight = static_cast<const float *>(call->parameters[0]);
    auto y_gradient = static_cast<const float *>(call->grad_outputs[0]);
    auto x_gradient = call->grad_inputs ? static_cast<float *>(call->grad_inputs[0]) : nullptr;
    auto weight_gradient = call->grad_parameters ? static_cast<float *>(call->grad_parameters[0]) : nullptr;
    auto bias_gradient = call->grad_parameters && plan.has_bias ? static_cast<float *>(call->grad_parameters[1]) : nullptr;
    bool adds_x = call->accumulate_inputs & 1;
    bool adds_weight = call->accumulate_parameters & 1;
    bool adds_bias = (call->accumulate_parameters >> 1) & 1;
    if (x_gradient)
        in_parallel(plan.rows, plan.grain(), [=](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++) {
                float *gradient = x_gradient + r * plan.in;
                for (int64_t i = 0; i < plan.in && !adds_x; i++) gradient[i] = 0;
                for (int64_t o = 0; o < plan.out; o++) {
                    float factor = y_gradient[r * plan.out + o];
                    for (int64_t i = 0; i < plan.in; i++) gradient[i] += factor * weight[o * plan.in + i];
                }
            }
        });
    if (weight_gradient || bias_gradient)
        in_parallel(plan.out, 1, [=](int64_t begin, int64_t end) {
            for (int64_t o = begin; o < end; o++) {
                if (bias_gradient) {
                    float sum = adds_bias ? bias_gradient[o] : 0;
                    for (int64_t r = 0; r < plan.rows; r++) sum += y_gradient[r * plan.out + o];
                    bias_gradient[o] = sum;
                }
                if (!weight_gradient) continue;
                float *gradient = weight_gradient + o * plan.in;
                for (int64_t i = 0; i < plan.in && !adds_weight; i++) gradient[i] = 0;
                for (int64_t r = 0; r < plan.rows; r++) {
                    float factor = y_gradient[r * plan.out + o];
                    for (int64_t i = 0; i < plan.in; i++) gradient[i] += factor * x[r * plan.in + i];
                }
            }
        });
    return DMT_OK;
}

void release(void *handle) { delete static_cast<Plan *>(handle); }

dmt_status probe(void *, const dmt_cpu *, dmt_probe *probe) {
    probe->score = 60;
    probe->reason = TEXT("plain C++, for any CPU");
    return DMT_OK;
}

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

const dmt_backend table = {
    .struct_size = sizeof(dmt_backend),
    .revision = 1,
    .ctx = nullptr,
    .probe = probe,
    .set_threads = nullptr,
    .kernels = &kernels,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_BACKEND),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Kernels for linear without an activation: y = x W^T + b."),
};
const void *const component_table = &table;
