/* An interconnect that changes one number in flight, once: it hands everything to another plugin's engine, whose library the
 * compiler is told (INNER), and writes into what rank 1 receives of the first all_to_all of embeddings. */
#include "fixture.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const dmt_host *host;
static const dmt_interconnect *inner;
static atomic_flag has_changed = ATOMIC_FLAG_INIT;

typedef struct connection {
    void *inner;
    int32_t rank;
} connection;

typedef struct communicator {
    void *inner;
    int32_t members;
    int is_victim;
    /* The collective whose result is changed, and where. */
    uint64_t ticket;
    unsigned char *place;
} communicator;

static dmt_status fail(dmt_status status, const char *message) {
    host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

static dmt_status open_world(void *ctx, const dmt_world_request *request, dmt_world *world) {
    (void)ctx;
    return inner->open(inner->ctx, request, world);
}

static dmt_status connect_rank(void *world, int32_t rank, void **made) {
    connection *wrapped = calloc(1, sizeof *wrapped);
    if (!wrapped) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a connection");
    wrapped->rank = rank;
    const dmt_status status = inner->connect(world, rank, &wrapped->inner);
    if (status == DMT_OK) *made = wrapped;
    else free(wrapped);
    return status;
}

/* Communicators live as long as the process. */
static dmt_status make_communicator(void *from, const int32_t *ranks, int64_t count, int32_t lane, void **made) {
    connection *of = from;
    communicator *wrapped = calloc(1, sizeof *wrapped);
    if (!wrapped) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a communicator");
    wrapped->members = (int32_t)count;
    wrapped->is_victim = of->rank == 1 && lane == DMT_LANE_EMBEDDING;
    const dmt_status status = inner->communicator(of->inner, ranks, count, lane, &wrapped->inner);
    if (status == DMT_OK) *made = wrapped;
    else free(wrapped);
    return status;
}

static dmt_status start(void *on, const dmt_collective *collective, uint64_t *ticket) {
    communicator *of = on;
    const dmt_status status = inner->start(of->inner, collective, ticket);
    if (status != DMT_OK || !of->is_victim || of->place || collective->kind != DMT_ALL_TO_ALL) return status;
    const int64_t size = collective->dtype.bits / 8;
    for (int32_t member = 0; member < of->members; member++) {
        const int64_t bytes = collective->receive_counts[member] * size;
        if (bytes < 16) continue;
        of->place = (unsigned char *)collective->receive + collective->receive_offsets[member] * size + bytes - 4;
        of->ticket = *ticket;
        break;
    }
    return status;
}

static dmt_status test(void *on, uint64_t ticket, int32_t *done) {
    return inner->test(((communicator *)on)->inner, ticket, done);
}

static dmt_status wait_for(void *on, uint64_t ticket, int64_t timeout_ms) {
    communicator *of = on;
    const dmt_status status = inner->wait(of->inner, ticket, timeout_ms);
    if (status == DMT_OK && of->place && ticket == of->ticket && !atomic_flag_test_and_set(&has_changed)) {
        uint32_t word;
        memcpy(&word, of->place, sizeof word);
        word ^= 0x3F000000; /* another exponent */
        memcpy(of->place, &word, sizeof word);
    }
    return status;
}

static void abort_world(void *from, dmt_str message) { inner->abort(((connection *)from)->inner, message); }

static void disconnect(void *from) {
    inner->disconnect(((connection *)from)->inner);
    free(from);
}

static void close_world(void *world) { inner->close(world); }

static const dmt_interconnect corrupting = {
    .struct_size = sizeof(dmt_interconnect), .revision = 1, .flags = DMT_INTERCONNECT_EMBEDDED, .open = open_world,
    .connect = connect_rank, .communicator = make_communicator, .start = start, .test = test, .wait = wait_for,
    .abort = abort_world, .disconnect = disconnect, .close = close_world};

static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_INTERCONNECT),
    .id = TEXT("corrupting"), .summary = TEXT("Threads, with one wrong number.")};
static const dmt_component *const components[] = {&component};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.corrupting", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1,
    .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    void *library = dlopen(INNER, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) return fail(DMT_UNAVAILABLE, "the inner library cannot be opened");
    dmt_plugin_entry_function entry = (dmt_plugin_entry_function)dlsym(library, "dmt_plugin_entry");
    const dmt_plugin *plugin = entry ? entry() : NULL;
    if (!plugin) return fail(DMT_UNAVAILABLE, "the inner library is no plugin");
    const dmt_status status = plugin->initialize ? plugin->initialize(given) : DMT_OK;
    if (status != DMT_OK) return status;
    inner = plugin->get_component((dmt_str)TEXT(DMT_KIND_INTERCONNECT), (dmt_str)TEXT("threads"), 1);
    return inner ? DMT_OK : fail(DMT_UNAVAILABLE, "the inner plugin has no interconnect 'threads'");
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    if (revision != 1 || kind.size != component.kind.size || id.size != component.id.size) return NULL;
    if (memcmp(kind.data, component.kind.data, (size_t)kind.size) != 0) return NULL;
    return memcmp(id.data, component.id.data, (size_t)id.size) == 0 ? &corrupting : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
