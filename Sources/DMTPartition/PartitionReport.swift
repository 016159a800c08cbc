public import DMTCore
import DMTData
import DMTManifest
import DMTTraining
import Foundation

/// What `partition.json` holds.
public struct PartitionReport: Codable, Sendable, Equatable {
  /// One feature, or part of a feature.
  public struct Feature: Codable, Sendable, Equatable {
    public var name: String
    public var tower: Int
    public var x: Double?
    public var y: Double?
    public var rows: Int
    public var dim: Int
    public var lookupCost: Double
    public var bytes: Int
  }

  /// One tower.
  public struct Tower: Codable, Sendable, Equatable {
    public var name: String
    public var features: [String]
    public var size: Int
    public var lookupCost: Double
    public var bytes: Int
  }

  /// The affinity matrix, rows and columns in the order of ``PartitionReport/features``.
  public struct AffinityMatrix: Codable, Sendable, Equatable {
    public var kind: String
    public var samples: Int
    public var matrix: [[Double]]
  }

  /// The model's name in its manifest.
  public var name: String
  public var manifest: String
  public var partitioner: String
  public var strategy: String
  public var seed: UInt64
  public var balance: Double
  public var explanation: String
  public var figures: [String: Double]
  public var features: [Feature]
  public var towers: [Tower]
  /// Widths of the parts of features whose columns are split.
  public var split: [String: [Int]]
  public var affinity: AffinityMatrix?
  /// Agreement with the groups that synthetic data were planted with.
  public var adjustedRandIndex: Double?

  /// The report of an outcome.
  public init(_ outcome: PartitionOutcome) {
    let (job, partition) = (outcome.job, outcome.partition)
    name = job.pipeline.manifest.name
    manifest = job.pipeline.manifest.path
    partitioner = outcome.partitioner
    strategy = job.settings.strategy
    seed = job.settings.seed
    balance = job.settings.balance
    explanation = partition.explanation
    figures = Dictionary(partition.figures.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    features = job.features.enumerated().map { index, feature in
      Feature(
        name: feature.name, tower: partition.assignment[index], x: partition.coordinates?[index].x,
        y: partition.coordinates?[index].y, rows: feature.rows, dim: feature.dim, lookupCost: feature.lookupCost,
        bytes: feature.bytes)
    }
    towers = outcome.groups.enumerated().map { number, group in
      Tower(
        name: "tower\(number)", features: group.map { job.features[$0].name }, size: group.count,
        lookupCost: group.reduce(0) { $0 + job.features[$1].lookupCost },
        bytes: group.reduce(0) { $0 + job.features[$1].bytes })
    }
    let names = job.pipeline.dataset.features.map(\.name)
    split = Dictionary(
      zip(names, job.widths).filter { $0.1.count > 1 }.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first })
    affinity = outcome.affinity.map { affinity in
      let count = job.features.count
      return AffinityMatrix(
        kind: affinity.kind.rawValue, samples: affinity.samples,
        matrix: (0..<count).map { row in Array(affinity.matrix[row * count..<(row + 1) * count]) })
    }
    adjustedRandIndex = outcome.plantedAgreement
  }

  /// The report as one line of JSON with sorted keys.
  public func json() throws(DMTError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    } catch {
      throw DMTError(.internalError, "the report cannot be written as JSON: \(error)")
    }
  }
}
