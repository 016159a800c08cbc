internal import CDMTPlugin
public import DMTCore

/// One thing that a plugin offers.
public struct PluginComponent: Sendable {
  let kind: String
  let id: String
  let revision: Int32
  let summary: String
  /// Builds the C table, which is kept for as long as the process lives.
  let makeTable: @Sendable () -> UnsafeRawPointer

  private init(
    _ kind: String, id: String, summary: String, makeTable: @escaping @Sendable () -> UnsafeRawPointer
  ) {
    self.kind = kind
    self.id = id
    self.revision = 1
    self.summary = summary
    self.makeTable = makeTable
  }

  /// Kernels for operators that the host knows.
  ///
  /// A backend that also conforms to ``MachineAwareBackend`` is asked how well it suits the machine.
  public static func backend(_ backend: some Backend, summary: String) -> PluginComponent {
    PluginComponent(DMT_KIND_BACKEND, id: backend.name, summary: summary) { BackendTable.make(backend) }
  }

  /// A new operator whose kernels work on the contract's own pointers.
  public static func `operator`(_ operation: some Operator, kernels: some Backend) -> PluginComponent {
    PluginComponent(DMT_KIND_OPERATOR, id: operation.name, summary: operation.summary) {
      OperatorTable.make(operation, kernels: kernels)
    }
  }

  /// A new operator written without pointers.
  public static func `operator`(_ operation: some SampleOperator) -> PluginComponent {
    PluginComponent(DMT_KIND_OPERATOR, id: operation.name, summary: operation.summary) {
      OperatorTable.make(operation, kernels: SampleBackend(operation))
    }
  }

  /// A composite that expands into operators and other modules.
  public static func module(_ module: some Module) -> PluginComponent {
    PluginComponent(DMT_KIND_MODULE, id: module.name, summary: module.summary) { ModuleTable.make(module) }
  }

  /// Lookup and update of tables.
  public static func embedding(_ backend: some EmbeddingBackend, summary: String) -> PluginComponent {
    PluginComponent(DMT_KIND_EMBEDDING, id: backend.name, summary: summary) { EmbeddingTable.make(backend) }
  }

  /// Optimizers on dense parameters.
  public static func update(_ backend: some UpdateBackend, summary: String) -> PluginComponent {
    PluginComponent(DMT_KIND_UPDATE, id: backend.name, summary: summary) { UpdateTable.make(backend) }
  }

  /// Deals features into towers.
  public static func partitioner(_ partitioner: some TowerPartitioner, summary: String) -> PluginComponent {
    PluginComponent(DMT_KIND_PARTITIONER, id: partitioner.name, summary: summary) {
      PartitionerTable.make(partitioner)
    }
  }

  /// Says where tables lie and how a batch travels.
  public static func sharding(_ strategy: some ShardingStrategy) -> PluginComponent {
    PluginComponent(DMT_KIND_SHARDING, id: strategy.name, summary: strategy.summary) {
      ShardingStrategyTable.make(strategy)
    }
  }

  /// Moves data between ranks.
  public static func interconnect(_ interconnect: some Interconnect, summary: String) -> PluginComponent {
    PluginComponent(DMT_KIND_INTERCONNECT, id: interconnect.name, summary: summary) {
      InterconnectTable.make(interconnect)
    }
  }

  /// A format of data files, read row by row.
  public static func reader(_ reader: some RowReader) -> PluginComponent {
    PluginComponent(DMT_KIND_READER, id: reader.name, summary: reader.summary) {
      ReaderTable.make(RowFileReader(reader), seeks: false)
    }
  }

  /// A format of data files that gives whole batches.
  ///
  /// - Parameter seeks: its files can go to a row.
  public static func reader(_ reader: some DataReader, seeks: Bool) -> PluginComponent {
    PluginComponent(DMT_KIND_READER, id: reader.name, summary: reader.summary) {
      ReaderTable.make(reader, seeks: seeks)
    }
  }

  /// An update rule, written for one weight.
  public static func optimizer(_ optimizer: some ElementwiseOptimizer) -> PluginComponent {
    PluginComponent(DMT_KIND_OPTIMIZER, id: optimizer.name, summary: optimizer.summary) {
      OptimizerTable.make(ElementwiseRule(optimizer))
    }
  }

  /// An update rule that works on the contract's own pointers.
  public static func optimizer(_ optimizer: some Optimizer) -> PluginComponent {
    PluginComponent(DMT_KIND_OPTIMIZER, id: optimizer.name, summary: optimizer.summary) {
      OptimizerTable.make(optimizer)
    }
  }
}

/// A backend that does not suit every machine, or has a library with threads of its own.
public protocol MachineAwareBackend: Backend {
  /// Whether and how well the backend works on a machine with this CPU, and why.
  func probe(_ cpu: dmt_cpu) -> BackendProbe
  /// Tells the library behind the backend how many threads it may use; called while nothing runs.
  func setThreads(_ threads: Int) throws(DMTError)
}

extension MachineAwareBackend {
  public func setThreads(_ threads: Int) throws(DMTError) {}
}
