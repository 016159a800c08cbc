internal import CDMTPlugin
internal import DMTCases
internal import DMTCore

/// A plan of some tables with its data: lookup, distinct rows, row gradients, and two updates where there is an optimizer.
final class BoundEmbedding: BoundWorkload {
  private let workload: EmbeddingWorkload
  private let kernel: any EmbeddingKernel
  private let request: EmbeddingRequest

  init(_ workload: EmbeddingWorkload, _ kernel: any EmbeddingKernel, _ request: EmbeddingRequest) {
    self.workload = workload
    self.kernel = kernel
    self.request = request
  }

  private func values(_ count: Int, _ name: String) -> [Double] {
    CaseTensor.float32Numbers([count], name: name, seed: workload.seed)
  }

  func run(_ policy: MemoryPolicy, _ variation: RunVariation) throws(DMTError) -> [NamedNumbers] {
    let memory = TestMemory(policy)
    let run = EmbeddingRun(workload, kernel, request, memory)
    var tables: [TestBlock] = []
    for (index, table) in request.tables.enumerated() {
      var contents = values(table.rows * table.dim, "table \(index)")
      if let special = variation.special, special.input == index {
        for element in 0..<table.rows { contents[element * table.dim] = special.value }
      }
      tables.append(memory.input("table \(index)", contents, request.dtype))
    }
    var result = try run.forward(tables)
    try run.dedup(tables)
    result += run.distinctRows
    result += try run.rowGradients(tables)
    if let optimizer = request.optimizer {
      result += try run.update(tables.map { $0.values(request.dtype) }, optimizer)
    }
    try memory.check()
    return result
  }
}

/// One pass of a plan over one batch.
private final class EmbeddingRun {
  private let workload: EmbeddingWorkload
  private let kernel: any EmbeddingKernel
  private let request: EmbeddingRequest
  private let memory: TestMemory
  private let features: UnsafeMutablePointer<dmt_jagged>
  private let dedups: [DedupMemory]
  private let valueCount: Int
  private let strides: [Int64]

