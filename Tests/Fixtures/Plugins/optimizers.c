/*
 * Update rules in C: Adagrad, row-wise Adagrad and Lion, and rules that break the contract, each in its way.
 *
 *   com.example.adagrad      one number an element; dense parameters and tables
 *   com.example.row-adagrad  one number a row, from a sum over the whole row; tables only
 *   com.example.lion         one number an element, the sign of a mean; dense parameters and tables
 *   com.example.row-count    one number a row that no sum makes, which begins at 1: no columns on several ranks; tables only
 */
#include "fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef DEFECT
#define DEFECT 0
#endif
enum {
    NO_DEFECT, RATE_IS_NAN, NO_DESCRIBE, NO_UPDATE, TOO_MANY_STATES, STATE_NAMED_TWICE, STATE_NAME_HAS_SLASH, STARTS_AT_INFINITY,
    SUMS_WITHOUT_SUM_ROWS, NAME_WITHOUT_DOT, ATTRIBUTE_NAMED_LR, ODD_LAYOUT, NEGATIVE_STATES, FAILS_AT_STEP_THREE, NO_FLOAT
};

static const dmt_host *host;

static dmt_status fail(dmt_status status, const char *message) {
    host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

static int is(dmt_str text, const char *name) {
    return text.size == (int64_t)strlen(name) && memcmp(text.data, name, (size_t)text.size) == 0;
}

static double number(const dmt_attrs *attributes, const char *name, double otherwise) {
    for (int64_t i = 0; i < attributes->count; i++)
        if (is(attributes->items[i].name, name)) return attributes->items[i].f64;
    return otherwise;
}

/* What is kept of a bound rule. */
typedef struct rule {
    int is_double;
    double eps, decay, beta1, beta2;
} rule;

static dmt_status bind(void *ctx, const dmt_optimizer_request *request, dmt_optimizer_plan *plan) {
    (void)ctx;
    if (DEFECT == NO_FLOAT) return fail(DMT_UNIMPLEMENTED, "this rule computes nothing at all");
    if (!request || request->struct_size < sizeof *request || !plan)
        return fail(DMT_INVALID_ARGUMENT, "the request or the place for the plan is NULL");
    dmt_dtype dtype = request->dtype;
    if (dtype.code != DMT_DTYPE_FLOAT || (dtype.bits != 32 && dtype.bits != 64) || dtype.lanes != 1)
        return fail(DMT_UNIMPLEMENTED, "the rule computes float32 and float64");
    rule *made = malloc(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    const dmt_attrs *given = &request->attributes;
    *made = (rule){
        .is_double = request->dtype.bits == 64, .eps = number(given, "eps", 1e-10), .decay = number(given, "weight_decay", 0),
        .beta1 = number(given, "beta1", 0.9), .beta2 = number(given, "beta2", 0.99)};
    plan->handle = made;
    return DMT_OK;
}

static double load(const rule *bound, const void *memory, int64_t index) {
    return bound->is_double ? ((const double *)memory)[index] : (double)((const float *)memory)[index];
}

static void store(const rule *bound, void *memory, int64_t index, double value) {
    if (bound->is_double) ((double *)memory)[index] = value;
    else ((float *)memory)[index] = (float)value;
}

static dmt_status describe(int32_t layout, const char *name, double start, int32_t sums, dmt_optimizer_layout *answer) {
    answer->state_count = 1;
    answer->row_sum_count = sums;
    answer->states[0] = (dmt_optimizer_state){{name, (int64_t)strlen(name)}, start, layout, 0};
    if (DEFECT == TOO_MANY_STATES) answer->state_count = DMT_MAX_STATES + 1;
    if (DEFECT == NEGATIVE_STATES) answer->state_count = -1;
    if (DEFECT == STATE_NAMED_TWICE) {
        answer->state_count = 2;
        answer->states[1] = answer->states[0];
    }
    if (DEFECT == STATE_NAME_HAS_SLASH) answer->states[0].name = (dmt_str)TEXT("a/b");
    if (DEFECT == STARTS_AT_INFINITY) answer->states[0].initial_value = INFINITY;
    if (DEFECT == SUMS_WITHOUT_SUM_ROWS) answer->row_sum_count = 1;
    if (DEFECT == ODD_LAYOUT) answer->states[0].layout = 7;
    return DMT_OK;
}

/* Adagrad: s += g^2; w -= lr g / (sqrt(s) + eps). */

static dmt_status describe_adagrad(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *answer) {
    (void)ctx;
    if (number(attributes, "eps", 0) == 0 && number(attributes, "weight_decay", 0) > 0)
        return fail(DMT_INVALID_ARGUMENT, "weight_decay needs an eps above 0");
    return describe(DMT_STATE_PER_ELEMENT, "sum", 0, 0, answer);
}

static void adagrad(const rule *bound, void *weights, void *sums, int64_t at, double gradient, double rate, double scale) {
    double weight = load(bound, weights, at), g = gradient * scale + bound->decay * weight;
    double sum = load(bound, sums, at) + g * g;
    store(bound, sums, at, sum);
    if (g != 0) store(bound, weights, at, weight - rate * g / (sqrt(sum) + bound->eps));
}

static dmt_status adagrad_elements(void *handle, const dmt_optimizer_elements *call) {
    if (DEFECT == FAILS_AT_STEP_THREE && call->step == 3) return fail(DMT_INTERNAL, "the third step is too much");
    for (int64_t i = 0; i < call->count; i++)
        adagrad(handle, call->parameters, call->states[0], i, load(handle, call->gradients, i), call->learning_rate,
                call->gradient_scale);
    return DMT_OK;
}

static dmt_status adagrad_rows(void *handle, const dmt_optimizer_rows *call) {
    for (int64_t i = 0; i < call->row_count; i++)
        for (int64_t c = 0; c < call->columns; c++)
            adagrad(handle, call->parameters, call->states[0], call->rows[i] * call->columns + c,
                    load(handle, call->gradients, i * call->columns + c), call->learning_rate, call->gradient_scale);
    return DMT_OK;
}

/* Row-wise Adagrad: s += mean of g^2 over the row; w -= lr g / (sqrt(s) + eps). */

static dmt_status describe_rows(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *answer) {
    (void)ctx;
    (void)attributes;
    return describe(DMT_STATE_PER_ROW, "sum", 0, 1, answer);
}

static double slope(const rule *bound, const dmt_optimizer_rows *call, int64_t row, int64_t column) {
    double weight = load(bound, call->parameters, call->rows[row] * call->columns + column);
    return load(bound, call->gradients, row * call->columns + column) * call->gradient_scale + bound->decay * weight;
}

static dmt_status sum_rows(void *handle, const dmt_optimizer_rows *call) {
    for (int64_t i = 0; i < call->row_count; i++) {
        call->sums[i] = 0;
        for (int64_t c = 0; c < call->columns; c++) {
            double g = slope(handle, call, i, c);
            call->sums[i] += g * g;
        }
    }
    return DMT_OK;
}

static dmt_status update_rows(void *handle, const dmt_optimizer_rows *call) {
    const rule *bound = handle;
    for (int64_t i = 0; i < call->row_count; i++) {
        double sum = load(bound, call->states[0], call->rows[i]) + call->sums[i] / (double)call->whole_columns;
        store(bound, call->states[0], call->rows[i], sum);
        for (int64_t c = 0; c < call->columns; c++) {
            int64_t at = call->rows[i] * call->columns + c;
            double g = slope(bound, call, i, c);
            if (g != 0)
                store(bound, call->parameters, at,
                      load(bound, call->parameters, at) - call->learning_rate * (g / (sqrt(sum) + bound->eps)));
        }
    }
    return DMT_OK;
}

/* Lion: w -= lr (sign(b1 m + (1 - b1) g) + decay w); m = b2 m + (1 - b2) g. */

static dmt_status describe_lion(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *answer) {
    (void)ctx;
    (void)attributes;
    return describe(DMT_STATE_PER_ELEMENT, "momentum", 0, 0, answer);
}

static void lion(const rule *bound, void *weights, void *means, int64_t at, double gradient, double rate, double scale) {
    double weight = load(bound, weights, at), mean = load(bound, means, at), g = gradient * scale;
    double way = bound->beta1 * mean + (1 - bound->beta1) * g;
    store(bound, weights, at, weight - rate * ((way > 0) - (way < 0) + bound->decay * weight));
    store(bound, means, at, bound->beta2 * mean + (1 - bound->beta2) * g);
}

static dmt_status lion_elements(void *handle, const dmt_optimizer_elements *call) {
    for (int64_t i = 0; i < call->count; i++)
        lion(handle, call->parameters, call->states[0], i, load(handle, call->gradients, i), call->learning_rate,
             call->gradient_scale);
    return DMT_OK;
}

static dmt_status lion_rows(void *handle, const dmt_optimizer_rows *call) {
    for (int64_t i = 0; i < call->row_count; i++)
        for (int64_t c = 0; c < call->columns; c++)
            lion(handle, call->parameters, call->states[0], call->rows[i] * call->columns + c,
                 load(handle, call->gradients, i * call->columns + c), call->learning_rate, call->gradient_scale);
    return DMT_OK;
}

/* Descent whose rate falls with the number of updates that a row has had. */

static dmt_status describe_count(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *answer) {
    (void)ctx;
    (void)attributes;
    return describe(DMT_STATE_PER_ROW, "updates", 1, 0, answer);
}

static dmt_status count_rows(void *handle, const dmt_optimizer_rows *call) {
    const rule *bound = handle;
    for (int64_t i = 0; i < call->row_count; i++) {
        double updates = load(bound, call->states[0], call->rows[i]);
        store(bound, call->states[0], call->rows[i], updates + 1);
        for (int64_t c = 0; c < call->columns; c++) {
            int64_t at = call->rows[i] * call->columns + c;
            double g = slope(bound, call, i, c);
            store(bound, call->parameters, at, load(bound, call->parameters, at) - call->learning_rate * g / updates);
        }
    }
    return DMT_OK;
}

#define FIELD(key, text, value)                                                                                          \
    {.struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_F64, .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM, \
     .name = TEXT(key), .summary = TEXT(text), .default_value = {.type = DMT_ATTR_F64, .f64 = (value)}}
static const dmt_attr_field eps = FIELD("eps", "Added to the denominator.", 1e-10);
static const dmt_attr_field row_eps = FIELD("eps", "Added to the denominator.", 1e-8);
static const dmt_attr_field decay = FIELD("weight_decay", "This times the weight is added to the gradient.", 0);
static const dmt_attr_field beta1 = FIELD("beta1", "Share of the mean in the step.", 0.9);
static const dmt_attr_field beta2 = FIELD("beta2", "Share of the mean that is kept.", 0.99);
static const dmt_attr_field lr = FIELD("lr", "Not an attribute.", 1);
static const dmt_attr_field *const adagrad_fields[] = {&eps, DEFECT == ATTRIBUTE_NAMED_LR ? &lr : &decay};
static const dmt_attr_field *const row_fields[] = {&row_eps, &decay};
static const dmt_attr_field *const lion_fields[] = {&beta1, &beta2, &decay};

#define ADAGRAD (DEFECT == NAME_WITHOUT_DOT ? "adagrad" : "com.example.adagrad")
#define ADAGRAD_SIZE (DEFECT == NAME_WITHOUT_DOT ? 7 : 19)

static const dmt_optimizer adagrad_table = {
    .struct_size = sizeof(dmt_optimizer), .revision = 1, .name = {ADAGRAD, ADAGRAD_SIZE}, .summary = TEXT("Adagrad in C."),
    .attributes = {adagrad_fields, 2}, .learning_rate = DEFECT == RATE_IS_NAN ? NAN : 0.01,
    .describe = DEFECT == NO_DESCRIBE ? NULL : describe_adagrad, .bind = bind,
    .update_elements = DEFECT == NO_UPDATE ? NULL : adagrad_elements, .update_rows = DEFECT == NO_UPDATE ? NULL : adagrad_rows,
    .release = free};
static const dmt_optimizer rows_table = {
    .struct_size = sizeof(dmt_optimizer), .revision = 1, .name = TEXT("com.example.row-adagrad"),
    .summary = TEXT("Row-wise Adagrad in C."), .attributes = {row_fields, 2}, .learning_rate = 0.01,
    .describe = describe_rows, .bind = bind, .sum_rows = sum_rows, .update_rows = update_rows, .release = free};
static const dmt_optimizer lion_table = {
    .struct_size = sizeof(dmt_optimizer), .revision = 1, .name = TEXT("com.example.lion"), .summary = TEXT("Lion in C."),
    .attributes = {lion_fields, 3}, .learning_rate = 0.001, .describe = describe_lion, .bind = bind,
    .update_elements = lion_elements, .update_rows = lion_rows, .release = free};
static const dmt_optimizer count_table = {
    .struct_size = sizeof(dmt_optimizer), .revision = 1, .name = TEXT("com.example.row-count"),
    .summary = TEXT("Slower for rows that have had more updates."), .attributes = {row_fields, 2}, .learning_rate = 0.1,
    .describe = describe_count, .bind = bind, .update_rows = count_rows, .release = free};

#define COMPONENT(data, size, text)                                                                          \
    {.struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_OPTIMIZER), .id = {data, size}, \
     .summary = TEXT(text)}
static const dmt_component listed[] = {
    COMPONENT(ADAGRAD, ADAGRAD_SIZE, "Adagrad in C."), COMPONENT("com.example.row-adagrad", 23, "Row-wise Adagrad in C."),
    COMPONENT("com.example.lion", 16, "Lion in C."), COMPONENT("com.example.row-count", 21, "Slower for busy rows.")};
static const dmt_component *const components[] = {&listed[0], &listed[1], &listed[2], &listed[3]};
static const dmt_optimizer *const tables[] = {&adagrad_table, &rows_table, &lion_table, &count_table};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.optimizers", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 4,
    .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    return DMT_OK;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (revision != 1 || !is(kind, DMT_KIND_OPTIMIZER)) return NULL;
    for (int i = 0; i < 4; i++)
        if (listed[i].id.size == id.size && memcmp(listed[i].id.data, id.data, (size_t)id.size) == 0) return tables[i];
    return NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
