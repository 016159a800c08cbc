internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// Who is called: the plugin and the component that errors are attributed to.
struct ComponentOwner: @unchecked Sendable {
  let plugin: String
  let component: String?
  /// The same for the report of a crash; never freed.
  let site: UnsafePointer<dmt_call_site>
  /// What `DMT_UNAVAILABLE` from this component means.
  let unavailable: DMTError.Code

  init(plugin: String, component: String?, unavailable: DMTError.Code = .pluginFailed) {
    self.plugin = plugin
    self.component = component
    self.unavailable = unavailable
    site = CrashReport.site(plugin: plugin, component: component)
  }

  func place(_ phase: String) -> DMTError.Place {
    DMTError.Place(plugin: plugin, component: component, phase: phase)
  }

  /// What a status means, with the message that the plugin left on this thread.
  func failure(_ status: dmt_status, _ phase: String) -> DMTError {
    var keptStatus: Int32 = 0
    var message: UnsafePointer<CChar>?
    let size = dmt_error_take(&keptStatus, &message)
    // A message of another status is a leftover of a call that went well in the end.
    var text = ""
    if keptStatus == status, size > 0, let message {
      let bytes = UnsafeBufferPointer(start: message, count: Int(size))
      text = bytes.withMemoryRebound(to: UInt8.self) { String(decoding: $0, as: UTF8.self) }
    }
    if text.isEmpty { text = "failed without a message (\(statusName(status)))" }
    let code = status == DMT_UNAVAILABLE ? unavailable : DMTError.Code(status: status)
    return DMTError(code, text, place: place(phase))
  }

  /// A name that may stand where names of this project stand needs a dot, which those have not.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument``.
  static func checkDotted(_ name: String, _ what: String) throws(DMTError) {
    guard name.contains(".") else {
      throw DMTError(
        .invalidArgument,
        "\(what) is named '\(name)', expected a name with a dot, as com.example.\(name): names without "
          + "one are the host's")
    }
  }

  /// The plugin broke the contract.
  func broken(_ message: String, _ phase: String) -> DMTError {
    DMTError(.pluginFailed, message, place: place(phase), remedy: "report this to the plugin's author")
  }

  /// Runs a call that answers a status.
  func call(_ phase: StaticString, _ body: () -> dmt_status) throws(DMTError) {
    var ignored: Int32 = 0
    var nothing: UnsafePointer<CChar>?
    _ = dmt_error_take(&ignored, &nothing)
    let status = CrashReport.noting(site, phase, body)
    if status != DMT_OK { throw failure(status, "\(phase)") }
  }

  /// Runs code that reads what the plugin answered: what is wrong with it is the plugin's fault.
  func reading<Result>(_ phase: String, _ body: () throws(DMTError) -> Result) throws(DMTError) -> Result {
    do throws(DMTError) {
      return try body()
    } catch {
      throw broken(error.message, phase)
    }
  }
}
