/**
 * The interconnect `@COMPONENT@`: ranks that are threads of one process, joined by one lock.
 *
 * A collective is an exchange: start copies what a member sends into it, and wait, when all members have started, copies out
 * what this member receives. Reductions add the members up in their order, so every member gets the same bits.
 */
#include "plugin.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

namespace {

constexpr const char *kind_names[] = {"all_to_all", "all_reduce", "reduce_scatter", "all_gather", "broadcast", "barrier"};

bool reduces(int32_t kind) { return kind == DMT_ALL_REDUCE || kind == DMT_REDUCE_SCATTER; }

Failure wrong(const std::string &message) { return {DMT_INVALID_ARGUMENT, message}; }

/** What a member brought. */
struct Part {
    int32_t kind, reduction, root;
    dmt_dtype dtype;
    int64_t bytes; // of an element
    int64_t count;
    char *receive;
    std::vector<int64_t> send_counts, receive_counts, receive_offsets;
    /** What it sends: of an all_to_all, the parts one after the other. */
    std::vector<char> data;

    /** Reads a collective, checks what one member can tell is wrong, and copies what it sends. */
    Part(const dmt_collective &given, size_t members, size_t own);

    /** Whether what another member brought is the same collective; own and other are their positions. */
    bool fits(const Part &its, size_t own, size_t other) const;

  private:
    std::vector<int64_t> list(const int64_t *values, size_t members, const char *what) const {
        if (!values) throw wrong(std::string(what) + " are missing");
        for (size_t i = 0; i < members; i++)
            if (values[i] < 0 || values[i] > INT64_MAX / bytes) throw wrong(std::string(what) + " are negative or beyond memory");
        return {values, values + members};
    }

    void copy(const void *from, int64_t offset, int64_t elements) {
        if (elements == 0) return;
        if (!from) throw wrong("a buffer is NULL");
        auto start = static_cast<const char *>(from) + offset * bytes;
        data.insert(data.end(), start, start + elements * bytes);
    }
};

int64_t sum(const std::vector<int64_t> &counts, size_t end) {
    int64_t total = 0;
    for (size_t i = 0; i < end; i++)
        if (__builtin_add_overflow(total, counts[i], &total)) throw wrong("the counts are beyond memory");
    return total;
}

Part::Part(const dmt_collective &given, size_t members, size_t own)
    : kind(given.kind), reduction(given.reduction), root(given.root), dtype(given.dtype), bytes(0), count(given.count),
      receive(static_cast<char *>(given.receive)) {
    if (given.struct_size < sizeof given || kind < DMT_ALL_TO_ALL || kind > DMT_BARRIER) throw wrong("it is of no known kind");
    if (kind == DMT_BARRIER) return;
    int64_t bits = int64_t{dtype.bits} * dtype.lanes;
    if (bits == 0 || bits % 8 != 0) throw wrong("its elements are not whole bytes");
    bytes = bits / 8;
    bool is_number = dtype.code == DMT_DTYPE_FLOAT || dtype.code == DMT_DTYPE_INT;
    if (reduces(kind) && (!is_number || dtype.lanes != 1 || (bits != 32 && bits != 64)))
        throw wrong("it reduces other elements than float32, float64, int32 and int64");
    if (reduces(kind) && reduction != DMT_REDUCE_SUM && reduction != DMT_REDUCE_MAX) throw wrong("it reduces by no known rule");
    if (kind == DMT_BROADCAST && (root < 0 || static_cast<size_t>(root) >= members)) throw wrong("its root is no member");

    bool has_parts = kind == DMT_ALL_TO_ALL || kind == DMT_ALL_GATHER;
    if (kind == DMT_ALL_TO_ALL) send_counts = list(given.send_counts, members, "send_counts");
    if (has_parts || kind == DMT_REDUCE_SCATTER) receive_counts = list(given.receive_counts, members, "receive_counts");
    if (has_parts) receive_offsets = list(given.receive_offsets, members, "receive_offsets");
    if (kind != DMT_ALL_TO_ALL && kind != DMT_REDUCE_SCATTER) list(&count, 1, "counts");
    if (has_parts && (kind == DMT_ALL_TO_ALL ? send_counts[own] : count) != receive_counts[own])
        throw wrong("this rank sends itself another count than it receives");
    int64_t received = has_parts ? sum(receive_counts, members) : kind == DMT_REDUCE_SCATTER ? receive_counts[own] : count;
    if (received > 0 && !receive) throw wrong("a buffer is NULL");

    switch (kind) {
    case DMT_BROADCAST:
        if (static_cast<size_t>(root) == own) copy(receive, 0, count);
        break;
    case DMT_ALL_TO_ALL: {
        auto offsets = list(given.send_offsets, members, "send_offsets");
        for (size_t i = 0; i < members; i++) copy(given.send, offsets[i], send_counts[i]);
        break;
    }
    case DMT_REDUCE_SCATTER: copy(given.send, 0, sum(receive_counts, members)); break;
    default: copy(given.send, 0, count);
    }
}

bool Part::fits(const Part &its, size_t own, size_t other) const {
    if (its.kind != kind) return false;
    if (kind == DMT_BARRIER) return true;
    if (its.bytes != bytes) return false;
    if (reduces(kind) && (its.reduction != reduction || its.dtype.code != dtype.code)) return false;
    switch (kind) {
    case DMT_BROADCAST: return its.root == root && its.count == count;
    case DMT_ALL_REDUCE: return its.count == count;
    case DMT_ALL_GATHER: return its.count == receive_counts[other];
    case DMT_ALL_TO_ALL: return its.send_counts[own] == receive_counts[other];
    default: return its.receive_counts == receive_counts;
    }
}

/** One collective on its way: parts of those that have started. */
struct Exchange {
    uint64_t number;
    std::vector<std::unique_ptr<Part>> parts;
    std::vector<bool> taken;
    size_t arrived = 0, left = 0;

