/**
 * The module `@COMPONENT@`: y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out].
 *
 * Parameters `gate.weight` [N, N], `gate.bias` [N], `out.weight` [out, N], `out.bias` [out]. A module has no kernels and no
 * gradient: it writes operators into the host's graph, which has both.
 */
#include "plugin.hpp"

#include <initializer_list>
#include <vector>

namespace {

/** A status of the host's graph: its error is the host's own and is handed on as it is. */
struct HostStatus {
    dmt_status status;
};

dmt_attr whole(std::string_view name, int64_t value) {
    dmt_attr made{};
    made.name = text(name);
    made.type = DMT_ATTR_I64;
    made.i64 = value;
    return made;
}

dmt_attr word(std::string_view name, std::string_view value) {
    dmt_attr made{};
    made.name = text(name);
    made.type = DMT_ATTR_STR;
    made.str = text(value);
    return made;
}

dmt_attr list(std::string_view name, const std::vector<int64_t> &values) {
    dmt_attr made{};
    made.name = text(name);
    made.type = DMT_ATTR_I64_LIST;
    made.list = values.data();
    made.list_size = static_cast<int64_t>(values.size());
    return made;
}

/** The host's graph, with exceptions for statuses. */
class Graph {
  public:
    explicit Graph(const dmt_graph &graph) : graph(graph) {}

    dmt_shape shape(dmt_value value) const {
        dmt_shape shape{};
        check(graph.shape(graph.ctx, value, &shape));
        return shape;
    }

    /** Adds a node that has one result. */
    dmt_value apply(
        std::string_view op, std::string_view name, std::initializer_list<dmt_attr> attributes,
        std::initializer_list<dmt_value> inputs) const {
        dmt_attrs given = {attributes.begin(), static_cast<int64_t>(attributes.size())};
        dmt_value output = -1;
        int32_t output_count = 0;
        check(graph.operation(
            graph.ctx, text(op), text(name), &given, inputs.begin(), static_cast<int32_t>(inputs.size()), &output, 1,
            &output_count));
        return output;
    }

  private:
    static void check(dmt_status status) {
        if (status != DMT_OK) throw HostStatus{status};
    }

    const dmt_graph &graph;
};

dmt_value expand(const Graph &graph, const dmt_attrs &attributes, dmt_value x) {
    dmt_shape shape = graph.shape(x);
    if (shape.rank < 2)
        throw Failure{DMT_SHAPE_MISMATCH, "@COMPONENT@ got a tensor of rank " + std::to_string(shape.rank) + ", expected [B, ..]"};
    int64_t width = 1;
    for (int32_t i = 1; i < shape.rank; i++)
        if (__builtin_mul_overflow(width, shape.dims[i], &width))
            throw Failure{DMT_OUT_OF_RANGE, "@COMPONENT@ got a tensor with more elements a sample than can be counted"};

    if (shape.rank > 2) x = graph.apply("reshape", "", {list("shape", {-1, width})}, {x});
    dmt_value gate = graph.apply("linear", "gate", {whole("out", width), word("activation", "sigmoid")}, {x});
    dmt_value gated = graph.apply("mul", "", {}, {x, gate});
    return graph.apply("linear", "out", {whole("out", integer(attributes, "out", 1))}, {gated});
}

dmt_status expand(
    void *, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    dmt_status refused = DMT_OK;
    dmt_status status = guarded([&] {
        if (!graph || !attributes || !inputs || !output)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: the graph or an argument is NULL"};
        if (input_count != 1)
            throw Failure{DMT_SHAPE_MISMATCH, "@COMPONENT@ got " + std::to_string(input_count) + " inputs, it takes one"};
        try {
            *output = expand(Graph(*graph), *attributes, inputs[0]);
        } catch (const HostStatus &of) {
            refused = of.status;
        }
    });
    return status == DMT_OK ? refused : status;
}

const dmt_attr_field out = {
    .struct_size = sizeof(dmt_attr_field),
    .type = DMT_ATTR_I64,
    .flags = DMT_FIELD_REQUIRED | DMT_FIELD_HAS_MINIMUM,
    .reserved = 0,
    .name = TEXT("out"),
    .summary = TEXT("Width of the result."),
    .default_value = {},
    .minimum = 1,
    .maximum = 0,
    .choices = nullptr,
    .choice_count = 0,
};
const dmt_attr_field *const fields[] = {&out};

const dmt_module table = {
    .struct_size = sizeof(dmt_module),
    .revision = 1,
    .ctx = nullptr,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out]."),
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {fields, std::size(fields)},
    .expand = expand,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_MODULE),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out]."),
};
const void *const component_table = &table;
