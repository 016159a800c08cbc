internal import CDMTPlugin
public import DMTCore
internal import DMTBridge

/// Everything that keeps a plugin from being used, found without loading it into this process.
public struct PluginDiagnosis: Sendable, Encodable {
  /// The plugin's folder, or its bare library.
  public private(set) var path: String
  public private(set) var library: String?
  public private(set) var sha256: String?
  public private(set) var id: String?
  public private(set) var version: String?
  /// Why it may run.
  public private(set) var trust: String?
  public internal(set) var findings: [Finding] = []

  /// Nothing keeps it from being used.
  public var isHealthy: Bool { !findings.contains(where: \.isProblem) }

  /// Examines a plugin's folder or library.
  ///
  /// Its code runs in a child process only, and only when nothing else is wrong with it and no earlier run broke.
  ///
  /// - Throws: ``DMTError/Code/io`` when no child can be started; everything about the plugin is a finding.
  public init(
    path: String, policy: TrustPolicy = TrustPolicy(), scanner: PluginScanner = PluginScanner(),
    cache: ScanCache = ScanCache()
  ) throws(DMTError) {
    var search = PluginSearchPath(explicit: [path], environment: [:], executable: "")
    search.places.removeAll { $0.origin != .explicit }
    let all = search.find()
    var found =
      all.first
      ?? FoundPlugin(
        origin: .explicit, library: path,
        problem: DMTError(.notFound, "there is no plugin at \(path)", remedy: "name a plugin's folder or its .so"))
    if all.count > 1 {
      found = FoundPlugin(
        origin: .explicit, folder: path,
        problem: DMTError(
          .notFound, "\(path) holds \(all.count) plugins and is none itself", remedy: "name them: \(path)/*"))
    }
    try self.init(found, policy: policy, scanner: scanner, cache: cache)
  }

  init(
    _ found: FoundPlugin, policy: TrustPolicy, scanner: PluginScanner, cache: ScanCache,
    permissions: FilePermissions = FilePermissions()
  ) throws(DMTError) {
    path = found.path
    if let problem = found.problem {
      findings.append(Finding(found.folder == nil ? .missingFile : .missingSidecar, problem))
      return
    }
    let sidecar = readSidecar(found)
    guard found.folder == nil || sidecar != nil, let library = open(found, sidecar) else { return }
    self.library = library.path
    sha256 = library.sha256
    examineSafety(library, found, sidecar, policy, permissions)
    guard let headers = examineHeaders(library) else { return }
    findings += LinkDiagnosis(headers, path: library.path, stated: sidecar?.requires?.debian ?? []).findings
    guard isHealthy else { return }
    try run(found, policy, scanner, cache, permissions)
  }

  // MARK: Steps

  private mutating func readSidecar(_ found: FoundPlugin) -> PluginSidecar? {
    guard let folder = found.folder else {
      findings.append(
        Finding(
          .missingSidecar, "a library without \(PluginSidecar.fileName) is taken only where it is named itself",
          remedy: "put it into a folder with a sidecar (docs/plugins.md)", isProblem: false))
      return nil
    }
    do throws(DMTError) {
      let sidecar = try PluginSidecar(unchecked: folder + "/" + PluginSidecar.fileName)
      id = sidecar.id
      version = sidecar.version
      do throws(DMTError) { try sidecar.checkContract() } catch { findings.append(Finding(.wrongContract, error)) }
      return sidecar
    } catch {
      findings.append(Finding(.badSidecar, error))
      return nil
    }
  }

  private mutating func open(_ found: FoundPlugin, _ sidecar: PluginSidecar?) -> OpenedLibrary? {
    var name: String?
    if let sidecar {
      do throws(DMTError) {
        name = try sidecar.library(for: .host).file
      } catch {
        findings.append(Finding(sidecar.variants?.isEmpty == false ? .wrongCPU : .badSidecar, error))
        return nil
      }
    }
    do throws(DMTError) {
      return try found.open(named: name, isSealed: false)
    } catch {
      let isOutside =
        error.message.contains("outside the plugin's folder") || error.message.contains("leaves the plugin's")
      findings.append(Finding(isOutside ? .outsideFolder : .missingFile, error))
      return nil
    }
  }

