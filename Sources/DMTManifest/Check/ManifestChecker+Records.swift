import DMTCore

extension ManifestChecker {
  mutating func checkedRecord(
    _ node: ManifestNode, _ record: Record, _ form: Form, path: String, keyOrigin: ManifestOrigin
  ) -> ManifestNode? {
    guard let mapping = ShortForms.expanded(node, record) else { return wrongType(node, form, path) }
    return checkedKeys(mapping, record, path: path, keyOrigin: keyOrigin)
  }

  mutating func checkedVariant(
    _ node: ManifestNode, _ variants: Variants, _ form: Form, path: String, keyOrigin: ManifestOrigin
  ) -> ManifestNode? {
    guard let mapping = ShortForms.expanded(node, variants) else { return wrongType(node, form, path) }
    let selector = mapping.entry(variants.discriminator)
    guard let selector else {
      if let name = variants.defaultVariant, let record = variants.record(name) {
        return checkedKeys(mapping, record, path: path, keyOrigin: keyOrigin)
      }
      errors.add(
        "\(Self.joined(path, variants.discriminator)) is missing, expected the name of a \(variants.noun)",
        at: keyOrigin,
        remedy: variants.variants.isEmpty
          ? "no \(variants.noun) is known here" : "use one of: " + variants.variants.map(\.name).joined(separator: ", ")
      )
      return nil
    }
    guard case .text(let name)? = selector.value.scalar?.value else {
      return wrongType(selector.value, .text(.any), Self.joined(path, variants.discriminator))
    }
    guard let record = variants.record(name) else {
      errors.add(
        "unknown \(variants.noun) '\(name)' in \(path)", at: selector.value.origin,
        remedy: remedy(forUnknown: name, variants))
      return checkedCommonKeys(mapping, variants, path: path)
    }
    return checkedKeys(mapping, record, path: path, keyOrigin: keyOrigin)
  }

  private func remedy(forUnknown name: String, _ variants: Variants) -> String {
    let known = variants.variants.map(\.name)
    let suggestion = Spelling.suggestion(for: name, in: known)
    // Formats and optimizers of plugins have a dot in their names, this project's have not.
    let mayBeOfPlugin =
      variants.noun == "module" || ["format", "optimizer"].contains(variants.noun) && name.contains(".")
    guard mayBeOfPlugin, Spelling.nearest(to: name, in: known) == nil else { return suggestion }
    return suggestion + "; a plugin's \(variants.noun) needs the plugin: see `dmt plugin list --why`"
  }

  /// What can be said when the variant is unknown: the keys that every variant has.
  private mutating func checkedCommonKeys(
    _ mapping: ManifestNode, _ variants: Variants, path: String
  ) -> ManifestNode? {
    var result: [ManifestNode.Entry] = []
    for key in variants.common {
      guard let entry = mapping.entry(key.name) else { continue }
      if let value = checked(entry.value, key.form, path: "\(path).\(key.name)", keyOrigin: entry.keyOrigin) {
        result.append(.init(key: key.name, keyOrigin: entry.keyOrigin, value: value))
      }
    }
    return ManifestNode(.mapping(result), origin: mapping.origin)
  }

  mutating func checkedKeys(
    _ mapping: ManifestNode, _ record: Record, path: String, keyOrigin: ManifestOrigin
  ) -> ManifestNode {
    reportUnknownKeys(mapping, record, path: path)
    let absent = keysLeftOut(mapping, record, path: path, keyOrigin: keyOrigin)
    var result: [ManifestNode.Entry] = []
    for key in record.keys {
      let keyPath = Self.joined(path, key.name)
      let entry: ManifestNode.Entry
      if let given = mapping.entry(key.name) {
        entry = given
      } else {
        switch key.absence {
        case .absent: continue
        case .defaultsTo(let value):
          if absent.contains(key.name) { continue }
          entry = .init(key: key.name, keyOrigin: .defaultValue, value: value)
        case .required:
          errors.add("\(keyPath) is missing, expected \(key.form.phrase): \(key.summary)", at: keyOrigin)
          continue
        }
      }
      if let value = checked(entry.value, key.form, path: keyPath, keyOrigin: entry.keyOrigin) {
        result.append(.init(key: key.name, keyOrigin: entry.keyOrigin, value: value))
      }
    }
    return ManifestNode(.mapping(result), origin: mapping.origin)
  }

  private mutating func reportUnknownKeys(_ mapping: ManifestNode, _ record: Record, path: String) {
    for entry in mapping.entries ?? [] where record[entry.key] == nil {
      var place = path.isEmpty ? "the manifest" : path
      if let qualifier = record.qualifier { place += " (\(qualifier))" }
      errors.add(
        "unknown key '\(entry.key)' in \(place)", at: entry.keyOrigin,
        remedy: Spelling.suggestion(for: entry.key, in: record.keys.map(\.name)))
    }
  }

  /// Checks the groups of keys that exclude each other; the result are keys whose default must not be filled in.
  private mutating func keysLeftOut(
    _ mapping: ManifestNode, _ record: Record, path: String, keyOrigin: ManifestOrigin
  ) -> Set<String> {
    var absent: Set<String> = []
    for choice in record.choices {
      let given = (mapping.entries ?? []).filter { choice.keys.contains($0.key) }
      if let second = given.dropFirst().first {
        errors.add(
          "\(path) has both '\(given[0].key)' and '\(second.key)', expected one of them", at: second.keyOrigin,
          remedy: "remove one")
      } else if given.isEmpty, choice.isRequired {
        errors.add("\(path) has none of \(choice.keys.joined(separator: ", ")), expected one of them", at: keyOrigin)
      }
      for key in choice.keys where !given.isEmpty || key != choice.fallback { absent.insert(key) }
    }
    return absent
  }

  static func joined(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
