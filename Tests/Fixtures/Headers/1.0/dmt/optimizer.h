/**
 * optimizer.h: component kind `optimizer`, revision 1 (`dmt.optimizer/1`): a new update rule, by name, for dense parameters
 * and for tables.
 *
 * A rule has attributes and named states. Parameters, gradients and states are the host's: it allocates the states, fills
 * them with their initial values, writes them to checkpoints by name, spreads them over ranks and brings them back. A rule
 * is a pure function of what a call is given: it keeps nothing from one call to the next, draws no random numbers, and
 * computes the same whatever part of a parameter a call covers. So a resumed run and any number of ranks give the same
 * weights as one process.
 *
 * The learning rate is no attribute: the host has the schedule, and every call says the rate of its step. Weight decay is
 * an attribute like any other, of rules that have it.
 */
#ifndef DMT_OPTIMIZER_H
#define DMT_OPTIMIZER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The most states of a rule. */
#define DMT_MAX_STATES 8
/** The most sums of a row. */
#define DMT_MAX_ROW_SUMS 8

/** One number for every element of the parameter. */
#define DMT_STATE_PER_ELEMENT 0
/** One number for every row of a table; a rule with such a state serves tables only. */
#define DMT_STATE_PER_ROW 1

/** A state: numbers of the parameters' type that a rule keeps for a parameter. Frozen. */
typedef struct dmt_optimizer_state {
    /**
     * How checkpoints call it, 1 to 64 letters, digits, `_` and `-`: `exp_avg`. The name and the meaning of a rule's states
     * do not change: a checkpoint of an earlier version of the plugin is read by these names.
     */
    dmt_str name;
    /** What every number of it is before the first update; finite. */
    double initial_value;
    /** DMT_STATE_... */
    int32_t layout;
    int32_t reserved;
} dmt_optimizer_state;

/** Answer to describe; struct_size is set by the caller, everything else is zero. */
typedef struct dmt_optimizer_layout {
    uint32_t struct_size;
    /** 0 to DMT_MAX_STATES. */
    int32_t state_count;
    /**
     * Numbers a row that update_rows needs of the whole row, 0 to DMT_MAX_ROW_SUMS: sum_rows gives them for some columns, and
     * the host adds them up over the columns, which may lie on several ranks.
     */
    int32_t row_sum_count;
    int32_t reserved;
    /** The names live as long as the process, or until the next describe on this thread. */
    dmt_optimizer_state states[DMT_MAX_STATES];
} dmt_optimizer_layout;

/** What bind is asked for. */
typedef struct dmt_optimizer_request {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** Type of parameters, gradients and states: float32; float64 where results are compared. */
    dmt_dtype dtype;
    /** Threads of this rank. */
    int32_t threads;
    dmt_attrs attributes;
} dmt_optimizer_request;

/** A bound plan. */
typedef struct dmt_optimizer_plan {
    uint32_t struct_size;
    uint32_t reserved;
    void *handle;
} dmt_optimizer_plan;

/** An update of some consecutive elements of one dense parameter: all of it or a part, cut anywhere. */
typedef struct dmt_optimizer_elements {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** Elements, at least 1. */
    int64_t count;
    /** [count] */
    void *parameters;
    /** [count] */
    const void *gradients;
    /** [state_count] The count numbers of each state that belong to these elements. */
    void *const *states;
    double learning_rate;
    /** Every gradient is multiplied by this first (clipping). */
    double gradient_scale;
    /** Number of the update, from 1. */
    int64_t step;
} dmt_optimizer_elements;

/**
 * An update of rows of one table: those that a batch touched, or some of them.
 *
 * The table here has `columns` columns, all of the table's or, where they lie on several ranks, this rank's.
 */
typedef struct dmt_optimizer_rows {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** Rows to update, at least 1. */
    int64_t row_count;
    /** [row_count] Their numbers in parameters and states, ascending, each once. */
    const int64_t *rows;
    /** Columns of a row here. */
    int64_t columns;
    /** Columns of a row of the whole table; columns, or more. */
    int64_t whole_columns;
    /** The whole table's memory: row r begins at element r * columns. */
    void *parameters;
    /** [row_count, columns] The summed gradient of each of the rows, in their order. */
    const void *gradients;
    /** [state_count] Whole states: an element state as parameters, a row state with the number of row r at element r. */
    void *const *states;
    /** [row_count, row_sum_count] sum_rows overwrites them, update_rows reads them; NULL when there are none. */
    double *sums;
    double learning_rate;
    /** Every gradient is multiplied by this first (clipping). */
    double gradient_scale;
    /** Number of the update, from 1. */
    int64_t step;
} dmt_optimizer_rows;

/** An update rule. */
typedef struct dmt_optimizer {
    uint32_t struct_size;
    int32_t revision;
    void *ctx;
    /** `com.example.lion`: the `name` of a manifest's `train.optimizer` or `train.tables`; has a dot, as the host's have not. */
    dmt_str name;
    /** One sentence. */
    dmt_str summary;
    /** All but `name` and `lr`, which are the manifest's own. */
    dmt_attr_schema attributes;
    /** The base learning rate where a manifest gives none; finite, at least 0. */
    double learning_rate;
    /**
     * [any] The states of a rule with these attributes, always the same for the same attributes. DMT_INVALID_ARGUMENT with
     * set_error for attributes that do not fit each other.
     */
    dmt_status (*describe)(void *ctx, const dmt_attrs *attributes, dmt_optimizer_layout *layout);
    /** [any] DMT_UNIMPLEMENTED with set_error for a dtype that the rule does not compute. */
    dmt_status (*bind)(void *ctx, const dmt_optimizer_request *request, dmt_optimizer_plan *plan);
    /**
     * [any] Updates elements and their states in place; also several calls at once on one plan, of elements that do not
     * overlap. NULL: the rule is not for dense parameters.
     */
    dmt_status (*update_elements)(void *handle, const dmt_optimizer_elements *call);
    /**
     * [any] Writes row_sum_count numbers a row: sums over the row's columns here. Changes nothing else. NULL: there are none,
     * and a rule with a state per row is then refused for tables whose columns lie on several ranks.
     */
    dmt_status (*sum_rows)(void *handle, const dmt_optimizer_rows *call);
    /**
     * [any] Updates rows and their states in place; also several calls at once on one plan, of rows that do not overlap. Where
     * columns lie on several ranks, each updates its own copy of a state per row: from sums and from what was in it, and
     * from nothing that differs between the ranks. NULL: the rule is not for tables.
     */
    dmt_status (*update_rows)(void *handle, const dmt_optimizer_rows *call);
    /** [instance] */
    void (*release)(void *handle);
} dmt_optimizer;

DMT_STATIC_ASSERT(sizeof(dmt_optimizer_state) == 32, "dmt_optimizer_state");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer_layout) == 272, "dmt_optimizer_layout");
DMT_STATIC_ASSERT(offsetof(dmt_optimizer_layout, states) == 16, "dmt_optimizer_layout.states");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer_request) == 32, "dmt_optimizer_request");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer_plan) == 16, "dmt_optimizer_plan");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer_elements) == 64, "dmt_optimizer_elements");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer_rows) == 96, "dmt_optimizer_rows");
DMT_STATIC_ASSERT(offsetof(dmt_optimizer_rows, sums) == 64, "dmt_optimizer_rows.sums");
DMT_STATIC_ASSERT(sizeof(dmt_optimizer) == 120, "dmt_optimizer");
DMT_STATIC_ASSERT(offsetof(dmt_optimizer, describe) == 72, "dmt_optimizer.describe");

#ifdef __cplusplus
}
#endif
#endif
