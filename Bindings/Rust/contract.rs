// The plugin contract for Rust: the structs, constants and function types of the headers dmt/*.h, name for name.
// Written by Scripts/rust-bindings.py. Needs Rust 1.63, and nothing beside the standard library.
//
// `Option<fn>` is a function pointer that may be NULL. The structs are plain data that one side fills before the other
// reads, so they may lie in a `static`: that is what `Sync` says here. What a pointer leads to is the contract's matter.
#![allow(non_camel_case_types, dead_code)]
#![allow(clippy::all)]

use std::os::raw::{c_char, c_void};

// base.h
/// Host and plugin must have the same major.
pub const DMT_ABI_MAJOR: u32 = 1;
/// Grows with every addition; a plugin states the lowest host minor that it needs.
pub const DMT_ABI_MINOR: u32 = 0;

/// UTF-8 text of size bytes; not necessarily ended by a zero byte. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_str {
    pub data: *const c_char,
    pub size: i64,
}
unsafe impl Sync for dmt_str {}

/// What became of a call: DMT_OK or the kind of failure. One that the reader does not know counts as DMT_INTERNAL.
pub type dmt_status = i32;
/// Done.
pub const DMT_OK: i32 = 0;
/// The call was stopped on the host's request.
pub const DMT_CANCELLED: i32 = 1;
/// A shape, a type, an attribute or a pointer breaks its documented rule.
pub const DMT_INVALID_ARGUMENT: i32 = 3;
/// A name that the plugin does not know.
pub const DMT_NOT_FOUND: i32 = 5;
/// Memory or another resource is used up.
pub const DMT_RESOURCE_EXHAUSTED: i32 = 8;
/// A call in a state that does not allow it.
pub const DMT_FAILED_PRECONDITION: i32 = 9;
/// An index or a count beyond its bound.
pub const DMT_OUT_OF_RANGE: i32 = 11;
/// Valid, and not served by this plugin.
pub const DMT_UNIMPLEMENTED: i32 = 12;
/// The plugin or its library broke its own rule.
pub const DMT_INTERNAL: i32 = 13;
/// A library, a device or a file that is not there now.
pub const DMT_UNAVAILABLE: i32 = 14;
/// Shapes that are valid each and do not fit each other.
pub const DMT_SHAPE_MISMATCH: i32 = 20;

/// Element type of a tensor; the layout of DLPack's DLDataType. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_dtype {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}
unsafe impl Sync for dmt_dtype {}
pub const DMT_DTYPE_INT: u8 = 0;
pub const DMT_DTYPE_UINT: u8 = 1;
pub const DMT_DTYPE_FLOAT: u8 = 2;
pub const DMT_DTYPE_BFLOAT: u8 = 4;

/// Device of a tensor; the layout of DLPack's DLDevice. This contract uses the CPU, type 1, alone. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_device {
    pub r#type: i32,
    pub id: i32,
}
unsafe impl Sync for dmt_device {}
pub const DMT_DEVICE_CPU: i32 = 1;
/// The most extents of a tensor.
pub const DMT_MAX_RANK: usize = 8;

/// A borrowed view of a tensor; the layout of DLPack's DLTensor. Frozen.
///
/// shape has ndim extents. strides counts elements and is NULL for compact row-major. The first element lies
/// byte_offset bytes behind data. In a bind request data is NULL: only the shape is known. The host aligns what it
/// allocates to 64 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_tensor {
    pub data: *mut c_void,
    pub device: dmt_device,
    pub ndim: i32,
    pub dtype: dmt_dtype,
    pub shape: *const i64,
    pub strides: *const i64,
    pub byte_offset: u64,
}
unsafe impl Sync for dmt_tensor {}

/// The bags of one feature for a batch. Frozen.
///
/// Bag b holds values[offsets[b]] .. values[offsets[b + 1] - 1], row numbers of a table. offsets has one entry more than
/// there are bags; NULL means that every bag holds exactly one row number. weights, where not NULL, is a float32 factor
/// for every row number. The host has checked that offsets rise from 0 to value_count and that every row number lies in
/// its table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_jagged {
    pub values: *const i64,
    pub offsets: *const i64,
    pub weights: *const f32,
    pub value_count: i64,
}
unsafe impl Sync for dmt_jagged {}
pub const DMT_ATTR_BOOL: i32 = 1;
pub const DMT_ATTR_I64: i32 = 2;
pub const DMT_ATTR_F64: i32 = 3;
pub const DMT_ATTR_STR: i32 = 4;
pub const DMT_ATTR_I64_LIST: i32 = 5;
pub const DMT_ATTR_F64_LIST: i32 = 6;
pub const DMT_ATTR_STR_LIST: i32 = 7;

/// One attribute. Frozen.
///
/// type says which field holds the value: i64 (also for BOOL, 0 or 1), f64, str, or list with list_size elements of
/// int64_t, double or dmt_str.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_attr {
    pub name: dmt_str,
    pub r#type: i32,
    pub reserved: i32,
    pub i64: i64,
    pub f64: f64,
    pub str: dmt_str,
    pub list: *const c_void,
    pub list_size: i64,
}
unsafe impl Sync for dmt_attr {}

/// Attributes in no particular order, validated against the schema with defaults filled in. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_attrs {
    pub items: *const dmt_attr,
    pub count: i64,
}
unsafe impl Sync for dmt_attrs {}
pub const DMT_FIELD_REQUIRED: u32 = 1;
pub const DMT_FIELD_HAS_DEFAULT: u32 = 2;
pub const DMT_FIELD_HAS_MINIMUM: u32 = 4;
pub const DMT_FIELD_HAS_MAXIMUM: u32 = 8;

/// What a component accepts as one attribute.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_attr_field {
    pub struct_size: u32,
    /// DMT_ATTR_...
    pub r#type: i32,
    /// DMT_FIELD_...
    pub flags: u32,
    pub reserved: u32,
    pub name: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// Read when DMT_FIELD_HAS_DEFAULT is set; its name is ignored.
    pub default_value: dmt_attr,
    pub minimum: f64,
    pub maximum: f64,
    /// The allowed texts; NULL: any.
    pub choices: *const dmt_str,
    pub choice_count: i64,
}
unsafe impl Sync for dmt_attr_field {}

/// All attributes that a component accepts. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_attr_schema {
    pub fields: *const *const dmt_attr_field,
    pub count: i64,
}
unsafe impl Sync for dmt_attr_schema {}

// host.h

/// The host as a plugin sees it; lives as long as the process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_host {
    pub struct_size: u32,
    /// DMT_ABI_MAJOR and DMT_ABI_MINOR of the headers that the host was compiled with.
    pub abi_major: u32,
    pub abi_minor: u32,
    pub reserved: u32,
    pub name: dmt_str,
    pub version: dmt_str,
    /// First argument of the functions below.
    pub ctx: *mut c_void,
    /// [any] The table of a service, `dmt.AREA/REVISION`, or NULL when the host does not have it.
    pub get_service: Option<unsafe extern "C" fn(ctx: *mut c_void, id: dmt_str) -> *const c_void>,
    /// [any] Says why the call that is running on this thread is about to fail. The host copies the message at once, up to
    /// 4096 bytes, and adds plugin, component and phase.
    pub set_error: Option<unsafe extern "C" fn(ctx: *mut c_void, status: dmt_status, message: dmt_str)>,
}
unsafe impl Sync for dmt_host {}
pub const DMT_SERVICE_LOG: &str = "dmt.log/1";
pub const DMT_LOG_TRACE: i32 = 0;
pub const DMT_LOG_DEBUG: i32 = 1;
pub const DMT_LOG_INFO: i32 = 2;
pub const DMT_LOG_NOTICE: i32 = 3;
pub const DMT_LOG_WARNING: i32 = 4;
pub const DMT_LOG_ERROR: i32 = 5;

/// Service `dmt.log/1`: lines in the host's log, instead of output.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_log {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] Writes a line to the host's log.
    pub write: Option<unsafe extern "C" fn(ctx: *mut c_void, level: i32, category: dmt_str, message: dmt_str)>,
}
unsafe impl Sync for dmt_log {}
pub const DMT_SERVICE_ALLOC: &str = "dmt.alloc/1";

