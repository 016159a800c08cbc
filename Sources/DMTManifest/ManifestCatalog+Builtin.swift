import DMTCore

extension ManifestCatalog {
  /// What is known without any module and plugin: optimizers, metrics, the backends of the default order.
  public static let builtin = ManifestCatalog()

  /// The metrics of every evaluation.
  public static let builtinMetrics = ["auc", "logloss", "ne"]

  /// PyTorch's optimizers of the same names, with PyTorch's defaults.
  public static let builtinDenseOptimizers: [String: Optimizer] = [
    "sgd": sgd, "adagrad": adagrad, "adam": adam, "adamw": adamw,
  ]

  /// Optimizers of tables: `adam` and `adamw` move every row at every step, the others the rows of the batch only.
  public static let builtinTableOptimizers: [String: Optimizer] = [
    "sgd": sgd, "adagrad": adagrad, "adam": adam, "adamw": adamw, "rowwise_adagrad": rowwiseAdagrad,
    "lazy_adam": lazyAdam,
  ]

  private static let sgd = Optimizer(
    schema: [
      AttributeField(
        "momentum", .double, "Share of the last step that is kept.", default: .double(0), minimum: 0, maximum: 1),
      AttributeField("nesterov", .bool, "Looks ahead along the momentum.", default: .bool(false)), decay(0),
    ], summary: "Stochastic gradient descent.", learningRate: 0.001)

  private static let adagrad = Optimizer(
    schema: [epsilon(1e-10), decay(0)],
    summary: "Adagrad: each element's rate falls with the sum of its squared gradients.", learningRate: 0.01)

  private static let adam = Optimizer(
    schema: AttributeSchema(betas + [epsilon(1e-8), decay(0)]),
    summary: "Adam; on tables every row moves at every step.", learningRate: 0.001)

  private static let adamw = Optimizer(
    schema: AttributeSchema(
      betas + [
        epsilon(1e-8),
        AttributeField(
          "weight_decay", .double, "Share lr * weight_decay of each weight that is taken off at every step.",
          default: .double(0.01), minimum: 0),
      ]), summary: "Adam with decoupled weight decay; on tables every row moves at every step.", learningRate: 0.001)

  private static let rowwiseAdagrad = Optimizer(
    schema: [epsilon(1e-8), decay(0)],
    summary: "Exact row-wise Adagrad: one sum a row, of the mean squared gradient of the row.", learningRate: 0.01)

  private static let lazyAdam = Optimizer(
    schema: AttributeSchema(betas + [epsilon(1e-8), decay(0)]),
    summary: "Adam on the rows of the batch only, as PyTorch's SparseAdam.", learningRate: 0.001)

  private static let betas = [
    AttributeField(
      "beta1", .double, "Decay of the mean of the gradient.", default: .double(0.9), minimum: 0, maximum: 1),
    AttributeField(
      "beta2", .double, "Decay of the mean of the squared gradient.", default: .double(0.999), minimum: 0, maximum: 1),
  ]

  private static func epsilon(_ value: Double) -> AttributeField {
    AttributeField("eps", .double, "Added to the denominator.", default: .double(value), minimum: 0)
  }

  private static func decay(_ value: Double) -> AttributeField {
    AttributeField(
      "weight_decay", .double, "L2: this times the weight is added to the gradient.", default: .double(value),
      minimum: 0)
  }
}
