import DMTCore
import DMTSafetensors
import Foundation
import Testing

@Suite("Safetensors: bad input")
struct SafetensorsBadInputTests {
  private static let small = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

  /// Opens `bytes` as a file and returns the error, or nil when they are valid.
  private func error(_ bytes: [UInt8]) throws -> DMTError? {
    let file = try TemporaryFile(bytes)
    do {
      _ = try SafetensorsFile(path: file.path)
      return nil
    } catch {
      #expect(error.place.file == file.path)
      return error
    }
  }

  @Test("the well-formed file of these tests is accepted, blanks and all")
  func accepted() throws {
    #expect(try error(file(header: Self.small, dataBytes: 8)) == nil)
    #expect(try error(file(header: " " + Self.small + "  \n", dataBytes: 8)) == nil)
  }

  @Test(
    "a header that contradicts itself or the file is refused",
    arguments: [
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 8, "expected '}'"),
      (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "not F32 [3]"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "end at byte 8"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "the file holds 7"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "bytes 8 to 0"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "leave a hole"),
      (
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[6],"data_offsets":[2,8]}}"#,
        8, "overlap"
      ),
      (#"{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}"#, 8, "unknown dtype 'Q4'"),
      (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "whole number"),
      (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "expected ']'"),
      (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, 8, "too large"),
      (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0, "not F32"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "1 data_offsets"),
      (#"{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}"#, 8, "twice"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":"y"}}"#, 8, "unknown key 'x'"),
      (#"{"a":{"dtype":"F32","shape":[2]}}"#, 0, "lacks one of"),
      (
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
        8, "'a' appears twice"
      ),
      (#"{"__metadata__":{"k":1}}"#, 0, "expected '\"'"),
      (#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, "'k' twice"),
      (#"{"\ud800":{}}"#, 0, "surrogate"),
      (#"{"\u12"#, 0, "cut off"),
      (#"{"\q":{}}"#, 0, "unknown escape"),
      (#"{"open"#, 0, "no closing quote"),
      (#"{} x"#, 0, "follows the closing brace"),
      (#"[1,2,3]"#, 0, "expected '{'"),
    ])
  func contradictions(header: String, dataBytes: Int, problem: String) throws {
    let error = try #require(try error(file(header: header, dataBytes: dataBytes)))
    #expect([.invalidData, .unsupported].contains(error.code))
    #expect(error.message.contains(problem), "\(error.message)")
  }

  @Test("a header length past the end of the file is refused, however large it is")
  func headerLength() throws {
    for length: UInt64 in [100, 1 << 40, .max] {
      let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}      ".utf8)
      let error = try #require(try error(bytes))
      #expect(error.code == .invalidData)
      #expect(error.message.contains("\(length) bytes"))
    }
  }

  @Test("bytes that are no UTF-8 inside a name are refused")
  func notUTF8() throws {
    var bytes = file(header: Self.small, dataBytes: 8)
    let index = try #require(bytes.firstIndex(of: UInt8(ascii: "a")))
    bytes[index] = 0xFF
    #expect(try error(bytes)?.message.contains("UTF-8") == true)
  }

  @Test("a file that is not there, a folder and an empty file are errors of their own kind")
  func noFile() throws {
    #expect {
      _ = try SafetensorsFile(path: "/nowhere/at/all.safetensors")
    } throws: {
      ($0 as? DMTError)?.code == .notFound
    }
    #expect {
      _ = try SafetensorsFile(path: NSTemporaryDirectory())
    } throws: {
      ($0 as? DMTError)?.code == .invalidArgument
    }
    #expect(try error([])?.code == .invalidData)
  }

  @Test("asking for a tensor that is not there, or as another type, is an error")
  func wrongRequests() throws {
    let file = try TemporaryFile(file(header: Self.small, dataBytes: 8))
    let read = try SafetensorsFile(path: file.path)
    #expect { _ = try read.floats("b") } throws: { ($0 as? DMTError)?.code == .notFound }
    #expect { _ = try read.integers("a") } throws: { ($0 as? DMTError)?.code == .invalidData }
    var room = [UInt8](repeating: 0, count: 4)
    #expect {
      try room.withUnsafeMutableBytes { try read.copy("a", to: $0) }
    } throws: {
      ($0 as? DMTError)?.code == .shapeMismatch
    }
  }

  @Test("every cut and thousands of random changes give an error or a file whose tensors can all be read")
  func fuzz() throws {
    let header =
      #"{"__metadata__":{"case":"1","attrs":"{\"out\": 3}"},"input.x":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},"#
      + #""param.w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"rows":{"dtype":"U8","shape":[3],"data_offsets":[24,27]}}"#
    let good = file(header: header, dataBytes: 27)
    let scratch = try TemporaryFile(good)
    var accepted = 0
    var refused = 0
    func attempt(_ bytes: [UInt8]) throws {
      try scratch.replace(bytes)
      do {
        let read = try SafetensorsFile(path: scratch.path)
        for entry in read.entries {
          let sum = try read.withBytes(of: entry.name) { $0.reduce(0) { $0 &+ Int($1) } }
          #expect(sum >= 0)
        }
        accepted += 1
      } catch {
        #expect([.invalidData, .unsupported].contains(error.code))
        refused += 1
      }
    }
    try attempt(good)
    #expect(accepted == 1)
    for length in 0..<good.count {
      try attempt(Array(good[0..<length]))
    }
    #expect(accepted == 1, "no cut is accepted")
    var random = SeededGenerator(state: 20)
    let interesting: [UInt8] = [0, 0xFF, 0x80] + Array("{}[]\",:\\-9e. ".utf8)
    for _ in 0..<4000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] = interesting.randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: index)
        default: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: index)
        }
      }
      try attempt(bytes)
    }
    #expect(refused > 1000)
  }
}
