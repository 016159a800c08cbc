import DMTPluginHost
import Glibc

/// The program that tests start for scanning: what `dmt` does first thing, and nothing else.
@main
enum Scanner {
  static func main() {
    exit(PluginScanner.runChild(arguments: CommandLine.arguments) ?? 64)
  }
}
