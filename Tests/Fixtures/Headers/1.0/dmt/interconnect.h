/**
 * interconnect.h: component kind `interconnect`, revision 1 (`dmt.interconnect/1`): moves data between ranks.
 *
 * A world is the ranks of a job. A rank connects once, makes communicators (a group of ranks on a lane) and starts
 * collectives on them. All members of a communicator start the same collectives in the same order; they wait for them in
 * any order. Collectives of different communicators are independent of each other. Ranks share no memory through this
 * contract, also where they are threads of one process: a receive buffer holds a copy.
 *
 * A wait that failed is the end of the world for this rank: its buffers are its own again, and later calls may fail alike.
 * An engine may run one communication thread a rank; start, test and wait come from any of the host's threads.
 */
#ifndef DMT_INTERCONNECT_H
#define DMT_INTERCONNECT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lanes: what a communicator carries; an engine may give each its own channel. */
#define DMT_LANE_INDEX 0
#define DMT_LANE_EMBEDDING 1
#define DMT_LANE_DENSE 2
#define DMT_LANE_CONTROL 3

/* Collectives. n is the number of members, i and j are positions among them. */
/** Member i sends send_counts[j] elements at send_offsets[j] to member j and receives receive_counts[j] from it. */
#define DMT_ALL_TO_ALL 0
/** Every member receives the reduction of `count` elements of all members. send may equal receive. */
#define DMT_ALL_REDUCE 1
/** Every member sends sum(receive_counts) elements; member i receives the reduction of part i, receive_counts[i] long. */
#define DMT_REDUCE_SCATTER 2
/** Member i sends `count` elements; every member receives receive_counts[j] elements of j at receive_offsets[j]. */
#define DMT_ALL_GATHER 3
/** Every member receives in `receive` the `count` elements that member `root` holds there. */
#define DMT_BROADCAST 4
/** Ends for no member before it was started by all. */
#define DMT_BARRIER 5

/* dmt_collective.reduction */

#define DMT_REDUCE_SUM 0
#define DMT_REDUCE_MAX 1

/**
 * A collective. Counts and offsets are in elements of dtype and 64-bit wide; an engine with smaller ones cuts the transfer
 * up. A pointer may be NULL where nothing is sent or received. Reductions take float32, float64, int32 and int64; everything
 * else moves any dtype of whole bytes. The struct and its arrays are read during start only; the buffers stay in use until
 * wait has returned. Buffers of collectives that are under way do not overlap, send parts excepted.
 */
typedef struct dmt_collective {
    uint32_t struct_size;
    /** DMT_ALL_TO_ALL .. DMT_BARRIER */
    int32_t kind;
    dmt_dtype dtype;
    /** DMT_REDUCE_... */
    int32_t reduction;
    /** Position of the root among the members. */
    int32_t root;
    /** 0. */
    uint32_t flags;
    const void *send;
    void *receive;
    int64_t count;
    const int64_t *send_counts;
    const int64_t *send_offsets;
    const int64_t *receive_counts;
    const int64_t *receive_offsets;
} dmt_collective;

/** Ranks are threads of the host's process, which connect side by side. */
#define DMT_INTERCONNECT_EMBEDDED 1u

/** What open is asked for. */
typedef struct dmt_world_request {
    uint32_t struct_size;
    /** Ranks to make (embedded), or that are expected; 0: as many as the launcher started. */
    int32_t rank_count;
    /** The longest that a call without a limit of its own waits for another rank. */
    int64_t timeout_ms;
} dmt_world_request;

/** An open world, filled by open; struct_size is set by the caller. */
typedef struct dmt_world {
    uint32_t struct_size;
    int32_t rank_count;
    /** The rank of this process; -1 where ranks are threads. */
    int32_t own_rank;
    int32_t reserved;
    /** The plugin's own handle, first argument of connect and close. */
    void *handle;
    /** [rank_count] Number of each rank's host, from 0 in the order of the ranks; lives as long as the handle. */
    const int32_t *host_of_rank;
} dmt_world;

/** Moves data between ranks. */
typedef struct dmt_interconnect {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of open. */
    void *ctx;
    /** DMT_INTERCONNECT_... */
    uint32_t flags;
    uint32_t reserved;
    /** [any] Joins or makes a world. DMT_UNAVAILABLE with set_error when the engine is not there or its size differs. */
    dmt_status (*open)(void *ctx, const dmt_world_request *request, dmt_world *world);
    /** [any] The connection of a rank; once for each rank of this process. */
    dmt_status (*connect)(void *world, int32_t rank, void **connection);
    /**
     * [collective] A communicator among `ranks`, world ranks in ascending order. All of them call it in the same order; it
     * may wait for them. Lives as long as the connection.
     */
    dmt_status (*communicator)(
        void *connection, const int32_t *ranks, int64_t rank_count, int32_t lane, void **communicator);
    /**
     * [collective] Begins a collective and returns; ticket is not 0. DMT_INVALID_ARGUMENT, before anything was sent, for
     * what one member can tell is wrong; DMT_UNAVAILABLE after an abort.
     */
    dmt_status (*start)(void *communicator, const dmt_collective *collective, uint64_t *ticket);
    /** [instance] *done is 1 when the collective is finished. It makes progress, and never waits. */
    dmt_status (*test)(void *communicator, uint64_t ticket, int32_t *done);
    /**
     * [instance] Waits for the collective and gives the ticket up, whatever the status. DMT_UNAVAILABLE with set_error when
     * a member aborted or did not arrive within timeout_ms (0: the world's): the message names this rank, the collective,
     * its number on the communicator, and the ranks that are missing as far as they are known. DMT_INVALID_ARGUMENT when
     * members started different collectives or counts that do not fit, where the engine sees it, and for a ticket that is
     * not under way.
     */
    dmt_status (*wait)(void *communicator, uint64_t ticket, int64_t timeout_ms);
    /** [any] Lets every waiting call of every rank end with DMT_UNAVAILABLE and this message. */
    void (*abort)(void *connection, dmt_str message);
    /** [instance] Ends a rank's connection and its communicators; no collective is under way. */
    void (*disconnect)(void *connection);
    /** [any] Ends a world whose connections have ended. */
    void (*close)(void *world);
} dmt_interconnect;

DMT_STATIC_ASSERT(sizeof(dmt_collective) == 80, "dmt_collective");
DMT_STATIC_ASSERT(offsetof(dmt_collective, send) == 24, "dmt_collective.send");
DMT_STATIC_ASSERT(sizeof(dmt_world_request) == 16, "dmt_world_request");
DMT_STATIC_ASSERT(sizeof(dmt_world) == 32, "dmt_world");
DMT_STATIC_ASSERT(sizeof(dmt_interconnect) == 96, "dmt_interconnect");

#ifdef __cplusplus
}
#endif
#endif
