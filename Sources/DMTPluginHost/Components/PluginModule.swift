internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A module of a plugin.
public final class PluginModule: Module, @unchecked Sendable {
  public let name: String
  public let revision: Int
  public let summary: String
  public let minimumInputs: Int
  public let maximumInputs: Int?
  public let attributes: AttributeSchema
  /// The plugin that it belongs to.
  public let plugin: String

  private let owner: ComponentOwner
  private let context: UnsafeMutableRawPointer?
  private let expandFunction: ExpandFunction

  private typealias ExpandFunction =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_graph>?, UnsafePointer<dmt_attrs>?, UnsafePointer<dmt_value>?, Int32,
      UnsafeMutablePointer<dmt_value>?
    ) -> dmt_status

  /// Reads the table and copies the schema.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_module = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_module.self), "its table")
    }
    guard let expand = table.expand else { throw owner.broken("its table has no expand", "load") }
    guard table.min_inputs >= 0, table.max_inputs == -1 || table.max_inputs >= table.min_inputs else {
      throw owner.broken("it takes \(table.min_inputs) to \(table.max_inputs) inputs", "load")
    }
    self.owner = owner
    self.plugin = plugin
    context = table.ctx
    expandFunction = expand
    revision = Int(table.revision)
    minimumInputs = Int(table.min_inputs)
    maximumInputs = table.max_inputs < 0 ? nil : Int(table.max_inputs)
    let name = component.id
    self.name = name
    (summary, attributes) = try owner.reading("load") { () throws(DMTError) in
      let found = try String(copying: table.name, "its name")
      guard found == name else { throw DMTError(.invalidArgument, "its table is named '\(found)'") }
      return (
        try String(copying: table.summary, "its summary"),
        try AttributeSchema(copying: table.attributes, owner: "module \(name)")
      )
    }
  }

  public func expand(
    in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let arena = ContractArena()
    var contractAttributes = arena.attributes(attributes)
    let expansion = Expansion(graph, inputs: inputs)
    let reference = Unmanaged.passRetained(expansion)
    defer { reference.release() }
    var table = Expansion.table(reference.toOpaque())
    var output: dmt_value = -1
    let ids = inputs.map(\.id)
    do throws(DMTError) {
      try owner.call("expand") {
        expandFunction(context, &table, &contractAttributes, ids, Int32(clamping: ids.count), &output)
      }
    } catch {
      // The builder's own error names nodes and shapes, which no status can carry.
      throw (expansion.failure ?? error).at(owner.place("expand"))
    }
    let result = GraphValue(id: output)
    guard expansion.knows(result) else {
      throw owner.broken("its result, value \(output), is none of the values it was given or made", "expand")
    }
    return result
  }
}
