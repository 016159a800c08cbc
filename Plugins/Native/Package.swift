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

let contract: Target.Dependency = .product(name: "DMTPluginKit", package: "dmt")

/// One source folder, compiled once for each instruction set: `Sources/NativeV3` is a link to `Sources/Native`.
struct Variant {
  let level: Int
  let flags: [String]

  var kernels: Target {
    // Kernels run on sizes validated at the boundary, so their own overflow and bounds checks are left out. Tests reach
    // the kernels in the very build that ships, hence -enable-testing.
    .target(
      name: "NativeV\(level)", dependencies: [contract], path: "Sources/NativeV\(level)",
      swiftSettings: settings + [
        .define("DMT_ISA_V\(level)"),
        .unsafeFlags(["-Ounchecked", "-enable-testing"] + flags),
      ])
  }

  /// The exported function alone, so that one test executable can hold the kernels of all variants.
  var entry: Target {
    .target(
      name: "NativeEntryV\(level)", dependencies: [contract, .target(name: "NativeV\(level)")],
      path: "Sources/NativeEntryV\(level)", swiftSettings: settings + [.define("DMT_ISA_V\(level)")],
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"], .when(platforms: [.linux]))
      ])
  }

  var product: Product {
    .library(name: "dmt-native-v\(level)", type: .dynamic, targets: ["NativeEntryV\(level)"])
  }

  var tests: Target {
    .testTarget(
      name: "NativeV\(level)Tests", dependencies: [contract, "NativeTestHost", .target(name: "NativeV\(level)")],
      path: "Tests/NativeV\(level)Tests", swiftSettings: settings + [.define("DMT_ISA_V\(level)")])
  }

  var benchmark: Target {
    .executableTarget(
      name: "native-benchmark-v\(level)", dependencies: [contract, "NativeTestHost", .target(name: "NativeV\(level)")],
      path: "Sources/NativeBenchmarkV\(level)", swiftSettings: settings + [.define("DMT_ISA_V\(level)")])
  }
}

let variants = [
  Variant(level: 2, flags: ["-Xcc", "-march=x86-64-v2"]),
  Variant(level: 3, flags: ["-Xcc", "-march=x86-64-v3"]),
  Variant(level: 4, flags: ["-Xcc", "-march=x86-64-v4"]),
]

/// A small host with threads of its own, for tests and measurements.
let testHost = Target.target(name: "NativeTestHost", dependencies: [contract], swiftSettings: settings)

let package = Package(
  name: "Native",
  products: variants.map(\.product),
  dependencies: [.package(name: "dmt", path: "../..")],
  targets: [testHost] + variants.map(\.kernels) + variants.map(\.entry) + variants.map(\.tests) + variants.map(\.benchmark)
)
