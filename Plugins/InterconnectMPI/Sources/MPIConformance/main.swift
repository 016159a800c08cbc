import DMTInterconnectTesting
import DMTPluginKit
import Glibc
import InterconnectMPI

// One rank of the trials; started as `mpirun -n 4 mpi-conformance [TRIAL ..]`.
let status: Int32
do {
  var settings = TrialSettings()
  settings.largeBytes = 1 << 20
  status = InterconnectConformance.main(
    try InterconnectConformance.interconnect(dmt_plugin_entry()), arguments: Array(CommandLine.arguments.dropFirst()),
    settings: settings)
} catch {
  status = 70
}
exit(status)
