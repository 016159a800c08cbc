/// How ranks share the samples of a global batch: contiguous parts in the order of the ranks, which differ by one sample at
/// most and are empty where there are more ranks than samples.
public enum BatchShare {
  /// The places in the global batch, from 0, of the samples that a rank has.
  ///
  /// floor(samples rank / ranks) ..< floor(samples (rank + 1) / ranks).
  public static func places(of rank: Int, of rankCount: Int, samples: Int) -> Range<Int> {
    samples * rank / rankCount..<samples * (rank + 1) / rankCount
  }
}
