internal import CDMTPlugin
internal import DMTBridge
internal import Glibc

/// Texts that a call answers and that stay valid until the next such call on the same thread.
enum ThreadTexts {
  /// nil when the keys of the process are used up; texts are then kept forever.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let code = pthread_key_create(&key) { arena in
      if let arena { Unmanaged<ContractArena>.fromOpaque(arena).release() }
    }
    return code == 0 ? key : nil
  }()

  /// Forgets this thread's last texts and gives an arena for the next ones.
  static func renew() -> ContractArena {
    let arena = ContractArena()
    let reference = Unmanaged.passRetained(arena).toOpaque()
    guard let key else { return arena }
    let old = pthread_getspecific(key)
    pthread_setspecific(key, reference)
    if let old { Unmanaged<ContractArena>.fromOpaque(old).release() }
    return arena
  }
}
