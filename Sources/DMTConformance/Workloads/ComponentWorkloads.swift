internal import DMTCore
internal import DMTPluginHost

/// What the component under test is run with, whatever its kind.
enum ComponentWorkloads {
  /// Kinds that have workloads.
  static let kinds: Set<String> = ["backend", "operator", "embedding", "update"]
  /// Those, and kinds whose workloads have neither a batch nor a reference.
  static let planKinds = kinds.union(["optimizer"])

  /// Everything that it serves.
  ///
  /// - Throws: ``TestContext/Skipped`` when there is nothing.
  static func all(_ context: TestContext, _ plugin: SubjectPlugin) throws -> [any Workload] {
    let component = try context.tested()
    var found: [any Workload] = []
    switch component.kind {
    case "backend", "operator": found = try KernelWorkloads(context, plugin).served
    case "embedding":
      guard let backend = plugin.loaded.embeddings.first(where: { $0.name == component.id }) else { break }
      found = EmbeddingWorkload.optimizers.map {
        EmbeddingWorkload(backend: backend, optimizer: $0, batch: 19, seed: context.seed)
      }.filter { backend.support(for: $0.request).isServed }
    case "update":
      guard let backend = plugin.loaded.updates.first(where: { $0.name == component.id }) else { break }
      found = UpdateWorkload.optimizers.map {
        UpdateWorkload(optimizer: $0, backend: backend, sizes: UpdateWorkload.sizes, seed: context.seed)
      }.filter { backend.support(for: $0.request).isServed }
    case "optimizer": found = try OptimizerWorkload.all(context, plugin)
    default: break
    }
    guard !found.isEmpty else { throw context.skip("it serves none of what is tried") }
    return found
  }
}

extension ComponentWorkloads {
  /// The first of what it serves.
  static func smallest(_ context: TestContext, _ plugin: SubjectPlugin) throws -> any Workload {
    let all = try all(context, plugin)
    return all[0]
  }

  /// One of every operator; all of what is no kernel.
  static func oneOfEach(_ context: TestContext, _ plugin: SubjectPlugin) throws -> [any Workload] {
    let component = try context.tested()
    guard component.kind == "backend" || component.kind == "operator" else { return try all(context, plugin) }
    return try KernelWorkloads(context, plugin).smallest
  }
}
