/// Finds the known name that a reader most likely meant.
public enum Spelling {
  /// The nearest of `candidates` to `word`, or nil when none is near (more than a third of the letters differ).
  public static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    let lowered = Array(word.lowercased())
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let distance = editDistance(lowered, Array(candidate.lowercased()))
      guard distance <= max(2, max(lowered.count, candidate.count) / 3) else { continue }
      if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
      best = (candidate, distance)
    }
    return best?.name
  }

  /// `did you mean 'NAME'?`, or the list of what is known, for the remedy of an error.
  public static func suggestion(for word: String, in candidates: some Collection<String>) -> String {
    if let name = nearest(to: word, in: candidates) { return "did you mean '\(name)'?" }
    if candidates.isEmpty { return "nothing is known here" }
    return "use one of: " + candidates.sorted().joined(separator: ", ")
  }

  /// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var current = [i] + Array(repeating: 0, count: b.count)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], before[j - 2] + 1)
        }
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
