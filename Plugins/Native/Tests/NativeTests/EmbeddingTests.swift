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
  @Suite struct EmbeddingTests {
    private var kernels: dmt_embedding { EmbeddingTable.table.pointee }

    @Test(arguments: EmbeddingCase.all)
    func `a lookup pools every bag and writes nothing beside its columns`(_ one: EmbeddingCase) throws {
      for threads in 1...3 {
        let harness = try EmbeddingHarness(one, threads: threads)
        harness.call(kernels.forward)
        var expected = Array(repeating: Double.nan, count: one.batch * harness.stride)
        for feature in one.features.indices {
          for sample in 0..<one.batch {
            for j in 0..<one.tables[one.features[feature].table].dim {
              expected[sample * harness.stride + harness.column(feature) + j] = 0
            }
          }
        }
        for table in one.tables.indices {
          let dim = one.tables[table].dim
          for occurrence in harness.occurrences(table) {
            for j in 0..<dim {
              expected[occurrence.sample * harness.stride + harness.column(occurrence.feature) + j] +=
                occurrence.factor * Double(harness.tables[table].floats[occurrence.row * dim + j])
            }
          }
        }
        let got = harness.output.values
        for (index, value) in expected.enumerated() {
          if value.isNaN {
            #expect(got[index].isNaN)
          } else {
            #expect(abs(Double(got[index]) - value) <= 1e-5 * (1 + abs(value)), "element \(index)")
          }
        }
      }
    }

    @Test(arguments: EmbeddingCase.all)
    func `dedup groups the occurrences of every row in ascending order`(_ one: EmbeddingCase) throws {
      for threads in 1...3 {
        let harness = try EmbeddingHarness(one, threads: threads)
        harness.call(kernels.dedup)
        for table in one.tables.indices {
          let occurrences = harness.occurrences(table)
          let features = one.features.indices.filter { one.features[$0].table == table }
          let rows = Set(occurrences.map(\.row)).sorted()
          let dedup = harness.dedup(table)
          #expect((0..<Int(dedup.count)).map { Int(dedup.rows[$0]) } == rows)
          #expect(Int(dedup.starts[Int(dedup.count)]) == occurrences.count)
          for (place, row) in rows.enumerated() {
            let entries = Int(dedup.starts[place])..<Int(dedup.starts[place + 1])
            let order = entries.map { Int(dedup.order[$0]) }
            #expect(order == occurrences.indices.filter { occurrences[$0].row == row })
            for entry in entries {
              let occurrence = occurrences[Int(dedup.order[entry])]
              let position = features.firstIndex(of: occurrence.feature) ?? -1
              #expect(Int(dedup.bags[entry]) == position * one.batch + occurrence.sample)
            }
          }
        }
      }
    }

    @Test(arguments: EmbeddingCase.all)
    func `row gradients are the scaled sums over a row's occurrences`(_ one: EmbeddingCase) throws {
      for threads in 1...3 {
        let harness = try EmbeddingHarness(one, threads: threads)
        harness.call(kernels.dedup)
        let results = one.tables.indices.map { table in
          Guarded(bytes: Int(harness.dedup(table).count) * one.tables[table].dim * 4)
        }
        _ = harness.fillGradients(0, step: 1)
        harness.call(kernels.row_gradients, scale: 0.5, rowGradients: results)
        for table in one.tables.indices {
          let sums = harness.fillGradients(table, step: 1)
          let expected = sums.keys.sorted().flatMap { row in (sums[row] ?? []).map { $0 * 0.5 } }
          #expect(worst(results[table].values, expected, relative: 1e-5, absolute: 1e-5) == nil)
          #expect(results[table].isIntact)
        }
      }
    }

    static let optimizers: [(String, [String: TestAttribute])] = [
      ("sgd", [:]), ("sgd", ["weight_decay": .double(0.1)]), ("adagrad", [:]), ("rowwise_adagrad", [:]),
      ("rowwise_adagrad", ["weight_decay": .double(0.05), "eps": .double(1e-3)]), ("lazy_adam", [:]),
      ("lazy_adam", ["beta1": .double(0.8), "beta2": .double(0.9), "eps": .double(1e-3)]),
    ]

    @Test(arguments: EmbeddingCase.all, optimizers.indices)
    func `an update moves the touched rows as the formula says, and no other, on any number of threads`(
      _ one: EmbeddingCase, _ optimizer: Int
    ) throws {
      let (name, attributes) = EmbeddingTests.optimizers[optimizer]
      func setting(_ name: String, _ value: Double) -> Double {
        if case .double(let given)? = attributes[name] { given } else { value }
      }
      let decay = setting("weight_decay", 0)
      let (beta1, beta2) = (setting("beta1", 0.9), setting("beta2", 0.999))
      let epsilon = setting("eps", name == "adagrad" ? 1e-10 : 1e-8)
      var reference: [[Float]]?
      for threads in 1...3 {
        let harness = try EmbeddingHarness(one, threads: threads, optimizer: name, attributes: attributes)
        var weights = harness.tables.map { $0.values.map(Double.init) }
        var first = weights.map { $0.map { _ in 0.0 } }
        var second = first
        for step in 1...3 {
          harness.call(kernels.dedup)
          for table in one.tables.indices {
            let dim = one.tables[table].dim
            for (row, sum) in harness.fillGradients(table, step: step) {
              let places = (0..<dim).map { row * dim + $0 }
              let g = (0..<dim).map { sum[$0] * 0.5 + decay * weights[table][places[$0]] }
              let mean = g.reduce(0) { $0 + $1 * $1 } / Double(dim)
              for j in 0..<dim {
                let at = places[j]
                switch name {
                case "sgd": weights[table][at] -= 0.1 * g[j]
                case "adagrad":
                  first[table][at] += g[j] * g[j]
                  weights[table][at] -= 0.1 * g[j] / (first[table][at].squareRoot() + epsilon)
                case "rowwise_adagrad":
                  if j == 0 { first[table][row] += mean }
                  weights[table][at] -= 0.1 * g[j] / (first[table][row].squareRoot() + epsilon)
                default:
                  first[table][at] = beta1 * first[table][at] + (1 - beta1) * g[j]
                  second[table][at] = beta2 * second[table][at] + (1 - beta2) * g[j] * g[j]
                  let correction = (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
                  weights[table][at] -= 0.1 * correction * first[table][at] / (second[table][at].squareRoot() + epsilon)
                }
              }
            }
          }
          harness.call(kernels.update, step: step, scale: 0.5)
        }
        for table in one.tables.indices {
          let error = worst(harness.tables[table].values, weights[table], relative: 1e-4, absolute: 2e-4)
          #expect(error == nil, "\(name), table \(table)")
        }
        let values = harness.tables.map(\.values)
        reference = reference ?? values
        #expect(reference == values, "\(threads) threads give another result")
      }
    }

    @Test func `a request that cannot be served is refused with a reason`() {
      let one = EmbeddingCase.all[0]
      #expect(refusal { _ = try EmbeddingHarness(one, threads: 1, optimizer: "adam") }.contains("lazy_adam"))
      let message = refusal {
        _ = try EmbeddingHarness(one, threads: 1, optimizer: "adagrad", attributes: ["eps": .double(-1)])
      }
      #expect(message.contains("eps"))
    }
  }
}
