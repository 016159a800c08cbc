internal import CDMTPlugin
internal import DMTCore
internal import DMTPluginHost

/// How components are found.
enum LookupTests {
  static let all = [
    ConformanceTest(
      "lookup.listed", "get_component has every listed component, its texts not ended by a zero.", .plugin
    ) {
      context in
      let plugin = try SubjectPlugin(context)
      for component in plugin.loaded.descriptor.components {
        // What lies behind a text is not part of it.
        for tail in ["", "\u{1}"] {
          let found = find(plugin, component.kind + tail, component.id + tail, component.revision, cut: tail.utf8.count)
          context.expect(found != nil, "get_component has no \(component.kind) '\(component.id)'")
          let again = find(plugin, component.kind, component.id, component.revision)
          context.expect(found == again, "\(component.kind) '\(component.id)' has another table the next time")
        }
      }
    },
    ConformanceTest("lookup.unknown", "get_component gives NULL for kinds and ids that it does not list.", .plugin) {
      context in
      let plugin = try SubjectPlugin(context)
      for component in plugin.loaded.descriptor.components {
        for (kind, id) in [
          ("teleporter", component.id), (component.kind, "no-such-component"), ("", component.id), (component.kind, ""),
          (component.id, component.kind), (component.kind.uppercased(), component.id),
          (String(component.kind.dropLast()), component.id), (component.kind, String(component.id.dropLast())),
        ] where !isListed(plugin, kind, id) {
          context.expect(
            find(plugin, kind, id, component.revision) == nil, "get_component gives a table for \(kind) '\(id)'")
        }
        context.phase("asking for a kind and an id at NULL")
        let nothing = dmt_str(data: nil, size: 0)
        let found = plugin.entry.pointee.get_component?(nothing, nothing, Int32(component.revision))
        context.expect(found == nil, "get_component gives a table for texts at NULL")
      }
    },
    ConformanceTest("lookup.trailing", "get_component gives NULL for ids with more bytes behind them.", .plugin) {
      context in
      let plugin = try SubjectPlugin(context)
      for component in plugin.loaded.descriptor.components {
        for tail in ["x", "\0", " ", "/1"] where !isListed(plugin, component.kind, component.id + tail) {
          context.expect(
            find(plugin, component.kind, component.id + tail, component.revision) == nil,
            "get_component takes '\(component.id)' with \(tail.utf8.count) bytes more for \(component.kind) "
              + "'\(component.id)'")
          context.expect(
            find(plugin, component.kind + tail, component.id, component.revision) == nil,
            "get_component takes kind '\(component.kind)' with \(tail.utf8.count) bytes more for '\(component.kind)'")
        }
      }
    },
    ConformanceTest("lookup.revision", "get_component gives NULL for revisions that it does not list.", .plugin) {
      context in
      let plugin = try SubjectPlugin(context)
      for component in plugin.loaded.descriptor.components {
        let known = plugin.loaded.descriptor.components.filter { $0.kind == component.kind && $0.id == component.id }
          .map(\.revision)
        for revision in [0, -1, 2, 3, 1000, Int(Int32.max), Int(Int32.min)] where !known.contains(revision) {
          context.expect(
            find(plugin, component.kind, component.id, revision) == nil,
            "get_component gives a table for revision \(revision) of \(component.kind) '\(component.id)'")
        }
      }
    },
    ConformanceTest("lookup.extension", "get_extension gives NULL for ids that nobody knows.", .plugin) { context in
      let plugin = try SubjectPlugin(context)
      guard let function = plugin.entry.pointee.get_extension else { throw context.skip("it has no get_extension") }
      for id in ["", "dmt.nothing/1", "com.example.nothing/999"] {
        context.phase("asking for extension '\(id)'")
        let found = text(id) { function($0) }
        context.expect(found == nil, "get_extension gives a table for '\(id)'")
      }
    },
  ]

  private static func isListed(_ plugin: SubjectPlugin, _ kind: String, _ id: String) -> Bool {
    plugin.loaded.descriptor.components.contains { $0.kind == kind && $0.id == id }
  }

  /// - Parameter cut: bytes at the ends of the texts that are there and not part of them.
  private static func find(
    _ plugin: SubjectPlugin, _ kind: String, _ id: String, _ revision: Int, cut: Int = 0
  ) -> UnsafeRawPointer? {
    text(kind, cut: cut) { kind in
      text(id, cut: cut) { id in plugin.entry.pointee.get_component?(kind, id, Int32(clamping: revision)) }
    }
  }

  private static func text<Result>(_ text: String, cut: Int = 0, _ body: (dmt_str) -> Result) -> Result {
    let bytes = text.utf8.map { CChar(bitPattern: $0) }
    return bytes.withUnsafeBufferPointer { body(dmt_str(data: $0.baseAddress, size: Int64($0.count - cut))) }
  }
}
