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
  name: "InterconnectMPI",
  products: [.library(name: "dmt-interconnect-mpi", type: .dynamic, targets: ["InterconnectMPI"])],
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [
    // MPI's macros and handles as plain functions.
    .target(name: "CMPI", linkerSettings: [.linkedLibrary("mpi")]),
    .target(
      name: "InterconnectMPI", dependencies: ["CMPI", .product(name: "DMTPluginKit", package: "dmt")],
      swiftSettings: settings,
      // Nothing but the entry point leaves the library.
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ]),
    // One rank of the trials that every interconnect has to pass; mpirun starts it.
    .executableTarget(
      name: "mpi-conformance",
      dependencies: [
        "InterconnectMPI", .product(name: "DMTPluginKit", package: "dmt"),
        .product(name: "DMTInterconnectTesting", package: "dmt"),
      ], path: "Sources/MPIConformance", swiftSettings: settings),
    .testTarget(
      name: "InterconnectMPITests",
      dependencies: ["mpi-conformance", "InterconnectMPI", .product(name: "DMTPluginKit", package: "dmt")],
      swiftSettings: settings),
  ]
)
