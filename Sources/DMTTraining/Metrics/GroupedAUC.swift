/// GAUC: the mean of the groups' AUCs, each group (a user, say) weighted by its samples.
///
/// A group of one class has no AUC and is left out of both sums.
enum GroupedAUC {
  /// One sample with the group it belongs to.
  struct Sample {
    var group: Int64
    var sample: ExactAUC.Sample
  }

  /// The GAUC of `samples`; nil when every group is of one class.
  static func value(of samples: [Sample]) -> Double? {
    let byGroup = samples.sorted { $0.group < $1.group }
    var members = byGroup.map(\.sample)
    var weightedSum = 0.0
    var weight = 0
    var start = 0
    while start < byGroup.count {
      var end = start + 1
      while end < byGroup.count, byGroup[end].group == byGroup[start].group { end += 1 }
      if let auc = ExactAUC.value(sorting: &members[start..<end]) {
        weightedSum += auc * Double(end - start)
        weight += end - start
      }
      start = end
    }
    return weight == 0 ? nil : weightedSum / Double(weight)
  }
}
