import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("The effective manifest says every value and where it is from")
struct EffectiveTests {
  @Test("Each value is followed by its origin")
  func origins() throws {
    let lines = try load(small, set: ["train.batch=1024"]).effectiveYAML(withOrigins: true)
      .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    func origin(of value: String) -> String? {
      lines.first { $0 == value || $0.hasPrefix(value + " ") }?.components(separatedBy: "# ").last
    }
    #expect(origin(of: "dmt: 1") == "m.yaml:1:6")
    #expect(origin(of: "batch: 1024") == "--set")
    #expect(origin(of: "epochs: 3") == "m.yaml:18:11")
    #expect(origin(of: "seed: 1") == "default")
    #expect(origin(of: "column: user_id") == "m.yaml:8:9")
    #expect(origin(of: "widths: [64, 32]") == "m.yaml:16:48")
    #expect(origin(of: "backends: [onednn, openblas, native, reference]") == "default")
    #expect(origin(of: "clip_norm: null") == "default")
    #expect(origin(of: "deviation: 0.01") == "default")
  }

  @Test("Without origins there are no comments")
  func plain() throws {
    #expect(try load(small).effectiveYAML().contains("#") == false)
  }

  @Test("Loading it again gives the same manifest", arguments: exampleManifests)
  func roundTripOfExamples(path: String) throws {
    let first = try ManifestLoader.load(path: path, catalog: catalog)
    for withOrigins in [false, true] {
      let text = first.effectiveYAML(withOrigins: withOrigins)
      let second = try ManifestLoader.load(text: text, path: path, catalog: catalog)
      #expect(second.manifest.withoutPlaces == first.manifest.withoutPlaces)
      #expect(second.effectiveYAML() == first.effectiveYAML())
    }
  }

