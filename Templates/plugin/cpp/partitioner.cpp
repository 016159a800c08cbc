/**
 * The partitioner `@COMPONENT@`: features by falling lookup cost, each to the tower that carries least so far.
 *
 * Towers have floor(F / T) or ceil(F / T) features. Where the towers' capacity is in bytes, bytes take the cost's place.
 */
#include "plugin.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace {

/** What each feature adds to its tower's load. */
std::vector<double> feature_loads(const dmt_partition_request &request) {
    std::vector<double> loads;
    for (int64_t i = 0; i < request.feature_count; i++) {
        const dmt_partition_feature &feature = request.features[i];
        double load = request.capacity_kind == DMT_CAPACITY_BYTES ? static_cast<double>(feature.bytes) : feature.lookup_cost;
        if (!std::isfinite(load) || load < 0)
            throw Failure{DMT_INVALID_ARGUMENT, "feature " + std::to_string(i) + " has a load of " + std::to_string(load)};
        loads.push_back(load);
    }
    return loads;
}

/** Deals the features; returns the towers' loads. */
std::vector<double> deal(const dmt_partition_request &request, const std::vector<double> &loads, int32_t *assignment) {
    std::vector<int64_t> order(loads.size());
    std::iota(order.begin(), order.end(), 0);
    // Equal ones stay in their order, so that the same request gives the same answer.
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return loads[a] > loads[b]; });
    auto towers = static_cast<size_t>(request.tower_count);
    size_t smallest = loads.size() / towers;
    size_t larger = loads.size() % towers; // so many towers hold one more
    std::vector<double> carried(towers);
    std::vector<size_t> sizes(towers);
    for (int64_t feature : order) {
        size_t best = towers;
        for (size_t tower = 0; tower < towers; tower++) {
            bool has_room = sizes[tower] < smallest || (sizes[tower] == smallest && larger > 0);
            if (has_room && (best == towers || carried[tower] < carried[best])) best = tower;
        }
        if (sizes[best] == smallest) larger--;
        sizes[best]++;
        carried[best] += loads[feature];
        assignment[feature] = static_cast<int32_t>(best);
    }
    return carried;
}

dmt_status partition(void *, const dmt_partition_request *request, dmt_partition_result *result) {
    return guarded([&] {
        if (!request || request->struct_size < sizeof *request || !request->features || !result || !result->assignment)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: the request, its features or the place for the answer is NULL"};
        if (view(request->strategy) != "@NAME@")
            throw Failure{DMT_NOT_FOUND, "there is no strategy '" + std::string(view(request->strategy)) + "'"};
        if (request->tower_count < 1 || request->tower_count > request->feature_count)
            throw Failure{
                DMT_INVALID_ARGUMENT, std::to_string(request->tower_count) + " towers of " +
                                          std::to_string(request->feature_count) + " features, expected 1 to one a feature"};
        std::vector<double> loads = feature_loads(*request);
        std::vector<double> carried = deal(*request, loads, result->assignment);
        double heaviest = *std::max_element(carried.begin(), carried.end());
        if (request->capacity_kind != DMT_CAPACITY_NONE && heaviest > request->capacity * (1 + 1e-9))
            throw Failure{
                DMT_INVALID_ARGUMENT, "a tower would carry " + std::to_string(heaviest) + ", it carries at most " +
                                          std::to_string(request->capacity)};
        double total = std::accumulate(carried.begin(), carried.end(), 0.0);
        static thread_local dmt_partition_figure figures[1];
        figures[0] = {TEXT("heaviest"), total > 0 ? heaviest * static_cast<double>(carried.size()) / total : 1};
        result->has_coordinates = 0;
        result->figures = figures;
        result->figure_count = 1;
        result->explanation = text(
            "Features by falling lookup cost, each to the tower that carries least; `heaviest` is the largest load over the mean.");
    });
}

const dmt_partition_strategy strategies[] = {
    {.name = TEXT("@NAME@"), .summary = TEXT("The heaviest feature first, to the tower that carries least."), .flags = 0, .reserved = 0},
};

const dmt_partitioner table = {
    .struct_size = sizeof(dmt_partitioner),
    .revision = 1,
    .ctx = nullptr,
    .strategies = strategies,
    .strategy_count = std::size(strategies),
    .partition = partition,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_PARTITIONER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Features by falling lookup cost, each to the tower that carries least."),
};
const void *const component_table = &table;