  private mutating func examineSafety(
    _ library: OpenedLibrary, _ found: FoundPlugin, _ sidecar: PluginSidecar?, _ policy: TrustPolicy,
    _ permissions: FilePermissions
  ) {
    do throws(DMTError) {
      try found.checkPermissions(of: library, by: permissions)
    } catch {
      findings.append(Finding(.permissions, error))
    }
    if let remark = permissions.remark(on: library.path) {
      findings.append(Finding(.permissions, "\(remark): whoever that is decides what runs here", isProblem: false))
    }
    if let sidecar, let promise = try? sidecar.library(for: .host) {
      do throws(DMTError) {
        try ChosenLibrary.check(library, promise: promise)
      } catch {
        findings.append(Finding(.wrongHash, error))
      }
    }
    do throws(DMTError) {
      trust = try policy.decide(library)
    } catch {
      findings.append(Finding(.untrusted, error))
    }
  }

  private mutating func examineHeaders(_ library: OpenedLibrary) -> ELFFile? {
    let headers: ELFFile
    do throws(DMTError) {
      headers = try library.headers(withSymbols: true)
    } catch {
      findings.append(Finding(.notALibrary, error))
      return nil
    }
    guard headers.isForThisMachine else {
      findings.append(
        Finding(
          .wrongArchitecture, "\(library.path) is for \(headers.machine), this machine is \(Toolchain.target)",
          remedy: "build the plugin on this kind of machine, or get its build for it"))
      return nil
    }
    // A library whose sections were stripped shows no symbols at all; the scan finds its entry point, or does not.
    if !headers.exports.contains("dmt_plugin_entry"), !headers.exports.isEmpty || !headers.imports.isEmpty {
      findings.append(
        Finding(
          .noEntry, "\(library.path) exports no dmt_plugin_entry, so it is no dmt plugin",
          remedy: "export dmt_plugin_entry: `public` in Swift, DMT_EXPORT in C, and `global:` in the version script"))
    }
    return headers
  }

  private mutating func run(
    _ found: FoundPlugin, _ policy: TrustPolicy, _ scanner: PluginScanner, _ cache: ScanCache,
    _ permissions: FilePermissions
  ) throws(DMTError) {
    let chosen: ChosenLibrary
    do throws(DMTError) {
      chosen = try ChosenLibrary(found, cpu: .host, policy: policy, permissions: permissions)
    } catch {
      findings.append(Finding(.refused, error))
      return
    }
    let result: ScanResult
    if let known = cache.result(of: chosen.libraries.main) {
      result = known
    } else {
      result = try scanner.scan(chosen.libraries)
      // One that broke here is in quarantine from now on, as if it had been found.
      var cache = cache
      cache.reload()
      cache.insert(result, of: chosen.libraries.main)
      cache.save()
    }
    if let report = result.report, result.status == .accepted {
      id = report.descriptor.id
      version = report.descriptor.version
      if let mismatch = chosen.mismatch(with: report.descriptor) { findings.append(Finding(.mismatch, mismatch)) }
      return
    }
    let reason = result.reason ?? "it was \(result.status.rawValue)"
    let printed = (result.errorTail?.split(separator: "\n").suffix(5) ?? []).map { "\n  printed: \($0)" }.joined()
    let kind: Finding.Kind =
      if result.isQuarantined {
        .quarantined
      } else if reason.contains("this host has contract") {
        .wrongContract
      } else if reason.contains("no symbol dmt_plugin_entry") {
        .noEntry
      } else if reason.contains("Swift runtime") || reason.contains("as its compiler") { .otherCompiler } else {
        .refused
      }
    findings.append(Finding(kind, reason + printed, remedy: result.remedy))
  }

  /// For people: a line that names the plugin, then the findings.
  public var text: String {
    let name = [id, version].compactMap { $0 }.joined(separator: " ")
    var lines = [(name.isEmpty ? path : "\(name) (\(path))") + ": \(isHealthy ? "nothing is wrong" : "cannot be used")"]
    if let sha256 { lines.append("  sha256: \(sha256)") }
    if let trust { lines.append("  trust: \(trust)") }
    lines += findings.flatMap { $0.text.split(separator: "\n").map { "  \($0)" } }
    return lines.joined(separator: "\n")
  }
}
