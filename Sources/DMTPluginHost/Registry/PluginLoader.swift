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
      chosen = try ChosenLibrary(found, cpu: services.cpu, policy: options.trust) { sidecar, library in
        candidate.id = sidecar?.id
        candidate.version = sidecar?.version
        candidate.library = library?.path
        candidate.sha256 = library?.sha256
      }
    } catch {
      return refuse(error)
    }
    candidate.trust = chosen.libraries.trust
    chosen.tellCap(of: services.cpu)
    let result = try scan(chosen.libraries, isFromCache: &candidate.isFromCache)
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
      candidate.duplicateOf = first.path
      candidate.reason =
        "\(first.path) (\(first.origin.rawValue)) has the same id, \(first.version ?? "of no version"), and comes before "
        + "\(candidate.path) (\(candidate.origin.rawValue)) in the search order"
      candidate.remedy = "remove one of the two, or name the one you mean with --plugin"
      return candidate
    }
    candidate.status = .loaded
    if options.scansOnly { return candidate }
    do throws(DMTError) {
      let plugin = try PluginRegistry.makeResident(chosen.libraries, services: services)
      for backend in plugin.backends where backend.probe.score > 0 { try backend.setThreads(services.pool.threadCount) }
      plugins.append(plugin)
    } catch {
      return refuse(error, as: .failed)
    }
    return candidate
  }

  /// The result of an earlier scan, else of one now.
  private mutating func scan(_ libraries: PluginLibraries, isFromCache: inout Bool) throws(DMTError) -> ScanResult {
    if !options.rescans, let known = cache.result(of: libraries.main) {
      isFromCache = true
      return known
    }
    // Other ranks of this machine want the same.
    let lock = cache.lock()
    cache.reload()
    if !options.rescans, let known = cache.result(of: libraries.main) {
      isFromCache = true
      return known
    }
    let result = try options.scanner.scan(libraries)
    cache.insert(result, of: libraries.main)
    if let problem = cache.save() { options.logger.notice("\(problem)") }
    _ = consume lock
    return result
  }
}
