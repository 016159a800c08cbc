import DMTCore
import DMTManifest
import Testing

@Suite("Overrides change one value and are held to the same rules")
struct OverrideTests {
  @Test("A value is replaced")
  func replaces() throws {
    let manifest = try load(small, set: ["train.batch=1024", "model.towers.item.out=32", "name=other"]).manifest
    #expect(manifest.train.batch == 1024)
    #expect(manifest.model.towers[1].module.attributes["out"] == .int(32))
    #expect(manifest.model.towers[0].module.attributes["out"] == .int(8))
    #expect(manifest.name == "other")
  }

  @Test("A short form on the way is written out")
  func shortForm() throws {
    let manifest = try load(small, set: ["features.user.pooling=mean", "train.schedule.kind=linear"]).manifest
    #expect(manifest.features[0].pooling == .mean)
    #expect(manifest.features[0].column == "user_id")
    #expect(manifest.train.schedule == .linear(final: 0))
  }

  @Test("The later of two overrides of one value holds")
  func order() throws {
    #expect(try load(small, set: ["train.batch=1", "train.batch=2"]).manifest.train.batch == 2)
  }

  @Test("A value may be a list or a mapping, and null switches a setting off")
  func structured() throws {
    let manifest = try load(
      small,
      set: [
        "model.over_arch={module: dlrm, top: [8, 4], dim: 8}", "train.clip_norm=10", "train.clip_norm=",
        "backends=[reference]",
      ]
    ).manifest
    #expect(manifest.model.overArch.module == "dlrm")
    #expect(manifest.model.overArch.attributes["top"] == .ints([8, 4]))
    #expect(manifest.train.clipNorm == nil)
    #expect(manifest.backends == ["reference"])
  }

  @Test("A position of a list that has its default can be set")
  func listPosition() throws {
    #expect(
      try load(small, set: ["backends.2=reference", "backends.3=native"]).manifest.backends
        == ["onednn", "openblas", "reference", "native"])
    #expect(
      try load(small, set: ["model.over_arch.widths.2=16"]).manifest.model.overArch.attributes["widths"]
        == .ints([64, 32, 16]))
  }

  @Test("A pin's name may hold dots")
  func pins() throws {
    #expect(
      try load(small, set: ["model.pins.over_arch.*=native"]).manifest.model.pins == ["over_arch.*": "native"])
  }

  @Test("An override wins over a key that excludes it")
  func exclusive() throws {
    let manifest = try load(small, set: ["data.label.one_of=[5]", "features.book.hash=100"]).manifest
    #expect(manifest.data.labelRule == .oneOf(["5"]))
    #expect(manifest.features[1].encoding == .hash(rows: 100))
  }

  @Test("Strided towers can be counted anew, or one of them changed")
  func strided() throws {
    let towers =
      "reader: { features: [user], module: tower.dcn, out: 8 }\n"
      + "    item: { features: [book, year], module: tower.dcn, out: 8 }"
    let text = try changed(towers, "count: 2\n    module: tower.dcn\n    out: 8")
    #expect(try load(text, set: ["model.towers.count=3"]).manifest.model.towers.count == 3)
    let one = try load(text, set: ["model.towers.tower1.out=4"]).manifest.model.towers
    #expect(one.map { $0.module.attributes["out"] } == [.int(8), .int(4)])
    let all = try load(text, set: ["model.towers.out=4"]).manifest.model.towers
    #expect(all.map { $0.module.attributes["out"] } == [.int(4), .int(4)])
  }

  @Test(
    "A path that no manifest has is told with the nearest key",
    arguments: [
      ("train.bacth=1", "--set train.bacth=1 there is no 'train.bacth' in this manifest | did you mean 'train.batch'?"),
      (
        "features.usr.pooling=mean",
        "--set features.usr.pooling=mean there is no 'features.usr' in this manifest | did you mean 'features.user'?"
      ),
      ("tarin.batch=1", "--set tarin.batch=1 there is no 'tarin' in this manifest | did you mean 'train'?"),
      (
        "model.towers.itme.out=1",
        "--set model.towers.itme.out=1 there is no 'model.towers.itme' in this manifest"
          + " | did you mean 'model.towers.item'?"
      ),
      (
        "model.over_arch.layesr=1",
        "--set model.over_arch.layesr=1 there is no 'model.over_arch.layesr' in this manifest"
          + " | did you mean 'model.over_arch.layers'?"
      ),
      (
        "train.batch.size=1",
        "--set train.batch.size=1 'train.batch' is a single value and has nothing below it | end the path there"
      ),
      (
        "backends.9=native",
        "--set backends.9=native 'backends.9' is not a position of a list of 4 elements | use 0 to 4; 4 appends"
      ),
      (
        "backends.first=native",
        "--set backends.first=native 'backends.first' is not a position of a list of 4 elements"
          + " | use 0 to 4; 4 appends"
      ),
    ])
  func unknownPath(override: String, complaint: String) {
    let found = errors(small, set: [override])
    #expect(found.map(told) == [complaint])
    #expect(found.map(\.code) == [.invalidArgument])
  }

  @Test("A bad value is told with the override in place of a line")
  func badValue() {
    #expect(
      complaints(small, set: ["train.batch=lots"])
        == ["--set train.batch=lots train.batch is the text 'lots', expected a whole number"])
    #expect(
      complaints(small, set: ["model.over_arch.module=dlrn"])
        == ["--set model.over_arch.module=dlrn unknown module 'dlrn' in model.over_arch | did you mean 'dlrm'?"])
    #expect(
      complaints(small, set: ["name=[a"]).first?.hasPrefix("--set name=[a not YAML: ") == true)
  }

  @Test("A text without a path is refused", arguments: ["train.batch", "", "=3"])
  func malformed(override: String) {
    let found = errors(small, set: [override])
    #expect(found.map(\.code) == [.invalidArgument])
    #expect(found.first?.message == "override '\(override)' has no path, expected path=value")
  }

  @Test("Odd paths are errors", arguments: [".=1", "train.=1", "train..batch=1", "features=1", "data.join.0=1"])
  func oddPaths(override: String) {
    #expect(errors(small, set: [override]).isEmpty == false)
  }
}
