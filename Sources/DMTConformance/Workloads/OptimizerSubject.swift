internal import CDMTPlugin
internal import DMTCases
internal import DMTCore
internal import DMTPluginHost
internal import Dispatch
internal import Synchronization

/// A rule of a plugin with its attributes and a type of numbers, run on dense parameters and on a table.
struct OptimizerSubject {
  let rule: PluginOptimizer
  let request: OptimizerRequest
  let layout: OptimizerLayout
  let seed: UInt64

  /// What is different about a run.
  struct Variation {
    /// Where the elements, or the list of rows, are cut into several calls.
    var cuts: [Int] = []
    /// The calls are made on several threads at once.
    var isConcurrent = false
    /// Columns of the parts of the table that ranks have; empty: one part with all.
    var columnParts: [Int] = []
    var gradientScale = 1.0
    /// Gradients are multiplied by this before the rule sees them.
    var factor = 1.0
    /// These in turn are the gradients, whatever they were.
    var gradients: [Double] = []
  }

  static let rows = 23
  static let columns = 6
  /// Rows that are named at each step: first and last among them, neighbours, and gaps.
  static let named: [[Int64]] = [[0, 1, 4, 9, 10, 15, 22], [4], [1, 4, 9, 15, 16]]
  static let elements = [1, 13, 300]

  /// The rule with each type of numbers that it computes.
  ///
  /// - Parameter attributes: nil: what must be given, and defaults.
  static func all(
    _ context: TestContext, _ plugin: SubjectPlugin, attributes: Attributes? = nil
  ) throws -> [OptimizerSubject] {
    let component = try context.tested()
    guard let rule = plugin.loaded.optimizers.first(where: { $0.name == component.id }) else {
      throw context.skip("this host does not know revision \(component.revision) of optimizers")
    }
    let given = attributes ?? SchemaValues.required(rule.attributes)
    let valid = try rule.attributes.validated(given, owner: rule.name)
    let layout = try rule.layout(valid)
    var found: [OptimizerSubject] = []
    for dtype in [DType.float32, .float64] {
      let request = OptimizerRequest(dtype: dtype, attributes: valid)
      context.phase("binding \(dtype)")
      do {
        _ = try rule.bind(request)
      } catch {
        if error.code == .unsupported { continue }
        throw error
      }
      found.append(OptimizerSubject(rule: rule, request: request, layout: layout, seed: context.seed))
    }
    return found
  }

  /// Whether one table's columns may lie on several ranks.
  var servesColumnParts: Bool {
    rule.servesTables && (rule.sumsRows || !layout.states.contains(where: \.isRowwise))
  }

  /// Whether it updates dense parameters.
  var servesElements: Bool { rule.servesDense && !layout.states.contains(where: \.isRowwise) }

  private var dtype: DType { request.dtype }

  private func values(_ count: Int, _ name: String) -> [Double] {
    CaseTensor.float32Numbers([count], name: name, seed: seed)
  }

  private func gradients(_ count: Int, _ name: String, _ variation: Variation) -> [Double] {
    if !variation.gradients.isEmpty {
      return (0..<count).map { variation.gradients[$0 % variation.gradients.count] }
    }
    return values(count, name).map { $0 * variation.factor }
  }

  // MARK: Dense parameters

  /// Parameters and states after three steps.
  func updateElements(
    _ kernel: any OptimizerKernel, count: Int, _ policy: MemoryPolicy = MemoryPolicy(),
    _ variation: Variation = Variation()
  ) throws(DMTError) -> [NamedNumbers] {
    let memory = TestMemory(policy)
    let (dtype, bytes) = (dtype, dtype.byteCount)
    let parameters = memory.output(
      "the parameters", byteCount: count * bytes, start: values(count, "parameters"), dtype)
    let states = layout.states.map { state in
      memory.output(
        "state \(state.name)", byteCount: count * bytes,
        start: [Double](repeating: state.initialValue, count: count), dtype)
    }
    for step in 1...3 {
      let gradients = memory.input("the gradients", gradients(count, "gradients \(step)", variation), dtype)
      try Self.forEachPart(of: count, variation) { begin, end throws(DMTError) in
        let list = PointerList(states.map { $0.pointer.map { $0 + begin * bytes } })
        var call = dmt_optimizer_elements()
        call.struct_size = UInt32(MemoryLayout<dmt_optimizer_elements>.size)
        call.count = Int64(end - begin)
        call.parameters = parameters.pointer.map { $0 + begin * bytes }
        call.gradients = gradients.pointer.map { UnsafeRawPointer($0 + begin * bytes) }
        call.states = list.mutable
        call.learning_rate = 0.05
        call.gradient_scale = variation.gradientScale
        call.step = Int64(step)
        try withExtendedLifetime(list) { () throws(DMTError) in try kernel.updateElements(&call) }
      }
    }
    try memory.check()
    return ([parameters] + states).map { NamedNumbers(name: $0.name, values: $0.values(dtype)) }
  }

