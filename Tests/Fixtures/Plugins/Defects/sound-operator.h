/**
 * sound-operator.h: an operator that is right in everything: y = factor * max(x, 0) * weight on [B, N].
 *
 * It keeps max(x, 0) in saved, sums the weight's gradient in scratch, and runs rows on the host's threads.
 */
#include "sound.h"

typedef struct plan {
    int64_t rows, columns;
    float factor;
    int32_t threads;
    void *extra;
} plan;

/* What a defect may change, with what is right. */
#ifndef STORE
#define STORE(place, value) (place) = (value)
#endif
#ifndef POSITIVE
#define POSITIVE(x) ((x) > 0 || (x) != (x) ? (x) : 0)
#endif
#ifndef SLOPE
#define SLOPE(gradient, kept) ((kept) > 0 ? (gradient) : (kept) != (kept) ? (kept) : 0)
#endif
#ifndef ADDS
#define ADDS(flags) ((flags) & 1)
#endif
#ifndef FACTOR
#define FACTOR(bound) ((bound)->factor)
#endif
#ifndef ROWS
#define ROWS(bound) ((bound)->rows)
#endif
#ifndef SCRATCH_BYTES
#define SCRATCH_BYTES(columns) ((columns) * (int64_t)sizeof(float))
#endif
#ifndef ON_BIND
#define ON_BIND(bound)
#endif
#ifndef ON_FORWARD
#define ON_FORWARD(bound, call)
#endif
#ifndef ON_RELEASE
#define ON_RELEASE(bound)
#endif
#ifndef PARALLEL
#define PARALLEL() service(DMT_SERVICE_PARALLEL)
#endif
#ifndef IS_FLOAT
#define IS_FLOAT(type) is_float(type)
#endif
#ifndef ELEMENTS
#define ELEMENTS(tensor) elements_of(tensor)
#endif
#ifndef REQUEST_IS_THERE
#define REQUEST_IS_THERE(request) (request)
#endif
#ifndef CALL_IS_WHOLE
#define CALL_IS_WHOLE(bound, call)                                                                                     \
    ((call) && (call)->struct_size >= sizeof(dmt_kernel_call) && (call)->inputs && (call)->parameters &&               \
     (call)->outputs && ((bound)->rows * (bound)->columns == 0 || (call)->saved) &&                                    \
     ((bound)->columns == 0 || (call)->scratch))
#endif
#ifndef PARTS_FLAGS
#define PARTS_FLAGS DMT_FIELD_HAS_MINIMUM
#endif

static dmt_status infer(
    void *ctx, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *attributes, dmt_signature *signature) {
    (void)ctx;
    (void)attributes;
    if (input_count != 1 || inputs[0].rank != 2) return fail(DMT_SHAPE_MISMATCH, "one input [B, N] is expected");
    signature->output_count = 1;
    signature->outputs[0] = inputs[0];
    signature->parameter_count = 1;
    signature->parameters[0] = (dmt_parameter){
        .name = TEXT("weight"), .shape = {.rank = 1, .dims = {inputs[0].dims[1]}}, .initializer = DMT_INIT_ONES};
    return DMT_OK;
}

