import DMTCore
import DMTDataflow
import DMTRuntime

/// The end of a dataflow: brings every column of the rank's own samples to where the rest of the model reads it.
final class SinkStage: FlowStage {
  /// An input of the rest of the model.
  struct Target {
    /// The unit's value.
    var value: Int
    /// Columns of a row.
    var width: Int
    /// Index of the embedding output that it is; nil: the output of a tower.
    var output: Int?
  }

  private struct Copy {
    var copies: RowCopies
    var target: Int
    var column: Int
  }

  private let targets: [Target]
  private let copies: [Copy]
  private let unit: DenseUnit
  private let rank: Int
  private let received: RankFlow.Received

  /// - Parameter place: the target and the column in it at which the rest of the model reads a slice.
  init(
    edge: [LocatedBlock], rank: Int, targets: [Target], unit: DenseUnit, dtype: DType,
    received: RankFlow.Received, place: (ColumnSlice) -> (target: Int, column: Int)?
  ) throws(DMTError) {
    self.targets = targets
    self.unit = unit
    self.rank = rank
    self.received = received
    var copies: [Copy] = []
    for block in edge {
      for target in targets.indices {
        let groups = block.consecutive { columns in
          guard let found = place(columns.slice), found.target == target else { return nil }
          return found.column
        }
        for group in groups {
          copies.append(
            Copy(
              copies: try RowCopies(group.block, samples: [rank], dtype: dtype), target: target, column: group.column))
        }
      }
    }
    self.copies = copies
  }

  override func start(_ context: FlowContext) throws(DMTError) {
    copiedBytes = 0
    guard context.batch.count > 0 else { return }
    let program = try unit.program(context.batch.count, isTraining: context.isTraining)
    for copy in copies {
      let target = targets[copy.target]
      copiedBytes += copy.copies.gather(
        to: program.memory(of: target.value), column: copy.column, stride: target.width)
    }
    guard let observer = received.observer else { return }
    for target in targets {
      guard let output = target.output else { continue }
      observer(
        ArrivedEmbeddings(
          output: output, samples: [rank], memory: program.memory(of: target.value), columns: target.width))
    }
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    guard context.batch.count > 0 else { return }
    let program = try unit.program(context.batch.count, isTraining: true)
    for copy in copies {
      let target = targets[copy.target]
      guard let gradient = program.gradientMemory(of: target.value) else { continue }
      copiedBytes += copy.copies.scatter(from: gradient, column: copy.column, stride: target.width)
    }
  }
}
