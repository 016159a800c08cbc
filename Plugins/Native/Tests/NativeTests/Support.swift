import CDMTPlugin
import Foundation
import NativeTestHost
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Whether this machine can run the variant under test.
enum Machine {
  static let runsThisVariant: Bool = {
    #if arch(x86_64)
      let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
      let flags = Set(line.split(separator: " ").map(String.init))
      #if DMT_ISA_V4
        return flags.isSuperset(of: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma"])
      #elseif DMT_ISA_V3
        return flags.isSuperset(of: ["avx2", "fma", "bmi2", "f16c"])
      #else
        return flags.contains("sse4_2")
      #endif
    #else
      return true
    #endif
  }()
}

/// All tests of one variant: one after the other, since they share the host's threads.
@Suite(.serialized, .enabled(if: Machine.runsThisVariant))
enum VariantTests {}

/// The plugin refused a request.
struct Refused: Error {
  let message: String
}

/// Throws what the plugin said when a call that may be refused was.
func accept(_ status: dmt_status) throws(Refused) {
  if status != DMT_OK { throw Refused(message: TestHost.lastError) }
}

/// The message with which a request is refused; empty when it is not.
func refusal(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch {
    return (error as? Refused)?.message ?? "\(error)"
  }
}

/// Numbers that are the same in every run.
struct Draws {
  private var state: UInt64

  init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func word() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// Between -1 and 1, never nearer to 0 than 1e-3.
  mutating func float() -> Float {
    let value = Float(word() >> 40) / 8_388_608 - 1
    return abs(value) < 1e-3 ? 0.5 : value
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
  mutating func below(_ bound: Int) -> Int { Int(word() >> 16 & 0xFFFF_FFFF) % bound }
}

/// Memory aligned as the host's, with a mark behind its end that shows writes out of bounds.
final class Guarded {
  let pointer: UnsafeMutableRawPointer
  let bytes: Int
  private static let mark: UInt8 = 0xA5
  private static let margin = 256

  init(bytes: Int) {
    self.bytes = bytes
    pointer = .allocate(byteCount: bytes + Guarded.margin, alignment: 64)
    // 0xFF.. is a NaN: a value that is read before it is written shows.
    pointer.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes)
    (pointer + bytes).initializeMemory(as: UInt8.self, repeating: Guarded.mark, count: Guarded.margin)
  }

  convenience init(_ values: [Float]) {
    self.init(bytes: values.count * 4)
    values.withUnsafeBytes { source in
      if let base = source.baseAddress { pointer.copyMemory(from: base, byteCount: source.count) }
    }
  }

  deinit { pointer.deallocate() }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
  var values: [Float] { Array(UnsafeBufferPointer(start: floats, count: bytes / 4)) }
  var isIntact: Bool {
    (0..<Guarded.margin).allSatisfy { pointer.load(fromByteOffset: bytes + $0, as: UInt8.self) == Guarded.mark }
  }
}

/// An attribute of a request.
enum TestAttribute {
  case int(Int)
  case bool(Bool)
  case double(Double)
  case string(String)
  case ints([Int])
}

/// Attributes in the contract's form; their memory lives as long as this object.
final class TestAttributes {
  private let items: UnsafeMutablePointer<dmt_attr>
  private let count: Int
  private var memory: [UnsafeMutableRawPointer] = []

  init(_ attributes: [String: TestAttribute]) {
    count = attributes.count
    items = .allocate(capacity: max(1, count))
    for (index, (name, value)) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
      var item = dmt_attr()
      item.name = text(name)
      switch value {
      case .int(let value): (item.type, item.i64) = (DMT_ATTR_I64, Int64(value))
      case .bool(let value): (item.type, item.i64) = (DMT_ATTR_BOOL, value ? 1 : 0)
      case .double(let value): (item.type, item.f64) = (DMT_ATTR_F64, value)
      case .string(let value): (item.type, item.str) = (DMT_ATTR_STR, text(value))
      case .ints(let values):
        let list = UnsafeMutableRawPointer.allocate(byteCount: max(8, values.count * 8), alignment: 8)
        for (place, value) in values.enumerated() { list.storeBytes(of: Int64(value), toByteOffset: place * 8, as: Int64.self) }
        memory.append(list)
        (item.type, item.list, item.list_size) = (DMT_ATTR_I64_LIST, UnsafeRawPointer(list), Int64(values.count))
      }
      (items + index).initialize(to: item)
    }
  }

  deinit {
    items.deallocate()
    memory.forEach { $0.deallocate() }
  }

  func text(_ value: String) -> dmt_str {
    let utf8 = Array(value.utf8)
    let copy = UnsafeMutableRawPointer.allocate(byteCount: max(1, utf8.count), alignment: 1)
    utf8.withUnsafeBytes { if let base = $0.baseAddress { copy.copyMemory(from: base, byteCount: $0.count) } }
    memory.append(copy)
    return dmt_str(data: copy.assumingMemoryBound(to: CChar.self), size: Int64(utf8.count))
  }

  var list: dmt_attrs { dmt_attrs(items: items, count: Int64(count)) }
}

/// Where two lists of numbers differ most.
func worst(_ got: [Float], _ expected: [Double], relative: Double, absolute: Double) -> String? {
  guard got.count == expected.count else { return "\(got.count) elements, expected \(expected.count)" }
  var message: String?
  var largest = 1.0
  for (index, value) in got.enumerated() {
    let error = abs(Double(value) - expected[index]) / (absolute + relative * abs(expected[index]))
    if error.isNaN || error > largest {
      largest = error.isNaN ? .infinity : error
      message = "element \(index) is \(value), expected \(expected[index])"
    }
  }
  return message
}
