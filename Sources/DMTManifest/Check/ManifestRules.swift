import DMTCore

/// The rules that tie one part of a manifest to another, checked on the effective tree.
///
/// A part that did not pass its own check is missing from the tree; the rules that need it are then passed over.
struct ManifestRules {
  let root: ManifestNode
  let catalog: ManifestCatalog
  /// What towers may list: the categorical features as written, also those that did not pass their check, or their parts.
  let featureNames: [String]
  /// Nothing is missing from the tree.
  let isWhole: Bool
  var errors = ManifestErrors()

  /// Checks every rule.
  mutating func check() {
    checkData()
    checkFeatures()
    checkSharedTables()
    checkSplits()
    checkTowers()
    checkSharding()
    checkInitializer()
    checkPlugins()
    checkBackends()
  }

  func text(_ node: ManifestNode?) -> String? {
    if case .text(let text)? = node?.scalar?.value { text } else { nil }
  }

  func number(_ node: ManifestNode?) -> Double? {
    switch node?.scalar?.value {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  private mutating func checkInitializer() {
    guard let uniform = root["model"]?["table_init"]?["uniform"], let low = number(uniform["low"]),
      let high = uniform["high"], let highest = number(high), highest <= low
    else { return }
    errors.add(
      "model.table_init.uniform.high is \(NumberBounds.text(highest)), expected more than low, \(NumberBounds.text(low))",
      at: high.origin)
  }

  private mutating func checkPlugins() {
    for plugin in root["plugins"]?.elements ?? [] {
      // A file is looked for when plugins are loaded; an id must have been found already.
      guard let id = text(plugin), !id.contains("/"), !id.hasSuffix(".so"), !catalog.plugins.contains(id) else {
        continue
      }
      errors.add(
        "unknown plugin '\(id)'", at: plugin.origin,
        remedy: (Spelling.nearest(to: id, in: catalog.plugins).map { "did you mean '\($0)'? " } ?? "")
          + "`dmt plugin list --why` shows what was found, and why a plugin was not taken")
    }
  }

  private mutating func checkBackends() {
    var seen: Set<String> = []
    for backend in root["backends"]?.elements ?? [] {
      guard let name = text(backend), !seen.insert(name).inserted else { continue }
      errors.add("backends names '\(name)' twice", at: backend.origin, remedy: "keep the first")
    }
  }
}
