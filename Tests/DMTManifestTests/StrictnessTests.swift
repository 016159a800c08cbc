import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("Every mistake is told with its line, its column and a remedy")
struct StrictnessTests {
  @Test("The manifest that the tests change is right")
  func smallIsRight() throws {
    let manifest = try load(small).manifest
    #expect(manifest.features.map(\.name) == ["user", "book", "year"])
    #expect(manifest.model.towers.map(\.features) == [["user"], ["book", "year"]])
  }

  @Test("An unknown key is told with the nearest right spelling")
  func unknownKey() throws {
    #expect(
      complaints(try changed("batch: 4096", "bacth: 4096"))
        == ["19:3 unknown key 'bacth' in train | did you mean 'batch'?"])
    #expect(
      complaints(try changed("name: small", "naem: small"))
        == ["2:1 unknown key 'naem' in the manifest | did you mean 'name'?"])
  }

  @Test("An unknown attribute names the module that lacks it")
  func unknownAttribute() throws {
    #expect(
      complaints(try changed("tower.dcn, out: 8 }\n    item", "tower.dcn, out: 8, layrs: 2 }\n    item")) == [
        "14:60 unknown key 'layrs' in model.towers.reader (module tower.dcn) | did you mean 'layers'?"
      ])
  }

  @Test("A wrong type says what was found and what was expected")
  func wrongType() throws {
    #expect(
      complaints(try changed("batch: 4096", "batch: many"))
        == ["19:10 train.batch is the text 'many', expected a whole number"])
    #expect(
      complaints(try changed("batch: 4096", "batch: 1.5"))
        == ["19:10 train.batch is the number 1.5, expected a whole number"])
    #expect(
      complaints(try changed("batch: 4096", "batch: [1]")) == ["19:10 train.batch is a list, expected a whole number"])
    #expect(
      complaints(try changed("batch: 4096", "batch: \"4096\""))
        == ["19:10 train.batch is the text '4096', expected a whole number"])
    #expect(
      complaints(try changed("name: small", "name: 3"))
        == ["2:7 name is the number 3, expected a text | put it in quotes"])
    #expect(
      complaints(try changed("widths: [64, 32]", "widths: [64, wide]"))
        == ["16:53 model.over_arch.widths.1 is the text 'wide', expected a whole number"])
    #expect(
      complaints(try changed("user: user_id", "user: [user_id]"))
        == ["8:9 features.user is a list, expected a mapping, or a text (column)"])
  }

  @Test("A key without a value is an error where a value is needed")
  func emptyValue() throws {
    #expect(
      complaints(try changed("epochs: 3", "epochs:")).first
        == "18:10 train.epochs is empty, expected a whole number | give it a value or remove the key")
  }

  @Test(
    "A number out of range names the range",
    arguments: [
      ("epochs: 3", "epochs: 0", "18:11 train.epochs is 0, expected 1 to 1000000"),
      ("dim: 16", "dim: -2", "12:8 model.dim is -2, expected 1 to 65536"),
      ("lr: 0.01", "lr: -1", "20:32 train.optimizer.lr is -1, expected at least 0"),
      ("lr: 0.01", "lr: .nan", "20:32 train.optimizer.lr is .nan, expected a finite number"),
      ("lr: 0.01", "lr: 1e999", "20:32 train.optimizer.lr is 1e999, expected a finite number"),
      (
        "batch: 4096", "batch: 99999999999999999999",
        "19:10 train.batch is 99999999999999999999, expected 1 to 1073741824"
      ),
      ("layers: 3", "layers: -1", "16:37 model.over_arch.layers is -1, expected at least 0"),
      ("batch: 4096", "batch: 8\n  clip_norm: 0", "20:14 train.clip_norm is 0, expected more than 0"),
    ])
  func outOfRange(old: String, new: String, complaint: String) throws {
    #expect(complaints(try changed(old, new)) == [complaint])
  }

  @Test("A missing key is told at the mapping that lacks it")
  func missingKey() throws {
    #expect(
      complaints(try changed("  path: data/ratings.csv\n", "")) == [
        "3:1 data.path is missing, expected a text: The main file, or the training file; relative to the manifest."
      ])
    #expect(
      complaints(try changed("tower.dcn, out: 8 }\n  over", "tower.dcn }\n  over")) == [
        "15:5 model.towers.item.out is missing, expected a whole number: Width of the tower's result."
      ])
    #expect(
      complaints(try changed("dmt: 1\n", "")).first
        == "1:1 dmt is missing, expected a whole number: The manifest format; this build reads 1.")
  }

  @Test("A manifest of another format is refused")
  func version() throws {
    #expect(complaints(try changed("dmt: 1", "dmt: 2")) == ["1:6 dmt is 2, expected 1"])
  }

  @Test(
    "An unknown name is told with the nearest known one",
    arguments: [
      (
        "item: { features: [book, year], module: tower.dcn", "item: { features: [book, year], module: tower.dnc",
        "15:45 unknown module 'tower.dnc' in model.towers.item | did you mean 'tower.dcn'?"
      ),
      (
        "module: dcn", "module: dlrn", "16:24 unknown module 'dlrn' in model.over_arch | did you mean 'dlrm'?"
      ),
      (
        "name: adam", "name: adma", "20:22 unknown optimizer 'adma' in train.optimizer | did you mean 'adam'?"
      ),
      (
        "name: adam", "name: lazy_adam",
        "20:22 unknown optimizer 'lazy_adam' in train.optimizer | use one of: adagrad, adam, adamw, sgd"
      ),
      ("format: csv", "format: cvs", "4:11 unknown format 'cvs' in data | did you mean 'csv'?"),
      (
        "batch: 4096", "batch: 4096\n  early_stopping: { metric: acu }",
        "20:29 train.early_stopping.metric: unknown metric 'acu', expected one of auc, logloss, ne"
          + " | did you mean 'auc'?"
      ),
      (
        "name: small", "name: small\nbackends: [natvie]",
        "3:12 backends.0: unknown backend 'natvie', expected one of onednn, openblas, native, reference"
          + " | did you mean 'native'?"
      ),
      (
        "name: small", "name: small\nplugins: [dmt.tower_dcn]",
        "3:11 unknown plugin 'dmt.tower_dcn' | did you mean 'dmt.tower-dcn'? "
          + "`dmt plugin list --why` shows what was found, and why a plugin was not taken"
      ),
      (
        "dim: 16", "dim: 16\n  pins: { over_arch: blas }",
        "13:22 model.pins.over_arch: unknown backend 'blas', expected one of onednn, openblas, native, reference"
      ),
    ])
  func unknownName(old: String, new: String, complaint: String) throws {
    #expect(complaints(try changed(old, new)) == [complaint])
  }

  @Test("A tower module cannot be the over-arch")
  func roles() throws {
    let found = complaints(try changed("module: dcn, layers: 3, widths: [64, 32]", "module: tower.dcn, out: 1"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("16:24 unknown module 'tower.dcn' in model.over_arch") == true)
  }

  @Test("Several independent mistakes are told together")
  func several() throws {
    let text = try changed("batch: 4096", "bacth: 4096").replacingOccurrences(of: "dim: 16", with: "dim: wide")
      .replacingOccurrences(of: "format: csv", with: "format: csv\n  trim: 7")
    #expect(
      complaints(text) == [
        "5:9 data.trim is the number 7, expected true or false",
        "13:8 model.dim is the text 'wide', expected a whole number",
        "20:3 unknown key 'bacth' in train | did you mean 'batch'?",
      ])
    do {
      _ = try load(text)
      Issue.record("the manifest was accepted")
    } catch let error as DMTError {
      #expect(error.code == .invalidManifest)
      #expect(error.message == "3 errors in the manifest")
      #expect(error.place.file == "m.yaml")
    }
  }

  @Test("An unusable name of a feature is refused, because it becomes a part of parameter names")
  func plainNames() throws {
    #expect(
      complaints(try changed("user: user_id", "user id: user_id")).first
        == "8:3 feature name 'user id' in features, expected letters, digits, '_' and '-' only | rename it")
  }
}
