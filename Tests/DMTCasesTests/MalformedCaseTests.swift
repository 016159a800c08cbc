import DMTCases
import DMTCore
import Testing

/// A case file with something wrong, and a part of what must be said about it.
struct MalformedCase: Sendable, CustomTestStringConvertible {
  var metadata: [String: String?] = [:]
  var tensors: [String: WrittenFile.Content?] = [:]
  var message: String

  var testDescription: String { message }

  /// A sound case of `add`, with these changes; nil removes.
  func write() throws -> WrittenFile {
    var texts = ["case": "1", "operator": "add", "attrs": "{}", "rtol": "1e-6", "atol": "1e-6"]
    for (key, value) in metadata { texts[key] = value }
    var contents: [String: WrittenFile.Content] = [
      "input.a": .floats([1, 2], [2]), "input.b": .floats([3, 4], [2]), "output.out": .floats([4, 6], [2]),
      "grad_output.out": .floats([1, 1], [2]), "grad_input.a": .floats([1, 1], [2]),
    ]
    for (key, value) in tensors { contents[key] = value }
    return try WrittenFile(contents.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: texts)
  }

  static let unreadable: [MalformedCase] = [
    .init(metadata: ["case": nil], message: "has no 'case'"),
    .init(metadata: ["case": "2"], message: "version is '2'"),
    .init(metadata: ["operator": nil], message: "has none of 'operator'"),
    .init(metadata: ["module": "mlp"], message: "operator and module of"),
    .init(metadata: ["rtol": nil], message: "has no 'rtol'"),
    .init(metadata: ["atol": "small"], message: "'atol' is 'small'"),
    .init(metadata: ["atol": "nan"], message: "'atol' is 'nan'"),
    .init(metadata: ["atol": "-1"], message: "'atol' is '-1'"),
    .init(metadata: ["attrs": "{"], message: "'attrs' is '{'"),
    .init(metadata: ["attrs": "[1]"], message: "expected a JSON object"),
    .init(metadata: ["attrs": "{\"a\": {\"b\": 1}}"], message: "expected a JSON object"),
    .init(metadata: ["attrs": "{\"a\": null}"], message: "expected a JSON object"),
    .init(metadata: ["table": "yes"], message: "'table' is 'yes'"),
    .init(metadata: ["key": "{}"], message: "'key' is '{}'"),
    .init(tensors: ["output.out": nil], message: "no tensor 'output.NAME'"),
    .init(tensors: ["grad_output.out": nil], message: "lacks 'grad_output'"),
    .init(tensors: ["grad_input.c": .floats([1], [1])], message: "no 'input.c'"),
    .init(tensors: ["grad_input.a": .floats([1], [1])], message: "'grad_input.a' is [1], expected [2]"),
    .init(tensors: ["else": .floats([1], [1])], message: "nobody knows its tensor 'else'"),
    .init(tensors: ["input.a": .integers([1, 2], [2])], message: "expected float32 or float64"),
    .init(tensors: ["input.a": .floats([], [0, 1 << 40, 1 << 40])], message: "too large for a case"),
    .init(tensors: ["input.a": .floats([1], Array(repeating: 1, count: 9))], message: "has 9 extents"),
    .init(
      tensors: ["input.x.offsets": .integers([0, 2, 1], [3]), "input.x.values": .integers([5], [1])],
      message: "does not rise from 0 to 1"),
    .init(
      tensors: ["input.x.offsets": .integers([], [0]), "input.x.values": .integers([], [0])], message: "does not rise"),
    .init(
      tensors: [
        "input.x.offsets": .integers([0, 1], [2]), "input.x.values": .integers([5], [1]),
        "input.x.weights": .floats([1, 2], [2]),
      ], message: "'input.x.weights' is [2], expected [1]"),
    .init(metadata: ["operator": nil, "optimizer": "sgd"], message: "no tensor 'param'"),
    .init(
      metadata: ["operator": nil, "optimizer": "sgd", "table": "true"], tensors: ["param": .floats([1], [1])],
      message: "expected a table"),
    .init(
      metadata: ["operator": nil, "optimizer": "sgd"], tensors: ["param": .floats([1], [1])],
      message: "no tensor 'grad.0'"),
    .init(
      metadata: ["operator": nil, "optimizer": "sgd", "table": "true"],
      tensors: [
        "param": .floats([1, 2], [2, 1]), "grad.0": .floats([1], [1, 1]), "rows.0": .integers([2], [1]),
        "expected.0": .floats([1, 2], [2, 1]),
      ], message: "'rows.0' names row 2 of a table with 2 rows"),
    .init(
      metadata: ["operator": nil, "optimizer": "sgd"],
      tensors: [
        "param": .floats([1, 2], [2]), "grad.0": .floats([1], [1]), "expected.0": .floats([1, 2], [2]),
      ], message: "'grad.0' is [1], expected [2]"),
  ]

