package import Glibc

/// Programs in process groups of their own: what they start is signalled with them, and Ctrl-C at the terminal reaches the
/// parent alone.
package enum ProcessGroup {
  /// What the system said when it refused.
  package struct Refused: Error {
    /// An errno.
    package var code: Int32
  }

  /// Starts a program with standard input closed.
  ///
  /// - Parameters:
  ///   - executable: looked for on the PATH where it names no folder.
  ///   - environment: `NAME=value`, all of it.
  ///   - output: becomes its standard output; nil: this process's own.
  ///   - error: becomes its standard error; nil: this process's own.
  ///   - inherited: further descriptors that it gets, under their numbers.
  package static func spawn(
    _ executable: String, arguments: [String], environment: [String], output: Int32?, error: Int32?,
    inherited: [Int32] = []
  ) throws(Refused) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    if let error { posix_spawn_file_actions_adddup2(&actions, error, 2) }
    // A copy onto itself: the child's keeps open what this process's own would close.
    for descriptor in inherited { posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var argumentPointers: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    var environmentPointers: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { (argumentPointers + environmentPointers).forEach { free($0) } }
    var process = pid_t()
    let code = posix_spawnp(&process, executable, &actions, &attributes, &argumentPointers, &environmentPointers)
    guard code == 0 else { throw Refused(code: code) }
    return process
  }
}
