import ArgumentParser
import DMTConformance
import DMTCore
import DMTPluginHost
import Foundation

extension PluginCommand {
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tries plugins on everything that the contract asks of them.",
      discussion: """
        Each test runs in a process of its own with a time limit: a crash or a hang is a failed test with its reason, and the \
        next one runs. Inputs are random; the seed is printed, and --reproduce repeats them. docs/conformance.md describes every \
        test. Exit code 1 when one fails.

        EXAMPLES
          dmt plugin check build/libmine.so
          dmt plugin check bin/plugins/* --quiet
          dmt plugin check build/libmine.so --only 'memory.*' --only numbers.gradients
          dmt plugin check build/libmine.so --reproduce 1234 --only memory.guards --in-process   # in a debugger
          dmt plugin check build/libmine.so --junit > report.xml
          dmt plugin check build/libreader.so --file rows.txt       # a reader, with data in its format
          dmt plugin check --list
        """)

    @Argument(help: "Libraries and plugins' folders.", completion: .file()) var files: [String] = []
    @Option(
      help: ArgumentHelp(
        "Run the tests whose name, or whose component's id or kind, matches; with * and ?. May be repeated.",
        valueName: "pattern"))
    var only: [String] = []
    @Option(help: ArgumentHelp("Repeat the random inputs of an earlier run.", valueName: "seed")) var reproduce: UInt64?
    @Option(
      help: ArgumentHelp("Data that readers are tried on; without it what needs data is skipped.", valueName: "path"),
      completion: .file())
    var file: String?
    @Option(help: ArgumentHelp("Time that a test has, in seconds.", valueName: "seconds")) var limit = 60
    @Option(help: ArgumentHelp("Tests at a time; as many as there are CPUs.", valueName: "n")) var jobs: Int?
    @Flag(help: "Run the tests in this process, one after the other, for a debugger.") var inProcess = false
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print JUnit XML, for continuous integration.") var junit = false
    @Flag(help: "Print what failed and the sums alone.") var quiet = false
    @Flag(help: "List all tests and what they are run on.") var list = false

    func validate() throws {
      if files.isEmpty && !list { throw ValidationError("Name a library or a plugin's folder, or give --list.") }
      if json && junit { throw ValidationError("--json and --junit exclude each other.") }
      if limit < 1 || limit > 3600 { throw ValidationError("--limit is \(limit), expected 1 to 3600 seconds.") }
      if let jobs, jobs < 1 { throw ValidationError("--jobs is \(jobs), expected 1 or more.") }
    }

    func run() throws {
      if list {
        let rows = ConformanceSuite.tests.map {
          [
            $0.name,
            $0.kinds.isEmpty
              ? "library" : $0.kinds.count == ConformanceSuite.kinds.count ? "all" : $0.kinds.joined(separator: ", "),
            $0.summary,
          ]
        }
        for line in TextTable.lines(header: ["test", "run on", "what has to hold"], rows: rows) { Console.print(line) }
        return
      }
      var passed = false
      try Console.reporting {
        let seed = reproduce ?? UInt64.random(in: 1...999_999_999)
        var suite = ConformanceSuite(seed: seed)
        if let file {
          guard FileManager.default.fileExists(atPath: file) else {
            throw DMTError(.notFound, "there is no file \(file)", remedy: "give --file a file in the reader's format")
          }
          suite.file = file
        }
        suite.filter = TestFilter(only)
        suite.limitMilliseconds = limit * 1000
        suite.jobs = jobs ?? ThreadPool.usableCPUs
        suite.isInProcess = inProcess
        var plugins: [PluginReport] = []
        for file in files {
          let report = try suite.run(path: file) { result in
            Console.progress(
              "\(file): \(result.test)\(result.component.map { " of \($0)" } ?? "") \(result.outcome.status)")
          }
          plugins.append(report)
          if !json && !junit {
            for line in ConformanceText.lines(of: report, onlyFailures: quiet) { Console.print(line) }
          }
        }
        let report = ConformanceReport(seed: seed, plugins: plugins)
        guard plugins.contains(where: { !$0.results.isEmpty }) else {
          throw DMTError(
            .notFound, "no test of these plugins matches \(only.joined(separator: ", "))",
            remedy: "dmt plugin check --list names all tests")
        }
        passed = report.passed
        if json {
          Console.print(try Console.json(report))
        } else if junit {
          Console.print(report.junit)
        } else {
          for line in ConformanceText.summary(report) { Console.print(line) }
        }
      }
      if !passed { throw ExitCode(1) }
    }
  }
}