  static let unfit: [MalformedCase] = [
    .init(tensors: ["input.b": nil], message: "no 'input.b'"),
    .init(tensors: ["input.c": .floats([1], [1])], message: "no 'input.2'"),
    .init(tensors: ["param.weight": .floats([1], [1])], message: "no parameter 'weight'"),
    .init(tensors: ["input.b": .floats([1, 2, 3], [3])], message: "got [2] and [3]"),
    .init(tensors: ["output.extra": .floats([1], [1]), "grad_output.extra": .floats([1], [1])], message: "outputs"),
    .init(metadata: ["attrs": "{\"scale\": 2}"], message: "no attribute 'scale'"),
    .init(metadata: ["operator": "embedding_bag"], message: "one jagged input"),
    .init(
      metadata: ["operator": "reshape", "attrs": "{\"shape\": [-1, 4611686018427387904, 8]}"],
      tensors: ["input.x": .floats([1, 2], [2, 1]), "input.a": nil, "input.b": nil, "grad_input.a": nil],
      message: "operator reshape"),
    .init(
      tensors: ["input.x.offsets": .integers([0, 1], [2]), "input.x.values": .integers([5], [1])],
      message: "no jagged input"),
    .init(
      metadata: ["operator": "linear", "attrs": "{\"out\": 2}"],
      tensors: [
        "input.x": .floats([1, 2], [2, 1]), "input.a": nil, "input.b": nil, "grad_input.a": nil,
        "param.weight": .floats([1], [1, 1]), "param.bias": .floats([1, 2], [2]),
      ], message: "'param.weight' is [1, 1], expected [2, 1]"),
    .init(
      metadata: ["operator": "embedding_bag", "attrs": "{\"rows\": 2, \"dim\": 1}"],
      tensors: [
        "input.indices.offsets": .integers([0, 1, 2], [3]), "input.indices.values": .integers([0, 2], [2]),
        "input.a": nil, "input.b": nil, "grad_input.a": nil, "param.weight": .floats([1, 2], [2, 1]),
        "output.out": .floats([1, 2], [2, 1]), "grad_output.out": .floats([1, 2], [2, 1]),
      ], message: "names row 2 of a table with 2 rows"),
    .init(
      metadata: ["operator": nil, "optimizer": "sgd"],
      tensors: [
        "input.a": nil, "input.b": nil, "output.out": nil, "grad_output.out": nil, "grad_input.a": nil,
        "param": .floats([1, 2], [2]), "grad.0": .floats([1, 1], [2]), "expected.0": .floats([1, 2], [2]),
      ], message: "no 'lr'"),
    .init(
      metadata: ["operator": nil, "optimizer": "adagard", "attrs": "{\"lr\": 1}"],
      tensors: [
        "input.a": nil, "input.b": nil, "output.out": nil, "grad_output.out": nil, "grad_input.a": nil,
        "param": .floats([1, 2], [2]), "grad.0": .floats([1, 1], [2]), "expected.0": .floats([1, 2], [2]),
      ], message: "unknown optimizer 'adagard'"),
  ]
}

@Suite struct MalformedCaseTests {
  @Test func theSoundCaseThatTheOthersChangePasses() throws {
    let file = try MalformedCase(message: "").write()
    let result = CommittedCases.runner.run(path: file.path)
    #expect(result.passed, "\(CaseReport([result]).table())")
  }

  @Test(arguments: MalformedCase.unreadable)
  func aFileThatIsNoCaseIsRefusedWithItsPath(example: MalformedCase) throws {
    let file = try example.write()
    let error = #expect(throws: DMTError.self) { try CaseFile(path: file.path) }
    #expect(error?.message.contains(example.message) == true, "\(error.map(\.description) ?? "nothing")")
    #expect(error?.place.file == file.path)
    #expect([.invalidData, .notFound].contains(error?.code))
  }

  @Test(arguments: MalformedCase.unfit)
  func aCaseThatDoesNotFitItsOperatorFailsWithAReason(example: MalformedCase) throws {
    let file = try example.write()
    let result = CommittedCases.runner.run(path: file.path)
    #expect(result.outcome == .failed)
    #expect(result.message?.contains(example.message) == true, "\(result.message ?? "nothing")")
  }
}
