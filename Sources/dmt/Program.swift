import ArgumentParser
import DMTConformance
import DMTPluginHost
import Foundation
import Logging

/// Where the process begins.
@main
enum Program {
  static func main() {
    // The process may be the child that opens an unknown plugin on behalf of its parent; then it does nothing else.
    if let code = PluginScanner.runChild(arguments: CommandLine.arguments) { exit(code) }
    if let code = ConformanceSuite.runChild(arguments: CommandLine.arguments) { exit(code) }
    LoggingSystem.bootstrap { _ in ConsoleLog() }
    DMTCommand.main()
  }
}
