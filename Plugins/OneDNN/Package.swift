// swift-tools-version: 6.2
import PackageDescription

/// Continuous integration sets DMT_WARNINGS_AS_ERRORS=1; a user's newer compiler must not fail on a new warning.
let warningsAreErrors = Context.environment["DMT_WARNINGS_AS_ERRORS"] == "1"

let settings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let kit: Target.Dependency = .product(name: "DMTPluginKit", package: "dmt")

let package = Package(
  name: "OneDNN",
  products: [.library(name: "dmt-onednn", type: .dynamic, targets: ["OneDNN"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    // The distribution's library; its packages have no pkg-config file, the module map links it.
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .target(
      name: "OneDNN", dependencies: [kit, "CDNNL"], swiftSettings: settings,
      // Nothing but the entry point leaves the library.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),
    .executableTarget(
      name: "onednn-benchmark", dependencies: [kit, "OneDNN", "CDNNL"], path: "Sources/OneDNNBenchmark",
      swiftSettings: settings),
    // The plain loops that kernels are compared with take minutes unless they are optimised, in debug builds too.
    .testTarget(
      name: "OneDNNTests", dependencies: [kit, "OneDNN"], swiftSettings: settings + [.unsafeFlags(["-O"])]),
  ]
)
