import CDMTPlugin
import DMTCore
public import DMTPluginHost
public import DMTRuntime
public import DMTTraining
import Foundation

/// A profile with what it holds for: a CPU, a contract, plugins.
public struct MachineProfile: Sendable, Equatable, Codable {
  /// The format that this build reads and writes.
  static let currentFormat = 1

  var formatVersion = MachineProfile.currentFormat
  /// The CPU's model.
  public var cpu: String
  /// Its level and instruction sets, after DMT_ISA_MAX.
  public var instructions: String
  /// The plugin contract's version.
  public var contract: String
  /// Every plugin that has kernels, without its place.
  public var plugins: [PluginRecord]
  /// When it was measured last, ISO 8601.
  public var measuredAt: String
  public var profile: BackendProfile

  /// A profile of this machine with these plugins.
  public init(_ profile: BackendProfile, plugins: [PluginRecord]) {
    cpu = CPUModel.name
    instructions = Self.instructionsHere
    contract = Self.contractHere
    self.plugins = plugins
    measuredAt = Date().ISO8601Format()
    self.profile = profile
  }

  /// Why the profile says nothing about this machine with these plugins; nil: it does.
  public func staleness(plugins now: [PluginRecord]) -> String? {
    if cpu != CPUModel.name { return "it was measured on \(cpu), this CPU is \(CPUModel.name)" }
    if instructions != Self.instructionsHere {
      return "it was measured with \(instructions), now there is \(Self.instructionsHere)"
    }
    if contract != Self.contractHere {
      return "it was measured with contract \(contract), this dmt has \(Self.contractHere)"
    }
    for plugin in plugins {
      guard let found = now.first(where: { $0.id == plugin.id }) else {
        return "plugin \(plugin.id) is not here any more"
      }
      if found.version != plugin.version {
        return "plugin \(plugin.id) was \(plugin.version), now it is \(found.version)"
      }
      if found.sha256 != plugin.sha256 {
        return "plugin \(plugin.id) \(plugin.version) was another build (\(plugin.sha256.prefix(8)), now "
          + "\(found.sha256.prefix(8)))"
      }
    }
    let known = Set(plugins.map(\.id))
    return now.first { !known.contains($0.id) }.map { "plugin \($0.id) was not there" }
  }

  static var contractHere: String { "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)" }

  static var instructionsHere: String {
    let features = dmt_cpu.host.featureSet.description
    return dmt_cpu.host.isaName + (features.isEmpty ? "" : " (\(features))")
  }
}

extension PluginRegistry {
  /// The plugins with kernels: those whose change makes a profile stale.
  public var kernelPlugins: [PluginRecord] {
    plugins.filter { !$0.backends.isEmpty || !$0.embeddings.isEmpty || !$0.updates.isEmpty || !$0.operators.isEmpty }
      .map { PluginRecord(id: $0.id, version: $0.version, sha256: $0.sha256 ?? "") }
      .sorted { $0.id < $1.id }
  }
}
