import DMTCore

/// What a running test has: what it tests, its random numbers, and where it says what it found.
final class TestContext {
  /// The test has nothing to try.
  struct Skipped: Error {
    var reason: String
  }

  /// The plugin's library.
  let library: String
  /// The plugin's folder; nil for a bare library.
  let folder: String?
  /// nil in tests of the library itself.
  let component: TestedComponent?
  let seed: UInt64
  /// Data that a reader is tried on; nil: there are none.
  let file: String?
  private(set) var failures: [String] = []
  private(set) var notes: [String] = []
  private let tell: (String, String) -> Void

  /// - Parameter tell: passes a word and a text on at once, so that they are known if the process ends.
  init(_ order: TestOrder, tell: @escaping (String, String) -> Void) {
    library = order.library
    folder = order.folder
    component = order.component
    seed = order.seed
    file = order.file
    self.tell = tell
  }

  /// Says what comes next, in words that follow "while": `binding linear [5, 7]`.
  func phase(_ text: @autoclosure () -> String) { tell("phase", text()) }

  /// Says something that is no failure.
  func note(_ text: String) { notes.append(text) }

  func fail(_ text: String) {
    // What is wrong once is wrong in a hundred places.
    if failures.count < 5 { failures.append(text) }
  }

  func expect(_ condition: Bool, _ text: @autoclosure () -> String) {
    if !condition { fail(text()) }
  }

  func skip(_ reason: String) -> Skipped { Skipped(reason: reason) }

  /// The component that is tested.
  func tested() throws -> TestedComponent {
    guard let component else { throw skip("it is a test of components") }
    return component
  }
}
