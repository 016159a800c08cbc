import DMTPluginHost
import Foundation

/// What plugins are built against, seen from the running program: an installed prefix, or a checkout of the project.
struct PluginToolchain {
  /// The running program.
  let program: String
  /// The folder that holds `dmt/dmt.h`.
  let headers: String
  /// The folder of the Swift package with the product DMTPluginKit; nil where it was not installed.
  let sdk: String?
  /// The folder of the contract's crate for Rust; nil where it was not installed.
  let rust: String?

  /// - Parameter executable: the program, links resolved; `PREFIX/bin/dmt`, or a program that was built in a checkout.
  /// - Returns: nil where neither a prefix nor a checkout lies above the program.
  init?(executable: String = PluginSearchPath.executablePath) {
    program = executable
    var folder = URL(filePath: executable).deletingLastPathComponent()
    if folder.lastPathComponent == "bin" {
      let prefix = folder.deletingLastPathComponent().path
      if Self.exists(prefix + "/include/dmt/dmt.h") {
        headers = prefix + "/include"
        let package = prefix + "/share/dmt/sdk"
        sdk = Self.exists(package + "/Package.swift") ? package : nil
        let crate = prefix + "/share/dmt/rust"
        rust = Self.exists(crate + "/lib.rs") ? crate : nil
        return
      }
    }
    while folder.path != "/" {
      let include = folder.path + "/Sources/CDMTPlugin/include"
      if Self.exists(include + "/dmt/dmt.h") {
        headers = include
        sdk = folder.path
        rust = folder.path + "/Bindings/Rust"
        return
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  /// The lines of a package's `local.mk`, which names them to make.
  var makefile: String {
    var lines = [
      "# Where dmt is on this machine; written by `dmt plugin new`, not to be kept in git.",
      "DMT ?= \(program)", "DMT_INCLUDE ?= \(headers)",
    ]
    if let sdk { lines.append("DMT_SDK ?= \(sdk)") }
    if let rust { lines.append("DMT_RUST ?= \(rust)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
