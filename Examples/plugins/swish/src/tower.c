/**
 * The module `com.example.tower_swish`: Linear(swish(Linear(flat))), the first layer as wide as `hidden`; [B, ..] -> [B, out].
 *
 * Parameters `in.weight` `in.bias`, `swish.beta`, `out.weight` `out.bias`.
 */
#include "plugin.h"

#include <string.h>

/* Adds a node with one result. A status that is not DMT_OK is the host's own error, and is handed on. */
static dmt_status apply(
    const dmt_graph *graph, const char *op, const char *name, const dmt_attr *attribute, dmt_value input, dmt_value *output) {
    dmt_attrs given = {attribute, attribute ? 1 : 0};
    int32_t count = 0;
    return graph->operation(
        graph->ctx, (dmt_str){op, (int64_t)strlen(op)}, (dmt_str){name, (int64_t)strlen(name)}, &given, &input, 1, output, 1,
        &count);
}

static dmt_status expand(
    void *ctx, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    (void)ctx;
    if (!graph || graph->struct_size < sizeof *graph || !attributes || !output)
        return fail(DMT_INVALID_ARGUMENT, TOWER " was called without a graph, attributes or a place for its result");
    if (input_count != 1 || !inputs) return fail(DMT_SHAPE_MISMATCH, TOWER " got %d inputs, it takes one", input_count);
    dmt_shape shape = {0};
    dmt_status status = graph->shape(graph->ctx, inputs[0], &shape);
    if (status != DMT_OK) return status;
    int64_t width = 1;
    for (int32_t i = 1; i < shape.rank; i++)
        if (__builtin_mul_overflow(width, shape.dims[i], &width))
            return fail(DMT_OUT_OF_RANGE, TOWER " got a tensor with more elements a sample than can be counted");
    const dmt_attr *out = attribute(attributes, "out"), *hidden = attribute(attributes, "hidden");
    if (!out || !hidden) return fail(DMT_INVALID_ARGUMENT, TOWER " needs the attributes out and hidden");

    int64_t extents[] = {-1, width};
    dmt_attr flat = {.name = TEXT("shape"), .type = DMT_ATTR_I64_LIST, .list = extents, .list_size = 2};
    dmt_attr wide = {.name = TEXT("out"), .type = DMT_ATTR_I64, .i64 = hidden->i64};
    dmt_attr narrow = {.name = TEXT("out"), .type = DMT_ATTR_I64, .i64 = out->i64};
    dmt_value x = inputs[0];
    if (shape.rank > 2 && (status = apply(graph, "reshape", "", &flat, x, &x)) != DMT_OK) return status;
    if ((status = apply(graph, "linear", "in", &wide, x, &x)) != DMT_OK) return status;
    if ((status = apply(graph, SWISH, "swish", NULL, x, &x)) != DMT_OK) return status;
    return apply(graph, "linear", "out", &narrow, x, output);
}

static const dmt_attr_field out = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_I64,
    .flags = DMT_FIELD_REQUIRED | DMT_FIELD_HAS_MINIMUM,
    .name = TEXT("out"),
    .summary = TEXT("Width of the result."),
    .minimum = 1,
};
static const dmt_attr_field hidden = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_I64,
    .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM,
    .name = TEXT("hidden"),
    .summary = TEXT("Width of the layer that the activation follows."),
    .default_value = {.type = DMT_ATTR_I64, .i64 = 32},
    .minimum = 1,
};
static const dmt_attr_field *const fields[] = {&out, &hidden};

const dmt_module tower_module = {
    .struct_size = sizeof(dmt_module),
    .revision = 1,
    .name = TEXT(TOWER),
    .summary = TEXT("Linear(swish(Linear(flat))); [B, F, N] -> [B, out]"),
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {fields, sizeof fields / sizeof *fields},
    .expand = expand,
};
