import CDMTPlugin
import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// Adagrad with a rule of its own: once an element, or once a row from two sums over the whole row.
struct OwnAdagrad: Optimizer {
  let name = "com.example.own"
  let summary = "Adagrad, once an element or once a row."
  let attributes: AttributeSchema = [AttributeField("decay", .double, "Weight decay.", default: .double(0))]
  let learningRate = 0.05
  let servesDense = true
  let servesTables = true
  let sumsRows: Bool
  let isRowwise: Bool

  init(isRowwise: Bool = false, sumsRows: Bool = false) {
    self.isRowwise = isRowwise
    self.sumsRows = sumsRows
  }

  func layout(_ attributes: Attributes) throws(DMTError) -> OptimizerLayout {
    OptimizerLayout(
      states: [.init(name: "sum", isRowwise: isRowwise, initialValue: 0.25)], rowSumCount: sumsRows ? 2 : 0)
  }

  func bind(_ request: OptimizerRequest) throws(DMTError) -> any OptimizerKernel {
    let decay = try request.attributes.double("decay", default: 0)
    return request.dtype == .float64
      ? OwnKernel<Double>(decay: decay, isRowwise: isRowwise) : OwnKernel<Float>(decay: decay, isRowwise: isRowwise)
  }
}

final class OwnKernel<Scalar: BinaryFloatingPoint>: OptimizerKernel {
  private let decay: Double
  private let isRowwise: Bool

  init(decay: Double, isRowwise: Bool) {
    self.decay = decay
    self.isRowwise = isRowwise
  }

  func updateElements(_ call: UnsafePointer<dmt_optimizer_elements>) throws(DMTError) {
    let weights = call.pointee.parameters.assumingMemoryBound(to: Scalar.self)
    let gradients = call.pointee.gradients.assumingMemoryBound(to: Scalar.self)
    guard let sums = call.pointee.states[0]?.assumingMemoryBound(to: Scalar.self) else { return }
    for index in 0..<Int(call.pointee.count) {
      let g = Double(gradients[index]) * call.pointee.gradient_scale + decay * Double(weights[index])
      let sum = Double(sums[index]) + g * g
      sums[index] = Scalar(sum)
      weights[index] -= Scalar(call.pointee.learning_rate * g / sum.squareRoot())
    }
  }

  private func slope(_ call: dmt_optimizer_rows, _ row: Int, _ column: Int) -> Double {
    let columns = Int(call.columns)
    let gradient = call.gradients.assumingMemoryBound(to: Scalar.self)[row * columns + column]
    let weight = call.parameters.assumingMemoryBound(to: Scalar.self)[Int(call.rows[row]) * columns + column]
    return Double(gradient) * call.gradient_scale + decay * Double(weight)
  }

  /// The squares, and the number of columns, which ranks add up too.
  func sumRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    for row in 0..<Int(call.pointee.row_count) {
      var sum = 0.0
      for column in 0..<Int(call.pointee.columns) {
        let g = slope(call.pointee, row, column)
        sum += g * g
      }
      call.pointee.sums[2 * row] = sum
      call.pointee.sums[2 * row + 1] = Double(call.pointee.columns)
    }
  }

  func updateRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    let columns = Int(call.pointee.columns)
    let weights = call.pointee.parameters.assumingMemoryBound(to: Scalar.self)
    guard let sums = call.pointee.states[0]?.assumingMemoryBound(to: Scalar.self) else { return }
    for row in 0..<Int(call.pointee.row_count) {
      let number = Int(call.pointee.rows[row])
      if isRowwise {
        guard call.pointee.sums[2 * row + 1] == Double(call.pointee.whole_columns) else {
          throw DMTError(.internalError, "the sums are not over \(call.pointee.whole_columns) columns")
        }
        sums[number] += Scalar(call.pointee.sums[2 * row] / call.pointee.sums[2 * row + 1])
      }
      for column in 0..<columns {
        let g = slope(call.pointee, row, column)
        let place = isRowwise ? number : number * columns + column
        if !isRowwise { sums[place] += Scalar(g * g) }
        weights[number * columns + column] -= Scalar(
          call.pointee.learning_rate * g / Double(sums[place]).squareRoot())
      }
    }
  }
}

/// An optimizer that brings its own rule, on ranks.
@Suite struct OwnRuleTests {
  private func verification(
    _ strategy: any ShardingStrategy, _ rule: OwnAdagrad, topology: String = "2x2", clipNorm: Double? = nil
  ) throws -> Verification {
    var random = SeededGenerator(seed: 6)
    // Eight columns or more can be cut.
    let model = try RandomModel(features: 5, towers: 2, dim: 12, random: &random)
    return try VerificationTests.verification(
      model, topology, strategy, optimizer: try OptimizerSpec(OwnAdagrad(), attributes: ["decay": .double(0.01)]),
      tableOptimizer: try OptimizerSpec(rule, attributes: ["decay": .double(0.02)]), clipNorm: clipNorm,
      random: &random)
  }

  @Test(arguments: ["2x2", "1x3"], [nil, 0.1] as [Double?])
  func `a rule of its own updates as in one process with every strategy`(
    _ topology: String, _ clipNorm: Double?
  ) throws {
    for strategy in VerificationTests.strategies {
      for rule in [OwnAdagrad(), OwnAdagrad(isRowwise: true, sumsRows: true)] {
        try VerificationTests.expectSame(
          try verification(strategy, rule, topology: topology, clipNorm: clipNorm), "row-wise \(rule.isRowwise)")
      }
    }
  }

  @Test func `a state once a row without sums is refused where columns are cut, and there alone`() throws {
    for strategy in VerificationTests.strategies {
      let verification = try verification(strategy, OwnAdagrad(isRowwise: true))
      let spec = try #require(verification.settings.tableOptimizer)
      let isCut = verification.flow.plan.placement.shards.contains {
        $0.columns.count < verification.flow.request.tables[$0.table].dim
      }
      guard isCut else {
        #expect(throws: Never.self) { try verification.flow.check(spec) }
        continue
      }
      let error = #expect(throws: DMTError.self) { try verification.flow.check(spec) }
      #expect(error?.code == .unsupported)
      #expect(error?.message.hasPrefix("optimizer com.example.own keeps 'sum' once a row") == true)
      #expect(error?.remedy?.contains("sharding.tables") == true)
    }
  }

  @Test func `sums of a rule are forecast as they are sent`() throws {
    let strategy = try #require(VerificationTests.strategies.first { $0.name == "column_wise" })
    let verification = try verification(strategy, OwnAdagrad(isRowwise: true, sumsRows: true))
    func split(_ optimizer: OptimizerSpec) -> Double {
      TableUpdateForecast(verification.flow, optimizer: optimizer, dtype: .float32) { _ in 4 }.split
        .reduce(0) { $0 + $1.insideHost + $1.acrossHosts }
    }
    let own = split(try #require(verification.settings.tableOptimizer))
    #expect(own > 0)
    #expect(own == 2 * split(OptimizerSpec(name: "rowwise_adagrad")))
    #expect(split(try OptimizerSpec(OwnAdagrad())) == 0)
  }
}
