import DMTCases
import DMTCore
import DMTReference
import Foundation
import Testing

/// A backend that serves nothing.
private struct IdleBackend: Backend {
  let name = "idle"
  func support(for request: KernelRequest) -> KernelSupport { KernelSupport(score: 0, reason: "it is idle") }
  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel { throw DMTError(.unsupported, "it is idle") }
}

@Suite struct CaseRunnerTests {
  private let linear = "\(CommittedCases.folder)/linear-gelu-bias-7x13-5.safetensors"
  private let bag = "\(CommittedCases.folder)/embedding_bag-mean-empty-bags.safetensors"

  private func runner(_ backends: any Backend...) -> CaseRunner {
    CaseRunner(backends: backends, embeddings: [ReferenceEmbedding()], updates: [ReferenceUpdate()])
  }

  @Test(arguments: FaultyBackend.Fault.allCases)
  func aFaultyKernelIsFound(fault: FaultyBackend.Fault) {
    let result = runner(FaultyBackend(fault: fault)).run(path: linear)
    #expect(!result.passed, "\(CaseReport([result]).table())")
    switch fault {
    case .slightlyOff:
      #expect(result.outcome == .missed)
      #expect(result.worst?.tensor == "output.out")
      #expect(result.worst?.worstElement == 0)
      #expect(abs((result.worst?.absoluteError ?? 0) - 0.001) < 1e-5)
    case .leavesAnElement:
      #expect(result.tensors.first { $0.tensor == "output.out" }?.absoluteError == .greatestFiniteMagnitude)
    case .ignoresAccumulation:
      #expect(result.worst?.tensor == "grad_param.weight (added)" || result.worst?.tensor == "grad_param.bias (added)")
    case .needsEveryGradient: #expect(result.worst?.tensor.hasSuffix("(alone)") == true)
    case .changesAnInput: #expect(result.message?.contains("forward changed input 0") == true)
    case .writesBehindTheOutput: #expect(result.message?.contains("behind the end of the output") == true)
    case .writesBehindTheScratch: #expect(result.message?.contains("behind the end of the scratch") == true)
    case .throwsInBackward: #expect(result.message?.contains("plugin faulty: error: out of order") == true)
    }
  }

  @Test func theFirstBackendThatServesRunsTheCase() throws {
    let runner = runner(IdleBackend(), FaultyBackend(fault: .slightlyOff), ReferenceBackend())
    #expect(runner.run(path: linear).servedBy == ["faulty"])
    #expect(try runner.preferring("reference").run(path: linear).servedBy == ["reference"])
    #expect(try runner.preferring("idle").run(path: linear).servedBy == ["faulty"])
    #expect(try runner.preferring("idle").run(path: bag).servedBy == ["reference"])
  }

  @Test func whatTheOnlyBackendDoesNotServeFails() throws {
    let runner = try runner(IdleBackend(), ReferenceBackend()).restricted(to: "idle")
    let result = runner.run(path: linear)
    #expect(result.outcome == .notServed)
    #expect(!result.passed)
    #expect(result.message == "idle: it is idle")
    #expect(runner.run(path: bag).outcome == .notServed)
    #expect(runner.run(path: "\(CommittedCases.folder)/optimizer-adam-betas-7.safetensors").outcome == .notServed)
    #expect(!CaseReport([result]).passed)
  }

  @Test func anUnknownBackendIsAnErrorWithTheNearestName() throws {
    let error = #expect(throws: DMTError.self) { try runner(ReferenceBackend()).restricted(to: "referense") }
    #expect(error?.code == .notFound)
    #expect(error?.remedy == "did you mean 'reference'?")
  }

  @Test func theReportSaysWhoServedAndWhatWasWorst() throws {
    let runner = runner(FaultyBackend(fault: .slightlyOff))
    let report = CaseReport([
      runner.run(path: linear), runner.run(path: bag), runner.run(path: "no-such-case"),
      try runner.restricted(to: "reference").run(path: linear),
    ])
    let lines = report.table().split(separator: "\n").map(String.init)
    #expect(lines[1].hasPrefix("FAIL  linear-gelu-bias-7x13-5"))
    #expect(lines[1].contains("faulty") && lines[1].contains("output.out"))
    #expect(lines[2].hasPrefix("pass  embedding_bag-mean-empty-bags"))
    #expect(lines.last == "4 cases: 1 passed, 1 missed, 1 not served, 1 failed")

    let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any]
    #expect(json?["passed"] as? Bool == false)
    let results = try #require(json?["results"] as? [[String: Any]])
    #expect(results.map { $0["outcome"] as? String } == ["missed", "passed", "failed", "not-served"])
    #expect((results[0]["tensors"] as? [[String: Any]])?.first?["tensor"] as? String == "output.out")
  }

  @Test func anEmptyReportHasNotPassed() {
    #expect(!CaseReport().passed)
  }
}
