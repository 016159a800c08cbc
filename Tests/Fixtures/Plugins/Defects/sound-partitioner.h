/**
 * sound-partitioner.h: a partitioner that is right in everything: it deals features out in blocks.
 */
#include "sound.h"

/* Feature i of n goes to tower i * t / n: sizes differ by at most one. */
#ifndef TOWER
#define TOWER(i, request) ((int32_t)((i) * (request)->tower_count / (request)->feature_count))
#endif

static dmt_status partition(void *ctx, const dmt_partition_request *request, dmt_partition_result *result) {
    (void)ctx;
    if (!request || !result) return fail(DMT_INVALID_ARGUMENT, "the request or the result is NULL");
    if (request->struct_size < sizeof *request) return fail(DMT_INVALID_ARGUMENT, "the request is too short");
    if (!equals(request->strategy, (dmt_str)TEXT("blocks"))) return fail(DMT_NOT_FOUND, "blocks is the one strategy");
    if (request->feature_count < 1 || !request->features || !result->assignment)
        return fail(DMT_INVALID_ARGUMENT, "there are no features, or no place for their towers");
    if (request->tower_count < 1 || request->tower_count > request->feature_count)
        return fail(DMT_INVALID_ARGUMENT, "one tower a feature at most is expected");
    for (int64_t i = 0; i < request->feature_count; i++) result->assignment[i] = TOWER(i, request);
    result->explanation = (dmt_str)TEXT("Features in their order, in blocks.");
    return DMT_OK;
}

static const dmt_partition_strategy strategies[] = {{.name = TEXT("blocks"), .summary = TEXT("Blocks of features.")}};
static const dmt_partitioner table = {
    .struct_size = sizeof(dmt_partitioner), .revision = 1, .strategies = strategies, .strategy_count = 1,
    .partition = partition};

SOUND_PLUGIN(DMT_KIND_PARTITIONER, "blocks", &table)
