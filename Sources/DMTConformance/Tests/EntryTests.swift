internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTCore
internal import DMTPluginHost

/// What dmt_plugin_entry must not do.
enum EntryTests {
  /// The header's promise.
  private static let limit = Duration.milliseconds(100)

  static let all = [
    ConformanceTest("entry.constant", "dmt_plugin_entry gives the same table every time, within 100 ms.", .plugin) {
      context in
      let entry = try function(context)
      let (start, waited) = (ContinuousClock.now, ProcessState.waitedNanoseconds)
      let table = entry()
      let spent = ContinuousClock.now - start - .nanoseconds(ProcessState.waitedNanoseconds - waited)
      context.expect(table != nil, "it returned NULL")
      context.expect(table == entry() && table == entry(), "it returned another table the next time")
      context.expect(spent < limit, "it took \(spent)")
    },
    ConformanceTest("entry.threads", "dmt_plugin_entry starts no thread.", .plugin) { context in
      let entry = try function(context)
      let before = ProcessState.threads
      _ = entry()
      context.expect(
        ProcessState.threads <= before, "\(ProcessState.threads - before) threads more after it than before")
    },
    ConformanceTest("entry.silent", "dmt_plugin_entry prints nothing.", .plugin) { context in
      let entry = try function(context)
      let printed = try ProcessState.output { _ = entry() }
      context.expect(printed.isEmpty, "it printed '\(printed.prefix(80))'")
    },
    ConformanceTest(
      "entry.process", "dmt_plugin_entry opens nothing and changes nothing of the process.", .plugin
    ) { context in
      let entry = try function(context)
      let (before, descriptors, floats) = (ProcessState(), ProcessState.descriptors, dmt_float_environment())
      _ = entry()
      let after = ProcessState()
      if let change = after.change(since: before) { context.fail(change) }
      if let change = after.signalChange(since: before) { context.fail(change) }
      let opened = ProcessState.descriptors.subtracting(descriptors).sorted()
      context.expect(opened.isEmpty, "descriptors \(opened.joined(separator: ", ")) stayed open")
      context.expect(dmt_float_environment() == floats, "the floating-point environment is another")
    },
  ]

  private static func function(_ context: TestContext) throws -> dmt_plugin_entry_function {
    context.phase("opening the library")
    let entry = try DynamicLibrary.entry(of: context.library)
    context.phase("calling dmt_plugin_entry")
    return entry
  }
}
