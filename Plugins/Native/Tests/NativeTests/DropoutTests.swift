import DMTCore
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension VariantTests {
  @Suite struct DropoutTests {
    @Test(arguments: [[1, 1], [3, 7], [5, 64], [2, 3, 43], [4, 129]], [0.0, 0.1, 0.5, 0.9])
    func `elements drop exactly where the counter-based words say`(_ shape: [Int], _ probability: Double) throws {
      let width = Array(shape.dropFirst()).elements
      let one = OperatorCase(
        op: "dropout", inputs: [shape], output: shape, attributes: ["p": .double(probability)]
      ) { values in
        values[0].indices.map { index in
          let (row, element) = index.quotientAndRemainder(dividingBy: width)
          // The seed, step, node and sample numbers that OperatorCase passes.
          let words = Dropout.words(
            seed: 0x1234_5678_9ABC, step: 3, node: 77, sample: Int64(row) + 5, group: UInt32(element / 4))
          let isDropped = words[element % 4] < Dropout.threshold(probability: probability)
          return isDropped ? 0 : values[0][index] / (1 - probability)
        }
      }
      try one.check()
    }
  }
}
