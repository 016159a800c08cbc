/* `@COMPONENT@` places every table once and brings every feature home. */
#include "contract.h"

enum { tables = 5, features = 6, most = 32 };

/* What a plan adds. */
typedef struct plan {
    int shard_count, step_count;
    dmt_shard shards[most];
    int32_t kinds[most];
    int64_t feature_counts[most], input_counts[most];
    /* The step that refuses. */
    int refuses;
} plan;

static dmt_status add_shard(void *ctx, const dmt_shard *shard) {
    plan *it = ctx;
    if (it->shard_count == most) return DMT_RESOURCE_EXHAUSTED;
    it->shards[it->shard_count++] = *shard;
    return DMT_OK;
}

static dmt_status add_step(void *ctx, const dmt_dataflow_step *step, int32_t *index) {
    plan *it = ctx;
    if (it->step_count == most || it->step_count == it->refuses) return DMT_SHAPE_MISMATCH;
    for (int64_t i = 0; i < step->input_count; i++)
        if (step->inputs[i] < 0 || step->inputs[i] >= it->step_count) return DMT_INVALID_ARGUMENT;
    it->kinds[it->step_count] = step->kind;
    it->feature_counts[it->step_count] = step->feature_count;
    it->input_counts[it->step_count] = step->input_count;
    *index = it->step_count++;
    return DMT_OK;
}

static dmt_status assign(void *ctx, const dmt_shard_candidate *pieces, int64_t piece_count, int32_t *ranks) {
    (void)ctx;
    for (int64_t i = 0; i < piece_count; i++) ranks[i] = pieces[i].ranks[0];
    return DMT_OK;
}

static dmt_status ask(const dmt_sharding *strategy, int32_t hosts, int32_t wire, const int32_t *cuts, plan *answer) {
    dmt_sharding_table given[tables] = {0};
    dmt_sharding_feature wanted[features] = {0};
    for (int32_t i = 0; i < tables; i++)
        given[i] = (dmt_sharding_table){
            .name = str("table"), .rows = 10 + i, .dim = 4, .row_bytes = 16, .sharding = cuts ? cuts[i] : DMT_SHARD_AUTOMATIC};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    for (int32_t i = 0; i < features; i++)
        wanted[i] = (dmt_sharding_feature){.name = str(names[i]), .table = i % tables, .lookups = 1, .tower = -1};
    static const char *const table_names[] = {"t0", "t1", "t2", "t3", "t4"};
    for (int32_t i = 0; i < tables; i++) given[i].name = str(table_names[i]);
    dmt_sharding_request request = {
        .struct_size = sizeof request,
        .hosts = hosts,
        .ranks_per_host = 2,
        .tower_group_size = 2,
        .forward_wire = wire,
        .backward_wire = wire,
        .table_count = tables,
        .feature_count = features,
        .tables = given,
        .features = wanted,
        .batch = 64,
        .assign = assign,
    };
    dmt_sharding_builder builder = {
        .struct_size = sizeof builder, .ctx = answer, .add_shard = add_shard, .add_step = add_step};
    return strategy->plan(strategy->ctx, &request, &builder);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_sharding *strategy = component(DMT_KIND_SHARDING, "@COMPONENT@");

    for (int32_t hosts = 1; hosts <= 3; hosts++) {
        plan made = {.refuses = -1};
        REQUIRE(ask(strategy, hosts, DMT_WIRE_NATIVE, NULL, &made) == DMT_OK, "plan: %s", last_error);
        REQUIRE(made.shard_count == tables, "%d shards of %d tables", made.shard_count, tables);
        int seen[tables] = {0};
        for (int i = 0; i < tables; i++) {
            const dmt_shard *shard = &made.shards[i];
            REQUIRE(shard->table >= 0 && shard->table < tables && !seen[shard->table]++, "table %d twice", shard->table);
            EXPECT(shard->rank == shard->table % (2 * hosts), "table %d is on rank %d", shard->table, shard->rank);
            EXPECT(
                shard->row_begin == 0 && shard->row_end == 10 + shard->table && shard->column_begin == 0 && shard->column_end == 4,
                "table %d is not whole", shard->table);
        }
        static const int32_t steps[] = {DMT_STEP_EXCHANGE, DMT_STEP_LOOKUP, DMT_STEP_ALL_TO_ALL, DMT_STEP_JOIN};
        EXPECT(made.step_count == 4, "%d steps", made.step_count);
        for (int i = 0; i < 4; i++) EXPECT(made.kinds[i] == steps[i], "step %d is of kind %d", i, made.kinds[i]);
        EXPECT(made.feature_counts[0] == features && made.feature_counts[1] == features, "features are left out");
    }

    /* Numbers that travel rounded, and a table on every rank, have steps of their own. */
    static const int32_t cuts[tables] = {DMT_SHARD_AUTOMATIC, DMT_SHARD_DATA_PARALLEL, DMT_SHARD_TABLE_WISE};
    plan made = {.refuses = -1};
    REQUIRE(ask(strategy, 2, DMT_WIRE_BFLOAT16, cuts, &made) == DMT_OK, "plan: %s", last_error);
    static const int32_t steps[] = {
        DMT_STEP_EXCHANGE, DMT_STEP_LOOKUP, DMT_STEP_CAST, DMT_STEP_ALL_TO_ALL, DMT_STEP_LOOKUP, DMT_STEP_JOIN};
    EXPECT(made.step_count == 6, "%d steps", made.step_count);
    for (int i = 0; i < 6; i++) EXPECT(made.kinds[i] == steps[i], "step %d is of kind %d", i, made.kinds[i]);
    EXPECT(made.feature_counts[1] == features - 1 && made.feature_counts[4] == 1, "features of table 1");
    EXPECT(made.input_counts[5] == 2, "the join reads %lld steps", (long long)made.input_counts[5]);
    int replicated = 0;
    for (int i = 0; i < made.shard_count; i++) replicated += made.shards[i].rank == -1 && made.shards[i].table == 1;
    EXPECT(replicated == 1 && made.shard_count == tables, "table 1 is not on every rank");

    /* A cut that it does not make is refused, and the host's own refusal handed on. */
    static const int32_t rows[tables] = {DMT_SHARD_ROW_WISE};
    plan refused = {.refuses = -1};
    last_error[0] = 0;
    EXPECT(ask(strategy, 1, DMT_WIRE_NATIVE, rows, &refused) != DMT_OK && last_error[0] != 0, "a cut by rows");
    plan stopped = {.refuses = 1};
    EXPECT(ask(strategy, 1, DMT_WIRE_NATIVE, NULL, &stopped) == DMT_SHAPE_MISMATCH, "the host's status was lost");
    return finish();
}
