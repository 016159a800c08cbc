public import DMTCore
import DMTPluginHost
public import DMTRuntime
public import DMTTraining
public import Foundation

/// Where a machine's profiles lie: one file for each CPU model and number of threads.
public struct ProfileStore: Sendable {
  /// Names another file, or `none`.
  public static let variable = "DMT_PROFILE"

  /// The file; nil: profiles are not used.
  public let path: String?

  /// The file for this machine on `threads` threads: `DMT_PROFILE`, else in the user's configuration folder.
  public init(threads: Int, environment: [String: String] = ProcessInfo.processInfo.environment) {
    // A process with more rights than its user does not let him choose its kernels.
    guard !TrustedEnvironment.isPrivileged else {
      path = nil
      return
    }
    if let stated = environment[Self.variable], !stated.isEmpty {
      path = stated == "none" ? nil : stated
      return
    }
    let name = "dmt/profiles/\(CPUModel.fileName(CPUModel.name))-\(threads)-threads.json"
    path = UserFolder.configuration.path(in: environment).map { "\($0)/\(name)" }
  }

  /// The store that keeps its profile in `path`.
  public init(path: String) { self.path = path }

  /// What the file says.
  public enum Content: Sendable {
    /// There is no file.
    case none
    /// It holds for this machine and these plugins.
    case current(MachineProfile)
    /// It does not, for this reason.
    case stale(String)
  }

  /// Reads the file; what is wrong with it is a reason not to use it.
  public func read(plugins: [PluginRecord]) -> Content {
    guard let path, FileManager.default.fileExists(atPath: path) else { return .none }
    guard let data = FileManager.default.contents(atPath: path) else { return .stale("it cannot be read") }
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      return .stale("it is no profile")
    }
    guard header.formatVersion == MachineProfile.currentFormat else {
      return .stale("it has format \(header.formatVersion), this dmt reads \(MachineProfile.currentFormat)")
    }
    guard let profile = try? JSONDecoder().decode(MachineProfile.self, from: data) else {
      return .stale("it is damaged")
    }
    return profile.staleness(plugins: plugins).map { .stale($0) } ?? .current(profile)
  }

  private struct Header: Decodable {
    var formatVersion: Int
  }

  /// Adds what was measured to the profile, or begins it anew where the old one is stale; replaces the file as a whole.
  ///
  /// - Returns: the file's path.
  /// - Throws: ``DMTError/Code/io``; ``DMTError/Code/invalidArgument`` when there is no place for it.
  @discardableResult
  public func add(_ profile: BackendProfile, plugins: [PluginRecord]) throws(DMTError) -> String {
    guard let path else {
      throw DMTError(
        .invalidArgument, "there is no place for this machine's profile: neither XDG_CONFIG_HOME nor HOME is a folder",
        remedy: "name a file with --out")
    }
    var all = profile
    if case .current(let old) = read(plugins: plugins) { all = old.profile.replacing(with: profile) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let folder = URL(filePath: path).deletingLastPathComponent().path
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let data = try encoder.encode(MachineProfile(all, plugins: plugins))
      try AtomicFile.replace(path, with: Array(data) + [UInt8(ascii: "\n")])
    } catch let error as DMTError {
      throw error
    } catch {
      throw DMTError(
        .io, "the profile cannot be written: \(error.localizedDescription)", place: .init(file: path),
        remedy: "name another file with --out")
    }
    return path
  }
}
