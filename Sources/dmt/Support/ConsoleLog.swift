import Logging

/// Shows what the host and its plugins log as lines of standard error: `warning: TEXT`, as the command's own messages.
struct ConsoleLog: LogHandler {
  var logLevel: Logger.Level = .notice
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let level = event.level >= .error ? "error: " : event.level == .warning ? "warning: " : ""
    let plugin = event.metadata?["plugin"].map { "\($0): " } ?? ""
    Console.note(level + plugin + event.message.description)
  }
}
