import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("Scanning a plugin in a child process")
struct ScanTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private func scan(_ library: String, limit: Int = 2000) throws -> ScanResult {
    try PluginFixtures.scanner(limitMilliseconds: limit).scan(library: library)
  }

  @Test("a good plugin is accepted with its descriptor and schemas")
  func good() throws {
    let result = try scan(try fixtures.build("good"))
    #expect(result.status == .accepted)
    let report = try #require(result.report)
    #expect(report.descriptor.id == "com.example.good" && report.descriptor.compiler == "C")
    let component = try #require(report.components.first)
    #expect(component.kind == "operator" && component.id == "com.example.add-offset")
    #expect(component.inputNames == ["x"])
    #expect(component.fields.map(\.name) == ["offset"] && component.fields[0].defaultValue == "1.0")
  }

  @Test("another major and a needed later minor are refused with both numbers and what to do")
  func versions() throws {
    let major = try scan(try fixtures.build("versions", as: "major", ["MAJOR=3", "MINOR=1"]))
    #expect(major.status == .refused)
    #expect(major.reason?.contains("contract 3.1, this host has contract 1.0") == true)
    #expect(major.remedy?.contains("update dmt, or rebuild") == true)
    let minor = try scan(try fixtures.build("versions", as: "minor", ["MINOR=14", "MIN_MINOR=12"]))
    #expect(minor.status == .refused)
    #expect(minor.reason?.contains("needs a host with contract 1.12 or newer, this host has 1.0") == true)
    let built = try scan(try fixtures.build("versions", as: "newer", ["MINOR=14", "MIN_MINOR=0"]))
    #expect(built.status == .accepted)
  }

  @Test("what is no plugin is told apart")
  func noPlugin() throws {
    let noEntry = try scan(try fixtures.build("no-entry"))
    #expect(noEntry.status == .refused && noEntry.reason?.contains("no symbol dmt_plugin_entry") == true)

    let text = fixtures.folder + "/text.so"
    try Data("hello, I am not a library\n".utf8).write(to: URL(filePath: text))
    let notELF = try scan(text)
    #expect(notELF.status == .refused && notELF.reason?.contains("is not an ELF file, it is a text file") == true)

    let empty = fixtures.folder + "/empty.so"
    try Data().write(to: URL(filePath: empty))
    #expect(try scan(empty).reason?.contains("is empty") == true)

    let whole = try Data(contentsOf: URL(filePath: try fixtures.build("good")))
    for length in [70, 500, whole.count / 2] {
      let cut = fixtures.folder + "/cut-\(length).so"
      try whole.prefix(length).write(to: URL(filePath: cut))
      #expect(try scan(cut).status == .refused, "cut after \(length) bytes")
    }
    var other = whole
    other[18] = 40  // ARM
    let foreign = fixtures.folder + "/foreign.so"
    try other.write(to: URL(filePath: foreign))
    #expect(try scan(foreign).reason?.contains("is for machine 40") == true)
    #expect(try scan(fixtures.folder + "/absent.so").reason?.contains("cannot be read") == true)
  }

  @Test("a library that it needs and that is missing is named")
  func missingLibrary() throws {
    let library = try fixtures.build("good", as: "needs")
    // Rename what it needs inside the file: the loader then looks for a library that nobody has.
    var bytes = try Data(contentsOf: URL(filePath: library))
    let name = Data("libc.so.6".utf8)
    let range = try #require(bytes.range(of: name))
    bytes.replaceSubrange(range, with: Data("libQ.so.6".utf8))
    try bytes.write(to: URL(filePath: library))
    let result = try scan(library)
    #expect(result.status == .refused && result.phase == "open")
    #expect(result.reason?.contains("libQ.so.6") == true)
    #expect(result.remedy == "install the package that has libQ.so.6")
  }

  @Test(
    "a descriptor that breaks the contract is refused, and says how",
    arguments: [
      (PluginFixtures.Hostility.hugeCount, "components, expected 0 to 1024"), (.nullID, "its id has 17 bytes at NULL"),
      (.badMagic, "begins with 0x12345678"), (.nullTable, "what dmt_plugin_entry returned is NULL"),
      (.oddID, "its id is '../../etc/passwd'"), (.nullComponent, "component 0 is NULL"),
      (.tinyStruct, "struct_size 20"), (.failInitialize, "the flux capacitor is empty"),
      (.missingComponent, "get_component has it not"), (.notUTF8, "its summary is not UTF-8"),
      (.hugeText, "its summary has 9223372036854775807 bytes"), (.hugeStruct, "struct_size 2147483647"),
      (.negativeCount, "it has -1 components"), (.nullDescriptor, "its descriptor is NULL"),
      (.oddPointer, "which is no place for a struct"), (.otherTable, "returns another table at every call"),
      (.twice, "it has backend 'nobody' twice"),
    ])
  func broken(how: PluginFixtures.Hostility, words: String) throws {
    let result = try scan(try fixtures.build(how))
    #expect(result.status == .refused)
    #expect(result.reason?.contains(words) == true, "\(result.reason ?? "no reason")")
  }

  @Test(
    "a crash is told with its phase and signal",
    arguments: [
      (PluginFixtures.Hostility.crashInEntry, "entry", "SIGSEGV"), (.crashInInitialize, "initialize", "SIGABRT"),
      (.crashInConstructor, "open", "SIGSEGV"), (.wildPointer, "descriptor", "SIGSEGV"),
    ])
  func crash(how: PluginFixtures.Hostility, phase: String, signal: String) throws {
    let result = try scan(try fixtures.build(how))
    #expect(result.status == .crashed && result.isQuarantined)
    #expect(result.phase == phase && result.signal == signal)
    #expect(result.reason?.contains("crashed in \(phase) (\(signal))") == true)
    if how == .crashInInitialize { #expect(result.errorTail == "about to crash\n") }
  }

  @Test("a plugin that ends the process is told as such")
  func exits() throws {
    let result = try scan(try fixtures.build(.exitInEntry))
    #expect(result.status == .crashed)
    #expect(result.reason?.contains("ended the process in entry with status 3") == true)
  }

  @Test("a hang is ended, grandchildren or not", arguments: [PluginFixtures.Hostility.hangInEntry, .hangWithChild])
  func hang(how: PluginFixtures.Hostility) throws {
    let result = try scan(try fixtures.build(how), limit: 200)
    #expect(result.status == .hung && result.isQuarantined && result.phase == "entry")
    #expect(result.reason?.contains("within 400 ms, all of them asleep,") == true, "\(result)")
  }

  @Test("a plugin that computes without end is ended by its CPU time")
  func busy() throws {
    let result = try scan(try fixtures.build("busy"), limit: 200)
    #expect(result.status == .hung && result.isQuarantined && result.phase == "entry")
    #expect(result.reason?.contains("within 400 ms of CPU time") == true, "\(result)")
  }

  @Test("what a plugin prints does not reach the protocol")
  func prints() throws {
    let result = try scan(try fixtures.build(.printToStdout))
    #expect(result.status == .accepted)
    #expect(result.report?.descriptor.id == "com.example.hostile")
  }

  @Test("a program that does not scan is an error of its own, not the plugin's")
  func wrongScanner() throws {
    let library = try fixtures.build("good")
    #expect(throws: DMTError.self) { try PluginScanner(executable: "/bin/true").scan(library: library) }
    #expect(throws: DMTError.self) { try PluginScanner(executable: "/nowhere/at/all").scan(library: library) }
  }
}
