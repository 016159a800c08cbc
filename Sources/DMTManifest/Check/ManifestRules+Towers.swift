import DMTCore

extension ManifestRules {
  /// Every feature belongs to exactly one tower.
  mutating func checkTowers() {
    guard let towersNode = root["model"]?["towers"], let towers = towersNode.entries, !towers.isEmpty else { return }
    let known = featureNames
    if towers.count > known.count {
      errors.add(
        "model.towers has \(towers.count) towers of \(known.count) features, expected at most one tower a feature",
        at: towersNode.origin)
    }
    var owner: [String: String] = [:]
    for tower in towers {
      for feature in tower.value["features"]?.elements ?? [] {
        guard let name = text(feature) else { continue }
        guard known.contains(name) else {
          errors.add(
            "unknown feature '\(name)' in model.towers.\(tower.key)", at: feature.origin,
            remedy: Spelling.suggestion(for: name, in: known))
          continue
        }
        guard let other = owner.updateValue(tower.key, forKey: name) else { continue }
        let both = other == tower.key ? "twice in tower '\(other)'" : "in tower '\(other)' and in tower '\(tower.key)'"
        errors.add("feature '\(name)' is listed \(both)", at: feature.origin, remedy: "keep one of them")
      }
    }
    // A tower or a feature that failed its own check is missing from the tree and would make others look left out.
    let left = known.filter { owner[$0] == nil }
    guard !left.isEmpty, isComplete(towers) else { return }
    let names = left.map { "'\($0)'" }.joined(separator: ", ")
    errors.add(
      left.count == 1 ? "feature \(names) is in no tower" : "features \(names) are in no tower", at: towersNode.origin,
      remedy: "list \(left.count == 1 ? "it" : "each of them") in a tower, or remove \(left.count == 1 ? "it" : "them")"
    )
  }

  private func isComplete(_ towers: [ManifestNode.Entry]) -> Bool {
    isWhole && towers.allSatisfy { $0.value["features"] != nil }
  }
}
