import DMTRuntime

/// Bytes that a rank has allocated for dense parameters: those of the over-arch and of the towers that it serves.
///
/// Counted where memory is allocated and freed. Activations, an interconnect's own buffers and what kernels pack for
/// themselves are not among them.
public struct DenseBytes: Sendable, Equatable {
  /// Values that are kept from step to step.
  public var parameters: Int
  /// Gradients that are kept until the update.
  public var gradients: Int
  /// States of the optimizer.
  public var states: Int
  /// Where units of a sharded over-arch are whole for a while, values and gradients.
  public var buffers: Int
  /// The most bytes of all kinds together that there were at once.
  public var peak: Int

  init(_ meter: MemoryMeter) {
    parameters = meter.count(.parameters)
    gradients = meter.count(.gradients)
    states = meter.count(.states)
    buffers = meter.count(.buffers)
    peak = meter.peak
  }

  /// All kinds together.
  public var total: Int { parameters + gradients + states + buffers }
}
