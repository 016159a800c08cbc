public import DMTCore

/// Runs cases on backends, embeddings, optimizers and, through the runtime, modules, and compares the numbers.
///
/// The first backend of a list that serves a case runs it. A kernel's own failure is part of a case's result, so that
/// one bad case does not end the others.
public struct CaseRunner: Sendable {
  /// Who may serve operators and the nodes of modules, the best first.
  public var backends: [any Backend]
  /// Who may serve `embedding_bag` and the optimizers of tables.
  public var embeddings: [any EmbeddingBackend]
  /// Who may serve the optimizers of dense parameters.
  public var updates: [any UpdateBackend]
  /// Who expands, runs and differentiates modules; nil: cases of modules are not served.
  public var modules: (any ModuleCaseExecutor)?
  /// The schema of an operator by its name.
  public var operators: @Sendable (String) -> (any Operator)?
  /// Threads that a kernel may use.
  public var threads = 1

  public init(
    backends: [any Backend], embeddings: [any EmbeddingBackend], updates: [any UpdateBackend],
    modules: (any ModuleCaseExecutor)? = nil,
    operators: @escaping @Sendable (String) -> (any Operator)? = { Opset.named($0) }
  ) {
    self.backends = backends
    self.embeddings = embeddings
    self.updates = updates
    self.modules = modules
    self.operators = operators
  }

  /// The same runner with everything called `name` first: `--backend NAME`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when nothing has that name.
  public func preferring(_ name: String) throws(DMTError) -> CaseRunner {
    try check(name)
    var runner = self
    runner.backends = backends.filter { $0.name == name } + backends.filter { $0.name != name }
    runner.embeddings = embeddings.filter { $0.name == name } + embeddings.filter { $0.name != name }
    runner.updates = updates.filter { $0.name == name } + updates.filter { $0.name != name }
    return runner
  }

  /// The same runner with nothing but what is called `name`: `--only NAME`; what it does not serve is not served.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when nothing has that name.
  public func restricted(to name: String) throws(DMTError) -> CaseRunner {
    try check(name)
    var runner = self
    runner.backends = backends.filter { $0.name == name }
    runner.embeddings = embeddings.filter { $0.name == name }
    runner.updates = updates.filter { $0.name == name }
    return runner
  }

  private func check(_ name: String) throws(DMTError) {
    let names = Set(backends.map(\.name) + embeddings.map(\.name) + updates.map(\.name))
    guard names.contains(name) else {
      throw DMTError(
        .notFound, "there is no backend '\(name)'", remedy: Spelling.suggestion(for: name, in: names.sorted()))
    }
  }

  /// Reads and runs the case at `path`.
  public func run(path: String) -> CaseResult {
    do throws(DMTError) {
      return run(try CaseFile(path: path))
    } catch {
      return .failure(name: path, error)
    }
  }

  /// Runs a case.
  public func run(_ file: CaseFile) -> CaseResult {
    do throws(DMTError) {
      switch file.subject {
      case .operation("embedding_bag"): return try runEmbeddingBag(file)
      case .operation(let name): return try runOperator(file, name)
      case .optimizer(let name): return try file.isTable ? runTable(file, name) : runDense(file, name)
      case .module(let name): return try runModule(file, name)
      }
    } catch {
      return .failure(name: file.name, subject: file.subject.description, error)
    }
  }
}

extension CaseRunner {
  /// The first of `candidates` that serves, or the result that says why none does.
  func choose<Candidate>(
    _ candidates: [Candidate], for file: CaseFile, name: (Candidate) -> String, support: (Candidate) -> KernelSupport
  ) -> (chosen: Candidate?, refusal: CaseResult) {
    var reasons: [String] = []
    for candidate in candidates {
      let support = support(candidate)
      if support.isServed { return (candidate, notServed(file, "")) }
      reasons.append("\(name(candidate)): \(support.reason)")
    }
    return (
      nil, notServed(file, reasons.isEmpty ? "no backend is allowed to serve it" : reasons.joined(separator: "; "))
    )
  }

  func notServed(_ file: CaseFile, _ reason: String) -> CaseResult {
    CaseResult(name: file.name, subject: file.subject.description, outcome: .notServed, message: reason)
  }

  /// The result of a case whose numbers have been compared.
  func finished(_ file: CaseFile, servedBy: [String], _ checks: [TensorCheck]) -> CaseResult {
    CaseResult(
      name: file.name, subject: file.subject.description, outcome: checks.allSatisfy(\.passed) ? .passed : .missed,
      servedBy: servedBy, tensors: checks)
  }
}

extension CaseFile {
  /// Compares `got` with the expected tensor called `tensor`.
  func compare(
    _ tensor: String, _ got: [Double], with expected: CaseTensor, factor: Double = 1
  ) throws(DMTError) -> TensorCheck {
    try TensorCheck.compare(
      tensor, got: got, expected: expected.values, relativeTolerance: relativeTolerance,
      absoluteTolerance: absoluteTolerance, factor: factor)
  }
}
