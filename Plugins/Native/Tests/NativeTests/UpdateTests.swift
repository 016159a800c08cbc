import CDMTPlugin
import Foundation
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
  @Suite struct UpdateTests {
    static let optimizers: [(String, [String: TestAttribute])] = [
      ("sgd", [:]), ("sgd", ["momentum": .double(0.9)]), ("sgd", ["weight_decay": .double(0.1)]),
      ("sgd", ["momentum": .double(0.8), "nesterov": .bool(true), "weight_decay": .double(0.05)]), ("adagrad", [:]),
      ("adagrad", ["weight_decay": .double(0.05), "eps": .double(0.1)]), ("adam", [:]),
      ("adam", ["weight_decay": .double(0.1), "beta1": .double(0.5), "beta2": .double(0.9)]), ("adamw", [:]),
      ("adamw", ["weight_decay": .double(0.1), "eps": .double(1e-3)]),
    ]

    /// Sizes of one element, of a register, of several chunks, and none.
    static let sizes = [1, 0, 16, 33, 20_001]

    @Test(arguments: optimizers.indices)
    func `every tensor moves as PyTorch's formula says, on any number of threads`(_ optimizer: Int) throws {
      let (name, attributes) = UpdateTests.optimizers[optimizer]
      func setting(_ name: String, _ value: Double) -> Double {
        if case .double(let given)? = attributes[name] { given } else { value }
      }
      let momentum = setting("momentum", 0)
      let isNesterov = attributes["nesterov"] != nil
      let decay = setting("weight_decay", name == "adamw" ? 0.01 : 0)
      let (beta1, beta2) = (setting("beta1", 0.9), setting("beta2", 0.999))
      let epsilon = setting("eps", name == "adagrad" ? 1e-10 : 1e-8)
      let states = name.hasPrefix("adam") ? 2 : name == "adagrad" || momentum > 0 ? 1 : 0
      var reference: [[Float]]?
      for threads in 1...3 {
        TestHost.use(threads: threads)
        Host.use(TestHost.table)
        let plan = try bind(name, attributes, threads)
        defer { UpdateTable.table.pointee.release(plan) }
        var draws = Draws(seed: 3)
        let parameters = UpdateTests.sizes.map { Guarded(draws.floats($0)) }
        let stateMemory = UpdateTests.sizes.flatMap { size in
          (0..<states).map { _ in Guarded(Array(repeating: 0, count: size)) }
        }
        var expected = parameters.map { $0.values.map(Double.init) }
        var first = expected.map { $0.map { _ in 0.0 } }
        var second = first
        for step in 1...4 {
          let gradients = UpdateTests.sizes.map { Guarded(draws.floats($0)) }
          for tensor in expected.indices {
            for i in expected[tensor].indices {
              var w = expected[tensor][i]
              var g = Double(gradients[tensor].floats[i]) * 0.5
              if name == "adamw" { w *= 1 - 0.05 * decay } else { g += decay * w }
              switch name {
              case "sgd":
                if momentum > 0 {
                  first[tensor][i] = step == 1 ? g : momentum * first[tensor][i] + g
                  g = isNesterov ? g + momentum * first[tensor][i] : first[tensor][i]
                }
                w -= 0.05 * g
              case "adagrad":
                first[tensor][i] += g * g
                w -= 0.05 * g / (first[tensor][i].squareRoot() + epsilon)
              default:
                first[tensor][i] = beta1 * first[tensor][i] + (1 - beta1) * g
                second[tensor][i] = beta2 * second[tensor][i] + (1 - beta2) * g * g
                let average = first[tensor][i] / (1 - pow(beta1, Double(step)))
                let root = (second[tensor][i] / (1 - pow(beta2, Double(step)))).squareRoot()
                w -= 0.05 * average / (root + epsilon)
              }
              expected[tensor][i] = w
            }
          }
          update(plan, parameters, gradients, stateMemory, step)
        }
        for tensor in expected.indices {
          #expect(worst(parameters[tensor].values, expected[tensor], relative: 5e-5, absolute: 2e-5) == nil, "\(name)")
          #expect(parameters[tensor].isIntact)
        }
        let values = parameters.map(\.values)
        reference = reference ?? values
        #expect(reference == values, "\(threads) threads give another result")
      }
    }

    private func bind(
      _ name: String, _ attributes: [String: TestAttribute], _ threads: Int
    ) throws -> UnsafeMutableRawPointer {
      let settings = TestAttributes(attributes)
      var request = dmt_update_request()
      request.struct_size = UInt32(MemoryLayout<dmt_update_request>.size)
      request.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1)
      request.threads = Int32(threads)
      request.optimizer = settings.text(name)
      request.attributes = settings.list
      request.tensor_count = Int64(UpdateTests.sizes.count)
      var plan = dmt_update_plan()
      let status = UpdateTests.sizes.map { Int64($0) }.withUnsafeBufferPointer { sizes in
        request.sizes = sizes.baseAddress
        return UpdateTable.table.pointee.bind(nil, &request, &plan)
      }
      try accept(status)
      return try #require(plan.handle)
    }

    private func update(
      _ plan: UnsafeMutableRawPointer, _ parameters: [Guarded], _ gradients: [Guarded], _ states: [Guarded], _ step: Int
    ) {
      let weights: [UnsafeMutableRawPointer?] = parameters.map(\.pointer)
      let slopes: [UnsafeRawPointer?] = gradients.map { UnsafeRawPointer($0.pointer) }
      let memory: [UnsafeMutableRawPointer?] = states.map(\.pointer)
      weights.withUnsafeBufferPointer { weights in
        slopes.withUnsafeBufferPointer { slopes in
          memory.withUnsafeBufferPointer { memory in
            var call = dmt_update_call()
            call.struct_size = UInt32(MemoryLayout<dmt_update_call>.size)
            call.parameters = weights.baseAddress
            call.gradients = slopes.baseAddress
            call.states = memory.baseAddress
            call.learning_rate = 0.05
            call.gradient_scale = 0.5
            call.step = Int64(step)
            #expect(UpdateTable.table.pointee.update(plan, &call) == DMT_OK, "\(TestHost.lastError)")
          }
        }
      }
    }

    @Test func `optimizers for the rows of tables are refused for dense tensors`() {
      #expect(refusal { _ = try bind("lazy_adam", [:], 1) }.contains("rows of tables"))
    }
  }
}
