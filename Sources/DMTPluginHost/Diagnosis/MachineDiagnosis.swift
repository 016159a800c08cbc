internal import CDMTHostShims
internal import CDMTPlugin
public import DMTCore
internal import DMTBridge

/// This machine as plugins find it, and everything that was found on it.
public struct MachineDiagnosis: Sendable, Encodable {
  /// A fact about the machine or the host, for people and for reports of errors.
  public struct Fact: Sendable, Encodable {
    public var name: String
    public var value: String
  }

  public private(set) var facts: [Fact]
  public private(set) var findings: [Finding] = []
  /// Every candidate, in search order.
  public private(set) var plugins: [PluginDiagnosis] = []

  /// Nothing is wrong with the machine or with any plugin.
  public var isHealthy: Bool { !findings.contains(where: \.isProblem) && plugins.allSatisfy(\.isHealthy) }

  /// Examines every candidate of the search path, and the machine.
  ///
  /// - Throws: ``DMTError/Code/io`` when no child can be started.
  public init(_ options: PluginRegistry.Options) throws(DMTError) {
    var options = options
    options.scansOnly = true
    let registry = try PluginRegistry.load(options)
    let cpu = dmt_cpu.host
    facts = [
      Fact(name: "dmt", value: HostServices.version),
      Fact(name: "contract", value: "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)"),
      Fact(name: "compiler", value: Toolchain.compiler), Fact(name: "target", value: Toolchain.target),
      Fact(name: "cpu", value: "\(cpu.isaName), \(cpu.cores) usable"),
      Fact(name: "glibc", value: String(cString: dmt_libc_version())),
      Fact(name: "trust", value: "\(options.trust.mode.rawValue) (\(options.trust.origin))"),
      Fact(name: "cache", value: options.cache.path ?? "none"),
    ]
    for place in options.searchPath.places {
      let isThere = FoundPlugin.resolve(place.path) != nil
      facts.append(
        Fact(name: "searched", value: "\(place.path) (\(place.origin.rawValue)\(isThere ? "" : ", not there"))"))
    }
    if let problem = options.cache.problem {
      findings.append(
        Finding(
          .machine, problem, remedy: "set XDG_CACHE_HOME to a folder that can be written", isProblem: false))
    }
    // The registry has filled the cache: nothing runs a second time.
    let cache = ScanCache(path: options.cache.path, host: options.cache.hostKey)
    for (found, candidate) in zip(options.searchPath.find(), registry.candidates) {
      var diagnosis = try PluginDiagnosis(
        found, policy: options.trust, scanner: options.scanner, cache: cache)
      if candidate.status == .shadowed {
        diagnosis.findings.append(
          Finding(.shadowed, candidate.reason ?? "another one comes first", remedy: candidate.remedy, isProblem: false))
      }
      plugins.append(diagnosis)
    }
    for conflict in registry.conflicts { findings.append(Finding(.shadowed, conflict, isProblem: false)) }
  }

  /// For people.
  public var text: String {
    let width = facts.map(\.name.count).max() ?? 0
    var lines = facts.map { $0.name + String(repeating: " ", count: width - $0.name.count) + "  \($0.value)" }
    lines += findings.map(\.text)
    for plugin in plugins { lines += ["", plugin.text] }
    let bad = plugins.count { !$0.isHealthy }
    lines += ["", "\(plugins.count) plugins examined, \(bad == 0 ? "nothing is wrong" : "\(bad) cannot be used")"]
    return lines.joined(separator: "\n")
  }
}
