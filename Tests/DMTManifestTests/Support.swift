import DMTCore
import DMTManifest
import DMTModules
import Foundation
import Testing

/// The plain modules and two tower modules as their plugins declare them.
let catalog: ManifestCatalog = {
  var modules: [String: ManifestCatalog.Module] = [:]
  for module in PlainModules.modules {
    modules[module.name] = .init(
      schema: module.attributes, summary: module.summary,
      role: ["dlrm", "dcn", "deepfm"].contains(module.name) ? .overArch : .any)
  }
  modules["tower.dcn"] = .init(
    schema: [
      AttributeField("layers", .int, "Number of cross layers.", default: .int(1), minimum: 0),
      AttributeField("rank", .int, "Rank of each cross layer; 0: full.", default: .int(0), minimum: 0),
      AttributeField("out", .int, "Width of the tower's result.", minimum: 1),
    ], summary: "Cross layers, then one linear layer.", role: .tower)
  modules["tower.linear"] = .init(
    schema: [
      AttributeField("c", .int, "Results for each feature.", default: .int(1), minimum: 0),
      AttributeField("p", .int, "Results for the tower as a whole.", default: .int(0), minimum: 0),
      AttributeField("dim", .int, "Width of one result.", minimum: 1),
    ], summary: "Linear layers over features.", role: .tower)
  return ManifestCatalog(
    modules: modules, backends: ["native", "reference"], plugins: ["dmt.native", "dmt.tower-dcn"],
    strategies: ["sptt", "vendor.cut"], interconnects: ["threads"])
}()

/// A small manifest that is right; tests change one line of it.
let small = """
  dmt: 1
  name: small
  data:
    format: csv
    path: data/ratings.csv
    label: { column: rating, at_least: 4 }
  features:
    user: user_id
    book: { column: book_id, min_count: 2 }
    year: original_year
  model:
    dim: 16
    towers:
      reader: { features: [user], module: tower.dcn, out: 8 }
      item: { features: [book, year], module: tower.dcn, out: 8 }
    over_arch: { module: dcn, layers: 3, widths: [64, 32] }
  train:
    epochs: 3
    batch: 4096
    optimizer: { name: adam, lr: 0.01 }
  """

/// Loads `text` under the name `m.yaml`.
func load(_ text: String, set overrides: [String] = []) throws -> LoadedManifest {
  try ManifestLoader.load(text: text, path: "m.yaml", overrides: overrides, catalog: catalog)
}

/// `small` with one piece of text replaced; the piece must be there.
func changed(_ old: String, _ new: String) throws -> String {
  try #require(small.contains(old), "the test's manifest has no '\(old)'")
  return small.replacingOccurrences(of: old, with: new)
}

/// The error of loading `text`; its single causes when there are several.
func errors(_ text: String, set overrides: [String] = []) -> [DMTError] {
  do {
    _ = try load(text, set: overrides)
    return []
  } catch let error as DMTError {
    return error.causes.isEmpty ? [error] : error.causes
  } catch {
    Issue.record("an error of another type: \(error)")
    return []
  }
}

/// One error as `line:column message | remedy`; overrides have their text in front instead of a position.
func told(_ error: DMTError) -> String {
  let place = error.place.line.map { "\($0):\(error.place.column ?? 0)" } ?? error.place.file ?? ""
  return "\(place) \(error.message)" + (error.remedy.map { " | \($0)" } ?? "")
}

/// The errors of loading `text`, told.
func complaints(_ text: String, set overrides: [String] = []) -> [String] { errors(text, set: overrides).map(told) }

extension Manifest {
  /// The same manifest without the places, which differ when only the layout of the text does.
  var withoutPlaces: Manifest {
    var copy = self
    copy.data.place = .init()
    for index in copy.data.joins.indices { copy.data.joins[index].place = .init() }
    for index in copy.features.indices { copy.features[index].place = .init() }
    for index in copy.dense.indices { copy.dense[index].place = .init() }
    copy.model.place = .init()
    copy.model.overArch.place = .init()
    for index in copy.model.towers.indices {
      copy.model.towers[index].place = .init()
      copy.model.towers[index].module.place = .init()
    }
    copy.train.place = .init()
    copy.sharding.place = .init()
    copy.interconnect.place = .init()
    return copy
  }
}

/// The manifests of the folder Examples.
///
/// Towers files (`..-towers.yaml`) are none. Those that use modules of plugins which ``catalog`` does not describe are checked by
/// `Examples/run-all.sh` instead.
let exampleManifests: [String] = {
  let unknownModules = ["module: wukong", "module: dhen", "module: tower.fm", "module: tower.dhen"]
  let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Examples")
  let folders = (try? FileManager.default.contentsOfDirectory(atPath: examples.path)) ?? []
  return folders.sorted().flatMap { folder in
    let path = examples.appendingPathComponent(folder).path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let manifests = files.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix("-towers.yaml") }
    return manifests.sorted().map { "\(path)/\($0)" }.filter { file in
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      return !unknownModules.contains(where: text.contains)
    }
  }
}()
