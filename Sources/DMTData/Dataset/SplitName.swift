/// The three parts of a data set.
public enum SplitName: String, Sendable, CaseIterable, CustomStringConvertible {
  /// What the model learns from.
  case train
  /// What settings and the best epoch are chosen by.
  case valid
  /// What is measured at the end.
  case test

  /// The name as it stands in manifests and logs.
  public var description: String { rawValue }

  /// The row rule: h = ((row * 2654435761) mod 2^32) >> 16; h mod 10 is 0-7 for train, 8 for valid, 9 for test.
  ///
  /// With `hasTestFile`, only 8 is taken out and the rest is train.
  static func byRowRule(_ row: Int, hasTestFile: Bool) -> SplitName {
    let product = UInt32(truncatingIfNeeded: row) &* 2_654_435_761
    switch (product >> 16) % 10 {
    case 8: return .valid
    case 9 where !hasTestFile: return .test
    default: return .train
    }
  }
}
