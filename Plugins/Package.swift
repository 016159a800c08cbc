// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Builds all first-party plugins at once: one dependency graph, so that the SDK they share compiles once. Each plugin
// stays a package of its own; `swift build` in its folder builds it alone, as a third party would.

/// A plugin's folder and the dynamic products whose libraries its sidecar names.
struct Plugin {
  let folder: String
  let products: [String]

  init?(folder: String) {
    self.folder = folder
    let here = "\(Context.packageDirectory)/\(folder)"
    guard FileManager.default.fileExists(atPath: "\(here)/Package.swift"),
      let sidecar = try? String(contentsOfFile: "\(here)/plugin.json", encoding: .utf8)
    else { return nil }
    products = Set(sidecar.split(separator: "\"").filter { $0.hasPrefix("lib") && $0.hasSuffix(".so") })
      .map { String($0.dropFirst(3).dropLast(3)) }.sorted()
  }
}

/// `DMT_PLUGINS="Native TowerDCN"` builds these alone; make leaves out those whose system library is missing this way.
let wanted = Context.environment["DMT_PLUGINS"]?.split(separator: " ").map(String.init)
let folders = try wanted ?? FileManager.default.contentsOfDirectory(atPath: Context.packageDirectory)
let plugins = folders.sorted().compactMap(Plugin.init)

let package = Package(
  name: "dmt-plugins",
  dependencies: plugins.map { .package(path: $0.folder) },
  targets: [
    .target(
      name: "FirstPartyPlugins",
      dependencies: plugins.flatMap { plugin in plugin.products.map { .product(name: $0, package: plugin.folder) } },
      path: "Umbrella")
  ]
)
