/* `@COMPONENT@`: ranks that are threads exchange, gather, reduce, wait in any order, and learn of those that do not come. */
#include "contract.h"

#include <pthread.h>

enum { ranks = 3 };

static const dmt_interconnect *engine;
static void *connections[ranks];
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

/* As EXPECT, from any thread; what may wait is done before the lock is taken. */
#define EXPECT_HERE(condition, ...)          \
    do {                                     \
        int holds = (condition) ? 1 : 0;     \
        pthread_mutex_lock(&counting);       \
        EXPECT(holds, __VA_ARGS__);          \
        pthread_mutex_unlock(&counting);     \
    } while (0)

static const dmt_dtype float32 = {DMT_DTYPE_FLOAT, 32, 1};
static const int32_t world_ranks[ranks] = {0, 1, 2};

static void *communicator(int rank, int32_t lane) {
    void *made = NULL;
    dmt_status status = engine->communicator(connections[rank], world_ranks, ranks, lane, &made);
    EXPECT_HERE(status == DMT_OK && made, "rank %d: %s", rank, last_error);
    return made;
}

static uint64_t begin(void *with, dmt_collective collective) {
    uint64_t ticket = 0;
    collective.struct_size = sizeof collective;
    if (collective.kind != DMT_BARRIER && collective.dtype.bits == 0) collective.dtype = float32;
    dmt_status status = engine->start(with, &collective, &ticket);
    EXPECT_HERE(status == DMT_OK && ticket != 0, "start of kind %d: %s", collective.kind, last_error);
    return ticket;
}

static dmt_status run(void *with, dmt_collective collective) { return engine->wait(with, begin(with, collective), 10000); }

/* What rank `from` sends to rank `to` at index i; how many elements. */
static float value(int from, int to, int i) { return (float)(100 * from + 10 * to + i); }
static int64_t count_of(int from, int to) { return (from + 2 * to) % 3 + 1; }

static void moves(int rank, void *with) {
    int64_t send_counts[ranks], send_offsets[ranks], receive_counts[ranks], receive_offsets[ranks], sent = 0, received = 0;
    float send[16] = {0}, receive[16] = {0};
    for (int other = 0; other < ranks; other++) {
        send_counts[other] = count_of(rank, other);
        receive_counts[other] = count_of(other, rank);
        send_offsets[other] = sent;
        receive_offsets[other] = received;
        for (int i = 0; i < send_counts[other]; i++) send[sent + i] = value(rank, other, i);
        sent += send_counts[other];
        received += receive_counts[other];
    }
    dmt_collective all_to_all = {
        .kind = DMT_ALL_TO_ALL,
        .send = send,
        .receive = receive,
        .send_counts = send_counts,
        .send_offsets = send_offsets,
        .receive_counts = receive_counts,
        .receive_offsets = receive_offsets,
    };
    EXPECT_HERE(run(with, all_to_all) == DMT_OK, "%s", last_error);
    for (int other = 0; other < ranks; other++)
        for (int i = 0; i < receive_counts[other]; i++)
            EXPECT_HERE(
                receive[receive_offsets[other] + i] == value(other, rank, i), "rank %d got %g of rank %d", rank,
                receive[receive_offsets[other] + i], other);
    EXPECT_HERE(receive[received] == 0, "rank %d wrote past its parts", rank);

    int64_t gather_counts[ranks] = {1, 2, 3}, gather_offsets[ranks] = {3, 4, 0};
    float gathered[6], own[3] = {(float)rank, (float)rank, (float)rank};
    dmt_collective gather = {
        .kind = DMT_ALL_GATHER,
        .send = own,
        .count = rank + 1,
        .receive = gathered,
        .receive_counts = gather_counts,
        .receive_offsets = gather_offsets,
    };
    EXPECT_HERE(run(with, gather) == DMT_OK, "%s", last_error);
    static const float together[] = {2, 2, 2, 0, 1, 1};
    EXPECT_HERE(memcmp(gathered, together, sizeof together) == 0, "rank %d gathered %g first", rank, gathered[0]);

    float word[2] = {(float)rank, 7};
    EXPECT_HERE(run(with, (dmt_collective){.kind = DMT_BROADCAST, .root = 1, .count = 2, .receive = word}) == DMT_OK, "%s", last_error);
    EXPECT_HERE(word[0] == 1, "rank %d got %g from the root", rank, word[0]);
}

