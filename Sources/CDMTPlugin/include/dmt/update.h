/**
 * update.h: component kind `update`, revision 1 (`dmt.update/1`): optimizers on whole tensors, all of a rank's dense
 * parameters in one call.
 *
 * Optimizers follow PyTorch. Their states, in order, each as large as the tensor:
 *   sgd: momentum_buffer (when momentum is not 0) · adagrad: sum · adam, adamw: exp_avg, exp_avg_sq
 * and on tables (embedding.h) also
 *   rowwise_adagrad: sum (one a row) · lazy_adam: exp_avg, exp_avg_sq
 * All states start at zero.
 */
#ifndef DMT_UPDATE_H
#define DMT_UPDATE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What bind is asked for. */
typedef struct dmt_update_request {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    dmt_dtype dtype;
    int32_t threads;
    /** `sgd`, `adagrad`, `adam`, `adamw`. */
    dmt_str optimizer;
    /** `momentum`, `nesterov`, `weight_decay`, `beta1`, `beta2`, `eps`. */
    dmt_attrs attributes;
    int64_t tensor_count;
    /** [tensor_count] elements of each tensor. */
    const int64_t *sizes;
} dmt_update_request;

/** One update. */
typedef struct dmt_update_call {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** [tensor_count] What is updated. */
    void *const *parameters;
    /** [tensor_count] Read, never written. */
    const void *const *gradients;
    /** [tensor_count * states], the states of a tensor next to each other. */
    void *const *states;
    double learning_rate;
    /** Every gradient is multiplied by this first (clipping). */
    double gradient_scale;
    /** Number of the update, from 1. */
    int64_t step;
} dmt_update_call;

/** A bound plan, filled by bind; struct_size is set by the caller. */
typedef struct dmt_update_plan {
    uint32_t struct_size;
    uint32_t reserved;
    /** The plugin's own handle. */
    void *handle;
} dmt_update_plan;

/** Optimizers on whole tensors. */
typedef struct dmt_update {
    uint32_t struct_size;
    /** Revision of this table: 1. */
    int32_t revision;
    /** First argument of supports and bind. */
    void *ctx;
    /** [any] DMT_OK: the request is served. DMT_UNIMPLEMENTED, with set_error saying why not: it is not. */
    dmt_status (*supports)(void *ctx, const dmt_update_request *request);
    /** [any] Makes a plan. */
    dmt_status (*bind)(void *ctx, const dmt_update_request *request, dmt_update_plan *plan);
    /** [instance] Updates parameters and states in place. */
    dmt_status (*update)(void *handle, const dmt_update_call *call);
    /** [instance] Ends the plan. */
    void (*release)(void *handle);
} dmt_update;

DMT_STATIC_ASSERT(sizeof(dmt_update_request) == 64, "dmt_update_request");
DMT_STATIC_ASSERT(sizeof(dmt_update_call) == 56, "dmt_update_call");
DMT_STATIC_ASSERT(sizeof(dmt_update_plan) == 16, "dmt_update_plan");
DMT_STATIC_ASSERT(sizeof(dmt_update) == 48, "dmt_update");

#ifdef __cplusplus
}
#endif
#endif
