internal import DMTCore
internal import FoundationEssentials

/// Which package brings a library that is not there, as far as this machine can tell, and who said so.
enum PackageAdvice {
  /// What to do about a missing library.
  ///
  /// - Parameter stated: packages that the plugin's sidecar names.
  static func remedy(for library: String, stated: [String] = []) -> String {
    if !stated.isEmpty { return "apt-get install \(stated.joined(separator: " ")) (the sidecar names it)" }
    if let known = KnownPackages.remedy(for: library) { return known }
    if let (package, file) = installed(library) {
      return "package \(package) is installed and has \(file), where the loader does not look: link the plugin with "
        + "-Wl,-rpath,\(FilePermissions.parent(of: file)), or add that folder to LD_LIBRARY_PATH (dpkg says so)"
    }
    if let package = names(for: library).first(where: isAvailable) {
      return "apt-get install \(package) (by the library's name; apt-cache has such a package)"
    }
    return "install the package that has \(library); `apt-file search \(library)` names it"
  }

  /// Names that Debian gives the package of a library: `libfoo.so.2` is in `libfoo2`, `libfoo1.so.2` in `libfoo1-2`.
  static func names(for library: String) -> [String] {
    guard let range = library.firstRange(of: ".so") else { return [] }
    let name = library[..<range.lowerBound].lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
    let version = library[range.upperBound...].drop { $0 == "." }
    let major = version.split(separator: ".").first.map(String.init) ?? ""
    let isSafe = (name + major).utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }
    guard isSafe, name.hasPrefix("lib") else { return [] }
    if major.isEmpty { return [name] }
    return name.last?.isNumber == true ? ["\(name)-\(major)"] : ["\(name)\(major)", "\(name)-\(major)"]
  }

  /// An installed package that has the library somewhere.
  private static func installed(_ library: String) -> (package: String, file: String)? {
    guard !library.contains(where: { "*?[\\".contains($0) }), let answer = output("dpkg-query", ["-S", "*/\(library)"])
    else { return nil }
    for line in answer.split(separator: "\n") {
      let parts = line.components(separatedBy: ": ")
      if parts.count == 2, parts[1].hasPrefix("/") {
        return (String(parts[0].prefix { $0 != ":" && $0 != "," }), parts[1])
      }
    }
    return nil
  }

  private static func isAvailable(_ package: String) -> Bool {
    output("apt-cache", ["show", "--no-all-versions", package])?.contains("Package: \(package)\n") == true
  }

  /// What a tool prints; nil when it is not here or fails. A process with more rights than its user starts none.
  private static func output(_ tool: String, _ arguments: [String]) -> String? {
    guard !TrustedEnvironment.isPrivileged else { return nil }
    let environment = TrustedEnvironment.variables.merging(["LC_ALL": "C"]) { _, own in own }
    do throws(DMTError) {
      var child = try ChildProcess(
        executable: tool, arguments: arguments, environment: environment.map { "\($0.key)=\($0.value)" },
        limitMilliseconds: 5000)
      let outcome = child.wait()
      return outcome.exitCode == 0 && !outcome.timedOut ? String(decoding: outcome.output, as: UTF8.self) : nil
    } catch {
      return nil
    }
  }
}
