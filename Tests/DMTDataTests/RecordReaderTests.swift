import DMTCore
import DMTData
import Testing

/// Bytes from memory, a few at a time.
final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private let step: Int
  private var at = 0

  init(_ text: String, step: Int) {
    bytes = Array(text.utf8)
    self.step = step
  }

  func read(into memory: UnsafeMutableRawBufferPointer) throws(DMTError) -> Int {
    let count = min(step, memory.count, bytes.count - at)
    memory.copyBytes(from: bytes[at..<at + count])
    at += count
    return count
  }
}

@Suite("Records")
struct RecordReaderTests {
  /// All records, with a mark where the layout is bad.
  private func records(_ text: String, trim: Bool = false, step: Int, capacity: Int = 16) throws -> [[String]] {
    let reader = try RecordReader(
      path: "memory", source: MemorySource(text, step: step), dialect: .init(trim: trim), capacity: capacity)
    var all: [[String]] = []
    while try reader.next() {
      all.append(reader.problem.map { ["!" + $0.message] } ?? (0..<reader.fieldCount).map { reader.text($0) })
    }
    return all
  }

  @Test(
    "quotes, doubled quotes, line ends inside quotes, CRLF and empty fields, however the bytes arrive", arguments: 1...9
  )
  func quoting(step: Int) throws {
    let text = "a,b,c\r\n\"x,1\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n,,\n\n\"\",é,\"\"\"\"\nlast,row,here"
    #expect(
      try records(text, step: step) == [
        ["a", "b", "c"], ["x,1", "say \"hi\"", "two\nlines"], ["", "", ""], ["", "é", "\""], ["last", "row", "here"],
      ])
  }

  @Test("a byte order mark and blanks around fields are cut off")
  func marks() throws {
    #expect(try records("\u{FEFF}a, b ,\" c \" \n", trim: true, step: 3) == [["a", "b", " c "]])
    #expect(try records("a, b ,c\n", step: 3) == [["a", " b ", "c"]])
  }

  @Test("a broken quote costs its own line and no other", arguments: [1, 7, 1000])
  func brokenQuotes(step: Int) throws {
    #expect(
      try records("a,b\n\"x\"y,1\nc,d\ne,\"open\nf,g\n", step: step) == [
        ["a", "b"], ["!text follows a closing quote"], ["c", "d"], ["!the quote that opens here is never closed"],
        ["f", "g"],
      ])
  }

  @Test("places count lines and characters, through quoted line ends")
  func places() throws {
    let reader = try RecordReader(
      path: "memory", source: MemorySource("h\n\"é\nü\",ß,x\nz,y,w\n", step: 2), dialect: .init(), capacity: 16)
    _ = try reader.next()
    _ = try reader.next()
    #expect(reader.line == 2)
    #expect(reader.place(field: 0) == .init(file: "memory", line: 2, column: 2))
    #expect(reader.place(field: 2) == .init(file: "memory", line: 3, column: 6))
    _ = try reader.next()
    #expect(reader.place(field: 1) == .init(file: "memory", line: 4, column: 3))
  }

  @Test("numbers are read as the standard library reads them, and nothing else is a number")
  func numbers() {
    let good = [
      "0", "-0", "1", "+7", "3.25", ".5", "5.", "1e3", "1E-3", "-2.5e+2", "123456789012345678",
      "1234567890123456789012",
      "0.1", "2.2250738585072014e-308", "1.7976931348623157e308", "9007199254740993",
      "0.000000000000000000000000001234",
      "4.35", "0.30000000000000004", "1e22", "1e23", "00012.50",
    ]
    for text in good {
      var copy = text
      let value = copy.withUTF8 { NumberParser.double($0) }
      #expect(value?.bitPattern == Double(text == "5." ? "5" : text)?.bitPattern, "\(text)")
    }
    for text in ["", "-", ".", "e5", "1e", "1e+", "abc", "1.2.3", "1 ", " 1", "0x10", "nan", "inf", "1e999", "1,5"] {
      var copy = text
      #expect(copy.withUTF8 { NumberParser.double($0) } == nil, "\(text)")
    }
    for (text, value) in [("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("-12", -12), ("+3", 3)] {
      var copy = text
      #expect(copy.withUTF8 { NumberParser.integer($0) } == value)
    }
    for text in ["9223372036854775808", "-9223372036854775809", "1.0", "", "-", "12a"] {
      var copy = text
      #expect(copy.withUTF8 { NumberParser.integer($0) } == nil, "\(text)")
    }
  }
}
