import DMTInterconnectTesting
import DMTPluginKit
import Foundation
import Testing

/// The program that every rank runs, built beside the tests, and `mpirun`.
enum Launcher {
  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "mpi-conformance")
  static let mpirun = ["/usr/bin/mpirun", "/usr/local/bin/mpirun"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Runs the program as `ranks` ranks, 0: alone, without mpirun.
  static func run(ranks: Int, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    let command = [program.path] + arguments
    // More ranks than cores are normal here; all traffic stays on this machine.
    let launcher = [
      mpirun ?? "", "-n", String(ranks), "--oversubscribe", "--mca", "btl", "self,vader,tcp", "--mca",
      "btl_vader_single_copy_mechanism", "none",
    ]
    let line = ranks > 0 ? launcher + command : command
    process.executableURL = URL(filePath: line[0])
    process.arguments = Array(line.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}

@Suite("Ranks that mpirun started do what every interconnect has to", .serialized)
struct ConformanceTests {
  private static let hasMPI = ConditionTrait.enabled(
    if: Launcher.mpirun != nil, "there is no mpirun: install openmpi-bin")

  @Test("with any number of ranks", hasMPI, arguments: [1, 2, 5])
  func conforms(ranks: Int) throws {
    let (status, output) = try Launcher.run(ranks: ranks, ["--large", "500000"])
    #expect(status == 0, "\(output)")
    #expect(output.contains("trials on \(ranks) ranks of 1 hosts passed"), "\(output)")
  }

  @Test("with transfers that are cut into many messages", hasMPI)
  func chunks() throws {
    let (status, output) = try Launcher.run(ranks: 4, ["--large", "400000", "--chunk", "1000"])
    #expect(status == 0, "\(output)")
  }

  @Test("where a trial ends the world", hasMPI, arguments: InterconnectConformance.trials.filter(\.endsWorld))
  func ends(_ trial: InterconnectTrial) throws {
    let (_, output) = try Launcher.run(ranks: 4, [trial.name])
    #expect(!output.contains("FAILED"), "\(output)")
    #expect(output.contains("1 trials on 4 ranks"), "\(output)")
  }

  @Test("a process that was started alone is a world of one")
  func alone() throws {
    let (status, output) = try Launcher.run(ranks: 0, [])
    #expect(status == 0, "\(output)")
    #expect(output.contains("trials on 1 ranks of 1 hosts passed"), "\(output)")
  }

  @Test("another number of ranks than expected is an error that says how to start")
  func wrongCount() throws {
    let (status, output) = try Launcher.run(ranks: 0, ["--expect", "8"])
    #expect(status == 75, "\(output)")
    #expect(output.contains("this process was started alone, expected 8 ranks"), "\(output)")
    #expect(output.contains("mpirun -n 8"), "\(output)")
  }

  @Test("a rank that does not come to the start of MPI ends the others with an error", hasMPI)
  func lateStart() throws {
    let (status, output) = try Launcher.run(ranks: 2, ["--late", "60000", "--timeout", "1000", "--expect", "2"])
    #expect(status == 75, "\(output)")
    #expect(output.contains("MPI did not start within 1 s: not all ranks have come"), "\(output)")
    #expect(output.contains("interconnect.timeout"), "\(output)")
  }
}
