/**
 * base.h: version, statuses, texts, tensors, jagged features, attributes.
 *
 * Rules of the whole contract
 *  - C11, fixed-width integers, no bit fields, no enums in structs, no variadic functions.
 *  - A struct whose first field is struct_size may grow at its end in a minor version. Whoever fills it sets struct_size
 *    to the sizeof it was compiled with; where the reader fills it in (an answer), the reader sets struct_size and all the
 *    rest to zero. A field of a later minor is touched only when DMT_HAS(type, p, field) holds; a missing field means zero
 *    or NULL, that is: not supported, not given. Such a struct is never a field or an array element of another one.
 *  - A struct without struct_size is frozen: its layout never changes while DMT_ABI_MAJOR stays.
 *  - A function pointer that is NULL is not supported.
 *  - reserved and flags: the writer sets to 0 what this page does not name, the reader ignores it.
 *  - Numbers that name something (DMT_ATTR_..., DMT_STEP_...) may get more values in a minor. Who is asked for one that it
 *    does not know answers DMT_UNIMPLEMENTED; the meaning of a value never changes.
 *  - Memory: what a function receives is borrowed for the call; what a function returns is static or lives as long as
 *    the object it belongs to. Nobody frees what the other side allocated.
 *  - Threads, said in brackets at every function:
 *    [load]     the loader's thread, once, while no other function of the plugin runs;
 *    [any]      any thread, at any time, also several at once;
 *    [instance] any thread, but never two at once with the same handle;
 *    [collective] all ranks of a group call it in the same order.
 *  - No exception, signal, longjmp or trap crosses a function of this contract. A plugin does not fork, does not change
 *    signal handlers, locale or the floating-point environment, and starts no thread beyond the budget it was given.
 */
#ifndef DMT_BASE_H
#define DMT_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define DMT_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define DMT_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/** Host and plugin must have the same major. */
#define DMT_ABI_MAJOR 1
/** Grows with every addition; a plugin states the lowest host minor that it needs. */
#define DMT_ABI_MINOR 0

/** True when *p of struct type T, as its writer compiled it, has the field. */
#define DMT_HAS(T, p, field) ((p)->struct_size >= offsetof(T, field) + sizeof((p)->field))

/** UTF-8 text of size bytes; not necessarily ended by a zero byte. Frozen. */
typedef struct dmt_str {
    const char *data;
    int64_t size;
} dmt_str;

/* Statuses. A function that returns another status than DMT_OK has called dmt_host.set_error before. */

/** What became of a call: DMT_OK or the kind of failure. One that the reader does not know counts as DMT_INTERNAL. */
typedef int32_t dmt_status;
/** Done. */
#define DMT_OK 0
/** The call was stopped on the host's request. */
#define DMT_CANCELLED 1
/** A shape, a type, an attribute or a pointer breaks its documented rule. */
#define DMT_INVALID_ARGUMENT 3
/** A name that the plugin does not know. */
#define DMT_NOT_FOUND 5
/** Memory or another resource is used up. */
#define DMT_RESOURCE_EXHAUSTED 8
/** A call in a state that does not allow it. */
#define DMT_FAILED_PRECONDITION 9
/** An index or a count beyond its bound. */
#define DMT_OUT_OF_RANGE 11
/** Valid, and not served by this plugin. */
#define DMT_UNIMPLEMENTED 12
/** The plugin or its library broke its own rule. */
#define DMT_INTERNAL 13
/** A library, a device or a file that is not there now. */
#define DMT_UNAVAILABLE 14
/** Shapes that are valid each and do not fit each other. */
#define DMT_SHAPE_MISMATCH 20

/* Element types, as DLPack's (code, bits, lanes). */

/** Element type of a tensor; the layout of DLPack's DLDataType. Frozen. */
typedef struct dmt_dtype {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} dmt_dtype;
#define DMT_DTYPE_INT 0
#define DMT_DTYPE_UINT 1
#define DMT_DTYPE_FLOAT 2
#define DMT_DTYPE_BFLOAT 4

/** Device of a tensor; the layout of DLPack's DLDevice. This contract uses the CPU, type 1, alone. Frozen. */
typedef struct dmt_device {
    int32_t type;
    int32_t id;
} dmt_device;
#define DMT_DEVICE_CPU 1

/** The most extents of a tensor. */
#define DMT_MAX_RANK 8

/**
 * A borrowed view of a tensor; the layout of DLPack's DLTensor. Frozen.
 *
 * shape has ndim extents. strides counts elements and is NULL for compact row-major. The first element lies
 * byte_offset bytes behind data. In a bind request data is NULL: only the shape is known. The host aligns what it
 * allocates to 64 bytes.
 */
