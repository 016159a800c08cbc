internal import DMTCases
internal import DMTCore

extension CaseTensor {
  /// Random numbers that float32 holds, the same for a name and a seed.
  ///
  /// - Parameter gap: none is nearer to 0 than this.
  static func float32Numbers(_ shape: Shape, name: String, seed: UInt64, gap: Double = 0.01) -> [Double] {
    random(shape, name: name, seed: seed, gap: gap).values.map { Double(Float($0)) }
  }
}
