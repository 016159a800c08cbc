import Foundation
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension VariantTests {
  @Suite struct VectorMathTests {
    /// From -110 to 110, dense near 0.
    static let points: [Float] = (-4000...4000).map { index in
      let t = Float(index) / 4000
      return 110 * t * t * t
    }

    private func largestError(
      _ function: (Lane) -> Lane, _ exact: (Double) -> Double, floor: Double, in range: ClosedRange<Float>
    ) -> Double {
      VectorMathTests.points.filter(range.contains).map { point in
        let value = Double(function(Lane(repeating: point))[0])
        let expected = exact(Double(point))
        return abs(value - expected) / max(abs(expected), floor)
      }.max() ?? .infinity
    }

    @Test func `the exponential is exact to a few units in the last place, and reaches zero and infinity`() {
      #expect(largestError({ $0.exponential() }, { exp($0) }, floor: 1e-37, in: -86 ... 88.5) < 4e-7)
      #expect(Lane(repeating: 100).exponential()[0] == .infinity)
      #expect(Lane(repeating: -120).exponential()[0] < 1e-37)
      #expect(Lane(repeating: .nan).exponential()[0].isNaN)
    }

    @Test func `sigmoid, tanh, erf and gelu agree with the mathematical functions on their whole range`() {
      #expect(largestError({ $0.sigmoid() }, { 1 / (1 + exp(-$0)) }, floor: 1e-30, in: -60 ... 110) < 1e-6)
      #expect(largestError({ $0.hyperbolicTangent() }, { tanh($0) }, floor: 1e-30, in: -110 ... 110) < 1e-6)
      #expect(largestError({ $0.errorFunction() }, { erf($0) }, floor: 1e-30, in: -110 ... 110) < 2e-6)
      #expect(largestError({ $0.gelu() }, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }, floor: 1, in: -110 ... 110) < 1e-6)
      for function: (Lane) -> Lane in [{ $0.sigmoid() }, { $0.hyperbolicTangent() }, { $0.errorFunction() }] {
        #expect(function(Lane(repeating: .nan))[0].isNaN)
      }
    }

    @Test func `log(1 + x) agrees from 0 to 1`() {
      for index in 0...1000 {
        let x = Float(index) / 1000
        let value = Double(Lane(repeating: x).logarithmOfOnePlus()[0])
        #expect(abs(value - log1p(Double(x))) <= 3e-7 * max(log1p(Double(x)), 1e-30))
      }
    }
  }
}
