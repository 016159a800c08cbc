import DMTCore

extension ManifestDecoder {
  func sharding(_ reader: NodeReader) throws(DMTError) -> ShardingSection {
    let wire = try reader.required("wire")
    let forward = try wireType(wire.required("forward"))
    var tables: [String: TableSharding] = [:]
    for entry in try reader.required("tables").entries {
      let text = try NodeReader(node: entry.value).text()
      guard let sharding = TableSharding(name: text) else { throw unknown(text, NodeReader(node: entry.value)) }
      tables[entry.key] = sharding
    }
    let lookup = try reader.required("lookup")
    guard let timing = LookupTiming(rawValue: try lookup.text()) else { throw unknown(try lookup.text(), lookup) }
    return ShardingSection(
      strategy: try reader.child("strategy")?.text(), towerGroup: try reader.child("tower_group")?.int(),
      runsTowers: try reader.required("run_towers").bool(), forwardWire: forward,
      backwardWire: try wire.child("backward").map { reader throws(DMTError) in try wireType(reader) } ?? forward,
      lookup: timing, tables: tables, dense: try dense(reader.required("dense")), place: reader.place)
  }

  private func dense(_ reader: NodeReader) throws(DMTError) -> DenseSharding {
    guard let mode = DenseSharding.Mode(name: try reader.required("mode").text()) else { return .replicated }
    return .fullySharded(mode, unitBytes: try reader.required("unit_bytes").int())
  }

  func interconnect(_ reader: NodeReader) throws(DMTError) -> InterconnectSection {
    InterconnectSection(
      name: try reader.child("name")?.text(), timeoutSeconds: try reader.required("timeout").int(),
      place: reader.place)
  }

  private func wireType(_ reader: NodeReader) throws(DMTError) -> WireType {
    let text = try reader.text()
    guard let type = WireType(name: text) else { throw unknown(text, reader) }
    return type
  }

  private func unknown(_ text: String, _ reader: NodeReader) -> DMTError {
    DMTError(.internalError, "a checked choice of the manifest is '\(text)'", place: reader.place)
  }
}