/// Service `dmt.alloc/1`: memory that is counted, by tag.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_alloc {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] size bytes aligned to alignment (a power of two, at least 8), or NULL. tag names the use in leak reports.
    pub allocate: Option<unsafe extern "C" fn(ctx: *mut c_void, size: i64, alignment: i64, tag: dmt_str) -> *mut c_void>,
    /// [any] Gives back what allocate returned; NULL is ignored.
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void, memory: *mut c_void)>,
}
unsafe impl Sync for dmt_alloc {}
pub const DMT_SERVICE_PARALLEL: &str = "dmt.parallel/1";

/// [any] Works on begin ..< end; worker is 0 ..< max_threads and different for bodies of one call that run at the same time. A
/// call from inside a body hands on the worker of that body.
pub type dmt_parallel_body = unsafe extern "C" fn(argument: *mut c_void, begin: i64, end: i64, worker: i32);

/// Service `dmt.parallel/1`: the host's threads.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_parallel {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] Threads that this rank may use, the caller's included.
    pub max_threads: Option<unsafe extern "C" fn(ctx: *mut c_void) -> i32>,
    /// [any] Calls body on disjoint pieces of 0 ..< count, each at least grain long but the last, on up to max_threads
    /// threads, and returns when all are done. Pieces are multiples of grain long. A call from inside a body, and a call
    /// that comes while another thread's call is running, runs on the caller's thread alone. Allocates nothing.
    pub parallel_for: Option<unsafe extern "C" fn(ctx: *mut c_void, count: i64, grain: i64, body: dmt_parallel_body, argument: *mut c_void)>,
}
unsafe impl Sync for dmt_parallel {}
pub const DMT_SERVICE_TRACE: &str = "dmt.trace/1";

/// Service `dmt.trace/1`: spans of a trace; costs one branch when no trace is taken.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_trace {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] Opens a span on this thread.
    pub begin: Option<unsafe extern "C" fn(ctx: *mut c_void, name: dmt_str)>,
    /// [any] Closes the span opened last on this thread.
    pub end: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
unsafe impl Sync for dmt_trace {}
pub const DMT_SERVICE_CPU: &str = "dmt.cpu/1";
pub const DMT_CPU_SSE42: u64 = 1 << 0;
pub const DMT_CPU_AVX: u64 = 1 << 1;
pub const DMT_CPU_AVX2: u64 = 1 << 2;
pub const DMT_CPU_FMA: u64 = 1 << 3;
pub const DMT_CPU_F16C: u64 = 1 << 4;
pub const DMT_CPU_BMI2: u64 = 1 << 5;
pub const DMT_CPU_AVX512F: u64 = 1 << 6;
pub const DMT_CPU_AVX512BW: u64 = 1 << 7;
pub const DMT_CPU_AVX512DQ: u64 = 1 << 8;
pub const DMT_CPU_AVX512VL: u64 = 1 << 9;
pub const DMT_CPU_AVX512_BF16: u64 = 1 << 10;
pub const DMT_CPU_AVX512_VNNI: u64 = 1 << 11;
pub const DMT_CPU_AVX512CD: u64 = 1 << 12;
/// The tiles of AMX; a process asks the operating system for leave (arch_prctl) before it first uses them.
pub const DMT_CPU_AMX_TILE: u64 = 1 << 13;
pub const DMT_CPU_AMX_BF16: u64 = 1 << 14;
pub const DMT_CPU_AMX_INT8: u64 = 1 << 15;
pub const DMT_CPU_NEON: u64 = 1 << 32;

/// Service `dmt.cpu/1`: what this CPU has and the operating system saves.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_cpu {
    pub struct_size: u32,
    /// Level 1 to 4 of x86-64 (`x86-64-v3`), after the cap that the user may have set; 0 on other machines.
    pub isa_level: i32,
    /// DMT_CPU_..., masked by the state that the operating system saves and by the user's cap.
    pub features: u64,
    /// CPUs that this process may use.
    pub cores: i32,
    pub reserved: i32,
    /// Bytes a core, or 0 when unknown.
    pub l1_data_bytes: i64,
    /// Bytes a core, or 0 when unknown.
    pub l2_bytes: i64,
    /// Bytes shared, or 0 when unknown.
    pub l3_bytes: i64,
}
unsafe impl Sync for dmt_cpu {}
pub const DMT_SERVICE_RNG: &str = "dmt.rng/1";

/// Service `dmt.rng/1`: the counter-based generator that every random number of a model comes from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_rng {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] Philox4x32 with 10 rounds: out = f(key, counter).
    pub philox: Option<unsafe extern "C" fn(ctx: *mut c_void, key: *const u32, counter: *const u32, out: *mut u32)>,
}
unsafe impl Sync for dmt_rng {}
pub const DMT_SERVICE_CANCEL: &str = "dmt.cancel/1";

/// Service `dmt.cancel/1`: whether to stop.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_cancel {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// [any] Not 0 when the user wants work to stop; long work polls it and returns DMT_CANCELLED.
    pub is_requested: Option<unsafe extern "C" fn(ctx: *mut c_void) -> i32>,
}
unsafe impl Sync for dmt_cancel {}

// kernel.h
/// The plan will also run backward: forward must leave in saved what backward needs.
pub const DMT_BIND_TRAINING: u32 = 1;
/// The most inputs and the most parameters of a node: gradients are chosen by the bits of a 64-bit word.
pub const DMT_MAX_INPUTS: usize = 64;

/// What bind is asked for. Tensors have NULL data here, only dtype and shape.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_kernel_request {
    pub struct_size: u32,
    /// DMT_BIND_...
    pub flags: u32,
    /// Name of the operator: `linear`.
    pub op: dmt_str,
    /// Revision of the operator's semantics; a later one than the kernels know is DMT_UNIMPLEMENTED.
    pub op_revision: i32,
    /// Threads that a call may use; the plugin passes it on to a library that has its own.
    pub threads: i32,
    pub input_count: i32,
    pub parameter_count: i32,
    pub output_count: i32,
    pub reserved: i32,
    pub inputs: *const dmt_tensor,
    pub parameters: *const dmt_tensor,
    pub outputs: *const dmt_tensor,
    pub attributes: dmt_attrs,
    /// Bit i: backward will want the gradient of input i.
    pub wanted_input_gradients: u64,
}
unsafe impl Sync for dmt_kernel_request {}

/// A bound plan, filled by bind; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_kernel_plan {
    pub struct_size: u32,
    pub reserved: u32,
    /// The plugin's own handle.
    pub handle: *mut c_void,
    /// Bytes that forward writes and backward reads; 0: none.
    pub saved_bytes: i64,
    /// Bytes of working memory of one call, forward or backward, whichever is larger; contents are undefined.
    pub scratch_bytes: i64,
}
unsafe impl Sync for dmt_kernel_plan {}
/// This is training: dropout drops.
pub const DMT_CALL_TRAINING: u32 = 1;

/// One call of forward or backward. All memory is the host's, compact row-major, aligned to 64 bytes.
///
/// forward reads inputs and parameters and writes every element of outputs. backward reads grad_outputs and whatever of
/// inputs, parameters and outputs the operator's schema says backward reads (others may be NULL), and writes
/// grad_inputs and grad_parameters. A NULL gradient is not wanted. forward does not read the gradients' arrays; every
/// other array is NULL only when it would be empty. A tensor without elements may be NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_kernel_call {
    pub struct_size: u32,
    /// DMT_CALL_...
    pub flags: u32,
    pub inputs: *const *const c_void,
    pub parameters: *const *const c_void,
    pub outputs: *const *mut c_void,
    pub grad_outputs: *const *const c_void,
    pub grad_inputs: *const *mut c_void,
    pub grad_parameters: *const *mut c_void,
    /// Bit i: add to grad_inputs[i] instead of overwriting it.
    pub accumulate_inputs: u64,
    /// Bit i: add to grad_parameters[i] instead of overwriting it.
    pub accumulate_parameters: u64,
    pub saved: *mut c_void,
    pub scratch: *mut c_void,
    /// Changes whenever a parameter changed: what was packed from another version is stale.
    pub parameter_version: u64,
    /// Key of the random numbers (design: seed, step, node, global sample number, element).
    pub seed: u64,
    pub step: u32,
    /// 32-bit FNV-1a of the node's name.
    pub node: u32,
    /// Global number of every sample of the batch.
    pub samples: *const i64,
}
unsafe impl Sync for dmt_kernel_call {}

