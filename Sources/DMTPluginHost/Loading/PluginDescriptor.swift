public import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// What a plugin says about itself, copied and checked.
public struct PluginDescriptor: Sendable, Hashable, Codable {
  /// One thing that a plugin offers.
  public struct Component: Sendable, Hashable, Codable {
    /// `backend`, `operator`, .., or a kind that this host does not know.
    public var kind: String
    /// The name by which a manifest knows it.
    public var id: String
    /// Revision of the component's table.
    public var revision: Int
    /// One sentence.
    public var summary: String
  }

  /// Major of the contract that it was compiled with.
  public var abiMajor: Int
  /// Minor of the contract that it was compiled with.
  public var abiMinor: Int
  /// The lowest minor of a host that it works with.
  public var minimumHostMinor: Int
  /// Reverse-DNS or `dmt.NAME`.
  public var id: String
  /// Semantic version.
  public var version: String
  /// Who makes it.
  public var vendor: String
  /// SPDX expression.
  public var license: String
  /// One sentence.
  public var summary: String
  /// Where to read more.
  public var homepage: String
  /// Compiler and version.
  public var compiler: String
  /// Target triple and lowest ISA.
  public var target: String
  /// What it offers.
  public var components: [Component]

  /// More components than any plugin has.
  static let maximumComponents = 1024

  /// A copy of a descriptor.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` for another major, a needed minor that this host does not have, and for
  ///   everything that breaks the contract; the message says what and the remedy what to rebuild.
  public init(copying pointer: UnsafePointer<dmt_plugin_descriptor>?) throws(DMTError) {
    // The version is read first: of a descriptor of another major nothing else is known.
    let head: DescriptorHead = try Self.refusing { () throws(DMTError) in
      try SizedStruct.read(
        pointer.map { UnsafeRawPointer($0).assumingMemoryBound(to: DescriptorHead.self) }, "its descriptor")
    }
    guard head.magic == DMT_PLUGIN_MAGIC else {
      throw DMTError(
        .pluginRefused,
        "its descriptor begins with 0x\(String(head.magic, radix: 16)), expected "
          + "0x\(String(DMT_PLUGIN_MAGIC, radix: 16)): this is no dmt plugin",
        remedy: "set descriptor.magic to DMT_PLUGIN_MAGIC")
    }
    guard head.abiMajor == UInt32(DMT_ABI_MAJOR) else {
      throw DMTError(
        .pluginRefused,
        "it was built for contract \(head.abiMajor).\(head.abiMinor), this host has contract "
          + "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR); the major numbers must be equal",
        remedy: head.abiMajor > UInt32(DMT_ABI_MAJOR)
          ? "update dmt, or rebuild the plugin with this dmt's headers" : "rebuild the plugin with this dmt's headers")
    }
    guard head.minimumHostMinor <= UInt32(DMT_ABI_MINOR) else {
      throw DMTError(
        .pluginRefused,
        "it needs a host with contract \(head.abiMajor).\(head.minimumHostMinor) or newer, this host has "
          + "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)",
        remedy: "update dmt, or lower min_host_minor if the plugin does not need what is new there")
    }
    self = try Self.refusing { () throws(DMTError) in
      try Self(body: try SizedStruct.read(pointer, "its descriptor"))
    }
  }

  private init(body: dmt_plugin_descriptor) throws(DMTError) {
    abiMajor = Int(body.abi_major)
    abiMinor = Int(body.abi_minor)
    minimumHostMinor = Int(body.min_host_minor)
    id = try Self.name(body.id, "its id")
    version = try String(copying: body.version, "its version")
    vendor = try String(copying: body.vendor, "its vendor")
    license = try String(copying: body.license, "its license")
    summary = try String(copying: body.summary, "its summary")
    homepage = try String(copying: body.homepage, "its homepage")
    compiler = try String(copying: body.compiler, "its compiler")
    target = try String(copying: body.target, "its target")
    guard !version.isEmpty else { throw DMTError(.invalidArgument, "its version is empty, expected one like 1.0.0") }
    guard (0...Int64(Self.maximumComponents)).contains(body.component_count),
      body.components != nil || body.component_count == 0
    else {
      throw DMTError(
        .invalidArgument,
        "it has \(body.component_count) components" + (body.components == nil ? " at NULL" : "")
          + ", expected 0 to \(Self.maximumComponents)")
    }
    components = []
    for index in 0..<Int(body.component_count) {
      let component = try SizedStruct.read(body.components[index], "component \(index)")
      let copy = Component(
        kind: try Self.name(component.kind, "the kind of component \(index)"),
        id: try Self.name(component.id, "the id of component \(index)"), revision: Int(component.revision),
        summary: try String(copying: component.summary, "the summary of component \(index)"))
      guard !components.contains(where: { $0.kind == copy.kind && $0.id == copy.id && $0.revision == copy.revision })
      else {
        throw DMTError(.invalidArgument, "it has \(copy.kind) '\(copy.id)' twice")
      }
      components.append(copy)
    }
  }

  /// A name for manifests and file names: letters, digits, `.`, `_`, `-`.
  private static func name(_ text: dmt_str, _ what: String) throws(DMTError) -> String {
    let name = try String(copying: text, what)
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard !name.isEmpty, name.utf8.count <= 128, isPlain else {
      throw DMTError(
        .invalidArgument, "\(what) is '\(name.prefix(128))', expected 1 to 128 letters, digits, '.', '_' or '-'")
    }
    return name
  }

  private static func refusing<Result>(_ body: () throws(DMTError) -> Result) throws(DMTError) -> Result {
    do throws(DMTError) {
      return try body()
    } catch {
      throw DMTError(
        .pluginRefused, error.message, remedy: error.remedy ?? "the plugin breaks the contract; report it to its author"
      )
    }
  }
}

/// The first fields of `dmt_plugin_descriptor`, which no major may move.
private struct DescriptorHead: GrowingStruct {
  var structSize: UInt32
  var magic: UInt32
  var abiMajor: UInt32
  var abiMinor: UInt32
  var minimumHostMinor: UInt32
  var flags: UInt32

  static var firstSize: Int { 24 }
}
