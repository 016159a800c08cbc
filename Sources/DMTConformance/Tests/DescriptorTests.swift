internal import CDMTPlugin
internal import DMTCore
internal import DMTPluginHost

/// What a plugin says about itself.
enum DescriptorTests {
  static let all = [
    ConformanceTest("descriptor.texts", "Its descriptor says what it is, in the forms of the contract.", .plugin) {
      context in
      let descriptor = try SubjectPlugin(context).loaded.descriptor
      context.expect(
        descriptor.id.hasPrefix("dmt.") || descriptor.id.split(separator: ".").count >= 3,
        "its id is '\(descriptor.id)', expected reverse-DNS, such as com.example.swish")
      let numbers = descriptor.version.prefix { $0 != "-" && $0 != "+" }.split(
        separator: ".", omittingEmptySubsequences: false)
      context.expect(
        numbers.count == 3 && numbers.allSatisfy { Int($0).map { $0 >= 0 } ?? false },
        "its version is '\(descriptor.version)', expected a semantic version, such as 1.2.0")
      for (text, what) in [
        (descriptor.license, "license"), (descriptor.summary, "summary"), (descriptor.compiler, "compiler"),
      ] { context.expect(!text.isEmpty, "its \(what) is empty") }
      context.expect(
        descriptor.minimumHostMinor <= descriptor.abiMinor,
        "it needs minor \(descriptor.minimumHostMinor) of the host and was compiled with \(descriptor.abiMinor)")
      context.expect(!descriptor.components.isEmpty, "it lists no component")
      for component in descriptor.components {
        context.expect(!component.summary.isEmpty, "\(component.kind) '\(component.id)' has no summary")
      }
    },
    ConformanceTest("descriptor.flags", "Fields that are to be 0 are 0, and sizes are those of the structs.", .plugin) {
      context in
      let plugin = try SubjectPlugin(context)
      guard let descriptor = plugin.entry.pointee.descriptor?.pointee else { return }
      context.expect(descriptor.flags == 0, "the descriptor's flags are \(descriptor.flags), expected 0")
      context.expect(
        descriptor.struct_size % 8 == 0 && descriptor.struct_size < 4096,
        "the descriptor's struct_size is \(descriptor.struct_size), which no struct has")
      context.expect(
        plugin.entry.pointee.struct_size % 8 == 0 && plugin.entry.pointee.struct_size < 4096,
        "the table's struct_size is \(plugin.entry.pointee.struct_size), which no struct has")
    },
    ConformanceTest(
      "descriptor.table", "The component's table has the revision that the descriptor lists.", .components(everyKind)
    ) { context in
      let component = try context.tested()
      let plugin = try SubjectPlugin(context)
      // Every table begins with its size and, but for operators, the component's revision.
      let head = try plugin.table(component, as: Int32.self)
      context.expect(
        UInt32(bitPattern: head[0]) < 1 << 16 && head[0] % 8 == 0, "its struct_size is \(UInt32(bitPattern: head[0]))")
      guard component.kind != "operator", component.kind != "module" else { return }
      context.expect(
        Int(head[1]) == component.revision, "its table is revision \(head[1]), the list says \(component.revision)")
    },
  ]

  /// All kinds of the contract.
  static let everyKind: Set<String> = [
    "backend", "operator", "module", "embedding", "update", "partitioner", "sharding", "interconnect", "reader",
    "optimizer",
  ]
}
