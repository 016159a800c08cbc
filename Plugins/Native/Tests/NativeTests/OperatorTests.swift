import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension VariantTests {
  @Suite struct OperatorTests {
    @Test(arguments: OperatorCases.linear)
    func `a linear layer agrees with the formula, its gradients with differences`(_ one: OperatorCase) throws {
      try one.check()
    }

    @Test(arguments: OperatorCases.products)
    func `products of inputs agree with the formula, their gradients with differences`(_ one: OperatorCase) throws {
      try one.check()
    }

    @Test(arguments: OperatorCases.elementwise)
    func `elementwise operators agree with the formula, their gradients with differences`(_ one: OperatorCase) throws {
      try one.check()
    }

    @Test(arguments: OperatorCases.layout)
    func `operators that move elements agree with the formula, their gradients with differences`(
      _ one: OperatorCase
    ) throws {
      try one.check()
    }

    @Test(arguments: OperatorCases.normalising)
    func `operators that normalise agree with the formula, their gradients with differences`(
      _ one: OperatorCase
    ) throws {
      try one.check()
    }

    @Test func `an empty batch gives an empty output, zero parameter gradients and a loss of zero`() throws {
      for one in OperatorCases.emptyBatches {
        let result = try one.run(threads: 2, adds: false)
        #expect(result.output.allSatisfy { $0 == 0 })
        #expect(result.gradients.joined().allSatisfy { $0 == 0 }, "\(one.op)")
      }
    }
  }
}
