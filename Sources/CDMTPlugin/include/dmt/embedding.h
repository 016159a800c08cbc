/**
 * embedding.h: component kind `embedding`, revision 1 (`dmt.embedding/1`): all of a rank's tables in one call.
 *
 * Row counts depend on the data, and one call a table would be one fork-join a table: so tables do not go through
 * kernel.h. Table weights and optimizer state belong to the host; their names and layouts are canonical (update.h).
 */
#ifndef DMT_EMBEDDING_H
#define DMT_EMBEDDING_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* dmt_feature.pooling */

#define DMT_POOLING_SUM 0
#define DMT_POOLING_MEAN 1

/** A table: rows x dim, compact row-major, of the request's dtype. Frozen. */
typedef struct dmt_table {
    int64_t rows;
    int32_t dim;
    int32_t reserved;
} dmt_table;

/**
 * A feature that is looked up. Frozen.
 *
 * The pooled bag of sample b goes to the dim elements at outputs[output] + b * output_strides[output] + column.
 */
typedef struct dmt_feature {
    /** Index of its table; several features may share one. */
    int32_t table;
    /** DMT_POOLING_...; mean is the sum divided by the bag's length and takes no weights. */
    int32_t pooling;
    /** Index of the output that it is written to. */
    int32_t output;
    int32_t reserved;
    /** First element of the pooled bag in a sample's row of the output. */
    int64_t column;
} dmt_feature;

/** What bind is asked for. */
typedef struct dmt_embedding_request {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    dmt_dtype dtype;
    int32_t threads;
    int32_t table_count;
    int32_t feature_count;
    int32_t output_count;
    int32_t reserved;
    const dmt_table *tables;
    /** Features of one table follow each other in the order of their occurrences (see dmt_dedup). */
    const dmt_feature *features;
    /** `sgd`, `adagrad`, `rowwise_adagrad`, `lazy_adam`; empty: the plan is never asked to update. */
    dmt_str optimizer;
    /** `weight_decay`, `eps`, `beta1`, `beta2`. */
    dmt_attrs optimizer_attributes;
} dmt_embedding_request;

/**
 * The rows that a batch touches in one table; buffers are the host's.
 *
 * An occurrence is a row number in a bag of a feature of this table; occurrences are counted through the table's
 * features in the order of the request, bag after bag. capacity is the number of occurrences, an upper bound of count, and
 * below 2^31.
 */
typedef struct dmt_dedup {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t capacity;
    /** Out: number of distinct rows. */
    int64_t count;
    /** Out: distinct rows, ascending; [capacity] */
    int64_t *rows;
    /** Out: occurrences of row i are order[starts[i]] .. order[starts[i + 1] - 1]; [capacity + 1] */
    int32_t *starts;
    /** Out: occurrence numbers grouped by row, ascending within a row; [capacity] */
    int32_t *order;
    /** Out: for each entry of order, (index of the feature among the table's features) * batch + sample; [capacity] */
    int32_t *bags;
} dmt_dedup;

/** Arguments of all calls on a plan; a call reads what its documentation names. */
typedef struct dmt_embedding_call {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** Samples of the call. */
    int64_t batch;
    /** [feature_count] */
    const dmt_jagged *features;
    /** [table_count] table weights. */
    void *const *tables;
    /** [output_count] pooled embeddings (forward writes) or their gradients (update and row_gradients read). */
    void *const *outputs;
    /** [output_count] elements from one sample to the next. */
    const int64_t *output_strides;
    /** [table_count] */
    dmt_dedup *const *dedups;
    /** [table_count * states] optimizer state, the states of a table next to each other, in the order of update.h. */
    void *const *states;
    /** [table_count] row_gradients: [count, dim] of the table, rows in the order of dedup. */
    void *const *row_gradients;
    double learning_rate;
    /** Every gradient is multiplied by this first (clipping). */
    double gradient_scale;
    /** Number of the update, from 1. */
    int64_t step;
    /** Working memory of scratch_bytes(batch, value count). */
    void *scratch;
} dmt_embedding_call;

/** A bound plan, filled by bind; struct_size is set by the caller. */
typedef struct dmt_embedding_plan {
    uint32_t struct_size;
    uint32_t reserved;
    /** The plugin's own handle. */
    void *handle;
} dmt_embedding_plan;

/** Lookup and update of tables. */
typedef struct dmt_embedding {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of supports and bind. */
    void *ctx;
    /** [any] DMT_OK: the request is served. DMT_UNIMPLEMENTED, with set_error saying why not: it is not. */
    dmt_status (*supports)(void *ctx, const dmt_embedding_request *request);
    /** [any] Makes a plan. */
    dmt_status (*bind)(void *ctx, const dmt_embedding_request *request, dmt_embedding_plan *plan);
    /** [any] Bytes of scratch that any call needs for this batch size and number of occurrences in all tables. */
    int64_t (*scratch_bytes)(void *handle, int64_t batch, int64_t values);
    /** [instance] Pools every bag of every feature into outputs. An empty bag gives zeros. */
    dmt_status (*forward)(void *handle, const dmt_embedding_call *call);
    /** [any] Fills dedups from features; may run ahead of time, at the same time as other calls on the plan. */
    dmt_status (*dedup)(void *handle, const dmt_embedding_call *call);
    /** [instance] Updates the touched rows of tables and states from the gradients in outputs, duplicates summed first. */
    dmt_status (*update)(void *handle, const dmt_embedding_call *call);
    /** [instance] Writes the summed gradient of every touched row; gradient_scale is applied. */
    dmt_status (*row_gradients)(void *handle, const dmt_embedding_call *call);
    /** [instance] Ends the plan. */
    void (*release)(void *handle);
} dmt_embedding;

DMT_STATIC_ASSERT(sizeof(dmt_table) == 16, "dmt_table");
DMT_STATIC_ASSERT(sizeof(dmt_feature) == 24, "dmt_feature");
DMT_STATIC_ASSERT(sizeof(dmt_embedding_request) == 80, "dmt_embedding_request");
DMT_STATIC_ASSERT(offsetof(dmt_embedding_request, tables) == 32, "dmt_embedding_request.tables");
DMT_STATIC_ASSERT(sizeof(dmt_dedup) == 56, "dmt_dedup");
DMT_STATIC_ASSERT(sizeof(dmt_embedding_call) == 104, "dmt_embedding_call");
DMT_STATIC_ASSERT(sizeof(dmt_embedding_plan) == 16, "dmt_embedding_plan");
DMT_STATIC_ASSERT(sizeof(dmt_embedding) == 80, "dmt_embedding");

#ifdef __cplusplus
}
#endif
#endif
