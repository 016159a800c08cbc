internal import DMTPluginKit

/// The gradient of one operand of a broadcast: the output's gradient, for a product times the other operand, summed
/// over the axes on which the operand is repeated.
///
/// Pieces are cut along the operand's own axes, so no sum is shared by two of them.
struct BroadcastGradient {
  private typealias Lane = VectorLoops.Lane

  private struct Axis {
    let extent: Int
    /// Elements between neighbours of the operand's gradient, the output's gradient and the other operand.
    let target: Int
    let gradient: Int
    let other: Int
  }

  let split: Split
  /// Elements of the operand.
  let elements: Int
  private let kept: [Axis]
  private let repeated: [Axis]
  /// The elements of a lane belong to one sum; otherwise each to its own.
  private let sumsNeighbours: Bool
  private let otherMovesInLane: Bool
  private let multiplies: Bool
  private let sign: Float

  init(_ operation: BinaryKernel.Operation, operand: Int, _ axes: BroadcastAxes, threads: Int) {
    multiplies = operation == .mul
    sign = operation == .sub && operand == 1 ? -1 : 1
    var (kept, repeated): ([Axis], [Axis]) = ([], [])
    for axis in axes.axes {
      let mine = axis.stride(ofOperand: operand)
      let own = Axis(
        extent: axis.extent, target: mine, gradient: axis.output, other: axis.stride(ofOperand: 1 - operand))
      if mine == 0 { repeated.append(own) } else { kept.append(own) }
    }
    sumsNeighbours = axes.axes.last?.stride(ofOperand: operand) == 0
    // A single number has one place.
    if kept.isEmpty { kept = [Axis(extent: 1, target: 0, gradient: 0, other: 0)] }
    otherMovesInLane = (sumsNeighbours ? repeated.last : kept.last)?.other != 0
    elements = kept.reduce(1) { $0 * $1.extent }
    let work = Double(axes.elements) / Double(max(kept[0].extent, 1))
    // Cut through the innermost axis of the memory, pieces are whole cache lines.
    split = Split(kept[0].extent, threads: threads, cost: work, alignment: kept.count == 1 && !sumsNeighbours ? 16 : 1)
    self.kept = kept
    self.repeated = repeated
  }

  /// - Parameter other: the other operand; read in a product alone.
  func compute(
    _ gradient: UnsafePointer<Float>, _ other: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    adding: Bool, piece: Int
  ) {
    let start = split.start(piece)
    let axis = kept[0]
    store(
      gradient + start * axis.gradient, other + start * axis.other, to: target + start * axis.target, adding: adding,
      level: 0, count: split.length(piece))
  }

  /// Writes `count` neighbours of the kept axis at `level`, all further kept axes within each.
  private func store(
    _ gradient: UnsafePointer<Float>, _ other: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    adding: Bool, level: Int, count: Int
  ) {
    let axis = kept[level]
    if level + 1 < kept.count {
      let inner = kept[level + 1].extent
      for index in 0..<count {
        store(
          gradient + index * axis.gradient, other + index * axis.other, to: target + index * axis.target,
          adding: adding, level: level + 1, count: inner)
      }
    } else if sumsNeighbours {
      for index in 0..<count {
        let lane = sum(gradient + index * axis.gradient, other + index * axis.other, level: 0, valid: 8)
        let total = lane.sum() * sign
        let place = target + index * axis.target
        place.pointee = adding ? place.pointee + total : total
      }
    } else {
      var index = 0
      while index < count {
        let valid = min(8, count - index)
        let lane = sum(gradient + index, other + index * axis.other, level: 0, valid: valid) * sign
        if valid == 8 {
          let sums = adding ? VectorLoops.load(target + index) + lane : lane
          UnsafeMutableRawPointer(target + index).storeBytes(of: sums, as: Lane.self)
        } else {
          for place in 0..<valid {
            target[index + place] = adding ? target[index + place] + lane[place] : lane[place]
          }
        }
        index += 8
      }
    }
  }

  /// The sums over the repeated axes from `level` on, of the first `valid` elements of a lane.
  private func sum(_ gradient: UnsafePointer<Float>, _ other: UnsafePointer<Float>, level: Int, valid: Int) -> Lane {
    if level == repeated.count { return term(gradient, other, valid: valid) }
    let axis = repeated[level]
    if level + 1 < repeated.count {
      return inBlocks(axis.extent) {
        sum(gradient + $0 * axis.gradient, other + $0 * axis.other, level: level + 1, valid: valid)
      }
    }
    if !sumsNeighbours {
      return inBlocks(axis.extent) {
        term(gradient + $0 &* axis.gradient, other + $0 &* axis.other, valid: valid)
      }
    }
    let whole = axis.extent / 8
    let lane = inBlocks(whole) { term(gradient + $0 &* 8, other + $0 &* 8 &* axis.other, valid: 8) }
    let rest = axis.extent - whole * 8
    return rest == 0 ? lane : lane + term(gradient + whole * 8, other + whole * 8 * axis.other, valid: rest)
  }

  /// Terms are added in blocks of 64, the blocks' sums after that: the error grows with the blocks, not with the terms.
  @inline(__always)
  private func inBlocks(_ count: Int, _ term: (Int) -> Lane) -> Lane {
    var total = Lane.zero
    var index = 0
    while index < count {
      let stop = min(count, index &+ 64)
      var part = Lane.zero
      while index < stop {
        part += term(index)
        index &+= 1
      }
      total += part
    }
    return total
  }

  /// What the first `valid` neighbours add to their sums; 0 behind them.
  @inline(__always)
  private func term(_ gradient: UnsafePointer<Float>, _ other: UnsafePointer<Float>, valid: Int) -> Lane {
    let outer = load(gradient, valid)
    if !multiplies { return outer }
    return outer * (otherMovesInLane ? load(other, valid) : Lane(repeating: other[0]))
  }

  @inline(__always)
  private func load(_ source: UnsafePointer<Float>, _ valid: Int) -> Lane {
    if valid == 8 { return VectorLoops.load(source) }
    var lane = Lane.zero
    for place in 0..<valid { lane[place] = source[place] }
    return lane
  }
}
