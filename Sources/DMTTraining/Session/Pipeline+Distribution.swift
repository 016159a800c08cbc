public import DMTCore
import DMTData
public import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime

/// A model spread over ranks: where its tables lie and how a batch travels.
public struct DistributedPlan: Sendable {
  /// Placement and dataflow, checked.
  public var flow: CheckedFlow
  /// The strategy that answered.
  public var strategy: String
  /// For each feature of the data whether every bag holds exactly one row number.
  public var isSingle: [Bool]
  /// How the ranks keep the over-arch.
  public var dense: DenseSharding
  /// When rows are looked up.
  public var lookup: LookupTiming
}

extension Pipeline {
  /// Spreads the model over ranks as the manifest's section `sharding` says.
  ///
  /// - Parameters:
  ///   - strategy: instead of the manifest's.
  ///   - wire: instead of the manifest's, both ways.
  /// - Throws: ``DMTError/Code/notFound`` for a strategy that is not here; ``DMTError/Code/invalidArgument`` when the model
  ///   cannot be spread like that; ``DMTError/Code/pluginFailed`` for a plan that drops or doubles something.
  public func distributed(
    over topology: Topology, strategy wanted: String? = nil, wire: WireType? = nil
  ) throws(DMTError) -> DistributedPlan {
    let section = manifest.sharding
    let name = wanted ?? section.strategy ?? (plan.towers.isEmpty ? "table_wise" : "sptt")
    do throws(DMTError) {
      guard let strategy = components.strategies[name] else {
        throw DMTError(
          .notFound, "sharding strategy '\(name)' is not here",
          remedy: Spelling.suggestion(for: name, in: components.strategies.keys)
            + "; `dmt plugin list --why` shows the plugins that were looked at")
      }
      let bags = bagStatistics
      let request = try Distribution(
        topology, towerGroupSize: section.towerGroup, forwardWire: wire ?? section.forwardWire,
        backwardWire: wire ?? section.backwardWire, runsTowers: section.runsTowers, tableShardings: section.tables,
        dense: section.dense
      ).request(
        for: plan, lookups: bags.map(\.lookups), batch: manifest.train.batch,
        tableOptimizer: manifest.train.tableOptimizer, dtype: manifest.model.dtype)
      try request.check()
      let flow = try CheckedFlow(request: request, plan: strategy.plan(request))
      do throws(DMTError) { try flow.check(manifest.train.tableOptimizer) } catch {
        throw error.at(manifest.train.place)
      }
      return DistributedPlan(
        flow: flow, strategy: name, isSingle: bags.map(\.isSingle), dense: section.dense, lookup: section.lookup)
    } catch {
      throw error.at(section.place)
    }
  }

  /// For each feature of the data how many row numbers its bags hold in training samples.
  private var bagStatistics: [(lookups: Double, isSingle: Bool)] {
    let splits = [SplitName.train, .valid, .test].map { dataset.samples(of: $0) }
    return dataset.features.indices.map { feature in
      let isSingle = splits.allSatisfy { $0.count == 0 || $0.isSingle(feature: feature) }
      let lookups = Double(splits[0].valueCount(ofFeature: feature)) / Double(max(splits[0].count, 1))
      return (isSingle ? 1 : lookups, isSingle)
    }
  }
}
