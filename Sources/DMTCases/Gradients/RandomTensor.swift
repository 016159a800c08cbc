public import DMTCore

extension CaseTensor {
  /// Numbers that are evenly spread between -amplitude and amplitude and at least `gap` away from 0 (a kink of `relu`).
  ///
  /// The numbers are a function of (seed, name) alone.
  public static func random(
    _ shape: Shape, name: String, seed: UInt64 = 1, amplitude: Double = 1, gap: Double = 0.01
  ) -> CaseTensor {
    let count = shape.elements(batch: 0)
    var values = [Double](repeating: 0, count: count)
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      Initializer.uniform(low: -amplitude, high: amplitude).write(to: base, range: 0..<count, seed: seed, name: name)
    }
    return CaseTensor(shape: shape, values: values.map { abs($0) < gap ? ($0 < 0 ? $0 - gap : $0 + gap) : $0 })
  }
}
