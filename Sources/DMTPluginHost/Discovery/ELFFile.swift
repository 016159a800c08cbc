public import DMTCore
public import FoundationEssentials

/// What a shared library says about itself in its ELF headers, read without loading it.
public struct ELFFile: Sendable, Hashable, Codable {
  /// `x86-64`, `aarch64`, or the number of another machine.
  public var machine: String
  /// Libraries that it needs, in order.
  public var needed: [String]
  /// Where it looks for them first; empty: nowhere special.
  public var runpath: [String]
  /// Names of the symbols that it defines for others, sorted.
  public var exports: [String]
  /// Names of the symbols that it takes from others and cannot do without, sorted; thousands for a plugin in Swift, so
  /// they are not coded.
  public var imports: [String] = []

  enum CodingKeys: String, CodingKey {
    case machine, needed, runpath, exports
  }

  /// Whether it can be loaded by this process.
  public var isForThisMachine: Bool {
    #if arch(x86_64)
      machine == "x86-64"
    #elseif arch(arm64)
      machine == "aarch64"
    #else
      false
    #endif
  }

  /// Reads the headers of a 64-bit little-endian shared library.
  ///
  /// - Parameter path: for messages.
  /// - Throws: ``DMTError/Code/pluginRefused`` when the bytes are no such library, saying what they are.
  public init(_ bytes: Data, path: String) throws(DMTError) {
    let reader = ELFReader(bytes: bytes, path: path)
    try reader.checkIdentity()
    machine = reader.machine
    let dynamic = try reader.dynamicEntries()
    let strings = try reader.stringTable(dynamic)
    needed = dynamic.filter { $0.tag == ELFReader.needed }.map { reader.string(strings, at: $0.value) }
    // RPATH is the old name of RUNPATH.
    runpath = dynamic.filter { $0.tag == ELFReader.runpath || $0.tag == ELFReader.rpath }
      .flatMap { reader.string(strings, at: $0.value).split(separator: ":").map(String.init) }
    let symbols = reader.symbols()
    exports = symbols.filter(\.isDefined).map(\.name).sorted()
    imports = symbols.filter { !$0.isDefined && !$0.isWeak }.map(\.name).sorted()
  }
}

/// Reads fields of an ELF file; every offset is checked, because the file may be anything.
private struct ELFReader {
  static let needed: UInt64 = 1
  static let stringTableAddress: UInt64 = 5
  static let rpath: UInt64 = 15
  static let runpath: UInt64 = 29

  let bytes: Data
  let path: String

  struct Entry {
    var tag: UInt64
    var value: UInt64
  }

  /// A part of the file.
  struct Section {
    var type: UInt32
    var address: UInt64
    var offset: UInt64
    var size: UInt64
    var link: UInt32
  }

