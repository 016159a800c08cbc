public import DMTCore
public import DMTDataflow
public import DMTRuntime

/// Runs the same batches on a model in one process and on ranks that are threads, and compares them.
///
/// The tolerances are constants (``VerificationTolerance``): a run that needs wider ones is wrong.
public struct Verification {
  public var plan: ModelPlan
  public var flow: CheckedFlow
  public var strategy: String
  /// For each feature of the data whether every bag holds exactly one row number.
  public var isSingle: [Bool]
  /// Of the float32 checks; the float64 check runs on the reference kernels.
  public var settings: Model.Settings
  public var components: Components
  /// An embedded interconnect.
  public var interconnect: any Interconnect
  /// Global batches, one a step.
  public var batches: [Batch]
  /// For each of them the samples of every rank.
  public var counts: [[Int]]
  /// How the ranks keep the over-arch.
  public var dense: DenseSharding
  /// When the ranks look rows up; the model in one process then does so just as late.
  public var lookup: LookupTiming

  public init(
    plan: ModelPlan, flow: CheckedFlow, strategy: String, isSingle: [Bool], settings: Model.Settings,
    components: Components, interconnect: any Interconnect, batches: [Batch], counts: [[Int]],
    dense: DenseSharding = .replicated, lookup: LookupTiming = .synchronous
  ) {
    self.plan = plan
    self.flow = flow
    self.strategy = strategy
    self.isSingle = isSingle
    self.settings = settings
    self.components = components
    self.interconnect = interconnect
    self.batches = batches
    self.counts = counts
    self.dense = dense
    self.lookup = lookup
  }

  /// Runs all checks.
  ///
  /// - Parameter progress: hears the name of each check when it begins.
  /// - Throws: what either side throws while it computes; a difference is no error but an item of the report.
  public func run(
    _ checks: [VerificationReport.Check] = VerificationReport.Check.allCases, progress: (String) -> Void = { _ in }
  ) throws(DMTError) -> VerificationReport {
    var report = VerificationReport(
      topology: flow.request.groups.topology.description, strategy: strategy, lookup: lookup, steps: batches.count)
    for check in checks {
      progress(check.rawValue)
      var settings = settings
      if check == .float64 {
        settings.dtype = .float64
        settings.policy = BackendPolicy(order: ["reference"], origin: "the check in float64", isExclusive: true)
      } else {
        settings.dtype = .float32
      }
      let pair = try VerificationPair(self, settings: settings)
      switch check {
      case .embeddings: report.items += try pair.compareEmbeddings()
      case .float64: report.items += try pair.compareSteps(resynchronising: false)
      case .float32: report.items += try pair.compareSteps(resynchronising: true)
      }
    }
    return report
  }
}