    Exchange(uint64_t number, size_t members) : number(number), parts(members), taken(members) {}

    void receive(size_t own) const;
};

template <class Element>
void combine(char *target, const char *source, int64_t count, bool sums) {
    for (int64_t i = 0; i < count; i++) {
        Element mine, other;
        std::memcpy(&mine, target + i * int64_t{sizeof mine}, sizeof mine);
        std::memcpy(&other, source + i * int64_t{sizeof other}, sizeof other);
        // A NaN wins.
        mine = sums ? static_cast<Element>(mine + other) : (other > mine || other != other) ? other : mine;
        std::memcpy(target + i * int64_t{sizeof mine}, &mine, sizeof mine);
    }
}

void combine(char *target, const char *source, int64_t count, const Part &of) {
    bool sums = of.reduction == DMT_REDUCE_SUM, is_float = of.dtype.code == DMT_DTYPE_FLOAT, is_short = of.dtype.bits == 32;
    auto by = is_float ? (is_short ? combine<float> : combine<double>)
              : sums   ? (is_short ? combine<uint32_t> : combine<uint64_t>) // sums of integers wrap around
                       : (is_short ? combine<int32_t> : combine<int64_t>);
    by(target, source, count, sums);
}

/** Copies out what a member receives; all are there. */
void Exchange::receive(size_t own) const {
    const Part &mine = *parts[own];
    auto put = [&](int64_t offset, const Part &from, int64_t start, int64_t count) {
        if (count > 0) std::memcpy(mine.receive + offset * mine.bytes, from.data.data() + start * mine.bytes, static_cast<size_t>(count * mine.bytes));
    };
    int64_t start = 0, count = mine.count;
    switch (mine.kind) {
    case DMT_BARRIER: return;
    case DMT_BROADCAST:
        if (own != static_cast<size_t>(mine.root)) put(0, *parts[mine.root], 0, count);
        return;
    case DMT_ALL_GATHER:
        for (size_t i = 0; i < parts.size(); i++) put(mine.receive_offsets[i], *parts[i], 0, mine.receive_counts[i]);
        return;
    case DMT_ALL_TO_ALL:
        for (size_t i = 0; i < parts.size(); i++)
            put(mine.receive_offsets[i], *parts[i], sum(parts[i]->send_counts, own), mine.receive_counts[i]);
        return;
    case DMT_REDUCE_SCATTER:
        start = sum(mine.receive_counts, own);
        count = mine.receive_counts[own];
    }
    put(0, *parts[0], start, count);
    for (size_t i = 1; i < parts.size(); i++) combine(mine.receive, parts[i]->data.data() + start * mine.bytes, count, mine);
}

/** The ranks of a communicator; shared by its members. */
struct Group {
    std::vector<int32_t> ranks;
    std::list<Exchange> exchanges;
    /** Members whose connection has ended. */
    std::vector<bool> gone;

