/// Everything that a test's process is told, as its arguments.
struct TestOrder {
  var test: String
  var library: String
  var folder: String?
  var component: TestedComponent?
  var seed: UInt64
  /// Data that a reader is tried on.
  var file: String?

  /// The hidden subcommand.
  static let command = "__check"

  /// Without the program's name.
  var arguments: [String] {
    [
      Self.command, test, library, folder ?? "", String(seed), component?.kind ?? "", component?.id ?? "",
      String(component?.revision ?? 0), file ?? "",
    ]
  }

  init(
    test: String, library: String, folder: String?, component: TestedComponent?, seed: UInt64, file: String? = nil
  ) {
    self.test = test
    self.library = library
    self.folder = folder
    self.component = component
    self.seed = seed
    self.file = file
  }

  /// The order in `arguments` (the program's, its name first); nil when there is none.
  init?(arguments: [String]) {
    guard arguments.count == 10, arguments[1] == Self.command, let seed = UInt64(arguments[5]),
      let revision = Int(arguments[8])
    else { return nil }
    self.init(
      test: arguments[2], library: arguments[3], folder: arguments[4].isEmpty ? nil : arguments[4],
      component: arguments[6].isEmpty
        ? nil : TestedComponent(kind: arguments[6], id: arguments[7], revision: revision), seed: seed,
      file: arguments[9].isEmpty ? nil : arguments[9])
  }
}
