internal import CDMTPlugin
internal import DMTCore
internal import Glibc
internal import Logging

/// One run through the search path.
struct PluginLoader {
  private let options: PluginRegistry.Options
  private let services: HostServices
  private var cache: ScanCache
  private(set) var plugins: [LoadedPlugin] = []
  private(set) var candidates: [PluginCandidate] = []

  init(options: PluginRegistry.Options, services: HostServices) {
    self.options = options
    self.services = services
    cache = options.cache
  }

  mutating func run() throws(DMTError) {
    for found in options.searchPath.find() {
      let candidate = try consider(found)
      candidates.append(candidate)
      if candidate.status != .loaded && candidate.status != .shadowed {
        // Of a folder that the user named: worth a warning. A plugin that is named itself its caller requires; of what is
        // found by chance `list --why` tells.
        options.logger.log(level: found.origin == .environment ? .warning : .debug, "\(candidate.error)")
      }
    }
    if let problem = cache.save() { options.logger.notice("\(problem)") }
  }

  private mutating func consider(_ found: FoundPlugin) throws(DMTError) -> PluginCandidate {
    var candidate = PluginCandidate(origin: found.origin, path: found.path, status: .refused)
    func refuse(_ error: DMTError, as status: PluginCandidate.Status = .refused) -> PluginCandidate {
      candidate.status = status
      candidate.reason = error.message
      candidate.remedy = error.remedy
      return candidate
    }
    if let problem = found.problem { return refuse(problem) }

    let chosen: ChosenLibrary
    do throws(DMTError) {
      chosen = try ChosenLibrary(found, cpu: services.cpu) { sidecar in
        candidate.id = sidecar.id
        candidate.version = sidecar.version
      }
    } catch {
      return refuse(error)
    }
    candidate.library = chosen.library
    candidate.sha256 = chosen.sha256
    chosen.tellCap(of: services.cpu)

    let result: ScanResult
    if let known = cache[chosen.sha256], !options.rescans {
      result = known
      candidate.isFromCache = true
    } else {
      result = try options.scanner.scan(library: chosen.library)
      // What failed to open may open once its library is installed, and costs little to try.
      if result.status != .refused || result.phase != "open" { cache.insert(result, sha256: chosen.sha256) }
    }
    candidate.scan = result
    guard result.status == .accepted, let report = result.report else {
      candidate.status = result.isQuarantined ? .quarantined : .refused
      candidate.reason = result.reason
      candidate.remedy = chosen.packages(for: result) ?? result.remedy
      return candidate
    }
    if let mismatch = chosen.mismatch(with: report.descriptor) { return refuse(mismatch) }
    candidate.id = report.descriptor.id
    candidate.version = report.descriptor.version
    if let first = candidates.first(where: { $0.id == candidate.id && $0.status == .loaded }) {
      candidate.status = .shadowed
      candidate.reason = "\(first.path) has the same id and comes first in the search order (\(first.origin.rawValue))"
      return candidate
    }
    candidate.status = .loaded
    if options.scansOnly { return candidate }
    do throws(DMTError) {
      let plugin = try PluginRegistry.makeResident(
        library: chosen.library, sha256: chosen.sha256, services: services)
      for backend in plugin.backends where backend.probe.score > 0 { try backend.setThreads(services.pool.threadCount) }
      plugins.append(plugin)
    } catch {
      return refuse(error, as: .failed)
    }
    return candidate
  }
}

/// The library of a found plugin, its hash, and what the sidecar promises.
private struct ChosenLibrary {
  let library: String
  let sha256: String
  private let sidecar: PluginSidecar?

  init(_ found: FoundPlugin, cpu: dmt_cpu, identified: (PluginSidecar) -> Void) throws(DMTError) {
    if let folder = found.folder {
      let sidecar = try PluginSidecar(path: folder + "/" + PluginSidecar.fileName)
      identified(sidecar)
      let (name, promised) = try sidecar.library(for: cpu)
      library = try found.libraryPath(named: name)
      sha256 = try Self.hash(library)
      if let promised, promised.lowercased() != sha256 {
        throw DMTError(
          .pluginRefused, "its library \(name) has SHA-256 \(sha256), its sidecar promises \(promised.lowercased())",
          remedy: "the library was changed or damaged after the sidecar was written: install the plugin again")
      }
      self.sidecar = sidecar
    } else {
      library = FoundPlugin.resolve(found.path) ?? found.path
      sha256 = try Self.hash(library)
      sidecar = nil
    }
  }

  private static func hash(_ path: String) throws(DMTError) -> String {
    guard let hash = ScanCache.hash(of: path) else {
      throw DMTError(.pluginRefused, "its library \(path) cannot be read")
    }
    return hash
  }

  /// Lets the library behind the plugin learn the user's cap, before it is opened here or in a child.
  func tellCap(of cpu: dmt_cpu) {
    guard let cap = (try? ISACap.environment()) ?? nil, cap.level <= cpu.isa_level else { return }
    for (name, value) in sidecar?.isaEnvironment?[cpu.isaName] ?? [:] where PluginSidecar.mayBeSet(name) {
      // What the user has set stays; the plugin's probe then says whether it fits the cap.
      setenv(name, value, 0)
    }
  }

  /// What to install for a library that cannot be opened, where the sidecar knows.
  func packages(for result: ScanResult) -> String? {
    guard result.phase == "open", result.reason?.contains("cannot open shared object file") == true,
      let packages = sidecar?.requires?.debian, !packages.isEmpty
    else { return nil }
    return "apt-get install " + packages.joined(separator: " ")
  }

  /// What the library says about itself that its sidecar does not.
  func mismatch(with descriptor: PluginDescriptor) -> DMTError? {
    guard let sidecar else { return nil }
    for (field, promised, found) in [
      ("id", sidecar.id, descriptor.id), ("version", sidecar.version, descriptor.version),
    ] where promised != found {
      return DMTError(
        .pluginRefused, "its sidecar says \(field) '\(promised)', its library says '\(found)'",
        remedy: "install sidecar and library of one build")
    }
    return nil
  }
}
