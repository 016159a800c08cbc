internal import DMTCore

/// Reads fields of an ELF file; every offset is checked, because the file may be anything.
struct ELFReader {
  /// Tags of the dynamic section.
  enum Tag {
    static let needed: UInt64 = 1
    static let stringTable: UInt64 = 5
    static let soname: UInt64 = 14
    static let rpath: UInt64 = 15
    static let runpath: UInt64 = 29
    static let versionDefinitions: UInt64 = 0x6FFF_FFFC
    static let versionNeeds: UInt64 = 0x6FFF_FFFE
  }

  /// Longest chain of version records that is followed.
  private static let maximumRecords = 4096

  let bytes: [UInt8]
  let path: String

  struct Entry {
    var tag: UInt64
    var value: UInt64
  }

  /// A part of the file.
  struct Section {
    var name: UInt32
    var type: UInt32
    var address: UInt64
    var offset: UInt64
    var size: UInt64
    var link: UInt32
  }

  /// A name in the table of dynamic symbols.
  struct Symbol {
    var name: String
    var isDefined: Bool
    var isWeak: Bool
    /// Others may use it.
    var isVisible: Bool
  }

  func integer<T: FixedWidthInteger>(_ offset: UInt64, as _: T.Type) -> T? {
    let size = UInt64(MemoryLayout<T>.size)
    guard offset <= UInt64(bytes.count), size <= UInt64(bytes.count) - offset else { return nil }
    return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: Int(offset), as: T.self)) }
  }

  private func damaged(_ what: String) -> DMTError {
    DMTError(
      .pluginRefused, "\(path) is a damaged ELF file: \(what)", remedy: "build or copy the plugin's library again")
  }

  func checkIdentity() throws(DMTError) {
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      let found =
        if bytes.isEmpty { "is empty" } else if bytes.starts(with: [0x23, 0x21]) {
          "is a script"
        } else if bytes.prefix(64).allSatisfy({ $0 == 9 || $0 == 10 || $0 == 13 || (32..<127).contains($0) }) {
          "is a text file"
        } else { "begins with " + bytes.prefix(4).map { [$0].hexadecimal }.joined(separator: " ") }
      throw DMTError(
        .pluginRefused, "\(path) is not an ELF file, it \(found); expected a shared library",
        remedy: "name the built .so, not its source or its download page")
    }
    guard bytes.count > 64, bytes[4] == 2, bytes[5] == 1 else {
      throw DMTError(
        .pluginRefused, "\(path) is not a 64-bit little-endian ELF file, as this machine needs",
        remedy: "build the plugin for this kind of machine")
    }
    guard integer(16, as: UInt16.self) == 3 else {
      throw DMTError(
        .pluginRefused, "\(path) is an ELF file but no shared library", remedy: "link the plugin with -shared")
    }
  }

  var machine: String {
    switch integer(18, as: UInt16.self) {
    case 62: "x86-64"
    case 183: "aarch64"
    case let other: "machine \(other ?? 0)"
    }
  }

  // MARK: Segments

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

  /// File offset of an address; nil when no segment holds it.
  private func offset(of address: UInt64) -> UInt64? {
    for segment in segments(1) where address >= segment.address && address - segment.address < segment.size {
      let (offset, overflow) = segment.offset.addingReportingOverflow(address - segment.address)
      if !overflow, offset < UInt64(bytes.count) { return offset }
    }
    return nil
  }

  /// File offset of the dynamic string table.
  func stringTable(_ dynamic: [Entry]) throws(DMTError) -> UInt64 {
    guard let address = dynamic.first(where: { $0.tag == Tag.stringTable })?.value else {
      throw damaged("it has no string table")
    }
    guard let offset = offset(of: address) else {
      throw damaged("its string table lies outside the file (a truncated copy?)")
    }
    return offset
  }

  func string(_ table: UInt64, at offset: UInt64) -> String {
    let (start, overflow) = table.addingReportingOverflow(offset)
    guard !overflow, start < UInt64(bytes.count) else { return "?" }
    return String(decoding: bytes[Int(start)...].prefix(4096).prefix { $0 != 0 }, as: UTF8.self)
  }

  // MARK: Versions

  /// Versions that it wants of the libraries it needs.
  func versionNeeds(_ dynamic: [Entry], _ strings: UInt64) -> [ELFFile.VersionNeed] {
    guard let address = dynamic.first(where: { $0.tag == Tag.versionNeeds })?.value, var at = offset(of: address)
    else { return [] }
    var needs: [ELFFile.VersionNeed] = []
    for _ in 0..<Self.maximumRecords {
      guard let file = integer(at &+ 4, as: UInt32.self), let first = integer(at &+ 8, as: UInt32.self),
        let next = integer(at &+ 12, as: UInt32.self)
      else { break }
      var record = at &+ UInt64(first)
      for _ in 0..<Self.maximumRecords {
        guard let flags = integer(record &+ 4, as: UInt16.self), let name = integer(record &+ 8, as: UInt32.self),
          let following = integer(record &+ 12, as: UInt32.self)
        else { break }
        needs.append(
          ELFFile.VersionNeed(
            library: string(strings, at: UInt64(file)), version: string(strings, at: UInt64(name)),
            isWeak: flags & 2 != 0))
        if following == 0 { break }
        record = record &+ UInt64(following)
      }
      if next == 0 { break }
      at = at &+ UInt64(next)
    }
    return needs
  }

  /// Versions that it defines; the first is its own name.
  func versionDefinitions(_ dynamic: [Entry], _ strings: UInt64) -> [String] {
    guard let address = dynamic.first(where: { $0.tag == Tag.versionDefinitions })?.value,
      var at = offset(of: address)
    else { return [] }
    var versions: [String] = []
    for _ in 0..<Self.maximumRecords {
      guard let first = integer(at &+ 12, as: UInt32.self), let next = integer(at &+ 16, as: UInt32.self),
        let name = integer(at &+ UInt64(first), as: UInt32.self)
      else { break }
      versions.append(string(strings, at: UInt64(name)))
      if next == 0 { break }
      at = at &+ UInt64(next)
    }
    return versions
  }

  // MARK: Symbols

  private func sections() -> [Section] {
    guard let start = integer(40, as: UInt64.self), let size = integer(58, as: UInt16.self),
      let count = integer(60, as: UInt16.self)
    else { return [] }
    return (0..<UInt64(count)).compactMap { index in
      let (header, overflow) = start.addingReportingOverflow(index * UInt64(size))
      guard !overflow, header < UInt64(bytes.count), let name = integer(header, as: UInt32.self),
        let type = integer(header + 4, as: UInt32.self), let address = integer(header + 16, as: UInt64.self),
        let offset = integer(header + 24, as: UInt64.self), let length = integer(header + 32, as: UInt64.self),
        let link = integer(header + 40, as: UInt32.self)
      else { return nil }
      return Section(name: name, type: type, address: address, offset: offset, size: length, link: link)
    }
  }

  /// What compilers and linkers wrote into `.comment`; none when the section was stripped.
  func compilers() -> [String] {
    let sections = sections()
    guard let index = integer(62, as: UInt16.self), sections.indices.contains(Int(index)) else { return [] }
    let names = sections[Int(index)].offset
    // Of type PROGBITS, and nowhere in memory.
    guard let comment = sections.first(where: { $0.type == 1 && string(names, at: UInt64($0.name)) == ".comment" }),
      comment.offset <= UInt64(bytes.count), comment.size <= UInt64(bytes.count) - comment.offset
    else { return [] }
    let begin = Int(comment.offset)
    var result: [String] = []
    for text in bytes[begin..<(begin + Int(min(comment.size, 1 << 16)))].split(separator: 0) {
      let line = String(decoding: text, as: UTF8.self)
      if !result.contains(line) { result.append(line) }
    }
    return result
  }

  /// Global and weak dynamic symbols; none when the section headers were stripped.
  func symbols() -> [Symbol] {
    let sections = sections()
    guard let table = sections.first(where: { $0.type == 11 }), sections.indices.contains(Int(table.link)) else {
      return []
    }
    let strings = sections[Int(table.link)].offset
    var symbols: [Symbol] = []
    for index in 1..<max(1, min(table.size / 24, 1 << 20)) {
      let (at, overflow) = table.offset.addingReportingOverflow(index * 24)
      guard !overflow, let name = integer(at, as: UInt32.self), let info = integer(at &+ 4, as: UInt8.self),
        let other = integer(at &+ 5, as: UInt8.self), let section = integer(at &+ 6, as: UInt16.self)
      else { break }
      guard info >> 4 == 1 || info >> 4 == 2, name != 0 else { continue }
      symbols.append(
        Symbol(
          name: string(strings, at: UInt64(name)), isDefined: section != 0 && section < 0xFF00,
          isWeak: info >> 4 == 2, isVisible: (other & 3 == 0 || other & 3 == 3) && (section == 0 || section < 0xFF00)))
    }
    return symbols
  }
}
