import DMTCore

/// Where every tensor of a program lies in the arena, by liveness.
///
/// Step k of n runs forward at moment k and backward at moment 2n - 1 - k; what is given from outside is there at
/// moment -1, and what is read outside must last until 2n.
struct ProgramLayout {
  /// A step that reads a storage, and as which input.
  struct Reader {
    var step: Int
    var input: Int
  }

  /// By storage; meaningless where the storage lies outside the arena.
  private(set) var valueOffset: [Int]
  /// By storage.
  private(set) var gradientOffset: [Int: Int] = [:]
  /// By step.
  private(set) var savedOffset: [Int]
  /// By buffer of ``ProgramStep/Duplicate``.
  private(set) var duplicateOffset: [Int] = []
  private(set) var scratchOffset = 0
  private(set) var byteCount = 0
  private(set) var readers: [Int: [Reader]] = [:]
  /// By value.
  let wantsGradient: [Bool]
  private let storageBytes: [Int]

  func bytes(of storage: Int) -> Int { storageBytes[storage] }

  init(
    graph: Graph, map: StorageMap, steps: [ProgramStep], needs: [Bool], outputs: [Int], batch: Int,
    bytesPerElement: Int, isTraining: Bool, zeroGradients: [Int]
  ) {
    let count = steps.count
    let end = isTraining ? 2 * count : count
    wantsGradient = needs
    storageBytes = graph.values.map { $0.shape.elements(batch: batch) * bytesPerElement }

    // Lives of the values.
    var first = Array(repeating: Int.max, count: graph.values.count)
    var last = Array(repeating: Int.min, count: graph.values.count)
    func use(_ storage: Int, _ moment: Int) {
      first[storage] = min(first[storage], moment)
      last[storage] = max(last[storage], moment)
    }
    var gradientFirst: [Int: Int] = [:]
    var gradientLast: [Int: Int] = [:]
    func useGradient(_ storage: Int, _ moment: Int) {
      gradientFirst[storage] = min(gradientFirst[storage] ?? moment, moment)
      gradientLast[storage] = max(gradientLast[storage] ?? moment, moment)
    }

    for (index, value) in graph.values.enumerated() {
      if case .input = value.source { use(map.storage[index], -1) }
    }
    for output in outputs {
      use(map.storage[output], end)
      if isTraining { useGradient(map.storage[output], count) }
    }
    var buffers: [ArenaPlan.Buffer] = []
    var savedIndex: [Int] = []
    var duplicateIndex: [(buffer: Int, index: Int)] = []
    var scratch = 0
    for (index, step) in steps.enumerated() {
      let backward = 2 * count - 1 - index
      for (input, value) in step.node.inputs.enumerated() {
        let storage = map.storage[value]
        use(storage, index)
        readers[storage, default: []].append(Reader(step: index, input: input))
        guard step.runsBackward else { continue }
        if step.node.signature.backwardReadsInputs & (1 << UInt64(input)) != 0 { use(storage, backward) }
        if needs[value] { useGradient(storage, backward) }
      }
      for (output, value) in step.node.outputs.enumerated() {
        use(map.storage[value], index)
        guard step.runsBackward else { continue }
        if step.node.signature.backwardReadsOutputs & (1 << UInt64(output)) != 0 { use(map.storage[value], backward) }
        useGradient(map.storage[value], backward)
      }
      scratch = max(scratch, step.kernel.scratchBytes)
      savedIndex.append(buffers.count)
      buffers.append(
        .init(bytes: step.kernel.savedBytes, first: index, last: step.runsBackward ? backward : index))
      for position in step.duplicates.indices {
        let storage = step.duplicates[position].storage
        step.duplicates[position].elements = storageBytes[storage] / bytesPerElement
        duplicateIndex.append((step.duplicates[position].buffer, buffers.count))
        buffers.append(.init(bytes: storageBytes[storage], first: backward, last: backward))
      }
    }
    if isTraining {
      for (index, value) in graph.values.enumerated() where value.source == .input(needsGradient: true) {
        useGradient(map.storage[index], end)
      }
      // Zeroed before the first backward call.
      for storage in zeroGradients { useGradient(storage, count) }
    }

    var valueIndex: [(storage: Int, index: Int)] = []
    for storage in graph.values.indices where last[storage] != Int.min {
      valueIndex.append((storage, buffers.count))
      buffers.append(.init(bytes: storageBytes[storage], first: first[storage], last: last[storage]))
    }
    var gradientIndex: [(storage: Int, index: Int)] = []
    for storage in gradientFirst.keys.sorted() {
      gradientIndex.append((storage, buffers.count))
      buffers.append(
        .init(
          bytes: storageBytes[storage], first: gradientFirst[storage] ?? count, last: gradientLast[storage] ?? end))
    }
    let scratchIndex = buffers.count
    buffers.append(.init(bytes: scratch, first: -1, last: end))

    let plan = ArenaPlan(buffers)
    byteCount = plan.byteCount
    valueOffset = Array(repeating: 0, count: graph.values.count)
    for (storage, index) in valueIndex { valueOffset[storage] = plan.offsets[index] }
    for (storage, index) in gradientIndex { gradientOffset[storage] = plan.offsets[index] }
    savedOffset = savedIndex.map { plan.offsets[$0] }
    duplicateOffset = Array(repeating: 0, count: duplicateIndex.count)
    for (buffer, index) in duplicateIndex { duplicateOffset[buffer] = plan.offsets[index] }
    scratchOffset = plan.offsets[scratchIndex]
  }
}
