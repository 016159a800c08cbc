import DMTCore
import DMTDataflow
import DMTRuntime

/// Runs the tower modules that this rank's tower group serves, on the samples of the rank's peers.
///
/// The modules' gradients are sums over these samples; the tower group adds them up, for its ranks together have all samples.
final class TowerStage: FlowStage {
  /// A tower that is served here.
  private struct Tower {
    var unit: DenseUnit
    var input: Int
    var output: Int
    /// Where the columns of its input come from.
    var copies: [(copies: RowCopies, column: Int)]
    var width: Int
    var piece: Piece
    /// Index of the embedding output that it reads.
    var embeddings: Int
  }

  private let towers: [Tower]
  private let dtype: DType
  private let received: RankFlow.Received
  private let ownNumbers = GrowingMemory()
  private let samples: [Int]
  private let order: [Int]
  /// Some of the outputs are dropped: their gradient is 0, and nobody writes it.
  private let dropsSamples: Bool
  private var rows = 0

  /// - Parameters:
  ///   - edge: what the towers read, one sample order.
  ///   - members: the towers served here: index, unit, and for each of its features the column in its input.
  ///   - inputs: for each of them the embedding output that it reads.
  ///   - order: the order of the exchange's samples, with which their numbers came.
  ///   - dropsSamples: the flow has samples that are dropped at its end.
  init(
    edge: [LocatedBlock], towers members: [(tower: Int, plan: ModelPlan.Tower, unit: DenseUnit, columns: [Int: Int])],
    inputs: [ModelPlan.EmbeddingOutput], dtype: DType, order: [Int], dropsSamples: Bool, received: RankFlow.Received
  ) throws(DMTError) {
    self.dtype = dtype
    self.order = order
    self.dropsSamples = dropsSamples
    self.received = received
    samples = edge.first?.samples ?? []
    var towers: [Tower] = []
    for (position, member) in members.enumerated() {
      guard let input = member.unit.value(inputs[position].value), let output = member.unit.value(member.plan.output)
      else {
        throw DMTError(.internalError, "tower '\(member.plan.name)' has no input or no output in its own graph")
      }
      var copies: [(RowCopies, Int)] = []
      for block in edge {
        guard block.samples == samples else {
          throw DMTError(.internalError, "tower '\(member.plan.name)' reads blocks of different samples")
        }
        // Columns that lie next to each other here and in the tower's input travel as one.
        for group in block.consecutive(by: { columns in
          guard case .feature(let feature) = columns.slice.source, let start = member.columns[feature] else {
            return nil
          }
          return start + columns.slice.columns.lowerBound
        }) {
          copies.append((try RowCopies(group.block, samples: samples, dtype: dtype), group.column))
        }
      }
      towers.append(
        Tower(
          unit: member.unit, input: input, output: output, copies: copies, width: inputs[position].columns,
          piece: Piece(samples: samples, width: member.plan.columns, wire: .native, dtype: dtype),
          embeddings: member.plan.input))
    }
    self.towers = towers
  }

  /// The outputs, in the order of the towers.
  var results: [Piece] { towers.map(\.piece) }

  override func start(_ context: FlowContext) throws(DMTError) {
    copiedBytes = 0
    rows = samples.reduce(0) { $0 + context.counts[$1] }
    for tower in towers { tower.piece.begin(context.counts) }
    guard rows > 0 else { return }
    let numbers = try numbers(context)
    for tower in towers {
      let program = try tower.unit.program(rows, isTraining: context.isTraining)
      let input = program.memory(of: tower.input)
      for item in tower.copies {
        copiedBytes += item.copies.gather(to: input, column: item.column, stride: tower.width)
      }
      received.observer?(
        ArrivedEmbeddings(output: tower.embeddings, samples: samples, memory: input, columns: tower.width))
      try program.forward(tower.unit.context(context, samples: numbers))
      tower.piece.base = program.memory(of: tower.output)
    }
  }

  override func prepareBackward() {
    guard rows > 0 else { return }
    for tower in towers {
      guard let program = try? tower.unit.program(rows, isTraining: true) else { continue }
      tower.piece.gradient = program.gradientMemory(of: tower.output)
      if dropsSamples, let gradient = tower.piece.gradient {
        gradient.initializeMemory(as: UInt8.self, repeating: 0, count: rows * tower.piece.gradientRowBytes)
      }
    }
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    for tower in towers {
      guard rows > 0 else {
        tower.unit.parameters.clearGradients()
        continue
      }
      let program = try tower.unit.program(rows, isTraining: true)
      try program.backward()
      guard let gradient = program.gradientMemory(of: tower.input) else { continue }
      for item in tower.copies {
        copiedBytes += item.copies.scatter(from: gradient, column: item.column, stride: tower.width)
      }
    }
  }

  /// The numbers of the samples in the order of this stage's rows.
  private func numbers(_ context: FlowContext) throws(DMTError) -> UnsafePointer<Int64> {
    guard let slot = received.slots.first, let all = slot?.batch.sampleNumbers else {
      throw DMTError(.internalError, "the numbers of the samples have not come")
    }
    ownNumbers.reserve(rows * 8)
    let numbers = ownNumbers.base.assumingMemoryBound(to: Int64.self)
    var row = 0
    for rank in samples {
      var start = 0
      for source in order.prefix(while: { $0 != rank }) { start += context.counts[source] }
      (numbers + row).update(from: all + start, count: context.counts[rank])
      row += context.counts[rank]
    }
    return UnsafePointer(numbers)
  }
}
