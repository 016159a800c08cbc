import DMTCore
import DMTRuntime

/// Gathers the units of a sharded over-arch before they are computed with, and scatters the sums of their gradients.
///
/// A unit's gather is started while the unit before it computes, so that two are under way at most; the sum of its gradients
/// travels while the units behind it compute. All of it happens in the order of the units, whatever a rank's program does in
/// between, so that every rank starts the same collectives in the same order. Where hosts keep the same chunks, their sums
/// follow as soon as a host's own is there.
final class ShardedExchange: DenseExchange {
  private let memory: ShardedParameters
  private let dtype: DType
  private let unitCount: Int
  /// By unit.
  private var gathers: [CollectiveCall] = []
  private var scatters: [CollectiveCall] = []
  /// Empty where no other host keeps the same chunks.
  private var sums: [CollectiveCall] = []
  /// By slot: the unit that is in it or on its way; -1: none, or one that has changed.
  private var unitOfSlot: [Int]
  /// The unit that is computed with.
  private var current = 0
  /// The current unit's gradients are on their way.
  private var isClosed = false
  /// Units from here on have given their gradient slots back; 0: all of them.
  private var firstDrained = 0
  /// By parameter: backward has written its gradient.
  private var isWritten: [Bool]
  /// By unit: parameters whose gradients are not written.
  private var missing: [Int]

  init(_ memory: ShardedParameters, links: RankLinks) throws(DMTError) {
    self.memory = memory
    dtype = memory.store.dtype
    unitCount = memory.units.count
    unitOfSlot = Array(repeating: -1, count: memory.slotCount)
    isWritten = Array(repeating: false, count: memory.unitOfParameter.count)
    missing = Array(repeating: 0, count: memory.units.count)
    let groups = memory.groups
    for (index, unit) in memory.units.enumerated() {
      let name = "unit \(index + 1) of \(memory.units.count) of the over-arch"
      let gather = try links.call(ranks: groups.shards, .dense, purpose: "values of \(name)")
      let scatter = try links.call(ranks: groups.shards, .dense, purpose: "gradients of \(name)")
      _ = gather.layOutReceives { _ in unit.chunkBytes }
      for member in groups.shards.indices {
        scatter.receiveCounts[member] = Int64(unit.chunkBytes / dtype.byteCount)
      }
      gathers.append(gather)
      scatters.append(scatter)
      if groups.replicas.count > 1 {
        sums.append(try links.call(ranks: groups.replicas, .dense, purpose: "gradients of \(name), all hosts"))
      }
    }
  }

  var isAnswered: Bool { memory.groups.isAnswered }

  func parametersChanged() {
    for slot in unitOfSlot.indices { unitOfSlot[slot] = -1 }
  }

  // MARK: - Values

  /// Starts to bring a unit together unless it is there or on its way.
  private func startGather(_ unit: Int) throws(DMTError) {
    guard unit >= 0, unit < unitCount, unitOfSlot[memory.slot(unit)] != unit else { return }
    unitOfSlot[memory.slot(unit)] = unit
    try gathers[unit].startAllGather(
      send: memory.chunk(unit), count: memory.units[unit].chunkBytes, receive: memory.values(unit))
  }

  func beginForward() throws(DMTError) {
    current = -1
    try startGather(0)
    try startGather(1)
  }

  func beforeForward(_ parameters: [Int]) throws(DMTError) {
    guard let first = parameters.first else { return }
    try goForward(to: memory.unitOfParameter[first])
  }

  func endForward() throws(DMTError) { try goForward(to: unitCount - 1) }

  private func goForward(to unit: Int) throws(DMTError) {
    while current < unit {
      current += 1
      // The unit before was the last to read the slot of the next one.
      try startGather(current + 1)
      try gathers[current].wait()
    }
  }

  // MARK: - Gradients

  func beginBackward() throws(DMTError) {
    try wait()
    firstDrained = unitCount
    current = unitCount
    isClosed = true
    for parameter in isWritten.indices { isWritten[parameter] = false }
    for (index, unit) in memory.units.enumerated() { missing[index] = unit.parameters.count }
  }

  func beforeBackward(_ parameters: [Int]) throws(DMTError) {
    guard let first = parameters.first else { return }
    try goBackward(to: memory.unitOfParameter[first])
  }

  func finished(_ parameters: [Int]) throws(DMTError) {
    guard let first = parameters.first else { return }
    for parameter in parameters { isWritten[parameter] = true }
    let unit = memory.unitOfParameter[first]
    missing[unit] -= parameters.count
    if missing[unit] == 0, unit == current { try close() }
  }

  func skipBackward() {}

  func startRest() throws(DMTError) {
    guard unitCount > 0 else { return }
    try goBackward(to: 0)
    try close()
  }

  func wait() throws(DMTError) {
    try drain(from: 0)
    for sum in sums { try sum.wait() }
  }

  private func goBackward(to unit: Int) throws(DMTError) {
    while current > unit {
      try close()
      current -= 1
      isClosed = false
      try startGather(current - 1)
      // The slot's last user has to have sent what was in it.
      try drain(from: current + 2)
      try pushSums()
      try gathers[current].wait()
    }
  }

  /// Lets the current unit's gradients travel.
  private func close() throws(DMTError) {
    guard !isClosed else { return }
    isClosed = true
    if missing[current] > 0 {
      for parameter in memory.units[current].parameters where !isWritten[parameter] {
        memory.store.gradient(parameter).initializeMemory(
          as: UInt8.self, repeating: 0, count: memory.store.count(parameter) * dtype.byteCount)
      }
    }
    try scatters[current].startReduceScatter(
      send: memory.gradients(current), receive: memory.chunkGradient(current), dtype: dtype)
    try pushSums()
  }

  /// Waits for the sums of the units from `unit` on.
  private func drain(from unit: Int) throws(DMTError) {
    while firstDrained > unit { try drainNext() }
  }

  /// Lets sums over hosts follow those of this host that are finished.
  private func pushSums() throws(DMTError) {
    guard !sums.isEmpty else { return }
    while firstDrained > current, scatters[firstDrained - 1].isUnderWay, try scatters[firstDrained - 1].isDone() {
      try drainNext()
    }
  }

  private func drainNext() throws(DMTError) {
    let unit = firstDrained - 1
    try scatters[unit].wait()
    firstDrained = unit
    guard !sums.isEmpty else { return }
    try sums[unit].startSum(
      memory.chunkGradient(unit), count: memory.units[unit].chunkBytes / dtype.byteCount, dtype: dtype)
  }
}
