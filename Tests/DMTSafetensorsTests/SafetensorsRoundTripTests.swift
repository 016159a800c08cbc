import DMTCore
import DMTSafetensors
import Foundation
import Testing

@Suite("Safetensors: writing and reading back")
struct SafetensorsRoundTripTests {
  /// Writes arrays under their names and returns the file.
  private func write(
    floats: [String: ([Int], [Float])] = [:], doubles: [String: ([Int], [Double])] = [:],
    integers: [String: ([Int], [Int64])] = [:], bytes: [String: (SafetensorsDType, [Int], [UInt8])] = [:],
    metadata: [String: String] = [:], reversed: Bool = false
  ) throws -> TemporaryFile {
    var owned: [(String, SafetensorsDType, [Int], [UInt8])] = []
    for (name, (shape, values)) in floats {
      owned.append((name, .f32, shape, values.withUnsafeBytes { Array($0) }))
    }
    for (name, (shape, values)) in doubles {
      owned.append((name, .f64, shape, values.withUnsafeBytes { Array($0) }))
    }
    for (name, (shape, values)) in integers {
      owned.append((name, .i64, shape, values.withUnsafeBytes { Array($0) }))
    }
    for (name, (dtype, shape, values)) in bytes { owned.append((name, dtype, shape, values)) }
    owned.sort { $0.0 < $1.0 }
    if reversed { owned.reverse() }
    let blocks = owned.map { entry in
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, entry.3.count), alignment: 8)
      block.copyBytes(from: entry.3)
      return block
    }
    defer { blocks.forEach { $0.deallocate() } }
    let tensors = zip(owned, blocks).map { entry, block in
      SafetensorsTensor(
        name: entry.0, dtype: entry.1, shape: entry.2,
        bytes: UnsafeRawBufferPointer(rebasing: block[0..<entry.3.count]))
    }
    let file = try TemporaryFile()
    let descriptor = open(file.path, O_WRONLY | O_TRUNC)
    defer { close(descriptor) }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: descriptor, path: file.path)
    return file
  }

  @Test("every value, shape, name and text comes back as it went in")
  func roundTrip() throws {
    let metadata = ["case": "1", "quote\"\\": "line\nbreak \u{1}", "ü": "𝄞 text", "empty": ""]
    let file = try write(
      floats: ["a.weight": ([2, 3], [1, -0.0, .infinity, 0x1p-140, 3.5, -7]), "scalar": ([], [4.25])],
      doubles: ["d": ([2], [.pi, -1e300])], integers: ["rows": ([3], [0, -5, .max]), "none": ([0, 7], [])],
      bytes: [
        "mask": (.bool, [3], [1, 0, 1]), "u": (.u8, [2], [0, 255]), "half\t\"": (.f16, [2], [0, 0x3C, 0, 0xC0]),
      ],
      metadata: metadata)
    let read = try SafetensorsFile(path: file.path)
    #expect(read.metadata == metadata)
    #expect(read.entries.map(\.name) == ["a.weight", "d", "half\t\"", "mask", "none", "rows", "scalar", "u"])
    let floats: [Float] = [1, -0.0, .infinity, 0x1p-140, 3.5, -7]
    #expect(try read.floats("a.weight").map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(read["a.weight"]?.shape == [2, 3])
    #expect(read["scalar"]?.shape == [])
    #expect(try read.floats("scalar") == [4.25])
    #expect(try read.doubles("d") == [.pi, -1e300])
    #expect(try read.doubles("a.weight")[4] == 3.5)
    #expect(try read.integers("rows") == [0, -5, .max])
    #expect(read["none"]?.elementCount == 0)
    #expect(try read.integers("none").isEmpty)
    #expect(try read.integers("mask") == [1, 0, 1])
    #expect(try read.integers("u") == [0, 255])
    #expect(try read.doubles("half\t\"") == [1, -2])
  }

  @Test("the same tensors give the same bytes in whatever order they are handed over")
  func deterministic() throws {
    let floats: [String: ([Int], [Float])] = ["z": ([1], [1]), "b": ([2], [2, 3]), "a": ([1], [4])]
    let one = try write(floats: floats, integers: ["k": ([1], [9])], metadata: ["x": "1", "a": "2"])
    let other = try write(floats: floats, integers: ["k": ([1], [9])], metadata: ["a": "2", "x": "1"], reversed: true)
    #expect(try one.contents() == other.contents())
  }

  @Test("the tensors start at a multiple of 8, wide elements first, so that all are aligned")
  func alignment() throws {
    let file = try write(
      floats: ["b": ([3], [1, 2, 3])], doubles: ["z": ([1], [1])],
      bytes: ["a": (.u8, [1], [1])], metadata: ["pad": "x"])
    let contents = try file.contents()
    let length = contents[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect((8 + length) % 8 == 0)
    let read = try SafetensorsFile(path: file.path)
    #expect(read["z"]?.byteRange == 0..<8)
    #expect(read["b"]?.byteRange == 8..<20)
    #expect(read["a"]?.byteRange == 20..<21)
  }

  @Test("a file without tensors holds its texts")
  func textsAlone() throws {
    let file = try write(metadata: ["only": "text"])
    let read = try SafetensorsFile(path: file.path)
    #expect(read.entries.isEmpty)
    #expect(read.metadata == ["only": "text"])
  }

  @Test("two tensors of one name, a reserved name and a wrong size are refused before anything is written")
  func refusals() throws {
    let values: [Float] = [1, 2]
    try values.withUnsafeBytes { bytes in
      let good = SafetensorsTensor(name: "a", dtype: .f32, shape: [2], bytes: bytes)
      for bad in [
        [good, good],
        [SafetensorsTensor(name: "__metadata__", dtype: .f32, shape: [2], bytes: bytes)],
        [SafetensorsTensor(name: "b", dtype: .f32, shape: [3], bytes: bytes)],
        [SafetensorsTensor(name: "b", dtype: .f64, shape: [2], bytes: bytes)],
        [SafetensorsTensor(name: "b", dtype: .f32, shape: [.max, .max], bytes: bytes)],
        [SafetensorsTensor(name: "b", dtype: .f32, shape: [-1, -2], bytes: bytes)],
      ] {
        let file = try TemporaryFile()
        let descriptor = open(file.path, O_WRONLY)
        defer { close(descriptor) }
        #expect {
          try SafetensorsWriter.write(bad, to: descriptor, path: "x")
        } throws: {
          ($0 as? DMTError)?.code == .invalidArgument
        }
        #expect(try file.contents().isEmpty)
      }
    }
  }

  @Test("a full device is an I/O error that names the file and the system's reason")
  func fullDevice() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let values: [Float] = [1, 2]
    values.withUnsafeBytes { bytes in
      let tensor = SafetensorsTensor(name: "a", dtype: .f32, shape: [2], bytes: bytes)
      #expect {
        try SafetensorsWriter.write([tensor], to: descriptor, path: "run/checkpoint.safetensors")
      } throws: { error in
        guard let error = error as? DMTError else { return false }
        return error.code == .io && error.place.file == "run/checkpoint.safetensors"
          && error.message.contains("No space left on device")
      }
    }
  }
}
