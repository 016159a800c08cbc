internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``Module`` behind a `dmt_module` table.
final class ModuleTable: Sendable {
  private let module: any Module

  private init(_ module: any Module) { self.module = module }

  /// The table, for as long as the process lives.
  static func make(_ module: any Module) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_module>.allocate(capacity: 1)
    table.initialize(
      to: dmt_module(
        struct_size: SizedStruct.size(of: dmt_module.self), revision: Int32(clamping: module.revision),
        ctx: Unmanaged.passRetained(ModuleTable(module)).toOpaque(), name: texts.text(module.name),
        summary: texts.text(module.summary), min_inputs: Int32(clamping: module.minimumInputs),
        max_inputs: Int32(clamping: module.maximumInputs ?? -1), attributes: texts.schema(module.attributes),
        expand: { context, graph, attributes, inputs, count, output in
          guarded { () throws(DMTError) in
            try ModuleTable.at(context).expand(graph, attributes, inputs, count, output)
          }
        }))
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> ModuleTable {
    guard let context else { throw missing("the module's ctx") }
    return Unmanaged<ModuleTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func expand(
    _ graph: UnsafePointer<dmt_graph>?, _ attributes: UnsafePointer<dmt_attrs>?, _ inputs: UnsafePointer<dmt_value>?,
    _ count: Int32, _ output: UnsafeMutablePointer<dmt_value>?
  ) throws(DMTError) {
    let most = module.maximumInputs ?? Int(Int32.max)
    guard Int(count) >= module.minimumInputs, Int(count) <= most, inputs != nil || count == 0 else {
      throw DMTError(
        .shapeMismatch,
        "module \(module.name) has \(count) inputs, expected \(module.minimumInputs)"
          + (module.maximumInputs == module.minimumInputs ? "" : module.maximumInputs.map { " to \($0)" } ?? " or more")
      )
    }
    guard let output else { throw missing("the place for the result") }
    let builder = PluginGraphBuilder(try SizedStruct.read(graph, "the graph"))
    let given = try attributes.map { pointer throws(DMTError) in try Attributes(copying: pointer.pointee) }
    let checked = try module.attributes.validated(given ?? Attributes(), owner: "module \(module.name)")
    let values = (0..<Int(count)).compactMap { index in inputs.map { GraphValue(id: $0[index]) } }
    output.pointee = try module.expand(in: builder, attributes: checked, inputs: values).id
  }
}
