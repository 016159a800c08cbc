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
    .library(name: "DMTTesting", targets: ["DMTTesting"]),
    .library(name: "DMTInterconnectTesting", targets: ["DMTInterconnectTesting"]),
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

    // The contract's structs and the core's values, each from the other; plugins and host share it.
    .target(name: "DMTBridge", dependencies: ["CDMTPlugin", "DMTCore"], swiftSettings: settings),

    // What a Swift plugin author imports.
    .target(
      name: "DMTPluginKit", dependencies: ["CDMTPlugin", "DMTCore", "DMTBridge"],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),

    // Finds, scans and loads plugins; the host's services; the registry.
    .target(name: "CDMTHostShims"),
    .target(
      name: "DMTPluginHost",
      dependencies: [
        "CDMTPlugin", "CDMTHostShims", "DMTCore", "DMTBridge",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),

    .target(
      name: "DMTManifest", dependencies: ["DMTCore", .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),
    .target(name: "DMTReference", dependencies: ["CDMTPlugin", "DMTCore"], swiftSettings: settings),
    .target(name: "DMTModules", dependencies: ["DMTCore"], swiftSettings: settings),
    // Types, cover and bytes of the dataflows of sharding strategies.
    .target(name: "DMTDataflow", dependencies: ["DMTCore"], swiftSettings: settings),
    .target(
      name: "DMTRuntime",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTPluginHost", "DMTManifest", "DMTReference", "DMTModules", "DMTCases",
      ], swiftSettings: settings),
    // A model on many ranks: executes dataflows over an interconnect, adds gradients up, updates what a rank holds.
    .target(
      name: "DMTDistributed", dependencies: ["CDMTPlugin", "DMTCore", "DMTDataflow", "DMTRuntime"],
      swiftSettings: settings),
    .target(
      name: "DMTData",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTManifest",
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),
    // Reads and writes tensor files: checkpoints and cases.
    .target(name: "DMTSafetensors", dependencies: ["DMTCore"], swiftSettings: settings),
    // Runs cases (Tests/Cases) and gradient checks on backends.
    .target(
      name: "DMTCases", dependencies: ["CDMTPlugin", "DMTCore", "DMTSafetensors"], swiftSettings: settings),
    .target(
      name: "DMTTraining",
      dependencies: [
        "CDMTPlugin", "CDMTHostShims", "DMTCore", "DMTDataflow", "DMTManifest", "DMTRuntime", "DMTDistributed",
        "DMTData",
        "DMTPluginHost", "DMTSafetensors", .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),
    // The choice of backends on one machine, and the proof that a swap of them changed nothing.
    .target(
      name: "DMTMachine",
      dependencies: [
        "CDMTPlugin", "CDMTHostShims", "DMTCore", "DMTPluginHost", "DMTManifest", "DMTRuntime", "DMTData",
        "DMTTraining",
      ], swiftSettings: settings),
    // What the tests of a plugin with modules import.
    .target(
      name: "DMTTesting", dependencies: ["DMTCore", "DMTCases", "DMTReference", "DMTRuntime"], swiftSettings: settings),
    // Writes SVG pictures.
    .target(name: "DMTPicture", swiftSettings: settings),
    // What the tests of an interconnect import: everything that an interconnect has to do.
    .target(
      name: "DMTInterconnectTesting",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTPluginHost", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),
    // What every plugin has to do, as tests that `dmt plugin check` runs, each in a process of its own.
    .target(
      name: "DMTConformance",
      dependencies: [
        "CDMTPlugin", "CDMTHostShims", "DMTCore", "DMTBridge", "DMTPluginHost", "DMTReference", "DMTDataflow",
        "DMTRuntime",
        "DMTCases", "DMTInterconnectTesting", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),
    // Deals features into towers: affinity, column splits, reports.
    .target(
      name: "DMTPartition",
      dependencies: ["DMTCore", "DMTPicture", "DMTManifest", "DMTRuntime", "DMTData", "DMTTraining"],
      swiftSettings: settings),
    // Compares manifests over many seeds: runs, statistics, reports.
    .target(
      name: "DMTComparison",
      dependencies: [
        "CDMTHostShims", "DMTCore", "DMTPicture", "DMTManifest", "DMTRuntime", "DMTData", "DMTTraining",
      ], swiftSettings: settings),
    // What `dmt plugin new` writes: the files of the folder Templates, embedded, and their placeholders.
    .target(name: "CDMTPluginTemplates"),
    .target(
      name: "DMTPluginTemplates", dependencies: ["CDMTPlugin", "CDMTPluginTemplates", "DMTCore"],
      swiftSettings: settings),
    .executableTarget(
      name: "dmt",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTPluginHost", "DMTPluginKit", "DMTManifest", "DMTReference", "DMTModules",
        "DMTRuntime", "DMTDataflow", "DMTDistributed", "DMTData", "DMTTraining", "DMTMachine", "DMTPartition",
        "DMTComparison", "DMTSafetensors", "DMTCases", "DMTPluginTemplates", "DMTConformance",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: settings),

    // What the tests of DMTPluginHost start for scanning.
    .executableTarget(
      name: "dmt-scan-fixture", dependencies: ["DMTPluginHost"], path: "Tests/Fixtures/Scanner", swiftSettings: settings
    ),
    .testTarget(
      name: "DMTPluginHostTests",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTBridge", "DMTPluginKit", "DMTPluginHost", "dmt-scan-fixture",
        .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: settings),
    // Takes the allocator's place in test programs, and counts.
    .target(name: "CDMTAllocationCounter", path: "Tests/CDMTAllocationCounter"),
    .testTarget(
      name: "DMTRuntimeTests",
      dependencies: [
        "CDMTPlugin", "CDMTAllocationCounter", "DMTCore", "DMTManifest", "DMTPluginHost", "DMTReference", "DMTRuntime",
        "DMTCases", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    // Drives the built command as its users do.
    .testTarget(name: "CommandTests", dependencies: ["dmt", "dmt-scan-fixture"], swiftSettings: settings),
    .testTarget(
      name: "DMTReferenceTests", dependencies: ["CDMTPlugin", "DMTCore", "DMTReference", "DMTCases"],
      swiftSettings: settings),
    .testTarget(
      name: "DMTCasesTests", dependencies: ["CDMTPlugin", "DMTCore", "DMTReference", "DMTCases", "DMTSafetensors"],
      swiftSettings: settings),
    .testTarget(name: "DMTCoreTests", dependencies: ["DMTCore"], swiftSettings: settings),
    // Compiles the strategies of the plugins too, by links in its folder.
    .testTarget(
      name: "DMTDataflowTests", dependencies: ["DMTCore", "DMTDataflow", "DMTPluginKit"], swiftSettings: settings),
    .testTarget(
      name: "DMTComparisonTests", dependencies: ["DMTComparison", "DMTCore", "DMTTraining"], swiftSettings: settings),
    .testTarget(
      name: "DMTPartitionTests",
      dependencies: ["DMTPartition", "DMTCore", "DMTData", "DMTManifest", "DMTRuntime", "DMTTraining"],
      swiftSettings: settings),
    .testTarget(
      name: "DMTDataTests",
      dependencies: ["DMTData", "DMTCore", "DMTManifest", .product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: settings),
    .testTarget(
      name: "DMTManifestTests", dependencies: ["DMTCore", "DMTManifest", "DMTModules"], swiftSettings: settings),
    .testTarget(
      name: "DMTSafetensorsTests", dependencies: ["DMTCore", "DMTSafetensors"], swiftSettings: settings),
    .testTarget(
      name: "DMTDistributedTests",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTDataflow", "DMTDistributed", "DMTManifest", "DMTRuntime", "DMTPluginKit",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DMTMachineTests",
      dependencies: [
        "CDMTPlugin", "DMTCore", "DMTManifest", "DMTPluginHost", "DMTRuntime", "DMTTraining", "DMTMachine",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DMTTrainingTests",
      dependencies: ["DMTCore", "DMTData", "DMTManifest", "DMTRuntime", "DMTSafetensors", "DMTTraining"],
      swiftSettings: settings),
  ]
)