/// Answer to supports; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_support {
    pub struct_size: u32,
    /// 0: not served. Otherwise how well, 100 being a kernel made for this operator and machine.
    pub score: i32,
    /// Why, in one sentence for `dmt explain`; static, or valid until the next call on this thread.
    pub reason: dmt_str,
}
unsafe impl Sync for dmt_support {}

/// Kernels: the functions that backends and operators share.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_kernels {
    pub struct_size: u32,
    pub reserved: u32,
    /// First argument of supports and bind.
    pub ctx: *mut c_void,
    /// [any] Whether and how well these kernels serve the request, forward and (with DMT_BIND_TRAINING) backward.
    pub supports: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_kernel_request, support: *mut dmt_support) -> dmt_status>,
    /// [any] Makes a plan.
    pub bind: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_kernel_request, plan: *mut dmt_kernel_plan) -> dmt_status>,
    /// [instance] Writes every element of outputs, and saved when the plan was bound with DMT_BIND_TRAINING.
    pub forward: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status>,
    /// [instance] After forward of the same plan, with its saved. NULL: these kernels serve no training.
    pub backward: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status>,
    /// [instance] Ends the plan.
    pub release: Option<unsafe extern "C" fn(handle: *mut c_void)>,
}
unsafe impl Sync for dmt_kernels {}

// backend.h

/// Answer to probe; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_probe {
    pub struct_size: u32,
    /// 0: cannot work on this machine.
    pub score: i32,
    /// Why, in one sentence; static.
    pub reason: dmt_str,
    /// Version and threading of the library behind it, in one sentence; static, may be empty.
    pub library: dmt_str,
}
unsafe impl Sync for dmt_probe {}

/// Kernels for operators.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_backend {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of the functions below.
    pub ctx: *mut c_void,
    /// [any] Whether the backend works on this machine.
    pub probe: Option<unsafe extern "C" fn(ctx: *mut c_void, cpu: *const dmt_cpu, probe: *mut dmt_probe) -> dmt_status>,
    /// [load] Threads that the backend's library may use in this process, before the first bind and whenever the budget
    /// changes while nothing runs. NULL: it uses the host's threads alone.
    pub set_threads: Option<unsafe extern "C" fn(ctx: *mut c_void, threads: i32) -> dmt_status>,
    /// The kernels; static.
    pub kernels: *const dmt_kernels,
}
unsafe impl Sync for dmt_backend {}

// embedding.h
pub const DMT_POOLING_SUM: i32 = 0;
pub const DMT_POOLING_MEAN: i32 = 1;

/// A table: rows x dim, compact row-major, of the request's dtype. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_table {
    pub rows: i64,
    pub dim: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_table {}

/// A feature that is looked up. Frozen.
///
/// The pooled bag of sample b goes to the dim elements at outputs[output] + b * output_strides[output] + column.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_feature {
    /// Index of its table; several features may share one.
    pub table: i32,
    /// DMT_POOLING_...; mean is the sum divided by the bag's length and takes no weights.
    pub pooling: i32,
    /// Index of the output that it is written to.
    pub output: i32,
    pub reserved: i32,
    /// First element of the pooled bag in a sample's row of the output.
    pub column: i64,
}
unsafe impl Sync for dmt_feature {}

/// What bind is asked for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_embedding_request {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    pub dtype: dmt_dtype,
    pub threads: i32,
    pub table_count: i32,
    pub feature_count: i32,
    pub output_count: i32,
    pub reserved: i32,
    pub tables: *const dmt_table,
    /// Features of one table follow each other in the order of their occurrences (see dmt_dedup).
    pub features: *const dmt_feature,
    /// `sgd`, `adagrad`, `rowwise_adagrad`, `lazy_adam`; empty: the plan is never asked to update.
    pub optimizer: dmt_str,
    /// `weight_decay`, `eps`, `beta1`, `beta2`.
    pub optimizer_attributes: dmt_attrs,
}
unsafe impl Sync for dmt_embedding_request {}

/// The rows that a batch touches in one table; buffers are the host's.
///
/// An occurrence is a row number in a bag of a feature of this table; occurrences are counted through the table's
/// features in the order of the request, bag after bag. capacity is the number of occurrences, an upper bound of count, and
/// below 2^31.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_dedup {
    pub struct_size: u32,
    pub reserved: u32,
    pub capacity: i64,
    /// Out: number of distinct rows.
    pub count: i64,
    /// Out: distinct rows, ascending; [capacity]
    pub rows: *mut i64,
    /// Out: occurrences of row i are order[starts[i]] .. order[starts[i + 1] - 1]; [capacity + 1]
    pub starts: *mut i32,
    /// Out: occurrence numbers grouped by row, ascending within a row; [capacity]
    pub order: *mut i32,
    /// Out: for each entry of order, (index of the feature among the table's features) * batch + sample; [capacity]
    pub bags: *mut i32,
}
unsafe impl Sync for dmt_dedup {}

/// Arguments of all calls on a plan; a call reads what its documentation names.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_embedding_call {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Samples of the call.
    pub batch: i64,
    /// [feature_count]
    pub features: *const dmt_jagged,
    /// [table_count] table weights.
    pub tables: *const *mut c_void,
    /// [output_count] pooled embeddings (forward writes) or their gradients (update and row_gradients read).
    pub outputs: *const *mut c_void,
    /// [output_count] elements from one sample to the next.
    pub output_strides: *const i64,
    /// [table_count]
    pub dedups: *const *mut dmt_dedup,
    /// [table_count * states] optimizer state, the states of a table next to each other, in the order of update.h.
    pub states: *const *mut c_void,
    /// [table_count] row_gradients: [count, dim] of the table, rows in the order of dedup.
    pub row_gradients: *const *mut c_void,
    pub learning_rate: f64,
    /// Every gradient is multiplied by this first (clipping).
    pub gradient_scale: f64,
    /// Number of the update, from 1.
    pub step: i64,
    /// Working memory of scratch_bytes(batch, value count).
    pub scratch: *mut c_void,
}
unsafe impl Sync for dmt_embedding_call {}

/// A bound plan, filled by bind; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_embedding_plan {
    pub struct_size: u32,
    pub reserved: u32,
    /// The plugin's own handle.
    pub handle: *mut c_void,
}
unsafe impl Sync for dmt_embedding_plan {}

/// Lookup and update of tables.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_embedding {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of supports and bind.
    pub ctx: *mut c_void,
    /// [any] DMT_OK: the request is served. DMT_UNIMPLEMENTED, with set_error saying why not: it is not.
    pub supports: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_embedding_request) -> dmt_status>,
    /// [any] Makes a plan.
    pub bind: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_embedding_request, plan: *mut dmt_embedding_plan) -> dmt_status>,
    /// [any] Bytes of scratch that any call needs for this batch size and number of occurrences in all tables.
    pub scratch_bytes: Option<unsafe extern "C" fn(handle: *mut c_void, batch: i64, values: i64) -> i64>,
    /// [instance] Pools every bag of every feature into outputs. An empty bag gives zeros.
    pub forward: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_embedding_call) -> dmt_status>,
    /// [any] Fills dedups from features; may run ahead of time, at the same time as other calls on the plan.
    pub dedup: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_embedding_call) -> dmt_status>,
    /// [instance] Updates the touched rows of tables and states from the gradients in outputs, duplicates summed first.
    pub update: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_embedding_call) -> dmt_status>,
    /// [instance] Writes the summed gradient of every touched row; gradient_scale is applied.
    pub row_gradients: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_embedding_call) -> dmt_status>,
    /// [instance] Ends the plan.
    pub release: Option<unsafe extern "C" fn(handle: *mut c_void)>,
}
unsafe impl Sync for dmt_embedding {}

