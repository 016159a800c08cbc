/**
 * module.h: component kind `module`, revision 1: a composite that expands into operators and other modules.
 */
#ifndef DMT_MODULE_H
#define DMT_MODULE_H

#include "base.h"
#include "operator.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A tensor of the graph that is being built; valid during the expansion. */
typedef int32_t dmt_value;

/** The host's graph builder, valid during one expand. A status other than DMT_OK is to be returned as it is. */
typedef struct dmt_graph {
    uint32_t struct_size;
    uint32_t reserved;
    /** First argument of the functions below. */
    void *ctx;
    /** [instance] Shape of a value. */
    dmt_status (*shape)(void *ctx, dmt_value value, dmt_shape *shape);
    /**
     * [instance] Adds a node: an operator by name. `name` (may be empty) goes in front of its parameters' names and makes
     * the node's name. outputs receives up to output_capacity values, *output_count how many the node has.
     */
    dmt_status (*operation)(
        void *ctx, dmt_str op, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
        dmt_value *outputs, int32_t output_capacity, int32_t *output_count);
    /** [instance] Expands another module by name in scope `name`. */
    dmt_status (*module)(
        void *ctx, dmt_str module, dmt_str name, const dmt_attrs *attributes, const dmt_value *inputs,
        int32_t input_count, dmt_value *output);
    /** [instance] A tensor [B, columns] that holds `value` everywhere: the input of a model that has no dense feature. */
    dmt_status (*constant)(void *ctx, double value, int64_t columns, dmt_value *output);
} dmt_graph;

/** A module. */
typedef struct dmt_module {
    uint32_t struct_size;
    /** Revision of the module's semantics. */
    int32_t revision;
    /** First argument of expand. */
    void *ctx;
    /** `tower.dcn`; a name of a vendor's own has dots: `com.vendor.tower`. */
    dmt_str name;
    /** Formula, shapes and source. */
    dmt_str summary;
    int32_t min_inputs;
    /** -1: any number. */
    int32_t max_inputs;
    dmt_attr_schema attributes;
    /** [any] Adds the module's nodes to the graph; output is its one result. Keeps nothing. */
    dmt_status (*expand)(
        void *ctx, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
        dmt_value *output);
} dmt_module;

DMT_STATIC_ASSERT(sizeof(dmt_graph) == 48, "dmt_graph");
DMT_STATIC_ASSERT(sizeof(dmt_module) == 80, "dmt_module");

#ifdef __cplusplus
}
#endif
#endif
