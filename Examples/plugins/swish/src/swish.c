/**
 * The operator `com.example.swish`: y = x s with s = 1 / (1 + exp(-beta x)), x [.., D], beta [D].
 *
 *   dx = dy (s + beta x s (1 - s))      dbeta_j = the sum over all rows of dy x^2 s (1 - s)
 *
 * beta is a parameter, 1 at first; with `trainable: false` it is the number 1 and there is no parameter. Forward leaves s in saved,
 * so that backward takes no exponential. Every number is computed by one thread in one order: results do not depend on the threads.
 */
#include "plugin.h"

#include <math.h>
#include <stdlib.h>

/* What a node is bound to. */
typedef struct plan {
    int64_t rows, columns;
    int has_beta, saves;
} plan;

/* One call, as the pieces of its loops see it. */
typedef struct work {
    const plan *plan;
    const float *x, *beta, *y_gradient;
    float *y, *s, *x_gradient, *beta_gradient;
    int adds;
} work;

/* Elements that are worth a thread, and columns that one thread sums. */
enum { grain = 8192, column_block = 16 };

static int64_t row_grain(const plan *plan) { return grain / (plan->columns + 1) + 1; }

static int is_trainable(const dmt_attrs *attributes) {
    const dmt_attr *found = attribute(attributes, "trainable");
    return !found || found->i64 != 0;
}

static dmt_status infer(
    void *ctx, const dmt_shape *inputs, int32_t input_count, const dmt_attrs *attributes, dmt_signature *signature) {
    (void)ctx;
    if (!signature || signature->struct_size < sizeof *signature || !attributes)
        return fail(DMT_INVALID_ARGUMENT, SWISH ": the attributes or the signature are NULL, or of an older contract");
    if (input_count != 1 || !inputs) return fail(DMT_SHAPE_MISMATCH, SWISH " got %d inputs, it takes one", input_count);
    if (inputs[0].rank > DMT_MAX_RANK || inputs[0].rank < 2)
        return fail(DMT_SHAPE_MISMATCH, SWISH " got a tensor of rank %d, expected [B, .., D]", inputs[0].rank);
    signature->output_count = 1;
    signature->outputs[0] = inputs[0];
    signature->backward_reads_inputs = 1;
    signature->parameter_count = is_trainable(attributes) ? 1 : 0;
    signature->parameters[0] = (dmt_parameter){
        .name = TEXT("beta"),
        .shape = {.rank = 1, .dims = {inputs[0].dims[inputs[0].rank - 1]}},
        .initializer = DMT_INIT_ONES,
    };
    return DMT_OK;
}

static int is_compact_float(const dmt_tensor *tensor) {
    return tensor->dtype.code == DMT_DTYPE_FLOAT && tensor->dtype.bits == 32 && tensor->dtype.lanes == 1 && !tensor->strides;
}

static int is_named(const dmt_attrs *attributes) {
    if (attributes->count < 0 || (attributes->count > 0 && !attributes->items)) return 0;
    for (int64_t i = 0; i < attributes->count; i++)
        if (!attributes->items[i].name.data || attributes->items[i].name.size <= 0) return 0;
    return 1;
}

