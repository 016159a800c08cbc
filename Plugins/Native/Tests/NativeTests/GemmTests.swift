import NativeTestHost
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension VariantTests {
  @Suite struct GemmTests {
    /// Odd sizes, sizes of exactly a tile, several blocks of depth, and nothing at all.
    static let shapes = [
      (0, 5, 3), (5, 0, 3), (4, 6, 0), (1, 1, 1), (1, 70, 33), (14, 32, 16), (15, 33, 17), (29, 64, 100), (97, 31, 513),
      (3, 100, 1100), (130, 111, 40), (61, 48, 600), (28, 16, 512), (200, 80, 80),
    ]

    /// C = A B with A and B stored either way, computed in double.
    static func expected(
      _ m: Int, _ n: Int, _ k: Int, _ a: [Float], _ b: [Float], _ transposesA: Bool, _ transposesB: Bool
    ) -> [Double] {
      Formulas.product(
        m, n, k, { Double(a[transposesA ? $1 * m + $0 : $0 * k + $1]) },
        { Double(b[transposesB ? $1 * k + $0 : $0 * n + $1]) })
    }

    @Test(arguments: shapes, [(false, false), (false, true), (true, false), (true, true)])
    func `a product of any layout agrees with the loop, on any number of threads`(
      _ shape: (Int, Int, Int), _ layout: (Bool, Bool)
    ) throws {
      let (m, n, k) = shape
      var draws = Draws(seed: m * 1_000_003 + n * 1009 + k)
      let a = draws.floats(m * k)
      let b = draws.floats(k * n)
      let c = draws.floats(m * n)
      let bias = draws.floats(n)
      let product = GemmTests.expected(m, n, k, a, b, layout.0, layout.1)
      Host.use(TestHost.table)
      var first: [Float]?
      for threads in 1...3 {
        TestHost.use(threads: threads)
        let parallel = Parallel(threads: Int32(threads))
        let gemm = Gemm(rows: m, columns: n, depth: k, threads: threads)
        let (left, right, result) = (Guarded(a), Guarded(b), Guarded(c))
        let scratch = Guarded(bytes: 4 * gemm.scratchFloats(parallel.workers))
        let biasMemory = Guarded(bias)
        let leftOperand: Operand =
          layout.0 ? .columns(left.floats, stride: m) : .rows(left.floats, stride: k)
        let rightOperand: Operand =
          layout.1 ? .rows(right.floats, stride: k) : .columns(right.floats, stride: n)
        gemm.multiply(
          leftOperand, rightOperand, to: result.floats, stride: n, accumulate: true, scratch: scratch.floats, parallel)
        let tolerance = 1e-6 * Double(k).squareRoot() + 1e-6
        let sum = product.indices.map { product[$0] + Double(c[$0]) }
        #expect(worst(result.values, sum, relative: 1e-5, absolute: tolerance * 4) == nil)
        let values = result.values
        first = first ?? values
        #expect(first?.map(\.bitPattern) == values.map(\.bitPattern))
        gemm.multiply(
          leftOperand, rightOperand, to: result.floats, stride: n,
          epilogue: Epilogue(bias: biasMemory.floats, activation: .relu), scratch: scratch.floats, parallel)
        let clamped = product.indices.map { max(0, product[$0] + Double(bias[$0 % n])) }
        #expect(worst(result.values, clamped, relative: 1e-5, absolute: tolerance * 4) == nil)
        #expect(result.isIntact && scratch.isIntact && left.isIntact && right.isIntact)
      }
    }
  }
}