static void reductions(int rank, void *with) {
    float values[4], sums[4];
    for (int i = 0; i < 4; i++) values[i] = (float)(rank + i);
    dmt_collective reduce = {.kind = DMT_ALL_REDUCE, .count = 4, .send = values, .receive = sums};
    EXPECT_HERE(run(with, reduce) == DMT_OK, "%s", last_error);
    for (int i = 0; i < 4; i++) EXPECT_HERE(sums[i] == (float)(3 + 3 * i), "the sum is %g", sums[i]);
    reduce.reduction = DMT_REDUCE_MAX;
    reduce.receive = values; /* in place */
    EXPECT_HERE(run(with, reduce) == DMT_OK, "%s", last_error);
    for (int i = 0; i < 4; i++) EXPECT_HERE(values[i] == (float)(2 + i), "the maximum is %g", values[i]);

    int64_t parts[ranks] = {1, 0, 2}, wide[3] = {rank, 10 * rank, 100 * rank}, part[2] = {-1, -1};
    dmt_collective scatter = {
        .kind = DMT_REDUCE_SCATTER, .dtype = {DMT_DTYPE_INT, 64, 1}, .send = wide, .receive = part, .receive_counts = parts};
    EXPECT_HERE(run(with, scatter) == DMT_OK, "%s", last_error);
    if (rank == 0) EXPECT_HERE(part[0] == 3, "part 0 is %lld", (long long)part[0]);
    if (rank == 2) EXPECT_HERE(part[0] == 30 && part[1] == 300, "part 2 is %lld", (long long)part[0]);
}

/* Collectives of two communicators, waited for in opposite orders. */
static void overlaps(int rank, void *with, void *beside) {
    float one[1] = {1}, two[1] = {2}, sums[2] = {0};
    uint64_t first = begin(with, (dmt_collective){.kind = DMT_ALL_REDUCE, .count = 1, .send = one, .receive = &sums[0]});
    uint64_t second = begin(beside, (dmt_collective){.kind = DMT_ALL_REDUCE, .count = 1, .send = two, .receive = &sums[1]});
    dmt_status a = rank % 2 ? engine->wait(with, first, 10000) : engine->wait(beside, second, 10000);
    dmt_status b = rank % 2 ? engine->wait(beside, second, 10000) : engine->wait(with, first, 10000);
    EXPECT_HERE(a == DMT_OK && b == DMT_OK && sums[0] == ranks && sums[1] == 2 * ranks, "sums %g and %g", sums[0], sums[1]);
    EXPECT_HERE(engine->wait(with, first, 1) == DMT_INVALID_ARGUMENT, "a ticket was waited for twice");
}

