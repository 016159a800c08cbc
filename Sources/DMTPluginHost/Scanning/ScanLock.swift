internal import CDMTHostShims
internal import Glibc

/// Keeps the processes of one machine from scanning the same plugins side by side: the first scans, the others read what it
/// found.
///
/// The lock lies on the cache's folder. Where it cannot be had, on a file system without locks or behind a process that
/// stands still, everyone scans for himself.
struct ScanLock: ~Copyable {
  private let descriptor: Int32

  /// Waits for the lock, half a minute at most.
  init(folder: String?) {
    guard let folder else {
      descriptor = -1
      return
    }
    descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    for _ in 0..<3000 {
      guard dmt_try_lock(descriptor) != 0, errno == EWOULDBLOCK || errno == EINTR else { return }
      usleep(10_000)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
