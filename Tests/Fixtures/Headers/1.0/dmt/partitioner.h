/**
 * partitioner.h: component kind `partitioner`, revision 1 (`dmt.partitioner/1`): deals features into towers.
 *
 * A partitioner sees features, not data: what it may know about how they belong together is in the affinity matrix. The
 * same request gives the same result, at any number of threads.
 */
#ifndef DMT_PARTITIONER_H
#define DMT_PARTITIONER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The strategy reads the affinity matrix. */
#define DMT_PARTITION_NEEDS_AFFINITY 1u

/** A strategy by name. Frozen. */
typedef struct dmt_partition_strategy {
    /** `strided`, `coherent`. */
    dmt_str name;
    /** One sentence. */
    dmt_str summary;
    /** DMT_PARTITION_... */
    uint32_t flags;
    uint32_t reserved;
} dmt_partition_strategy;

/** A feature (or a part of its columns that is a table of its own). Frozen. */
typedef struct dmt_partition_feature {
    dmt_str name;
    /** Rows of its table. */
    int64_t rows;
    /** Width of its embedding. */
    int64_t dim;
    /** What its lookups cost, in elements read a sample; finite, not negative. */
    double lookup_cost;
    /** Bytes of its table. */
    int64_t bytes;
} dmt_partition_feature;

/* dmt_partition_request.capacity_kind */

#define DMT_CAPACITY_NONE 0
/** The sum of lookup_cost over a tower. */
#define DMT_CAPACITY_LOOKUPS 1
/** The sum of bytes over a tower. */
#define DMT_CAPACITY_BYTES 2

/** What is to be dealt. */
typedef struct dmt_partition_request {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    int64_t feature_count;
    /** [feature_count] */
    const dmt_partition_feature *features;
    /**
     * [feature_count, feature_count], row-major: how alike two features are, 0 to 1, symmetric; the host has checked it.
     * NULL: not known.
     */
    const double *affinity;
    /** 1 to feature_count. */
    int64_t tower_count;
    /**
     * At least 1: the largest tower has at most this times as many features as the smallest. At 1 sizes differ by at most
     * one: floor and ceil of feature_count / tower_count.
     */
    double balance;
    /** DMT_CAPACITY_... */
    int32_t capacity_kind;
    int32_t reserved;
    /** The most that a tower may carry of capacity_kind. */
    double capacity;
    /** One of the component's strategies. */
    dmt_str strategy;
    /** Where the strategy draws random numbers, they follow from this alone. */
    uint64_t seed;
} dmt_partition_request;

/** A number about a result: `stress`, `objective`. Frozen. */
typedef struct dmt_partition_figure {
    dmt_str name;
    double value;
} dmt_partition_figure;

/** Result of partition. The caller sets struct_size, assignment and coordinates. */
typedef struct dmt_partition_result {
    uint32_t struct_size;
    /** 1 when coordinates were written. */
    int32_t has_coordinates;
    /** [feature_count] Receives the number of each feature's tower, 0 to tower_count - 1; no tower is left empty. */
    int32_t *assignment;
    /** [feature_count, 2] Receives each feature's place in the plane, where the strategy has one. */
    double *coordinates;
    /** Numbers about the result; valid until the next call on this thread. */
    const dmt_partition_figure *figures;
    int64_t figure_count;
    /** How the result was found, in a sentence or two; valid until the next call on this thread. */
    dmt_str explanation;
} dmt_partition_result;

/** Deals features into towers. */
typedef struct dmt_partitioner {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of partition. */
    void *ctx;
    /** [strategy_count] Static. */
    const dmt_partition_strategy *strategies;
    int64_t strategy_count;
    /**
     * [any] Deals the features. DMT_INVALID_ARGUMENT with set_error when balance and capacity cannot both hold;
     * DMT_CANCELLED when the host's cancel service asked for it.
     */
    dmt_status (*partition)(void *ctx, const dmt_partition_request *request, dmt_partition_result *result);
} dmt_partitioner;

DMT_STATIC_ASSERT(sizeof(dmt_partition_strategy) == 40, "dmt_partition_strategy");
DMT_STATIC_ASSERT(sizeof(dmt_partition_feature) == 48, "dmt_partition_feature");
DMT_STATIC_ASSERT(sizeof(dmt_partition_request) == 88, "dmt_partition_request");
DMT_STATIC_ASSERT(offsetof(dmt_partition_request, affinity) == 24, "dmt_partition_request.affinity");
DMT_STATIC_ASSERT(offsetof(dmt_partition_request, capacity) == 56, "dmt_partition_request.capacity");
DMT_STATIC_ASSERT(sizeof(dmt_partition_figure) == 24, "dmt_partition_figure");
DMT_STATIC_ASSERT(sizeof(dmt_partition_result) == 56, "dmt_partition_result");
DMT_STATIC_ASSERT(sizeof(dmt_partitioner) == 40, "dmt_partitioner");

#ifdef __cplusplus
}
#endif
#endif
