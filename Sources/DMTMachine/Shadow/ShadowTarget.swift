public import DMTCore
public import DMTPluginHost
public import DMTRuntime

extension ShadowSide {
  /// The side that `text` names: a backend here, or `PLUGIN@VERSION`.
  ///
  /// Another version of a loaded plugin is opened beside it; both keep their own state.
  ///
  /// - Throws: ``DMTError/Code/notFound`` with what there is; what keeps the plugin from loading.
  public static func named(
    _ text: String, components: Components, registry: PluginRegistry
  ) throws(DMTError) -> ShadowSide {
    if let backend = components.backends[text] {
      return ShadowSide(
        name: text, backends: [backend], embeddings: components.embeddings[text].map { [$0] } ?? [],
        operatorKernels: [:])
    }
    if let at = text.lastIndex(of: "@") {
      let plugin = try registry.version(
        String(text[text.index(after: at)...]), ofPlugin: String(text[..<at]))
      return ShadowSide(
        name: text, backends: plugin.backends, embeddings: plugin.embeddings,
        operatorKernels: Dictionary(plugin.operators.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
    }
    throw DMTError(
      .notFound, "'\(text)' is no backend here",
      remedy: Spelling.suggestion(for: text, in: components.backends.keys)
        + "; another version of a plugin is PLUGIN@VERSION; `dmt plugin list --why` shows what was found")
  }
}