// interconnect.h
pub const DMT_LANE_INDEX: i32 = 0;
pub const DMT_LANE_EMBEDDING: i32 = 1;
pub const DMT_LANE_DENSE: i32 = 2;
pub const DMT_LANE_CONTROL: i32 = 3;
/// Member i sends send_counts[j] elements at send_offsets[j] to member j and receives receive_counts[j] from it.
pub const DMT_ALL_TO_ALL: i32 = 0;
/// Every member receives the reduction of `count` elements of all members. send may equal receive.
pub const DMT_ALL_REDUCE: i32 = 1;
/// Every member sends sum(receive_counts) elements; member i receives the reduction of part i, receive_counts[i] long.
pub const DMT_REDUCE_SCATTER: i32 = 2;
/// Member i sends `count` elements; every member receives receive_counts[j] elements of j at receive_offsets[j].
pub const DMT_ALL_GATHER: i32 = 3;
/// Every member receives in `receive` the `count` elements that member `root` holds there.
pub const DMT_BROADCAST: i32 = 4;
/// Ends for no member before it was started by all.
pub const DMT_BARRIER: i32 = 5;
pub const DMT_REDUCE_SUM: i32 = 0;
pub const DMT_REDUCE_MAX: i32 = 1;

/// A collective. Counts and offsets are in elements of dtype and 64-bit wide; an engine with smaller ones cuts the transfer
/// up. A pointer may be NULL where nothing is sent or received. Reductions take float32, float64, int32 and int64; everything
/// else moves any dtype of whole bytes. The struct and its arrays are read during start only; the buffers stay in use until
/// wait has returned. Buffers of collectives that are under way do not overlap, send parts excepted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_collective {
    pub struct_size: u32,
    /// DMT_ALL_TO_ALL .. DMT_BARRIER
    pub kind: i32,
    pub dtype: dmt_dtype,
    /// DMT_REDUCE_...
    pub reduction: i32,
    /// Position of the root among the members.
    pub root: i32,
    /// 0.
    pub flags: u32,
    pub send: *const c_void,
    pub receive: *mut c_void,
    pub count: i64,
    pub send_counts: *const i64,
    pub send_offsets: *const i64,
    pub receive_counts: *const i64,
    pub receive_offsets: *const i64,
}
unsafe impl Sync for dmt_collective {}
/// Ranks are threads of the host's process, which connect side by side.
pub const DMT_INTERCONNECT_EMBEDDED: u32 = 1;

/// What open is asked for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_world_request {
    pub struct_size: u32,
    /// Ranks to make (embedded), or that are expected; 0: as many as the launcher started.
    pub rank_count: i32,
    /// The longest that a call without a limit of its own waits for another rank.
    pub timeout_ms: i64,
}
unsafe impl Sync for dmt_world_request {}

/// An open world, filled by open; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_world {
    pub struct_size: u32,
    pub rank_count: i32,
    /// The rank of this process; -1 where ranks are threads.
    pub own_rank: i32,
    pub reserved: i32,
    /// The plugin's own handle, first argument of connect and close.
    pub handle: *mut c_void,
    /// [rank_count] Number of each rank's host, from 0 in the order of the ranks; lives as long as the handle.
    pub host_of_rank: *const i32,
}
unsafe impl Sync for dmt_world {}

/// Moves data between ranks.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_interconnect {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of open.
    pub ctx: *mut c_void,
    /// DMT_INTERCONNECT_...
    pub flags: u32,
    pub reserved: u32,
    /// [any] Joins or makes a world. DMT_UNAVAILABLE with set_error when the engine is not there or its size differs.
    pub open: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_world_request, world: *mut dmt_world) -> dmt_status>,
    /// [any] The connection of a rank; once for each rank of this process.
    pub connect: Option<unsafe extern "C" fn(world: *mut c_void, rank: i32, connection: *mut *mut c_void) -> dmt_status>,
    /// [collective] A communicator among `ranks`, world ranks in ascending order. All of them call it in the same order; it
    /// may wait for them. Lives as long as the connection.
    pub communicator: Option<unsafe extern "C" fn(connection: *mut c_void, ranks: *const i32, rank_count: i64, lane: i32, communicator: *mut *mut c_void) -> dmt_status>,
    /// [collective] Begins a collective and returns; ticket is not 0. DMT_INVALID_ARGUMENT, before anything was sent, for
    /// what one member can tell is wrong; DMT_UNAVAILABLE after an abort.
    pub start: Option<unsafe extern "C" fn(communicator: *mut c_void, collective: *const dmt_collective, ticket: *mut u64) -> dmt_status>,
    /// [instance] *done is 1 when the collective is finished. It makes progress, and never waits.
    pub test: Option<unsafe extern "C" fn(communicator: *mut c_void, ticket: u64, done: *mut i32) -> dmt_status>,
    /// [instance] Waits for the collective and gives the ticket up, whatever the status. DMT_UNAVAILABLE with set_error when
    /// a member aborted or did not arrive within timeout_ms (0: the world's): the message names this rank, the collective,
    /// its number on the communicator, and the ranks that are missing as far as they are known. DMT_INVALID_ARGUMENT when
    /// members started different collectives or counts that do not fit, where the engine sees it, and for a ticket that is
    /// not under way.
    pub wait: Option<unsafe extern "C" fn(communicator: *mut c_void, ticket: u64, timeout_ms: i64) -> dmt_status>,
    /// [any] Lets every waiting call of every rank end with DMT_UNAVAILABLE and this message.
    pub abort: Option<unsafe extern "C" fn(connection: *mut c_void, message: dmt_str)>,
    /// [instance] Ends a rank's connection and its communicators; no collective is under way.
    pub disconnect: Option<unsafe extern "C" fn(connection: *mut c_void)>,
    /// [any] Ends a world whose connections have ended.
    pub close: Option<unsafe extern "C" fn(world: *mut c_void)>,
}
unsafe impl Sync for dmt_interconnect {}

// operator.h

/// Extents of a tensor; -1 is the batch. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_shape {
    pub rank: i32,
    pub reserved: i32,
    pub dims: [i64; DMT_MAX_RANK],
}
unsafe impl Sync for dmt_shape {}
pub const DMT_INIT_ZEROS: i32 = 0;
pub const DMT_INIT_ONES: i32 = 1;
/// a: low, b: high.
pub const DMT_INIT_UNIFORM: i32 = 2;
/// a: mean, b: standard deviation.
pub const DMT_INIT_NORMAL: i32 = 3;

/// A parameter that an operator needs. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_parameter {
    /// `weight`; the node's name goes in front. Static or valid until the next call on this thread.
    pub name: dmt_str,
    pub shape: dmt_shape,
    /// DMT_INIT_...
    pub initializer: i32,
    pub reserved: i32,
    pub a: f64,
    pub b: f64,
}
unsafe impl Sync for dmt_parameter {}
/// The most parameters of one operator.
pub const DMT_MAX_PARAMETERS: usize = 16;
/// The most outputs of one operator.
pub const DMT_MAX_OUTPUTS: usize = 8;

/// What infer answers; the caller has set struct_size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_signature {
    pub struct_size: u32,
    pub output_count: i32,
    pub parameter_count: i32,
    pub reserved: i32,
    /// Multiply-accumulates of forward a sample.
    pub macs: f64,
    /// What backward costs for the gradients of inputs.
    pub input_gradient_macs: f64,
    /// What backward costs for the gradients of parameters: macs where there are any, else 0.
    pub parameter_gradient_macs: f64,
    /// Bit i: backward reads input i.
    pub backward_reads_inputs: u64,
    /// Bit i: backward reads output i.
    pub backward_reads_outputs: u64,
    pub outputs: [dmt_shape; DMT_MAX_OUTPUTS],
    pub parameters: [dmt_parameter; DMT_MAX_PARAMETERS],
}
unsafe impl Sync for dmt_signature {}