/* Fills the plan of a request; DMT_OK, or the failure that was reported. */
static dmt_status read_request(const dmt_kernel_request *request, plan *plan) {
    if (!request || request->struct_size < sizeof *request)
        return fail(DMT_INVALID_ARGUMENT, SWISH ": the request is NULL, or of an older contract");
    if (!same_text(request->op, (dmt_str)TEXT(SWISH)))
        return fail(DMT_UNIMPLEMENTED, SWISH ": these kernels compute no other operator");
    if (!is_named(&request->attributes))
        return fail(DMT_INVALID_ARGUMENT, SWISH ": the attributes, or the name of one, are NULL");
    int has_beta = is_trainable(&request->attributes);
    if (request->input_count != 1 || request->output_count != 1 || request->parameter_count != has_beta)
        return fail(DMT_INVALID_ARGUMENT, SWISH " has one input, one output and %d parameters", has_beta);
    if (!request->inputs || !request->outputs || (has_beta && !request->parameters))
        return fail(DMT_INVALID_ARGUMENT, SWISH ": the tensors are NULL");
    const dmt_tensor *x = &request->inputs[0], *y = &request->outputs[0];
    if (!is_compact_float(x) || !is_compact_float(y) || (has_beta && !is_compact_float(&request->parameters[0])))
        return fail(DMT_UNIMPLEMENTED, SWISH " computes compact float32 tensors");
    if (x->ndim < 1 || x->ndim > DMT_MAX_RANK || y->ndim != x->ndim || !x->shape || !y->shape)
        return fail(DMT_SHAPE_MISMATCH, SWISH ": x has %d extents and y %d, expected the same 1 to 8", x->ndim, y->ndim);
    *plan = (struct plan){.rows = 1, .columns = x->shape[x->ndim - 1], .has_beta = has_beta};
    int64_t elements = 1;
    for (int32_t i = 0; i < x->ndim; i++) {
        if (x->shape[i] < 0 || y->shape[i] != x->shape[i] || __builtin_mul_overflow(elements, x->shape[i], &elements))
            return fail(DMT_SHAPE_MISMATCH, SWISH ": extent %d of x is %lld, of y %lld", i, (long long)x->shape[i],
                (long long)y->shape[i]);
        if (i + 1 < x->ndim) plan->rows *= x->shape[i];
    }
    const dmt_tensor *beta = request->parameters;
    if (has_beta && (beta->ndim != 1 || !beta->shape || beta->shape[0] != plan->columns))
        return fail(DMT_SHAPE_MISMATCH, SWISH ": beta has to have the %lld columns of x", (long long)plan->columns);
    plan->saves = (request->flags & DMT_BIND_TRAINING) != 0;
    return DMT_OK;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    plan plan;
    dmt_status status = read_request(request, &plan);
    if (status != DMT_OK) return status;
    support->score = 100;
    support->reason = (dmt_str)TEXT("the operator's own kernels, in C");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    plan made;
    dmt_status status = read_request(request, &made);
    if (status != DMT_OK) return status;
    if (!answer || answer->struct_size < sizeof *answer)
        return fail(DMT_INVALID_ARGUMENT, SWISH ": the place for the plan is NULL, or of an older contract");
    plan *kept = malloc(sizeof *kept);
    if (!kept) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a plan of %zu bytes", sizeof *kept);
    *kept = made;
    answer->handle = kept;
    answer->saved_bytes = made.saves ? made.rows * made.columns * (int64_t)sizeof(float) : 0;
    answer->scratch_bytes = 0;
    return DMT_OK;
}

static void forward_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t columns = it->plan->columns;
    for (int64_t row = begin; row < end; row++)
        for (int64_t j = 0; j < columns; j++) {
            int64_t at = row * columns + j;
            float s = 1 / (1 + expf(-(it->beta ? it->beta[j] : 1) * it->x[at]));
            it->y[at] = it->x[at] * s;
            if (it->s) it->s[at] = s;
        }
}

/* Whether the call has its lists; a list of nothing may be NULL. */
static int is_whole(const plan *bound, const dmt_kernel_call *call) {
    return bound && call && call->struct_size >= sizeof *call && call->inputs && (!bound->has_beta || call->parameters);
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!is_whole(bound, call) || !call->outputs) return fail(DMT_INVALID_ARGUMENT, SWISH ": the call lacks its lists");
    if (bound->rows == 0 || bound->columns == 0) return DMT_OK;
    work work = {.plan = bound, .x = call->inputs[0], .y = call->outputs[0], .s = bound->saves ? call->saved : NULL};
    if (bound->has_beta) work.beta = call->parameters[0];
    if (!work.x || !work.y || (bound->has_beta && !work.beta) || (bound->saves && !work.s))
        return fail(DMT_INVALID_ARGUMENT, SWISH ": x, y, beta or saved is NULL");
    in_parallel(bound->rows, row_grain(bound), forward_rows, &work);
    return DMT_OK;
}

