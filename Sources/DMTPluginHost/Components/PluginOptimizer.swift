internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// An update rule of a plugin.
public final class PluginOptimizer: Optimizer, @unchecked Sendable {
  public let name: String
  public let summary: String
  public let attributes: AttributeSchema
  public let learningRate: Double
  /// The plugin that it belongs to.
  public let plugin: String

  private let table: dmt_optimizer
  private let owner: ComponentOwner

  /// Keys of a manifest's optimizer that are no attributes.
  static let reservedKeys = ["name", "lr"]

  /// Reads the table, copies the schema and asks for the states with the default attributes.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_optimizer = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_optimizer.self), "its table")
    }
    guard table.describe != nil, table.bind != nil, table.release != nil else {
      throw owner.broken("its table lacks describe, bind or release", "load")
    }
    guard table.update_elements != nil || table.update_rows != nil else {
      throw owner.broken("its table has neither update_elements nor update_rows", "load")
    }
    let name = component.id
    (summary, attributes) = try owner.reading("load") { () throws(DMTError) in
      let found = try String(copying: table.name, "its name")
      guard found == name else { throw DMTError(.invalidArgument, "its table is named '\(found)'") }
      try ComponentOwner.checkDotted(name, "an optimizer")
      let schema = try AttributeSchema(copying: table.attributes, owner: "optimizer \(name)")
      for key in Self.reservedKeys where schema[key] != nil {
        throw DMTError(.invalidArgument, "it has an attribute '\(key)', which is a key of every optimizer")
      }
      guard table.learning_rate.isFinite, table.learning_rate >= 0 else {
        throw DMTError(
          .invalidArgument, "its learning rate is \(table.learning_rate), expected a finite number of at least 0")
      }
      return (try String(copying: table.summary, "its summary"), schema)
    }
    self.name = name
    self.plugin = plugin
    self.table = table
    self.owner = owner
    learningRate = table.learning_rate
    // Whoever requires an attribute has no states to show before it is given.
    if let defaults = try? attributes.validated(Attributes(), owner: name) { _ = try layout(defaults) }
  }

  public var servesDense: Bool { table.update_elements != nil }
  public var servesTables: Bool { table.update_rows != nil }
  public var sumsRows: Bool { table.sum_rows != nil }

  public func layout(_ attributes: Attributes) throws(DMTError) -> OptimizerLayout {
    let arena = ContractArena()
    var contractAttributes = arena.attributes(attributes)
    var answer = dmt_optimizer_layout()
    answer.struct_size = SizedStruct.size(of: dmt_optimizer_layout.self)
    try owner.call("describe") { table.describe(table.ctx, &contractAttributes, &answer) }
    return try owner.reading("describe") { () throws(DMTError) in
      let layout = try OptimizerLayout(copying: answer)
      try layout.check(sumsRows: sumsRows)
      return layout
    }
  }

  public func bind(_ request: OptimizerRequest) throws(DMTError) -> any OptimizerKernel {
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    var plan = dmt_optimizer_plan()
    plan.struct_size = SizedStruct.size(of: dmt_optimizer_plan.self)
    try owner.call("bind") { table.bind(table.ctx, &contractRequest, &plan) }
    return PluginOptimizerKernel(table, handle: plan.handle, owner: owner)
  }
}

/// A bound rule of a plugin; a call goes straight to the plugin's function.
final class PluginOptimizerKernel: OptimizerKernel {
  private let table: dmt_optimizer
  private let handle: UnsafeMutableRawPointer?
  private let owner: ComponentOwner

  init(_ table: dmt_optimizer, handle: UnsafeMutableRawPointer?, owner: ComponentOwner) {
    self.table = table
    self.handle = handle
    self.owner = owner
  }

  deinit { CrashReport.noting(owner.site, "release") { table.release(handle) } }

  func updateElements(_ call: UnsafePointer<dmt_optimizer_elements>) throws(DMTError) {
    guard let function = table.update_elements else { throw missing("update_elements") }
    let status = CrashReport.noting(owner.site, "update_elements") { function(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "update_elements") }
  }

  func sumRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    guard let function = table.sum_rows else { throw missing("sum_rows") }
    let status = CrashReport.noting(owner.site, "sum_rows") { function(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "sum_rows") }
  }

  func updateRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError) {
    guard let function = table.update_rows else { throw missing("update_rows") }
    let status = CrashReport.noting(owner.site, "update_rows") { function(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "update_rows") }
  }

  private func missing(_ function: String) -> DMTError {
    DMTError(.unsupported, "its table has no \(function)", place: owner.place(function))
  }
}
