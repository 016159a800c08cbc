import DMTCore
import Testing

@Suite("Spelling")
struct SpellingTests {
  @Test("the nearest name is found, and none when all are far")
  func nearest() {
    #expect(Spelling.nearest(to: "lineer", in: ["linear", "layer_norm"]) == "linear")
    #expect(Spelling.nearest(to: "fetaures", in: ["features", "dense"]) == "features")
    #expect(Spelling.nearest(to: "zzzzzzzz", in: ["linear", "cross"]) == nil)
  }
}