  init(
    _ workload: EmbeddingWorkload, _ kernel: any EmbeddingKernel, _ request: EmbeddingRequest, _ memory: TestMemory
  ) {
    self.workload = workload
    self.kernel = kernel
    self.request = request
    self.memory = memory
    strides = EmbeddingWorkload.strides.map(Int64.init)
    features = .allocate(capacity: request.features.count)
    var occurrences = [Int](repeating: 0, count: request.tables.count)
    for (index, feature) in request.features.enumerated() {
      let bags = workload.bags(index)
      let rows = memory.input("the row numbers of feature \(index)", elements: bags.values)
      let offsets = bags.offsets.map { memory.input("the offsets of feature \(index)", elements: $0) }
      let factors = bags.factors.map { memory.input("the factors of feature \(index)", elements: $0) }
      occurrences[feature.table] += bags.values.count
      (features + index).initialize(
        to: dmt_jagged(
          values: rows.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) },
          offsets: offsets.flatMap { $0.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) } },
          weights: factors.flatMap { $0.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Float.self)) } },
          value_count: Int64(bags.values.count)))
    }
    valueCount = occurrences.reduce(0, +)
    dedups = occurrences.enumerated().map { DedupMemory(table: $0, capacity: $1, memory) }
  }

  deinit { features.deallocate() }

  /// Elements of an output that belong to a feature, sample after sample.
  private func inner(_ output: TestBlock, _ feature: EmbeddingFeature) -> [Double] {
    let all = output.values(request.dtype)
    let dim = request.tables[feature.table].dim
    let stride = EmbeddingWorkload.strides[feature.output]
    return (0..<workload.batch).flatMap { sample in
      all[(sample * stride + feature.column)..<(sample * stride + feature.column + dim)]
    }
  }

  /// Everything of an output that belongs to no feature.
  private func outer(_ output: TestBlock, _ number: Int) -> [Double] {
    var owned: Set<Int> = []
    for feature in request.features where feature.output == number {
      owned.formUnion(feature.column..<(feature.column + request.tables[feature.table].dim))
    }
    let stride = EmbeddingWorkload.strides[number]
    return output.values(request.dtype).enumerated().filter { !owned.contains($0.offset % stride) }.map(\.element)
  }

  func forward(_ tables: [TestBlock]) throws(DMTError) -> [NamedNumbers] {
    let outputs = EmbeddingWorkload.strides.enumerated().map {
      memory.output("output \($0)", byteCount: workload.batch * $1 * request.dtype.byteCount)
    }
    let before = outputs.enumerated().map { outer($1, $0) }
    try perform(tables: tables, outputs: outputs) { call throws(DMTError) in try kernel.forward(call) }
    for (number, output) in outputs.enumerated() {
      let after = outer(output, number)
      guard zip(before[number], after).allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
        throw DMTError(.pluginFailed, "forward wrote columns of \(output.name) that belong to no feature")
      }
    }
    return request.features.enumerated().map { index, feature in
      NamedNumbers(name: "the embedding of feature \(index)", values: inner(outputs[feature.output], feature))
    }
  }

  func dedup(_ tables: [TestBlock]) throws(DMTError) {
    try perform(tables: tables, outputs: []) { call throws(DMTError) in try kernel.dedup(call) }
    for dedup in dedups { try dedup.check() }
  }

  var distinctRows: [NamedNumbers] { dedups.flatMap(\.numbers) }

  /// The gradients of the outputs, with numbers that nobody may read between the features' columns.
  private func slopes() -> [TestBlock] {
    EmbeddingWorkload.strides.enumerated().map { number, stride in
      var contents = values(workload.batch * stride, "slope \(number)")
      var owned: Set<Int> = []
      for feature in request.features where feature.output == number {
        owned.formUnion(feature.column..<(feature.column + request.tables[feature.table].dim))
      }
      for index in contents.indices where !owned.contains(index % stride) { contents[index] = .nan }
      return memory.input("the gradient of output \(number)", contents, request.dtype)
    }
  }

  private func values(_ count: Int, _ name: String) -> [Double] {
    CaseTensor.float32Numbers([count], name: name, seed: workload.seed)
  }

  func rowGradients(_ tables: [TestBlock]) throws(DMTError) -> [NamedNumbers] {
    let targets = zip(request.tables, dedups).enumerated().map { index, pair in
      memory.output(
        "the row gradients of table \(index)", byteCount: pair.1.count * pair.0.dim * request.dtype.byteCount)
    }
    try perform(tables: tables, outputs: slopes(), rowGradients: targets) { call throws(DMTError) in
      try kernel.rowGradients(call)
    }
    return targets.map { NamedNumbers(name: $0.name, values: $0.values(request.dtype)) }
  }

  func update(_ contents: [[Double]], _ optimizer: OptimizerSpec) throws(DMTError) -> [NamedNumbers] {
    let tables = contents.enumerated().map { index, values in
      memory.output(
        "updated table \(index)", byteCount: values.count * request.dtype.byteCount, start: values, request.dtype)
    }
    let kinds = try optimizer.states()
    let states = request.tables.enumerated().flatMap { index, table in
      kinds.map { kind in
        let count = kind.isRowwise ? table.rows : table.rows * table.dim
        return memory.output(
          "state \(kind.name) of table \(index)", byteCount: count * request.dtype.byteCount,
          start: [Double](repeating: 0, count: count), request.dtype)
      }
    }
    for step in 1...2 {
      try perform(tables: tables, outputs: slopes(), states: states, step: step) { call throws(DMTError) in
        try kernel.update(call)
      }
    }
    return (tables + states).map { NamedNumbers(name: $0.name, values: $0.values(request.dtype)) }
  }

  private func perform(
    tables: [TestBlock], outputs: [TestBlock], states: [TestBlock] = [], rowGradients: [TestBlock] = [], step: Int = 1,
    _ body: (UnsafePointer<dmt_embedding_call>) throws(DMTError) -> Void
  ) throws(DMTError) {
    let bytes = kernel.scratchBytes(batch: workload.batch, values: valueCount)
    guard bytes >= 0 else { throw DMTError(.pluginFailed, "it asks for \(bytes) bytes of scratch") }
    let scratch = memory.working("the scratch memory", byteCount: bytes)
    let lists = [
      PointerList(tables.map(\.pointer)), PointerList(outputs.map(\.pointer)), PointerList(states.map(\.pointer)),
      PointerList(rowGradients.map(\.pointer)),
    ]
    let dedupList: [UnsafeMutablePointer<dmt_dedup>?] = dedups.map(\.table)
    var call = dmt_embedding_call()
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.batch = Int64(workload.batch)
    call.features = UnsafePointer(features)
    call.tables = lists[0].mutable
    call.outputs = lists[1].mutable
    call.states = lists[2].mutable
    call.row_gradients = lists[3].mutable
    call.learning_rate = 0.05
    call.gradient_scale = 0.5
    call.step = Int64(step)
    call.scratch = scratch.pointer
    try strides.withUnsafeBufferPointer { strides throws(DMTError) in
      try dedupList.withUnsafeBufferPointer { dedupList throws(DMTError) in
        call.output_strides = strides.baseAddress
        call.dedups = dedupList.baseAddress
        try withExtendedLifetime(lists) { () throws(DMTError) in try body(&call) }
      }
    }
  }
}
