// The layout of every struct of contract.rs as rustc sees it, printed as C that a compiler checks against the headers.
// Written by Scripts/rust-bindings.py; Bindings/Rust/test.sh runs it.
#[path = "contract.rs"]
mod contract;

macro_rules! check {
    ($name:ident, $($c:literal $field:ident),+) => {
        let value = std::mem::MaybeUninit::<contract::$name>::uninit();
        let base = value.as_ptr();
        let (size, name) = (std::mem::size_of::<contract::$name>(), stringify!($name));
        println!("_Static_assert(sizeof({name}) == {size}, \"sizeof {name}\");");
        $(
            let offset = unsafe { std::ptr::addr_of!((*base).$field) as usize } - base as usize;
            let field = $c;
            println!("_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");");
        )+
    };
}

fn main() {
    println!("#include <dmt/dmt.h>");
    check!(dmt_str, "data" data, "size" size);
    check!(dmt_dtype, "code" code, "bits" bits, "lanes" lanes);
    check!(dmt_device, "type" r#type, "id" id);
    check!(dmt_tensor, "data" data, "device" device, "ndim" ndim, "dtype" dtype, "shape" shape, "strides" strides, "byte_offset" byte_offset);
    check!(dmt_jagged, "values" values, "offsets" offsets, "weights" weights, "value_count" value_count);
    check!(dmt_attr, "name" name, "type" r#type, "reserved" reserved, "i64" i64, "f64" f64, "str" str, "list" list, "list_size" list_size);
    check!(dmt_attrs, "items" items, "count" count);
    check!(dmt_attr_field, "struct_size" struct_size, "type" r#type, "flags" flags, "reserved" reserved, "name" name, "summary" summary, "default_value" default_value, "minimum" minimum, "maximum" maximum, "choices" choices, "choice_count" choice_count);
    check!(dmt_attr_schema, "fields" fields, "count" count);
    check!(dmt_host, "struct_size" struct_size, "abi_major" abi_major, "abi_minor" abi_minor, "reserved" reserved, "name" name, "version" version, "ctx" ctx, "get_service" get_service, "set_error" set_error);
    check!(dmt_log, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "write" write);
    check!(dmt_alloc, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "allocate" allocate, "release" release);
    check!(dmt_parallel, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "max_threads" max_threads, "parallel_for" parallel_for);
    check!(dmt_trace, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "begin" begin, "end" end);
    check!(dmt_cpu, "struct_size" struct_size, "isa_level" isa_level, "features" features, "cores" cores, "reserved" reserved, "l1_data_bytes" l1_data_bytes, "l2_bytes" l2_bytes, "l3_bytes" l3_bytes);
    check!(dmt_rng, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "philox" philox);
    check!(dmt_cancel, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "is_requested" is_requested);
    check!(dmt_kernel_request, "struct_size" struct_size, "flags" flags, "op" op, "op_revision" op_revision, "threads" threads, "input_count" input_count, "parameter_count" parameter_count, "output_count" output_count, "reserved" reserved, "inputs" inputs, "parameters" parameters, "outputs" outputs, "attributes" attributes, "wanted_input_gradients" wanted_input_gradients);
    check!(dmt_kernel_plan, "struct_size" struct_size, "reserved" reserved, "handle" handle, "saved_bytes" saved_bytes, "scratch_bytes" scratch_bytes);
    check!(dmt_kernel_call, "struct_size" struct_size, "flags" flags, "inputs" inputs, "parameters" parameters, "outputs" outputs, "grad_outputs" grad_outputs, "grad_inputs" grad_inputs, "grad_parameters" grad_parameters, "accumulate_inputs" accumulate_inputs, "accumulate_parameters" accumulate_parameters, "saved" saved, "scratch" scratch, "parameter_version" parameter_version, "seed" seed, "step" step, "node" node, "samples" samples);
    check!(dmt_support, "struct_size" struct_size, "score" score, "reason" reason);
    check!(dmt_kernels, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "supports" supports, "bind" bind, "forward" forward, "backward" backward, "release" release);
    check!(dmt_probe, "struct_size" struct_size, "score" score, "reason" reason, "library" library);
    check!(dmt_backend, "struct_size" struct_size, "revision" revision, "ctx" ctx, "probe" probe, "set_threads" set_threads, "kernels" kernels);
    check!(dmt_table, "rows" rows, "dim" dim, "reserved" reserved);
    check!(dmt_feature, "table" table, "pooling" pooling, "output" output, "reserved" reserved, "column" column);
    check!(dmt_embedding_request, "struct_size" struct_size, "flags" flags, "dtype" dtype, "threads" threads, "table_count" table_count, "feature_count" feature_count, "output_count" output_count, "reserved" reserved, "tables" tables, "features" features, "optimizer" optimizer, "optimizer_attributes" optimizer_attributes);
    check!(dmt_dedup, "struct_size" struct_size, "reserved" reserved, "capacity" capacity, "count" count, "rows" rows, "starts" starts, "order" order, "bags" bags);
    check!(dmt_embedding_call, "struct_size" struct_size, "flags" flags, "batch" batch, "features" features, "tables" tables, "outputs" outputs, "output_strides" output_strides, "dedups" dedups, "states" states, "row_gradients" row_gradients, "learning_rate" learning_rate, "gradient_scale" gradient_scale, "step" step, "scratch" scratch);
    check!(dmt_embedding_plan, "struct_size" struct_size, "reserved" reserved, "handle" handle);
    check!(dmt_embedding, "struct_size" struct_size, "revision" revision, "ctx" ctx, "supports" supports, "bind" bind, "scratch_bytes" scratch_bytes, "forward" forward, "dedup" dedup, "update" update, "row_gradients" row_gradients, "release" release);
    check!(dmt_collective, "struct_size" struct_size, "kind" kind, "dtype" dtype, "reduction" reduction, "root" root, "flags" flags, "send" send, "receive" receive, "count" count, "send_counts" send_counts, "send_offsets" send_offsets, "receive_counts" receive_counts, "receive_offsets" receive_offsets);
    check!(dmt_world_request, "struct_size" struct_size, "rank_count" rank_count, "timeout_ms" timeout_ms);
    check!(dmt_world, "struct_size" struct_size, "rank_count" rank_count, "own_rank" own_rank, "reserved" reserved, "handle" handle, "host_of_rank" host_of_rank);
    check!(dmt_interconnect, "struct_size" struct_size, "revision" revision, "ctx" ctx, "flags" flags, "reserved" reserved, "open" open, "connect" connect, "communicator" communicator, "start" start, "test" test, "wait" wait, "abort" abort, "disconnect" disconnect, "close" close);
    check!(dmt_shape, "rank" rank, "reserved" reserved, "dims" dims);
    check!(dmt_parameter, "name" name, "shape" shape, "initializer" initializer, "reserved" reserved, "a" a, "b" b);
    check!(dmt_signature, "struct_size" struct_size, "output_count" output_count, "parameter_count" parameter_count, "reserved" reserved, "macs" macs, "input_gradient_macs" input_gradient_macs, "parameter_gradient_macs" parameter_gradient_macs, "backward_reads_inputs" backward_reads_inputs, "backward_reads_outputs" backward_reads_outputs, "outputs" outputs, "parameters" parameters);
    check!(dmt_operator, "struct_size" struct_size, "revision" revision, "ctx" ctx, "name" name, "summary" summary, "min_inputs" min_inputs, "max_inputs" max_inputs, "input_names" input_names, "attributes" attributes, "infer" infer, "kernels" kernels);
    check!(dmt_graph, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "shape" shape, "operation" operation, "module" module, "constant" constant);
    check!(dmt_module, "struct_size" struct_size, "revision" revision, "ctx" ctx, "name" name, "summary" summary, "min_inputs" min_inputs, "max_inputs" max_inputs, "attributes" attributes, "expand" expand);
    check!(dmt_optimizer_state, "name" name, "initial_value" initial_value, "layout" layout, "reserved" reserved);
    check!(dmt_optimizer_layout, "struct_size" struct_size, "state_count" state_count, "row_sum_count" row_sum_count, "reserved" reserved, "states" states);
    check!(dmt_optimizer_request, "struct_size" struct_size, "flags" flags, "dtype" dtype, "threads" threads, "attributes" attributes);
    check!(dmt_optimizer_plan, "struct_size" struct_size, "reserved" reserved, "handle" handle);
    check!(dmt_optimizer_elements, "struct_size" struct_size, "flags" flags, "count" count, "parameters" parameters, "gradients" gradients, "states" states, "learning_rate" learning_rate, "gradient_scale" gradient_scale, "step" step);
    check!(dmt_optimizer_rows, "struct_size" struct_size, "flags" flags, "row_count" row_count, "rows" rows, "columns" columns, "whole_columns" whole_columns, "parameters" parameters, "gradients" gradients, "states" states, "sums" sums, "learning_rate" learning_rate, "gradient_scale" gradient_scale, "step" step);
    check!(dmt_optimizer, "struct_size" struct_size, "revision" revision, "ctx" ctx, "name" name, "summary" summary, "attributes" attributes, "learning_rate" learning_rate, "describe" describe, "bind" bind, "update_elements" update_elements, "sum_rows" sum_rows, "update_rows" update_rows, "release" release);
    check!(dmt_partition_strategy, "name" name, "summary" summary, "flags" flags, "reserved" reserved);
    check!(dmt_partition_feature, "name" name, "rows" rows, "dim" dim, "lookup_cost" lookup_cost, "bytes" bytes);
    check!(dmt_partition_request, "struct_size" struct_size, "flags" flags, "feature_count" feature_count, "features" features, "affinity" affinity, "tower_count" tower_count, "balance" balance, "capacity_kind" capacity_kind, "reserved" reserved, "capacity" capacity, "strategy" strategy, "seed" seed);
    check!(dmt_partition_figure, "name" name, "value" value);
    check!(dmt_partition_result, "struct_size" struct_size, "has_coordinates" has_coordinates, "assignment" assignment, "coordinates" coordinates, "figures" figures, "figure_count" figure_count, "explanation" explanation);
    check!(dmt_partitioner, "struct_size" struct_size, "revision" revision, "ctx" ctx, "strategies" strategies, "strategy_count" strategy_count, "partition" partition);
    check!(dmt_component, "struct_size" struct_size, "revision" revision, "kind" kind, "id" id, "summary" summary);
    check!(dmt_plugin_descriptor, "struct_size" struct_size, "magic" magic, "abi_major" abi_major, "abi_minor" abi_minor, "min_host_minor" min_host_minor, "flags" flags, "id" id, "version" version, "vendor" vendor, "license" license, "summary" summary, "homepage" homepage, "compiler" compiler, "target" target, "component_count" component_count, "components" components);
    check!(dmt_plugin, "struct_size" struct_size, "reserved" reserved, "descriptor" descriptor, "initialize" initialize, "get_component" get_component, "get_extension" get_extension, "shutdown" shutdown);
    check!(dmt_reader_column, "name" name, "type" r#type, "flags" flags);
    check!(dmt_reader_place, "line" line, "column" column);
    check!(dmt_reader_problem, "row" row, "place" place, "message" message);
    check!(dmt_reader_values, "values" values, "offsets" offsets, "present" present, "value_count" value_count);
    check!(dmt_reader_batch, "struct_size" struct_size, "reserved" reserved, "row_count" row_count, "columns" columns, "problems" problems, "problem_count" problem_count, "failure" failure);
    check!(dmt_reader_request, "struct_size" struct_size, "flags" flags, "path" path, "attributes" attributes, "batch_rows" batch_rows, "threads" threads, "reserved" reserved);
    check!(dmt_reader_file, "struct_size" struct_size, "column_count" column_count, "handle" handle, "columns" columns, "row_count" row_count, "failure" failure);
    check!(dmt_reader, "struct_size" struct_size, "revision" revision, "ctx" ctx, "name" name, "summary" summary, "attributes" attributes, "content_revision" content_revision, "reserved" reserved, "open" open, "select" select, "next" next, "seek" seek, "locate" locate, "close" close);
    check!(dmt_sharding_table, "name" name, "rows" rows, "dim" dim, "row_bytes" row_bytes, "sharding" sharding, "reserved" reserved);
    check!(dmt_sharding_feature, "name" name, "table" table, "pooling" pooling, "lookups" lookups, "tower" tower, "reserved" reserved);
    check!(dmt_sharding_tower, "name" name, "output_columns" output_columns, "group" group, "reserved" reserved);
    check!(dmt_shard_candidate, "cost" cost, "bytes" bytes, "ranks" ranks, "rank_count" rank_count);
    check!(dmt_sharding_request, "struct_size" struct_size, "flags" flags, "hosts" hosts, "ranks_per_host" ranks_per_host, "tower_group_size" tower_group_size, "forward_wire" forward_wire, "backward_wire" backward_wire, "table_count" table_count, "feature_count" feature_count, "tower_count" tower_count, "tables" tables, "features" features, "towers" towers, "batch" batch, "assign" assign, "assign_ctx" assign_ctx);
    check!(dmt_shard, "table" table, "rank" rank, "row_begin" row_begin, "row_end" row_end, "column_begin" column_begin, "column_end" column_end);
    check!(dmt_dataflow_step, "struct_size" struct_size, "kind" kind, "group" group, "order" order, "forward_wire" forward_wire, "backward_wire" backward_wire, "inputs" inputs, "input_count" input_count, "features" features, "feature_count" feature_count);
    check!(dmt_sharding_builder, "struct_size" struct_size, "reserved" reserved, "ctx" ctx, "add_shard" add_shard, "add_step" add_step);
    check!(dmt_sharding, "struct_size" struct_size, "revision" revision, "ctx" ctx, "name" name, "summary" summary, "plan" plan);
    check!(dmt_update_request, "struct_size" struct_size, "flags" flags, "dtype" dtype, "threads" threads, "optimizer" optimizer, "attributes" attributes, "tensor_count" tensor_count, "sizes" sizes);
    check!(dmt_update_call, "struct_size" struct_size, "flags" flags, "parameters" parameters, "gradients" gradients, "states" states, "learning_rate" learning_rate, "gradient_scale" gradient_scale, "step" step);
    check!(dmt_update_plan, "struct_size" struct_size, "reserved" reserved, "handle" handle);
    check!(dmt_update, "struct_size" struct_size, "revision" revision, "ctx" ctx, "supports" supports, "bind" bind, "update" update, "release" release);
}
