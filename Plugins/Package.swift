// swift-tools-version: 6.2
import PackageDescription

/// Builds all first-party plugins at once: one dependency graph, so that the SDK they share compiles once.
///
/// Each plugin stays a package of its own; `swift build` in its folder builds it alone, as a third party would.
/// Folder -> dynamic products.
let products: [String: [String]] = [
  "Native": ["NativeV2", "NativeV3", "NativeV4"],
  "OneDNN": ["OneDNN"],
  "OpenBLAS": ["OpenBLAS"],
  "TowerDCN": ["TowerDCN"],
  "TowerLinear": ["TowerLinear"],
]

/// `DMT_PLUGINS="Native TowerDCN"` builds these alone; make leaves out those whose system library is missing this way.
let wanted = Context.environment["DMT_PLUGINS"]?.split(separator: " ").map(String.init)
let plugins = products.filter { wanted?.contains($0.key) ?? true }.sorted { $0.key < $1.key }

let package = Package(
  name: "dmt-plugins",
  dependencies: plugins.map { .package(path: $0.key) },
  targets: [
    .target(
      name: "FirstPartyPlugins",
      dependencies: plugins.flatMap { plugin in plugin.value.map { .product(name: $0, package: plugin.key) } },
      path: "Umbrella")
  ]
)
