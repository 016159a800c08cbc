/**
 * sound-sharding.h: a strategy that is right in everything: whole tables, table i on rank i modulo the ranks.
 */
#include "sound.h"

#ifndef RANK
#define RANK(i, ranks) ((int32_t)((i) % (ranks)))
#endif
#ifndef LAST_COLUMN
#define LAST_COLUMN(table) ((table)->dim)
#endif

/* Adds a step that reads `input` (-1: none) and returns its index, or -1 with the status kept. */
static int32_t add(
    const dmt_sharding_builder *builder, dmt_status *status, dmt_dataflow_step step, int32_t input) {
    if (*status != DMT_OK) return -1;
    int32_t index = -1;
    step.struct_size = sizeof step;
    if (input >= 0) {
        step.inputs = &input;
        step.input_count = 1;
    }
    *status = builder->add_step(builder->ctx, &step, &index);
    return index;
}

static dmt_status make_plan(void *ctx, const dmt_sharding_request *request, const dmt_sharding_builder *builder) {
    (void)ctx;
    if (!request || !builder) return fail(DMT_INVALID_ARGUMENT, "the request or the builder is NULL");
    if (request->struct_size < sizeof *request) return fail(DMT_INVALID_ARGUMENT, "the request is too short");
    if (request->table_count < 0 || request->feature_count < 1 || !request->tables || !request->features)
        return fail(DMT_INVALID_ARGUMENT, "there are no tables or features");
    int64_t ranks = (int64_t)request->hosts * request->ranks_per_host;
    if (ranks < 1) return fail(DMT_INVALID_ARGUMENT, "there are no ranks");
    for (int32_t i = 0; i < request->table_count; i++) {
        const dmt_sharding_table *table = &request->tables[i];
        if (table->sharding != DMT_SHARD_AUTOMATIC && table->sharding != DMT_SHARD_TABLE_WISE)
            return fail(DMT_INVALID_ARGUMENT, "tables are kept whole");
        dmt_shard shard = {
            .table = i, .rank = RANK(i, ranks), .row_end = table->rows, .column_end = LAST_COLUMN(table)};
        dmt_status status = builder->add_shard(builder->ctx, &shard);
        if (status != DMT_OK) return status;
    }
    int32_t *features = malloc((size_t)request->feature_count * sizeof *features);
    if (!features) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for the features");
    for (int32_t i = 0; i < request->feature_count; i++) {
        features[i] = i;
    }
    dmt_status status = DMT_OK;
    dmt_dataflow_step all = {.features = features, .feature_count = request->feature_count};
    dmt_dataflow_step exchange = all, lookup = all;
    exchange.kind = DMT_STEP_EXCHANGE;
    lookup.kind = DMT_STEP_LOOKUP;
    int32_t last = add(builder, &status, exchange, -1);
    last = add(builder, &status, lookup, last);
    last = add(
        builder, &status,
        (dmt_dataflow_step){
            .kind = DMT_STEP_CAST, .forward_wire = request->forward_wire, .backward_wire = request->backward_wire},
        last);
    last = add(builder, &status, (dmt_dataflow_step){.kind = DMT_STEP_ALL_TO_ALL, .group = DMT_GROUP_WORLD}, last);
    add(builder, &status, (dmt_dataflow_step){.kind = DMT_STEP_TRANSPOSE}, last);
    free(features);
    return status;
}

static const dmt_sharding table = {
    .struct_size = sizeof(dmt_sharding), .revision = 1, .name = TEXT("whole"), .summary = TEXT("Whole tables."),
    .plan = make_plan};

SOUND_PLUGIN(DMT_KIND_SHARDING, "whole", &table)
