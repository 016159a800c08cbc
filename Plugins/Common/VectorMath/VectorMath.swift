// Elementary functions on a register, to a few units in the last place of float32.

extension Lane {
  /// e^self. Below -87.3 the result is 0 to the last denormal; above 88.7 it is infinity; NaN stays.
  ///
  /// self = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts; e^r by a polynomial of degree 6 (Cephes expf).
  @inline(__always) func exponential() -> Lane {
    let highest = Lane(repeating: 88.722_84)
    let lowest = Lane(repeating: -103.972_08)
    let x = replacing(with: highest, where: self .> highest).replacing(with: lowest, where: self .< lowest)
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    let rounding = Lane(repeating: 12_582_912)
    let shifted = Lane(repeating: 12_582_912).adding(x, times: Lane(repeating: 1.442_695_04))
    let n = shifted - rounding
    let r = x.adding(n, times: Lane(repeating: -0.693_359_375)).adding(n, times: Lane(repeating: 2.121_944_4e-4))
    var p = Lane(repeating: 5.000_000_1e-1)
    var q = Lane(repeating: 1.987_569_15e-4)
    q = Lane(repeating: 1.398_199_95e-3).adding(q, times: r)
    q = Lane(repeating: 8.333_451_9e-3).adding(q, times: r)
    q = Lane(repeating: 4.166_579_6e-2).adding(q, times: r)
    q = Lane(repeating: 1.666_666_55e-1).adding(q, times: r)
    p = p.adding(q, times: r)
    let result = (r + Lane.one).adding(p, times: r * r)
    // 2^n in two factors, so that denormal and largest results are reached.
    let whole = unsafeBitCast(shifted, to: LaneBits.self) &- LaneBits(repeating: 0x4B40_0000)
    let half = whole &>> LaneBits(repeating: 1)
    let rest = whole &- half
    let bias = LaneBits(repeating: 127)
    let first = unsafeBitCast((half &+ bias) &<< LaneBits(repeating: 23), to: Lane.self)
    let second = unsafeBitCast((rest &+ bias) &<< LaneBits(repeating: 23), to: Lane.self)
    let scaled = result * first * second
    return
      scaled
      .replacing(with: Lane(repeating: .infinity), where: self .> highest)
      .replacing(with: self, where: self .!= self)
  }

  @inline(__always) static var one: Lane { Lane(repeating: 1) }

  /// The absolute value.
  @inline(__always) var magnitudes: Lane {
    unsafeBitCast(unsafeBitCast(self, to: LaneBits.self) & LaneBits(repeating: 0x7FFF_FFFF), to: Lane.self)
  }

  /// 1 / (1 + e^-self), without overflow on either side.
  @inline(__always) func sigmoid() -> Lane {
    // e^-|x| is in (0, 1]: sigmoid = 1 / (1 + e) for x >= 0, e / (1 + e) below.
    let e = (Lane.zero - magnitudes).exponential()
    let top = Lane.one.replacing(with: e, where: self .< Lane.zero)
    return top / (Lane.one + e)
  }

  /// tanh: a polynomial near 0, where the quotient would cancel, else 1 - 2 / (e^2|x| + 1) with the sign of x.
  @inline(__always) func hyperbolicTangent() -> Lane {
    let x = magnitudes
    let square = self * self
    var p = Lane(repeating: -5.704_988_7e-3)
    p = Lane(repeating: 2.063_908_9e-2).adding(p, times: square)
    p = Lane(repeating: -5.373_971_5e-2).adding(p, times: square)
    p = Lane(repeating: 1.333_144_2e-1).adding(p, times: square)
    p = Lane(repeating: -3.333_328_2e-1).adding(p, times: square)
    let near = self.adding(p * square, times: self)
    let e = (x + x).exponential()
    let far = Lane.one - Lane(repeating: 2) / (e + Lane.one)
    let signed = far.replacing(with: Lane.zero - far, where: self .< Lane.zero)
    return signed.replacing(with: near, where: x .< Lane(repeating: 0.625))
  }

  /// The error function: x P(x^2) / Q(x^2) on [-4, 4], where it has reached +-1 in float32.
  @inline(__always) func errorFunction() -> Lane {
    let bound = Lane(repeating: 4)
    let lower = Lane(repeating: -4)
    let x = replacing(with: bound, where: self .> bound).replacing(with: lower, where: self .< lower)
    let s = x * x
    var p = Lane(repeating: -2.726_142_258e-10)
    p = Lane(repeating: 2.770_681_425e-8).adding(p, times: s)
    p = Lane(repeating: -2.101_024_024e-6).adding(p, times: s)
    p = Lane(repeating: -5.692_506_395e-5).adding(p, times: s)
    p = Lane(repeating: -7.349_906_303e-4).adding(p, times: s)
    p = Lane(repeating: -2.954_599_809e-3).adding(p, times: s)
    p = Lane(repeating: -1.609_603_333e-2).adding(p, times: s)
    var q = Lane(repeating: -1.456_607_185e-5)
    q = Lane(repeating: -2.133_740_553e-4).adding(q, times: s)
    q = Lane(repeating: -1.682_826_974e-3).adding(q, times: s)
    q = Lane(repeating: -7.373_329_167e-3).adding(q, times: s)
    q = Lane(repeating: -1.426_473_905e-2).adding(q, times: s)
    return x * p / q
  }

  /// x (1 + erf(x / sqrt 2)) / 2.
  @inline(__always) func gelu() -> Lane {
    let half = Lane(repeating: 0.5)
    return self * (half + half * (self * Lane(repeating: 0.707_106_78)).errorFunction())
  }

  /// The derivative of gelu: Phi(x) + x phi(x).
  @inline(__always) func geluDerivative() -> Lane {
    let half = Lane(repeating: 0.5)
    let cumulative = half + half * (self * Lane(repeating: 0.707_106_78)).errorFunction()
    let density = (Lane(repeating: -0.5) * self * self).exponential() * Lane(repeating: 0.398_942_28)
    return cumulative.adding(self, times: density)
  }
}
