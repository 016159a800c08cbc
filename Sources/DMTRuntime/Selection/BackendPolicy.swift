public import DMTCore

/// Who serves a node, and why.
public struct BackendChoice: Sendable {
  public var backend: any Backend
  /// In one sentence, for `dmt explain`.
  public var reason: String
}

/// The order in which backends are asked for a node.
///
/// A pin decides alone. Otherwise the first backend of the order that serves the node well (score 50 or more) is taken;
/// when none does, the one with the best score. The reference backend ends every list.
public struct BackendPolicy: Sendable {
  /// A score from which a backend is taken in the order of preference; below it says: I can, another would do better.
  public static let goodScore = 50

  /// Names in order of preference.
  public var order: [String]
  /// Where the order comes from: `the manifest`, `DMT_BACKEND`, `--backend`.
  public var origin: String
  /// Nobody else may serve.
  public var isExclusive: Bool
  /// Node name, or a prefix that ends in `.*`, to the backend that must serve it.
  public var pins: [String: String]

  public init(order: [String], origin: String = "the default", isExclusive: Bool = false, pins: [String: String] = [:])
  {
    self.order = order
    self.origin = origin
    self.isExclusive = isExclusive
    self.pins = pins
  }

  /// The policy with `name` in front, as `--backend` and `DMT_BACKEND` ask for.
  public func preferring(_ name: String, origin: String) -> BackendPolicy {
    var policy = self
    policy.order.removeAll { $0 == name }
    policy.order.insert(name, at: 0)
    policy.origin = origin
    return policy
  }

  /// The names that are asked, in order.
  public var names: [String] {
    isExclusive || order.contains("reference") ? order : order + ["reference"]
  }

  /// The pin that applies to a node: its own name, else the longest prefix.
  func pin(for node: String) -> (pattern: String, backend: String)? {
    if let backend = pins[node] { return (node, backend) }
    let matching = pins.filter { $0.key.hasSuffix(".*") && node.hasPrefix($0.key.dropLast(1)) }
    return matching.max { $0.key.count < $1.key.count }.map { ($0.key, $0.value) }
  }

  /// The backend that serves `request` for node `node`.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when nobody does, naming who was asked and why each declined.
  public func choose(node: String, request: KernelRequest, components: Components) throws(DMTError) -> BackendChoice {
    if let pin = pin(for: node) {
      guard let backend = components.backends[pin.backend] else {
        throw DMTError(
          .notFound, "node is pinned to backend '\(pin.backend)', which is not here", place: .init(node: node),
          remedy: Spelling.suggestion(for: pin.backend, in: components.backends.keys))
      }
      let support = backend.support(for: request)
      guard support.isServed else {
        throw DMTError(
          .unsupported,
          "node is pinned to backend '\(pin.backend)', which does not serve \(request.op): \(support.reason)",
          place: .init(node: node), remedy: "take the pin '\(pin.pattern)' out, or pin another backend")
      }
      return BackendChoice(backend: backend, reason: "pinned by '\(pin.pattern)'")
    }

    var declined: [String] = []
    var best: (backend: any Backend, support: KernelSupport)?
    var asked: [any Backend] = names.compactMap { components.backends[$0] }
    if !isExclusive, let own = components.operatorKernels[request.op] { asked.insert(own, at: 0) }
    for backend in asked {
      let support = backend.support(for: request)
      if support.score >= Self.goodScore {
        var reason = support.reason
        if !declined.isEmpty { reason += " (" + declined.joined(separator: "; ") + ")" }
        return BackendChoice(backend: backend, reason: reason)
      }
      declined.append("\(backend.name): \(support.reason)")
      if support.isServed, support.score > best?.support.score ?? 0 { best = (backend, support) }
    }
    if let best { return BackendChoice(backend: best.backend, reason: best.support.reason) }
    let missing = names.filter { components.backends[$0] == nil }
    throw DMTError(
      .unsupported,
      "no backend serves \(request.op) in \(request.dtype.rawValue) for "
        + request.inputs.map(\.description).joined(separator: ", ")
        + (declined.isEmpty ? "" : "; " + declined.joined(separator: "; "))
        + (missing.isEmpty ? "" : "; not here: " + missing.joined(separator: ", ")),
      place: .init(node: node), remedy: "`dmt plugin list --why` shows which backends were found")
  }

  /// The first embedding backend of the order that serves `request`.
  public func choose(
    _ request: EmbeddingRequest, components: Components
  ) throws(DMTError) -> (backend: any EmbeddingBackend, reason: String) {
    try first(names.compactMap { components.embeddings[$0] }.map { ($0, $0.name, $0.support(for: request)) }, "tables")
  }

  /// The first update backend of the order that serves `request`.
  public func choose(
    _ request: UpdateRequest, components: Components
  ) throws(DMTError) -> (backend: any UpdateBackend, reason: String) {
    if let rule = request.optimizer.rule { return (RuleUpdate(rule: rule), rule.optimizer.summary) }
    return try first(
      names.compactMap { components.updates[$0] }.map { ($0, $0.name, $0.support(for: request)) },
      "optimizer \(request.optimizer.name)")
  }

  private func first<B>(
    _ candidates: [(B, String, KernelSupport)], _ what: String
  ) throws(DMTError) -> (backend: B, reason: String) {
    if let found = candidates.first(where: { $0.2.isServed }) { return (found.0, found.2.reason) }
    throw DMTError(
      .unsupported,
      "no backend serves \(what): "
        + (candidates.isEmpty
          ? "none of \(names.joined(separator: ", ")) has this component"
          : candidates.map { "\($0.1): \($0.2.reason)" }.joined(separator: "; ")))
  }
}
