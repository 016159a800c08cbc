/**
 * sharding.h: component kind `sharding`, revision 1 (`dmt.sharding/1`): where tables lie and how a batch travels.
 *
 * A strategy returns data, not code: it adds the shards of a placement and the steps of a dataflow to the host's builder.
 * Types, cover, bytes, the backward steps and the execution are the host's. It runs on every rank and has to add the same
 * on each: no clock, no random numbers, no look at the machine.
 */
#ifndef DMT_SHARDING_H
#define DMT_SHARDING_H

#include "base.h"
#include "embedding.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a table is cut. */
#define DMT_SHARD_AUTOMATIC 0
#define DMT_SHARD_DATA_PARALLEL 1
#define DMT_SHARD_TABLE_WISE 2
#define DMT_SHARD_COLUMN_WISE 3
#define DMT_SHARD_ROW_WISE 4

/* How numbers travel. */
#define DMT_WIRE_NATIVE 0
#define DMT_WIRE_FLOAT16 1
#define DMT_WIRE_BFLOAT16 2
#define DMT_WIRE_INT8 3

/* Groups of ranks: rank g is at place g % W of tower group g / W; peers are at the same place of every tower group. */
#define DMT_GROUP_WORLD 0
#define DMT_GROUP_TOWER 1
#define DMT_GROUP_PEERS 2

/* Orders of samples: by rank; or by (place in the tower group, tower group). */
#define DMT_ORDER_RANKS 0
#define DMT_ORDER_PEERS 1

/** A table that is to be placed. Frozen. */
typedef struct dmt_sharding_table {
    dmt_str name;
    int64_t rows;
    int64_t dim;
    /** Bytes of a row, optimizer state included. */
    double row_bytes;
    /** DMT_SHARD_... */
    int32_t sharding;
    int32_t reserved;
} dmt_sharding_table;

/** A feature that the model wants. Frozen. */
typedef struct dmt_sharding_feature {
    dmt_str name;
    int32_t table;
    /** DMT_POOLING_... */
    int32_t pooling;
    /** Row numbers a sample, on average. */
    double lookups;
    /** The tower that reads it; -1: the over-arch reads it itself. */
    int32_t tower;
    int32_t reserved;
} dmt_sharding_feature;

/** A tower. Frozen. */
typedef struct dmt_sharding_tower {
    dmt_str name;
    /** Columns of its module's output. */
    int64_t output_columns;
    /** The tower group that serves it. */
    int32_t group;
    int32_t reserved;
} dmt_sharding_tower;

/** A piece of work for the planner. Frozen. */
typedef struct dmt_shard_candidate {
    double cost;
    double bytes;
    /** The ranks that may hold it. */
    const int32_t *ranks;
    int64_t rank_count;
} dmt_shard_candidate;

/** Run tower modules where their towers are served. */
#define DMT_SHARDING_RUNS_TOWERS 1u

/** What a strategy is asked. */
typedef struct dmt_sharding_request {
    uint32_t struct_size;
    /** DMT_SHARDING_... */
    uint32_t flags;
    int32_t hosts;
    int32_t ranks_per_host;
    /** Ranks of a tower group. */
    int32_t tower_group_size;
    /** DMT_WIRE_... of embeddings and of their gradients. */
    int32_t forward_wire;
    int32_t backward_wire;
    int32_t table_count;
    int32_t feature_count;
    int32_t tower_count;
    const dmt_sharding_table *tables;
    const dmt_sharding_feature *features;
    const dmt_sharding_tower *towers;
    /** Samples of a global batch. */
    int64_t batch;
    /** [instance] The planner: writes to ranks[i] one of the ranks of pieces[i], balancing costs. */
    dmt_status (*assign)(void *ctx, const dmt_shard_candidate *pieces, int64_t piece_count, int32_t *ranks);
    /** First argument of assign. */
    void *assign_ctx;
} dmt_sharding_request;

