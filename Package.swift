// swift-tools-version: 6.2
import PackageDescription

/// Continuous integration sets DMT_WARNINGS_AS_ERRORS=1; a user's newer compiler must not fail on a new warning.
let warningsAreErrors = Context.environment["DMT_WARNINGS_AS_ERRORS"] == "1"

let settings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let package = Package(
  name: "dmt",
  products: [
    .executable(name: "dmt", targets: ["dmt"]),
    .library(name: "DMTPluginKit", targets: ["DMTPluginKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    // The C contract: headers only, all that host and plugin share.
    .target(name: "CDMTPlugin"),

    // The vocabulary and the protocols.
    .target(name: "DMTCore", dependencies: ["CDMTPlugin"], swiftSettings: settings),

    // What a Swift plugin author imports.
    .target(
      name: "DMTPluginKit", dependencies: ["CDMTPlugin", "DMTCore"],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),

    // Finds, scans and loads plugins; the host's services; the registry.
    .target(
      name: "DMTPluginHost",
      dependencies: [
        "CDMTPlugin", "DMTCore",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),

    .target(
      name: "DMTManifest", dependencies: ["DMTCore", .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),
    .target(name: "DMTReference", dependencies: ["CDMTPlugin", "DMTCore"], swiftSettings: settings),
    .target(name: "DMTModules", dependencies: ["DMTCore"], swiftSettings: settings),
    .target(
      name: "DMTRuntime",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTPluginHost", "DMTManifest", "DMTReference", "DMTModules",
      ], swiftSettings: settings),
    .target(
      name: "DMTData",
      dependencies: [
        "DMTCore", "DMTManifest",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),
    .target(
      name: "DMTTraining",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTManifest", "DMTRuntime", "DMTData", "DMTPluginHost",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "dmt",
      dependencies: [
        "DMTCore", "DMTPluginHost", "DMTManifest", "DMTReference", "DMTModules", "DMTRuntime",
        "DMTData", "DMTTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),

    .testTarget(name: "DMTCoreTests", dependencies: ["DMTCore"], swiftSettings: settings),
    .testTarget(
      name: "DMTDataTests",
      dependencies: ["DMTData", "DMTCore", "DMTManifest", .product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: settings),
  ]
)
