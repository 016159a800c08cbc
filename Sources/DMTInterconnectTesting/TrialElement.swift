import CDMTPlugin

/// An element type that trials send.
protocol TrialElement: Equatable, Sendable {
  static var dtype: dmt_dtype { get }
  /// A small whole number, the same in every type that holds it.
  init(trial number: Int)
}

extension UInt8: TrialElement {
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_UINT), bits: 8, lanes: 1) }
  init(trial number: Int) { self.init(truncatingIfNeeded: number) }
}

extension UInt16: TrialElement {
  /// A bfloat16, whose bits alone matter to who moves it.
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_BFLOAT), bits: 16, lanes: 1) }
  init(trial number: Int) { self.init(truncatingIfNeeded: number) }
}

extension Int32: TrialElement {
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 32, lanes: 1) }
  init(trial number: Int) { self.init(truncatingIfNeeded: number) }
}

extension Int64: TrialElement {
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 64, lanes: 1) }
  init(trial number: Int) { self.init(number) }
}

extension Float: TrialElement {
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1) }
  init(trial number: Int) { self.init(number) }
}

extension Double: TrialElement {
  static var dtype: dmt_dtype { dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 64, lanes: 1) }
  init(trial number: Int) { self.init(number) }
}