    Exchange *find(uint64_t number) {
        auto found = std::find_if(exchanges.begin(), exchanges.end(), [&](const Exchange &it) { return it.number == number; });
        return found == exchanges.end() ? nullptr : &*found;
    }

    /** Members that have not started it, or, if only_gone, never will. */
    std::optional<int32_t> missing(const Exchange &it, bool only_gone) const {
        for (size_t i = 0; i < ranks.size(); i++)
            if (!it.parts[i] && (!only_gone || gone[i])) return ranks[i];
        return {};
    }
};

/** Members, lane, and how many such groups a member made before. */
using GroupKey = std::tuple<std::vector<int32_t>, int32_t, int32_t>;

struct World {
    std::mutex lock;
    std::condition_variable changed;
    std::map<GroupKey, Group> groups;
    std::vector<int32_t> host_of_rank;
    int64_t timeout_ms;
    std::optional<std::string> failure;
};

struct Communicator {
    World &world;
    Group &group;
    size_t member;
    uint64_t started = 0;
};

struct Connection {
    World &world;
    int32_t rank;
    std::map<GroupKey, int32_t> made;
    std::list<Communicator> communicators;
};

dmt_status open_world(void *, const dmt_world_request *request, dmt_world *answer) {
    return guarded([&] {
        if (request->rank_count < 1) throw wrong(std::to_string(request->rank_count) + " ranks, expected 1 or more");
        auto made = std::make_unique<World>();
        made->host_of_rank.assign(static_cast<size_t>(request->rank_count), 0);
        made->timeout_ms = request->timeout_ms;
        answer->rank_count = request->rank_count;
        answer->own_rank = -1;
        answer->host_of_rank = made->host_of_rank.data();
        answer->handle = made.release();
    });
}

dmt_status connect_rank(void *handle, int32_t rank, void **answer) {
    return guarded([&] {
        World &world = *static_cast<World *>(handle);
        if (rank < 0 || static_cast<size_t>(rank) >= world.host_of_rank.size()) throw wrong("there is no rank " + std::to_string(rank));
        *answer = new Connection{world, rank, {}, {}};
    });
}

dmt_status communicator_of(void *handle, const int32_t *ranks, int64_t count, int32_t lane, void **answer) {
    return guarded([&] {
        Connection &own = *static_cast<Connection *>(handle);
        std::vector<int32_t> members(ranks, ranks + std::max<int64_t>(count, 0));
        auto place = std::find(members.begin(), members.end(), own.rank);
        if (place == members.end()) throw wrong("rank " + std::to_string(own.rank) + " is not among the ranks");
        std::lock_guard guard(own.world.lock);
        int32_t ordinal = own.made[GroupKey{members, lane, 0}]++;
        Group &group = own.world.groups[GroupKey{members, lane, ordinal}];
        if (group.ranks.empty()) {
            group.ranks = members;
            group.gone.assign(members.size(), false);
        }
        *answer = &own.communicators.emplace_back(Communicator{own.world, group, static_cast<size_t>(place - members.begin())});
    });
}

dmt_status start(void *handle, const dmt_collective *given, uint64_t *ticket) {
    return guarded([&] {
        Communicator &own = *static_cast<Communicator *>(handle);
        if (!given) throw wrong("the collective is NULL");
        auto part = std::make_unique<Part>(*given, own.group.ranks.size(), own.member);
        std::lock_guard guard(own.world.lock);
        if (own.world.failure) throw Failure{DMT_UNAVAILABLE, *own.world.failure};
        Exchange *it = own.group.find(own.started + 1);
        if (!it) it = &own.group.exchanges.emplace_back(own.started + 1, own.group.ranks.size());
        it->parts[own.member] = std::move(part);
        if (++it->arrived == own.group.ranks.size()) own.world.changed.notify_all();
        *ticket = ++own.started;
    });
}

/** The exchange of a ticket that this member has started and not taken. */
Exchange &under_way(Communicator &own, uint64_t ticket) {
    Exchange *it = own.group.find(ticket);
    if (!it || !it->parts[own.member] || it->taken[own.member]) throw wrong("ticket " + std::to_string(ticket) + " is not under way");
    return *it;
}

dmt_status test(void *handle, uint64_t ticket, int32_t *done) {
    return guarded([&] {
        Communicator &own = *static_cast<Communicator *>(handle);
        std::lock_guard guard(own.world.lock);
        if (own.world.failure) throw Failure{DMT_UNAVAILABLE, *own.world.failure};
        *done = under_way(own, ticket).arrived == own.group.ranks.size();
    });
}

/** Waits until all members have started; the lock is held but for the waiting. */
void await(Communicator &own, const Exchange &it, std::unique_lock<std::mutex> &lock, int64_t timeout_ms) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (it.arrived < own.group.ranks.size()) {
        if (own.world.failure) throw Failure{DMT_UNAVAILABLE, *own.world.failure};
        if (auto rank = own.group.missing(it, true)) throw Failure{DMT_UNAVAILABLE, "rank " + std::to_string(*rank) + " left"};
        if (own.world.changed.wait_until(lock, deadline) == std::cv_status::no_timeout) continue;
        if (auto rank = own.group.missing(it, false))
            throw Failure{
                DMT_UNAVAILABLE,
                "rank " + std::to_string(*rank) + " did not arrive within " + std::to_string(timeout_ms) + " ms"};
    }
    for (size_t i = 0; i < it.parts.size(); i++)
        if (!it.parts[own.member]->fits(*it.parts[i], own.member, i))
            throw wrong("rank " + std::to_string(own.group.ranks[i]) + " started another collective or other counts");
}

