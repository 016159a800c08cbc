import DMTCore
import DMTSafetensors

/// Takes tensors out of a file and knows which are left.
struct CaseTensorReader {
  private let file: SafetensorsFile
  private var names: Set<String>

  private static let mostElements = 1 << 30

  init(file: SafetensorsFile) {
    self.file = file
    names = Set(file.entries.map(\.name))
  }

  func has(_ name: String) -> Bool { names.contains(name) }

  /// The tensor `name`, float32 or float64.
  mutating func tensor(_ name: String) throws(DMTError) -> CaseTensor {
    let entry = try file.entry(name)
    guard entry.dtype == .f32 || entry.dtype == .f64 else {
      throw CaseError.invalid("tensor '\(name)' is \(entry.layout), expected float32 or float64")
    }
    guard entry.shape.count <= Shape.maximumRank else {
      throw CaseError.invalid("tensor '\(name)' has \(entry.shape.count) extents, at most \(Shape.maximumRank) fit")
    }
    // A tensor without elements may state any extents; products of them must not overflow later.
    var product = 1
    for extent in entry.shape {
      guard max(extent, 1) <= Self.mostElements / product else {
        throw CaseError.invalid("tensor '\(name)' is \(entry.layout), too large for a case")
      }
      product *= max(extent, 1)
    }
    names.remove(name)
    return CaseTensor(shape: Shape(entry.shape), values: try file.doubles(name))
  }

  /// The list of whole numbers `name`, int64.
  mutating func integers(_ name: String) throws(DMTError) -> [Int64] {
    let entry = try file.entry(name)
    guard entry.dtype == .i64, entry.shape.count == 1 else {
      throw CaseError.invalid("tensor '\(name)' is \(entry.layout), expected int64 with one extent")
    }
    names.remove(name)
    return try file.integers(name)
  }

  /// All remaining tensors whose names begin with `prefix`, by the rest of their names.
  mutating func tensors(prefix: String) throws(DMTError) -> [String: CaseTensor] {
    var tensors: [String: CaseTensor] = [:]
    for name in names.sorted() where name.hasPrefix(prefix) && name.count > prefix.count {
      tensors[String(name.dropFirst(prefix.count))] = try tensor(name)
    }
    return tensors
  }

  /// All jagged inputs.
  mutating func readBags() throws(DMTError) -> [String: CaseBags] {
    var bags: [String: CaseBags] = [:]
    for name in names.sorted() where name.hasPrefix("input.") && name.hasSuffix(".offsets") {
      let input = String(name.dropFirst("input.".count).dropLast(".offsets".count))
      let values = try integers("input.\(input).values")
      let offsets = try integers(name)
      guard offsets.first == 0, offsets.last == Int64(values.count),
        zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
      else {
        throw CaseError.invalid("'\(name)' does not rise from 0 to \(values.count), the number of row numbers")
      }
      var weights: [Float]?
      if has("input.\(input).weights") {
        let tensor = try tensor("input.\(input).weights")
        guard tensor.shape == [values.count] else {
          throw CaseError.invalid("'input.\(input).weights' is \(tensor.shape), expected [\(values.count)]")
        }
        weights = tensor.values.map { Float($0) }
      }
      bags[input] = CaseBags(values: values, offsets: offsets, weights: weights)
    }
    return bags
  }

  /// - Throws: ``DMTError/Code/invalidData`` when a tensor has not been taken: its name says nothing.
  func checkNothingIsLeft() throws(DMTError) {
    guard let name = names.sorted().first else { return }
    throw CaseError.invalid("nobody knows its tensor '\(name)'")
  }
}
