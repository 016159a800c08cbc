/* `@COMPONENT@` computes m = momentum m + (1 - momentum) g, w -= lr sign(m), for dense parameters and for rows of tables. */
#include "contract.h"

enum { count = 6, columns = 2 };

static const double momenta[] = {0, 0.5, 0.9};
static const float gradients[count] = {1, -2, 0.5f, 0, -0.25f, 4};

static void *plan_of(const dmt_optimizer *optimizer, const dmt_attrs *attributes, int bits) {
    dmt_optimizer_request request = {
        .struct_size = sizeof request, .dtype = {DMT_DTYPE_FLOAT, (uint8_t)bits, 1}, .threads = 1, .attributes = *attributes};
    dmt_optimizer_plan plan = {.struct_size = sizeof plan};
    REQUIRE(optimizer->bind(optimizer->ctx, &request, &plan) == DMT_OK, "bind: %s", last_error);
    return plan.handle;
}

/* The rule in double: the weight after an update of *mean. */
static double expected(double weight, double gradient, double *mean, double momentum, double rate) {
    *mean = momentum * *mean + (1 - momentum) * gradient;
    return weight - rate * ((*mean > 0) - (*mean < 0));
}

static void updates_elements(const dmt_optimizer *optimizer, const dmt_attrs *attributes, double momentum) {
    float weights[count], means[count] = {0};
    double right[count], right_means[count] = {0};
    for (int i = 0; i < count; i++) right[i] = weights[i] = (float)i / 4;
    void *plan = plan_of(optimizer, attributes, 32), *states[] = {means};
    for (int step = 1; step <= 3; step++) {
        dmt_optimizer_elements call = {
            .struct_size = sizeof call,
            .count = count,
            .parameters = weights,
            .gradients = gradients,
            .states = states,
            .learning_rate = 0.1 * step,
            .gradient_scale = step == 2 ? -1 : 1,
            .step = step,
        };
        EXPECT(optimizer->update_elements(plan, &call) == DMT_OK, "update: %s", last_error);
        for (int i = 0; i < count; i++) {
            right[i] = expected(right[i], gradients[i] * call.gradient_scale, &right_means[i], momentum, 0.1 * step);
            EXPECT(near(weights[i], right[i], 1e-6), "weight %d is %g after step %d, expected %g", i, weights[i], step, right[i]);
            EXPECT(near(means[i], right_means[i], 1e-6), "mean %d is %g, expected %g", i, means[i], right_means[i]);
        }
    }
    optimizer->release(plan);
}

/* Rows 1 and 3 of a table of four, in double; the others stay. */
static void updates_rows(const dmt_optimizer *optimizer, const dmt_attrs *attributes, double momentum) {
    double table[4 * columns], means[4 * columns], given[2 * columns] = {3, -1, 0, 2};
    for (int i = 0; i < 4 * columns; i++) table[i] = i, means[i] = 0.5;
    int64_t rows[] = {1, 3};
    void *plan = plan_of(optimizer, attributes, 64), *states[] = {means};
    dmt_optimizer_rows call = {
        .struct_size = sizeof call,
        .row_count = 2,
        .rows = rows,
        .columns = columns,
        .whole_columns = columns,
        .parameters = table,
        .gradients = given,
        .states = states,
        .learning_rate = 0.25,
        .gradient_scale = 2,
        .step = 1,
    };
    EXPECT(optimizer->update_rows(plan, &call) == DMT_OK, "update: %s", last_error);
    for (int row = 0; row < 4; row++)
        for (int column = 0; column < columns; column++) {
            int i = row * columns + column;
            double mean = 0.5, weight = i;
            if (row % 2) weight = expected(weight, 2 * given[(row / 2) * columns + column], &mean, momentum, 0.25);
            EXPECT(near(table[i], weight, 1e-12) && near(means[i], mean, 1e-12), "row %d is %g, expected %g", row, table[i], weight);
        }
    optimizer->release(plan);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_optimizer *optimizer = component(DMT_KIND_OPTIMIZER, "@COMPONENT@");
    EXPECT(optimizer->learning_rate > 0, "the learning rate is %g", optimizer->learning_rate);
    for (size_t i = 0; i < sizeof momenta / sizeof *momenta; i++) {
        dmt_attr momentum = {.name = str("momentum"), .type = DMT_ATTR_F64, .f64 = momenta[i]};
        dmt_attrs attributes = {&momentum, 1};
        dmt_optimizer_layout layout = {.struct_size = sizeof layout};
        REQUIRE(optimizer->describe(optimizer->ctx, &attributes, &layout) == DMT_OK, "describe: %s", last_error);
        EXPECT(layout.state_count == 1 && layout.row_sum_count == 0, "%d states", layout.state_count);
        EXPECT(layout.states[0].name.size == 4 && memcmp(layout.states[0].name.data, "mean", 4) == 0, "its name");
        EXPECT(layout.states[0].layout == DMT_STATE_PER_ELEMENT && layout.states[0].initial_value == 0, "its layout");
        updates_elements(optimizer, &attributes, momenta[i]);
        updates_rows(optimizer, &attributes, momenta[i]);
    }
    dmt_attrs none = {NULL, 0};
    dmt_optimizer_request request = {.struct_size = sizeof request, .dtype = {DMT_DTYPE_INT, 32, 1}, .attributes = none};
    dmt_optimizer_plan plan = {.struct_size = sizeof plan};
    EXPECT(optimizer->bind(optimizer->ctx, &request, &plan) != DMT_OK, "whole numbers were taken");
    return finish();
}
