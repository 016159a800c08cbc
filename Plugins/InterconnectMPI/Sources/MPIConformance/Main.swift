import DMTInterconnectTesting
import DMTPluginKit
import Glibc
import InterconnectMPI

/// One rank of a world in which the trials of every interconnect run.
///
/// `mpi-conformance [--chunk BYTES] [--large BYTES] [--bandwidth BYTES] [--timeout MS] [--late MS] [--expect RANKS] [--flat] [--list | TRIAL..]`
@main
enum Runner {
  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    func number(_ option: String) -> Int? {
      guard let place = arguments.firstIndex(of: option), place + 1 < arguments.count else { return nil }
      defer { arguments.removeSubrange(place...(place + 1)) }
      return Int(arguments[place + 1])
    }
    var settings = TrialSettings()
    var tuning = MPITuning()
    let chunk = number("--chunk")
    if let chunk { tuning.chunkBytes = max(1, chunk) }
    if let timeout = number("--timeout") { settings.timeoutMilliseconds = timeout }
    if let large = number("--large") { settings.largeBytes = large }
    let bandwidth = number("--bandwidth")
    let expected = number("--expect")
    // Rank 0 comes late.
    if let late = number("--late"), getenv("OMPI_COMM_WORLD_RANK").map({ String(cString: $0) }) == "0" {
      usleep(UInt32(late) * 1000)
    }
    if let place = arguments.firstIndex(of: "--flat") {
      tuning.reducesInsideHosts = false
      arguments.remove(at: place)
    }
    do throws(DMTError) {
      if let bandwidth {
        try Bandwidth.measure(
          MPIInterconnect(tuning: tuning), bytes: bandwidth, timeoutMilliseconds: settings.timeoutMilliseconds)
        exit(0)
      }
      if let expected {
        _ = try MPIInterconnect().openWorld(rankCount: expected, timeoutMilliseconds: settings.timeoutMilliseconds)
        exit(0)
      }
      let engine: any Interconnect =
        if chunk != nil { MPIInterconnect(tuning: tuning) } else {
          try InterconnectConformance.interconnect(dmt_plugin_entry())
        }
      exit(InterconnectConformance.main(engine, arguments: arguments, settings: settings))
    } catch {
      print(error)
      exit(error.code.exitCode)
    }
  }
}
