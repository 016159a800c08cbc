internal import CDMTPlugin
public import DMTCore

/// A package that builds one plugin: what `dmt plugin new` writes.
public struct PluginPackage: Sendable {
  /// A file of the package.
  public struct File: Sendable, Equatable {
    /// Relative to the package's folder.
    public let path: String
    public let text: String

    public init(path: String, text: String) {
      self.path = path
      self.text = text
    }
  }

  public let kind: PluginKind
  public let language: PluginLanguage
  /// The name of the folder, of the library and, for most kinds, of the component.
  public let name: String
  /// The plugin's id.
  public let id: String

  /// - Parameters:
  ///   - name: small letters, digits and `-`, beginning with a letter.
  ///   - id: reverse-DNS, two or more parts; nil: `com.example.NAME`.
  /// - Throws: ``DMTError/Code/invalidArgument`` for a name or an id of other characters, and for a kind that the language does not
  ///   have a template for.
  public init(kind: PluginKind, language: PluginLanguage, name: String, id: String? = nil) throws(DMTError) {
    self.kind = kind
    self.language = language
    self.name = name
    self.id = id ?? "com.example.\(name)"
    try PluginName.check(name: name)
    try PluginName.check(id: self.id)
    guard Self.templates(kind, language).contains(where: { $0.language != nil && $0.kind != nil }) else {
      let others = PluginLanguage.allCases.filter { other in
        Self.templates(kind, other).contains { $0.language != nil && $0.kind != nil }
      }
      throw DMTError(
        .invalidArgument, "there is no template of kind \(kind.rawValue) in \(language.title)",
        remedy: "use one of \(others.map { "--lang \($0.rawValue)" }.joined(separator: ", "))")
    }
  }

  /// The name by which a manifest knows the component.
  public var component: String { kind.isNamedByID ? id : name }

  /// Every file; templates of one path are joined.
  public var files: [File] {
    var files: [File] = []
    for template in Self.templates(kind, language) {
      let path = filled(template.path)
      let text = filled(template.text)
      if let index = files.firstIndex(where: { $0.path == path }) {
        files[index] = File(path: path, text: files[index].text + text)
      } else {
        files.append(File(path: path, text: text))
      }
    }
    return files
  }

  /// What all kinds share, then the kind's own: that is how parts of one file follow each other.
  private static func templates(_ kind: PluginKind, _ language: PluginLanguage) -> [TemplateFile] {
    let ours = TemplateFile.all.filter { ($0.language ?? language.rawValue) == language.rawValue }
    return ours.filter { $0.kind == nil } + ours.filter { $0.kind == kind.rawValue }
  }

  /// What stands for each placeholder.
  private var values: [(placeholder: String, value: String)] {
    [
      ("@NAME@", name),
      ("@ID@", id),
      ("@COMPONENT@", component),
      ("@IDENT@", PluginName.identifier(name)),
      ("@TYPE@", PluginName.type(name)),
      ("@EXAMPLE@", kind.exampleType(PluginName.type(name))),
      ("@OFFER@", kind.offer(of: kind.exampleType(PluginName.type(name)))),
      ("@KIND@", kind.rawValue),
      ("@LANGUAGE@", language.title),
      ("@SUMMARY@", kind.summary),
      ("@ABI_MAJOR@", String(DMT_ABI_MAJOR)),
      ("@ABI_MINOR@", String(DMT_ABI_MINOR)),
      // A minor of major 0 may break what it must: there is no lower one to name.
      ("@MIN_HOST_MINOR@", String(DMT_ABI_MAJOR == 0 ? DMT_ABI_MINOR : 0)),
    ]
  }

  private func filled(_ text: String) -> String {
    var pieces = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    let values = Dictionary(uniqueKeysWithValues: values.map { ($0.placeholder, $0.value) })
    // A word between two @ that is no placeholder stays as it is, and its second @ may begin one.
    var result = pieces.removeFirst()
    while !pieces.isEmpty {
      let word = pieces.removeFirst()
      if !pieces.isEmpty, let value = values["@\(word)@"] {
        result += value + pieces.removeFirst()
      } else {
        result += "@" + word
      }
    }
    return result
  }
}
