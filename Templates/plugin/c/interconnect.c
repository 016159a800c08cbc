/**
 * The interconnect `@COMPONENT@`: ranks that are threads of one process, joined by one lock.
 *
 * A collective is an exchange: start copies what a member sends into it, and wait, when all members have started, copies out
 * what this member receives. Reductions add the members up in their order, so every member gets the same bits.
 */
#define _POSIX_C_SOURCE 200809L /* clocks of conditions */

#include "plugin.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a member brought. */
typedef struct part {
    enum { absent, present, taken } state;
    dmt_collective collective;
    /* [members] each; of a collective without counts, zeros. */
    int64_t *send_counts, *receive_counts, *receive_offsets;
    /* What it sends: of an all_to_all, the parts one after the other. */
    char *data;
} part;

/* One collective on its way. */
typedef struct exchange {
    uint64_t number;
    int32_t arrived, left;
    struct exchange *next;
    part parts[];
} exchange;

/* The ranks of a communicator; shared by its members. */
typedef struct group {
    int32_t members, lane, ordinal;
    exchange *exchanges;
    struct group *next;
    struct {
        int32_t rank;
        /* Its connection has ended. */
        int gone;
    } member[];
} group;

typedef struct world {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int32_t ranks;
    int64_t timeout_ms;
    group *groups;
    int aborted;
    char message[256];
    /* [ranks] All threads are of one host, 0. */
    int32_t host_of_rank[];
} world;

typedef struct communicator {
    world *world;
    group *group;
    int32_t member;
    uint64_t started;
    struct communicator *next;
} communicator;

typedef struct connection {
    world *world;
    int32_t rank;
    communicator *communicators;
} connection;

static const char *const kind_names[] = {"all_to_all", "all_reduce", "reduce_scatter", "all_gather", "broadcast", "barrier"};

static int reduces(int32_t kind) { return kind == DMT_ALL_REDUCE || kind == DMT_REDUCE_SCATTER; }

static int64_t element_bytes(const dmt_collective *given) { return (int64_t)given->dtype.bits * given->dtype.lanes / 8; }

/* The sum of counts; -1 for a negative one, or one beyond memory. */
static int64_t total(const int64_t *counts, int32_t members, int64_t bytes) {
    int64_t sum = 0, product;
    for (int32_t i = 0; i < members; i++)
        if (counts[i] < 0 || __builtin_add_overflow(sum, counts[i], &sum) || __builtin_mul_overflow(sum, bytes, &product)) return -1;
    return sum;
}

/* Elements that the member `own` sends; -1, and what rule the collective breaks, when it does. */
static int64_t sent_elements(const dmt_collective *given, int32_t members, int32_t own, const char **why) {
    *why = "it is of no known kind, or its struct is too small";
    if (!given || given->struct_size < sizeof *given || given->kind < DMT_ALL_TO_ALL || given->kind > DMT_BARRIER) return -1;
    if (given->kind == DMT_BARRIER) return 0;
    int64_t bits = (int64_t)given->dtype.bits * given->dtype.lanes, bytes = bits / 8;
    *why = "its elements are not whole bytes";
    if (bits == 0 || bits % 8 != 0) return -1;
    *why = "it reduces other elements than float32, float64, int32 and int64, or by no known reduction";
    if (reduces(given->kind) &&
        (given->dtype.lanes != 1 || (bits != 32 && bits != 64) || given->dtype.code == DMT_DTYPE_UINT ||
         given->dtype.code > DMT_DTYPE_FLOAT || given->reduction < DMT_REDUCE_SUM || given->reduction > DMT_REDUCE_MAX))
        return -1;
    *why = "its root is no member";
    if (given->kind == DMT_BROADCAST && (given->root < 0 || given->root >= members)) return -1;
    *why = "counts or offsets are missing";
    int receives_parts = given->kind == DMT_ALL_TO_ALL || given->kind == DMT_ALL_GATHER;
    if (given->kind == DMT_ALL_TO_ALL && (!given->send_counts || !given->send_offsets)) return -1;
    if (receives_parts && (!given->receive_counts || !given->receive_offsets)) return -1;
    if (given->kind == DMT_REDUCE_SCATTER && !given->receive_counts) return -1;

    *why = "a count or an offset is negative or beyond memory";
    int64_t sent = total(&given->count, 1, bytes), received = sent;
    if (given->kind == DMT_ALL_TO_ALL) sent = total(given->send_counts, members, bytes);
    if (given->kind == DMT_REDUCE_SCATTER) sent = total(given->receive_counts, members, bytes);
    if (receives_parts) received = total(given->receive_counts, members, bytes);
    if (given->kind == DMT_REDUCE_SCATTER) received = given->receive_counts[own];
    if (sent < 0 || received < 0) return -1;
    for (int32_t i = 0; i < members; i++)
        if ((receives_parts && given->receive_offsets[i] < 0) || (given->kind == DMT_ALL_TO_ALL && given->send_offsets[i] < 0)) return -1;
    *why = "a buffer is NULL";
    if ((sent > 0 && given->kind != DMT_BROADCAST && !given->send) || (received > 0 && !given->receive)) return -1;
    *why = "this rank sends itself another count than it receives";
    int64_t to_itself = given->kind == DMT_ALL_TO_ALL ? given->send_counts[own] : given->count;
    if (receives_parts && to_itself != given->receive_counts[own]) return -1;
    *why = NULL;
    return given->kind == DMT_BROADCAST && given->root != own ? 0 : sent;
}

