/// One setting of the multi-host experiment with what was measured.
public struct HostSetting: Sendable, Codable, Equatable {
  /// `dcn`, `dlrm`.
  public var model: String
  /// `flat`, `sptt` or `dmt`.
  public var kind: String
  /// Compression ratio of the towers, F N / sum of O; 1 without.
  public var cr: Double
  public var hosts: Int
  /// Ranks in all.
  public var ranks: Int
  /// Megabits a second of every host's link.
  public var rateMbit: Int
  /// Milliseconds of a step on the slowest rank: the median over rounds of each round's median.
  public var stepMs: Double
  /// Of it: what that rank computed.
  public var computeMs: Double
  /// Of it: what it waited for row numbers, embeddings and their gradients.
  public var embeddingMs: Double
  /// Of it: what it waited for dense gradients and for the loss.
  public var denseMs: Double
  /// Flat's time over this one's in the same round: the median over rounds, the least and the largest.
  public var speedup: Double?
  public var speedupLow: Double?
  public var speedupHigh: Double?
  /// Rounds.
  public var rounds: Int
  /// AUC on test after a whole training; nil where none was run.
  public var auc: Double?

  private enum CodingKeys: String, CodingKey {
    case model, kind, cr, hosts, ranks, speedup, rounds, auc
    case rateMbit = "rate_mbit"
    case stepMs = "step_ms"
    case computeMs = "compute_ms"
    case embeddingMs = "exposed_embedding_ms"
    case denseMs = "exposed_dense_ms"
    case speedupLow = "speedup_low"
    case speedupHigh = "speedup_high"
  }

  /// `flat`, `SPTT`, `DMT CR 4`.
  public var title: String {
    switch kind {
    case "flat": "flat"
    case "sptt": "SPTT"
    default: "DMT CR \(Int(cr))"
    }
  }
}
