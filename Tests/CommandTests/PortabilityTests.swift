import Foundation
import Testing

/// One manifest and one checkpoint on machines with different libraries.
@Suite(
  "Portability",
  .enabled(
    if: KernelPlugins.areBuilt("OneDNN", "OpenBLAS"), "bin/plugins has no OneDNN and no OpenBLAS: run make first"))
struct PortabilityTests {
  /// What the machines of the issue have: oneDNN, OpenBLAS alone, neither.
  private static let machines: [[String]] = [["OneDNN"], ["OpenBLAS"], []]

  /// A folder with these plugins alone, as DMT_PLUGIN_PATH.
  private func machine(_ plugins: [String], in workspace: Workspace) throws -> [String: String] {
    let folder = workspace.path + "/machine-" + plugins.joined(separator: "-")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for plugin in plugins where !FileManager.default.fileExists(atPath: "\(folder)/\(plugin)") {
      try FileManager.default.copyItem(atPath: "\(KernelPlugins.folder)/\(plugin)", toPath: "\(folder)/\(plugin)")
    }
    return ["DMT_PLUGIN_PATH": folder]
  }

  @Test("a run moves between a machine with oneDNN, one with OpenBLAS and one with neither")
  func moves() throws {
    let workspace = try Workspace()
    func logloss(_ run: String, _ plugins: [String]) throws -> Double {
      let result = try freely(["eval", run, "--json"], in: workspace, try machine(plugins, in: workspace))
      return try #require(try result.json()["logloss"] as? Double, "\(result)")
    }
    let alone = try freely(["train", "m.yaml", "--out", "alone"], in: workspace, try machine([], in: workspace))
    #expect(alone.status == 0, "\(alone)")
    let expected = try logloss("alone", [])
    for (index, first) in Self.machines.enumerated() {
      let second = Self.machines[(index + 1) % 3]
      let run = "run-\(index)"
      let begun = try freely(
        ["train", "m.yaml", "--out", run, "--max-steps", "6"], in: workspace, try machine(first, in: workspace))
      #expect(begun.status == 0, "\(begun)")
      for name in first { #expect(begun.output.contains("\n  \(name.lowercased()): "), "\(begun)") }
      let resumed = try freely(["train", "--resume", run], in: workspace, try machine(second, in: workspace))
      #expect(resumed.status == 0, "\(resumed)")
      for name in second { #expect(resumed.output.contains("\n  \(name.lowercased()): "), "\(resumed)") }
      // Evaluated on all of them: the same weights, and those of a run that never moved.
      for machine in Self.machines {
        #expect(abs(try logloss(run, machine) - expected) < 1e-4, "\(first) then \(second), on \(machine)")
      }
    }
  }

  @Test("DMT_ISA_MAX caps what oneDNN, OpenBLAS and the native kernels use")
  func cap() throws {
    let workspace = try Workspace()
    let all = ["DMT_PLUGIN_PATH": KernelPlugins.folder]
    for (cap, level, core) in [("avx2", "x86-64-v3", "Haswell"), ("sse4.2", "x86-64-v2", "Nehalem")] {
      let result = try freely(
        ["plugin", "list", "--json"], in: workspace, all.merging(["DMT_ISA_MAX": cap]) { $1 })
      let plugins = try #require(try result.json()["plugins"] as? [[String: Any]], "\(result)")
      func component(_ id: String) -> [String: Any]? {
        (plugins.first { $0["id"] as? String == id }?["components"] as? [[String: Any]])?.first
      }
      let openblas = try #require(component("dmt.openblas"))
      let library = try #require(openblas["library"] as? String)
      // An OpenBLAS that was built for one CPU alone has no other kernels: then it is left out, with the reason.
      #expect(library.contains(core) || openblas["score"] as? Int == 0, "\(cap): \(openblas)")
      let onednn = try #require(component("dmt.onednn")?["reason"] as? String)
      #expect(!onednn.contains("AVX-512") && (cap == "avx2") == onednn.contains("compiles AVX2"), "\(cap): \(onednn)")
      if let native = plugins.first(where: { $0["id"] as? String == "dmt.native" }) {
        let target = (native["descriptor"] as? [String: Any])?["target"] as? String
        #expect(target?.contains(level) == true, "\(cap): \(native)")
      }
      let trained = try freely(
        ["train", "m.yaml", "--out", "run-\(cap)", "--max-steps", "2"], in: workspace,
        all.merging(["DMT_ISA_MAX": cap]) { $1 })
      #expect(trained.status == 0, "\(trained)")
    }
  }
}

@Suite("Caps")
struct CapTests {
  @Test("a cap that names no instruction set is refused with the choices")
  func unknown() throws {
    let result = try Command.run(["check", "m.yaml"], in: Workspace(), environment: ["DMT_ISA_MAX": "avx3"])
    #expect(result.status == 64, "\(result)")
    for text in ["DMT_ISA_MAX is 'avx3'", "sse4.2, avx2, avx512, x86-64-v1"] {
      #expect(result.errors.contains(text), "\(result)")
    }
  }
}
