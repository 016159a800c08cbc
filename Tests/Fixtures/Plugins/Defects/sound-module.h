/**
 * sound-module.h: a module that is right in everything: relu(Linear(x)) on [B, N].
 */
#include "sound.h"

#ifndef DEVIATION
#define DEVIATION 0.1
#endif

static dmt_status expand(
    void *ctx, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    (void)ctx;
    if (!graph || !attributes || !inputs || input_count != 1 || !output)
        return fail(DMT_INVALID_ARGUMENT, "a graph, one input and a place for the output are expected");
    dmt_shape shape;
    dmt_status status = graph->shape(graph->ctx, inputs[0], &shape);
    if (status != DMT_OK) return status;
    if (shape.rank != 2) return fail(DMT_SHAPE_MISMATCH, "[B, N] is expected");
    const dmt_attr *width = attribute(*attributes, "out");
    const dmt_attr settings[] = {
        {.name = TEXT("out"), .type = DMT_ATTR_I64, .i64 = width ? width->i64 : 4},
        {.name = TEXT("weight_deviation"), .type = DMT_ATTR_F64, .f64 = DEVIATION},
    };
    dmt_value value;
    int32_t count = 0;
    status = graph->operation(
        graph->ctx, (dmt_str)TEXT("linear"), (dmt_str)TEXT("inner"), &(dmt_attrs){settings, 2}, inputs, 1, &value,
        1, &count);
    if (status != DMT_OK) return status;
    return graph->operation(
        graph->ctx, (dmt_str)TEXT("relu"), (dmt_str){NULL, 0}, &(dmt_attrs){NULL, 0}, &value, 1, output, 1, &count);
}

static const dmt_attr_field out_field = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_I64, .flags = DMT_FIELD_REQUIRED | DMT_FIELD_HAS_MINIMUM,
    .name = TEXT("out"), .summary = TEXT("Width of the result."), .minimum = 1};
static const dmt_attr_field *const fields[] = {&out_field};
static const dmt_module table = {
    .struct_size = sizeof(dmt_module), .revision = 1, .name = TEXT("com.example.layer"),
    .summary = TEXT("relu(Linear(x))"), .min_inputs = 1, .max_inputs = 1, .attributes = {fields, 1}, .expand = expand};

SOUND_PLUGIN(DMT_KIND_MODULE, "com.example.layer", &table)
