// Loops over contiguous floats, a register at a time; the tail goes through a zero-filled register, so every element
// is computed by the same instructions wherever a range begins.

/// y[i] = body(x[i]).
@inline(__always)
func mapElements(
  _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ body: (Lane) -> Lane
) {
  var i = 0
  while i &+ Lane.width <= count {
    body(Lane.load(x + i)).store(y + i)
    i &+= Lane.width
  }
  if i < count { body(Lane.load(x + i, first: count &- i)).store(y + i, first: count &- i) }
}

/// y[i] = body(a[i], b[i]).
@inline(__always)
func mapElements(
  _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  _ body: (Lane, Lane) -> Lane
) {
  var i = 0
  while i &+ Lane.width <= count {
    body(Lane.load(a + i), Lane.load(b + i)).store(y + i)
    i &+= Lane.width
  }
  if i < count {
    let rest = count &- i
    body(Lane.load(a + i, first: rest), Lane.load(b + i, first: rest)).store(y + i, first: rest)
  }
}

/// y[i] = body(a[i], b[i], c[i]).
@inline(__always)
func mapElements(
  _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>, _ body: (Lane, Lane, Lane) -> Lane
) {
  var i = 0
  while i &+ Lane.width <= count {
    body(Lane.load(a + i), Lane.load(b + i), Lane.load(c + i)).store(y + i)
    i &+= Lane.width
  }
  if i < count {
    let rest = count &- i
    body(Lane.load(a + i, first: rest), Lane.load(b + i, first: rest), Lane.load(c + i, first: rest))
      .store(y + i, first: rest)
  }
}

/// The sum of body over x; the tail's missing elements enter as body(filler), which must be 0.
@inline(__always)
func sumElements(_ count: Int, _ x: UnsafePointer<Float>, filler: Float = 0, _ body: (Lane) -> Lane) -> Float {
  var first = Lane.zero
  var second = Lane.zero
  var i = 0
  while i &+ 2 &* Lane.width <= count {
    first += body(Lane.load(x + i))
    second += body(Lane.load(x + i + Lane.width))
    i &+= 2 &* Lane.width
  }
  if i &+ Lane.width <= count {
    first += body(Lane.load(x + i))
    i &+= Lane.width
  }
  if i < count { second += body(Lane.load(x + i, first: count &- i, filler: filler)) }
  return (first + second).total
}

/// The sum of body over pairs of a and b; body(0, 0) must be 0.
@inline(__always)
func sumElements(
  _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ body: (Lane, Lane) -> Lane
) -> Float {
  var first = Lane.zero
  var second = Lane.zero
  var i = 0
  while i &+ 2 &* Lane.width <= count {
    first += body(Lane.load(a + i), Lane.load(b + i))
    second += body(Lane.load(a + i + Lane.width), Lane.load(b + i + Lane.width))
    i &+= 2 &* Lane.width
  }
  if i &+ Lane.width <= count {
    first += body(Lane.load(a + i), Lane.load(b + i))
    i &+= Lane.width
  }
  if i < count { second += body(Lane.load(a + i, first: count &- i), Lane.load(b + i, first: count &- i)) }
  return (first + second).total
}
