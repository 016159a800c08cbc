/// `bce_with_logits`: the mean of max(z, 0) - z y + log(1 + e^-|z|); 0 for an empty batch.
final class BCEPlan: KernelPlan {
  private let batch: Int

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 2)
    try request.expect(request.inputs[1], request.inputs[0], "labels")
    guard request.outputs[0].elements == 1 else {
      throw .invalid("bce_with_logits: the output has shape \(request.outputs[0]), expected a scalar")
    }
    batch = request.inputs[0].elements
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { 3 }

  /// Samples whose losses are summed in float32 before they enter a sum in double.
  private static let block = 256

  // A batch has a few thousand logits: less work than waking a thread.
  override func forward(_ call: KernelCall) {
    let (logits, labels) = (call.input(0), call.input(1))
    var total = 0.0
    var first = 0
    while first < batch {
      let count = min(BCEPlan.block, batch - first)
      var sum = Lane.zero
      var i = 0
      while i < count {
        let rest = min(Lane.width, count - i)
        // A logit of -1000 with label 0 has loss 0: what the tail is filled with.
        let z = Lane.load(logits + first + i, first: rest, filler: -1000)
        let y = Lane.load(labels + first + i, first: rest)
        sum += z.clampedToZero - z * y + (Lane.zero - z.magnitudes).exponential().logarithmOfOnePlus()
        i += rest
      }
      total += Double(sum.total)
      first += count
    }
    call.output()[0] = batch == 0 ? 0 : Float(total / Double(batch))
  }

  override func backward(_ call: KernelCall) {
    let seed = batch == 0 ? 0 : call.gradOutput()[0] / Float(batch)
    let factor = Lane(repeating: seed)
    if let target = call.gradInput(0) {
      writeElements(batch, call.input(0), call.input(1), to: target, adds: call.addsToInput(0)) { z, y in
        (z.sigmoid() - y) * factor
      }
    }
    if let target = call.gradInput(1), !call.addsToInput(1) { target.update(repeating: 0, count: batch) }
  }
}

extension Lane {
  /// log(1 + self) for 0 <= self <= 1: 2 artanh(s), s = self / (2 + self) <= 1/3, by its series.
  @inline(__always)
  func logarithmOfOnePlus() -> Lane {
    let s = self / (Lane(repeating: 2) + self)
    let square = s * s
    var p = Lane(repeating: 1 / 17)
    p = Lane(repeating: 1 / 15).adding(p, times: square)
    p = Lane(repeating: 1 / 13).adding(p, times: square)
    p = Lane(repeating: 1 / 11).adding(p, times: square)
    p = Lane(repeating: 1 / 9).adding(p, times: square)
    p = Lane(repeating: 1 / 7).adding(p, times: square)
    p = Lane(repeating: 1 / 5).adding(p, times: square)
    p = Lane(repeating: 1 / 3).adding(p, times: square)
    let twice = s + s
    return twice.adding(twice * square, times: p)
  }
}
