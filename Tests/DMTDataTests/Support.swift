import DMTCore
import DMTData
import DMTManifest
import Foundation
import Testing

/// A folder that is removed when the test lets go of it.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("dmt-data-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    try? FileManager.default.removeItem(atPath: path)
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }

  func load(_ data: DataSection, _ features: [FeatureSpec], dense: [DenseSpec] = [], _ lines: Lines? = nil) throws
    -> Dataset
  {
    try Dataset.load(data: data, features: features, dense: dense, folder: path) { lines?.add($0) }
  }

  /// The cache files, without temporary ones.
  var cacheFiles: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/.dmt")) ?? []
    return names.filter { $0.hasSuffix(".samples") }.map { path + "/.dmt/" + $0 }
  }
}

/// What a progress closure heard.
final class Lines {
  private(set) var all: [String] = []
  func add(_ line: String) { all.append(line) }
  func contains(_ part: String) -> Bool { all.contains { $0.contains(part) } }
}

/// A feature of a column of the same name.
func feature(
  _ name: String, _ transform: FeatureSpec.Transform = .text,
  _ encoding: FeatureSpec.Encoding = .vocabulary(minimumCount: 1), separator: String? = nil,
  pooling: FeatureSpec.Pooling = .sum, table: String? = nil, column: String? = nil
) -> FeatureSpec {
  FeatureSpec(
    name: name, column: column ?? name, transform: transform, encoding: encoding, separator: separator,
    pooling: pooling,
    table: table)
}

/// The folder of an example.
func example(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Examples/\(name)").path
}

/// The bags of a feature, sample by sample.
func bags(_ samples: SampleTable, _ feature: Int) -> [[Int]] {
  let batch = samples.makeBatch()
  let order = BatchOrder(sampleCount: samples.count, batchSize: max(1, samples.count), seed: 0, shuffle: false)
  samples.fill(batch, batchNumber: 0, of: order)
  return bags(batch, feature)
}

/// The bags of a feature in a batch.
func bags(_ batch: Batch, _ feature: Int) -> [[Int]] {
  let jagged = batch.jagged(feature: feature)
  return (0..<batch.count).map { sample in
    guard let offsets = jagged.offsets else { return [Int(jagged.values[sample])] }
    return (offsets[sample]..<offsets[sample + 1]).map { Int(jagged.values[Int($0)]) }
  }
}

/// The dense inputs, sample by sample.
func dense(_ samples: SampleTable) -> [[Float]] {
  let batch = samples.makeBatch()
  let order = BatchOrder(sampleCount: samples.count, batchSize: max(1, samples.count), seed: 0, shuffle: false)
  samples.fill(batch, batchNumber: 0, of: order)
  return (0..<batch.count).map { sample in (0..<batch.denseCount).map { batch.dense[sample * batch.denseCount + $0] } }
}

/// The labels, sample by sample.
func labels(_ samples: SampleTable) -> [Int] {
  let batch = samples.makeBatch()
  let order = BatchOrder(sampleCount: samples.count, batchSize: max(1, samples.count), seed: 0, shuffle: false)
  samples.fill(batch, batchNumber: 0, of: order)
  return (0..<batch.count).map { Int(batch.labels[$0]) }
}

/// The error that `body` throws.
func failure(_ body: () throws -> Void) -> DMTError? {
  do {
    try body()
    return nil
  } catch {
    return error as? DMTError
  }
}