  func integer<T: FixedWidthInteger>(_ offset: UInt64, as _: T.Type) -> T? {
    let size = UInt64(MemoryLayout<T>.size)
    guard offset <= UInt64(bytes.count), size <= UInt64(bytes.count) - offset else { return nil }
    var value: T = 0
    for index in (0..<Int(size)).reversed() {
      value =
        T(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) << 8) | T(bytes[bytes.startIndex + Int(offset) + index])
    }
    return value
  }

  private func damaged(_ what: String) -> DMTError {
    DMTError(
      .pluginRefused, "\(path) is a damaged ELF file: \(what)", remedy: "build or copy the plugin's library again")
  }

  func checkIdentity() throws(DMTError) {
    guard bytes.prefix(4).elementsEqual([0x7F, 0x45, 0x4C, 0x46]) else {
      let found =
        if bytes.isEmpty { "is empty" } else if bytes.prefix(2).elementsEqual([0x23, 0x21]) {
          "is a script"
        } else if bytes
          .prefix(64).allSatisfy({ $0 == 9 || $0 == 10 || $0 == 13 || (32..<127).contains($0) })
        { "is a text file" } else { "begins with " + bytes.prefix(4).map { hex($0) }.joined(separator: " ") }
      throw DMTError(
        .pluginRefused, "\(path) is not an ELF file, it \(found); expected a shared library",
        remedy: "name the built .so, not its source or its download page")
    }
    guard bytes.count > 64, bytes[bytes.startIndex + 4] == 2, bytes[bytes.startIndex + 5] == 1 else {
      throw DMTError(.pluginRefused, "\(path) is not a 64-bit little-endian ELF file, as this machine needs")
    }
    guard integer(16, as: UInt16.self) == 3 else {
      throw DMTError(
        .pluginRefused, "\(path) is an ELF file but no shared library", remedy: "link the plugin with -shared")
    }
  }

  private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  var machine: String {
    switch integer(18, as: UInt16.self) {
    case 62: "x86-64"
    case 183: "aarch64"
    case let other: "machine \(other ?? 0)"
    }
  }

  /// Program headers of a type: file offset, address and size in the file.
  private func segments(_ type: UInt32) -> [(offset: UInt64, address: UInt64, size: UInt64)] {
    guard let start = integer(32, as: UInt64.self), let size = integer(54, as: UInt16.self),
      let count = integer(56, as: UInt16.self)
    else { return [] }
    return (0..<UInt64(count)).compactMap { index in
      let (header, overflow) = start.addingReportingOverflow(index * UInt64(size))
      guard !overflow, header < UInt64(bytes.count), integer(header, as: UInt32.self) == type,
        let offset = integer(header + 8, as: UInt64.self), let address = integer(header + 16, as: UInt64.self),
        let length = integer(header + 32, as: UInt64.self)
      else { return nil }
      return (offset, address, length)
    }
  }

  func dynamicEntries() throws(DMTError) -> [Entry] {
    guard let segment = segments(2).first else { throw damaged("it has no dynamic section") }
    var entries: [Entry] = []
    for index in 0..<min(segment.size / 16, 4096) {
      let (at, overflow) = segment.offset.addingReportingOverflow(index * 16)
      guard !overflow, let tag = integer(at, as: UInt64.self), let value = integer(at &+ 8, as: UInt64.self) else {
        throw damaged("its dynamic section lies outside the file (a truncated copy?)")
      }
      if tag == 0 { break }
      entries.append(Entry(tag: tag, value: value))
    }
    return entries
  }

  /// File offset of the dynamic string table.
  func stringTable(_ dynamic: [Entry]) throws(DMTError) -> UInt64 {
    guard let address = dynamic.first(where: { $0.tag == Self.stringTableAddress })?.value else {
      throw damaged("it has no string table")
    }
    for segment in segments(1) where address >= segment.address && address - segment.address < segment.size {
      let (offset, overflow) = segment.offset.addingReportingOverflow(address - segment.address)
      if !overflow, offset < UInt64(bytes.count) { return offset }
    }
    throw damaged("its string table lies outside the file (a truncated copy?)")
  }

  func string(_ table: UInt64, at offset: UInt64) -> String {
    let (start, overflow) = table.addingReportingOverflow(offset)
    guard !overflow, start < UInt64(bytes.count) else { return "?" }
    let tail = bytes[(bytes.startIndex + Int(start))...].prefix(4096)
    return String(decoding: tail.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func sections() -> [Section] {
    guard let start = integer(40, as: UInt64.self), let size = integer(58, as: UInt16.self),
      let count = integer(60, as: UInt16.self)
    else { return [] }
    return (0..<UInt64(count)).compactMap { index in
      let (header, overflow) = start.addingReportingOverflow(index * UInt64(size))
      guard !overflow, header < UInt64(bytes.count), let type = integer(header + 4, as: UInt32.self),
        let address = integer(header + 16, as: UInt64.self), let offset = integer(header + 24, as: UInt64.self),
        let length = integer(header + 32, as: UInt64.self), let link = integer(header + 40, as: UInt32.self)
      else { return nil }
      return Section(type: type, address: address, offset: offset, size: length, link: link)
    }
  }

  /// A symbol that the library shows to others or takes from them.
  struct Symbol {
    var name: String
    var isDefined: Bool
    var isWeak: Bool
  }

  /// Its global and weak symbols; none when its section headers were stripped.
  func symbols() -> [Symbol] {
    let sections = sections()
    guard let symbols = sections.first(where: { $0.type == 11 }), sections.indices.contains(Int(symbols.link)) else {
      return []
    }
    let strings = sections[Int(symbols.link)].offset
    var found: [Symbol] = []
    for index in 1..<max(1, min(symbols.size / 24, 1 << 20)) {
      let (at, overflow) = symbols.offset.addingReportingOverflow(index * 24)
      guard !overflow, let name = integer(at, as: UInt32.self), let info = integer(at &+ 4, as: UInt8.self),
        let other = integer(at &+ 5, as: UInt8.self), let section = integer(at &+ 6, as: UInt16.self)
      else { break }
      let isVisible = (info >> 4 == 1 || info >> 4 == 2) && (other & 3 == 0 || other & 3 == 3)
      if isVisible, section < 0xFF00 {
        found.append(
          Symbol(name: string(strings, at: UInt64(name)), isDefined: section != 0, isWeak: info >> 4 == 2))
      }
    }
    return found
  }
}
