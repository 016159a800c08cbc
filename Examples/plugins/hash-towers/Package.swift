// swift-tools-version: 6.2
import PackageDescription

/// The SDK of an installed dmt; make says where it is.
let sdk = Context.environment["DMT_SDK"] ?? "/usr/local/share/dmt/sdk"

let package = Package(
  name: "hash-towers",
  products: [.library(name: "hash-towers", type: .dynamic, targets: ["HashTowersPlugin"])],
  dependencies: [.package(name: "dmt", path: sdk)],
  targets: [
    .target(
      name: "HashTowersPlugin", dependencies: [.product(name: "DMTPluginKit", package: "dmt")],
      // Nothing but the entry point leaves the library.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"])])
  ]
)
