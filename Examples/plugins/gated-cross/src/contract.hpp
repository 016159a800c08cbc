// contract.hpp: the contract as C++ likes it. Failures are exceptions inside the plugin; guarded() turns them into statuses, so that
// none crosses into the host.
#pragma once

#include <dmt/dmt.h>

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace contract {

/// A literal, or text that lives long enough, as a text of the contract.
constexpr dmt_str text(std::string_view text) { return {text.data(), static_cast<int64_t>(text.size())}; }

/// A text of the host; NULL is empty.
inline std::string_view view(dmt_str text) {
    return text.data && text.size > 0 ? std::string_view(text.data, static_cast<size_t>(text.size)) : std::string_view();
}

/// Why a call fails.
class Failure : public std::exception {
public:
    Failure(dmt_status status, std::string message) : status(status), message(std::move(message)) {}
    const char *what() const noexcept override { return message.c_str(); }

    dmt_status status;
    /// Empty: the host said it itself, and its error is handed on.
    std::string message;
};

/// The host; there from initialize on.
extern const dmt_host *host;

/// Runs what the host called; DMT_OK, or the status of the failure, which the host has been told.
template <typename Body>
dmt_status guarded(Body &&body) noexcept {
    dmt_status status = DMT_INTERNAL;
    const char *message = "an exception of an unknown type";
    std::string kept;
    try {
        body();
        return DMT_OK;
    } catch (Failure &failure) {
        status = failure.status;
        kept.swap(failure.message);
        message = kept.c_str();
    } catch (const std::bad_alloc &) {
        status = DMT_RESOURCE_EXHAUSTED;
        message = "no memory";
    } catch (...) {
    }
    if (*message && host) host->set_error(host->ctx, status, {message, static_cast<int64_t>(std::strlen(message))});
    return status;
}

/// The whole number of an attribute.
inline int64_t integer(const dmt_attrs &attributes, std::string_view name) {
    for (int64_t i = 0; attributes.items && i < attributes.count; i++)
        if (view(attributes.items[i].name) == name) return attributes.items[i].i64;
    throw Failure(DMT_INVALID_ARGUMENT, "the attribute '" + std::string(name) + "' is missing");
}

/// An attribute of a node.
constexpr dmt_attr attribute(std::string_view name, int64_t value) {
    dmt_attr result = {};
    result.name = text(name);
    result.type = DMT_ATTR_I64;
    result.i64 = value;
    return result;
}

constexpr dmt_attr attribute(std::string_view name, std::string_view value) {
    dmt_attr result = {};
    result.name = text(name);
    result.type = DMT_ATTR_STR;
    result.str = text(value);
    return result;
}

/// The host's graph, into which a module expands.
class Graph {
public:
    explicit Graph(const dmt_graph *graph) : graph(*graph) {}

    /// Extents of a value; the first is -1, the batch.
    std::vector<int64_t> shape(dmt_value value) const {
        dmt_shape shape = {};
        check(graph.shape(graph.ctx, value, &shape));
        return {shape.dims, shape.dims + shape.rank};
    }

    /// Adds an operator; `name` goes in front of its parameters' names.
    dmt_value apply(
        std::string_view op, std::string_view name, const std::vector<dmt_attr> &attributes,
        const std::vector<dmt_value> &inputs) const {
        const dmt_attrs given = {attributes.data(), static_cast<int64_t>(attributes.size())};
        dmt_value output = 0;
        int32_t count = 0;
        check(graph.operation(
            graph.ctx, text(op), text(name), &given, inputs.data(), static_cast<int32_t>(inputs.size()), &output, 1, &count));
        return output;
    }

    /// One row a sample: [B, ..] as [B, N].
    dmt_value flat(dmt_value value) const {
        const std::vector<int64_t> extents = {-1, width(value)};
        if (shape(value).size() == 2) return value;
        dmt_attr shape = {};
        shape.name = text("shape");
        shape.type = DMT_ATTR_I64_LIST;
        shape.list = extents.data();
        shape.list_size = 2;
        return apply("reshape", "", {shape}, {value});
    }

    /// Elements of a sample.
    int64_t width(dmt_value value) const {
        const auto extents = shape(value);
        if (extents.size() < 2) throw Failure(DMT_SHAPE_MISMATCH, "a tensor of rank below 2, expected [B, ..]");
        int64_t width = 1;
        for (size_t i = 1; i < extents.size(); i++)
            if (__builtin_mul_overflow(width, extents[i], &width))
                throw Failure(DMT_OUT_OF_RANGE, "a tensor with more elements a sample than can be counted");
        return width;
    }

private:
    static void check(dmt_status status) {
        if (status != DMT_OK) throw Failure(status, "");
    }

    const dmt_graph &graph;
};

}  // namespace contract
