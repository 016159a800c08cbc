import DMTCore
import DMTRuntime

/// The memory of a sharded over-arch: this rank's chunk of every unit, and slots in which units are whole for a while.
///
/// Units take turns in two slots, so that one is filled while another is computed with; a kernel finds a parameter at the
/// same address in every step. Where units stay whole until the update, each has a slot of its own. Gradients always have
/// two.
final class ShardedParameters {
  let groups: ShardGroups
  let units: [ShardUnit]
  /// By parameter.
  let unitOfParameter: [Int]
  /// Kernels read and write the slots, the optimizer updates the chunks.
  let store: ParameterStore
  private let slotMemory: [MeteredMemory]
  private let gradientSlotMemory: [MeteredMemory]
  private let chunkMemory: MeteredMemory
  private let chunkGradientMemory: MeteredMemory
  private let chunkOffsets: [Int]

  init(_ graph: Graph, groups: ShardGroups, dtype: DType, seed: UInt64, meter: MemoryMeter) throws(DMTError) {
    self.groups = groups
    let units = try ShardUnit.units(
      of: graph, dtype: dtype, unitBytes: groups.unitBytes, ranks: groups.shards.count)
    self.units = units
    func slots(_ count: Int) -> [MeteredMemory] {
      ShardUnit.slotBytes(units, slots: count).map { MeteredMemory(byteCount: $0, .buffers, meter: meter) }
    }
    let slotMemory = slots(groups.keepsUnits ? units.count : min(units.count, 2))
    let gradientSlotMemory = slots(min(units.count, 2))
    var chunkOffsets: [Int] = []
    var end = 0
    for unit in units {
      chunkOffsets.append(end)
      end += unit.chunkBytes
    }
    let chunkMemory = MeteredMemory(byteCount: end, .parameters, meter: meter)
    let chunkGradientMemory = MeteredMemory(byteCount: end, .gradients, meter: meter)

    var unitOfParameter: [Int] = []
    var values: [UnsafeMutableRawPointer] = []
    var gradients: [UnsafeMutableRawPointer] = []
    var parts: [ParameterPart] = []
    for (index, unit) in units.enumerated() {
      for (parameter, offset) in zip(unit.parameters, unit.offsets) {
        unitOfParameter.append(index)
        values.append(slotMemory[index % slotMemory.count].base + offset)
        gradients.append(gradientSlotMemory[index % gradientSlotMemory.count].base + offset)
        let count = graph.parameters[parameter].shape.elementsPerSample
        if let own = unit.elements(of: parameter, count: count, dtype: dtype, at: groups.place) {
          parts.append(
            ParameterPart(
              parameter: parameter, elements: own.range, value: chunkMemory.base + chunkOffsets[index] + own.offset,
              gradient: chunkGradientMemory.base + chunkOffsets[index] + own.offset))
        }
      }
    }
    self.slotMemory = slotMemory
    self.gradientSlotMemory = gradientSlotMemory
    self.chunkMemory = chunkMemory
    self.chunkGradientMemory = chunkGradientMemory
    self.chunkOffsets = chunkOffsets
    self.unitOfParameter = unitOfParameter
    store = ParameterStore(
      graph.parameters, dtype: dtype, seed: seed, values: values, gradients: gradients, parts: parts,
      memory: slotMemory + gradientSlotMemory + [chunkMemory, chunkGradientMemory])
  }

  /// Slots for values.
  var slotCount: Int { slotMemory.count }
  /// The slot in which a unit's values are whole.
  func slot(_ unit: Int) -> Int { unit % slotMemory.count }
  /// A unit's values where they are whole.
  func values(_ unit: Int) -> UnsafeMutableRawPointer { slotMemory[slot(unit)].base }
  /// A unit's gradients where they are whole.
  func gradients(_ unit: Int) -> UnsafeMutableRawPointer {
    gradientSlotMemory[unit % gradientSlotMemory.count].base
  }
  /// This rank's chunk of a unit's values.
  func chunk(_ unit: Int) -> UnsafeMutableRawPointer { chunkMemory.base + chunkOffsets[unit] }
  /// This rank's chunk of a unit's summed gradients.
  func chunkGradient(_ unit: Int) -> UnsafeMutableRawPointer { chunkGradientMemory.base + chunkOffsets[unit] }
}
