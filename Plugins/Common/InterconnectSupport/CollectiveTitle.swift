import DMTPluginKit

/// Which collective of which rank an error is about.
struct CollectiveTitle: CustomStringConvertible {
  var rank: Int
  var kind: CollectiveKind
  /// From 1, on its communicator.
  var number: UInt64
  var ranks: [Int]
  var lane: Lane

  var description: String { "rank \(rank), \(kind.name) number \(number) among \(Self.list(ranks)) (\(lane) lane)" }

  /// `rank 3` or `ranks 0, 1, 2`; a long list is cut.
  static func list(_ ranks: [Int]) -> String {
    let shown = ranks.prefix(16).map(String.init).joined(separator: ", ")
    return (ranks.count == 1 ? "rank " : "ranks ") + shown
      + (ranks.count > 16 ? " and \(ranks.count - 16) more" : "")
  }

  /// The error of ranks that did not come.
  func missing(_ missing: [Int], milliseconds: Int) -> DMTError {
    DMTError(
      .interconnectFailed,
      "\(self): " + (missing.isEmpty ? "it did not end" : "\(Self.list(missing)) did not arrive")
        + " within \(milliseconds) ms",
      remedy: "look for what the others say; a longer timeout helps where a rank is only slow")
  }

  /// An error of the whole world, met in this collective.
  func met(_ failure: DMTError) -> DMTError {
    DMTError(failure.code, "\(self): \(failure.message)", remedy: failure.remedy)
  }
}
