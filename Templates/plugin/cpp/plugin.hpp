/**
 * plugin.hpp: what the files of this plugin share.
 */
#pragma once

#include <dmt/dmt.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>

/** A literal as a text of the contract. */
#define TEXT(literal) {literal, sizeof(literal) - 1}

/** What the plugin offers: kind, name, one sentence. */
extern const dmt_component component;
/** The component's table: the struct that its kind and revision name. */
extern const void *const component_table;

/** The host; there from initialize on. */
extern const dmt_host *host;

/** What went wrong, in the contract's words. Thrown inside, a status at the border. */
struct Failure {
    dmt_status status;
    std::string message;
};

/** Tells the host why the running call fails; returns `status`. */
dmt_status fail(dmt_status status, std::string_view message) noexcept;

/** Runs code that may throw: no exception crosses the contract. */
template <class Body>
dmt_status guarded(Body &&body) noexcept {
    try {
        body();
        return DMT_OK;
    } catch (const Failure &failure) {
        return fail(failure.status, failure.message);
    } catch (const std::bad_alloc &) {
        return fail(DMT_RESOURCE_EXHAUSTED, "memory is used up");
    } catch (const std::exception &error) {
        return fail(DMT_INTERNAL, error.what());
    } catch (...) {
        return fail(DMT_INTERNAL, "an unknown exception");
    }
}

inline std::string_view view(dmt_str text) { return text.data ? std::string_view(text.data, static_cast<size_t>(text.size)) : std::string_view(); }
inline dmt_str text(std::string_view view) { return {view.data(), static_cast<int64_t>(view.size())}; }

/** An attribute's value; `otherwise` when it was not given. */
double number(const dmt_attrs &attributes, std::string_view name, double otherwise);
int64_t integer(const dmt_attrs &attributes, std::string_view name, int64_t otherwise);

/** Calls body on pieces of 0 ..< count, at least grain long each, on the host's threads. */
void in_parallel(int64_t count, int64_t grain, dmt_parallel_body body, void *argument);

/** The same for a lambda of (begin, end), which stays where it is: nothing is allocated. It may not throw. */
template <class Body>
void in_parallel(int64_t count, int64_t grain, const Body &body) {
    in_parallel(
        count, grain,
        [](void *argument, int64_t begin, int64_t end, int32_t) { (*static_cast<const Body *>(argument))(begin, end); },
        const_cast<Body *>(&body));
}
