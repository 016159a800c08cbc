// swift-tools-version: 6.2
import PackageDescription

// What plugins in Swift are built with: the sources of DMTPluginKit, as this dmt was built from. Swift has no stable binary
// interface on Linux, so a plugin compiles them with its own compiler.

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "dmt",
  products: [.library(name: "DMTPluginKit", targets: ["DMTPluginKit"])],
  targets: [
    .target(name: "CDMTPlugin"),
    .target(name: "DMTCore", dependencies: ["CDMTPlugin"], swiftSettings: settings),
    .target(name: "DMTBridge", dependencies: ["CDMTPlugin", "DMTCore"], swiftSettings: settings),
    .target(
      name: "DMTPluginKit", dependencies: ["CDMTPlugin", "DMTCore", "DMTBridge"],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
  ]
)
