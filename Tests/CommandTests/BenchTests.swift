import Foundation
import Testing

@Suite("Benches")
struct BenchTests {
  @Test("bench abi tells what a call adds, and of a manifest's step how many calls there are and their share")
  func abi() throws {
    let workspace = try Workspace()
    let library = try PluginTests.build("trapping", as: "plain", ["WHERE=0"], in: workspace)
    let result = try Command.run(
      [
        "bench", "abi", "m.yaml", "--rounds", "2", "--calls", "50", "--further", "3", "--threads", "1", "--json",
        "--backend", "trapping", "--plugin", library,
      ], in: workspace)
    #expect(result.status == 0, "\(result)")
    let json = try result.json()
    let call = try #require(json["call"] as? [String: Any])
    for figure in ["direct_ns", "added_by_contract_ns", "added_by_contract_and_kit_ns"] {
      let spread = try #require(call[figure] as? [String: Double])
      let (least, median, most) = (spread["least"], spread["median"], spread["most"])
      #expect(try #require(least) <= #require(median) && #require(median) <= #require(most), "\(figure): \(spread)")
    }
    let step = try #require(json["step"] as? [String: Any])
    // Four linear nodes, forward and backward.
    #expect(step["calls"] as? Int == 8 && step["threads"] as? Int == 1 && step["batch"] as? Int == 64, "\(step)")
    #expect(step["counted_share"] is Double && step["measured_share"] is [String: Double])
  }

  @Test("bench abi without a manifest needs none, and prints a table")
  func table() throws {
    let result = try Command.run(["bench", "abi", "--rounds", "1", "--calls", "10"], in: Workspace())
    #expect(result.status == 0 && result.output.contains("added by the contract and the kit"), "\(result)")
    #expect(try Command.run(["bench", "abi", "--rounds", "0"], in: Workspace()).status == 64)
  }
}
