extension DMTError {
  /// Where an error happened: a position in a file, a node of the graph, a phase of a plugin, a step of training.
  public struct Place: Sendable, Equatable, CustomStringConvertible {
    /// The file's path as the user wrote it.
    public var file: String?
    /// Line in the file, from 1.
    public var line: Int?
    /// Column in the line, from 1, in characters.
    public var column: Int?
    /// The plugin's id or file.
    public var plugin: String?
    /// The component of the plugin.
    public var component: String?
    /// What was being done: `scan`, `bind`, `forward`, ...
    public var phase: String?
    /// The node of the graph or the parameter.
    public var node: String?
    /// The training step, from 1.
    public var step: Int?

    public init(
      file: String? = nil, line: Int? = nil, column: Int? = nil, plugin: String? = nil, component: String? = nil,
      phase: String? = nil, node: String? = nil, step: Int? = nil
    ) {
      self.file = file
      self.line = line
      self.column = column
      self.plugin = plugin
      self.component = component
      self.phase = phase
      self.node = node
      self.step = step
    }

    /// True when nothing is known.
    public var isEmpty: Bool { self == Place() }

    /// This place, with what it lacks taken from `other`; a file position is taken as a whole or not at all.
    public func completed(by other: Place) -> Place {
      var place = self
      if place.file == nil {
        place.file = other.file
        place.line = other.line
        place.column = other.column
      }
      place.plugin = place.plugin ?? other.plugin
      place.component = place.component ?? other.component
      place.phase = place.phase ?? other.phase
      place.node = place.node ?? other.node
      place.step = place.step ?? other.step
      return place
    }

    /// `file:line:column: step N: node NAME: plugin ID/COMPONENT (PHASE)`, only the known parts.
    public var description: String {
      var parts: [String] = []
      if let file {
        var position = file
        if let line { position += ":\(line)" }
        if line != nil, let column { position += ":\(column)" }
        parts.append(position)
      }
      if let step { parts.append("step \(step)") }
      if let node { parts.append("node \(node)") }
      if plugin != nil || component != nil {
        // A component of this program itself has no plugin.
        var text = (plugin == nil ? "" : "plugin ") + [plugin, component].compactMap { $0 }.joined(separator: "/")
        if let phase { text += " (\(phase))" }
        parts.append(text)
      } else if let phase {
        parts.append(phase)
      }
      return parts.joined(separator: ": ")
    }
  }
}