dmt_status wait_for(void *handle, uint64_t ticket, int64_t timeout_ms) {
    return guarded([&] {
        Communicator &own = *static_cast<Communicator *>(handle);
        std::unique_lock lock(own.world.lock);
        Exchange &it = under_way(own, ticket);
        std::optional<Failure> failure;
        try {
            await(own, it, lock, timeout_ms > 0 ? timeout_ms : own.world.timeout_ms);
            it.receive(own.member);
        } catch (const Failure &met) {
            failure = Failure{
                met.status, "rank " + std::to_string(own.group.ranks[own.member]) + ", " +
                                kind_names[it.parts[own.member]->kind] + " number " + std::to_string(ticket) + " among " +
                                std::to_string(it.parts.size()) + " ranks: " + met.message};
        }
        it.taken[own.member] = true;
        if (++it.left == it.parts.size()) own.group.exchanges.remove_if([&](const Exchange &other) { return &other == &it; });
        if (failure) throw *failure;
    });
}

void abort_world(void *handle, dmt_str message) {
    guarded([&] {
        Connection &own = *static_cast<Connection *>(handle);
        std::lock_guard guard(own.world.lock);
        if (!own.world.failure) own.world.failure = "rank " + std::to_string(own.rank) + " gave up: " + std::string(view(message));
        own.world.changed.notify_all();
    });
}

void disconnect(void *handle) {
    std::unique_ptr<Connection> own(static_cast<Connection *>(handle));
    std::lock_guard guard(own->world.lock);
    for (Communicator &it : own->communicators) it.group.gone[it.member] = true;
    own->world.changed.notify_all();
}

void close_world(void *handle) { delete static_cast<World *>(handle); }

const dmt_interconnect table = {
    .struct_size = sizeof(dmt_interconnect),
    .revision = 1,
    .ctx = nullptr,
    .flags = DMT_INTERCONNECT_EMBEDDED,
    .reserved = 0,
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

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_INTERCONNECT),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Ranks that are threads of one process, joined by one lock."),
};
const void *const component_table = &table;
