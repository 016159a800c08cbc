import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("The sections sharding and interconnect")
struct ShardingTests {
  @Test("Without them everything is the default")
  func defaults() throws {
    let manifest = try load(small).manifest.withoutPlaces
    #expect(manifest.sharding == ShardingSection())
    #expect(manifest.interconnect == InterconnectSection())
  }

  @Test("Every key is read, the wire as one type or as two, and the result round-trips")
  func everything() throws {
    let text =
      small + """

        sharding:
          strategy: row_wise
          tower_group: 2
          run_towers: false
          wire: { forward: float16, backward: bfloat16 }
          lookup: semi_synchronous
          tables: { user: data_parallel, book: auto }
        interconnect: { name: mpi, timeout: 5 }
        """
    let loaded = try load(text)
    let manifest = loaded.manifest.withoutPlaces
    #expect(
      manifest.sharding
        == ShardingSection(
          strategy: "row_wise", towerGroup: 2, runsTowers: false, forwardWire: .float16, backwardWire: .bfloat16,
          lookup: .semiSynchronous, tables: ["user": .dataParallel, "book": .automatic]))
    #expect(manifest.interconnect == InterconnectSection(name: "mpi", timeoutSeconds: 5))
    #expect(loaded.manifest.sharding.place.line == 22)
    #expect(try load(loaded.effectiveYAML()).manifest.withoutPlaces == manifest)
    let int8 = try load(small + "\nsharding: { wire: int8 }\ninterconnect: threads\n").manifest
    #expect(int8.sharding.forwardWire == .int8 && int8.sharding.backwardWire == .int8)
    #expect(int8.interconnect.name == "threads")
    let half = try load(text, set: ["sharding.wire.backward=int8", "sharding.tables.year=row_wise"]).manifest.sharding
    #expect(half.forwardWire == .float16 && half.backwardWire == .int8 && half.tables["year"] == .rowWise)
  }

  @Test(
    "What is wrong in them is told with its place and the nearest name",
    arguments: [
      (
        "sharding: { strategy: sppt }",
        "21:23 sharding.strategy: unknown sharding strategy 'sppt', expected one of data_parallel, table_wise, column_wise, "
          + "row_wise, table_row_wise, sptt, vendor.cut | did you mean 'sptt'?"
      ),
      (
        "sharding: { tables: { usr: row_wise } }",
        "21:23 unknown table 'usr' in sharding.tables | did you mean 'user'?"
      ),
      (
        "sharding: { tables: { user: rowwise } }",
        "21:29 sharding.tables.user: unknown value 'rowwise', expected one of auto, data_parallel, table_wise, "
          + "column_wise, row_wise | did you mean 'row_wise'?"
      ),
      (
        "sharding: { wire: { forwards: int8 } }",
        "21:21 unknown key 'forwards' in sharding.wire | did you mean 'forward'?"
      ),
      (
        "sharding: { wire: float15 }",
        "21:19 sharding.wire.forward: unknown value 'float15', expected one of native, float16, bfloat16, int8 | did you "
          + "mean 'float16'?"
      ),
      ("sharding: { tower_group: 0 }", "21:26 sharding.tower_group is 0, expected at least 1"),
      (
        "interconnect: { name: tcp }",
        "21:23 interconnect.name: unknown interconnect 'tcp', expected one of threads, mpi"
      ),
      ("interconnect: { timeout: 0 }", "21:26 interconnect.timeout is 0, expected at least 1"),
    ])
  func complaint(line: String, expected: String) {
    #expect(complaints(small + "\n" + line + "\n") == [expected])
  }

  @Test("Tables of split columns, shared tables and first-order weights go by their own names")
  func tableNames() throws {
    let text = try changed("  year: original_year", "  year: original_year\n  other: { column: b, table: user }")
      .replacingOccurrences(of: "[book, year]", with: "['book#0', 'book#1', year, other]")
      .replacingOccurrences(of: "  dim: 16", with: "  dim: 16\n  split: { book: [8, 8] }")
    let right = text + "\nsharding: { tables: { 'book#1': row_wise, user: column_wise } }\n"
    #expect(try load(right).manifest.sharding.tables == ["book#1": .rowWise, "user": .columnWise])
    #expect(complaints(text + "\nsharding: { tables: { book: row_wise } }\n").count == 1)
    #expect(complaints(text + "\nsharding: { tables: { other: row_wise } }\n").count == 1)
    #expect(complaints(text + "\nsharding: { tables: { user.first_order: row_wise } }\n").count == 1)
    let deepfm = text.replacingOccurrences(
      of: "{ module: dcn, layers: 3, widths: [64, 32] }", with: "{ module: deepfm, widths: [64], first_order: true }")
    #expect(complaints(deepfm + "\nsharding: { tables: { user.first_order: row_wise } }\n") == [])
  }
}
