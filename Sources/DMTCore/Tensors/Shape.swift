/// The extents of a tensor; the batch extent may be left open (``Shape/batch``) until a batch is at hand.
public struct Shape: Sendable, Hashable, CustomStringConvertible, ExpressibleByArrayLiteral {
  /// The symbolic extent `B`: the samples of a batch.
  public static let batch = -1
  /// The most extents a tensor may have.
  public static let maximumRank = 8

  /// The extents, outermost first; `Shape.batch` where the extent is the batch.
  public var dims: [Int]

  public init(_ dims: [Int]) { self.dims = dims }
  public init(arrayLiteral elements: Int...) { dims = elements }

  public var rank: Int { dims.count }
  /// True when the first extent is the batch.
  public var isBatched: Bool { dims.first == Shape.batch }
  public subscript(axis: Int) -> Int { dims[axis] }

  /// The product of all known extents: elements a sample when the shape is batched, elements in all otherwise.
  ///
  /// `Int.max` where the product does not fit, so that extents from outside never trap.
  public var elementsPerSample: Int { dims.reduce(1) { $1 == Shape.batch ? $0 : Shape.product($0, $1) } }

  /// The elements for a batch of `batch` samples; `Int.max` where they do not fit.
  public func elements(batch: Int) -> Int { dims.reduce(1) { Shape.product($0, $1 == Shape.batch ? batch : $1) } }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
  }

  /// The shape with the batch extent filled in.
  public func resolved(batch: Int) -> Shape { Shape(dims.map { $0 == Shape.batch ? batch : $0 }) }

  /// `[B, 5, 16]`.
  public var description: String {
    "[" + dims.map { $0 == Shape.batch ? "B" : String($0) }.joined(separator: ", ") + "]"
  }
}