  @Test("Loading it again gives the same manifest with every section and odd texts")
  func roundTripOfEverything() throws {
    let text = #"""
      dmt: 1
      name: "a \"name\": with # odd \\ signs, é \u2028 and \t tabs"
      data:
        format: csv
        path: "my data.csv"
        columns: [a, "b: c", "no", "4", "", "#x", y]
        delimiter: "\t"
        missing: [NULL, ~, "?", 1.50, -]
        join: [{ path: j.csv, key: a, on: "on" }]
        label: { column: y, one_of: [1, yes] }
        split: { column: a, train: [0, 1], valid: 2, test: x }
        max_bad_rows: 3
        cache: /tmp/cache
      features:
        f: { column: "b: c", separator: "|", pooling: mean, dim: 4 }
        g: { column: a, bands: [{ from: 0, width: 10 }, { from: 1.0e+2, width: 1e3 }] }
        h: { column: a, quantiles: { bins: 5, zero_apart: true }, table: t }
        i: { column: a, hash: 7 }
        j: { column: a, index: 9 }
      dense: { d: { column: "4", transform: [log1p, standardise], missing: -1 } }
      model:
        dim: 4
        table_init: { uniform: { low: -0.5, high: .5 } }
        over_arch: { module: dcn, form: stacked, layers: 1, widths: 4, dropout: 0.25 }
        dtype: float64
        pins: { "over_arch.*": native }
      train:
        optimizer: { name: sgd, lr: 1e-3, momentum: 0.9, nesterov: True }
        tables: { name: lazy_adam, beta1: 0.5 }
        schedule: { kind: plateau, factor: 0.5, patience: 3, warmup: 10 }
        early_stopping: { metric: logloss, patience: 1 }
        clip_norm: 10
        evaluate_every: 100
        checkpoint_every: 1000
        shuffle: false
        threads: 2
      backends: [native, reference]
      plugins: [dmt.native, ./x.so]
      """#
    let text2 = text.replacingOccurrences(of: #""4", "", "#, with: #""4", "#)
    let first = try load(text2)
    let second = try load(first.effectiveYAML(withOrigins: true))
    #expect(second.manifest.withoutPlaces == first.manifest.withoutPlaces)
    #expect(first.manifest.name == "a \"name\": with # odd \\ signs, é \u{2028} and \t tabs")
    #expect(first.manifest.data.missing == ["NULL", "~", "?", "1.50", "-"])
    #expect(first.manifest.data.split == .column("a", train: ["0", "1"], valid: ["2"], test: ["x"]))
    #expect(first.manifest.data.labelRule == .oneOf(["1", "yes"]))
    #expect(
      first.manifest.features[1].transform == .bands([.init(from: 100, width: 1000), .init(from: 0, width: 10)]))
    #expect(first.manifest.features[2].transform == .quantiles(5, zeroApart: true))
    #expect(first.manifest.features[2].table == "t")
    #expect(first.manifest.dense[0].transform == [.log1p, .standardise])
    #expect(first.manifest.model.tableInitializer == .uniform(low: -0.5, high: 0.5))
    #expect(first.manifest.model.dtype == .float64)
    #expect(first.manifest.model.overArch.attributes["widths"] == .ints([4]))
    #expect(
      first.manifest.train.optimizer.attributes
        == ["momentum": .double(0.9), "nesterov": .bool(true), "weight_decay": .double(0)])
    #expect(first.manifest.train.tableOptimizer.learningRate == 0.001)
    #expect(first.manifest.train.schedule == .plateau(factor: 0.5, patience: 3))
    #expect(first.manifest.train.warmupSteps == 10)
    #expect(first.manifest.train.earlyStopping == .init(metric: "logloss", patience: 1))
    #expect(first.manifest.plugins == ["dmt.native", "./x.so"])
  }

  @Test("The defaults of a manifest are the defaults of the typed manifest")
  func defaults() throws {
    let text = """
      dmt: 1
      data: { format: csv, path: x.csv }
      features: { a: a }
      model: { dim: 4, over_arch: { module: dcn, layers: 1, widths: [4] } }
      """
    let manifest = try load(text).manifest.withoutPlaces
    var expected = Manifest(
      name: "m", path: "m.yaml", data: DataSection(format: .csv, path: "x.csv"),
      features: [FeatureSpec(name: "a", column: "a")],
      model: ModelSection(
        dim: 4,
        overArch: ModuleSpec(
          module: "dcn",
          attributes: [
            "layers": .int(1), "rank": .int(0), "form": .string("stacked"), "widths": .ints([4]), "dropout": .double(0),
            "experts": .int(0), "bottom": .ints([]),
          ])))
    // The typed defaults name no attributes; the manifest has those of the schema.
    expected.train.optimizer.attributes = manifest.train.optimizer.attributes
    expected.train.tableOptimizer.attributes = manifest.train.tableOptimizer.attributes
    #expect(manifest == expected)
    #expect(manifest.train.optimizer.attributes["eps"] == .double(1e-8))
    #expect(manifest.train.tableOptimizer.attributes == ["eps": .double(1e-8), "weight_decay": .double(0)])
    let synthetic = try load(
      "dmt: 1\ndata: { format: synthetic }\nfeatures: { f0: f0 }\n"
        + "model: { dim: 4, over_arch: { module: dcn, layers: 1, widths: [4] } }")
    #expect(synthetic.manifest.data.synthetic == SyntheticSpec())
  }

  @Test("Absolute paths let the text be stored elsewhere")
  func absolutePaths() throws {
    let text = try changed(
      "  path: data/ratings.csv", "  path: data/ratings.csv\n  join: [{ path: b.csv, key: a, on: id }]")
    let loaded = try ManifestLoader.load(text: text, path: "/models/m.yaml", catalog: catalog)
    let stored = loaded.effectiveYAML(absolutePaths: true)
    let again = try ManifestLoader.load(text: stored, path: "/runs/1/manifest.yaml", catalog: catalog)
    #expect(again.manifest.resolved(again.manifest.data.path) == "/models/data/ratings.csv")
    #expect(again.manifest.data.joins.map(\.path) == ["/models/b.csv"])
    #expect(loaded.manifest.data.path == "data/ratings.csv")
    #expect(loaded.manifest.resolved("data/ratings.csv") == "/models/data/ratings.csv")
    #expect(try load(small).manifest.resolved("x.csv") == "x.csv")
  }

  @Test("Every example manifest is right")
  func examplesLoad() throws {
    #expect(exampleManifests.count >= 18)
    for path in exampleManifests {
      let manifest = try ManifestLoader.load(path: path, catalog: catalog).manifest
      let file = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      // `dmt-dcn-4t` and `dmt-16t-dlrm` say how many towers they have; a model that is no DMT has none.
      let stated = file.split(separator: "-").compactMap { $0.hasSuffix("t") ? Int($0.dropLast()) : nil }.first
      let count = manifest.model.towers.count
      if let stated { #expect(count == stated, "\(path)") }
      #expect(file.hasPrefix("dmt-") ? count >= 2 : count == 0, "\(path)")
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().lastPathComponent
      #expect(manifest.name == "\(folder)-\(file)")
    }
  }
}
