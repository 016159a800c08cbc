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
let trials: Target.Dependency = .product(name: "DMTInterconnectTesting", package: "dmt")

let package = Package(
  name: "InterconnectMPI",
  products: [.library(name: "dmt-interconnect-mpi", type: .dynamic, targets: ["InterconnectMPI"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    // Found by its header and library alone, so that no pkg-config is needed to build.
    .systemLibrary(name: "CMPI", path: "Sources/CMPI", providers: [.apt(["libopenmpi-dev"])]),
    .target(
      name: "InterconnectMPI", dependencies: [kit, "CMPI"], swiftSettings: settings,
      // Nothing but the entry point leaves the library.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),
    // Every rank of a world runs it; the tests start it under mpirun.
    .executableTarget(
      name: "mpi-conformance", dependencies: [kit, trials, "InterconnectMPI"], path: "Sources/MPIConformance",
      swiftSettings: settings),
    .testTarget(
      name: "InterconnectMPITests", dependencies: [kit, trials, "InterconnectMPI", "mpi-conformance"],
      swiftSettings: settings),
  ]
)
