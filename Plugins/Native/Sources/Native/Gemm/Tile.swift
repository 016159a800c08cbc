/// The inner kernel of every product: a tile of C = A B with A and B read `depth` steps deep.
struct Tile {
  /// Rows of a full tile: 28 accumulators of 32 registers with AVX-512, 12 of 16 with AVX2, 8 of 16 with SSE.
  #if DMT_ISA_V4
    static let maximumRows = 14
  #elseif DMT_ISA_V3
    static let maximumRows = 6
  #else
    static let maximumRows = 4
  #endif
  /// Columns of a full tile: two registers.
  static let maximumColumns = 2 * Lane.scalarCount

  /// What a tile starts from.
  enum Start {
    case zero
    /// The tile's columns of a bias.
    case bias(UnsafePointer<Float>)
    /// What C holds.
    case destination
  }

  let depth: Int
  /// Element (row, k) at a[k * aStep + row].
  let a: UnsafePointer<Float>
  let aStep: Int
  /// Element (k, column) at b[k * bStep + column]; whole registers are read.
  let b: UnsafePointer<Float>
  let bStep: Int
  let c: UnsafeMutablePointer<Float>
  let cStride: Int
  let start: Start
  /// Negative results become 0.
  let clamp: Bool

  /// Computes `rows` rows of one (`wide` false) or two registers; whole registers of C are written.
  @inline(never)
  func multiply(rows: Int, wide: Bool) {
    if wide { multiply(rows, WideRow.self) } else { multiply(rows, NarrowRow.self) }
  }

  @inline(__always)
  private func multiply<Row: Accumulators>(_ rows: Int, _: Row.Type) {
    switch rows {
    case 1: run(Row.self)
    case 2: run(Rows2<Row>.self)
    case 3: run(Rows3<Row>.self)
    #if !DMT_ISA_V4 && !DMT_ISA_V3
      default: run(Rows4<Row>.self)
    #else
      case 4: run(Rows4<Row>.self)
      case 5: run(Rows5<Row>.self)
      #if DMT_ISA_V3
        default: run(Rows6<Row>.self)
      #else
        case 6: run(Rows6<Row>.self)
        case 7: run(Rows7<Row>.self)
        case 8: run(Rows8<Row>.self)
        case 9: run(Rows9<Row>.self)
        case 10: run(Rows10<Row>.self)
        case 11: run(Rows11<Row>.self)
        case 12: run(Rows12<Row>.self)
        case 13: run(Rows13<Row>.self)
        default: run(Rows14<Row>.self)
      #endif
    #endif
    }
  }

  @inline(__always)
  private func run<Rows: Accumulators>(_: Rows.Type) {
    var rows: Rows
    switch start {
    case .zero: rows = Rows(row: .zero, .zero)
    case .bias(let bias): rows = Rows(row: Lane.load(bias), Lane.load(bias + Lane.width))
    case .destination: rows = Rows(c, stride: cStride)
    }
    var a = a
    var b = b
    for _ in 0..<depth {
      rows.accumulate(a, Lane.load(b), Lane.load(b + Lane.width))
      a += aStep
      b += bStep
    }
    if clamp { rows.storeClamped(c, stride: cStride) } else { rows.store(c, stride: cStride) }
  }
}
