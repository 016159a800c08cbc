internal import CDNNL
internal import DMTPluginKit

/// A kernel made of oneDNN's primitives.
class PrimitiveKernel: PiecewiseKernel {
  /// Computes one piece of a pass with the scratch of one worker.
  func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    dnnl_unimplemented
  }

  final override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    LibraryThreads.limited {
      var failure: dnnl_status_t = dnnl_success
      for piece in pieces {
        let status = run(pass, piece: piece, worker: worker, scratch: scratch)
        if status != dnnl_success { failure = status }
      }
      return Int32(failure.rawValue)
    }
  }

  final override func failure(_ number: Int32) -> DMTError {
    Library.error(dnnl_status_t(rawValue: UInt32(number)), "dnnl_primitive_execute")
  }

  /// One prepared call for every worker.
  final func prepare(
    _ primitive: Primitive, _ arguments: [(number: Int32, layout: dnnl_memory_desc_t)]
  ) throws(DMTError) -> [PreparedCall] {
    reserveWorkerScratch(primitive.scratchpadBytes)
    var calls: [PreparedCall] = []
    for _ in 0..<threads.workers { calls.append(try PreparedCall(primitive, arguments)) }
    return calls
  }
}
