internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// An operator of a plugin, with the kernels that come with it.
public final class PluginOperator: Operator, Backend, @unchecked Sendable {
  public let name: String
  public let revision: Int
  public let summary: String
  public let inputNames: [String]
  public let maximumInputs: Int?
  public let attributes: AttributeSchema
  /// The plugin that it belongs to.
  public let plugin: String

  private let owner: ComponentOwner
  private let context: UnsafeMutableRawPointer?
  private let infer: InferFunction
  private let kernels: PluginKernels

  private typealias InferFunction =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_shape>?, Int32, UnsafePointer<dmt_attrs>?,
      UnsafeMutablePointer<dmt_signature>?
    ) -> dmt_status

  /// Reads the table and copies the schema.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_operator = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_operator.self), "its table")
    }
    guard let infer = table.infer else { throw owner.broken("its table has no infer", "load") }
    self.owner = owner
    self.plugin = plugin
    self.infer = infer
    context = table.ctx
    let schema = try OperatorSchema(copying: table, owner: owner)
    guard schema.name == component.id else {
      throw owner.broken("its table is named '\(schema.name)'", "load")
    }
    name = schema.name
    revision = Int(table.revision)
    summary = schema.summary
    inputNames = schema.inputNames
    maximumInputs = schema.maximumInputs
    attributes = schema.attributes
    kernels = try PluginKernels(table.kernels, owner: owner)
  }

  public func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    let arena = ContractArena()
    var shapes: [dmt_shape] = []
    for shape in inputs { shapes.append(try shape.contractShape()) }
    var contractAttributes = arena.attributes(attributes)
    // 2.4 KiB: on the heap, because signatures are nested by modules.
    let answer = UnsafeMutablePointer<dmt_signature>.allocate(capacity: 1)
    defer { answer.deallocate() }
    answer.initialize(to: dmt_signature())
    answer.pointee.struct_size = SizedStruct.size(of: dmt_signature.self)
    try owner.call("infer") {
      infer(context, shapes, Int32(clamping: shapes.count), &contractAttributes, answer)
    }
    return try owner.reading("infer") { () throws(DMTError) in
      try OperatorSignature(copying: answer, owner: "operator \(name)")
    }
  }

  public func support(for request: KernelRequest) -> KernelSupport { kernels.support(for: request) }

  public func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel { try kernels.plan(request) }
}

/// What a `dmt_operator` says about itself, copied and checked.
struct OperatorSchema {
  let name: String
  let summary: String
  let inputNames: [String]
  let maximumInputs: Int?
  let attributes: AttributeSchema

  init(copying table: dmt_operator, owner: ComponentOwner) throws(DMTError) {
    (name, summary, inputNames, attributes) = try owner.reading("load") { () throws(DMTError) in
      guard (0...DMT_MAX_INPUTS).contains(table.min_inputs), table.input_names != nil || table.min_inputs == 0 else {
        throw DMTError(.invalidArgument, "it has \(table.min_inputs) named inputs, expected 0 to \(DMT_MAX_INPUTS)")
      }
      guard
        table.max_inputs == -1 || (table.min_inputs...max(DMT_MAX_INPUTS, table.min_inputs)).contains(table.max_inputs)
      else {
        throw DMTError(.invalidArgument, "it takes \(table.min_inputs) to \(table.max_inputs) inputs")
      }
      var inputs: [String] = []
      for index in 0..<Int(table.min_inputs) {
        inputs.append(try String(copying: table.input_names[index], "the name of input \(index)"))
      }
      let name = try String(copying: table.name, "its name")
      return (
        name, try String(copying: table.summary, "its summary"), inputs,
        try AttributeSchema(copying: table.attributes, owner: "operator \(name)")
      )
    }
    maximumInputs = table.max_inputs < 0 ? nil : Int(table.max_inputs)
  }
}
