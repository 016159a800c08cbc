public import DMTCore
internal import DMTPluginHost
internal import Dispatch
internal import Foundation
internal import Synchronization

/// What every plugin has to do, tried on some plugins.
public struct ConformanceSuite: Sendable {
  /// Which tests are run.
  public var filter = TestFilter()
  /// Of all random inputs.
  public var seed: UInt64
  /// Data that readers are tried on.
  public var file: String?
  /// Time that a test has.
  public var limitMilliseconds = 30_000
  /// Tests at a time.
  public var jobs = 1
  /// Run all in this process, one after the other: for a debugger.
  public var isInProcess = false
  /// The program that is started as the child; it calls ``runChild(arguments:)`` first thing.
  public var executable: String

  public init(seed: UInt64, executable: String? = nil) {
    self.seed = seed
    self.executable = executable ?? PluginSearchPath.executablePath
  }

  /// The child's work when `arguments` (the program's, its name first) ask for it; nil when they do not.
  public static func runChild(arguments: [String]) -> Int32? {
    if let order = TestOrder(arguments: arguments) { return TestChild.run(order) }
    return InterconnectTests.runRank(arguments: arguments)
  }

  /// All kinds of component.
  public static var kinds: Set<String> { DescriptorTests.everyKind }

  /// Names and summaries of all tests, in order, with the kinds of component that they are run on.
  public static var tests: [(name: String, summary: String, kinds: [String])] {
    ConformanceTest.all.map { test in
      if case .components(let kinds) = test.scope { return (test.name, test.summary, kinds.sorted()) }
      return (test.name, test.summary, [])
    }
  }

  /// Runs the tests on a plugin.
  ///
  /// - Parameters:
  ///   - path: a library or a plugin's folder.
  ///   - progress: told of every test that has ended, on any thread.
  /// - Throws: ``DMTError/Code/notFound`` when there is no such file, ``DMTError/Code/pluginRefused`` for a sidecar that
  ///   cannot be used; what is wrong with the library itself is in the report.
  public func run(path: String, progress: @Sendable (TestResult) -> Void = { _ in }) throws(DMTError) -> PluginReport {
    let place = try PluginPlace(path: path)
    var report = PluginReport(path: path, library: place.library)
    let runner = TestRunner(executable: executable, limitMilliseconds: limitMilliseconds, isInProcess: isInProcess)

    // What can be said without the plugin's help comes first: without it nothing else can be tried.
    let first = ConformanceTest.all.filter { LibraryTests.gates.contains($0.name) }
    for test in first {
      let result = measured(test, nil, place, runner)
      let isWanted = filter.admits(test: test.name, component: nil)
      if isWanted || result.outcome.status == .failed {
        report.results.append(result)
        progress(result)
      }
      if result.outcome.status == .failed {
        report.isCutShort = true
        return report
      }
    }
    let scan = try PluginScanner(executable: executable).scan(library: place.library)
    guard scan.status == .accepted, let descriptor = scan.report?.descriptor else {
      report.isCutShort = true
      report.results.append(
        TestResult(
          test: "library.scan", summary: "A scan accepts it.", component: nil,
          outcome: .failed(scan.reason ?? "the scan does not accept it"), seconds: 0))
      return report
    }
    report.id = descriptor.id
    report.version = descriptor.version
    let components = descriptor.components.map { TestedComponent(kind: $0.kind, id: $0.id, revision: $0.revision) }
    var work: [(test: ConformanceTest, component: TestedComponent?)] = []
    for component in [nil] + components.map(Optional.some) {
      for test in ConformanceTest.all where test.applies(to: component) && !LibraryTests.gates.contains(test.name) {
        if filter.admits(test: test.name, component: component) { work.append((test, component)) }
      }
    }
    let results = Mutex<[Int: TestResult]>([:])
    let next = Atomic<Int>(0)
    let planned = work
    DispatchQueue.concurrentPerform(iterations: isInProcess ? 1 : max(1, min(jobs, planned.count))) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < planned.count else { return }
        let result = measured(planned[index].test, planned[index].component, place, runner)
        results.withLock { $0[index] = result }
        progress(result)
      }
    }
    report.results += results.withLock { found in planned.indices.compactMap { found[$0] } }
    return report
  }

  private func measured(
    _ test: ConformanceTest, _ component: TestedComponent?, _ place: PluginPlace, _ runner: TestRunner
  ) -> TestResult {
    let start = ContinuousClock.now
    let outcome = runner.run(
      TestOrder(
        test: test.name, library: place.library, folder: place.folder, component: component, seed: seed,
        file: file))
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return TestResult(
      test: test.name, summary: test.summary, component: component, outcome: outcome,
      seconds: Double(seconds) + Double(attoseconds) * 1e-18)
  }
}
