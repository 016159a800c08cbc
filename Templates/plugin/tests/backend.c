/* `@COMPONENT@` serves linear without an activation: y = x W^T + b, and its gradients. */
#include "contract.h"

enum { outer = 2, inner = 3, rows = outer * inner, in = 4, out = 5 };

typedef struct numbers {
    _Alignas(64) float x[rows * in];
    _Alignas(64) float weight[out * in];
    _Alignas(64) float bias[out];
    _Alignas(64) float y[rows * out];
} numbers;

static void fill(float *values, int count, int seed) {
    for (int i = 0; i < count; i++) values[i] = (float)((i * 29 + seed * 17) % 13 - 6) / 8;
}

static int64_t x_extents[] = {outer, inner, in}, weight_extents[] = {out, in}, bias_extents[] = {out};
static int64_t y_extents[] = {outer, inner, out};

static dmt_tensor tensor(int64_t *extents, int32_t rank) {
    return (dmt_tensor){
        .device = {DMT_DEVICE_CPU, 0}, .ndim = rank, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = extents};
}

/* A request for linear; attributes has room for three. */
static dmt_kernel_request request(dmt_tensor tensors[4], dmt_attr attributes[3], const char *activation, int has_bias) {
    tensors[0] = tensor(x_extents, 3);
    tensors[1] = tensor(weight_extents, 2);
    tensors[2] = tensor(bias_extents, 1);
    tensors[3] = tensor(y_extents, 3);
    attributes[0] = (dmt_attr){.name = str("out"), .type = DMT_ATTR_I64, .i64 = out};
    attributes[1] = (dmt_attr){.name = str("bias"), .type = DMT_ATTR_BOOL, .i64 = has_bias};
    attributes[2] = (dmt_attr){.name = str("activation"), .type = DMT_ATTR_STR, .str = str(activation)};
    return (dmt_kernel_request){
        .struct_size = sizeof(dmt_kernel_request),
        .flags = DMT_BIND_TRAINING,
        .op = str("linear"),
        .op_revision = 1,
        .threads = 1,
        .input_count = 1,
        .parameter_count = 1 + has_bias,
        .output_count = 1,
        .inputs = &tensors[0],
        .parameters = &tensors[1],
        .outputs = &tensors[3],
        .attributes = {attributes, 3},
        .wanted_input_gradients = 1,
    };
}

/* Forward and backward, gradients added to `start`; against sums in double. */
static void computes(const dmt_kernels *kernels, int has_bias, int accumulates) {
    static numbers given, gradient;
    fill(given.x, rows * in, 1);
    fill(given.weight, out * in, 2);
    fill(given.bias, out, 3);
    fill(gradient.y, rows * out, 4);
    for (int i = 0; i < rows * in; i++) gradient.x[i] = accumulates ? 3 : NAN;
    for (int i = 0; i < out * in; i++) gradient.weight[i] = accumulates ? 3 : NAN;
    for (int i = 0; i < out; i++) gradient.bias[i] = accumulates ? 3 : NAN;
    for (int i = 0; i < rows * out; i++) given.y[i] = NAN;
    dmt_tensor tensors[4];
    dmt_attr attributes[3];
    dmt_kernel_request asked = request(tensors, attributes, "none", has_bias);
    dmt_support support = {.struct_size = sizeof support};
    EXPECT(kernels->supports(kernels->ctx, &asked, &support) == DMT_OK && support.score > 0, "%s", last_error);
    dmt_kernel_plan plan = {.struct_size = sizeof plan};
    REQUIRE(kernels->bind(kernels->ctx, &asked, &plan) == DMT_OK, "bind: %s", last_error);
    const void *inputs[] = {given.x}, *parameters[] = {given.weight, given.bias}, *output_gradients[] = {gradient.y};
    void *outputs[] = {given.y}, *input_gradients[] = {gradient.x}, *parameter_gradients[] = {gradient.weight, gradient.bias};
    dmt_kernel_call call = {
        .struct_size = sizeof call,
        .flags = DMT_CALL_TRAINING,
        .inputs = inputs,
        .parameters = parameters,
        .outputs = outputs,
        .grad_outputs = output_gradients,
        .grad_inputs = input_gradients,
        .grad_parameters = parameter_gradients,
        .accumulate_inputs = accumulates ? 1 : 0,
        .accumulate_parameters = accumulates ? 3 : 0,
    };
    EXPECT(kernels->forward(plan.handle, &call) == DMT_OK, "forward: %s", last_error);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < out; o++) {
            double sum = has_bias ? given.bias[o] : 0;
            for (int i = 0; i < in; i++) sum += (double)given.x[r * in + i] * given.weight[o * in + i];
            EXPECT(near(given.y[r * out + o], sum, 1e-5), "y[%d, %d] is %g, expected %g", r, o, given.y[r * out + o], sum);
        }
    EXPECT(kernels->backward(plan.handle, &call) == DMT_OK, "backward: %s", last_error);
    double start = accumulates ? 3 : 0;
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < in; i++) {
            double sum = start;
            for (int o = 0; o < out; o++) sum += (double)gradient.y[r * out + o] * given.weight[o * in + i];
            EXPECT(near(gradient.x[r * in + i], sum, 1e-5), "dx[%d, %d] is %g, expected %g", r, i, gradient.x[r * in + i], sum);
        }
    for (int o = 0; o < out; o++) {
        double bias = start;
        for (int r = 0; r < rows; r++) bias += gradient.y[r * out + o];
        if (has_bias) EXPECT(near(gradient.bias[o], bias, 1e-5), "db[%d] is %g, expected %g", o, gradient.bias[o], bias);
        for (int i = 0; i < in; i++) {
            double sum = start;
            for (int r = 0; r < rows; r++) sum += (double)gradient.y[r * out + o] * given.x[r * in + i];
            EXPECT(
                near(gradient.weight[o * in + i], sum, 1e-5), "dW[%d, %d] is %g, expected %g", o, i, gradient.weight[o * in + i], sum);
        }
    }
    kernels->release(plan.handle);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_backend *backend = component(DMT_KIND_BACKEND, "@COMPONENT@");
    const dmt_kernels *kernels = backend->kernels;
    dmt_cpu cpu = {.struct_size = sizeof cpu, .cores = 1};
    dmt_probe probe = {.struct_size = sizeof probe};
    EXPECT(backend->probe == NULL || backend->probe(backend->ctx, &cpu, &probe) == DMT_OK, "probe: %s", last_error);
    for (int i = 0; i < 4; i++) computes(kernels, i & 1, i >> 1);

    /* What it does not serve it leaves to others. */
    dmt_tensor tensors[4];
    dmt_attr attributes[3];
    dmt_kernel_request asked = request(tensors, attributes, "relu", 1);
    dmt_support support = {.struct_size = sizeof support, .score = 99};
    EXPECT(kernels->supports(kernels->ctx, &asked, &support) == DMT_OK && support.score == 0, "relu: %d", support.score);
    dmt_kernel_plan plan = {.struct_size = sizeof plan};
    EXPECT(kernels->bind(kernels->ctx, &asked, &plan) == DMT_UNIMPLEMENTED, "relu was bound");
    asked = request(tensors, attributes, "none", 1);
    asked.op = str("matmul");
    support.score = 99;
    EXPECT(kernels->supports(kernels->ctx, &asked, &support) == DMT_OK && support.score == 0, "matmul: %d", support.score);
    return finish();
}
