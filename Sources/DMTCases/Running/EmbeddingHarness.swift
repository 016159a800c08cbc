import CDMTPlugin
public import DMTCore

/// One table with one feature on an embedding backend, with guarded memory as in ``KernelHarness``.
///
/// The feature lies in columns 2 ..< 2 + dim of an output that is 3 columns wider; the columns around it stay NaN.
public final class EmbeddingHarness {
  private let kernel: any EmbeddingKernel
  private let table: TableShape
  private let dtype: DType
  private let weights: GuardedBuffer
  private let states: [GuardedBuffer]

  private static let column = 2
  private static let margin = 3

  /// Binds a table with the given weights; optimizer states start at zero.
  public init(
    weights values: CaseTensor, pooling: Pooling = .sum, optimizer: OptimizerSpec? = nil, dtype: DType = .float32,
    threads: Int = 1, on backend: any EmbeddingBackend
  ) throws(DMTError) {
    guard values.shape.rank == 2 else {
      throw DMTError(.shapeMismatch, "the table is \(values.shape), expected [rows, dim]")
    }
    table = TableShape(rows: values.shape[0], dim: values.shape[1])
    self.dtype = dtype
    kernel = try backend.bind(
      Self.request(table, pooling: pooling, optimizer: optimizer, dtype: dtype, threads: threads))
    weights = GuardedBuffer(values.values, dtype)
    states = try (optimizer?.states() ?? []).map { [table] state in
      let count = state.isRowwise ? table.rows : table.rows * table.dim
      return GuardedBuffer([Double](repeating: 0, count: count), dtype)
    }
  }

  /// The request of such a table.
  public static func request(
    _ table: TableShape, pooling: Pooling = .sum, optimizer: OptimizerSpec? = nil, dtype: DType = .float32,
    threads: Int = 1
  ) -> EmbeddingRequest {
    EmbeddingRequest(
      dtype: dtype, tables: [table],
      features: [EmbeddingFeature(table: 0, pooling: pooling, output: 0, column: column)], outputCount: 1,
      optimizer: optimizer, threads: threads)
  }

  /// The table's elements.
  public var values: [Double] { weights.values(dtype) }

  /// The pooled bags, [bags, dim].
  public func forward(_ bags: CaseBags) throws(DMTError) -> [Double] {
    let before = weights.bytes
    let output = GuardedBuffer(byteCount: bags.count * (table.dim + Self.margin) * dtype.byteCount)
    try perform(bags, output: output) { kernel, call throws(DMTError) in try kernel.forward(call) }
    guard weights.bytes == before else { throw DMTError(.pluginFailed, "forward changed the table") }
    return try inner(output.values(dtype), count: bags.count)
  }

  /// The gradient of the whole table, [rows, dim], from that of the pooled bags.
  public func denseGradient(_ bags: CaseBags, outputGradient: [Double]) throws(DMTError) -> [Double] {
    var dense = [Double](repeating: 0, count: table.rows * table.dim)
    let gradients = GuardedBuffer(byteCount: bags.values.count * table.dim * dtype.byteCount)
    try backward(bags, outputGradient: outputGradient, rowGradients: gradients) { kernel, call throws(DMTError) in
      try kernel.rowGradients(call)
    } afterwards: { rows in
      let values = gradients.values(dtype)
      for (place, row) in rows.enumerated() {
        for column in 0..<table.dim { dense[row * table.dim + column] = values[place * table.dim + column] }
      }
    }
    try gradients.checkGuard("the row gradients")
    return dense
  }

  /// One update from the gradient of the pooled bags.
  public func update(
    _ bags: CaseBags, outputGradient: [Double], learningRate: Double, step: Int64
  ) throws(DMTError) {
    try backward(bags, outputGradient: outputGradient, learningRate: learningRate, step: step) {
      kernel, call throws(DMTError) in try kernel.update(call)
    }
    try weights.checkGuard("the table")
    for state in states { try state.checkGuard("an optimizer state") }
  }

