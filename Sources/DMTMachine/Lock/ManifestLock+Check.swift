public import DMTCore

extension ManifestLock {
  /// Refuses what was found when it is not what was locked.
  ///
  /// - Parameters:
  ///   - found: what the manifest's model is made of here.
  ///   - path: the lock's file.
  ///   - manifest: the manifest's file, for the command that updates the lock.
  ///   - onRanks: the run also uses a sharding strategy and an interconnect.
  /// - Throws: ``DMTError/Code/pluginRefused`` with every difference as a cause.
  public func require(
    _ found: ManifestLock, path: String, manifest: String, onRanks: Bool = false
  ) throws(DMTError) {
    let differences = differences(from: found, onRanks: onRanks)
    guard !differences.isEmpty else { return }
    throw DMTError(
      .pluginRefused,
      "this is not what was locked: \(differences.count) difference\(differences.count == 1 ? "" : "s")",
      place: .init(file: path),
      remedy: "install what was locked, leave --locked out, or accept what is here: `dmt lock \(manifest)`",
      causes: differences.map { DMTError(.pluginRefused, $0) })
  }

  /// What was locked and what was found, where they differ; a sentence each.
  func differences(from found: ManifestLock, onRanks: Bool) -> [String] {
    var differences: [String] = []
    if contract != found.contract {
      differences.append("contract: locked \(contract), found \(found.contract)")
    }
    let locked = uses(onRanks: onRanks)
    let here = found.uses(onRanks: onRanks)
    for use in Set(locked.keys).union(here.keys).sorted() {
      switch (locked[use], here[use]) {
      case (let was?, let now?):
        if was.id != now.id || was.version != now.version || was.sha256 != now.sha256 {
          differences.append("\(use): locked \(Self.name(was)), found \(Self.name(now))")
        }
      case (let was?, nil): differences.append("\(use): locked \(Self.name(was)), found nothing that uses it")
      case (nil, let now?): differences.append("\(use): not locked, found \(Self.name(now))")
      case (nil, nil): break
      }
    }
    for op in Set(operators.keys).union(found.operators.keys).sorted() where operators[op] != found.operators[op] {
      func revision(_ number: Int?) -> String { number.map { "revision \($0)" } ?? "none" }
      differences.append("operator \(op): locked \(revision(operators[op])), found \(revision(found.operators[op]))")
    }
    return differences
  }

  private func uses(onRanks: Bool) -> [String: Plugin] {
    var result: [String: Plugin] = [:]
    for plugin in plugins {
      for use in plugin.uses where onRanks || !(use.hasPrefix("sharding ") || use.hasPrefix("interconnect ")) {
        result[use] = plugin
      }
    }
    return result
  }

  private static func name(_ plugin: Plugin) -> String {
    "\(plugin.id) \(plugin.version) (\(plugin.sha256.prefix(12)))"
  }
}