/** A part of a table on a rank; a replicated table is one shard with rank -1, all rows and all columns. Frozen. */
typedef struct dmt_shard {
    int32_t table;
    int32_t rank;
    int64_t row_begin;
    int64_t row_end;
    int64_t column_begin;
    int64_t column_end;
} dmt_shard;

/* Steps. What each one does stands in the documentation of sharding strategies. */
#define DMT_STEP_EXCHANGE 0
#define DMT_STEP_LOOKUP 1
#define DMT_STEP_PERMUTE 2
#define DMT_STEP_ALL_TO_ALL 3
#define DMT_STEP_REDUCE_SCATTER 4
#define DMT_STEP_ALL_GATHER 5
#define DMT_STEP_TRANSPOSE 6
#define DMT_STEP_JOIN 7
#define DMT_STEP_SCALE 8
#define DMT_STEP_TOWER 9
#define DMT_STEP_CAST 10

/** A step of the dataflow; read during add_step only. */
typedef struct dmt_dataflow_step {
    uint32_t struct_size;
    /** DMT_STEP_... */
    int32_t kind;
    /** Of exchange and of collectives: DMT_GROUP_... */
    int32_t group;
    /** Of exchange and permute: DMT_ORDER_... */
    int32_t order;
    /** Of cast: DMT_WIRE_... */
    int32_t forward_wire;
    int32_t backward_wire;
    /** Indices of earlier steps; none for exchange and for a lookup in replicated tables. */
    const int32_t *inputs;
    int64_t input_count;
    /** Of exchange and lookup: indices of features. */
    const int32_t *features;
    int64_t feature_count;
} dmt_dataflow_step;

/** The host's builder, valid during one plan call. A status other than DMT_OK is to be returned as it is. */
typedef struct dmt_sharding_builder {
    uint32_t struct_size;
    uint32_t reserved;
    /** First argument of the functions below. */
    void *ctx;
    /** [instance] Adds a shard. */
    dmt_status (*add_shard)(void *ctx, const dmt_shard *shard);
    /** [instance] Adds a step; index is how later steps name it. */
    dmt_status (*add_step)(void *ctx, const dmt_dataflow_step *step, int32_t *index);
} dmt_sharding_builder;

/** A sharding strategy. */
typedef struct dmt_sharding {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of plan. */
    void *ctx;
    /** `sptt`. */
    dmt_str name;
    /** One sentence. */
    dmt_str summary;
    /** [any] Adds the placement and the dataflow for a request. Keeps nothing. */
    dmt_status (*plan)(void *ctx, const dmt_sharding_request *request, const dmt_sharding_builder *builder);
} dmt_sharding;

DMT_STATIC_ASSERT(sizeof(dmt_sharding_table) == 48, "dmt_sharding_table");
DMT_STATIC_ASSERT(sizeof(dmt_sharding_feature) == 40, "dmt_sharding_feature");
DMT_STATIC_ASSERT(sizeof(dmt_sharding_tower) == 32, "dmt_sharding_tower");
DMT_STATIC_ASSERT(sizeof(dmt_shard_candidate) == 32, "dmt_shard_candidate");
DMT_STATIC_ASSERT(sizeof(dmt_sharding_request) == 88, "dmt_sharding_request");
DMT_STATIC_ASSERT(offsetof(dmt_sharding_request, tables) == 40, "dmt_sharding_request.tables");
DMT_STATIC_ASSERT(sizeof(dmt_shard) == 40, "dmt_shard");
DMT_STATIC_ASSERT(sizeof(dmt_dataflow_step) == 56, "dmt_dataflow_step");
DMT_STATIC_ASSERT(sizeof(dmt_sharding_builder) == 32, "dmt_sharding_builder");
DMT_STATIC_ASSERT(sizeof(dmt_sharding) == 56, "dmt_sharding");

#ifdef __cplusplus
}
#endif
#endif