static dmt_status check(const dmt_kernel_request *request) {
    if (!REQUEST_IS_THERE(request)) return fail(DMT_INVALID_ARGUMENT, "the request is NULL");
    if (request->struct_size < sizeof *request) return fail(DMT_INVALID_ARGUMENT, "the request is too short");
    if (!request->op.data) return fail(DMT_INVALID_ARGUMENT, "the operator has no name");
    if (request->input_count != 1 || request->parameter_count != 1 || request->output_count != 1)
        return fail(DMT_INVALID_ARGUMENT, "one input, one parameter and one output are expected");
    if (!request->inputs || !request->parameters || !request->outputs)
        return fail(DMT_INVALID_ARGUMENT, "tensors are NULL");
    if (!attributes_are_there(request->attributes)) return fail(DMT_INVALID_ARGUMENT, "attributes are NULL");
    const dmt_tensor *tensors[] = {request->inputs, request->parameters, request->outputs};
    for (int i = 0; i < 3; i++) {
        if (!IS_FLOAT(tensors[i]->dtype)) return fail(DMT_UNIMPLEMENTED, "float32 is expected");
        if (ELEMENTS(tensors[i]) < 0) return fail(DMT_INVALID_ARGUMENT, "a tensor has a shape that cannot be");
    }
    if (request->inputs->ndim != 2 || !same_shape(request->inputs, request->outputs) ||
        request->parameters->ndim != 1 || request->parameters->shape[0] != request->inputs->shape[1])
        return fail(DMT_SHAPE_MISMATCH, "[B, N], a weight of N and [B, N] are expected");
    return DMT_OK;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    if (check(request) != DMT_OK) {
        support->score = 0;
        support->reason = (dmt_str)TEXT("not such a request");
        return DMT_OK;
    }
    support->score = 40;
    support->reason = (dmt_str)TEXT("a loop in C");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    dmt_status status = check(request);
    if (status != DMT_OK) return status;
    if (!answer) return fail(DMT_INVALID_ARGUMENT, "the place for the plan is NULL");
    plan *made = take(sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan");
    const dmt_attr *factor = attribute(request->attributes, "factor"), *parts = attribute(request->attributes, "parts");
    *made = (plan){
        .rows = request->inputs->shape[0], .columns = request->inputs->shape[1], .threads = request->threads,
        .factor = factor ? (float)factor->f64 : 1};
    /* A whole number of parts, which the schema keeps from being none. */
    if (parts) made->factor *= (float)(parts->i64 / parts->i64);
    ON_BIND(made);
    answer->handle = made;
    answer->saved_bytes = made->rows * made->columns * (int64_t)sizeof(float);
    answer->scratch_bytes = SCRATCH_BYTES(made->columns);
    return DMT_OK;
}

typedef struct forward_work {
    const plan *bound;
    const float *x, *weight;
    float *y, *kept;
} forward_work;

static void forward_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const forward_work *work = argument;
    int64_t columns = work->bound->columns;
    for (int64_t i = begin * columns; i < end * columns; i++) {
        float kept = POSITIVE(work->x[i]);
        work->kept[i] = kept;
        float value = FACTOR(work->bound) * kept * work->weight[i % columns];
        STORE(work->y[i], value);
    }
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!CALL_IS_WHOLE(bound, call)) return fail(DMT_INVALID_ARGUMENT, "the call lacks memory");
    forward_work work = {bound, call->inputs[0], call->parameters[0], call->outputs[0], call->saved};
    const dmt_parallel *parallel = PARALLEL();
    if (parallel) {
        parallel->parallel_for(parallel->ctx, ROWS(bound), 1, forward_rows, &work);
    } else {
        forward_rows(&work, 0, ROWS(bound), 0);
    }
    ON_FORWARD(bound, call);
    return DMT_OK;
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!CALL_IS_WHOLE(bound, call) || !call->grad_outputs || !call->grad_inputs || !call->grad_parameters)
        return fail(DMT_INVALID_ARGUMENT, "the call lacks memory");
    const float *gradient = call->grad_outputs[0], *weight = call->parameters[0], *kept = call->saved;
    float *dx = call->grad_inputs[0], *dw = call->grad_parameters[0], *sums = call->scratch;
    int64_t count = bound->rows * bound->columns;
    for (int64_t j = 0; j < bound->columns; j++) sums[j] = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t j = i % bound->columns;
        float slope = SLOPE(gradient[i], kept[i]);
        sums[j] += bound->factor * gradient[i] * kept[i];
        if (dx) dx[i] = (ADDS(call->accumulate_inputs) ? dx[i] : 0) + bound->factor * weight[j] * slope;
    }
    if (dw) {
        for (int64_t j = 0; j < bound->columns; j++)
            dw[j] = (ADDS(call->accumulate_parameters) ? dw[j] : 0) + sums[j];
    }
    return DMT_OK;
}

static void release(void *handle) {
    if (!handle) return;
    ON_RELEASE((plan *)handle);
    give_back(handle);
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = supports, .bind = bind, .forward = forward, .backward = backward,
    .release = release};

static const dmt_str input_names[] = {TEXT("x")};
static const dmt_attr_field factor_field = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_F64,
    .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM | DMT_FIELD_HAS_MAXIMUM, .name = TEXT("factor"),
    .summary = TEXT("What is multiplied by."), .default_value = {.type = DMT_ATTR_F64, .f64 = 1.5}, .minimum = -100,
    .maximum = 100};
static const dmt_attr_field parts_field = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_I64, .flags = DMT_FIELD_HAS_DEFAULT | PARTS_FLAGS,
    .name = TEXT("parts"), .summary = TEXT("Into how many parts it is cut."),
    .default_value = {.type = DMT_ATTR_I64, .i64 = 1}, .minimum = 1};
static const dmt_attr_field *const fields[] = {&factor_field, &parts_field};

static const dmt_operator table = {
    .struct_size = sizeof(dmt_operator), .revision = 1, .name = TEXT("com.example.scaled"),
    .summary = TEXT("y = factor max(x, 0) weight"), .min_inputs = 1, .max_inputs = 1, .input_names = input_names,
    .attributes = {fields, 2}, .infer = infer, .kernels = &kernels};

SOUND_PLUGIN(DMT_KIND_OPERATOR, "com.example.scaled", &table)