  /// Calls `body` with the ends of each part.
  private static func forEachPart(
    of count: Int, _ variation: Variation, _ body: (Int, Int) throws(DMTError) -> Void
  ) throws(DMTError) {
    let ends = variation.cuts.filter { $0 > 0 && $0 < count } + [count]
    let parts = zip([0] + ends, ends).map { ($0, $1) }
    guard variation.isConcurrent else {
      for (begin, end) in parts { try body(begin, end) }
      return
    }
    let failure = Mutex<DMTError?>(nil)
    withoutActuallyEscaping(body) { body in
      // Parts do not overlap, and the plan may be called by several threads at once.
      nonisolated(unsafe) let call = body
      DispatchQueue.concurrentPerform(iterations: parts.count) { index in
        do throws(DMTError) { try call(parts[index].0, parts[index].1) } catch { failure.withLock { $0 = error } }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  // MARK: Tables

  /// One rank's columns of the table.
  private struct Part {
    var first: Int
    var columns: Int
    var parameters: TestBlock
    var states: [TestBlock]
    var sums: TestBlock
  }

  /// The table and its states after three steps, and the sums of each.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` also when sum_rows changes the table or a state, and when ranks do not agree on a
  ///   state per row.
  func updateRows(
    _ kernel: any OptimizerKernel, _ policy: MemoryPolicy = MemoryPolicy(), _ variation: Variation = Variation()
  ) throws(DMTError) -> [NamedNumbers] {
    let memory = TestMemory(policy)
    let widths = variation.columnParts.isEmpty ? [Self.columns] : variation.columnParts
    let table = values(Self.rows * Self.columns, "table")
    let most = Self.named.map(\.count).max() ?? 0
    var parts: [Part] = []
    for (index, width) in widths.enumerated() {
      let first = widths[..<index].reduce(0, +)
      let states = layout.states.map { state in
        let count = state.isRowwise ? Self.rows : Self.rows * width
        return memory.output(
          "state \(state.name)", byteCount: count * dtype.byteCount,
          start: [Double](repeating: state.initialValue, count: count), dtype)
      }
      parts.append(
        Part(
          first: first, columns: width,
          parameters: memory.output(
            "the table", byteCount: Self.rows * width * dtype.byteCount,
            start: Self.cut(table, from: first, width), dtype), states: states,
          sums: memory.output("the sums", byteCount: most * layout.rowSumCount * 8)))
    }
    var sums: [NamedNumbers] = []
    for (index, named) in Self.named.enumerated() {
      let step = index + 1
      let rows = memory.input("the rows", elements: named)
      let whole = gradients(named.count * Self.columns, "row gradients \(step)", variation)
      let given = parts.map { memory.input("the gradients", Self.cut(whole, from: $0.first, $0.columns), dtype) }
      if layout.rowSumCount > 0 {
        let added = try addSums(kernel, parts, given, rows, named.count, step, variation)
        sums.append(NamedNumbers(name: "the sums of step \(step)", values: added))
      }
      for (part, gradients) in zip(parts, given) {
        try call(part, gradients, rows, named.count, step, variation) { call throws(DMTError) in
          try kernel.updateRows(&call)
        }
      }
    }
    try memory.check()
    return [NamedNumbers(name: "the table", values: join(parts) { $0.parameters })] + (try joinStates(parts)) + sums
  }

  /// The table and its states before the first step.
  func untouchedRows() -> [NamedNumbers] {
    let count = Self.rows * Self.columns
    // Rounded to the numbers that the rule sees.
    let start = layout.states.map { state in
      NamedNumbers(
        name: "state \(state.name)",
        values: [Double](
          repeating: dtype == .float32 ? Double(Float(state.initialValue)) : state.initialValue,
          count: state.isRowwise ? Self.rows : count))
    }
    return [NamedNumbers(name: "the table", values: values(count, "table"))] + start
  }

  /// Sums of every rank's columns, added up, and given to all ranks.
  private func addSums(
    _ kernel: any OptimizerKernel, _ parts: [Part], _ gradients: [TestBlock], _ rows: TestBlock, _ count: Int,
    _ step: Int, _ variation: Variation
  ) throws(DMTError) -> [Double] {
    var added = [Double](repeating: 0, count: count * layout.rowSumCount)
    for (part, given) in zip(parts, gradients) {
      // They are overwritten, whatever was there.
      part.sums.write([Double](repeating: 7e30, count: part.sums.byteCount / 8), .float64)
      let before = ([part.parameters] + part.states).map { $0.elements(UInt8.self) }
      try call(part, given, rows, count, step, variation) { call throws(DMTError) in try kernel.sumRows(&call) }
      for (block, bytes) in zip([part.parameters] + part.states, before) where block.elements(UInt8.self) != bytes {
        throw DMTError(.pluginFailed, "sum_rows changes \(block.name)")
      }
      for (index, sum) in part.sums.values(.float64).prefix(added.count).enumerated() { added[index] += sum }
    }
    for part in parts { part.sums.write(added, .float64) }
    return added
  }

  private func call(
    _ part: Part, _ gradients: TestBlock, _ rows: TestBlock, _ count: Int, _ step: Int, _ variation: Variation,
    _ body: (inout dmt_optimizer_rows) throws(DMTError) -> Void
  ) throws(DMTError) {
    let (bytes, sumCount) = (dtype.byteCount, layout.rowSumCount)
    let list = PointerList(part.states.map(\.pointer))
    try Self.forEachPart(of: count, variation) { begin, end throws(DMTError) in
      var call = dmt_optimizer_rows()
      call.struct_size = UInt32(MemoryLayout<dmt_optimizer_rows>.size)
      call.row_count = Int64(end - begin)
      call.rows = rows.pointer.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) + begin }
      call.columns = Int64(part.columns)
      call.whole_columns = Int64(Self.columns)
      call.parameters = part.parameters.pointer
      call.gradients = gradients.pointer.map { UnsafeRawPointer($0 + begin * part.columns * bytes) }
      call.states = list.mutable
      call.sums = part.sums.pointer.map { $0.assumingMemoryBound(to: Double.self) + begin * sumCount }
      call.learning_rate = 0.05
      call.gradient_scale = variation.gradientScale
      call.step = Int64(step)
      try withExtendedLifetime(list) { () throws(DMTError) in try body(&call) }
    }
  }

  /// Some columns of rows that have all.
  private static func cut(_ values: [Double], from first: Int, _ width: Int) -> [Double] {
    stride(from: 0, to: values.count, by: columns).flatMap { values[($0 + first)..<($0 + first + width)] }
  }

  private func join(_ parts: [Part], _ block: (Part) -> TestBlock) -> [Double] {
    let pieces = parts.map { block($0).values(dtype) }
    return (0..<Self.rows).flatMap { row in
      zip(parts, pieces).flatMap { part, piece in piece[(row * part.columns)..<((row + 1) * part.columns)] }
    }
  }

  private func joinStates(_ parts: [Part]) throws(DMTError) -> [NamedNumbers] {
    var found: [NamedNumbers] = []
    for (index, state) in layout.states.enumerated() {
      let name = "state \(state.name)"
      guard state.isRowwise else {
        found.append(NamedNumbers(name: name, values: join(parts) { $0.states[index] }))
        continue
      }
      let copies = parts.map { NamedNumbers(name: name, values: $0.states[index].values(dtype)) }
      for copy in copies {
        if let difference = Comparison.difference([copy], [copies[0]]) {
          throw DMTError(.pluginFailed, "ranks do not agree on a state per row: \(difference)")
        }
      }
      found.append(copies[0])
    }
    return found
  }
}
