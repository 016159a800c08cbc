/**
 * kernels.h: what kernels check before they read a request or a call. A host makes mistakes too; a message is better than a crash.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include <dmt/dmt.h>

static inline int is_float32(const dmt_tensor *tensor) {
    return tensor->dtype.code == DMT_DTYPE_FLOAT && tensor->dtype.bits == 32 && tensor->dtype.lanes == 1;
}

/** Elements of a tensor; -1 where its shape cannot be, or is not compact row-major. */
static inline int64_t element_count(const dmt_tensor *tensor) {
    if (tensor->ndim < 0 || tensor->ndim > DMT_MAX_RANK || (tensor->ndim > 0 && !tensor->shape)) return -1;
    int64_t count = 1;
    for (int32_t i = tensor->ndim - 1; i >= 0; i--) {
        int64_t extent = tensor->shape[i];
        if (tensor->strides && extent != 1 && tensor->strides[i] != count) return -1;
        if (extent < 0 || (extent > 0 && count > INT64_C(1099511627776) / extent)) return -1;
        count *= extent;
    }
    return count;
}

static inline int same_shape(const dmt_tensor *a, const dmt_tensor *b) {
    if (a->ndim != b->ndim) return 0;
    for (int32_t i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return 0;
    return 1;
}

static inline const char *broken_tensors(const dmt_tensor *tensors, int32_t count) {
    if (count < 0 || count > DMT_MAX_INPUTS) return "a number of tensors cannot be";
    if (count > 0 && !tensors) return "tensors are NULL";
    for (int32_t i = 0; i < count; i++) {
        if (!is_float32(&tensors[i])) return "float32 alone is computed";
        if (element_count(&tensors[i]) < 0) return "the shape of a tensor cannot be, or is not compact";
    }
    return 0;
}

/** Why a request cannot be read, or has other than float32 tensors; NULL: it can. */
static inline const char *broken_request(const dmt_kernel_request *request) {
    if (!request || request->struct_size < sizeof *request) return "the request is NULL or too short";
    if (request->op.size < 0 || (request->op.size > 0 && !request->op.data)) return "the operator's name is NULL";
    if (request->attributes.count < 0 || (request->attributes.count > 0 && !request->attributes.items))
        return "the attributes are NULL";
    for (int64_t i = 0; i < request->attributes.count; i++) {
        dmt_str name = request->attributes.items[i].name;
        if (name.size < 0 || (name.size > 0 && !name.data)) return "an attribute's name is NULL";
    }
    const char *why = broken_tensors(request->inputs, request->input_count);
    if (!why) why = broken_tensors(request->parameters, request->parameter_count);
    if (!why) why = broken_tensors(request->outputs, request->output_count);
    return why;
}

/** Whether a call has its arrays; `parameters` says whether the node has any. */
static inline int can_go_forward(const dmt_kernel_call *call, int parameters) {
    return call && call->struct_size >= sizeof *call && call->inputs && call->outputs && (!parameters || call->parameters);
}

static inline int can_go_backward(const dmt_kernel_call *call, int parameters) {
    return call && call->struct_size >= sizeof *call && call->inputs && call->grad_outputs &&
           (!parameters || call->parameters);
}

#endif
