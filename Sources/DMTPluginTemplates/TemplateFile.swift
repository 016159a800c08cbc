internal import CDMTPluginTemplates

/// A file that a package may get, as it stands in the folder Templates.
struct TemplateFile: Sendable {
  /// The language it is for; nil: all.
  let language: String?
  /// The kind it is for; nil: all.
  let kind: String?
  /// Where it goes in the package, placeholders included. Files of one path are one file, in the order of the list.
  let path: String
  let text: String

  /// All of them: what every package has, then the languages' own.
  static let all: [TemplateFile] = [
    list(dmt_templates_common), list(dmt_templates_tests), list(dmt_templates_c), list(dmt_templates_cpp),
    list(dmt_templates_swift), list(dmt_templates_rust),
  ].flatMap { $0 }

  private static func list(
    _ files: (UnsafeMutablePointer<Int>) -> UnsafePointer<dmt_template_file>?
  ) -> [TemplateFile] {
    var count = 0
    let start = files(&count)
    return UnsafeBufferPointer(start: start, count: start == nil ? 0 : count).map { file in
      TemplateFile(
        language: file.language.map { String(cString: $0) }, kind: file.kind.map { String(cString: $0) },
        path: file.path.map { String(cString: $0) } ?? "",
        text: String(decoding: UnsafeBufferPointer(start: file.bytes, count: file.size), as: UTF8.self))
    }
  }
}
