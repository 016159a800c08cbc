import DMTCore

/// The words of a message of row numbers: for each entry of the receiver, the sender's bags.
///
///     [count of each entry with lengths] [sample numbers, two words each]
///     for each entry: [lengths, one a sample] [full lengths, one a sample] [row numbers of the table or of the shard]
enum ExchangeMessage {
  /// Words of a message whose entries have no lengths.
  static func fixedWords(_ entries: [ExchangeEntry], samples: Int, hasSampleNumbers: Bool) -> Int {
    (entries.count + (hasSampleNumbers ? 2 : 0)) * samples
  }

  /// Words of the message for a receiver of `entries`.
  static func words(_ entries: [ExchangeEntry], batch: Batch, hasSampleNumbers: Bool, batchFeatures: [Int]) -> Int {
    var words = hasSampleNumbers ? 2 * batch.count : 0
    for entry in entries {
      if entry.hasLengths { words += 1 + batch.count }
      if entry.hasFullLengths { words += batch.count }
      words += valueCount(entry, batch.jagged(feature: batchFeatures[entry.feature]))
    }
    return words
  }

  private static func valueCount(_ entry: ExchangeEntry, _ bags: Jagged) -> Int {
    guard let rows = entry.rows else { return bags.valueCount }
    var count = 0
    for index in 0..<bags.valueCount where rows.contains(Int(bags.values[index])) { count += 1 }
    return count
  }

  /// Writes the message for a receiver of `entries` and returns its end.
  static func write<Word: FixedWidthInteger>(
    _ entries: [ExchangeEntry], batch: Batch, hasSampleNumbers: Bool, batchFeatures: [Int],
    to start: UnsafeMutablePointer<Word>
  ) -> UnsafeMutablePointer<Word> {
    var place = start
    for entry in entries where entry.hasLengths {
      place.pointee = Word(valueCount(entry, batch.jagged(feature: batchFeatures[entry.feature])))
      place += 1
    }
    if hasSampleNumbers {
      for sample in 0..<batch.count {
        let number = batch.sampleNumbers[sample]
        place[0] = Word(truncatingIfNeeded: Int32(truncatingIfNeeded: number))
        place[1] = Word(truncatingIfNeeded: Int32(truncatingIfNeeded: number >> 32))
        place += 2
      }
    }
    for entry in entries {
      place = write(entry, batch.jagged(feature: batchFeatures[entry.feature]), batch.count, place)
    }
    return place
  }

  private static func write<Word: FixedWidthInteger>(
    _ entry: ExchangeEntry, _ bags: Jagged, _ samples: Int, _ start: UnsafeMutablePointer<Word>
  ) -> UnsafeMutablePointer<Word> {
    var place = start
    let lengths = place
    if entry.hasLengths { place += samples }
    if entry.hasFullLengths {
      for sample in 0..<samples {
        place[sample] = Word(bags.offsets.map { $0[sample + 1] - $0[sample] } ?? 1)
      }
      place += samples
    }
    if entry.rows == nil, !entry.hasLengths {
      for index in 0..<bags.valueCount { place[index] = Word(truncatingIfNeeded: bags.values[index]) }
      return place + bags.valueCount
    }
    for sample in 0..<samples {
      let (first, last) = bags.offsets.map { (Int($0[sample]), Int($0[sample + 1])) } ?? (sample, sample + 1)
      var length = 0
      for index in first..<last {
        let row = Int(bags.values[index])
        if let rows = entry.rows {
          guard rows.contains(row) else { continue }
          place.pointee = Word(truncatingIfNeeded: row - rows.lowerBound)
        } else {
          place.pointee = Word(truncatingIfNeeded: row)
        }
        place += 1
        length += 1
      }
      if entry.hasLengths { lengths[sample] = Word(length) }
    }
    return place
  }
}