/// Schema and kernels of an operator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_operator {
    pub struct_size: u32,
    /// Revision of the operator's semantics; a checkpoint records it.
    pub revision: i32,
    /// First argument of infer.
    pub ctx: *mut c_void,
    /// `com.vendor.swish`; the names without a dot are the project's own.
    pub name: dmt_str,
    /// Formula, shapes and source.
    pub summary: dmt_str,
    pub min_inputs: i32,
    /// -1: any number.
    pub max_inputs: i32,
    /// Names of the inputs, min_inputs of them.
    pub input_names: *const dmt_str,
    pub attributes: dmt_attr_schema,
    /// [any] Shapes, parameters and cost for inputs with these shapes.
    pub infer: Option<unsafe extern "C" fn(ctx: *mut c_void, inputs: *const dmt_shape, input_count: i32, attributes: *const dmt_attrs, signature: *mut dmt_signature) -> dmt_status>,
    /// float32 kernels, forward and backward; static.
    pub kernels: *const dmt_kernels,
}
unsafe impl Sync for dmt_operator {}

// module.h

/// A tensor of the graph that is being built; valid during the expansion.
pub type dmt_value = i32;

/// The host's graph builder, valid during one expand. A status other than DMT_OK is to be returned as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_graph {
    pub struct_size: u32,
    pub reserved: u32,
    /// First argument of the functions below.
    pub ctx: *mut c_void,
    /// [instance] Shape of a value.
    pub shape: Option<unsafe extern "C" fn(ctx: *mut c_void, value: dmt_value, shape: *mut dmt_shape) -> dmt_status>,
    /// [instance] Adds a node: an operator by name. `name` (may be empty) goes in front of its parameters' names and makes
    /// the node's name. outputs receives up to output_capacity values, *output_count how many the node has.
    pub operation: Option<unsafe extern "C" fn(ctx: *mut c_void, op: dmt_str, name: dmt_str, attributes: *const dmt_attrs, inputs: *const dmt_value, input_count: i32, outputs: *mut dmt_value, output_capacity: i32, output_count: *mut i32) -> dmt_status>,
    /// [instance] Expands another module by name in scope `name`.
    pub module: Option<unsafe extern "C" fn(ctx: *mut c_void, module: dmt_str, name: dmt_str, attributes: *const dmt_attrs, inputs: *const dmt_value, input_count: i32, output: *mut dmt_value) -> dmt_status>,
    /// [instance] A tensor [B, columns] that holds `value` everywhere: the input of a model that has no dense feature.
    pub constant: Option<unsafe extern "C" fn(ctx: *mut c_void, value: f64, columns: i64, output: *mut dmt_value) -> dmt_status>,
}
unsafe impl Sync for dmt_graph {}

/// A module.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_module {
    pub struct_size: u32,
    /// Revision of the module's semantics.
    pub revision: i32,
    /// First argument of expand.
    pub ctx: *mut c_void,
    /// `tower.dcn`; a name of a vendor's own has dots: `com.vendor.tower`.
    pub name: dmt_str,
    /// Formula, shapes and source.
    pub summary: dmt_str,
    pub min_inputs: i32,
    /// -1: any number.
    pub max_inputs: i32,
    pub attributes: dmt_attr_schema,
    /// [any] Adds the module's nodes to the graph; output is its one result. Keeps nothing.
    pub expand: Option<unsafe extern "C" fn(ctx: *mut c_void, graph: *const dmt_graph, attributes: *const dmt_attrs, inputs: *const dmt_value, input_count: i32, output: *mut dmt_value) -> dmt_status>,
}
unsafe impl Sync for dmt_module {}

// optimizer.h
/// The most states of a rule.
pub const DMT_MAX_STATES: usize = 8;
/// The most sums of a row.
pub const DMT_MAX_ROW_SUMS: usize = 8;
/// One number for every element of the parameter.
pub const DMT_STATE_PER_ELEMENT: i32 = 0;
/// One number for every row of a table; a rule with such a state serves tables only.
pub const DMT_STATE_PER_ROW: i32 = 1;

/// A state: numbers of the parameters' type that a rule keeps for a parameter. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_state {
    /// How checkpoints call it, 1 to 64 letters, digits, `_` and `-`: `exp_avg`. The name and the meaning of a rule's states
    /// do not change: a checkpoint of an earlier version of the plugin is read by these names.
    pub name: dmt_str,
    /// What every number of it is before the first update; finite.
    pub initial_value: f64,
    /// DMT_STATE_...
    pub layout: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_optimizer_state {}

/// Answer to describe; struct_size is set by the caller, everything else is zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_layout {
    pub struct_size: u32,
    /// 0 to DMT_MAX_STATES.
    pub state_count: i32,
    /// Numbers a row that update_rows needs of the whole row, 0 to DMT_MAX_ROW_SUMS: sum_rows gives them for some columns, and
    /// the host adds them up over the columns, which may lie on several ranks.
    pub row_sum_count: i32,
    pub reserved: i32,
    /// The names live as long as the process, or until the next describe on this thread.
    pub states: [dmt_optimizer_state; DMT_MAX_STATES],
}
unsafe impl Sync for dmt_optimizer_layout {}

/// What bind is asked for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_request {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Type of parameters, gradients and states: float32; float64 where results are compared.
    pub dtype: dmt_dtype,
    /// Threads of this rank.
    pub threads: i32,
    pub attributes: dmt_attrs,
}
unsafe impl Sync for dmt_optimizer_request {}

/// A bound plan.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_plan {
    pub struct_size: u32,
    pub reserved: u32,
    pub handle: *mut c_void,
}
unsafe impl Sync for dmt_optimizer_plan {}

/// An update of some consecutive elements of one dense parameter: all of it or a part, cut anywhere.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_elements {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Elements, at least 1.
    pub count: i64,
    /// [count]
    pub parameters: *mut c_void,
    /// [count]
    pub gradients: *const c_void,
    /// [state_count] The count numbers of each state that belong to these elements.
    pub states: *const *mut c_void,
    pub learning_rate: f64,
    /// Every gradient is multiplied by this first (clipping).
    pub gradient_scale: f64,
    /// Number of the update, from 1.
    pub step: i64,
}
unsafe impl Sync for dmt_optimizer_elements {}

/// An update of rows of one table: those that a batch touched, or some of them.
///
/// The table here has `columns` columns, all of the table's or, where they lie on several ranks, this rank's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer_rows {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Rows to update, at least 1.
    pub row_count: i64,
    /// [row_count] Their numbers in parameters and states, ascending, each once.
    pub rows: *const i64,
    /// Columns of a row here.
    pub columns: i64,
    /// Columns of a row of the whole table; columns, or more.
    pub whole_columns: i64,
    /// The whole table's memory: row r begins at element r * columns.
    pub parameters: *mut c_void,
    /// [row_count, columns] The summed gradient of each of the rows, in their order.
    pub gradients: *const c_void,
    /// [state_count] Whole states: an element state as parameters, a row state with the number of row r at element r.
    pub states: *const *mut c_void,
    /// [row_count, row_sum_count] sum_rows overwrites them, update_rows reads them; NULL when there are none.
    pub sums: *mut f64,
    pub learning_rate: f64,
    /// Every gradient is multiplied by this first (clipping).
    pub gradient_scale: f64,
    /// Number of the update, from 1.
    pub step: i64,
}
unsafe impl Sync for dmt_optimizer_rows {}

