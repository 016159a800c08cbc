import DMTPluginKit

/// The optimizer `@COMPONENT@`: m = momentum m + (1 - momentum) g, w -= lr sign(m).
///
/// One state, `mean`, a number for every weight, 0 at first. The kit serves dense parameters and tables with it.
struct @EXAMPLE@: ElementwiseOptimizer {
  struct Settings: Sendable {
    var momentum: Double
  }

  let name = "@COMPONENT@"
  let summary = "Sign descent with momentum: w -= lr sign(m)."
  let attributes: AttributeSchema = [
    AttributeField(
      "momentum", .double, "Share of the mean that is kept.", default: .double(0.9), minimum: 0, maximum: 1)
  ]
  let learningRate = 0.001

  func settings(_ attributes: Attributes) throws(DMTError) -> Settings {
    Settings(momentum: try attributes.double("momentum", default: 0.9))
  }

  func states(_ settings: Settings) -> [OptimizerSpec.State] { [.init(name: "mean")] }

  func updated(
    _ weight: Double, gradient: Double, state: inout WeightState, step: UpdateStep, settings: Settings
  ) -> Double {
    let mean = settings.momentum * state[0] + (1 - settings.momentum) * gradient
    state[0] = mean
    return mean == 0 ? weight : weight - step.learningRate * (mean > 0 ? 1 : -1)
  }
}
