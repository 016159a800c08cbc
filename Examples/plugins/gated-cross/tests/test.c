/* The modules expand into a graph that computes at once, with parameters that are a function of their names: what comes out has to
 * be the formula's number. */
#include "contract.h"

enum { batch = 3, most_values = 64, most_width = 32 };

/* Values of the graph: batch rows of `width`, of a shape with rank 2 or 3. */
static struct value {
    int64_t dims[3];
    int32_t rank;
    double data[batch * most_width];
} values[most_values];
static int32_t value_count;
static char names[2048];

static int64_t width_of(const struct value *value) { return value->dims[1] * (value->rank == 3 ? value->dims[2] : 1); }

/* Element (i, j) of the parameter with this name: some number in -1 to 1. */
static double parameter(const char *name, int64_t i, int64_t j) {
    uint32_t hash = 2166136261u;
    for (const char *at = name; *at; at++) hash = (hash ^ (uint8_t)*at) * 16777619u;
    hash = (hash ^ (uint32_t)(i * 131 + j)) * 16777619u;
    hash ^= hash >> 15;
    return (double)(hash % 2001) / 1000 - 1;
}

static double linear(const char *node, const double *x, int64_t width, int64_t output, int has_bias) {
    char weight[128], bias[128];
    snprintf(weight, sizeof weight, "%s.weight", node);
    snprintf(bias, sizeof bias, "%s.bias", node);
    double sum = has_bias ? parameter(bias, output, 0) : 0;
    for (int64_t j = 0; j < width; j++) sum += parameter(weight, output, j) * x[j];
    return sum;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static const dmt_attr *find(const dmt_attrs *attributes, const char *name) {
    for (int64_t i = 0; i < attributes->count; i++) {
        dmt_str given = attributes->items[i].name;
        if (given.size == (int64_t)strlen(name) && memcmp(given.data, name, strlen(name)) == 0) return &attributes->items[i];
    }
    return NULL;
}

static dmt_status graph_shape(void *ctx, dmt_value value, dmt_shape *shape) {
    (void)ctx;
    *shape = (dmt_shape){.rank = values[value].rank, .dims = {-1, values[value].dims[1], values[value].dims[2]}};
    return DMT_OK;
}

static dmt_status graph_operation(
    void *ctx, dmt_str op, dmt_str given_name, const dmt_attrs *attributes, const dmt_value *inputs, int32_t input_count,
    dmt_value *outputs, int32_t capacity, int32_t *output_count) {
    (void)ctx;
    char kind[64], name[64];
    snprintf(kind, sizeof kind, "%.*s", (int)op.size, op.data);
    snprintf(name, sizeof name, "%.*s", (int)given_name.size, given_name.data);
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s:%s ", kind, name);
    REQUIRE(capacity == 1 && value_count < most_values, "room for %d outputs", capacity);
    const struct value *a = &values[inputs[0]], *b = input_count > 1 ? &values[inputs[1]] : NULL;
    struct value *result = &values[value_count];
    *result = (struct value){.rank = 2, .dims = {-1, width_of(a)}};
    if (strcmp(kind, "linear") == 0) {
        const dmt_attr *bias = find(attributes, "bias"), *activation = find(attributes, "activation");
        result->dims[1] = find(attributes, "out")->i64;
        for (int64_t r = 0; r < batch; r++)
            for (int64_t o = 0; o < result->dims[1]; o++) {
                double y = linear(name, a->data + r * width_of(a), width_of(a), o, !bias || bias->i64);
                if (activation && activation->str.size == 7) y = sigmoid(y);
                result->data[r * result->dims[1] + o] = y;
            }
    } else {
        for (int64_t i = 0; i < batch * width_of(a); i++) {
            if (strcmp(kind, "mul") == 0)
                result->data[i] = a->data[i] * b->data[i];
            else if (strcmp(kind, "add") == 0)
                result->data[i] = a->data[i] + b->data[i];
            else if (strcmp(kind, "reshape") == 0)
                result->data[i] = a->data[i];
            else
                REQUIRE(0, "operator %s", kind);
        }
    }
    outputs[0] = value_count++;
    *output_count = 1;
    return DMT_OK;
}

/* The formula: gated cross layers on the rows of x, in place. */
static void crosses(double *x, int64_t width, int layers, const char *scope) {
    for (int64_t r = 0; r < batch; r++) {
        double x0[most_width], next[most_width];
        memcpy(x0, x + r * width, (size_t)width * sizeof *x);
        for (int layer = 0; layer < layers; layer++) {
            char node[64], gate[80];
            snprintf(node, sizeof node, "%s%d", scope, layer);
            snprintf(gate, sizeof gate, "%s.gate", node);
            double *row = x + r * width;
            for (int64_t i = 0; i < width; i++)
                next[i] = x0[i] * linear(node, row, width, i, 1) * sigmoid(linear(gate, row, width, i, 0)) + row[i];
            memcpy(row, next, (size_t)width * sizeof *row);
        }
    }
}

/* Expands a module on [B, features, dim]; its output. */
static const struct value *expand(const dmt_module *module, int64_t features, int64_t dim, int64_t layers, int64_t out) {
    const dmt_graph graph = {.struct_size = sizeof graph, .shape = graph_shape, .operation = graph_operation};
    dmt_attr attributes[] = {
        {.name = str("layers"), .type = DMT_ATTR_I64, .i64 = layers}, {.name = str("out"), .type = DMT_ATTR_I64, .i64 = out}};
    dmt_attrs given = {attributes, out > 0 ? 2 : 1};
    value_count = 1;
    names[0] = 0;
    values[0] = (struct value){.rank = 3, .dims = {-1, features, dim}};
    for (int64_t i = 0; i < batch * features * dim; i++) values[0].data[i] = parameter("x", i, 0);
    dmt_value input = 0, output = -1;
    REQUIRE(module->expand(module->ctx, &graph, &given, &input, 1, &output) == DMT_OK, "%s", last_error);
    REQUIRE(output >= 0 && output < value_count, "value %d", output);
    return &values[output];
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_module *cross = component(DMT_KIND_MODULE, "com.example.gated_cross");
    const dmt_module *tower = component(DMT_KIND_MODULE, "com.example.tower_gated_cross");
    double expected[batch * most_width];

    for (int layers = 0; layers <= 3; layers++) {
        const struct value *found = expand(cross, 2, 5, layers, 0);
        EXPECT(found->rank == 2 && found->dims[1] == 10, "width %lld", (long long)found->dims[1]);
        memcpy(expected, values[0].data, sizeof expected);
        crosses(expected, 10, layers, "");
        for (int i = 0; i < batch * 10; i++) EXPECT(near(found->data[i], expected[i], 1e-12), "layers %d: %d", layers, i);
    }

    const struct value *found = expand(tower, 3, 4, 2, 6);
    EXPECT(found->dims[1] == 6, "width %lld", (long long)found->dims[1]);
    memcpy(expected, values[0].data, sizeof expected);
    crosses(expected, 12, 2, "cross.");
    for (int64_t r = 0; r < batch; r++)
        for (int64_t o = 0; o < 6; o++)
            EXPECT(near(found->data[r * 6 + o], linear("out", expected + r * 12, 12, o, 1), 1e-12), "row %lld", (long long)r);
    EXPECT(strstr(names, "linear:cross.0 linear:cross.0.gate mul:") != NULL, "%s", names);

    /* What it cannot be is refused, and an exception stays inside. */
    dmt_attrs none = {NULL, 0};
    const dmt_graph graph = {.struct_size = sizeof graph, .shape = graph_shape, .operation = graph_operation};
    dmt_value input = 0, output;
    EXPECT(tower->expand(tower->ctx, &graph, &none, &input, 1, &output) == DMT_INVALID_ARGUMENT, "without attributes");
    EXPECT(strstr(last_error, "'layers'") != NULL, "%s", last_error);
    EXPECT(cross->expand(cross->ctx, &graph, &none, &input, 2, &output) == DMT_SHAPE_MISMATCH, "two inputs");
    return finish();
}
