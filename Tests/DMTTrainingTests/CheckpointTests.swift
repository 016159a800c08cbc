import DMTCore
import DMTSafetensors
import DMTTraining
import Foundation
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
  private let store = TensorStore()

  private func parameters(scale: Float = 1) -> [TrainableParameter] {
    [
      TrainableParameter(
        tensor: store.tensor("top.0.weight", [2, 2], [1, 2, 3, 4].map { $0 * scale }),
        states: [
          store.tensor("exp_avg", [2, 2], [5, 6, 7, 8].map { $0 * scale }),
          store.tensor("exp_avg_sq", [2, 2], [9, 10, 11, 12].map { $0 * scale }),
        ], operatorName: "linear"),
      TrainableParameter(
        tensor: store.tensor("user.weight", [3, 1], [0.1, 0.2, 0.3].map { $0 * scale }),
        states: [store.tensor("sum", [3], [1, 2, 3].map { $0 * scale })], operatorName: "embedding_bag"),
    ]
  }

  private func state() -> CheckpointState {
    var state = CheckpointState(
      step: 12, epoch: 1, batchInEpoch: 5, seed: .max, manifestFingerprint: "m", dataFingerprint: "d")
    state.epochLossSum = 0.1 + 0.2
    state.epochLossSamples = 640
    state.plugins = [PluginRecord(id: "org.dmt.native", version: "0.1.0", sha256: "ab", file: "native.so")]
    var stopping = EarlyStoppingState(metric: .auc, patience: 2)
    _ = stopping.update(EvaluationResult(auc: 1.0 / 3, examples: 1), step: 10, epoch: 1.5)
    state.earlyStopping = stopping
    state.plateau = PlateauState(metric: .logloss, factor: 0.1, patience: 3)
    return state
  }

  @Test("a checkpoint gives back every tensor and the state, bit for bit")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/checkpoint.safetensors"
    let written = parameters()
    try CheckpointWriter.write(written, state: state(), to: path)
    #expect(try folder.names() == ["checkpoint.safetensors"])

    let checkpoint = try Checkpoint(path: path)
    var expected = state()
    expected.operatorRevisions = ["top.0.weight": "linear/1", "user.weight": "embedding_bag/1"]
    #expect(checkpoint.state == expected)
    let read = parameters(scale: 0)
    try checkpoint.restore(read, includesOptimizer: true)
    for (a, b) in zip(read, written) {
      #expect(a.tensor.floats == b.tensor.floats)
      #expect(a.states.map(\.floats) == b.states.map(\.floats))
    }
    let file = try SafetensorsFile(path: path)
    #expect(
      file.entries.map(\.name) == [
        "optimizer/top.0.weight/exp_avg", "optimizer/top.0.weight/exp_avg_sq", "optimizer/user.weight/sum",
        "top.0.weight", "user.weight",
      ])
  }

  @Test("the same state and weights give the same bytes")
  func deterministic() throws {
    let folder = try TemporaryFolder()
    try CheckpointWriter.write(parameters(), state: state(), to: folder.path + "/a")
    try CheckpointWriter.write(parameters().reversed(), state: state(), to: folder.path + "/b")
    #expect(try contents(folder.path + "/a") == contents(folder.path + "/b"))
  }

  @Test("weights alone restore weights, and are refused where optimizer states are wanted")
  func weightsAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/best.safetensors"
    try CheckpointWriter.write(parameters(), state: state(), to: path, includesOptimizer: false)
    let read = parameters(scale: 0)
    let checkpoint = try Checkpoint(path: path)
    let failure = try error { try checkpoint.restore(read, includesOptimizer: true) }
    #expect(failure.causes.count == 3)
    #expect(read[0].tensor.floats == [0, 0, 0, 0], "a refused restore changes nothing")
    try checkpoint.restore(read, includesOptimizer: false)
    #expect(read[0].tensor.floats == [1, 2, 3, 4])
    #expect(read[0].states[0].floats == [0, 0, 0, 0])
  }

  @Test("every difference between checkpoint and model is reported at once")
  func differences() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/c"
    try CheckpointWriter.write(parameters(), state: state(), to: path)
    var changed = parameters(scale: 0)
    changed[0].tensor = store.tensor("top.0.weight", [4], [0, 0, 0, 0])
    changed[0].operatorRevision = 2
    changed[1].tensor.name = "users.weight"
    let failure = try error { try Checkpoint(path: path).restore(changed, includesOptimizer: true) }
    #expect(failure.code == .shapeMismatch && failure.place.file == path)
    let text = failure.description
    for part in [
      "'top.0.weight' is F32 [2, 2] in the checkpoint, F32 [4] in the model", "operator linear/1",
      "parameter 'users.weight' (F32 [3, 1]) is not in the checkpoint",
      "'optimizer/users.weight/sum' (F32 [3]) is not in the checkpoint",
      "parameter 'user.weight' (F32 [3, 1]) of the checkpoint is not in the model",
      "'optimizer/user.weight/sum' (F32 [3]) of the checkpoint is not in the model",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    #expect(failure.causes.count == 6)
  }

  @Test("a parameter whose operator the checkpoint does not name is refused, not guessed")
  func unnamedOperator() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/c"
    let written = parameters()
    var state = state()
    state.operatorRevisions = ["top.0.weight": "linear/1"]
    let text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    try AtomicFile.replace(path) { (descriptor) throws(DMTError) in
      try SafetensorsWriter.write(
        written.map {
          SafetensorsTensor(
            name: $0.tensor.name, dtype: .f32, shape: $0.tensor.shape, bytes: UnsafeRawBufferPointer($0.tensor.bytes))
        }, metadata: ["dmt.checkpoint": text], to: descriptor, path: path)
    }
    let read = parameters(scale: 0)
    let failure = try error { try Checkpoint(path: path).restore(read, includesOptimizer: false) }
    #expect(failure.code == .shapeMismatch && failure.causes.count == 1)
    #expect(
      failure.description.contains("'user.weight' was trained with an operator that the checkpoint does not name"))
    #expect(read[0].tensor.floats == [0, 0, 0, 0], "nothing was touched")
  }

  @Test("a file that is no checkpoint, of a newer format or with a damaged state is refused")
  func notACheckpoint() throws {
    let folder = try TemporaryFolder()
    func write(_ metadata: [String: String]) throws -> String {
      let path = folder.path + "/x"
      try AtomicFile.replace(path) { (descriptor) throws(DMTError) in
        try SafetensorsWriter.write([], metadata: metadata, to: descriptor, path: path)
      }
      return path
    }
    #expect(try error { _ = try Checkpoint(path: write(["case": "1"])) }.message.contains("no checkpoint"))
    #expect(try error { _ = try Checkpoint(path: write(["dmt.checkpoint": "{"])) }.code == .invalidData)
    let newer = try error { _ = try Checkpoint(path: write(["dmt.checkpoint": #"{"formatVersion":2,"new":1}"#])) }
    #expect(newer.code == .unsupported && newer.message.contains("format 2"))
    #expect(
      try error { _ = try Checkpoint(path: write(["dmt.checkpoint": #"{"formatVersion":1,"step":"x"}"#])) }.code
        == .invalidData)
  }

  @Test("a checkpoint that was cut off is refused at every length")
  func cutOff() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/c"
    try CheckpointWriter.write(parameters(), state: state(), to: path)
    let bytes = try contents(path)
    for length in stride(from: 0, to: bytes.count, by: 13) {
      try Data(bytes[0..<length]).write(to: URL(fileURLWithPath: path))
      #expect(try error { _ = try Checkpoint(path: path) }.code == .invalidData)
    }
  }

  @Test("a parameter named like an optimizer state is refused")
  func reservedName() throws {
    let folder = try TemporaryFolder()
    let parameter = TrainableParameter(tensor: store.tensor("optimizer/a", [1], [1]))
    let failure = try error { try CheckpointWriter.write([parameter], state: state(), to: folder.path + "/c") }
    #expect(failure.code == .invalidArgument)
    #expect(try folder.names().isEmpty)
  }

  @Test("when the device is full in the middle of a write, the previous checkpoint stays and the temporary file goes")
  func fileSizeLimit() async {
    // The limit holds for the whole process, so the test has one of its own.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.path + "/checkpoint.safetensors"
      let store = TensorStore()
      let small = [TrainableParameter(tensor: store.tensor("w", [2], [1, 2]))]
      let large = [TrainableParameter(tensor: store.tensor("w", [100_000], [Float](repeating: 3, count: 100_000)))]
      let state = CheckpointState(step: 1, seed: 1, manifestFingerprint: "m", dataFingerprint: "d")
      try CheckpointWriter.write(small, state: state, to: path)
      let before = try contents(path)

      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 65536, rlim_max: 65536)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let failure = try error { try CheckpointWriter.write(large, state: state, to: path) }
      #expect(failure.code == .io)
      #expect(failure.place.file == path)
      #expect(failure.message.contains("File too large"))
      #expect(try folder.names() == ["checkpoint.safetensors"])
      #expect(try contents(path) == before)
      #expect(try Checkpoint(path: path).state.step == 1)
    }
  }

  @Test("a folder that is gone is an I/O error that names the file")
  func noFolder() throws {
    let failure = try error { try CheckpointWriter.write(parameters(), state: state(), to: "/nowhere/at/all/c") }
    #expect(failure.code == .io && failure.place.file == "/nowhere/at/all/c")
    #expect(failure.message.contains("No such file or directory"))
  }

  @Test("what a killed process left half-written is removed, and nothing else")
  func leftovers() throws {
    let folder = try TemporaryFolder()
    for name in [".checkpoint.safetensors.99.dmt-tmp", "keep.dmt-tmp", ".hidden", "log.jsonl"] {
      try Data([1]).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(try folder.names() == [".hidden", "keep.dmt-tmp", "log.jsonl"])
  }
}
