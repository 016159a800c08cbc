import DMTPluginKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Features as points of the plane whose distances are near to given ones.
package struct PlaneEmbedding: Sendable {
  package let x: [Double]
  package let y: [Double]
  /// sum_{i<j} (|p_i - p_j| - D_ij)^2.
  package let stress: Double
}

/// Places features in the plane by minimising the stress with Adam.
///
/// stress(p) = sum_{i<j} (|p_i - p_j| - D_ij)^2, a fixed number of steps, the rate falling to zero by a cosine. In the plane
/// alone points cannot pass through each other and a group that starts in two halves stays so; therefore every attempt
/// starts in four dimensions, and the two that are too many shrink to zero on the way.
package struct StressMinimiser: Sendable {
  package static let steps = 500
  private static let learningRate = 0.1
  private static let beta1: Float = 0.9
  private static let beta2: Float = 0.99
  /// Steps after which the extra dimensions begin to shrink, and after which they are gone.
  private static let shrinking = (from: 150, to: 350)

  private let distances: PaddedDistances

  /// - Parameter distances: [count, count], row-major, symmetric; the diagonal is not read.
  package init(distances: [Double], count: Int) { self.distances = PaddedDistances(distances, count: count) }

  /// The result of the attempt whose start `stream` of `seed` gives.
  package func run(seed: UInt64, stream: UInt32) -> PlaneEmbedding {
    var random = RandomStream(seed: seed, stream: stream)
    let points = Points(blocks: distances.blocks)
    let gradient = Points(blocks: distances.blocks)
    let first = Points(blocks: distances.blocks)
    let second = Points(blocks: distances.blocks)
    for index in 0..<distances.count {
      for dimension in 0..<Points.dimensions { points[dimension, index] = Float(0.5 * random.normal()) }
    }
    for step in 1...Self.steps {
      let isFlat = step > Self.shrinking.to
      if isFlat { flatGradient(points, into: gradient) } else { fullGradient(points, into: gradient) }
      let progress = Double(step - 1) / Double(Self.steps)
      let rate = Float(
        Self.learningRate * 0.5 * (1 + cos(.pi * progress)) / (1 - pow(Double(Self.beta1), Double(step))))
      let correction = Float(1 / (1 - pow(Double(Self.beta2), Double(step))))
      let left = Float(Self.shrinking.to - step)
      let shrink: Float = step <= Self.shrinking.from ? 1 : max(0, left) / (max(0, left) + 1)
      for dimension in 0..<(isFlat ? 2 : Points.dimensions) {
        for block in dimension * distances.blocks..<(dimension + 1) * distances.blocks {
          let g = gradient.memory[block]
          first.memory[block] += (1 - Self.beta1) * (g - first.memory[block])
          second.memory[block] += (1 - Self.beta2) * (g * g - second.memory[block])
          let deviation = (correction * second.memory[block]).squareRoot() + 1e-8
          points.memory[block] -= rate * first.memory[block] / deviation
          if dimension >= 2 { points.memory[block] *= shrink }
        }
      }
    }
    let x = (0..<distances.count).map { Double(points[0, $0]) }
    let y = (0..<distances.count).map { Double(points[1, $0]) }
    return PlaneEmbedding(x: x, y: y, stress: distances.stress(x, y))
  }

  /// The gradient of the stress in four dimensions, divided by the number of points.
  private func fullGradient(_ points: Points, into gradient: Points) {
    let blocks = distances.blocks
    let (x, y) = (points.memory, points.memory + blocks)
    let (z, w) = (points.memory + 2 * blocks, points.memory + 3 * blocks)
    let scale = 2 / Float(distances.count)
    distances.forEachRow { index, row, mask in
      let (xi, yi, zi, wi) = (points[0, index], points[1, index], points[2, index], points[3, index])
      var (sumX, sumY) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
      var (sumZ, sumW) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
      for block in 0..<blocks {
        let (dx, dy, dz, dw) = (xi - x[block], yi - y[block], zi - z[block], wi - w[block])
        // The constant keeps a point's distance to itself from being a division by zero.
        let length = (dx * dx + dy * dy + dz * dz + dw * dw + 1e-12).squareRoot()
        let pull = mask[block] * (length - row[block]) / length
        sumX += pull * dx
        sumY += pull * dy
        sumZ += pull * dz
        sumW += pull * dw
      }
      gradient[0, index] = scale * sumX.sum()
      gradient[1, index] = scale * sumY.sum()
      gradient[2, index] = scale * sumZ.sum()
      gradient[3, index] = scale * sumW.sum()
    }
  }

  /// The gradient of the stress in the plane, divided by the number of points.
  private func flatGradient(_ points: Points, into gradient: Points) {
    let (x, y) = (points.memory, points.memory + distances.blocks)
    let scale = 2 / Float(distances.count)
    distances.forEachRow { index, row, mask in
      let (xi, yi) = (points[0, index], points[1, index])
      var (sumX, sumY) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
      for block in 0..<distances.blocks {
        let (dx, dy) = (xi - x[block], yi - y[block])
        let length = (dx * dx + dy * dy + 1e-12).squareRoot()
        let pull = mask[block] * (length - row[block]) / length
        sumX += pull * dx
        sumY += pull * dy
      }
      gradient[0, index] = scale * sumX.sum()
      gradient[1, index] = scale * sumY.sum()
    }
  }
}

