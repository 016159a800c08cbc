public import DMTCore
public import FoundationEssentials

/// What a shared library says about itself in its ELF headers, read without loading it.
public struct ELFFile: Sendable, Hashable, Codable {
  /// A version of a library's symbols, such as GLIBC_2.34 of libc.so.6.
  public struct VersionNeed: Sendable, Hashable, Codable {
    public var library: String
    public var version: String
    /// It does without.
    public var isWeak: Bool
  }

  /// `x86-64`, `aarch64`, or the number of another machine.
  public var machine: String
  /// The name by which other libraries need it.
  public var soname: String?
  /// Libraries that it needs, in order.
  public var needed: [String]
  /// Where it looks for them first; empty: nowhere special.
  public var runpath: [String]
  /// Names of the symbols that it defines for others, sorted.
  public var exports: [String]
  /// Names of the symbols that it takes from others and cannot do without, sorted.
  public var imports: [String]
  /// What its compilers wrote into it (`.comment`), each once; empty when that was stripped.
  public var compilers: [String]
  /// Versions of the libraries it needs.
  public var versionNeeds: [VersionNeed]
  /// Versions that it defines itself.
  public var versionDefinitions: [String]

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
    try self.init([UInt8](bytes), path: path)
  }

  /// Reads the headers of a file without its symbols; nil when it is no library of this machine's kind.
  init?(file path: String) {
    guard let data = FileManager.default.contents(atPath: path),
      let headers = try? ELFFile([UInt8](data), path: path, withSymbols: false)
    else { return nil }
    self = headers
  }

  /// Reads the headers of a 64-bit little-endian shared library.
  ///
  /// - Parameter withSymbols: false leaves ``exports``, ``imports`` and ``compilers`` empty, which is much faster.
  init(_ bytes: [UInt8], path: String, withSymbols: Bool = true) throws(DMTError) {
    let reader = ELFReader(bytes: bytes, path: path)
    try reader.checkIdentity()
    machine = reader.machine
    let dynamic = try reader.dynamicEntries()
    let strings = try reader.stringTable(dynamic)
    func texts(_ tags: UInt64...) -> [String] {
      dynamic.filter { tags.contains($0.tag) }.map { reader.string(strings, at: $0.value) }
    }
    soname = texts(ELFReader.Tag.soname).first
    needed = texts(ELFReader.Tag.needed)
    // RPATH is the old name of RUNPATH.
    runpath = texts(ELFReader.Tag.runpath, ELFReader.Tag.rpath).flatMap { $0.split(separator: ":").map(String.init) }
    versionNeeds = reader.versionNeeds(dynamic, strings)
    versionDefinitions = reader.versionDefinitions(dynamic, strings)
    let symbols = withSymbols ? reader.symbols() : []
    exports = symbols.filter { $0.isDefined && $0.isVisible }.map(\.name).sorted()
    compilers = withSymbols ? reader.compilers() : []
    imports = symbols.filter { !$0.isDefined && !$0.isWeak }.map(\.name).sorted()
  }
}
