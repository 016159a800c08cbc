/// Loops over memory that the library has no fast primitive for.
enum VectorLoops {
  typealias Lane = SIMD8<Float>

  /// target += source, or target = source.
  static func store(
    _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int, adding: Bool,
    negated: Bool = false
  ) {
    let sign: Float = negated ? -1 : 1
    let signs = Lane(repeating: sign)
    var index = 0
    while index &+ 8 <= count {
      var lane = load(source + index) * signs
      if adding { lane += load(target + index) }
      UnsafeMutableRawPointer(target + index).storeBytes(of: lane, as: Lane.self)
      index &+= 8
    }
    while index < count {
      let value = source[index] * sign
      target[index] = adding ? target[index] + value : value
      index &+= 1
    }
  }

  /// target += a b, element by element, or target = a b.
  static func storeProduct(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int,
    adding: Bool
  ) {
    var index = 0
    while index &+ 8 <= count {
      var lane = load(a + index) * load(b + index)
      if adding { lane += load(target + index) }
      UnsafeMutableRawPointer(target + index).storeBytes(of: lane, as: Lane.self)
      index &+= 8
    }
    while index < count {
      let value = a[index] * b[index]
      target[index] = adding ? target[index] + value : value
      index &+= 1
    }
  }

  /// Sums of the columns first ..< first + count of a row-major matrix, into or added to target[first ...].
  static func sumColumns(
    _ matrix: UnsafePointer<Float>, rows: Int, width: Int, first: Int, count: Int,
    to target: UnsafeMutablePointer<Float>,
    adding: Bool
  ) {
    var column = first
    let end = first + count
    // Rows are added in blocks of 64, the blocks' sums after that: the error grows with the blocks, not with the rows.
    // Four registers wide, so that every row is read in whole cache lines.
    while column &+ 32 <= end {
      var totals = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
      var row = 0
      while row < rows {
        let stop = min(rows, row &+ 64)
        var parts = (Lane.zero, Lane.zero, Lane.zero, Lane.zero)
        while row < stop {
          let place = matrix + (row &* width &+ column)
          parts.0 += load(place)
          parts.1 += load(place + 8)
          parts.2 += load(place + 16)
          parts.3 += load(place + 24)
          row &+= 1
        }
        totals.0 += parts.0
        totals.1 += parts.1
        totals.2 += parts.2
        totals.3 += parts.3
      }
      withUnsafePointer(to: &totals) { sums in
        sums.withMemoryRebound(to: Float.self, capacity: 32) {
          store($0, to: target + column, count: 32, adding: adding)
        }
      }
      column &+= 32
    }
    while column &+ 8 <= end {
      var total = Lane.zero
      var row = 0
      while row < rows {
        let stop = min(rows, row &+ 64)
        var part = Lane.zero
        while row < stop {
          part += load(matrix + (row &* width &+ column))
          row &+= 1
        }
        total += part
      }
      if adding { total += load(target + column) }
      UnsafeMutableRawPointer(target + column).storeBytes(of: total, as: Lane.self)
      column &+= 8
    }
    while column < end {
      var total: Float = 0
      var row = 0
      while row < rows {
        let stop = min(rows, row &+ 64)
        var part: Float = 0
        while row < stop {
          part += matrix[row &* width &+ column]
          row &+= 1
        }
        total += part
      }
      target[column] = adding ? target[column] + total : total
      column &+= 1
    }
  }

  @inline(__always)
  static func load(_ source: UnsafePointer<Float>) -> Lane {
    UnsafeRawPointer(source).loadUnaligned(as: Lane.self)
  }
}
