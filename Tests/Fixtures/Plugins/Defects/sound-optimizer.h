/**
 * sound-optimizer.h: an update rule that is right in everything: descent on tables, slower for rows that had large gradients.
 *
 * s += mean of g^2 over the row; w -= lr g / (1 + s).
 */
#include "sound.h"

#ifndef GRADIENT
#define GRADIENT(call, index) ((call)->gradient_scale * ((const float *)(call)->gradients)[index])
#endif
#ifndef ON_ROW
#define ON_ROW(call, row)
#endif

static dmt_status describe(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *layout) {
    (void)ctx, (void)attributes;
    layout->state_count = 1;
    layout->row_sum_count = 1;
    layout->states[0] = (dmt_optimizer_state){.name = TEXT("sum"), .layout = DMT_STATE_PER_ROW, .initial_value = 0.1};
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_optimizer_request *request, dmt_optimizer_plan *answer) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || !answer)
        return fail(DMT_INVALID_ARGUMENT, "the request or the place for the plan is NULL");
    if (!is_float(request->dtype)) return fail(DMT_UNIMPLEMENTED, "float32 is expected");
    answer->handle = take(1);
    return answer->handle ? DMT_OK : fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
}

static dmt_status sum_rows(void *handle, const dmt_optimizer_rows *call) {
    (void)handle;
    for (int64_t i = 0; i < call->row_count; i++) {
        call->sums[i] = 0;
        for (int64_t c = 0; c < call->columns; c++) {
            double gradient = GRADIENT(call, i * call->columns + c);
            call->sums[i] += gradient * gradient;
        }
    }
    return DMT_OK;
}

static dmt_status update_rows(void *handle, const dmt_optimizer_rows *call) {
    (void)handle;
    float *weights = call->parameters, *sums = call->states[0];
    for (int64_t i = 0; i < call->row_count; i++) {
        int64_t row = call->rows[i];
        sums[row] += (float)(call->sums[i] / (double)call->whole_columns);
        for (int64_t c = 0; c < call->columns; c++)
            weights[row * call->columns + c] -= (float)(call->learning_rate * GRADIENT(call, i * call->columns + c) / (1 + sums[row]));
        ON_ROW(call, row);
    }
    return DMT_OK;
}

static void release(void *handle) {
    if (handle) give_back(handle);
}

static const dmt_optimizer table = {
    .struct_size = sizeof(dmt_optimizer), .revision = 1, .name = TEXT("com.example.rows"), .summary = TEXT("A fixture."),
    .learning_rate = 0.01, .describe = describe, .bind = bind, .sum_rows = sum_rows, .update_rows = update_rows,
    .release = release};

SOUND_PLUGIN(DMT_KIND_OPTIMIZER, "com.example.rows", &table)
