/**
 * The sharding strategy `@COMPONENT@`: table t lies whole on rank t modulo the number of ranks.
 *
 * exchange(world) lookup all_to_all(world) join. A table that the manifest wants on every rank is looked up there; other ways
 * to cut a table are refused. Tower modules run on each rank's own samples.
 */
#include "plugin.hpp"

#include <vector>

namespace {

/** A status of the host's builder: its error is the host's own and is handed on as it is. */
struct HostStatus {
    dmt_status status;
};

/** The host's builder, with exceptions for statuses. */
class Plan {
  public:
    explicit Plan(const dmt_sharding_builder &builder) : builder(builder) {}

    void add(const dmt_shard &shard) const { check(builder.add_shard(builder.ctx, &shard)); }

    /** Adds a step that reads the results of earlier ones; returns how later ones name it. */
    int32_t add(int32_t kind, const std::vector<int32_t> &inputs, const std::vector<int32_t> &features = {}) const {
        dmt_dataflow_step step{};
        step.kind = kind;
        step.group = DMT_GROUP_WORLD;
        step.order = DMT_ORDER_RANKS;
        return add(step, inputs, features);
    }

    int32_t add(dmt_dataflow_step step, const std::vector<int32_t> &inputs, const std::vector<int32_t> &features = {}) const {
        step.struct_size = sizeof step;
        step.inputs = inputs.data();
        step.input_count = static_cast<int64_t>(inputs.size());
        step.features = features.data();
        step.feature_count = static_cast<int64_t>(features.size());
        int32_t index = -1;
        check(builder.add_step(builder.ctx, &step, &index));
        return index;
    }

  private:
    static void check(dmt_status status) {
        if (status != DMT_OK) throw HostStatus{status};
    }

    const dmt_sharding_builder &builder;
};

bool is_replicated(const dmt_sharding_table &table) { return table.sharding == DMT_SHARD_DATA_PARALLEL; }

void place(const dmt_sharding_request &request, const Plan &plan) {
    int32_t ranks = request.hosts * request.ranks_per_host;
    for (int32_t t = 0; t < request.table_count; t++) {
        const dmt_sharding_table &table = request.tables[t];
        if (table.sharding != DMT_SHARD_AUTOMATIC && table.sharding != DMT_SHARD_TABLE_WISE && !is_replicated(table))
            throw Failure{DMT_UNIMPLEMENTED, "@COMPONENT@ keeps tables whole, '" + std::string(view(table.name)) + "' is to be cut"};
        plan.add({
            .table = t,
            .rank = is_replicated(table) ? -1 : t % ranks,
            .row_begin = 0,
            .row_end = table.rows,
            .column_begin = 0,
            .column_end = table.dim,
        });
    }
}

void flow(const dmt_sharding_request &request, const Plan &plan) {
    std::vector<int32_t> whole, replicated, ends;
    for (int32_t f = 0; f < request.feature_count; f++)
        (is_replicated(request.tables[request.features[f].table]) ? replicated : whole).push_back(f);
    if (!whole.empty()) {
        int32_t exchange = plan.add(DMT_STEP_EXCHANGE, {}, whole);
        int32_t edge = plan.add(DMT_STEP_LOOKUP, {exchange}, whole);
        if (request.forward_wire != DMT_WIRE_NATIVE || request.backward_wire != DMT_WIRE_NATIVE) {
            dmt_dataflow_step cast{};
            cast.kind = DMT_STEP_CAST;
            cast.forward_wire = request.forward_wire;
            cast.backward_wire = request.backward_wire;
            edge = plan.add(cast, {edge});
        }
        ends.push_back(plan.add(DMT_STEP_ALL_TO_ALL, {edge}));
    }
    if (!replicated.empty()) ends.push_back(plan.add(DMT_STEP_LOOKUP, {}, replicated));
    if (!ends.empty()) plan.add(DMT_STEP_JOIN, ends);
}

dmt_status plan(void *, const dmt_sharding_request *request, const dmt_sharding_builder *builder) {
    dmt_status refused = DMT_OK;
    dmt_status status = guarded([&] {
        if (!request || request->struct_size < sizeof *request || !builder)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the builder is NULL"};
        if ((request->table_count > 0 && !request->tables) || (request->feature_count > 0 && !request->features) ||
            request->hosts < 1 || request->ranks_per_host < 1)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: there are no tables, no features or no ranks"};
        try {
            Plan plan(*builder);
            place(*request, plan);
            flow(*request, plan);
        } catch (const HostStatus &of) {
            refused = of.status;
        }
    });
    return status == DMT_OK ? refused : status;
}

const dmt_sharding table = {
    .struct_size = sizeof(dmt_sharding),
    .revision = 1,
    .ctx = nullptr,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Table t lies on rank t modulo the number of ranks."),
    .plan = plan,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_SHARDING),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Table t lies on rank t modulo the number of ranks."),
};
const void *const component_table = &table;
