import DMTCore

/// What was measured on this machine: who is the fastest at which work, forward and backward.
public struct BackendProfile: Sendable, Hashable, Codable {
  /// How long one backend took for a piece of work.
  public struct Timing: Sendable, Hashable, Codable {
    public var backend: String
    /// Median seconds of forward; of tables, of the lookup.
    public var forward: Double
    /// Median seconds of backward; of tables and optimizers, of the update.
    public var backward: Double
    /// Half the distance between the quartiles of the sums, as a share of their median.
    public var spread: Double
    /// Samples that were taken.
    public var samples: Int

    public init(backend: String, forward: Double, backward: Double, spread: Double, samples: Int) {
      self.backend = backend
      self.forward = forward
      self.backward = backward
      self.spread = spread
      self.samples = samples
    }

    /// Seconds of both.
    public var total: Double { forward + backward }
  }

  /// A piece of work and who shall do it.
  public struct Entry: Sendable, Hashable, Codable {
    public var key: WorkKey
    /// The nodes of the pipeline that do this work.
    public var nodes: [String]
    /// Who shall serve.
    public var backend: String
    /// Who served before anything was measured.
    public var usual: String
    /// Fastest first.
    public var timings: [Timing]
    /// True: a whole step was faster with ``backend``, though another is faster at this work alone.
    public var isByStep: Bool

    public init(
      key: WorkKey, nodes: [String], backend: String, usual: String, timings: [Timing], isByStep: Bool = false
    ) {
      self.key = key
      self.nodes = nodes
      self.backend = backend
      self.usual = usual
      self.timings = timings
      self.isByStep = isByStep
    }

    /// Why ``backend`` serves, for `dmt explain`.
    public var reason: String {
      func total(_ name: String) -> Double? { timings.first { $0.backend == name }?.total }
      guard let own = total(backend), own > 0 else { return "profile: measured" }
      // Against the one that served before; where that is the same, against the next.
      let other = usual != backend ? usual : timings.first { $0.backend != backend }?.backend
      guard let other, let theirs = total(other) else { return "profile: nobody else serves it" }
      if isByStep { return "profile: a whole step is the fastest with it" }
      if theirs < own * 1.005 { return "profile: as fast as \(other)" }
      return "profile: \(BackendProfile.ratio(theirs / own))x faster than \(other)"
    }
  }

  /// Threads with which it was measured; with others it says nothing.
  public var threads: Int
  public var entries: [Entry]

  public init(threads: Int, entries: [Entry] = []) {
    self.threads = threads
    self.entries = entries
  }

  /// Who shall do this work on `threads` threads; nil when it was not measured.
  ///
  /// Of several batch sizes the nearest counts.
  public func entry(for key: WorkKey, threads: Int) -> Entry? {
    guard threads == self.threads else { return nil }
    func distance(_ entry: Entry) -> Double {
      let (own, wanted) = (Double(max(entry.key.rows, 1)), Double(max(key.rows, 1)))
      return own > wanted ? own / wanted : wanted / own
    }
    return entries.filter { $0.key.text == key.text }.min { distance($0) < distance($1) }
  }

  /// This profile with the entries of `newer`, which replace those of the same work at the same batch size.
  public func replacing(with newer: BackendProfile) -> BackendProfile {
    let keys = Set(newer.entries.map(\.key))
    return BackendProfile(threads: newer.threads, entries: entries.filter { !keys.contains($0.key) } + newer.entries)
  }

  /// A hash of who shall serve what: the same for profiles that choose alike.
  public var digest: String {
    let text = entries.map { "\($0.key.text) \($0.key.rows) \($0.backend)" }.sorted().joined(separator: "\n")
    return String(FNV1a.hash64("\(threads)\n\(text)"), radix: 16)
  }

  /// `1.8`, or `12`.
  static func ratio(_ value: Double) -> String {
    value >= 10 ? String(Int(value.rounded())) : String((value * 10).rounded() / 10)
  }
}
