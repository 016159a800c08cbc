// swift-tools-version: 6.2
import PackageDescription

/// The SDK of an installed dmt; make says where it is.
let sdk = Context.environment["DMT_SDK"] ?? "/usr/local/share/dmt/sdk"

let package = Package(
  name: "@NAME@",
  products: [.library(name: "@NAME@", type: .dynamic, targets: ["@TYPE@Plugin"])],
  dependencies: [.package(name: "dmt", path: sdk)],
  targets: [
    .target(
      name: "@TYPE@Plugin", dependencies: [.product(name: "DMTPluginKit", package: "dmt")],
      // Nothing but the entry point leaves the library.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map"])])
  ]
)
