import DMTRuntime
import Testing

@Suite("Arena plan")
struct ArenaPlanTests {
  @Test("buffers that live at the same time never share memory", arguments: 0..<50)
  func noOverlap(seed: Int) {
    var state = UInt64(seed + 1)
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let buffers = (0..<60).map { _ in
      let first = random(40)
      return ArenaPlan.Buffer(bytes: random(5000), first: first, last: first + random(12))
    }
    let plan = ArenaPlan(buffers)
    for (i, a) in buffers.enumerated() {
      #expect(plan.offsets[i] % ArenaPlan.alignment == 0)
      #expect(plan.offsets[i] + a.bytes <= plan.byteCount)
      for (j, b) in buffers.enumerated() where i < j && a.first <= b.last && b.first <= a.last && a.bytes * b.bytes > 0
      {
        let apart =
          plan.offsets[i] + a.bytes <= plan.offsets[j] || plan.offsets[j] + b.bytes <= plan.offsets[i]
        #expect(apart, "buffers \(i) and \(j)")
      }
    }
  }

  @Test("buffers of a chain need room for two")
  func chainIsReused() {
    let plan = ArenaPlan((0..<20).map { .init(bytes: 6400, first: $0, last: $0 + 1) })
    #expect(plan.byteCount == 2 * 6400)
  }
}
