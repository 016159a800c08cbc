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

let kit: Target.Dependency = .product(name: "DMTPluginKit", package: "dmt")

let package = Package(
  name: "OneDNN",
  products: [.library(name: "dmt-onednn", type: .dynamic, targets: ["OneDNNEntry"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    // The distribution's library; its packages have no pkg-config file, the module map links it.
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),

    // The kernels, apart from the exported function so that a test executable can hold them.
    .target(
      name: "OneDNN", dependencies: [kit, "CDNNL"], swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]),

    .target(
      name: "OneDNNEntry", dependencies: [kit, "OneDNN"], swiftSettings: settings,
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),

    .executableTarget(name: "onednn-benchmark", dependencies: [kit, "OneDNN", "CDNNL"], path: "Sources/OneDNNBenchmark", swiftSettings: settings),
    .testTarget(name: "OneDNNTests", dependencies: [kit, "OneDNN"], swiftSettings: settings),
  ]
)
