internal import CDMTHostShims
internal import DMTCore

/// What a plugin leaves of its process as it was, over initialize and ordinary work.
enum EnvironmentTests {
  private static let scope = ConformanceTest.Scope.components(DescriptorTests.everyKind)

  static let all = [
    ConformanceTest(
      "environment.floats", "Rounding, flushing to zero and traps of floats are left alone, on every thread.", scope
    ) { context in
      let before = dmt_float_environment()
      let plugin = try SubjectPlugin(context, threads: 3)
      context.expect(dmt_float_environment() == before, "loading it changed the floating-point environment")
      try ComponentExercise.run(context, plugin, threads: 3)
      context.expect(dmt_float_environment() == before, "its work changed the caller's floating-point environment")
      context.expect(
        !plugin.host.hasChangedWorker, "a body of parallel_for left its thread's floating-point environment changed")
    },
    ConformanceTest("environment.signals", "Signal handlers and the signal mask are left alone.", scope) { context in
      let before = ProcessState()
      let plugin = try SubjectPlugin(context)
      if let change = ProcessState().signalChange(since: before) { context.fail("loading it changed \(change)") }
      try ComponentExercise.run(context, plugin)
      if let change = ProcessState().signalChange(since: before) { context.fail("its work changed \(change)") }
    },
    ConformanceTest(
      "environment.process", "Locale, working folder, file mask and environment variables are left alone.", scope
    ) { context in
      let before = ProcessState()
      let plugin = try SubjectPlugin(context)
      if let change = ProcessState().change(since: before) { context.fail("after loading it: \(change)") }
      try ComponentExercise.run(context, plugin)
      if let change = ProcessState().change(since: before) { context.fail("after its work: \(change)") }
    },
  ]
}