/// An update rule.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_optimizer {
    pub struct_size: u32,
    pub revision: i32,
    pub ctx: *mut c_void,
    /// `com.example.lion`: the `name` of a manifest's `train.optimizer` or `train.tables`; has a dot, as the host's have not.
    pub name: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// All but `name` and `lr`, which are the manifest's own.
    pub attributes: dmt_attr_schema,
    /// The base learning rate where a manifest gives none; finite, at least 0.
    pub learning_rate: f64,
    /// [any] The states of a rule with these attributes, always the same for the same attributes. DMT_INVALID_ARGUMENT with
    /// set_error for attributes that do not fit each other.
    pub describe: Option<unsafe extern "C" fn(ctx: *mut c_void, attributes: *const dmt_attrs, layout: *mut dmt_optimizer_layout) -> dmt_status>,
    /// [any] DMT_UNIMPLEMENTED with set_error for a dtype that the rule does not compute.
    pub bind: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_optimizer_request, plan: *mut dmt_optimizer_plan) -> dmt_status>,
    /// [any] Updates elements and their states in place; also several calls at once on one plan, of elements that do not
    /// overlap. NULL: the rule is not for dense parameters.
    pub update_elements: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_optimizer_elements) -> dmt_status>,
    /// [any] Writes row_sum_count numbers a row: sums over the row's columns here. Changes nothing else. NULL: there are none,
    /// and a rule with a state per row is then refused for tables whose columns lie on several ranks.
    pub sum_rows: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_optimizer_rows) -> dmt_status>,
    /// [any] Updates rows and their states in place; also several calls at once on one plan, of rows that do not overlap. Where
    /// columns lie on several ranks, each updates its own copy of a state per row: from sums and from what was in it, and
    /// from nothing that differs between the ranks. NULL: the rule is not for tables.
    pub update_rows: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_optimizer_rows) -> dmt_status>,
    /// [instance]
    pub release: Option<unsafe extern "C" fn(handle: *mut c_void)>,
}
unsafe impl Sync for dmt_optimizer {}

// partitioner.h
/// The strategy reads the affinity matrix.
pub const DMT_PARTITION_NEEDS_AFFINITY: u32 = 1;

/// A strategy by name. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partition_strategy {
    /// `strided`, `coherent`.
    pub name: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// DMT_PARTITION_...
    pub flags: u32,
    pub reserved: u32,
}
unsafe impl Sync for dmt_partition_strategy {}

/// A feature (or a part of its columns that is a table of its own). Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partition_feature {
    pub name: dmt_str,
    /// Rows of its table.
    pub rows: i64,
    /// Width of its embedding.
    pub dim: i64,
    /// What its lookups cost, in elements read a sample; finite, not negative.
    pub lookup_cost: f64,
    /// Bytes of its table.
    pub bytes: i64,
}
unsafe impl Sync for dmt_partition_feature {}
pub const DMT_CAPACITY_NONE: i32 = 0;
/// The sum of lookup_cost over a tower.
pub const DMT_CAPACITY_LOOKUPS: i32 = 1;
/// The sum of bytes over a tower.
pub const DMT_CAPACITY_BYTES: i32 = 2;

/// What is to be dealt.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partition_request {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    pub feature_count: i64,
    /// [feature_count]
    pub features: *const dmt_partition_feature,
    /// [feature_count, feature_count], row-major: how alike two features are, 0 to 1, symmetric; the host has checked it.
    /// NULL: not known.
    pub affinity: *const f64,
    /// 1 to feature_count.
    pub tower_count: i64,
    /// At least 1: the largest tower has at most this times as many features as the smallest. At 1 sizes differ by at most
    /// one: floor and ceil of feature_count / tower_count.
    pub balance: f64,
    /// DMT_CAPACITY_...
    pub capacity_kind: i32,
    pub reserved: i32,
    /// The most that a tower may carry of capacity_kind.
    pub capacity: f64,
    /// One of the component's strategies.
    pub strategy: dmt_str,
    /// Where the strategy draws random numbers, they follow from this alone.
    pub seed: u64,
}
unsafe impl Sync for dmt_partition_request {}

/// A number about a result: `stress`, `objective`. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partition_figure {
    pub name: dmt_str,
    pub value: f64,
}
unsafe impl Sync for dmt_partition_figure {}

/// Result of partition. The caller sets struct_size, assignment and coordinates.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partition_result {
    pub struct_size: u32,
    /// 1 when coordinates were written.
    pub has_coordinates: i32,
    /// [feature_count] Receives the number of each feature's tower, 0 to tower_count - 1; no tower is left empty.
    pub assignment: *mut i32,
    /// [feature_count, 2] Receives each feature's place in the plane, where the strategy has one.
    pub coordinates: *mut f64,
    /// Numbers about the result; valid until the next call on this thread.
    pub figures: *const dmt_partition_figure,
    pub figure_count: i64,
    /// How the result was found, in a sentence or two; valid until the next call on this thread.
    pub explanation: dmt_str,
}
unsafe impl Sync for dmt_partition_result {}

/// Deals features into towers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_partitioner {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of partition.
    pub ctx: *mut c_void,
    /// [strategy_count] Static.
    pub strategies: *const dmt_partition_strategy,
    pub strategy_count: i64,
    /// [any] Deals the features. DMT_INVALID_ARGUMENT with set_error when balance and capacity cannot both hold;
    /// DMT_CANCELLED when the host's cancel service asked for it.
    pub partition: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_partition_request, result: *mut dmt_partition_result) -> dmt_status>,
}
unsafe impl Sync for dmt_partitioner {}

// plugin.h
/// dmt_plugin_descriptor.magic: "DMTP" in memory order.
pub const DMT_PLUGIN_MAGIC: u32 = 0x50544d44;
/// Kernels for operators: dmt_backend (backend.h).
pub const DMT_KIND_BACKEND: &str = "backend";
/// A new operator, schema and kernel: dmt_operator (operator.h).
pub const DMT_KIND_OPERATOR: &str = "operator";
/// A composite that expands into operators and modules: dmt_module (module.h).
pub const DMT_KIND_MODULE: &str = "module";
/// Lookup and update of tables: dmt_embedding (embedding.h), revision 1.
pub const DMT_KIND_EMBEDDING: &str = "embedding";
/// Update of dense parameters: dmt_update (update.h), revision 1.
pub const DMT_KIND_UPDATE: &str = "update";
/// Deals features into towers: dmt_partitioner (partitioner.h), revision 1.
pub const DMT_KIND_PARTITIONER: &str = "partitioner";
/// Where tables lie and how a batch travels: dmt_sharding (sharding.h), revision 1.
pub const DMT_KIND_SHARDING: &str = "sharding";
/// Moves data between ranks: dmt_interconnect (interconnect.h), revision 1.
pub const DMT_KIND_INTERCONNECT: &str = "interconnect";
/// A format of data files: dmt_reader (reader.h), revision 1.
pub const DMT_KIND_READER: &str = "reader";
/// A new update rule: dmt_optimizer (optimizer.h), revision 1.
pub const DMT_KIND_OPTIMIZER: &str = "optimizer";

/// One thing that a plugin offers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_component {
    pub struct_size: u32,
    /// Revision of the component's table; with kind it fixes the struct that get_component returns.
    pub revision: i32,
    /// DMT_KIND_...
    pub kind: dmt_str,
    /// The name by which a manifest knows it: `onednn`, `tower.dcn`.
    pub id: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
}
unsafe impl Sync for dmt_component {}

/// What a plugin is; static, readable before initialize.
///
/// No major moves the fields up to flags: a host of any contract can read whose plugin this is not.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_plugin_descriptor {
    pub struct_size: u32,
    /// DMT_PLUGIN_MAGIC
    pub magic: u32,
    /// DMT_ABI_MAJOR and DMT_ABI_MINOR of the headers it was compiled with.
    pub abi_major: u32,
    pub abi_minor: u32,
    /// The lowest DMT_ABI_MINOR of a host that it works with.
    pub min_host_minor: u32,
    /// 0.
    pub flags: u32,
    /// Reverse-DNS or `dmt.NAME`; unique.
    pub id: dmt_str,
    /// Semantic version.
    pub version: dmt_str,
    /// Who makes it; may be empty.
    pub vendor: dmt_str,
    /// SPDX expression.
    pub license: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// Where to read more; may be empty.
    pub homepage: dmt_str,
    /// Compiler and version. A plugin written in Swift names it, `Swift 6.3.1 (BUILD)`: it shares the host's Swift runtime,
    /// and the host refuses one that another compiler made, unless it brings a runtime of its own, hidden.
    pub compiler: dmt_str,
    /// Target triple and lowest ISA: `x86_64-linux-gnu x86-64-v3`.
    pub target: dmt_str,
    /// 0 to 1024.
    pub component_count: i64,
    /// [component_count] What it offers.
    pub components: *const *const dmt_component,
}
unsafe impl Sync for dmt_plugin_descriptor {}

