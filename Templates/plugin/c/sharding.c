/**
 * The sharding strategy `@COMPONENT@`: table t lies whole on rank t modulo the number of ranks.
 *
 * exchange(world) lookup all_to_all(world) join. A table that the manifest wants on every rank is looked up there; other ways
 * to cut a table are refused. Tower modules run on each rank's own samples.
 */
#include "plugin.h"

#include <stdlib.h>

/* Adds a step and writes its index. */
static dmt_status add(
    const dmt_sharding_builder *builder, dmt_dataflow_step step, const int32_t *inputs, int64_t input_count, int32_t *index) {
    step.struct_size = sizeof step;
    step.inputs = inputs;
    step.input_count = input_count;
    return builder->add_step(builder->ctx, &step, index);
}

static int is_replicated(const dmt_sharding_table *table) { return table->sharding == DMT_SHARD_DATA_PARALLEL; }

static dmt_status place(const dmt_sharding_request *request, const dmt_sharding_builder *builder) {
    int32_t ranks = request->hosts * request->ranks_per_host;
    for (int32_t t = 0; t < request->table_count; t++) {
        const dmt_sharding_table *table = &request->tables[t];
        if (table->sharding != DMT_SHARD_AUTOMATIC && table->sharding != DMT_SHARD_TABLE_WISE && !is_replicated(table))
            return fail(
                DMT_UNIMPLEMENTED, "@COMPONENT@ keeps tables whole, '%.*s' is to be cut", (int)table->name.size, table->name.data);
        dmt_shard shard = {
            .table = t, .rank = is_replicated(table) ? -1 : t % ranks, .row_end = table->rows, .column_end = table->dim};
        dmt_status status = builder->add_shard(builder->ctx, &shard);
        if (status != DMT_OK) return status;
    }
    return DMT_OK;
}

/* Adds the steps; features has room for all of the request's. */
static dmt_status flow(const dmt_sharding_request *request, const dmt_sharding_builder *builder, int32_t *features) {
    int32_t ends[2];
    int64_t end_count = 0, count = 0;
    dmt_status status;
    for (int32_t f = 0; f < request->feature_count; f++)
        if (!is_replicated(&request->tables[request->features[f].table])) features[count++] = f;
    if (count > 0) {
        int32_t edge;
        dmt_dataflow_step exchange = {.kind = DMT_STEP_EXCHANGE, .group = DMT_GROUP_WORLD, .order = DMT_ORDER_RANKS};
        dmt_dataflow_step lookup = {.kind = DMT_STEP_LOOKUP};
        exchange.features = lookup.features = features;
        exchange.feature_count = lookup.feature_count = count;
        if ((status = add(builder, exchange, NULL, 0, &edge)) != DMT_OK) return status;
        if ((status = add(builder, lookup, &edge, 1, &edge)) != DMT_OK) return status;
        if (request->forward_wire != DMT_WIRE_NATIVE || request->backward_wire != DMT_WIRE_NATIVE) {
            dmt_dataflow_step cast = {.kind = DMT_STEP_CAST};
            cast.forward_wire = request->forward_wire;
            cast.backward_wire = request->backward_wire;
            if ((status = add(builder, cast, &edge, 1, &edge)) != DMT_OK) return status;
        }
        dmt_dataflow_step all_to_all = {.kind = DMT_STEP_ALL_TO_ALL, .group = DMT_GROUP_WORLD};
        if ((status = add(builder, all_to_all, &edge, 1, &ends[end_count++])) != DMT_OK) return status;
    }
    count = 0;
    for (int32_t f = 0; f < request->feature_count; f++)
        if (is_replicated(&request->tables[request->features[f].table])) features[count++] = f;
    if (count > 0) {
        dmt_dataflow_step lookup = {.kind = DMT_STEP_LOOKUP, .features = features, .feature_count = count};
        if ((status = add(builder, lookup, NULL, 0, &ends[end_count++])) != DMT_OK) return status;
    }
    if (end_count == 0) return DMT_OK;
    int32_t last;
    return add(builder, (dmt_dataflow_step){.kind = DMT_STEP_JOIN}, ends, end_count, &last);
}

static dmt_status plan(void *ctx, const dmt_sharding_request *request, const dmt_sharding_builder *builder) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || !builder)
        return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the builder is NULL");
    if ((request->table_count > 0 && !request->tables) || (request->feature_count > 0 && !request->features) ||
        request->hosts < 1 || request->ranks_per_host < 1)
        return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: there are no tables, no features or no ranks");
    dmt_status status = place(request, builder);
    if (status != DMT_OK) return status;
    int32_t *features = malloc(sizeof *features * (size_t)(request->feature_count + 1));
    if (!features) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for %d features", request->feature_count);
    status = flow(request, builder, features);
    free(features);
    return status;
}

static const dmt_sharding table = {
    .struct_size = sizeof(dmt_sharding),
    .revision = 1,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Table t lies on rank t modulo the number of ranks."),
    .plan = plan,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_SHARDING),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Table t lies on rank t modulo the number of ranks."),
};
const void *const component_table = &table;
