/**
 * The module `@COMPONENT@`: y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out].
 *
 * Parameters `gate.weight` [N, N], `gate.bias` [N], `out.weight` [out, N], `out.bias` [out]. A module has no kernels and no
 * gradient: it writes operators into the host's graph, which has both.
 */
#include "plugin.h"

/* Adds a node with one result. A status that is not DMT_OK is the host's own error, and is handed on. */
static dmt_status apply(
    const dmt_graph *graph, const char *op, const char *name, const dmt_attr *attributes, int64_t attribute_count,
    const dmt_value *inputs, int32_t input_count, dmt_value *output) {
    dmt_attrs given = {attributes, attribute_count};
    int32_t output_count = 0;
    return graph->operation(
        graph->ctx, text(op), text(name), &given, inputs, input_count, output, 1, &output_count);
}

static dmt_status expand(
    void *ctx, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    (void)ctx;
    if (!graph || !attributes || !inputs || !output) return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the graph or an argument is NULL");
    if (input_count != 1) return fail(DMT_SHAPE_MISMATCH, "@COMPONENT@ got %d inputs, it takes one", input_count);
    dmt_shape shape = {0};
    dmt_status status = graph->shape(graph->ctx, inputs[0], &shape);
    if (status != DMT_OK) return status;
    if (shape.rank < 2)
        return fail(DMT_SHAPE_MISMATCH, "@COMPONENT@ got a tensor of rank %d, expected [B, ..]", shape.rank);
    int64_t width = 1;
    for (int32_t i = 1; i < shape.rank; i++)
        if (__builtin_mul_overflow(width, shape.dims[i], &width))
            return fail(DMT_OUT_OF_RANGE, "@COMPONENT@ got a tensor with more elements a sample than can be counted");

    dmt_value x = inputs[0], gate, gated;
    if (shape.rank > 2) {
        int64_t extents[] = {-1, width};
        dmt_attr flat = {.name = TEXT("shape"), .type = DMT_ATTR_I64_LIST, .list = extents, .list_size = 2};
        if ((status = apply(graph, "reshape", "", &flat, 1, &x, 1, &x)) != DMT_OK) return status;
    }
    dmt_attr gate_attributes[] = {
        {.name = TEXT("out"), .type = DMT_ATTR_I64, .i64 = width},
        {.name = TEXT("activation"), .type = DMT_ATTR_STR, .str = TEXT("sigmoid")},
    };
    if ((status = apply(graph, "linear", "gate", gate_attributes, 2, &x, 1, &gate)) != DMT_OK) return status;
    dmt_value factors[] = {x, gate};
    if ((status = apply(graph, "mul", "", NULL, 0, factors, 2, &gated)) != DMT_OK) return status;
    dmt_attr out = {.name = TEXT("out"), .type = DMT_ATTR_I64, .i64 = integer(attributes, "out", 1)};
    return apply(graph, "linear", "out", &out, 1, &gated, 1, output);
}

static const dmt_attr_field out = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_I64,
    .flags = DMT_FIELD_REQUIRED | DMT_FIELD_HAS_MINIMUM,
    .name = TEXT("out"),
    .summary = TEXT("Width of the result."),
    .minimum = 1,
};
static const dmt_attr_field *const fields[] = {&out};

static const dmt_module table = {
    .struct_size = sizeof(dmt_module),
    .revision = 1,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out]."),
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {fields, sizeof fields / sizeof *fields},
    .expand = expand,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_MODULE),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out]."),
};
const void *const component_table = &table;
