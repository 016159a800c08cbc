import CDMTPlugin
import DMTCore
public import DMTManifest
public import DMTPluginHost
public import DMTRuntime

extension ManifestLock {
  /// What a manifest's model uses here.
  ///
  /// - Parameters:
  ///   - plan: its model.
  ///   - explanation: who serves its nodes, tables and updates.
  ///   - interconnect: instead of the manifest's.
  public init(
    _ manifest: Manifest, plan: ModelPlan, explanation: Explanation, registry: PluginRegistry,
    interconnect: String? = nil
  ) {
    var names: [String: Set<String>] = [
      "module": plan.graph.modules,
      "operator": Set(plan.graph.nodes.map(\.op.name)),
      "backend": Set(explanation.nodes.map(\.backend)),
      "embedding": [explanation.tableBackend],
      "update": [explanation.updateBackend],
    ]
    // What a run on ranks takes when nothing else is said.
    names["sharding"] = [manifest.sharding.strategy ?? (plan.towers.isEmpty ? "table_wise" : "sptt")]
    names["interconnect"] = [interconnect ?? manifest.interconnect.name ?? "threads"]
    var plugins: [Plugin] = []
    for plugin in registry.plugins {
      let uses = plugin.descriptor.components.filter { component in
        names[component.kind]?.contains(component.id) == true
          && registry.owner(of: component.kind, component.id) == plugin.id
      }.map { "\($0.kind) \($0.id)" }
      guard !uses.isEmpty else { continue }
      plugins.append(
        Plugin(id: plugin.id, version: plugin.version, sha256: plugin.sha256 ?? "", uses: uses.sorted()))
    }
    var operators = Dictionary(
      plan.graph.nodes.map { ($0.op.name, $0.op.revision) }, uniquingKeysWith: { first, _ in first })
    let table = EmbeddingBagOperator()
    operators[table.name] = table.revision
    self.init(
      manifest: manifest.name, contract: "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)",
      plugins: plugins.sorted { $0.id < $1.id }, operators: operators)
  }
}
