import CDMTPlugin
import DMTPluginHost
import DMTPluginKit
import Testing

/// Descent with momentum, weight by weight.
struct TestMomentum: ElementwiseOptimizer {
  struct Settings: Sendable {
    var share: Double
    var rests: Bool
  }

  let name = "com.example.momentum"
  let summary = "Descent with momentum."
  let attributes: AttributeSchema = [
    AttributeField("share", .double, "Of the last step.", default: .double(0.5), minimum: 0, maximum: 1),
    AttributeField("once_a_row", .bool, "Breaks the rules.", default: .bool(false)),
  ]
  let learningRate = 0.25

  func settings(_ attributes: Attributes) throws(DMTError) -> Settings {
    let share = try attributes.double("share", default: 0)
    if share == 1 { throw DMTError(.invalidArgument, "a share of 1 never ends", remedy: "lower it") }
    return Settings(share: share, rests: try attributes.bool("once_a_row", default: false))
  }

  func states(_ settings: Settings) -> [OptimizerSpec.State] {
    settings.share == 0 ? [] : [.init(name: "step", isRowwise: settings.rests, initialValue: 1)]
  }

  func updated(
    _ weight: Double, gradient: Double, state: inout WeightState, step: UpdateStep, settings: Settings
  ) -> Double {
    guard settings.share > 0 else { return weight - step.learningRate * gradient }
    state[0] = settings.share * state[0] + gradient
    return weight - step.learningRate * state[0] * Double(step.number)
  }
}