/* Worlds and connections */

static dmt_status open_world(void *ctx, const dmt_world_request *request, dmt_world *answer) {
    (void)ctx;
    if (request->rank_count < 1) return fail(DMT_INVALID_ARGUMENT, "%d ranks, expected 1 or more", request->rank_count);
    world *made = calloc(1, sizeof *made + (size_t)request->rank_count * sizeof(int32_t));
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for %d ranks", request->rank_count);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&made->lock, NULL);
    made->ranks = request->rank_count;
    made->timeout_ms = request->timeout_ms;
    answer->handle = made;
    answer->rank_count = made->ranks;
    answer->own_rank = -1;
    answer->host_of_rank = made->host_of_rank;
    return DMT_OK;
}

static dmt_status connect_rank(void *handle, int32_t rank, void **answer) {
    world *in = handle;
    if (rank < 0 || rank >= in->ranks) return fail(DMT_INVALID_ARGUMENT, "rank %d of %d", rank, in->ranks);
    connection *made = calloc(1, sizeof *made);
    if (!made) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a connection");
    *made = (connection){.world = in, .rank = rank};
    *answer = made;
    return DMT_OK;
}

static int is_among(const group *it, const int32_t *ranks, int64_t count, int32_t lane) {
    if (it->members != count || it->lane != lane) return 0;
    for (int64_t i = 0; i < count; i++)
        if (it->member[i].rank != ranks[i]) return 0;
    return 1;
}

/* The group of a member's next communicator among these ranks; made by whoever comes first. NULL: memory is used up. */
static group *join(world *in, const int32_t *ranks, int64_t count, int32_t lane, int32_t ordinal) {
    for (group *known = in->groups; known; known = known->next)
        if (known->ordinal == ordinal && is_among(known, ranks, count, lane)) return known;
    group *made = calloc(1, sizeof *made + (size_t)count * sizeof made->member[0]);
    if (!made) return NULL;
    made->members = (int32_t)count;
    made->lane = lane;
    made->ordinal = ordinal;
    for (int64_t i = 0; i < count; i++) made->member[i].rank = ranks[i];
    made->next = in->groups;
    return in->groups = made;
}

static dmt_status communicator_of(void *handle, const int32_t *ranks, int64_t count, int32_t lane, void **answer) {
    connection *own = handle;
    int32_t member = -1, ordinal = 0;
    for (int64_t i = 0; i < count; i++)
        if (ranks[i] == own->rank) member = (int32_t)i;
    if (count < 1 || count > own->world->ranks || member < 0)
        return fail(DMT_INVALID_ARGUMENT, "rank %d is not among the %lld ranks", own->rank, (long long)count);
    for (communicator *known = own->communicators; known; known = known->next)
        ordinal += is_among(known->group, ranks, count, lane);
    communicator *made = calloc(1, sizeof *made);
    pthread_mutex_lock(&own->world->lock);
    group *joined = made ? join(own->world, ranks, count, lane, ordinal) : NULL;
    pthread_mutex_unlock(&own->world->lock);
    if (!joined) {
        free(made);
        return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a communicator of %lld ranks", (long long)count);
    }
    *made = (communicator){.world = own->world, .group = joined, .member = member, .next = own->communicators};
    own->communicators = made;
    *answer = made;
    return DMT_OK;
}

