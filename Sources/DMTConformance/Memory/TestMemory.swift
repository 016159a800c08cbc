internal import CDMTHostShims
internal import DMTCore
internal import Glibc

/// How the memory of a call lies, and what is in it before.
struct MemoryPolicy {
  enum Protection {
    /// Room on both sides that nobody looks at: what is written there is another test's business.
    case slack
    /// A page behind the end that may not be touched.
    case guardedEnd
    /// A page in front that may not be touched.
    case guardedStart
  }

  /// What a block is for.
  enum Role {
    /// Inputs, outputs, gradients, tables, states.
    case data
    /// Saved and scratch memory, whose size the plugin asked for.
    case working
  }

  var protection = Protection.slack
  /// The blocks that are protected.
  var protectedRole = Role.data
  /// Every byte of outputs and working memory before a call.
  var fill: UInt8 = 0
  /// What the plugin only reads cannot be written.
  var hasReadOnlyInputs = false
}

/// All memory of one call, by name.
final class TestMemory {
  let policy: MemoryPolicy
  private var blocks: [TestBlock] = []

  init(_ policy: MemoryPolicy = MemoryPolicy()) { self.policy = policy }

  /// What the plugin reads.
  func input(_ name: String, _ values: [Double], _ dtype: DType) -> TestBlock {
    let block = add(name, values.count * dtype.byteCount)
    block.write(values, dtype)
    if policy.hasReadOnlyInputs { block.forbidWriting() }
    return block
  }

  /// What the plugin reads, as it is.
  func input<Element: BitwiseCopyable>(_ name: String, elements: [Element]) -> TestBlock {
    let block = add(name, elements.count * MemoryLayout<Element>.stride)
    if let pointer = block.pointer {
      elements.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: bytes.count) }
      }
    }
    if policy.hasReadOnlyInputs { block.forbidWriting() }
    return block
  }

  /// Memory of the size that the plugin asked for.
  func working(_ name: String, byteCount: Int) -> TestBlock { add(name, byteCount, .working) }

  /// What the plugin writes; `start` where it adds to it or changes it.
  func output(_ name: String, byteCount: Int, start: [Double]? = nil, _ dtype: DType = .float32) -> TestBlock {
    let block = add(name, byteCount)
    if let start { block.write(start, dtype) }
    return block
  }

  private func add(_ name: String, _ byteCount: Int, _ role: MemoryPolicy.Role = .data) -> TestBlock {
    var policy = policy
    if role != policy.protectedRole { policy.protection = .slack }
    let block = TestBlock(name: name, byteCount: max(0, byteCount), policy: policy)
    blocks.append(block)
    return block
  }

  /// - Throws: ``DMTError/Code/pluginFailed`` when something was written beside a block.
  func check() throws(DMTError) { for block in blocks { try block.check() } }
}

/// A piece of memory of a call; none at all where it has no bytes.
final class TestBlock {
  let name: String
  let byteCount: Int
  /// nil: no bytes.
  let pointer: UnsafeMutableRawPointer?
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int
  private let gap: UnsafeMutableRawBufferPointer

  private static let mark: UInt8 = 0xA5
  private static let alignment = 64

  fileprivate init(name: String, byteCount: Int, policy: MemoryPolicy) {
    self.name = name
    self.byteCount = byteCount
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let inner = max(1, (byteCount + page - 1) / page) * page
    // A page on either side, which a policy makes untouchable or leaves as room.
    mappedBytes = inner + 2 * page
    let mapped = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else {
      // No test asks for more than a few megabytes: the machine is out of memory, and so is the test.
      perror("mmap")
      _exit(71)
    }
    mapping = mapped
    let rounded = (byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
    let start = policy.protection == .guardedEnd ? mapped + page + inner - rounded : mapped + page
    memset(mapped + page, Int32(Self.mark), inner)
    memset(start, Int32(policy.fill), byteCount)
    pointer = byteCount == 0 ? nil : start
    gap = UnsafeMutableRawBufferPointer(
      start: start + byteCount,
      count: policy.protection == .slack ? 0 : (mapped + page + inner) - (start + byteCount))
    if policy.protection != .slack {
      mprotect(mapped, page, PROT_NONE)
      mprotect(mapped + page + inner, page, PROT_NONE)
    }
    dmt_watch_memory(start, Int64(byteCount), name)
  }

  deinit {
    if let pointer { dmt_unwatch_memory(pointer) } else { dmt_unwatch_memory(gap.baseAddress) }
    munmap(mapping, mappedBytes)
  }

  fileprivate func forbidWriting() {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    mprotect(mapping + page, mappedBytes - 2 * page, PROT_READ)
  }

  fileprivate func check() throws(DMTError) {
    guard gap.allSatisfy({ $0 == Self.mark }) else {
      throw DMTError(.pluginFailed, "it wrote behind the end of \(name) (\(byteCount) bytes)")
    }
  }

  /// Overwrites the first elements.
  func write(_ values: [Double], _ dtype: DType) {
    guard let pointer else { return }
    for (index, value) in values.enumerated() {
      if dtype == .float64 {
        pointer.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      } else {
        pointer.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
  }

  /// All elements as doubles.
  func values(_ dtype: DType) -> [Double] {
    guard let pointer else { return [] }
    return (0..<byteCount / dtype.byteCount).map { index in
      dtype == .float64
        ? pointer.load(fromByteOffset: index * 8, as: Double.self)
        : Double(pointer.load(fromByteOffset: index * 4, as: Float.self))
    }
  }

  /// All elements as they are.
  func elements<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
    guard let pointer else { return [] }
    return Array(
      UnsafeRawBufferPointer(
        start: pointer, count: byteCount / MemoryLayout<Element>.stride * MemoryLayout<Element>.stride
      )
      .bindMemory(to: Element.self))
  }
}
