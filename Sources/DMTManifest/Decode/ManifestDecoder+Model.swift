import DMTCore

extension ManifestDecoder {
  func model(_ reader: NodeReader) throws(DMTError) -> ModelSection {
    var towers: [TowerSpec] = []
    for entry in try reader.required("towers").entries {
      let tower = NodeReader(node: entry.value)
      towers.append(
        TowerSpec(
          name: entry.key, features: try tower.required("features").texts(),
          module: try module(tower, reserved: ["features", "count", "assign"]), place: entry.keyOrigin.place))
    }
    var pins: [String: String] = [:]
    for entry in try reader.required("pins").entries { pins[entry.key] = try NodeReader(node: entry.value).text() }
    var splits: [String: [Int]] = [:]
    for entry in try reader.required("split").entries {
      splits[entry.key] = try NodeReader(node: entry.value).elements.map { element throws(DMTError) in try element.int()
      }
    }
    return ModelSection(
      dim: try reader.required("dim").int(), tableInitializer: try initializer(reader.required("table_init")),
      columnSplits: splits, towers: towers, overArch: try module(reader.required("over_arch"), reserved: []),
      dtype: try Self.choice(reader.required("dtype")), pins: pins, place: reader.place)
  }

  private func module(_ reader: NodeReader, reserved: [String]) throws(DMTError) -> ModuleSpec {
    let selector = try reader.required("module")
    let name = try selector.text()
    let schema = catalog.modules[name]?.schema ?? AttributeSchema()
    return ModuleSpec(
      module: name, attributes: try reader.attributes(schema, except: reserved + ["module"]), place: selector.place)
  }

  private func initializer(_ reader: NodeReader) throws(DMTError) -> Initializer {
    if reader.node.scalar != nil { return try reader.text() == "ones" ? .ones : .zeros }
    if let uniform = reader.child("uniform") {
      return .uniform(low: try uniform.required("low").number(), high: try uniform.required("high").number())
    }
    let normal = try reader.required("normal")
    return .normal(mean: try normal.required("mean").number(), deviation: try normal.required("deviation").number())
  }
}