/* Collectives; the world's lock is held where nothing else is said. */

static void free_exchange(exchange *it, int32_t members) {
    for (int32_t i = 0; i < members; i++) free(it->parts[i].send_counts), free(it->parts[i].data);
    free(it);
}

static exchange *find(group *in, uint64_t number) {
    for (exchange *it = in->exchanges; it; it = it->next)
        if (it->number == number) return it;
    return NULL;
}

static exchange *find_or_make(group *in, uint64_t number) {
    exchange *found = find(in, number);
    if (found || !(found = calloc(1, sizeof *found + (size_t)in->members * sizeof(part)))) return found;
    found->number = number;
    found->next = in->exchanges;
    return in->exchanges = found;
}

/* A copy of what the member sends and expects; without the lock. 0: memory is used up. */
static int copy_part(const dmt_collective *given, int64_t elements, int32_t members, part *copy) {
    size_t bytes = (size_t)(elements * (given->kind == DMT_BARRIER ? 0 : element_bytes(given)));
    int64_t *counts = calloc(3 * (size_t)members, sizeof *counts);
    char *data = malloc(bytes + 1);
    *copy = (part){.collective = *given, .send_counts = counts, .data = data};
    if (!counts || !data) return free(counts), free(data), 0;
    copy->receive_counts = counts + members;
    copy->receive_offsets = counts + 2 * members;
    size_t row = (size_t)members * sizeof *counts;
    if (given->kind != DMT_BARRIER && given->receive_counts) memcpy(copy->receive_counts, given->receive_counts, row);
    if (given->kind != DMT_BARRIER && given->receive_offsets) memcpy(copy->receive_offsets, given->receive_offsets, row);
    if (given->kind != DMT_ALL_TO_ALL) {
        const void *from = given->kind == DMT_BROADCAST ? given->receive : given->send;
        if (bytes > 0) memcpy(data, from, bytes);
        return 1;
    }
    memcpy(copy->send_counts, given->send_counts, row);
    for (int32_t i = 0; i < members; i++) {
        size_t size = (size_t)(given->send_counts[i] * element_bytes(given));
        if (size > 0) memcpy(data, (const char *)given->send + given->send_offsets[i] * element_bytes(given), size);
        data += size;
    }
    return 1;
}

static dmt_status start(void *handle, const dmt_collective *given, uint64_t *ticket) {
    communicator *own = handle;
    group *in = own->group;
    const char *why;
    int64_t elements = sent_elements(given, in->members, own->member, &why);
    if (elements < 0) return fail(DMT_INVALID_ARGUMENT, "rank %d: %s", in->member[own->member].rank, why);
    part copy;
    if (!copy_part(given, elements, in->members, &copy)) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a collective");
    pthread_mutex_lock(&own->world->lock);
    exchange *it = own->world->aborted ? NULL : find_or_make(in, own->started + 1);
    if (!it) {
        int aborted = own->world->aborted;
        pthread_mutex_unlock(&own->world->lock);
        free(copy.send_counts);
        free(copy.data);
        if (aborted) return fail(DMT_UNAVAILABLE, "%s", own->world->message);
        return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a collective");
    }
    copy.state = present;
    it->parts[own->member] = copy;
    it->arrived++;
    *ticket = ++own->started;
    if (it->arrived == in->members) pthread_cond_broadcast(&own->world->changed);
    pthread_mutex_unlock(&own->world->lock);
    return DMT_OK;
}

static dmt_status test(void *handle, uint64_t ticket, int32_t *done) {
    communicator *own = handle;
    pthread_mutex_lock(&own->world->lock);
    exchange *it = find(own->group, ticket);
    int known = it && it->parts[own->member].state == present, aborted = own->world->aborted;
    *done = known && it->arrived == own->group->members;
    pthread_mutex_unlock(&own->world->lock);
    if (aborted) return fail(DMT_UNAVAILABLE, "%s", own->world->message);
    if (!known) return fail(DMT_INVALID_ARGUMENT, "ticket %llu is not under way", (unsigned long long)ticket);
    return DMT_OK;
}