  /// Runs dedup and checks it, then `body`; `afterwards` gets the distinct rows.
  private func backward(
    _ bags: CaseBags, outputGradient: [Double], learningRate: Double = 0, step: Int64 = 1,
    rowGradients: GuardedBuffer? = nil,
    _ body: (any EmbeddingKernel, UnsafePointer<dmt_embedding_call>) throws(DMTError) -> Void,
    afterwards: ([Int]) -> Void = { _ in }
  ) throws(DMTError) {
    let stride = table.dim + Self.margin
    guard outputGradient.count == bags.count * table.dim else {
      throw DMTError(
        .shapeMismatch, "\(outputGradient.count) gradient elements for \(bags.count) bags of \(table.dim)")
    }
    let output = GuardedBuffer(byteCount: bags.count * stride * dtype.byteCount)
    var wide = [Double](repeating: .nan, count: bags.count * stride)
    for (index, value) in outputGradient.enumerated() {
      wide[index / table.dim * stride + Self.column + index % table.dim] = value
    }
    output.write(wide, dtype)
    let dedup = DedupBuffers(capacity: bags.values.count)
    try perform(bags, output: output, dedup: dedup) { kernel, call throws(DMTError) in try kernel.dedup(call) }
    try dedup.check(bags)
    try perform(
      bags, output: output, dedup: dedup, learningRate: learningRate, step: step, rowGradients: rowGradients, body)
    try output.checkGuard("the output's gradient")
    afterwards(dedup.distinctRows)
  }

  private func perform(
    _ bags: CaseBags, output: GuardedBuffer, dedup: DedupBuffers? = nil, learningRate: Double = 0, step: Int64 = 1,
    rowGradients: GuardedBuffer? = nil,
    _ body: (any EmbeddingKernel, UnsafePointer<dmt_embedding_call>) throws(DMTError) -> Void
  ) throws(DMTError) {
    if let row = bags.values.first(where: { $0 < 0 || $0 >= Int64(table.rows) }) {
      throw CaseError.invalid("it names row \(row) of a table with \(table.rows) rows")
    }
    let scratchBytes = kernel.scratchBytes(batch: bags.count, values: bags.values.count)
    guard scratchBytes >= 0 else { throw DMTError(.pluginFailed, "the kernel wants \(scratchBytes) scratch bytes") }
    let scratch = GuardedBuffer(byteCount: scratchBytes)
    let lists = [PointerList([weights]), PointerList([output]), PointerList(states), PointerList([rowGradients])]
    let (values, offsets) = (GuardedBuffer(elements: bags.values), GuardedBuffer(elements: bags.offsets))
    let factors = bags.weights.map { GuardedBuffer(elements: $0) }
    let strides = [Int64(table.dim + Self.margin)]
    let isSingle =
      bags.offsets.count == bags.values.count + 1 && bags.offsets == (0...Int64(bags.values.count)).map { $0 }
    var jagged = dmt_jagged()
    jagged.values = UnsafePointer(values.pointer.assumingMemoryBound(to: Int64.self))
    jagged.offsets = isSingle ? nil : UnsafePointer(offsets.pointer.assumingMemoryBound(to: Int64.self))
    jagged.weights = factors.map { UnsafePointer($0.pointer.assumingMemoryBound(to: Float.self)) }
    jagged.value_count = Int64(bags.values.count)
    let dedups: [UnsafeMutablePointer<dmt_dedup>?] = [dedup?.pointer]

    var call = dmt_embedding_call()
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.batch = Int64(bags.count)
    call.tables = lists[0].mutable
    call.outputs = lists[1].mutable
    call.states = lists[2].mutable
    call.row_gradients = lists[3].mutable
    call.learning_rate = learningRate
    call.gradient_scale = 1
    call.step = step
    call.scratch = scratchBytes == 0 ? nil : scratch.pointer
    try withUnsafePointer(to: jagged) { features throws(DMTError) in
      try strides.withUnsafeBufferPointer { strides throws(DMTError) in
        try dedups.withUnsafeBufferPointer { dedups throws(DMTError) in
          call.features = features
          call.output_strides = strides.baseAddress
          call.dedups = dedups.baseAddress
          try withExtendedLifetime((lists, values, offsets, factors, dedup)) { () throws(DMTError) in
            try body(kernel, &call)
          }
        }
      }
    }
    try scratch.checkGuard("the scratch memory")
    try output.checkGuard("the output")
  }

  /// The feature's columns of an output; the others must still be NaN.
  private func inner(_ wide: [Double], count: Int) throws(DMTError) -> [Double] {
    let stride = table.dim + Self.margin
    let columns = Self.column..<Self.column + table.dim
    var values: [Double] = []
    for (index, value) in wide.enumerated() {
      if columns.contains(index % stride) {
        values.append(value)
      } else if !value.isNaN {
        throw DMTError(.pluginFailed, "forward wrote column \(index % stride), outside the feature's \(columns)")
      }
    }
    return values
  }
}
