public import DMTCore
import DMTSafetensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes a model's probabilities as CSV, a line a sample, in the samples' order.
///
/// Lines leave through a buffer of fixed size, so the memory does not grow with the samples.
public enum Predictor {
  /// What a line holds.
  public enum Columns: Sendable {
    /// `row,probability`; rows are counted from 0.
    case rowAndProbability
    /// `probability`.
    case probability

    fileprivate var header: StaticString {
      switch self {
      case .rowAndProbability: "row,probability\n"
      case .probability: "probability\n"
      }
    }
  }

  /// Where the lines go.
  public enum Output: Sendable {
    /// A file, replaced as a whole once all lines are in it.
    case file(String)
    /// An open descriptor, such as 1 for standard output.
    case descriptor(Int32)
  }

  /// Predicts one epoch of `batches`, which must not be shuffled.
  ///
  /// - Returns: the number of samples.
  /// - Throws: ``DMTError/Code/notFinite`` naming the row whose prediction is NaN or infinite, ``DMTError/Code/cancelled``
  ///   when `shouldStop` was true between two batches, ``DMTError/Code/io`` when the output cannot be written.
  @discardableResult
  public static func write(
    _ model: any TrainableModel, on batches: any BatchSource, to output: Output, columns: Columns = .rowAndProbability,
    shouldStop: () -> Bool = { InterruptFlag.isRaised }
  ) throws(DMTError) -> Int {
    switch output {
    case .descriptor(let descriptor):
      return try write(
        model, on: batches, to: descriptor, name: "the output", columns: columns, shouldStop: shouldStop)
    case .file(let path):
      var count = 0
      try AtomicFile.replace(path) { (descriptor) throws(DMTError) in
        count = try write(model, on: batches, to: descriptor, name: path, columns: columns, shouldStop: shouldStop)
      }
      return count
    }
  }

  private static func write(
    _ model: any TrainableModel, on batches: any BatchSource, to descriptor: Int32, name: String, columns: Columns,
    shouldStop: () -> Bool
  ) throws(DMTError) -> Int {
    var lines = LineBuffer(descriptor: descriptor, name: name)
    columns.header.withUTF8Buffer { lines.append($0) }
    var logits: [Float] = []
    var row = 0
    batches.seek(epoch: 0, batchNumber: 0)
    while let batch = try batches.next() {
      defer { batches.recycle(batch) }
      if shouldStop() { throw DMTError(.cancelled, "the prediction was interrupted after \(row) rows") }
      if logits.count < batch.count { logits = [Float](repeating: 0, count: batch.count) }
      try logits.withUnsafeMutableBufferPointer { (logits) throws(DMTError) in
        guard let memory = logits.baseAddress, batch.count > 0 else { return }
        try model.predict(batch, into: memory)
        for index in 0..<batch.count {
          let logit = Double(memory[index])
          guard logit.isFinite else {
            throw DMTError(.notFinite, "the prediction of row \(row) is \(DMTError.text(logit))")
          }
          if case .rowAndProbability = columns { lines.append(row) }
          try lines.append(probability: Float(MetricAccumulator.sigmoid(logit)))
          row += 1
        }
      }
    }
    try lines.flush()
    return row
  }
}

/// Collects lines and writes them in large portions.
private struct LineBuffer {
  private static let capacity = 1 << 16
  private let descriptor: Int32
  private let name: String
  private var bytes: [UInt8] = []

  init(descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
    bytes.reserveCapacity(Self.capacity + 128)
  }

  mutating func append(_ text: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: text) }

  /// A row number and the comma after it.
  mutating func append(_ row: Int) {
    bytes.append(contentsOf: String(row).utf8)
    bytes.append(UInt8(ascii: ","))
  }

  /// The fewest digits that read back the same, and the line's end.
  mutating func append(probability: Float) throws(DMTError) {
    bytes.append(contentsOf: probability.description.utf8)
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count >= Self.capacity { try flush() }
  }

  mutating func flush() throws(DMTError) {
    let number = bytes.withUnsafeBytes { SystemCalls.writeAll($0, to: descriptor) }
    guard number == 0 else {
      throw DMTError(.io, "cannot write the predictions: \(SystemCalls.message(number))", place: .init(file: name))
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
