internal import DMTCore
internal import DMTPluginHost

/// An update rule on dense parameters and a table, with one type of numbers.
struct OptimizerWorkload: Workload {
  private let subject: OptimizerSubject

  static func all(
    _ context: TestContext, _ plugin: SubjectPlugin, attributes: Attributes? = nil
  ) throws -> [OptimizerWorkload] {
    try OptimizerSubject.all(context, plugin, attributes: attributes).map { OptimizerWorkload(subject: $0) }
  }

  private init(subject: OptimizerSubject) { self.subject = subject }

  var name: String { "\(subject.rule.name) in \(subject.request.dtype)" }

  func bind(threads: Int) throws(DMTError) -> any BoundWorkload {
    var request = subject.request
    request.threads = threads
    return BoundOptimizer(subject, try subject.rule.bind(request))
  }

  /// The contract has no formula of a rule of a plugin.
  func bindReference() throws(DMTError) -> (any BoundWorkload)? { nil }

  /// A rule knows no batch.
  func resized(batch: Int) throws(DMTError) -> any Workload { self }

  func reseeded(_ seed: UInt64) -> any Workload {
    OptimizerWorkload(
      subject: OptimizerSubject(
        rule: subject.rule, request: subject.request, layout: subject.layout, seed: seed))
  }
}

private final class BoundOptimizer: BoundWorkload {
  private let subject: OptimizerSubject
  private let kernel: any OptimizerKernel

  init(_ subject: OptimizerSubject, _ kernel: any OptimizerKernel) {
    self.subject = subject
    self.kernel = kernel
  }

  func run(_ policy: MemoryPolicy, _ variation: RunVariation) throws(DMTError) -> [NamedNumbers] {
    var found: [NamedNumbers] = []
    if subject.servesElements {
      for count in OptimizerSubject.elements {
        found += try subject.updateElements(kernel, count: count, policy)
      }
    }
    if subject.rule.servesTables { found += try subject.updateRows(kernel, policy) }
    return found
  }
}
