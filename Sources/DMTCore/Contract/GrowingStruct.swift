public import CDMTPlugin

/// A struct of the contract that begins with `struct_size` and may grow at its end in a minor.
///
/// A struct from the other side may be of an older or a newer minor than this one, and so shorter or longer. What every
/// minor of a major has is ``firstSize``; whoever asks for more refuses what an older minor made. A struct that grows keeps
/// its number here.
public protocol GrowingStruct {
  /// Bytes that the struct had in the minor that brought it.
  static var firstSize: Int { get }
}

// plugin.h
extension dmt_component: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_plugin_descriptor: GrowingStruct { @inlinable public static var firstSize: Int { 168 } }
extension dmt_plugin: GrowingStruct { @inlinable public static var firstSize: Int { 48 } }

// host.h
extension dmt_host: GrowingStruct { @inlinable public static var firstSize: Int { 72 } }
extension dmt_log: GrowingStruct { @inlinable public static var firstSize: Int { 24 } }
extension dmt_alloc: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_parallel: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_trace: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_cpu: GrowingStruct { @inlinable public static var firstSize: Int { 48 } }
extension dmt_rng: GrowingStruct { @inlinable public static var firstSize: Int { 24 } }
extension dmt_cancel: GrowingStruct { @inlinable public static var firstSize: Int { 24 } }

// base.h
extension dmt_attr_field: GrowingStruct { @inlinable public static var firstSize: Int { 152 } }

// kernel.h
extension dmt_kernel_request: GrowingStruct { @inlinable public static var firstSize: Int { 96 } }
extension dmt_kernel_plan: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_kernel_call: GrowingStruct { @inlinable public static var firstSize: Int { 120 } }
extension dmt_support: GrowingStruct { @inlinable public static var firstSize: Int { 24 } }
extension dmt_kernels: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }

// backend.h
extension dmt_probe: GrowingStruct { @inlinable public static var firstSize: Int { 40 } }
extension dmt_backend: GrowingStruct { @inlinable public static var firstSize: Int { 40 } }

// operator.h
extension dmt_signature: GrowingStruct { @inlinable public static var firstSize: Int { 2424 } }
extension dmt_operator: GrowingStruct { @inlinable public static var firstSize: Int { 96 } }

// module.h
extension dmt_graph: GrowingStruct { @inlinable public static var firstSize: Int { 48 } }
extension dmt_module: GrowingStruct { @inlinable public static var firstSize: Int { 80 } }

// embedding.h
extension dmt_embedding_request: GrowingStruct { @inlinable public static var firstSize: Int { 80 } }
extension dmt_dedup: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_embedding_call: GrowingStruct { @inlinable public static var firstSize: Int { 104 } }
extension dmt_embedding_plan: GrowingStruct { @inlinable public static var firstSize: Int { 16 } }
extension dmt_embedding: GrowingStruct { @inlinable public static var firstSize: Int { 80 } }

// update.h
extension dmt_update_request: GrowingStruct { @inlinable public static var firstSize: Int { 64 } }
extension dmt_update_call: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_update_plan: GrowingStruct { @inlinable public static var firstSize: Int { 16 } }
extension dmt_update: GrowingStruct { @inlinable public static var firstSize: Int { 48 } }

// partitioner.h
extension dmt_partition_request: GrowingStruct { @inlinable public static var firstSize: Int { 88 } }
extension dmt_partition_result: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_partitioner: GrowingStruct { @inlinable public static var firstSize: Int { 40 } }

// sharding.h
extension dmt_sharding_request: GrowingStruct { @inlinable public static var firstSize: Int { 88 } }
extension dmt_dataflow_step: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_sharding_builder: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_sharding: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }

// interconnect.h
extension dmt_collective: GrowingStruct { @inlinable public static var firstSize: Int { 80 } }
extension dmt_world_request: GrowingStruct { @inlinable public static var firstSize: Int { 16 } }
extension dmt_world: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_interconnect: GrowingStruct { @inlinable public static var firstSize: Int { 96 } }

// reader.h
extension dmt_reader_batch: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_reader_request: GrowingStruct { @inlinable public static var firstSize: Int { 56 } }
extension dmt_reader_file: GrowingStruct { @inlinable public static var firstSize: Int { 48 } }
extension dmt_reader: GrowingStruct { @inlinable public static var firstSize: Int { 120 } }

// optimizer.h
extension dmt_optimizer_layout: GrowingStruct { @inlinable public static var firstSize: Int { 272 } }
extension dmt_optimizer_request: GrowingStruct { @inlinable public static var firstSize: Int { 32 } }
extension dmt_optimizer_plan: GrowingStruct { @inlinable public static var firstSize: Int { 16 } }
extension dmt_optimizer_elements: GrowingStruct { @inlinable public static var firstSize: Int { 64 } }
extension dmt_optimizer_rows: GrowingStruct { @inlinable public static var firstSize: Int { 96 } }
extension dmt_optimizer: GrowingStruct { @inlinable public static var firstSize: Int { 120 } }
