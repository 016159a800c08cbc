internal import DMTCore

/// What a scan found in a plugin: its descriptor and the schema of every component.
public struct ScanReport: Sendable, Hashable, Codable {
  /// An attribute of a component.
  public struct Field: Sendable, Hashable, Codable {
    public var name: String
    public var type: String
    public var summary: String
    public var isRequired: Bool
    /// As a manifest writes it.
    public var defaultValue: String?
    public var minimum: Double?
    public var maximum: Double?
    public var choices: [String]
  }

  /// A component with what only its table says.
  public struct Component: Sendable, Hashable, Codable {
    public var kind: String
    public var id: String
    public var revision: Int
    public var summary: String
    public var fields: [Field]
    public var inputNames: [String]
    /// How well a backend suits this machine, why, and its library; nil for other kinds.
    public var score: Int?
    public var reason: String?
    public var library: String?
  }

  public var descriptor: PluginDescriptor
  public var components: [Component]
}

extension ScanReport {
  /// What a loaded plugin offers.
  init(_ plugin: LoadedPlugin) {
    descriptor = plugin.descriptor
    components = plugin.descriptor.components.map { component in
      var result = Component(
        kind: component.kind, id: component.id, revision: component.revision, summary: component.summary, fields: [],
        inputNames: [])
      if let operation = plugin.operators.first(where: { component.kind == "operator" && $0.name == component.id }) {
        result.fields = operation.attributes.fields.map(Field.init)
        result.inputNames = operation.inputNames
      } else if let module = plugin.modules.first(where: { component.kind == "module" && $0.name == component.id }) {
        result.fields = module.attributes.fields.map(Field.init)
      } else if let reader = plugin.readers.first(where: { component.kind == "reader" && $0.name == component.id }) {
        result.fields = reader.attributes.fields.map(Field.init)
      } else if let rule = plugin.optimizers.first(where: { component.kind == "optimizer" && $0.name == component.id })
      {
        result.fields = rule.attributes.fields.map(Field.init)
      } else if let backend = plugin.backends.first(where: { component.kind == "backend" && $0.name == component.id }) {
        result.score = backend.probe.score
        result.reason = backend.probe.reason
        result.library = backend.probe.library
      }
      return result
    }
  }
}

extension ScanReport.Field {
  init(_ field: AttributeField) {
    name = field.name
    type = field.kind.rawValue
    summary = field.summary
    isRequired = field.defaultValue == nil && !field.isOptional
    defaultValue = field.defaultValue?.description
    minimum = field.minimum
    maximum = field.maximum
    choices = field.choices
  }
}

/// What became of a scan.
public struct ScanResult: Sendable, Hashable, Codable {
  /// The kind of outcome.
  public enum Status: String, Sendable, Codable {
    /// It may be loaded.
    case accepted
    /// It is no plugin for this host.
    case refused
    /// A signal ended it.
    case crashed
    /// It ran past the limit.
    case hung
  }

  public var status: Status
  /// What is wrong, in full sentences; nil when accepted.
  public var reason: String?
  /// What to do about it.
  public var remedy: String?
  /// What the plugin was doing: `open`, `entry`, `initialize`, `components`, `shutdown`.
  public var phase: String?
  /// The signal that ended it.
  public var signal: String?
  /// The last that it printed.
  public var errorTail: String?
  public var report: ScanReport?

  /// A plugin that broke while it was scanned is not run again until its file changes.
  public var isQuarantined: Bool { status == .crashed || status == .hung }

  static func refused(_ reason: String, remedy: String? = nil, phase: String? = nil) -> ScanResult {
    ScanResult(status: .refused, reason: reason, remedy: remedy, phase: phase)
  }

  public init(
    status: Status, reason: String? = nil, remedy: String? = nil, phase: String? = nil, signal: String? = nil,
    errorTail: String? = nil, report: ScanReport? = nil
  ) {
    self.status = status
    self.reason = reason
    self.remedy = remedy
    self.phase = phase
    self.signal = signal
    self.errorTail = errorTail
    self.report = report
  }
}
