internal import CDNNL
internal import DMTPluginKit

/// A matrix with the distances between its rows and between its columns.
struct MatrixView {
  var rows: Int
  var columns: Int
  var rowStride: Int
  var columnStride: Int

  /// Row-major; `pitch` is the distance of rows, by default the width.
  init(_ rows: Int, _ columns: Int, pitch: Int? = nil) {
    self.rows = rows
    self.columns = columns
    rowStride = pitch ?? columns
    columnStride = 1
  }

  /// The same memory with rows and columns exchanged.
  var transposed: MatrixView {
    var view = self
    swap(&view.rows, &view.columns)
    swap(&view.rowStride, &view.columnStride)
    return view
  }

  func transposed(_ flag: Bool) -> MatrixView { flag ? transposed : self }
}

/// c = a b, or c += a b, for one matrix or a batch of them; prepared for every worker.
struct ProductCalls {
  private let overwriting: [PreparedCall]
  private let adding: [PreparedCall]

  /// - Parameters:
  ///   - batch: number of matrices, each `a.rows * a.columns` (and so on) elements behind the one before; nil: one.
  ///   - c: must be row-major.
  init(
    batch: Int? = nil, a: MatrixView, b: MatrixView, c: MatrixView, canAdd: Bool, for kernel: PrimitiveKernel
  ) throws(DMTError) {
    func layout(_ view: MatrixView) throws(DMTError) -> dnnl_memory_desc_t {
      guard let batch else {
        return try Layout.strided([view.rows, view.columns], [view.rowStride, view.columnStride])
      }
      return try Layout.strided(
        [batch, view.rows, view.columns], [view.rows * view.columns, view.rowStride, view.columnStride])
    }
    let (source, weights, destination) = (try layout(a), try layout(b), try layout(c))
    func calls(accumulates: Bool) throws(DMTError) -> [PreparedCall] {
      var operation = dnnl_matmul_desc_t()
      let status = withUnsafePointer(to: source) { source in
        withUnsafePointer(to: weights) { weights in
          withUnsafePointer(to: destination) { dnnl_matmul_desc_init(&operation, source, weights, nil, $0) }
        }
      }
      try Library.check(status, "the description of a product")
      let primitive = try Primitive(operation, PostOperations(accumulates: accumulates), what: "matmul")
      return try kernel.prepare(
        primitive, [(DNNL_ARG_SRC_0, source), (DNNL_ARG_WEIGHTS_0, weights), (DNNL_ARG_DST_0, destination)])
    }
    overwriting = try calls(accumulates: false)
    adding = canAdd ? try calls(accumulates: true) : []
  }

  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to c: UnsafeMutablePointer<Float>, adding adds: Bool,
    worker: Int,
    scratch: UnsafeMutableRawPointer?
  ) -> dnnl_status_t {
    let call = adds ? adding[worker] : overwriting[worker]
    call.bind(0, a)
    call.bind(1, b)
    call.bind(2, c)
    return call.execute(scratch: scratch)
  }
}
