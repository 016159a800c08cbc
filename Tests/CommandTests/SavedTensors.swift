import Foundation
import Testing

/// The float32 tensors of a checkpoint, by name.
struct SavedTensors {
  let values: [String: [Float]]

  init(_ bytes: Data) throws {
    let size = Int(bytes.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * $1.offset) })
    let header = try #require(
      try JSONSerialization.jsonObject(with: bytes.subdata(in: 8..<8 + size)) as? [String: [String: Any]])
    var values: [String: [Float]] = [:]
    for (name, entry) in header where entry["dtype"] as? String == "F32" {
      let place = try #require(entry["data_offsets"] as? [Int])
      let part = bytes.subdata(in: 8 + size + place[0]..<8 + size + place[1])
      values[name] = part.withUnsafeBytes { raw in
        (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
    }
    self.values = values
  }

  init(run: String, in workspace: Workspace) throws {
    try self.init(try workspace.bytes(run + "/checkpoint.safetensors"))
  }

  var names: [String] { values.keys.sorted() }

  /// The largest difference of two elements, and the tensor that has it.
  func difference(from other: SavedTensors, where isMeant: (String) -> Bool = { _ in true }) -> (Float, String) {
    var worst: (Float, String) = (0, "")
    for (name, mine) in values where isMeant(name) {
      let theirs = other.values[name] ?? []
      guard mine.count == theirs.count else { return (.infinity, name) }
      for (a, b) in zip(mine, theirs) where !(abs(a - b) <= worst.0) { worst = (abs(a - b), name) }
    }
    return worst
  }
}
