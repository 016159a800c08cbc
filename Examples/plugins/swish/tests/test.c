/* The activation against its formula in double, its gradients against differences, and its tower's expansion. */
#include "contract.h"

enum { rows = 70, columns = 19, count = rows * columns };

static float x[count], y[count], y_gradient[count], x_gradient[count], beta[columns], beta_gradient[columns], saved[count];

static double swish(double x, double beta) { return x / (1 + exp(-beta * x)); }

/* The loss whose gradient backward is given: the sum of y times y_gradient; `nudge` is added to x[at] or to beta[column]. */
static double loss(int at, int column, double nudge) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double steepness = beta[i % columns] + (i % columns == column ? nudge : 0);
        sum += y_gradient[i] * swish(x[i] + (i == at ? nudge : 0), steepness);
    }
    return sum;
}

static void draw(float *values, int n, uint32_t seed) {
    for (int i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / (1 << 22) - 2;
    }
}

static dmt_kernel_request request_of(dmt_tensor *x_tensor, dmt_tensor *beta_tensor, const dmt_attr *trainable) {
    return (dmt_kernel_request){
        .struct_size = sizeof(dmt_kernel_request),
        .flags = DMT_BIND_TRAINING,
        .op = str("com.example.swish"),
        .op_revision = 1,
        .threads = 1,
        .input_count = 1,
        .parameter_count = trainable->i64 ? 1 : 0,
        .output_count = 1,
        .inputs = x_tensor,
        .parameters = beta_tensor,
        .outputs = x_tensor,
        .attributes = {trainable, 1},
        .wanted_input_gradients = 1,
    };
}

static void computes(const dmt_operator *operation, int trainable) {
    int64_t extents[] = {rows / 7, 7, columns}, width[] = {columns};
    dmt_tensor x_tensor = {.device = {1, 0}, .ndim = 3, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = extents};
    dmt_tensor beta_tensor = {.device = {1, 0}, .ndim = 1, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = width};
    dmt_attr attribute = {.name = str("trainable"), .type = DMT_ATTR_BOOL, .i64 = trainable};
    dmt_kernel_request request = request_of(&x_tensor, &beta_tensor, &attribute);
    const dmt_kernels *kernels = operation->kernels;
    dmt_kernel_plan plan = {.struct_size = sizeof plan};
    REQUIRE(kernels->bind(kernels->ctx, &request, &plan) == DMT_OK, "bind: %s", last_error);
    REQUIRE(plan.saved_bytes == sizeof saved, "%lld bytes saved", (long long)plan.saved_bytes);

    draw(x, count, 1);
    draw(y_gradient, count, 2);
    for (int j = 0; j < columns; j++) beta[j] = trainable ? 0.25f + 0.2f * (float)j : 1;
    const void *inputs[] = {x}, *parameters[] = {beta}, *output_gradients[] = {y_gradient};
    void *outputs[] = {y}, *input_gradients[] = {x_gradient}, *parameter_gradients[] = {beta_gradient};
    dmt_kernel_call call = {
        .struct_size = sizeof call,
        .flags = DMT_CALL_TRAINING,
        .inputs = inputs,
        .parameters = parameters,
        .outputs = outputs,
        .grad_outputs = output_gradients,
        .grad_inputs = input_gradients,
        .grad_parameters = parameter_gradients,
        .saved = saved,
    };
    REQUIRE(kernels->forward(plan.handle, &call) == DMT_OK, "forward: %s", last_error);
    for (int i = 0; i < count; i++) EXPECT(near(y[i], swish(x[i], beta[i % columns]), 1e-6), "y(%g) is %g", x[i], y[i]);

    for (int adds = 0; adds <= 1; adds++) {
        for (int i = 0; i < count; i++) x_gradient[i] = adds ? 3 : NAN;
        for (int j = 0; j < columns; j++) beta_gradient[j] = adds ? 3 : NAN;
        call.accumulate_inputs = call.accumulate_parameters = adds ? 1 : 0;
        REQUIRE(kernels->backward(plan.handle, &call) == DMT_OK, "backward: %s", last_error);
        for (int i = 0; i < count; i += 7) {
            double slope = (loss(i, -1, 1e-5) - loss(i, -1, -1e-5)) / 2e-5 + (adds ? 3 : 0);
            EXPECT(near(x_gradient[i], slope, 2e-6), "dx at %d is %.9g, differences say %.9g", i, x_gradient[i], slope);
        }
        for (int j = 0; j < columns && trainable; j++) {
            double slope = (loss(-1, j, 1e-5) - loss(-1, j, -1e-5)) / 2e-5 + (adds ? 3 : 0);
            EXPECT(near(beta_gradient[j], slope, 2e-6), "dbeta %d is %.9g, differences say %.9g", j, beta_gradient[j], slope);
        }
    }
    /* A gradient that is not wanted is left alone. */
    input_gradients[0] = parameter_gradients[0] = NULL;
    EXPECT(kernels->backward(plan.handle, &call) == DMT_OK, "backward: %s", last_error);
    kernels->release(plan.handle);
}

