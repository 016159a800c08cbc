internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// One expansion of a plugin's module: a ``GraphBuilder`` behind a `dmt_graph`, every value checked.
final class Expansion {
  private let graph: any GraphBuilder
  private var values: Set<Int32>
  /// The builder's error, when it refused something.
  private(set) var failure: DMTError?

  init(_ graph: any GraphBuilder, inputs: [GraphValue]) {
    self.graph = graph
    values = Set(inputs.map(\.id))
  }

  func knows(_ value: GraphValue) -> Bool { values.contains(value.id) }

  /// The C table; `context` is a retained expansion that outlives its use.
  static func table(_ context: UnsafeMutableRawPointer) -> dmt_graph {
    dmt_graph(
      struct_size: SizedStruct.size(of: dmt_graph.self), reserved: 0, ctx: context,
      shape: { context, value, answer in
        Expansion.run(context) { expansion throws(DMTError) in
          guard let answer else { throw DMTError(.pluginFailed, "the place for the shape is NULL") }
          let known = try expansion.known([value])[0]
          answer.pointee = try expansion.graph.shape(of: known).contractShape()
        }
      },
      operation: { context, op, name, attributes, inputs, count, outputs, capacity, outputCount in
        Expansion.run(context) { expansion throws(DMTError) in
          try expansion.operation(op, name, attributes, inputs, count, outputs, capacity, outputCount)
        }
      },
      module: { context, module, name, attributes, inputs, count, output in
        Expansion.run(context) { expansion throws(DMTError) in
          guard let output else { throw DMTError(.pluginFailed, "the place for the result is NULL") }
          let result = try expansion.graph.module(
            try String(copying: module, "a module's name"), name: try String(copying: name, "a node's name"),
            attributes: try Expansion.attributes(attributes), inputs: try expansion.known(inputs, count))
          expansion.values.insert(result.id)
          output.pointee = result.id
        }
      },
      constant: { context, value, columns, output in
        Expansion.run(context) { expansion throws(DMTError) in
          guard let output else { throw DMTError(.pluginFailed, "the place for the result is NULL") }
          guard (1...Int64(Int32.max)).contains(columns) else {
            throw DMTError(.shapeMismatch, "a constant of \(columns) columns, expected at least 1")
          }
          let result = try expansion.graph.constant(value, columns: Int(columns))
          expansion.values.insert(result.id)
          output.pointee = result.id
        }
      })
  }

  private static func run(
    _ context: UnsafeMutableRawPointer?, _ body: (Expansion) throws(DMTError) -> Void
  ) -> dmt_status {
    guard let context else { return DMT_INVALID_ARGUMENT }
    let expansion = Unmanaged<Expansion>.fromOpaque(context).takeUnretainedValue()
    do throws(DMTError) {
      try body(expansion)
      return DMT_OK
    } catch {
      expansion.failure = error
      return error.code.status
    }
  }

  private func operation(
    _ op: dmt_str, _ name: dmt_str, _ attributes: UnsafePointer<dmt_attrs>?, _ inputs: UnsafePointer<dmt_value>?,
    _ count: Int32, _ outputs: UnsafeMutablePointer<dmt_value>?, _ capacity: Int32,
    _ outputCount: UnsafeMutablePointer<Int32>?
  ) throws(DMTError) {
    let op = try String(copying: op, "an operator's name")
    let results = try graph.operation(
      op, name: try String(copying: name, "a node's name"), attributes: try Self.attributes(attributes),
      inputs: try known(inputs, count))
    guard results.count <= Int(capacity), let outputs else {
      throw DMTError(.pluginFailed, "operator \(op) has \(results.count) results and there is room for \(capacity)")
    }
    for (index, result) in results.enumerated() {
      outputs[index] = result.id
      values.insert(result.id)
    }
    outputCount?.pointee = Int32(results.count)
  }

  private static func attributes(_ pointer: UnsafePointer<dmt_attrs>?) throws(DMTError) -> Attributes {
    guard let pointer else { return Attributes() }
    return try Attributes(copying: pointer.pointee)
  }

  private func known(_ start: UnsafePointer<dmt_value>?, _ count: Int32) throws(DMTError) -> [GraphValue] {
    guard count >= 0, count <= 4096, start != nil || count == 0 else {
      throw DMTError(.pluginFailed, "\(count) inputs" + (start == nil ? " at NULL" : "") + ", expected 0 to 4096")
    }
    return try known(Array(UnsafeBufferPointer(start: start, count: Int(count))))
  }

  private func known(_ ids: [dmt_value]) throws(DMTError) -> [GraphValue] {
    for id in ids where !values.contains(id) {
      throw DMTError(.pluginFailed, "value \(id) is none of the values that this expansion was given or made")
    }
    return ids.map { GraphValue(id: $0) }
  }
}
