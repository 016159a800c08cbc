/// One factor of a product, of any layout: its outer index runs over rows of A or columns of B, its depth over the sum.
struct Operand: BitwiseCopyable {
  let base: UnsafePointer<Float>
  let outerStride: Int
  let depthStride: Int

  /// A matrix whose rows are the outer index.
  static func rows(_ base: UnsafePointer<Float>, stride: Int) -> Operand {
    Operand(base: base, outerStride: stride, depthStride: 1)
  }

  /// A matrix whose columns are the outer index.
  static func columns(_ base: UnsafePointer<Float>, stride: Int) -> Operand {
    Operand(base: base, outerStride: 1, depthStride: stride)
  }

  func advanced(outer: Int, depth: Int) -> Operand {
    Operand(
      base: base + (outer &* outerStride &+ depth &* depthStride), outerStride: outerStride, depthStride: depthStride)
  }
}

/// Copies panels of a factor to the order in which a tile reads them: `width` outer elements for every depth step.
enum Packing {
  /// Floats that a store may write past the end of the last panel.
  static let slack = Lane.scalarCount

  /// Packs `outer` <= width elements of `source`, `depth` deep, to destination[k * width + o].
  ///
  /// Missing ones become numbers of `source` or 0: a tile's rows and columns do not touch each other, so nobody looks.
  ///
  /// With a width that is no multiple of a register, up to `slack` floats behind the panel are overwritten.
  static func pack(
    _ source: Operand, outer: Int, depth: Int, width: Int, to destination: UnsafeMutablePointer<Float>
  ) {
    if source.outerStride == 1 {
      packContiguous(source, outer, depth, width, destination)
    } else if source.depthStride == 1 {
      packTransposed(source, outer, depth, width, destination)
    } else {
      packStrided(source, outer, 0, depth, width, destination)
    }
  }

  private static func packContiguous(
    _ source: Operand, _ outer: Int, _ depth: Int, _ width: Int, _ destination: UnsafeMutablePointer<Float>
  ) {
    var from = source.base
    var to = destination
    if outer == width, width % Lane.width == 0 {
      for _ in 0..<depth {
        var o = 0
        while o < width {
          Lane.load(from + o).store(to + o)
          o &+= Lane.width
        }
        from += source.depthStride
        to += width
      }
      return
    }
    if outer == width, width < Lane.width, source.depthStride >= Lane.width {
      // A whole register is read: what lies behind the panel is the next row, except in the last.
      for _ in 0..<max(0, depth &- 1) {
        Lane.load(from).store(to)
        from += source.depthStride
        to += width
      }
      if depth > 0 { Lane.load(from, first: width).store(to, first: width) }
      return
    }
    for _ in 0..<depth {
      for o in 0..<outer { to[o] = from[o] }
      for o in outer..<width { to[o] = 0 }
      from += source.depthStride
      to += width
    }
  }

  private static func packTransposed(
    _ source: Operand, _ outer: Int, _ depth: Int, _ width: Int, _ destination: UnsafeMutablePointer<Float>
  ) {
    var k = 0
    while k &+ Lane.width <= depth {
      var o = 0
      while o < outer {
        transposeSquare(
          source.base + (o &* source.outerStride &+ k), stride: source.outerStride,
          rows: min(Lane.width, outer &- o), to: destination + (k &* width &+ o), stride: width)
        o &+= Lane.width
      }
      k &+= Lane.width
    }
    packStrided(source, outer, k, depth, width, destination)
  }

  private static func packStrided(
    _ source: Operand, _ outer: Int, _ first: Int, _ depth: Int, _ width: Int,
    _ destination: UnsafeMutablePointer<Float>
  ) {
    guard first < depth else { return }
    for k in first..<depth {
      let to = destination + k &* width
      let from = source.base + k &* source.depthStride
      for o in 0..<outer { to[o] = from[o &* source.outerStride] }
      for o in outer..<width { to[o] = 0 }
    }
  }

  typealias Square = InlineArray<16, Lane>

  /// Writes the transpose of `rows` <= width rows of one register as one register for each column.
  @inline(__always)
  static func transposeSquare(
    _ source: UnsafePointer<Float>, stride: Int, rows: Int, to destination: UnsafeMutablePointer<Float>,
    stride destinationStride: Int
  ) {
    var square = Square(repeating: Lane.zero)
    // Missing rows repeat the last one: what they become is never read, and a branch a row would cost more.
    for row in 0..<Lane.scalarCount { square[unchecked: row] = Lane.load(source + min(row, rows &- 1) &* stride) }
    // log2(width) perfect shuffles transpose a square.
    square = shuffled(shuffled(square))
    #if DMT_ISA_V4
      square = shuffled(shuffled(square))
    #elseif DMT_ISA_V3
      square = shuffled(square)
    #endif
    for row in 0..<Lane.scalarCount { square[unchecked: row].store(destination + row &* destinationStride) }
  }

  @inline(__always)
  private static func shuffled(_ square: Square) -> Square {
    var result = square
    let half = Lane.scalarCount / 2
    for row in 0..<half {
      let upper = square[unchecked: row]
      let lower = square[unchecked: row &+ half]
      var first = Lane.zero
      var second = Lane.zero
      first.evenHalf = upper.lowHalf
      first.oddHalf = lower.lowHalf
      second.evenHalf = upper.highHalf
      second.oddHalf = lower.highHalf
      result[unchecked: 2 &* row] = first
      result[unchecked: 2 &* row &+ 1] = second
    }
    return result
  }
}
