public import DMTCore
public import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime

public struct DistributedPlan: Sendable {
  public var flow: CheckedFlow
  public var strategy: String
  public var isSingle: [Bool]
}
extension Pipeline {
  public func distributed(over topology: Topology) throws(DMTError) -> DistributedPlan {
    let name = plan.towers.isEmpty ? "table_wise" : "sptt"
    guard let strategy = components.strategies[name] else { throw DMTError(.notFound, "no strategy \(name)") }
    let request = try Distribution(topology).request(for: plan, batch: manifest.train.batch)
    return DistributedPlan(flow: try CheckedFlow(request: request, plan: strategy.plan(request)), strategy: name, isSingle: plan.featureNames.map { _ in false })
  }
}
