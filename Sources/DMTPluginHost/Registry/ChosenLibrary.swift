internal import CDMTPlugin
internal import DMTCore
internal import Glibc

/// The library of a found plugin, opened and checked, and what the sidecar promises.
struct ChosenLibrary {
  let libraries: PluginLibraries
  let sidecar: PluginSidecar?

  /// Where the library lies, links resolved.
  var path: String { libraries.main.path }
  /// SHA-256 of the library.
  var sha256: String { libraries.main.sha256 }

  /// - Parameter identified: is told of the sidecar and of the opened library as soon as there are any.
  /// - Throws: ``DMTError/Code/pluginRefused``: a bad sidecar, a library outside of the folder, files that others can
  ///   write, another hash than the sidecar promises, a library that is not trusted.
  init(
    _ found: FoundPlugin, cpu: dmt_cpu, policy: TrustPolicy, permissions: FilePermissions = FilePermissions(),
    identified: (PluginSidecar?, OpenedLibrary?) -> Void = { _, _ in }
  ) throws(DMTError) {
    var promise: (file: String, sha256: String?)?
    if let folder = found.folder {
      let sidecar = try PluginSidecar(path: folder + "/" + PluginSidecar.fileName)
      identified(sidecar, nil)
      promise = try sidecar.library(for: cpu)
      self.sidecar = sidecar
    } else {
      sidecar = nil
    }
    let library = try found.open(named: promise?.file, isSealed: policy.wantsSealedCopy)
    identified(sidecar, library)
    try found.checkPermissions(of: library, by: permissions)
    if let promise { try Self.check(library, promise: promise) }
    libraries = try PluginLibraries(library, policy: policy, permissions: permissions)
  }

  /// Compares a library with the hash that its sidecar promises, where it does.
  static func check(_ library: OpenedLibrary, promise: (file: String, sha256: String?)) throws(DMTError) {
    guard let stated = promise.sha256 else { return }
    guard let promised = SHA256Text.parse(stated) else {
      throw DMTError(
        .pluginRefused, "its sidecar states sha256 '\(stated)' for \(promise.file), expected 64 hexadecimal digits",
        remedy: "state sha256sum's output: \(library.sha256)")
    }
    guard promised == library.sha256 else {
      throw DMTError(
        .pluginRefused,
        "its library \(promise.file) has SHA-256 \(library.sha256), its sidecar promises \(promised) (\(library.path))",
        remedy: "the library was changed or damaged after the sidecar was written: install the plugin again")
    }
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
