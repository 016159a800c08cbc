import DMTSafetensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One line on the terminal that is rewritten in place: `epoch 1/3  step 120/576  loss 0.5321  31.2k samples/s  ETA 0:42`.
///
/// It stays quiet when standard error is no terminal and during the first two seconds, so that scripts and short runs are
/// not littered.
package struct ProgressLine {
  /// Nothing is shown before this many seconds.
  static let quietSeconds = 2.0
  /// Seconds between two rewrites.
  static let interval = 0.2

  private let isShown: Bool
  private let start: Double
  private var lastWrite = -Double.infinity
  private var isOnScreen = false
  private let write: (String) -> Void

  /// A line on standard error that begins to count at `now` (seconds of any clock).
  package init(
    now: Double, isTerminal: Bool = isatty(STDERR_FILENO) == 1,
    write: @escaping (String) -> Void = { text in
      var text = text
      text.withUTF8 { _ = SystemCalls.writeAll(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
    }
  ) {
    isShown = isTerminal
    start = now
    self.write = write
  }

  /// True when an update at `now` would be shown; asked first, so that a step between two rewrites builds no text.
  func isDue(now: Double) -> Bool {
    isShown && now - start >= Self.quietSeconds && now - lastWrite >= Self.interval
  }

  /// Rewrites the line.
  package mutating func update(now: Double, text: String) {
    guard isDue(now: now) else { return }
    lastWrite = now
    isOnScreen = true
    write("\r\u{1B}[K" + text)
  }

  /// Takes the line off the screen, so that other output starts on a clean line.
  package mutating func clear() {
    guard isOnScreen else { return }
    isOnScreen = false
    lastWrite = -.infinity
    write("\r\u{1B}[K")
  }

  /// The text of a line.
  ///
  /// - Parameters:
  ///   - step: steps done of `totalSteps`.
  ///   - stepsHere: of them, the steps that this process did, in `seconds`, over `samples` samples: they give the rates.
  package static func text(
    epoch: Int, epochs: Int, step: Int, totalSteps: Int, loss: Double, stepsHere: Int, samples: Int, seconds: Double
  ) -> String {
    var text = "epoch \(min(epoch + 1, epochs))/\(epochs)  step \(step)/\(totalSteps)  loss \(fixed(loss, digits: 4))"
    guard seconds > 0, stepsHere > 0 else { return text }
    text += "  \(short(Double(samples) / seconds)) samples/s"
    let left = Double(max(0, totalSteps - step)) * seconds / Double(stepsHere)
    return text + "  ETA \(duration(left))"
  }

  /// `31.2k`, `4.5M`.
  package static func short(_ value: Double) -> String {
    switch value {
    case 1e9...: fixed(value / 1e9, digits: 1) + "G"
    case 1e6...: fixed(value / 1e6, digits: 1) + "M"
    case 1e3...: fixed(value / 1e3, digits: 1) + "k"
    default: fixed(value, digits: 0)
    }
  }

  /// `0:42`, `12:05`, `3:07:00`; a dash for what is not finite or longer than a year.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 3.2e7 else { return "-" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = whole / 60 % 60
    return whole >= 3600
      ? "\(whole / 3600):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }

  /// `value` with this many digits after the point.
  package static func fixed(_ value: Double, digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % scale)
    return sign + String(scaled / scale) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