static void refuses(const dmt_operator *operation) {
    int64_t extents[] = {2, columns}, narrow[] = {columns - 1};
    dmt_tensor x_tensor = {.device = {1, 0}, .ndim = 2, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = extents};
    dmt_tensor beta_tensor = {.device = {1, 0}, .ndim = 1, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = narrow};
    dmt_attr attribute = {.name = str("trainable"), .type = DMT_ATTR_BOOL, .i64 = 1};
    dmt_kernel_request request = request_of(&x_tensor, &beta_tensor, &attribute);
    dmt_kernel_plan plan = {.struct_size = sizeof plan};
    const dmt_kernels *kernels = operation->kernels;
    EXPECT(kernels->bind(kernels->ctx, &request, &plan) == DMT_SHAPE_MISMATCH, "a beta that is too short is taken");
    beta_tensor.shape = extents + 1;
    x_tensor.dtype.bits = 64;
    EXPECT(kernels->bind(kernels->ctx, &request, &plan) == DMT_UNIMPLEMENTED, "float64 is taken");
}

/* A graph that takes down what a module adds. */
static char nodes[256];

static dmt_status graph_shape(void *ctx, dmt_value value, dmt_shape *shape) {
    (void)ctx, (void)value;
    *shape = (dmt_shape){.rank = 3, .dims = {-1, 3, 8}};
    return DMT_OK;
}

static dmt_status graph_operation(
    void *ctx, dmt_str op, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *outputs, int32_t capacity, int32_t *output_count) {
    (void)ctx, (void)capacity;
    size_t used = strlen(nodes);
    long long number = attributes->count > 0 ? (long long)attributes->items[0].i64 : 0;
    snprintf(nodes + used, sizeof nodes - used, "%.*s %.*s %lld; ", (int)op.size, op.data, (int)name.size, name.data, number);
    outputs[0] = inputs[0] + input_count;
    *output_count = 1;
    return DMT_OK;
}

static void expands(const dmt_module *tower) {
    const dmt_graph graph = {.struct_size = sizeof graph, .shape = graph_shape, .operation = graph_operation};
    dmt_attr attributes[] = {
        {.name = str("out"), .type = DMT_ATTR_I64, .i64 = 5}, {.name = str("hidden"), .type = DMT_ATTR_I64, .i64 = 9}};
    dmt_attrs given = {attributes, 2};
    dmt_value input = 0, output = -1;
    EXPECT(tower->expand(tower->ctx, &graph, &given, &input, 1, &output) == DMT_OK, "%s", last_error);
    EXPECT(output == 4, "the output is value %d", output);
    EXPECT(strcmp(nodes, "reshape  0; linear in 9; com.example.swish swish 0; linear out 5; ") == 0, "%s", nodes);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_operator *operation = component(DMT_KIND_OPERATOR, "com.example.swish");
    computes(operation, 1);
    computes(operation, 0);
    refuses(operation);
    expands(component(DMT_KIND_MODULE, "com.example.tower_swish"));
    return finish();
}
