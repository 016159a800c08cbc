/* One component of every kind but the operator, which good.c has, as little of each as works. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define NAME "com.example.kinds"
#define HEAD(type) .struct_size = sizeof(type), .revision = 1

static dmt_status add_node(
    void *ctx, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    (void)ctx;
    (void)attributes;
    dmt_attrs none = {0};
    int32_t count = 0;
    return graph->operation(
        graph->ctx, (dmt_str)TEXT("relu"), (dmt_str)TEXT("only"), &none, inputs, input_count, output, 1, &count);
}

/* Backend: nothing is served. */
static dmt_status serves_nothing(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    (void)request;
    support->score = 0;
    support->reason = (dmt_str)TEXT("serves nothing");
    return DMT_OK;
}
static dmt_status bind_nothing(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *plan) {
    (void)ctx;
    (void)request;
    (void)plan;
    return DMT_UNIMPLEMENTED;
}
static dmt_status run_nothing(void *handle, const dmt_kernel_call *call) {
    (void)handle;
    (void)call;
    return DMT_UNIMPLEMENTED;
}
static dmt_status probe(void *ctx, const dmt_cpu *cpu, dmt_probe *answer) {
    (void)ctx;
    answer->score = cpu->cores > 0 ? 7 : 0;
    answer->reason = (dmt_str)TEXT("has cores");
    return DMT_OK;
}

/* Tables: one feature of one table, a row a sample, summed. */
typedef struct lookup {
    int64_t dim;
} lookup;
static dmt_status supports_tables(void *ctx, const dmt_embedding_request *request) {
    (void)ctx;
    return request->optimizer.size == 0 && request->feature_count == 1 ? DMT_OK : DMT_UNIMPLEMENTED;
}
static dmt_status bind_tables(void *ctx, const dmt_embedding_request *request, dmt_embedding_plan *plan) {
    (void)ctx;
    lookup *made = malloc(sizeof *made);
    if (!made) return DMT_RESOURCE_EXHAUSTED;
    made->dim = request->tables[0].dim;
    plan->handle = made;
    return DMT_OK;
}
static int64_t no_scratch(void *handle, int64_t batch, int64_t values) {
    (void)handle;
    (void)batch;
    (void)values;
    return 0;
}
static dmt_status look_up(void *handle, const dmt_embedding_call *call) {
    const lookup *plan = handle;
    for (int64_t b = 0; b < call->batch; b++) {
        const float *row = (const float *)call->tables[0] + call->features[0].values[b] * plan->dim;
        memcpy((float *)call->outputs[0] + b * call->output_strides[0], row, (size_t)plan->dim * sizeof *row);
    }
    return DMT_OK;
}

/* Optimizers: p -= lr g on one tensor. */
typedef struct descent {
    int64_t size;
} descent;
static dmt_status supports_update(void *ctx, const dmt_update_request *request) {
    (void)ctx;
    return request->tensor_count == 1 ? DMT_OK : DMT_UNIMPLEMENTED;
}
static dmt_status bind_update(void *ctx, const dmt_update_request *request, dmt_update_plan *plan) {
    (void)ctx;
    descent *made = malloc(sizeof *made);
    if (!made) return DMT_RESOURCE_EXHAUSTED;
    made->size = request->sizes[0];
    plan->handle = made;
    return DMT_OK;
}
static dmt_status descend(void *handle, const dmt_update_call *call) {
    const descent *plan = handle;
    for (int64_t i = 0; i < plan->size; i++) {
        ((float *)call->parameters[0])[i] -= (float)call->learning_rate * ((const float *)call->gradients[0])[i];
    }
    return DMT_OK;
}

/* Partitioner: the features in turn. */
static const dmt_partition_strategy strategies[] = {{TEXT("in-turn"), TEXT("One after the other."), 0, 0}};
static dmt_status partition(void *ctx, const dmt_partition_request *request, dmt_partition_result *result) {
    (void)ctx;
    for (int64_t i = 0; i < request->feature_count; i++) {
        result->assignment[i] = (int32_t)(i % request->tower_count);
    }
    result->explanation = (dmt_str)TEXT("in turn");
    return DMT_OK;
}

