import ArgumentParser
import DMTCore
import Foundation

/// A command as the argument parser describes it: what a manual page is made from.
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String

      /// As it is typed: `--seed`, `-h`.
      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    /// `positional`, `option` or `flag`.
    let kind: String
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    let abstract: String?
  }

  let commandName: String
  let abstract: String?
  let discussion: String?
  let shouldDisplay: Bool
  let arguments: [Argument]?
  let subcommands: [CommandDescription]?

  /// Of `dmt` and everything below it.
  ///
  /// - Throws: ``DMTError/Code/internalError`` when the parser describes commands in another way.
  static func root() throws(DMTError) -> CommandDescription {
    struct Document: Decodable { let command: CommandDescription }
    do {
      return try JSONDecoder().decode(Document.self, from: Data(DMTCommand._dumpHelp().utf8)).command
    } catch {
      throw DMTError(.internalError, "the argument parser's description of commands cannot be read: \(error)")
    }
  }

  var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
  /// Without `help`, whose page would say nothing.
  var shownSubcommands: [CommandDescription] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }
}
