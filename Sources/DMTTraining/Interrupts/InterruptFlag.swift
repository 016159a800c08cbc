import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Turns Ctrl-C and a polite kill into a flag that the training loop looks at after every step.
///
/// The first SIGINT, SIGTERM or SIGUSR1 (which launchers of many ranks pass on) raises the flag: the loop ends the step, writes a checkpoint and returns. The second one
/// ends the process at once with status 130; the last checkpoint stays intact.
public enum InterruptFlag {
  /// Signals seen; written by the handler, so it may be nothing but a lock-free atomic.
  private static let signals = Atomic<Int>(0)

  /// True once the flag is up.
  public static var isRaised: Bool { signals.load(ordering: .relaxed) > 0 }

  /// Raises the flag as a signal would, without the second time's end.
  public static func raise() { signals.store(1, ordering: .relaxed) }

  /// Lowers the flag.
  public static func lower() { signals.store(0, ordering: .relaxed) }

  /// Installs the handlers of SIGINT, SIGTERM and SIGUSR1, and lets a write past the file size limit fail instead of killing the
  /// process.
  public static func install() {
    // The first use of a static runs its initializer, which a signal handler must not do.
    lower()
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    signal(SIGUSR1, handler)
    signal(SIGXFSZ, SIG_IGN)
    // A parent may have started this process with signals blocked, as threads of dispatch queues do.
    var both = sigset_t()
    sigemptyset(&both)
    sigaddset(&both, SIGINT)
    sigaddset(&both, SIGTERM)
    sigaddset(&both, SIGUSR1)
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
  }

  private static let handler: @convention(c) (Int32) -> Void = { _ in
    if InterruptFlag.signals.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
  }
}
