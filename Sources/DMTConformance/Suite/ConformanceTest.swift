/// One thing that a plugin has to do, tried in a process of its own.
struct ConformanceTest: Sendable {
  /// What a test is run on.
  enum Scope: Sendable {
    /// The plugin's library, once.
    case plugin
    /// Every component of these kinds.
    case components(Set<String>)
  }

  /// `memory.guards`: what `--only` and reports know it by.
  let name: String
  /// What has to hold, in a sentence.
  let summary: String
  let scope: Scope
  let body: @Sendable (TestContext) throws -> Void

  init(
    _ name: String, _ summary: String, _ scope: Scope, _ body: @escaping @Sendable (TestContext) throws -> Void
  ) {
    self.name = name
    self.summary = summary
    self.scope = scope
    self.body = body
  }

  /// All of them, in the order in which they run.
  static let all =
    LibraryTests.all + EntryTests.all + LookupTests.all + DescriptorTests.all + LifecycleTests.all + SchemaTests.all
    + BindErrorTests.all + CallErrorTests.all + NumberTests.all + MemoryTests.all + BatchTests.all + ThreadTests.all
    + EnvironmentTests.all + ModuleTests.all + PartitionTests.all + ShardingTests.all + InterconnectTests.all
    + OptimizerTests.all + ReaderTests.all + ReaderFileTests.all

  /// Whether it is run on a component.
  func applies(to component: TestedComponent?) -> Bool {
    switch (scope, component) {
    case (.plugin, nil): true
    case (.components(let kinds), let component?): kinds.contains(component.kind)
    default: false
    }
  }
}

/// A component that is tested.
public struct TestedComponent: Sendable, Hashable, Codable, CustomStringConvertible {
  /// `backend`.
  public var kind: String
  /// `onednn`.
  public var id: String
  public var revision: Int

  /// `backend onednn`.
  public var description: String { "\(kind) \(id)" }
}