/* Adds element by element to `target`, or takes the larger one; a NaN wins. */
#define COMBINE(type)                                                                  \
    for (int64_t i = 0; i < count; i++) {                                              \
        type mine = ((type *)target)[i], other = ((const type *)source)[i];            \
        ((type *)target)[i] = sums ? mine + other : (other > mine || other != other) ? other : mine; \
    }

static void combine(void *target, const void *source, int64_t count, dmt_dtype dtype, int sums) {
    int is_float = dtype.code == DMT_DTYPE_FLOAT, is_short = dtype.bits == 32;
    if (is_float && is_short) COMBINE(float)
    else if (is_float) COMBINE(double)
    else if (sums && is_short) COMBINE(uint32_t) /* sums of integers wrap around */
    else if (sums) COMBINE(uint64_t)
    else if (is_short) COMBINE(int32_t)
    else COMBINE(int64_t)
}

static void put(char *target, const char *source, int64_t bytes) {
    if (bytes > 0) memcpy(target, source, (size_t)bytes);
}

/* Copies out what a member receives; all are there. */
static void receive(const exchange *it, int32_t members, int32_t own) {
    const part *mine = &it->parts[own];
    const dmt_collective *of = &mine->collective;
    if (of->kind == DMT_BARRIER) return;
    char *to = of->receive;
    int64_t bytes = element_bytes(of), start = 0, count = of->count;
    switch (of->kind) {
    case DMT_BROADCAST:
        if (own != of->root) put(to, it->parts[of->root].data, count * bytes);
        return;
    case DMT_ALL_GATHER:
        for (int32_t i = 0; i < members; i++)
            put(to + mine->receive_offsets[i] * bytes, it->parts[i].data, mine->receive_counts[i] * bytes);
        return;
    case DMT_ALL_TO_ALL:
        for (int32_t i = 0; i < members; i++) {
            const char *from = it->parts[i].data;
            for (int32_t j = 0; j < own; j++) from += it->parts[i].send_counts[j] * bytes;
            put(to + mine->receive_offsets[i] * bytes, from, mine->receive_counts[i] * bytes);
        }
        return;
    case DMT_REDUCE_SCATTER:
        for (int32_t j = 0; j < own; j++) start += mine->receive_counts[j];
        count = mine->receive_counts[own];
        break;
    default: break;
    }
    put(to, it->parts[0].data + start * bytes, count * bytes);
    for (int32_t i = 1; i < members; i++)
        combine(to, it->parts[i].data + start * bytes, count, of->dtype, of->reduction == DMT_REDUCE_SUM);
}

/* Whether what member `other` started is the collective that `own` started. */
static int fits(const exchange *it, int32_t members, int32_t own, int32_t other) {
    const part *mine = &it->parts[own], *its = &it->parts[other];
    const dmt_collective *a = &mine->collective, *b = &its->collective;
    if (a->kind != b->kind) return 0;
    if (a->kind == DMT_BARRIER) return 1;
    if (element_bytes(a) != element_bytes(b)) return 0;
    if (reduces(a->kind) && (a->reduction != b->reduction || a->dtype.code != b->dtype.code)) return 0;
    switch (a->kind) {
    case DMT_BROADCAST: return a->root == b->root && a->count == b->count;
    case DMT_ALL_REDUCE: return a->count == b->count;
    case DMT_ALL_GATHER: return mine->receive_counts[other] == b->count;
    case DMT_ALL_TO_ALL: return mine->receive_counts[other] == its->send_counts[own];
    default: return memcmp(mine->receive_counts, its->receive_counts, (size_t)members * sizeof(int64_t)) == 0;
    }
}

/* A member whose collective does not fit that of `own`; -1: all fit. */
static int32_t misfit(const exchange *it, int32_t members, int32_t own) {
    for (int32_t i = 0; i < members; i++)
        if (!fits(it, members, own, i)) return i;
    return -1;
}

/* A member that has not started it, and, if only_gone, never will; -1: there is none. */
static int32_t missing(const exchange *it, const group *with, int only_gone) {
    for (int32_t i = 0; i < with->members; i++)
        if (it->parts[i].state == absent && (!only_gone || with->member[i].gone)) return i;
    return -1;
}

static struct timespec after(int64_t milliseconds) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = now.tv_nsec + milliseconds % 1000 * 1000000;
    now.tv_sec += milliseconds / 1000 + nanoseconds / 1000000000;
    now.tv_nsec = nanoseconds % 1000000000;
    return now;
}

