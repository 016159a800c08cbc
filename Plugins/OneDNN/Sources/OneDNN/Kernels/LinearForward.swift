internal import CDNNL
internal import DMTPluginKit

/// The inner products of a linear layer for pieces of its rows, with bias and activation behind them.
struct LinearForward {
  /// Nil when the primitive takes the weight as the host stores it.
  let packed: PackedWeight?
  private var calls: [[PreparedCall]] = []
  private let hasBias: Bool
  /// By kind the outputs of a piece that relu follows; empty: it does not.
  private let rectified: [Int]

  /// - Parameter lengths: the different numbers of rows that pieces have.
  init(
    lengths: [Int], geometry: LinearGeometry, activation: Activation?, isTraining: Bool, for kernel: PrimitiveKernel
  ) throws(DMTError) {
    let hasBias = geometry.hasBias
    self.hasBias = hasBias
    // Behind the product, not in it: oneDNN's relu turns NaN into 0, and a loss that went wrong would look well.
    let rectifies = activation == .relu
    rectified = rectifies ? lengths.map { $0 * geometry.out } : []
    let plain = try Layout.rowMajor([geometry.out, geometry.width])
    let bias = try Layout.rowMajor([geometry.out])
    // Packing reads the whole weight once a step: with few rows that costs more than it saves.
    var weights = isTraining && geometry.rows < 32 ? plain : try Layout.any([geometry.out, geometry.width])
    for (index, rows) in lengths.enumerated() {
      let source = try Layout.rowMajor([rows, geometry.width])
      let destination = try Layout.rowMajor([rows, geometry.out])
      var operation = dnnl_inner_product_desc_t()
      let status = withUnsafePointer(to: source) { source in
        withUnsafePointer(to: weights) { weights in
          withUnsafePointer(to: bias) { bias in
            withUnsafePointer(to: destination) {
              dnnl_inner_product_forward_desc_init(
                &operation, isTraining ? dnnl_forward_training : dnnl_forward_inference, source, weights,
                hasBias ? bias : nil, $0)
            }
          }
        }
      }
      try Library.check(status, "the description of linear")
      let primitive = try Primitive(
        operation, PostOperations(activation: rectifies ? nil : activation?.forwardAlgorithm), what: "linear")
      // All pieces read one packed weight, so the first primitive's choice holds for the others.
      if index == 0, let chosen = primitive.weightsLayout { weights = chosen }
      var arguments: [(number: Int32, layout: dnnl_memory_desc_t)] = [
        (DNNL_ARG_SRC_0, source), (DNNL_ARG_WEIGHTS_0, weights), (DNNL_ARG_DST_0, destination),
      ]
      if hasBias { arguments.append((DNNL_ARG_BIAS, bias)) }
      calls.append(try kernel.prepare(primitive, arguments))
    }
    packed = Layout.areEqual(weights, plain) || lengths.isEmpty ? nil : try PackedWeight(from: plain, to: weights)
  }

  /// - Parameter kind: index into the lengths.
  func run(
    kind: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    to y: UnsafeMutablePointer<Float>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> dnnl_status_t {
    let call = calls[kind][worker]
    call.bind(0, x)
    call.bind(1, packed?.pointer ?? weight)
    call.bind(2, y)
    if hasBias {
      guard let bias else { return dnnl_invalid_arguments }
      call.bind(3, bias)
    }
    let status = call.execute(scratch: scratch)
    if !rectified.isEmpty { VectorLoops.rectify(y, to: y, count: rectified[kind]) }
    return status
  }
}

/// The extents of a linear layer, leading axes flattened into rows.
struct LinearGeometry {
  var rows: Int
  var width: Int
  var out: Int
  var hasBias: Bool
}
