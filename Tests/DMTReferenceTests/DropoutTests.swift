import CDMTPlugin
import DMTCore
import DMTReference
import Testing

@Suite struct DropoutTests {
  /// Dropout of ones for these sample numbers.
  private func dropped(
    _ samples: [Int64], width: Int, probability: Double, training: Bool = true, seed: UInt64 = 1, step: UInt32 = 2
  ) throws -> [Double] {
    let shape: Shape = [samples.count, width]
    let kernel = try ReferenceBackend().bind(
      KernelRequest(
        op: "dropout", dtype: .float64, inputs: [shape], outputs: [shape], attributes: ["p": .double(probability)]))
    let x = Memory([Double](repeating: 1, count: samples.count * width))
    let (output, numbers) = (Memory(x.values), Memory(samples))
    let inputs = Memory<UnsafeRawPointer?>([UnsafeRawPointer(x.pointer)])
    let outputs = Memory<UnsafeMutableRawPointer?>([UnsafeMutableRawPointer(output.pointer)])
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.flags = training ? UInt32(DMT_CALL_TRAINING) : 0
    call.inputs = UnsafePointer(inputs.pointer)
    call.outputs = UnsafePointer(outputs.pointer)
    call.seed = seed
    call.step = step
    call.node = 5
    call.samples = UnsafePointer(numbers.pointer)
    try withExtendedLifetime((x, output, numbers, inputs, outputs)) { try kernel.forward(&call) }
    return output.values
  }

  @Test func theMaskFollowsTheSampleAndNotItsPlace() throws {
    let first = try dropped([7, 8, 9], width: 5, probability: 0.5)
    let second = try dropped([9, 7], width: 5, probability: 0.5)
    #expect(Array(second[0..<5]) == Array(first[10..<15]))
    #expect(Array(second[5..<10]) == Array(first[0..<5]))
    #expect(try dropped([7, 8, 9], width: 5, probability: 0.5, step: 3) != first)
    #expect(try dropped([7, 8, 9], width: 5, probability: 0.5, seed: 2) != first)
  }

  @Test func theShareOfZerosIsTheProbability() throws {
    let values = try dropped(Array(0..<200), width: 101, probability: 0.3)
    let zeros = values.count { $0 == 0 }
    #expect(abs(Double(zeros) / Double(values.count) - 0.3) < 0.01)
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / 0.7) < 1e-12 })
  }

  @Test func nothingIsDroppedOutsideTrainingAndEverythingAtOne() throws {
    #expect(try dropped([1, 2], width: 9, probability: 0.9, training: false).allSatisfy { $0 == 1 })
    #expect(try dropped([1, 2], width: 9, probability: 1).allSatisfy { $0 == 0 })
    #expect(try dropped([1, 2], width: 9, probability: 0).allSatisfy { $0 == 1 })
  }
}
