import Foundation
import Testing

@Suite("Ranks that mpirun starts do what every interconnect has to")
struct ConformanceTests {
  static let mpirun = ["/usr/bin/mpirun", "/usr/local/bin/mpirun"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// The program of the trials, which the build puts beside the tests.
  static var program: String {
    Bundle.main.executableURL.map { $0.deletingLastPathComponent().appending(path: "mpi-conformance").path } ?? ""
  }

  static func trials() throws -> [String] {
    try run(1, ["--list"]).output.split(separator: "\n").map(String.init)
  }

  struct Outcome {
    var status: Int32
    var output: String
  }

  /// Runs the program on so many ranks, with everything that it prints.
  static func run(_ ranks: Int, _ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: mpirun ?? "")
    process.arguments = ["-np", "\(ranks)", "--oversubscribe", program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1"]
    ) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
  }

  @Test(
    "with any number of ranks, more than cores among them", .enabled(if: mpirun != nil, "mpirun is not installed"),
    arguments: [1, 2, 5])
  func conforms(ranks: Int) throws {
    let outcome = try Self.run(ranks, [])
    #expect(outcome.status == 0 && outcome.output.contains("trials on \(ranks) ranks"), "\(outcome.output)")
    #expect(!outcome.output.contains("FAILED"), "\(outcome.output)")
  }

  @Test("trials that end the world pass in a launch of their own", .enabled(if: mpirun != nil, "mpirun is not installed"))
  func endings() throws {
    let trials = try Self.trials()
    #expect(trials.count >= 2)
    for trial in trials {
      let outcome = try Self.run(3, [trial])
      // Open MPI counts ranks that leave a failed job as failed too; what the trial found is what it printed.
      #expect(!outcome.output.contains("FAILED"), "\(trial): \(outcome.output)")
    }
  }
}
