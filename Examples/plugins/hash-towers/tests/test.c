/* `hashed` covers every feature, keeps balance and capacity, is the same at every call, and does not look at the order. */
#include "contract.h"

enum { most = 200 };

static char names[most][16];
static dmt_partition_feature features[most];
static int32_t towers_of[most], again[most];
static double coordinates[2 * most];

static dmt_status deal(
    const dmt_partitioner *partitioner, int64_t count, int64_t towers, double balance, double capacity, uint64_t seed,
    int32_t *assignment) {
    dmt_partition_request request = {
        .struct_size = sizeof request,
        .feature_count = count,
        .features = features,
        .tower_count = towers,
        .balance = balance,
        .capacity_kind = capacity > 0 ? DMT_CAPACITY_LOOKUPS : DMT_CAPACITY_NONE,
        .capacity = capacity,
        .strategy = str("hashed"),
        .seed = seed,
    };
    dmt_partition_result result = {.struct_size = sizeof result, .assignment = assignment, .coordinates = coordinates};
    dmt_status status = partitioner->partition(partitioner->ctx, &request, &result);
    if (status == DMT_OK) {
        EXPECT(result.has_coordinates == 0 && result.figure_count == 1, "%lld figures", (long long)result.figure_count);
        EXPECT(result.explanation.size > 0, "no explanation");
    }
    return status;
}

static void name_features(int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "feature%lld", (long long)i);
        features[i] = (dmt_partition_feature){.name = str(names[i]), .rows = 10, .dim = 4, .lookup_cost = 1 + i % 3, .bytes = 160};
    }
}

static void keeps_balance(const dmt_partitioner *partitioner) {
    static const double balances[] = {1, 1.5, 3, 1000};
    for (int64_t count = 1; count <= most; count += 19)
        for (int64_t towers = 1; towers <= count; towers += 4)
            for (size_t b = 0; b < sizeof balances / sizeof *balances; b++) {
                dmt_status status = deal(partitioner, count, towers, balances[b], 0, 1, towers_of);
                if (status != DMT_OK) { /* some balances cannot be: the kit says so */
                    EXPECT(balances[b] > 1 && strstr(last_error, "balance") != NULL, "%s", last_error);
                    continue;
                }
                int64_t sizes[most] = {0}, smallest = most, largest = 0;
                for (int64_t i = 0; i < count; i++) {
                    REQUIRE(towers_of[i] >= 0 && towers_of[i] < towers, "feature %lld: %d", (long long)i, towers_of[i]);
                    sizes[towers_of[i]]++;
                }
                for (int64_t t = 0; t < towers; t++) {
                    if (sizes[t] < smallest) smallest = sizes[t];
                    if (sizes[t] > largest) largest = sizes[t];
                }
                EXPECT(smallest > 0, "an empty tower of %lld", (long long)towers);
                EXPECT(balances[b] == 1 ? largest - smallest <= 1 : (double)largest <= balances[b] * (double)smallest * (1 + 1e-9),
                    "%lld to %lld features at balance %g", (long long)smallest, (long long)largest, balances[b]);
                EXPECT(deal(partitioner, count, towers, balances[b], 0, 1, again) == DMT_OK, "%s", last_error);
                EXPECT(memcmp(towers_of, again, (size_t)count * sizeof *again) == 0, "the second answer differs");
            }
}

static void looks_at_names_alone(const dmt_partitioner *partitioner) {
    enum { count = 26, towers = 4 };
    name_features(count);
    REQUIRE(deal(partitioner, count, towers, 1, 0, 7, towers_of) == DMT_OK, "%s", last_error);
    /* The answer is a function of the names alone, in any version of the plugin: these are the first eight. */
    static const int32_t expected[8] = {1, 0, 0, 2, 2, 3, 1, 0};
    for (int i = 0; i < 8; i++) EXPECT(towers_of[i] == expected[i], "%s is in tower %d, expected %d", names[i], towers_of[i], expected[i]);
    for (int i = 0; i < count / 2; i++) {
        dmt_partition_feature kept = features[i];
        features[i] = features[count - 1 - i];
        features[count - 1 - i] = kept;
    }
    REQUIRE(deal(partitioner, count, towers, 1, 0, 7, again) == DMT_OK, "%s", last_error);
    for (int i = 0; i < count; i++) EXPECT(again[i] == towers_of[count - 1 - i], "feature %d moved with its place", i);
    REQUIRE(deal(partitioner, count, towers, 1, 0, 8, again) == DMT_OK, "%s", last_error);
    EXPECT(memcmp(towers_of, again, sizeof(int32_t) * count) != 0, "the seed changes nothing");

    /* One feature more, with room for it: most stay where they are. */
    name_features(most);
    REQUIRE(deal(partitioner, most - 1, 8, 2, 0, 1, towers_of) == DMT_OK, "%s", last_error);
    REQUIRE(deal(partitioner, most, 8, 2, 0, 1, again) == DMT_OK, "%s", last_error);
    int moved = 0;
    for (int i = 0; i < most - 1; i++) moved += towers_of[i] != again[i];
    EXPECT(moved <= 8, "%d of %d features moved", moved, most - 1);
}

static void keeps_capacity(const dmt_partitioner *partitioner) {
    name_features(30); /* costs 1, 2, 3: 60 in all */
    REQUIRE(deal(partitioner, 30, 3, 2, 21, 1, towers_of) == DMT_OK, "%s", last_error);
    double loads[3] = {0};
    for (int i = 0; i < 30; i++) loads[towers_of[i]] += features[i].lookup_cost;
    for (int t = 0; t < 3; t++) EXPECT(loads[t] <= 21, "tower %d carries %g", t, loads[t]);
    EXPECT(deal(partitioner, 30, 3, 2, 19, 1, towers_of) == DMT_INVALID_ARGUMENT, "60 fit 3 times 19");
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_partitioner *partitioner = component(DMT_KIND_PARTITIONER, "com.example.hash_towers");
    name_features(most);
    keeps_balance(partitioner);
    looks_at_names_alone(partitioner);
    keeps_capacity(partitioner);
    return finish();
}
