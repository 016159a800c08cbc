import ArgumentParser

@main
struct DMTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "dmt")
}
