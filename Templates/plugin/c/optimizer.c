/**
 * The optimizer `@COMPONENT@`: m = momentum m + (1 - momentum) g, w -= lr sign(m).
 *
 * One state, `mean`, a number for every weight, 0 at first. It serves dense parameters and tables, float32 and float64.
 */
#include "plugin.h"

#include <stdlib.h>

typedef struct plan {
    double momentum;
    int is_double;
} plan;

/* The weight after an update; *mean is its state. */
static inline double updated(double weight, double gradient, double *mean, double momentum, double rate) {
    *mean = momentum * *mean + (1 - momentum) * gradient;
    return weight - rate * ((*mean > 0) - (*mean < 0));
}

static void update_range(
    const plan *plan, void *weights, const void *gradients, void *means, int64_t count, double rate, double scale) {
    for (int64_t i = 0; i < count; i++) {
        if (plan->is_double) {
            double *w = weights, *m = means, mean = m[i];
            w[i] = updated(w[i], ((const double *)gradients)[i] * scale, &mean, plan->momentum, rate);
            m[i] = mean;
        } else {
            float *w = weights, *m = means;
            double mean = m[i];
            w[i] = (float)updated(w[i], ((const float *)gradients)[i] * scale, &mean, plan->momentum, rate);
            m[i] = (float)mean;
        }
    }
}

static dmt_status describe(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *layout) {
    (void)ctx, (void)attributes;
    layout->state_count = 1;
    layout->states[0] = (dmt_optimizer_state){.name = TEXT("mean"), .layout = DMT_STATE_PER_ELEMENT};
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_optimizer_request *request, dmt_optimizer_plan *answer) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || !answer)
        return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the place for the answer is NULL");
    dmt_dtype dtype = request->dtype;
    if (dtype.code != DMT_DTYPE_FLOAT || (dtype.bits != 32 && dtype.bits != 64) || dtype.lanes != 1)
        return fail(DMT_UNIMPLEMENTED, "@COMPONENT@ computes float32 and float64");
    plan *made = malloc(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan of %zu bytes", sizeof *made);
    *made = (plan){.momentum = number(&request->attributes, "momentum", 0.9), .is_double = dtype.bits == 64};
    answer->handle = made;
    return DMT_OK;
}

/* Elements that are worth a thread. */
enum { grain = 16384 };

typedef struct element_work {
    const plan *plan;
    const dmt_optimizer_elements *call;
} element_work;

static void update_piece(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const element_work *work = argument;
    const dmt_optimizer_elements *call = work->call;
    int64_t offset = begin * (work->plan->is_double ? 8 : 4);
    update_range(
        work->plan, (char *)call->parameters + offset, (const char *)call->gradients + offset, (char *)call->states[0] + offset,
        end - begin, call->learning_rate, call->gradient_scale);
}

static dmt_status update_elements(void *handle, const dmt_optimizer_elements *call) {
    element_work work = {handle, call};
    in_parallel(call->count, grain, update_piece, &work);
    return DMT_OK;
}

static dmt_status update_rows(void *handle, const dmt_optimizer_rows *call) {
    const plan *bound = handle;
    int64_t row_bytes = call->columns * (bound->is_double ? 8 : 4);
    for (int64_t i = 0; i < call->row_count; i++) {
        int64_t offset = call->rows[i] * row_bytes;
        update_range(
            bound, (char *)call->parameters + offset, (const char *)call->gradients + i * row_bytes,
            (char *)call->states[0] + offset, call->columns, call->learning_rate, call->gradient_scale);
    }
    return DMT_OK;
}

static const dmt_attr_field momentum = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_F64,
    .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM | DMT_FIELD_HAS_MAXIMUM,
    .name = TEXT("momentum"),
    .summary = TEXT("Share of the mean that is kept."),
    .default_value = {.type = DMT_ATTR_F64, .f64 = 0.9},
    .minimum = 0,
    .maximum = 1,
};
static const dmt_attr_field *const fields[] = {&momentum};

static const dmt_optimizer table = {
    .struct_size = sizeof(dmt_optimizer),
    .revision = 1,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Sign descent with momentum: w -= lr sign(m)."),
    .attributes = {fields, sizeof fields / sizeof *fields},
    .learning_rate = 0.001,
    .describe = describe,
    .bind = bind,
    .update_elements = update_elements,
    .update_rows = update_rows,
    .release = free,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_OPTIMIZER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Sign descent with momentum: w -= lr sign(m)."),
};
const void *const component_table = &table;
