/* `@COMPONENT@` deals every feature into a tower, the heaviest first, each to the tower that carries least. */
#include "contract.h"

enum { most = 64 };

/* An answer for `count` features of these costs; the status of the call. */
static dmt_status deal(
    const dmt_partitioner *partitioner, const char *strategy, int64_t count, const double *costs, int64_t towers, int32_t kind,
    double capacity, int32_t *assignment) {
    static dmt_partition_feature features[most];
    static char names[most][8];
    static double coordinates[2 * most];
    for (int64_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "f%lld", (long long)i);
        features[i] = (dmt_partition_feature){
            .name = str(names[i]), .rows = 10, .dim = 4, .lookup_cost = costs[i], .bytes = (int64_t)costs[i] * 160};
        assignment[i] = -1;
    }
    dmt_partition_request request = {
        .struct_size = sizeof request,
        .feature_count = count,
        .features = features,
        .tower_count = towers,
        .balance = 1,
        .capacity_kind = kind,
        .capacity = capacity,
        .strategy = str(strategy),
        .seed = 1,
    };
    dmt_partition_result result = {.struct_size = sizeof result, .assignment = assignment, .coordinates = coordinates};
    return partitioner->partition(partitioner->ctx, &request, &result);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_partitioner *partitioner = component(DMT_KIND_PARTITIONER, "@COMPONENT@");
    REQUIRE(partitioner->strategy_count == 1, "%lld strategies", (long long)partitioner->strategy_count);
    int32_t assignment[most], again[most];

    /* 9 and 7 apart; 4 to the 7; 3 to the 9; 2 to the 11, which is full then; 1 to the 12. */
    static const double costs[] = {1, 9, 2, 7, 4, 3};
    static const int32_t expected[] = {0, 0, 1, 1, 1, 0};
    REQUIRE(deal(partitioner, "@NAME@", 6, costs, 2, DMT_CAPACITY_NONE, 0, assignment) == DMT_OK, "%s", last_error);
    int32_t first = assignment[1];
    for (int i = 0; i < 6; i++)
        EXPECT((assignment[i] != first) == expected[i], "feature %d is in tower %d", i, assignment[i]);

    /* Any numbers: each feature in a tower, sizes within one of each other, the same again. */
    double many[most];
    for (int i = 0; i < most; i++) many[i] = (double)(i * 37 % 23) + 0.5;
    for (int64_t count = 1; count <= most; count += 9)
        for (int64_t towers = 1; towers <= count; towers += 3) {
            int64_t sizes[most] = {0};
            REQUIRE(deal(partitioner, "@NAME@", count, many, towers, DMT_CAPACITY_NONE, 0, assignment) == DMT_OK, "%s", last_error);
            for (int64_t i = 0; i < count; i++) {
                REQUIRE(assignment[i] >= 0 && assignment[i] < towers, "feature %lld is in %d", (long long)i, assignment[i]);
                sizes[assignment[i]]++;
            }
            for (int64_t i = 0; i < towers; i++)
                EXPECT(sizes[i] == count / towers || sizes[i] == (count + towers - 1) / towers, "%lld", (long long)sizes[i]);
            deal(partitioner, "@NAME@", count, many, towers, DMT_CAPACITY_NONE, 0, again);
            EXPECT(memcmp(assignment, again, (size_t)count * sizeof *again) == 0, "the second answer differs");
        }

    /* What cannot be is refused and explained. */
    last_error[0] = 0;
    EXPECT(deal(partitioner, "@NAME@", 6, costs, 2, DMT_CAPACITY_LOOKUPS, 12.5, assignment) == DMT_INVALID_ARGUMENT, "13 in 12.5");
    EXPECT(last_error[0] != 0, "without a word");
    EXPECT(deal(partitioner, "@NAME@", 2, costs, 3, DMT_CAPACITY_NONE, 0, assignment) != DMT_OK, "3 towers of 2 features");
    EXPECT(deal(partitioner, "no-such", 6, costs, 2, DMT_CAPACITY_NONE, 0, assignment) != DMT_OK, "a strategy unknown to it");
    return finish();
}