@Suite("A plugin's update rule, through the C tables and back")
struct OptimizerRoundTripTests {
  private func rule() throws -> PluginOptimizer { try #require(try RoundTrip().plugin.optimizers.first) }

  @Test("names, schema and states are those of the author")
  func schema() throws {
    let rule = try rule()
    #expect(rule.name == "com.example.momentum" && rule.summary == "Descent with momentum.")
    #expect(rule.attributes == TestMomentum().attributes && rule.learningRate == 0.25)
    #expect(rule.servesDense && rule.servesTables && !rule.sumsRows)
    let spec = try OptimizerSpec(rule)
    #expect(try spec.states() == [.init(name: "step", initialValue: 1)])
    #expect(spec.learningRate == 0.25 && spec.attributes["share"] == .double(0.5))
    #expect(try OptimizerSpec(rule, attributes: ["share": .int(0)]).states() == [])
    #expect(spec.isSparseOnly && spec.rowSumCount == 0 && spec.columnSplitComplaint == nil)
  }

  @Test("attributes that do not fit are the author's error, with plugin, component and phase")
  func badAttributes() throws {
    let rule = try rule()
    let error = #expect(throws: DMTError.self) { try OptimizerSpec(rule, attributes: ["share": .int(1)]) }
    #expect(error?.message == "a share of 1 never ends (lower it)")
    #expect(
      error?.place
        == DMTError.Place(plugin: "com.example.test", component: "com.example.momentum", phase: "describe"))
    let unknown = #expect(throws: DMTError.self) { try OptimizerSpec(rule, attributes: ["shares": .int(1)]) }
    #expect(unknown?.remedy?.contains("'share'") == true)
    let rowwise = #expect(throws: DMTError.self) {
      try OptimizerSpec(rule, attributes: ["once_a_row": .bool(true)])
    }
    #expect(rowwise?.message.contains("keeps all of them for every weight") == true)
    let dtype = #expect(throws: DMTError.self) { try rule.bind(OptimizerRequest(dtype: .int64)) }
    #expect(dtype?.code == .unsupported)
  }

  @Test("elements of float32 and float64 are updated with their states", arguments: [DType.float32, .float64])
  func elements(_ dtype: DType) throws {
    func check<Scalar: BinaryFloatingPoint>(_: Scalar.Type) throws {
      let spec = try OptimizerSpec(try rule())
      let kernel = try rule().bind(OptimizerRequest(dtype: dtype, attributes: spec.attributes))
      var weights: [Scalar] = [1, 2, 3]
      var steps: [Scalar] = [1, 1, 1]
      let gradients: [Scalar] = [1, 0, -2]
      try weights.withUnsafeMutableBytes { weights in
        try steps.withUnsafeMutableBytes { steps in
          try gradients.withUnsafeBytes { gradients in
            let states: [UnsafeMutableRawPointer?] = [steps.baseAddress]
            try states.withUnsafeBufferPointer { states in
              var call = dmt_optimizer_elements()
              call.struct_size = UInt32(MemoryLayout<dmt_optimizer_elements>.stride)
              call.count = 3
              call.parameters = weights.baseAddress
              call.gradients = gradients.baseAddress
              call.states = states.baseAddress
              call.learning_rate = 0.5
              call.gradient_scale = 0.5
              call.step = 2
              try kernel.updateElements(&call)
              call.states = nil
              #expect(throws: DMTError.self) { try kernel.updateElements(&call) }
              call.count = 0
              #expect(throws: DMTError.self) { try kernel.updateElements(&call) }
            }
          }
        }
      }
      // step = 0.5 step + 0.5 g; w -= 0.5 * 2 step
      #expect(steps == [1, 0.5, -0.5])
      #expect(weights == [0, 1.5, 3.5])
    }
    if dtype == .float64 { try check(Double.self) } else { try check(Float.self) }
  }

  @Test("touched rows are updated, others stay")
  func rows() throws {
    let spec = try OptimizerSpec(try rule())
    let kernel = try rule().bind(OptimizerRequest(attributes: spec.attributes))
    var weights: [Float] = [0, 0, 1, 1, 2, 2, 3, 3]
    var steps = [Float](repeating: 1, count: 8)
    let gradients: [Float] = [1, 2, 3, 4]
    let rows: [Int64] = [1, 3]
    try weights.withUnsafeMutableBytes { weights in
      try steps.withUnsafeMutableBytes { steps in
        try gradients.withUnsafeBytes { gradients in
          let states: [UnsafeMutableRawPointer?] = [steps.baseAddress]
          try states.withUnsafeBufferPointer { states in
            try rows.withUnsafeBufferPointer { rows in
              var call = dmt_optimizer_rows()
              call.struct_size = UInt32(MemoryLayout<dmt_optimizer_rows>.stride)
              call.row_count = 2
              call.rows = rows.baseAddress
              call.columns = 2
              call.whole_columns = 2
              call.parameters = weights.baseAddress
              call.gradients = gradients.baseAddress
              call.states = states.baseAddress
              call.learning_rate = 1
              call.gradient_scale = 1
              call.step = 1
              try kernel.updateRows(&call)
              #expect(throws: DMTError.self) { try kernel.sumRows(&call) }
              call.whole_columns = 1
              #expect(throws: DMTError.self) { try kernel.updateRows(&call) }
            }
          }
        }
      }
    }
    #expect(steps == [1, 1, 1.5, 2.5, 1, 1, 3.5, 4.5])
    #expect(weights == [0, 0, -0.5, -1.5, 2, 2, -0.5, -1.5])
  }

  /// How Tests/Fixtures/Plugins/optimizers.c misbehaves, and what is said about it.
  static let defects: [(number: Int, says: String)] = [
    (1, "its learning rate is nan, expected a finite number of at least 0"), (2, "its table lacks describe"),
    (3, "neither update_elements nor update_rows"), (4, "it has 9 states, expected 0 to 8"),
    (5, "it has two states 'sum'"), (6, "a state is named 'a/b'"), (7, "state 'sum' begins at inf"),
    (8, "it asks for 1 sums a row and has no sum_rows"),
    (9, "an optimizer is named 'adagrad', expected a name with a dot"),
    (10, "it has an attribute 'lr'"), (11, "state 0 has layout 7"), (12, "it has -1 states"),
  ]

  @Test("a rule that breaks the contract is refused with the reason", arguments: defects)
  func defect(_ defect: (number: Int, says: String)) throws {
    let fixtures = try PluginFixtures()
    let library = try fixtures.build("optimizers", as: "defect", ["DEFECT=\(defect.number)"])
    let result = try PluginFixtures.scanner().scan(library: library)
    #expect(result.status == .refused)
    #expect(result.reason?.contains(defect.says) == true, "\(result.reason ?? "")")
  }

  @Test("a scan reports the rules of a C plugin with their schemas")
  func scan() throws {
    let fixtures = try PluginFixtures()
    let result = try PluginFixtures.scanner().scan(library: try fixtures.build("optimizers"))
    #expect(result.status == .accepted, "\(result.reason ?? "")")
    let components = try #require(result.report?.components)
    #expect(
      components.map(\.id) == [
        "com.example.adagrad", "com.example.row-adagrad", "com.example.lion", "com.example.row-count",
      ])
    #expect(components.allSatisfy { $0.kind == "optimizer" })
    #expect(components[2].fields.map(\.name) == ["beta1", "beta2", "weight_decay"])
  }
}
