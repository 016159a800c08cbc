/// An extent cut into equal pieces for the host's threads, the last one possibly shorter.
///
/// It depends on the extent and the number of threads alone, so results are the same at every run.
struct Split {
  let extent: Int
  /// Length of every piece but the last.
  let piece: Int
  /// Number of pieces.
  let count: Int

  /// - Parameters:
  ///   - cost: multiply-accumulates or moved elements of one unit of the extent; small work is not cut.
  ///   - minimum: the shortest piece worth a call of its own.
  ///   - alignment: pieces are a multiple of this.
  init(_ extent: Int, threads: Int, cost: Double, minimum: Int = 1, alignment: Int = 1) {
    self.extent = extent
    // Handing out work costs microseconds: 2^17 elements are about 10.
    if threads == 1 || extent <= minimum || Double(extent) * cost < 131_072 {
      piece = max(extent, 1)
    } else {
      // Two pieces a thread even out what a busy machine does to one of them.
      let wanted = max(minimum, (extent + 2 * threads - 1) / (2 * threads))
      piece = min(extent, (wanted + alignment - 1) / alignment * alignment)
    }
    count = extent == 0 ? 0 : (extent + piece - 1) / piece
  }

  /// The different lengths that occur: one, or two when the last piece is shorter.
  var lengths: [Int] {
    if count == 0 { return [] }
    let last = extent - (count - 1) * piece
    return last == piece ? [piece] : [piece, last]
  }

  func start(_ index: Int) -> Int { index * piece }
  func length(_ index: Int) -> Int { min(piece, extent - index * piece) }
  /// Which of ``lengths`` a piece has.
  func kind(_ index: Int) -> Int { length(index) == piece ? 0 : 1 }
}