/// A plugin: its descriptor and its functions. No major moves struct_size and descriptor.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_plugin {
    pub struct_size: u32,
    pub reserved: u32,
    pub descriptor: *const dmt_plugin_descriptor,
    /// [load] Called once, before any component is asked for. host lives as long as the process. NULL: nothing to do.
    pub initialize: Option<unsafe extern "C" fn(host: *const dmt_host) -> dmt_status>,
    /// [any] The table of a component, or NULL for a kind, id or revision that the plugin does not have.
    pub get_component: Option<unsafe extern "C" fn(kind: dmt_str, id: dmt_str, revision: i32) -> *const c_void>,
    /// [any] The table of an extension `com.vendor.area/REVISION`, or NULL.
    pub get_extension: Option<unsafe extern "C" fn(id: dmt_str) -> *const c_void>,
    /// [load] Called once before the process ends, when all handles have been released. A plugin is never unloaded.
    pub shutdown: Option<unsafe extern "C" fn()>,
}
unsafe impl Sync for dmt_plugin {}

/// [load] Type of dmt_plugin_entry, for whoever looks it up.
pub type dmt_plugin_entry_function = unsafe extern "C" fn() -> *const dmt_plugin;

// reader.h
/// The most columns of a file.
pub const DMT_MAX_COLUMNS: usize = 65536;
/// dmt_str; the empty text is a missing value.
pub const DMT_COLUMN_TEXT: i32 = 0;
/// int64_t
pub const DMT_COLUMN_I64: i32 = 1;
/// double; NaN is a missing value, an infinite one makes a bad row.
pub const DMT_COLUMN_F64: i32 = 2;
/// Every row holds any number of values.
pub const DMT_COLUMN_BAG: u32 = 1;

/// A column of a file. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_column {
    /// By this a manifest names it; not empty, different from all others.
    pub name: dmt_str,
    /// DMT_COLUMN_TEXT, _I64 or _F64.
    pub r#type: i32,
    /// DMT_COLUMN_BAG or 0.
    pub flags: u32,
}
unsafe impl Sync for dmt_reader_column {}

/// A place in a file, for messages. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_place {
    /// Line from 1, or 0: not known.
    pub line: i64,
    /// Column of the line from 1, in bytes, or 0: not known.
    pub column: i64,
}
unsafe impl Sync for dmt_reader_place {}

/// A row that cannot be used. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_problem {
    /// The row, counted from the first of the batch.
    pub row: i64,
    pub place: dmt_reader_place,
    /// What was found and what was expected, in one sentence.
    pub message: dmt_str,
}
unsafe impl Sync for dmt_reader_problem {}

/// The values of one column for the rows of a batch. Frozen.
///
/// Row r holds values[r], or in a bag column values[offsets[r]] .. values[offsets[r + 1] - 1].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_values {
    /// [value_count] dmt_str, int64_t or double, as the column's type says.
    pub values: *const c_void,
    /// [row_count + 1] of a bag column: rises from 0 to value_count. NULL of others.
    pub offsets: *const i64,
    /// [value_count] 0 for a missing value; NULL: all are there.
    pub present: *const u8,
    /// row_count, or the values of all bags.
    pub value_count: i64,
}
unsafe impl Sync for dmt_reader_values {}

/// Rows in a row. The host sets struct_size and zeroes the rest; the plugin's memory that it points to is borrowed until the
/// next call with the same handle.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_batch {
    pub struct_size: u32,
    pub reserved: u32,
    /// 0: the file has ended. At most the request's batch_rows.
    pub row_count: i64,
    /// [selected columns] in the order in which they were selected; NULL when there are none.
    pub columns: *const dmt_reader_values,
    /// [problem_count] Rows of the batch that cannot be used, ascending, one entry a row. They count as rows, and their values
    /// are there and are not looked at. The host leaves such rows out as far as the manifest's max_bad_rows allows.
    pub problems: *const dmt_reader_problem,
    pub problem_count: i64,
    /// Where reading failed, when next returns another status than DMT_OK.
    pub failure: dmt_reader_place,
}
unsafe impl Sync for dmt_reader_batch {}

/// What open is asked for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_request {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// The file.
    pub path: dmt_str,
    pub attributes: dmt_attrs,
    /// The most rows of a batch, at least 1.
    pub batch_rows: i64,
    /// Threads that this file may use.
    pub threads: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_reader_request {}

/// An open file. The host sets struct_size and zeroes the rest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader_file {
    pub struct_size: u32,
    pub column_count: i32,
    pub handle: *mut c_void,
    /// [column_count] Lives as long as the handle.
    pub columns: *const dmt_reader_column,
    /// Rows of the file, or -1: known at its end only.
    pub row_count: i64,
    /// Where opening failed, when open returns another status than DMT_OK.
    pub failure: dmt_reader_place,
}
unsafe impl Sync for dmt_reader_file {}

/// A format of data files.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_reader {
    pub struct_size: u32,
    pub revision: i32,
    pub ctx: *mut c_void,
    /// `com.example.lines`: the `format` of a manifest's section `data`; has a dot, as the host's own have not.
    pub name: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// Keys of the section `data` that go with the format, beside the keys that all formats have.
    pub attributes: dmt_attr_schema,
    /// Grows whenever a later version of the plugin yields other rows for the same file and attributes: the host's columnar
    /// cache of the file is then made anew. At least 1.
    pub content_revision: i32,
    pub reserved: i32,
    /// [any] Opens a file and lists its columns. DMT_NOT_FOUND or DMT_UNAVAILABLE for a file that cannot be read,
    /// DMT_INVALID_ARGUMENT for one of another format.
    pub open: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_reader_request, file: *mut dmt_reader_file) -> dmt_status>,
    /// [instance] Chooses the columns that batches hold, by index, each once; called once, before the first next. Columns that
    /// are not chosen need not be parsed.
    pub select: Option<unsafe extern "C" fn(handle: *mut c_void, columns: *const i32, count: i32) -> dmt_status>,
    /// [instance] The next rows. DMT_CANCELLED when the host's cancel service asked for it, DMT_UNAVAILABLE when the file cannot
    /// be read on, DMT_INVALID_ARGUMENT when what stands there makes no sense. After another status than DMT_OK the host calls
    /// close only.
    pub next: Option<unsafe extern "C" fn(handle: *mut c_void, batch: *mut dmt_reader_batch) -> dmt_status>,
    /// [instance] Lets the next batch begin with row `row` of the file, from 0; past the end it is empty. NULL: the host reads
    /// and drops the rows before.
    pub seek: Option<unsafe extern "C" fn(handle: *mut c_void, row: i64) -> dmt_status>,
    /// [instance] Where a value of the last batch stands: row from 0, column among the selected ones, -1 for the row itself.
    /// NULL: not known; messages then name the row's number.
    pub locate: Option<unsafe extern "C" fn(handle: *mut c_void, row: i64, column: i32, place: *mut dmt_reader_place) -> dmt_status>,
    /// [instance] Closes the file.
    pub close: Option<unsafe extern "C" fn(handle: *mut c_void)>,
}
unsafe impl Sync for dmt_reader {}

