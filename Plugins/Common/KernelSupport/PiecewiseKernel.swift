internal import DMTPluginKit

/// A kernel whose passes are cut into pieces that the host's threads work on.
class PiecewiseKernel: Kernel {
  /// One loop over pieces.
  enum Pass {
    case forward
    /// From the outputs' gradients to those of the inputs.
    case inputs
    /// From the outputs' gradients to those of the parameters.
    case parameters
  }

  let threads: HostThreads
  /// Bytes that forward leaves for backward.
  final var savedBytes = 0
  /// Scratch that all threads share, a multiple of 64 bytes.
  final var sharedScratchBytes = 0
  /// Scratch of each worker.
  private(set) final var workerScratchBytes = 0
  final var scratchBytes: Int { sharedScratchBytes + workerScratchBytes * threads.workers }

  /// The call that is running; set for its duration.
  final var call = CallPointers()
  private let failures: UnsafeMutablePointer<Int32>
  private var pass = Pass.forward

  init(threads: HostThreads) {
    self.threads = threads
    failures = .allocate(capacity: threads.workers)
    failures.initialize(repeating: 0, count: threads.workers)
  }

  deinit { failures.deallocate() }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    throw DMTError(.unsupported, "this kernel has no forward")
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    throw DMTError(.unsupported, "this kernel has no backward")
  }

  /// Computes pieces of a pass on one worker; 0, or the number of a failure for ``failure(_:)``.
  func compute(_ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?) -> Int32 { 0 }

  /// The error for a number that ``compute(_:_:worker:scratch:)`` returned.
  func failure(_ number: Int32) -> DMTError { DMTError(.pluginFailed, "a kernel failed with status \(number)") }

  /// Makes room on every worker.
  final func reserveWorkerScratch(_ bytes: Int) {
    workerScratchBytes = max(workerScratchBytes, bytes.roundedUp(to: 64))
  }

  /// Runs all pieces of a pass.
  final func perform(_ pass: Pass, pieces: Int) throws(DMTError) {
    if pieces == 0 { return }
    self.pass = pass
    threads.forEach(
      pieces,
      { argument, begin, end, worker in
        guard let argument else { return }
        Unmanaged<PiecewiseKernel>.fromOpaque(argument)._withUnsafeGuaranteedRef { kernel in
          kernel.computeHere(Int(begin)..<Int(end), worker: Int(worker))
        }
      }, Unmanaged.passUnretained(self).toOpaque())
    for worker in 0..<threads.workers where failures[worker] != 0 {
      let number = failures[worker]
      failures.update(repeating: 0, count: threads.workers)
      throw failure(number)
    }
  }

  private func computeHere(_ pieces: Range<Int>, worker: Int) {
    let scratch = call.scratch.map { $0 + sharedScratchBytes + worker * workerScratchBytes }
    let status = compute(pass, pieces, worker: worker, scratch: scratch)
    if status != 0 { failures[worker] = status }
  }
}

extension Int {
  func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
