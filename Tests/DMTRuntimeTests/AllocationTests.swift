import CDMTAllocationCounter
import DMTCore
import DMTManifest
import DMTRuntime
import Foundation
import Testing

/// A step asks the heap for nothing, on no thread, once its batch sizes have been seen.
///
/// Every test counts in a process of its own, so that no other test's allocations are among them.
@Suite("Allocations")
struct AllocationTests {
  /// A model with its optimizers.
  enum Setup: String, Codable, Sendable, CaseIterable {
    case adamAndRowwiseAdagrad, sgdWithMomentum, clipped, lazyAdam, wholeTables, float64, firstOrder, dots
  }

  /// The plugins of a run and the order in which they are asked.
  struct Plugins: Codable, Sendable, CustomTestStringConvertible {
    var names: [String]
    var order: [String]
    /// Beginnings of the file names of libraries whose own allocations do not count.
    var apart: String?
    var testDescription: String { names.isEmpty ? "reference" : names.joined(separator: ", ") }
  }

  @Test("reference kernels allocate nothing in a step", arguments: Setup.allCases)
  func reference(_ setup: Setup) async {
    await expectNone(setup, Plugins(names: [], order: ["reference"]))
  }

  @Test(
    "the native plugin allocates nothing in a step, its pool's workers included",
    .enabled(if: InstalledPlugins.has(["Native"]), "bin/plugins has no Native: run make first"),
    arguments: Setup.allCases.filter { $0 != .float64 })
  func native(_ setup: Setup) async {
    await expectNone(setup, Plugins(names: ["Native"], order: ["native"]))
  }

  @Test(
    "tower modules of plugins on the native backend allocate nothing in a step",
    .enabled(
      if: InstalledPlugins.has(["Native", "TowerDCN", "TowerLinear"]), "bin/plugins has not all plugins: run make first"
    ))
  func towers() async {
    await expectNone(
      .adamAndRowwiseAdagrad, Plugins(names: ["Native", "TowerDCN", "TowerLinear"], order: ["native"]),
      pluginTowers: true)
  }

  @Test(
    "kernels on OpenBLAS allocate nothing in a step, the library included",
    .enabled(if: InstalledPlugins.has(["Native", "OpenBLAS"]), "bin/plugins has no OpenBLAS: run make first"),
    arguments: [Setup.adamAndRowwiseAdagrad, .dots])
  func openBLAS(_ setup: Setup) async {
    await expectNone(setup, Plugins(names: ["Native", "OpenBLAS"], order: ["openblas", "native"]))
  }

  /// oneDNN 2.x makes a map of its arguments in every dnnl_primitive_execute, and OpenMP takes memory for each thread that
  /// it meets: that is the libraries' affair.
  @Test(
    "kernels on oneDNN allocate nothing in a step but what the library does itself",
    .enabled(if: InstalledPlugins.has(["Native", "OneDNN"]), "bin/plugins has no OneDNN: run make first"),
    arguments: [Setup.adamAndRowwiseAdagrad, .firstOrder])
  func oneDNN(_ setup: Setup) async {
    await expectNone(
      setup, Plugins(names: ["Native", "OneDNN"], order: ["onednn", "native"], apart: "libdnnl.:libgomp.:libomp."))
  }