// sharding.h
pub const DMT_SHARD_AUTOMATIC: i32 = 0;
pub const DMT_SHARD_DATA_PARALLEL: i32 = 1;
pub const DMT_SHARD_TABLE_WISE: i32 = 2;
pub const DMT_SHARD_COLUMN_WISE: i32 = 3;
pub const DMT_SHARD_ROW_WISE: i32 = 4;
pub const DMT_WIRE_NATIVE: i32 = 0;
pub const DMT_WIRE_FLOAT16: i32 = 1;
pub const DMT_WIRE_BFLOAT16: i32 = 2;
pub const DMT_WIRE_INT8: i32 = 3;
pub const DMT_GROUP_WORLD: i32 = 0;
pub const DMT_GROUP_TOWER: i32 = 1;
pub const DMT_GROUP_PEERS: i32 = 2;
pub const DMT_ORDER_RANKS: i32 = 0;
pub const DMT_ORDER_PEERS: i32 = 1;

/// A table that is to be placed. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding_table {
    pub name: dmt_str,
    pub rows: i64,
    pub dim: i64,
    /// Bytes of a row, optimizer state included.
    pub row_bytes: f64,
    /// DMT_SHARD_...
    pub sharding: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_sharding_table {}

/// A feature that the model wants. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding_feature {
    pub name: dmt_str,
    pub table: i32,
    /// DMT_POOLING_...
    pub pooling: i32,
    /// Row numbers a sample, on average.
    pub lookups: f64,
    /// The tower that reads it; -1: the over-arch reads it itself.
    pub tower: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_sharding_feature {}

/// A tower. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding_tower {
    pub name: dmt_str,
    /// Columns of its module's output.
    pub output_columns: i64,
    /// The tower group that serves it.
    pub group: i32,
    pub reserved: i32,
}
unsafe impl Sync for dmt_sharding_tower {}

/// A piece of work for the planner. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_shard_candidate {
    pub cost: f64,
    pub bytes: f64,
    /// The ranks that may hold it.
    pub ranks: *const i32,
    pub rank_count: i64,
}
unsafe impl Sync for dmt_shard_candidate {}
/// Run tower modules where their towers are served.
pub const DMT_SHARDING_RUNS_TOWERS: u32 = 1;

/// What a strategy is asked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding_request {
    pub struct_size: u32,
    /// DMT_SHARDING_...
    pub flags: u32,
    pub hosts: i32,
    pub ranks_per_host: i32,
    /// Ranks of a tower group.
    pub tower_group_size: i32,
    /// DMT_WIRE_... of embeddings and of their gradients.
    pub forward_wire: i32,
    pub backward_wire: i32,
    pub table_count: i32,
    pub feature_count: i32,
    pub tower_count: i32,
    pub tables: *const dmt_sharding_table,
    pub features: *const dmt_sharding_feature,
    pub towers: *const dmt_sharding_tower,
    /// Samples of a global batch.
    pub batch: i64,
    /// [instance] The planner: writes to ranks[i] one of the ranks of pieces[i], balancing costs.
    pub assign: Option<unsafe extern "C" fn(ctx: *mut c_void, pieces: *const dmt_shard_candidate, piece_count: i64, ranks: *mut i32) -> dmt_status>,
    /// First argument of assign.
    pub assign_ctx: *mut c_void,
}
unsafe impl Sync for dmt_sharding_request {}

/// A part of a table on a rank; a replicated table is one shard with rank -1, all rows and all columns. Frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_shard {
    pub table: i32,
    pub rank: i32,
    pub row_begin: i64,
    pub row_end: i64,
    pub column_begin: i64,
    pub column_end: i64,
}
unsafe impl Sync for dmt_shard {}
pub const DMT_STEP_EXCHANGE: i32 = 0;
pub const DMT_STEP_LOOKUP: i32 = 1;
pub const DMT_STEP_PERMUTE: i32 = 2;
pub const DMT_STEP_ALL_TO_ALL: i32 = 3;
pub const DMT_STEP_REDUCE_SCATTER: i32 = 4;
pub const DMT_STEP_ALL_GATHER: i32 = 5;
pub const DMT_STEP_TRANSPOSE: i32 = 6;
pub const DMT_STEP_JOIN: i32 = 7;
pub const DMT_STEP_SCALE: i32 = 8;
pub const DMT_STEP_TOWER: i32 = 9;
pub const DMT_STEP_CAST: i32 = 10;

/// A step of the dataflow; read during add_step only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_dataflow_step {
    pub struct_size: u32,
    /// DMT_STEP_...
    pub kind: i32,
    /// Of exchange and of collectives: DMT_GROUP_...
    pub group: i32,
    /// Of exchange and permute: DMT_ORDER_...
    pub order: i32,
    /// Of cast: DMT_WIRE_...
    pub forward_wire: i32,
    pub backward_wire: i32,
    /// Indices of earlier steps; none for exchange and for a lookup in replicated tables.
    pub inputs: *const i32,
    pub input_count: i64,
    /// Of exchange and lookup: indices of features.
    pub features: *const i32,
    pub feature_count: i64,
}
unsafe impl Sync for dmt_dataflow_step {}

/// The host's builder, valid during one plan call. A status other than DMT_OK is to be returned as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding_builder {
    pub struct_size: u32,
    pub reserved: u32,
    /// First argument of the functions below.
    pub ctx: *mut c_void,
    /// [instance] Adds a shard.
    pub add_shard: Option<unsafe extern "C" fn(ctx: *mut c_void, shard: *const dmt_shard) -> dmt_status>,
    /// [instance] Adds a step; index is how later steps name it.
    pub add_step: Option<unsafe extern "C" fn(ctx: *mut c_void, step: *const dmt_dataflow_step, index: *mut i32) -> dmt_status>,
}
unsafe impl Sync for dmt_sharding_builder {}

/// A sharding strategy.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_sharding {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of plan.
    pub ctx: *mut c_void,
    /// `sptt`.
    pub name: dmt_str,
    /// One sentence.
    pub summary: dmt_str,
    /// [any] Adds the placement and the dataflow for a request. Keeps nothing.
    pub plan: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_sharding_request, builder: *const dmt_sharding_builder) -> dmt_status>,
}
unsafe impl Sync for dmt_sharding {}

// update.h

/// What bind is asked for.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_update_request {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    pub dtype: dmt_dtype,
    pub threads: i32,
    /// `sgd`, `adagrad`, `adam`, `adamw`.
    pub optimizer: dmt_str,
    /// `momentum`, `nesterov`, `weight_decay`, `beta1`, `beta2`, `eps`.
    pub attributes: dmt_attrs,
    pub tensor_count: i64,
    /// [tensor_count] elements of each tensor.
    pub sizes: *const i64,
}
unsafe impl Sync for dmt_update_request {}

/// One update.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_update_call {
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// [tensor_count] What is updated.
    pub parameters: *const *mut c_void,
    /// [tensor_count] Read, never written.
    pub gradients: *const *const c_void,
    /// [tensor_count * states], the states of a tensor next to each other.
    pub states: *const *mut c_void,
    pub learning_rate: f64,
    /// Every gradient is multiplied by this first (clipping).
    pub gradient_scale: f64,
    /// Number of the update, from 1.
    pub step: i64,
}
unsafe impl Sync for dmt_update_call {}

/// A bound plan, filled by bind; struct_size is set by the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_update_plan {
    pub struct_size: u32,
    pub reserved: u32,
    /// The plugin's own handle.
    pub handle: *mut c_void,
}
unsafe impl Sync for dmt_update_plan {}

/// Optimizers on whole tensors.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dmt_update {
    pub struct_size: u32,
    /// Revision of this table: 1.
    pub revision: i32,
    /// First argument of supports and bind.
    pub ctx: *mut c_void,
    /// [any] DMT_OK: the request is served. DMT_UNIMPLEMENTED, with set_error saying why not: it is not.
    pub supports: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_update_request) -> dmt_status>,
    /// [any] Makes a plan.
    pub bind: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const dmt_update_request, plan: *mut dmt_update_plan) -> dmt_status>,
    /// [instance] Updates parameters and states in place.
    pub update: Option<unsafe extern "C" fn(handle: *mut c_void, call: *const dmt_update_call) -> dmt_status>,
    /// [instance] Ends the plan.
    pub release: Option<unsafe extern "C" fn(handle: *mut c_void)>,
}
unsafe impl Sync for dmt_update {}
