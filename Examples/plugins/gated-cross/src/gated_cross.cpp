// The gated cross network: a cross layer whose new interactions pass a gate (Wang et al., CIKM 2023, arXiv 2311.04635).
//
//   x_{l+1} = x_0 * (W_l x_l + b_l) * sigmoid(G_l x_l) + x_l
//
// Parameters `0.weight` [N, N], `0.bias` [N], `0.gate.weight` [N, N], `1.weight`, ..; the tower adds `out.weight`, `out.bias`, and
// puts `cross.` before the others. Neither has a kernel: both expand into operators, which the host differentiates and serves.

#include "gated_cross.hpp"

using namespace contract;

namespace {

dmt_value gated_cross(const Graph &graph, dmt_value input, int64_t layers, const std::string &scope) {
    const dmt_value x0 = graph.flat(input);
    const int64_t width = graph.width(x0);
    dmt_value x = x0;
    for (int64_t layer = 0; layer < layers; layer++) {
        const std::string name = scope + std::to_string(layer);
        const dmt_value linear = graph.apply("linear", name, {attribute("out", width)}, {x});
        dmt_attr no_bias = attribute("bias", int64_t(0));
        no_bias.type = DMT_ATTR_BOOL;
        const dmt_value gate = graph.apply(
            "linear", name + ".gate", {attribute("out", width), no_bias, attribute("activation", "sigmoid")}, {x});
        const dmt_value crossed = graph.apply("mul", name + ".cross", {}, {x0, linear});
        const dmt_value gated = graph.apply("mul", name + ".gated", {}, {crossed, gate});
        x = graph.apply("add", name + ".sum", {}, {gated, x});
    }
    return x;
}

/// What both need of a call.
void require(
    const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count, dmt_value *output) {
    if (!graph || graph->struct_size < sizeof *graph || !attributes || !output)
        throw Failure(DMT_INVALID_ARGUMENT, "a gated cross was called without a graph, attributes or a place for its result");
    if (input_count != 1 || !inputs)
        throw Failure(DMT_SHAPE_MISMATCH, "a gated cross got " + std::to_string(input_count) + " inputs, it takes one");
}

dmt_status expand_cross(
    void *, const dmt_graph *graph, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    return guarded([&] {
        require(graph, attributes, inputs, input_count, output);
        *output = gated_cross(Graph(graph), inputs[0], integer(*attributes, "layers"), "");
    });
}

dmt_status expand_tower(
    void *, const dmt_graph *given, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *output) {
    return guarded([&] {
        require(given, attributes, inputs, input_count, output);
        const Graph graph(given);
        const dmt_value crossed = gated_cross(graph, inputs[0], integer(*attributes, "layers"), "cross.");
        *output = graph.apply("linear", "out", {attribute("out", integer(*attributes, "out"))}, {crossed});
    });
}

constexpr dmt_attr_field field(
    std::string_view name, std::string_view summary, uint32_t flags, int64_t default_value, double minimum, double maximum) {
    dmt_attr_field result = {};
    result.struct_size = sizeof result;
    result.type = DMT_ATTR_I64;
    result.flags = flags | DMT_FIELD_HAS_MINIMUM | DMT_FIELD_HAS_MAXIMUM;
    result.name = text(name);
    result.summary = text(summary);
    result.default_value = attribute("", default_value);
    result.minimum = minimum;
    result.maximum = maximum;
    return result;
}

constexpr dmt_attr_field layers = field("layers", "Number of gated cross layers.", DMT_FIELD_HAS_DEFAULT, 2, 0, 64);
constexpr dmt_attr_field out = field("out", "Width of the result.", DMT_FIELD_REQUIRED, 0, 1, 1 << 20);
const dmt_attr_field *const cross_fields[] = {&layers};
const dmt_attr_field *const tower_fields[] = {&layers, &out};

}  // namespace

const dmt_module gated_cross_module = {
    sizeof(dmt_module), 1, nullptr, text("com.example.gated_cross"),
    text("x0 * (W x + b) * sigmoid(G x) + x, layer after layer; [B, ..] -> [B, N]; arXiv 2311.04635"), 1, 1,
    {cross_fields, 1}, expand_cross};

const dmt_module tower_module = {
    sizeof(dmt_module), 1, nullptr, text("com.example.tower_gated_cross"),
    text("Linear(gated cross layers of the tower); [B, F, N] -> [B, out]; arXiv 2311.04635"), 1, 1, {tower_fields, 2},
    expand_tower};
