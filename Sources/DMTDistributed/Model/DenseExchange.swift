import DMTCore

/// Brings the over-arch's parameters to where kernels read them, and the sums of its gradients to where they are kept.
///
/// Every rank makes the same calls in the same order, a rank without samples too: it only leaves out those about steps.
protocol DenseExchange: AnyObject {
  /// This rank answers for what it keeps: for its share of the gradient's norm, and in checkpoints.
  var isAnswered: Bool { get }

  /// Before forward, as early as can be.
  func beginForward() throws(DMTError)
  /// A step of forward is about to read `parameters`.
  func beforeForward(_ parameters: [Int]) throws(DMTError)
  /// After forward, or instead of it.
  func endForward() throws(DMTError)

  /// Before backward, or instead of it.
  func beginBackward() throws(DMTError)
  /// A step of backward is about to read `parameters` and to write their gradients.
  func beforeBackward(_ parameters: [Int]) throws(DMTError)
  /// Backward has written the gradients of `parameters`.
  func finished(_ parameters: [Int]) throws(DMTError)
  /// This rank has no samples, and so no gradients.
  func skipBackward()
  /// After backward: starts what was not started.
  func startRest() throws(DMTError)
  /// Waits until the gradients are the sums of all ranks.
  func wait() throws(DMTError)

  /// What is kept has changed: by an update, or from outside.
  func parametersChanged()
}