typedef struct dmt_tensor {
    void *data;
    dmt_device device;
    int32_t ndim;
    dmt_dtype dtype;
    const int64_t *shape;
    const int64_t *strides;
    uint64_t byte_offset;
} dmt_tensor;

/**
 * The bags of one feature for a batch. Frozen.
 *
 * Bag b holds values[offsets[b]] .. values[offsets[b + 1] - 1], row numbers of a table. offsets has one entry more than
 * there are bags; NULL means that every bag holds exactly one row number. weights, where not NULL, is a float32 factor
 * for every row number. The host has checked that offsets rise from 0 to value_count and that every row number lies in
 * its table.
 */
typedef struct dmt_jagged {
    const int64_t *values;
    const int64_t *offsets;
    const float *weights;
    int64_t value_count;
} dmt_jagged;

/* Attributes: dmt_attr.type */

#define DMT_ATTR_BOOL 1
#define DMT_ATTR_I64 2
#define DMT_ATTR_F64 3
#define DMT_ATTR_STR 4
#define DMT_ATTR_I64_LIST 5
#define DMT_ATTR_F64_LIST 6
#define DMT_ATTR_STR_LIST 7

/**
 * One attribute. Frozen.
 *
 * type says which field holds the value: i64 (also for BOOL, 0 or 1), f64, str, or list with list_size elements of
 * int64_t, double or dmt_str.
 */
typedef struct dmt_attr {
    dmt_str name;
    int32_t type;
    int32_t reserved;
    int64_t i64;
    double f64;
    dmt_str str;
    const void *list;
    int64_t list_size;
} dmt_attr;

/** Attributes in no particular order, validated against the schema with defaults filled in. Frozen. */
typedef struct dmt_attrs {
    const dmt_attr *items;
    int64_t count;
} dmt_attrs;

/* dmt_attr_field.flags */

#define DMT_FIELD_REQUIRED 1u
#define DMT_FIELD_HAS_DEFAULT 2u
#define DMT_FIELD_HAS_MINIMUM 4u
#define DMT_FIELD_HAS_MAXIMUM 8u

/** What a component accepts as one attribute. */
typedef struct dmt_attr_field {
    uint32_t struct_size;
    /** DMT_ATTR_... */
    int32_t type;
    /** DMT_FIELD_... */
    uint32_t flags;
    uint32_t reserved;
    dmt_str name;
    /** One sentence. */
    dmt_str summary;
    /** Read when DMT_FIELD_HAS_DEFAULT is set; its name is ignored. */
    dmt_attr default_value;
    double minimum;
    double maximum;
    /** The allowed texts; NULL: any. */
    const dmt_str *choices;
    int64_t choice_count;
} dmt_attr_field;

/** All attributes that a component accepts. Frozen. */
typedef struct dmt_attr_schema {
    const dmt_attr_field *const *fields;
    int64_t count;
} dmt_attr_schema;

DMT_STATIC_ASSERT(sizeof(void *) == 8, "the contract is for 64-bit machines");
DMT_STATIC_ASSERT(sizeof(dmt_str) == 16, "dmt_str");
DMT_STATIC_ASSERT(sizeof(dmt_dtype) == 4, "dmt_dtype");
DMT_STATIC_ASSERT(sizeof(dmt_tensor) == 48, "dmt_tensor is DLTensor");
DMT_STATIC_ASSERT(offsetof(dmt_tensor, ndim) == 16, "dmt_tensor.ndim");
DMT_STATIC_ASSERT(offsetof(dmt_tensor, dtype) == 20, "dmt_tensor.dtype");
DMT_STATIC_ASSERT(offsetof(dmt_tensor, shape) == 24, "dmt_tensor.shape");
DMT_STATIC_ASSERT(offsetof(dmt_tensor, strides) == 32, "dmt_tensor.strides");
DMT_STATIC_ASSERT(offsetof(dmt_tensor, byte_offset) == 40, "dmt_tensor.byte_offset");
DMT_STATIC_ASSERT(sizeof(dmt_jagged) == 32, "dmt_jagged");
DMT_STATIC_ASSERT(sizeof(dmt_attr) == 72, "dmt_attr");
DMT_STATIC_ASSERT(sizeof(dmt_attrs) == 16, "dmt_attrs");
DMT_STATIC_ASSERT(sizeof(dmt_attr_field) == 152, "dmt_attr_field");
DMT_STATIC_ASSERT(offsetof(dmt_attr_field, default_value) == 48, "dmt_attr_field.default_value");
DMT_STATIC_ASSERT(sizeof(dmt_attr_schema) == 16, "dmt_attr_schema");

#ifdef __cplusplus
}
#endif
#endif
