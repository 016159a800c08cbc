/* `@COMPONENT@` expands into reshape, linear, mul, linear, with shapes that fit. */
#include "contract.h"

enum { most = 16 };

/* A graph that writes down what is added to it. */
typedef struct graph {
    int32_t count;
    dmt_shape shapes[most];
    char ops[most][32];
    char names[most][32];
    /* Added by a node with parameters. */
    int64_t parameters;
} graph;

static int same(dmt_str text, const char *literal) {
    return (size_t)text.size == strlen(literal) && memcmp(text.data, literal, (size_t)text.size) == 0;
}

static const dmt_attr *attribute(const dmt_attrs *attributes, const char *name) {
    for (int64_t i = 0; i < attributes->count; i++)
        if (same(attributes->items[i].name, name)) return &attributes->items[i];
    return NULL;
}

static dmt_status graph_shape(void *ctx, dmt_value value, dmt_shape *shape) {
    graph *it = ctx;
    if (value < 0 || value >= it->count) return DMT_INVALID_ARGUMENT;
    *shape = it->shapes[value];
    return DMT_OK;
}

static dmt_status graph_operation(
    void *ctx, dmt_str op, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *outputs, int32_t output_capacity, int32_t *output_count) {
    graph *it = ctx;
    if (it->count == most || input_count < 1 || output_capacity < 1) return DMT_RESOURCE_EXHAUSTED;
    for (int32_t i = 0; i < input_count; i++)
        if (inputs[i] < 0 || inputs[i] >= it->count) return DMT_INVALID_ARGUMENT;
    dmt_shape shape = it->shapes[inputs[0]];
    const dmt_attr *out = attribute(attributes, "out"), *extents = attribute(attributes, "shape");
    if (same(op, "linear")) {
        if (!out || out->type != DMT_ATTR_I64 || out->i64 < 1) return DMT_INVALID_ARGUMENT;
        it->parameters += out->i64 * (shape.dims[shape.rank - 1] + 1);
        shape.dims[shape.rank - 1] = out->i64;
    } else if (same(op, "reshape")) {
        if (!extents || extents->type != DMT_ATTR_I64_LIST || extents->list_size > DMT_MAX_RANK) return DMT_INVALID_ARGUMENT;
        shape = (dmt_shape){.rank = (int32_t)extents->list_size};
        memcpy(shape.dims, extents->list, (size_t)extents->list_size * sizeof(int64_t));
    }
    snprintf(it->ops[it->count], sizeof it->ops[0], "%.*s", (int)op.size, op.data);
    snprintf(it->names[it->count], sizeof it->names[0], "%.*s", (int)name.size, name.data);
    it->shapes[it->count] = shape;
    outputs[0] = it->count++;
    *output_count = 1;
    return DMT_OK;
}

/* Refuses everything: what a module does with the host's own error. */
static dmt_status refused_operation(
    void *ctx, dmt_str op, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *outputs, int32_t output_capacity, int32_t *output_count) {
    (void)ctx, (void)op, (void)name, (void)attributes, (void)inputs, (void)input_count, (void)outputs;
    (void)output_capacity, (void)output_count;
    return DMT_SHAPE_MISMATCH;
}

static dmt_status no_module(
    void *ctx, dmt_str module, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    (void)ctx, (void)module, (void)name, (void)attributes, (void)inputs, (void)input_count, (void)output;
    return DMT_NOT_FOUND;
}

static dmt_status no_constant(void *ctx, double value, int64_t columns, dmt_value *output) {
    (void)ctx, (void)value, (void)columns, (void)output;
    return DMT_NOT_FOUND;
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_module *module = component(DMT_KIND_MODULE, "@COMPONENT@");
    dmt_attr out = {.name = str("out"), .type = DMT_ATTR_I64, .i64 = 3};
    dmt_attrs attributes = {&out, 1};

    graph made = {.count = 1, .shapes = {{.rank = 3, .dims = {-1, 2, 4}}}};
    dmt_graph builder = {
        .struct_size = sizeof builder,
        .ctx = &made,
        .shape = graph_shape,
        .operation = graph_operation,
        .module = no_module,
        .constant = no_constant,
    };
    dmt_value input = 0, output = -1;
    REQUIRE(module->expand(module->ctx, &builder, &attributes, &input, 1, &output) == DMT_OK, "expand: %s", last_error);
    static const char *const ops[] = {"reshape", "linear", "mul", "linear"};
    static const char *const names[] = {"", "gate", "", "out"};
    EXPECT(made.count == 5, "%d nodes, expected 4", made.count - 1);
    for (int i = 0; i < 4 && i + 1 < made.count; i++) {
        EXPECT(strcmp(made.ops[i + 1], ops[i]) == 0, "node %d is %s, expected %s", i, made.ops[i + 1], ops[i]);
        EXPECT(strcmp(made.names[i + 1], names[i]) == 0, "node %d is called '%s'", i, made.names[i + 1]);
    }
    EXPECT(output == made.count - 1, "the result is value %d", output);
    EXPECT(made.shapes[output].rank == 2 && made.shapes[output].dims[0] == -1 && made.shapes[output].dims[1] == 3, "its shape");
    EXPECT(made.parameters == 8 * 9 + 3 * 9, "%lld parameters", (long long)made.parameters);

    /* A matrix needs no reshape. */
    made = (graph){.count = 1, .shapes = {{.rank = 2, .dims = {-1, 5}}}};
    REQUIRE(module->expand(module->ctx, &builder, &attributes, &input, 1, &output) == DMT_OK, "expand: %s", last_error);
    EXPECT(made.count == 4 && made.parameters == 5 * 6 + 3 * 6, "%d values", made.count);

    /* The host's error is handed on as it is; an input without columns is the module's own. */
    builder.operation = refused_operation;
    EXPECT(
        module->expand(module->ctx, &builder, &attributes, &input, 1, &output) == DMT_SHAPE_MISMATCH, "a status was lost");
    made = (graph){.count = 1, .shapes = {{.rank = 1, .dims = {-1}}}};
    EXPECT(module->expand(module->ctx, &builder, &attributes, &input, 1, &output) != DMT_OK, "[B] was taken");
    EXPECT(last_error[0] != 0, "and not explained");
    return finish();
}
