/// A manual page of a command, in the macros of man(7).
struct ManualPage {
  /// The words that are typed: `dmt plugin new`.
  let words: [String]
  let command: CommandDescription
  let version: String

  /// `dmt-plugin-new.1`.
  var fileName: String { words.joined(separator: "-") + ".1" }

  /// A page for the command and for every command below it.
  static func all(of command: CommandDescription, under words: [String] = [], version: String) -> [ManualPage] {
    let own = ManualPage(words: words + [command.commandName], command: command, version: version)
    return [own] + command.shownSubcommands.flatMap { all(of: $0, under: own.words, version: version) }
  }

  var text: String {
    let name = words.joined(separator: "-")
    var lines = [
      ".TH \(quoted(name.uppercased())) 1 \"\" \(quoted("dmt " + version)) \(quoted("dmt"))",
      ".SH NAME", "\(escaped(name)) \\- \(escaped(plainAbstract))",
      ".SH SYNOPSIS", ".nh", ".B \(escaped(words.joined(separator: " ")))", synopsis, ".hy",
    ]
    let (description, examples) = parts(of: command.discussion ?? "")
    if !description.isEmpty { lines += [".SH DESCRIPTION"] + paragraphs(description) }
    lines += section("ARGUMENTS", command.shownArguments.filter { $0.kind == "positional" })
    lines += section("OPTIONS", command.shownArguments.filter { $0.kind != "positional" })
    if !command.shownSubcommands.isEmpty {
      lines.append(".SH COMMANDS")
      for other in command.shownSubcommands {
        lines += [
          ".TP", ".B \(escaped(name))\\-\(escaped(other.commandName))(1)", body(other.abstract ?? ""),
        ]
      }
    }
    if !examples.isEmpty { lines += [".SH EXAMPLES", ".nf"] + examples.map(body) + [".fi"] }
    if words.count > 1 {
      lines += [".SH SEE ALSO", ".BR \(escaped(words.dropLast().joined(separator: "-"))) (1)"]
    }
    return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  // MARK: - Parts

  private var plainAbstract: String {
    let abstract = command.abstract ?? ""
    return abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract
  }

  private var synopsis: String {
    var words = command.shownArguments.map { argument in
      let name = heading(argument)
      return (argument.isOptional ? "[\(name)]" : name) + (argument.isRepeating ? "..." : "")
    }
    if !command.shownSubcommands.isEmpty { words.append("\\fICOMMAND\\fR") }
    return words.joined(separator: " ")
  }

  private func section(_ title: String, _ arguments: [CommandDescription.Argument]) -> [String] {
    guard !arguments.isEmpty else { return [] }
    return [".SH \(title)"]
      + arguments.flatMap { argument in
        var abstract = argument.abstract ?? ""
        if let value = argument.defaultValue, !value.isEmpty { abstract += " (default: \(value))" }
        return [".TP", heading(argument, all: true), body(abstract)]
      }
  }

  /// `--seed SEED` in bold and italics; `all` with every name.
  private func heading(_ argument: CommandDescription.Argument, all: Bool = false) -> String {
    let value = "\\fI\(escaped((argument.valueName ?? "value").uppercased()))\\fR"
    guard argument.kind != "positional" else { return value }
    let long = (argument.names ?? []).filter { $0.kind == "long" } + (argument.names ?? []).filter { $0.kind != "long" }
    let names = (all ? long : Array(long.prefix(1))).map { "\\fB\(escaped($0.text))\\fR" }
    return names.joined(separator: ", ") + (argument.kind == "option" ? " " + value : "")
  }

  /// The prose and the lines of examples of a discussion.
  private func parts(of discussion: String) -> (description: [Substring], examples: [String]) {
    let lines = discussion.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(of: "EXAMPLES") else { return (lines, []) }
    let rest = lines[(start + 1)...]
    let end = rest.firstIndex { !$0.isEmpty && !$0.hasPrefix(" ") } ?? rest.endIndex
    let examples = rest[..<end].filter { !$0.isEmpty }.map { $0.hasPrefix("  ") ? String($0.dropFirst(2)) : String($0) }
    return (Array(lines[..<start] + rest[end...]), examples)
  }

  private func paragraphs(_ lines: [Substring]) -> [String] {
    lines.split(whereSeparator: \.isEmpty).flatMap { [".PP"] + $0.map { body(String($0)) } }
  }

  // MARK: - Texts

  private func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
  }

  /// A line of text: a dot or an apostrophe at its start would be a request.
  private func body(_ text: String) -> String {
    let text = escaped(text)
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }

  private func quoted(_ text: String) -> String { "\"" + escaped(text).replacing("\"", with: "\\(dq") + "\"" }
}
