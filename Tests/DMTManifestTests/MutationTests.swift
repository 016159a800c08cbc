import DMTCore
import DMTManifest
import Testing

@Suite("Broken manifests of every kind end in an error that can be read")
struct MutationTests {
  /// A small generator, so that each run tries the same texts.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 33)
    }
  }

  private func expectReadable(_ text: String, set overrides: [String] = []) {
    for error in errors(text, set: overrides) {
      #expect(error.code == .invalidManifest || error.code == .invalidArgument, "\(error)\n\(text)")
      #expect(!error.message.isEmpty && error.place.file != nil, "\(error)")
    }
  }

  @Test("Values and keys replaced at random", arguments: 0..<8)
  func replacedWords(seed: Int) {
    var generator = Generator(state: UInt64(seed + 1))
    let odd = [
      "", "~", "[]", "{}", "-1", "9223372036854775807", "-9223372036854775808", "1e308", ".nan", "\"\"", "*x", "&x y",
      "!t", "count", "module", "{ a: [", "}", "- -", "? ", "0", "true", "features", "\u{0}", "\u{10FFFF}", "%", "@",
      "<<",
    ]
    let words = small.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<150 {
      var mutated = words
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<mutated.count, using: &generator)
        mutated[index] = odd.randomElement(using: &generator) ?? ""
      }
      expectReadable(mutated.joined(separator: " "))
    }
  }

  @Test("Lines left out, doubled and swapped at random", arguments: 0..<4)
  func movedLines(seed: Int) {
    var generator = Generator(state: UInt64(seed + 100))
    let lines = small.split(separator: "\n").map(String.init)
    for _ in 0..<150 {
      var mutated = lines
      let index = Int.random(in: 0..<mutated.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: mutated.remove(at: index)
      case 1: mutated.insert(mutated[index], at: Int.random(in: 0..<mutated.count, using: &generator))
      default: mutated.swapAt(index, Int.random(in: 0..<mutated.count, using: &generator))
      }
      expectReadable(mutated.joined(separator: "\n"))
    }
  }

  @Test("Overrides of every path with every kind of value")
  func overrides() {
    let paths = [
      "dmt", "name", "data", "data.format", "data.path", "data.join.0.path", "data.label", "data.label.column",
      "data.split", "data.split.column", "features", "features.user", "features.user.bands.0.from",
      "features.user.quantiles.bins", "dense", "dense.x", "model", "model.dim", "model.table_init",
      "model.table_init.normal.mean", "model.towers", "model.towers.count", "model.towers.reader",
      "model.towers.reader.features.0", "model.over_arch", "model.over_arch.module", "model.over_arch.widths.0",
      "model.pins", "model.pins.a", "train", "train.optimizer", "train.optimizer.name", "train.tables.lr",
      "train.schedule.kind", "train.early_stopping.metric", "train.seed", "backends", "backends.0", "plugins.0",
    ]
    let values = [
      "", "~", "1", "-1", "0.5", "abc", "[]", "[1, a]", "{}", "{ a: 1 }", "true", ".inf", "99999999999999999999",
      "{ count: 2 }", "{ count: 99999 }", "[[[]]]",
    ]
    for path in paths { for value in values { expectReadable(small, set: ["\(path)=\(value)"]) } }
  }
}
