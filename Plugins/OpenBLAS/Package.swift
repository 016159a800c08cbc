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
  name: "OpenBLAS",
  products: [.library(name: "dmt-openblas", type: .dynamic, targets: ["OpenBLAS"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    // Found by its header and library alone, so that no pkg-config is needed to build.
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .target(
      name: "OpenBLAS", dependencies: [kit, "COpenBLAS"], swiftSettings: settings,
      // Nothing but the entry point leaves the library.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),
    .executableTarget(
      name: "openblas-benchmark", dependencies: [kit, "OpenBLAS", "COpenBLAS"], path: "Sources/OpenBLASBenchmark",
      swiftSettings: settings),
    // The plain loops that kernels are compared with take minutes unless they are optimised, in debug builds too.
    .testTarget(
      name: "OpenBLASTests", dependencies: [kit, "OpenBLAS"], swiftSettings: settings + [.unsafeFlags(["-O"])]),
  ]
)
