/// What oneDNN's own primitives do to NaN and infinity, put right.
extension VectorLoops {
  /// target = max(source, 0), NaN where source is NaN; the two may be the same memory.
  static func rectify(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index &+ 8 <= count {
      let lane = load(source + index)
      UnsafeMutableRawPointer(target + index).storeBytes(
        of: lane.replacing(with: 0, where: lane .< 0), as: Lane.self)
      index &+= 8
    }
    while index < count {
      let value = source[index]
      target[index] = value < 0 ? 0 : value
      index &+= 1
    }
  }

  /// Whether all numbers are finite.
  static func areFinite(_ source: UnsafePointer<Float>, count: Int) -> Bool {
    // 0 times a number is 0, unless it is infinite or NaN.
    var sum = Lane.zero
    var index = 0
    while index &+ 8 <= count {
      sum += load(source + index) * 0
      index &+= 8
    }
    var rest = sum.sum()
    while index < count {
      rest += source[index] * 0
      index &+= 1
    }
    return rest == 0
  }
}
