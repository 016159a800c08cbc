import DMTCore

/// What may stand at one place of a manifest.
///
/// One description serves four readers: the check of a manifest, the defaults of the effective manifest, the paths of
/// overrides, and the JSON Schema for editors.
indirect enum Form: Sendable {
  case bool
  case int(ClosedRange<Int>)
  case number(NumberBounds)
  case text(TextRule)
  /// Any scalar, taken as the text that was written: `4`, `NULL` and `no` are texts here.
  case verbatim
  /// A list of at least `minimum` elements; with `allowsSingle`, one element may stand without brackets.
  case list(Form, minimum: Int, allowsSingle: Bool)
  case record(Record)
  case variants(Variants)
  case map(NamedMap)
  /// A scalar of one form or a mapping of another.
  case either(scalar: Form, mapping: Form)
  /// Also `null`, which means that the setting is off or left to the program.
  case nullable(Form)

  /// `list` of `form`, brackets required.
  static func list(_ form: Form, minimum: Int = 0) -> Form { .list(form, minimum: minimum, allowsSingle: false) }

  /// One of the texts of `choices`.
  static func choice(_ choices: [String]) -> Form { .text(TextRule(choices: choices)) }
}

/// The range of a number; always finite.
struct NumberBounds: Sendable {
  var minimum: Double?
  /// The number must be greater than this.
  var above: Double?
  var maximum: Double?

  static let any = NumberBounds()
  static let positive = NumberBounds(above: 0)
  static let notNegative = NumberBounds(minimum: 0)

  /// What is wrong with `value`, as `at least 1`; nil: nothing.
  func expectation(violatedBy value: Double) -> String? {
    if !value.isFinite { return "a finite number" }
    if let minimum, value < minimum { return "at least \(Self.text(minimum))" }
    if let above, value <= above { return "more than \(Self.text(above))" }
    if let maximum, value > maximum { return "at most \(Self.text(maximum))" }
    return nil
  }

  static func text(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? String(value)
  }
}

/// Which texts are allowed.
struct TextRule: Sendable {
  /// The allowed texts; empty: any that is not empty.
  var choices: [String] = []
  /// What the choices are, for messages: `backend`.
  var noun = "value"
  var allowsEmpty = false
  /// Letters, digits, `_` and `-` only: it becomes a part of node and parameter names.
  var isName = false
  /// A path that is relative to the manifest's folder.
  var isPath = false

  static let any = TextRule()
  static let name = TextRule(isName: true)
  static let path = TextRule(isPath: true)

  /// The pattern of names.
  static let namePattern = "^[A-Za-z0-9_-]+$"

  static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}

/// One key of a record.
struct Key: Sendable {
  /// What holds when the key is absent.
  enum Absence: Sendable {
    case required
    /// The key is as if it were not there.
    case absent
    /// The key has this value.
    case defaultsTo(ManifestNode)
  }

  var name: String
  var form: Form
  var absence: Absence
  /// One sentence, for messages, for the JSON Schema and for editors.
  var summary: String

  init(_ name: String, _ form: Form, _ absence: Absence, _ summary: String) {
    self.name = name
    self.form = form
    self.absence = absence
    self.summary = summary
  }
}

/// A mapping with known keys.
struct Record: Sendable {
  /// Keys of which at most one may be given.
  struct Choice: Sendable {
    var keys: [String]
    /// One of them must be given.
    var isRequired = false
    /// The key that has its default when none is given.
    var fallback: String?
  }

  var keys: [Key]
  /// Which variant the mapping is, for messages: `module tower.dcn`.
  var qualifier: String?
  /// A scalar (or a list) stands for a mapping with this one key.
  var shorthand: String?
  var choices: [Choice] = []

  subscript(name: String) -> Key? { keys.first { $0.name == name } }
}

/// A mapping whose keys depend on the text of one of them.
struct Variants: Sendable {
  /// One value of the discriminator.
  struct Variant: Sendable {
    var name: String
    var summary: String
    var keys: [Key]
    var choices: [Record.Choice] = []
  }

  /// The key that selects the variant.
  var discriminator: String
  /// What the variants are, for messages: `module`.
  var noun: String
  var discriminatorSummary: String
  /// The variant of a mapping without the discriminator; nil: it is required.
  var defaultVariant: String?
  /// Keys of every variant.
  var common: [Key]
  var variants: [Variant]
  /// A scalar stands for a mapping with the discriminator alone.
  var allowsShorthand: Bool

  /// The mapping's keys when the discriminator is `name`.
  func record(_ name: String) -> Record? {
    guard let variant = variants.first(where: { $0.name == name }) else { return nil }
    let selector = Key(
      discriminator, .text(TextRule(choices: variants.map(\.name), noun: noun)),
      defaultVariant.map { .defaultsTo(.text($0)) } ?? .required, discriminatorSummary)
    return Record(
      keys: [selector] + common + variant.keys, qualifier: "\(noun) \(name)", choices: variant.choices)
  }
}

/// A mapping from names that the user chooses to values of one form.
struct NamedMap: Sendable {
  /// What a name names, for messages: `feature`.
  var noun: String
  var form: Form
  /// Letters, digits, `_` and `-` only.
  var hasPlainNames: Bool
  /// An override may add a name.
  var isOpen: Bool
  /// A shorter way to write the whole map, see ``StridedTowers``.
  var generator: Form?
  /// The way to take the whole map from a file, see ``TowersFile``.
  var fileGenerator: Form?
  var minimum = 0
}