/// Four numbers a point, each dimension by itself in vectors of eight; zero behind the last point.
private final class Points {
  static let dimensions = 4
  let memory: UnsafeMutablePointer<SIMD8<Float>>
  private let blocks: Int

  init(blocks: Int) {
    self.blocks = blocks
    memory = .allocate(capacity: Self.dimensions * blocks)
    memory.initialize(repeating: .zero, count: Self.dimensions * blocks)
  }

  deinit { memory.deallocate() }

  subscript(dimension: Int, index: Int) -> Float {
    get { memory[dimension * blocks + index / 8][index % 8] }
    set { memory[dimension * blocks + index / 8][index % 8] = newValue }
  }
}

/// The wanted distances, every row in vectors of eight.
private struct PaddedDistances: Sendable {
  let count: Int
  /// Vectors in a row.
  let blocks: Int
  /// [count, blocks], zero behind the last column and on the diagonal.
  private let rows: [SIMD8<Float>]
  /// 1 where there is a point, 0 behind the last.
  private let mask: [SIMD8<Float>]

  init(_ distances: [Double], count: Int) {
    self.count = count
    blocks = (count + 7) / 8
    var rows = [SIMD8<Float>](repeating: .zero, count: count * blocks)
    var mask = [SIMD8<Float>](repeating: .zero, count: blocks)
    for i in 0..<count {
      mask[i / 8][i % 8] = 1
      for j in 0..<count where j != i { rows[i * blocks + j / 8][j % 8] = Float(distances[i * count + j]) }
    }
    self.rows = rows
    self.mask = mask
  }

  @inline(__always)
  func forEachRow(
    _ body: (_ index: Int, _ row: UnsafePointer<SIMD8<Float>>, _ mask: UnsafePointer<SIMD8<Float>>) -> Void
  ) {
    rows.withUnsafeBufferPointer { rows in
      mask.withUnsafeBufferPointer { mask in
        guard let rows = rows.baseAddress, let mask = mask.baseAddress else { return }
        for index in 0..<count { body(index, rows + index * blocks, mask) }
      }
    }
  }

  /// The stress of points of the plane.
  func stress(_ x: [Double], _ y: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<count {
      for j in 0..<i {
        let length = ((x[i] - x[j]) * (x[i] - x[j]) + (y[i] - y[j]) * (y[i] - y[j])).squareRoot()
        let difference = length - Double(rows[i * blocks + j / 8][j % 8])
        sum += difference * difference
      }
    }
    return sum
  }
}