static dmt_status wait_for(void *handle, uint64_t ticket, int64_t timeout_ms) {
    communicator *own = handle;
    world *in = own->world;
    group *with = own->group;
    if (timeout_ms <= 0) timeout_ms = in->timeout_ms;
    struct timespec deadline = after(timeout_ms);
    char problem[384] = "";
    dmt_status status = DMT_OK;
    int32_t who;
    pthread_mutex_lock(&in->lock);
    exchange *it = find(with, ticket);
    if (!it || it->parts[own->member].state != present) {
        pthread_mutex_unlock(&in->lock);
        return fail(DMT_INVALID_ARGUMENT, "ticket %llu is not under way", (unsigned long long)ticket);
    }
    while (status == DMT_OK && it->arrived < with->members) {
        if (in->aborted) {
            status = DMT_UNAVAILABLE;
            snprintf(problem, sizeof problem, "%s", in->message);
        } else if ((who = missing(it, with, 1)) >= 0) {
            status = DMT_UNAVAILABLE;
            snprintf(problem, sizeof problem, "rank %d left", with->member[who].rank);
        } else if (
            pthread_cond_timedwait(&in->changed, &in->lock, &deadline) == ETIMEDOUT &&
            (who = missing(it, with, 0)) >= 0) {
            status = DMT_UNAVAILABLE;
            snprintf(problem, sizeof problem, "rank %d did not arrive within %lld ms", with->member[who].rank, (long long)timeout_ms);
        }
    }
    if (status == DMT_OK && (who = misfit(it, with->members, own->member)) >= 0) {
        status = DMT_INVALID_ARGUMENT;
        snprintf(problem, sizeof problem, "rank %d started another collective or other counts", with->member[who].rank);
    }
    if (status == DMT_OK) receive(it, with->members, own->member);
    const char *name = kind_names[it->parts[own->member].collective.kind];
    it->parts[own->member].state = taken;
    if (++it->left == with->members) {
        exchange **place = &with->exchanges;
        while (*place != it) place = &(*place)->next;
        *place = it->next;
        free_exchange(it, with->members);
    }
    pthread_mutex_unlock(&in->lock);
    if (status == DMT_OK) return DMT_OK;
    return fail(
        status, "rank %d, %s number %llu among %d ranks: %s", with->member[own->member].rank, name, (unsigned long long)ticket,
        with->members, problem);
}

static void abort_world(void *handle, dmt_str message) {
    connection *own = handle;
    pthread_mutex_lock(&own->world->lock);
    if (!own->world->aborted) {
        int size = message.size < 200 ? (int)message.size : 200;
        snprintf(own->world->message, sizeof own->world->message, "rank %d gave up: %.*s", own->rank, size, message.data);
        own->world->aborted = 1;
    }
    pthread_cond_broadcast(&own->world->changed);
    pthread_mutex_unlock(&own->world->lock);
}

static void disconnect(void *handle) {
    connection *own = handle;
    pthread_mutex_lock(&own->world->lock);
    while (own->communicators) {
        communicator *last = own->communicators;
        last->group->member[last->member].gone = 1;
        own->communicators = last->next;
        free(last);
    }
    pthread_cond_broadcast(&own->world->changed);
    pthread_mutex_unlock(&own->world->lock);
    free(own);
}

static void close_world(void *handle) {
    world *it = handle;
    while (it->groups) {
        group *last = it->groups;
        it->groups = last->next;
        while (last->exchanges) {
            exchange *left = last->exchanges;
            last->exchanges = left->next;
            free_exchange(left, last->members);
        }
        free(last);
    }
    pthread_cond_destroy(&it->changed);
    pthread_mutex_destroy(&it->lock);
    free(it);
}

static const dmt_interconnect table = {
    .struct_size = sizeof(dmt_interconnect),
    .revision = 1,
    .flags = DMT_INTERCONNECT_EMBEDDED,
    .open = open_world,
    .connect = connect_rank,
    .communicator = communicator_of,
    .start = start,
    .test = test,
    .wait = wait_for,
    .abort = abort_world,
    .disconnect = disconnect,
    .close = close_world,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_INTERCONNECT),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Ranks that are threads of one process, joined by one lock."),
};
const void *const component_table = &table;