  private func expectNone(
    _ setup: Setup, _ plugins: Plugins, pluginTowers: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let child = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent], sourceLocation: sourceLocation
    ) { [setup, plugins, pluginTowers] in
      try AllocationTests.count(setup, plugins, pluginTowers: pluginTowers)
    }
    guard let child else { return }
    let printed = String(decoding: child.standardErrorContent, as: UTF8.self)
    #expect(printed.contains("counted 0 allocations"), "\(setup): \(printed)", sourceLocation: sourceLocation)
  }

  // MARK: - In the child

  /// Prints how many allocations some steps and predictions made, and where the first ones came from.
  private static func count(_ setup: Setup, _ plugins: Plugins, pluginTowers: Bool) throws {
    guard dmt_allocations_are_counted() else { return print(0) }
    let model = try model(setup, plugins, pluginTowers: pluginTowers)
    // Large enough for the pool's workers to get a share; a smaller one stands for the last batch of an epoch.
    let batches = [ModelTests.batch(600), ModelTests.batch(600, first: 77), ModelTests.batch(31, first: 5)]
    let logits = UnsafeMutablePointer<Float>.allocate(capacity: 600)
    defer { logits.deallocate() }
    var step = 0
    func round() throws {
      for batch in batches {
        step += 1
        _ = try model.trainStep(batch, learningRateScale: 0.5, step: step)
        try model.predict(batch, into: logits)
      }
    }
    // The counter must see what there is to see.
    dmt_allocations_begin(nil)
    let probe = UnsafeMutablePointer<Float>.allocate(capacity: 1000)
    probe.deallocate()
    try #require(dmt_allocations_end() == 1, "the counter does not take the allocator's place")

    for _ in 0..<3 { try round() }
    // Never freed: the counter keeps it.
    let apart = plugins.apart.map { strdup($0) } ?? nil
    dmt_allocations_begin(apart)
    do {
      for _ in 0..<4 { try round() }
    } catch {
      _ = dmt_allocations_end()
      throw error
    }
    let count = dmt_allocations_end()
    print(count)
    dmt_allocations_report(2)
  }

  private static func print(_ count: Int64) {
    FileHandle.standardError.write(Data("counted \(count) allocations\n".utf8))
  }

  private static func model(_ setup: Setup, _ plugins: Plugins, pluginTowers: Bool) throws -> Model {
    let threads = plugins.names.isEmpty ? 1 : 2
    let components = try InstalledPlugins.components(plugins.names, threads: threads)
    let towers =
      pluginTowers
      ? [
        TowerSpec(
          name: "reader", features: ["user", "tags"],
          module: ModuleSpec(module: "tower.dcn", attributes: ["layers": .int(1), "out": .int(8)])),
        TowerSpec(
          name: "thing", features: ["item"],
          module: ModuleSpec(module: "tower.linear", attributes: ["c": .int(1), "p": .int(1), "dim": .int(4)])),
      ]
      : [
        TowerSpec(
          name: "reader", features: ["user", "tags"],
          module: ModuleSpec(module: "mlp", attributes: ["widths": .ints([8]), "activation": .string("gelu")])),
        TowerSpec(
          name: "thing", features: ["item"], module: ModuleSpec(module: "mlp", attributes: ["widths": .ints([8])])),
      ]
    let overArch =
      switch setup {
      case .firstOrder:
        ModuleSpec(
          module: "deepfm", attributes: ["widths": .ints([16]), "first_order": .bool(true), "dim": .int(4)])
      case .dots:
        ModuleSpec(
          module: "dlrm", attributes: ["bottom": .ints([8, 4]), "top": .ints([16]), "cat": .bool(true)])
      default:
        ModuleSpec(
          module: "dcn",
          attributes: [
            "layers": .int(2), "rank": .int(3), "widths": .ints([16, 8]), "form": .string("parallel"),
            "dropout": .double(0.1),
          ])
      }
    let (dense, tables): (OptimizerSpec, OptimizerSpec) =
      switch setup {
      case .sgdWithMomentum:
        (
          OptimizerSpec(name: "sgd", learningRate: 0.01, attributes: ["momentum": .double(0.9)]),
          OptimizerSpec(name: "sgd", learningRate: 0.01)
        )
      case .lazyAdam: (.init(name: "adamw", learningRate: 0.001), .init(name: "lazy_adam", learningRate: 0.001))
      case .wholeTables: (.init(name: "adagrad", learningRate: 0.01), .init(name: "adam", learningRate: 0.001))
      default: (.init(name: "adam", learningRate: 0.001), .init(name: "rowwise_adagrad", learningRate: 0.01))
      }
    let plan = try ModelPlan(
      manifest: ModelTests.manifest(overArch: overArch, towers: setup == .dots ? [] : towers),
      features: ModelTests.features, denseCount: 2, components: components)
    return try Model(
      plan: plan,
      settings: .init(
        dtype: setup == .float64 ? .float64 : .float32, seed: 7, threads: threads,
        policy: BackendPolicy(order: plugins.order), optimizer: dense, tableOptimizer: tables,
        clipNorm: setup == .clipped ? 0.1 : nil), components: components)
  }
}
