import Foundation
import Testing

@Suite("Bad manifests and arguments")
struct BadManifestTests {
  @Test(
    "an unknown key is named with its place and the nearest right one, from every command",
    arguments: [
      ["check"], ["config"], ["explain"], ["train", "--out", "run"],
    ])
  func unknownKey(_ command: [String]) throws {
    let workspace = try Workspace()
    try workspace.writeManifest("bad.yaml", "batch: 64", "bacth: 64")
    let result = try Command.run(command + ["bad.yaml"], in: workspace)
    expectFailure(
      result, status: 78, place: "bad.yaml:17:3", says: ["unknown key 'bacth'", "did you mean 'batch'?"])
    #expect(!workspace.has("run"))
  }

  @Test("an override with an unknown path, and one with a wrong value, are named")
  func overrides() throws {
    let workspace = try Workspace()
    let path = try Command.run(["check", "m.yaml", "--set", "train.bacth=1"], in: workspace)
    expectFailure(path, status: 64, place: "--set train.bacth=1", says: ["did you mean 'train.batch'?"])
    let value = try Command.run(["check", "m.yaml", "--set", "train.batch=many"], in: workspace)
    #expect(value.status == 78 && value.errors.contains("whole number"), "\(value)")
    let malformed = try Command.run(["check", "m.yaml", "--set", "train.batch"], in: workspace)
    #expect(malformed.status == 64, "\(malformed)")
  }

  @Test("shapes that do not fit are an error that names both nodes and both shapes")
  func shapes() throws {
    let workspace = try Workspace()
    let overArch = "over_arch: {module: dcn, layers: 2, widths: [8]}"
    let towers = """
        towers:
          reader: {module: mlp, features: [user, tags], widths: [6]}
          thing: {module: mlp, features: [item], widths: [4]}

      """
    // The vectors are 4 wide, the bottom's result 5.
    try workspace.write(
      "bottom.yaml",
      Workspace.manifest.replacingOccurrences(of: overArch, with: "over_arch: {module: dlrm, bottom: [8, 5], top: [8]}")
        .replacingOccurrences(of: towers, with: ""))
    let bottom = try Command.run(["check", "bottom.yaml"], in: workspace)
    expectFailure(
      bottom, status: 78, place: "bottom.yaml:11:23: node over_arch: dlrm",
      says: ["'embeddings' [B, 3, 4]", "vectors of 5", "'dense' [B, 1]"])
    // A tower module where an over-arch has to stand.
    try workspace.writeManifest("end.yaml", overArch, "over_arch: {module: cross_net, layers: 1}")
    let end = try Command.run(["check", "end.yaml"], in: workspace)
    #expect(end.status == 78 && end.errors.contains("end.yaml:14:"), "\(end)")
    #expect(end.errors.contains("\n  fix: "), "\(end)")
  }

  @Test(
    "names that nobody knows are named with the nearest right one",
    arguments: [
      (["check", "m.yaml", "--set", "model.over_arch.module=dnc"], 78, "'dcn'"),
      (["check", "m.yaml", "--set", "model.over_arch.layesr=1"], 64, "layers"),
      (["check", "m.yaml", "--set", "train.optimizer=adm"], 78, "'adam'"),
      (["check", "m.yaml", "--set", "data.format=cvs"], 78, "'csv'"),
      (["eval", "run", "--split", "tset"], 64, "'test'"),
      (["explain", "m.yaml", "--backend", "refrence"], 66, "'reference'"),
      (["explain", "m.yaml", "--only", "refrence"], 66, "'reference'"),
      (["check", "m.yml"], 66, "m.yaml"),
    ])
  func nearest(_ arguments: [String], _ status: Int32, _ suggestion: String) throws {
    let result = try Command.run(arguments, in: Workspace())
    #expect(result.status == status && result.errors.contains(suggestion), "\(result)")
    #expect(result.errors.contains("\n  fix: "), "\(result)")
  }

  @Test("DMT_BACKEND with a backend that is not here is an error, not a wish")
  func environment() throws {
    let result = try Command.run(["explain", "m.yaml"], in: Workspace(), environment: ["DMT_BACKEND": "refrence"])
    #expect(result.status == 66 && result.errors.contains("DMT_BACKEND"), "\(result)")
    #expect(result.errors.contains("did you mean 'reference'?"), "\(result)")
  }

  @Test(
    "a folder that holds no run is named",
    arguments: [
      ["eval", "none"], ["predict", "none", "--input", "rows.csv"], ["train", "--resume", "none"],
    ])
  func noRun(_ arguments: [String]) throws {
    let workspace = try Workspace()
    expectFailure(
      try Command.run(arguments, in: workspace), status: 66, place: "none",
      says: ["not a run folder", "dmt train --out"])
    #expect(!workspace.has("none"))
  }
}
