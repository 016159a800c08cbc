/**
 * The optimizer `@COMPONENT@`: m = momentum m + (1 - momentum) g, w -= lr sign(m).
 *
 * One state, `mean`, a number for every weight, 0 at first. It serves dense parameters and tables, float32 and float64.
 */
#include "plugin.hpp"

namespace {

struct Plan {
    double momentum;
    bool is_double;

    int64_t bytes() const { return is_double ? 8 : 4; }
};

/** How far an update goes: the same for all of a call. */
struct Step {
    double momentum, rate, scale;
};

template <class Number>
void update_as(void *weights, const void *gradients, void *means, int64_t count, Step step) {
    auto w = static_cast<Number *>(weights);
    auto g = static_cast<const Number *>(gradients);
    auto m = static_cast<Number *>(means);
    for (int64_t i = 0; i < count; i++) {
        double mean = step.momentum * m[i] + (1 - step.momentum) * g[i] * step.scale;
        m[i] = static_cast<Number>(mean);
        w[i] = static_cast<Number>(w[i] - step.rate * ((mean > 0) - (mean < 0)));
    }
}

void update(const Plan &plan, void *weights, const void *gradients, void *means, int64_t count, double rate, double scale) {
    (plan.is_double ? update_as<double> : update_as<float>)(weights, gradients, means, count, {plan.momentum, rate, scale});
}

char *at(void *start, int64_t offset) { return static_cast<char *>(start) + offset; }
const char *at(const void *start, int64_t offset) { return static_cast<const char *>(start) + offset; }

dmt_status describe(void *, const dmt_attrs *, dmt_optimizer_layout *layout) {
    layout->state_count = 1;
    layout->states[0] = {.name = TEXT("mean"), .initial_value = 0, .layout = DMT_STATE_PER_ELEMENT, .reserved = 0};
    return DMT_OK;
}

dmt_status bind(void *, const dmt_optimizer_request *request, dmt_optimizer_plan *answer) {
    return guarded([&] {
        if (!request || request->struct_size < sizeof *request || !answer)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the place for the answer is NULL"};
        dmt_dtype dtype = request->dtype;
        if (dtype.code != DMT_DTYPE_FLOAT || (dtype.bits != 32 && dtype.bits != 64) || dtype.lanes != 1)
            throw Failure{DMT_UNIMPLEMENTED, "@COMPONENT@ computes float32 and float64"};
        answer->handle = new Plan{number(request->attributes, "momentum", 0.9), dtype.bits == 64};
    });
}

/** Elements that are worth a thread. */
constexpr int64_t grain = 16384;

dmt_status update_elements(void *handle, const dmt_optimizer_elements *call) {
    const Plan &plan = *static_cast<const Plan *>(handle);
    in_parallel(call->count, grain, [&](int64_t begin, int64_t end) {
        int64_t offset = begin * plan.bytes();
        update(
            plan, at(call->parameters, offset), at(call->gradients, offset), at(call->states[0], offset), end - begin,
            call->learning_rate, call->gradient_scale);
    });
    return DMT_OK;
}

dmt_status update_rows(void *handle, const dmt_optimizer_rows *call) {
    const Plan &plan = *static_cast<const Plan *>(handle);
    int64_t row_bytes = call->columns * plan.bytes();
    for (int64_t i = 0; i < call->row_count; i++) {
        int64_t offset = call->rows[i] * row_bytes;
        update(
            plan, at(call->parameters, offset), at(call->gradients, i * row_bytes), at(call->states[0], offset), call->columns,
            call->learning_rate, call->gradient_scale);
    }
    return DMT_OK;
}

void release(void *handle) { delete static_cast<Plan *>(handle); }

const dmt_attr_field momentum = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_F64,
    .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM | DMT_FIELD_HAS_MAXIMUM,
    .reserved = 0,
    .name = TEXT("momentum"),
    .summary = TEXT("Share of the mean that is kept."),
    .default_value = {.name = {}, .type = DMT_ATTR_F64, .reserved = 0, .i64 = 0, .f64 = 0.9, .str = {}, .list = {}, .list_size = 0},
    .minimum = 0,
    .maximum = 1,
    .choices = nullptr,
    .choice_count = 0,
};
const dmt_attr_field *const fields[] = {&momentum};

const dmt_optimizer table = {
    .struct_size = sizeof(dmt_optimizer),
    .revision = 1,
    .ctx = nullptr,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Sign descent with momentum: w -= lr sign(m)."),
    .attributes = {fields, std::size(fields)},
    .learning_rate = 0.001,
    .describe = describe,
    .bind = bind,
    .update_elements = update_elements,
    .sum_rows = nullptr,
    .update_rows = update_rows,
    .release = release,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_OPTIMIZER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Sign descent with momentum: w -= lr sign(m)."),
};
const void *const component_table = &table;