/* Sharding: it has no plan. */
static dmt_status plan_nothing(
    void *ctx, const dmt_sharding_request *request, const dmt_sharding_builder *builder) {
    (void)ctx;
    (void)request;
    (void)builder;
    return DMT_UNIMPLEMENTED;
}

/* Interconnect: there is no world. */
static dmt_status open_nothing(void *ctx, const dmt_world_request *request, dmt_world *world) {
    (void)ctx;
    (void)request;
    (void)world;
    return DMT_UNAVAILABLE;
}
static dmt_status connect_nothing(void *world, int32_t rank, void **connection) {
    (void)world;
    (void)rank;
    (void)connection;
    return DMT_UNAVAILABLE;
}
static dmt_status no_communicator(void *c, const int32_t *ranks, int64_t count, int32_t lane, void **answer) {
    (void)c;
    (void)ranks;
    (void)count;
    (void)lane;
    (void)answer;
    return DMT_UNAVAILABLE;
}
static dmt_status start_nothing(void *c, const dmt_collective *collective, uint64_t *ticket) {
    (void)c;
    (void)collective;
    (void)ticket;
    return DMT_UNAVAILABLE;
}
static dmt_status test_nothing(void *c, uint64_t ticket, int32_t *done) {
    (void)c;
    (void)ticket;
    (void)done;
    return DMT_UNAVAILABLE;
}
static dmt_status wait_nothing(void *c, uint64_t ticket, int64_t timeout) {
    (void)c;
    (void)ticket;
    (void)timeout;
    return DMT_UNAVAILABLE;
}
static void abort_nothing(void *c, dmt_str message) {
    (void)c;
    (void)message;
}
static void end_nothing(void *c) { (void)c; }

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = serves_nothing, .bind = bind_nothing, .forward = run_nothing,
    .release = free};
static const dmt_backend backend = {HEAD(dmt_backend), .probe = probe, .kernels = &kernels};
static const dmt_module module = {
    HEAD(dmt_module), .name = TEXT(NAME), .summary = TEXT("relu"), .min_inputs = 1, .max_inputs = 1, .expand = add_node};
static const dmt_embedding embedding = {
    HEAD(dmt_embedding), .supports = supports_tables, .bind = bind_tables, .scratch_bytes = no_scratch,
    .forward = look_up, .release = free};
static const dmt_update update = {
    HEAD(dmt_update), .supports = supports_update, .bind = bind_update, .update = descend, .release = free};
static const dmt_partitioner partitioner = {
    HEAD(dmt_partitioner), .strategies = strategies, .strategy_count = 1, .partition = partition};
static const dmt_sharding sharding = {
    HEAD(dmt_sharding), .name = TEXT(NAME), .summary = TEXT("Nothing."), .plan = plan_nothing};
static const dmt_interconnect interconnect = {
    HEAD(dmt_interconnect), .open = open_nothing, .connect = connect_nothing, .communicator = no_communicator,
    .start = start_nothing, .test = test_nothing, .wait = wait_nothing, .abort = abort_nothing,
    .disconnect = end_nothing, .close = end_nothing};

#define COMPONENT(name) \
    static const dmt_component name##_component = { \
        HEAD(dmt_component), .kind = TEXT(#name), .id = TEXT(NAME), .summary = TEXT("Of kind " #name ".")}
COMPONENT(backend);
COMPONENT(module);
COMPONENT(embedding);
COMPONENT(update);
COMPONENT(partitioner);
COMPONENT(sharding);
COMPONENT(interconnect);
static const dmt_component *const components[] = {
    &backend_component,     &module_component,   &embedding_component,   &update_component,
    &partitioner_component, &sharding_component, &interconnect_component};
static const void *const tables[] = {&backend, &module, &embedding, &update, &partitioner, &sharding, &interconnect};
#define COUNT ((int)(sizeof components / sizeof *components))

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (revision != 1 || id.size != sizeof NAME - 1 || memcmp(id.data, NAME, sizeof NAME - 1) != 0) return NULL;
    for (int i = 0; i < COUNT; i++) {
        dmt_str own = components[i]->kind;
        if (own.size == kind.size && memcmp(own.data, kind.data, (size_t)kind.size) == 0) return tables[i];
    }
    return NULL;
}

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD(FIXTURE_ID, DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = COUNT, .components = components};
static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
