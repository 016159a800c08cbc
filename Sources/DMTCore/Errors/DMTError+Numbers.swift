extension DMTError {
  /// A number as messages write it: a NaN is `nan`, whatever its sign bit.
  public static func text(_ number: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    number.isNaN ? "nan" : number.description
  }
}
