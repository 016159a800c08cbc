/**
 * The partitioner `@COMPONENT@`: features by falling lookup cost, each to the tower that carries least so far.
 *
 * Towers have floor(F / T) or ceil(F / T) features. Where the towers' capacity is in bytes, bytes take the cost's place.
 */
#include "plugin.h"

#include <math.h>
#include <stdlib.h>

typedef struct item {
    int64_t feature;
    double load;
} item;

/* Heaviest first; equal ones in their order, so that the same request gives the same answer. */
static int heavier(const void *a, const void *b) {
    const item *left = a, *right = b;
    if (left->load != right->load) return left->load > right->load ? -1 : 1;
    return left->feature < right->feature ? -1 : 1;
}

static void deal(const dmt_partition_request *request, const item *items, int64_t *sizes, double *loads, int32_t *assignment) {
    int64_t smallest = request->feature_count / request->tower_count;
    /* So many towers hold one more. */
    int64_t larger = request->feature_count % request->tower_count;
    for (int64_t i = 0; i < request->feature_count; i++) {
        int64_t best = -1;
        for (int64_t tower = 0; tower < request->tower_count; tower++) {
            int has_room = sizes[tower] < smallest || (sizes[tower] == smallest && larger > 0);
            if (has_room && (best < 0 || loads[tower] < loads[best])) best = tower;
        }
        if (sizes[best] == smallest) larger--;
        sizes[best]++;
        loads[best] += items[i].load;
        assignment[items[i].feature] = (int32_t)best;
    }
}

static dmt_status partition(void *ctx, const dmt_partition_request *request, dmt_partition_result *result) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || !request->features || !result || !result->assignment)
        return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the request, its features or the place for the answer is NULL");
    int64_t count = request->feature_count, towers = request->tower_count;
    if (!is_text(request->strategy, "@NAME@"))
        return fail(DMT_NOT_FOUND, "there is no strategy '%.*s'", (int)request->strategy.size, request->strategy.data);
    if (towers < 1 || towers > count)
        return fail(
            DMT_INVALID_ARGUMENT, "%lld towers of %lld features, expected 1 to one a feature", (long long)towers,
            (long long)count);
    item *items = calloc((size_t)count, sizeof *items);
    double *loads = calloc((size_t)towers, sizeof *loads);
    int64_t *sizes = calloc((size_t)towers, sizeof *sizes);
    dmt_status status = DMT_OK;
    if (!items || !loads || !sizes) status = fail(DMT_RESOURCE_EXHAUSTED, "no memory for %lld features", (long long)count);
    double total = 0, heaviest = 0;
    for (int64_t i = 0; status == DMT_OK && i < count; i++) {
        const dmt_partition_feature *feature = &request->features[i];
        items[i] = (item){i, request->capacity_kind == DMT_CAPACITY_BYTES ? (double)feature->bytes : feature->lookup_cost};
        if (!isfinite(items[i].load) || items[i].load < 0)
            status = fail(DMT_INVALID_ARGUMENT, "feature %lld has a load of %g", (long long)i, items[i].load);
        total += items[i].load;
    }
    if (status == DMT_OK) {
        qsort(items, (size_t)count, sizeof *items, heavier);
        deal(request, items, sizes, loads, result->assignment);
    }
    for (int64_t tower = 0; status == DMT_OK && tower < towers; tower++) {
        if (loads[tower] > heaviest) heaviest = loads[tower];
        if (request->capacity_kind != DMT_CAPACITY_NONE && loads[tower] > request->capacity * (1 + 1e-9))
            status = fail(
                DMT_INVALID_ARGUMENT, "tower %lld would carry %g, it carries at most %g", (long long)tower, loads[tower],
                request->capacity);
    }
    free(items);
    free(loads);
    free(sizes);
    if (status != DMT_OK) return status;

    static _Thread_local dmt_partition_figure figures[1];
    figures[0] = (dmt_partition_figure){TEXT("heaviest"), total > 0 ? heaviest * (double)towers / total : 1};
    result->has_coordinates = 0;
    result->figures = figures;
    result->figure_count = 1;
    result->explanation = (dmt_str)TEXT(
        "Features by falling lookup cost, each to the tower that carries least; `heaviest` is the largest load over the mean.");
    return DMT_OK;
}

static const dmt_partition_strategy strategies[] = {
    {.name = TEXT("@NAME@"), .summary = TEXT("The heaviest feature first, to the tower that carries least.")},
};

static const dmt_partitioner table = {
    .struct_size = sizeof(dmt_partitioner),
    .revision = 1,
    .strategies = strategies,
    .strategy_count = sizeof strategies / sizeof *strategies,
    .partition = partition,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_PARTITIONER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Features by falling lookup cost, each to the tower that carries least."),
};
const void *const component_table = &table;