static void refusals(int rank, void *with) {
    uint64_t ticket;
    float one = 1;
    int64_t ones[ranks] = {1, 1, 1}, minus[ranks] = {1, -1, 1}, starts[ranks] = {0, 1, 2};
    dmt_collective wrong[] = {
        {.struct_size = sizeof(dmt_collective), .kind = 6, .dtype = float32},
        {.struct_size = sizeof(dmt_collective), .kind = DMT_ALL_REDUCE, .dtype = float32, .count = -1, .send = &one, .receive = &one},
        {.struct_size = sizeof(dmt_collective), .kind = DMT_ALL_REDUCE, .dtype = float32, .count = 1, .receive = &one},
        {.struct_size = sizeof(dmt_collective), .kind = DMT_BROADCAST, .dtype = float32, .count = 1, .receive = &one, .root = ranks},
        {.struct_size = sizeof(dmt_collective),
         .kind = DMT_ALL_TO_ALL,
         .dtype = float32,
         .send = &one,
         .receive = &one,
         .send_counts = minus,
         .send_offsets = starts,
         .receive_counts = ones,
         .receive_offsets = starts},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT_HERE(engine->start(with, &wrong[i], &ticket) == DMT_INVALID_ARGUMENT, "rank %d: wrong collective %zu", rank, i);
    EXPECT_HERE(run(with, (dmt_collective){.kind = DMT_BARRIER}) == DMT_OK, "the barrier behind them: %s", last_error);
}

static void *rank_main(void *argument) {
    int rank = (int)(intptr_t)argument;
    void *dense = communicator(rank, DMT_LANE_DENSE), *control = communicator(rank, DMT_LANE_CONTROL);
    if (!dense || !control) return NULL;
    moves(rank, dense);
    reductions(rank, dense);
    overlaps(rank, dense, control);
    refusals(rank, dense);
    /* The last rank gives up while the others wait for it. */
    EXPECT_HERE(run(control, (dmt_collective){.kind = DMT_BARRIER}) == DMT_OK, "%s", last_error);
    if (rank == ranks - 1) {
        engine->abort(connections[rank], str("its disk is full"));
        return NULL;
    }
    uint64_t ticket = 0;
    dmt_collective barrier = {.struct_size = sizeof barrier, .kind = DMT_BARRIER};
    dmt_status status = engine->start(dense, &barrier, &ticket);
    if (status == DMT_OK) status = engine->wait(dense, ticket, 10000);
    EXPECT_HERE(status == DMT_UNAVAILABLE, "rank %d waited for a rank that gave up", rank);
    return NULL;
}

/* Calls body on a thread a rank. */
static void on_every_rank(void *(*body)(void *)) {
    pthread_t threads[ranks];
    for (intptr_t rank = 0; rank < ranks; rank++) pthread_create(&threads[rank], NULL, body, (void *)rank);
    for (int rank = 0; rank < ranks; rank++) pthread_join(threads[rank], NULL);
}

static void open_world(dmt_world *world) {
    dmt_world_request request = {.struct_size = sizeof request, .rank_count = ranks, .timeout_ms = 10000};
    *world = (dmt_world){.struct_size = sizeof *world};
    REQUIRE(engine->open(engine->ctx, &request, world) == DMT_OK, "open: %s", last_error);
    EXPECT(world->rank_count == ranks && world->own_rank == -1, "%d ranks", world->rank_count);
    for (int rank = 0; rank < ranks; rank++)
        REQUIRE(engine->connect(world->handle, rank, &connections[rank]) == DMT_OK, "connect: %s", last_error);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    engine = component(DMT_KIND_INTERCONNECT, "@COMPONENT@");
    EXPECT(engine->flags & DMT_INTERCONNECT_EMBEDDED, "ranks are not threads");
    dmt_world world;
    open_world(&world);
    on_every_rank(rank_main);
    for (int rank = 0; rank < ranks; rank++) engine->disconnect(connections[rank]);
    engine->close(world.handle);

    /* Who does not come is named. */
    open_world(&world);
    void *alone = communicator(0, DMT_LANE_DENSE);
    uint64_t ticket = begin(alone, (dmt_collective){.kind = DMT_BARRIER});
    int32_t done = 1;
    EXPECT(engine->test(alone, ticket, &done) == DMT_OK && !done, "a barrier of one rank of three is done");
    EXPECT(engine->wait(alone, ticket, 20) == DMT_UNAVAILABLE, "and was waited for");
    EXPECT(strstr(last_error, "rank 0") && strstr(last_error, "barrier") && strstr(last_error, "number 1"), "%s", last_error);
    for (int rank = 0; rank < ranks; rank++) engine->disconnect(connections[rank]);
    engine->close(world.handle);
    return finish();
}
