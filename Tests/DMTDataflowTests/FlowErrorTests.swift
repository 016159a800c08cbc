import DMTCore
import DMTDataflow
import Testing

/// Plans by hand, each with one mistake; the message names where it is.
@Suite struct FlowErrorTests {
  /// Two tables of four columns on 2x2 ranks: t0 on rank 0, t1's rows on all ranks.
  private let request: ShardingRequest
  private let placement: Placement

  init() throws {
    var request = try DMTDataflowTests.request("2x2", features: 2, towers: [([0], 2, 0), ([1], 2, 1)])
    request.features[1].pooling = .mean
    self.request = request
    placement = Placement(
      shards: [TableShard(table: 0, rank: 0, rows: 0..<100, columns: 0..<4)]
        + (0..<4).map { TableShard(table: 1, rank: $0, rows: ($0 * 25)..<($0 * 25 + 25), columns: 0..<4) })
  }

  private func refusal(
    _ steps: [DataflowStep], placement: Placement? = nil, request: ShardingRequest? = nil,
    at location: SourceLocation = #_sourceLocation
  ) -> String {
    var flow = Dataflow()
    for step in steps { _ = flow.add(step) }
    let plan = ShardingPlan(placement: placement ?? self.placement, dataflow: flow)
    let error = #expect(throws: DMTError.self, sourceLocation: location) {
      try CheckedFlow(request: request ?? self.request, plan: plan)
    }
    #expect(error?.code == .pluginFailed, sourceLocation: location)
    return error?.message ?? ""
  }

  private let exchange = DataflowStep.exchange(features: [0, 1], group: .world, order: .ranks)
  private let whole = DataflowStep.lookup(features: [0], exchange: 0)
  private let partial = DataflowStep.lookup(features: [1], exchange: 0)

  @Test func `a plan without steps is refused`() {
    #expect(refusal([]) == "dataflow: it has no steps, and the model wants 2 features")
  }

  @Test func `a step that reads a later one is refused`() {
    #expect(refusal([.lookup(features: [0], exchange: 0)]) == "dataflow: step 0 (lookup): it reads step 0")
    #expect(refusal([exchange, whole, .scale(input: 7)]) == "dataflow: step 2 (scale): it reads step 7")
  }

  @Test func `a result that nobody reads is refused`() {
    #expect(refusal([exchange, whole, partial]) == "dataflow: step 1 (lookup): nobody reads its result")
  }

  @Test func `a feature that is exchanged and not looked up is refused`() {
    #expect(refusal([exchange, whole]) == "dataflow: step 0 (exchange): nobody looks feature 'f1' up")
  }

  @Test func `numbers that are read twice are refused`() {
    #expect(
      refusal([exchange, whole, .transpose(input: 1), .join(inputs: [1, 2])])
        == "dataflow: step 3 (join): it reads step 1 (lookup), which step 2 (transpose) reads too")
  }

  @Test func `row numbers are for lookups, and lookups for row numbers`() {
    #expect(
      refusal([exchange, .scale(input: 0)])
        == "dataflow: step 1 (scale): it reads step 0 (exchange), which gives row numbers")
    #expect(
      refusal([exchange, whole, .lookup(features: [1], exchange: 1)])
        == "dataflow: step 2 (lookup): it reads step 1 (lookup), which gives no row numbers")
  }

  @Test func `features that are not there, or doubled, are refused`() {
    #expect(
      refusal([.exchange(features: [0, 2], group: .world, order: .ranks)])
        == "dataflow: step 0 (exchange): it has feature 2, expected 0 to 1")
    #expect(
      refusal([exchange, .lookup(features: [1, 1], exchange: 0)])
        == "dataflow: step 1 (lookup): it has feature 'f1' twice")
    #expect(refusal([.lookup(features: [], exchange: nil)]) == "dataflow: step 0 (lookup): it has no features")
    #expect(
      refusal([.exchange(features: [0], group: .world, order: .ranks), partial])
        == "dataflow: step 1 (lookup): it looks up feature 'f1', which step 0 does not exchange")
  }

  @Test func `an exchange has to reach every holder`() {
    #expect(
      refusal([.exchange(features: [0, 1], group: .tower, order: .ranks)])
        == "dataflow: step 0 (exchange): rank 0 holds a shard of table 't0', and rank 2, which has bags of feature 'f0', is "
        + "not in its group 'tower'")
  }

  @Test func `whole and partial sums have lookups of their own`() {
    #expect(
      refusal([exchange, .lookup(features: [0, 1], exchange: 0)])
        == "dataflow: step 1 (lookup): feature 'f0' gives whole sums, feature 'f1' partial ones, because its table is cut "
        + "by rows")
  }

  @Test func `partial sums do not travel as whole ones`() {
    #expect(
      refusal([exchange, partial, .allToAll(input: 1, group: .world)])
        == "dataflow: step 2 (all_to_all): rank 0 has partial sums: columns 0..<4 of feature 'f1', rows 0..<25")
    #expect(
      refusal([exchange, partial, .scale(input: 1)])
        == "dataflow: step 2 (scale): rank 0 has partial sums: columns 0..<4 of feature 'f1', rows 0..<25")
  }

  @Test func `a sum needs every row once`() {
    #expect(
      refusal([exchange, partial, .reduceScatter(input: 1, group: .tower)])
        == "dataflow: step 2 (reduce_scatter): ranks [0, 1] sum columns 0..<4 of feature 'f1' over rows 0..<25, 25..<50, "
        + "expected each of 100 rows once")
    #expect(
      refusal([exchange, whole, .reduceScatter(input: 1, group: .world)])
        == "dataflow: step 2 (reduce_scatter): rank 1 has 0 blocks, rank 0 1")
  }

  @Test func `sums that were not divided are refused at the end`() {
    let steps: [DataflowStep] = [
      exchange, whole, .allToAll(input: 1, group: .world), partial, .reduceScatter(input: 3, group: .world),
      .join(inputs: [2, 4]),
    ]
    #expect(
      refusal(steps)
        == "dataflow: step 5 (join): rank 0 has undivided sums for its own samples after the last step: columns 0..<4 of "
        + "feature 'f1'")
  }

  @Test func `missing columns are named`() {
    let rows: [DataflowStep] = [
      .exchange(features: [1], group: .world, order: .ranks), partial, .reduceScatter(input: 1, group: .world),
      .scale(input: 2),
    ]
    #expect(
      refusal(rows)
        == "dataflow: step 3 (scale): rank 0 lacks columns 0..<4 of feature 'f0' for its own samples after the last step"
    )
  }

  @Test func `samples of other ranks are refused at the end`() {
    #expect(
      refusal([.exchange(features: [0], group: .world, order: .ranks), whole])
        == "dataflow: step 1 (lookup): the last step leaves samples of ranks [0, 1, 2, 3] on rank 0, expected its own alone"
    )
  }

  @Test func `peers carry the samples of their place alone`() {
    #expect(
      refusal([exchange, whole, .allToAll(input: 1, group: .peers)])
        == "dataflow: step 2 (all_to_all): rank 0 has samples of rank 1, which group 'peers' does not carry: rank 1 is at "
        + "place 1 of its tower group, rank 0 at 0")
  }

  @Test func `a cast is followed by a collective`() {
    let cast = DataflowStep.cast(input: 1, forward: .float16, backward: .float16)
    #expect(
      refusal([exchange, whole, cast, .scale(input: 2)])
        == "dataflow: step 3 (scale): it reads numbers that were cast for the wire (step 2)")
    #expect(
      refusal([exchange, whole, cast, .cast(input: 2, forward: .native, backward: .native)])
        == "dataflow: step 3 (cast): it reads numbers that were cast for the wire (step 2)")
    #expect(
      refusal([
        exchange, whole, .allToAll(input: 1, group: .world), partial, .reduceScatter(input: 3, group: .world),
        .cast(input: 4, forward: .int8, backward: .native), .join(inputs: [2, 5]),
      ])
        == "dataflow: step 6 (join): it joins numbers that travel as native and int8, their gradients as native and native"
    )
  }

  @Test func `blocks of other samples do not lie side by side`() {
    #expect(
      refusal([
        exchange, whole, .allToAll(input: 1, group: .tower), partial, .reduceScatter(input: 3, group: .world),
        .join(inputs: [2, 4]),
      ]) == "dataflow: step 5 (join): rank 0 has blocks with the samples of ranks [0, 2] and of ranks [0]")
  }

  @Test func `ranks that gather have different samples`() {
    #expect(
      refusal([
        .exchange(features: [1], group: .world, order: .ranks), partial, .reduceScatter(input: 1, group: .world),
        .allGather(input: 2, group: .world), .allGather(input: 3, group: .tower),
      ])
        == "dataflow: step 4 (all_gather): ranks [0, 1] have the same samples: [0, 1, 2, 3, 0, 1, 2, 3]")
  }

  @Test func `samples that were gathered are dropped at the end`() throws {
    var flow = Dataflow()
    let own = flow.add(.lookup(features: [0], exchange: nil))
    let all = flow.add(.allGather(input: own, group: .world))
    _ = flow.add(.permute(input: all, order: .peers))
    let request = try DMTDataflowTests.request("2x1", features: 1)
    let plan = ShardingPlan(placement: Placement(replicated: [0]), dataflow: flow)
    #expect(try CheckedFlow(request: request, plan: plan).dropsSamples)
  }

  @Test func `a tower gets its own features, whole`() {
    #expect(
      refusal([exchange, whole, .allToAll(input: 1, group: .tower), .tower(input: 2)])
        == "dataflow: step 3 (tower): rank 2 lacks columns 0..<4 of feature 'f1' for tower group 1 ('w1')")
    var flat = request
    flat.runsTowers = false
    #expect(
      refusal([exchange, whole, .allToAll(input: 1, group: .tower), .tower(input: 2)], request: flat)
        == "dataflow: step 3 (tower): towers are not to run inside the flow")
  }

  @Test func `a lookup without an exchange needs replicated tables`() {
    #expect(
      refusal([.lookup(features: [0], exchange: nil)])
        == "dataflow: step 0 (lookup): it looks up feature 'f0' without an exchange, and table 't0' is not replicated")
    #expect(
      refusal([exchange], placement: Placement(shards: Array(placement.shards.dropFirst()), replicated: [0]))
        == "dataflow: step 0 (exchange): feature 'f0' reads table 't0', which every rank holds")
  }

  @Test func `a table that is not held once is named`() {
    var hole = placement
    hole.shards[0].columns = 0..<3
    #expect(refusal([], placement: hole) == "placement: no rank holds rows 0..<100, columns 3..<4 of table 't0'")
    var doubled = placement
    doubled.shards[2].rows = 20..<50
    #expect(
      refusal([], placement: doubled)
        == "placement: rows 20..<25, columns 0..<4 of table 't1' are on rank 0 and again on rank 1")
    var beyond = placement
    beyond.shards[4].rows = 75..<101
    #expect(
      refusal([], placement: beyond)
        == "placement: the shard of table 't1' on rank 3 has rows 75..<101 and columns 0..<4, expected rows in 0..<100 and "
        + "one or more columns in 0..<4")
    #expect(
      refusal([], placement: Placement(replicated: [0, 1, 2])) == "placement: table 2 is replicated, expected 0 to 1")
    #expect(
      refusal([], placement: Placement(shards: [TableShard(table: 5, rank: 0, rows: 0..<1, columns: 0..<1)]))
        == "placement: shard 0 is of table 5, expected 0 to 1")
  }

  @Test func `a request that contradicts itself is the caller's mistake`() throws {
    func refusal(_ change: (inout ShardingRequest) -> Void) -> String? {
      var request = request
      change(&request)
      let error = #expect(throws: DMTError.self) { try CheckedFlow(request: request, plan: ShardingPlan()) }
      #expect(error?.code == .invalidArgument)
      return error?.message
    }
    #expect(refusal { $0.features[1].table = 2 } == "feature 'f1' reads table 2, expected 0 to 1")
    #expect(refusal { $0.features[1].tower = 2 } == "feature 'f1' is in tower 2, expected 0 to 1")
    #expect(refusal { $0.features[1].tower = 0 } == "tower 'w1' has no features")
    #expect(refusal { $0.towers[0].group = 2 } == "tower 'w0' is served by tower group 2, expected 0 to 1")
    #expect(refusal { $0.towers[0].outputColumns = 0 } == "tower 'w0' has 0 output columns, expected 1 or more")
    #expect(refusal { $0.features[0].lookups = .nan }?.contains("has nan row numbers a sample") == true)
    #expect(refusal { $0.tables[0].dim = 0 }?.contains("table 't0' has 100 rows of 0 columns") == true)
  }
}
