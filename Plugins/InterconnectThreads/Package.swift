// swift-tools-version: 6.2
import PackageDescription

/// Continuous integration sets DMT_WARNINGS_AS_ERRORS=1; a user's newer compiler must not fail on a new warning.
let warningsAreErrors = Context.environment["DMT_WARNINGS_AS_ERRORS"] == "1"

let settings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let package = Package(
  name: "InterconnectThreads",
  products: [.library(name: "dmt-interconnect-threads", type: .dynamic, targets: ["InterconnectThreads"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    .target(
      name: "InterconnectThreads", dependencies: [.product(name: "DMTPluginKit", package: "dmt")],
      swiftSettings: settings,
      // Nothing but the entry point leaves the library.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),
    .testTarget(
      name: "InterconnectThreadsTests",
      dependencies: [
        "InterconnectThreads", .product(name: "DMTPluginKit", package: "dmt"),
        .product(name: "DMTInterconnectTesting", package: "dmt"),
      ],
      swiftSettings: settings),
  ]
)