static void input_gradient_rows(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t columns = it->plan->columns;
    for (int64_t row = begin; row < end; row++)
        for (int64_t j = 0; j < columns; j++) {
            int64_t at = row * columns + j;
            float s = it->s[at], slope = s + (it->beta ? it->beta[j] : 1) * it->x[at] * s * (1 - s);
            it->x_gradient[at] = (it->adds ? it->x_gradient[at] : 0) + it->y_gradient[at] * slope;
        }
}

/* Sums blocks of columns over all rows, in double. */
static void beta_gradient_blocks(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)worker;
    const work *it = argument;
    int64_t columns = it->plan->columns;
    for (int64_t block = begin; block < end; block++) {
        int64_t first = block * column_block, count = columns - first < column_block ? columns - first : column_block;
        double sums[column_block] = {0};
        for (int64_t row = 0; row < it->plan->rows; row++)
            for (int64_t j = 0; j < count; j++) {
                int64_t at = row * columns + first + j;
                double x = it->x[at], s = it->s[at];
                sums[j] += it->y_gradient[at] * x * x * s * (1 - s);
            }
        for (int64_t j = 0; j < count; j++)
            it->beta_gradient[first + j] = (float)((it->adds ? it->beta_gradient[first + j] : 0) + sums[j]);
    }
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    if (!is_whole(bound, call) || !call->grad_outputs) return fail(DMT_INVALID_ARGUMENT, SWISH ": the call lacks its lists");
    work work = {.plan = bound, .x = call->inputs[0], .y_gradient = call->grad_outputs[0], .s = call->saved};
    if (!bound->saves) return fail(DMT_FAILED_PRECONDITION, SWISH ": backward of a plan that was not bound for training");
    if (bound->has_beta) work.beta = call->parameters[0];
    int is_empty = bound->rows == 0 || bound->columns == 0;
    if (!is_empty && (!work.x || !work.y_gradient || !work.s || (bound->has_beta && !work.beta)))
        return fail(DMT_INVALID_ARGUMENT, SWISH ": x, beta, saved or the gradient of y is NULL");
    if (call->grad_inputs && call->grad_inputs[0]) {
        work.x_gradient = call->grad_inputs[0];
        work.adds = (call->accumulate_inputs & 1) != 0;
        in_parallel(bound->rows, row_grain(bound), input_gradient_rows, &work);
    }
    if (bound->has_beta && call->grad_parameters && call->grad_parameters[0]) {
        work.beta_gradient = call->grad_parameters[0];
        work.adds = (call->accumulate_parameters & 1) != 0;
        in_parallel((bound->columns + column_block - 1) / column_block, 1, beta_gradient_blocks, &work);
    }
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

static const dmt_attr_field trainable = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_BOOL,
    .flags = DMT_FIELD_HAS_DEFAULT,
    .name = TEXT("trainable"),
    .summary = TEXT("Whether beta is learned, one a column; otherwise it is 1."),
    .default_value = {.type = DMT_ATTR_BOOL, .i64 = 1},
};
static const dmt_attr_field *const fields[] = {&trainable};

const dmt_operator swish_operator = {
    .struct_size = sizeof(dmt_operator),
    .revision = 1,
    .name = TEXT(SWISH),
    .summary = TEXT("y = x / (1 + exp(-beta x)); [.., D] -> same, beta [D]; arXiv 1710.05941"),
    .min_inputs = 1,
    .max_inputs = 1,
    .input_names = input_names,
    .attributes = {fields, sizeof fields / sizeof *fields},
    .infer = infer,
    .kernels = &kernels,
};
