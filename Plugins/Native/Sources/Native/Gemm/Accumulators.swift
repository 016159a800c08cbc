// A tile of the product, held in registers. Its height is written as a type, so that the compiler sees every register
// as a variable of its own: loops over an array of 28 registers are not unrolled and go through memory.

/// Rows of a tile: each one or two registers wide.
protocol Accumulators {
  static var rows: Int { get }
  init(row: Lane, _ second: Lane)
  init(_ c: UnsafePointer<Float>, stride: Int)
  /// Adds the outer product of `rows` floats at a with one row of B.
  mutating func accumulate(_ a: UnsafePointer<Float>, _ left: Lane, _ right: Lane)
  func store(_ c: UnsafeMutablePointer<Float>, stride: Int)
  func storeClamped(_ c: UnsafeMutablePointer<Float>, stride: Int)
}

/// One row of two registers.
struct WideRow: Accumulators {
  @inline(__always) static var rows: Int { 1 }
  var left: Lane
  var right: Lane

  @inline(__always) init(row: Lane, _ second: Lane) {
    left = row
    right = second
  }
  @inline(__always) init(_ c: UnsafePointer<Float>, stride: Int) {
    left = Lane.load(c)
    right = Lane.load(c + Lane.width)
  }
  @inline(__always) mutating func accumulate(_ a: UnsafePointer<Float>, _ b: Lane, _ second: Lane) {
    let x = Lane(repeating: a[0])
    left = left.adding(x, times: b)
    right = right.adding(x, times: second)
  }
  @inline(__always) func store(_ c: UnsafeMutablePointer<Float>, stride: Int) {
    left.store(c)
    right.store(c + Lane.width)
  }
  @inline(__always) func storeClamped(_ c: UnsafeMutablePointer<Float>, stride: Int) {
    left.clampedToZero.store(c)
    right.clampedToZero.store(c + Lane.width)
  }
}

/// One row of one register, for the last columns.
struct NarrowRow: Accumulators {
  @inline(__always) static var rows: Int { 1 }
  var lane: Lane

  @inline(__always) init(row: Lane, _: Lane) { lane = row }
  @inline(__always) init(_ c: UnsafePointer<Float>, stride: Int) { lane = Lane.load(c) }
  @inline(__always) mutating func accumulate(_ a: UnsafePointer<Float>, _ b: Lane, _: Lane) {
    lane = lane.adding(Lane(repeating: a[0]), times: b)
  }
  @inline(__always) func store(_ c: UnsafeMutablePointer<Float>, stride: Int) { lane.store(c) }
  @inline(__always) func storeClamped(_ c: UnsafeMutablePointer<Float>, stride: Int) { lane.clampedToZero.store(c) }
}

/// Rows above rows.
struct Stack<Upper: Accumulators, Lower: Accumulators>: Accumulators {
  @inline(__always) static var rows: Int { Upper.rows &+ Lower.rows }
  var upper: Upper
  var lower: Lower

  @inline(__always) init(row: Lane, _ second: Lane) {
    upper = Upper(row: row, second)
    lower = Lower(row: row, second)
  }
  @inline(__always) init(_ c: UnsafePointer<Float>, stride: Int) {
    upper = Upper(c, stride: stride)
    lower = Lower(c + Upper.rows &* stride, stride: stride)
  }
  @inline(__always) mutating func accumulate(_ a: UnsafePointer<Float>, _ left: Lane, _ right: Lane) {
    upper.accumulate(a, left, right)
    lower.accumulate(a + Upper.rows, left, right)
  }
  @inline(__always) func store(_ c: UnsafeMutablePointer<Float>, stride: Int) {
    upper.store(c, stride: stride)
    lower.store(c + Upper.rows &* stride, stride: stride)
  }
  @inline(__always) func storeClamped(_ c: UnsafeMutablePointer<Float>, stride: Int) {
    upper.storeClamped(c, stride: stride)
    lower.storeClamped(c + Upper.rows &* stride, stride: stride)
  }
}

typealias Rows2<Row: Accumulators> = Stack<Row, Row>
typealias Rows3<Row: Accumulators> = Stack<Rows2<Row>, Row>
typealias Rows4<Row: Accumulators> = Stack<Rows2<Row>, Rows2<Row>>
typealias Rows5<Row: Accumulators> = Stack<Rows4<Row>, Row>
typealias Rows6<Row: Accumulators> = Stack<Rows4<Row>, Rows2<Row>>
typealias Rows7<Row: Accumulators> = Stack<Rows4<Row>, Rows3<Row>>
typealias Rows8<Row: Accumulators> = Stack<Rows4<Row>, Rows4<Row>>
typealias Rows9<Row: Accumulators> = Stack<Rows8<Row>, Row>
typealias Rows10<Row: Accumulators> = Stack<Rows8<Row>, Rows2<Row>>
typealias Rows11<Row: Accumulators> = Stack<Rows8<Row>, Rows3<Row>>
typealias Rows12<Row: Accumulators> = Stack<Rows8<Row>, Rows4<Row>>
typealias Rows13<Row: Accumulators> = Stack<Rows8<Row>, Rows5<Row>>
typealias Rows14<Row: Accumulators> = Stack<Rows8<Row>, Rows6<Row>>
