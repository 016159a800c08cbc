/// Whether and how well a backend works on this machine.
public struct BackendProbe: Sendable, Hashable {
  /// 0: cannot work here.
  public var score: Int
  /// Why, in one sentence.
  public var reason: String
  /// Version and threading of the library behind it; may be empty.
  public var library: String

  /// An answer in these words.
  public init(score: Int, reason: String, library: String = "") {
    self.score = score
    self.reason = reason
    self.library = library
  }
}
