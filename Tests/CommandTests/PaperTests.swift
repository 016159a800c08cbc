import Foundation
import Testing

/// The plugins that the paper's models are made with.
private enum TowerPlugins {
  /// `DMT_TEST_PLUGINS`, else bin/plugins of this package.
  static let folder =
    ProcessInfo.processInfo.environment["DMT_TEST_PLUGINS"].flatMap { $0.isEmpty ? nil : $0 }
    ?? Command.repository + "/bin/plugins"
  static let areBuilt = ["TowerLinear", "TowerDCN"].allSatisfy {
    FileManager.default.fileExists(atPath: "\(folder)/\($0)/plugin.json")
  }
}

/// The published costs of DMT (arXiv 2403.00877, tables 4 and 5), from nothing but the expanded graphs.
@Suite("The paper's figures")
struct PaperTests {
  /// A manifest under Examples/criteo-terabyte and the published MFLOPs a sample, forward and backward.
  struct Row: Sendable, CustomTestStringConvertible {
    var manifest: String
    var mflops: Double
    var testDescription: String { manifest }
  }

  static let rows = [
    Row(manifest: "dlrm", mflops: 14.74), Row(manifest: "dmt-2t-dlrm", mflops: 8.95),
    Row(manifest: "dmt-4t-dlrm", mflops: 8.95), Row(manifest: "dmt-8t-dlrm", mflops: 8.95),
    Row(manifest: "dmt-16t-dlrm", mflops: 8.75), Row(manifest: "dmt-26t-dlrm", mflops: 8.95),
    Row(manifest: "dmt-8t-dlrm-cr2", mflops: 8.95), Row(manifest: "dmt-8t-dlrm-cr4", mflops: 7.93),
    Row(manifest: "dmt-8t-dlrm-cr8", mflops: 7.41), Row(manifest: "dmt-8t-dlrm-cr16", mflops: 7.16),
    Row(manifest: "dcn", mflops: 96.22), Row(manifest: "dmt-2t-dcn", mflops: 43.71),
    Row(manifest: "dmt-4t-dcn", mflops: 50.01), Row(manifest: "dmt-8t-dcn", mflops: 62.60),
    Row(manifest: "dmt-16t-dcn", mflops: 87.19), Row(manifest: "dmt-26t-dcn", mflops: 96.22),
  ]

  @Test(
    "explain reproduces the FLOPs within 0.1 % and 22.78 G parameters",
    .enabled(if: TowerPlugins.areBuilt, "the tower plugins have not been built: make"), arguments: rows)
  func cost(_ row: Row) throws {
    let manifest = "\(Command.repository)/Examples/criteo-terabyte/\(row.manifest).yaml"
    let result = try Command.run(
      ["explain", manifest, "--json"], in: Workspace(), environment: ["DMT_PLUGIN_PATH": TowerPlugins.folder])
    let explanation = try result.json()
    let mflops = try #require(explanation["mflops_per_sample"] as? Double, "\(result)")
    #expect(abs(mflops / row.mflops - 1) < 0.001, "\(mflops)")
    let parameters = try #require(explanation["parameters"] as? Double)
    #expect(abs(parameters / 22.78e9 - 1) < 0.002, "\(parameters)")
  }
}
