/* `@COMPONENT@` computes y = x / (1 + exp(-beta x)), and its gradient. */
#include "contract.h"

enum { count = 7 };

static const float xs[count] = {-20, -2.5f, -1, 0, 0.5f, 3, 20};
static const double betas[] = {1, 0.25, 2};

static double swish(double x, double beta) { return x / (1 + exp(-beta * x)); }

/* Central difference in double. */
static double slope(double x, double beta) { return (swish(x + 1e-5, beta) - swish(x - 1e-5, beta)) / 2e-5; }

static void with_beta(const dmt_operator *operation, double beta) {
    dmt_attr attribute = {.name = str("beta"), .type = DMT_ATTR_F64, .f64 = beta};
    int64_t extents[] = {count};
    dmt_tensor tensor = {
        .device = {DMT_DEVICE_CPU, 0}, .ndim = 1, .dtype = {DMT_DTYPE_FLOAT, 32, 1}, .shape = extents};
    dmt_kernel_request request = {
        .struct_size = sizeof request,
        .flags = DMT_BIND_TRAINING,
        .op = str("@COMPONENT@"),
        .op_revision = 1,
        .threads = 1,
        .input_count = 1,
        .output_count = 1,
        .inputs = &tensor,
        .outputs = &tensor,
        .attributes = {&attribute, 1},
        .wanted_input_gradients = 1,
    };
    const dmt_kernels *kernels = operation->kernels;
    dmt_support support = {.struct_size = sizeof support};
    EXPECT(kernels->supports(kernels->ctx, &request, &support) == DMT_OK && support.score > 0, "%s", last_error);
    dmt_kernel_plan plan = {.struct_size = sizeof plan};
    REQUIRE(kernels->bind(kernels->ctx, &request, &plan) == DMT_OK, "bind: %s", last_error);

    _Alignas(64) float x[count], y[count], y_gradient[count], x_gradient[count];
    memcpy(x, xs, sizeof x);
    for (int i = 0; i < count; i++) {
        y[i] = NAN;
        y_gradient[i] = 0.5f + (float)i;
        x_gradient[i] = NAN;
    }
    const void *inputs[] = {x}, *output_gradients[] = {y_gradient}, *parameters[] = {NULL};
    void *outputs[] = {y}, *input_gradients[] = {x_gradient}, *parameter_gradients[] = {NULL};
    void *saved = plan.saved_bytes ? calloc(1, (size_t)plan.saved_bytes) : NULL;
    void *scratch = plan.scratch_bytes ? calloc(1, (size_t)plan.scratch_bytes) : NULL;
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
        .scratch = scratch,
    };
    EXPECT(kernels->forward(plan.handle, &call) == DMT_OK, "forward: %s", last_error);
    for (int i = 0; i < count; i++)
        EXPECT(near(y[i], swish(x[i], beta), 1e-5), "y(%g) is %g, expected %g", x[i], y[i], swish(x[i], beta));
    EXPECT(kernels->backward(plan.handle, &call) == DMT_OK, "backward: %s", last_error);
    for (int i = 0; i < count; i++) {
        double expected = y_gradient[i] * slope(x[i], beta);
        EXPECT(near(x_gradient[i], expected, 1e-4), "the gradient at %g is %g, expected %g", x[i], x_gradient[i], expected);
        x_gradient[i] = 100;
    }
    call.accumulate_inputs = 1;
    EXPECT(kernels->backward(plan.handle, &call) == DMT_OK, "backward: %s", last_error);
    for (int i = 0; i < count; i++) {
        double expected = 100 + y_gradient[i] * slope(x[i], beta);
        EXPECT(near(x_gradient[i], expected, 1e-4), "added to 100, it is %g, expected %g", x_gradient[i], expected);
    }
    kernels->release(plan.handle);
    free(saved);
    free(scratch);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_operator *operation = component(DMT_KIND_OPERATOR, "@COMPONENT@");

    dmt_attr beta = {.name = str("beta"), .type = DMT_ATTR_F64, .f64 = 1};
    dmt_attrs attributes = {&beta, 1};
    dmt_shape shape = {.rank = 3, .dims = {-1, 4, 5}};
    dmt_signature signature = {.struct_size = sizeof signature};
    REQUIRE(operation->infer(operation->ctx, &shape, 1, &attributes, &signature) == DMT_OK, "infer: %s", last_error);
    EXPECT(signature.output_count == 1 && signature.parameter_count == 0, "%d outputs", signature.output_count);
    EXPECT(memcmp(&signature.outputs[0], &shape, sizeof shape) == 0, "y has another shape than x");
    EXPECT(signature.backward_reads_inputs == 1, "backward reads x");

    for (size_t i = 0; i < sizeof betas / sizeof *betas; i++) with_beta(operation, betas[i]);
    return finish();
}
